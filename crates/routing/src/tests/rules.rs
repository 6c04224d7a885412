//! Which rule fits, and which sets are refused.

use super::*;
use crate::when::Moment;

fn fixed(n: i64) -> Action {
    Action::Fixed(account(n))
}

fn stores(n: i64) -> Option<BTreeSet<StoreId>> {
    Some(BTreeSet::from([StoreId::from_i64(n).unwrap()]))
}

/// Nine rules with one condition each, one for a merchant, and one for all.
fn one_of_each() -> RuleSet {
    let when = When::default;
    let merchants = Some(BTreeSet::from([merchant(1)]));
    let weekend = Some(vec![Weekday::Saturday, Weekday::Sunday]);
    let plate = Some(BTreeSet::from(["qr_plate".to_owned()]));
    let night = Some((time(22, 0, 0, 0), time(6, 0, 0, 0)));
    let big = Some((fen(100_000), fen(money::MINOR_MAX)));
    set(vec![
        rule("big", When { amount: big, ..when() }, fixed(1)),
        rule("night", When { time: night, ..when() }, fixed(2)),
        rule("weekend", When { weekdays: weekend, ..when() }, fixed(3)),
        rule(
            "festival",
            When { dates: Some((date(2026, 2, 17), date(2026, 2, 23))), ..when() },
            fixed(4),
        ),
        rule("wechat", When { tender: Some(channel("wechat")), ..when() }, fixed(5)),
        rule("credit", When { card: Some(CardType::Credit), ..when() }, fixed(6)),
        rule("bank", When { payer_bank: Some("ICBC".to_owned()), ..when() }, fixed(7)),
        rule("plate", When { terminals: plate, ..when() }, fixed(8)),
        rule("web", When { direction: Some(Direction::Web), ..when() }, fixed(8)),
        rule("store", When { stores: stores(4), ..when() }, fixed(8)),
        rule("merchant", When { merchants, ..when() }, fixed(9)),
        rule("rest", when(), Action::Cheapest),
    ])
}

fn check(change: impl FnOnce(&mut Request), expected: &str) {
    let mut request = request(1, 100);
    change(&mut request);
    let decision = crate::decide(&one_of_each(), &request, &all());
    assert_eq!(decision.rule.as_deref(), Some(expected), "{request:?}");
    assert_eq!(decision.version, 7);
}

#[test]
fn the_first_rule_that_fits_decides() {
    check(|_| (), "merchant");
    check(|r| r.tender = channel("wechat"), "wechat");
    check(|r| r.card = Some(CardType::Credit), "credit");
    check(|r| r.card = Some(CardType::Debit), "merchant");
    check(|r| r.payer_bank = Some("ICBC".to_owned()), "bank");
    check(|r| r.payer_bank = Some("icbc".to_owned()), "merchant");
    check(|r| r.terminal = Some("qr_plate".to_owned()), "plate");
    check(|r| r.terminal = Some("smart_pos".to_owned()), "merchant");
    check(|r| r.direction = Direction::Web, "web");
    check(|r| r.store = Some(StoreId::from_i64(4).unwrap()), "store");
    check(|r| r.store = Some(StoreId::from_i64(5).unwrap()), "merchant");
    check(|r| r.merchant = merchant(2), "rest");
}

#[test]
fn both_ends_of_an_amount_count_and_another_currency_does_not() {
    check(|r| r.amount = fen(99_999), "merchant");
    check(|r| r.amount = fen(100_000), "big");
    check(|r| r.amount = fen(money::MINOR_MAX), "big");
    check(|r| r.amount = yen(100_000), "merchant");
}

