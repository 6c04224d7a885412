//! Who may follow, and what a try says of the channel.

use super::*;

#[test]
fn only_who_surely_took_nothing_is_followed() {
    for (attempted, expected, answered) in [
        (Attempted::NotSent, "allowed", false),
        (Attempted::RefusedByChannel, "allowed", false),
        (Attempted::PayerRefused, "payer_refused", true),
        (Attempted::Pending, "payer_deciding", true),
        (Attempted::Paid, "paid", true),
        (Attempted::Unknown, "may_be_paid", false),
    ] {
        let failover = crate::failover(attempted);
        assert_eq!(failover.code(), expected, "{attempted:?}");
        assert_eq!(failover == Failover::Allowed, expected == "allowed");
        let outcome = attempted.outcome(70);
        let (good, bad) = (Outcome::Answered { ms: 70 }, Outcome::Failed { ms: 70 });
        assert_eq!(outcome, if answered { good } else { bad }, "{attempted:?}");
    }
}

#[test]
fn words_for_operators() {
    let texts: BTreeSet<_> = Attempted::ALL.map(|a| crate::failover(a).text()).into();
    let codes: BTreeSet<_> = Attempted::ALL.map(|a| crate::failover(a).code()).into();
    assert_eq!((texts.len(), codes.len()), (5, 5));
    assert!(texts.iter().all(|(english, chinese)| english.is_ascii() && !chinese.is_ascii()));
}

/// A thousand payers without money say nothing about the channel.
#[test]
fn declines_of_payers_do_not_open_the_breaker() {
    let mut health = Health::default();
    for n in 0..1_000 {
        health.record(n / 100, Attempted::PayerRefused.outcome(80));
    }
    assert_eq!((health.share(10), health.success(10)), (SHARE_FULL, 1_000));
    for _ in 0..5 {
        health.record(30, Attempted::Unknown.outcome(OVERDUE_MS));
    }
    assert_eq!(health.share(30), 0);
}
