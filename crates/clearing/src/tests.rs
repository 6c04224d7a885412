//! Each model by hand-computed numbers, refusals by precedence, and what must hold for all numbers.

use ids::ChannelCode;
use jiff::{SignedDuration, Timestamp};
use money::{Amount, Currency, MINOR_MAX, Rate, Rounding};
use proptest::prelude::*;

use crate::*;

const START: Timestamp = Timestamp::UNIX_EPOCH;

fn fen(minor: u64) -> Amount {
    Amount::new(minor, Currency::Cny).unwrap()
}

fn rate(ppm: u64) -> Rate {
    Rate::from_ppm(ppm).unwrap()
}

fn terms(base: Base) -> Terms {
    Terms { base, floor: None, cap: None, side: Side::Deducted, rounding: Rounding::HalfUp }
}

fn flat(ppm: u64, fixed: u64) -> Terms {
    terms(Base::Flat { rate: rate(ppm), fixed })
}

fn tiers(rows: &[(u64, u64, u64)]) -> Vec<Tier> {
    rows.iter()
        .map(|(from, ppm, fixed)| Tier { from: *from, rate: rate(*ppm), fixed: *fixed })
        .collect()
}

fn by_amount(tiering: Tiering, rows: &[(u64, u64, u64)]) -> Terms {
    terms(Base::ByAmount { tiers: tiers(rows), tiering })
}

fn by_volume(tiering: Tiering, rows: &[(u64, u64, u64)]) -> Terms {
    terms(Base::ByVolume { tiers: tiers(rows), tiering })
}

/// Rows of amount, volume before, fee.
fn check(terms: &Terms, rows: &[(u64, u64, u64)]) {
    terms.check().unwrap();
    for (amount, volume, expected) in rows {
        assert_eq!(terms.fee(*amount, *volume), Some(*expected), "{amount} after {volume}");
    }
}

#[test]
fn percent() {
    // 0.60 % and 0.38 %: the samples of WeChat Pay's bills and of the rounding rule.
    check(&flat(6_000, 0), &[(10_000, 0, 60), (600, 0, 4), (83, 0, 0), (84, 0, 1), (0, 0, 0)]);
    check(&flat(3_800, 0), &[(100, 0, 0), (131, 0, 0), (132, 0, 1), (100_000, 0, 380)]);
    // A network's 0.0325 % with its cap of 3.25 is reached at 10,000.00.
    let network = Terms { cap: Some(325), ..flat(325, 0) };
    check(
        &network,
        &[(999_999, 0, 325), (1_000_000, 0, 325), (2_000_000, 0, 325), (100_000, 0, 33)],
    );
}

#[test]
fn fixed_and_both() {
    check(&flat(0, 50), &[(1, 0, 1), (50, 0, 50), (1_000_000, 0, 50)]);
    check(&flat(5_000, 30), &[(10_000, 0, 80), (100, 0, 31)]);
    check(&flat(0, 0), &[(1, 0, 0), (1_000_000, 0, 0)]);
}

#[test]
fn cap_and_floor() {
    // Debit cards, 0.5 % up to 20.00: bites at 4,000.00.
    let capped = Terms { cap: Some(2_000), ..flat(5_000, 0) };
    check(&capped, &[(399_800, 0, 1_999), (400_000, 0, 2_000), (10_000_000, 0, 2_000)]);
    // 0.6 % up to 20.00: unrounded it bites at 3,333.34.
    let capped = Terms { cap: Some(2_000), ..flat(6_000, 0) };
    check(&capped, &[(333_333, 0, 2_000), (333_000, 0, 1_998)]);
    // The issuer's 0.35 % up to 13.00 at 3,714.29.
    let issuer = Terms { cap: Some(1_300), ..flat(3_500, 0) };
    check(&issuer, &[(371_429, 0, 1_300), (371_200, 0, 1_299)]);
    let floored = Terms { floor: Some(10), ..flat(3_800, 0) };
    check(&floored, &[(100, 0, 10), (10_000, 0, 38), (5, 0, 5), (0, 0, 0)]);
    let added = Terms { side: Side::Added, ..floored };
    check(&added, &[(5, 0, 10)]);
}

