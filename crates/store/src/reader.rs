//! Reads outside the writer: point look-ups, pages by cursor, and the books.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ids::{
    ApiKeyName, AttemptId, CeremonyId, ChannelAccountId, ChannelCode, HoldId, JournalId,
    MerchantId, MerchantNo, NotificationId, OrderId, PlateId, RefundId, ShiftId, StoreId,
    TerminalId, TradeId, WalletId,
};
use ledger::{Account, AccountKey, Hold};
use merchants::{
    Activation, ApiKey, Ceremony, ChannelAccount, Custodian, KeyAlgorithm, Merchant,
    MerchantChannel, Notification, NotificationTry, Plate, PosTerminal, Scan, Shift, Staff,
    Store as Shop, Terminal,
};
use orders::{
    Aggregate, Attempt, Batch, Campaign, Difference, DifferenceKey, Refund, Trade, TradeKey,
    Upload, Wallet,
};
use tokio::sync::Mutex;

use crate::accounts::{add_deltas, parse_key, to_account};
use crate::batch::{load_orders, read_wallets};
use crate::changes::{
    AccountLimitsRow, CashierLogoRow, CashierSettingsRow, CheckoutRow, FeeScheduleRow,
    PlatformKeyRow, PosDownloadsRow, PosSlipRow, RoutingRulesRow, TradeRulesRow,
};
use crate::error::StoreError;
use crate::rows::{
    AccountRow, DIFFERENCE_KEY, Record, UsageRow, Word as _, difference_key, read_day,
};
use crate::sql::{Cells, Corrupt, Lock, Mode, RowReader, Session, SqlError, Table, Value};
use crate::working::{Usage, UsageKey, WorkingSet};

/// Rows of one page, at most.
pub const PAGE_MAX: u32 = 100;
/// Accounts or journals read at once when the books are walked.
const WALK_PAGE: i64 = 500;

/// Connections for reading; a waiter takes the next free one.
pub(crate) struct Readers {
    sessions: Vec<Arc<Mutex<Session>>>,
    next: std::sync::atomic::AtomicUsize,
    url: Option<Arc<str>>,
}

/// A journal as it was posted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostedJournal {
    pub id: JournalId,
    pub rule: String,
    pub subject: String,
    pub accounting_date: jiff::civil::Date,
    pub corrects: Option<JournalId>,
    pub entries: Vec<(AccountKey, ledger::Side, u64)>,
}

impl Readers {
    pub(crate) fn new(sessions: Vec<Arc<Mutex<Session>>>, url: Option<Arc<str>>) -> Self {
        Self { sessions, next: std::sync::atomic::AtomicUsize::new(0), url }
    }

    /// A free session, or the next in turn. A broken one is connected anew first.
    async fn session(&self) -> Result<tokio::sync::OwnedMutexGuard<Session>, StoreError> {
        let turn = self.next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let free = self.sessions.iter().find_map(|s| Arc::clone(s).try_lock_owned().ok());
        let mut session = match (free, self.sessions.get(turn % self.sessions.len().max(1))) {
            (Some(session), _) => session,
            (None, Some(session)) => Arc::clone(session).lock_owned().await,
            (None, None) => return Err(StoreError::Stopped),
        };
        if let Some(url) = self.url.as_ref().filter(|_| session.is_closed()) {
            *session = Session::postgres(url).await.map_err(StoreError::Failed)?;
        }
        Ok(session)
    }

    pub(crate) async fn execute(
        &self,
        sql: &'static str,
        params: &[Value],
    ) -> Result<u64, StoreError> {
        let mut session = self.session().await?;
        session.execute(sql, params).await.map_err(StoreError::of)
    }

    pub(crate) async fn query(
        &self,
        sql: &'static str,
        params: &[Value],
    ) -> Result<Vec<Cells>, StoreError> {
        let mut session = self.session().await?;
        session.query(sql, params).await.map_err(StoreError::of)
    }

