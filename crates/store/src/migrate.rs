//! Brings a database's schema up to date, one migration per transaction.

use crate::sql::{Backend, Mode, RowReader, Session, SqlError};

struct Migration {
    number: i64,
    sqlite: &'static str,
    postgres: &'static str,
}

macro_rules! migrations {
    ($($number:literal $name:literal),* $(,)?) => {
        &[$(Migration {
            number: $number,
            sqlite: include_str!(concat!("../../../migrations/sqlite/", $name, ".sql")),
            postgres: include_str!(concat!("../../../migrations/postgres/", $name, ".sql")),
        }),*]
    };
}

const MIGRATIONS: &[Migration] = migrations![1 "0001_initial", 2 "0002_holds", 3 "0003_keys"];

/// Serializes processes that start on one database at the same time; the number is ours alone.
const POSTGRES_LOCK: &str = "SELECT pg_advisory_xact_lock(7209471203)";

#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    #[error("the database has migration {0}, which this program does not know: it is too old")]
    Newer(i64),
    #[error("migration {0} was applied with another text")]
    Changed(i64),
    #[error("a migration failed")]
    Sql(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl From<SqlError> for MigrateError {
    fn from(error: SqlError) -> Self {
        Self::Sql(Box::new(error))
    }
}

/// Applies what is missing; the text of each migration is kept, so a changed one is noticed.
pub(crate) async fn migrate(session: &mut Session, now_ms: i64) -> Result<(), MigrateError> {
    session.begin(Mode::Write).await?;
    let done = migrate_in_transaction(session, now_ms).await;
    match done {
        Ok(()) => session.commit().await?,
        Err(_) => session.rollback().await?,
    }
    done
}

async fn migrate_in_transaction(session: &mut Session, now_ms: i64) -> Result<(), MigrateError> {
    if session.backend() == Backend::Postgres {
        session.script(POSTGRES_LOCK).await?;
    }
    session
        .script(
            "CREATE TABLE IF NOT EXISTS schema_migrations \
             (number BIGINT NOT NULL PRIMARY KEY, text TEXT NOT NULL, applied_at BIGINT NOT NULL)",
        )
        .await?;
    let rows = session.query("SELECT number, text FROM schema_migrations ORDER BY number", &[]);
    let mut applied = Vec::new();
    for row in rows.await? {
        let mut row = RowReader::new(row);
        let number = row.int().map_err(SqlError::from)?;
        applied.push((number, row.text().map_err(SqlError::from)?));
    }
    for (number, text) in &applied {
        let known = MIGRATIONS.iter().find(|m| m.number == *number);
        let known = known.ok_or(MigrateError::Newer(*number))?;
        if known.text(session.backend()) != text {
            return Err(MigrateError::Changed(*number));
        }
    }
    for migration in MIGRATIONS.iter().filter(|m| !applied.iter().any(|(n, _)| *n == m.number)) {
        let text = migration.text(session.backend());
        session.script(text).await?;
        let sql = "INSERT INTO schema_migrations (number, text, applied_at) VALUES (?1, ?2, ?3)";
        session.execute(sql, &[migration.number.into(), text.into(), now_ms.into()]).await?;
    }
    Ok(())
}

impl Migration {
    const fn text(&self, backend: Backend) -> &'static str {
        match backend {
            Backend::Sqlite => self.sqlite,
            Backend::Postgres => self.postgres,
        }
    }
}
