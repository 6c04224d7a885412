//! What other rules would have done with a day's payments, as they were decided.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use ::routing::{Attempted, Candidate, Limits, Past, Report, Request, RuleSet, Usage, dry_run};
use ids::{ChannelAccountId, ChannelCode, OrderId};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use merchants::Terminal;
use money::{Amount, Currency};
use orders::{Aggregate, Attempt, AttemptState, Leg};

use super::rules_text::{Known, parse_rules};
use super::{Looked, RoutingUnreadable, Trace, direction};
use crate::App;
use crate::bookings::{CHINA, accounting_date};
use crate::error::Failure;

/// Orders read at once.
const WALK: u32 = 100;

/// What the rules would have changed.
#[derive(Debug, Default)]
pub struct DryRun {
    /// Payments without a decision that can be read.
    pub undecided: u64,
    pub reports: BTreeMap<Currency, Report>,
    /// Channel `:` account number of the accounts in the reports.
    pub names: BTreeMap<ChannelAccountId, String>,
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum DryRunError {
    #[error(transparent)]
    Rules(#[from] RoutingUnreadable),
    #[error(transparent)]
    Failure(#[from] Failure),
    #[error(transparent)]
    Store(#[from] store::StoreError),
}

/// The decisions of a page of orders, by the version of the rules that made them.
type ByVersion = BTreeMap<u32, Vec<Past>>;

impl App {
    /// Decides a day's payments anew under other rules. The day is one of China.
    ///
    /// # Errors
    /// [`DryRunError`]
    pub async fn dry_run_routing(&self, day: Date, json: &str) -> Result<DryRun, DryRunError> {
        let known = self.known_accounts().await?;
        let after = parse_rules(u32::MAX, json, &known)?;
        let mut sets: BTreeMap<u32, RuleSet> = BTreeMap::new();
        let mut done = DryRun::default();
        done.names.extend(known.iter().map(|(name, point)| (*point, name.clone())));
        let ms = |day: Date| {
            let midnight = day.to_zoned(TimeZone::fixed(CHINA));
            midnight.map(|at| OrderId::lowest_at_ms(at.timestamp().as_millisecond()))
        };
        let beyond = |_| Failure::unusable("a day beyond the calendar");
        let mut from = ms(day).map_err(beyond)?.saturating_sub(1);
        let until = day.tomorrow().and_then(ms).map_err(beyond)?;
        loop {
            let page = self.store.orders_between(from, until, WALK).await?;
            let Some(last) = page.last() else { return Ok(done) };
            from = last.id().to_i64();
            for (version, pasts) in self.pasts(&page, &known, &mut done.undecided).await? {
                let before = match sets.entry(version) {
                    Entry::Occupied(known) => known.into_mut(),
                    Entry::Vacant(place) => {
                        place.insert(self.routing_rules_as_of(Some(version)).await?)
                    }
                };
                for (currency, report) in dry_run(before, &after, &pasts) {
                    done.reports.entry(currency).or_default().absorb(&report);
                }
            }
        }
    }

    async fn pasts(
        &self,
        page: &[Aggregate],
        known: &Known,
        undecided: &mut u64,
    ) -> Result<ByVersion, Failure> {
        let mut pasts = ByVersion::new();
        for order in page {
            let owners = self.owners_of(order).await?;
            let terminal = match order.order.terminal {
                Some(id) => self.terminal(id).await?,
                None => None,
            };
            for leg in order.legs.iter().filter(|leg| leg.tender.channel().is_some()) {
                match past(order, leg, terminal.as_ref(), (known, &owners)) {
                    Some((version, past)) => pasts.entry(version).or_default().push(past),
                    None => *undecided = undecided.saturating_add(1),
                }
            }
        }
        Ok(pasts)
    }
}

impl App {
    /// The names of the accounts of an order's attempts.
    async fn owners_of(
        &self,
        order: &Aggregate,
    ) -> Result<BTreeMap<ChannelAccountId, String>, Failure> {
        let mut owners = BTreeMap::new();
        for attempt in &order.attempts {
            let account = self.account(attempt.channel_account).await?;
            owners.extend(account.map(|a| (attempt.channel_account, a.ledger_owner.clone())));
        }
        Ok(owners)
    }

    /// Why an attempt took its way.
    ///
    /// # Errors
    /// [`Failure`]
    pub async fn trace_of(
        &self,
        order: &Aggregate,
        attempt: &Attempt,
    ) -> Result<Option<Trace>, Failure> {
        let owners = self.owners_of(order).await?;
        Ok(trace(order, attempt, &owners))
    }
}

fn trace(
    order: &Aggregate,
    attempt: &Attempt,
    owners: &BTreeMap<ChannelAccountId, String>,
) -> Option<Trace> {
    match &attempt.route {
        Some(text) => Trace::parse(text),
        None => {
            let cost = order.leg(attempt.leg).and_then(|leg| leg.cost.as_ref());
            let owner = owners.get(&attempt.channel_account)?;
            Some(Trace::of_only(owner, cost.map(|cost| cost.amount)))
        }
    }
}

/// A leg as its first attempt was decided, and how it ended.
fn past(
    order: &Aggregate,
    leg: &Leg,
    terminal: Option<&Terminal>,
    (known, owners): (&Known, &BTreeMap<ChannelAccountId, String>),
) -> Option<(u32, Past)> {
    let first = order.attempts.iter().find(|attempt| attempt.leg == leg.id)?;
    let trace = trace(order, first, owners)?;
    let request = Request {
        order: order.id(),
        merchant: order.order.merchant,
        store: terminal.map(|terminal| terminal.store),
        terminal: terminal.map(|terminal| terminal.kind.code().to_owned()),
        tender: leg.tender.channel()?.clone(),
        direction: direction(first.way),
        amount: leg.amount,
        at: ::routing::china(first.created_at),
        day: accounting_date(first.created_at),
        payer_bank: None,
        card: None,
    };
    let open = trace.accounts.iter().filter(|looked| looked.verdict != "not_open");
    let candidates = open.filter_map(|looked| candidate(looked, leg.amount.currency(), known));
    let candidates = candidates.collect();
    let outcome = if order.attempts.iter().any(|a| paid(a, leg)) {
        Attempted::Paid
    } else {
        Attempted::Unknown
    };
    Some((trace.set, Past { request, candidates, outcome }))
}

fn paid(attempt: &Attempt, leg: &Leg) -> bool {
    attempt.leg == leg.id && attempt.state == AttemptState::Paid
}

/// As it stood then. Where a limit held it back, one of nothing stands for it.
fn candidate(looked: &Looked, currency: Currency, known: &Known) -> Option<Candidate> {
    let (channel, _) = looked.account.split_once(':')?;
    let held_back = looked.limit.is_some().then(|| Amount::zero(currency));
    Some(Candidate {
        account: known.get(&looked.account).copied()?,
        channel: ChannelCode::parse(channel).ok()?,
        priority: looked.priority,
        cost: looked.cost.and_then(|minor| Amount::new(minor, currency).ok()),
        limits: Limits { trade_max: held_back, ..Limits::default() },
        usage: Usage::empty(currency),
        share: looked.share,
        success: looked.success,
    })
}
