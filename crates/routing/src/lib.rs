//! Routing: which channel account takes a payment, in which order others follow, and why.
//!
//! Static rules come first: the first rule that fits a payment ranks accounts, by a fixed choice, a
//! weighted split, a list, cost or success. Dynamic elements filter the ranking: what an account may
//! take per trade, day, month and in all, and how healthy it is. What is left is tried in turn; a
//! second account only when the first surely did not take the money.
//!
//! Everything is pure. The same payment under the same state gets the same decision, so a retry does
//! too; every account that was looked at stands in the decision with its verdict.

mod decide;
mod dry_run;
mod failover;
mod health;
mod limits;
mod rules;
mod when;

pub use decide::{Candidate, Decision, Request, Verdict, china, decide};
pub use dry_run::{CostChange, Flow, Moved, Past, Report, dry_run};
pub use failover::{Attempted, Failover, Hindrance, failover};
pub use health::{Breaker, Health, OVERDUE_MS, Outcome, SHARE_FULL};
pub use limits::{
    Cap, LimitHit, Limits, NotReserved, Reservation, Sum, Usage, UsageContradicts, UsageParts,
};
pub use rules::{Action, RULE_ID_CHARS_MAX, RULES_MAX, Rule, RuleSet, RuleSetRefusal, TARGETS_MAX};
pub use when::{CardType, Direction, LISTED_MAX, When};

#[cfg(test)]
mod tests;
