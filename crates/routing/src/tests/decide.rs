//! How accounts are ranked and held back, and what a decision says of each.

use super::*;

#[test]
fn no_rule_no_account() {
    let card = When { direction: Some(Direction::Card), ..When::default() };
    let rules = set(vec![rule("card", card, Action::Cheapest)]);
    let decision = crate::decide(&rules, &request(1, 1), &all());
    assert_eq!(decision.rule, None);
    assert_eq!(verdicts(&decision), [(1, "no_rule"), (2, "no_rule"), (3, "no_rule")]);
    assert_eq!(decision.tries().count(), 0);
}

#[test]
fn fixed_and_priority_rank_as_written() {
    let list = Action::Priority(vec![account(3), account(1)]);
    for (action, expected) in [
        (Action::Fixed(account(2)), vec![(2, "tried"), (1, "not_named"), (3, "not_named")]),
        (
            Action::Fixed(account(9)),
            vec![(9, "not_open"), (1, "not_named"), (2, "not_named"), (3, "not_named")],
        ),
        (list, vec![(3, "tried"), (1, "tried"), (2, "not_named")]),
    ] {
        let decision = crate::decide(&always(action), &request(1, 1), &all());
        assert_eq!(verdicts(&decision), expected);
    }
}

/// Account, priority, cost => order.
fn cheapest(rows: &[(i64, u32, Option<Amount>)], expected: &[i64]) {
    let row = |(n, priority, cost): &(i64, u32, Option<Amount>)| Candidate {
        priority: *priority,
        cost: *cost,
        ..candidate(*n)
    };
    let candidates: Vec<Candidate> = rows.iter().map(row).collect();
    assert_eq!(tries(&always(Action::Cheapest), &request(1, 1), &candidates), expected, "{rows:?}");
}

#[test]
fn the_cheapest_comes_first() {
    let cost = |minor| Some(fen(minor));
    cheapest(&[(1, 0, cost(30)), (2, 0, None), (3, 0, cost(20))], &[3, 1, 2]);
    cheapest(&[(1, 0, cost(0)), (2, 0, None)], &[1, 2]);
    // Equal ones by priority, then by id.
    cheapest(&[(1, 2, cost(5)), (2, 1, cost(5)), (3, 1, cost(5))], &[2, 3, 1]);
    cheapest(&[(3, 0, None), (1, 0, None), (2, 0, None)], &[1, 2, 3]);
    // A cost in another currency is not known.
    cheapest(&[(1, 0, Some(yen(1))), (2, 0, cost(900))], &[2, 1]);
}

#[test]
fn the_most_successful_comes_first() {
    let row = |(n, priority, success): &(i64, u32, u32)| Candidate {
        priority: *priority,
        success: *success,
        ..candidate(*n)
    };
    for (rows, expected) in [
        ([(1, 0, 900), (2, 0, 950), (3, 0, 1_000)], [3, 2, 1]),
        ([(1, 2, 950), (2, 1, 950), (3, 1, 950)], [2, 3, 1]),
    ] {
        let candidates: Vec<Candidate> = rows.iter().map(row).collect();
        let tries = tries(&always(Action::Healthiest), &request(1, 1), &candidates);
        assert_eq!(tries, expected, "{rows:?}");
    }
}

/// Or it would never have an answer to pass its step with.
#[test]
fn an_account_on_its_way_back_is_first_for_its_part() {
    let back = Candidate { share: 200, ..candidate(1) };
    let other = Candidate { success: 990, ..candidate(2) };
    let rules = always(Action::Healthiest);
    let candidates = [back, other];
    let first = |n| tries(&rules, &request(n, 1), &candidates)[0];
    let part = (1..=10_000).filter(|n| first(*n) == 1).count();
    assert!((1_800..2_200).contains(&part), "{part} of 10,000");
}

#[test]
fn a_listed_account_twice_is_tried_once() {
    for action in [Action::Cheapest, Action::Healthiest, Action::Priority(vec![account(1)])] {
        assert_eq!(tries(&always(action), &request(1, 1), &[candidate(1), candidate(1)]), [1]);
    }
}