#[test]
fn tiers_by_amount() {
    let rows = &[(0, 6_000, 0), (100_000, 5_000, 0), (1_000_000, 3_000, 100)];
    check(
        &by_amount(Tiering::Whole, rows),
        &[(99_999, 0, 600), (100_000, 0, 500), (999_999, 0, 5_000), (1_000_000, 0, 3_100)],
    );
    // 1,000.00 at 0.6 %, 9,000.00 at 0.5 %, 10,000.00 at 0.3 %, and the last tier's fixed part.
    check(
        &by_amount(Tiering::Marginal, rows),
        &[(100_000, 0, 600), (200_000, 0, 1_100), (1_000_000, 0, 5_100), (2_000_000, 0, 8_200)],
    );
}

#[test]
fn tiers_by_volume() {
    let rows = &[(0, 6_000, 0), (1_000_000, 4_000, 0)];
    let whole = by_volume(Tiering::Whole, rows);
    check(&whole, &[(100_000, 0, 600), (100_000, 999_999, 600), (100_000, 1_000_000, 400)]);
    // Half of the trade below the line, half above: 300 + 200.
    let marginal = by_volume(Tiering::Marginal, rows);
    check(&marginal, &[(100_000, 950_000, 500), (100_000, 0, 600), (100_000, 5_000_000, 400)]);
}

#[test]
fn terms_are_refused_in_order() {
    use TermsRefusal::*;
    let cases = [
        (by_amount(Tiering::Whole, &[]), NoTiers),
        (by_volume(Tiering::Whole, &[(1, 1, 0)]), TiersNotFromZero),
        (by_amount(Tiering::Whole, &[(0, 1, 0), (0, 2, 0)]), TiersNotAscending),
        (by_amount(Tiering::Whole, &[(0, 1, 0), (9, 2, 0), (5, 2, 0)]), TiersNotAscending),
        (by_amount(Tiering::Whole, &vec![(1, 1, 0); TIERS_MAX + 1]), TooManyTiers),
        (Terms { floor: Some(2), cap: Some(1), ..flat(1, 0) }, CapBelowFloor),
        (Terms { floor: Some(2), cap: Some(1), ..by_amount(Tiering::Whole, &[]) }, NoTiers),
    ];
    for (terms, refusal) in cases {
        assert_eq!(terms.check(), Err(refusal), "{}", refusal.code());
    }
    assert_eq!(Terms { floor: Some(1), cap: Some(1), ..flat(1, 0) }.check(), Ok(()));
}

fn rule(id: &str, when: When, terms: Terms) -> Rule {
    Rule { id: id.to_owned(), when, from: START, until: None, terms }
}

fn at(hours: i64) -> Timestamp {
    START + SignedDuration::from_hours(hours)
}

fn schedule(rules: Vec<Rule>) -> Result<Schedule, ScheduleRefusal> {
    Schedule::new("test".to_owned(), Currency::Cny, rules)
}

fn debit() -> When {
    When { card: Some(CardType::Debit), ..When::default() }
}

fn alipay() -> When {
    When { channel: Some(ChannelCode::parse("alipay").unwrap()), ..When::default() }
}

#[test]
fn the_first_rule_that_fits_prices() {
    let mut ended = rule("spring", alipay(), flat(1_000, 0));
    (ended.from, ended.until) = (at(10), Some(at(20)));
    let product = When { product: Some("parking".to_owned()), ..When::default() };
    let rules = vec![
        ended,
        rule("parking", product, flat(0, 0)),
        rule("debit", debit(), Terms { cap: Some(2_000), ..flat(5_000, 0) }),
        rule("alipay", alipay(), flat(3_800, 0)),
        rule("rest", When::default(), flat(6_000, 0)),
    ];
    let schedule = schedule(rules).unwrap();
    let trade = |when: When, hours| Trade {
        product: when.product,
        channel: when.channel,
        card: when.card,
        ..Trade::of(fen(10_000), at(hours))
    };
    let parking = When { product: Some("parking".to_owned()), ..alipay() };
    for (trade, expected) in [
        (trade(When::default(), 0), ("rest", 60)),
        (trade(debit(), 0), ("debit", 50)),
        (trade(alipay(), 0), ("alipay", 38)),
        (trade(alipay(), 9), ("alipay", 38)),
        (trade(alipay(), 10), ("spring", 10)),
        (trade(alipay(), 19), ("spring", 10)),
        (trade(alipay(), 20), ("alipay", 38)),
        (trade(parking, 0), ("parking", 0)),
    ] {
        let quote = schedule.quote(&trade).unwrap();
        assert_eq!((quote.rule.as_str(), quote.fee.minor()), expected, "{trade:?}");
        assert_eq!(quote.recompute(), Some(quote.fee));
    }
}

