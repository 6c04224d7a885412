//! One session over either backend: rows described as data, written and read set-based.
//!
//! The methods are async for PostgreSQL; on SQLite they never wait, so a plain thread can run the
//! same code with a block-on.

mod postgres;
mod sqlite;
mod statements;
mod value;

pub(crate) use postgres::PostgresSession;
pub(crate) use sqlite::{Role, SqliteSession};
pub use value::Corrupt;
pub(crate) use value::{Cells, Column, Kind, RowReader, Table, Value};

use statements::Shape;

/// How a transaction begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Sees one moment and writes nothing.
    Read,
    Write,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lock {
    None,
    /// Rows stay ours until the end of the transaction, taken in the order of their keys. SQLite has
    /// one writer at a time, which is the same and more.
    ForUpdate,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Backend {
    Sqlite,
    Postgres,
}

/// What went wrong, without any value of a row.
#[derive(Debug, thiserror::Error)]
pub enum SqlError {
    /// Another writer was there first; the transaction may be tried again.
    #[error("the transaction met another one")]
    Conflict,
    /// The database was locked for too long; the transaction may be tried again.
    #[error("the database is busy")]
    Busy,
    /// The connection is gone; if it was committing, the result is not known.
    #[error("the connection to the database broke")]
    Lost {
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
    #[error("the database refused a statement")]
    Failed {
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    #[error("the number of changed rows is not the number of rows that were to change")]
    Missing,
    #[error(transparent)]
    Corrupt(#[from] Corrupt),
}

impl SqlError {
    pub(crate) const fn lost() -> Self {
        Self::Lost { source: None }
    }
}

pub(crate) enum Session {
    Sqlite(SqliteSession),
    Postgres(PostgresSession),
}

impl Session {
    pub(crate) async fn postgres(url: &str) -> Result<Self, SqlError> {
        PostgresSession::connect(url).await.map(Self::Postgres)
    }

    pub(crate) const fn backend(&self) -> Backend {
        match self {
            Self::Sqlite(_) => Backend::Sqlite,
            Self::Postgres(_) => Backend::Postgres,
        }
    }

    /// Whether the connection is gone for good.
    pub(crate) fn is_closed(&self) -> bool {
        match self {
            Self::Sqlite(_) => false,
            Self::Postgres(session) => session.is_closed(),
        }
    }

    pub(crate) async fn begin(&mut self, mode: Mode) -> Result<(), SqlError> {
        match self {
            Self::Sqlite(session) => session.begin(mode),
            Self::Postgres(session) => session.begin(mode).await,
        }
    }

    pub(crate) async fn commit(&mut self) -> Result<(), SqlError> {
        self.plain("COMMIT").await
    }

    pub(crate) async fn rollback(&mut self) -> Result<(), SqlError> {
        self.plain("ROLLBACK").await
    }

    async fn plain(&mut self, sql: &'static str) -> Result<(), SqlError> {
        match self {
            Self::Sqlite(session) => session.run_script(sql),
            Self::Postgres(session) => session.run_script(sql).await,
        }
    }

    /// Several statements without parameters, as in a migration.
    pub(crate) async fn script(&mut self, sql: &str) -> Result<(), SqlError> {
        match self {
            Self::Sqlite(session) => session.run_script(sql),
            Self::Postgres(session) => session.run_script(sql).await,
        }
    }

    pub(crate) async fn insert(
        &mut self,
        table: &'static Table,
        rows: Vec<Cells>,
    ) -> Result<(), SqlError> {
        self.write(Shape::Insert, table, rows).await.map(|_| ())
    }

    /// Inserts, or replaces all columns of the row that has the key.
    pub(crate) async fn upsert(
        &mut self,
        table: &'static Table,
        rows: Vec<Cells>,
    ) -> Result<(), SqlError> {
        self.write(Shape::Upsert, table, rows).await.map(|_| ())
    }

    /// Replaces all columns of the rows with these keys; every one must be there.
    pub(crate) async fn update(
        &mut self,
        table: &'static Table,
        rows: Vec<Cells>,
    ) -> Result<(), SqlError> {
        let expected = u64::try_from(rows.len()).unwrap_or(u64::MAX);
        let changed = self.write(Shape::Update, table, rows).await?;
        if changed == expected { Ok(()) } else { Err(SqlError::Missing) }
    }

    /// Deletes the rows with these keys; a row that is not there is fine.
    pub(crate) async fn delete(
        &mut self,
        table: &'static Table,
        keys: Vec<Cells>,
    ) -> Result<(), SqlError> {
        self.write(Shape::Delete, table, keys).await.map(|_| ())
    }

    async fn write(
        &mut self,
        shape: Shape,
        table: &'static Table,
        rows: Vec<Cells>,
    ) -> Result<u64, SqlError> {
        match self {
            Self::Sqlite(session) => session.write(shape, table, &rows),
            Self::Postgres(session) => session.write(shape, table, rows).await,
        }
    }

    /// The rows whose `columns` equal one of `keys`, all columns of the table in its order.
    pub(crate) async fn select_by(
        &mut self,
        table: &'static Table,
        columns: &'static [&'static str],
        keys: &[Cells],
        lock: Lock,
    ) -> Result<Vec<Cells>, SqlError> {
        match self {
            Self::Sqlite(session) => session.select_by(table, columns, keys),
            Self::Postgres(session) => session.select_by(table, columns, keys, lock).await,
        }
    }

    /// Any query, written once with `?1`, `?2`, ...; integer results must be 64 bits wide.
    pub(crate) async fn query(
        &mut self,
        sql: &'static str,
        params: &[Value],
    ) -> Result<Vec<Cells>, SqlError> {
        match self {
            Self::Sqlite(session) => session.query(sql, params),
            Self::Postgres(session) => session.query(sql, params).await,
        }
    }

    pub(crate) async fn execute(
        &mut self,
        sql: &'static str,
        params: &[Value],
    ) -> Result<u64, SqlError> {
        match self {
            Self::Sqlite(session) => session.execute(sql, params),
            Self::Postgres(session) => session.execute(sql, params).await,
        }
    }
}
