//! Jobs: work that waits for its time.

use ids::OrderId;
use jiff::Timestamp;

use super::{Record, Word, read_count, read_time, table, time};
use crate::sql::{Cells, Corrupt, RowReader, Table};

/// One piece of work: there is at most one per kind and subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    pub kind: JobKind,
    /// The id of what the work is about, without its type.
    pub subject: i64,
    /// The order that the subject belongs to; a hold's expiry has none.
    pub order: Option<OrderId>,
    pub due_at: Timestamp,
    /// How often it was looked at in the subject's present state.
    pub looks: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum JobKind {
    /// Find out what became of an attempt.
    Attempt,
    /// Send a notification.
    Notify,
    /// Send a refund, or find out what became of it.
    Refund,
    /// Let go of money whose hold has expired.
    Hold,
    /// Give up a combined order whose time is over, and return what was paid of one given up.
    Order,
}

impl Word for JobKind {
    const WORDS: &'static [(Self, &'static str)] = &[
        (Self::Attempt, "attempt"),
        (Self::Notify, "notify"),
        (Self::Refund, "refund"),
        (Self::Hold, "hold"),
        (Self::Order, "order"),
    ];
}

impl Record for Job {
    const TABLE: &'static Table = table!("jobs", key ["kind", "subject"],
        "kind" Text, "subject" Int, "order_id" Int, "due_at" Int, "looks" Int, "lease_until" Int);

    /// A job that is written is free: whoever writes it knows that its work is to be done anew.
    fn cells(&self) -> Cells {
        vec![
            self.kind.word(),
            self.subject.into(),
            self.order.map(OrderId::to_i64).into(),
            time(self.due_at),
            i64::from(self.looks).into(),
            0_i64.into(),
        ]
    }

    fn read(row: &mut RowReader) -> Result<Self, Corrupt> {
        let job = Self {
            kind: Word::parse(&row.text()?)?,
            subject: row.int()?,
            order: row.opt_int()?.map(|raw| OrderId::from_i64(raw).or(Err(Corrupt))).transpose()?,
            due_at: read_time(row)?,
            looks: read_count(row)?,
        };
        row.int()?;
        Ok(job)
    }
}

impl Job {
    pub(crate) fn key(&self) -> (JobKind, i64) {
        (self.kind, self.subject)
    }
}
