//! What follows from facts about an order: entries, messages, jobs, and the return of late money.

use std::collections::BTreeSet;

use channels::notifications as text;
use clearing::FeeOnRefund;
use ids::{
    AttemptId, CampaignId, IdSource, JournalId, LegId, MerchantNo, NotificationId, OrderId,
    RefundId, TerminalId, WalletId,
};
use jiff::{SignedDuration, Timestamp};
use ledger::AccountKey;
use merchants::{Notification, NotificationState};
use orders::channel::PayWay;
use orders::schedule;
use orders::{
    Aggregate, Attempt, AttemptState, CardHold, Fact, LATE_PREFIX, Leg, OrderShape, OrderState,
    Refund, RefundKind, RefundOrigin, RefundState, TopUp, WalletKind,
};
use store::{Changes, Job, JobChange, JobKind, Reads, View};

use crate::bookings::{self, Parties, Stamp, Taken};
use crate::fees::Prices;
use crate::holders::Holders;
use crate::holds;
use crate::routing;
use crate::shifts;

/// Ids made before a decision, since a decision makes none: it may run twice.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SpareIds {
    pub(crate) journal: JournalId,
    /// Of what follows for another order.
    pub(crate) second_journal: JournalId,
    pub(crate) notification: NotificationId,
    pub(crate) refund: RefundId,
}

impl SpareIds {
    pub(crate) fn make(ids: &IdSource, now: Timestamp) -> Self {
        let ms = now.as_millisecond();
        Self {
            journal: JournalId::generate(ids, ms),
            second_journal: JournalId::generate(ids, ms),
            notification: NotificationId::generate(ids, ms),
            refund: RefundId::generate(ids, ms),
        }
    }
}

/// What a decision about one attempt or refund knows besides the order.
#[derive(Debug, Clone)]
pub(crate) struct Ground {
    pub(crate) at: Timestamp,
    pub(crate) spare: SpareIds,
    pub(crate) parties: Parties,
    /// Whose drawer cash goes through.
    pub(crate) terminal: Option<TerminalId>,
    /// What is paid of the order, where it is a combined one.
    pub(crate) order_transit: Option<AccountKey>,
    /// What prices a leg that is paid by this decision.
    pub(crate) prices: Prices,
    /// Wallets and campaigns that the order or its legs are about.
    pub(crate) wallets: BTreeSet<WalletId>,
    pub(crate) campaigns: BTreeSet<CampaignId>,
    /// The hold that the order completes.
    pub(crate) hold: Option<OrderId>,
    /// Looks so far at the subject in its present state.
    pub(crate) looks: u32,
}

impl Ground {
    /// What every decision about an order reads besides it.
    pub(crate) fn reads(&self, reads: &mut Reads) {
        reads.accounts.extend(self.order_transit.clone());
        reads.wallets.extend(&self.wallets);
        reads.campaigns.extend(&self.campaigns);
        reads.orders.extend(self.hold);
        for wallet in &self.wallets {
            let kinds = WalletKind::ALL.map(|kind| self.parties.wallet_account(*wallet, kind));
            reads.accounts.extend(kinds);
            reads.accounts.insert(self.parties.bonus(*wallet));
        }
    }

    pub(crate) const fn stamp(&self) -> Stamp {
        Stamp { journal: self.spare.journal, at: self.at }
    }
}

/// Turns facts into what is to be written beside the order.
pub(crate) fn follow(
    view: &View<'_>,
    ground: &Ground,
    aggregate: Aggregate,
    facts: Vec<Fact>,
) -> (Aggregate, Changes) {
    let mut changes = Changes::default();
    let mut aggregate = aggregate;
    for fact in facts {
        aggregate = follow_one(view, ground, aggregate, fact, &mut changes);
    }
    changes.orders.push(aggregate.clone());
    (aggregate, changes)
}

