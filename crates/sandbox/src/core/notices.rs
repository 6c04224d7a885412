//! Notices on their way: when each is due, what was not accepted, and when it is tried again.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::HeaderMap;
use jiff::Timestamp;

use super::{Fault, Faults, later};

/// How long a notice held back by [`Fault::ReorderNotices`] waits when none follows it.
const HELD_MS_MAX: u64 = 60_000;

/// One delivery of a notice, ready to be posted.
#[derive(Debug, Clone)]
pub struct Notice {
    /// Names the delivery to [`super::Sandbox::notice_answered`].
    pub id: u64,
    pub channel: &'static str,
    pub url: String,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// The merchant's number of the order.
    pub subject: String,
    /// 1 for the first delivery.
    pub attempt: u32,
}

/// What a notice says; it is signed anew for every delivery.
#[derive(Debug, Clone)]
pub(crate) struct Letter {
    pub(crate) channel: &'static str,
    /// The merchant's account, by which the channel finds the keys.
    pub(crate) account: String,
    pub(crate) url: String,
    /// The merchant's number of the order.
    pub(crate) subject: String,
    /// What it is about, for fault rules: `pay`, `refund`, `close`.
    pub(crate) event: &'static str,
    /// The channel's own text, before signing and sealing.
    pub(crate) content: String,
}

/// A letter on its way.
#[derive(Debug, Clone)]
struct Trip {
    letter: Letter,
    attempt: u32,
    /// A duplicate made by a fault is never tried again.
    retried: bool,
}

/// All notices that are still to be delivered.
#[derive(Debug, Default)]
pub(crate) struct NoticeQueue {
    /// Written during this call or event, faults not yet applied.
    written: Vec<Letter>,
    waiting: BTreeMap<(Timestamp, u64), Trip>,
    /// Held back until the next one has gone out.
    held: Vec<(Timestamp, u64)>,
    under_way: BTreeMap<u64, Trip>,
    ids: u64,
}

impl NoticeQueue {
    /// Sends a letter at once, unless a fault strikes it.
    pub(crate) fn write(&mut self, letter: Letter) {
        self.written.push(letter);
    }

    /// Puts what was written on its way, with the faults that strike it.
    pub(super) fn dispatch(&mut self, now: Timestamp, faults: &mut Faults) {
        for letter in std::mem::take(&mut self.written) {
            let struck = faults.take_of_notice(letter.channel, letter.event);
            self.dispatch_one(now, letter, &struck);
        }
    }

    fn dispatch_one(&mut self, now: Timestamp, letter: Letter, struck: &[Fault]) {
        if struck.contains(&Fault::NoNotice) {
            return;
        }
        let late_ms = struck.iter().map(|fault| late_ms(*fault)).max().unwrap_or(0);
        let due = later(now, late_ms);
        let first = Trip { letter, attempt: 1, retried: true };
        if struck.contains(&Fault::DuplicateNotice) {
            self.wait(due, Trip { retried: false, ..first.clone() });
        }
        if struck.contains(&Fault::ReorderNotices) {
            let key = self.wait(later(now, HELD_MS_MAX), first);
            self.held.push(key);
            return;
        }
        self.wait(due, first);
        for key in std::mem::take(&mut self.held) {
            if let Some(trip) = self.waiting.remove(&key) {
                self.wait(later(due, 1), trip);
            }
        }
    }

    fn wait(&mut self, due: Timestamp, trip: Trip) -> (Timestamp, u64) {
        self.ids += 1;
        let key = (due, self.ids);
        self.waiting.insert(key, trip);
        key
    }

    pub(super) fn next_at(&self) -> Option<Timestamp> {
        self.waiting.first_key_value().map(|((due, _), _)| *due)
    }

    /// Takes the next letter that is due: the delivery's id, the letter, the attempt.
    pub(super) fn take_due(&mut self, now: Timestamp) -> Option<(u64, Letter, u32)> {
        let entry = self.waiting.first_entry()?;
        let (due, id) = *entry.key();
        if due > now {
            return None;
        }
        let trip = entry.remove();
        let (letter, attempt) = (trip.letter.clone(), trip.attempt);
        self.under_way.insert(id, trip);
        Some((id, letter, attempt))
    }

