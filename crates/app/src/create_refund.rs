//! Refund or void a payment: set the money aside, commit, ask the channels, write what they said.

use std::collections::BTreeMap;

use clearing::FeeOnRefund;
use futures_util::future::join_all;
use ids::{LegId, MerchantId, MerchantNo, OrderId, RefundId};
use jiff::Timestamp;
use ledger::AccountKey;
use money::Amount;
use orders::{
    Aggregate, CardHold, Days, Leg, LegState, OrderState, Refund, RefundKind, RefundOrigin,
    RefundRefusal, RefundState, RefundTry, ShortOfMoney, TopUp, TradeRules, WalletRefusal,
    WalletState, schedule,
};
use store::{Changes, Command, Decision, Job, JobChange, JobKind, Reads, View};

use crate::bookings::{self, Parties, Taken, accounting_date, china_time};
use crate::consequences::Ground;
use crate::error::{Failure, Refused, UseCaseError};
use crate::holders::Holders;
use crate::holds;
use crate::{App, CALL_LEFT};

/// What a merchant asks to have returned.
#[derive(Debug, Clone)]
pub struct CreateRefund {
    pub merchant: MerchantId,
    pub merchant_no: MerchantNo,
    pub payment: PaymentRef,
    /// SHA-256 of the canonical request.
    pub content_hash: [u8; 32],
    pub what: Return,
    pub reason: String,
    pub notify_url: Option<String>,
    /// Who asks: [`RefundOrigin::Merchant`] or [`RefundOrigin::Terminal`].
    pub origin: RefundOrigin,
}

/// What of a payment is to be returned.
#[derive(Debug, Clone)]
pub enum Return {
    /// 撤销: all of it, today.
    Void,
    /// 冲正: all of it, today; the terminal gave it up.
    Reversal,
    /// 退款: of one leg, or, where no leg is named, of the only one or of all in full.
    Refund { amount: Amount, leg: Option<LegId> },
    /// 充退: of a top-up, what is not spent. Risk control may force it out of a frozen wallet.
    TopUp { amount: Amount, forced: bool },
}

/// Which payment is meant: by our id or by the merchant's number.
#[derive(Debug, Clone)]
pub enum PaymentRef {
    Id(OrderId),
    No(MerchantNo),
}

impl App {
    /// Refunds a part or all of a payment, or voids it. The same number with the same content gives
    /// the same refund, as it is now.
    ///
    /// # Errors
    /// [`Refused::PaymentNotFound`] and [`RefundRefusal`] as refusals; a failure of the store.
    pub async fn create_refund(&self, input: CreateRefund) -> Result<Aggregate, UseCaseError> {
        let order = match &input.payment {
            PaymentRef::Id(id) => self.store.order(*id).await?,
            PaymentRef::No(no) => self.store.order_by_no(input.merchant, no.clone()).await?,
        };
        let order = order.filter(|o| o.order.merchant == input.merchant);
        let order = order.ok_or(Refused::PaymentNotFound)?;
        let accept = self.accept_refund(&order, input).await?;
        match self.store.write(accept).await? {
            Accepted::Known(aggregate) => Ok(aggregate),
            Accepted::Refused(refusal) => Err(refusal.into()),
            Accepted::New(aggregate, sent) => self.send_refunds(aggregate, sent).await,
        }
    }

    pub(crate) async fn accept_refund(
        &self,
        order: &Aggregate,
        input: CreateRefund,
    ) -> Result<Accept, Failure> {
        let rules = self.trade_rules(input.merchant).await?;
        let (ground, ms) = (self.ground_of(order), self.now().as_millisecond());
        let ids = order.legs.iter().map(|_| RefundId::generate(&self.ids, ms)).collect();
        let pending = order.legs.iter().map(|l| ground.parties.pending(&l.tender)).collect();
        Ok(Accept { ground, order: order.id(), input, rules, ids, pending })
    }

