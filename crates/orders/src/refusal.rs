//! Why a command on an order is refused: one ordered enum per command, with stable codes.

/// Why a new order is refused, by precedence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum CreateRefusal {
    #[error("this order number was used before with other content")]
    OrderNoUsed,
    #[error("the terminal is not one of this merchant's, or was revoked")]
    TerminalNotFound,
    #[error("the payer's code belongs to no connected channel")]
    PayerCodeUnknown,
    #[error("the channel is not open for this merchant")]
    ChannelNotOpen,
}

impl CreateRefusal {
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::OrderNoUsed => "order_no_used",
            Self::TerminalNotFound => "terminal_not_found",
            Self::PayerCodeUnknown => "payer_code_unknown",
            Self::ChannelNotOpen => "channel_not_open",
        }
    }
}

/// Why an order is not closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum CloseRefusal {
    #[error("the order is paid: refund it instead")]
    OrderPaid,
}

impl CloseRefusal {
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::OrderPaid => "order_paid",
        }
    }
}

/// Why a refund is refused, by precedence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum RefundRefusal {
    #[error("this refund number was used before with other content")]
    RefundNoUsed,
    #[error("there is no such refund")]
    RefundNotFound,
    #[error("the order has no such leg")]
    LegNotFound,
    #[error("the order is not paid")]
    OrderNotPaid,
    #[error("only a failed refund can be tried again")]
    RefundNotFailed,
    #[error("the refund is in another currency than the payment")]
    CurrencyMismatch,
    #[error("the amount is zero or above what can still be refunded")]
    AmountAboveRefundable,
    #[error("the merchant's unsettled money and balance do not cover the refund")]
    InsufficientFunds,
}

impl RefundRefusal {
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::RefundNoUsed => "refund_no_used",
            Self::RefundNotFound => "refund_not_found",
            Self::LegNotFound => "leg_not_found",
            Self::OrderNotPaid => "order_not_paid",
            Self::RefundNotFailed => "refund_not_failed",
            Self::CurrencyMismatch => "currency_mismatch",
            Self::AmountAboveRefundable => "amount_above_refundable",
            Self::InsufficientFunds => "insufficient_funds",
        }
    }
}
