//! Each rule and filter by tables; what must hold for all states by properties.

mod decide;
mod dry_run;
mod failover;
mod health;
mod limits;
mod rules;
mod split;

use std::collections::BTreeSet;

use ids::{ChannelAccountId, ChannelCode, MerchantId, OrderId, StoreId};
use jiff::civil::{Date, DateTime, Weekday, date, time};
use money::{Amount, Currency};
use proptest::prelude::*;

use crate::*;

fn account(n: i64) -> ChannelAccountId {
    ChannelAccountId::from_i64(n).unwrap()
}

fn merchant(n: i64) -> MerchantId {
    MerchantId::from_i64(n).unwrap()
}

fn channel(code: &str) -> ChannelCode {
    ChannelCode::parse(code).unwrap()
}

fn fen(minor: u64) -> Amount {
    Amount::new(minor, Currency::Cny).unwrap()
}

fn yen(minor: u64) -> Amount {
    Amount::new(minor, Currency::Jpy).unwrap()
}

/// A Friday.
fn friday() -> Date {
    date(2026, 11, 20)
}

fn noon() -> DateTime {
    friday().to_datetime(time(12, 0, 0, 0))
}

fn request(n: i64, minor: u64) -> Request {
    Request {
        order: OrderId::from_i64(n).unwrap(),
        merchant: merchant(1),
        store: None,
        terminal: None,
        tender: channel("alipay"),
        direction: Direction::MerchantScans,
        amount: fen(minor),
        at: noon(),
        day: friday(),
        payer_bank: None,
        card: None,
    }
}

fn candidate(n: i64) -> Candidate {
    Candidate {
        account: account(n),
        channel: channel("alipay"),
        priority: 0,
        cost: None,
        limits: Limits::default(),
        usage: Usage::empty(Currency::Cny),
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
    crate::decide(rules, request, candidates).tries().map(ChannelAccountId::to_i64).collect()
}

/// The codes of a decision's verdicts, with their accounts.
fn verdicts(decision: &Decision) -> Vec<(i64, &'static str)> {
    decision.verdicts.iter().map(|(account, v)| (account.to_i64(), v.code())).collect()
}