    /// Sends the parts of a return to their channels, all at once.
    pub(crate) async fn send_refunds(
        &self,
        aggregate: Aggregate,
        sent: Vec<RefundId>,
    ) -> Result<Aggregate, UseCaseError> {
        let (id, one) = (aggregate.id(), sent.len() <= 1);
        let mut last = aggregate.clone();
        let send = |refund| self.send_part(&aggregate, refund);
        for done in join_all(sent.into_iter().map(send)).await {
            last = done?;
        }
        if one {
            return Ok(last);
        }
        let order = self.store.order(id).await?;
        Ok(order.ok_or(Failure::unusable("the order of a refund"))?)
    }

    async fn send_part(&self, order: &Aggregate, id: RefundId) -> Result<Aggregate, UseCaseError> {
        let attempt = order.refund(id).and_then(|r| r.attempt).and_then(|a| order.attempt(a));
        let attempt = attempt.ok_or(Failure::unusable("the attempt of a refund"))?;
        let account = self.account(attempt.channel_account).await?;
        let account = account.ok_or(Failure::unusable("an attempt's channel account"))?;
        self.send_refund(&account, order.clone(), id, 0).await
    }
}

pub(crate) struct Accept {
    ground: Ground,
    order: OrderId,
    input: CreateRefund,
    rules: TradeRules,
    /// One for each leg.
    ids: Vec<RefundId>,
    pending: Vec<AccountKey>,
}

pub(crate) enum Accepted {
    /// With the parts that are to be sent to channels.
    New(Aggregate, Vec<RefundId>),
    Known(Aggregate),
    Refused(RefundRefusal),
}

impl Command for Accept {
    type Answer = Accepted;

    fn now(&self) -> Timestamp {
        self.ground.at
    }

    fn reads(&self, reads: &mut Reads) {
        reads.orders.insert(self.order);
        reads.refund_nos.insert((self.input.merchant, self.input.merchant_no.clone()));
        reads.accounts.extend(self.pending.iter().cloned());
        reads.accounts.insert(self.ground.parties.available());
        self.ground.reads(reads);
        reads.shifts_of.extend(self.ground.terminal);
    }

    fn decide(&self, view: &View<'_>) -> Decision<Accepted> {
        let (merchant, no) = (self.input.merchant, &self.input.merchant_no);
        if let Some((order, id)) = view.refund_by_no(merchant, no) {
            let hash = self.input.content_hash;
            let same = order.refund(id).is_some_and(|r| r.content_hash == hash);
            return Decision::answer(if same {
                Accepted::Known(order.clone())
            } else {
                Accepted::Refused(RefundRefusal::RefundNoUsed)
            });
        }
        match self.accept(view) {
            Err(refusal) => Decision::answer(Accepted::Refused(refusal)),
            Ok((aggregate, sent, changes)) => {
                Decision { changes, answer: Accepted::New(aggregate, sent) }
            }
        }
    }
}

impl Accept {
    /// The number under which the return is known.
    pub(crate) const fn number(&self) -> &MerchantNo {
        &self.input.merchant_no
    }

    fn accept(
        &self,
        view: &View<'_>,
    ) -> Result<(Aggregate, Vec<RefundId>, Changes), RefundRefusal> {
        let order = view.order(self.order).ok_or(RefundRefusal::OrderNotPaid)?;
        let returns_top_up = matches!(self.input.what, Return::TopUp { .. });
        if order.order.top_up.is_some() != returns_top_up {
            return Err(RefundRefusal::OrderIsTopUp);
        }
        if order.order.state != OrderState::Paid {
            return Err(RefundRefusal::OrderNotPaid);
        }
        let forced = matches!(self.input.what, Return::TopUp { forced: true, .. });
        permit_top_up(view, order, forced)?;
        let is_hold = order.order.hold.is_some_and(CardHold::is_hold);
        if is_hold {
            self.permit_release(order)?;
        }
        let legs = self.legs(order)?;
        let touched: Vec<&Leg> = legs.iter().map(|(leg, _)| *leg).collect();
        let (time, days) = (china_time(self.ground.at), self.days(order));
        if !is_hold {
            self.rules.permit(self.input.what.kind(), time, days, &touched)?;
        }
        let parts = u16::try_from(legs.len()).unwrap_or(u16::MAX);
        let numbered = (1..=parts).zip(self.ids.iter().copied()).zip(legs);
        let drafts: Vec<Refund> = numbered
            .map(|((part, id), (leg, amount))| {
                let attempt = order.paid_attempt(leg.id).map(|a| a.id);
                let draft = draft(&self.input, &self.ground, (leg, amount));
                let fee = self.fee();
                Refund { id, attempt, part, parts, fee, ..draft }
            })
            .collect();
        // The order's own refusals come before the books' (the order of RefundRefusal).
        order.accept_refunds(&drafts)?;
        match set_aside(view, &self.ground, order, drafts.clone()) {
            Err(RefundRefusal::InsufficientFunds) if self.may_wait(&drafts) => {
                self.queue(order, drafts)
            }
            decided => decided,
        }
    }

