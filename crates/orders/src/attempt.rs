//! One try to take the money of a leg through one channel account.
//!
//! The attempt's row is committed before its call leaves. From then on only what a channel says
//! explicitly ends it; silence, errors and doubt keep it open. [`AttemptState::apply`] is the whole
//! rule, and the table it implies is a golden file.

use ids::{AttemptId, ChannelAccountId, ChannelTradeNo, LegId, OrderId};
use jiff::Timestamp;
use jiff::civil::Date;
use money::Amount;

use crate::channel::{ChannelCodeText, PayWay};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    pub id: AttemptId,
    pub order: OrderId,
    pub leg: LegId,
    /// The version of our account at the channel that signs this attempt for all its life.
    pub channel_account: ChannelAccountId,
    pub way: PayWay,
    pub amount: Amount,
    pub state: AttemptState,
    /// What the payer's side needs, by the way: a code to show, a link to open, or JSON for the page.
    pub invoke: Option<String>,
    pub trade_no: Option<ChannelTradeNo>,
    pub paid_at: Option<Timestamp>,
    pub payer: Option<String>,
    pub refusal: Option<ChannelCodeText>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// The accounting day on which its amount counts against the account's limits, where it has any.
    pub reserved_on: Option<Date>,
    /// Why it goes through this account: JSON, made and read by `app`.
    pub route: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AttemptState {
    /// Committed; the call is out, or a crash came between the two.
    Sending,
    /// The channel waits for the payer.
    Waiting,
    /// May have happened; a query decides.
    Unknown,
    /// We asked the channel to close it; closing never moves money, so a payment seen now counts.
    Closing,
    /// We asked the channel to undo it; undoing returns money, so a payment seen now does not count.
    Cancelling,
    Paid,
    Refused,
    Closed,
    /// The channel took the money and gave it back, all in the cancel.
    Returned,
    /// Money came in after the attempt was closed or refused: it goes back by an automatic refund.
    PaidLate,
}

/// What can happen to an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Event {
    /// The answer to a call says that the money was taken.
    SawPaid,
    /// A notice, which may be older than what we know, says that the money was taken.
    NoticedPaid,
    SawWaiting,
    SawNotFound,
    SawClosed,
    SawReturned,
    SawRefused,
    /// The cancel was refused: it had and will have no effect.
    SawCancelRefused,
    SawNothing,
    /// The merchant, the expiry or the end of the waiting time wants an attempt closed that never
    /// moves money by being closed.
    CloseAsked,
    /// The same for an attempt that must be undone.
    CancelAsked,
}

/// What follows from an event, besides the new state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    None,
    /// The leg is paid: book it.
    Paid,
    /// The leg ends without money.
    Ended,
    /// Book the late money and send it back.
    ReturnLate,
    /// Ask the channel before believing a notice.
    Verify,
    /// The channel contradicts itself: nothing changes, people look at it.
    Alarm,
}

impl Attempt {
    /// The next try of the same leg in the same way; its account is to be chosen.
    #[must_use]
    pub fn successor(&self, id: AttemptId, now: Timestamp) -> Self {
        Self {
            id,
            state: AttemptState::Sending,
            invoke: None,
            trade_no: None,
            paid_at: None,
            payer: None,
            refusal: None,
            created_at: now,
            updated_at: now,
            reserved_on: None,
            route: None,
            ..self.clone()
        }
    }
}

impl AttemptState {
    pub const ALL: [Self; 10] = [
        Self::Sending,
        Self::Waiting,
        Self::Unknown,
        Self::Closing,
        Self::Cancelling,
        Self::Paid,
        Self::Refused,
        Self::Closed,
        Self::Returned,
        Self::PaidLate,
    ];

    /// Whether the channel still has to be asked.
    #[must_use]
    pub const fn is_open(self) -> bool {
        match self {
            Self::Sending | Self::Waiting | Self::Unknown | Self::Closing | Self::Cancelling => {
                true
            }
            Self::Paid | Self::Refused | Self::Closed | Self::Returned | Self::PaidLate => false,
        }
    }

