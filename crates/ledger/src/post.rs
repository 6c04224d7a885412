//! Whether a journal may be posted, and what it adds to each account.

use std::collections::BTreeMap;

use money::MINOR_MAX;

use crate::{Account, AccountKey, AccountKind, Journal, Side, Sums};

/// Why something was not posted, held or resolved, by precedence: of all that apply, the first is
/// given. The drafts of journals and holds have their own refusals, [`crate::JournalRefusal`] and
/// [`crate::HoldRefusal`]; those look at fields only and come before any of these but the first two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Refusal {
    #[error("the id was used before with other content")]
    IdSeenWithOtherContent,
    #[error("the id failed before for a reason of state: it never succeeds later")]
    IdBurnt,
    #[error("there is no such hold")]
    HoldNotFound,
    #[error("the journal does not take money from the held account")]
    JournalNotOfHold,
    #[error("the hold was posted already")]
    AlreadyPosted,
    #[error("the hold was voided already")]
    AlreadyVoided,
    #[error("the hold has expired")]
    Expired,
    #[error("the hold has not expired yet")]
    NotYetExpired,
    #[error("more than was held")]
    ExceedsHeld,
    #[error("nothing is taken from a closed account")]
    AccountClosed,
    #[error("a sum of the account would be beyond what can be kept")]
    Overflow,
    #[error("the account would fall below its limit, what is pending counted")]
    ExceedsAvailable,
}

/// Whether trying again can help.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Retry {
    /// The answer stays the same: look at the request.
    Never,
    /// The same id may succeed later.
    SameId,
    /// This id is spent; a new attempt needs a new one.
    NewId,
}

impl Refusal {
    pub const ALL: [Self; 12] = [
        Self::IdSeenWithOtherContent,
        Self::IdBurnt,
        Self::HoldNotFound,
        Self::JournalNotOfHold,
        Self::AlreadyPosted,
        Self::AlreadyVoided,
        Self::Expired,
        Self::NotYetExpired,
        Self::ExceedsHeld,
        Self::AccountClosed,
        Self::Overflow,
        Self::ExceedsAvailable,
    ];

    /// Stable; stored with burnt ids.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::IdSeenWithOtherContent => "id_seen_with_other_content",
            Self::IdBurnt => "id_burnt",
            Self::HoldNotFound => "hold_not_found",
            Self::JournalNotOfHold => "journal_not_of_hold",
            Self::AlreadyPosted => "already_posted",
            Self::AlreadyVoided => "already_voided",
            Self::Expired => "expired",
            Self::NotYetExpired => "not_yet_expired",
            Self::ExceedsHeld => "exceeds_held",
            Self::AccountClosed => "account_closed",
            Self::Overflow => "overflow",
            Self::ExceedsAvailable => "exceeds_available",
        }
    }

    /// `None` for text that is no code of a refusal.
    ///
    /// ```
    /// use ledger::Refusal;
    /// assert_eq!(Refusal::parse("account_closed"), Some(Refusal::AccountClosed));
    /// assert_eq!(Refusal::parse("closed"), None);
    /// ```
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|refusal| refusal.code() == code)
    }

    /// ```
    /// use ledger::{Refusal, Retry};
    /// assert_eq!(Refusal::ExceedsAvailable.retry(), Retry::NewId);
    /// assert_eq!(Refusal::NotYetExpired.retry(), Retry::SameId);
    /// ```
    #[must_use]
    pub const fn retry(self) -> Retry {
        match self {
            Self::IdSeenWithOtherContent
            | Self::JournalNotOfHold
            | Self::AlreadyPosted
            | Self::AlreadyVoided
            | Self::Expired
            | Self::ExceedsHeld => Retry::Never,
            Self::HoldNotFound | Self::NotYetExpired => Retry::SameId,
            Self::IdBurnt | Self::AccountClosed | Self::Overflow | Self::ExceedsAvailable => {
                Retry::NewId
            }
        }
    }

    /// Depends on what the accounts hold now, so that a retry could get another answer than the
    /// first did: the id is burnt instead.
    const fn burns(self) -> bool {
        matches!(self, Self::AccountClosed | Self::Overflow | Self::ExceedsAvailable)
    }
}