#[test]
fn verdicts_say_why() {
    let list = Action::Priority((1..=7).map(account).collect());
    let limits = |trade_max| Limits { trade_max: Some(trade_max), ..Limits::default() };
    let candidates = [
        Candidate { limits: limits(fen(99)), ..candidate(2) },
        Candidate { share: 0, ..candidate(3) },
        candidate(4),
        Candidate { share: 1, ..candidate(5) },
        candidate(6),
        Candidate { limits: limits(yen(1_000)), ..candidate(7) },
        candidate(8),
    ];
    let decision = crate::decide(&always(list), &request(1, 100), &candidates);
    let expected = [
        (1, "not_open"),
        (2, "trade_max"),
        (3, "unhealthy"),
        (4, "tried"),
        (5, "recovering"),
        (6, "tried"),
        (7, "limit_currency"),
        (8, "not_named"),
    ];
    assert_eq!(verdicts(&decision), expected);
    assert_eq!(decision.verdicts[3].1, Verdict::Tried(1));
    assert_eq!(decision.verdicts[5].1, Verdict::Tried(2));
}

/// The limits are asked on the accounting day, not on the day of the clock.
#[test]
fn limits_are_of_the_accounting_day() {
    let day = Cap { count: Some(1), ..Cap::default() };
    let limits = Limits { day, ..Limits::default() };
    let (usage, _) = Usage::empty(Currency::Cny).reserve(&limits, fen(1), friday()).unwrap();
    let candidates = [Candidate { limits, usage, ..candidate(1) }];
    let rules = always(Action::Cheapest);
    let on = |day| Request { day, ..request(1, 1) };
    assert_eq!(tries(&rules, &on(friday()), &candidates), [0_i64; 0]);
    assert_eq!(tries(&rules, &on(date(2026, 11, 21)), &candidates), [1]);
}

/// A payment that is not of the part of the only account left is tried there, not refused; one that
/// rests is not.
#[test]
fn the_last_resort() {
    let list = || Action::Priority(vec![account(1), account(2)]);
    let at = |n, share| Candidate { share, ..candidate(n) };
    for (shares, expected) in [
        ([1_000, 1], [(1, "tried"), (2, "recovering")]),
        ([0, 1_000], [(1, "unhealthy"), (2, "tried")]),
        ([1, 1], [(1, "last_resort"), (2, "last_resort")]),
        ([0, 1], [(1, "unhealthy"), (2, "last_resort")]),
        ([0, 0], [(1, "unhealthy"), (2, "unhealthy")]),
    ] {
        let candidates = [at(1, shares[0]), at(2, shares[1])];
        let decision = crate::decide(&always(list()), &request(1, 1), &candidates);
        assert_eq!(verdicts(&decision), expected, "{shares:?}");
        let tried: Vec<i64> = decision.tries().map(ChannelAccountId::to_i64).collect();
        let expected: Vec<i64> = expected
            .iter()
            .filter(|(_, code)| ["tried", "last_resort"].contains(code))
            .map(|(n, _)| *n)
            .collect();
        assert_eq!(tried, expected, "{shares:?}");
    }
}

#[test]
fn every_verdict_has_a_code_and_words_of_its_own() {
    let plain = [
        Verdict::Tried(1),
        Verdict::LastResort(1),
        Verdict::NotOpen,
        Verdict::Unhealthy,
        Verdict::Recovering,
        Verdict::NotNamed,
        Verdict::NoRule,
    ];
    let all: Vec<Verdict> =
        plain.into_iter().chain(LimitHit::ALL.into_iter().map(Verdict::Limit)).collect();
    let codes: BTreeSet<_> = all.iter().map(|v| v.code()).collect();
    let english: BTreeSet<_> = all.iter().map(|v| v.text().0).collect();
    let chinese: BTreeSet<_> = all.iter().map(|v| v.text().1).collect();
    assert_eq!([codes.len(), english.len(), chinese.len()], [all.len(); 3]);
    assert!(chinese.iter().all(|text| !text.is_ascii()));
}

