//! A merchant with orders to write, and the commands of the suite.

use std::sync::Arc;

use ids::{
    AttemptId, ChannelAccountId, ChannelTradeNo, IdSource, JournalId, LegId, MerchantId,
    MerchantNo, OrderId, RefundId,
};
use jiff::{SignedDuration, Timestamp};
use ledger::rules::{self, RefundSource};
use ledger::{AccountCode, AccountKey, Header, Journal};
use money::{Amount, Currency};
use orders::channel::{Paid, PayWay, PaymentReply};
use orders::{
    Aggregate, Attempt, AttemptState, Leg, LegState, Order, OrderShape, OrderState, Source, Tender,
};
use store::{
    Changes, Command, Decision, Job, JobChange, JobKind, OpenError, Reads, Store, Target, View,
};

pub(crate) struct World {
    pub(crate) store: Store,
    pub(crate) merchant: MerchantId,
    ids: Arc<IdSource>,
    _folder: Option<tempfile::TempDir>,
}

fn ids() -> Arc<IdSource> {
    static NODE: std::sync::atomic::AtomicU16 = std::sync::atomic::AtomicU16::new(0);
    let node = NODE.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    Arc::new(IdSource::new(node % ids::NODE_MAX).unwrap())
}

pub(crate) async fn open(target: Target) -> Result<Store, OpenError> {
    Store::open(target, ids(), 1_800_000_000_000).await
}

pub(crate) fn fen(minor: u64) -> Amount {
    Amount::new(minor, Currency::Cny).unwrap()
}

impl World {
    pub(crate) async fn memory() -> Self {
        Self::with(open(Target::Memory).await.unwrap())
    }