fn follow_one(
    view: &View<'_>,
    ground: &Ground,
    aggregate: Aggregate,
    fact: Fact,
    changes: &mut Changes,
) -> Aggregate {
    match fact {
        Fact::LegPaid { leg } => return take_leg(view, ground, aggregate, leg, changes),
        Fact::OrderClosing => changes.jobs.push(order_job(ground, &aggregate, ground.at)),
        Fact::OrderDecided(state) => {
            if aggregate.order.shape == OrderShape::Combined && state != OrderState::Closing {
                changes.jobs.push(JobChange::Done(JobKind::Order, aggregate.id().to_i64()));
            }
            give_gift_back(view, &aggregate, state, changes);
            if matches!(state, OrderState::Failed | OrderState::Closed) {
                holds::not_completed(view, ground, aggregate.id(), changes);
            }
            notify_order(ground, &aggregate, state, changes);
        }
        Fact::LateMoney { attempt } => {
            return return_late(view, ground, aggregate, attempt, changes);
        }
        Fact::Verify { attempt } => {
            changes.jobs.push(put(ground, JobKind::Attempt, attempt.to_i64(), &aggregate));
        }
        Fact::AttemptMoved { attempt, from, to } => {
            changes.jobs.extend(attempt_job(ground, &aggregate, attempt, (from, to)));
            changes.usages.extend(ended_use(view, ground, &aggregate, (attempt, from, to)));
        }
        Fact::RefundSucceeded { refund } => {
            confirm_refund(view, ground, (&aggregate, refund), changes);
            end_refund(ground, &aggregate, refund, changes);
        }
        // Booked with the decision itself, which the reserve may refuse, or never.
        Fact::RefundPaidOut { refund } | Fact::RefundDropped { refund } => {
            end_refund(ground, &aggregate, refund, changes)
        }
        Fact::RefundFailed { refund } => {
            let (stamp, parties) = (ground.stamp(), &ground.parties);
            if let Some(returned) = top_up_return(&aggregate, refund) {
                restore(view, ground, returned, changes);
            } else if let Some(taken) = taken(&aggregate, refund) {
                post(view, bookings::refund_failed(stamp, parties, &taken), changes);
            }
            end_refund(ground, &aggregate, refund, changes);
        }
        Fact::RefundUndone { refund } => {
            if let Some(taken) = taken(&aggregate, refund) {
                let (stamp, parties) = (ground.stamp(), &ground.parties);
                let ours = is_ours(&aggregate, taken.leg.id);
                let journal = bookings::refund_undone(stamp, parties, &taken, ours);
                post(view, journal, changes);
                holds::completed_again(view, ground, aggregate.id(), changes);
            }
            end_refund(ground, &aggregate, refund, changes);
        }
        Fact::RefundStuck { refund } => end_refund(ground, &aggregate, refund, changes),
        Fact::RefundUnsent { refund } | Fact::RefundWaits { refund } => {
            let due_at = schedule::next_refund_look(ground.looks, ground.at);
            let job = job(ground, JobKind::Refund, refund.to_i64(), &aggregate);
            let looks = ground.looks.saturating_add(1);
            changes.jobs.push(JobChange::Put(Job { due_at, looks, ..job }));
        }
        Fact::Contradiction { what } => {
            tracing::error!(order.id = %aggregate.id(), what, "a channel contradicts what it said before");
        }
    }
    aggregate
}

/// A channel gave the money back. A completion's hold stands again when all of it was undone.
fn confirm_refund(
    view: &View<'_>,
    ground: &Ground,
    (aggregate, id): (&Aggregate, RefundId),
    changes: &mut Changes,
) {
    let row = aggregate.refund(id).filter(|row| is_ours(aggregate, row.leg));
    let Some(row) = row else { return };
    let (stamp, parties) = (ground.stamp(), &ground.parties);
    let journal = match row.kind {
        RefundKind::TopUpReturn => bookings::top_up_return_confirmed(stamp, parties, row),
        RefundKind::Refund | RefundKind::Void | RefundKind::Reversal => {
            bookings::refund_confirmed(stamp, id, parties, row.amount)
        }
    };
    post(view, journal, changes);
    if matches!(row.kind, RefundKind::Void | RefundKind::Reversal) {
        holds::revived(view, ground, aggregate.id(), changes);
    }
}

