//! Money going back to the payer of a leg: header here, one row per call beside it.

use clearing::FeeOnRefund;
use ids::{AttemptId, LegId, MerchantId, MerchantNo, OrderId, RefundId};
use jiff::Timestamp;
use money::Amount;

use crate::channel::ChannelCodeText;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refund {
    pub id: RefundId,
    pub order: OrderId,
    pub leg: LegId,
    /// The attempt that took the money; a leg that no channel took has none.
    pub attempt: Option<AttemptId>,
    pub merchant: MerchantId,
    /// The merchant's own number; for money that goes back by itself, one that we made.
    pub merchant_no: MerchantNo,
    /// From 1: which of the legs of a return over several. They share the number.
    pub part: u16,
    /// Of how many.
    pub parts: u16,
    pub content_hash: [u8; 32],
    pub origin: RefundOrigin,
    pub kind: RefundKind,
    pub amount: Amount,
    /// How much of it was taken from unsettled money; the rest came from the balance.
    pub from_pending: Amount,
    pub reason: String,
    pub notify_url: Option<String>,
    /// Whether the merchant's fee stays with us, as it was settled when the refund was accepted.
    pub fee: FeeOnRefund,
    /// What of the merchant's fee goes back to him, once the refund has succeeded.
    pub fee_back: Option<Amount>,
    pub state: RefundState,
    /// Calls made so far; the channel's refund number is the same in all of them.
    pub tries: u32,
    pub refusal: Option<ChannelCodeText>,
    /// What people propose to do, or did, where the original route is impossible.
    pub case: Option<Case>,
    pub created_at: Timestamp,
    pub refunded_at: Option<Timestamp>,
    pub updated_at: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RefundOrigin {
    Merchant,
    /// A card terminal, whose cashier waits: what the network refuses or does not answer is over.
    Terminal,
    /// The payer paid after the order was closed: the platform returns the money by itself.
    LatePayment,
    /// A combined order was given up after this leg was paid: the same.
    Abandoned,
}

impl RefundOrigin {
    /// Whether the money is not the merchant's: it is returned until it is returned, and a channel's
    /// refusal is no end.
    #[must_use]
    pub const fn is_automatic(self) -> bool {
        match self {
            Self::Merchant | Self::Terminal => false,
            Self::LatePayment | Self::Abandoned => true,
        }
    }
}

/// How people end a refund whose original route is impossible.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CaseOutcome {
    /// The payer has the money by a bank transfer of ours.
    PaidOut,
    /// The money goes back to the merchant it was taken from.
    GivenBack,
}

/// A decision of two: one proposes, another approves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    pub outcome: CaseOutcome,
    pub note: String,
    pub proposed_by: String,
    pub approved_by: Option<String>,
}

/// How the numbers of money that goes back by itself begin. A merchant's own may not: a number is
/// unique per merchant.
pub const LATE_PREFIX: &str = "late-";
pub const BACK_PREFIX: &str = "back-";
/// The return of a top-up because its wallet was closed, or risk control wants it.
pub const CLOSE_PREFIX: &str = "close-";

