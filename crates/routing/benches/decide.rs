//! What a decision costs with a thousand rules of which the last fits, beside the cost of looking at
//! a thousand conditions of one comparison: the least that any list of rules can cost.

use std::collections::BTreeSet;
use std::hint::black_box;
use std::time::{Duration, Instant};

use ids::{ChannelAccountId, ChannelCode, MerchantId, OrderId};
use jiff::civil::date;
use money::{Amount, Currency};
use routing::{
    Action, Candidate, Direction, Limits, RULES_MAX, Request, Rule, RuleSet, SHARE_FULL, Usage,
    When, decide,
};

type Failed = Box<dyn std::error::Error>;

const DECISIONS: i64 = 50_000;

#[expect(clippy::print_stdout, reason = "a bench tells its figures")]
fn main() -> Result<(), Failed> {
    let accounts: Vec<ChannelAccountId> =
        (1..=8).map(ChannelAccountId::from_i64).collect::<Result<_, _>>()?;
    let rules = rules(&accounts)?;
    let candidates: Vec<Candidate> = accounts.iter().map(|account| candidate(*account)).collect();
    let requests: Vec<Request> = (1..=DECISIONS).map(request).collect::<Result<_, _>>()?;
    let numbers: Vec<i64> = (0..i64::try_from(RULES_MAX)?).collect();
    let raw = timed(|| {
        for request in &requests {
            // A number that is not among them, so that all are looked at.
            let merchant = -request.merchant.to_i64();
            black_box(numbers.iter().find(|number| black_box(**number) == merchant));
        }
    });
    let ours = timed(|| {
        for request in &requests {
            black_box(decide(&rules, request, &candidates));
        }
    });
    let each = |whole: Duration| whole.as_nanos() / u128::from(DECISIONS.unsigned_abs());
    let (ours, raw) = (each(ours), each(raw).max(1));
    println!("rules              {RULES_MAX}");
    println!("ns per decision    {ours}");
    println!("ns per raw scan    {raw}");
    println!("ratio              {}.{:02}", ours / raw, ours * 100 / raw % 100);
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "a bench measures real time")]
fn timed(run: impl FnOnce()) -> Duration {
    let begun = Instant::now();
    run();
    begun.elapsed()
}

/// Each but the last is for another merchant.
fn rules(accounts: &[ChannelAccountId]) -> Result<RuleSet, Failed> {
    let mut rules = Vec::new();
    for n in 1..i64::try_from(RULES_MAX)? {
        let merchants = Some(BTreeSet::from([MerchantId::from_i64(1_000 + n)?]));
        let action = Action::Priority(accounts.to_vec());
        rules.push(Rule {
            id: format!("r{n}"),
            when: When { merchants, ..When::default() },
            action,
        });
    }
    let shares = accounts.iter().map(|account| (*account, 10)).collect();
    let action = Action::Split(shares);
    rules.push(Rule { id: "rest".to_owned(), when: When::default(), action });
    Ok(RuleSet::new(1, rules, &accounts.iter().copied().collect())?)
}

fn candidate(account: ChannelAccountId) -> Candidate {
    let (limits, usage) = (Limits::default(), Usage::default());
    Candidate { account, cost: Some(10), limits, usage, share: SHARE_FULL, success: SHARE_FULL }
}

fn request(n: i64) -> Result<Request, Failed> {
    Ok(Request {
        order: OrderId::from_i64(n)?,
        merchant: MerchantId::from_i64(1)?,
        store: None,
        terminal: None,
        tender: ChannelCode::parse("alipay")?,
        direction: Direction::MerchantScans,
        amount: Amount::new(1_000, Currency::Cny)?,
        at: date(2026, 11, 20).at(12, 0, 0, 0),
        payer_bank: None,
        card: None,
    })
}