    /// The next state and what follows. Total: every state takes every event.
    #[must_use]
    pub const fn apply(self, event: Event) -> (Self, Effect) {
        match self {
            Self::Sending | Self::Waiting | Self::Unknown => self.apply_open(event),
            Self::Closing => Self::apply_closing(event),
            Self::Cancelling => Self::apply_cancelling(event),
            Self::Paid => (self, Self::after_paid(event)),
            Self::Refused | Self::Closed => self.apply_ended(event),
            Self::Returned | Self::PaidLate => (self, Effect::None),
        }
    }

    const fn apply_open(self, event: Event) -> (Self, Effect) {
        match event {
            Event::SawPaid | Event::NoticedPaid => (Self::Paid, Effect::Paid),
            Event::SawWaiting => (Self::Waiting, Effect::None),
            // A QR that nobody scanned is not a trade yet; a charge that is not found may still
            // be on its way. Neither is an end.
            Event::SawNotFound | Event::SawNothing | Event::SawCancelRefused => match self {
                Self::Waiting => (Self::Waiting, Effect::None),
                Self::Sending
                | Self::Unknown
                | Self::Closing
                | Self::Cancelling
                | Self::Paid
                | Self::Refused
                | Self::Closed
                | Self::Returned
                | Self::PaidLate => (Self::Unknown, Effect::None),
            },
            Event::SawClosed => (Self::Closed, Effect::Ended),
            Event::SawReturned => (Self::Returned, Effect::Ended),
            Event::SawRefused => (Self::Refused, Effect::Ended),
            Event::CloseAsked => (Self::Closing, Effect::None),
            Event::CancelAsked => (Self::Cancelling, Effect::None),
        }
    }

    const fn apply_closing(event: Event) -> (Self, Effect) {
        match event {
            Event::SawPaid | Event::NoticedPaid => (Self::Paid, Effect::Paid),
            Event::SawClosed => (Self::Closed, Effect::Ended),
            Event::SawReturned => (Self::Returned, Effect::Ended),
            Event::SawRefused => (Self::Refused, Effect::Ended),
            Event::SawWaiting
            | Event::SawNotFound
            | Event::SawCancelRefused
            | Event::SawNothing
            | Event::CloseAsked => (Self::Closing, Effect::None),
            Event::CancelAsked => (Self::Cancelling, Effect::None),
        }
    }

    const fn apply_cancelling(event: Event) -> (Self, Effect) {
        match event {
            Event::SawClosed => (Self::Closed, Effect::Ended),
            Event::SawReturned => (Self::Returned, Effect::Ended),
            Event::SawRefused => (Self::Refused, Effect::Ended),
            Event::SawCancelRefused => (Self::Unknown, Effect::None),
            Event::SawPaid
            | Event::NoticedPaid
            | Event::SawWaiting
            | Event::SawNotFound
            | Event::SawNothing
            | Event::CloseAsked
            | Event::CancelAsked => (Self::Cancelling, Effect::None),
        }
    }

    const fn after_paid(event: Event) -> Effect {
        match event {
            Event::SawRefused | Event::SawReturned => Effect::Alarm,
            // After a full refund Alipay says TRADE_CLOSED: no contradiction.
            Event::SawPaid
            | Event::NoticedPaid
            | Event::SawWaiting
            | Event::SawNotFound
            | Event::SawClosed
            | Event::SawCancelRefused
            | Event::SawNothing
            | Event::CloseAsked
            | Event::CancelAsked => Effect::None,
        }
    }

    const fn apply_ended(self, event: Event) -> (Self, Effect) {
        match event {
            Event::SawPaid => (Self::PaidLate, Effect::ReturnLate),
            Event::NoticedPaid => (self, Effect::Verify),
            Event::SawReturned => (Self::Returned, Effect::None),
            Event::SawWaiting
            | Event::SawNotFound
            | Event::SawClosed
            | Event::SawRefused
            | Event::SawCancelRefused
            | Event::SawNothing
            | Event::CloseAsked
            | Event::CancelAsked => (self, Effect::None),
        }
    }
}

impl Event {
    pub const ALL: [Self; 11] = [
        Self::SawPaid,
        Self::NoticedPaid,
        Self::SawWaiting,
        Self::SawNotFound,
        Self::SawClosed,
        Self::SawReturned,
        Self::SawRefused,
        Self::SawCancelRefused,
        Self::SawNothing,
        Self::CloseAsked,
        Self::CancelAsked,
    ];
}
