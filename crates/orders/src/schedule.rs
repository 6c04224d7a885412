//! When an attempt or a refund is looked at again, and what is asked then.

use jiff::{SignedDuration, Timestamp};

use crate::attempt::AttemptState;
use crate::channel::PayWay;

/// Both channels tell a till to query a scanned code for 30 to 45 s and then to undo it; WeChat Pay
/// itself revokes an unpaid code payment after 45 s, and refuses a reverse sooner than 15 s.
pub const PAYER_CODE_WAIT: SignedDuration = SignedDuration::from_secs(45);
/// How long the payer of a dynamic QR has by default, and at most.
pub const QR_WAIT_DEFAULT: SignedDuration = SignedDuration::from_mins(15);
pub const QR_WAIT_MAX: SignedDuration = SignedDuration::from_hours(2);
/// How long a channel that asked for the order behind a code of ours has to take the money: it is told so, for
/// it has no message that ends what it was told.
pub const OWN_CODE_WAIT: SignedDuration = SignedDuration::from_mins(2);
/// How long an issuer holds money for a pre-authorization, and how long it can be completed.
pub const HOLD_WAIT: SignedDuration = SignedDuration::from_hours(30 * 24);
/// After so many looks without an answer an operator is called; looking goes on.
pub const LOOKS_BEFORE_ALARM: u32 = 40;

const PAYER_CODE_STEPS_S: [i64; 4] = [3, 3, 5, 5];
const QR_STEPS_S: [i64; 4] = [3, 5, 10, 20];
const UNDO_STEPS_S: [i64; 6] = [1, 5, 10, 30, 60, 300];
const REFUND_STEPS_S: [i64; 7] = [2, 5, 15, 60, 300, 900, 3600];

/// What the next look asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    Query,
    /// Close or cancel, by the way of the attempt; a query comes first, so that a payment that was
    /// made in the last moment counts.
    Undo,
}

/// What the next look at an open attempt asks at `now`, or `None` when the attempt has ended.
#[must_use]
pub fn ask(state: AttemptState, looks: u32) -> Option<Ask> {
    match state {
        AttemptState::Sending | AttemptState::Waiting | AttemptState::Unknown => Some(Ask::Query),
        // The first look undoes; later ones alternate, for an undo that was never answered.
        AttemptState::Closing | AttemptState::Cancelling if looks.is_multiple_of(2) => {
            Some(Ask::Undo)
        }
        AttemptState::Closing => Some(Ask::Query),
        // A query cannot end a cancel that returns money, only the cancel's own answer can.
        AttemptState::Cancelling => Some(Ask::Undo),
        AttemptState::Paid
        | AttemptState::Refused
        | AttemptState::Closed
        | AttemptState::Returned
        | AttemptState::PaidLate => None,
    }
}

/// When an open attempt is looked at again, after `looks` looks in its present state.
#[must_use]
pub fn next_look(state: AttemptState, way: PayWay, looks: u32, now: Timestamp) -> Timestamp {
    let steps: &[i64] = match (state, way) {
        (AttemptState::Closing | AttemptState::Cancelling, _) => &UNDO_STEPS_S,
        (_, PayWay::CardAdvice) => &REFUND_STEPS_S,
        (_, PayWay::PayerCode | PayWay::Card | PayWay::CardHold | PayWay::CardInquiry) => {
            &PAYER_CODE_STEPS_S
        }
        (_, PayWay::DynamicQr | PayWay::OwnCode | PayWay::Jsapi | PayWay::H5 | PayWay::Page) => {
            &QR_STEPS_S
        }
    };
    now.saturating_add(step(steps, looks)).unwrap_or(now)
}

/// An attempt that ended without money is looked at again this long after: a payer may have been
/// faster than a close that the channel answered as done, or pay a code that it did not stop, and the
/// notice of it may be lost. The last look is after the longest life of a code.
const WATCH_STEPS_S: [i64; 4] = [60, 540, 3_000, 4_200];

/// When an ended attempt is looked at again, or `None` when it has been watched long enough. A card's
/// is not: there is nothing to ask, and what was reversed stays so.
#[must_use]
pub fn next_watch(way: PayWay, looks: u32, now: Timestamp) -> Option<Timestamp> {
    if way.is_card() {
        return None;
    }
    let index = usize::try_from(looks).unwrap_or(usize::MAX);
    let seconds = WATCH_STEPS_S.get(index)?;
    Some(now.saturating_add(SignedDuration::from_secs(*seconds)).unwrap_or(now))
}

/// When a refund that is not decided is asked for again.
#[must_use]
pub fn next_refund_look(looks: u32, now: Timestamp) -> Timestamp {
    now.saturating_add(step(&REFUND_STEPS_S, looks)).unwrap_or(now)
}

/// The moment from which an attempt is no longer waited for.
#[must_use]
pub fn give_up_at(way: PayWay, created_at: Timestamp, expires_at: Timestamp) -> Timestamp {
    match way {
        PayWay::PayerCode => created_at.saturating_add(PAYER_CODE_WAIT).unwrap_or(created_at),
        // A card network has nothing to ask: a charge without an answer is reversed.
        PayWay::Card | PayWay::CardHold | PayWay::CardInquiry => created_at,
        // An advice has no other end than its answer.
        PayWay::CardAdvice => Timestamp::MAX,
        PayWay::OwnCode => {
            created_at.saturating_add(OWN_CODE_WAIT).unwrap_or(created_at).min(expires_at)
        }
        PayWay::DynamicQr | PayWay::Jsapi | PayWay::H5 | PayWay::Page => expires_at,
    }
}

fn step(steps: &[i64], looks: u32) -> SignedDuration {
    let index = usize::try_from(looks).unwrap_or(usize::MAX);
    let seconds = steps.get(index).or(steps.last()).copied().unwrap_or(60);
    SignedDuration::from_secs(seconds)
}