#[test]
fn schedules_are_refused_in_order() {
    let rest = || rule("rest", When::default(), flat(6_000, 0));
    let short = |id: &str| Rule { until: Some(at(1)), ..rule(id, When::default(), flat(1, 0)) };
    let bad = |id: &str| rule(id, debit(), by_amount(Tiering::Whole, &[]));
    let cases = [
        (vec![], "rule_count"),
        (vec![rest(); RULES_MAX + 1], "rule_count"),
        (vec![rest(), rest()], "duplicate_id"),
        (vec![Rule { until: Some(START), ..bad("a") }], "ends_before_start"),
        (vec![bad("a"), rest()], "no_tiers"),
        (vec![rest(), rule("late", debit(), flat(1, 0))], "unreachable"),
        (vec![short("a"), short("b")], "unreachable"),
    ];
    for (rules, code) in cases {
        assert_eq!(schedule(rules).unwrap_err().code(), code);
    }
    // An exception before its rule, and a rule after one that ends, are reached.
    schedule(vec![rule("debit", debit(), flat(1, 0)), rest()]).unwrap();
    schedule(vec![short("a"), rest()]).unwrap();
}

#[test]
fn quotes_are_refused_in_order() {
    let only_debit = schedule(vec![rule("debit", debit(), flat(6_000, 0))]).unwrap();
    let dollars = Amount::new(1, Currency::Usd).unwrap();
    let mismatch = only_debit.quote(&Trade::of(dollars, START));
    assert_eq!(mismatch, Err(QuoteRefusal::CurrencyMismatch));
    assert_eq!(only_debit.quote(&Trade::of(fen(1), START)), Err(QuoteRefusal::NoRule));
    let huge = Terms { side: Side::Added, ..flat(0, u64::MAX) };
    let huge = schedule(vec![rule("huge", When::default(), huge)]).unwrap();
    assert_eq!(huge.quote(&Trade::of(fen(1), START)), Err(QuoteRefusal::Overflow));
}

#[test]
fn a_changed_quote_is_noticed() {
    let schedule = schedule(vec![rule("rest", When::default(), flat(6_000, 0))]).unwrap();
    let mut quote = schedule.quote(&Trade::of(fen(10_000), START)).unwrap();
    quote.terms = flat(5_000, 0);
    assert_ne!(quote.recompute(), Some(quote.fee));
}

/// The example of the rule: 100.00 with a fee of 0.60 in a hundred parts gives 0.60, where rounding
/// each part by itself would give 1.00.
#[test]
fn refunds_give_back_the_fee_that_was_charged() {
    let whole = (fen(60), fen(10_000));
    let back = |refund, before, how| fee_returned(whole, fen(refund), fen(before), how);
    let parts: Vec<u64> =
        (0..100).map(|k| back(100, k * 100, FeeOnRefund::Returned).unwrap().minor()).collect();
    assert_eq!(parts[..10], [1, 0, 1, 0, 1, 1, 0, 1, 0, 1]);
    assert_eq!(parts.iter().sum::<u64>(), 60);
    assert_eq!(back(10_000, 0, FeeOnRefund::Returned), Ok(fen(60)));
    assert_eq!(back(10_000, 0, FeeOnRefund::Kept), Ok(fen(0)));
    assert_eq!(back(1, 10_000, FeeOnRefund::Returned), Err(RefundFeeRefusal::MoreThanPaid));
    let dollar = Amount::new(1, Currency::Usd).unwrap();
    let mixed = fee_returned(whole, dollar, fen(0), FeeOnRefund::Returned);
    assert_eq!(mixed, Err(RefundFeeRefusal::CurrencyMismatch));
}

