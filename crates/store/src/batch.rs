//! One batch: load for all, decide one after the other, write set-based, commit once.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};

use ids::{
    AttemptId, CampaignId, CeremonyId, IdSource, MerchantId, MerchantNo, OrderId, RefundId,
    TerminalId, WalletId,
};
use jiff::Timestamp;
use ledger::AccountKey;
use merchants::{Activation, Ceremony, Notification, PosTerminal, Shift, Staff};
use orders::{
    Aggregate, Attempt, Campaign, Difference, DifferenceKey, Leg, Order, Refund, Trade, TradeKey,
    Wallet,
};

use crate::accounts::AccountIds;
use crate::changes::{AdminRow, Changes, JobChange};
use crate::flush::flush;
use crate::holds;
use crate::rows::{DIFFERENCE_KEY, LotRow, Record, UsageRow, VolumeRow, difference_key};
use crate::sql::{Cells, Lock, Mode, Session, SqlError, Value};
use crate::working::{Reads, UsageKey, View, VolumeKey, WorkingSet};

/// A decision over loaded rows. It may run more than once: when the database finds a conflict the
/// whole batch is loaded and decided again, so it must be a function of what it sees.
pub trait Command: Send + Sync + 'static {
    type Answer: Send + 'static;

    fn now(&self) -> Timestamp;
    fn reads(&self, reads: &mut Reads);
    fn decide(&self, view: &View<'_>) -> Decision<Self::Answer>;
}

#[derive(Debug)]
pub struct Decision<A> {
    pub changes: Changes,
    pub answer: A,
}

impl<A> Decision<A> {
    /// An answer that writes nothing.
    pub fn answer(answer: A) -> Self {
        Self { changes: Changes::default(), answer }
    }
}

