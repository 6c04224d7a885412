//! A hold whose time is over is let go by its own job; one that ended before is left alone.

use std::sync::Arc;

use ids::{HoldId, JournalId, RefundId};
use jiff::{SignedDuration, Timestamp};
use ledger::{AccountCode, AccountKey, Header, Hold, HoldState, rules};
use money::{Amount, Currency};
use store::{Changes, Command, Decision, Reads, View};

use crate::day::block_on;
use crate::executor::{End, Executor};
use crate::random::Random;
use crate::world::{Stage, World};

const MINUTE_MS: u64 = 60_000;

fn fen(minor: u64) -> Amount {
    Amount::new(minor, Currency::Cny).unwrap()
}

/// A guarded account with money in it.
fn account() -> AccountKey {
    AccountKey::refund_transit(RefundId::from_i64(1).unwrap(), Currency::Cny)
}

/// Money comes in, and two parts of it are held for a minute; one is let go at once.
struct HoldTwo {
    at: Timestamp,
}

impl HoldTwo {
    fn hold(&self, n: i64, minor: u64) -> Hold {
        let expires = self.at + SignedDuration::from_mins(1);
        Hold::new(HoldId::from_i64(n).unwrap(), account(), fen(minor), expires).unwrap()
    }
}

impl Command for HoldTwo {
    type Answer = ();

    fn now(&self) -> Timestamp {
        self.at
    }

    fn reads(&self, reads: &mut Reads) {
        reads.accounts.insert(account());
        reads.holds.extend([1, 2].map(|n| HoldId::from_i64(n).unwrap()));
    }

    fn decide(&self, view: &View<'_>) -> Decision<()> {
        let mut changes = Changes::default();
        if view.available(&account()) == 0 {
            let head = Header {
                id: JournalId::from_i64(1).unwrap(),
                subject: "test".to_owned(),
                accounting_date: jiff::civil::date(2026, 11, 20),
                booked_at: self.at,
            };
            let channel =
                AccountKey::new(AccountCode::ChannelReceivable, "alipay:1", Currency::Cny);
            let paid = rules::late_payment_received(head, channel.unwrap(), account(), fen(1_000));
            changes.postings.push(view.post(paid.unwrap()).unwrap());
        } else if view.hold(HoldId::from_i64(1).unwrap()).is_none() {
            for (n, minor) in [(1, 700), (2, 200)] {
                changes.holds.push(view.set_aside(self.hold(n, minor), self.at).unwrap());
            }
        } else {
            let second = HoldId::from_i64(2).unwrap();
            changes.resolutions.push(view.void_hold(second, self.at).unwrap());
        }
        Decision { changes, answer: () }
    }
}

#[test]
fn an_expired_hold_is_let_go_by_its_job() {
    let world = World::new(&Stage::new().unwrap(), 1).unwrap();
    let app = block_on(async { world.process(world.store().await.unwrap()).unwrap() });
    let available = || {
        let accounts = block_on(app.store.accounts()).unwrap();
        accounts.iter().find(|a| a.key == account()).map_or(0, ledger::Account::available)
    };
    let state = |n| {
        let hold = block_on(app.store.hold(HoldId::from_i64(n).unwrap())).unwrap();
        hold.map(|hold| hold.state)
    };
    let mut left = Vec::new();
    for _ in 0..3 {
        block_on(app.store.write(HoldTwo { at: world.time.now() })).unwrap();
        left.push(available());
    }
    assert_eq!(left, [1_000, 100, 300]);
    assert_eq!((state(1), state(2)), (Some(HoldState::Open), Some(HoldState::Voided)));
    assert_eq!(block_on(app.run_due_jobs()).unwrap(), 0, "not yet");
    let mut executor = Executor::new(Arc::clone(&world.time));
    let time = Arc::clone(&world.time);
    executor.spawn(async move { time.sleep(MINUTE_MS).await });
    let later = world.time.now() + SignedDuration::from_hours(1);
    assert_eq!(executor.run(&mut Random::new(1), 100, later), End::Done);
    assert_eq!(block_on(app.run_due_jobs()).unwrap(), 1, "one hold, one job");
    assert_eq!((state(1), available()), (Some(HoldState::Expired), 1_000));
    assert_eq!(block_on(app.store.jobs_waiting()).unwrap().0, 0);
}
