//! Holds, their ends, and burnt ids.

use ids::{HoldId, JournalId};
use jiff::Timestamp;
use ledger::{Hold, HoldState, Refusal, Resolution};
use money::Amount;

use super::{
    Record, Word, currency, id, minor, read_amount, read_hash, read_time, table, time, to_amount,
};
use crate::accounts::parse_key;
use crate::sql::{Cells, Corrupt, RowReader, Table};

/// A hold as it was made, with the hash by which a repeat is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HoldRow {
    pub(crate) hold: Hold,
    pub(crate) content_hash: [u8; 32],
}

/// The end of a hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ResolutionRow {
    pub(crate) hold: HoldId,
    pub(crate) end: End,
    /// Minor units; 0 unless it was posted.
    pub(crate) posted: i64,
    pub(crate) journal: Option<JournalId>,
    pub(crate) resolved_at: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Posted,
    Voided,
    Expired,
}

/// An id that was refused for a reason of state: it never succeeds later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Burnt {
    pub(crate) kind: BurntKind,
    pub(crate) id: i64,
    pub(crate) content_hash: [u8; 32],
    pub(crate) refusal: Refusal,
    pub(crate) burnt_at: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum BurntKind {
    Journal,
    Hold,
}

impl Word for End {
    const WORDS: &'static [(Self, &'static str)] =
        &[(Self::Posted, "posted"), (Self::Voided, "voided"), (Self::Expired, "expired")];
}

impl Word for BurntKind {
    const WORDS: &'static [(Self, &'static str)] =
        &[(Self::Journal, "journal"), (Self::Hold, "hold")];
}

impl ResolutionRow {
    /// `None` for a hold that did not end.
    pub(crate) fn of(
        resolution: Resolution,
        journal: Option<JournalId>,
        resolved_at: Timestamp,
    ) -> Option<Self> {
        let (end, posted) = match resolution.state {
            HoldState::Open => return None,
            HoldState::Posted { amount } => (End::Posted, i64::try_from(amount.minor()).ok()?),
            HoldState::Voided => (End::Voided, 0),
            HoldState::Expired => (End::Expired, 0),
        };
        Some(Self { hold: resolution.hold, end, posted, journal, resolved_at })
    }

    /// What it made of its hold.
    pub(crate) fn state(&self, held: Amount) -> Result<HoldState, Corrupt> {
        Ok(match self.end {
            End::Posted => HoldState::Posted { amount: to_amount(self.posted, held.currency())? },
            End::Voided => HoldState::Voided,
            End::Expired => HoldState::Expired,
        })
    }
}

impl Record for HoldRow {
    const TABLE: &'static Table = table!("holds", key ["id"],
        "id" Int, "account" Text, "amount" Int, "currency" Text, "expires_at" Int,
        "content_hash" Blob);

    fn cells(&self) -> Cells {
        let hold = &self.hold;
        vec![
            hold.id.to_i64().into(),
            hold.account.to_string().into(),
            minor(hold.amount),
            currency(hold.amount),
            time(hold.expires_at),
            self.content_hash.to_vec().into(),
        ]
    }

    fn read(row: &mut RowReader) -> Result<Self, Corrupt> {
        let hold = Hold {
            id: id!(row, HoldId),
            account: parse_key(&row.text()?)?,
            amount: read_amount(row)?,
            expires_at: read_time(row)?,
            state: HoldState::Open,
        };
        Ok(Self { hold, content_hash: read_hash(row)? })
    }
}

impl Record for ResolutionRow {
    const TABLE: &'static Table = table!("hold_resolutions", key ["hold_id"],
        "hold_id" Int, "state" Text, "posted" Int, "journal_id" Int, "resolved_at" Int);

    fn cells(&self) -> Cells {
        vec![
            self.hold.to_i64().into(),
            self.end.word(),
            self.posted.into(),
            self.journal.map(JournalId::to_i64).into(),
            time(self.resolved_at),
        ]
    }

    fn read(row: &mut RowReader) -> Result<Self, Corrupt> {
        Ok(Self {
            hold: id!(row, HoldId),
            end: Word::parse(&row.text()?)?,
            posted: row.int()?,
            journal: row
                .opt_int()?
                .map(|raw| JournalId::from_i64(raw).or(Err(Corrupt)))
                .transpose()?,
            resolved_at: read_time(row)?,
        })
    }
}

impl Record for Burnt {
    const TABLE: &'static Table = table!("burnt_ids", key ["kind", "id"],
        "kind" Text, "id" Int, "content_hash" Blob, "refusal" Text, "burnt_at" Int);

    fn cells(&self) -> Cells {
        vec![
            self.kind.word(),
            self.id.into(),
            self.content_hash.to_vec().into(),
            self.refusal.code().into(),
            time(self.burnt_at),
        ]
    }

    fn read(row: &mut RowReader) -> Result<Self, Corrupt> {
        Ok(Self {
            kind: Word::parse(&row.text()?)?,
            id: row.int()?,
            content_hash: read_hash(row)?,
            refusal: Refusal::parse(&row.text()?).ok_or(Corrupt)?,
            burnt_at: read_time(row)?,
        })
    }
}
