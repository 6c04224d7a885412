//! Merchants, stores, terminals and their credentials.
//!
//! A merchant has stores, a store has terminals of six kinds, and each terminal can have an API key
//! of its own, which can be revoked without touching the others.

mod activation;
mod ceremony;
mod key;
mod notification;
mod plate;
mod pos;
mod shift;
mod staff;
mod terminal;

pub use activation::{Activated, Activation, ActivationRefusal, Used};
pub use ceremony::{CUSTODIANS, Ceremony, CeremonyRefusal, CeremonyWay, Custodian, KeyPart};
pub use key::{ApiKey, KeyAlgorithm};
pub use notification::{NOTIFY_WAITS_S, Notification, NotificationState, NotificationTry};
pub use plate::{PayerApp, Plate, PlateScheme, Scan, ScanOutcome, unionpay_app};
pub use pos::{PosLoaded, PosModel, PosState, PosTerminal};
pub use shift::{Counted, Shift, ShiftRefusal};
pub use staff::{LOCK, PIN_FAILURES_MAX, Staff, StaffRefusal, StaffRight};
pub use terminal::{Terminal, TerminalKind};

use ids::{ChannelAccountId, ChannelCode, MerchantId, StoreId};
use jiff::Timestamp;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merchant {
    pub id: MerchantId,
    pub name: String,
    pub state: MerchantState,
    pub created_at: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MerchantState {
    Active,
    /// Takes no new payments; refunds and queries go on.
    Suspended,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Store {
    pub id: StoreId,
    pub merchant: MerchantId,
    pub name: String,
    pub created_at: Timestamp,
}

/// One version of our account at a channel. Its parameters and keys are sealed; what was started
/// under a version is finished, and its notices verified, under the same version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelAccount {
    pub id: ChannelAccountId,
    pub channel: ChannelCode,
    /// Our merchant number at the channel: part of the ledger's key, the same for all versions.
    pub account_no: String,
    pub version: u32,
    /// Whether it is a real account with real money; a sandbox refuses to run beside one.
    pub live: bool,
    pub sealed: Vec<u8>,
    pub created_at: Timestamp,
}

/// An account of a channel that may take a merchant's new payments. Routing chooses among them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MerchantChannel {
    pub merchant: MerchantId,
    pub channel: ChannelCode,
    /// The account's number at the channel: a new version of it takes the old one's place.
    pub account_no: String,
    pub account: ChannelAccountId,
    /// 商户自收: the account is the merchant's own, and the channel pays him directly. Else 代收: the
    /// money comes through us.
    pub self_collected: bool,
    /// Among equals the lower one is first.
    pub priority: u32,
    /// Takes no new payments any more.
    pub closed: bool,
}

impl MerchantState {
    pub const ALL: [Self; 2] = [Self::Active, Self::Suspended];
}
