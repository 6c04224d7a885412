//! The routing rules in force and what accounts may take: read, remembered, and set by operators.

use std::sync::Arc;

use ::routing::{Action, Limits, Rule, RuleSet, When};
use ids::{ChannelAccountId, ChannelCode, MerchantId};
use money::Currency;
use store::{AccountLimitsRow, AdminRow, RoutingRulesRow, Usage, UsageKey};

use super::rules_text::{Known, RoutingUnreadable, parse_limits, parse_rules};
use super::trace::DEFAULT_RULE;
use crate::App;
use crate::directory::{Account, ledger_owner};
use crate::error::{Failure, UseCaseError};

/// What an account may take and what it has taken.
#[derive(Debug)]
pub struct ShownLimits {
    /// JSON; none where it is not limited.
    pub limits: Option<String>,
    pub usage: Usage,
}

/// The rules where nobody has set any: the cheapest of the open accounts, then by priority.
fn default_rules() -> Result<RuleSet, Failure> {
    let rule =
        Rule { id: DEFAULT_RULE.to_owned(), when: When::default(), action: Action::Cheapest };
    RuleSet::new(0, vec![rule], &std::collections::BTreeSet::new())
        .or(Err(Failure::unusable("the default rules")))
}

impl App {
    pub(crate) async fn routing_rules(&self) -> Result<Arc<RuleSet>, Failure> {
        let now = self.now();
        if let Some(rules) = self.directory.routing_rules.get_fresh(&(), now) {
            return Ok(rules);
        }
        let rules = Arc::new(self.routing_rules_as_of(None).await?);
        self.directory.routing_rules.put((), now, Arc::clone(&rules));
        Ok(rules)
    }

    /// A version of the rules, or those in force; the default ones are version 0.
    pub(crate) async fn routing_rules_as_of(
        &self,
        version: Option<u32>,
    ) -> Result<RuleSet, Failure> {
        if version == Some(0) {
            return default_rules();
        }
        match self.store.routing_rules(version).await? {
            Some(row) => {
                let known = self.known_accounts().await?;
                let rules = parse_rules(row.version, &row.rules, &known);
                rules.or(Err(Failure::unusable("the routing rules")))
            }
            None => default_rules(),
        }
    }

    /// What the rules call an account.
    pub(crate) async fn routing_point(
        &self,
        account: &Account,
    ) -> Result<ChannelAccountId, Failure> {
        let known = self.known_accounts().await?;
        // An account that was added since is its own first version.
        Ok(known.get(&account.ledger_owner).copied().unwrap_or(account.id))
    }

    /// The first version of each account.
    pub(crate) async fn known_accounts(&self) -> Result<Arc<Known>, Failure> {
        let now = self.now();
        if let Some(known) = self.directory.points.get_fresh(&(), now) {
            return Ok(known);
        }
        let mut known = Known::new();
        for row in self.store.channel_accounts().await? {
            let point = known.entry(ledger_owner(&row)).or_insert(row.id);
            *point = (*point).min(row.id);
        }
        let known = Arc::new(known);
        self.directory.points.put((), now, Arc::clone(&known));
        Ok(known)
    }

    pub(crate) async fn limits_of(&self, owner: &str) -> Result<Option<Arc<Limits>>, Failure> {
        let now = self.now();
        if let Some(limits) = self.directory.limits.get_fresh(owner, now) {
            return Ok(limits);
        }
        let unusable = Failure::unusable("an account's limits");
        let limits = match self.store.account_limits(owner).await? {
            Some(row) => Some(Arc::new(parse_limits(&row.limits).or(Err(unusable))?)),
            None => None,
        };
        self.directory.limits.put(owner.to_owned(), now, limits.clone());
        Ok(limits)
    }

    /// Puts a new version of the routing rules in force.
    ///
    /// # Errors
    /// [`RoutingUnreadable`] within; a failure of the store.
    pub async fn set_routing(
        &self,
        json: &str,
    ) -> Result<Result<u32, RoutingUnreadable>, UseCaseError> {
        self.directory.points.forget();
        let last = self.store.routing_rules(None).await?.map_or(0, |row| row.version);
        let version = last.saturating_add(1);
        if let Err(unreadable) = parse_rules(version, json, &*self.known_accounts().await?) {
            return Ok(Err(unreadable));
        }
        let row = RoutingRulesRow { version, rules: json.to_owned(), created_at: self.now() };
        self.put(vec![AdminRow::RoutingRules(row)]).await?;
        self.directory.routing_rules.forget();
        Ok(Ok(version))
    }

    /// The rules in force, with their version; none where nobody has set any.
    ///
    /// # Errors
    /// [`Failure`]
    pub async fn shown_routing(&self) -> Result<Option<(u32, String)>, Failure> {
        let row = self.store.routing_rules(None).await?;
        Ok(row.map(|row| (row.version, row.rules)))
    }

    /// Sets what an account may take, from now on: what it took before does not count.
    ///
    /// # Errors
    /// [`RoutingUnreadable`] within, where there is no such account too; a failure of the store.
    pub async fn set_limits(
        &self,
        owner: &str,
        json: &str,
    ) -> Result<Result<(), RoutingUnreadable>, UseCaseError> {
        self.directory.points.forget();
        if !self.known_accounts().await?.contains_key(owner) {
            let why = format!("{owner}: there is no such account");
            return Ok(Err(RoutingUnreadable::Malformed(why)));
        }
        if let Err(unreadable) = parse_limits(json) {
            return Ok(Err(unreadable));
        }
        let (owner, limits) = (owner.to_owned(), json.to_owned());
        let row = AccountLimitsRow { owner, limits, updated_at: self.now() };
        self.put(vec![AdminRow::AccountLimits(row)]).await?;
        self.directory.limits.forget();
        Ok(Ok(()))
    }

    /// What an account may take, and has taken since it was limited.
    ///
    /// # Errors
    /// [`Failure`]
    pub async fn shown_limits(&self, owner: &str) -> Result<ShownLimits, Failure> {
        let limits = self.store.account_limits(owner).await?.map(|row| row.limits);
        let key = UsageKey { owner: owner.to_owned(), currency: Currency::Cny };
        Ok(ShownLimits { limits, usage: self.store.account_usage(&key).await? })
    }

    /// Sends none of a merchant's new payments through an account any more. Answers whether it was
    /// open.
    ///
    /// # Errors
    /// A failure of the store.
    pub async fn close_channel(
        &self,
        merchant: MerchantId,
        channel: &ChannelCode,
        account_no: &str,
    ) -> Result<bool, UseCaseError> {
        let links = self.store.merchant_channels(merchant, channel).await?;
        let Some(link) = links.into_iter().find(|l| l.account_no == account_no && !l.closed) else {
            return Ok(false);
        };
        let link = merchants::MerchantChannel { closed: true, ..link };
        self.put(vec![AdminRow::MerchantChannel(link)]).await?;
        self.directory.merchant_channels.forget();
        Ok(true)
    }
}
