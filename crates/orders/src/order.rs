//! The order: what the merchant asked to be paid, and its legs.

use ids::{CampaignId, LegId, MerchantId, MerchantNo, OrderId, TerminalId};
use jiff::Timestamp;
use money::Amount;

use crate::tender::Tender;
use crate::wallet::{TopUp, WalletUse};

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
    pub shape: OrderShape,
    /// What it fills, where it is no sale.
    pub top_up: Option<TopUp>,
    /// What it has to do with a hold on a card, where it has.
    pub hold: Option<CardHold>,
    pub state: OrderState,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    pub paid_at: Option<Timestamp>,
    pub updated_at: Timestamp,
}

/// 预授权: an order that holds money on a card, or takes what another one holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CardHold {
    /// The order is a hold. It can be completed or voided.
    Standing,
    /// The order is a hold, and this one takes its money, or has taken it.
    Completed(OrderId),
    /// The order is a hold whose time is over.
    Lapsed,
    /// 预授权完成: the order takes the money of this hold.
    Completion(OrderId),
}

impl CardHold {
    /// The hold that an order completes.
    #[must_use]
    pub const fn completes(self) -> Option<OrderId> {
        match self {
            Self::Completion(hold) => Some(hold),
            Self::Standing | Self::Completed(_) | Self::Lapsed => None,
        }
    }

    /// Whether the order is a hold, and not money that was taken.
    #[must_use]
    pub const fn is_hold(self) -> bool {
        self.completes().is_none()
    }
}

/// How an order is put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OrderShape {
    /// One leg over the whole amount: the order ends as its leg does.
    Single,
    /// 组合支付: any number of legs, added until they cover the amount. A leg that fails is replaced
    /// by another; an order that is given up returns the legs that were paid.
    Combined,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OrderState {
    /// Not decided: the payer, the channel or a query still has to speak.
    Paying,
    Paid,
    /// Refused by the channel, with its code in the attempt. Only a single order fails.
    Failed,
    /// A combined order was given up: its open legs end, its paid legs go back.
    Closing,
    /// Nothing is taken, and all that was is back.
    Closed,
}

/// The part of an order paid by one means. Channels, refunds, reconciliation and clearing see legs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leg {
    pub id: LegId,
    pub order: OrderId,
    /// The till's own number of the leg within its order, from 1: its idempotency key.
    pub no: u16,
    /// SHA-256 of the canonical request that added it; a single order's leg came with its order.
    pub content_hash: Option<[u8; 32]>,
    pub tender: Tender,
    /// 商户自收: the channel pays the merchant directly, and we hold none of it.
    pub self_collected: bool,
    /// The number of a coupon.
    pub reference: Option<String>,
    /// The wallet that paid it, and what it took from which top-up.
    pub wallet: Option<WalletUse>,
    /// The campaign that paid it.
    pub campaign: Option<CampaignId>,
    pub amount: Amount,
    pub state: LegState,
    /// When its payment was booked: the accounting day on which a void is possible.
    pub booked_at: Option<Timestamp>,
    /// What the merchant pays for it, as it was priced when it was paid.
    pub fee: Option<Charge>,
    /// What the channel takes for it.
    pub cost: Option<Charge>,
    /// On its way back: accepted refunds whose result is open.
    pub refunding: Amount,
    /// Back with the payer.
    pub refunded: Amount,
}

/// A price as it was when the trade was made. It stays, whatever becomes of the price list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Charge {
    pub amount: Amount,
    /// Whose list, which version and rule of it, and at which volume: enough to make it again.
    pub rule: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LegState {
    Paying,
    Paid,
    Failed,
    Closed,
}

impl Leg {
    /// Whether its money passes through our books. What does not stands in the memo book.
    #[must_use]
    pub const fn is_ours(&self) -> bool {
        self.tender.is_ours() && !self.self_collected
    }

    /// Whether nothing of it is with us any more: never taken, or back with the payer.
    #[must_use]
    pub fn is_back(&self) -> bool {
        match self.state {
            LegState::Paying => false,
            LegState::Paid => self.refunded == self.amount,
            LegState::Failed | LegState::Closed => true,
        }
    }

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
    pub const ALL: [Self; 5] =
        [Self::Paying, Self::Paid, Self::Failed, Self::Closing, Self::Closed];

    /// What the leg makes of a single order.
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