fn take_leg(
    view: &View<'_>,
    ground: &Ground,
    aggregate: Aggregate,
    id: LegId,
    changes: &mut Changes,
) -> Aggregate {
    let mut aggregate = aggregate;
    let is_hold = aggregate.order.hold.is_some_and(CardHold::is_hold);
    if let Some(leg) = aggregate.legs.iter_mut().find(|l| l.id == id) {
        (leg.fee, leg.cost) = ground.prices.charge(view, leg, ground.at);
        let counted = (!is_hold).then(|| ground.prices.volumes(leg));
        changes.volumes.extend(counted.into_iter().flatten());
        // Nobody buys anything with a top-up: only the channel takes something for it.
        leg.fee = leg.fee.take().filter(|_| aggregate.order.top_up.is_none());
        if is_hold {
            (leg.fee, leg.cost) = (None, None);
        }
    }
    if is_hold {
        changes.jobs.push(holds::lapse_job(&aggregate, ground.at));
    }
    holds::completed(view, ground, changes);
    if let Some(leg) = aggregate.leg(id) {
        changes.shifts.extend(shifts::taken(view, &aggregate, leg));
        match aggregate.order.top_up {
            Some(top_up) => fill(view, ground, (&aggregate, top_up), changes),
            None => {
                let journal = bookings::paid(ground.stamp(), &aggregate, &ground.parties, leg);
                post(view, journal, changes);
            }
        }
    }
    // Paid in the moment in which the order was given up: it goes back.
    if aggregate.order.state == OrderState::Closing {
        changes.jobs.push(order_job(ground, &aggregate, ground.at));
    }
    aggregate
}

/// A top-up was paid: the wallet has another lot.
fn fill(
    view: &View<'_>,
    ground: &Ground,
    (aggregate, top_up): (&Aggregate, TopUp),
    changes: &mut Changes,
) {
    let (order, amount) = (aggregate.id(), aggregate.order.amount);
    #[expect(clippy::expect_used, reason = "wallets are never deleted, and Reads has it")]
    let wallet = view.wallet(top_up.wallet).expect("the wallet of a top-up");
    changes.wallets.push(wallet.filled(order, amount, top_up.gift, ground.at));
    let journal = bookings::topped_up(ground.stamp(), &ground.parties, (order, top_up), amount);
    post(view, journal, changes);
}

/// A top-up that nobody paid gives nothing: its gift goes back into the budget.
fn give_gift_back(
    view: &View<'_>,
    aggregate: &Aggregate,
    state: OrderState,
    changes: &mut Changes,
) {
    let unpaid = matches!(state, OrderState::Failed | OrderState::Closed);
    let Some(top_up) = aggregate.order.top_up.filter(|_| unpaid) else { return };
    if let Some(campaign) = top_up.campaign {
        let mut holders = Holders::default();
        holders.refill(view, campaign, top_up.gift);
        holders.write(changes);
    }
}

/// A return of a top-up, where the refund is one.
fn top_up_return(aggregate: &Aggregate, id: RefundId) -> Option<(&Refund, TopUp)> {
    let refund = aggregate.refund(id).filter(|r| r.kind == RefundKind::TopUpReturn)?;
    Some((refund, aggregate.order.top_up?))
}

/// The money of a top-up did not go back: it is the wallet's again.
fn restore(
    view: &View<'_>,
    ground: &Ground,
    (refund, top_up): (&Refund, TopUp),
    changes: &mut Changes,
) {
    #[expect(clippy::expect_used, reason = "wallets are never deleted, and Reads has it")]
    let wallet = view.wallet(top_up.wallet).expect("the wallet of a top-up");
    let (wallet, revived) = wallet.restore(refund.order, refund.amount, ground.at);
    changes.wallets.push(wallet);
    let (stamp, parties) = (ground.stamp(), &ground.parties);
    let journal = bookings::top_up_return_failed(stamp, parties, (refund, top_up), revived);
    post(view, journal, changes);
}

/// The job that gives a combined order up when its time is over, and returns its paid legs.
pub(crate) fn order_job(ground: &Ground, aggregate: &Aggregate, due_at: Timestamp) -> JobChange {
    let job = job(ground, JobKind::Order, aggregate.id().to_i64(), aggregate);
    JobChange::Put(Job { due_at, ..job })
}

pub(crate) fn post(view: &View<'_>, journal: ledger::Journal, changes: &mut Changes) {
    #[expect(
        clippy::expect_used,
        reason = "these rules take from transit accounts only: no state refuses them"
    )]
    let posting = view.post(journal).expect("a journal over transit accounts is accepted");
    changes.postings.push(posting);
}

/// Whether a leg's money passes through our books.
fn is_ours(aggregate: &Aggregate, leg: LegId) -> bool {
    aggregate.leg(leg).is_some_and(Leg::is_ours)
}

