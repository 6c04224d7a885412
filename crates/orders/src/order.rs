//! The order: what the merchant asked to be paid, and its legs.

use ids::{ChannelCode, LegId, MerchantId, MerchantNo, OrderId, TerminalId};
use jiff::Timestamp;
use money::Amount;

/// The parent of the legs. It knows nothing of channels; it is paid when its legs are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    pub id: OrderId,
    pub merchant: MerchantId,
    /// The merchant's own number: its idempotency key for ever.
    pub merchant_no: MerchantNo,
    /// SHA-256 of the canonical request: the same number with other content is refused.
    pub content_hash: [u8; 32],
    pub amount: Amount,
    pub description: String,
    /// The merchant's own text, given back as it came.
    pub attach: Option<String>,
    pub notify_url: Option<String>,
    pub terminal: Option<TerminalId>,
    pub state: OrderState,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    pub paid_at: Option<Timestamp>,
    pub updated_at: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OrderState {
    /// Not decided: the payer, the channel or a query still has to speak.
    Paying,
    Paid,
    /// Refused by the channel, with its code in the attempt.
    Failed,
    Closed,
}

/// The part of an order paid by one means. Channels, refunds, reconciliation and clearing see legs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leg {
    pub id: LegId,
    pub order: OrderId,
    pub channel: ChannelCode,
    pub amount: Amount,
    pub state: LegState,
    /// On its way back: accepted refunds whose result is open.
    pub refunding: Amount,
    /// Back with the payer.
    pub refunded: Amount,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LegState {
    Paying,
    Paid,
    Failed,
    Closed,
}

impl Leg {
    /// What can still be refunded: the amount less what is back and what is on its way back.
    #[must_use]
    pub fn refundable(&self) -> Amount {
        let zero = Amount::zero(self.amount.currency());
        if self.state != LegState::Paid {
            return zero;
        }
        let rest = self.amount.try_sub(self.refunded).and_then(|a| a.try_sub(self.refunding));
        rest.unwrap_or(zero)
    }
}

impl OrderState {
    pub const ALL: [Self; 4] = [Self::Paying, Self::Paid, Self::Failed, Self::Closed];

    /// What the legs together make of the order: paid when all are, ended when none can be any more.
    #[must_use]
    pub fn of_legs<'a>(legs: impl Iterator<Item = &'a Leg> + Clone) -> Self {
        let mut states = legs.map(|leg| leg.state);
        if states.clone().all(|s| s == LegState::Paid) {
            Self::Paid
        } else if states.clone().any(|s| s == LegState::Paying) {
            Self::Paying
        } else if states.any(|s| s == LegState::Failed) {
            Self::Failed
        } else {
            Self::Closed
        }
    }
}
