//! Why a command on an order is refused: one ordered enum per command, with stable codes.

use crate::wallet::WalletRefusal;

/// Why a new order is refused, by precedence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum CreateRefusal {
    #[error("this order number was used before with other content")]
    OrderNoUsed,
    #[error("the terminal is not one of this merchant's, or was revoked")]
    TerminalNotFound,
    #[error("this kind of terminal does not take this tender")]
    TenderNotEnabled,
    #[error("the payer's code belongs to no connected channel")]
    PayerCodeUnknown,
    #[error("the channel is not open for this merchant")]
    ChannelNotOpen,
    #[error("no account of the channel can take the payment now")]
    NoRoute,
    #[error("the channel cannot be paid in this way")]
    WayNotOffered,
    #[error("nothing is taken at this hour")]
    Blackout,
    #[error("the legs are more than the payment")]
    LegsAboveAmount,
    #[error("the time is over before the payment begins")]
    ExpiryPast,
    #[error("{0}")]
    Wallet(WalletRefusal),
    #[error("{0}")]
    Campaign(CampaignRefusal),
}

impl CreateRefusal {
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::OrderNoUsed => "order_no_used",
            Self::TerminalNotFound => "terminal_not_found",
            Self::TenderNotEnabled => "tender_not_enabled",
            Self::PayerCodeUnknown => "payer_code_unknown",
            Self::ChannelNotOpen => "channel_not_open",
            Self::NoRoute => "no_route",
            Self::WayNotOffered => "way_not_offered",
            Self::Blackout => "blackout",
            Self::LegsAboveAmount => "legs_above_amount",
            Self::ExpiryPast => "expiry_past",
            Self::Wallet(refusal) => refusal.code(),
            Self::Campaign(refusal) => refusal.code(),
        }
    }
}

/// Why the platform does not pay a part, by precedence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum CampaignRefusal {
    #[error("there is no such campaign")]
    CampaignNotFound,
    #[error("the campaign is not running")]
    CampaignOver,
    #[error("more than the campaign pays for one order")]
    AbovePerOrder,
    #[error("the campaign's budget does not cover it")]
    BudgetSpent,
}

impl CampaignRefusal {
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::CampaignNotFound => "campaign_not_found",
            Self::CampaignOver => "campaign_over",
            Self::AbovePerOrder => "above_per_order",
            Self::BudgetSpent => "budget_spent",
        }
    }
}

/// Why a leg is not added to an order, by precedence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum LegRefusal {
    #[error("this leg number was used before with other content")]
    LegNoUsed,
    #[error("the order is paid by one means: it takes no further legs")]
    OrderNotCombined,
    #[error("the order is not being paid any more")]
    OrderNotOpen,
    #[error("the leg is in another currency than the order")]
    CurrencyMismatch,
    #[error("the leg is zero, or above what the order still lacks")]
    AmountAboveRest,
    #[error("the order has too many legs")]
    TooManyLegs,
}

impl LegRefusal {
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::LegNoUsed => "leg_no_used",
            Self::OrderNotCombined => "order_not_combined",
            Self::OrderNotOpen => "order_not_open",
            Self::CurrencyMismatch => "currency_mismatch",
            Self::AmountAboveRest => "amount_above_rest",
            Self::TooManyLegs => "too_many_legs",
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

/// Why a case is not decided, by precedence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum CaseRefusal {
    #[error("there is no such case: only a refund whose original route is impossible is one")]
    CaseNotFound,
    #[error("nothing was proposed")]
    NothingProposed,
    #[error("another person approves than the one who proposed")]
    SamePerson,
    #[error("the money was never a merchant's: it can only be paid out")]
    NotAMerchants,
    #[error("the money never passed us: the merchant pays it himself, and it is given back here")]
    NotOurs,
    #[error("the reserve does not cover the transfer")]
    ReserveShort,
}

impl CaseRefusal {
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::CaseNotFound => "case_not_found",
            Self::NothingProposed => "nothing_proposed",
            Self::SamePerson => "same_person",
            Self::NotAMerchants => "not_a_merchants",
            Self::NotOurs => "not_ours",
            Self::ReserveShort => "reserve_short",
        }
    }
}

/// Why a difference with a terminal is not decided, by precedence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum DifferenceRefusal {
    #[error("there is no such difference")]
    NotFound,
    #[error("the difference is decided already")]
    Closed,
    #[error("a note says why, in 1 to 500 characters")]
    Note,
    #[error("a correction names what moved the money, in 1 to 64 characters")]
    Reference,
    #[error("a correction needs the slip: attach it first")]
    NoSlip,
    #[error("nothing was proposed")]
    NothingProposed,
    #[error("another person approves than the one who proposed")]
    SamePerson,
    #[error("a slip is a PNG, JPEG, PDF or UTF-8 text of at most 1 MB")]
    NotASlip,
}

impl DifferenceRefusal {
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotFound => "difference_not_found",
            Self::Closed => "difference_closed",
            Self::Note => "difference_note",
            Self::Reference => "difference_reference",
            Self::NoSlip => "slip_missing",
            Self::NothingProposed => "nothing_proposed",
            Self::SamePerson => "same_person",
            Self::NotASlip => "not_a_slip",
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
    #[error("the order was paid by several legs: name the one that a part goes back to")]
    LegWanted,
    #[error("the order is a top-up: what is not spent of it goes back through its wallet")]
    OrderIsTopUp,
    #[error("the order holds money on a card: it can be voided while it stands, and nothing else")]
    OrderIsHold,
    #[error("the order is not paid")]
    OrderNotPaid,
    #[error("nothing is taken at this hour")]
    Blackout,
    #[error("a void is possible on the day of the payment only")]
    VoidDayOver,
    #[error("a void is of the whole payment, and some of it went back already")]
    VoidNotWhole,
    #[error("on the day of the payment only a void is possible")]
    RefundSameDay,
    #[error("the payment is too old to be refunded")]
    RefundWindowOver,
    #[error("only a failed refund can be tried again")]
    RefundNotFailed,
    #[error("the refund is in another currency than the payment")]
    CurrencyMismatch,
    #[error("the amount is zero or above what can still be refunded")]
    AmountAboveRefundable,
    #[error("the merchant's unsettled money and balance do not cover the refund")]
    InsufficientFunds,
    #[error("{0}")]
    Wallet(WalletRefusal),
}

impl RefundRefusal {
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::RefundNoUsed => "refund_no_used",
            Self::RefundNotFound => "refund_not_found",
            Self::LegNotFound => "leg_not_found",
            Self::LegWanted => "leg_wanted",
            Self::OrderIsTopUp => "order_is_top_up",
            Self::OrderIsHold => "order_is_hold",
            Self::OrderNotPaid => "order_not_paid",
            Self::Blackout => "blackout",
            Self::VoidDayOver => "void_day_over",
            Self::VoidNotWhole => "void_not_whole",
            Self::RefundSameDay => "refund_same_day",
            Self::RefundWindowOver => "refund_window_over",
            Self::RefundNotFailed => "refund_not_failed",
            Self::CurrencyMismatch => "currency_mismatch",
            Self::AmountAboveRefundable => "amount_above_refundable",
            Self::InsufficientFunds => "insufficient_funds",
            Self::Wallet(refusal) => refusal.code(),
        }
    }
}
