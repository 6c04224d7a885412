//! Write what a channel said of an attempt.

use std::collections::BTreeSet;
use std::sync::Arc;

use ids::{AttemptId, CampaignId, OrderId, WalletId};
use jiff::Timestamp;
use ledger::AccountKey;
use orders::channel::{ChannelCodeText, PaymentReply};
use orders::{Aggregate, CardHold, OrderShape, Source, Trade};
use store::{Command, Decision, Reads, UsageKey, View};

use crate::bookings::Parties;
use crate::consequences::{Ground, SpareIds, follow};
use crate::create_payment::attempt_job;
use crate::directory::Account;
use crate::error::{Failure, UseCaseError};
use crate::fees::Prices;
use crate::pos::{follow_payment, is_of_terminal, is_refused, refused_advice};
use crate::routing::Plan;
use crate::{App, CALL_LEFT};

impl App {
    /// Takes in a reply; `looks` is how often the attempt was looked at in its present state.
    pub(crate) async fn take_reply(
        &self,
        account: &Account,
        (known, attempt): (&Aggregate, AttemptId),
        (source, reply): (Source, PaymentReply),
        looks: u32,
    ) -> Result<Aggregate, UseCaseError> {
        self.take(account, (known, attempt), (source, reply), (looks, None))
            .await
            .map(|taken| taken.0)
    }

    /// The same for an attempt's first call, after which another account may be tried.
    pub(crate) async fn take_first_reply(
        &self,
        account: &Account,
        known: (&Aggregate, AttemptId),
        said: (Source, PaymentReply),
        fail_over: Option<FailOver>,
    ) -> Result<Taken, UseCaseError> {
        self.take(account, known, said, (0, fail_over)).await
    }

    async fn take(
        &self,
        account: &Account,
        (known, attempt): (&Aggregate, AttemptId),
        (source, reply): (Source, PaymentReply),
        (looks, fail_over): (u32, Option<FailOver>),
    ) -> Result<Taken, UseCaseError> {
        let mut ground = self.ground(known, account, looks);
        if matches!(reply, PaymentReply::Paid(_)) {
            ground.prices = self.prices(known.order.merchant, account).await?;
        }
        let reserved = known.attempt(attempt).is_some_and(|a| a.reserved_on.is_some());
        let order = known.id();
        let by_terminal = is_of_terminal(known);
        let command =
            TakeReply { ground, order, attempt, source, reply, reserved, by_terminal, fail_over };
        let taken = self.store.write(command).await?;
        taken.ok_or_else(|| Failure::unusable("an attempt of an order").into())
    }

    /// What a decision about one attempt or refund of an order needs.
    pub(crate) fn ground(&self, order: &Aggregate, account: &Account, looks: u32) -> Ground {
        let mut ground = self.ground_of(order);
        ground.parties.channel_owner = Some(account.ledger_owner.clone());
        Ground { looks, ..ground }
    }

    /// The same for what no channel is asked about.
    pub(crate) fn ground_of(&self, order: &Aggregate) -> Ground {
        let (at, currency) = (self.now(), order.order.amount.currency());
        let combined = order.order.shape == OrderShape::Combined;
        Ground {
            at,
            spare: SpareIds::make(&self.ids, at),
            parties: Parties { merchant: order.order.merchant, currency, channel_owner: None },
            order_transit: combined.then(|| AccountKey::order_transit(order.id(), currency)),
            terminal: order.order.terminal,
            prices: Prices::default(),
            wallets: wallets_of(order),
            campaigns: campaigns_of(order),
            hold: order.order.hold.and_then(CardHold::completes),
            looks: 0,
        }
    }
}

fn wallets_of(order: &Aggregate) -> BTreeSet<WalletId> {
    let filled = order.order.top_up.map(|top_up| top_up.wallet);
    let paying = order.legs.iter().filter_map(|leg| leg.wallet.as_ref());
    filled.into_iter().chain(paying.map(|used| used.wallet)).collect()
}

fn campaigns_of(order: &Aggregate) -> BTreeSet<CampaignId> {
    let gift = order.order.top_up.and_then(|top_up| top_up.campaign);
    gift.into_iter().chain(order.legs.iter().filter_map(|leg| leg.campaign)).collect()
}