    /// Every row whose `columns` are one of `keys`.
    async fn all<R: Record>(
        &self,
        columns: &'static [&'static str],
        keys: &[Cells],
    ) -> Result<Vec<R>, StoreError> {
        let mut session = self.session().await?;
        let rows = session.select_by(R::TABLE, columns, keys, Lock::None).await;
        let rows: Result<Vec<R>, Corrupt> =
            rows.map_err(StoreError::of)?.into_iter().map(R::from_cells).collect();
        rows.map_err(|corrupt| StoreError::of(corrupt.into()))
    }

    async fn one<R: Record>(
        &self,
        columns: &'static [&'static str],
        key: Cells,
    ) -> Result<Option<R>, StoreError> {
        let mut session = self.session().await?;
        let rows = session.select_by(R::TABLE, columns, &[key], Lock::None).await;
        let rows = rows.map_err(StoreError::of)?;
        let row = rows.into_iter().next().map(R::from_cells);
        row.transpose().map_err(|e| StoreError::of(e.into()))
    }

    pub(crate) async fn order(&self, id: OrderId) -> Result<Option<Aggregate>, StoreError> {
        let mut session = self.session().await?;
        read_order(&mut session, None, Some(id)).await.map_err(StoreError::of)
    }

    pub(crate) async fn order_of_attempt(
        &self,
        id: AttemptId,
    ) -> Result<Option<Aggregate>, StoreError> {
        match self.one::<Attempt>(&["id"], vec![id.to_i64().into()]).await? {
            Some(attempt) => self.order(attempt.order).await,
            None => Ok(None),
        }
    }

    pub(crate) async fn order_of_refund(
        &self,
        id: RefundId,
    ) -> Result<Option<Aggregate>, StoreError> {
        match self.refund(id).await? {
            Some(refund) => self.order(refund.order).await,
            None => Ok(None),
        }
    }

    pub(crate) async fn order_by_no(
        &self,
        merchant: MerchantId,
        no: MerchantNo,
    ) -> Result<Option<Aggregate>, StoreError> {
        let mut session = self.session().await?;
        read_order(&mut session, Some((merchant, no)), None).await.map_err(StoreError::of)
    }

    /// A merchant's orders, the newest first, older than `before`.
    pub(crate) async fn orders_page(
        &self,
        merchant: MerchantId,
        before: Option<OrderId>,
        limit: u32,
    ) -> Result<Vec<Aggregate>, StoreError> {
        let sql =
            "SELECT id FROM orders WHERE merchant_id = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3";
        let before = before.map_or(i64::MAX, OrderId::to_i64);
        let limit = i64::from(limit.min(PAGE_MAX));
        let params = [merchant.to_i64().into(), before.into(), limit.into()];
        let orders = self.orders_of(sql, &params).await?;
        Ok(orders.into_iter().rev().collect())
    }

    pub(crate) async fn orders_of_terminal(
        &self,
        terminal: TerminalId,
        before: Option<OrderId>,
        limit: u32,
    ) -> Result<Vec<Aggregate>, StoreError> {
        let sql =
            "SELECT id FROM orders WHERE terminal_id = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3";
        let before = before.map_or(i64::MAX, OrderId::to_i64);
        let limit = i64::from(limit.min(PAGE_MAX));
        let params = [terminal.to_i64().into(), before.into(), limit.into()];
        let orders = self.orders_of(sql, &params).await?;
        Ok(orders.into_iter().rev().collect())
    }

    /// Whole orders whose ids a statement finds, the oldest first.
    async fn orders_of(
        &self,
        sql: &'static str,
        params: &[Value],
    ) -> Result<Vec<Aggregate>, StoreError> {
        let mut session = self.session().await?;
        let rows = session.query(sql, params).await.map_err(StoreError::of)?;
        let ids: Result<BTreeSet<OrderId>, Corrupt> = rows.into_iter().map(order_id).collect();
        let ids = ids.map_err(|e| StoreError::of(e.into()))?;
        let mut set = WorkingSet::default();
        load_orders(&mut session, &BTreeSet::new(), &ids, Lock::None, &mut set)
            .await
            .map_err(StoreError::of)?;
        Ok(set.orders.into_values().collect())
    }

    pub(crate) async fn hold(&self, id: HoldId) -> Result<Option<Hold>, StoreError> {
        let mut session = self.session().await?;
        let rows = crate::holds::read(&mut session, &BTreeSet::from([id]), Lock::None).await;
        Ok(rows.map_err(StoreError::of)?.pop().map(|row| row.hold))
    }

    pub(crate) async fn refund(&self, id: RefundId) -> Result<Option<Refund>, StoreError> {
        self.one(&["id"], vec![id.to_i64().into()]).await
    }

    pub(crate) async fn refund_by_no(
        &self,
        merchant: MerchantId,
        no: &MerchantNo,
    ) -> Result<Option<Refund>, StoreError> {
        let key = vec![merchant.to_i64().into(), no.as_str().into(), 1_i64.into()];
        self.one(&["merchant_id", "merchant_no", "part"], key).await
    }

    /// A merchant's refunds, the first part of each, the newest first, older than `before`.
    pub(crate) async fn refunds_page(
        &self,
        merchant: MerchantId,
        before: Option<RefundId>,
        limit: u32,
    ) -> Result<Vec<Refund>, StoreError> {
        let before = before.map_or(i64::MAX, RefundId::to_i64);
        self.page(Page { merchant, before, limit }).await
    }

    pub(crate) async fn notification(
        &self,
        id: NotificationId,
    ) -> Result<Option<Notification>, StoreError> {
        self.one(&["id"], vec![id.to_i64().into()]).await
    }

    pub(crate) async fn notifications_page(
        &self,
        merchant: MerchantId,
        before: Option<NotificationId>,
        limit: u32,
    ) -> Result<Vec<Notification>, StoreError> {
        let before = before.map_or(i64::MAX, NotificationId::to_i64);
        self.page(Page { merchant, before, limit }).await
    }

    pub(crate) async fn notification_tries(
        &self,
        id: NotificationId,
    ) -> Result<Vec<NotificationTry>, StoreError> {
        let key = vec![id.to_i64().into()];
        let mut tries: Vec<NotificationTry> = self.all(&["notification_id"], &[key]).await?;
        tries.sort_by_key(|t| t.number);
        Ok(tries)
    }

    pub(crate) async fn merchant(&self, id: MerchantId) -> Result<Option<Merchant>, StoreError> {
        self.one(&["id"], vec![id.to_i64().into()]).await
    }

    pub(crate) async fn terminal(&self, id: TerminalId) -> Result<Option<Terminal>, StoreError> {
        self.one(&["id"], vec![id.to_i64().into()]).await
    }

    pub(crate) async fn api_key(&self, name: &ApiKeyName) -> Result<Option<ApiKey>, StoreError> {
        self.one(&["name"], vec![name.as_str().into()]).await
    }

    pub(crate) async fn channel_account(
        &self,
        id: ChannelAccountId,
    ) -> Result<Option<ChannelAccount>, StoreError> {
        self.one(&["id"], vec![id.to_i64().into()]).await
    }

    pub(crate) async fn trade_rules(
        &self,
        merchant: Option<MerchantId>,
    ) -> Result<Option<TradeRulesRow>, StoreError> {
        self.one(&["merchant_id"], vec![TradeRulesRow::key(merchant)]).await
    }

    pub(crate) async fn shift(&self, id: ShiftId) -> Result<Option<Shift>, StoreError> {
        self.one(&["id"], vec![id.to_i64().into()]).await
    }

    pub(crate) async fn open_shift(
        &self,
        terminal: TerminalId,
    ) -> Result<Option<Shift>, StoreError> {
        let sql = "SELECT id FROM shifts WHERE terminal_id = ?1 AND closed_at IS NULL";
        let ids = self.query(sql, &[terminal.to_i64().into()]).await?;
        match ids.into_iter().next() {
            Some(key) => self.one(&["id"], key).await,
            None => Ok(None),
        }
    }

    /// A merchant's shifts, the newest first, older than `before`.
    pub(crate) async fn shifts_page(
        &self,
        merchant: MerchantId,
        before: Option<ShiftId>,
        limit: u32,
    ) -> Result<Vec<Shift>, StoreError> {
        let before = before.map_or(i64::MAX, ShiftId::to_i64);
        self.page(Page { merchant, before, limit }).await
    }

    /// Refunds whose original route is impossible, the oldest first.
    pub(crate) async fn cases(&self, limit: u32) -> Result<Vec<Refund>, StoreError> {
        let sql = "SELECT id FROM refunds WHERE state = 'manual' ORDER BY id LIMIT ?1";
        let ids = self.query(sql, &[i64::from(limit.min(PAGE_MAX)).into()]).await?;
        let mut rows: Vec<Refund> = self.all(&["id"], &ids).await?;
        rows.sort_by_key(|refund| refund.id);
        Ok(rows)
    }

    /// The version of a price list that is in force.
    pub(crate) async fn fee_schedule(
        &self,
        owner: &str,
    ) -> Result<Option<FeeScheduleRow>, StoreError> {
        let sql = "SELECT owner, version, schedule, created_at FROM fee_schedules \
                   WHERE owner = ?1 ORDER BY version DESC LIMIT 1";
        let row = self.query(sql, &[owner.into()]).await?.pop();
        let read = row.map(FeeScheduleRow::from_cells).transpose();
        read.map_err(|corrupt| StoreError::of(corrupt.into()))
    }

    /// A few: one per algorithm and rotation.
    pub(crate) async fn platform_keys(&self) -> Result<Vec<PlatformKeyRow>, StoreError> {
        let sql = "SELECT name, algorithm, public_key, sealed, created_at \
                   FROM platform_keys ORDER BY created_at, name";
        let rows = self.query(sql, &[]).await?;
        let read: Result<Vec<_>, Corrupt> = rows.into_iter().map(Record::from_cells).collect();
        read.map_err(|corrupt| StoreError::of(corrupt.into()))
    }

    pub(crate) async fn key_algorithm_of(
        &self,
        merchant: MerchantId,
    ) -> Result<Option<KeyAlgorithm>, StoreError> {
        let sql = "SELECT algorithm FROM api_keys WHERE merchant_id = ?1 \
                   AND public_key IS NOT NULL AND revoked_at IS NULL \
                   ORDER BY created_at DESC, name DESC LIMIT 1";
        let rows = self.query(sql, &[merchant.to_i64().into()]).await?;
        let read = |row| KeyAlgorithm::parse(&RowReader::new(row).text()?);
        rows.into_iter()
            .next()
            .map(read)
            .transpose()
            .map_err(|corrupt| StoreError::of(corrupt.into()))
    }

    /// All versions of all accounts: a few per acquirer.
    pub(crate) async fn channel_accounts(&self) -> Result<Vec<ChannelAccount>, StoreError> {
        let sql = "SELECT id, channel, account_no, version, live, sealed, created_at \
                   FROM channel_accounts ORDER BY id";
        let rows = self.query(sql, &[]).await?;
        let read: Result<Vec<_>, Corrupt> = rows.into_iter().map(Record::from_cells).collect();
        read.map_err(|e| StoreError::of(e.into()))
    }

    pub(crate) async fn merchant_channels(
        &self,
        merchant: MerchantId,
        channel: &ChannelCode,
    ) -> Result<Vec<MerchantChannel>, StoreError> {
        let key = vec![merchant.to_i64().into(), channel.as_str().into()];
        self.all(&["merchant_id", "channel"], &[key]).await
    }

    pub(crate) async fn wallet(&self, id: WalletId) -> Result<Option<Wallet>, StoreError> {
        let mut session = self.session().await?;
        read_wallet(&mut session, id).await.map_err(StoreError::of)
    }

    /// A merchant's wallets, the newest first, older than `before`.
    pub(crate) async fn wallets_page(
        &self,
        merchant: MerchantId,
        before: Option<WalletId>,
        limit: u32,
    ) -> Result<Vec<Wallet>, StoreError> {
        let before = before.map_or(i64::MAX, WalletId::to_i64);
        let page: Vec<Wallet> = self.page(Page { merchant, before, limit }).await?;
        let ids: BTreeSet<WalletId> = page.iter().map(|wallet| wallet.id).collect();
        let mut set = WorkingSet::default();
        let mut session = self.session().await?;
        read_wallets(&mut session, &ids, Lock::None, &mut set).await.map_err(StoreError::of)?;
        Ok(set.wallets.into_values().rev().collect())
    }

    pub(crate) async fn pos_terminal(
        &self,
        terminal_no: &str,
        merchant_code: &str,
    ) -> Result<Option<PosTerminal>, StoreError> {
        let key = vec![terminal_no.into(), merchant_code.into()];
        self.one(&["terminal_no", "merchant_code"], key).await
    }

    /// The trades of an order, the oldest first.
    pub(crate) async fn trades_of(&self, order: OrderId) -> Result<Vec<Trade>, StoreError> {
        let mut trades: Vec<Trade> =
            self.all(&["order_id"], &[vec![order.to_i64().into()]]).await?;
        trades.sort_by_key(|trade| trade.id);
        Ok(trades)
    }

    pub(crate) async fn trade(&self, key: TradeKey) -> Result<Option<Trade>, StoreError> {
        let cells = vec![
            key.terminal.to_i64().into(),
            i64::from(key.batch).into(),
            i64::from(key.trace).into(),
        ];
        self.one(&["terminal_id", "batch", "trace"], cells).await
    }

    pub(crate) async fn trade_by_id(&self, id: TradeId) -> Result<Option<Trade>, StoreError> {
        self.one(&["id"], vec![id.to_i64().into()]).await
    }

    /// The holds on a card for a merchant, the newest first.
    pub(crate) async fn card_holds(
        &self,
        merchant: MerchantId,
        token: [u8; 32],
    ) -> Result<Vec<Trade>, StoreError> {
        let key = vec![merchant.to_i64().into(), token.to_vec().into()];
        let mut holds: Vec<Trade> = self.all(&["merchant_id", "hold_token"], &[key]).await?;
        holds.sort_by_key(|trade| std::cmp::Reverse(trade.id));
        Ok(holds)
    }

    pub(crate) async fn trades_of_batch(
        &self,
        terminal: TerminalId,
        batch: u32,
    ) -> Result<Vec<Trade>, StoreError> {
        let key = vec![terminal.to_i64().into(), i64::from(batch).into()];
        let mut trades: Vec<Trade> = self.all(&["terminal_id", "batch"], &[key]).await?;
        trades.sort_by_key(|trade| trade.key);
        Ok(trades)
    }

    pub(crate) async fn pos_batch(
        &self,
        terminal: TerminalId,
        batch: u32,
    ) -> Result<Option<Batch>, StoreError> {
        let key = vec![terminal.to_i64().into(), i64::from(batch).into()];
        self.one(&["terminal_id", "batch"], key).await
    }

    pub(crate) async fn uploads(
        &self,
        terminal: TerminalId,
        batch: u32,
    ) -> Result<Vec<Upload>, StoreError> {
        let key = vec![terminal.to_i64().into(), i64::from(batch).into()];
        let mut rows: Vec<Upload> = self.all(&["terminal_id", "batch"], &[key]).await?;
        rows.sort_by_key(|row| row.key);
        Ok(rows)
    }

    pub(crate) async fn shop(&self, id: StoreId) -> Result<Option<Shop>, StoreError> {
        self.one(&["id"], vec![id.to_i64().into()]).await
    }

    pub(crate) async fn keys_of_terminal(
        &self,
        terminal: TerminalId,
    ) -> Result<Vec<ApiKey>, StoreError> {
        self.all(&["terminal_id"], &[vec![terminal.to_i64().into()]]).await
    }

    pub(crate) async fn activation(
        &self,
        verifier: &[u8; 32],
    ) -> Result<Option<Activation>, StoreError> {
        self.one(&["verifier"], vec![verifier.to_vec().into()]).await
    }

    pub(crate) async fn activations_of(
        &self,
        terminal: TerminalId,
    ) -> Result<Vec<Activation>, StoreError> {
        self.all(&["terminal_id"], &[vec![terminal.to_i64().into()]]).await
    }

    pub(crate) async fn staff(
        &self,
        merchant: MerchantId,
        number: &str,
    ) -> Result<Option<Staff>, StoreError> {
        self.one(&["merchant_id", "number"], vec![merchant.to_i64().into(), number.into()]).await
    }

    pub(crate) async fn cashier_settings(
        &self,
        owner: &str,
    ) -> Result<Option<CashierSettingsRow>, StoreError> {
        self.one(&["owner"], vec![owner.into()]).await
    }

    pub(crate) async fn cashier_logo(
        &self,
        owner: &str,
    ) -> Result<Option<CashierLogoRow>, StoreError> {
        self.one(&["owner"], vec![owner.into()]).await
    }

    pub(crate) async fn plate(&self, id: PlateId) -> Result<Option<Plate>, StoreError> {
        self.one(&["id"], vec![id.to_i64().into()]).await
    }

    pub(crate) async fn plates_page(
        &self,
        merchant: MerchantId,
        before: Option<PlateId>,
        limit: u32,
    ) -> Result<Vec<Plate>, StoreError> {
        let before = before.map_or(i64::MAX, PlateId::to_i64);
        self.page(Page { merchant, before, limit }).await
    }

    pub(crate) async fn scans_of(
        &self,
        plate: PlateId,
        limit: u32,
    ) -> Result<Vec<Scan>, StoreError> {
        let sql = "SELECT id FROM scans WHERE plate_id = ?1 ORDER BY id DESC LIMIT ?2";
        let limit = i64::from(limit.min(PAGE_MAX));
        let params = [plate.to_i64().into(), limit.into()];
        let mut scans: Vec<Scan> = self.all(&["id"], &self.query(sql, &params).await?).await?;
        scans.sort_by_key(|scan| std::cmp::Reverse(scan.id));
        Ok(scans)
    }

    pub(crate) async fn checkout(&self, order: OrderId) -> Result<Option<CheckoutRow>, StoreError> {
        self.one(&["order_id"], vec![order.to_i64().into()]).await
    }

    pub(crate) async fn custodian(&self, name: &str) -> Result<Option<Custodian>, StoreError> {
        self.one(&["name"], vec![name.into()]).await
    }

    pub(crate) async fn ceremony(&self, id: CeremonyId) -> Result<Option<Ceremony>, StoreError> {
        self.one(&["id"], vec![id.to_i64().into()]).await
    }

    pub(crate) async fn difference(
        &self,
        key: &DifferenceKey,
    ) -> Result<Option<Difference>, StoreError> {
        self.one(DIFFERENCE_KEY, difference_key(key)).await
    }

    pub(crate) async fn differences(
        &self,
        open_only: bool,
        limit: u32,
    ) -> Result<Vec<Difference>, StoreError> {
        let sql = if open_only {
            "SELECT terminal_id, batch, trace, kind FROM pos_differences WHERE approved_by IS NULL \
             ORDER BY opened_at, terminal_id, batch, trace, kind LIMIT ?1"
        } else {
            "SELECT terminal_id, batch, trace, kind FROM pos_differences \
             ORDER BY opened_at, terminal_id, batch, trace, kind LIMIT ?1"
        };
        let keys = self.query(sql, &[i64::from(limit.min(PAGE_MAX)).into()]).await?;
        let mut rows: Vec<Difference> = self.all(DIFFERENCE_KEY, &keys).await?;
        rows.sort_by_key(|difference| (difference.opened_at, difference.key));
        Ok(rows)
    }

    pub(crate) async fn pos_slip(&self, hash: &[u8; 32]) -> Result<Option<PosSlipRow>, StoreError> {
        self.one(&["hash"], vec![hash.to_vec().into()]).await
    }

    pub(crate) async fn trade_by_reference(
        &self,
        terminal: TerminalId,
        reference: &str,
    ) -> Result<Option<Trade>, StoreError> {
        self.one(&["terminal_id", "reference"], vec![terminal.to_i64().into(), reference.into()])
            .await
    }

    /// The newest first.
    pub(crate) async fn campaigns(&self, limit: u32) -> Result<Vec<Campaign>, StoreError> {
        let sql = "SELECT id FROM campaigns ORDER BY id DESC LIMIT ?1";
        let ids = self.query(sql, &[i64::from(limit.min(PAGE_MAX)).into()]).await?;
        let mut rows: Vec<Campaign> = self.all(&["id"], &ids).await?;
        rows.sort_by_key(|campaign| std::cmp::Reverse(campaign.id));
        Ok(rows)
    }

    /// The version of the routing rules that is wanted, or the one in force.
    pub(crate) async fn routing_rules(
        &self,
        version: Option<u32>,
    ) -> Result<Option<RoutingRulesRow>, StoreError> {
        if let Some(version) = version {
            return self.one(&["version"], vec![i64::from(version).into()]).await;
        }
        let sql = "SELECT version, rules, created_at FROM routing_rules \
                   ORDER BY version DESC LIMIT 1";
        let row = self.query(sql, &[]).await?.pop();
        let read = row.map(RoutingRulesRow::from_cells).transpose();
        read.map_err(|corrupt| StoreError::of(corrupt.into()))
    }

    /// The version of what terminals load that is in force.
    pub(crate) async fn pos_downloads(&self) -> Result<Option<PosDownloadsRow>, StoreError> {
        let sql = "SELECT version, downloads, created_at FROM pos_downloads \
                   ORDER BY version DESC LIMIT 1";
        let row = self.query(sql, &[]).await?.pop();
        let read = row.map(PosDownloadsRow::from_cells).transpose();
        read.map_err(|corrupt| StoreError::of(corrupt.into()))
    }

    pub(crate) async fn account_limits(
        &self,
        owner: &str,
    ) -> Result<Option<AccountLimitsRow>, StoreError> {
        self.one(&["owner"], vec![owner.into()]).await
    }

    pub(crate) async fn account_usage(&self, key: &UsageKey) -> Result<Usage, StoreError> {
        let row: Option<UsageRow> = self.one(&["owner", "currency"], key.cells()).await?;
        Ok(row.map_or_else(Usage::default, |row| row.usage))
    }

    /// Orders of all merchants by id, the oldest first: after `after` and before `until`.
    pub(crate) async fn orders_between(
        &self,
        after: i64,
        until: i64,
        limit: u32,
    ) -> Result<Vec<Aggregate>, StoreError> {
        let sql = "SELECT id FROM orders WHERE id > ?1 AND id < ?2 ORDER BY id LIMIT ?3";
        let limit = i64::from(limit.min(PAGE_MAX));
        self.orders_of(sql, &[after.into(), until.into(), limit.into()]).await
    }

    /// Every account with its balance, and every journal, as of one moment.
    pub(crate) async fn books(&self) -> Result<(Vec<Account>, Vec<PostedJournal>), StoreError> {
        let mut session = self.session().await?;
        session.begin(Mode::Read).await.map_err(StoreError::of)?;
        let books = read_books(&mut session).await;
        session.rollback().await.map_err(StoreError::of)?;
        books.map_err(StoreError::of)
    }

    /// Every account with its balance, as of one moment.
    pub(crate) async fn accounts(&self) -> Result<Vec<Account>, StoreError> {
        let mut session = self.session().await?;
        session.begin(Mode::Read).await.map_err(StoreError::of)?;
        let accounts = read_accounts(&mut session).await;
        session.rollback().await.map_err(StoreError::of)?;
        Ok(accounts.map_err(StoreError::of)?.into_values().collect())
    }

    async fn page<R: Record + Paged>(&self, page: Page) -> Result<Vec<R>, StoreError> {
        let limit = i64::from(page.limit.min(PAGE_MAX));
        let params = [page.merchant.to_i64().into(), page.before.into(), limit.into()];
        let ids = self.query(R::PAGE_SQL, &params).await?;
        let mut rows: Vec<R> = self.all(&["id"], &ids).await?;
        rows.sort_by_key(|row| std::cmp::Reverse(row.number()));
        Ok(rows)
    }
}

