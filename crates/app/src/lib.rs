//! Use cases and jobs: load, decide, write once, then act.
//!
//! One file per use case. None holds a database transaction while it talks to a channel; each commits
//! what it is about to do before it does it, so a crash after any step leaves a job that finds out.

mod bookings;
mod cases;
pub mod cashier;
mod ceremonies;
mod channel_port;
mod close_payment;
mod combined;
mod consequences;
mod create_payment;
mod create_refund;
mod directory;
mod error;
mod fees;
mod fund_refund;
mod give_up;
mod holders;
mod holds;
pub mod jobs;
pub mod onboard;
pub mod pos;
mod queries;
mod resend_notification;
mod retry_refund;
mod routing;
mod shifts;
mod take_notice;
mod take_refund_reply;
mod take_reply;
mod tills;
mod trade_rules;
mod vault;
mod wallets;

pub use bookings::{CHINA, accounting_date, china_time};
pub use cases::CASES_MAX;
pub use ceremonies::{Component, CustodianSays};
pub use combined::AddLeg;
pub use create_payment::{
    CardMeans, Checkout, CreatePayment, JsapiPage, Means, NewLeg, PaidBy, Through, draft,
};
pub use create_refund::{CreateRefund, PaymentRef, Return};
pub use directory::{Caller, Directory};
pub use error::{Failure, Refused, UseCaseError};
pub use fees::{PriceOwner, ScheduleUnreadable, moment, parse_schedule};
pub use queries::{Listed, Page, PublishedKey};
pub use routing::{DryRun, DryRunError, Looked, RoutingUnreadable, ShownLimits, Trace};
pub use take_notice::NoticeOutcome;
pub use tills::{ActivatedTerminal, Place, SignedIn};
pub use trade_rules::{RulesRefusal, parse_rules, write_rules};
pub use vault::Vault;
pub use wallets::{NewCampaign, NewTopUp, NewWallet};

use std::sync::Arc;

use channels::Sender;
pub use channels::{PlatformKey, PlatformKeys};
use crypto::pos::KeyStore;
use ids::IdSource;
use jiff::{SignedDuration, Timestamp};
use store::Store;

/// Reads the time. The real one is in the binary; `sim` has its own.
pub trait Clock: Send + Sync + std::fmt::Debug {
    fn now(&self) -> Timestamp;
}

/// What an operator sets.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where channels reach us: `https://pay.example.com`.
    pub public_url: String,
}

/// How long a channel has to answer one call; then the result is unknown.
pub const CALL_TIMEOUT: SignedDuration = SignedDuration::from_secs(10);
/// When the job of an unanswered call wakes: after the call itself must have ended. A call of several
/// messages may still be under way then; the job asks, and whatever it sends carries the same numbers.
pub(crate) const CALL_LEFT: SignedDuration = SignedDuration::from_secs(12);

/// The use cases with what they need of the world.
pub struct App {
    pub store: Store,
    pub clock: Arc<dyn Clock>,
    pub ids: Arc<IdSource>,
    pub sender: Arc<dyn Sender>,
    pub directory: Directory,
    pub vault: Vault,
    /// Where the keys of terminals and of the card network's zone work.
    pub keys: Arc<dyn KeyStore>,
    pub settings: Settings,
    /// Sign notifications, and answers to keys without a shared secret.
    pub platform_keys: PlatformKeys,
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl App {
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn after(&self, wait: SignedDuration) -> Timestamp {
        let now = self.now();
        now.saturating_add(wait).unwrap_or(now)
    }
}
