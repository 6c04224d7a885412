//! What merchants see of payments and refunds: one shape for answers of the API and for
//! notifications.

use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};
use orders::{Aggregate, OrderState, RefundOrigin, RefundState};
use serde::Serialize;
use utoipa::ToSchema;

/// Whole minor units of a currency: for CNY, fen.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema( example = json!({ "total": 2800, "currency": "CNY" }))]
pub struct Amount {
    #[schema(minimum = 1, maximum = 100_000_000_000_u64)]
    pub total: u64,
    /// ISO 4217.
    #[schema(example = "CNY")]
    pub currency: &'static str,
}

/// A payment's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PaymentState {
    /// The channel has not decided.
    Paying,
    Paid,
    Failed,
    Closed,
}

/// A payment.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Payment {
    /// Our number.
    #[schema(example = "pay_06xfwqt000403")]
    pub id: String,
    /// The merchant's own number.
    #[schema(example = "A-1")]
    pub merchant_order_no: String,
    #[schema(inline)]
    pub state: PaymentState,
    #[schema(inline)]
    pub amount: Amount,
    /// Refunded so far, in minor units.
    pub refunded: u64,
    /// In refunds that are not decided, in minor units.
    pub refunding: u64,
    pub description: String,
    #[schema(format = DateTime, example = "2026-11-20T12:00:00+08:00")]
    pub created_at: String,
    #[schema(format = DateTime)]
    pub expires_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "alipay", nullable = false)]
    pub channel: Option<String>,
    /// As it was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub attach: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub terminal_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime, nullable = false)]
    pub paid_at: Option<String>,
    /// The channel's own number.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub channel_trade_no: Option<String>,
    /// The payer as the channel names him (user id, openid).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub payer: Option<String>,
    /// What the QR shows, while it can be paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub code_url: Option<String>,
    /// The channel's own code of a failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub failure_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub failure_message: Option<String>,
}

/// A refund's state. Whether we wait for an answer or for the channel makes no difference to the
/// merchant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ShownRefundState {
    Processing,
    Succeeded,
    /// It can be tried again.
    Failed,
    /// The original route is impossible: people decide.
    Manual,
}

/// Who asked for a refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    Merchant,
    /// The payer paid after the order was closed: the platform returns the money by itself.
    LatePayment,
}

/// A refund.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Refund {
    /// Our number.
    #[schema(example = "rfd_06xfwqt000404")]
    pub id: String,
    pub payment_id: String,
    /// The merchant's own number.
    #[schema(example = "A-1-R1")]
    pub merchant_refund_no: String,
    #[schema(inline)]
    pub state: ShownRefundState,
    #[schema(inline)]
    pub origin: Origin,
    #[schema(inline)]
    pub amount: Amount,
    pub reason: String,
    #[schema(format = DateTime)]
    pub created_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime, nullable = false)]
    pub refunded_at: Option<String>,
    /// The channel's own code of a failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub failure_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub failure_message: Option<String>,
}

/// What is posted to a merchant's `notify_url`. The signature is verified first, then `id` tells a
/// repeat.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Event {
    #[schema(example = "ntf_06xfwqt000405")]
    pub id: String,
    /// payment.paid, payment.failed, payment.closed, refund.succeeded, refund.failed, refund.manual
    #[schema(example = "payment.paid")]
    pub event: String,
    #[schema(format = DateTime)]
    pub created_at: String,
    /// In events of a refund.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub refund: Option<Refund>,
    pub payment: Payment,
}

impl Amount {
    fn of(amount: money::Amount) -> Self {
        Self { total: amount.minor(), currency: amount.currency().code() }
    }
}

impl From<OrderState> for PaymentState {
    fn from(state: OrderState) -> Self {
        match state {
            OrderState::Paying => Self::Paying,
            OrderState::Paid => Self::Paid,
            OrderState::Failed => Self::Failed,
            OrderState::Closed => Self::Closed,
        }
    }
}

impl From<RefundState> for ShownRefundState {
    fn from(state: RefundState) -> Self {
        match state {
            RefundState::Sending | RefundState::Processing | RefundState::Unknown => {
                Self::Processing
            }
            RefundState::Succeeded => Self::Succeeded,
            RefundState::Failed => Self::Failed,
            RefundState::Manual => Self::Manual,
        }
    }
}

impl Payment {
    #[must_use]
    pub fn of(aggregate: &Aggregate) -> Self {
        let order = &aggregate.order;
        let attempt = aggregate.attempts.last();
        let refusal = attempt.and_then(|a| a.refusal.as_ref());
        let refusal = refusal.filter(|_| order.state == OrderState::Failed);
        let paying = order.state == OrderState::Paying;
        Self {
            id: order.id.to_string(),
            merchant_order_no: order.merchant_no.as_str().to_owned(),
            state: order.state.into(),
            amount: Amount::of(order.amount),
            refunded: aggregate.legs.iter().map(|l| l.refunded.minor()).sum(),
            refunding: aggregate.legs.iter().map(|l| l.refunding.minor()).sum(),
            description: order.description.clone(),
            created_at: time(order.created_at),
            expires_at: time(order.expires_at),
            channel: aggregate.legs.first().map(|l| l.channel.to_string()),
            attach: order.attach.clone(),
            terminal_id: order.terminal.map(|id| id.to_string()),
            paid_at: order.paid_at.map(time),
            channel_trade_no: attempt.and_then(|a| a.trade_no.as_ref()).map(ToString::to_string),
            payer: attempt.and_then(|a| a.payer.clone()),
            code_url: attempt.and_then(|a| a.code_url.clone()).filter(|_| paying),
            failure_code: refusal.map(|r| r.code.clone()),
            failure_message: refusal.map(|r| r.message.clone()),
        }
    }
}

impl Refund {
    #[must_use]
    pub fn of(refund: &orders::Refund) -> Self {
        Self {
            id: refund.id.to_string(),
            payment_id: refund.order.to_string(),
            merchant_refund_no: refund.merchant_no.as_str().to_owned(),
            state: refund.state.into(),
            origin: match refund.origin {
                RefundOrigin::Merchant => Origin::Merchant,
                RefundOrigin::LatePayment => Origin::LatePayment,
            },
            amount: Amount::of(refund.amount),
            reason: refund.reason.clone(),
            created_at: time(refund.created_at),
            refunded_at: refund.refunded_at.map(time),
            failure_code: refund.refusal.as_ref().map(|r| r.code.clone()),
            failure_message: refund.refusal.as_ref().map(|r| r.message.clone()),
        }
    }
}

/// RFC 3339 in China's time, as this market reads it.
#[must_use]
pub fn time(at: Timestamp) -> String {
    let zoned = at.to_zoned(TimeZone::fixed(Offset::constant(8)));
    zoned.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}
