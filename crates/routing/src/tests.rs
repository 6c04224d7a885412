//! Each rule and filter by tables; what must hold for all states by properties.

use std::collections::{BTreeMap, BTreeSet};

use ids::{ChannelAccountId, ChannelCode, IdSource, MerchantId, OrderId};
use jiff::civil::{Date, DateTime, Time, Weekday, date, time};
use money::{Amount, Currency};
use proptest::prelude::*;

use crate::*;

fn account(n: i64) -> ChannelAccountId {
    ChannelAccountId::from_i64(n).unwrap()
}

fn merchant(n: i64) -> MerchantId {
    MerchantId::from_i64(n).unwrap()
}

fn fen(minor: u64) -> Amount {
    Amount::new(minor, Currency::Cny).unwrap()
}

/// A Friday, at noon.
fn noon() -> DateTime {
    date(2026, 11, 20).to_datetime(time(12, 0, 0, 0))
}

fn request(n: i64, minor: u64) -> Request {
    Request {
        order: OrderId::from_i64(n).unwrap(),
        merchant: merchant(1),
        store: None,
        terminal: None,
        tender: ChannelCode::parse("alipay").unwrap(),
        direction: Direction::MerchantScans,
        amount: fen(minor),
        at: noon(),
        payer_bank: None,
        card: None,
    }
}

fn candidate(n: i64) -> Candidate {
    Candidate {
        account: account(n),
        cost: None,
        limits: Limits::default(),
        usage: Usage::default(),
        share: SHARE_FULL,
        success: SHARE_FULL,
    }
}

fn all() -> Vec<Candidate> {
    (1..=3).map(candidate).collect()
}

fn known() -> BTreeSet<ChannelAccountId> {
    (1..=9).map(account).collect()
}

fn rule(id: &str, when: When, action: Action) -> Rule {
    Rule { id: id.to_owned(), when, action }
}

fn set(rules: Vec<Rule>) -> RuleSet {
    RuleSet::new(7, rules, &known()).unwrap()
}

fn always(action: Action) -> RuleSet {
    set(vec![rule("all", When::default(), action)])
}

fn tries(rules: &RuleSet, request: &Request, candidates: &[Candidate]) -> Vec<i64> {
    decide(rules, request, candidates).tries().map(ChannelAccountId::to_i64).collect()
}

