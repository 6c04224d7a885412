//! What merchants see of payments and refunds: one shape for answers of the API and for
//! notifications.

use ids::MerchantNo;
use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};
use orders::channel::PayWay;
use orders::{Aggregate, LegState, OrderShape, OrderState, RefundKind, RefundOrigin, RefundState};
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
    /// The channel has not decided, or a combined payment is not covered yet.
    Paying,
    Paid,
    Failed,
    /// A combined payment was given up: what was paid of it is on its way back.
    Closing,
    Closed,
}

/// A leg's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ShownLegState {
    Paying,
    Paid,
    /// Another leg can take its place.
    Failed,
    Closed,
}

/// One part of a combined payment, by one tender.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Leg {
    /// Our number.
    #[schema(example = "leg_06xfwqt000402")]
    pub id: String,
    /// The till's own number within the payment.
    #[schema(example = 1, minimum = 1, maximum = 999)]
    pub leg_no: u16,
    /// A channel, or cash or merchant_coupon.
    #[schema(example = "wechat")]
    pub tender: String,
    #[schema(inline)]
    pub state: ShownLegState,
    #[schema(inline)]
    pub amount: Amount,
    /// Refunded so far, in minor units.
    pub refunded: u64,
    /// In refunds that are not decided, in minor units.
    pub refunding: u64,
    /// The channel pays you directly, by your own account there.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub self_collected: Option<bool>,
    /// What you pay for it, in minor units, where a price list is settled. It is taken at settlement.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub fee: Option<u64>,
    /// A coupon's number.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub reference: Option<String>,
    /// The wallet that pays it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub wallet_id: Option<String>,
    /// The campaign that pays it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub campaign_id: Option<String>,
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
    /// What the page gives to the channel's app (`getBrandWCPayRequest`, `tradePay`), while it can be
    /// paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Object, nullable = false)]
    pub jsapi: Option<serde_json::Value>,
    /// The link that the payer's browser opens, while it can be paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub h5_url: Option<String>,
    /// The channel's own code of a failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub failure_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub failure_message: Option<String>,
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
    /// What a combined payment still lacks: no leg has paid or is paying it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub rest: Option<u64>,
    /// Of a combined payment, in the order in which they were added.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(inline, nullable = false)]
    pub legs: Option<Vec<Leg>>,
    /// Of a combined payment, while it is being paid: the page on which a payer pays what it lacks, in
    /// whatever app. Show it as a code, or send him there.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "uri", nullable = false)]
    pub cashier_url: Option<String>,
    /// The wallet that pays it, or that it fills.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub wallet_id: Option<String>,
    /// It is a top-up: what the platform gives to it, in minor units.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub gift: Option<u64>,
    /// The campaign that pays it, or its gift.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub campaign_id: Option<String>,
    /// By what the payment is made, where it is made by one tender: a channel, or cash,
    /// merchant_coupon, platform_coupon or wallet.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "alipay", nullable = false)]
    pub channel: Option<String>,
    /// What you pay for it, in minor units, where a price list is settled. It is taken at settlement.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub fee: Option<u64>,
    /// The channel pays you directly, by your own account there.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub self_collected: Option<bool>,
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
    /// What the page gives to the channel's app (`getBrandWCPayRequest`, `tradePay`), while it can be
    /// paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Object, nullable = false)]
    pub jsapi: Option<serde_json::Value>,
    /// The link that the payer's browser opens, while it can be paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub h5_url: Option<String>,
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

/// 退款 or 撤销.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Refund,
    /// On the day of the payment, whole; tried until it is done.
    Void,
    /// 充退: of a top-up, what was not spent.
    TopUpReturn,
    /// 冲正: a card terminal gave up a payment that the card network had approved.
    Reversal,
}

/// What of a refund goes back to one leg.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RefundPart {
    #[schema(example = "leg_06xfwqt000402")]
    pub leg_id: String,
    #[schema(example = "wechat")]
    pub tender: String,
    #[schema(inline)]
    pub state: ShownRefundState,
    #[schema(inline)]
    pub amount: Amount,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub failure_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub failure_message: Option<String>,
}

/// Who asked for a refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    Merchant,
    /// A card terminal asked for it.
    Terminal,
    /// The payer paid after the order was closed: the platform returns the money by itself.
    LatePayment,
    /// A combined payment was given up after this part of it was paid: the same.
    Abandoned,
}

