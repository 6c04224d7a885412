//! Limits of refunds, and: whatever is called in whatever order, no money is made.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

fn party() -> Party {
    Party { mchid: "1900000101".to_owned(), sub_mchid: None }
}

fn key(no: &str) -> OrderKey {
    (party(), no.to_owned())
}

fn amount(minor: u64) -> Amount {
    Amount::new(minor, Currency::Cny).unwrap()
}

fn terms(kind: Kind, total: u64) -> Terms {
    Terms {
        kind,
        appid: "wx1".to_owned(),
        sub_appid: None,
        description: "goods".to_owned(),
        attach: None,
        total: amount(total),
        openid: None,
        notify_url: None,
        expires: None,
    }
}

fn ask(no: &str, refund: u64, total: u64) -> RefundAsk {
    RefundAsk {
        out_refund_no: no.to_owned(),
        refund: amount(refund),
        total: amount(total),
        reason: None,
        notify_url: None,
    }
}

fn paid(pace: Pace, total: u64) -> Trades {
    let mut trades = Trades::new(pace);
    let terms = terms(Kind::Native, total);
    trades.prepay(Timestamp::UNIX_EPOCH, key("A"), terms, Trust::Certificate).unwrap();
    trades.payer_pays(Timestamp::UNIX_EPOCH, "A", Insistence::Polite).unwrap();
    trades
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

#[test]
fn refunds_end_after_a_year() {
    let longest = 365 * 86_400;
    for (second, expect) in [(longest, Ok(())), (longest + 1, Err(Refusal::TooLate))] {
        let mut trades = paid(Pace::default(), 100);
        let done = trades.take_refund(at(second), &key("A"), ask("R", 1, 100), Interface::V2);
        assert_eq!(done.map(|_| ()), expect, "{second}");
    }
}

#[test]
fn an_order_has_fifty_refunds_at_most() {
    let mut trades = paid(Pace::default(), 100);
    for part in 0..=REFUND_PARTS_MAX {
        let ask = ask(&format!("R{part}"), 1, 100);
        let done = trades.take_refund(at(1), &key("A"), ask, Interface::V2).map(|_| ());
        let expect = if part < 50 { Ok(()) } else { Err(Refusal::TooManyRefunds) };
        assert_eq!(done, expect, "{part}");
    }
}

#[test]
fn parts_of_a_refund_keep_their_distance_when_asked_to() {
    let pace = Pace { refund_gap_s: 60, ..Pace::default() };
    let mut trades = paid(pace, 100);
    for (second, no, expect) in [
        (0, "R1", Ok(())),
        (0, "R1", Ok(())),
        (59, "R2", Err(Refusal::TooSoon)),
        (60, "R2", Ok(())),
        (119, "R3", Err(Refusal::TooSoon)),
    ] {
        let done = trades.take_refund(at(second), &key("A"), ask(no, 1, 100), Interface::V2);
        assert_eq!(done.map(|_| ()), expect, "{second} {no}");
    }
}

#[derive(Debug, Clone)]
enum Op {
    Prepay(u8, u64),
    Charge(u8, u64, Payer),
    Pays(u8, Insistence),
    Close(u8),
    Reverse(u8),
    Refund(u8, u8, u64, u64),
    Wait(i64),
}

fn payer() -> impl Strategy<Value = Payer> {
    prop_oneof![
        Just(Payer::PaysAtOnce),
        Just(Payer::AsksPassword { confirms_after_ms: Some(5_000) }),
        Just(Payer::AsksPassword { confirms_after_ms: Some(60_000) }),
        Just(Payer::AsksPassword { confirms_after_ms: None }),
        Just(Payer::BalanceNotEnough),
        Just(Payer::SystemError { money_taken: true }),
        Just(Payer::SystemError { money_taken: false }),
    ]
}

fn op() -> impl Strategy<Value = Op> {
    let order = 0..3_u8;
    let total = 1..4_u64;
    let how = prop_oneof![Just(Insistence::Polite), Just(Insistence::EvenIfClosed)];
    prop_oneof![
        (order.clone(), total.clone()).prop_map(|(no, total)| Op::Prepay(no, total)),
        (order.clone(), total.clone(), payer()).prop_map(|(no, t, payer)| Op::Charge(no, t, payer)),
        (order.clone(), how).prop_map(|(no, how)| Op::Pays(no, how)),
        order.clone().prop_map(Op::Close),
        order.clone().prop_map(Op::Reverse),
        (order, 0..5_u8, 1..4_u64, total).prop_map(|(no, r, part, t)| Op::Refund(no, r, part, t)),
        prop_oneof![Just(1), Just(10), Just(50)].prop_map(Op::Wait),
    ]
}

/// Does one operation, and tells whether it did something; refusals are as good here.
fn apply(trades: &mut Trades, now: &mut Timestamp, op: &Op) -> bool {
    let name = |no: &u8| format!("order-{no}");
    match op {
        Op::Prepay(no, total) => {
            let terms = terms(Kind::Native, *total);
            trades.prepay(*now, key(&name(no)), terms, Trust::Certificate).is_ok()
        }
        Op::Charge(no, total, payer) => {
            let order = NewCharge {
                key: key(&name(no)),
                terms: terms(Kind::CodePay, *total),
                trust: Trust::Certificate,
                openid: "o".to_owned(),
            };
            trades.check_free(&order.key).is_ok() && trades.charge(*now, order, *payer).is_ok()
        }
        Op::Pays(no, how) => trades.payer_pays(*now, &name(no), *how).is_ok(),
        Op::Close(no) => trades.close(&key(&name(no))).is_ok(),
        Op::Reverse(no) => trades.reverse(*now, &party(), OrderRef::OutTradeNo(&name(no))).is_ok(),
        Op::Refund(no, refund, part, total) => {
            let ask = ask(&format!("R{refund}"), *part, *total);
            trades.take_refund(*now, &key(&name(no)), ask, Interface::V2).is_ok()
        }
        Op::Wait(seconds) => {
            *now = now.checked_add(SignedDuration::from_secs(*seconds)).unwrap();
            let happened = !trades.advance(*now).is_empty();
            assert!(trades.next_event_at().is_none_or(|next| next > *now));
            happened
        }
    }
}

proptest! {
    /// The books after any calls: each order is paid at most once, and never refunded by more.
    #[test]
    fn no_order_gives_back_more_than_it_took(ops in prop::collection::vec(op(), 1..60)) {
        let mut trades = Trades::default();
        let mut now = Timestamp::UNIX_EPOCH;
        let mut seen = Vec::new();
        for op in &ops {
            let did = apply(&mut trades, &mut now, op);
            let books = trades.books();
            let mut left: BTreeMap<String, i128> = BTreeMap::new();
            for line in &books {
                let sign = if line.kind == BookKind::Pay { 1 } else { -1 };
                let moved = sign * i128::from(line.amount.minor());
                *left.entry(line.order_no.clone()).or_default() += moved;
            }
            prop_assert!(left.values().all(|minor| *minor >= 0), "{books:?}");
            // A line, once booked, stays as it is, and none is booked twice.
            let name = |line: &BookLine| (line.trade_no.clone(), line.request_no.clone(), line.at);
            let lines: BTreeMap<_, _> = books.iter().map(|line| (name(line), line.amount)).collect();
            prop_assert_eq!(lines.len(), books.len());
            let mut kept = seen.iter();
            prop_assert!(kept.all(|(name, amount)| lines.get(name) == Some(amount)), "{did} {op:?}");
            seen = lines.into_iter().collect();
        }
    }
}
