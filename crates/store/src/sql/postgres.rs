//! PostgreSQL: read committed, rows locked where money is decided, each column sent as an array.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio_postgres::error::SqlState;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, NoTls, Statement};

use super::statements::{Shape, Texts};
use super::value::{Cells, Kind, Table, Value};
use super::{Backend, Lock, Mode, SqlError};

/// A statement that takes longer is stuck; its transaction is given up. Every statement of ours looks
/// rows up by a key or walks an index, but plans are kept, and one that was made while a table was
/// still empty would read all of it for ever: so only plans over indexes are made.
const SETTINGS: &str = "SET statement_timeout = '30s'; SET lock_timeout = '10s'; \
    SET idle_in_transaction_session_timeout = '60s'; \
    SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; \
    SET jit = off";

pub(crate) struct PostgresSession {
    client: Client,
    texts: Texts,
    prepared: BTreeMap<Arc<str>, Statement>,
    converted: BTreeMap<&'static str, Arc<str>>,
}

type Params = Vec<Box<dyn ToSql + Sync + Send>>;

impl PostgresSession {
    pub(super) async fn connect(url: &str) -> Result<Self, SqlError> {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await.map_err(failed)?;
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::warn!(error = %error, "a database connection ended");
            }
        });
        client.batch_execute(SETTINGS).await.map_err(failed)?;
        let (texts, prepared, converted) = Default::default();
        Ok(Self { client, texts, prepared, converted })
    }

    pub(super) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    pub(super) async fn begin(&self, mode: Mode) -> Result<(), SqlError> {
        let sql = match mode {
            Mode::Read => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
            Mode::Write => "BEGIN",
        };
        self.run_script(sql).await
    }

    pub(super) async fn run_script(&self, sql: &str) -> Result<(), SqlError> {
        self.client.batch_execute(sql).await.map_err(failed)
    }

    pub(super) async fn write(
        &mut self,
        shape: Shape,
        table: &'static Table,
        rows: Vec<Cells>,
    ) -> Result<u64, SqlError> {
        if rows.is_empty() {
            return Ok(0);
        }
        let sql = self.texts.of(Backend::Postgres, shape, table);
        let statement = self.prepare(sql).await?;
        let kinds: Vec<Kind> = match shape {
            Shape::Delete => table.key.iter().map(|k| table.kind_of(k)).collect(),
            Shape::Insert | Shape::Upsert | Shape::Update | Shape::Select { .. } => {
                table.columns.iter().map(|c| c.kind).collect()
            }
        };
        let params = arrays(&kinds, rows);
        self.client.execute(&statement, &borrow(&params)).await.map_err(failed)
    }

    pub(super) async fn select_by(
        &mut self,
        table: &'static Table,
        columns: &'static [&'static str],
        keys: &[Cells],
        lock: Lock,
    ) -> Result<Vec<Cells>, SqlError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let sql = self.texts.of(Backend::Postgres, Shape::select(columns, lock), table);
        let statement = self.prepare(sql).await?;
        let kinds: Vec<Kind> = columns.iter().map(|c| table.kind_of(c)).collect();
        let params = arrays(&kinds, keys.to_vec());
        let rows = self.client.query(&statement, &borrow(&params)).await.map_err(failed)?;
        rows.iter().map(read).collect()
    }

    pub(super) async fn query(
        &mut self,
        sql: &'static str,
        params: &[Value],
    ) -> Result<Vec<Cells>, SqlError> {
        let statement = self.prepare_written(sql).await?;
        let params = scalars(params);
        let rows = self.client.query(&statement, &borrow(&params)).await.map_err(failed)?;
        rows.iter().map(read).collect()
    }

    pub(super) async fn execute(
        &mut self,
        sql: &'static str,
        params: &[Value],
    ) -> Result<u64, SqlError> {
        let statement = self.prepare_written(sql).await?;
        let params = scalars(params);
        self.client.execute(&statement, &borrow(&params)).await.map_err(failed)
    }

    async fn prepare_written(&mut self, sql: &'static str) -> Result<Statement, SqlError> {
        let text = self.converted.entry(sql).or_insert_with(|| Arc::from(sql.replace('?', "$")));
        let text = Arc::clone(text);
        self.prepare(text).await
    }

    async fn prepare(&mut self, sql: Arc<str>) -> Result<Statement, SqlError> {
        if let Some(statement) = self.prepared.get(&sql) {
            return Ok(statement.clone());
        }
        let statement = self.client.prepare(&sql).await.map_err(failed)?;
        self.prepared.insert(sql, statement.clone());
        Ok(statement)
    }
}

