//! Find out what became of a refund; one that the channel never got is sent again, under its number.

use ids::RefundId;
use jiff::Timestamp;
use orders::channel::{Call, RefundReply};
use orders::{Aggregate, RefundKind, RefundOrigin, RefundState, RefundTry};
use store::{Changes, Command, Decision, Job, JobChange, JobKind, Reads, View};

use crate::error::{Failure, UseCaseError};
use crate::{App, CALL_LEFT};

impl App {
    pub(crate) async fn look_at_refund(&self, job: &Job) -> Result<(), UseCaseError> {
        let id = RefundId::from_i64(job.subject).or(Err(Failure::unusable("a job's subject")))?;
        let order = self.store.order(super::order_of(job)?).await?;
        let order = order.ok_or(Failure::unusable("the order of a job"))?;
        let refund = order.refund(id).ok_or(Failure::unusable("the refund of a job"))?;
        if refund.state == RefundState::Queued {
            return self.fund_refund(&order, id, job.looks).await;
        }
        let attempt = refund.attempt.and_then(|id| order.attempt(id));
        let attempt = attempt.ok_or(Failure::unusable("the attempt of a refund"))?;
        let account = self.account(attempt.channel_account).await?;
        let account = account.ok_or(Failure::unusable("an attempt's channel account"))?;
        if refund.tries > 0 {
            let call = Call::QueryRefund(self.refund_call(&account, &order, id).await?);
            let reply = self.ask_about_refund(&account, &call).await;
            // A terminal's void that the network does not have any more is over: its cashier left.
            let over = refund.origin == RefundOrigin::Terminal && refund.kind == RefundKind::Void;
            if reply != RefundReply::NotFound || over {
                let said = (id, reply);
                return self.take_refund_reply(&account, &order, said, job.looks).await.map(|_| ());
            }
        }
        let sending = Sending { at: self.now(), order: order.id(), refund: id, looks: job.looks };
        // As it was counted: a card network knows each try of a void by a number of its own.
        if let Some(counted) = self.store.write(sending).await? {
            self.send_refund(&account, counted, id, job.looks).await?;
        }
        Ok(())
    }
}

/// Counts a call before it is made. Answers the order to make it with; none where it is not to be made.
struct Sending {
    at: Timestamp,
    order: ids::OrderId,
    refund: RefundId,
    looks: u32,
}

impl Command for Sending {
    type Answer = Option<Aggregate>;

    fn now(&self) -> Timestamp {
        self.at
    }

    fn reads(&self, reads: &mut Reads) {
        reads.orders.insert(self.order);
    }

    fn decide(&self, view: &View<'_>) -> Decision<Option<Aggregate>> {
        let Some(order) = view.order(self.order) else {
            return Decision::answer(None);
        };
        let mut aggregate = order.clone();
        let row = aggregate.refunds.iter_mut().find(|r| r.id == self.refund);
        let Some(row) = row.filter(|r| r.state.is_open() || r.state == RefundState::Manual) else {
            let jobs = vec![JobChange::Done(JobKind::Refund, self.refund.to_i64())];
            let changes = Changes { jobs, ..Changes::default() };
            return Decision { changes, answer: None };
        };
        row.tries = row.tries.saturating_add(1);
        let try_row = RefundTry {
            refund: self.refund,
            order: self.order,
            number: row.tries,
            sent_at: self.at,
            outcome: None,
        };
        let job = Job {
            kind: JobKind::Refund,
            subject: self.refund.to_i64(),
            order: Some(self.order),
            due_at: self.at.saturating_add(CALL_LEFT).unwrap_or(self.at),
            looks: self.looks,
        };
        let changes = Changes {
            orders: vec![aggregate.clone()],
            refund_tries: vec![try_row],
            jobs: vec![JobChange::Put(job)],
            ..Changes::default()
        };
        Decision { changes, answer: Some(aggregate) }
    }
}
