//! The port: what the application may ask of a store.

use std::fs::File;

use ids::{
    ApiKeyName, AttemptId, CeremonyId, ChannelAccountId, ChannelCode, HoldId, MerchantId,
    MerchantNo, NotificationId, OrderId, PlateId, RefundId, ShiftId, StoreId, TerminalId, TradeId,
    WalletId,
};
use jiff::Timestamp;
use ledger::{Account, Hold};
use merchants::{
    Activation, ApiKey, Ceremony, ChannelAccount, Custodian, KeyAlgorithm, Merchant,
    MerchantChannel, Notification, NotificationTry, Plate, PosTerminal, Scan, Shift, Staff,
    Store as Shop, Terminal,
};
use orders::{
    Aggregate, Batch, Campaign, Difference, DifferenceKey, Refund, Trade, TradeKey, Upload, Wallet,
};

use crate::batch::Command;
use crate::changes::{
    AccountLimitsRow, CashierLogoRow, CashierSettingsRow, CheckoutRow, FeeScheduleRow,
    PlatformKeyRow, PosDownloadsRow, PosSlipRow, RoutingRulesRow, TradeRulesRow,
};
use crate::error::StoreError;
use crate::fates::{WriteFate, WriteFates};
use crate::reader::{PostedJournal, Readers};
use crate::rows::Job;
use crate::sql::SqlError;
use crate::working::{Usage, UsageKey};
use crate::writer::Writer;

/// A store, whichever backend it has.
pub struct Store {
    pub(crate) writer: Writer,
    pub(crate) readers: Readers,
    /// A writing connection for what does not go through the queue: leases and folding.
    pub(crate) side: Readers,
    pub(crate) fates: Option<std::sync::Arc<dyn WriteFates>>,
    pub(crate) thread: Option<std::thread::JoinHandle<()>>,
    /// Keeps the data directory ours for as long as the store lives.
    #[expect(dead_code, reason = "held, not read")]
    pub(crate) lock: Option<File>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("waiting", &self.writer.waiting()).finish_non_exhaustive()
    }
}

impl Store {
    /// Queues a command and waits for its commit.
    ///
    /// # Errors
    /// [`StoreError`]; only [`StoreError::Unknown`] leaves open whether it was written.
    pub async fn write<C: Command>(&self, command: C) -> Result<C::Answer, StoreError> {
        let fate = self.fates.as_ref().map_or(WriteFate::Write, |fates| fates.next());
        match fate {
            WriteFate::Write => self.writer.write(command).await,
            WriteFate::Refuse => Err(StoreError::Overloaded),
            WriteFate::LoseAnswer => {
                self.writer.write(command).await?;
                Err(StoreError::Unknown(SqlError::lost()))
            }
            WriteFate::DieBefore => std::future::pending().await,
            WriteFate::DieAfter => {
                drop(self.writer.write(command).await);
                std::future::pending().await
            }
        }
    }

    /// The same store, with the fate of each write in another's hands: for simulation.
    #[must_use]
    pub fn with_fates(self, fates: std::sync::Arc<dyn WriteFates>) -> Self {
        Self { fates: Some(fates), ..self }
    }

    /// How many commands wait for the writer.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.writer.waiting()
    }

    /// Leases due jobs to the caller until `lease_until`.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn claim_jobs(
        &self,
        now: Timestamp,
        lease_until: Timestamp,
        limit: i64,
    ) -> Result<Vec<Job>, StoreError> {
        self.side.claim_jobs(now, lease_until, limit).await
    }

    /// Folds added sums into some accounts' rows; returns how many went, 0 when there is nothing.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn fold_accounts(&self) -> Result<usize, StoreError> {
        self.side.fold_accounts().await
    }

    /// How many jobs wait, and when the earliest is due.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn jobs_waiting(&self) -> Result<(u64, Option<Timestamp>), StoreError> {
        self.readers.jobs_waiting().await
    }

    /// Proves that the database answers.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.readers.query("SELECT CAST(1 AS BIGINT)", &[]).await.map(|_| ())
    }

    /// Leases a free node number for making ids, or renews the owner's.
    ///
    /// # Errors
    /// [`StoreError`]; [`StoreError::Overloaded`] when all numbers are taken.
    pub async fn lease_node(
        &self,
        owner: &str,
        now: Timestamp,
        lease_until: Timestamp,
    ) -> Result<u16, StoreError> {
        self.side.lease_node(owner, now, lease_until).await
    }

    /// Runs a statement on the writing connection: how the tests prove that the database itself
    /// refuses to change what was posted.
    ///
    /// # Errors
    /// [`StoreError`]
    #[doc(hidden)]
    pub async fn try_sql(&self, sql: &'static str) -> Result<u64, StoreError> {
        self.side.execute(sql, &[]).await
    }

    /// Stops taking commands and waits for the writer thread to finish what it has.
    pub fn close(self) {
        let Self { writer, thread, .. } = self;
        drop(writer);
        if let Some(thread) = thread
            && thread.join().is_err()
        {
            tracing::error!("the writer thread had panicked");
        }
    }
}

