//! The breaker told as stories: how it opens, rests and comes back.

use super::*;

const ANSWERED: Outcome = Outcome::Answered { ms: 100 };
const FAILED: Outcome = Outcome::Failed { ms: 100 };

fn record(health: &mut Health, second: i64, calls: &str) {
    for call in calls.chars() {
        health.record(second, if call == '+' { ANSWERED } else { FAILED });
    }
}

/// Seconds, what is recorded (`+` answered, `-` failed), and the share afterwards.
fn story(rows: &[(i64, &str, u32)]) -> Health {
    let mut health = Health::default();
    for (second, calls, share) in rows {
        record(&mut health, *second, calls);
        assert_eq!(health.share(*second), *share, "second {second}: {health:?}");
    }
    health
}

#[test]
fn a_dead_channel_loses_its_traffic_and_gets_it_back_in_steps() {
    story(&[
        (0, "++++++++", 1_000),
        (1, "----", 1_000),
        (2, "----", 0),
        (6, "", 0),
        (7, "", 10),
        (8, "+", 10),
        (11, "", 10),
        (12, "", 50),
        (13, "+", 50),
        (17, "", 50),
        (18, "", 200),
        (19, "+", 200),
        (24, "", 500),
        (25, "+", 500),
        (29, "", 500),
        (30, "", 1_000),
        (31, "++++", 1_000),
    ]);
}

#[test]
fn a_failed_return_rests_twice_as_long() {
    story(&[
        (0, "-----", 0),
        (5, "", 10),
        (6, "-", 0),
        (15, "", 0),
        (16, "-", 0),
        (35, "", 0),
        (36, "+", 10),
        (41, "", 50),
    ]);
    // After a full return the next rest is the first again.
    story(&[
        (0, "-----", 0),
        (5, "-", 0),
        (15, "+", 10),
        (20, "+", 50),
        (25, "+", 200),
        (30, "+", 500),
        (35, "+", 1_000),
        (36, "-----", 0),
        (40, "", 0),
        (41, "", 10),
    ]);
}

#[test]
fn a_step_without_an_answer_is_not_passed() {
    story(&[(0, "-----", 0), (5, "", 10), (100, "", 10), (101, "+", 50), (500, "", 50)]);
}

/// One failure among many answers: or a busy account with its usual few would never come back.
#[test]
fn a_single_failure_on_the_way_back_is_weighed() {
    story(&[
        (0, "-----", 0),
        (5, "+", 10),
        (10, "++++", 50),
        (11, "-", 50),
        (15, "+++++", 200),
        (16, "--", 200),
        (17, "---", 0),
    ]);
}

#[test]
fn few_failures_say_nothing_until_they_are_in_a_row() {
    story(&[(0, "----", 1_000), (1, "+", 1_000), (12, "----", 1_000), (23, "+---", 1_000)]);
    // However slowly they come.
    story(&[
        (0, "-", 1_000),
        (60, "-", 1_000),
        (120, "-", 1_000),
        (180, "-", 1_000),
        (240, "-", 0),
    ]);
    // A blink of a busy channel, and one that lasts.
    let busy = "+".repeat(200);
    story(&[(0, &busy, 1_000), (1, "----------", 1_000), (2, "-----+", 1_000), (4, "----", 1_000)]);
    story(&[(0, &busy, 1_000), (1, "----------", 1_000), (2, "-----", 1_000), (3, "-", 0)]);
    // Under half of the window.
    story(&[(0, "++++++", 1_000), (1, "----", 1_000), (2, "++", 1_000), (3, "---", 1_000)]);
    // The same failures when the answers are out of the window.
    story(&[(0, "++++++", 1_000), (5, "---", 1_000), (10, "++", 1_000), (11, "--", 0)]);
}

/// A call of before the rest that times out after it says nothing of now.
#[test]
fn late_news_of_the_past_is_ignored() {
    let mut health = story(&[(10, "-----", 0), (15, "", 10)]);
    health.record(16, Outcome::Failed { ms: 10_000 });
    health.record(16, Outcome::Answered { ms: 10_000 });
    assert_eq!((health.share(16), health.success(16)), (10, 1_000));
    assert_eq!(health.share(21), 10, "the late answer passes no step");
    health.record(22, Outcome::Failed { ms: 5_000 });
    assert_eq!(health.share(22), 0, "this one was sent after the rest");
}

#[test]
fn figures_of_the_window() {
    let mut health = Health::default();
    assert_eq!((health.latency_ms(0), health.success(0)), (None, 1_000));
    health.record(100, Outcome::Answered { ms: 100 });
    health.record(101, Outcome::Answered { ms: 300 });
    health.record(101, Outcome::Failed { ms: 9_000 });
    assert_eq!((health.latency_ms(101), health.success(101)), (Some(200), 666));
    assert_eq!((health.latency_ms(109), health.success(109)), (Some(200), 666));
    assert_eq!((health.latency_ms(110), health.success(110)), (Some(300), 500));
    assert_eq!((health.latency_ms(111), health.success(111)), (None, 1_000));
}