#[test]
fn times_and_dates_are_of_the_payment() {
    for (day, time, expected) in [
        (friday(), time(21, 59, 59, 999_999_999), "merchant"),
        (friday(), time(22, 0, 0, 0), "night"),
        (friday(), time(0, 0, 0, 0), "night"),
        (friday(), time(5, 59, 59, 0), "night"),
        (friday(), time(6, 0, 0, 0), "merchant"),
        (date(2026, 11, 21), time(12, 0, 0, 0), "weekend"),
        (date(2026, 11, 22), time(12, 0, 0, 0), "weekend"),
        (date(2026, 11, 23), time(12, 0, 0, 0), "merchant"),
        (date(2026, 2, 16), time(12, 0, 0, 0), "merchant"),
        (date(2026, 2, 17), time(12, 0, 0, 0), "festival"),
        (date(2026, 2, 23), time(12, 0, 0, 0), "festival"),
        (date(2026, 2, 24), time(12, 0, 0, 0), "merchant"),
    ] {
        check(|r| r.at = day.to_datetime(time), expected);
    }
}

/// The day begins at sixteen o'clock UTC.
#[test]
fn midnight_is_chinas() {
    for (utc, expected) in [
        ("2026-11-20T15:59:59Z", "2026-11-20T23:59:59"),
        ("2026-11-20T16:00:00Z", "2026-11-21T00:00:00"),
        ("2026-12-31T16:00:00Z", "2027-01-01T00:00:00"),
    ] {
        assert_eq!(china(utc.parse().unwrap()).to_string(), expected, "{utc}");
    }
}

/// The index by merchants changes nothing about the order.
#[test]
fn a_rule_for_all_before_a_merchants_own_comes_first() {
    let own = |n| When { merchants: Some(BTreeSet::from([merchant(n)])), ..When::default() };
    let small = When { amount: Some((fen(0), fen(10))), ..When::default() };
    let rules = set(vec![
        rule("second's", own(2), fixed(1)),
        rule("small", small, fixed(2)),
        rule("first's", own(1), fixed(3)),
        rule("rest", When::default(), fixed(4)),
    ]);
    for (who, minor, expected) in [
        (1, 5, "small"),
        (1, 50, "first's"),
        (2, 5, "second's"),
        (2, 50, "second's"),
        (3, 5, "small"),
        (3, 50, "rest"),
    ] {
        let request = Request { merchant: merchant(who), ..request(1, minor) };
        let found = rules.rule_for(&request).map(|rule| rule.id.as_str());
        assert_eq!(found, Some(expected), "merchant {who}, {minor} fen");
    }
}

fn refused(rules: Vec<Rule>, code: &str) {
    let refusal = RuleSet::new(1, rules, &known()).unwrap_err();
    assert_eq!(refusal.code(), code, "{refusal}");
}

fn refused_when(when: When, code: &str) {
    refused(vec![rule("a", when, fixed(1))], code);
}

/// Each case has the faults that come after its own as well, where that can be.
#[test]
fn sets_are_refused_in_order() {
    let nobody = || When { merchants: Some(BTreeSet::new()), ..When::default() };
    let crowd: BTreeSet<_> = (0..=1_000).map(merchant).collect();
    let crowd = When { merchants: Some(crowd), terminals: Some(BTreeSet::new()), ..nobody() };
    let many = || (1..=65).map(account).collect();
    let free = |action| rule("a", When::default(), action);
    refused(vec![], "rule_count");
    refused(vec![rule("", nobody(), fixed(10)); RULES_MAX + 1], "rule_count");
    refused(vec![rule("", nobody(), fixed(10))], "rule_id");
    refused(vec![rule(&"x".repeat(65), nobody(), fixed(10))], "rule_id");
    refused(vec![free(fixed(1)), rule("a", nobody(), fixed(10))], "duplicate_id");
    refused(vec![rule("a", crowd, fixed(10))], "condition_size");
    refused(vec![rule("a", nobody(), Action::Priority(vec![]))], "impossible");
    refused(vec![free(Action::Priority(vec![]))], "target_count");
    refused(vec![free(Action::Split(vec![]))], "target_count");
    refused(vec![free(Action::Priority(many()))], "target_count");
    refused(vec![free(Action::Priority(vec![account(10); 2]))], "duplicate_target");
    refused(vec![free(Action::Split(vec![(account(1), 0), (account(1), 0)]))], "duplicate_target");
    refused(vec![free(Action::Split(vec![(account(10), 0)]))], "no_weight");
    refused(vec![free(fixed(10))], "unknown_account");
    refused(vec![free(fixed(1)), rule("b", When::default(), fixed(10))], "unknown_account");
    refused(vec![free(fixed(1)), rule("b", When::default(), fixed(2))], "unreachable");
}