#[test]
fn the_first_rule_that_fits_decides() {
    let merchants = Some(BTreeSet::from([merchant(1)]));
    let big = When { amount: Some((100_000, u64::MAX)), ..When::default() };
    let night = When { time: Some((time(22, 0, 0, 0), time(6, 0, 0, 0))), ..When::default() };
    let weekend =
        When { weekdays: Some(vec![Weekday::Saturday, Weekday::Sunday]), ..When::default() };
    let festival = When { dates: Some((date(2026, 2, 17), date(2026, 2, 23))), ..When::default() };
    let wechat = When { tender: Some(ChannelCode::parse("wechat").unwrap()), ..When::default() };
    let credit = When { card: Some(CardType::Credit), ..When::default() };
    let bank = When { payer_bank: Some("ICBC".to_owned()), ..When::default() };
    let plate =
        When { terminals: Some(BTreeSet::from(["qr_plate".to_owned()])), ..When::default() };
    let fixed = |n| Action::Fixed(account(n));
    let rules = set(vec![
        rule("big", big, fixed(1)),
        rule("night", night, fixed(2)),
        rule("weekend", weekend, fixed(3)),
        rule("festival", festival, fixed(4)),
        rule("wechat", wechat, fixed(5)),
        rule("credit", credit, fixed(6)),
        rule("bank", bank, fixed(7)),
        rule("plate", plate, fixed(8)),
        rule("merchant", When { merchants, ..When::default() }, fixed(9)),
        rule("rest", When::default(), Action::Cheapest),
    ]);
    let with = |change: fn(&mut Request)| {
        let mut request = request(1, 100);
        change(&mut request);
        request
    };
    let at = |date: Date, time: Time| move |r: &mut Request| r.at = date.to_datetime(time);
    let on = |date, time| {
        let mut request = request(1, 100);
        at(date, time)(&mut request);
        request
    };
    let friday = date(2026, 11, 20);
    for (request, expected) in [
        (with(|_| ()), "merchant"),
        (with(|r| r.amount = Amount::new(99_999, Currency::Cny).unwrap()), "merchant"),
        (with(|r| r.amount = Amount::new(100_000, Currency::Cny).unwrap()), "big"),
        (on(friday, time(21, 59, 59, 0)), "merchant"),
        (on(friday, time(22, 0, 0, 0)), "night"),
        (on(friday, time(5, 59, 59, 0)), "night"),
        (on(friday, time(6, 0, 0, 0)), "merchant"),
        (on(date(2026, 11, 21), time(12, 0, 0, 0)), "weekend"),
        (on(date(2026, 2, 16), time(12, 0, 0, 0)), "merchant"),
        (on(date(2026, 2, 17), time(12, 0, 0, 0)), "festival"),
        (on(date(2026, 2, 23), time(12, 0, 0, 0)), "festival"),
        (with(|r| r.tender = ChannelCode::parse("wechat").unwrap()), "wechat"),
        (with(|r| r.card = Some(CardType::Credit)), "credit"),
        (with(|r| r.card = Some(CardType::Debit)), "merchant"),
        (with(|r| r.payer_bank = Some("ICBC".to_owned())), "bank"),
        (with(|r| r.terminal = Some("qr_plate".to_owned())), "plate"),
        (with(|r| r.merchant = MerchantId::from_i64(2).unwrap()), "rest"),
    ] {
        let decision = decide(&rules, &request, &all());
        assert_eq!(decision.rule.as_deref(), Some(expected), "{request:?}");
        assert_eq!(decision.version, 7);
    }
}

#[test]
fn no_rule_no_account() {
    let card = When { direction: Some(Direction::Card), ..When::default() };
    let decision = decide(&set(vec![rule("card", card, Action::Cheapest)]), &request(1, 1), &all());
    assert_eq!((decision.rule, decision.verdicts), (None, vec![]));
}

#[test]
fn actions_rank() {
    let costs = [(1, Some(30)), (2, None), (3, Some(20))];
    let priced: Vec<Candidate> =
        costs.iter().map(|(n, cost)| Candidate { cost: *cost, ..candidate(*n) }).collect();
    let health = [(1, 1_000, 900), (2, 1_000, 950), (3, 500, 1_000)];
    let ailing: Vec<Candidate> = health
        .iter()
        .map(|(n, share, success)| Candidate { share: *share, success: *success, ..candidate(*n) })
        .collect();
    assert_eq!(tries(&always(Action::Fixed(account(2))), &request(1, 1), &all()), [2]);
    let list = Action::Priority(vec![account(3), account(1)]);
    assert_eq!(tries(&always(list), &request(1, 1), &all()), [3, 1]);
    assert_eq!(tries(&always(Action::Cheapest), &request(1, 1), &priced), [3, 1, 2]);
    assert_eq!(tries(&always(Action::Cheapest), &request(1, 1), &all()), [1, 2, 3], "by id");
    let healthiest = tries(&always(Action::Healthiest), &request(1, 1), &ailing);
    assert_eq!(healthiest[..2], [2, 1]);
    let one = Action::Split(vec![(account(1), 0), (account(2), 5)]);
    assert_eq!(tries(&always(one), &request(1, 1), &all()), [2], "no weight, no turn");
}

