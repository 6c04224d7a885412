//! Rules: what a payment must be, and how accounts are ranked then.

use std::collections::BTreeSet;

use ids::{ChannelAccountId, ChannelCode, MerchantId, StoreId};
use jiff::civil::{Date, Time, Weekday};

use crate::Request;

/// Rules of one set.
pub const RULES_MAX: usize = 1_000;
/// Accounts named by one rule.
pub const TARGETS_MAX: usize = 64;

/// An acquirer's rules. They are read from the first to the last; the first that fits decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleSet {
    version: u32,
    rules: Vec<Rule>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    pub id: String,
    pub when: When,
    pub action: Action,
}

/// What is left out fits every payment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct When {
    pub merchants: Option<BTreeSet<MerchantId>>,
    pub stores: Option<BTreeSet<StoreId>>,
    /// Kinds of terminals, by their codes.
    pub terminals: Option<BTreeSet<String>>,
    /// 付款方式: the payer's wallet, or `card`.
    pub tender: Option<ChannelCode>,
    pub direction: Option<Direction>,
    /// From and up to so many minor units, both included.
    pub amount: Option<(u64, u64)>,
    /// From this time of the day and before that one; over midnight where the second is earlier.
    pub time: Option<(Time, Time)>,
    pub weekdays: Option<Vec<Weekday>>,
    /// From and up to these days, both included.
    pub dates: Option<(Date, Date)>,
    pub payer_bank: Option<String>,
    pub card: Option<CardType>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// B 扫 C
    MerchantScans,
    /// C 扫 B
    PayerScans,
    /// JSAPI, mini programs, apps
    InApp,
    /// H5
    Web,
    /// A card at a POS.
    Card,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CardType {
    Debit,
    Credit,
}

/// How a rule ranks accounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// This one or none.
    Fixed(ChannelAccountId),
    /// By weight; the others follow, the heaviest first.
    Split(Vec<(ChannelAccountId, u32)>),
    /// In this order.
    Priority(Vec<ChannelAccountId>),
    /// Every open account, the cheapest for this payment first.
    Cheapest,
    /// Every open account, the healthiest first.
    Healthiest,
}

/// Why rules make no set, by precedence within a rule; the first rule that has a fault is named.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RuleSetRefusal {
    #[error("a set has 1 to {RULES_MAX} rules")]
    RuleCount,
    #[error("rule {rule}: another rule has this id")]
    DuplicateId { rule: String },
    #[error("rule {rule}: a condition that nothing can meet")]
    Impossible { rule: String },
    #[error("rule {rule}: it names 1 to {TARGETS_MAX} accounts")]
    TargetCount { rule: String },
    #[error("rule {rule}: an account is named twice")]
    DuplicateTarget { rule: String },
    #[error("rule {rule}: no account has any weight")]
    NoWeight { rule: String },
    #[error("rule {rule}: there is no such account")]
    UnknownAccount { rule: String },
    #[error("rule {rule}: never reached, rule {by} fits every payment")]
    Unreachable { rule: String, by: String },
}

impl RuleSetRefusal {
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::RuleCount => "rule_count",
            Self::DuplicateId { .. } => "duplicate_id",
            Self::Impossible { .. } => "impossible",
            Self::TargetCount { .. } => "target_count",
            Self::DuplicateTarget { .. } => "duplicate_target",
            Self::NoWeight { .. } => "no_weight",
            Self::UnknownAccount { .. } => "unknown_account",
            Self::Unreachable { .. } => "unreachable",
        }
    }
}

impl RuleSet {
    /// # Errors
    /// [`RuleSetRefusal`]
    pub fn new(
        version: u32,
        rules: Vec<Rule>,
        accounts: &BTreeSet<ChannelAccountId>,
    ) -> Result<Self, RuleSetRefusal> {
        if rules.is_empty() || rules.len() > RULES_MAX {
            return Err(RuleSetRefusal::RuleCount);
        }
        let (mut ids, mut catch_all) = (BTreeSet::new(), None::<&Rule>);
        for rule in &rules {
            if !ids.insert(&rule.id) {
                return Err(RuleSetRefusal::DuplicateId { rule: rule.id.clone() });
            }
            rule.check(accounts)?;
            if let Some(by) = catch_all {
                let (rule, by) = (rule.id.clone(), by.id.clone());
                return Err(RuleSetRefusal::Unreachable { rule, by });
            }
            catch_all = (rule.when == When::default()).then_some(rule);
        }
        Ok(Self { version, rules })
    }

