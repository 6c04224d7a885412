//! A decision as it is kept with the attempt that follows from it.

use ::routing::{Decision, SHARE_FULL, Verdict};
use money::Amount;
use serde::{Deserialize, Serialize};

/// The rule where nobody has set any.
pub(super) const DEFAULT_RULE: &str = "default";

/// JSON of an attempt's `route`. Short where all is well: most attempts have one account to choose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trace {
    /// The version of the rules; 0 where there are none.
    pub set: u32,
    pub rule: Option<String>,
    pub accounts: Vec<Looked>,
}

/// An account that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Looked {
    /// Channel `:` account number.
    pub account: String,
    pub verdict: String,
    /// What the trade would cost there, in minor units, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<u64>,
    /// The limit that the trade would break, whether or not the rule came to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<String>,
    #[serde(default = "full", skip_serializing_if = "is_full")]
    pub share: u32,
    #[serde(default = "full", skip_serializing_if = "is_full")]
    pub success: u32,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub priority: u32,
}

const fn full() -> u32 {
    SHARE_FULL
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
const fn is_full(thousandths: &u32) -> bool {
    *thousandths == SHARE_FULL
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
const fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl Trace {
    /// `looked` gives an account's name and standing, for those that are open.
    pub(super) fn of(
        decision: &Decision,
        name: impl Fn(ids::ChannelAccountId) -> String,
        looked: impl Fn(ids::ChannelAccountId) -> Option<Looked>,
    ) -> Self {
        let accounts = decision.verdicts.iter().map(|(account, verdict)| {
            let known = looked(*account).unwrap_or_else(|| Looked::closed(name(*account)));
            Looked { verdict: word(*verdict), ..known }
        });
        Self { set: decision.version, rule: decision.rule.clone(), accounts: accounts.collect() }
    }

    /// What an attempt without a decision says: its account was the only one that was open, there were no
    /// rules, and nothing held it back. (Attempts from before decisions were kept say the same.)
    #[must_use]
    pub fn of_only(account: &str, cost: Option<Amount>) -> Self {
        let looked = Looked {
            verdict: Verdict::Tried(1).code().to_owned(),
            ..Looked::open(account, cost, 0)
        };
        Self { set: 0, rule: Some(DEFAULT_RULE.to_owned()), accounts: vec![looked] }
    }

    pub(super) fn text(&self) -> Option<String> {
        serde_json::to_string(self).ok()
    }

    /// What an attempt's `route` says; `None` where it cannot be read.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }
}

/// The verdict's code; the place of those that are tried follows from their order.
fn word(verdict: Verdict) -> String {
    verdict.code().to_owned()
}

impl Looked {
    const fn closed(account: String) -> Self {
        let (cost, limit) = (None, None);
        let verdict = String::new();
        Self { account, verdict, cost, limit, share: SHARE_FULL, success: SHARE_FULL, priority: 0 }
    }

    /// For operators: in English and in Chinese.
    #[must_use]
    pub fn text(&self) -> (&'static str, &'static str) {
        Verdict::parse(&self.verdict).map_or(("", ""), Verdict::text)
    }

    pub(super) fn open(account: &str, cost: Option<Amount>, priority: u32) -> Self {
        let cost = cost.map(Amount::minor);
        Self { cost, priority, ..Self::closed(account.to_owned()) }
    }
}
