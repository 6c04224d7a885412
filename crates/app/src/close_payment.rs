//! Close a payment: the channel is asked at once, and the answer is final when it has confirmed.

use ids::{MerchantId, OrderId};
use jiff::Timestamp;
use orders::{Aggregate, CloseRefusal};
use store::{Command, Decision, Job, JobKind, Reads, View};

use crate::App;
use crate::consequences::{Ground, follow};
use crate::error::{Failure, Refused, UseCaseError};

impl App {
    /// Closes a payment that is not decided. A payment that is closed already stays closed.
    ///
    /// # Errors
    /// [`Refused::PaymentNotFound`], [`CloseRefusal`]; a failure of the store. A payment that the
    /// answer shows as still being paid is being closed: a query or a notification tells its end.
    pub async fn close_payment(
        &self,
        merchant: MerchantId,
        order: OrderId,
    ) -> Result<Aggregate, UseCaseError> {
        let known = self.store.order(order).await?;
        let known = known.filter(|o| o.order.merchant == merchant);
        let known = known.ok_or(Refused::PaymentNotFound)?;
        let Some(open) = known.attempts.iter().find(|a| a.state.is_open()) else {
            return match known.close(self.now()) {
                Ok((aggregate, _)) => Ok(aggregate),
                Err(refusal) => Err(Refused::Close(refusal).into()),
            };
        };
        let account = self.account(open.channel_account).await?;
        let account = account.ok_or(Failure::unusable("an attempt's channel account"))?;
        let ground = self.ground(&known, &account, 0);
        let job = Job {
            kind: JobKind::Attempt,
            subject: open.id.to_i64(),
            order: Some(order),
            due_at: ground.at,
            looks: 0,
        };
        let closed = self.store.write(Close { ground, order }).await?;
        let aggregate = closed.map_err(Refused::Close)?;
        if aggregate.attempt(open.id).is_some_and(|a| a.state.is_open()) {
            return self.look_at_attempt(&job).await;
        }
        Ok(aggregate)
    }
}

struct Close {
    ground: Ground,
    order: OrderId,
}

impl Command for Close {
    type Answer = Result<Aggregate, CloseRefusal>;

    fn now(&self) -> Timestamp {
        self.ground.at
    }

    fn reads(&self, reads: &mut Reads) {
        reads.orders.insert(self.order);
    }

    fn decide(&self, view: &View<'_>) -> Decision<Self::Answer> {
        let Some(order) = view.order(self.order) else {
            return Decision::answer(Err(CloseRefusal::OrderPaid));
        };
        match order.close(self.ground.at) {
            Err(refusal) => Decision::answer(Err(refusal)),
            Ok((aggregate, facts)) => {
                let (aggregate, changes) = follow(view, &self.ground, aggregate, facts);
                Decision { changes, answer: Ok(aggregate) }
            }
        }
    }
}
