//! Combined payment 组合支付: legs are added one by one or together, until they cover the order.

use std::sync::Arc;

use futures_util::future::join_all;
use ids::{AttemptId, MerchantId, OrderId};
use jiff::Timestamp;
use orders::{Aggregate, Attempt, CreateRefusal, Leg, LegRefusal, OrderState, schedule};
use store::{Command, Decision, Reads, View};

use crate::consequences::{Ground, follow};
use crate::create_payment::{Create, Created, Through, attempt_job, draft_leg, draft_order};
use crate::error::{Failure, Refused, UseCaseError};
use crate::give_up::GiveUp;
use crate::holders::Holders;
use crate::routing::Plan;
use crate::{App, CALL_LEFT, CreatePayment, Means, NewLeg};

/// A leg for an order that is there.
#[derive(Debug, Clone)]
pub struct AddLeg {
    pub merchant: MerchantId,
    pub payment: OrderId,
    pub terminal_ip: String,
    pub leg: NewLeg,
}

impl App {
    /// Writes the order without legs and then adds each. A repeat of the request adds what a crash
    /// left out: every leg has its own number.
    pub(crate) async fn create_combined(
        &self,
        input: &CreatePayment,
        legs: &[NewLeg],
    ) -> Result<Aggregate, UseCaseError> {
        match self.permit_combined(input, legs).await {
            Err(UseCaseError::Refused(refusal)) => return self.known_instead(input, refusal).await,
            permitted => permitted?,
        }
        let aggregate = Aggregate {
            order: draft_order(&self.ids, input, self.now()),
            legs: Vec::new(),
            attempts: Vec::new(),
            refunds: Vec::new(),
        };
        let ground = self.ground_of(&aggregate);
        let checkout = input.checkout_row(aggregate.id());
        let create = Create { ground, aggregate, plan: None, checkout };
        let created = match self.store.write(create).await? {
            Created::New(aggregate) => aggregate,
            // What a crash left out is added to an order that is still open; one that has ended is
            // shown as it is.
            Created::Known(known) if known.order.state != OrderState::Paying => return Ok(known),
            Created::Known(aggregate) => aggregate,
            Created::Refused(refusal) => return Err(refusal.into()),
        };
        let add = |leg: &NewLeg| {
            let (leg, terminal_ip) = (leg.clone(), input.terminal_ip.clone());
            let (merchant, payment) = (input.merchant, created.id());
            self.add_leg(AddLeg { merchant, payment, terminal_ip, leg })
        };
        for added in join_all(legs.iter().map(add)).await {
            match added {
                // The order ended meanwhile: the answer shows how.
                Err(UseCaseError::Refused(Refused::Leg(LegRefusal::OrderNotOpen))) | Ok(_) => {}
                Err(error) => return Err(error),
            }
        }
        let order = self.store.order(created.id()).await?;
        Ok(order.ok_or(Failure::unusable("a new order"))?)
    }

    /// What is refused before anything is written. What a leg itself is refused for comes later, and is
    /// told: the order is there then, and open.
    async fn permit_combined(
        &self,
        input: &CreatePayment,
        legs: &[NewLeg],
    ) -> Result<(), UseCaseError> {
        self.admit(input.merchant, input.terminal).await?;
        let sum: u64 = legs.iter().map(|l| l.amount.minor()).sum();
        if sum > input.amount.minor() {
            return Err(CreateRefusal::LegsAboveAmount.into());
        }
        for leg in legs {
            self.permit_tender(input.terminal, &leg.means).await?;
            self.plan(input.merchant, input.terminal, &leg.means).await?;
        }
        Ok(())
    }

    /// Adds a leg to a combined order. The same number with the same content gives the same leg, as
    /// it is now.
    ///
    /// # Errors
    /// [`Refused::PaymentNotFound`], [`LegRefusal`] and the refusals of a new payment; a failure of
    /// the store.
    pub async fn add_leg(&self, input: AddLeg) -> Result<Aggregate, UseCaseError> {
        let known = self.store.order(input.payment).await?;
        let known = known.filter(|o| o.order.merchant == input.merchant);
        let known = known.ok_or(Refused::PaymentNotFound)?;
        // A repeat of a leg that is there meets no refusal of new ones.
        let hash = Some(input.leg.content_hash);
        if known.leg_by_no(input.leg.no).is_some_and(|leg| leg.content_hash == hash) {
            return Ok(known);
        }
        self.admit(input.merchant, None).await?;
        let means = &input.leg.means;
        self.permit_tender(known.order.terminal, means).await?;
        let plan = self.plan(input.merchant, known.order.terminal, means).await?;
        let (now, through) = (self.now(), Through::of(plan.as_ref()));
        let (leg, attempt) = draft_leg(&self.ids, known.id(), (&input.leg, through), now);
        let id = attempt.as_ref().map(|a| a.id);
        let (mut ground, order) = (self.ground_of(&known), known.id());
        ground.wallets.extend(leg.wallet.as_ref().map(|used| used.wallet));
        ground.campaigns.extend(leg.campaign);
        let command = Add { ground, order, leg, attempt, plan: plan.clone() };
        let added = match self.store.write(command).await? {
            Added::New(aggregate) => aggregate,
            Added::Known(aggregate) => return Ok(aggregate),
            Added::Refused(refusal) => return Err(Refused::Leg(refusal).into()),
            Added::NotTaken(refusal) => return Err(refusal.into()),
        };
        match id.zip(plan) {
            Some((id, plan)) => {
                let expires_at = leg_expiry(means, added.order.expires_at, now);
                let with = (means, input.terminal_ip.as_str(), expires_at);
                Ok(self.start(plan, (added, id), with).await?.0)
            }
            None => Ok(added),
        }
    }

