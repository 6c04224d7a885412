//! Weights are hit, stay with the order, and hold for those who follow.

use std::collections::BTreeMap;

use super::*;
use ids::IdSource;

const DECISIONS: u32 = 100_000;

fn shares(weights: &[u32]) -> Action {
    Action::Split((1..).map(account).zip(weights.iter().copied()).collect())
}

/// How often each account comes first.
fn firsts(
    weights: &[u32],
    candidates: &[Candidate],
    requests: impl Iterator<Item = Request>,
) -> BTreeMap<i64, u32> {
    let rules = always(shares(weights));
    let mut hits = BTreeMap::new();
    for request in requests {
        if let Some(first) = crate::decide(&rules, &request, candidates).tries().next() {
            *hits.entry(first.to_i64()).or_default() += 1;
        }
    }
    hits
}

fn open(count: usize) -> Vec<Candidate> {
    (1..).map(candidate).take(count).collect()
}

/// Orders as they are made: some in one millisecond, with gaps.
fn orders() -> impl Iterator<Item = Request> {
    let ids = IdSource::new(3).unwrap();
    (0..DECISIONS).map(move |n| {
        let order = OrderId::generate(&ids, 1_800_000_000_000 + i64::from(n / 50) * 7);
        Request { order, ..request(1, 1) }
    })
}

/// Off by at most one in a hundred of all decisions.
fn check(weights: &[u32], hits: &BTreeMap<i64, u32>) {
    let total: u64 = weights.iter().map(|weight| u64::from(*weight)).sum();
    for (n, weight) in (1..).zip(weights) {
        let expected = u64::from(DECISIONS) * u64::from(*weight) / total;
        let hit = hits.get(&n).copied().unwrap_or(0);
        let off = u64::from(hit).abs_diff(expected);
        assert!(off <= u64::from(DECISIONS / 100), "{weights:?}: {n} has {hit} of {expected}");
    }
}

#[test]
fn weights_are_hit_within_one_in_a_hundred() {
    for weights in [&[50, 30, 20][..], &[99, 1], &[1, 1, 1], &[0, 5], &[1, 2, 3, 4, 5, 6, 7, 8, 9]]
    {
        check(weights, &firsts(weights, &open(weights.len()), orders()));
    }
}

#[test]
fn a_dead_accounts_payments_go_to_the_others_by_weight() {
    let mut candidates = open(3);
    candidates[0].share = 0;
    let hits = firsts(&[50, 40, 10], &candidates, orders());
    check(&[0, 40, 10], &hits);
}

/// What was another account's before stays there.
#[test]
fn the_others_keep_theirs() {
    let rules = always(shares(&[50, 40, 10]));
    let mut candidates = open(3);
    let before: Vec<_> = orders().take(2_000).map(|r| tries(&rules, &r, &candidates)[0]).collect();
    candidates[0].share = 0;
    for (request, first) in orders().take(2_000).zip(before) {
        let now = tries(&rules, &request, &candidates)[0];
        assert!(first == 1 || first == now, "{first} became {now}");
    }
}

/// A share's part is kept as it grows: an order that was of one in a hundred is of one in two.
#[test]
fn parts_grow_around_their_core() {
    let rules = always(Action::Priority(vec![account(1), account(2)]));
    let is_of_part = |n, share| {
        let candidates = [Candidate { share, ..candidate(1) }, candidate(2)];
        tries(&rules, &request(n, 1), &candidates)[0] == 1
    };
    for n in 1..5_000 {
        let parts: Vec<bool> =
            [0, 10, 50, 200, 500, 1_000].iter().map(|share| is_of_part(n, *share)).collect();
        assert!(parts.is_sorted(), "order {n}: {parts:?}");
    }
    for (share, least, most) in [(10, 60, 140), (50, 420, 580), (200, 1_850, 2_150)] {
        let part = (1..=10_000).filter(|n| is_of_part(*n, share)).count();
        assert!((least..=most).contains(&part), "{part} of 10,000 for {share}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    #[test]
    fn any_weights_are_hit(weights in prop::collection::vec(1..1_000_u32, 1..9)) {
        let candidates = open(weights.len());
        check(&weights, &firsts(&weights, &candidates, orders()));
    }
}

proptest! {
    /// All with any weight stand in the ranking, once; the same order ranks them the same.
    #[test]
    fn a_split_ranks_all(weights in prop::collection::vec(0..5_u32, 1..9), order in 0..i64::MAX) {
        prop_assume!(weights.iter().any(|weight| *weight > 0));
        let (rules, request) = (always(shares(&weights)), request(order, 1));
        let first = tries(&rules, &request, &open(9));
        let mut sorted = first.clone();
        sorted.sort_unstable();
        let weighty = (1..).zip(&weights).filter(|(_, weight)| **weight > 0).map(|(n, _)| n);
        prop_assert_eq!(sorted, weighty.collect::<Vec<i64>>());
        prop_assert_eq!(tries(&rules, &request, &open(9)), first);
    }
}
