//! What other rules would have done with a day that is past.

use std::collections::BTreeMap;

use ids::{ChannelAccountId, ChannelCode};
use money::Currency;

use crate::decide::{Candidate, Request, decide};
use crate::failover::Attempted;
use crate::rules::RuleSet;

/// A payment as it was decided: with the candidates as they stood then, and how it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Past {
    pub request: Request,
    pub candidates: Vec<Candidate>,
    pub outcome: Attempted,
}

/// Payments and their sum in minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Flow {
    pub count: u64,
    pub amount: u128,
    /// Of those that were paid and whose cost is known.
    pub cost: u128,
    /// Those that were paid and have an account whose cost is not known: compare costs with care.
    pub unpriced: u64,
}

/// A flow under either set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Moved {
    pub before: Flow,
    pub after: Flow,
}

/// What the new rules do to the channels' cost, in minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CostChange {
    Less(u128),
    Same,
    More(u128),
}

/// The payments of one currency by the account of their first try.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// Payments that could not be routed have no account.
    pub accounts: BTreeMap<Option<ChannelAccountId>, Moved>,
    pub channels: BTreeMap<Option<ChannelCode>, Moved>,
    /// Payments whose first account differs.
    pub moved: Moved,
    pub all: Moved,
}

/// Decides each payment twice; a report for each currency, since amounts of two do not add. Health
/// and limits are as they were: the report says what the rules change, not what a changed day would
/// have done to them. Payments that failed are moved too, but cost nothing.
#[must_use]
pub fn dry_run<'a>(
    before: &RuleSet,
    after: &RuleSet,
    day: impl IntoIterator<Item = &'a Past>,
) -> BTreeMap<Currency, Report> {
    let mut reports: BTreeMap<Currency, Report> = BTreeMap::new();
    for past in day {
        let first = |rules| {
            let account = decide(rules, &past.request, &past.candidates).tries().next();
            past.candidates.iter().find(|candidate| Some(candidate.account) == account)
        };
        let report = reports.entry(past.request.amount.currency()).or_default();
        report.add(past, first(before), first(after));
    }
    reports
}

impl Report {
    /// Adds another report of the same currency: a day may have been decided under several sets.
    pub fn absorb(&mut self, other: &Self) {
        for (account, moved) in &other.accounts {
            self.accounts.entry(*account).or_default().add(*moved);
        }
        for (channel, moved) in &other.channels {
            self.channels.entry(channel.clone()).or_default().add(*moved);
        }
        self.moved.add(other.moved);
        self.all.add(other.all);
    }

    fn add(&mut self, past: &Past, then: Option<&Candidate>, now: Option<&Candidate>) {
        let (was, is) = (Flow::of(past, then), Flow::of(past, now));
        let account = |candidate: Option<&Candidate>| candidate.map(|c| c.account);
        let channel = |candidate: Option<&Candidate>| candidate.map(|c| c.channel.clone());
        self.accounts.entry(account(then)).or_default().before.add(was);
        self.accounts.entry(account(now)).or_default().after.add(is);
        self.channels.entry(channel(then)).or_default().before.add(was);
        self.channels.entry(channel(now)).or_default().after.add(is);
        self.all.before.add(was);
        self.all.after.add(is);
        if account(then) != account(now) {
            self.moved.before.add(was);
            self.moved.after.add(is);
        }
    }
}

impl Moved {
    const fn add(&mut self, other: Self) {
        self.before.add(other.before);
        self.after.add(other.after);
    }

    #[must_use]
    pub const fn cost_change(&self) -> CostChange {
        let (before, after) = (self.before.cost, self.after.cost);
        if after < before {
            CostChange::Less(before.saturating_sub(after))
        } else if after == before {
            CostChange::Same
        } else {
            CostChange::More(after.saturating_sub(before))
        }
    }
}

impl Flow {
    fn of(past: &Past, candidate: Option<&Candidate>) -> Self {
        let amount = u128::from(past.request.amount.minor());
        let routed = Self { count: 1, amount, ..Self::default() };
        match (candidate, past.outcome == Attempted::Paid) {
            (Some(candidate), true) => match candidate.cost_for(&past.request) {
                Some(cost) => Self { cost: u128::from(cost.minor()), ..routed },
                None => Self { unpriced: 1, ..routed },
            },
            (None, _) | (_, false) => routed,
        }
    }

    const fn add(&mut self, other: Self) {
        self.count = self.count.saturating_add(other.count);
        self.amount = self.amount.saturating_add(other.amount);
        self.cost = self.cost.saturating_add(other.cost);
        self.unpriced = self.unpriced.saturating_add(other.unpriced);
    }
}