#[test]
fn verdicts_say_why() {
    let list = Action::Priority((1..=6).map(account).collect());
    let limited = Limits { trade_max: Some(99), ..Limits::default() };
    let candidates = vec![
        Candidate { limits: limited, ..candidate(2) },
        Candidate { share: 0, ..candidate(3) },
        candidate(4),
        Candidate { share: 1, ..candidate(5) },
        candidate(6),
    ];
    let decision = decide(&always(list), &request(1, 100), &candidates);
    let verdicts: Vec<(i64, &str)> =
        decision.verdicts.iter().map(|(a, v)| (a.to_i64(), v.code())).collect();
    assert_eq!(
        verdicts,
        [
            (1, "not_open"),
            (2, "trade_max"),
            (3, "unhealthy"),
            (4, "tried"),
            (5, "recovering"),
            (6, "tried")
        ]
    );
    assert_eq!(decision.verdicts[5].1, Verdict::Tried(2));
    for (_, verdict) in &decision.verdicts {
        let (english, chinese) = verdict.text();
        assert!(!english.is_empty() && !chinese.is_empty());
    }
}

#[test]
fn sets_are_refused_in_order() {
    let fixed = |n| Action::Fixed(account(n));
    let rest = |id: &str| rule(id, When::default(), fixed(1));
    let nobody = When { merchants: Some(BTreeSet::new()), ..When::default() };
    let upside_down = When { amount: Some((2, 1)), ..When::default() };
    let never = When { time: Some((time(1, 0, 0, 0), time(1, 0, 0, 0))), ..When::default() };
    let cases = [
        (vec![], "rule_count"),
        (vec![rest("a"); RULES_MAX + 1], "rule_count"),
        (vec![rule("a", nobody.clone(), fixed(1)), rest("b")], "impossible"),
        (vec![rule("a", upside_down, fixed(1))], "impossible"),
        (vec![rule("a", never, fixed(1))], "impossible"),
        (vec![rule("a", nobody, Action::Priority(vec![]))], "impossible"),
        (vec![rule("a", When::default(), Action::Priority(vec![]))], "target_count"),
        (
            vec![rule("a", When::default(), Action::Priority(vec![account(1); 2]))],
            "duplicate_target",
        ),
        (vec![rule("a", When::default(), Action::Split(vec![(account(1), 0)]))], "no_weight"),
        (vec![rule("a", When::default(), fixed(10))], "unknown_account"),
        (vec![rest("a"), rest("a")], "duplicate_id"),
        (vec![rest("a"), rest("b")], "unreachable"),
    ];
    for (rules, code) in cases {
        assert_eq!(RuleSet::new(1, rules, &known()).unwrap_err().code(), code);
    }
}

/// Percentage points of a hundred thousand decisions.
#[test]
fn weights_are_hit_within_one_in_a_hundred() {
    const DECISIONS: u32 = 100_000;
    let weights = [(1, 50), (2, 30), (3, 20)];
    let shares = weights.iter().map(|(n, weight)| (account(*n), *weight)).collect();
    let rules = always(Action::Split(shares));
    let ids = IdSource::new(3).unwrap();
    let mut hits: BTreeMap<i64, u32> = BTreeMap::new();
    for n in 0..DECISIONS {
        let order = OrderId::generate(&ids, 1_800_000_000_000 + i64::from(n / 50));
        let request = Request { order, ..request(1, 1) };
        *hits.entry(tries(&rules, &request, &all())[0]).or_default() += 1;
    }
    for (n, weight) in weights {
        let expected = DECISIONS * weight / 100;
        let off = hits[&n].abs_diff(expected);
        assert!(off <= DECISIONS / 100, "account {n}: {} of {expected}", hits[&n]);
    }
}

