//! Which account takes a payment: gathers what `routing` decides over, and keeps what it decided.
//!
//! What changes slowly (rules, limits, price lists, which accounts are open) is remembered for a few
//! seconds; how the accounts answer is this process's own knowledge; what they have taken is read and
//! counted in the transaction that makes the attempt, so that no limit is exceeded.

mod dry_run;
mod pulse;
mod rules_text;
mod settings;
mod trace;

pub use dry_run::{DryRun, DryRunError};
pub(crate) use pulse::{Pulse, Pulses};
use rules_text::Known;
pub use rules_text::RoutingUnreadable;
pub use settings::ShownLimits;
pub use trace::{Looked, Trace};

use std::sync::Arc;

use ::routing::{
    Attempted, Candidate, Direction, Failover, Limits, Request, Reservation, RuleSet, SHARE_FULL,
    Sum, UsageParts,
};
use ids::{ChannelAccountId, ChannelCode, MerchantId, StoreId, TerminalId};
use jiff::Timestamp;
use jiff::civil::Date;
use merchants::MerchantChannel;
use money::{Amount, Currency};
use orders::channel::{PayWay, PaymentReply, Unknown};
use orders::{Attempt, CreateRefusal, Leg};
use store::{Reads, Usage, UsageKey, UsageSum, View};

use crate::App;
use crate::bookings::accounting_date;
use crate::create_payment::Means;
use crate::directory::Account;
use crate::error::{Failure, UseCaseError};
use crate::fees::{Counted, PriceOwner};

/// Accounts tried for one leg, the first included: a payer does not wait for more.
pub(crate) const TRIES_MAX: usize = 3;

/// All that a decision needs but what the accounts have taken, which it reads as it decides.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    rules: Arc<RuleSet>,
    known: Arc<Known>,
    merchant: MerchantId,
    store: Option<StoreId>,
    /// The code of the terminal's kind.
    terminal: Option<String>,
    direction: Direction,
    ways: Vec<Way>,
}

/// An account that is open for the merchant.
#[derive(Debug, Clone)]
pub(crate) struct Way {
    pub(crate) account: Arc<Account>,
    /// What the rules call it: the id of its first version.
    point: ChannelAccountId,
    /// The account is the merchant's own.
    pub(crate) self_collected: bool,
    priority: u32,
    limits: Option<Arc<Limits>>,
    costs: Option<Counted>,
    share: u32,
    success: u32,
}

/// What the account has to count for a new attempt.
pub(crate) type Use = (UsageKey, Usage);

impl App {
    /// The accounts of a merchant that are open for a channel and paid in this way.
    pub(crate) async fn accounts_for(
        &self,
        merchant: MerchantId,
        channel: &ChannelCode,
        way: PayWay,
    ) -> Result<Vec<Arc<Account>>, Failure> {
        let links = self.open_channels(merchant, channel).await?;
        let mut accounts = Vec::new();
        for link in links.iter().filter(|link| !link.closed) {
            let account = self.account(link.account).await?;
            accounts.extend(account.filter(|account| account.connector.offers(way)));
        }
        Ok(accounts)
    }

    /// What routes a merchant's payment by a means; none for what no channel is asked about.
    pub(crate) async fn plan(
        &self,
        merchant: MerchantId,
        terminal: Option<TerminalId>,
        means: &Means,
    ) -> Result<Option<Arc<Plan>>, UseCaseError> {
        let Some((channel, way)) = means.channel()?.zip(means.way()) else {
            return Ok(None);
        };
        let spoken = channels::Channel::parse(channel.as_str());
        if spoken.is_some_and(|channel| !channel.offers(way)) {
            return Err(CreateRefusal::WayNotOffered.into());
        }
        let links = self.open_channels(merchant, &channel).await?;
        let rules = self.routing_rules().await?;
        let open = || links.iter().filter(|link| !link.closed);
        // One account and no rules: nothing to compare.
        let alone = open().count() == 1 && rules.version() == 0;
        let mut ways = Vec::with_capacity(links.len());
        for link in open() {
            ways.extend(self.way(link, alone).await?);
        }
        if ways.is_empty() {
            return Err(CreateRefusal::ChannelNotOpen.into());
        }
        ways.retain(|open| open.account.connector.offers(way));
        // A payer has his name within one app of the channel's.
        if let Means::Jsapi { page: Some(page), .. } = means {
            ways.retain(|open| open.account.connector.payer_scope() == Some(page.scope.as_str()));
        }
        if ways.is_empty() {
            return Err(CreateRefusal::WayNotOffered.into());
        }
        let terminal = match terminal {
            Some(id) => self.terminal(id).await?,
            None => None,
        };
        Ok(Some(Arc::new(Plan {
            rules,
            known: self.known_accounts().await?,
            merchant,
            store: terminal.as_ref().map(|t| t.store),
            terminal: terminal.map(|t| t.kind.code().to_owned()),
            direction: direction(way),
            ways,
        })))
    }