/// An order after a reply, with the trade of the terminal that asked for it.
pub(crate) type Taken = (Aggregate, Option<Trade>);

struct TakeReply {
    ground: Ground,
    order: OrderId,
    attempt: AttemptId,
    source: Source,
    reply: PaymentReply,
    /// Whether its amount counts against the account's limits.
    reserved: bool,
    /// A terminal's trade follows it.
    by_terminal: bool,
    fail_over: Option<FailOver>,
}

/// Another account to try, where the first surely took nothing.
pub(crate) struct FailOver {
    pub(crate) plan: Arc<Plan>,
    /// The number of the attempt that it begins.
    pub(crate) next: AttemptId,
}

impl Command for TakeReply {
    type Answer = Option<Taken>;

    fn now(&self) -> Timestamp {
        self.ground.at
    }

    fn reads(&self, reads: &mut Reads) {
        reads.orders.insert(self.order);
        self.ground.reads(reads);
        self.ground.prices.reads(reads);
        reads.trades_of.extend(self.by_terminal.then_some(self.order));
        if let Some(owner) = self.ground.parties.channel_owner.clone().filter(|_| self.reserved) {
            reads.usages.insert(UsageKey { owner, currency: self.ground.parties.currency });
        }
        if let Some(fail_over) = &self.fail_over {
            fail_over.plan.reads(reads);
        }
    }

    fn decide(&self, view: &View<'_>) -> Decision<Self::Answer> {
        let order = view.order(self.order);
        if let Some(failed_over) = order.and_then(|order| self.failed_over(view, order)) {
            return failed_over;
        }
        let decided =
            order.and_then(|o| o.on_reply(self.attempt, self.source, &self.reply, self.ground.at));
        let Some((aggregate, facts)) = decided else {
            return Decision::answer(None);
        };
        let (aggregate, mut changes) = follow(view, &self.ground, aggregate, facts);
        let trade = view.trades_of(self.order).find(|trade| trade.kind.takes());
        let told = |trade| follow_payment(trade, &aggregate, &self.reply, self.ground.at);
        let next = trade.map(told);
        let refused = (order.is_some_and(is_refused), is_refused(&aggregate));
        changes.differences.extend(refused_advice(trade, refused, self.ground.at));
        let trade = next;
        changes.trades.extend(trade.clone());
        Decision { changes, answer: Some((aggregate, trade)) }
    }
}

impl TakeReply {
    /// The attempt ends without money and another begins in its place; `None` where it was decided
    /// meanwhile, or no account is left.
    fn failed_over(&self, view: &View<'_>, order: &Aggregate) -> Option<Decision<Option<Taken>>> {
        let FailOver { plan, next } = self.fail_over.as_ref()?;
        let at = self.ground.at;
        let failed = order.attempt(self.attempt)?;
        let mut leg = order.leg(failed.leg)?.clone();
        let mut attempt = failed.successor(*next, at);
        let used = plan.assign(view, (&mut leg, &mut attempt), at).ok()?;
        let text = match &self.reply {
            PaymentReply::Refused(text) => text.clone(),
            PaymentReply::Paid(_)
            | PaymentReply::Ready { .. }
            | PaymentReply::Pending
            | PaymentReply::NotFound
            | PaymentReply::Closed
            | PaymentReply::Returned { .. }
            | PaymentReply::Again
            | PaymentReply::Unknown(_) => ChannelCodeText::new("not_sent", "no connection"),
        };
        let (aggregate, facts) = order.fail_over(self.attempt, text, (leg, attempt), at)?;
        let (aggregate, mut changes) = follow(view, &self.ground, aggregate, facts);
        let left = at.saturating_add(CALL_LEFT).unwrap_or(at);
        changes.jobs.push(attempt_job(&aggregate, *next, left));
        changes.usages.extend(used);
        tracing::warn!(order.id = %aggregate.id(), attempt.id = %self.attempt, next.id = %next,
            "an account took nothing; the next one is tried");
        Some(Decision { changes, answer: Some((aggregate, None)) })
    }
}