/// What is known of an id that was used before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    pub content_hash: [u8; 32],
    /// The refusal that burnt it.
    pub burnt: Option<Refusal>,
}

/// The answer to a journal or a hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PostDecision {
    /// Write it, with these additions; in order of account, each account once.
    Post(Vec<Delta>),
    /// It was posted before: give the first answer again.
    Repeat,
    /// Refused; the id is as it was.
    Refuse(Refusal),
    /// Refused for a reason of state: write the id down as burnt.
    Burn(Refusal),
}

impl PostDecision {
    fn refused(refusal: Refusal) -> Self {
        if refusal.burns() { Self::Burn(refusal) } else { Self::Refuse(refusal) }
    }
}

/// What is added to the sums of one account. Only pending sums ever go down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delta {
    pub account: AccountKey,
    pub debits_posted: i64,
    pub credits_posted: i64,
    pub debits_pending: i64,
    pub credits_pending: i64,
}

impl Delta {
    pub(crate) const fn none(account: AccountKey) -> Self {
        Self { account, debits_posted: 0, credits_posted: 0, debits_pending: 0, credits_pending: 0 }
    }

    /// Whether it takes from a guarded account, by posting or by holding.
    pub(crate) fn lowers_guarded(&self) -> bool {
        match self.account.code().kind() {
            AccountKind::Guarded => self.raise() < 0,
            AccountKind::Transit => false,
        }
    }

    /// How much less is available, by posting and holding together.
    pub(crate) fn taken(&self) -> i128 {
        -self.raise()
    }

    /// This delta, with the pending sums of `other`.
    pub(crate) fn with_pending_of(self, other: Self) -> Self {
        Self {
            debits_pending: other.debits_pending,
            credits_pending: other.credits_pending,
            ..self
        }
    }

    /// How much it raises what is available.
    fn raise(&self) -> i128 {
        let posted = i128::from(self.credits_posted) - i128::from(self.debits_posted);
        match self.account.code().normal_side() {
            Side::Credit => posted - i128::from(self.debits_pending),
            Side::Debit => -posted - i128::from(self.credits_pending),
        }
    }

    /// `None` beyond what the sums can hold, or below zero.
    fn applied_to(&self, sums: Sums) -> Option<Sums> {
        let add = |sum: u64, n: i64| sum.checked_add_signed(n).filter(|sum| *sum <= MINOR_MAX);
        Some(Sums {
            debits_posted: add(sums.debits_posted, self.debits_posted)?,
            credits_posted: add(sums.credits_posted, self.credits_posted)?,
            debits_pending: add(sums.debits_pending, self.debits_pending)?,
            credits_pending: add(sums.credits_pending, self.credits_pending)?,
        })
    }
}

/// What a journal adds, per account and in their order. An account between the books may stand on
/// both sides; what counts is the sum.
pub(crate) fn deltas_of(journal: &Journal) -> Vec<Delta> {
    let mut deltas: BTreeMap<&AccountKey, (u64, u64)> = BTreeMap::new();
    for entry in journal.entries() {
        let (debits, credits) = deltas.entry(&entry.account).or_default();
        match entry.side {
            Side::Debit => *debits += entry.amount.minor(),
            Side::Credit => *credits += entry.amount.minor(),
        }
    }
    let delta = |(account, (debits, credits)): (&AccountKey, (u64, u64))| Delta {
        debits_posted: raised(debits),
        credits_posted: raised(credits),
        ..Delta::none(account.clone())
    };
    deltas.into_iter().map(delta).collect()
}

/// A journal's sums are far within the range: at most [`crate::ENTRIES_MAX`] entries of at most
/// [`crate::ENTRY_MINOR_MAX`].
pub(crate) fn raised(minor: u64) -> i64 {
    let signed = i64::try_from(minor);
    assert!(signed.is_ok(), "a bounded amount fits a signed word");
    signed.unwrap_or(i64::MAX)
}