    async fn way(&self, link: &MerchantChannel, alone: bool) -> Result<Option<Way>, Failure> {
        let Some(account) = self.account(link.account).await? else { return Ok(None) };
        let now = self.now();
        let standing = account.pulse.standing(now);
        let limits = self.limits_of(&account.ledger_owner).await?;
        let (point, costs) = if alone && limits.is_none() && standing.share == SHARE_FULL {
            (account.id, None)
        } else {
            let owner = PriceOwner::ChannelAccount(account.ledger_owner.clone());
            (self.routing_point(&account).await?, self.counted(&owner).await?)
        };
        Ok(Some(Way {
            point,
            self_collected: link.self_collected,
            priority: link.priority,
            limits,
            costs,
            share: standing.share,
            success: standing.success,
            account,
        }))
    }

    async fn open_channels(
        &self,
        merchant: MerchantId,
        channel: &ChannelCode,
    ) -> Result<Arc<Vec<MerchantChannel>>, Failure> {
        let (now, key) = (self.now(), (merchant, channel.clone()));
        if let Some(links) = self.directory.merchant_channels.get_fresh(&key, now) {
            return Ok(links);
        }
        let links = Arc::new(self.store.merchant_channels(merchant, channel).await?);
        self.directory.merchant_channels.put(key, now, Arc::clone(&links));
        Ok(links)
    }
}

pub(crate) const fn direction(way: PayWay) -> Direction {
    match way {
        PayWay::PayerCode => Direction::MerchantScans,
        PayWay::DynamicQr | PayWay::OwnCode => Direction::PayerScans,
        PayWay::Jsapi => Direction::InApp,
        PayWay::H5 | PayWay::Page => Direction::Web,
        PayWay::Card | PayWay::CardHold | PayWay::CardAdvice | PayWay::CardInquiry => {
            Direction::Card
        }
    }
}

impl Plan {
    /// The first open account: a draft's, until the decision names the one.
    pub(crate) fn first(&self) -> Option<&Way> {
        self.ways.first()
    }

    pub(crate) fn reads(&self, reads: &mut Reads) {
        reads.volumes.extend(self.ways.iter().filter_map(|w| w.costs.as_ref()?.volume.clone()));
        let limited = self.ways.iter().filter(|way| way.limits.is_some());
        reads.usages.extend(limited.map(|way| way.usage_key(Currency::Cny)));
    }

    /// The plan without accounts of the merchant's own: what fills a wallet has to come to us.
    ///
    /// # Errors
    /// [`CreateRefusal::ChannelNotOpen`] when no other is open.
    pub(crate) fn through_us(&self) -> Result<Arc<Self>, CreateRefusal> {
        let mut ours = self.clone();
        ours.ways.retain(|way| !way.self_collected);
        if ours.ways.is_empty() { Err(CreateRefusal::ChannelNotOpen) } else { Ok(Arc::new(ours)) }
    }

    /// The plan with this account alone: what goes on where it began.
    ///
    /// # Errors
    /// [`CreateRefusal::NoRoute`] when it is not open any more.
    pub(crate) fn through(&self, owner: &str) -> Result<Arc<Self>, CreateRefusal> {
        let mut one = self.clone();
        one.ways.retain(|way| way.account.ledger_owner == owner);
        if one.ways.is_empty() { Err(CreateRefusal::NoRoute) } else { Ok(Arc::new(one)) }
    }

