//! The working set of one batch: the rows that its commands asked for, as the commands so far have
//! left them.

use std::collections::{BTreeMap, BTreeSet};

use ids::{AttemptId, MerchantId, MerchantNo, NotificationId, OrderId, RefundId};
use ledger::{AccountKey, Books, Journal, PostDecision, Seen};
use merchants::Notification;
use orders::Aggregate;

use crate::changes::{Changes, Posting};

/// What a command needs to see before it can decide.
#[derive(Debug, Default)]
pub struct Reads {
    pub orders: BTreeSet<OrderId>,
    pub order_nos: BTreeSet<(MerchantId, MerchantNo)>,
    /// Attempts whose order is not known, as in a notice.
    pub attempts: BTreeSet<AttemptId>,
    pub refunds: BTreeSet<RefundId>,
    pub refund_nos: BTreeSet<(MerchantId, MerchantNo)>,
    /// Accounts that a journal of the command may take money from.
    pub accounts: BTreeSet<AccountKey>,
    pub notifications: BTreeSet<NotificationId>,
}

/// What a command sees.
#[derive(Debug)]
pub struct View<'a> {
    set: &'a WorkingSet,
}

#[derive(Debug, Default)]
pub(crate) struct WorkingSet {
    /// As the store has them; an order that is new in this batch is not here.
    pub(crate) stored: BTreeMap<OrderId, Aggregate>,
    pub(crate) orders: BTreeMap<OrderId, Aggregate>,
    pub(crate) order_nos: BTreeMap<(MerchantId, MerchantNo), OrderId>,
    pub(crate) attempts: BTreeMap<AttemptId, OrderId>,
    pub(crate) refunds: BTreeMap<RefundId, OrderId>,
    pub(crate) refund_nos: BTreeMap<(MerchantId, MerchantNo), (OrderId, RefundId)>,
    pub(crate) notifications: BTreeMap<NotificationId, Notification>,
    pub(crate) books: Books,
    /// Accounts whose balance was loaded and locked: only these can be debited where it matters.
    pub(crate) locked: BTreeSet<AccountKey>,
    pub(crate) written: Written,
}

/// What the batch writes besides the orders.
#[derive(Debug, Default)]
pub(crate) struct Written {
    pub(crate) dirty: BTreeSet<OrderId>,
    pub(crate) changes: Vec<Changes>,
}

impl<'a> View<'a> {
    pub(crate) const fn new(set: &'a WorkingSet) -> Self {
        Self { set }
    }

    #[must_use]
    pub fn order(&self, id: OrderId) -> Option<&'a Aggregate> {
        self.set.orders.get(&id)
    }

    #[must_use]
    pub fn order_by_no(&self, merchant: MerchantId, no: &MerchantNo) -> Option<&'a Aggregate> {
        self.set.order_nos.get(&(merchant, no.clone())).and_then(|id| self.order(*id))
    }

    #[must_use]
    pub fn order_of_attempt(&self, id: AttemptId) -> Option<&'a Aggregate> {
        self.set.attempts.get(&id).and_then(|order| self.order(*order))
    }

    #[must_use]
    pub fn order_of_refund(&self, id: RefundId) -> Option<&'a Aggregate> {
        self.set.refunds.get(&id).and_then(|order| self.order(*order))
    }

    #[must_use]
    pub fn refund_by_no(
        &self,
        merchant: MerchantId,
        no: &MerchantNo,
    ) -> Option<(&'a Aggregate, RefundId)> {
        let (order, refund) = self.set.refund_nos.get(&(merchant, no.clone()))?;
        self.order(*order).map(|aggregate| (aggregate, *refund))
    }

    #[must_use]
    pub fn notification(&self, id: NotificationId) -> Option<&'a Notification> {
        self.set.notifications.get(&id)
    }

    /// What is left in a guarded account of the command's [`Reads`], in minor units.
    #[must_use]
    pub fn available(&self, key: &AccountKey) -> u64 {
        assert!(
            self.set.locked.contains(key),
            "an account is asked for in Reads before it is used"
        );
        self.set.books.available(key)
    }

    /// Decides a journal with a fresh id against the books.
    ///
    /// # Errors
    /// The ledger's refusal, in its order.
    pub fn post(&self, journal: Journal) -> Result<Posting, ledger::Refusal> {
        for key in journal.guarded_debits() {
            assert!(self.set.locked.contains(&key), "a guarded debit is asked for in Reads");
        }
        let hash = crypto::digest::sha256(&journal.canonical_bytes());
        let seen: Option<&Seen> = None;
        match self.set.books.decide_post(seen, hash, &journal) {
            PostDecision::Post(deltas) => Ok(Posting { journal, hash, deltas }),
            PostDecision::Repeat => Ok(Posting { journal, hash, deltas: Vec::new() }),
            PostDecision::Refuse(refusal) | PostDecision::Burn(refusal) => Err(refusal),
        }
    }
}

impl WorkingSet {
    pub(crate) fn put_loaded(&mut self, aggregate: Aggregate) {
        self.index(&aggregate);
        self.stored.insert(aggregate.id(), aggregate.clone());
        self.orders.insert(aggregate.id(), aggregate);
    }

    /// Takes in what a command decided, so that the next one sees it.
    pub(crate) fn apply(&mut self, changes: Changes) {
        for aggregate in &changes.orders {
            self.index(aggregate);
            self.written.dirty.insert(aggregate.id());
            self.orders.insert(aggregate.id(), aggregate.clone());
        }
        for notification in &changes.notifications {
            self.notifications.insert(notification.id, notification.clone());
        }
        for posting in &changes.postings {
            self.books.apply(&posting.deltas);
        }
        self.written.changes.push(changes);
    }

    fn index(&mut self, aggregate: &Aggregate) {
        let (order, id) = (&aggregate.order, aggregate.id());
        self.order_nos.insert((order.merchant, order.merchant_no.clone()), id);
        self.attempts.extend(aggregate.attempts.iter().map(|a| (a.id, id)));
        self.refunds.extend(aggregate.refunds.iter().map(|r| (r.id, id)));
        let nos = aggregate.refunds.iter();
        self.refund_nos.extend(nos.map(|r| ((r.merchant, r.merchant_no.clone()), (id, r.id))));
    }
}