    #[must_use]
    pub const fn version(&self) -> u32 {
        self.version
    }

    /// The first rule that fits.
    #[must_use]
    pub fn rule_for(&self, request: &Request) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.when.fits(request))
    }
}

impl Rule {
    fn check(&self, accounts: &BTreeSet<ChannelAccountId>) -> Result<(), RuleSetRefusal> {
        let rule = || self.id.clone();
        if self.when.is_impossible() {
            return Err(RuleSetRefusal::Impossible { rule: rule() });
        }
        let targets: Vec<ChannelAccountId> = match &self.action {
            Action::Fixed(account) => vec![*account],
            Action::Split(shares) => shares.iter().map(|(account, _)| *account).collect(),
            Action::Priority(list) => list.clone(),
            Action::Cheapest | Action::Healthiest => return Ok(()),
        };
        if targets.is_empty() || targets.len() > TARGETS_MAX {
            return Err(RuleSetRefusal::TargetCount { rule: rule() });
        }
        if targets.iter().collect::<BTreeSet<_>>().len() != targets.len() {
            return Err(RuleSetRefusal::DuplicateTarget { rule: rule() });
        }
        if let Action::Split(shares) = &self.action
            && shares.iter().all(|(_, weight)| *weight == 0)
        {
            return Err(RuleSetRefusal::NoWeight { rule: rule() });
        }
        if !targets.iter().all(|account| accounts.contains(account)) {
            return Err(RuleSetRefusal::UnknownAccount { rule: rule() });
        }
        Ok(())
    }
}

impl When {
    /// The cheap conditions first.
    fn fits(&self, request: &Request) -> bool {
        let within = |(from, until): (Time, Time)| {
            let now = request.at.time();
            if from <= until { from <= now && now < until } else { from <= now || now < until }
        };
        fits(self.direction.as_ref(), Some(&request.direction))
            && fits(self.card.as_ref(), request.card.as_ref())
            && fits(self.tender.as_ref(), Some(&request.tender))
            && self.amount.is_none_or(|(from, to)| (from..=to).contains(&request.amount.minor()))
            && is_in(self.merchants.as_ref(), Some(&request.merchant))
            && is_in(self.stores.as_ref(), request.store.as_ref())
            && is_in(self.terminals.as_ref(), request.terminal.as_ref())
            && fits(self.payer_bank.as_ref(), request.payer_bank.as_ref())
            && self.time.is_none_or(within)
            && self.weekdays.as_ref().is_none_or(|days| days.contains(&request.at.date().weekday()))
            && self
                .dates
                .is_none_or(|(from, to)| from <= request.at.date() && request.at.date() <= to)
    }

    fn is_impossible(&self) -> bool {
        self.merchants.as_ref().is_some_and(BTreeSet::is_empty)
            || self.stores.as_ref().is_some_and(BTreeSet::is_empty)
            || self.terminals.as_ref().is_some_and(BTreeSet::is_empty)
            || self.weekdays.as_ref().is_some_and(Vec::is_empty)
            || self.amount.is_some_and(|(from, to)| from > to)
            || self.time.is_some_and(|(from, until)| from == until)
            || self.dates.is_some_and(|(from, to)| from > to)
    }
}

fn fits<T: PartialEq>(asked: Option<&T>, given: Option<&T>) -> bool {
    asked.is_none() || asked == given
}

fn is_in<T: Ord>(asked: Option<&BTreeSet<T>>, given: Option<&T>) -> bool {
    asked.is_none_or(|set| given.is_some_and(|given| set.contains(given)))
}