/// A refund.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Refund {
    /// Our number.
    #[schema(example = "ref_06xfwqt000404")]
    pub id: String,
    pub payment_id: String,
    /// The merchant's own number.
    #[schema(example = "A-1-R1")]
    pub merchant_refund_no: String,
    #[schema(inline)]
    pub state: ShownRefundState,
    #[schema(inline)]
    pub kind: Kind,
    #[schema(inline)]
    pub origin: Origin,
    #[schema(inline)]
    pub amount: Amount,
    pub reason: String,
    /// What of the fee goes back with it, in minor units, once it has succeeded.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub fee_returned: Option<u64>,
    /// The part of the payment that it goes back to, where it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub leg_id: Option<String>,
    /// Where it goes back over several legs: each.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(inline, nullable = false)]
    pub parts: Option<Vec<RefundPart>>,
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
            OrderState::Closing => Self::Closing,
            OrderState::Closed => Self::Closed,
        }
    }
}

impl From<RefundState> for ShownRefundState {
    fn from(state: RefundState) -> Self {
        match state {
            RefundState::Queued
            | RefundState::Sending
            | RefundState::Processing
            | RefundState::Unknown
            | RefundState::Undoing => Self::Processing,
            RefundState::Succeeded => Self::Succeeded,
            RefundState::Failed | RefundState::Undone => Self::Failed,
            RefundState::Manual => Self::Manual,
        }
    }
}

impl From<LegState> for ShownLegState {
    fn from(state: LegState) -> Self {
        match state {
            LegState::Paying => Self::Paying,
            LegState::Paid => Self::Paid,
            LegState::Failed => Self::Failed,
            LegState::Closed => Self::Closed,
        }
    }
}

impl Payment {
    #[must_use]
    pub fn of(aggregate: &Aggregate) -> Self {
        let order = &aggregate.order;
        let combined = order.shape == OrderShape::Combined;
        let attempt = aggregate.attempts.last().filter(|_| !combined);
        let refusal = attempt.and_then(|a| a.refusal.as_ref());
        let refusal = refusal.filter(|_| order.state == OrderState::Failed);
        let paying = order.state == OrderState::Paying;
        let leg = aggregate.legs.first().filter(|_| !combined);
        let invoke = |way| attempt.filter(|_| paying).and_then(|a| invoke_of(a, way));
        let filled = order.top_up.map(|top_up| top_up.wallet);
        let paying = leg.and_then(|l| l.wallet.as_ref()).map(|used| used.wallet);
        let campaign = order.top_up.and_then(|t| t.campaign).or(leg.and_then(|l| l.campaign));
        let legs = || aggregate.legs.iter().map(|leg| Leg::of(aggregate, leg)).collect();
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
            rest: combined.then(|| aggregate.rest().minor()),
            legs: combined.then(legs),
            cashier_url: None,
            wallet_id: filled.or(paying).map(|id| id.to_string()),
            gift: order.top_up.map(|top_up| top_up.gift.minor()),
            campaign_id: campaign.map(|id| id.to_string()),
            channel: leg.map(|l| l.tender.to_string()),
            fee: fee_of(&aggregate.legs),
            self_collected: leg.filter(|l| l.self_collected).map(|_| true),
            attach: order.attach.clone(),
            terminal_id: order.terminal.map(|id| id.to_string()),
            paid_at: order.paid_at.map(time),
            channel_trade_no: attempt.and_then(|a| a.trade_no.as_ref()).map(ToString::to_string),
            payer: attempt.and_then(|a| a.payer.clone()),
            code_url: invoke(PayWay::DynamicQr),
            jsapi: invoke(PayWay::Jsapi).and_then(|text| serde_json::from_str(&text).ok()),
            h5_url: invoke(PayWay::H5).or_else(|| invoke(PayWay::Page)),
            failure_code: refusal.map(|r| r.code.clone()),
            failure_message: refusal.map(|r| r.message.clone()),
        }
    }
}

/// What the payer's side needs, where the attempt is made in that way.
fn invoke_of(attempt: &orders::Attempt, way: PayWay) -> Option<String> {
    attempt.invoke.clone().filter(|_| attempt.way == way)
}

/// What all legs cost together; none where none has a price.
fn fee_of(legs: &[orders::Leg]) -> Option<u64> {
    sum(legs.iter().filter_map(|leg| leg.fee.as_ref()).map(|fee| fee.amount))
}

fn sum(amounts: impl Iterator<Item = money::Amount>) -> Option<u64> {
    amounts.map(money::Amount::minor).reduce(|sum, minor| sum + minor)
}

