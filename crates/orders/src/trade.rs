//! A card terminal's transaction: what it asked, what it was told, and which order it stands for.
//!
//! The money is the order's, its attempts' and refunds'; a trade is the terminal's view of it. It is
//! known by terminal, batch and trace for ever, so a repeat hears the same answer and a reversal, which
//! keeps the trace, finds it, or leaves a tombstone that keeps a late original out.

use ids::{MerchantId, OrderId, RefundId, TerminalId, TradeId};
use jiff::Timestamp;
use money::Amount;

use crate::channel::{CardApproval, PaymentReply, RefundReply};

/// By what a terminal knows its transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TradeKey {
    pub terminal: TerminalId,
    /// 批次号
    pub batch: u32,
    /// 流水号 (STAN), field 11.
    pub trace: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trade {
    pub id: TradeId,
    pub key: TradeKey,
    pub merchant: MerchantId,
    pub kind: TradeKind,
    pub amount: Amount,
    /// SHA-256 of what the terminal asked.
    pub content_hash: [u8; 32],
    /// The card; a tombstone has none.
    pub card: Option<TradeCard>,
    /// 检索参考号 (RRN), field 37: twelve digits and capitals.
    pub reference: String,
    /// The order that it pays, or gives back to.
    pub order: Option<OrderId>,
    /// Of a void or a refund.
    pub refund: Option<RefundId>,
    pub state: TradeState,
    /// Field 39 of the answer; none while there is none.
    pub code: Option<String>,
    pub approval: CardApproval,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// A card as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TradeCard {
    /// The first six and the last four digits.
    pub masked: String,
    /// Equal for equal card numbers, under a key of ours.
    pub token: [u8; 32],
    /// What later messages need, sealed.
    pub sealed: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TradeKind {
    /// 消费
    Sale,
    /// 消费撤销
    SaleVoid,
    /// 退货
    Refund,
    /// 预授权
    Authorization,
    /// 预授权撤销
    AuthorizationVoid,
    /// 预授权完成, asked for or said
    Completion,
    /// 预授权完成撤销
    CompletionVoid,
    /// 离线消费
    Offline,
    /// A reversal of what never came.
    Unknown,
}

/// Which side of a batch's totals a trade stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TradeSide {
    Debit,
    Credit,
    /// Nothing moved.
    Neither,
}

impl TradeKind {
    /// Whether it is about money that is charged to a card or held on it, and not given back.
    #[must_use]
    pub const fn takes(self) -> bool {
        match self {
            Self::Sale | Self::Authorization | Self::Completion | Self::Offline => true,
            Self::SaleVoid
            | Self::Refund
            | Self::AuthorizationVoid
            | Self::CompletionVoid
            | Self::Unknown => false,
        }
    }

    #[must_use]
    pub const fn side(self) -> TradeSide {
        match self {
            Self::Sale | Self::Completion | Self::Offline => TradeSide::Debit,
            Self::SaleVoid | Self::Refund | Self::CompletionVoid => TradeSide::Credit,
            Self::Authorization | Self::AuthorizationVoid | Self::Unknown => TradeSide::Neither,
        }
    }