    pub(crate) async fn file() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = open(Target::Directory(folder.path().to_owned())).await.unwrap();
        Self { _folder: Some(folder), ..Self::with(store) }
    }

    pub(crate) async fn postgres() -> Self {
        let url = testkit::fresh_postgres();
        Self::with(open(Target::Postgres(url.into())).await.unwrap())
    }

    pub(crate) fn with(store: Store) -> Self {
        let ids = ids();
        let merchant = MerchantId::generate(&ids, 0);
        Self { store, merchant, ids, _folder: None }
    }

    pub(crate) fn like(other: &Self, store: Store) -> Self {
        Self { merchant: other.merchant, ..Self::with(store) }
    }

    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::from_second(1_800_000_000).unwrap()
    }

    pub(crate) fn after(&self, seconds: i64) -> Timestamp {
        self.now() + SignedDuration::from_secs(seconds)
    }

    pub(crate) fn order(&self, no: &str, minor: u64) -> Aggregate {
        let ms = self.now().as_millisecond();
        let (order, leg) = (OrderId::generate(&self.ids, ms), LegId::generate(&self.ids, ms));
        let attempt = Attempt {
            id: AttemptId::generate(&self.ids, ms),
            order,
            leg,
            channel_account: ChannelAccountId::generate(&self.ids, ms),
            way: PayWay::PayerCode,
            amount: fen(minor),
            state: AttemptState::Sending,
            invoke: None,
            trade_no: None,
            paid_at: None,
            payer: None,
            refusal: None,
            created_at: self.now(),
            updated_at: self.now(),
            reserved_on: None,
            route: None,
        };
        let leg = Leg {
            id: leg,
            order,
            no: 1,
            content_hash: None,
            tender: Tender::parse("alipay").unwrap(),
            self_collected: false,
            reference: None,
            wallet: None,
            campaign: None,
            amount: fen(minor),
            state: LegState::Paying,
            booked_at: None,
            fee: None,
            cost: None,
            refunding: fen(0),
            refunded: fen(0),
        };
        let order = Order {
            id: order,
            merchant: self.merchant,
            merchant_no: MerchantNo::parse(no).unwrap(),
            content_hash: [1; 32],
            amount: fen(minor),
            description: "咖啡 'x' \"y\" \\".to_owned(),
            attach: None,
            notify_url: Some("http://127.0.0.1:1/".to_owned()),
            terminal: None,
            shape: OrderShape::Single,
            top_up: None,
            hold: None,
            state: OrderState::Paying,
            created_at: self.now(),
            expires_at: self.after(60),
            paid_at: None,
            updated_at: self.now(),
        };
        Aggregate { order, legs: vec![leg], attempts: vec![attempt], refunds: Vec::new() }
    }

    pub(crate) async fn paid_order(&self, no: &str, minor: u64) -> Aggregate {
        let order = self.order(no, minor);
        assert!(self.store.write(Create::of(self, order.clone())).await.unwrap());
        self.store.write(Pay::of(self, &order)).await.unwrap()
    }

    pub(crate) fn head(&self) -> Header {
        Header {
            id: JournalId::generate(&self.ids, self.now().as_millisecond()),
            subject: "test".to_owned(),
            accounting_date: jiff::civil::date(2027, 1, 15),
            booked_at: self.now(),
        }
    }

    pub(crate) fn pending_key(&self) -> AccountKey {
        let owner = format!("{}:alipay", self.merchant);
        AccountKey::new(AccountCode::MerchantPending, &owner, Currency::Cny).unwrap()
    }

    pub(crate) async fn pending(&self) -> u64 {
        let accounts = self.store.accounts().await.unwrap();
        let key = self.pending_key();
        accounts.iter().find(|a| a.key == key).map_or(0, ledger::Account::available)
    }

    /// Balances equal the sums of entries, and debits equal credits.
    pub(crate) async fn check_books(&self) {
        let (accounts, journals) = self.store.books().await.unwrap();
        for account in &accounts {
            let entries = journals.iter().flat_map(|j| &j.entries).filter(|e| e.0 == account.key);
            let (mut debits, mut credits) = (0, 0);
            for (_, side, amount) in entries {
                match side {
                    ledger::Side::Debit => debits += amount,
                    ledger::Side::Credit => credits += amount,
                }
            }
            let sums = (account.sums.debits_posted, account.sums.credits_posted);
            assert_eq!(sums, (debits, credits), "{}", account.key);
        }
        let debits: u64 = accounts.iter().map(|a| a.sums.debits_posted).sum();
        let credits: u64 = accounts.iter().map(|a| a.sums.credits_posted).sum();
        assert_eq!(debits, credits);
    }

    pub(crate) async fn finish(self) {
        self.check_books().await;
        self.store.close();
    }

    pub(crate) async fn assert_append_only(&self) {
        let sqls = [
            "UPDATE journals SET subject = 'x'",
            "DELETE FROM entries",
            "DELETE FROM journals",
            "UPDATE holds SET amount = 1",
            "DELETE FROM hold_resolutions",
            "DELETE FROM burnt_ids",
        ];
        for sql in sqls {
            let refused = self.store.try_sql(sql).await;
            assert!(refused.is_err(), "{sql}");
        }
        self.check_books().await;
        assert_eq!(self.store.books().await.unwrap().1.len(), 1);
    }
}

/// Writes an order unless its number is taken; answers whether it did.
pub(crate) struct Create {
    at: Timestamp,
    order: Aggregate,
}

impl Create {
    pub(crate) fn of(world: &World, order: Aggregate) -> Self {
        Self { at: world.now(), order }
    }
}

impl Command for Create {
    type Answer = bool;

    fn now(&self) -> Timestamp {
        self.at
    }

    fn reads(&self, reads: &mut Reads) {
        let order = &self.order.order;
        reads.order_nos.insert((order.merchant, order.merchant_no.clone()));
    }

