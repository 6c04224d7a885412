//! How an account at a channel has answered lately, as this process saw it.
//!
//! Calls are told when they leave and when they end. One that is overdue counts as failed while it is
//! still out: its timeout comes when a dead account should have lost its traffic already.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ::routing::{Health, OVERDUE_MS, Outcome};
use jiff::Timestamp;

/// The health of one account, shared by all its versions.
#[derive(Debug, Default)]
pub(crate) struct Pulse(Mutex<Calls>);

#[derive(Debug, Default)]
struct Calls {
    health: Health,
    /// When each call left that is still out and not yet counted.
    out: BTreeMap<u64, Timestamp>,
    next: u64,
}

/// A call that is out. Dropped without an end (its caller went away), it says nothing.
#[derive(Debug)]
pub(crate) struct Out<'a> {
    pulse: &'a Pulse,
    number: u64,
}

/// How an account stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Standing {
    /// Of its traffic, in thousandths.
    pub(crate) share: u32,
    /// Of its calls, in thousandths.
    pub(crate) success: u32,
}

impl Pulse {
    pub(crate) fn call(&self, now: Timestamp) -> Out<'_> {
        let mut calls = self.lock();
        let number = calls.next;
        calls.next = number.wrapping_add(1);
        calls.out.insert(number, now);
        Out { pulse: self, number }
    }

    pub(crate) fn standing(&self, now: Timestamp) -> Standing {
        let mut calls = self.lock();
        calls.count_overdue(now);
        let second = now.as_second();
        Standing { share: calls.health.share(second), success: calls.health.success(second) }
    }

    fn lock(&self) -> MutexGuard<'_, Calls> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Out<'_> {
    /// The call ended: `outcome` makes of its milliseconds what it says of the account.
    pub(crate) fn ended(self, now: Timestamp, outcome: impl FnOnce(u32) -> Outcome) {
        let mut calls = self.pulse.lock();
        calls.count_overdue(now);
        if let Some(left) = calls.out.remove(&self.number) {
            calls.health.record(now.as_second(), outcome(ms_between(left, now)));
        }
    }
}

impl Drop for Out<'_> {
    fn drop(&mut self) {
        self.pulse.lock().out.remove(&self.number);
    }
}

impl Calls {
    fn count_overdue(&mut self, now: Timestamp) {
        // Numbers are given in the order of leaving: the first ones are the oldest.
        while let Some((&number, &left)) = self.out.first_key_value()
            && ms_between(left, now) >= OVERDUE_MS
        {
            self.out.remove(&number);
            self.health.record(now.as_second(), Outcome::Failed { ms: OVERDUE_MS });
        }
    }
}

fn ms_between(from: Timestamp, to: Timestamp) -> u32 {
    u32::try_from(to.duration_since(from).as_millis().max(0)).unwrap_or(u32::MAX)
}

/// The pulses of all accounts, by channel `:` account number.
#[derive(Debug, Default)]
pub(crate) struct Pulses(Mutex<BTreeMap<String, Arc<Pulse>>>);

impl Pulses {
    pub(crate) fn of(&self, owner: &str) -> Arc<Pulse> {
        let mut pulses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(pulses.entry(owner.to_owned()).or_default())
    }
}
