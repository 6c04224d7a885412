//! What a store is: one suite over SQLite in memory, SQLite in a file, and PostgreSQL. A difference
//! between them is a bug in a backend or a case that is missing here.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::holds::End;
use crate::world::{self, Create, Panic, Pay, TakeFromMerchant, World};
use ledger::{HoldState, Refusal};
use orders::OrderState;
use store::{JobKind, StoreError, Target};

/// Makes each case a test per backend.
macro_rules! on_every_backend {
    ($($case:ident),* $(,)?) => {
        mod memory {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() { super::$case(super::World::memory().await).await; })*
        }
        mod file {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() { super::$case(super::World::file().await).await; })*
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() { super::$case(super::World::postgres().await).await; })*
        }
    };
}

on_every_backend![
    an_order_reads_back_as_it_was_written,
    the_same_number_at_once_makes_one_order,
    a_payment_is_booked_with_its_state,
    many_payments_add_up,
    folding_changes_no_balance,
    two_takers_of_the_same_money_one_wins,
    a_command_that_fails_an_assertion_fails_alone,
    a_job_is_leased_to_one_taker_until_the_lease_ends,
    journals_cannot_be_changed,
    pages_follow_each_other,
    a_journal_id_is_answered_once_and_for_all,
    a_refused_id_is_burnt,
    held_money_is_not_available_until_it_is_let_go,
    a_hold_is_posted_in_part_and_the_rest_let_go,
    a_hold_ends_once,
    two_holders_of_the_same_money_one_wins,
    a_hold_brings_its_expiry_job,
    node_numbers_are_leased_once,
];

async fn an_order_reads_back_as_it_was_written(world: World) {
    let order = world.order("A1", 10_000);
    let id = order.id();
    let made = world.store.write(Create::of(&world, order.clone())).await.unwrap();
    assert!(made);
    assert_eq!(world.store.order(id).await.unwrap(), Some(order.clone()));
    let by_no = world.store.order_by_no(world.merchant, order.order.merchant_no.clone()).await;
    assert_eq!(by_no.unwrap(), Some(order.clone()));
    let attempt = order.attempts[0].id;
    assert_eq!(world.store.order_of_attempt(attempt).await.unwrap(), Some(order));
    world.finish().await;
}

async fn the_same_number_at_once_makes_one_order(world: World) {
    let world = Arc::new(world);
    let tries = (0..50).map(|_| {
        let world = Arc::clone(&world);
        tokio::spawn(async move {
            let order = world.order("SAME", 500);
            world.store.write(Create::of(&world, order)).await.unwrap()
        })
    });
    let mut made = 0;
    for one in tries.collect::<Vec<_>>() {
        made += u32::from(one.await.unwrap());
    }
    assert_eq!(made, 1);
    assert_eq!(world.store.orders_page(world.merchant, None, 100).await.unwrap().len(), 1);
}

async fn a_payment_is_booked_with_its_state(world: World) {
    let order = world.paid_order("A1", 10_000).await;
    assert_eq!(order.order.state, OrderState::Paid);
    assert_eq!(world.store.order(order.id()).await.unwrap(), Some(order));
    let (accounts, journals) = world.store.books().await.unwrap();
    assert_eq!(journals.len(), 1);
    assert_eq!(journals[0].entries.len(), 2);
    assert_eq!(accounts.len(), 2);
    assert_eq!(world.pending().await, 10_000);
    world.finish().await;
}