/// Each read: its name, arguments, answer and what it is.
macro_rules! reads {
    ($($(#[doc = $doc:literal])* fn $name:ident($($arg:ident: $type:ty),*) -> $answer:ty;)*) => {
        impl Store {
            $(
                $(#[doc = $doc])*
                ///
                /// # Errors
                /// [`StoreError`]
                pub async fn $name(&self, $($arg: $type),*) -> Result<$answer, StoreError> {
                    self.readers.$name($($arg),*).await
                }
            )*
        }
    };
}

reads! {
    /// An order with all that hangs on it.
    fn order(id: OrderId) -> Option<Aggregate>;
    /// The same by the merchant's number.
    fn order_by_no(merchant: MerchantId, no: MerchantNo) -> Option<Aggregate>;
    /// A merchant's orders, the newest first, older than `before`.
    fn orders_page(merchant: MerchantId, before: Option<OrderId>, limit: u32) -> Vec<Aggregate>;
    /// The order of an attempt, as a notice names it.
    fn order_of_attempt(id: AttemptId) -> Option<Aggregate>;
    /// The order of a refund.
    fn order_of_refund(id: RefundId) -> Option<Aggregate>;
    fn refund(id: RefundId) -> Option<Refund>;
    fn refund_by_no(merchant: MerchantId, no: &MerchantNo) -> Option<Refund>;
    /// A merchant's refunds, the newest first, older than `before`.
    fn refunds_page(merchant: MerchantId, before: Option<RefundId>, limit: u32) -> Vec<Refund>;
    fn notification(id: NotificationId) -> Option<Notification>;
    /// A merchant's notifications, the newest first, older than `before`.
    fn notifications_page(merchant: MerchantId, before: Option<NotificationId>, limit: u32) -> Vec<Notification>;
    fn notification_tries(id: NotificationId) -> Vec<NotificationTry>;
    fn merchant(id: MerchantId) -> Option<Merchant>;
    fn terminal(id: TerminalId) -> Option<Terminal>;
    fn shop(id: StoreId) -> Option<Shop>;
    fn api_key(name: &ApiKeyName) -> Option<ApiKey>;
    /// Every key of a terminal, revoked ones too.
    fn keys_of_terminal(terminal: TerminalId) -> Vec<ApiKey>;
    fn activation(verifier: &[u8; 32]) -> Option<Activation>;
    /// Every code of a terminal.
    fn activations_of(terminal: TerminalId) -> Vec<Activation>;
    fn staff(merchant: MerchantId, number: &str) -> Option<Staff>;
    fn cashier_settings(owner: &str) -> Option<CashierSettingsRow>;
    fn cashier_logo(owner: &str) -> Option<CashierLogoRow>;
    fn plate(id: PlateId) -> Option<Plate>;
    /// A merchant's plates, the newest first, older than `before`.
    fn plates_page(merchant: MerchantId, before: Option<PlateId>, limit: u32) -> Vec<Plate>;
    /// Openings of a plate, the newest first.
    fn scans_of(plate: PlateId, limit: u32) -> Vec<Scan>;
    fn checkout(order: OrderId) -> Option<CheckoutRow>;
    /// Payments at a terminal, the newest first, older than `before`.
    fn orders_of_terminal(terminal: TerminalId, before: Option<OrderId>, limit: u32) -> Vec<Aggregate>;
    fn channel_account(id: ChannelAccountId) -> Option<ChannelAccount>;
    /// What a merchant settled about hours, refunds and voids, or the institution.
    fn trade_rules(merchant: Option<MerchantId>) -> Option<TradeRulesRow>;
    fn shift(id: ShiftId) -> Option<Shift>;
    fn open_shift(terminal: TerminalId) -> Option<Shift>;
    /// A merchant's shifts, the newest first, older than `before`.
    fn shifts_page(merchant: MerchantId, before: Option<ShiftId>, limit: u32) -> Vec<Shift>;
    /// Refunds whose original route is impossible, the oldest first.
    fn cases(limit: u32) -> Vec<Refund>;
    /// The version of a price list that is in force.
    fn fee_schedule(owner: &str) -> Option<FeeScheduleRow>;
    /// The platform's own keys, the oldest first.
    fn platform_keys() -> Vec<PlatformKeyRow>;
    /// The algorithm of the newest key in force of a merchant that has a public half.
    fn key_algorithm_of(merchant: MerchantId) -> Option<KeyAlgorithm>;
    /// Every version of every account.
    fn channel_accounts() -> Vec<ChannelAccount>;
    /// With all its lots.
    fn wallet(id: WalletId) -> Option<Wallet>;
    /// A merchant's wallets, the newest first, older than `before`.
    fn wallets_page(merchant: MerchantId, before: Option<WalletId>, limit: u32) -> Vec<Wallet>;
    /// The newest first.
    fn campaigns(limit: u32) -> Vec<Campaign>;
    fn pos_terminal(terminal_no: &str, merchant_code: &str) -> Option<PosTerminal>;
    /// The trades of an order, the oldest first.
    fn trades_of(order: OrderId) -> Vec<Trade>;
    fn trade(key: TradeKey) -> Option<Trade>;
    fn trade_by_id(id: TradeId) -> Option<Trade>;
    /// The holds on a card for a merchant, the newest first.
    fn card_holds(merchant: MerchantId, token: [u8; 32]) -> Vec<Trade>;
    /// A terminal's trades of one batch, by trace.
    fn trades_of_batch(terminal: TerminalId, batch: u32) -> Vec<Trade>;
    fn pos_batch(terminal: TerminalId, batch: u32) -> Option<Batch>;
    /// What a terminal uploaded of a batch, and what only we have, by trace.
    fn uploads(terminal: TerminalId, batch: u32) -> Vec<Upload>;
    fn custodian(name: &str) -> Option<Custodian>;
    fn ceremony(id: CeremonyId) -> Option<Ceremony>;
    fn difference(key: &DifferenceKey) -> Option<Difference>;
    /// What terminals and we do not agree about, the oldest first: what is open, or all.
    fn differences(open_only: bool, limit: u32) -> Vec<Difference>;
    fn pos_slip(hash: &[u8; 32]) -> Option<PosSlipRow>;
    fn trade_by_reference(terminal: TerminalId, reference: &str) -> Option<Trade>;
    /// Every account of a channel that was ever opened for a merchant.
    fn merchant_channels(merchant: MerchantId, channel: &ChannelCode) -> Vec<MerchantChannel>;
    /// A version of the routing rules, or the one in force.
    fn routing_rules(version: Option<u32>) -> Option<RoutingRulesRow>;
    /// The version of what terminals load that is in force.
    fn pos_downloads() -> Option<PosDownloadsRow>;
    /// What an account at a channel may take.
    fn account_limits(owner: &str) -> Option<AccountLimitsRow>;
    /// What it has taken.
    fn account_usage(key: &UsageKey) -> Usage;
    /// Orders of all merchants whose ids lie between, the oldest first.
    fn orders_between(after: i64, until: i64, limit: u32) -> Vec<Aggregate>;
    /// A hold as it stands.
    fn hold(id: HoldId) -> Option<Hold>;
    /// Every account with its balance, as of one moment.
    fn accounts() -> Vec<Account>;
    /// Every account and every journal, as of one moment.
    fn books() -> (Vec<Account>, Vec<PostedJournal>);
}
