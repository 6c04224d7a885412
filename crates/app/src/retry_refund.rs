//! Try a failed refund again, under the same number.

use ids::{MerchantId, OrderId, RefundId};
use jiff::Timestamp;
use orders::{Aggregate, RefundRefusal};
use store::{Command, Decision, Reads, View};

use crate::App;
use crate::consequences::Ground;
use crate::create_refund::set_aside;
use crate::error::{Failure, Refused, UseCaseError};

impl App {
    /// Sets the money aside anew and sends the refund again.
    ///
    /// # Errors
    /// [`RefundRefusal`]; a failure of the store.
    pub async fn retry_refund(
        &self,
        merchant: MerchantId,
        id: RefundId,
    ) -> Result<Aggregate, UseCaseError> {
        let refund = self.store.refund(id).await?.filter(|r| r.merchant == merchant);
        let refund = refund.ok_or(RefundRefusal::RefundNotFound)?;
        let order = self.store.order(refund.order).await?.ok_or(Refused::PaymentNotFound)?;
        let attempt = order.attempt(refund.attempt).ok_or(RefundRefusal::LegNotFound)?;
        let account = self.account(attempt.channel_account).await?;
        let account = account.ok_or(Failure::unusable("an attempt's channel account"))?;
        let ground = self.ground(&order, &account, 0);
        let command = Retry { ground, order: order.id(), refund: id };
        let aggregate = self.store.write(command).await?.map_err(Refused::Refund)?;
        self.send_refund(&account, aggregate, id, 0).await
    }
}

struct Retry {
    ground: Ground,
    order: OrderId,
    refund: RefundId,
}

impl Command for Retry {
    type Answer = Result<Aggregate, RefundRefusal>;

    fn now(&self) -> Timestamp {
        self.ground.at
    }

    fn reads(&self, reads: &mut Reads) {
        reads.orders.insert(self.order);
        reads.accounts.insert(self.ground.parties.pending());
        reads.accounts.insert(self.ground.parties.available());
    }

    fn decide(&self, view: &View<'_>) -> Decision<Self::Answer> {
        let found = view.order(self.order).and_then(|o| o.refund(self.refund).map(|r| (o, r)));
        let Some((order, refund)) = found else {
            return Decision::answer(Err(RefundRefusal::RefundNotFound));
        };
        let mut refund = refund.clone();
        refund.tries = refund.tries.saturating_add(1);
        match set_aside(view, &self.ground, order, refund) {
            Err(refusal) => Decision::answer(Err(refusal)),
            Ok((aggregate, changes)) => Decision { changes, answer: Ok(aggregate) },
        }
    }
}
