//! What a decision costs with a thousand rules of which the last fits, beside the cost of looking at
//! a thousand conditions of one comparison: the least that any list of rules can cost.

use std::collections::BTreeSet;
use std::hint::black_box;
use std::time::{Duration, Instant};

use ids::{ChannelAccountId, ChannelCode, MerchantId, OrderId, StoreId};
use jiff::civil::{Weekday, date, time};
use money::{Amount, Currency};
use routing::{
    Action, Candidate, CardType, Direction, Limits, RULES_MAX, Request, Rule, RuleSet, SHARE_FULL,
    Usage, When, decide,
};

type Failed = Box<dyn std::error::Error>;
/// The conditions of the so many-th rule.
type Conditions = fn(i64) -> Result<When, Failed>;

const DECISIONS: i64 = 50_000;

#[expect(clippy::print_stdout, reason = "a bench tells its figures")]
fn main() -> Result<(), Failed> {
    let accounts: Vec<ChannelAccountId> =
        (1..=8).map(ChannelAccountId::from_i64).collect::<Result<_, _>>()?;
    let candidates: Vec<Candidate> =
        accounts.iter().map(|account| candidate(*account)).collect::<Result<_, _>>()?;
    let requests: Vec<Request> = (1..=DECISIONS).map(request).collect::<Result<_, _>>()?;
    let numbers: Vec<i64> = (0..i64::try_from(RULES_MAX)?).collect();
    let raw = timed(|| {
        for request in &requests {
            // A number that is not among them, so that all are looked at.
            let merchant = -request.merchant.to_i64();
            black_box(numbers.iter().find(|number| black_box(**number) == merchant));
        }
    });
    let raw = nanos_each(raw).max(1);
    println!("rules                              {RULES_MAX}");
    println!("us per raw scan                    {}", micros(raw));
    let shapes: [(&str, Conditions); 2] = [
        ("each for another merchant", one_merchant),
        ("all for all, fail at the last", all_but_the_bank),
    ];
    for (shape, conditions) in shapes {
        let rules = rules(&accounts, conditions)?;
        let ours = nanos_each(timed(|| {
            for request in &requests {
                black_box(decide(&rules, request, &candidates));
            }
        }));
        println!("{shape}");
        println!("    us per decision                {}", micros(ours));
        println!("    ratio to the raw scan          {}.{:02}", ours / raw, ours * 100 / raw % 100);
    }
    Ok(())
}

fn nanos_each(whole: Duration) -> u128 {
    whole.as_nanos() / u128::from(DECISIONS.unsigned_abs())
}

fn micros(nanos: u128) -> String {
    format!("{}.{:03}", nanos / 1_000, nanos % 1_000)
}

#[expect(clippy::disallowed_methods, reason = "a bench measures real time")]
fn timed(run: impl FnOnce()) -> Duration {
    let begun = Instant::now();
    run();
    begun.elapsed()
}

fn one_merchant(n: i64) -> Result<When, Failed> {
    let merchants = Some(BTreeSet::from([MerchantId::from_i64(1_000 + n)?]));
    Ok(When { merchants, ..When::default() })
}

/// The payment meets every condition but the last that is asked.
fn all_but_the_bank(n: i64) -> Result<When, Failed> {
    let fen = |minor| Amount::new(minor, Currency::Cny);
    Ok(When {
        stores: Some(BTreeSet::from([StoreId::from_i64(1)?])),
        terminals: Some(BTreeSet::from(["qr_plate".to_owned()])),
        tender: Some(ChannelCode::parse("alipay")?),
        direction: Some(Direction::MerchantScans),
        amount: Some((fen(1)?, fen(1_000_000)?)),
        time: Some((time(8, 0, 0, 0), time(20, 0, 0, 0))),
        weekdays: Some(vec![Weekday::Thursday, Weekday::Friday]),
        dates: Some((date(2026, 1, 1), date(2026, 12, 31))),
        payer_bank: Some(format!("BANK{n}")),
        card: Some(CardType::Debit),
        ..When::default()
    })
}

/// None fits but the last.
fn rules(accounts: &[ChannelAccountId], conditions: Conditions) -> Result<RuleSet, Failed> {
    let mut rules = Vec::new();
    for n in 1..i64::try_from(RULES_MAX)? {
        let action = Action::Priority(accounts.to_vec());
        rules.push(Rule { id: format!("r{n}"), when: conditions(n)?, action });
    }
    let shares = accounts.iter().map(|account| (*account, 10)).collect();
    let action = Action::Split(shares);
    rules.push(Rule { id: "rest".to_owned(), when: When::default(), action });
    Ok(RuleSet::new(1, rules, &accounts.iter().copied().collect())?)
}

fn candidate(account: ChannelAccountId) -> Result<Candidate, Failed> {
    Ok(Candidate {
        account,
        channel: ChannelCode::parse("alipay")?,
        priority: 0,
        cost: Some(Amount::new(10, Currency::Cny)?),
        limits: Limits::default(),
        usage: Usage::empty(Currency::Cny),
        share: SHARE_FULL,
        success: SHARE_FULL,
    })
}

fn request(n: i64) -> Result<Request, Failed> {
    Ok(Request {
        order: OrderId::from_i64(n)?,
        merchant: MerchantId::from_i64(1)?,
        store: Some(StoreId::from_i64(1)?),
        terminal: Some("qr_plate".to_owned()),
        tender: ChannelCode::parse("alipay")?,
        direction: Direction::MerchantScans,
        amount: Amount::new(1_000, Currency::Cny)?,
        at: date(2026, 11, 20).at(12, 0, 0, 0),
        day: date(2026, 11, 20),
        payer_bank: Some("BANK".to_owned()),
        card: Some(CardType::Debit),
    })
}