    /// Ends a leg that is still being paid, so that another can take its place. The channel is asked
    /// at once; the answer is final when it has confirmed.
    ///
    /// # Errors
    /// [`Refused::PaymentNotFound`], [`Refused::LegNotFound`]; a failure of the store.
    pub async fn close_leg(
        &self,
        merchant: MerchantId,
        order: OrderId,
        no: u16,
    ) -> Result<Aggregate, UseCaseError> {
        let known = self.store.order(order).await?;
        let known = known.filter(|o| o.order.merchant == merchant);
        let known = known.ok_or(Refused::PaymentNotFound)?;
        let leg = known.leg_by_no(no).ok_or(Refused::LegNotFound)?;
        let open = known.attempts.iter().find(|a| a.leg == leg.id && a.state.is_open());
        let Some(open) = open.map(|a| a.id) else {
            return Ok(known);
        };
        let command = GiveUp { ground: self.ground_of(&known), order, attempt: open };
        self.store.write(command).await?;
        self.look_now(order, open).await
    }

    /// Looks at an attempt at once, as its job would.
    pub(crate) async fn look_now(
        &self,
        order: OrderId,
        attempt: AttemptId,
    ) -> Result<Aggregate, UseCaseError> {
        let (subject, due_at) = (attempt.to_i64(), self.now());
        let kind = store::JobKind::Attempt;
        let job = store::Job { kind, subject, order: Some(order), due_at, looks: 0 };
        self.look_at_attempt(&job).await
    }
}

/// A scanned code has its own time; a QR lives as long as its order.
fn leg_expiry(means: &Means, order: Timestamp, now: Timestamp) -> Timestamp {
    match means {
        Means::PayerCode(_) | Means::Card(_) => {
            now.saturating_add(schedule::PAYER_CODE_WAIT).unwrap_or(now)
        }
        Means::DynamicQr(_)
        | Means::OwnCode(_)
        | Means::Jsapi { .. }
        | Means::H5 { .. }
        | Means::Cash
        | Means::BankCard { .. }
        | Means::MerchantCoupon { .. }
        | Means::Wallet(_)
        | Means::PlatformCoupon { .. } => order,
    }
}

/// Adds the leg, with its attempt and the job that finds out, or booked at once.
struct Add {
    ground: Ground,
    order: OrderId,
    leg: Leg,
    attempt: Option<Attempt>,
    plan: Option<Arc<Plan>>,
}

enum Added {
    New(Aggregate),
    Known(Aggregate),
    Refused(LegRefusal),
    NotTaken(CreateRefusal),
}

impl Command for Add {
    type Answer = Added;

    fn now(&self) -> Timestamp {
        self.ground.at
    }

    fn reads(&self, reads: &mut Reads) {
        reads.orders.insert(self.order);
        self.ground.reads(reads);
        if self.attempt.is_none() {
            reads.shifts_of.extend(self.ground.terminal);
        }
        if let Some(plan) = &self.plan {
            plan.reads(reads);
        }
    }

    fn decide(&self, view: &View<'_>) -> Decision<Added> {
        let Some(order) = view.order(self.order) else {
            return Decision::answer(Added::Refused(LegRefusal::OrderNotOpen));
        };
        if let Some(known) = order.leg_by_no(self.leg.no) {
            return Decision::answer(if known.content_hash == self.leg.content_hash {
                Added::Known(order.clone())
            } else {
                Added::Refused(LegRefusal::LegNoUsed)
            });
        }
        let at = self.ground.at;
        let (mut leg, mut attempt) = (self.leg.clone(), self.attempt.clone());
        // The order's own refusals come before the channels'.
        if let Err(refusal) = order.add_leg(leg.clone(), attempt.clone(), at) {
            return Decision::answer(Added::Refused(refusal));
        }
        let routed = match (&self.plan, &mut attempt) {
            (Some(plan), Some(attempt)) => plan.assign(view, (&mut leg, attempt), at),
            (_, _) => Ok(None),
        };
        let mut holders = Holders::default();
        let taken = holders.take(view, (order.order.merchant, &mut leg), at);
        let used = match taken.and(routed) {
            Ok(used) => used,
            Err(refusal) => return Decision::answer(Added::NotTaken(refusal)),
        };
        let decided = order.add_leg(leg, attempt, at);
        let (aggregate, facts) = match decided {
            Err(refusal) => return Decision::answer(Added::Refused(refusal)),
            Ok(decided) => decided,
        };
        let (aggregate, mut changes) = follow(view, &self.ground, aggregate, facts);
        let left = at.saturating_add(CALL_LEFT).unwrap_or(at);
        let job = self.attempt.iter().map(|a| attempt_job(&aggregate, a.id, left));
        changes.jobs.extend(job);
        changes.usages.extend(used);
        holders.write(&mut changes);
        Decision { changes, answer: Added::New(aggregate) }
    }
}