#[test]
fn limits_hold_to_the_last_fen() {
    let day = date(2026, 11, 20);
    let cap = |amount, count| Cap { amount: Some(amount), count: Some(count) };
    let limits = Limits {
        trade_min: Some(10),
        trade_max: Some(500),
        day: cap(1_000, 3),
        month: cap(1_600, 100),
        total: cap(1_800, 100),
    };
    let take = |usage: Usage, amount, day| usage.reserve(&limits, amount, day);
    let empty = Usage::default();
    assert_eq!(take(empty, 9, day), Err(LimitHit::TradeMin));
    assert_eq!(take(empty, 501, day), Err(LimitHit::TradeMax));
    let two = take(take(empty, 500, day).unwrap(), 500, day).unwrap();
    assert_eq!(two.of_day(day), (1_000, 2));
    assert_eq!(take(two, 10, day), Err(LimitHit::Day));
    // What took no money is free again.
    let one = two.release(500, day);
    assert_eq!(take(one, 500, day).unwrap(), two);
    let many = take(take(one, 10, day).unwrap(), 10, day).unwrap();
    assert_eq!(take(many, 10, day), Err(LimitHit::Day), "by count");
    // The next day of the month, and the next month.
    let tomorrow = date(2026, 11, 21);
    let more = take(two, 500, tomorrow).unwrap();
    assert_eq!(take(more, 101, tomorrow), Err(LimitHit::Month));
    let december = date(2026, 12, 1);
    assert_eq!(take(more, 301, december), Err(LimitHit::Total));
    let last = take(more, 300, december).unwrap();
    assert_eq!((last.of_day(december), last.in_all()), ((300, 1), (1_800, 4)));
    // A trade of yesterday that failed gives back of the whole, not of today.
    let back = more.release(500, day);
    assert_eq!((back.of_day(tomorrow), back.in_all()), ((500, 1), (1_000, 2)));
    // One that comes over the cut counts on the day that is open.
    let late = take(more, 100, day).unwrap();
    assert_eq!(late.of_day(tomorrow), (600, 2));
}

/// Seconds, what is recorded (`+` answered, `-` failed), and the share afterwards.
fn story(rows: &[(i64, &str, u32)]) {
    let mut health = Health::default();
    for (second, calls, share) in rows {
        for call in calls.chars() {
            let answered = Outcome::Answered { ms: 100 };
            health.record(*second, if call == '+' { answered } else { Outcome::Failed });
        }
        assert_eq!(health.share(*second), *share, "second {second}: {health:?}");
    }
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
}

#[test]
fn few_or_old_failures_say_nothing() {
    story(&[(0, "----", 1_000), (11, "----", 1_000), (12, "++++++", 1_000), (13, "-", 1_000)]);
    let mut health = Health::default();
    health.record(100, Outcome::Answered { ms: 100 });
    health.record(101, Outcome::Answered { ms: 300 });
    health.record(101, Outcome::Failed);
    assert_eq!((health.latency_ms(101), health.success(101)), (Some(200), 666));
    assert_eq!((health.latency_ms(120), health.success(120)), (None, 1_000));
}

/// A dead channel under a steady stream: within ten seconds it gets nothing.
#[test]
fn ten_seconds_are_enough() {
    let mut health = Health::default();
    for second in 0..100 {
        for _ in 0..5 {
            health.record(second, Outcome::Answered { ms: 50 });
        }
    }
    let mut calls = 0;
    for second in 100..110 {
        for _ in 0..5 {
            if health.share(second) > 0 {
                health.record(second, Outcome::Failed);
                calls += 1;
            }
        }
    }
    assert_eq!(health.share(110 - 1), 0);
    assert!(calls <= 30, "{calls} calls to a dead channel");
}

#[test]
fn only_who_surely_took_nothing_is_followed() {
    for (attempted, expected) in [
        (Attempted::NotSent, "allowed"),
        (Attempted::RefusedByChannel, "allowed"),
        (Attempted::PayerRefused, "pointless"),
        (Attempted::Paid, "forbidden"),
        (Attempted::Unknown, "forbidden"),
    ] {
        assert_eq!(failover(attempted).code(), expected, "{attempted:?}");
    }
}