/// The accounts that were loaded, as the decisions so far have left them. An account that is not
/// there counts as fresh and open.
///
/// Only the guarded accounts that a journal lowers ([`Journal::guarded_debits`]) need to be there:
/// limit and closing are looked at in those alone, so the answer is the same whichever others
/// happen to be loaded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Books {
    accounts: BTreeMap<AccountKey, Account>,
}

impl Books {
    /// Takes in an account as it was loaded.
    pub fn insert(&mut self, account: Account) {
        self.accounts.insert(account.key.clone(), account);
    }

    #[must_use]
    pub fn get(&self, key: &AccountKey) -> Option<&Account> {
        self.accounts.get(key)
    }

    /// In order of their keys.
    pub fn iter(&self) -> impl Iterator<Item = &Account> {
        self.accounts.values()
    }

    /// How much can be taken from an account before its limit, in minor units.
    #[must_use]
    pub fn available(&self, key: &AccountKey) -> u64 {
        self.accounts.get(key).map_or(0, Account::available)
    }

    /// Decides a journal; changes nothing. `seen` is what the store knows of its id, `hash` the hash
    /// of its [`Journal::canonical_bytes`].
    ///
    /// Refusals, by precedence: [`Refusal::IdSeenWithOtherContent`], [`Refusal::IdBurnt`],
    /// [`Refusal::AccountClosed`], [`Refusal::Overflow`], [`Refusal::ExceedsAvailable`].
    #[must_use]
    pub fn decide_post(
        &self,
        seen: Option<&Seen>,
        hash: [u8; 32],
        journal: &Journal,
    ) -> PostDecision {
        if let Some(seen) = seen {
            return answer_again(*seen, hash);
        }
        self.decide_deltas(deltas_of(journal))
    }

    /// Adds what was decided.
    ///
    /// # Panics
    /// If a sum leaves its range: the deltas were not decided against these books.
    pub fn apply(&mut self, deltas: &[Delta]) {
        for delta in deltas {
            let account = self
                .accounts
                .entry(delta.account.clone())
                .or_insert_with(|| Account::fresh(delta.account.clone()));
            let sums = delta.applied_to(account.sums);
            assert!(sums.is_some(), "deltas are applied to the books that decided them");
            account.sums = sums.unwrap_or(account.sums);
        }
    }

    pub(crate) fn decide_deltas(&self, deltas: Vec<Delta>) -> PostDecision {
        match self.refusal_among(&deltas) {
            Some(refusal) => PostDecision::refused(refusal),
            None => PostDecision::Post(deltas),
        }
    }

    /// The first by precedence, over all accounts.
    pub(crate) fn refusal_among(&self, deltas: &[Delta]) -> Option<Refusal> {
        deltas.iter().filter_map(|delta| self.refusal_of(delta)).min()
    }

    pub(crate) fn can_take_in(&self, delta: &Delta) -> bool {
        delta.applied_to(self.sums(&delta.account)).is_some()
    }

    fn sums(&self, key: &AccountKey) -> Sums {
        self.accounts.get(key).map_or(Sums::ZERO, |account| account.sums)
    }

    fn refusal_of(&self, delta: &Delta) -> Option<Refusal> {
        let account = self.accounts.get(&delta.account);
        let lowers = delta.lowers_guarded();
        if lowers && account.is_some_and(|a| a.closed) {
            return Some(Refusal::AccountClosed);
        }
        if !self.can_take_in(delta) {
            return Some(Refusal::Overflow);
        }
        let available = account.map_or(0, Account::available);
        (lowers && delta.taken() > i128::from(available)).then_some(Refusal::ExceedsAvailable)
    }
}

/// Idempotency comes before any rule: an id that was used gets its first answer again.
pub(crate) fn answer_again(seen: Seen, hash: [u8; 32]) -> PostDecision {
    if seen.content_hash != hash {
        PostDecision::Refuse(Refusal::IdSeenWithOtherContent)
    } else if seen.burnt.is_some() {
        PostDecision::Refuse(Refusal::IdBurnt)
    } else {
        PostDecision::Repeat
    }
}