#[test]
fn shares_go_to_who_lost_most() {
    let minors = |parts: Vec<Amount>| parts.iter().map(|p| p.minor()).collect::<Vec<_>>();
    // 4/5, 2/25, 3/25 of 15: 12, 1.2, 1.8.
    assert_eq!(minors(split(fen(15), &[(1, 80), (2, 8), (3, 12)]).unwrap()), [12, 1, 2]);
    // Equal losses: the smaller id, wherever it stands.
    assert_eq!(minors(split(fen(100), &[(3, 1), (1, 1), (2, 1)]).unwrap()), [33, 34, 33]);
    assert_eq!(minors(split(fen(1), &[(1, 0), (2, 5)]).unwrap()), [0, 1]);
    assert_eq!(split::<u8>(fen(1), &[]), Err(SplitRefusal::NoWeight));
    assert_eq!(split(fen(1), &[(1, 0)]), Err(SplitRefusal::NoWeight));
}

/// 1.49 at 0.60 / 0.50 / 0.40 % with a cost of 0.25 %: rounding each difference would give 0.
#[test]
fn commission_takes_differences_of_rounded_prices() {
    let levels = [flat(5_000, 0), flat(4_000, 0)];
    let shares = |fen_| commission::shares(fen(fen_), &flat(6_000, 0), &levels, &flat(2_500, 0));
    let small = shares(149).unwrap();
    assert_eq!((small.fee, small.platform, small.channel), (fen(1), fen(1), fen(0)));
    assert_eq!(small.levels, [fen(0), fen(0)]);
    let large = shares(1_000_000).unwrap();
    assert_eq!((large.fee, large.platform, large.channel), (fen(6_000), fen(1_500), fen(2_500)));
    assert_eq!(large.levels, [fen(1_000), fen(1_000)]);
    let upside_down = commission::shares(fen(10_000), &flat(4_000, 0), &levels, &flat(2_500, 0));
    assert_eq!(upside_down, Err(CommissionRefusal::PriceAboveParent));
}

fn any_terms() -> impl Strategy<Value = Terms> {
    let tier = (1..1_000_000_000_u64, 0..=20_000_u64, 0..500_u64);
    let rows = prop::collection::vec(tier, 0..5).prop_map(|rows| {
        let mut rows: Vec<_> = [(0, 6_000, 0)].into_iter().chain(rows).collect();
        rows.sort_unstable();
        rows.dedup_by_key(|row| row.0);
        tiers(&rows)
    });
    let tiering = prop_oneof![Just(Tiering::Whole), Just(Tiering::Marginal)];
    let base = (rows, tiering, 0..3_u8).prop_map(|(tiers, tiering, kind)| match kind {
        0 => Base::Flat { rate: tiers[0].rate, fixed: tiers[0].fixed },
        1 => Base::ByAmount { tiers, tiering },
        _ => Base::ByVolume { tiers, tiering },
    });
    let bounds = (prop::option::of(0..500_u64), prop::option::of(500..5_000_u64));
    let rounding = prop_oneof![
        Just(Rounding::HalfUp),
        Just(Rounding::HalfEven),
        Just(Rounding::Floor),
        Just(Rounding::Ceiling)
    ];
    let side = prop_oneof![Just(Side::Deducted), Just(Side::Added)];
    (base, bounds, side, rounding).prop_map(|(base, (floor, cap), side, rounding)| Terms {
        base,
        floor,
        cap,
        side,
        rounding,
    })
}

