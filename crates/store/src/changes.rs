//! What a command decided: everything that is written in one transaction.

use jiff::Timestamp;
use ledger::{Delta, Hold, Journal, Refusal, Resolution};
use merchants::{
    Activation, ApiKey, Ceremony, ChannelAccount, Custodian, Merchant, MerchantChannel,
    Notification, NotificationTry, Plate, PosTerminal, Scan, Shift, Staff, Store, Terminal,
};
use orders::{Aggregate, Batch, Campaign, Difference, RefundTry, Trade, Upload, Wallet};

use crate::rows::{Burnt, Job, JobKind};
use crate::working::{Usage, UsageKey, VolumeKey};

/// State, entries, messages and jobs of one decision. Written together or not at all.
#[derive(Debug, Default)]
pub struct Changes {
    /// Orders as they are to be; only the rows that differ are written.
    pub orders: Vec<Aggregate>,
    pub refund_tries: Vec<RefundTry>,
    pub postings: Vec<Posting>,
    /// Each brings its expiry job with it.
    pub holds: Vec<Held>,
    /// Each ends its hold's expiry job.
    pub resolutions: Vec<Resolved>,
    /// Ids that may come again and must then be refused again.
    pub burnt: Vec<Burnt>,
    pub notifications: Vec<Notification>,
    pub notification_tries: Vec<NotificationTry>,
    pub jobs: Vec<JobChange>,
    /// Shifts as they are to be.
    pub shifts: Vec<Shift>,
    /// Wallets and campaigns as they are to be; of a wallet's lots only those that differ are written.
    pub wallets: Vec<Wallet>,
    pub campaigns: Vec<Campaign>,
    /// What adds to a month's volume. The volume itself is asked for in Reads.
    pub volumes: Vec<(VolumeKey, u64)>,
    /// What accounts have taken, as it is to be. Asked for in Reads.
    pub usages: Vec<(UsageKey, Usage)>,
    /// Trades and terminals of the POS host as they are to be.
    pub trades: Vec<Trade>,
    pub pos_terminals: Vec<PosTerminal>,
    /// Batches and uploaded rows as they are to be.
    pub batches: Vec<Batch>,
    pub uploads: Vec<Upload>,
    /// Ceremonies of keys as they are to be.
    pub ceremonies: Vec<Ceremony>,
    /// New ones only.
    pub scans: Vec<Scan>,
    pub checkouts: Vec<CheckoutRow>,
    /// Codes of terminals and people at tills as they are to be. Asked for in Reads.
    pub activations: Vec<Activation>,
    pub staff: Vec<Staff>,
    /// Differences with terminals as they are to be.
    pub differences: Vec<Difference>,
    pub admin: Vec<AdminRow>,
}

/// A journal that the ledger accepted, with what it adds to each account. A repeat adds nothing and
/// is not written again.
#[derive(Debug)]
pub struct Posting {
    pub(crate) journal: Journal,
    pub(crate) hash: [u8; 32],
    pub(crate) deltas: Vec<Delta>,
    pub(crate) repeat: bool,
}

/// A hold that the ledger accepted. A repeat is not written again.
#[derive(Debug)]
pub struct Held {
    pub(crate) hold: Hold,
    pub(crate) hash: [u8; 32],
    pub(crate) deltas: Vec<Delta>,
    pub(crate) repeat: bool,
}

/// The end of a hold that the ledger accepted: with a journal, or money let go.
#[derive(Debug)]
pub struct Resolved {
    pub(crate) resolution: Resolution,
    pub(crate) posting: Option<Posting>,
    pub(crate) released: Vec<Delta>,
    pub(crate) at: Timestamp,
}

/// Why a journal or a hold was not accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unposted {
    pub refusal: Refusal,
    /// Goes into [`Changes::burnt`] when the same id may come again; an id that was made for this
    /// one decision need not be kept.
    pub burnt: Option<Burnt>,
}

impl Posting {
    /// It was posted before: the first answer holds.
    #[must_use]
    pub const fn is_repeat(&self) -> bool {
        self.repeat
    }
}

impl Held {
    /// It was held before: the first answer holds.
    #[must_use]
    pub const fn is_repeat(&self) -> bool {
        self.repeat
    }
}

