//! What can go wrong at the store, as its callers have to tell apart.

use crate::sql::SqlError;

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Nothing was written; try later.
    #[error("the store's queue is full")]
    Overloaded,
    /// Nothing was written.
    #[error("the store is stopping")]
    Stopped,
    /// The connection broke during the commit: it may have been written.
    #[error("the connection to the database broke; the result is not known")]
    Unknown(#[source] SqlError),
    /// Nothing was written.
    #[error("the database refused")]
    Failed(#[source] SqlError),
    /// The command itself is wrong: nothing was written.
    #[error("a command failed an assertion")]
    Bug,
}

impl StoreError {
    pub(crate) fn of(error: SqlError) -> Self {
        match error {
            SqlError::Lost { .. } => Self::Unknown(error),
            SqlError::Conflict
            | SqlError::Busy
            | SqlError::Failed { .. }
            | SqlError::Missing
            | SqlError::Corrupt(_) => Self::Failed(error),
        }
    }

    /// A short stable word for logs and metrics.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Overloaded => "store_overloaded",
            Self::Stopped => "store_stopped",
            Self::Unknown(_) => "store_unknown",
            Self::Failed(_) => "store_failed",
            Self::Bug => "bug",
        }
    }
}
