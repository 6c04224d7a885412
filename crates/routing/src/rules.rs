//! Rules: how accounts are ranked for a payment, and which sets of rules are refused.

use std::collections::{BTreeMap, BTreeSet};

use ids::{ChannelAccountId, MerchantId};

use crate::Request;
use crate::when::{LISTED_MAX, Moment, When};

/// Rules of one set.
pub const RULES_MAX: usize = 1_000;
/// Accounts named by one rule.
pub const TARGETS_MAX: usize = 64;
/// Characters of a rule's id.
pub const RULE_ID_CHARS_MAX: usize = 64;

/// An acquirer's rules. They are read from the first to the last; the first that fits decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleSet {
    version: u32,
    rules: Vec<Rule>,
    /// Places of the rules that name a merchant, by merchant: a payment looks at its own only.
    by_merchant: BTreeMap<MerchantId, Vec<usize>>,
    /// Places of the rules for all merchants.
    general: Vec<usize>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    pub id: String,
    pub when: When,
    pub action: Action,
}

/// How a rule ranks accounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// This one or none.
    Fixed(ChannelAccountId),
    /// By weight; the others follow, by weight too.
    Split(Vec<(ChannelAccountId, u32)>),
    /// In this order.
    Priority(Vec<ChannelAccountId>),
    /// Every open account, the cheapest for this payment first.
    Cheapest,
    /// Every open account, the one with the most success lately first.
    Healthiest,
}

/// Why rules make no set, by precedence within a rule; the first rule that has a fault is named.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RuleSetRefusal {
    #[error("a set has 1 to {RULES_MAX} rules")]
    RuleCount,
    #[error(
        "a rule's id has 1 to {RULE_ID_CHARS_MAX} characters; the rule stands at place {place}"
    )]
    RuleId { place: usize },
    #[error("rule {rule}: another rule has this id")]
    DuplicateId { rule: String },
    #[error("rule {rule}: a condition lists more than {LISTED_MAX}")]
    ConditionSize { rule: String },
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
    #[error("rule {rule}: never reached, rule {by} takes all that it could")]
    Unreachable { rule: String, by: String },
}

impl RuleSetRefusal {
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::RuleCount => "rule_count",
            Self::RuleId { .. } => "rule_id",
            Self::DuplicateId { .. } => "duplicate_id",
            Self::ConditionSize { .. } => "condition_size",
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
        let mut ids = BTreeSet::new();
        for (place, rule) in rules.iter().enumerate() {
            if rule.id.is_empty() || rule.id.chars().count() > RULE_ID_CHARS_MAX {
                return Err(RuleSetRefusal::RuleId { place });
            }
            if !ids.insert(&rule.id) {
                return Err(RuleSetRefusal::DuplicateId { rule: rule.id.clone() });
            }
            rule.check(accounts)?;
            let mut earlier = rules.iter().take(place);
            if let Some(by) = earlier.find(|earlier| earlier.when.covers(&rule.when)) {
                let (rule, by) = (rule.id.clone(), by.id.clone());
                return Err(RuleSetRefusal::Unreachable { rule, by });
            }
        }
        let (by_merchant, general) = compiled(&rules);
        Ok(Self { version, rules, by_merchant, general })
    }

    #[must_use]
    pub const fn version(&self) -> u32 {
        self.version
    }

    /// The rules in their order.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The first rule that fits.
    #[must_use]
    pub fn rule_for(&self, request: &Request) -> Option<&Rule> {
        let own = self.by_merchant.get(&request.merchant).map_or(&[][..], Vec::as_slice);
        let moment = Moment::of(request);
        let fits = |place: &usize| {
            self.rules.get(*place).is_some_and(|rule| rule.when.fits(request, &moment))
        };
        let first = |places: &[usize]| places.iter().copied().find(fits);
        let place = match (first(own), first(&self.general)) {
            (Some(own), Some(general)) => Some(own.min(general)),
            (own, general) => own.or(general),
        };
        place.and_then(|place| self.rules.get(place))
    }
}

fn compiled(rules: &[Rule]) -> (BTreeMap<MerchantId, Vec<usize>>, Vec<usize>) {
    let (mut by_merchant, mut general) = (BTreeMap::<_, Vec<usize>>::new(), Vec::new());
    for (place, rule) in rules.iter().enumerate() {
        match &rule.when.merchants {
            Some(merchants) => {
                for merchant in merchants {
                    by_merchant.entry(*merchant).or_default().push(place);
                }
            }
            None => general.push(place),
        }
    }
    (by_merchant, general)
}

impl Rule {
    fn check(&self, accounts: &BTreeSet<ChannelAccountId>) -> Result<(), RuleSetRefusal> {
        let rule = || self.id.clone();
        if self.when.is_too_long() {
            return Err(RuleSetRefusal::ConditionSize { rule: rule() });
        }
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