/// A command in the queue, whatever its answer's type.
pub(crate) trait Queued: Send {
    fn now(&self) -> Timestamp;
    fn reads(&self, reads: &mut Reads);
    /// Decides and keeps the answer until the commit.
    fn decide(&mut self, view: &View<'_>) -> Changes;
    fn mark_bug(&mut self);
}

pub(crate) struct BatchContext {
    pub(crate) accounts: AccountIds,
    pub(crate) ids: std::sync::Arc<IdSource>,
}

/// Runs a batch in one transaction.
///
/// # Errors
/// [`SqlError`]; the transaction was rolled back, unless the connection broke in the commit.
pub(crate) async fn run<Q: Queued + ?Sized>(
    session: &mut Session,
    context: &BatchContext,
    commands: &mut [Box<Q>],
) -> Result<(), SqlError> {
    let mut reads = Reads::default();
    for command in commands.iter() {
        command.reads(&mut reads);
    }
    session.begin(Mode::Write).await?;
    let done = load_decide_write(session, context, reads, commands).await;
    match done {
        Ok(made) => {
            session.commit().await?;
            context.accounts.remember(made);
            Ok(())
        }
        Err(error) => {
            // A failed rollback means a broken session, which the next batch will find.
            if let Err(rollback) = session.rollback().await {
                tracing::warn!(error = %rollback, "a rollback failed");
            }
            Err(error)
        }
    }
}

async fn load_decide_write<Q: Queued + ?Sized>(
    session: &mut Session,
    context: &BatchContext,
    reads: Reads,
    commands: &mut [Box<Q>],
) -> Result<Vec<(AccountKey, i64)>, SqlError> {
    let mut set = load(session, context, reads).await?;
    for command in commands.iter_mut() {
        let decided = catch_unwind(AssertUnwindSafe(|| command.decide(&View::new(&set))));
        match decided {
            Ok(changes) => set.apply(changes),
            Err(_assertion) => {
                tracing::error!("a command failed an assertion; it was left out of its batch");
                command.mark_bug();
            }
        }
    }
    let now_ms = commands.iter().map(|c| c.now().as_millisecond()).max().unwrap_or(0);
    flush(session, context, &set, now_ms).await
}

async fn load(
    session: &mut Session,
    context: &BatchContext,
    mut reads: Reads,
) -> Result<WorkingSet, SqlError> {
    let mut set = WorkingSet::default();
    let mut orders = std::mem::take(&mut reads.orders);
    find_orders(session, &reads.attempts, &reads.refunds, &mut orders).await?;
    find_refund_nos(session, &reads.refund_nos, &mut orders).await?;
    load_orders(session, &reads.order_nos, &orders, Lock::ForUpdate, &mut set).await?;
    if !reads.notifications.is_empty() {
        let keys: Vec<Cells> =
            reads.notifications.iter().map(|id| vec![id.to_i64().into()]).collect();
        let rows = session.select_by(Notification::TABLE, &["id"], &keys, Lock::ForUpdate).await?;
        for row in rows {
            let notification = Notification::from_cells(row)?;
            set.notifications.insert(notification.id, notification);
        }
    }
    load_volumes(session, &reads.volumes, &mut set).await?;
    load_shifts(session, &reads.shifts_of, &mut set).await?;
    load_usages(session, &reads.usages, &mut set).await?;
    load_wallets(session, &reads, &mut set).await?;
    load_campaigns(session, &reads.campaigns, &mut set).await?;
    load_trades(session, &reads, &mut set).await?;
    load_pos_terminals(session, &reads.pos_terminals, &mut set).await?;
    load_ceremonies(session, &reads.ceremonies, &mut set).await?;
    load_tills(session, &reads, &mut set).await?;
    load_differences(session, &reads.differences, &mut set).await?;
    let mut accounts = std::mem::take(&mut reads.accounts);
    holds::load(session, &reads.holds, &mut accounts, &mut set).await?;
    context.accounts.load_locked(session, accounts, &mut set).await?;
    // After the locks: what another writer posted under these ids is then to be seen.
    holds::load_seen(session, &reads.journals, &reads.holds, &mut set).await?;
    Ok(set)
}

async fn load_shifts(
    session: &mut Session,
    terminals: &BTreeSet<TerminalId>,
    set: &mut WorkingSet,
) -> Result<(), SqlError> {
    // A few rows per terminal and day: the open one is the newest, and its row is the lock.
    for terminal in terminals {
        let sql = "SELECT id FROM shifts WHERE terminal_id = ?1 AND closed_at IS NULL";
        let ids = session.query(sql, &[terminal.to_i64().into()]).await?;
        for row in session.select_by(Shift::TABLE, &["id"], &ids, Lock::ForUpdate).await? {
            let shift = Shift::from_cells(row)?;
            set.shifts.insert(shift.terminal, shift);
        }
    }
    Ok(())
}

/// Locks the months' rows, which are made first: two writers cannot both find none.
async fn load_volumes(
    session: &mut Session,
    volumes: &BTreeSet<VolumeKey>,
    set: &mut WorkingSet,
) -> Result<(), SqlError> {
    if volumes.is_empty() {
        return Ok(());
    }
    let sql = "INSERT INTO fee_volumes (owner, month, amount) VALUES (?1, ?2, 0) \
               ON CONFLICT (owner, month) DO NOTHING";
    let keys: Vec<Cells> = volumes
        .iter()
        .map(|key| vec![Value::from(key.owner.as_str()), i64::from(key.month).into()])
        .collect();
    for key in &keys {
        session.execute(sql, key).await?;
    }
    let columns = &["owner", "month"];
    for row in session.select_by(VolumeRow::TABLE, columns, &keys, Lock::ForUpdate).await? {
        let row = VolumeRow::from_cells(row)?;
        set.volumes.insert(row.key, row.amount);
    }
    Ok(())
}

/// Locks the accounts' rows, which are made first, as those of volumes are.
async fn load_usages(
    session: &mut Session,
    usages: &BTreeSet<UsageKey>,
    set: &mut WorkingSet,
) -> Result<(), SqlError> {
    if usages.is_empty() {
        return Ok(());
    }
    let sql = "INSERT INTO account_usage VALUES (?1, ?2, 0, 0, 0, 0, 0, 0, 0, 0, 0) \
               ON CONFLICT (owner, currency) DO NOTHING";
    let keys: Vec<Cells> = usages.iter().map(UsageKey::cells).collect();
    for key in &keys {
        session.execute(sql, key).await?;
    }
    let columns = &["owner", "currency"];
    for row in session.select_by(UsageRow::TABLE, columns, &keys, Lock::ForUpdate).await? {
        let row = UsageRow::from_cells(row)?;
        set.usages.insert(row.key, row.usage);
    }
    Ok(())
}

/// The wallet's row is the lock of its lots.
async fn load_wallets(
    session: &mut Session,
    reads: &Reads,
    set: &mut WorkingSet,
) -> Result<(), SqlError> {
    let (ids, nos) = (&reads.wallets, &reads.wallet_nos);
    if ids.is_empty() && nos.is_empty() {
        return Ok(());
    }
    let mut wanted: BTreeSet<WalletId> = ids.clone();
    if !nos.is_empty() {
        let keys: Vec<Cells> = nos.iter().map(no_key).collect();
        let columns = &["merchant_id", "wallet_no"];
        for row in session.select_by(Wallet::TABLE, columns, &keys, Lock::None).await? {
            wanted.insert(Wallet::from_cells(row)?.id);
        }
    }
    read_wallets(session, &wanted, Lock::ForUpdate, set).await
}

/// Wallets with their lots.
pub(crate) async fn read_wallets(
    session: &mut Session,
    wanted: &BTreeSet<WalletId>,
    lock: Lock,
    set: &mut WorkingSet,
) -> Result<(), SqlError> {
    if wanted.is_empty() {
        return Ok(());
    }
    let keys: Vec<Cells> = wanted.iter().map(|id| vec![id.to_i64().into()]).collect();
    for row in session.select_by(Wallet::TABLE, &["id"], &keys, lock).await? {
        let wallet = Wallet::from_cells(row)?;
        set.wallets.insert(wallet.id, wallet);
    }
    for row in session.select_by(LotRow::TABLE, &["wallet_id"], &keys, Lock::None).await? {
        let row = LotRow::from_cells(row)?;
        set.wallets.entry(row.wallet).and_modify(|wallet| wallet.lots.push(row.lot.clone()));
        set.stored_lots.insert(row.lot.order, row);
    }
    for wallet in set.wallets.values_mut() {
        wallet.lots.sort_by_key(|lot| lot.order);
    }
    Ok(())
}

/// By key and by order. A trade's order is the lock of it; a tombstone's key is unique.
async fn load_trades(
    session: &mut Session,
    reads: &Reads,
    set: &mut WorkingSet,
) -> Result<(), SqlError> {
    let mut rows = Vec::new();
    if !reads.trades.is_empty() {
        let key = |key: &TradeKey| {
            vec![
                key.terminal.to_i64().into(),
                i64::from(key.batch).into(),
                i64::from(key.trace).into(),
            ]
        };
        let keys: Vec<Cells> = reads.trades.iter().map(key).collect();
        let columns = &["terminal_id", "batch", "trace"];
        rows.extend(session.select_by(Trade::TABLE, columns, &keys, Lock::ForUpdate).await?);
    }
    if !reads.trades_of.is_empty() {
        let keys: Vec<Cells> = reads.trades_of.iter().map(order_key).collect();
        rows.extend(session.select_by(Trade::TABLE, &["order_id"], &keys, Lock::ForUpdate).await?);
    }
    for row in rows {
        let trade = Trade::from_cells(row)?;
        set.stored_trades.insert(trade.id, trade.clone());
        set.trades.insert(trade.key, trade);
    }
    Ok(())
}

async fn load_pos_terminals(
    session: &mut Session,
    terminals: &BTreeSet<TerminalId>,
    set: &mut WorkingSet,
) -> Result<(), SqlError> {
    if terminals.is_empty() {
        return Ok(());
    }
    let keys: Vec<Cells> = terminals.iter().map(|id| vec![id.to_i64().into()]).collect();
    let columns = &["terminal_id"];
    for row in session.select_by(PosTerminal::TABLE, columns, &keys, Lock::ForUpdate).await? {
        let terminal = PosTerminal::from_cells(row)?;
        set.pos_terminals.insert(terminal.terminal, terminal);
    }
    Ok(())
}

async fn load_ceremonies(
    session: &mut Session,
    wanted: &BTreeSet<CeremonyId>,
    set: &mut WorkingSet,
) -> Result<(), SqlError> {
    if wanted.is_empty() {
        return Ok(());
    }
    let keys: Vec<Cells> = wanted.iter().map(|id| vec![id.to_i64().into()]).collect();
    for row in session.select_by(Ceremony::TABLE, &["id"], &keys, Lock::ForUpdate).await? {
        let ceremony = Ceremony::from_cells(row)?;
        set.ceremonies.insert(ceremony.id, ceremony);
    }
    Ok(())
}

/// Codes of terminals, and people at tills.
async fn load_tills(
    session: &mut Session,
    reads: &Reads,
    set: &mut WorkingSet,
) -> Result<(), SqlError> {
    if !reads.activations.is_empty() {
        let keys: Vec<Cells> =
            reads.activations.iter().map(|verifier| vec![verifier.to_vec().into()]).collect();
        let columns = &["verifier"];
        for row in session.select_by(Activation::TABLE, columns, &keys, Lock::ForUpdate).await? {
            let activation = Activation::from_cells(row)?;
            set.activations.insert(activation.verifier, activation);
        }
    }
    if !reads.staff.is_empty() {
        let key = |(merchant, number): &(MerchantId, String)| {
            vec![merchant.to_i64().into(), number.as_str().into()]
        };
        let keys: Vec<Cells> = reads.staff.iter().map(key).collect();
        let columns = &["merchant_id", "number"];
        for row in session.select_by(Staff::TABLE, columns, &keys, Lock::ForUpdate).await? {
            let staff = Staff::from_cells(row)?;
            set.staff.insert((staff.merchant, staff.number.clone()), staff);
        }
    }
    Ok(())
}

async fn load_differences(
    session: &mut Session,
    wanted: &BTreeSet<DifferenceKey>,
    set: &mut WorkingSet,
) -> Result<(), SqlError> {
    if wanted.is_empty() {
        return Ok(());
    }
    let keys: Vec<Cells> = wanted.iter().map(difference_key).collect();
    let table = Difference::TABLE;
    for row in session.select_by(table, DIFFERENCE_KEY, &keys, Lock::ForUpdate).await? {
        let difference = Difference::from_cells(row)?;
        set.differences.insert(difference.key, difference);
    }
    Ok(())
}

async fn load_campaigns(
    session: &mut Session,
    campaigns: &BTreeSet<CampaignId>,
    set: &mut WorkingSet,
) -> Result<(), SqlError> {
    if campaigns.is_empty() {
        return Ok(());
    }
    let keys: Vec<Cells> = campaigns.iter().map(|id| vec![id.to_i64().into()]).collect();
    for row in session.select_by(Campaign::TABLE, &["id"], &keys, Lock::ForUpdate).await? {
        let campaign = Campaign::from_cells(row)?;
        set.campaigns.insert(campaign.id, campaign);
    }
    Ok(())
}

async fn find_orders(
    session: &mut Session,
    attempts: &BTreeSet<AttemptId>,
    refunds: &BTreeSet<RefundId>,
    orders: &mut BTreeSet<OrderId>,
) -> Result<(), SqlError> {
    if !attempts.is_empty() {
        let keys: Vec<Cells> = attempts.iter().map(|id| vec![id.to_i64().into()]).collect();
        for row in session.select_by(Attempt::TABLE, &["id"], &keys, Lock::None).await? {
            orders.insert(Attempt::from_cells(row)?.order);
        }
    }
    if !refunds.is_empty() {
        let keys: Vec<Cells> = refunds.iter().map(|id| vec![id.to_i64().into()]).collect();
        for row in session.select_by(Refund::TABLE, &["id"], &keys, Lock::None).await? {
            orders.insert(Refund::from_cells(row)?.order);
        }
    }
    Ok(())
}

async fn find_refund_nos(
    session: &mut Session,
    nos: &BTreeSet<(MerchantId, MerchantNo)>,
    orders: &mut BTreeSet<OrderId>,
) -> Result<(), SqlError> {
    if nos.is_empty() {
        return Ok(());
    }
    let keys: Vec<Cells> = nos.iter().map(no_key).collect();
    let columns = &["merchant_id", "merchant_no"];
    for row in session.select_by(Refund::TABLE, columns, &keys, Lock::None).await? {
        orders.insert(Refund::from_cells(row)?.order);
    }
    Ok(())
}

/// Loads whole orders by number and by id. The order's row is the lock of all that hangs on it.
pub(crate) async fn load_orders(
    session: &mut Session,
    nos: &BTreeSet<(MerchantId, MerchantNo)>,
    ids: &BTreeSet<OrderId>,
    lock: Lock,
    set: &mut WorkingSet,
) -> Result<(), SqlError> {
    let mut found: BTreeMap<OrderId, Aggregate> = BTreeMap::new();
    if !ids.is_empty() {
        let keys: Vec<Cells> = ids.iter().map(order_key).collect();
        insert_orders(session.select_by(Order::TABLE, &["id"], &keys, lock).await?, &mut found)?;
    }
    if !nos.is_empty() {
        let keys: Vec<Cells> = nos.iter().map(no_key).collect();
        let columns = &["merchant_id", "merchant_no"];
        insert_orders(session.select_by(Order::TABLE, columns, &keys, lock).await?, &mut found)?;
    }
    if found.is_empty() {
        return Ok(());
    }
    let keys: Vec<Cells> = found.keys().map(order_key).collect();
    for row in session.select_by(Leg::TABLE, &["order_id"], &keys, Lock::None).await? {
        let leg = Leg::from_cells(row)?;
        found.entry(leg.order).and_modify(|a| a.legs.push(leg));
    }
    for row in session.select_by(Attempt::TABLE, &["order_id"], &keys, Lock::None).await? {
        let attempt = Attempt::from_cells(row)?;
        found.entry(attempt.order).and_modify(|a| a.attempts.push(attempt));
    }
    for row in session.select_by(Refund::TABLE, &["order_id"], &keys, Lock::None).await? {
        let refund = Refund::from_cells(row)?;
        found.entry(refund.order).and_modify(|a| a.refunds.push(refund));
    }
    for mut aggregate in found.into_values() {
        aggregate.legs.sort_by_key(|l| l.id);
        aggregate.attempts.sort_by_key(|a| a.id);
        aggregate.refunds.sort_by_key(|r| r.id);
        set.put_loaded(aggregate);
    }
    Ok(())
}

fn insert_orders(
    rows: Vec<Cells>,
    found: &mut BTreeMap<OrderId, Aggregate>,
) -> Result<(), SqlError> {
    for row in rows {
        let order = Order::from_cells(row)?;
        let empty = (Vec::new(), Vec::new(), Vec::new());
        let (legs, attempts, refunds) = empty;
        found.insert(order.id, Aggregate { order, legs, attempts, refunds });
    }
    Ok(())
}

fn order_key(id: &OrderId) -> Cells {
    vec![id.to_i64().into()]
}

fn no_key((merchant, no): &(MerchantId, MerchantNo)) -> Cells {
    vec![merchant.to_i64().into(), Value::from(no.as_str())]
}

impl AdminRow {
    pub(crate) fn record(&self) -> (&'static crate::sql::Table, Cells) {
        fn of<R: Record>(row: &R) -> (&'static crate::sql::Table, Cells) {
            (R::TABLE, row.cells())
        }
        match self {
            Self::Merchant(row) => of(row),
            Self::Store(row) => of(row),
            Self::Terminal(row) => of(row),
            Self::ApiKey(row) => of(row),
            Self::ChannelAccount(row) => of(row),
            Self::MerchantChannel(row) => of(row),
            Self::PlatformKey(row) => of(row),
            Self::TradeRules(row) => of(row),
            Self::FeeSchedule(row) => of(row),
            Self::RoutingRules(row) => of(row),
            Self::PosDownloads(row) => of(row),
            Self::Custodian(row) => of(row),
            Self::PosSlip(row) => of(row),
            Self::AccountLimits(row) => of(row),
            Self::Activation(row) => of(row),
            Self::Staff(row) => of(row),
            Self::CashierSettings(row) => of(row),
            Self::CashierLogo(row) => of(row),
            Self::Plate(row) => of(row),
        }
    }
}

impl JobChange {
    pub(crate) fn key(&self) -> (crate::rows::JobKind, i64) {
        match self {
            Self::Put(job) => job.key(),
            Self::Done(kind, subject) => (*kind, *subject),
        }
    }
}