#[test]
fn a_dry_run_says_what_moves() {
    let past = |n, minor, costs: [u64; 2]| {
        let [a, b] = costs.map(Some);
        let candidates =
            vec![Candidate { cost: a, ..candidate(1) }, Candidate { cost: b, ..candidate(2) }];
        Past { request: request(n, minor), candidates }
    };
    let day = [past(1, 1_000, [6, 4]), past(2, 2_000, [6, 8]), past(3, 50, [1, 1])];
    let report = dry_run(&always(Action::Fixed(account(1))), &always(Action::Cheapest), &day);
    let flow = |count, amount, cost| Flow { count, amount, cost };
    assert_eq!(report.moved, flow(1, 1_000, 4));
    assert_eq!((report.all.before, report.all.after), (flow(3, 3_050, 13), flow(3, 3_050, 11)));
    let first = report.accounts[&Some(account(1))];
    assert_eq!((first.before, first.after), (flow(3, 3_050, 13), flow(2, 2_050, 7)));
    let second = report.accounts[&Some(account(2))];
    assert_eq!((second.before, second.after), (Flow::default(), flow(1, 1_000, 4)));
    let nowhere = dry_run(&always(Action::Fixed(account(3))), &always(Action::Cheapest), &day);
    assert_eq!(nowhere.accounts[&None].before.count, 3);
}

fn any_candidates() -> impl Strategy<Value = Vec<Candidate>> {
    let one = (
        prop::option::of(0..100_u64),
        0..=SHARE_FULL,
        0..=SHARE_FULL,
        prop::option::of(1..200_u64),
    );
    prop::collection::vec(one, 0..9).prop_map(|rows| {
        (1..)
            .zip(rows)
            .map(|(n, (cost, share, success, max))| {
                let limits = Limits { trade_max: max, ..Limits::default() };
                Candidate { cost, share, success, limits, ..candidate(n) }
            })
            .collect()
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
        let decision = decide(&rules, &request, &candidates);
        let tried: Vec<_> = decision.tries().collect();
        prop_assert_eq!(tried.iter().collect::<BTreeSet<_>>().len(), tried.len());
        for account in &tried {
            let candidate = candidates.iter().find(|c| c.account == *account).unwrap();
            prop_assert!(candidate.share > 0);
            prop_assert!(candidate.limits.trade_max.is_none_or(|max| minor <= max));
        }
        let mut backwards = candidates.clone();
        backwards.reverse();
        prop_assert_eq!(decide(&rules, &request, &backwards), decision);
    }

    /// Reserving and giving back in any order: no limit is ever exceeded, and what is counted is what
    /// is reserved.
    #[test]
    fn limits_are_never_exceeded(
        steps in prop::collection::vec((any::<bool>(), 1..500_u64), 1..200),
        most in 500..5_000_u64,
        trades in 1..20_u64,
    ) {
        let day = date(2026, 11, 20);
        let cap = Cap { amount: Some(most), count: Some(trades) };
        let limits = Limits { day: cap, ..Limits::default() };
        let (mut usage, mut open) = (Usage::default(), Vec::new());
        for (take, amount) in steps {
            if take {
                if let Ok(next) = usage.reserve(&limits, amount, day) {
                    usage = next;
                    open.push(amount);
                }
            } else if let Some(amount) = open.pop() {
                usage = usage.release(amount, day);
            }
            let (sum, count) = usage.of_day(day);
            prop_assert!(sum <= most && count <= trades);
            prop_assert_eq!((sum, count), (open.iter().sum::<u64>(), u64::try_from(open.len()).unwrap()));
        }
    }

    /// Whatever happens, shares are within bounds and a rest always ends.
    #[test]
    fn every_rest_ends(calls in prop::collection::vec((0..5_i64, any::<bool>()), 0..200)) {
        let (mut health, mut second) = (Health::default(), 0);
        for (wait, good) in calls {
            second += wait;
            let outcome = if good { Outcome::Answered { ms: 1 } } else { Outcome::Failed };
            health.record(second, outcome);
            prop_assert!(health.share(second) <= SHARE_FULL);
        }
        prop_assert!(health.share(second + 61) > 0);
    }
}
