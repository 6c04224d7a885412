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

const MIGRATIONS: &[Migration] = migrations![1 "0001_initial", 2 "0002_holds", 3 "0003_keys", 4 "0004_combined", 7 "0007_fees", 8 "0008_cases", 9 "0009_money_modes", 10 "0010_invoke", 11 "0011_shifts", 12 "0012_routing", 13 "0013_wallets", 14 "0014_pos", 15 "0015_holds_on_cards", 16 "0016_pos_downloads", 17 "0017_pos_differences", 18 "0018_key_ceremonies", 19 "0019_partial_approvals", 20 "0020_pos_limits", 21 "0021_tills", 22 "0022_plates"];

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
    migrate_with(session, MIGRATIONS, now_ms).await
}

async fn migrate_with(
    session: &mut Session,
    migrations: &[Migration],
    now_ms: i64,
) -> Result<(), MigrateError> {
    session.begin(Mode::Write).await?;
    let done = migrate_in_transaction(session, migrations, now_ms).await;
    match done {
        Ok(()) => session.commit().await?,
        Err(_) => session.rollback().await?,
    }
    done
}

async fn migrate_in_transaction(
    session: &mut Session,
    migrations: &[Migration],
    now_ms: i64,
) -> Result<(), MigrateError> {
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
        let known = migrations.iter().find(|m| m.number == *number);
        let known = known.ok_or(MigrateError::Newer(*number))?;
        if known.text(session.backend()) != text {
            return Err(MigrateError::Changed(*number));
        }
    }
    for migration in migrations.iter().filter(|m| !applied.iter().any(|(n, _)| *n == m.number)) {
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A database of the first release, with a job in it, comes up to date; what it had is there, and
    /// a program that knows less refuses it.
    async fn check(mut session: Session) {
        let (first, _) = MIGRATIONS.split_at(1);
        migrate_with(&mut session, first, 1).await.unwrap();
        let job = "INSERT INTO jobs (kind, subject, order_id, due_at, looks, lease_until) \
                   VALUES ('attempt', 7, 8, 9, 1, 0)";
        session.execute(job, &[]).await.unwrap();
        for _ in 0..2 {
            migrate(&mut session, 2).await.unwrap();
        }
        let kept = "SELECT subject, order_id, due_at FROM jobs WHERE kind = 'attempt'";
        let rows = session.query(kept, &[]).await.unwrap();
        assert_eq!(rows, [vec![7_i64.into(), 8_i64.into(), 9_i64.into()]]);
        let hold = "INSERT INTO jobs (kind, subject, order_id, due_at, looks, lease_until) \
                    VALUES ('hold', 1, NULL, 9, 1, 0)";
        session.execute(hold, &[]).await.unwrap();
        let numbers = session.query("SELECT COUNT(*) FROM schema_migrations", &[]).await.unwrap();
        let count = i64::try_from(MIGRATIONS.len()).unwrap();
        assert_eq!(numbers, [vec![count.into()]]);
        let older = migrate_with(&mut session, first, 3).await;
        assert!(matches!(older, Err(MigrateError::Newer(2))), "{older:?}");
    }

    #[tokio::test]
    async fn an_older_sqlite_database_comes_up_to_date() {
        check(crate::open::session(&crate::Target::Memory).await.unwrap()).await;
    }

    #[tokio::test]
    async fn an_older_postgres_database_comes_up_to_date() {
        let cluster = std::env::var("SUANPAN_TEST_POSTGRES_URL")
            .expect("run through `cargo xtask postgres -- cargo test`");
        let name = format!("migrate_{}", crypto::random::random_alphanumeric(8).to_lowercase());
        let mut session = Session::postgres(&cluster).await.unwrap();
        session.script(&format!("CREATE DATABASE {name}")).await.unwrap();
        let (server, _) = cluster.rsplit_once('/').unwrap();
        check(Session::postgres(&format!("{server}/{name}")).await.unwrap()).await;
    }
}