#[test]
fn what_an_operator_sees() {
    let mut health = Health::default();
    for (second, calls, code) in [
        (0, "", "closed"),
        (1, "-----", "open"),
        (5, "", "open"),
        (6, "", "half_open"),
        (7, "-", "open"),
        (17, "+", "half_open"),
    ] {
        record(&mut health, second, calls);
        assert_eq!(health.breaker(second).code(), code, "second {second}");
    }
}

/// A clock that was set forward and back leaves no rest for ever, and no answers of the future.
#[test]
fn the_clock_jumps() {
    let mut health = Health::default();
    record(&mut health, 1_000_000, "-----");
    assert_eq!((health.share(1_000_000), health.share(100)), (0, 10));
    record(&mut health, 100, "+");
    assert_eq!(health.share(105), 50);
    let mut health = Health::default();
    record(&mut health, 1_000_000, "----");
    assert_eq!(health.success(100), 1_000);
    record(&mut health, 1_000_010, "-");
    record(&mut health, 1_000_015, "+");
    assert_eq!(health.share(100), 10, "a step of the future goes on from now");
    assert_eq!(health.breaker(i64::MAX), Breaker::HalfOpen);
}

/// A dead channel under a steady stream, whose calls end after so long: the second in which it has
/// lost all, and how many calls it had until then.
fn dies(per_second: u32, after_ms: u32) -> (i64, u32) {
    let mut health = Health::default();
    let (mut calls, mut pending) = (0, Vec::new());
    for second in 0..200 {
        let dead = second >= 100;
        pending.retain(|(due, sent): &(i64, u32)| {
            if *due <= second {
                (0..*sent).for_each(|_| health.record(second, Outcome::Failed { ms: after_ms }));
            }
            *due > second
        });
        if dead && health.share(second) == 0 {
            return (second - 100, calls);
        }
        if dead {
            calls += per_second;
            pending.push((second + i64::from(after_ms / 1_000), per_second));
        } else {
            (0..per_second).for_each(|_| health.record(second, ANSWERED));
        }
    }
    panic!("{per_second} calls per second: it never opens");
}

#[test]
fn ten_seconds_are_enough() {
    for per_second in [1, 2, 5, 50, 1_000] {
        for after_ms in [0, 1_000, 3_000, OVERDUE_MS] {
            let (seconds, _) = dies(per_second, after_ms);
            assert!(seconds < 10, "{per_second}/s after {after_ms} ms: {seconds} s");
        }
    }
}

/// Traffic chosen by the share itself: the way back is slow, and ends in the whole.
#[test]
fn a_healed_channel_comes_back_gradually() {
    let mut health = Health::default();
    record(&mut health, 0, "----------");
    let mut parts = Vec::new();
    for second in 1..60 {
        let share = health.share(second);
        if parts.last() != Some(&share) {
            parts.push(share);
        }
        // A hundred payments per second, of which it has its share.
        (0..share / 10).for_each(|_| health.record(second, ANSWERED));
    }
    assert_eq!(parts, [0, 10, 50, 200, 500, 1_000]);
}

proptest! {
    /// Whatever happens, shares are steps of the ramp, no step is skipped, and a rest always ends.
    #[test]
    fn every_rest_ends(
        calls in prop::collection::vec((-2..6_i64, any::<bool>(), 0..12_000_u32), 0..200),
    ) {
        const STEPS: [u32; 6] = [0, 10, 50, 200, 500, 1_000];
        let place = |share: u32| STEPS.iter().position(|step| *step == share);
        let (mut health, mut second, mut before) = (Health::default(), 1_000, 5);
        for (wait, good, ms) in calls {
            second += wait;
            let outcome = if good { Outcome::Answered { ms } } else { Outcome::Failed { ms } };
            health.record(second, outcome);
            let now = place(health.share(second));
            prop_assert!(now.is_some_and(|now| now <= before + 1), "{:?}", health);
            before = now.unwrap();
        }
        prop_assert!(health.share(second + 61) > 0);
        let again = health.clone();
        prop_assert_eq!(again.share(second), health.share(second));
    }

    /// Answers alone never cost an account anything.
    #[test]
    fn the_healthy_keep_all(waits in prop::collection::vec(0..20_i64, 0..200)) {
        let (mut health, mut second) = (Health::default(), 0);
        for wait in waits {
            second += wait;
            health.record(second, ANSWERED);
            prop_assert_eq!((health.share(second), health.success(second)), (1_000, 1_000));
        }
    }
}
