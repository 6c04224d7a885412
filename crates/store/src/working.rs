//! The working set of one batch: the rows that its commands asked for, as the commands so far have
//! left them.

use std::collections::{BTreeMap, BTreeSet};

use ids::{
    AttemptId, CampaignId, CeremonyId, HoldId, JournalId, MerchantId, MerchantNo, NotificationId,
    OrderId, RefundId, TerminalId, TradeId, WalletId,
};
use jiff::Timestamp;
use jiff::civil::Date;
use ledger::{
    AccountKey, Books, Hold, Journal, PostDecision, Refusal, Resolve, ResolveDecision, Seen,
};
use merchants::{Activation, Ceremony, Notification, PosTerminal, Shift, Staff};
use money::Currency;
use orders::{Aggregate, Campaign, Difference, DifferenceKey, Trade, TradeKey, Wallet};

use crate::changes::{Changes, Held, Posting, Resolved, Unposted};
use crate::rows::{Burnt, BurntKind, LotRow};

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
    /// Journals whose id may have been used before; ids made for this decision need not be here.
    pub journals: BTreeSet<JournalId>,
    /// Holds to be made or to be ended; their accounts come with them.
    pub holds: BTreeSet<HoldId>,
    pub notifications: BTreeSet<NotificationId>,
    /// Terminals whose open shift is wanted.
    pub shifts_of: BTreeSet<TerminalId>,
    /// With all their lots.
    pub wallets: BTreeSet<WalletId>,
    pub wallet_nos: BTreeSet<(MerchantId, MerchantNo)>,
    pub campaigns: BTreeSet<CampaignId>,
    /// Volumes that a price depends on.
    pub volumes: BTreeSet<VolumeKey>,
    /// Accounts at channels whose use is wanted.
    pub usages: BTreeSet<UsageKey>,
    /// Card terminals' transactions.
    pub trades: BTreeSet<TradeKey>,
    /// Orders whose trades are wanted.
    pub trades_of: BTreeSet<OrderId>,
    pub pos_terminals: BTreeSet<TerminalId>,
    pub differences: BTreeSet<DifferenceKey>,
    pub ceremonies: BTreeSet<CeremonyId>,
    /// Codes of terminals, by what proves them.
    pub activations: BTreeSet<[u8; 32]>,
    /// People at tills, by merchant and number.
    pub staff: BTreeSet<(MerchantId, String)>,
}

/// What was paid in one month, for a price list that depends on it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct VolumeKey {
    pub owner: String,
    /// `yyyymm`, in China.
    pub month: u32,
}

/// Which account at a channel has taken how much: one row per currency.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct UsageKey {
    /// Channel `:` account number.
    pub owner: String,
    pub currency: Currency,
}

/// What an account at a channel has taken and reserved; the meaning is `routing`'s.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// The day that is open; none before the first trade.
    pub day: Option<Date>,
    pub today: UsageSum,
    pub month: UsageSum,
    pub total: UsageSum,
    pub pending: UsageSum,
}

