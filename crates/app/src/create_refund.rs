//! Refund a payment: set the money aside, commit, ask the channel, write what it said.

use ids::{MerchantId, MerchantNo, OrderId, RefundId};
use jiff::Timestamp;
use money::Amount;
use orders::{Aggregate, Attempt, Refund, RefundOrigin, RefundRefusal, RefundState, RefundTry};
use store::{Changes, Command, Decision, Job, JobChange, JobKind, Reads, View};

use crate::bookings::{self, Stamp, Taken};
use crate::consequences::Ground;
use crate::error::{Failure, Refused, UseCaseError};
use crate::{App, CALL_LEFT};

/// What a merchant asks to have returned.
#[derive(Debug, Clone)]
pub struct CreateRefund {
    pub merchant: MerchantId,
    pub merchant_no: MerchantNo,
    pub payment: PaymentRef,
    /// SHA-256 of the canonical request.
    pub content_hash: [u8; 32],
    pub amount: Amount,
    pub reason: String,
    pub notify_url: Option<String>,
}

/// Which payment is meant: by our id or by the merchant's number.
#[derive(Debug, Clone)]
pub enum PaymentRef {
    Id(OrderId),
    No(MerchantNo),
}

impl App {
    /// Refunds a part or all of a payment. The same number with the same content gives the same
    /// refund, as it is now.
    ///
    /// # Errors
    /// [`Refused::PaymentNotFound`] and [`RefundRefusal`] as refusals; a failure of the store.
    pub async fn create_refund(
        &self,
        input: CreateRefund,
    ) -> Result<(Aggregate, RefundId), UseCaseError> {
        let order = match &input.payment {
            PaymentRef::Id(id) => self.store.order(*id).await?,
            PaymentRef::No(no) => self.store.order_by_no(input.merchant, no.clone()).await?,
        };
        let order = order.filter(|o| o.order.merchant == input.merchant);
        let order = order.ok_or(Refused::PaymentNotFound)?;
        let attempt = paid_attempt(&order).ok_or(RefundRefusal::OrderNotPaid)?;
        let account = self.account(attempt.channel_account).await?;
        let account = account.ok_or(Failure::unusable("an attempt's channel account"))?;
        let ground = self.ground(&order, &account, 0);
        let refund = draft(&input, attempt, &ground);
        let (order, id) = (order.id(), refund.id);
        match self.store.write(Accept { ground, order, refund }).await? {
            Accepted::Known(aggregate, known) => Ok((aggregate, known)),
            Accepted::Refused(refusal) => Err(refusal.into()),
            Accepted::New(aggregate) => {
                Ok((self.send_refund(&account, aggregate, id, 0).await?, id))
            }
        }
    }
}

/// The attempt that took the money. Combined tender will name the leg.
fn paid_attempt(order: &Aggregate) -> Option<&Attempt> {
    order.attempts.iter().find(|a| a.state == orders::AttemptState::Paid)
}

fn draft(input: &CreateRefund, attempt: &Attempt, ground: &Ground) -> Refund {
    Refund {
        id: ground.spare.refund,
        order: attempt.order,
        leg: attempt.leg,
        attempt: attempt.id,
        merchant: input.merchant,
        merchant_no: input.merchant_no.clone(),
        content_hash: input.content_hash,
        origin: RefundOrigin::Merchant,
        amount: input.amount,
        from_pending: Amount::zero(input.amount.currency()),
        reason: input.reason.clone(),
        notify_url: input.notify_url.clone(),
        state: RefundState::Sending,
        tries: 1,
        refusal: None,
        created_at: ground.at,
        refunded_at: None,
        updated_at: ground.at,
    }
}

struct Accept {
    ground: Ground,
    order: OrderId,
    refund: Refund,
}

enum Accepted {
    New(Aggregate),
    Known(Aggregate, RefundId),
    Refused(RefundRefusal),
}

impl Command for Accept {
    type Answer = Accepted;

    fn now(&self) -> Timestamp {
        self.ground.at
    }