    /// A hold is voided whole and on any day, as long as it stands.
    fn permit_release(&self, hold: &Aggregate) -> Result<(), RefundRefusal> {
        if !matches!(self.input.what, Return::Void | Return::Reversal) {
            return Err(RefundRefusal::OrderIsHold);
        }
        if holds::stands(hold) { Ok(()) } else { Err(RefundRefusal::VoidNotWhole) }
    }

    fn may_wait(&self, drafts: &[Refund]) -> bool {
        let refund = self.input.what.kind() == RefundKind::Refund;
        let settled = self.rules.short_of_money == ShortOfMoney::Queue;
        refund && settled && drafts.iter().all(|part| part.state == RefundState::Sending)
    }

    /// The parts wait until the merchant's money covers them. They count on their legs at once.
    fn queue(
        &self,
        order: &Aggregate,
        drafts: Vec<Refund>,
    ) -> Result<(Aggregate, Vec<RefundId>, Changes), RefundRefusal> {
        let wait = |part| Refund { state: RefundState::Queued, tries: 0, ..part };
        let parts: Vec<Refund> = drafts.into_iter().map(wait).collect();
        let aggregate = order.accept_refunds(&parts)?;
        let due_at = schedule::next_refund_look(0, self.ground.at);
        let jobs = parts.iter().map(|part| refund_job(part, due_at, 0)).collect();
        let orders = vec![aggregate.clone()];
        Ok((aggregate, Vec::new(), Changes { orders, jobs, ..Changes::default() }))
    }

    /// Which legs the return touches, and how much of each.
    fn legs<'a>(&self, order: &'a Aggregate) -> Result<Vec<(&'a Leg, Amount)>, RefundRefusal> {
        let paid = || order.legs.iter().filter(|l| l.state == LegState::Paid);
        let (amount, leg) = match &self.input.what {
            Return::Void | Return::Reversal => return Ok(paid().map(|l| (l, l.amount)).collect()),
            Return::Refund { amount, leg } => (*amount, *leg),
            Return::TopUp { amount, .. } => (*amount, None),
        };
        if let Some(id) = leg {
            let leg = paid().find(|l| l.id == id).ok_or(RefundRefusal::LegNotFound)?;
            return Ok(vec![(leg, amount)]);
        }
        let left: Vec<&Leg> = paid().filter(|l| !l.refundable().is_zero()).collect();
        let whole: u64 = left.iter().map(|l| l.refundable().minor()).sum();
        match (left.as_slice(), paid().next()) {
            ([only], _) => Ok(vec![(*only, amount)]),
            ([], Some(any)) => Ok(vec![(any, amount)]),
            (_, _) if whole == amount.minor() => {
                Ok(left.into_iter().map(|l| (l, l.refundable())).collect())
            }
            (_, _) if amount.minor() > whole => Err(RefundRefusal::AmountAboveRefundable),
            (_, _) => Err(RefundRefusal::LegWanted),
        }
    }

    /// What was never to be is not paid for: a void always returns the fee.
    const fn fee(&self) -> FeeOnRefund {
        match self.input.what.kind() {
            RefundKind::Void | RefundKind::Reversal | RefundKind::TopUpReturn => {
                FeeOnRefund::Returned
            }
            RefundKind::Refund => self.rules.fee_on_refund,
        }
    }

    /// The books' day of the payment's end, and the first day on which a channel took money of it.
    fn days(&self, order: &Aggregate) -> Days {
        let today = accounting_date(self.ground.at);
        let booked = order.legs.iter().filter_map(|l| l.booked_at).max();
        let taken = order.legs.iter().filter_map(|l| order.paid_attempt(l.id)?.paid_at).min();
        Days {
            today,
            booked: booked.map_or(today, accounting_date),
            channel: taken.or(booked).map_or(today, accounting_date),
        }
    }
}