/// Minor units, and a number of trades.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct UsageSum {
    pub amount: u64,
    pub count: u64,
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
    pub(crate) volumes: BTreeMap<VolumeKey, u64>,
    pub(crate) usages: BTreeMap<UsageKey, Usage>,
    /// The open shift of each terminal that was asked for.
    pub(crate) shifts: BTreeMap<TerminalId, Shift>,
    pub(crate) wallets: BTreeMap<WalletId, Wallet>,
    /// The lots as the store has them.
    pub(crate) stored_lots: BTreeMap<OrderId, LotRow>,
    pub(crate) campaigns: BTreeMap<CampaignId, Campaign>,
    /// As the store has them.
    pub(crate) stored_trades: BTreeMap<TradeId, Trade>,
    pub(crate) trades: BTreeMap<TradeKey, Trade>,
    pub(crate) pos_terminals: BTreeMap<TerminalId, PosTerminal>,
    pub(crate) differences: BTreeMap<DifferenceKey, Difference>,
    pub(crate) ceremonies: BTreeMap<CeremonyId, Ceremony>,
    pub(crate) activations: BTreeMap<[u8; 32], Activation>,
    pub(crate) staff: BTreeMap<(MerchantId, String), Staff>,
    pub(crate) books: Books,
    /// What is known of the ids of journals that were asked for.
    pub(crate) seen_journals: BTreeMap<JournalId, Seen>,
    pub(crate) seen_holds: BTreeMap<HoldId, Seen>,
    pub(crate) holds: BTreeMap<HoldId, Hold>,
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

    /// The open shift of a terminal of the command's [`Reads`].
    #[must_use]
    pub fn open_shift(&self, terminal: TerminalId) -> Option<&'a Shift> {
        self.set.shifts.get(&terminal).filter(|shift| shift.closed.is_none())
    }

    /// A wallet of the command's [`Reads`].
    #[must_use]
    pub fn wallet(&self, id: WalletId) -> Option<&'a Wallet> {
        self.set.wallets.get(&id)
    }

    #[must_use]
    pub fn wallet_by_no(&self, merchant: MerchantId, no: &MerchantNo) -> Option<&'a Wallet> {
        self.set.wallets.values().find(|wallet| wallet.merchant == merchant && wallet.no == *no)
    }

    /// A campaign of the command's [`Reads`].
    #[must_use]
    pub fn campaign(&self, id: CampaignId) -> Option<&'a Campaign> {
        self.set.campaigns.get(&id)
    }

    /// A trade of the command's [`Reads`].
    #[must_use]
    pub fn trade(&self, key: TradeKey) -> Option<&'a Trade> {
        self.set.trades.get(&key)
    }

    /// The trades of an order of the command's [`Reads`].
    pub fn trades_of(&self, order: OrderId) -> impl Iterator<Item = &'a Trade> {
        self.set.trades.values().filter(move |trade| trade.order == Some(order))
    }

    /// A terminal of the command's [`Reads`].
    #[must_use]
    pub fn pos_terminal(&self, id: TerminalId) -> Option<&'a PosTerminal> {
        self.set.pos_terminals.get(&id)
    }

    /// A ceremony of the command's [`Reads`].
    #[must_use]
    pub fn ceremony(&self, id: CeremonyId) -> Option<&'a Ceremony> {
        self.set.ceremonies.get(&id)
    }

    /// A terminal's code of the command's [`Reads`].
    #[must_use]
    pub fn activation(&self, verifier: &[u8; 32]) -> Option<&'a Activation> {
        self.set.activations.get(verifier)
    }

    /// A person of the command's [`Reads`].
    #[must_use]
    pub fn staff(&self, key: &(MerchantId, String)) -> Option<&'a Staff> {
        self.set.staff.get(key)
    }

    /// A difference of the command's [`Reads`].
    #[must_use]
    pub fn difference(&self, key: &DifferenceKey) -> Option<&'a Difference> {
        self.set.differences.get(key)
    }

    /// What was paid in a month of the command's [`Reads`], in minor units.
    #[must_use]
    pub fn volume(&self, key: &VolumeKey) -> u64 {
        self.set.volumes.get(key).copied().unwrap_or(0)
    }

    /// What an account of the command's [`Reads`] has taken.
    #[must_use]
    pub fn usage(&self, key: &UsageKey) -> Usage {
        self.set.usages.get(key).copied().unwrap_or_default()
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

    /// Decides a journal against the books. An id that may have been used before is asked for in
    /// [`Reads::journals`].
    ///
    /// # Errors
    /// The ledger's refusal, in its order.
    pub fn post(&self, journal: Journal) -> Result<Posting, Unposted> {
        self.assert_locked(&journal);
        let hash = crypto::digest::sha256(&journal.canonical_bytes());
        let seen = self.set.seen_journals.get(&journal.id());
        match self.set.books.decide_post(seen, hash, &journal) {
            PostDecision::Post(deltas) => Ok(Posting { journal, hash, deltas, repeat: false }),
            PostDecision::Repeat => Ok(Posting { journal, hash, deltas: Vec::new(), repeat: true }),
            PostDecision::Refuse(refusal) => Err(Unposted { refusal, burnt: None }),
            PostDecision::Burn(refusal) => {
                let (id, burnt_at) = (journal.id().to_i64(), journal.booked_at());
                let kind = BurntKind::Journal;
                let burnt = Burnt { kind, id, content_hash: hash, refusal, burnt_at };
                Err(Unposted { refusal, burnt: Some(burnt) })
            }
        }
    }

    /// A hold of the command's [`Reads`], as it stands.
    #[must_use]
    pub fn hold(&self, id: HoldId) -> Option<&'a Hold> {
        self.set.holds.get(&id)
    }

    /// Decides a new hold. Its id and its account are asked for in [`Reads`].
    ///
    /// # Errors
    /// The ledger's refusal, in its order.
    pub fn set_aside(&self, hold: Hold, now: Timestamp) -> Result<Held, Unposted> {
        assert!(self.set.locked.contains(&hold.account), "a held account is asked for in Reads");
        let hash = crypto::digest::sha256(&hold.canonical_bytes());
        match self.set.books.decide_hold(self.set.seen_holds.get(&hold.id), hash, &hold) {
            PostDecision::Post(deltas) => Ok(Held { hold, hash, deltas, repeat: false }),
            PostDecision::Repeat => Ok(Held { hold, hash, deltas: Vec::new(), repeat: true }),
            PostDecision::Refuse(refusal) => Err(Unposted { refusal, burnt: None }),
            PostDecision::Burn(refusal) => {
                let (kind, id) = (BurntKind::Hold, hold.id.to_i64());
                let burnt = Burnt { kind, id, content_hash: hash, refusal, burnt_at: now };
                Err(Unposted { refusal, burnt: Some(burnt) })
            }
        }
    }

    /// Posts what is held, or a part of it; the rest is let go.
    ///
    /// # Errors
    /// The ledger's refusal, in its order; the hold stays as it is.
    pub fn post_held(
        &self,
        id: HoldId,
        journal: Journal,
        now: Timestamp,
    ) -> Result<Resolved, Refusal> {
        self.assert_locked(&journal);
        let hash = crypto::digest::sha256(&journal.canonical_bytes());
        let resolve = Resolve::Post { journal: &journal, now };
        match self.set.books.decide_resolve(self.hold(id), resolve) {
            ResolveDecision::Refuse(refusal) => Err(refusal),
            ResolveDecision::Resolve(resolution, deltas) => {
                let posting = Some(Posting { journal, hash, deltas, repeat: false });
                Ok(Resolved { resolution, posting, released: Vec::new(), at: now })
            }
        }
    }

    /// Lets go of what is held.
    ///
    /// # Errors
    /// The ledger's refusal, in its order.
    pub fn void_hold(&self, id: HoldId, now: Timestamp) -> Result<Resolved, Refusal> {
        self.release(id, Resolve::Void, now)
    }

    /// Lets go of what is held, its time being over.
    ///
    /// # Errors
    /// The ledger's refusal, in its order.
    pub fn expire_hold(&self, id: HoldId, now: Timestamp) -> Result<Resolved, Refusal> {
        self.release(id, Resolve::Expire { now }, now)
    }

    fn release(
        &self,
        id: HoldId,
        resolve: Resolve<'_>,
        now: Timestamp,
    ) -> Result<Resolved, Refusal> {
        match self.set.books.decide_resolve(self.hold(id), resolve) {
            ResolveDecision::Refuse(refusal) => Err(refusal),
            ResolveDecision::Resolve(resolution, released) => {
                Ok(Resolved { resolution, posting: None, released, at: now })
            }
        }
    }

    fn assert_locked(&self, journal: &Journal) {
        for key in journal.guarded_debits() {
            assert!(self.set.locked.contains(&key), "a guarded debit is asked for in Reads");
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
        for shift in &changes.shifts {
            self.shifts.insert(shift.terminal, shift.clone());
        }
        for wallet in &changes.wallets {
            self.wallets.insert(wallet.id, wallet.clone());
        }
        for campaign in &changes.campaigns {
            self.campaigns.insert(campaign.id, campaign.clone());
        }
        for trade in &changes.trades {
            self.trades.insert(trade.key, trade.clone());
        }
        for terminal in &changes.pos_terminals {
            self.pos_terminals.insert(terminal.terminal, terminal.clone());
        }
        for ceremony in &changes.ceremonies {
            self.ceremonies.insert(ceremony.id, ceremony.clone());
        }
        for activation in &changes.activations {
            self.activations.insert(activation.verifier, activation.clone());
        }
        for staff in &changes.staff {
            self.staff.insert((staff.merchant, staff.number.clone()), staff.clone());
        }
        for difference in &changes.differences {
            self.differences.insert(difference.key, difference.clone());
        }
        for (key, amount) in &changes.volumes {
            let volume = self.volumes.entry(key.clone()).or_default();
            *volume = volume.saturating_add(*amount);
        }
        for (key, usage) in &changes.usages {
            self.usages.insert(key.clone(), *usage);
        }
        self.learn(&changes);
        self.written.changes.push(changes);
    }

    /// What a later command of the batch must see of the books.
    fn learn(&mut self, changes: &Changes) {
        for posting in changes.new_postings() {
            self.books.apply(&posting.deltas);
            let seen = Seen { content_hash: posting.hash, burnt: None };
            self.seen_journals.insert(posting.journal.id(), seen);
        }
        for held in changes.new_holds() {
            self.books.apply(&held.deltas);
            let seen = Seen { content_hash: held.hash, burnt: None };
            self.seen_holds.insert(held.hold.id, seen);
            self.holds.insert(held.hold.id, held.hold.clone());
        }
        for resolved in &changes.resolutions {
            self.books.apply(&resolved.released);
            if let Some(hold) = self.holds.get_mut(&resolved.resolution.hold) {
                hold.state = resolved.resolution.state;
            }
        }
        for burnt in &changes.burnt {
            self.learn_burnt(burnt);
        }
    }

    /// An id that was posted as well is posted: another process had it with other content.
    pub(crate) fn learn_burnt(&mut self, burnt: &Burnt) {
        let seen = Seen { content_hash: burnt.content_hash, burnt: Some(burnt.refusal) };
        match burnt.kind {
            BurntKind::Journal => {
                if let Ok(id) = JournalId::from_i64(burnt.id) {
                    self.seen_journals.entry(id).or_insert(seen);
                }
            }
            BurntKind::Hold => {
                if let Ok(id) = HoldId::from_i64(burnt.id) {
                    self.seen_holds.entry(id).or_insert(seen);
                }
            }
        }
    }

    fn index(&mut self, aggregate: &Aggregate) {
        let (order, id) = (&aggregate.order, aggregate.id());
        self.order_nos.insert((order.merchant, order.merchant_no.clone()), id);
        self.attempts.extend(aggregate.attempts.iter().map(|a| (a.id, id)));
        self.refunds.extend(aggregate.refunds.iter().map(|r| (r.id, id)));
        let nos = aggregate.refunds.iter().filter(|r| r.part == 1);
        self.refund_nos.extend(nos.map(|r| ((r.merchant, r.merchant_no.clone()), (id, r.id))));
    }
}