/// One page of a merchant's rows, the newest first.
struct Page {
    merchant: MerchantId,
    before: i64,
    limit: u32,
}

trait Paged {
    const PAGE_SQL: &'static str;
    fn number(&self) -> i64;
}

impl Paged for Refund {
    const PAGE_SQL: &'static str = "SELECT id FROM refunds WHERE merchant_id = ?1 AND id < ?2 AND part = 1 ORDER BY id DESC LIMIT ?3";
    fn number(&self) -> i64 {
        self.id.to_i64()
    }
}

impl Paged for Wallet {
    const PAGE_SQL: &'static str =
        "SELECT id FROM wallets WHERE merchant_id = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3";
    fn number(&self) -> i64 {
        self.id.to_i64()
    }
}

async fn read_wallet(session: &mut Session, id: WalletId) -> Result<Option<Wallet>, SqlError> {
    let mut set = WorkingSet::default();
    read_wallets(session, &BTreeSet::from([id]), Lock::None, &mut set).await?;
    Ok(set.wallets.into_values().next())
}

impl Paged for Shift {
    const PAGE_SQL: &'static str =
        "SELECT id FROM shifts WHERE merchant_id = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3";
    fn number(&self) -> i64 {
        self.id.to_i64()
    }
}

impl Paged for Notification {
    const PAGE_SQL: &'static str =
        "SELECT id FROM notifications WHERE merchant_id = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3";
    fn number(&self) -> i64 {
        self.id.to_i64()
    }
}