    fn reads(&self, reads: &mut Reads) {
        reads.orders.insert(self.order);
        reads.refund_nos.insert((self.refund.merchant, self.refund.merchant_no.clone()));
        reads.accounts.insert(self.ground.parties.pending());
        reads.accounts.insert(self.ground.parties.available());
    }

    fn decide(&self, view: &View<'_>) -> Decision<Accepted> {
        let (merchant, no) = (self.refund.merchant, &self.refund.merchant_no);
        if let Some((order, id)) = view.refund_by_no(merchant, no) {
            let same = order.refund(id).is_some_and(|r| r.content_hash == self.refund.content_hash);
            return Decision::answer(if same {
                Accepted::Known(order.clone(), id)
            } else {
                Accepted::Refused(RefundRefusal::RefundNoUsed)
            });
        }
        let Some(order) = view.order(self.order) else {
            return Decision::answer(Accepted::Refused(RefundRefusal::OrderNotPaid));
        };
        match set_aside(view, &self.ground, order, self.refund.clone()) {
            Err(refusal) => Decision::answer(Accepted::Refused(refusal)),
            Ok((aggregate, changes)) => Decision { changes, answer: Accepted::New(aggregate) },
        }
    }
}

/// Takes the refund's money from the merchant and adds or renews the refund in the order.
pub(crate) fn set_aside(
    view: &View<'_>,
    ground: &Ground,
    order: &Aggregate,
    mut refund: Refund,
) -> Result<(Aggregate, Changes), RefundRefusal> {
    let id = refund.id;
    // The order's own refusals come before the books' (the order of RefundRefusal).
    match order.refund(id) {
        None => order.accept_refund(refund.clone()).map(|_| ())?,
        Some(_) => order.retry_refund(id, ground.at).map(|_| ())?,
    }
    let taken = take_from(view, ground, &refund)?;
    refund.from_pending = taken.from_pending;
    let try_row = RefundTry {
        refund: id,
        order: refund.order,
        number: refund.tries,
        sent_at: ground.at,
        outcome: None,
    };
    let aggregate = match order.refund(id) {
        None => order.accept_refund(refund)?,
        Some(_) => {
            let mut aggregate = order.retry_refund(id, ground.at)?;
            for row in aggregate.refunds.iter_mut().filter(|r| r.id == id) {
                row.from_pending = taken.from_pending;
                row.tries = refund.tries;
            }
            aggregate
        }
    };
    let stamp = Stamp { journal: ground.spare.journal, at: ground.at };
    let journal = bookings::refund_accepted(stamp, &ground.parties, taken);
    let posting = view.post(journal).or(Err(RefundRefusal::InsufficientFunds))?;
    let job = Job {
        kind: JobKind::Refund,
        subject: id.to_i64(),
        order: Some(order.id()),
        due_at: ground.at.saturating_add(CALL_LEFT).unwrap_or(ground.at),
        looks: 0,
    };
    let changes = Changes {
        orders: vec![aggregate.clone()],
        refund_tries: vec![try_row],
        postings: vec![posting],
        jobs: vec![JobChange::Put(job)],
        ..Changes::default()
    };
    Ok((aggregate, changes))
}

/// Unsettled money first, then the balance; refused when both together are not enough.
fn take_from(view: &View<'_>, ground: &Ground, refund: &Refund) -> Result<Taken, RefundRefusal> {
    let amount = refund.amount;
    if amount.currency() != ground.parties.currency {
        return Err(RefundRefusal::CurrencyMismatch);
    }
    let pending = view.available(&ground.parties.pending());
    let available = view.available(&ground.parties.available());
    let first = amount.minor().min(pending);
    let rest = amount.minor() - first;
    if rest > available {
        return Err(RefundRefusal::InsufficientFunds);
    }
    let part = |minor| Amount::new(minor, amount.currency());
    let refused = RefundRefusal::AmountAboveRefundable;
    Ok(Taken {
        refund: refund.id,
        from_pending: part(first).or(Err(refused))?,
        from_available: part(rest).or(Err(refused))?,
    })
}