    fn decide(&self, view: &View<'_>) -> Decision<bool> {
        let order = &self.order.order;
        if view.order_by_no(order.merchant, &order.merchant_no).is_some() {
            return Decision::answer(false);
        }
        let job = Job {
            kind: JobKind::Attempt,
            subject: self.order.attempts[0].id.to_i64(),
            order: Some(order.id),
            due_at: self.at,
            looks: 0,
        };
        let changes = Changes {
            orders: vec![self.order.clone()],
            jobs: vec![JobChange::Put(job)],
            ..Changes::default()
        };
        Decision { changes, answer: true }
    }
}

/// Marks an order paid and books it.
pub(crate) struct Pay {
    at: Timestamp,
    order: OrderId,
    attempt: AttemptId,
    amount: Amount,
    journal: Journal,
}

impl Pay {
    pub(crate) fn of(world: &World, order: &Aggregate) -> Self {
        let receivable =
            AccountKey::new(AccountCode::ChannelReceivable, "alipay:2088", Currency::Cny).unwrap();
        let amount = order.order.amount;
        let journal =
            rules::payment_succeeded(world.head(), receivable, world.pending_key(), amount)
                .unwrap();
        let attempt = order.attempts[0].id;
        Self { at: world.now(), order: order.id(), attempt, amount, journal }
    }
}

impl Command for Pay {
    type Answer = Aggregate;

    fn now(&self) -> Timestamp {
        self.at
    }

    fn reads(&self, reads: &mut Reads) {
        reads.orders.insert(self.order);
    }

    fn decide(&self, view: &View<'_>) -> Decision<Aggregate> {
        let order = view.order(self.order).unwrap();
        let paid = PaymentReply::Paid(Paid {
            trade_no: ChannelTradeNo::parse("2026112022001").unwrap(),
            amount: self.amount,
            paid_at: self.at,
            payer: Some("2088".to_owned()),
            card: None,
        });
        let decided = order.on_reply(self.attempt, Source::Charge, &paid, self.at);
        let (aggregate, _) = decided.unwrap();
        let changes = Changes {
            orders: vec![aggregate.clone()],
            postings: vec![view.post(self.journal.clone()).unwrap()],
            jobs: vec![JobChange::Done(JobKind::Attempt, self.attempt.to_i64())],
            ..Changes::default()
        };
        Decision { changes, answer: aggregate }
    }
}

/// Takes money out of the merchant's pending account, as a refund does; answers whether there was
/// enough.
pub(crate) struct TakeFromMerchant {
    at: Timestamp,
    from: AccountKey,
    journal: Journal,
}

impl TakeFromMerchant {
    pub(crate) fn new(world: &World, minor: u64) -> Self {
        let refund = RefundId::generate(&world.ids, world.now().as_millisecond());
        let from = world.pending_key();
        let sources = [RefundSource { account: from.clone(), amount: fen(minor) }];
        let transit = AccountKey::refund_transit(refund, Currency::Cny);
        let journal = rules::refund_accepted(world.head(), &sources, transit).unwrap();
        Self { at: world.now(), from, journal }
    }
}

impl Command for TakeFromMerchant {
    type Answer = bool;

    fn now(&self) -> Timestamp {
        self.at
    }

    fn reads(&self, reads: &mut Reads) {
        reads.accounts.insert(self.from.clone());
    }

    fn decide(&self, view: &View<'_>) -> Decision<bool> {
        match view.post(self.journal.clone()) {
            Err(_) => Decision::answer(false),
            Ok(posting) => {
                let changes = Changes { postings: vec![posting], ..Changes::default() };
                Decision { changes, answer: true }
            }
        }
    }
}

/// A command with a bug.
#[derive(Debug)]
pub(crate) struct Panic {
    pub(crate) at: Timestamp,
}

impl Command for Panic {
    type Answer = ();

    fn now(&self) -> Timestamp {
        self.at
    }

    fn reads(&self, _: &mut Reads) {}

    fn decide(&self, _: &View<'_>) -> Decision<()> {
        panic!("an assertion that failed")
    }
}