impl Paged for Plate {
    const PAGE_SQL: &'static str =
        "SELECT id FROM plates WHERE merchant_id = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3";
    fn number(&self) -> i64 {
        self.id.to_i64()
    }
}

async fn read_order(
    session: &mut Session,
    no: Option<(MerchantId, MerchantNo)>,
    id: Option<OrderId>,
) -> Result<Option<Aggregate>, SqlError> {
    let mut set = WorkingSet::default();
    let (nos, ids) = (no.into_iter().collect(), id.into_iter().collect());
    // One transaction, so that order, legs and attempts are of one moment.
    session.begin(Mode::Read).await?;
    let loaded = load_orders(session, &nos, &ids, Lock::None, &mut set).await;
    session.rollback().await?;
    loaded?;
    Ok(set.orders.into_values().next())
}

fn order_id(cells: Cells) -> Result<OrderId, Corrupt> {
    OrderId::from_i64(RowReader::new(cells).int()?).or(Err(Corrupt))
}

async fn read_accounts(session: &mut Session) -> Result<BTreeMap<i64, Account>, SqlError> {
    let mut all = BTreeMap::new();
    let mut after = -1_i64;
    loop {
        let sql = "SELECT id FROM accounts WHERE id > ?1 ORDER BY id LIMIT ?2";
        let ids = session.query(sql, &[after.into(), WALK_PAGE.into()]).await?;
        if ids.is_empty() {
            return Ok(all);
        }
        let mut rows = BTreeMap::new();
        for row in select::<AccountRow>(session, &ids).await? {
            after = after.max(row.id);
            rows.insert(row.id, row);
        }
        add_deltas(session, &mut rows).await?;
        for (id, row) in rows {
            all.insert(id, to_account(&row)?);
        }
    }
}