#[test]
fn what_nothing_can_meet() {
    let when = When::default;
    let saturday = Some(vec![Weekday::Saturday]);
    let weekdays = |days| When { weekdays: Some(days), ..when() };
    refused_when(When { merchants: Some(BTreeSet::new()), ..when() }, "impossible");
    refused_when(When { stores: Some(BTreeSet::new()), ..when() }, "impossible");
    refused_when(When { terminals: Some(BTreeSet::new()), ..when() }, "impossible");
    refused_when(weekdays(vec![]), "impossible");
    refused_when(weekdays(vec![Weekday::Friday; 8]), "condition_size");
    refused_when(When { amount: Some((fen(2), fen(1))), ..when() }, "impossible");
    refused_when(When { amount: Some((fen(1), yen(2))), ..when() }, "impossible");
    let one = time(1, 0, 0, 0);
    refused_when(When { time: Some((one, one)), ..when() }, "impossible");
    refused_when(
        When { dates: Some((date(2026, 2, 2), date(2026, 2, 1))), ..when() },
        "impossible",
    );
    // Monday to Friday, and Saturdays only.
    let week = Some((date(2026, 11, 16), friday()));
    refused_when(When { dates: week, weekdays: saturday.clone(), ..when() }, "impossible");
    let longer = Some((date(2026, 11, 16), date(2026, 11, 21)));
    set(vec![rule("a", When { dates: longer, weekdays: saturday, ..when() }, fixed(1))]);
    // The last day there is.
    let end = Some((Date::MAX, Date::MAX));
    set(vec![rule(
        "a",
        When { dates: end, weekdays: Some(vec![Date::MAX.weekday()]), ..when() },
        fixed(1),
    )]);
}

/// `wide` before `narrow`: is the second ever reached?
fn covered(wide: When, narrow: When, expected: bool) {
    let rules = vec![rule("wide", wide, fixed(1)), rule("narrow", narrow, fixed(2))];
    let made = RuleSet::new(1, rules.clone(), &known());
    let by = ("narrow".to_owned(), "wide".to_owned());
    let refusal = RuleSetRefusal::Unreachable { rule: by.0, by: by.1 };
    assert_eq!(made.err(), expected.then_some(refusal), "{rules:?}");
}

#[test]
fn a_rule_behind_a_wider_one_is_never_reached() {
    let when = When::default;
    let amount = |from, to| When { amount: Some((fen(from), fen(to))), ..when() };
    let hours = |a, b| When { time: Some((time(a, 0, 0, 0), time(b, 0, 0, 0))), ..when() };
    let dates = |a, b| When { dates: Some((date(2026, 1, a), date(2026, 1, b))), ..when() };
    let days = |days: &[Weekday]| When { weekdays: Some(days.to_vec()), ..when() };
    let who = |ids: &[i64]| When {
        merchants: Some(ids.iter().map(|n| merchant(*n)).collect()),
        ..when()
    };
    covered(when(), amount(1, 2), true);
    covered(amount(1, 2), when(), false);
    covered(amount(1, 10), amount(1, 10), true);
    covered(amount(1, 10), amount(2, 9), true);
    covered(amount(1, 10), amount(2, 11), false);
    covered(amount(1, 10), When { amount: Some((yen(2), yen(9))), ..when() }, false);
    covered(hours(8, 20), hours(9, 20), true);
    covered(hours(8, 20), hours(7, 20), false);
    covered(hours(22, 6), hours(22, 6), true);
    covered(hours(8, 20), hours(10, 9), false);
    covered(dates(1, 31), dates(2, 3), true);
    covered(dates(2, 31), dates(1, 3), false);
    covered(days(&[Weekday::Friday, Weekday::Monday]), days(&[Weekday::Monday]), true);
    covered(days(&[Weekday::Monday]), days(&[Weekday::Friday, Weekday::Monday]), false);
    covered(who(&[1, 2]), who(&[2]), true);
    covered(who(&[1, 2]), who(&[2, 3]), false);
    covered(who(&[1, 2]), When { card: Some(CardType::Debit), ..who(&[1]) }, true);
    covered(When { card: Some(CardType::Debit), ..when() }, who(&[1]), false);
    covered(When { stores: stores(1), ..when() }, When { stores: stores(1), ..who(&[1]) }, true);
}

