//! SQLite: one file, one writer at a time, each commit synced to the disk.

use std::path::Path;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, OpenFlags, Statement, ToSql};

use super::statements::{Shape, Texts};
use super::value::{Cells, Table, Value};
use super::{Backend, Lock, Mode, SqlError};

const BUSY_MS: u64 = 5_000;
const STATEMENTS_REMEMBERED: usize = 128;
/// WAL keeps readers and the writer apart; FULL syncs each commit, so what was answered survives a
/// loss of power.
const PRAGMAS: &str = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
    PRAGMA foreign_keys = ON; PRAGMA cache_size = -16384; PRAGMA wal_autocheckpoint = 4000;";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Writer,
    Reader,
}

pub(crate) struct SqliteSession {
    connection: Connection,
    texts: Texts,
}

impl SqliteSession {
    pub(crate) fn open_file(path: &Path, role: Role) -> Result<Self, SqlError> {
        let connection = Connection::open_with_flags(
            path,
            OpenFlags::SQLITE_OPEN_READ_WRITE
                | OpenFlags::SQLITE_OPEN_CREATE
                | OpenFlags::SQLITE_OPEN_NO_MUTEX,
        )
        .map_err(failed)?;
        connection.busy_timeout(std::time::Duration::from_millis(BUSY_MS)).map_err(failed)?;
        connection.execute_batch(PRAGMAS).map_err(failed)?;
        if role == Role::Reader {
            connection.execute_batch("PRAGMA query_only = ON").map_err(failed)?;
        }
        Ok(Self::new(connection))
    }

    pub(crate) fn open_memory() -> Result<Self, SqlError> {
        let connection = Connection::open_in_memory().map_err(failed)?;
        connection.execute_batch("PRAGMA foreign_keys = ON").map_err(failed)?;
        Ok(Self::new(connection))
    }

    fn new(connection: Connection) -> Self {
        connection.set_prepared_statement_cache_capacity(STATEMENTS_REMEMBERED);
        Self { connection, texts: Texts::default() }
    }

    pub(super) fn begin(&self, mode: Mode) -> Result<(), SqlError> {
        let sql = match mode {
            Mode::Read => "BEGIN",
            Mode::Write => "BEGIN IMMEDIATE",
        };
        self.connection.prepare_cached(sql).and_then(|mut s| s.execute([])).map_err(failed)?;
        Ok(())
    }

    pub(super) fn run_script(&self, sql: &str) -> Result<(), SqlError> {
        self.connection.execute_batch(sql).map_err(failed)
    }

    pub(super) fn write(
        &mut self,
        shape: Shape,
        table: &'static Table,
        rows: &[Cells],
    ) -> Result<u64, SqlError> {
        let sql = self.texts.of(Backend::Sqlite, shape, table);
        let mut statement = self.connection.prepare_cached(&sql).map_err(failed)?;
        let mut changed = 0;
        for row in rows {
            bind(&mut statement, row)?;
            changed += statement.raw_execute().map_err(failed)?;
        }
        Ok(u64::try_from(changed).unwrap_or(u64::MAX))
    }

    pub(super) fn select_by(
        &mut self,
        table: &'static Table,
        columns: &'static [&'static str],
        keys: &[Cells],
    ) -> Result<Vec<Cells>, SqlError> {
        let shape = Shape::select(columns, Lock::None);
        let sql = self.texts.of(Backend::Sqlite, shape, table);
        let mut statement = self.connection.prepare_cached(&sql).map_err(failed)?;
        let mut found = Vec::new();
        for key in keys {
            bind(&mut statement, key)?;
            read_all(&mut statement, &mut found)?;
        }
        Ok(found)
    }

    pub(super) fn query(
        &self,
        sql: &'static str,
        params: &[Value],
    ) -> Result<Vec<Cells>, SqlError> {
        let mut statement = self.connection.prepare_cached(sql).map_err(failed)?;
        bind(&mut statement, params)?;
        let mut found = Vec::new();
        read_all(&mut statement, &mut found)?;
        Ok(found)
    }

    pub(super) fn execute(&self, sql: &'static str, params: &[Value]) -> Result<u64, SqlError> {
        let mut statement = self.connection.prepare_cached(sql).map_err(failed)?;
        bind(&mut statement, params)?;
        let changed = statement.raw_execute().map_err(failed)?;
        Ok(u64::try_from(changed).unwrap_or(u64::MAX))
    }
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Int(n) => ValueRef::Integer(*n),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Blob(bytes) => ValueRef::Blob(bytes),
            Self::Null => ValueRef::Null,
        }))
    }
}

fn bind(statement: &mut Statement<'_>, row: &[Value]) -> Result<(), SqlError> {
    for (place, value) in (1..).zip(row) {
        statement.raw_bind_parameter(place, value).map_err(failed)?;
    }
    Ok(())
}

fn read_all(statement: &mut Statement<'_>, found: &mut Vec<Cells>) -> Result<(), SqlError> {
    let width = statement.column_count();
    let mut rows = statement.raw_query();
    while let Some(row) = rows.next().map_err(failed)? {
        let mut cells = Vec::with_capacity(width);
        for place in 0..width {
            cells.push(match row.get_ref(place).map_err(failed)? {
                ValueRef::Integer(n) => Value::Int(n),
                ValueRef::Text(text) => {
                    Value::Text(String::from_utf8(text.to_vec()).or(Err(super::Corrupt))?)
                }
                ValueRef::Blob(bytes) => Value::Blob(bytes.to_vec()),
                ValueRef::Null => Value::Null,
                ValueRef::Real(_) => return Err(super::Corrupt.into()),
            });
        }
        found.push(cells);
    }
    Ok(())
}

fn failed(error: rusqlite::Error) -> SqlError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => SqlError::Busy,
        _ => SqlError::Failed { source: Box::new(error) },
    }
}
