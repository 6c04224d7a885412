//! Close a payment: the channel is asked at once, and the answer is final when it has confirmed.

use ids::{MerchantId, OrderId};
use jiff::Timestamp;
use orders::{Aggregate, CloseRefusal, OrderState};
use store::{Command, Decision, Reads, View};

use crate::App;
use crate::consequences::{Ground, follow};
use crate::error::{Refused, UseCaseError};

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
        let closed = self.store.write(Close { ground: self.ground_of(&known), order }).await?;
        let mut aggregate = closed.map_err(Refused::Close)?;
        let open: Vec<_> =
            aggregate.attempts.iter().filter(|a| a.state.is_open()).map(|a| a.id).collect();
        for attempt in open {
            aggregate = self.look_now(order, attempt).await?;
        }
        if aggregate.order.state == OrderState::Closing {
            return self.look_at_order(order).await;
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
        self.ground.reads(reads);
    }

    fn decide(&self, view: &View<'_>) -> Decision<Self::Answer> {
        let Some(order) = view.order(self.order) else {
            return Decision::answer(Err(CloseRefusal::OrderPaid));
        };
        match order.close(self.ground.at) {
            Err(refusal) => Decision::answer(Err(refusal)),
            // A payment that has ended stays as it is.
            Ok((aggregate, facts)) if aggregate == *order && facts.is_empty() => {
                Decision::answer(Ok(aggregate))
            }
            Ok((aggregate, facts)) => {
                let (aggregate, changes) = follow(view, &self.ground, aggregate, facts);
                Decision { changes, answer: Ok(aggregate) }
            }
        }
    }
}