    /// What it gives back, where it does: kinds of trades that fit.
    #[must_use]
    pub const fn gives_back(self) -> &'static [Self] {
        match self {
            Self::SaleVoid => &[Self::Sale],
            Self::Refund => &[Self::Sale, Self::Completion, Self::Offline],
            Self::AuthorizationVoid => &[Self::Authorization],
            Self::CompletionVoid => &[Self::Completion],
            Self::Sale | Self::Authorization | Self::Completion | Self::Offline | Self::Unknown => {
                &[]
            }
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TradeState {
    /// The network is being asked.
    Open,
    Approved,
    Declined,
    /// Nobody answered: what may have moved is undone, and the terminal was told 98.
    Unsure,
    /// The terminal gave it up.
    Reversed,
    /// Its reversal came first: it is not taken any more.
    Tombstone,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TradeEvent {
    SawApproved,
    SawDeclined,
    SawNothing,
    ReversalAsked,
}

impl TradeState {
    pub const ALL: [Self; 6] =
        [Self::Open, Self::Approved, Self::Declined, Self::Unsure, Self::Reversed, Self::Tombstone];

    /// The next state. Total: every state takes every event. What the terminal was told stays so.
    #[must_use]
    pub const fn apply(self, event: TradeEvent) -> Self {
        match (self, event) {
            (Self::Open, TradeEvent::SawApproved) => Self::Approved,
            (Self::Open, TradeEvent::SawDeclined) => Self::Declined,
            (Self::Open, TradeEvent::SawNothing) => Self::Unsure,
            (Self::Open | Self::Approved | Self::Unsure, TradeEvent::ReversalAsked) => {
                Self::Reversed
            }
            (
                Self::Approved | Self::Unsure,
                TradeEvent::SawApproved | TradeEvent::SawDeclined | TradeEvent::SawNothing,
            )
            | (Self::Declined | Self::Reversed | Self::Tombstone, _) => self,
        }
    }
}

impl TradeEvent {
    pub const ALL: [Self; 4] =
        [Self::SawApproved, Self::SawDeclined, Self::SawNothing, Self::ReversalAsked];
}

/// 发卡方无应答: what a terminal is told when nobody knows.
pub const NO_ANSWER: &str = "98";
const APPROVED_IN_PART: &str = "10";
const APPROVED: &str = "00";

impl Trade {
    /// The trade that keeps a late original out.
    #[must_use]
    pub fn tombstone(
        id: TradeId,
        key: TradeKey,
        (merchant, amount): (MerchantId, Amount),
        now: Timestamp,
    ) -> Self {
        Self {
            id,
            key,
            merchant,
            kind: TradeKind::Unknown,
            amount,
            content_hash: [0; 32],
            card: None,
            reference: String::new(),
            order: None,
            refund: None,
            state: TradeState::Tombstone,
            code: None,
            approval: CardApproval::default(),
            created_at: now,
            updated_at: now,
        }
    }

    /// What moved by it: the part that was approved, where it was not all.
    #[must_use]
    pub fn moved(&self) -> Amount {
        self.approval.part.unwrap_or(self.amount)
    }

    /// Takes in what the network said of its charge.
    #[must_use]
    pub fn on_payment(&self, reply: &PaymentReply, now: Timestamp) -> Self {
        match reply {
            PaymentReply::Paid(paid) => {
                let part = paid.card.as_ref().is_some_and(|card| card.part.is_some());
                let code = if part { APPROVED_IN_PART } else { APPROVED };
                let told = self.told(TradeEvent::SawApproved, code, now);
                if told.state == self.state {
                    // What it was told already stays as it was told.
                    return told;
                }
                Self { approval: *paid.card.clone().unwrap_or_default(), ..told }
            }
            PaymentReply::Refused(refusal) => {
                self.told(TradeEvent::SawDeclined, &refusal.code, now)
            }
            PaymentReply::Ready { .. }
            | PaymentReply::Pending
            | PaymentReply::NotFound
            | PaymentReply::Closed
            | PaymentReply::Returned { .. }
            | PaymentReply::Again
            | PaymentReply::Unknown(_) => self.told(TradeEvent::SawNothing, NO_ANSWER, now),
        }
    }

    /// Takes in what the network said of its void or refund.
    #[must_use]
    pub fn on_refund(&self, reply: &RefundReply, now: Timestamp) -> Self {
        match reply {
            RefundReply::Succeeded { .. } => self.told(TradeEvent::SawApproved, APPROVED, now),
            RefundReply::Refused(refusal) | RefundReply::Impossible(refusal) => {
                self.told(TradeEvent::SawDeclined, &refusal.code, now)
            }
            RefundReply::Processing | RefundReply::NotFound | RefundReply::Unknown(_) => {
                self.told(TradeEvent::SawNothing, NO_ANSWER, now)
            }
        }
    }

    /// The terminal is told that it is done: from now on it is ours to have it done.
    #[must_use]
    pub fn accepted(&self, now: Timestamp) -> Self {
        self.told(TradeEvent::SawApproved, APPROVED, now)
    }

    /// The terminal gave it up.
    #[must_use]
    pub fn reversed(&self, now: Timestamp) -> Self {
        let state = self.state.apply(TradeEvent::ReversalAsked);
        Self { state, updated_at: now, ..self.clone() }
    }

    fn told(&self, event: TradeEvent, code: &str, now: Timestamp) -> Self {
        let state = self.state.apply(event);
        if state == self.state {
            return self.clone();
        }
        Self { state, code: Some(code.to_owned()), updated_at: now, ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The whole table: a row per state, a column per event.
    #[test]
    fn every_state_takes_every_event() {
        use TradeState::{Approved, Declined, Open, Reversed, Tombstone, Unsure};
        let expect = [
            (Open, [Approved, Declined, Unsure, Reversed]),
            (Approved, [Approved, Approved, Approved, Reversed]),
            (Declined, [Declined; 4]),
            (Unsure, [Unsure, Unsure, Unsure, Reversed]),
            (Reversed, [Reversed; 4]),
            (Tombstone, [Tombstone; 4]),
        ];
        for (state, row) in expect {
            assert_eq!(TradeEvent::ALL.map(|event| state.apply(event)), row, "{state:?}");
        }
        assert_eq!(expect.map(|(state, _)| state), TradeState::ALL);
    }
}
