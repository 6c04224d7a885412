//! Opening a store: where it is, who may open it, and its schema.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ids::IdSource;
use tokio::sync::Mutex;

use crate::accounts::AccountIds;
use crate::batch::BatchContext;
use crate::migrate::{MigrateError, migrate};
use crate::reader::Readers;
use crate::sql::{Role, Session, SqlError, SqliteSession};
use crate::store::Store;
use crate::writer::{Writer, spawn_tasks, spawn_thread};

/// The database's file in the data directory.
const SQLITE_FILE: &str = "suanpan.db";
/// Held locked by the process that has the data directory.
const LOCK_FILE: &str = "lock";
const SQLITE_READERS: usize = 2;
const POSTGRES_WRITERS: usize = 2;
const POSTGRES_READERS: usize = 4;

/// Where the store is.
#[derive(Debug, Clone)]
pub enum Target {
    /// In memory, gone at the end; every command runs at once in its caller.
    Memory,
    /// A file in a data directory that one process has to itself.
    Directory(PathBuf),
    /// `postgres://user@host/database`; several processes may share it.
    Postgres(Arc<str>),
}

#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error(
        "the data directory {0} is in use by another process; stop it first, or use PostgreSQL for several processes"
    )]
    InUse(PathBuf),
    #[error("the data directory {path} cannot be used")]
    Directory {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("the database cannot be opened")]
    Open(#[source] SqlError),
    #[error("the database's schema cannot be brought up to date")]
    Migrate(#[source] MigrateError),
    #[error("a writer thread cannot be started")]
    Thread(#[source] std::io::Error),
}

impl Store {
    /// Opens the store and brings its schema up to date. `now_ms` dates the migrations.
    ///
    /// # Errors
    /// [`OpenError`]; above all when another process has the data directory.
    pub async fn open(target: Target, ids: Arc<IdSource>, now_ms: i64) -> Result<Self, OpenError> {
        let context = Arc::new(BatchContext { accounts: AccountIds::default(), ids });
        match target {
            Target::Memory => {
                let session =
                    Session::Sqlite(SqliteSession::open_memory().map_err(OpenError::Open)?);
                open_memory(session, context, now_ms).await
            }
            Target::Directory(path) => open_directory(&path, context, now_ms).await,
            Target::Postgres(url) => open_postgres(url, context, now_ms).await,
        }
    }
}

async fn open_memory(
    mut session: Session,
    context: Arc<BatchContext>,
    now_ms: i64,
) -> Result<Store, OpenError> {
    migrate(&mut session, now_ms).await.map_err(OpenError::Migrate)?;
    let session = Arc::new(Mutex::new(session));
    Ok(Store {
        writer: Writer::Inline { session: Arc::clone(&session), context },
        readers: Readers::new(vec![Arc::clone(&session)], None),
        side: Readers::new(vec![session], None),
        fates: None,
        thread: None,
        lock: None,
    })
}

async fn open_directory(
    path: &Path,
    context: Arc<BatchContext>,
    now_ms: i64,
) -> Result<Store, OpenError> {
    let failed = |source| OpenError::Directory { path: path.to_owned(), source };
    std::fs::create_dir_all(path).map_err(failed)?;
    let lock = File::create(path.join(LOCK_FILE)).map_err(failed)?;
    if lock.try_lock().is_err() {
        return Err(OpenError::InUse(path.to_owned()));
    }
    let file = path.join(SQLITE_FILE);
    let open = |role| SqliteSession::open_file(&file, role).map(Session::Sqlite);
    let mut session = open(Role::Writer).map_err(OpenError::Open)?;
    migrate(&mut session, now_ms).await.map_err(OpenError::Migrate)?;
    let (writer, thread) = spawn_thread(session, context).map_err(OpenError::Thread)?;
    let mut readers = Vec::new();
    for _ in 0..SQLITE_READERS {
        readers.push(Arc::new(Mutex::new(open(Role::Reader).map_err(OpenError::Open)?)));
    }
    let side = Arc::new(Mutex::new(open(Role::Writer).map_err(OpenError::Open)?));
    Ok(Store {
        writer,
        readers: Readers::new(readers, None),
        side: Readers::new(vec![side], None),
        fates: None,
        thread: Some(thread),
        lock: Some(lock),
    })
}

async fn open_postgres(
    url: Arc<str>,
    context: Arc<BatchContext>,
    now_ms: i64,
) -> Result<Store, OpenError> {
    let mut session = Session::postgres(&url).await.map_err(OpenError::Open)?;
    migrate(&mut session, now_ms).await.map_err(OpenError::Migrate)?;
    let mut writers = Vec::new();
    for _ in 0..POSTGRES_WRITERS {
        writers.push(Session::postgres(&url).await.map_err(OpenError::Open)?);
    }
    let mut readers = Vec::new();
    for _ in 0..POSTGRES_READERS {
        let reader = Session::postgres(&url).await.map_err(OpenError::Open)?;
        readers.push(Arc::new(Mutex::new(reader)));
    }
    Ok(Store {
        writer: spawn_tasks(writers, Arc::clone(&url), &context),
        readers: Readers::new(readers, Some(Arc::clone(&url))),
        side: Readers::new(vec![Arc::new(Mutex::new(session))], Some(url)),
        fates: None,
        thread: None,
        lock: None,
    })
}

/// A single connection to an existing place, without the store around it.
pub(crate) async fn session(target: &Target) -> Result<Session, OpenError> {
    match target {
        Target::Memory => SqliteSession::open_memory().map(Session::Sqlite),
        Target::Directory(path) => {
            let failed = |source| OpenError::Directory { path: path.clone(), source };
            std::fs::create_dir_all(path).map_err(failed)?;
            SqliteSession::open_file(&path.join(SQLITE_FILE), Role::Writer).map(Session::Sqlite)
        }
        Target::Postgres(url) => Session::postgres(url).await,
    }
    .map_err(OpenError::Open)
}
