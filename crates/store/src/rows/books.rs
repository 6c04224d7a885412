//! Accounts, what was added to them, journals and entries.

use ids::JournalId;
use jiff::Timestamp;

use super::{Record, id, read_hash, read_time, table, time};
use crate::sql::{Cells, Corrupt, RowReader, Table};

/// An account as it was last folded. What came since stands in [`DeltaRow`]s.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AccountRow {
    pub(crate) id: i64,
    pub(crate) key: String,
    pub(crate) sums: RawSums,
    pub(crate) closed: bool,
    pub(crate) credit_limit: i64,
}

/// The four running sums, signed because a delta can lower a pending one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct RawSums {
    pub(crate) debits_posted: i64,
    pub(crate) credits_posted: i64,
    pub(crate) debits_pending: i64,
    pub(crate) credits_pending: i64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DeltaRow {
    pub(crate) account: i64,
    pub(crate) batch: i64,
    pub(crate) sums: RawSums,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct JournalRow {
    pub(crate) id: JournalId,
    pub(crate) rule: String,
    pub(crate) subject: String,
    /// yyyymmdd.
    pub(crate) accounting_date: i64,
    pub(crate) booked_at: Timestamp,
    pub(crate) content_hash: [u8; 32],
    pub(crate) corrects: Option<JournalId>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EntryRow {
    pub(crate) journal: JournalId,
    pub(crate) line: i64,
    pub(crate) account: i64,
    pub(crate) side: &'static str,
    pub(crate) amount: i64,
}

impl RawSums {
    fn cells(self) -> [crate::sql::Value; 4] {
        [
            self.debits_posted.into(),
            self.credits_posted.into(),
            self.debits_pending.into(),
            self.credits_pending.into(),
        ]
    }

    fn read(row: &mut RowReader) -> Result<Self, Corrupt> {
        Ok(Self {
            debits_posted: row.int()?,
            credits_posted: row.int()?,
            debits_pending: row.int()?,
            credits_pending: row.int()?,
        })
    }

    /// # Errors
    /// [`Corrupt`] beyond 63 bits: no book holds so much.
    pub(crate) fn try_add(self, other: Self) -> Result<Self, Corrupt> {
        let add = |a: i64, b: i64| a.checked_add(b).ok_or(Corrupt);
        Ok(Self {
            debits_posted: add(self.debits_posted, other.debits_posted)?,
            credits_posted: add(self.credits_posted, other.credits_posted)?,
            debits_pending: add(self.debits_pending, other.debits_pending)?,
            credits_pending: add(self.credits_pending, other.credits_pending)?,
        })
    }
}

impl Record for AccountRow {
    const TABLE: &'static Table = table!("accounts", key ["id"],
        "id" Int, "key" Text, "debits_posted" Int, "credits_posted" Int, "debits_pending" Int,
        "credits_pending" Int, "closed" Int, "credit_limit" Int);

    fn cells(&self) -> Cells {
        let mut cells = vec![self.id.into(), self.key.as_str().into()];
        cells.extend(self.sums.cells());
        cells.extend([i64::from(self.closed).into(), self.credit_limit.into()]);
        cells
    }

    fn read(row: &mut RowReader) -> Result<Self, Corrupt> {
        Ok(Self {
            id: row.int()?,
            key: row.text()?,
            sums: RawSums::read(row)?,
            closed: row.int()? != 0,
            credit_limit: row.int()?,
        })
    }
}

impl Record for DeltaRow {
    const TABLE: &'static Table = table!("account_deltas", key ["account_id", "batch_id"],
        "account_id" Int, "batch_id" Int, "debits_posted" Int, "credits_posted" Int,
        "debits_pending" Int, "credits_pending" Int);

    fn cells(&self) -> Cells {
        let mut cells = vec![self.account.into(), self.batch.into()];
        cells.extend(self.sums.cells());
        cells
    }

    fn read(row: &mut RowReader) -> Result<Self, Corrupt> {
        Ok(Self { account: row.int()?, batch: row.int()?, sums: RawSums::read(row)? })
    }
}

impl Record for JournalRow {
    const TABLE: &'static Table = table!("journals", key ["id"],
        "id" Int, "rule" Text, "subject" Text, "accounting_date" Int, "booked_at" Int,
        "content_hash" Blob, "corrects" Int);

    fn cells(&self) -> Cells {
        vec![
            self.id.to_i64().into(),
            self.rule.as_str().into(),
            self.subject.as_str().into(),
            self.accounting_date.into(),
            time(self.booked_at),
            self.content_hash.to_vec().into(),
            self.corrects.map(JournalId::to_i64).into(),
        ]
    }

    fn read(row: &mut RowReader) -> Result<Self, Corrupt> {
        Ok(Self {
            id: id!(row, JournalId),
            rule: row.text()?,
            subject: row.text()?,
            accounting_date: row.int()?,
            booked_at: read_time(row)?,
            content_hash: read_hash(row)?,
            corrects: row
                .opt_int()?
                .map(|raw| JournalId::from_i64(raw).or(Err(Corrupt)))
                .transpose()?,
        })
    }
}

impl Record for EntryRow {
    const TABLE: &'static Table = table!("entries", key ["journal_id", "line"],
        "journal_id" Int, "line" Int, "account_id" Int, "side" Text, "amount" Int);

    fn cells(&self) -> Cells {
        vec![
            self.journal.to_i64().into(),
            self.line.into(),
            self.account.into(),
            self.side.into(),
            self.amount.into(),
        ]
    }

    fn read(row: &mut RowReader) -> Result<Self, Corrupt> {
        Ok(Self {
            journal: id!(row, JournalId),
            line: row.int()?,
            account: row.int()?,
            side: match row.text()?.as_str() {
                "debit" => "debit",
                "credit" => "credit",
                _ => return Err(Corrupt),
            },
            amount: row.int()?,
        })
    }
}