    pub(super) fn accepted(&mut self, id: u64) {
        self.under_way.remove(&id);
    }

    /// Tries again after the channel's next wait, or gives up.
    pub(super) fn refused(&mut self, now: Timestamp, id: u64, waits_s: &[u32]) {
        let Some(trip) = self.under_way.remove(&id) else {
            return;
        };
        let tried = usize::try_from(trip.attempt).unwrap_or(usize::MAX);
        let wait_s = waits_s.get(tried.saturating_sub(1));
        if let (true, Some(wait_s)) = (trip.retried, wait_s) {
            let due = later(now, u64::from(*wait_s) * 1000);
            self.wait(due, Trip { attempt: trip.attempt + 1, ..trip });
        }
    }
}

const fn late_ms(fault: Fault) -> u64 {
    match fault {
        Fault::LateNotice { ms } => ms,
        Fault::Delay { .. }
        | Fault::LostAnswerAfterEffect
        | Fault::LostAnswerBeforeEffect
        | Fault::ServerError
        | Fault::ServerErrorAfterEffect
        | Fault::WrongSignature
        | Fault::DuplicateAnswer
        | Fault::SystemBusy
        | Fault::SystemBusyAfterEffect
        | Fault::MerchantShort
        | Fault::PayerRefuses
        | Fault::NoNotice
        | Fault::DuplicateNotice
        | Fault::ReorderNotices => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::super::FaultRule;
    use super::*;

    fn at(ms: u64) -> Timestamp {
        later(Timestamp::UNIX_EPOCH, ms)
    }

    fn letter(subject: &str) -> Letter {
        Letter {
            channel: "alipay",
            account: String::new(),
            url: String::new(),
            subject: subject.to_owned(),
            event: "pay",
            content: String::new(),
        }
    }

    /// Sends A (struck by the fault) and then B, and lists what goes out when.
    fn check(fault: Option<Fault>, expect: &[(&str, u64)]) {
        let mut faults = Faults::default();
        if let Some(fault) = fault {
            let rule = FaultRule { channel: None, call: "pay".to_owned(), fault, times: 1 };
            faults.add(rule);
        }
        let mut queue = NoticeQueue::default();
        queue.write(letter("A"));
        queue.dispatch(at(0), &mut faults);
        queue.write(letter("B"));
        queue.dispatch(at(10), &mut faults);
        let mut sent = Vec::new();
        while let Some(due) = queue.next_at() {
            let (id, letter, _) = queue.take_due(due).unwrap();
            queue.accepted(id);
            sent.push((letter.subject, due));
        }
        let expect: Vec<_> = expect.iter().map(|(s, ms)| ((*s).to_owned(), at(*ms))).collect();
        assert_eq!(sent, expect, "{fault:?}");
    }

    #[test]
    fn faults_lose_double_delay_and_reorder() {
        check(None, &[("A", 0), ("B", 10)]);
        check(Some(Fault::NoNotice), &[("B", 10)]);
        check(Some(Fault::DuplicateNotice), &[("A", 0), ("A", 0), ("B", 10)]);
        check(Some(Fault::LateNotice { ms: 500 }), &[("B", 10), ("A", 500)]);
        check(Some(Fault::ReorderNotices), &[("B", 10), ("A", 11)]);
    }

    #[test]
    fn a_refused_notice_is_tried_again_as_often_as_the_channel_says() {
        let mut queue = NoticeQueue::default();
        queue.write(letter("A"));
        queue.dispatch(at(0), &mut Faults::default());
        let mut tries = Vec::new();
        while let Some(due) = queue.next_at() {
            let (id, _, attempt) = queue.take_due(due).unwrap();
            tries.push((attempt, due));
            queue.refused(due, id, &[4, 10]);
        }
        assert_eq!(tries, vec![(1, at(0)), (2, at(4_000)), (3, at(14_000))]);
    }
}