/// Payments of one merchant from many tasks: every one is booked once, none waits for another.
async fn many_payments_add_up(world: World) {
    let world = Arc::new(world);
    let tasks: Vec<_> = (0..100_u64)
        .map(|n| {
            let world = Arc::clone(&world);
            tokio::spawn(async move { world.paid_order(&format!("N{n}"), n + 1).await })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(world.pending().await, 5_050);
    assert_eq!(world.store.books().await.unwrap().1.len(), 100);
    world.check_books().await;
}

async fn folding_changes_no_balance(world: World) {
    for n in 0..10 {
        world.paid_order(&format!("N{n}"), 100).await;
    }
    assert!(world.store.fold_accounts().await.unwrap() > 0);
    assert_eq!(world.store.fold_accounts().await.unwrap(), 0);
    assert_eq!(world.pending().await, 1_000);
    world.paid_order("after", 1).await;
    assert_eq!(world.pending().await, 1_001);
    let taken = TakeFromMerchant::new(&world, 1_001);
    assert!(world.store.write(taken).await.unwrap(), "folded and added money together cover it");
    assert_eq!(world.pending().await, 0);
    world.finish().await;
}

/// Fifty takers of the whole at once: the guarded account is never below zero.
async fn two_takers_of_the_same_money_one_wins(world: World) {
    world.paid_order("A1", 10_000).await;
    let world = Arc::new(world);
    let takers: Vec<_> = (0..50)
        .map(|_| {
            let world = Arc::clone(&world);
            tokio::spawn(async move {
                world.store.write(TakeFromMerchant::new(&world, 6_000)).await.unwrap()
            })
        })
        .collect();
    let mut won = 0;
    for taker in takers {
        won += u32::from(taker.await.unwrap());
    }
    assert_eq!(won, 1);
    assert_eq!(world.pending().await, 4_000);
    world.check_books().await;
}

async fn a_command_that_fails_an_assertion_fails_alone(world: World) {
    let world = Arc::new(world);
    let mut tasks = Vec::new();
    for n in 0..20 {
        let world = Arc::clone(&world);
        tasks.push(tokio::spawn(async move {
            if n % 5 == 0 {
                let failed = world.store.write(Panic { at: world.now() }).await;
                assert!(matches!(failed, Err(StoreError::Bug)), "{failed:?}");
            } else {
                let order = world.order(&format!("N{n}"), 1);
                assert!(world.store.write(Create::of(&world, order)).await.unwrap());
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(world.store.orders_page(world.merchant, None, 100).await.unwrap().len(), 16);
}

async fn a_job_is_leased_to_one_taker_until_the_lease_ends(world: World) {
    let order = world.order("A1", 1);
    world.store.write(Create::of(&world, order.clone())).await.unwrap();
    let (now, later) = (world.now(), world.after(60));
    let first = world.store.claim_jobs(now, later, 10).await.unwrap();
    assert_eq!(first.len(), 1);
    assert_eq!((first[0].kind, first[0].order), (JobKind::Attempt, Some(order.id())));
    assert_eq!(world.store.claim_jobs(now, later, 10).await.unwrap(), []);
    // The taker died: when its lease is over the job is free again.
    assert_eq!(world.store.claim_jobs(later, world.after(120), 10).await.unwrap().len(), 1);
    // The payment ends the job in the same commit.
    world.store.write(Pay::of(&world, &order)).await.unwrap();
    assert_eq!(world.store.claim_jobs(world.after(999), world.after(1_000), 10).await.unwrap(), []);
    world.finish().await;
}

async fn journals_cannot_be_changed(world: World) {
    world.paid_order("A1", 1).await;
    let hold = world.hold(1, 1);
    world.hold_it(&hold).await.unwrap();
    world.hold_it(&world.hold(2, 1)).await.unwrap_err();
    world.end_hold(&hold, End::Void).await.unwrap();
    world.assert_append_only().await;
}

/// The same journal again changes nothing; other content under its id is refused.
async fn a_journal_id_is_answered_once_and_for_all(world: World) {
    world.paid_order("A1", 10_000).await;
    let take = world.take_again(1, 6_000);
    assert_eq!(world.store.write(take.clone()).await.unwrap(), Ok(false));
    assert_eq!(world.store.write(take.clone()).await.unwrap(), Ok(true), "a repeat");
    let other = world.take_again(1, 1_000);
    let refused = world.store.write(other).await.unwrap();
    assert_eq!(refused, Err(Refusal::IdSeenWithOtherContent));
    assert_eq!(world.pending().await, 4_000);
    let world = Arc::new(world);
    let again = (0..20).map(|_| {
        let (world, take) = (Arc::clone(&world), world.take_again(2, 1_000));
        tokio::spawn(async move { world.store.write(take).await.unwrap() })
    });
    let mut fresh = 0;
    for one in again.collect::<Vec<_>>() {
        fresh += u32::from(one.await.unwrap() == Ok(false));
    }
    assert_eq!(fresh, 1);
    assert_eq!(world.pending().await, 3_000);
    world.check_books().await;
}

/// A refusal for a reason of state is the answer for ever, though the state changes.
async fn a_refused_id_is_burnt(world: World) {
    let take = world.take_again(1, 6_000);
    let refused = world.store.write(take.clone()).await.unwrap();
    assert_eq!(refused, Err(Refusal::ExceedsAvailable));
    world.paid_order("A1", 10_000).await;
    assert_eq!(world.store.write(take).await.unwrap(), Err(Refusal::IdBurnt));
    let other = world.store.write(world.take_again(1, 1)).await.unwrap();
    assert_eq!(other, Err(Refusal::IdSeenWithOtherContent));
    assert_eq!(world.store.write(world.take_again(2, 6_000)).await.unwrap(), Ok(false));
    let hold = world.hold(3, 5_000);
    assert_eq!(world.hold_it(&hold).await, Err(Refusal::ExceedsAvailable));
    world.paid_order("A2", 10_000).await;
    assert_eq!(world.hold_it(&hold).await, Err(Refusal::IdBurnt));
    assert_eq!(world.hold_it(&world.hold(3, 1)).await, Err(Refusal::IdSeenWithOtherContent));
    world.finish().await;
}

async fn held_money_is_not_available_until_it_is_let_go(world: World) {
    world.paid_order("A1", 10_000).await;
    let hold = world.hold(1, 7_000);
    assert_eq!(world.hold_it(&hold).await, Ok(false));
    assert_eq!(world.hold_it(&hold).await, Ok(true), "a repeat");
    assert_eq!(world.hold_it(&world.hold(1, 1)).await, Err(Refusal::IdSeenWithOtherContent));
    assert_eq!(world.pending().await, 3_000);
    assert!(!world.store.write(TakeFromMerchant::new(&world, 3_001)).await.unwrap());
    // Folding keeps what is pending.
    world.store.fold_accounts().await.unwrap();
    assert_eq!(world.pending().await, 3_000);
    assert_eq!(world.end_hold(&hold, End::Void).await, Ok(()));
    assert_eq!(world.store.hold(hold.id).await.unwrap().unwrap().state, HoldState::Voided);
    assert_eq!(world.pending().await, 10_000);
    assert!(world.store.write(TakeFromMerchant::new(&world, 10_000)).await.unwrap());
    world.finish().await;
}

async fn a_hold_is_posted_in_part_and_the_rest_let_go(world: World) {
    world.paid_order("A1", 10_000).await;
    let hold = world.hold(1, 7_000);
    world.hold_it(&hold).await.unwrap();
    assert_eq!(world.end_hold(&hold, End::Post(7_001)).await, Err(Refusal::ExceedsHeld));
    assert_eq!(world.end_hold(&hold, End::Post(2_000)).await, Ok(()));
    let state = world.store.hold(hold.id).await.unwrap().unwrap().state;
    assert!(matches!(state, HoldState::Posted { amount } if amount.minor() == 2_000));
    assert_eq!(world.pending().await, 8_000);
    assert_eq!(world.store.books().await.unwrap().1.len(), 2);
    world.finish().await;
}

async fn a_hold_ends_once(world: World) {
    world.paid_order("A1", 10_000).await;
    let hold = world.hold(1, 7_000);
    assert_eq!(world.end_hold(&hold, End::Void).await, Err(Refusal::HoldNotFound));
    world.hold_it(&hold).await.unwrap();
    assert_eq!(world.end_hold(&hold, End::Expire(10)).await, Err(Refusal::NotYetExpired));
    let world = Arc::new(world);
    let enders = (0..30).map(|n| {
        let (world, hold) = (Arc::clone(&world), hold.clone());
        let end = [End::Void, End::Post(7_000), End::Expire(61)][n % 3];
        tokio::spawn(async move { world.end_hold(&hold, end).await })
    });
    let mut ended = 0;
    for one in enders.collect::<Vec<_>>() {
        ended += u32::from(one.await.unwrap().is_ok());
    }
    assert_eq!(ended, 1);
    world.check_books().await;
}

async fn two_holders_of_the_same_money_one_wins(world: World) {
    world.paid_order("A1", 10_000).await;
    let world = Arc::new(world);
    let holders = (0..50).map(|n| {
        let world = Arc::clone(&world);
        tokio::spawn(async move { world.hold_it(&world.hold(n + 1, 6_000)).await })
    });
    let mut won = 0;
    for one in holders.collect::<Vec<_>>() {
        won += u32::from(one.await.unwrap().is_ok());
    }
    assert_eq!(won, 1);
    assert_eq!(world.pending().await, 4_000);
    world.check_books().await;
}

async fn a_hold_brings_its_expiry_job(world: World) {
    world.paid_order("A1", 10_000).await;
    let (kept, voided) = (world.hold(1, 100), world.hold(2, 200));
    world.hold_it(&kept).await.unwrap();
    world.hold_it(&voided).await.unwrap();
    world.end_hold(&voided, End::Void).await.unwrap();
    assert_eq!(world.store.claim_jobs(world.after(59), world.after(60), 10).await.unwrap(), []);
    let due = world.store.claim_jobs(world.after(60), world.after(120), 10).await.unwrap();
    assert_eq!(due.len(), 1);
    let expected = (JobKind::Hold, kept.id.to_i64(), None);
    assert_eq!((due[0].kind, due[0].subject, due[0].order), expected);
    assert_eq!(world.end_hold(&kept, End::Expire(60)).await, Ok(()));
    assert_eq!(world.store.claim_jobs(world.after(999), world.after(1_000), 10).await.unwrap(), []);
    assert_eq!(world.pending().await, 10_000);
    world.finish().await;
}

async fn pages_follow_each_other(world: World) {
    let mut made = BTreeSet::new();
    for n in 0..7 {
        let order = world.order(&format!("N{n}"), 1);
        made.insert(order.id());
        world.store.write(Create::of(&world, order)).await.unwrap();
    }
    let (mut seen, mut before) = (Vec::new(), None);
    loop {
        let page = world.store.orders_page(world.merchant, before, 3).await.unwrap();
        let Some(last) = page.last() else { break };
        before = Some(last.id());
        seen.extend(page.iter().map(orders::Aggregate::id));
    }
    assert!(seen.is_sorted_by(|a, b| a > b), "the newest first");
    assert_eq!(seen.into_iter().collect::<BTreeSet<_>>(), made);
}

async fn node_numbers_are_leased_once(world: World) {
    let (now, until) = (world.now(), world.after(60));
    assert_eq!(world.store.lease_node("a", now, until).await.unwrap(), 0);
    assert_eq!(world.store.lease_node("b", now, until).await.unwrap(), 1);
    assert_eq!(world.store.lease_node("a", now, until).await.unwrap(), 0, "renewed");
    let (later, until) = (world.after(61), world.after(120));
    assert_eq!(world.store.lease_node("c", later, until).await.unwrap(), 0, "a's lease is over");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_data_directory_belongs_to_one_process() {
    let folder = tempfile::tempdir().unwrap();
    let target = Target::Directory(folder.path().to_owned());
    let first = world::open(target.clone()).await.unwrap();
    let second = world::open(target.clone()).await;
    assert!(second.is_err_and(|e| e.to_string().contains("in use by another process")));
    first.close();
    assert!(world::open(target).await.is_ok());
}

/// What was committed is there after closing and opening; migrations run once.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_keeps_what_was_committed() {
    let folder = tempfile::tempdir().unwrap();
    let target = Target::Directory(folder.path().to_owned());
    let world = World::with(world::open(target.clone()).await.unwrap());
    let order = world.paid_order("A1", 77).await;
    world.store.close();
    let store = world::open(target).await.unwrap();
    assert_eq!(store.order(order.id()).await.unwrap(), Some(order));
}

/// Two stores on one PostgreSQL, as two processes are: one order per number, one winner per money.
#[tokio::test(flavor = "multi_thread")]
async fn two_processes_share_one_postgres() {
    let url: Arc<str> = testkit::fresh_postgres().into();
    let a = Arc::new(World::with(world::open(Target::Postgres(Arc::clone(&url))).await.unwrap()));
    let b = Arc::new(World::like(&a, world::open(Target::Postgres(url)).await.unwrap()));
    a.paid_order("A1", 10_000).await;
    let mut tasks = Vec::new();
    for n in 0..40 {
        let world = Arc::clone(if n % 2 == 0 { &a } else { &b });
        tasks.push(tokio::spawn(async move {
            let no = format!("N{}", n / 4);
            let order = world.order(&no, 1);
            let made = world.store.write(Create::of(&world, order)).await.unwrap();
            let taken = world.store.write(TakeFromMerchant::new(&world, 3_000)).await.unwrap();
            (u32::from(made), u32::from(taken))
        }));
    }
    let (mut made, mut taken) = (0, 0);
    for task in tasks {
        let (m, t) = task.await.unwrap();
        made += m;
        taken += t;
    }
    assert_eq!((made, taken), (10, 3));
    assert_eq!(a.pending().await, 1_000);
    a.check_books().await;
}
