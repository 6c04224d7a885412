//! What moves under other rules, and what it costs.

use super::*;

fn past(n: i64, minor: u64, costs: [Option<u64>; 2]) -> Past {
    let [a, b] = costs.map(|cost| cost.map(fen));
    let other = Candidate { cost: b, channel: channel("wechat"), ..candidate(2) };
    let candidates = vec![Candidate { cost: a, ..candidate(1) }, other];
    Past { request: request(n, minor), candidates, outcome: Attempted::Paid }
}

fn flow(count: u64, amount: u128, cost: u128) -> Flow {
    Flow { count, amount, cost, unpriced: 0 }
}

fn fixed(n: i64) -> RuleSet {
    always(Action::Fixed(account(n)))
}

fn yuan(before: &RuleSet, after: &RuleSet, day: &[Past]) -> Report {
    dry_run(before, after, day).remove(&Currency::Cny).unwrap()
}

fn a_day() -> [Past; 3] {
    let costs = |a, b| [Some(a), Some(b)];
    [past(1, 1_000, costs(6, 4)), past(2, 2_000, costs(6, 8)), past(3, 50, costs(1, 1))]
}

#[test]
fn a_dry_run_says_what_moves() {
    let report = yuan(&fixed(1), &always(Action::Cheapest), &a_day());
    let moved = Moved { before: flow(1, 1_000, 6), after: flow(1, 1_000, 4) };
    assert_eq!(report.moved, moved);
    let all = Moved { before: flow(3, 3_050, 13), after: flow(3, 3_050, 11) };
    assert_eq!(report.all, all);
    assert_eq!(report.all.cost_change(), CostChange::Less(2));
    let first = Moved { before: flow(3, 3_050, 13), after: flow(2, 2_050, 7) };
    let second = Moved { before: Flow::default(), after: flow(1, 1_000, 4) };
    assert_eq!(report.accounts[&Some(account(1))], first);
    assert_eq!(report.accounts[&Some(account(2))], second);
    assert_eq!(report.channels[&Some(channel("alipay"))], first);
    assert_eq!(report.channels[&Some(channel("wechat"))], second);
}

#[test]
fn costs_change_both_ways() {
    for (before, after, expected) in [
        (fixed(1), fixed(1), CostChange::Same),
        (fixed(1), always(Action::Cheapest), CostChange::Less(2)),
        (always(Action::Cheapest), fixed(2), CostChange::More(2)),
    ] {
        assert_eq!(yuan(&before, &after, &a_day()).all.cost_change(), expected);
    }
}

#[test]
fn what_cannot_be_routed_has_no_account() {
    let report = yuan(&fixed(3), &always(Action::Cheapest), &a_day());
    assert_eq!(report.accounts[&None].before, flow(3, 3_050, 0));
    assert_eq!(report.channels[&None].before, flow(3, 3_050, 0));
    assert_eq!(report.moved, Moved { before: flow(3, 3_050, 0), after: flow(3, 3_050, 11) });
}

/// An account whose cost nobody knows does not look free.
#[test]
fn unknown_costs_are_counted() {
    let day = [past(1, 100, [Some(5), None]), past(2, 100, [Some(5), Some(3)])];
    let report = yuan(&fixed(1), &fixed(2), &day);
    assert_eq!(report.all.before, flow(2, 200, 10));
    assert_eq!(report.all.after, Flow { unpriced: 1, ..flow(2, 200, 3) });
}

#[test]
fn what_was_not_paid_moves_but_costs_nothing() {
    for outcome in Attempted::ALL {
        let day = [Past { outcome, ..past(1, 100, [Some(5), Some(3)]) }];
        let moved = yuan(&fixed(1), &fixed(2), &day).moved;
        let (was, is) = if outcome == Attempted::Paid { (5, 3) } else { (0, 0) };
        let expected = Moved { before: flow(1, 100, was), after: flow(1, 100, is) };
        assert_eq!(moved, expected, "{outcome:?}");
    }
}

#[test]
fn currencies_do_not_add_up() {
    let mut other = past(1, 100, [None, None]);
    other.request.amount = yen(700);
    for candidate in &mut other.candidates {
        candidate.usage = Usage::empty(Currency::Jpy);
        candidate.cost = Some(yen(9));
    }
    let day = [past(2, 100, [Some(5), Some(3)]), other];
    let reports = dry_run(&fixed(1), &fixed(2), &day);
    assert_eq!(reports[&Currency::Cny].all.before, flow(1, 100, 5));
    assert_eq!(reports[&Currency::Jpy].all.before, flow(1, 700, 9));
    assert_eq!(dry_run(&fixed(1), &fixed(2), &[]), std::collections::BTreeMap::new());
}

proptest! {
    /// Nothing is lost: what all accounts have is what the day had, before and after; the same rules
    /// move nothing.
    #[test]
    fn nothing_is_lost(
        rows in prop::collection::vec((1..10_000_u64, prop::option::of(0..50_u64)), 0..50),
        shares in prop::collection::vec(1..100_u32, 2),
    ) {
        let day: Vec<Past> = (1..)
            .zip(&rows)
            .map(|(n, (minor, cost))| past(n, *minor, [*cost, Some(7)]))
            .collect();
        let split = always(Action::Split(vec![(account(1), shares[0]), (account(2), shares[1])]));
        let expected: u128 = rows.iter().map(|(minor, _)| u128::from(*minor)).sum();
        for report in dry_run(&split, &always(Action::Cheapest), &day).values() {
            let before: u128 = report.accounts.values().map(|moved| moved.before.amount).sum();
            let after: u128 = report.accounts.values().map(|moved| moved.after.amount).sum();
            prop_assert_eq!((before, after), (expected, expected));
            prop_assert_eq!(report.moved.before.amount, report.moved.after.amount);
        }
        for report in dry_run(&split, &split, &day).values() {
            prop_assert_eq!(report.moved, Moved::default());
        }
    }
}
