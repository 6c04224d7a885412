//! Messages to a merchant: tried for 24 hours, each try logged.

use ids::{MerchantId, NotificationId, OrderId};
use jiff::{SignedDuration, Timestamp};

/// Seconds between the tries: quick at first, 24 hours and a few minutes in all.
pub const NOTIFY_WAITS_S: [i64; 15] =
    [15, 15, 30, 180, 600, 1200, 1800, 1800, 1800, 3600, 10800, 10800, 10800, 21600, 21600];

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    pub id: NotificationId,
    pub merchant: MerchantId,
    pub order: OrderId,
    /// `payment.paid`, `refund.succeeded`, ...
    pub event: String,
    pub url: String,
    /// The JSON body as it is sent, every time the same.
    pub body: String,
    pub state: NotificationState,
    pub tries: u32,
    pub created_at: Timestamp,
    pub delivered_at: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NotificationState {
    Waiting,
    Delivered,
    /// The schedule is over; it can be sent again by hand.
    GivenUp,
}

/// One try, kept for whoever asks why a message did not arrive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotificationTry {
    pub notification: NotificationId,
    /// From 1.
    pub number: u32,
    pub sent_at: Timestamp,
    pub duration_ms: i64,
    /// `200`, `500`, `no_answer`, ...
    pub outcome: String,
}

impl Notification {
    /// The notification after a try at `now`, and when the next one is due, if any. `round` counts
    /// the tries since the schedule began; a resend begins it anew, `tries` counts on.
    #[must_use]
    pub fn after_try(
        &self,
        accepted: bool,
        round: u32,
        now: Timestamp,
    ) -> (Self, Option<Timestamp>) {
        let mut next = self.clone();
        next.tries = self.tries.saturating_add(1);
        if accepted {
            next.state = NotificationState::Delivered;
            next.delivered_at = Some(now);
            return (next, None);
        }
        let wait = usize::try_from(round).ok().and_then(|i| NOTIFY_WAITS_S.get(i));
        let due = wait.map(|s| now.saturating_add(SignedDuration::from_secs(*s)).unwrap_or(now));
        next.state =
            if due.is_some() { NotificationState::Waiting } else { NotificationState::GivenUp };
        (next, due)
    }

    /// The notification as it waits again after somebody asked for it.
    #[must_use]
    pub fn resent(&self) -> Self {
        Self { state: NotificationState::Waiting, delivered_at: None, ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waiting() -> Notification {
        Notification {
            id: NotificationId::from_i64(1).unwrap(),
            merchant: MerchantId::from_i64(1).unwrap(),
            order: OrderId::from_i64(1).unwrap(),
            event: "payment.paid".to_owned(),
            url: "http://127.0.0.1/".to_owned(),
            body: "{}".to_owned(),
            state: NotificationState::Waiting,
            tries: 0,
            created_at: Timestamp::UNIX_EPOCH,
            delivered_at: None,
        }
    }

    /// Refused every time: sixteen tries over 24 hours, then given up, then sent again by hand.
    #[test]
    fn the_schedule_ends_after_a_day() {
        let (mut notification, mut now, mut tries) = (waiting(), Timestamp::UNIX_EPOCH, 0);
        loop {
            let (next, due) = notification.after_try(false, tries, now);
            (notification, tries) = (next, tries + 1);
            match due {
                Some(due) => now = due,
                None => break,
            }
        }
        assert_eq!((tries, notification.state), (16, NotificationState::GivenUp));
        assert_eq!(now.as_second(), 86_640);
        let again = notification.resent();
        assert_eq!((again.tries, again.state), (16, NotificationState::Waiting));
        let (done, due) = again.after_try(true, 0, now);
        assert_eq!((done.state, due), (NotificationState::Delivered, None));
    }
}