/// The source of a merchant's refund; money that goes back by itself was never the merchant's.
fn taken(aggregate: &Aggregate, id: RefundId) -> Option<Taken> {
    let refund = aggregate.refund(id).filter(|r| !r.origin.is_automatic())?;
    Some(Taken {
        refund: id,
        leg: aggregate.leg(refund.leg)?.clone(),
        amount: refund.amount,
        from_pending: refund.from_pending,
        from_available: refund.amount.try_sub(refund.from_pending).ok()?,
    })
}

fn attempt_job(
    ground: &Ground,
    aggregate: &Aggregate,
    id: AttemptId,
    (from, to): (AttemptState, AttemptState),
) -> Option<JobChange> {
    let attempt = aggregate.attempt(id)?;
    if from != to && may_still_be_paid(from, to) {
        return Some(watch(ground, aggregate, id, 0));
    }
    if !to.is_open() {
        return Some(JobChange::Done(JobKind::Attempt, id.to_i64()));
    }
    let looks = if from == to { ground.looks.saturating_add(1) } else { 0 };
    let due_at = next_look(attempt, &aggregate.order, looks, ground.at);
    let job = job(ground, JobKind::Attempt, id.to_i64(), aggregate);
    Some(JobChange::Put(Job { due_at, looks, ..job }))
}

/// An attempt that was closed, or refused after it had been open at the channel (a code that ran
/// out, a payer who did not confirm in time), may be paid late, and the notice of it may be lost. A
/// charge that was refused at once took nothing and has nothing that could be paid.
fn may_still_be_paid(from: AttemptState, to: AttemptState) -> bool {
    to == AttemptState::Closed || (to == AttemptState::Refused && from != AttemptState::Sending)
}

/// What the end of an attempt makes of what its account has taken.
fn ended_use(
    view: &View<'_>,
    ground: &Ground,
    aggregate: &Aggregate,
    (id, from, to): (AttemptId, AttemptState, AttemptState),
) -> Option<routing::Use> {
    let attempt = aggregate.attempt(id).filter(|_| from.is_open() && !to.is_open())?;
    let owner = ground.parties.channel_owner.as_deref()?;
    // Before this, it was what was asked.
    let before = view.order(aggregate.id()).and_then(|order| order.attempt(id));
    let asked = before.map_or(attempt.amount, |before| before.amount);
    routing::ended(view, owner, (attempt, asked), to == AttemptState::Paid)
}

/// The next look at an attempt that ended without money, or the end of its watch.
pub(crate) fn watch(
    ground: &Ground,
    aggregate: &Aggregate,
    id: AttemptId,
    looks: u32,
) -> JobChange {
    let way = aggregate.attempt(id).map_or(PayWay::PayerCode, |attempt| attempt.way);
    match schedule::next_watch(way, looks, ground.at) {
        Some(due_at) => {
            let job = job(ground, JobKind::Attempt, id.to_i64(), aggregate);
            JobChange::Put(Job { due_at, looks: looks.saturating_add(1), ..job })
        }
        None => JobChange::Done(JobKind::Attempt, id.to_i64()),
    }
}

/// The schedule's next look, but not later than the moment to give up.
fn next_look(attempt: &Attempt, order: &orders::Order, looks: u32, now: Timestamp) -> Timestamp {
    let due = schedule::next_look(attempt.state, attempt.way, looks, now);
    match attempt.state {
        AttemptState::Sending | AttemptState::Waiting | AttemptState::Unknown => {
            let limit = schedule::give_up_at(attempt.way, attempt.created_at, order.expires_at);
            due.min(limit.max(now.saturating_add(SignedDuration::from_secs(1)).unwrap_or(now)))
        }
        AttemptState::Closing
        | AttemptState::Cancelling
        | AttemptState::Paid
        | AttemptState::Refused
        | AttemptState::Closed
        | AttemptState::Returned
        | AttemptState::PaidLate => due,
    }
}

fn return_late(
    view: &View<'_>,
    ground: &Ground,
    aggregate: Aggregate,
    id: AttemptId,
    changes: &mut Changes,
) -> Aggregate {
    let Some(attempt) = aggregate.attempt(id) else {
        return aggregate;
    };
    let refund = late_refund(ground, &aggregate, attempt);
    if is_ours(&aggregate, refund.leg) {
        let journal = bookings::late(ground.stamp(), refund.id, &ground.parties, refund.amount);
        post(view, journal, changes);
    }
    changes.jobs.push(put(ground, JobKind::Refund, refund.id.to_i64(), &aggregate));
    tracing::warn!(order.id = %aggregate.id(), attempt.id = %id, refund.id = %refund.id,
        "money came in after the end of the order and goes back");
    aggregate.return_late(refund)
}

