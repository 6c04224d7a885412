//! A decision: the accounts to try, in their order, and the verdict on each that was looked at.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use ids::{ChannelAccountId, ChannelCode, MerchantId, OrderId, StoreId};
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::Offset;
use money::Amount;

use crate::health::SHARE_FULL;
use crate::limits::{LimitHit, Limits, Usage};
use crate::rules::{Action, RuleSet};
use crate::when::{CardType, Direction};

/// China has one zone and no summer time.
const CHINA: Offset = Offset::constant(8);

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
    /// In China: see [`china`].
    pub at: DateTime,
    /// The accounting day that limits count it on.
    pub day: Date,
    pub payer_bank: Option<String>,
    pub card: Option<CardType>,
}

/// An account that is open for the merchant and can take the tender, as it stands now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    pub account: ChannelAccountId,
    pub channel: ChannelCode,
    /// Among equals the lower one is first.
    pub priority: u32,
    /// What this payment costs there, where that is known.
    pub cost: Option<Amount>,
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
    /// It comes back after failures and this payment is not of its part, but no other account is
    /// left: tried all the same, as the so many-th, since to refuse the payment helps nobody.
    LastResort(u32),
    /// The rule names it, but it is not open for this payment.
    NotOpen,
    Limit(LimitHit),
    /// It rests after failures.
    Unhealthy,
    /// It comes back after failures, and this payment is not of its part.
    Recovering,
    /// It is open, but the rule does not name it or gives it no weight.
    NotNamed,
    /// It is open, but no rule fits the payment.
    NoRule,
}

impl Verdict {
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Tried(_) => "tried",
            Self::LastResort(_) => "last_resort",
            Self::NotOpen => "not_open",
            Self::Limit(hit) => hit.code(),
            Self::Unhealthy => "unhealthy",
            Self::Recovering => "recovering",
            Self::NotNamed => "not_named",
            Self::NoRule => "no_rule",
        }
    }

    /// The verdict of a code; which place a tried one had is not in it.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        let plain = [
            Self::Tried(1),
            Self::LastResort(1),
            Self::NotOpen,
            Self::Unhealthy,
            Self::Recovering,
            Self::NotNamed,
            Self::NoRule,
        ];
        let limits = LimitHit::ALL.map(Self::Limit);
        plain.into_iter().chain(limits).find(|verdict| verdict.code() == code)
    }

    /// For operators.
    #[must_use]
    pub const fn text(self) -> (&'static str, &'static str) {
        match self {
            Self::Tried(_) => ("tried in this order", "按此顺序尝试"),
            Self::LastResort(_) => {
                ("coming back after failures, but no other is left", "故障恢复中，无其他账户可用")
            }
            Self::NotOpen => ("not open for this payment", "该笔支付未开通此账户"),
            Self::Limit(hit) => limit_text(hit),
            Self::Unhealthy => ("resting after failures", "故障熔断中"),
            Self::Recovering => ("coming back after failures", "故障恢复中，本笔不参与"),
            Self::NotNamed => ("the rule does not name it", "命中的规则未指定此账户"),
            Self::NoRule => ("no rule fits the payment", "没有匹配的规则"),
        }
    }
}

const fn limit_text(hit: LimitHit) -> (&'static str, &'static str) {
    match hit {
        LimitHit::Currency => ("limited in another currency", "限额币种不符"),
        LimitHit::TradeMin => ("below the account's smallest trade", "低于单笔下限"),
        LimitHit::TradeMax => ("above the account's largest trade", "超过单笔上限"),
        LimitHit::Day => ("the day's limit is reached", "已达日限额"),
        LimitHit::Month => ("the month's limit is reached", "已达月限额"),
        LimitHit::Total => ("the account's capacity is reached", "已达总容量"),
    }
}

/// What was decided, to be kept with the order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    pub version: u32,
    /// The rule that ranked the accounts; `None` when none fits.
    pub rule: Option<String>,
    /// In the order of the ranking; then the open accounts that were not ranked, by id.
    pub verdicts: Vec<(ChannelAccountId, Verdict)>,
}

impl Decision {
    /// The accounts to try, in their order; none when the payment cannot be routed.
    pub fn tries(&self) -> impl Iterator<Item = ChannelAccountId> {
        let tried = |(account, verdict): &(ChannelAccountId, Verdict)| {
            matches!(verdict, Verdict::Tried(_) | Verdict::LastResort(_)).then_some(*account)
        };
        self.verdicts.iter().filter_map(tried)
    }
}

impl Candidate {
    /// The cost in the payment's own currency: another one cannot be compared.
    pub(crate) fn cost_for(&self, request: &Request) -> Option<Amount> {
        self.cost.filter(|cost| cost.currency() == request.amount.currency())
    }
}

/// The time in China, which conditions on times and dates mean.
#[must_use]
pub fn china(at: Timestamp) -> DateTime {
    CHINA.to_datetime(at)
}