impl Changes {
    /// The journals to write, those of ended holds included.
    pub(crate) fn new_postings(&self) -> impl Iterator<Item = &Posting> {
        let ended = self.resolutions.iter().filter_map(|r| r.posting.as_ref());
        self.postings.iter().filter(|p| !p.repeat).chain(ended)
    }

    pub(crate) fn new_holds(&self) -> impl Iterator<Item = &Held> {
        self.holds.iter().filter(|h| !h.repeat)
    }

    pub(crate) fn deltas(&self) -> impl Iterator<Item = &Delta> {
        let posted = self.new_postings().flat_map(|p| &p.deltas);
        let held = self.new_holds().flat_map(|h| &h.deltas);
        posted.chain(held).chain(self.resolutions.iter().flat_map(|r| &r.released))
    }

    /// What was asked for, and what follows from holds.
    pub(crate) fn all_jobs(&self) -> Vec<JobChange> {
        let expiry = self.new_holds().map(|held| {
            JobChange::Put(Job {
                kind: JobKind::Hold,
                subject: held.hold.id.to_i64(),
                order: None,
                due_at: held.hold.expires_at,
                looks: 0,
            })
        });
        let ended = self.resolutions.iter();
        let ended = ended.map(|r| JobChange::Done(JobKind::Hold, r.resolution.hold.to_i64()));
        self.jobs.iter().cloned().chain(expiry).chain(ended).collect()
    }
}

#[derive(Debug, Clone)]
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
    TradeRules(TradeRulesRow),
    /// A new version: an old one is never changed.
    FeeSchedule(FeeScheduleRow),
    /// A new version: an old one is never changed.
    RoutingRules(RoutingRulesRow),
    /// A new version: an old one is never changed.
    PosDownloads(PosDownloadsRow),
    Custodian(Custodian),
    /// Evidence: never changed.
    PosSlip(PosSlipRow),
    AccountLimits(AccountLimitsRow),
    Activation(Activation),
    Staff(Staff),
    CashierSettings(CashierSettingsRow),
    CashierLogo(CashierLogoRow),
    Plate(Plate),
}

/// A slip that was attached to a difference, sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PosSlipRow {
    /// SHA-256 of what was attached.
    pub hash: [u8; 32],
    pub media_type: String,
    pub sealed: Vec<u8>,
    pub created_at: jiff::Timestamp,
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

/// What a merchant, or the institution where there is none, settled about hours, refunds and voids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TradeRulesRow {
    pub merchant: Option<ids::MerchantId>,
    /// JSON.
    pub rules: String,
    pub updated_at: jiff::Timestamp,
}

/// One version of a price list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeeScheduleRow {
    /// Whose: see `app`'s price lists.
    pub owner: String,
    /// From 1.
    pub version: u32,
    /// JSON.
    pub schedule: String,
    pub created_at: jiff::Timestamp,
}

/// One version of the rules by which payments are routed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoutingRulesRow {
    /// From 1.
    pub version: u32,
    /// JSON.
    pub rules: String,
    pub created_at: jiff::Timestamp,
}

/// One version of what terminals load from the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PosDownloadsRow {
    /// From 1.
    pub version: u32,
    /// JSON.
    pub downloads: String,
    pub created_at: jiff::Timestamp,
}

/// What an account at a channel may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountLimitsRow {
    /// Channel `:` account number.
    pub owner: String,
    /// JSON.
    pub limits: String,
    pub updated_at: jiff::Timestamp,
}

/// How cashiers look and what they offer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CashierSettingsRow {
    /// Whose: empty for the institution, else the id of a merchant or a store.
    pub owner: String,
    /// JSON.
    pub settings: String,
    pub updated_at: jiff::Timestamp,
}

/// A picture that cashiers show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CashierLogoRow {
    /// As in [`CashierSettingsRow`].
    pub owner: String,
    pub media_type: String,
    pub bytes: Vec<u8>,
    /// SHA-256.
    pub hash: [u8; 32],
    pub updated_at: jiff::Timestamp,
}

/// What a payer chose on a cashier page, beside the order itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckoutRow {
    pub order: ids::OrderId,
    pub plate: Option<ids::PlateId>,
    /// 小费: the part of the order's amount that the payer gave on top, in its minor units.
    pub tip_minor: u64,
    /// Where the payer's browser goes when all is paid.
    pub return_url: Option<String>,
}
