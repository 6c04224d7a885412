//! What other rules would have done with a day that is past.

use std::collections::BTreeMap;

use ids::ChannelAccountId;

use crate::decide::{Candidate, Request, decide};
use crate::rules::RuleSet;

/// A payment as it was decided: with the candidates as they stood then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Past {
    pub request: Request,
    pub candidates: Vec<Candidate>,
}

/// Payments and their sum in minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Flow {
    pub count: u64,
    pub amount: u128,
    /// Of those whose cost is known.
    pub cost: u128,
}

/// One account's first tries under either set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Moved {
    pub before: Flow,
    pub after: Flow,
}

/// The whole day under either set; payments that could not be routed have no account.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    pub accounts: BTreeMap<Option<ChannelAccountId>, Moved>,
    /// Payments whose first account differs.
    pub moved: Flow,
    pub all: Moved,
}

/// Decides each payment twice. Health and limits are as they were: the report says what the rules
/// change, not what a changed day would have done to them.
#[must_use]
pub fn dry_run<'a>(
    before: &RuleSet,
    after: &RuleSet,
    day: impl IntoIterator<Item = &'a Past>,
) -> Report {
    let mut report = Report::default();
    for past in day {
        let amount = u128::from(past.request.amount.minor());
        let flow = |account: Option<ChannelAccountId>| {
            let candidate = past.candidates.iter().find(|c| Some(c.account) == account);
            let cost = candidate.and_then(|c| c.cost).map_or(0, u128::from);
            Flow { count: 1, amount, cost }
        };
        let first = |rules| decide(rules, &past.request, &past.candidates).tries().next();
        let (then, now) = (first(before), first(after));
        let (was, is) = (flow(then), flow(now));
        report.accounts.entry(then).or_default().before.add(was);
        report.accounts.entry(now).or_default().after.add(is);
        report.all.before.add(was);
        report.all.after.add(is);
        if then != now {
            report.moved.add(is);
        }
    }
    report
}

impl Flow {
    const fn add(&mut self, other: Self) {
        self.count = self.count.saturating_add(other.count);
        self.amount = self.amount.saturating_add(other.amount);
        self.cost = self.cost.saturating_add(other.cost);
    }
}
