//! Writes what a batch decided, table by table.

use std::collections::{BTreeMap, BTreeSet};

use ids::WalletId;
use ledger::{AccountKey, Side};
use orders::{
    Aggregate, Attempt, Campaign, Leg, Order, Refund, RefundTry, Trade, TradeKey, Wallet,
};

use crate::batch::BatchContext;
use crate::changes::{Changes, CheckoutRow, JobChange, Posting};
use crate::rows::{
    Burnt, DeltaRow, EntryRow, HoldRow, Job, JournalRow, LotRow, RawSums, Record, ResolutionRow,
    UsageRow, VolumeRow, Word, day_number,
};
use crate::sql::{Cells, Session, SqlError};
use crate::working::{UsageKey, VolumeKey, WorkingSet};
use merchants::{Notification, NotificationTry, Scan, Shift};

/// Rows of one table: new ones and changed ones.
#[derive(Default)]
struct Rows {
    new: Vec<Cells>,
    changed: Vec<Cells>,
}

/// Returns the accounts that the batch made, to be remembered once it is committed.
pub(crate) async fn flush(
    session: &mut Session,
    context: &BatchContext,
    set: &WorkingSet,
    now_ms: i64,
) -> Result<Vec<(AccountKey, i64)>, SqlError> {
    write_orders(session, set).await?;
    let changes = &set.written.changes;
    let made = write_postings(session, context, changes, now_ms).await?;
    write_holds(session, changes).await?;
    write_messages(session, changes).await?;
    write_jobs(session, changes).await?;
    write_volumes(session, set).await?;
    write_shifts(session, changes).await?;
    write_usages(session, set).await?;
    write_wallets(session, set).await?;
    write_pos(session, set).await?;
    write_tills(session, changes).await?;
    for change in changes.iter().flat_map(|c| &c.admin) {
        let (table, cells) = change.record();
        session.upsert(table, vec![cells]).await?;
    }
    Ok(made)
}

async fn write_orders(session: &mut Session, set: &WorkingSet) -> Result<(), SqlError> {
    let (mut orders, mut legs) = (Rows::default(), Rows::default());
    let (mut attempts, mut refunds) = (Rows::default(), Rows::default());
    for id in &set.written.dirty {
        let Some(aggregate) = set.orders.get(id) else {
            continue;
        };
        let old = set.stored.get(id);
        orders.add(old.map(|o| &o.order), &aggregate.order);
        for leg in &aggregate.legs {
            legs.add(old.and_then(|o| o.leg(leg.id)), leg);
        }
        for attempt in &aggregate.attempts {
            attempts.add(old.and_then(|o| o.attempt(attempt.id)), attempt);
        }
        for refund in &aggregate.refunds {
            refunds.add(old.and_then(|o: &Aggregate| o.refund(refund.id)), refund);
        }
    }
    orders.write::<Order>(session).await?;
    legs.write::<Leg>(session).await?;
    attempts.write::<Attempt>(session).await?;
    refunds.write::<Refund>(session).await
}

impl Rows {
    fn add<R: Record + PartialEq>(&mut self, old: Option<&R>, row: &R) {
        match old {
            None => self.new.push(row.cells()),
            Some(old) if old != row => self.changed.push(row.cells()),
            Some(_) => {}
        }
    }

    async fn write<R: Record>(self, session: &mut Session) -> Result<(), SqlError> {
        if !self.new.is_empty() {
            session.insert(R::TABLE, self.new).await?;
        }
        if !self.changed.is_empty() {
            session.update(R::TABLE, self.changed).await?;
        }
        Ok(())
    }
}

async fn write_postings(
    session: &mut Session,
    context: &BatchContext,
    changes: &[Changes],
    now_ms: i64,
) -> Result<Vec<(AccountKey, i64)>, SqlError> {
    let keys: BTreeSet<&AccountKey> =
        changes.iter().flat_map(Changes::deltas).map(|delta| &delta.account).collect();
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let postings: Vec<&Posting> = changes.iter().flat_map(Changes::new_postings).collect();
    let (ids, made) = context.accounts.resolve(session, &context.ids, keys, now_ms).await?;
    let id_of = |key: &AccountKey| ids.get(key).copied().unwrap_or(0);

    let journals = postings.iter().map(|p| journal_row(p).cells()).collect();
    insert::<JournalRow>(session, journals).await?;
    let lines = postings.iter().flat_map(|p| entry_rows(p, id_of)).collect();
    insert::<EntryRow>(session, lines).await?;

    let batch = ids::JournalId::generate(&context.ids, now_ms).to_i64();
    let mut sums: BTreeMap<i64, RawSums> = BTreeMap::new();
    for delta in changes.iter().flat_map(Changes::deltas) {
        let slot = sums.entry(id_of(&delta.account)).or_default();
        *slot = slot.try_add(raw(delta))?;
    }
    let deltas = sums.into_iter().map(|(account, sums)| DeltaRow { account, batch, sums }.cells());
    session.insert(DeltaRow::TABLE, deltas.collect()).await?;
    Ok(made)
}