fn borrow(params: &Params) -> Vec<&(dyn ToSql + Sync)> {
    params.iter().map(|p| -> &(dyn ToSql + Sync) { p.as_ref() }).collect()
}

/// Rows turned into one array per column.
fn arrays(kinds: &[Kind], rows: Vec<Cells>) -> Params {
    let mut columns: Vec<Vec<Value>> =
        kinds.iter().map(|_| Vec::with_capacity(rows.len())).collect();
    for row in rows {
        for (column, value) in columns.iter_mut().zip(row) {
            column.push(value);
        }
    }
    kinds.iter().zip(columns).map(|(kind, column)| array(*kind, column)).collect()
}

fn array(kind: Kind, column: Vec<Value>) -> Box<dyn ToSql + Sync + Send> {
    let int = |value| match value {
        Value::Int(n) => Some(n),
        Value::Text(_) | Value::Blob(_) | Value::Null => None,
    };
    let text = |value| match value {
        Value::Text(text) => Some(text),
        Value::Int(_) | Value::Blob(_) | Value::Null => None,
    };
    let blob = |value| match value {
        Value::Blob(bytes) => Some(bytes),
        Value::Int(_) | Value::Text(_) | Value::Null => None,
    };
    match kind {
        Kind::Int => Box::new(column.into_iter().map(int).collect::<Vec<Option<i64>>>()),
        Kind::Text => Box::new(column.into_iter().map(text).collect::<Vec<Option<String>>>()),
        Kind::Blob => Box::new(column.into_iter().map(blob).collect::<Vec<Option<Vec<u8>>>>()),
    }
}

fn scalars(params: &[Value]) -> Params {
    let scalar = |value: &Value| -> Box<dyn ToSql + Sync + Send> {
        match value {
            Value::Int(n) => Box::new(*n),
            Value::Text(text) => Box::new(text.clone()),
            Value::Blob(bytes) => Box::new(bytes.clone()),
            Value::Null => Box::new(Option::<i64>::None),
        }
    };
    params.iter().map(scalar).collect()
}

fn read(row: &tokio_postgres::Row) -> Result<Cells, SqlError> {
    let cell = |(place, column): (usize, &tokio_postgres::Column)| {
        Ok(match *column.type_() {
            Type::INT8 => row.try_get::<_, Option<i64>>(place).map_err(failed)?.into(),
            Type::TEXT => row.try_get::<_, Option<String>>(place).map_err(failed)?.into(),
            Type::BYTEA => row.try_get::<_, Option<Vec<u8>>>(place).map_err(failed)?.into(),
            _ => return Err(super::Corrupt.into()),
        })
    };
    row.columns().iter().enumerate().map(cell).collect()
}

fn failed(error: tokio_postgres::Error) -> SqlError {
    if error.is_closed() {
        return SqlError::Lost { source: Some(Box::new(error)) };
    }
    let Some(state) = error.code() else {
        return SqlError::Lost { source: Some(Box::new(error)) };
    };
    let conflicts = [
        SqlState::UNIQUE_VIOLATION,
        SqlState::T_R_SERIALIZATION_FAILURE,
        SqlState::T_R_DEADLOCK_DETECTED,
    ];
    if conflicts.contains(state) {
        SqlError::Conflict
    } else if *state == SqlState::LOCK_NOT_AVAILABLE || *state == SqlState::QUERY_CANCELED {
        SqlError::Busy
    } else if *state == SqlState::ADMIN_SHUTDOWN || *state == SqlState::CRASH_SHUTDOWN {
        SqlError::Lost { source: Some(Box::new(error)) }
    } else {
        SqlError::Failed { source: Box::new(error) }
    }
}
