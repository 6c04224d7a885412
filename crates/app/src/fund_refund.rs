//! Look whether the merchant's money covers a refund that waits for it by now.

use ids::{OrderId, RefundId};
use jiff::{SignedDuration, Timestamp};
use ledger::AccountKey;
use orders::{Aggregate, QUEUED_DAYS_MAX, Refund, RefundRefusal, RefundState, schedule};
use store::{Changes, Command, Decision, Reads, View};

use crate::App;
use crate::consequences::{Ground, follow};
use crate::create_refund::{refund_job, set_aside};
use crate::error::UseCaseError;

const HOURS_PER_DAY: i64 = 24;

impl App {
    pub(crate) async fn fund_refund(
        &self,
        order: &Aggregate,
        refund: RefundId,
        looks: u32,
    ) -> Result<(), UseCaseError> {
        let ground = Ground { looks, ..self.ground_of(order) };
        let pending = order.legs.iter().map(|l| ground.parties.pending(&l.tender)).collect();
        let fund = Fund { ground, order: order.id(), refund, pending };
        if let Some(aggregate) = self.store.write(fund).await? {
            self.send_refunds(aggregate, vec![refund]).await?;
        }
        Ok(())
    }
}

/// Answers the order when the refund is to be sent.
struct Fund {
    ground: Ground,
    order: OrderId,
    refund: RefundId,
    pending: Vec<AccountKey>,
}

impl Command for Fund {
    type Answer = Option<Aggregate>;

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
        let found = view.order(self.order).and_then(|o| o.refund(self.refund).map(|r| (o, r)));
        let queued = found.filter(|(_, refund)| refund.state == RefundState::Queued);
        let Some((order, refund)) = queued else {
            return Decision::answer(None);
        };
        let part = Refund { tries: 1, ..refund.clone() };
        match set_aside(view, &self.ground, order, vec![part]) {
            Ok((aggregate, _, changes)) => Decision { changes, answer: Some(aggregate) },
            Err(RefundRefusal::InsufficientFunds) if !self.is_too_late(refund) => {
                let looks = self.ground.looks.saturating_add(1);
                let due_at = schedule::next_refund_look(looks, self.ground.at);
                let jobs = vec![refund_job(refund, due_at, looks)];
                Decision { changes: Changes { jobs, ..Changes::default() }, answer: None }
            }
            Err(_) => match order.drop_refund(self.refund, self.ground.at) {
                Some((aggregate, facts)) => {
                    let (_, changes) = follow(view, &self.ground, aggregate, facts);
                    Decision { changes, answer: None }
                }
                None => Decision::answer(None),
            },
        }
    }
}

impl Fund {
    fn is_too_late(&self, refund: &Refund) -> bool {
        let longest = SignedDuration::from_hours(QUEUED_DAYS_MAX * HOURS_PER_DAY);
        self.ground.at.duration_since(refund.created_at) > longest
    }
}