proptest! {
    /// Floor and cap hold, and what is deducted is never more than there is.
    #[test]
    fn bounds_hold(terms in any_terms(), amount in 0..=MINOR_MAX, volume in 0..=MINOR_MAX) {
        if let Some(fee) = terms.fee(amount, volume) {
            prop_assert!(terms.cap.is_none_or(|cap| fee <= cap));
            match terms.side {
                Side::Deducted => prop_assert!(fee <= amount),
                Side::Added => prop_assert!(amount == 0 || terms.floor.is_none_or(|floor| fee >= floor)),
            }
        }
    }

    /// No number wraps: an answer, or none.
    #[test]
    fn extremes_do_not_wrap(terms in any_terms(), amount in any::<u64>(), volume in any::<u64>()) {
        let _fee = terms.fee(amount, volume);
    }

    /// More costs no less, where no tier makes the whole cheaper.
    #[test]
    fn more_costs_no_less(ppm in 0..=1_000_000_u64, a in 0..1_000_000_000_u64, b in 0..1_000_000_000_u64) {
        let terms = Terms { floor: Some(5), cap: Some(100_000), ..flat(ppm, 3) };
        let (less, more) = (a.min(b), a.max(b));
        prop_assert!(terms.fee(less, 0) <= terms.fee(more, 0));
    }

    /// A month in marginal tiers by volume costs the same however it is cut into trades, but for the
    /// rounding of each.
    #[test]
    fn marginal_volume_does_not_care_for_the_cut(cuts in prop::collection::vec(1..5_000_000_u64, 1..20)) {
        let rows = &[(0, 6_000, 0), (1_000_000, 5_000, 0), (10_000_000, 3_000, 0)];
        let terms = by_volume(Tiering::Marginal, rows);
        let total: u64 = cuts.iter().sum();
        let (mut volume, mut fees) = (0, 0);
        for cut in &cuts {
            fees += terms.fee(*cut, volume).unwrap();
            volume += cut;
        }
        let whole = terms.fee(total, 0).unwrap();
        prop_assert!(fees.abs_diff(whole) <= u64::try_from(cuts.len()).unwrap());
    }

    /// Whatever the parts and their order, the whole refund gives back the whole fee, and no part of
    /// it is negative.
    #[test]
    fn refunds_add_up(
        amount in 1..1_000_000_000_000_u64,
        fee in 0..1_000_000_000_u64,
        cuts in prop::collection::vec(1..1_000_u64, 1..30),
    ) {
        let total: u64 = cuts.iter().sum();
        let (mut before, mut back) = (0, 0);
        for (n, cut) in (1..).zip(&cuts) {
            let last = n == cuts.len();
            let part = if last { amount - before } else { amount / total * cut };
            let whole = (fen(fee), fen(amount));
            let returned = fee_returned(whole, fen(part), fen(before), FeeOnRefund::Returned);
            back += returned.unwrap().minor();
            before += part;
        }
        prop_assert_eq!(before, amount);
        prop_assert_eq!(back, fee);
    }

    /// The parts give the whole, none of nothing gets something, and the order plays no part.
    #[test]
    fn splits_add_up(minor in 0..=MINOR_MAX, weights in prop::collection::vec(0..=u64::MAX, 1..12)) {
        prop_assume!(weights.iter().any(|weight| *weight > 0));
        let shares: Vec<(usize, u64)> = weights.iter().copied().enumerate().collect();
        let parts = split(fen(minor), &shares).unwrap();
        let sum: u128 = parts.iter().map(|part| u128::from(part.minor())).sum();
        prop_assert_eq!(sum, u128::from(minor));
        prop_assert!(parts.iter().zip(&weights).all(|(part, weight)| *weight > 0 || part.is_zero()));
        let backwards: Vec<_> = shares.iter().rev().copied().collect();
        let mut again = split(fen(minor), &backwards).unwrap();
        again.reverse();
        prop_assert_eq!(parts, again);
    }

    /// Merchant's fee = levels + platform + channel, to the last minor unit.
    #[test]
    fn commission_adds_up(amount in 0..1_000_000_000_000_u64, prices in prop::collection::vec(0..20_000_u64, 2..8)) {
        let mut prices = prices;
        prices.sort_unstable_by(|a, b| b.cmp(a));
        let terms: Vec<Terms> = prices.iter().map(|ppm| flat(*ppm, 0)).collect();
        let (merchant, rest) = terms.split_first().unwrap();
        let (cost, levels) = rest.split_last().unwrap();
        let shares = commission::shares(fen(amount), merchant, levels, cost).unwrap();
        let sum: u64 = shares.levels.iter().map(|level| level.minor()).sum();
        prop_assert_eq!(sum + shares.platform.minor() + shares.channel.minor(), shares.fee.minor());
    }
}
