//! How the domain's values stand in rows: one file per aggregate, each row described once for both
//! backends. The words of states live here, not in the domain.

mod admin;
mod books;
mod ceremonies;
mod fees;
mod holds;
mod jobs;
mod notifications;
mod orders;
mod plates;
mod pos;
mod refunds;
mod routing;
mod shifts;
mod tills;
mod wallets;

pub(crate) use books::{AccountRow, DeltaRow, EntryRow, JournalRow, RawSums};
pub(crate) use fees::VolumeRow;
pub use holds::Burnt;
pub(crate) use holds::{BurntKind, HoldRow, ResolutionRow};
pub use jobs::{Job, JobKind};
pub(crate) use pos::{DIFFERENCE_KEY, difference_key};
pub(crate) use routing::UsageRow;
pub(crate) use wallets::LotRow;

use jiff::Timestamp;
use jiff::civil::Date;
use money::{Amount, Currency};

use crate::sql::{Cells, Corrupt, RowReader, Table, Value};

/// A value with a row of its own.
pub(crate) trait Record: Sized {
    const TABLE: &'static Table;
    fn cells(&self) -> Cells;
    /// # Errors
    /// [`Corrupt`] when the row is not one that `cells` could have made.
    fn read(row: &mut RowReader) -> Result<Self, Corrupt>;

    fn from_cells(cells: Cells) -> Result<Self, Corrupt> {
        Self::read(&mut RowReader::new(cells))
    }
}

/// An enum whose values are words in a column.
pub(crate) trait Word: Sized + Copy + PartialEq + 'static {
    const WORDS: &'static [(Self, &'static str)];

    fn word(self) -> Value {
        let found = Self::WORDS.iter().find(|(value, _)| *value == self);
        found.map_or(Value::Null, |(_, word)| Value::from(*word))
    }

    fn parse(word: &str) -> Result<Self, Corrupt> {
        let found = Self::WORDS.iter().find(|(_, w)| *w == word);
        found.map(|(value, _)| *value).ok_or(Corrupt)
    }
}

pub(crate) fn time(at: Timestamp) -> Value {
    Value::Int(at.as_millisecond())
}

pub(crate) fn opt_time(at: Option<Timestamp>) -> Value {
    at.map_or(Value::Null, time)
}

pub(crate) fn read_time(row: &mut RowReader) -> Result<Timestamp, Corrupt> {
    Timestamp::from_millisecond(row.int()?).or(Err(Corrupt))
}

pub(crate) fn read_opt_time(row: &mut RowReader) -> Result<Option<Timestamp>, Corrupt> {
    row.opt_int()?.map(|ms| Timestamp::from_millisecond(ms).or(Err(Corrupt))).transpose()
}

/// A day as `yyyymmdd`.
pub(crate) fn day_number(date: Date) -> i64 {
    i64::from(date.year()) * 10_000 + i64::from(date.month()) * 100 + i64::from(date.day())
}

pub(crate) fn read_day(raw: i64) -> Result<Date, Corrupt> {
    let part = |n: i64| i8::try_from(n % 100).or(Err(Corrupt));
    let year = i16::try_from(raw / 10_000).or(Err(Corrupt))?;
    Date::new(year, part(raw / 100)?, part(raw)?).or(Err(Corrupt))
}

pub(crate) fn minor(amount: Amount) -> Value {
    Value::Int(i64::try_from(amount.minor()).unwrap_or(i64::MAX))
}

pub(crate) fn currency(amount: Amount) -> Value {
    Value::from(amount.currency().code())
}

pub(crate) fn to_amount(minor: i64, currency: Currency) -> Result<Amount, Corrupt> {
    let minor = u64::try_from(minor).or(Err(Corrupt))?;
    Amount::new(minor, currency).or(Err(Corrupt))
}

pub(crate) fn read_currency(row: &mut RowReader) -> Result<Currency, Corrupt> {
    Currency::parse(&row.text()?).or(Err(Corrupt))
}

/// Minor units and then their currency, as most tables have them.
pub(crate) fn read_amount(row: &mut RowReader) -> Result<Amount, Corrupt> {
    let minor = row.int()?;
    to_amount(minor, read_currency(row)?)
}

pub(crate) fn read_count(row: &mut RowReader) -> Result<u32, Corrupt> {
    u32::try_from(row.int()?).or(Err(Corrupt))
}

pub(crate) fn read_small(row: &mut RowReader) -> Result<u16, Corrupt> {
    u16::try_from(row.int()?).or(Err(Corrupt))
}

pub(crate) fn read_hash(row: &mut RowReader) -> Result<[u8; 32], Corrupt> {
    row.blob()?.try_into().or(Err(Corrupt))
}

/// `row.text()` through an id's or a number's own parser.
pub(crate) fn parsed<T, E>(text: &str, parse: impl Fn(&str) -> Result<T, E>) -> Result<T, Corrupt> {
    parse(text).or(Err(Corrupt))
}

macro_rules! id {
    ($row:expr, $type:ty) => {
        <$type>::from_i64($row.int()?).or(Err(crate::sql::Corrupt))?
    };
}
pub(crate) use id;

/// A table of columns: name and kind each, and its primary key.
macro_rules! table {
    ($name:literal, key [$($key:literal),*], $($column:literal $kind:ident),* $(,)?) => {
        &crate::sql::Table {
            name: $name,
            columns: &[$(crate::sql::Column { name: $column, kind: crate::sql::Kind::$kind }),*],
            key: &[$($key),*],
        }
    };
}
pub(crate) use table;
