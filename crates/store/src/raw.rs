//! The raw limit: the rows of payments written straight to the database, with nothing decided.
//!
//! Benches print the platform's own rate as a ratio to this, measured in the same run on the same
//! machine, so that the figure says something wherever it was taken.

use merchants::Notification;
use orders::{Aggregate, Attempt, Leg, Order};

use crate::changes::Posting;
use crate::error::StoreError;
use crate::open::OpenError;
use crate::rows::{DeltaRow, EntryRow, Job, JobKind, JournalRow, Record, Word};
use crate::sql::{Cells, Mode, Session, SqlError};
use crate::{Target, flush};

/// One payment as it is first written and as it is when it is paid.
#[derive(Debug)]
pub struct RawPayment {
    pub new: Aggregate,
    pub paid: Aggregate,
    pub posting: Posting,
    pub notification: Notification,
    pub attempt_job: Job,
    pub notify_job: Job,
}

/// A database with one connection, for raw writing.
pub struct RawWriter(Session);

impl std::fmt::Debug for RawWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RawWriter")
    }
}

/// The rows of a batch, made before the clock starts.
#[derive(Debug, Default)]
pub struct RawBatch {
    created: Vec<(&'static crate::sql::Table, Vec<Cells>)>,
    changed: Vec<(&'static crate::sql::Table, Vec<Cells>)>,
    booked: Vec<(&'static crate::sql::Table, Vec<Cells>)>,
    done: Vec<Cells>,
}

impl RawBatch {
    /// The rows of these payments: one transaction creates, one takes the result.
    #[must_use]
    pub fn of(payments: &[RawPayment], batch: i64) -> Self {
        let all =
            |cells: &dyn Fn(&RawPayment) -> Vec<Cells>| payments.iter().flat_map(cells).collect();
        let orders = |paid: bool| {
            let side = move |p: &RawPayment| if paid { p.paid.clone() } else { p.new.clone() };
            vec![
                (Order::TABLE, payments.iter().map(|p| side(p).order.cells()).collect()),
                (Leg::TABLE, all(&|p| side(p).legs.iter().map(Record::cells).collect())),
                (Attempt::TABLE, all(&|p| side(p).attempts.iter().map(Record::cells).collect())),
            ]
        };
        let mut created = orders(false);
        created.push((Job::TABLE, payments.iter().map(|p| p.attempt_job.cells()).collect()));
        let entries: Vec<Cells> = all(&|p| flush::entry_rows(&p.posting, account_no));
        let sums = payments.iter().flat_map(|p| p.posting.deltas.iter());
        let mut deltas = std::collections::BTreeMap::<i64, DeltaRow>::new();
        for delta in sums {
            let account = account_no(&delta.account);
            let row = deltas.entry(account).or_insert(DeltaRow {
                account,
                batch,
                sums: crate::rows::RawSums::default(),
            });
            row.sums = row.sums.try_add(flush::raw(delta)).unwrap_or(row.sums);
        }
        let booked = vec![
            (
                JournalRow::TABLE,
                payments.iter().map(|p| flush::journal_row(&p.posting).cells()).collect(),
            ),
            (EntryRow::TABLE, entries),
            (DeltaRow::TABLE, deltas.values().map(Record::cells).collect()),
            (Notification::TABLE, payments.iter().map(|p| p.notification.cells()).collect()),
            (Job::TABLE, payments.iter().map(|p| p.notify_job.cells()).collect()),
        ];
        let done = payments
            .iter()
            .map(|p| vec![JobKind::Attempt.word(), p.attempt_job.subject.into()])
            .collect();
        Self { created, changed: orders(true), booked, done }
    }
}

/// Any number will do: the raw rows are not read again.
fn account_no(key: &ledger::AccountKey) -> i64 {
    i64::try_from(key.to_string().len()).unwrap_or(0)
}

impl RawWriter {
    /// Opens an empty database with the product's schema. `now_ms` dates the migrations.
    ///
    /// # Errors
    /// [`OpenError`]
    pub async fn open(target: Target, now_ms: i64) -> Result<Self, OpenError> {
        let mut session = crate::open::session(&target).await?;
        crate::migrate::migrate(&mut session, now_ms).await.map_err(OpenError::Migrate)?;
        Ok(Self(session))
    }

    /// Writes a batch in two transactions, as payments are.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn write(&mut self, batch: RawBatch) -> Result<(), StoreError> {
        self.write_sql(batch).await.map_err(StoreError::of)
    }

    async fn write_sql(&mut self, batch: RawBatch) -> Result<(), SqlError> {
        let session = &mut self.0;
        session.begin(Mode::Write).await?;
        for (table, rows) in batch.created {
            session.insert(table, rows).await?;
        }
        session.commit().await?;
        session.begin(Mode::Write).await?;
        for (table, rows) in batch.changed {
            session.update(table, rows).await?;
        }
        for (table, rows) in batch.booked {
            session.insert(table, rows).await?;
        }
        session.delete(Job::TABLE, batch.done).await?;
        session.commit().await
    }
}

impl Posting {
    /// A journal as it is posted to fresh books, for the raw rows.
    ///
    /// # Errors
    /// The ledger's refusal.
    pub fn unguarded(journal: ledger::Journal) -> Result<Self, ledger::Refusal> {
        let hash = crypto::digest::sha256(&journal.canonical_bytes());
        match ledger::Books::default().decide_post(None, hash, &journal) {
            ledger::PostDecision::Post(deltas) => Ok(Self { journal, hash, deltas, repeat: false }),
            ledger::PostDecision::Repeat => {
                Ok(Self { journal, hash, deltas: Vec::new(), repeat: true })
            }
            ledger::PostDecision::Refuse(refusal) | ledger::PostDecision::Burn(refusal) => {
                Err(refusal)
            }
        }
    }
}