/// 退款 and 撤销 are two interfaces with rules of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RefundKind {
    /// 退款: partial or whole. A refusal of the channel ends it; it can be tried again.
    Refund,
    /// 撤销: on the day of the payment, whole. A refusal of the channel leaves it 待退货, and it is
    /// tried until it is done.
    Void,
    /// 冲正 of an approved card payment that its terminal gave up: whole, on the same day. It is said again
    /// until the network has it.
    Reversal,
    /// 充退: the unspent part of a top-up. A refusal of the channel ends it; it can be tried again.
    TopUpReturn,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RefundState {
    /// Accepted, and waits until the merchant's money covers it; none is set aside yet.
    Queued,
    /// The money is set aside and the call is out.
    Sending,
    /// The channel accepted it and works on it.
    Processing,
    /// May have happened; a query decides.
    Unknown,
    Succeeded,
    /// Refused: the money went back to where it was taken from. It may be tried again.
    Failed,
    /// The original route is impossible: people decide; the money stays set aside.
    Manual,
    /// It had succeeded, and the terminal gave it up: the network is asked to take it back.
    Undoing,
    /// The network took it back as if it had never been.
    Undone,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RefundEvent {
    SawSucceeded,
    SawProcessing,
    SawNotFound,
    SawRefused,
    SawImpossible,
    SawNothing,
    /// Asked for again after a refusal, with the money set aside anew.
    RetryAsked,
    /// Two people decided that the payer has the money by another way.
    DecidedPaidOut,
    /// Two people decided that the money goes back to where it was taken from.
    DecidedGivenBack,
    /// The terminal gave up a void that had succeeded.
    UndoAsked,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RefundEffect {
    None,
    Succeeded,
    /// The payer has the money by a transfer of ours.
    PaidOut,
    /// Give the money back to the accounts it was taken from.
    Released,
    /// Call the channel again, with the same number.
    SendAgain,
    /// Open a case for people.
    OpenCase,
    /// What was booked is booked back.
    Undone,
    Alarm,
}

impl RefundState {
    pub const ALL: [Self; 9] = [
        Self::Queued,
        Self::Sending,
        Self::Processing,
        Self::Unknown,
        Self::Succeeded,
        Self::Failed,
        Self::Manual,
        Self::Undoing,
        Self::Undone,
    ];

    /// What the parts of one return make of it: open while one is, then the worst of them.
    #[must_use]
    pub fn of_parts(parts: &[&Refund]) -> Self {
        let any = |wanted: Self| parts.iter().any(|r| r.state == wanted);
        match () {
            () if parts.iter().any(|r| r.state.is_open()) => Self::Processing,
            () if any(Self::Manual) => Self::Manual,
            () if any(Self::Failed) => Self::Failed,
            () if any(Self::Undone) => Self::Undone,
            () => Self::Succeeded,
        }
    }

    #[must_use]
    pub const fn is_open(self) -> bool {
        match self {
            Self::Queued | Self::Sending | Self::Processing | Self::Unknown | Self::Undoing => true,
            Self::Succeeded | Self::Failed | Self::Manual | Self::Undone => false,
        }
    }

    /// The next state and what follows. Total: every state takes every event.
    #[must_use]
    pub const fn apply(self, event: RefundEvent) -> (Self, RefundEffect) {
        match self {
            // No channel knows of it yet.
            Self::Queued => (self, RefundEffect::None),
            Self::Undoing => Self::apply_undoing(event),
            Self::Undone => (self, RefundEffect::None),
            Self::Succeeded if matches!(event, RefundEvent::UndoAsked) => {
                (Self::Undoing, RefundEffect::None)
            }
            Self::Sending | Self::Processing | Self::Unknown => self.apply_open(event),
            Self::Succeeded => (self, Self::after_succeeded(event)),
            Self::Failed => Self::apply_failed(event),
            Self::Manual => Self::apply_manual(event),
        }
    }

    const fn apply_open(self, event: RefundEvent) -> (Self, RefundEffect) {
        match event {
            RefundEvent::SawSucceeded => (Self::Succeeded, RefundEffect::Succeeded),
            RefundEvent::SawProcessing => (Self::Processing, RefundEffect::None),
            // The channel never took it on: the same number can go out again without harm.
            RefundEvent::SawNotFound => (Self::Unknown, RefundEffect::SendAgain),
            RefundEvent::SawRefused => (Self::Failed, RefundEffect::Released),
            RefundEvent::SawImpossible => (Self::Manual, RefundEffect::OpenCase),
            RefundEvent::SawNothing => match self {
                Self::Processing => (Self::Processing, RefundEffect::None),
                Self::Queued
                | Self::Sending
                | Self::Unknown
                | Self::Succeeded
                | Self::Failed
                | Self::Manual
                | Self::Undoing
                | Self::Undone => (Self::Unknown, RefundEffect::None),
            },
            // Decisions are about cases only.
            RefundEvent::RetryAsked
            | RefundEvent::DecidedPaidOut
            | RefundEvent::DecidedGivenBack
            | RefundEvent::UndoAsked => (self, RefundEffect::None),
        }
    }

    /// Only that the network does not have it any more is an end.
    const fn apply_undoing(event: RefundEvent) -> (Self, RefundEffect) {
        match event {
            RefundEvent::SawNotFound => (Self::Undone, RefundEffect::Undone),
            RefundEvent::SawSucceeded
            | RefundEvent::SawProcessing
            | RefundEvent::SawRefused
            | RefundEvent::SawImpossible
            | RefundEvent::SawNothing
            | RefundEvent::RetryAsked
            | RefundEvent::DecidedPaidOut
            | RefundEvent::DecidedGivenBack
            | RefundEvent::UndoAsked => (Self::Undoing, RefundEffect::None),
        }
    }

    const fn after_succeeded(event: RefundEvent) -> RefundEffect {
        match event {
            RefundEvent::SawRefused | RefundEvent::SawImpossible => RefundEffect::Alarm,
            RefundEvent::SawSucceeded
            | RefundEvent::SawProcessing
            | RefundEvent::SawNotFound
            | RefundEvent::SawNothing
            | RefundEvent::RetryAsked
            | RefundEvent::DecidedPaidOut
            | RefundEvent::DecidedGivenBack
            | RefundEvent::UndoAsked => RefundEffect::None,
        }
    }

    const fn apply_failed(event: RefundEvent) -> (Self, RefundEffect) {
        match event {
            RefundEvent::RetryAsked => (Self::Sending, RefundEffect::SendAgain),
            // The channel refused and now says it was done: the money was released, so people look.
            RefundEvent::SawSucceeded => (Self::Failed, RefundEffect::Alarm),
            RefundEvent::SawProcessing
            | RefundEvent::SawNotFound
            | RefundEvent::SawRefused
            | RefundEvent::SawImpossible
            | RefundEvent::SawNothing
            | RefundEvent::DecidedPaidOut
            | RefundEvent::DecidedGivenBack
            | RefundEvent::UndoAsked => (Self::Failed, RefundEffect::None),
        }
    }

    const fn apply_manual(event: RefundEvent) -> (Self, RefundEffect) {
        match event {
            RefundEvent::SawSucceeded => (Self::Succeeded, RefundEffect::Succeeded),
            RefundEvent::DecidedPaidOut => (Self::Succeeded, RefundEffect::PaidOut),
            RefundEvent::DecidedGivenBack => (Self::Failed, RefundEffect::Released),
            RefundEvent::SawProcessing
            | RefundEvent::SawNotFound
            | RefundEvent::SawRefused
            | RefundEvent::SawImpossible
            | RefundEvent::SawNothing
            | RefundEvent::RetryAsked
            | RefundEvent::UndoAsked => (Self::Manual, RefundEffect::None),
        }
    }
}

impl RefundEvent {
    pub const ALL: [Self; 10] = [
        Self::SawSucceeded,
        Self::SawProcessing,
        Self::SawNotFound,
        Self::SawRefused,
        Self::SawImpossible,
        Self::SawNothing,
        Self::RetryAsked,
        Self::DecidedPaidOut,
        Self::DecidedGivenBack,
        Self::UndoAsked,
    ];
}

/// One call for a refund, kept for whoever asks later what was tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundTry {
    pub refund: RefundId,
    pub order: OrderId,
    /// From 1.
    pub number: u32,
    pub sent_at: Timestamp,
    pub outcome: Option<String>,
}