    /// The plan without an account that was tried.
    pub(crate) fn without(&self, owner: &str) -> Arc<Self> {
        let mut rest = self.clone();
        rest.ways.retain(|way| way.account.ledger_owner != owner);
        Arc::new(rest)
    }

    /// Gives a new attempt its account, and the reservation that it needs there.
    ///
    /// # Errors
    /// [`CreateRefusal::NoRoute`] when no account is left to try.
    pub(crate) fn assign(
        &self,
        view: &View<'_>,
        (leg, attempt): (&mut Leg, &mut Attempt),
        at: Timestamp,
    ) -> Result<Option<Use>, CreateRefusal> {
        if let Some(only) = self.only() {
            attempt.channel_account = only.account.id;
            leg.self_collected = only.self_collected;
            return Ok(None);
        }
        let request = self.request(leg, at);
        let candidates: Vec<Candidate> =
            self.ways.iter().filter_map(|way| way.candidate(view, leg, at)).collect();
        let decision = ::routing::decide(&self.rules, &request, &candidates);
        let chosen = decision.tries().next();
        let chosen = chosen.and_then(|point| self.ways.iter().find(|way| way.point == point));
        let way = chosen.ok_or(CreateRefusal::NoRoute)?;
        let looked = |point| {
            let way = self.ways.iter().find(|way| way.point == point)?;
            let candidate = candidates.iter().find(|candidate| candidate.account == point)?;
            Some(way.looked(candidate, &request))
        };
        let name = |point: ChannelAccountId| {
            let owner = self.known.iter().find(|(_, known)| **known == point);
            owner.map_or_else(|| point.to_string(), |(owner, _)| owner.clone())
        };
        attempt.route = Trace::of(&decision, name, looked).text();
        attempt.channel_account = way.account.id;
        leg.self_collected = way.self_collected;
        let used = way.reserve(view, request.amount, request.day)?;
        attempt.reserved_on = used.is_some().then_some(request.day);
        Ok(used)
    }

    /// The only account that is open, where nothing could hold it back and nobody has set rules: there
    /// is nothing to decide, and the attempt itself says all (see [`Trace::of_only`]).
    fn only(&self) -> Option<&Way> {
        match self.ways.as_slice() {
            [only] if self.rules.version() == 0 && only.limits.is_none() => {
                Some(only).filter(|way| way.share == SHARE_FULL)
            }
            _ => None,
        }
    }

    fn request(&self, leg: &Leg, at: Timestamp) -> Request {
        let channel = leg.tender.channel().cloned();
        let first = || self.ways.first().map(|way| way.account.channel.clone());
        #[expect(clippy::expect_used, reason = "a plan is made for a channel's leg only")]
        let tender = channel.or_else(first).expect("a channel");
        Request {
            order: leg.order,
            merchant: self.merchant,
            store: self.store,
            terminal: self.terminal.clone(),
            tender,
            direction: self.direction,
            amount: leg.amount,
            at: ::routing::china(at),
            day: accounting_date(at),
            payer_bank: None,
            card: None,
        }
    }
}

impl Way {
    fn usage_key(&self, currency: Currency) -> UsageKey {
        UsageKey { owner: self.account.ledger_owner.clone(), currency }
    }

    fn candidate(&self, view: &View<'_>, leg: &Leg, at: Timestamp) -> Option<Candidate> {
        let currency = leg.amount.currency();
        let used = || counted(view.usage(&self.usage_key(currency)), currency);
        let usage = match &self.limits {
            Some(_) => used()?,
            None => ::routing::Usage::empty(currency),
        };
        Some(Candidate {
            account: self.point,
            channel: self.account.channel.clone(),
            priority: self.priority,
            cost: self.costs.as_ref().and_then(|c| c.charge(view, leg, at)).map(|c| c.amount),
            limits: self.limits.as_deref().copied().unwrap_or_default(),
            usage,
            share: self.share,
            success: self.success,
        })
    }