fn any_when() -> impl Strategy<Value = When> {
    let ids = prop::option::of(prop::collection::btree_set(1..4_i64, 1..3));
    let amount = prop::option::of((0..4_u64, 0..4_u64));
    let hours = prop::option::of((0..6_i8, 0..6_i8));
    let dates = prop::option::of((1..5_i8, 1..5_i8));
    let days = prop::option::of(prop::sample::subsequence(
        vec![Weekday::Sunday, Weekday::Monday, Weekday::Tuesday],
        1..3,
    ));
    let card = prop::option::of(prop::sample::select(vec![CardType::Debit, CardType::Credit]));
    (ids, amount, hours, dates, days, card).prop_map(|(ids, amount, hours, dates, days, card)| {
        When {
            merchants: ids.map(|ids| ids.into_iter().map(merchant).collect()),
            amount: amount.map(|(a, b)| (fen(a), fen(b))),
            time: hours.map(|(a, b)| (time(a, 0, 0, 0), time(b, 0, 0, 0))),
            dates: dates.map(|(a, b)| (date(2026, 11, a), date(2026, 11, b))),
            weekdays: days,
            card,
            ..When::default()
        }
    })
}

fn any_small_request() -> impl Strategy<Value = Request> {
    let card = prop::option::of(prop::sample::select(vec![CardType::Debit, CardType::Credit]));
    (1..4_i64, 0..4_u64, 0..6_i8, 1..5_i8, card).prop_map(|(who, minor, hour, day, card)| {
        let at = date(2026, 11, day).to_datetime(time(hour, 30, 0, 0));
        Request { merchant: merchant(who), at, card, ..request(1, minor) }
    })
}

proptest! {
    /// What is called impossible is met by no payment, and what is called covered is: no fair rule
    /// is ever refused.
    #[test]
    fn refusals_of_conditions_are_true(
        first in any_when(),
        second in any_when(),
        request in any_small_request(),
    ) {
        if first.is_impossible() {
            prop_assert!(!first.fits(&request, &Moment::of(&request)));
        }
        if first.covers(&second) && second.fits(&request, &Moment::of(&request)) {
            prop_assert!(first.fits(&request, &Moment::of(&request)), "{:?}\n{:?}", first, second);
        }
    }

    /// The index finds what a plain reading from the first to the last finds.
    #[test]
    fn the_index_reads_as_the_list_does(
        whens in prop::collection::vec(any_when(), 1..20),
        requests in prop::collection::vec(any_small_request(), 1..20),
    ) {
        let mut rules: Vec<Rule> = Vec::new();
        for (n, when) in whens.into_iter().enumerate() {
            let fair = !when.is_impossible() && !rules.iter().any(|r| r.when.covers(&when));
            if fair {
                rules.push(rule(&n.to_string(), when, fixed(1)));
            }
        }
        prop_assume!(!rules.is_empty());
        let set = set(rules.clone());
        prop_assert_eq!(set.rules(), &rules[..]);
        for request in requests {
            let plain = rules.iter().find(|rule| rule.when.fits(&request, &Moment::of(&request)));
            prop_assert_eq!(set.rule_for(&request), plain);
        }
    }
}