fn any_candidates() -> impl Strategy<Value = Vec<Candidate>> {
    let cost = prop::option::of(0..100_u64);
    let max = prop::option::of(1..200_u64);
    let one = (cost, 0..=SHARE_FULL, 0..=SHARE_FULL, max, 0..3_u32);
    prop::collection::vec(one, 0..9).prop_map(|rows| {
        let candidate = |(n, (cost, share, success, max, priority)): (i64, _)| {
            let max: Option<u64> = max;
            let cost: Option<u64> = cost;
            let limits = Limits { trade_max: max.map(fen), ..Limits::default() };
            let cost = cost.map(fen);
            Candidate { cost, share, success, limits, priority, ..candidate(n) }
        };
        (1..).zip(rows).map(candidate).collect()
    })
}

fn any_action() -> impl Strategy<Value = Action> {
    let accounts = prop::collection::btree_set(1..=9_i64, 1..9);
    let weights = prop::collection::vec(1..100_u32, 9);
    prop_oneof![
        (1..=9_i64).prop_map(|n| Action::Fixed(account(n))),
        accounts.clone().prop_map(|set| Action::Priority(set.into_iter().map(account).collect())),
        (accounts, weights)
            .prop_map(|(set, w)| Action::Split(set.into_iter().map(account).zip(w).collect())),
        Just(Action::Cheapest),
        Just(Action::Healthiest),
    ]
}

proptest! {
    /// No account twice, none that a filter holds back, and the same again for the same payment,
    /// whatever the order of the candidates.
    #[test]
    fn decisions_are_sound(
        action in any_action(),
        candidates in any_candidates(),
        order in 1..i64::MAX,
        minor in 1..300_u64,
    ) {
        let (rules, request) = (always(action), request(order, minor));
        let decision = crate::decide(&rules, &request, &candidates);
        let tried: Vec<_> = decision.tries().collect();
        prop_assert_eq!(tried.iter().collect::<BTreeSet<_>>().len(), tried.len());
        for account in &tried {
            let candidate = candidates.iter().find(|c| c.account == *account).unwrap();
            prop_assert!(candidate.share > 0);
            let max = candidate.limits.trade_max;
            prop_assert!(max.is_none_or(|max| fen(minor).try_cmp(max).unwrap().is_le()));
        }
        let mut backwards = candidates.clone();
        backwards.reverse();
        prop_assert_eq!(crate::decide(&rules, &request, &backwards), decision);
    }

    /// Each candidate stands in the decision once; the tried ones are numbered from 1 without a gap;
    /// a last resort is taken only where nothing better was.
    #[test]
    fn decisions_explain_every_candidate(
        action in any_action(),
        candidates in any_candidates(),
        order in 1..i64::MAX,
        minor in 1..300_u64,
    ) {
        let decision = crate::decide(&always(action), &request(order, minor), &candidates);
        let named: Vec<_> = decision.verdicts.iter().map(|(account, _)| *account).collect();
        prop_assert_eq!(named.iter().collect::<BTreeSet<_>>().len(), named.len());
        prop_assert!(candidates.iter().all(|c| named.contains(&c.account)));
        let number = |(_, verdict): &(_, Verdict)| match verdict {
            Verdict::Tried(n) => Some((*n, true)),
            Verdict::LastResort(n) => Some((*n, false)),
            Verdict::NotOpen
            | Verdict::Limit(_)
            | Verdict::Unhealthy
            | Verdict::Recovering
            | Verdict::NotNamed
            | Verdict::NoRule => None,
        };
        let numbers: Vec<_> = decision.verdicts.iter().filter_map(number).collect();
        prop_assert!(numbers.iter().zip(1..).all(|((n, _), place)| *n == place));
        prop_assert!(numbers.iter().all(|(_, free)| *free) || numbers.iter().all(|(_, free)| !free));
    }
}
