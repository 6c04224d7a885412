//! Schedules: which terms price which trade, and when.

use std::collections::BTreeSet;

use ids::ChannelCode;
use jiff::Timestamp;
use money::Currency;

use crate::{Quote, QuoteRefusal, Terms, TermsRefusal, Trade};

/// Rules of one schedule.
pub const RULES_MAX: usize = 1_000;

/// A merchant's price list, or a channel's. Rules are read from the first to the last: the first that
/// fits prices the trade, so exceptions stand before the rule that they are exceptions of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    name: String,
    currency: Currency,
    rules: Vec<Rule>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Kept with each trade that it priced; a changed rule gets a new one.
    pub id: String,
    pub when: When,
    /// In force from this moment on,
    pub from: Timestamp,
    /// and before this one.
    pub until: Option<Timestamp>,
    pub terms: Terms,
}

/// What a trade must be for a rule; what is left out fits every trade.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct When {
    pub product: Option<String>,
    pub channel: Option<ChannelCode>,
    pub card: Option<CardType>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CardType {
    /// 借记卡
    Debit,
    /// 贷记卡
    Credit,
}

/// Why rules make no schedule, by precedence within a rule; the first rule that has a fault is named.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleRefusal {
    #[error("a schedule has 1 to {RULES_MAX} rules")]
    RuleCount,
    #[error("rule {rule}: another rule has this id")]
    DuplicateId { rule: String },
    #[error("rule {rule}: it ends before it begins")]
    EndsBeforeStart { rule: String },
    #[error("rule {rule}: {why}")]
    Terms { rule: String, why: TermsRefusal },
    #[error("rule {rule}: never reached, rule {by} fits all that it fits")]
    Unreachable { rule: String, by: String },
}

impl ScheduleRefusal {
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::RuleCount => "rule_count",
            Self::DuplicateId { .. } => "duplicate_id",
            Self::EndsBeforeStart { .. } => "ends_before_start",
            Self::Terms { why, .. } => why.code(),
            Self::Unreachable { .. } => "unreachable",
        }
    }
}

impl Schedule {
    /// # Errors
    /// [`ScheduleRefusal`]
    pub fn new(
        name: String,
        currency: Currency,
        rules: Vec<Rule>,
    ) -> Result<Self, ScheduleRefusal> {
        if rules.is_empty() || rules.len() > RULES_MAX {
            return Err(ScheduleRefusal::RuleCount);
        }
        let mut ids = BTreeSet::new();
        let mut earlier: Vec<&Rule> = Vec::new();
        for rule in &rules {
            let named = || rule.id.clone();
            if !ids.insert(&rule.id) {
                return Err(ScheduleRefusal::DuplicateId { rule: named() });
            }
            if rule.until.is_some_and(|until| until <= rule.from) {
                return Err(ScheduleRefusal::EndsBeforeStart { rule: named() });
            }
            rule.terms.check().map_err(|why| ScheduleRefusal::Terms { rule: named(), why })?;
            if let Some(by) = earlier.iter().find(|by| by.covers(rule)) {
                let by = by.id.clone();
                return Err(ScheduleRefusal::Unreachable { rule: named(), by });
            }
            earlier.push(rule);
        }
        Ok(Self { name, currency, rules })
    }

    #[must_use]
    pub const fn currency(&self) -> Currency {
        self.currency
    }

    /// Whether any rule's price depends on the period's volume, which must then be counted.
    #[must_use]
    pub fn is_by_volume(&self) -> bool {
        self.rules.iter().any(|rule| matches!(rule.terms.base, crate::Base::ByVolume { .. }))
    }

    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// Prices a trade by the first rule that fits it.
    ///
    /// # Errors
    /// [`QuoteRefusal`], in its order.
    pub fn quote(&self, trade: &Trade) -> Result<Quote, QuoteRefusal> {
        if trade.amount.currency() != self.currency {
            return Err(QuoteRefusal::CurrencyMismatch);
        }
        let rule = self.rules.iter().find(|rule| rule.fits(trade)).ok_or(QuoteRefusal::NoRule)?;
        Quote::of(&self.name, rule, trade)
    }
}

impl Rule {
    fn fits(&self, trade: &Trade) -> bool {
        let in_force = self.from <= trade.at && self.until.is_none_or(|until| trade.at < until);
        in_force && self.when.fits(trade)
    }

    /// Whether it fits every trade that the other fits.
    fn covers(&self, other: &Self) -> bool {
        let long_enough = match (self.until, other.until) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(until), Some(theirs)) => theirs <= until,
        };
        self.from <= other.from && long_enough && self.when.covers(&other.when)
    }
}

impl When {
    fn fits(&self, trade: &Trade) -> bool {
        fits(self.product.as_ref(), trade.product.as_ref())
            && fits(self.channel.as_ref(), trade.channel.as_ref())
            && fits(self.card.as_ref(), trade.card.as_ref())
    }

    fn covers(&self, other: &Self) -> bool {
        fits(self.product.as_ref(), other.product.as_ref())
            && fits(self.channel.as_ref(), other.channel.as_ref())
            && fits(self.card.as_ref(), other.card.as_ref())
    }
}

/// What is not asked for fits; what is asked for must be there.
fn fits<T: PartialEq>(asked: Option<&T>, given: Option<&T>) -> bool {
    asked.is_none() || asked == given
}