async fn insert<R: Record>(session: &mut Session, rows: Vec<Cells>) -> Result<(), SqlError> {
    if rows.is_empty() { Ok(()) } else { session.insert(R::TABLE, rows).await }
}

async fn write_holds(session: &mut Session, changes: &[Changes]) -> Result<(), SqlError> {
    let held = changes.iter().flat_map(Changes::new_holds);
    let held = held.map(|h| HoldRow { hold: h.hold.clone(), content_hash: h.hash }.cells());
    insert::<HoldRow>(session, held.collect()).await?;
    let ends = changes.iter().flat_map(|c| &c.resolutions);
    let ends = ends.filter_map(|r| {
        ResolutionRow::of(r.resolution, r.posting.as_ref().map(|p| p.journal.id()), r.at)
    });
    insert::<ResolutionRow>(session, ends.map(|row| row.cells()).collect()).await?;
    let burnt = changes.iter().flat_map(|c| &c.burnt).map(Record::cells);
    insert::<Burnt>(session, burnt.collect()).await
}

pub(crate) fn raw(delta: &ledger::Delta) -> RawSums {
    RawSums {
        debits_posted: delta.debits_posted,
        credits_posted: delta.credits_posted,
        debits_pending: delta.debits_pending,
        credits_pending: delta.credits_pending,
    }
}

pub(crate) fn journal_row(posting: &Posting) -> JournalRow {
    let journal = &posting.journal;
    JournalRow {
        id: journal.id(),
        rule: journal.rule().code().to_owned(),
        subject: journal.subject().to_owned(),
        accounting_date: day_number(journal.accounting_date()),
        booked_at: journal.booked_at(),
        content_hash: posting.hash,
        corrects: journal.corrects(),
    }
}

pub(crate) fn entry_rows(posting: &Posting, id_of: impl Fn(&AccountKey) -> i64) -> Vec<Cells> {
    let journal = posting.journal.id();
    let row = |(line, entry): (i64, &ledger::Entry)| EntryRow {
        journal,
        line,
        account: id_of(&entry.account),
        side: match entry.side {
            Side::Debit => "debit",
            Side::Credit => "credit",
        },
        amount: i64::try_from(entry.amount.minor()).unwrap_or(i64::MAX),
    };
    (1..).zip(posting.journal.entries()).map(row).map(|row| row.cells()).collect()
}

async fn write_messages(session: &mut Session, changes: &[Changes]) -> Result<(), SqlError> {
    let cells: Vec<Cells> = last_of(changes.iter().flat_map(|c| &c.notifications));
    if !cells.is_empty() {
        session.upsert(Notification::TABLE, cells).await?;
    }
    let tries: Vec<Cells> =
        changes.iter().flat_map(|c| &c.notification_tries).map(Record::cells).collect();
    if !tries.is_empty() {
        session.upsert(NotificationTry::TABLE, tries).await?;
    }
    let tries: Vec<Cells> =
        changes.iter().flat_map(|c| &c.refund_tries).map(Record::cells).collect();
    if !tries.is_empty() {
        session.upsert(RefundTry::TABLE, tries).await?;
    }
    Ok(())
}

/// The last state of each notification: one statement cannot write a row twice.
fn last_of<'a>(notifications: impl Iterator<Item = &'a Notification>) -> Vec<Cells> {
    let last: BTreeMap<_, _> = notifications.map(|n| (n.id, n)).collect();
    last.into_values().map(Record::cells).collect()
}

/// The last state of each: one statement cannot write a row twice.
async fn write_shifts(session: &mut Session, changes: &[Changes]) -> Result<(), SqlError> {
    let last: BTreeMap<_, _> =
        changes.iter().flat_map(|c| &c.shifts).map(|shift| (shift.id, shift)).collect();
    let rows: Vec<Cells> = last.into_values().map(Record::cells).collect();
    if rows.is_empty() { Ok(()) } else { session.upsert(Shift::TABLE, rows).await }
}

async fn write_volumes(session: &mut Session, set: &WorkingSet) -> Result<(), SqlError> {
    let keys: BTreeSet<_> =
        set.written.changes.iter().flat_map(|c| &c.volumes).map(|(key, _)| key).collect();
    let row = |key: &VolumeKey| {
        let amount = set.volumes.get(key).copied().unwrap_or(0);
        VolumeRow { key: key.clone(), amount }.cells()
    };
    let rows: Vec<Cells> = keys.into_iter().map(row).collect();
    if rows.is_empty() { Ok(()) } else { session.update(VolumeRow::TABLE, rows).await }
}