/// Decides. The same input gives the same decision.
#[must_use]
pub fn decide(rules: &RuleSet, request: &Request, candidates: &[Candidate]) -> Decision {
    let rule = rules.rule_for(request);
    let ranked = rule.map_or_else(Vec::new, |rule| rank(&rule.action, request, candidates));
    let mut verdicts = judged(&ranked, request, candidates);
    let left_out = if rule.is_some() { Verdict::NotNamed } else { Verdict::NoRule };
    let open: BTreeSet<ChannelAccountId> = candidates.iter().map(|c| c.account).collect();
    let others = open.into_iter().filter(|account| !ranked.contains(account));
    verdicts.extend(others.map(|account| (account, left_out)));
    Decision { version: rules.version(), rule: rule.map(|rule| rule.id.clone()), verdicts }
}

fn judged(
    ranked: &[ChannelAccountId],
    request: &Request,
    candidates: &[Candidate],
) -> Vec<(ChannelAccountId, Verdict)> {
    let refused = |account: &ChannelAccountId| {
        let candidate = candidates.iter().find(|candidate| candidate.account == *account);
        (*account, candidate.map_or(Some(Verdict::NotOpen), |c| refusal(c, request)))
    };
    let refused: Vec<_> = ranked.iter().map(refused).collect();
    let one_is_free = refused.iter().any(|(_, refusal)| refusal.is_none());
    let mut tried = 0;
    let mut verdicts = Vec::with_capacity(refused.len());
    for (account, refusal) in refused {
        let is_last_resort = refusal == Some(Verdict::Recovering) && !one_is_free;
        tried += u32::from(refusal.is_none() || is_last_resort);
        let verdict = match refusal {
            None => Verdict::Tried(tried),
            Some(_) if is_last_resort => Verdict::LastResort(tried),
            Some(verdict) => verdict,
        };
        verdicts.push((account, verdict));
    }
    verdicts
}

fn refusal(candidate: &Candidate, request: &Request) -> Option<Verdict> {
    let room = candidate.usage.room(&candidate.limits, request.amount, request.day);
    if let Err(hit) = room {
        return Some(Verdict::Limit(hit));
    }
    match candidate.share {
        0 => Some(Verdict::Unhealthy),
        SHARE_FULL.. => None,
        share => {
            let point = mixed(request.order, candidate.account.to_i64());
            (scaled(point, u64::from(SHARE_FULL)) >= u64::from(share))
                .then_some(Verdict::Recovering)
        }
    }
}

fn rank(action: &Action, request: &Request, candidates: &[Candidate]) -> Vec<ChannelAccountId> {
    match action {
        Action::Fixed(account) => vec![*account],
        Action::Priority(list) => list.clone(),
        Action::Split(shares) => split(shares, request.order),
        // An unknown cost is no low one.
        Action::Cheapest => ranked_by(candidates, |c| {
            c.cost_for(request).map_or((true, 0), |cost| (false, cost.minor()))
        }),
        // Not by share: the part of the payments that an account gets on its way back would always
        // find a healthier one before it, and it would never come back.
        Action::Healthiest => ranked_by(candidates, |c| Reverse(c.success)),
    }
}

/// Equal ones by priority and id, so that the order of the candidates changes nothing.
fn ranked_by<K: Ord>(
    candidates: &[Candidate],
    key: impl Fn(&Candidate) -> K,
) -> Vec<ChannelAccountId> {
    let mut order: Vec<&Candidate> = candidates.iter().collect();
    order.sort_by_key(|candidate| (key(candidate), candidate.priority, candidate.account));
    let mut seen = BTreeSet::new();
    order.into_iter().map(|c| c.account).filter(|account| seen.insert(*account)).collect()
}

/// The order's own point on the line of weights chooses, so a retry of the same order chooses the
/// same. Who follows is chosen by weight again, so that a dead account's payments are spread as the
/// others' weights say.
fn split(shares: &[(ChannelAccountId, u32)], order: OrderId) -> Vec<ChannelAccountId> {
    let mut left: Vec<(ChannelAccountId, u32)> =
        shares.iter().copied().filter(|(_, weight)| *weight > 0).collect();
    let mut ranked = Vec::with_capacity(left.len());
    let mut salt = 0_i64;
    while !left.is_empty() {
        let total = left.iter().map(|(_, weight)| u64::from(*weight)).sum();
        let mut point = scaled(mixed(order, salt), total);
        let chosen = left.iter().position(|(_, weight)| {
            let here = point < u64::from(*weight);
            point = point.saturating_sub(u64::from(*weight));
            here
        });
        // Below nothing: the numbers of accounts, which are the salts of `refusal`, begin there.
        salt = salt.saturating_sub(1);
        ranked.push(left.remove(chosen.unwrap_or(0)).0);
    }
    ranked
}

/// A point of 64 bits on a line of this length.
fn scaled(bits: u64, length: u64) -> u64 {
    u64::try_from((u128::from(bits) * u128::from(length)) >> 64).unwrap_or(0)
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
