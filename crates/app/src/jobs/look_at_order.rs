//! Give up a combined order whose time is over, and return what was paid of it.

use clearing::FeeOnRefund;
use ids::{LegId, MerchantNo, OrderId, RefundId};
use jiff::Timestamp;
use orders::{
    Aggregate, BACK_PREFIX, CardHold, Leg, OrderState, Refund, RefundKind, RefundOrigin,
    RefundState,
};
use store::{Changes, Command, Decision, Job, JobChange, JobKind, Reads, View};

use crate::App;
use crate::bookings;
use crate::consequences::{Ground, follow, order_job, post};
use crate::error::{Failure, UseCaseError};
use crate::holders::Holders;

impl App {
    pub(crate) async fn look_at_order(&self, id: OrderId) -> Result<Aggregate, UseCaseError> {
        let mut order = self.order(id).await?;
        if order.order.hold.is_some_and(CardHold::is_hold) {
            self.look_at_hold(&order).await?;
            return Ok(order);
        }
        if order.order.state == OrderState::Paying && self.now() >= order.order.expires_at {
            let command = Expire { ground: self.ground_of(&order), order: id };
            order = self.store.write(command).await?.unwrap_or(order);
        }
        let legs: Vec<LegId> = order.legs_to_return().map(|l| l.id).collect();
        for leg in legs {
            let command = ReturnLeg { ground: self.ground_of(&order), order: id, leg };
            if let Some(refund) = self.store.write(command).await? {
                let subject = refund.to_i64();
                let due_at = self.now();
                let kind = JobKind::Refund;
                let job = Job { kind, subject, order: Some(id), due_at, looks: 0 };
                self.look_at_refund(&job).await?;
            }
        }
        self.store.write(Rest { ground: self.ground_of(&order), order: id }).await?;
        self.order(id).await
    }

    async fn order(&self, id: OrderId) -> Result<Aggregate, UseCaseError> {
        let order = self.store.order(id).await?;
        Ok(order.ok_or(Failure::unusable("the order of a job"))?)
    }
}

/// The order's time is over: its open legs are ended.
struct Expire {
    ground: Ground,
    order: OrderId,
}

impl Command for Expire {
    type Answer = Option<Aggregate>;

    fn now(&self) -> Timestamp {
        self.ground.at
    }

    fn reads(&self, reads: &mut Reads) {
        reads.orders.insert(self.order);
        self.ground.reads(reads);
    }

    fn decide(&self, view: &View<'_>) -> Decision<Self::Answer> {
        let open = |o: &&Aggregate| o.order.state == OrderState::Paying;
        let Some(order) = view.order(self.order).filter(open) else {
            return Decision::answer(None);
        };
        let (aggregate, facts) = order.give_up_order(self.ground.at);
        let (aggregate, changes) = follow(view, &self.ground, aggregate, facts);
        Decision { changes, answer: Some(aggregate) }
    }
}

/// Begins to return one paid leg. Answers the refund that is to be sent to a channel.
struct ReturnLeg {
    ground: Ground,
    order: OrderId,
    leg: LegId,
}

impl Command for ReturnLeg {
    type Answer = Option<RefundId>;

    fn now(&self) -> Timestamp {
        self.ground.at
    }

    fn reads(&self, reads: &mut Reads) {
        reads.orders.insert(self.order);
        self.ground.reads(reads);
        reads.shifts_of.extend(self.ground.terminal);
    }

    fn decide(&self, view: &View<'_>) -> Decision<Self::Answer> {
        let Some(order) = view.order(self.order) else {
            return Decision::answer(None);
        };
        let Some(leg) = order.legs_to_return().find(|l| l.id == self.leg) else {
            return Decision::answer(None);
        };
        let refund = self.refund(order, leg);
        let (id, at_channel) = (refund.id, refund.state.is_open());
        let by = (order.id(), leg);
        let mut holders = Holders::default();
        holders.give_back(view, order, (leg, leg.amount), self.ground.at);
        let journal = bookings::leg_returned(self.ground.stamp(), &self.ground.parties, by, id);
        let (aggregate, facts) = order.return_leg(refund, self.ground.at);
        let (aggregate, mut changes) = follow(view, &self.ground, aggregate, facts);
        post(view, journal, &mut changes);
        holders.write(&mut changes);
        if at_channel {
            let (kind, subject, due_at) = (JobKind::Refund, id.to_i64(), self.ground.at);
            let job = Job { kind, subject, order: Some(aggregate.id()), due_at, looks: 0 };
            changes.jobs.push(JobChange::Put(job));
        }
        Decision { changes, answer: at_channel.then_some(id) }
    }
}

impl ReturnLeg {
    fn refund(&self, order: &Aggregate, leg: &Leg) -> Refund {
        #[expect(
            clippy::expect_used,
            reason = "a leg's number is within a merchant number's characters"
        )]
        let merchant_no = MerchantNo::parse(&format!("{BACK_PREFIX}{}", leg.id)).expect("an id");
        let at_channel = leg.tender.channel().is_some();
        Refund {
            id: self.ground.spare.refund,
            order: order.id(),
            leg: leg.id,
            attempt: order.paid_attempt(leg.id).map(|a| a.id),
            merchant: order.order.merchant,
            merchant_no,
            part: 1,
            parts: 1,
            content_hash: [0; 32],
            origin: RefundOrigin::Abandoned,
            kind: RefundKind::Refund,
            amount: leg.amount,
            from_pending: money::Amount::zero(leg.amount.currency()),
            fee: FeeOnRefund::Returned,
            fee_back: None,
            reason: "the order was given up".to_owned(),
            notify_url: None,
            state: if at_channel { RefundState::Sending } else { RefundState::Succeeded },
            tries: 0,
            refusal: None,
            case: None,
            created_at: self.ground.at,
            refunded_at: (!at_channel).then_some(self.ground.at),
            updated_at: self.ground.at,
        }
    }
}

/// The look is done: the job ends, unless a leg was paid meanwhile or the order is still open.
struct Rest {
    ground: Ground,
    order: OrderId,
}

impl Command for Rest {
    type Answer = ();

    fn now(&self) -> Timestamp {
        self.ground.at
    }

    fn reads(&self, reads: &mut Reads) {
        reads.orders.insert(self.order);
    }

    fn decide(&self, view: &View<'_>) -> Decision<()> {
        let job = match view.order(self.order) {
            Some(order) if order.order.state == OrderState::Paying => {
                order_job(&self.ground, order, order.order.expires_at)
            }
            Some(order) if order.legs_to_return().next().is_some() => {
                order_job(&self.ground, order, self.ground.at)
            }
            Some(_) | None => JobChange::Done(JobKind::Order, self.order.to_i64()),
        };
        Decision { changes: Changes { jobs: vec![job], ..Changes::default() }, answer: () }
    }
}
