//! Try a failed refund again, under the same number.

use ids::{MerchantId, OrderId, RefundId};
use jiff::Timestamp;
use ledger::AccountKey;
use orders::{Aggregate, RefundRefusal, RefundState};
use store::{Command, Decision, Reads, View};

use crate::App;
use crate::bookings::china_time;
use crate::consequences::Ground;
use crate::create_refund::{permit_top_up, set_aside};
use crate::error::{Refused, UseCaseError};

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
        self.retry_return(merchant, id, false).await
    }

    /// The same; risk control may force a top-up's return out of a frozen wallet.
    pub(crate) async fn retry_return(
        &self,
        merchant: MerchantId,
        id: RefundId,
        forced: bool,
    ) -> Result<Aggregate, UseCaseError> {
        let refund = self.store.refund(id).await?.filter(|r| r.merchant == merchant);
        let refund = refund.ok_or(RefundRefusal::RefundNotFound)?;
        let order = self.store.order(refund.order).await?.ok_or(Refused::PaymentNotFound)?;
        let parts = order.refund_parts(&refund.merchant_no);
        let failed: Vec<RefundId> =
            parts.iter().filter(|r| r.state == RefundState::Failed).map(|r| r.id).collect();
        if failed.is_empty() {
            return Err(RefundRefusal::RefundNotFailed.into());
        }
        let rules = self.trade_rules(merchant).await?;
        if rules.is_blackout(china_time(self.now())) {
            return Err(RefundRefusal::Blackout.into());
        }
        let ground = self.ground_of(&order);
        let pending = order.legs.iter().map(|l| ground.parties.pending(&l.tender)).collect();
        let command = Retry { ground, order: order.id(), failed, pending, forced };
        let (aggregate, sent) = self.store.write(command).await?.map_err(Refused::Refund)?;
        self.send_refunds(aggregate, sent).await
    }
}

/// Sets aside what every failed part of a return needs.
struct Retry {
    ground: Ground,
    order: OrderId,
    failed: Vec<RefundId>,
    pending: Vec<AccountKey>,
    forced: bool,
}

impl Command for Retry {
    type Answer = Result<(Aggregate, Vec<RefundId>), RefundRefusal>;

    fn now(&self) -> Timestamp {
        self.ground.at
    }

    fn reads(&self, reads: &mut Reads) {
        reads.orders.insert(self.order);
        self.ground.reads(reads);
        reads.accounts.extend(self.pending.iter().cloned());
        reads.accounts.insert(self.ground.parties.available());
    }

    fn decide(&self, view: &View<'_>) -> Decision<Self::Answer> {
        let Some(order) = view.order(self.order) else {
            return Decision::answer(Err(RefundRefusal::RefundNotFound));
        };
        if let Err(refusal) = permit_top_up(view, order, self.forced) {
            return Decision::answer(Err(refusal));
        }
        let mut parts = Vec::new();
        for id in &self.failed {
            // The order's own refusals come before the books' (the order of RefundRefusal).
            match order.retry_refund(*id, self.ground.at) {
                Err(refusal) => return Decision::answer(Err(refusal)),
                Ok(_) => parts.extend(order.refund(*id).cloned()),
            }
        }
        for part in &mut parts {
            part.tries = part.tries.saturating_add(1);
        }
        match set_aside(view, &self.ground, order, parts) {
            Err(refusal) => Decision::answer(Err(refusal)),
            Ok((aggregate, sent, changes)) => Decision { changes, answer: Ok((aggregate, sent)) },
        }
    }
}