async fn select<R: Record>(session: &mut Session, ids: &[Cells]) -> Result<Vec<R>, SqlError> {
    let table: &'static Table = R::TABLE;
    let rows = session.select_by(table, &["id"], ids, Lock::None).await?;
    Ok(rows.into_iter().map(R::from_cells).collect::<Result<Vec<R>, Corrupt>>()?)
}

async fn read_books(session: &mut Session) -> Result<(Vec<Account>, Vec<PostedJournal>), SqlError> {
    let accounts = read_accounts(session).await?;
    let mut journals: BTreeMap<i64, PostedJournal> = BTreeMap::new();
    let sql = "SELECT j.id, j.rule, j.subject, j.accounting_date, j.corrects, a.key, e.side, e.amount \
               FROM journals j JOIN entries e ON e.journal_id = j.id \
               JOIN accounts a ON a.id = e.account_id ORDER BY j.id, e.line";
    for cells in session.query(sql, &[]).await? {
        let mut row = RowReader::new(cells);
        let id = row.int()?;
        let (rule, subject, date) = (row.text()?, row.text()?, row.int()?);
        let corrects = row.opt_int()?;
        let entry = (parse_key(&row.text()?)?, parse_side(&row.text()?)?, row.int()?);
        let amount = u64::try_from(entry.2).or(Err(Corrupt))?;
        let journal = match journals.entry(id) {
            std::collections::btree_map::Entry::Occupied(slot) => slot.into_mut(),
            std::collections::btree_map::Entry::Vacant(slot) => slot.insert(PostedJournal {
                id: JournalId::from_i64(id).or(Err(Corrupt))?,
                rule,
                subject,
                accounting_date: read_day(date)?,
                corrects: corrects
                    .map(|raw| JournalId::from_i64(raw).or(Err(Corrupt)))
                    .transpose()?,
                entries: Vec::new(),
            }),
        };
        journal.entries.push((entry.0, entry.1, amount));
    }
    Ok((accounts.into_values().collect(), journals.into_values().collect()))
}