async fn write_wallets(session: &mut Session, set: &WorkingSet) -> Result<(), SqlError> {
    let changes = &set.written.changes;
    let dirty: BTreeSet<WalletId> =
        changes.iter().flat_map(|c| &c.wallets).map(|wallet| wallet.id).collect();
    let (mut wallets, mut lots) = (Vec::new(), Rows::default());
    for wallet in dirty.iter().filter_map(|id| set.wallets.get(id)) {
        wallets.push(wallet.cells());
        for lot in &wallet.lots {
            let (lot, currency) = (lot.clone(), wallet.currency);
            let row = LotRow { wallet: wallet.id, currency, lot };
            lots.add(set.stored_lots.get(&row.lot.order), &row);
        }
    }
    if !wallets.is_empty() {
        session.upsert(Wallet::TABLE, wallets).await?;
    }
    lots.write::<LotRow>(session).await?;
    let last: BTreeMap<_, _> =
        changes.iter().flat_map(|c| &c.campaigns).map(|campaign| (campaign.id, campaign)).collect();
    let rows: Vec<Cells> = last.into_values().map(Record::cells).collect();
    if rows.is_empty() { Ok(()) } else { session.upsert(Campaign::TABLE, rows).await }
}

async fn write_usages(session: &mut Session, set: &WorkingSet) -> Result<(), SqlError> {
    let keys: BTreeSet<_> =
        set.written.changes.iter().flat_map(|c| &c.usages).map(|(key, _)| key).collect();
    let row = |key: &UsageKey| {
        let usage = set.usages.get(key).copied().unwrap_or_default();
        UsageRow { key: key.clone(), usage }.cells()
    };
    let rows: Vec<Cells> = keys.into_iter().map(row).collect();
    if rows.is_empty() { Ok(()) } else { session.update(UsageRow::TABLE, rows).await }
}

async fn write_jobs(session: &mut Session, changes: &[Changes]) -> Result<(), SqlError> {
    let last: BTreeMap<_, JobChange> =
        changes.iter().flat_map(Changes::all_jobs).map(|change| (change.key(), change)).collect();
    let (mut put, mut done) = (Vec::new(), Vec::new());
    for change in last.into_values() {
        match change {
            JobChange::Put(job) => put.push(job.cells()),
            JobChange::Done(kind, subject) => done.push(vec![kind.word(), subject.into()]),
        }
    }
    if !put.is_empty() {
        session.upsert(Job::TABLE, put).await?;
    }
    if !done.is_empty() {
        session.delete(Job::TABLE, done).await?;
    }
    Ok(())
}

/// Each trade and terminal once, as the last command left it.
async fn write_pos(session: &mut Session, set: &WorkingSet) -> Result<(), SqlError> {
    let changes = &set.written.changes;
    let touched: BTreeSet<TradeKey> =
        changes.iter().flat_map(|c| &c.trades).map(|trade| trade.key).collect();
    let mut trades = Rows::default();
    for trade in touched.iter().filter_map(|key| set.trades.get(key)) {
        trades.add(set.stored_trades.get(&trade.id), trade);
    }
    trades.write::<Trade>(session).await?;
    let terminals = changes.iter().flat_map(|c| &c.pos_terminals).map(|t| (t.terminal, t));
    upsert_last(session, terminals).await?;
    let batches = changes.iter().flat_map(|c| &c.batches).map(|b| ((b.terminal, b.batch), b));
    upsert_last(session, batches).await?;
    upsert_last(session, changes.iter().flat_map(|c| &c.uploads).map(|u| (u.key, u))).await?;
    upsert_last(session, changes.iter().flat_map(|c| &c.ceremonies).map(|c| (c.id, c))).await?;
    upsert_last(session, changes.iter().flat_map(|c| &c.differences).map(|d| (d.key, d))).await
}

/// Terminals' codes, people at tills, and what payers did on cashier pages.
async fn write_tills(session: &mut Session, changes: &[Changes]) -> Result<(), SqlError> {
    let activations = changes.iter().flat_map(|c| &c.activations).map(|a| (a.verifier, a));
    upsert_last(session, activations).await?;
    let staff = changes.iter().flat_map(|c| &c.staff).map(|s| ((s.merchant, &s.number), s));
    upsert_last(session, staff).await?;
    let scans = changes.iter().flat_map(|c| &c.scans).map(Record::cells).collect();
    insert::<Scan>(session, scans).await?;
    let checkouts = changes.iter().flat_map(|c| &c.checkouts).map(Record::cells).collect();
    insert::<CheckoutRow>(session, checkouts).await
}

/// Of rows with the same key the last counts.
async fn upsert_last<'a, K: Ord, R: Record + 'a>(
    session: &mut Session,
    rows: impl Iterator<Item = (K, &'a R)>,
) -> Result<(), SqlError> {
    let last: BTreeMap<K, &R> = rows.collect();
    if last.is_empty() {
        return Ok(());
    }
    session.upsert(R::TABLE, last.values().map(|row| row.cells()).collect()).await
}