impl Leg {
    fn of(aggregate: &Aggregate, leg: &orders::Leg) -> Self {
        let attempt = aggregate.attempts.iter().rfind(|a| a.leg == leg.id);
        let refusal = attempt.and_then(|a| a.refusal.as_ref());
        let refusal = refusal.filter(|_| leg.state == LegState::Failed);
        let paid_at = attempt.map_or(leg.booked_at, |a| a.paid_at);
        let paying = leg.state == LegState::Paying;
        let invoke = |way| attempt.filter(|_| paying).and_then(|a| invoke_of(a, way));
        Self {
            id: leg.id.to_string(),
            leg_no: leg.no,
            tender: leg.tender.to_string(),
            state: leg.state.into(),
            amount: Amount::of(leg.amount),
            refunded: leg.refunded.minor(),
            refunding: leg.refunding.minor(),
            self_collected: leg.self_collected.then_some(true),
            fee: leg.fee.as_ref().map(|fee| fee.amount.minor()),
            reference: leg.reference.clone(),
            wallet_id: leg.wallet.as_ref().map(|used| used.wallet.to_string()),
            campaign_id: leg.campaign.map(|id| id.to_string()),
            paid_at: paid_at.map(time),
            channel_trade_no: attempt.and_then(|a| a.trade_no.as_ref()).map(ToString::to_string),
            payer: attempt.and_then(|a| a.payer.clone()),
            code_url: invoke(PayWay::DynamicQr),
            jsapi: invoke(PayWay::Jsapi).and_then(|text| serde_json::from_str(&text).ok()),
            h5_url: invoke(PayWay::H5).or_else(|| invoke(PayWay::Page)),
            failure_code: refusal.map(|r| r.code.clone()),
            failure_message: refusal.map(|r| r.message.clone()),
        }
    }
}

impl Refund {
    /// A refund with all its parts; `None` when the order has none of that number.
    #[must_use]
    pub fn of(aggregate: &Aggregate, no: &MerchantNo) -> Option<Self> {
        let parts = aggregate.refund_parts(no);
        let shown = Self::of_parts(&parts)?;
        let several = parts.len() > 1;
        let part = |refund: &&orders::Refund| RefundPart::of(aggregate, refund);
        Some(Self { parts: several.then(|| parts.iter().map(part).collect()), ..shown })
    }

    /// A refund that goes back to one leg.
    #[must_use]
    pub fn of_one(refund: &orders::Refund) -> Option<Self> {
        Self::of_parts(&[refund])
    }

    fn of_parts(parts: &[&orders::Refund]) -> Option<Self> {
        let first = parts.first()?;
        let refusal = parts.iter().find_map(|r| r.refusal.as_ref());
        let done = parts.iter().all(|r| r.refunded_at.is_some());
        let refunded_at = parts.iter().filter_map(|r| r.refunded_at).max().filter(|_| done);
        Some(Self {
            id: first.id.to_string(),
            payment_id: first.order.to_string(),
            merchant_refund_no: first.merchant_no.as_str().to_owned(),
            state: RefundState::of_parts(parts).into(),
            kind: match first.kind {
                RefundKind::Refund => Kind::Refund,
                RefundKind::Void => Kind::Void,
                RefundKind::TopUpReturn => Kind::TopUpReturn,
                RefundKind::Reversal => Kind::Reversal,
            },
            origin: match first.origin {
                RefundOrigin::Merchant => Origin::Merchant,
                RefundOrigin::Terminal => Origin::Terminal,
                RefundOrigin::LatePayment => Origin::LatePayment,
                RefundOrigin::Abandoned => Origin::Abandoned,
            },
            amount: Amount {
                total: parts.iter().map(|r| r.amount.minor()).sum(),
                currency: first.amount.currency().code(),
            },
            reason: first.reason.clone(),
            fee_returned: sum(parts.iter().filter_map(|r| r.fee_back)),
            leg_id: (parts.len() == 1).then(|| first.leg.to_string()),
            parts: None,
            created_at: time(first.created_at),
            refunded_at: refunded_at.map(time),
            failure_code: refusal.map(|r| r.code.clone()),
            failure_message: refusal.map(|r| r.message.clone()),
        })
    }
}

impl RefundPart {
    fn of(aggregate: &Aggregate, refund: &orders::Refund) -> Self {
        let tender = aggregate.leg(refund.leg).map(|l| l.tender.to_string());
        Self {
            leg_id: refund.leg.to_string(),
            tender: tender.unwrap_or_default(),
            state: refund.state.into(),
            amount: Amount::of(refund.amount),
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