fn parse_side(word: &str) -> Result<ledger::Side, Corrupt> {
    match word {
        "debit" => Ok(ledger::Side::Debit),
        "credit" => Ok(ledger::Side::Credit),
        _ => Err(Corrupt),
    }
}

impl Readers {
    pub(crate) async fn claim_jobs(
        &self,
        now: jiff::Timestamp,
        lease_until: jiff::Timestamp,
        limit: i64,
    ) -> Result<Vec<crate::rows::Job>, StoreError> {
        let mut session = self.session().await?;
        crate::jobs::claim(&mut session, now, lease_until, limit).await.map_err(StoreError::of)
    }

    pub(crate) async fn fold_accounts(&self) -> Result<usize, StoreError> {
        let mut session = self.session().await?;
        crate::accounts::fold(&mut session).await.map_err(StoreError::of)
    }

    pub(crate) async fn jobs_waiting(&self) -> Result<(u64, Option<jiff::Timestamp>), StoreError> {
        let rows = self.query("SELECT COUNT(*), MIN(due_at) FROM jobs", &[]).await?;
        let read = |cells: Cells| {
            let mut row = RowReader::new(cells);
            let count = u64::try_from(row.int()?).or(Err(Corrupt))?;
            let due = row.opt_int()?;
            let due = due.map(|ms| jiff::Timestamp::from_millisecond(ms).or(Err(Corrupt)));
            Ok((count, due.transpose()?))
        };
        let first = rows.into_iter().next().map(read).unwrap_or(Ok((0, None)));
        first.map_err(|e: Corrupt| StoreError::of(e.into()))
    }

    /// The lowest node number that is free, or the owner's own.
    pub(crate) async fn lease_node(
        &self,
        owner: &str,
        now: jiff::Timestamp,
        lease_until: jiff::Timestamp,
    ) -> Result<u16, StoreError> {
        let (now, until) = (now.as_millisecond(), lease_until.as_millisecond());
        for node in 0..=ids::NODE_MAX {
            let sql = "INSERT INTO nodes (node, owner, lease_until) VALUES (?1, ?2, ?3) \
                       ON CONFLICT (node) DO UPDATE SET owner = excluded.owner, \
                       lease_until = excluded.lease_until \
                       WHERE nodes.lease_until < ?4 OR nodes.owner = excluded.owner";
            let params = [i64::from(node).into(), owner.into(), until.into(), now.into()];
            if self.execute(sql, &params).await? > 0 {
                return Ok(node);
            }
        }
        Err(StoreError::Overloaded)
    }
}