impl Return {
    const fn kind(&self) -> RefundKind {
        match self {
            Self::Void => RefundKind::Void,
            Self::Reversal => RefundKind::Reversal,
            Self::Refund { .. } => RefundKind::Refund,
            Self::TopUp { .. } => RefundKind::TopUpReturn,
        }
    }
}

fn draft(input: &CreateRefund, ground: &Ground, (leg, amount): (&Leg, Amount)) -> Refund {
    let at_channel = leg.tender.channel().is_some();
    Refund {
        id: ground.spare.refund,
        order: leg.order,
        leg: leg.id,
        attempt: None,
        merchant: input.merchant,
        merchant_no: input.merchant_no.clone(),
        part: 1,
        parts: 1,
        content_hash: input.content_hash,
        origin: input.origin,
        kind: input.what.kind(),
        amount,
        from_pending: Amount::zero(amount.currency()),
        fee: FeeOnRefund::Returned,
        fee_back: None,
        reason: input.reason.clone(),
        notify_url: input.notify_url.clone(),
        state: if at_channel { RefundState::Sending } else { RefundState::Succeeded },
        tries: u32::from(at_channel),
        refusal: None,
        case: None,
        created_at: ground.at,
        refunded_at: (!at_channel).then_some(ground.at),
        updated_at: ground.at,
    }
}

/// Takes the money of new parts, or of one that is tried again, from the merchant, and adds or renews
/// them in the order. All stand in one journal, or none does.
pub(crate) fn set_aside(
    view: &View<'_>,
    ground: &Ground,
    order: &Aggregate,
    parts: Vec<Refund>,
) -> Result<(Aggregate, Vec<RefundId>, Changes), RefundRefusal> {
    let mut purse = Purse { view, parties: &ground.parties, used: BTreeMap::new() };
    let mut taken = Vec::new();
    let mut ready = Vec::new();
    let mut changes = Changes::default();
    for part in parts {
        let leg = order.leg(part.leg).ok_or(RefundRefusal::LegNotFound)?;
        if let Some(top_up) = order.order.top_up {
            take_back(view, ground, (&part, top_up), &mut changes)?;
            ready.push(part);
            continue;
        }
        let from = purse.take(&part, leg)?;
        ready.push(Refund { from_pending: from.from_pending, ..part });
        taken.push(from);
    }
    let mut aggregate = order.clone();
    let mut sent = Vec::new();
    let mut holders = Holders::default();
    for part in ready {
        let id = part.id;
        if let Some(leg) = order.leg(part.leg) {
            holders.give_back(view, order, (leg, part.amount), ground.at);
        }
        if part.state.is_open() || part.state == RefundState::Failed {
            sent.push(id);
            changes.refund_tries.push(RefundTry {
                refund: id,
                order: part.order,
                number: part.tries,
                sent_at: ground.at,
                outcome: None,
            });
            let left = ground.at.saturating_add(CALL_LEFT).unwrap_or(ground.at);
            changes.jobs.push(refund_job(&part, left, 0));
        }
        aggregate = renew(&aggregate, part, ground.at)?;
    }
    if let Some(journal) = bookings::refund_accepted(ground.stamp(), &ground.parties, &taken) {
        let posting = view.post(journal).or(Err(RefundRefusal::InsufficientFunds))?;
        changes.postings.push(posting);
    }
    holders.write(&mut changes);
    changes.orders.push(aggregate.clone());
    Ok((aggregate, sent, changes))
}

