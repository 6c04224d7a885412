//! What a command decided: everything that is written in one transaction.

use ledger::{Delta, Journal};
use merchants::{
    ApiKey, ChannelAccount, Merchant, MerchantChannel, Notification, NotificationTry, Store,
    Terminal,
};
use orders::{Aggregate, RefundTry};

use crate::rows::{Job, JobKind};

/// State, entries, messages and jobs of one decision. Written together or not at all.
#[derive(Debug, Default)]
pub struct Changes {
    /// Orders as they are to be; only the rows that differ are written.
    pub orders: Vec<Aggregate>,
    pub refund_tries: Vec<RefundTry>,
    pub postings: Vec<Posting>,
    pub notifications: Vec<Notification>,
    pub notification_tries: Vec<NotificationTry>,
    pub jobs: Vec<JobChange>,
    pub admin: Vec<AdminRow>,
}

/// A journal that the ledger accepted, with what it adds to each account.
#[derive(Debug)]
pub struct Posting {
    pub(crate) journal: Journal,
    pub(crate) hash: [u8; 32],
    pub(crate) deltas: Vec<Delta>,
}

#[derive(Debug)]
pub enum JobChange {
    /// New, or due at another time.
    Put(Job),
    Done(JobKind, i64),
}

/// A row that operators make: written whole.
#[derive(Debug, Clone)]
pub enum AdminRow {
    Merchant(Merchant),
    Store(Store),
    Terminal(Terminal),
    ApiKey(ApiKey),
    ChannelAccount(ChannelAccount),
    MerchantChannel(MerchantChannel),
    PlatformKey(PlatformKeyRow),
}

/// One of the platform's own signing keys, its private half sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlatformKeyRow {
    pub name: String,
    pub algorithm: merchants::KeyAlgorithm,
    pub public_key: String,
    pub sealed: Vec<u8>,
    pub created_at: jiff::Timestamp,
}