fn late_refund(ground: &Ground, aggregate: &Aggregate, attempt: &Attempt) -> Refund {
    let order = &aggregate.order;
    #[expect(
        clippy::expect_used,
        reason = "an attempt's number is within a merchant number's characters"
    )]
    let merchant_no = MerchantNo::parse(&format!("{LATE_PREFIX}{}", attempt.id)).expect("an id");
    Refund {
        id: ground.spare.refund,
        order: order.id,
        leg: attempt.leg,
        attempt: Some(attempt.id),
        merchant: order.merchant,
        merchant_no,
        part: 1,
        parts: 1,
        content_hash: [0; 32],
        origin: RefundOrigin::LatePayment,
        kind: RefundKind::Refund,
        amount: attempt.amount,
        from_pending: money::Amount::zero(attempt.amount.currency()),
        fee: FeeOnRefund::Returned,
        fee_back: None,
        reason: "paid after the order was closed".to_owned(),
        notify_url: order.notify_url.clone(),
        state: RefundState::Sending,
        tries: 0,
        refusal: None,
        case: None,
        created_at: ground.at,
        refunded_at: None,
        updated_at: ground.at,
    }
}

fn job(ground: &Ground, kind: JobKind, subject: i64, aggregate: &Aggregate) -> Job {
    Job { kind, subject, order: Some(aggregate.id()), due_at: ground.at, looks: 0 }
}

fn put(ground: &Ground, kind: JobKind, subject: i64, aggregate: &Aggregate) -> JobChange {
    JobChange::Put(job(ground, kind, subject, aggregate))
}

fn notify_order(ground: &Ground, aggregate: &Aggregate, state: OrderState, changes: &mut Changes) {
    let event = match state {
        OrderState::Paid => "payment.paid",
        OrderState::Failed => "payment.failed",
        OrderState::Closed => "payment.closed",
        OrderState::Paying | OrderState::Closing => return,
    };
    let url = aggregate.order.notify_url.clone();
    let body = text::payment_body(ground.spare.notification, event, aggregate, ground.at);
    notify(ground, aggregate, (event, url), body, changes);
}

fn end_refund(ground: &Ground, aggregate: &Aggregate, id: RefundId, changes: &mut Changes) {
    changes.jobs.push(JobChange::Done(JobKind::Refund, id.to_i64()));
    let Some(refund) = aggregate.refund(id) else {
        return;
    };
    let parts = aggregate.refund_parts(&refund.merchant_no);
    // The end of the order tells of what it returned by itself; a return over several legs is told
    // when the last of them has ended.
    if refund.origin == RefundOrigin::Abandoned || parts.iter().any(|r| r.state.is_open()) {
        return;
    }
    let event = match RefundState::of_parts(&parts) {
        RefundState::Succeeded => "refund.succeeded",
        RefundState::Failed | RefundState::Undone => "refund.failed",
        RefundState::Manual => "refund.manual",
        RefundState::Queued
        | RefundState::Sending
        | RefundState::Processing
        | RefundState::Unknown
        | RefundState::Undoing => return,
    };
    let url = refund.notify_url.clone().or_else(|| aggregate.order.notify_url.clone());
    let told = (aggregate, &refund.merchant_no);
    let body = text::refund_body(ground.spare.notification, event, told, ground.at);
    notify(ground, aggregate, (event, url), body, changes);
}

fn notify(
    ground: &Ground,
    aggregate: &Aggregate,
    (event, url): (&str, Option<String>),
    body: String,
    changes: &mut Changes,
) {
    let Some(url) = url else { return };
    let id = ground.spare.notification;
    changes.notifications.push(Notification {
        id,
        merchant: aggregate.order.merchant,
        order: aggregate.id(),
        event: event.to_owned(),
        url,
        body,
        state: NotificationState::Waiting,
        tries: 0,
        created_at: ground.at,
        delivered_at: None,
    });
    changes.jobs.push(put(ground, JobKind::Notify, id.to_i64(), aggregate));
}
