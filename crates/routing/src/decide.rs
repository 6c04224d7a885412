//! A decision: the accounts to try, in their order, and the verdict on each that was looked at.

use ids::{ChannelAccountId, ChannelCode, MerchantId, OrderId, StoreId};
use jiff::civil::DateTime;
use money::Amount;

use crate::health::SHARE_FULL;
use crate::limits::{LimitHit, Limits, Usage};
use crate::rules::{Action, CardType, Direction, RuleSet};

/// A payment that wants an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    pub order: OrderId,
    pub merchant: MerchantId,
    pub store: Option<StoreId>,
    /// The code of the terminal's kind.
    pub terminal: Option<String>,
    pub tender: ChannelCode,
    pub direction: Direction,
    pub amount: Amount,
    /// In China.
    pub at: DateTime,
    pub payer_bank: Option<String>,
    pub card: Option<CardType>,
}

/// An account that is open for the merchant and can take the tender, as it stands now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    pub account: ChannelAccountId,
    /// What this payment costs there, in minor units, where that is known.
    pub cost: Option<u64>,
    pub limits: Limits,
    pub usage: Usage,
    /// Of its traffic, in thousandths: see [`crate::Health::share`].
    pub share: u32,
    /// In thousandths: see [`crate::Health::success`].
    pub success: u32,
}

/// Why an account is tried or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// Tried, as the so many-th, from 1.
    Tried(u32),
    /// The rule names it, but it is not open for this payment.
    NotOpen,
    Limit(LimitHit),
    /// It rests after failures.
    Unhealthy,
    /// It comes back after failures, and this payment is not of its part.
    Recovering,
}

impl Verdict {
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Tried(_) => "tried",
            Self::NotOpen => "not_open",
            Self::Limit(hit) => hit.code(),
            Self::Unhealthy => "unhealthy",
            Self::Recovering => "recovering",
        }
    }

    /// For operators.
    #[must_use]
    pub const fn text(self) -> (&'static str, &'static str) {
        match self {
            Self::Tried(_) => ("tried in this order", "按此顺序尝试"),
            Self::NotOpen => ("not open for this payment", "该笔支付未开通此账户"),
            Self::Limit(LimitHit::TradeMin) => {
                ("below the account's smallest trade", "低于单笔下限")
            }
            Self::Limit(LimitHit::TradeMax) => {
                ("above the account's largest trade", "超过单笔上限")
            }
            Self::Limit(LimitHit::Day) => ("the day's limit is reached", "已达日限额"),
            Self::Limit(LimitHit::Month) => ("the month's limit is reached", "已达月限额"),
            Self::Limit(LimitHit::Total) => ("the account's capacity is reached", "已达总容量"),
            Self::Unhealthy => ("resting after failures", "故障熔断中"),
            Self::Recovering => ("coming back after failures", "故障恢复中，本笔不参与"),
        }
    }
}

/// What was decided, to be kept with the order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    pub version: u32,
    /// The rule that ranked the accounts; `None` when none fits.
    pub rule: Option<String>,
    /// In the order of the ranking.
    pub verdicts: Vec<(ChannelAccountId, Verdict)>,
}

impl Decision {
    /// The accounts to try, in their order; none when the payment cannot be routed.
    pub fn tries(&self) -> impl Iterator<Item = ChannelAccountId> {
        let tried = |(account, verdict): &(ChannelAccountId, Verdict)| {
            matches!(verdict, Verdict::Tried(_)).then_some(*account)
        };
        self.verdicts.iter().filter_map(tried)
    }
}

/// Decides. The same input gives the same decision.
#[must_use]
pub fn decide(rules: &RuleSet, request: &Request, candidates: &[Candidate]) -> Decision {
    let rule = rules.rule_for(request);
    let ranked = rule.map_or_else(Vec::new, |rule| rank(&rule.action, request, candidates));
    let mut tried = 0;
    let verdicts = ranked.into_iter().map(|account| {
        let candidate = candidates.iter().find(|candidate| candidate.account == account);
        let refused = candidate.map_or(Some(Verdict::NotOpen), |c| refusal(c, request));
        let verdict = refused.unwrap_or_else(|| {
            tried += 1;
            Verdict::Tried(tried)
        });
        (account, verdict)
    });
    let verdicts = verdicts.collect();
    Decision { version: rules.version(), rule: rule.map(|rule| rule.id.clone()), verdicts }
}

fn refusal(candidate: &Candidate, request: &Request) -> Option<Verdict> {
    let (amount, day) = (request.amount.minor(), request.at.date());
    if let Err(hit) = candidate.usage.reserve(&candidate.limits, amount, day) {
        return Some(Verdict::Limit(hit));
    }
    match candidate.share {
        0 => Some(Verdict::Unhealthy),
        SHARE_FULL.. => None,
        share => {
            let point = mixed(request.order, candidate.account.to_i64()) % u64::from(SHARE_FULL);
            (point >= u64::from(share)).then_some(Verdict::Recovering)
        }
    }
}

fn rank(action: &Action, request: &Request, candidates: &[Candidate]) -> Vec<ChannelAccountId> {
    match action {
        Action::Fixed(account) => vec![*account],
        Action::Priority(list) => list.clone(),
        Action::Split(shares) => split(shares, request.order),
        Action::Cheapest => {
            // An unknown cost is no low one.
            ranked_by(candidates, |c| (c.cost.is_none(), c.cost.unwrap_or(0)))
        }
        Action::Healthiest => {
            ranked_by(candidates, |c| (std::cmp::Reverse(c.share), std::cmp::Reverse(c.success)))
        }
    }
}

/// Equal ones by id, so that the order of the candidates changes nothing.
fn ranked_by<K: Ord>(
    candidates: &[Candidate],
    key: impl Fn(&Candidate) -> K,
) -> Vec<ChannelAccountId> {
    let mut order: Vec<&Candidate> = candidates.iter().collect();
    order.sort_by_key(|candidate| (key(candidate), candidate.account));
    order.into_iter().map(|candidate| candidate.account).collect()
}

/// The order's own point on the line of weights chooses: a retry of the same order chooses the same.
fn split(shares: &[(ChannelAccountId, u32)], order: OrderId) -> Vec<ChannelAccountId> {
    let total: u64 = shares.iter().map(|(_, weight)| u64::from(*weight)).sum();
    let mut point = mixed(order, 0).checked_rem(total).unwrap_or(0);
    let chosen = shares.iter().find(|(_, weight)| {
        let here = point < u64::from(*weight);
        if !here {
            point -= u64::from(*weight);
        }
        here
    });
    let chosen = chosen.map(|(account, _)| *account);
    let mut others: Vec<_> =
        shares.iter().filter(|(account, weight)| Some(*account) != chosen && *weight > 0).collect();
    others.sort_by_key(|(account, weight)| (std::cmp::Reverse(*weight), *account));
    chosen.into_iter().chain(others.into_iter().map(|(account, _)| *account)).collect()
}

/// Spreads an order's number evenly over 64 bits (the finalizer of MurmurHash3); `salt` makes points
/// for different purposes independent.
const fn mixed(order: OrderId, salt: i64) -> u64 {
    let mut bits = order.to_i64().cast_unsigned() ^ salt.cast_unsigned().rotate_left(32);
    bits ^= bits >> 33;
    bits = bits.wrapping_mul(0xff51_afd7_ed55_8ccd);
    bits ^= bits >> 33;
    bits = bits.wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    bits ^ (bits >> 33)
}
