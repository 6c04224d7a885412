//! The only SQL: two backends behind one port, migrations, the batched writer, outbox and jobs.
//!
//! A use case makes a [`Command`]; [`Store::write`] queues it, and a writer runs many in one
//! transaction: one set-based read per table, decisions one after the other on that working set, one
//! set-based write per table, one commit, all answers. A command that cannot be applied fails alone.
//! No caller can tell which backend it has.

mod accounts;
mod batch;
mod changes;
mod error;
mod fates;
mod flush;
mod holds;
mod jobs;
mod migrate;
mod open;
mod raw;
mod reader;
mod rows;
mod sql;
mod store;
mod working;
mod writer;

pub use batch::{Command, Decision};
pub use changes::{
    AccountLimitsRow, AdminRow, CashierLogoRow, CashierSettingsRow, Changes, CheckoutRow,
    FeeScheduleRow, Held, JobChange, PlatformKeyRow, PosDownloadsRow, PosSlipRow, Posting,
    Resolved, RoutingRulesRow, TradeRulesRow, Unposted,
};
pub use error::StoreError;
pub use fates::{WriteFate, WriteFates};
pub use migrate::MigrateError;
pub use open::{OpenError, Target};
pub use raw::{RawBatch, RawPayment, RawWriter};
pub use reader::{PAGE_MAX, PostedJournal};
pub use rows::{Burnt, Job, JobKind};
pub use sql::{Corrupt, SqlError};
pub use store::Store;
pub use working::{Reads, Usage, UsageKey, UsageSum, View, VolumeKey};
pub use writer::{BATCH_MAX, QUEUE_MAX};