/// Nothing leaves a frozen wallet but by force.
pub(crate) fn permit_top_up(
    view: &View<'_>,
    order: &Aggregate,
    forced: bool,
) -> Result<(), RefundRefusal> {
    let wallet = order.order.top_up.and_then(|top_up| view.wallet(top_up.wallet));
    match wallet {
        Some(wallet) if wallet.state == WalletState::Frozen && !forced => {
            Err(RefundRefusal::Wallet(WalletRefusal::WalletFrozen))
        }
        Some(_) | None => Ok(()),
    }
}

/// The money of a top-up's return comes out of the wallet that it filled.
fn take_back(
    view: &View<'_>,
    ground: &Ground,
    (part, top_up): (&Refund, TopUp),
    changes: &mut Changes,
) -> Result<(), RefundRefusal> {
    let refuse = RefundRefusal::Wallet;
    let wallet = view.wallet(top_up.wallet).ok_or(refuse(WalletRefusal::WalletNotFound))?;
    let taken = wallet.take_back(part.order, part.amount, ground.at).map_err(refuse)?;
    let (stamp, parties) = (ground.stamp(), &ground.parties);
    let journal = bookings::top_up_taken_back(stamp, parties, (part, top_up), taken.1);
    changes.wallets.push(taken.0);
    changes.postings.push(view.post(journal).or(Err(RefundRefusal::InsufficientFunds))?);
    Ok(())
}

pub(crate) fn refund_job(part: &Refund, due_at: Timestamp, looks: u32) -> JobChange {
    let (kind, subject) = (JobKind::Refund, part.id.to_i64());
    JobChange::Put(Job { kind, subject, order: Some(part.order), due_at, looks })
}

fn renew(order: &Aggregate, part: Refund, now: Timestamp) -> Result<Aggregate, RefundRefusal> {
    if order.refund(part.id).is_none() {
        return order.accept_refunds(&[part]);
    }
    let mut aggregate = match order.fund_refund(part.id, now) {
        Some(funded) => funded,
        None => order.retry_refund(part.id, now)?,
    };
    for row in aggregate.refunds.iter_mut().filter(|r| r.id == part.id) {
        row.from_pending = part.from_pending;
        row.tries = part.tries;
    }
    Ok(aggregate)
}

/// The merchant's money while the parts of one return draw on it.
struct Purse<'a> {
    view: &'a View<'a>,
    parties: &'a Parties,
    used: BTreeMap<AccountKey, u64>,
}

impl Purse<'_> {
    /// Unsettled money first, then the balance; refused when both together are not enough. What never
    /// was ours is not taken from ours.
    fn take(&mut self, refund: &Refund, leg: &Leg) -> Result<Taken, RefundRefusal> {
        let amount = refund.amount;
        let currency = amount.currency();
        if currency != self.parties.currency {
            return Err(RefundRefusal::CurrencyMismatch);
        }
        let wanted = if leg.is_ours() { amount.minor() } else { 0 };
        let first = self.draw(self.parties.pending(&leg.tender), wanted);
        let rest = self.draw(self.parties.available(), wanted - first);
        if first + rest < wanted {
            return Err(RefundRefusal::InsufficientFunds);
        }
        let part =
            |minor| Amount::new(minor, currency).or(Err(RefundRefusal::AmountAboveRefundable));
        Ok(Taken {
            refund: refund.id,
            leg: leg.clone(),
            amount,
            from_pending: part(first)?,
            from_available: part(rest)?,
        })
    }

    /// At most `wanted` of what is left in an account.
    fn draw(&mut self, key: AccountKey, wanted: u64) -> u64 {
        if wanted == 0 {
            return 0;
        }
        let used = self.used.entry(key.clone()).or_default();
        let drawn = wanted.min(self.view.available(&key).saturating_sub(*used));
        *used += drawn;
        drawn
    }
}