    fn looked(&self, candidate: &Candidate, request: &Request) -> Looked {
        let room = candidate.usage.room(&candidate.limits, request.amount, request.day);
        let limit = room.err().map(|hit| hit.code().to_owned());
        let (share, success) = (self.share, self.success);
        let open = Looked::open(&self.account.ledger_owner, candidate.cost, self.priority);
        Looked { limit, share, success, ..open }
    }

    fn reserve(
        &self,
        view: &View<'_>,
        amount: Amount,
        day: Date,
    ) -> Result<Option<Use>, CreateRefusal> {
        let Some(limits) = &self.limits else { return Ok(None) };
        let key = self.usage_key(amount.currency());
        let usage = counted(view.usage(&key), amount.currency()).ok_or(CreateRefusal::NoRoute)?;
        let (usage, _) = usage.reserve(limits, amount, day).or(Err(CreateRefusal::NoRoute))?;
        Ok(Some((key, kept(usage.parts()))))
    }
}

/// What becomes of an attempt's reservation when it ends.
/// `asked` is what was set aside: a card may have paid a part of it.
pub(crate) fn ended(
    view: &View<'_>,
    owner: &str,
    (attempt, asked): (&Attempt, Amount),
    is_paid: bool,
) -> Option<Use> {
    let day = attempt.reserved_on?;
    let currency = attempt.amount.currency();
    let key = UsageKey { owner: owner.to_owned(), currency };
    let usage = counted(view.usage(&key), currency)?;
    let reservation = Reservation { amount: asked, day };
    let usage = if is_paid {
        usage.settle_part(reservation, attempt.amount)
    } else {
        usage.release(reservation)
    };
    match usage {
        Ok(usage) => Some((key, kept(usage.parts()))),
        Err(error) => {
            tracing::error!(attempt.id = %attempt.id, error = %error, "a reservation is gone");
            None
        }
    }
}

/// Whether a reply lets another account try: only where the first surely did not take the money.
pub(crate) fn attempted(account: &Account, reply: &PaymentReply) -> Attempted {
    match reply {
        PaymentReply::Paid(_) | PaymentReply::Returned { .. } => Attempted::Paid,
        PaymentReply::Ready { .. }
        | PaymentReply::Pending
        | PaymentReply::NotFound
        | PaymentReply::Closed
        | PaymentReply::Again => Attempted::Pending,
        PaymentReply::Refused(text) if account.connector.channel().blames_us(&text.code) => {
            Attempted::RefusedByChannel
        }
        PaymentReply::Refused(_) => Attempted::PayerRefused,
        PaymentReply::Unknown(Unknown::NotSent) => Attempted::NotSent,
        PaymentReply::Unknown(
            Unknown::NoAnswer
            | Unknown::BadSignature
            | Unknown::Unreadable
            | Unknown::ChannelUnsure
            | Unknown::UnlistedCode,
        ) => Attempted::Unknown,
    }
}

pub(crate) fn may_fail_over(account: &Account, reply: &PaymentReply) -> bool {
    ::routing::failover(attempted(account, reply)) == Failover::Allowed
}

fn counted(usage: Usage, currency: Currency) -> Option<::routing::Usage> {
    let sum = |sum: UsageSum| {
        let amount = Amount::new(sum.amount, currency).ok()?;
        Some(Sum { amount, count: sum.count })
    };
    let parts = UsageParts {
        day: usage.day,
        today: sum(usage.today)?,
        this_month: sum(usage.month)?,
        total: sum(usage.total)?,
        pending: sum(usage.pending)?,
    };
    ::routing::Usage::from_parts(parts).ok()
}

fn kept(parts: UsageParts) -> Usage {
    let sum = |sum: Sum| UsageSum { amount: sum.amount.minor(), count: sum.count };
    Usage {
        day: parts.day,
        today: sum(parts.today),
        month: sum(parts.this_month),
        total: sum(parts.total),
        pending: sum(parts.pending),
    }
}
