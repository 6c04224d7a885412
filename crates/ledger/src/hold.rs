//! Holds: money set aside until it is posted, voided or expires. It counts against limits at once.

use ids::HoldId;
use jiff::Timestamp;
use money::Amount;

use crate::journal::Canonical;
use crate::post::{answer_again, deltas_of, raised};
use crate::{
    AccountKey, AccountKind, Books, Delta, ENTRY_MINOR_MAX, Journal, PostDecision, Refusal, Seen,
    Side,
};

/// Money set aside in a guarded account. It never changes; its end is a [`Resolution`] that names
/// it, and `state` is what that resolution made of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    pub id: HoldId,
    pub account: AccountKey,
    pub amount: Amount,
    pub expires_at: Timestamp,
    pub state: HoldState,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HoldState {
    Open,
    /// So much of it was posted; the rest was released.
    Posted {
        amount: Amount,
    },
    Voided,
    Expired,
}

/// Why there can be no such hold, by precedence. None depends on state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum HoldRefusal {
    #[error("a hold is not zero")]
    ZeroAmount,
    #[error("a hold is at most {ENTRY_MINOR_MAX} minor units")]
    AmountTooLarge,
    #[error("a hold has the currency of its account")]
    CurrencyMismatch,
    #[error("only guarded accounts have limits that a hold could count against")]
    AccountNotGuarded,
}

impl HoldRefusal {
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::ZeroAmount => "zero_amount",
            Self::AmountTooLarge => "amount_too_large",
            Self::CurrencyMismatch => "currency_mismatch",
            Self::AccountNotGuarded => "account_not_guarded",
        }
    }
}

/// How a hold is to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolve<'a> {
    /// Post this journal, which takes at most what is held from the held account; the rest is
    /// released. The journal's id is a fresh one: a repeat is told by the state of the hold.
    Post { journal: &'a Journal, now: Timestamp },
    /// Release all of it.
    Void,
    /// Release all of it, because its time is over.
    Expire { now: Timestamp },
}

/// The end of a hold: a row of its own that points at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resolution {
    pub hold: HoldId,
    /// Never [`HoldState::Open`].
    pub state: HoldState,
}

/// The answer to a [`Resolve`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ResolveDecision {
    /// Write it, with the journal if there is one, and these additions: both at once.
    Resolve(Resolution, Vec<Delta>),
    Refuse(Refusal),
}

impl Hold {
    /// # Errors
    /// The first of [`HoldRefusal`] that applies.
    pub fn new(
        id: HoldId,
        account: AccountKey,
        amount: Amount,
        expires_at: Timestamp,
    ) -> Result<Self, HoldRefusal> {
        if amount.is_zero() {
            return Err(HoldRefusal::ZeroAmount);
        }
        if amount.minor() > ENTRY_MINOR_MAX {
            return Err(HoldRefusal::AmountTooLarge);
        }
        if amount.currency() != account.currency() {
            return Err(HoldRefusal::CurrencyMismatch);
        }
        match account.code().kind() {
            AccountKind::Guarded => {
                Ok(Self { id, account, amount, expires_at, state: HoldState::Open })
            }
            AccountKind::Transit => Err(HoldRefusal::AccountNotGuarded),
        }
    }

    /// The content by which a repeat is told from another hold under the same id.
    #[must_use]
    pub fn canonical_bytes(&self) -> Vec<u8> {
        let mut bytes = Canonical::begin("hold.1");
        bytes.number(self.id.to_i64().unsigned_abs());
        bytes.text(&self.account.to_string());
        bytes.number(self.amount.minor());
        bytes.text(&self.expires_at.to_string());
        bytes.0
    }

    fn pending(&self, minor: i64) -> Delta {
        let none = Delta::none(self.account.clone());
        match self.account.code().normal_side() {
            Side::Credit => Delta { debits_pending: minor, ..none },
            Side::Debit => Delta { credits_pending: minor, ..none },
        }
    }

    fn released(&self) -> Delta {
        self.pending(-raised(self.amount.minor()))
    }

    const fn resolved_before(&self) -> Option<Refusal> {
        match self.state {
            HoldState::Open => None,
            HoldState::Posted { .. } => Some(Refusal::AlreadyPosted),
            HoldState::Voided => Some(Refusal::AlreadyVoided),
            HoldState::Expired => Some(Refusal::Expired),
        }
    }
}

impl Books {
    /// Decides a new hold. The account is to be loaded and locked.
    ///
    /// Refusals, by precedence: [`Refusal::IdSeenWithOtherContent`], [`Refusal::IdBurnt`],
    /// [`Refusal::AccountClosed`], [`Refusal::Overflow`], [`Refusal::ExceedsAvailable`].
    #[must_use]
    pub fn decide_hold(&self, seen: Option<&Seen>, hash: [u8; 32], hold: &Hold) -> PostDecision {
        match seen {
            Some(seen) => answer_again(*seen, hash),
            None => self.decide_deltas(vec![hold.pending(raised(hold.amount.minor()))]),
        }
    }

    /// Decides the end of a hold; `None` is a hold that the store does not have. A refusal leaves the
    /// hold as it is.
    ///
    /// Refusals, by precedence: [`Refusal::HoldNotFound`], [`Refusal::JournalNotOfHold`],
    /// [`Refusal::AlreadyPosted`], [`Refusal::AlreadyVoided`], [`Refusal::Expired`],
    /// [`Refusal::NotYetExpired`], [`Refusal::ExceedsHeld`], [`Refusal::AccountClosed`],
    /// [`Refusal::Overflow`], [`Refusal::ExceedsAvailable`] (of another account of the journal: what
    /// was held is there).
    #[must_use]
    pub fn decide_resolve(&self, hold: Option<&Hold>, resolve: Resolve<'_>) -> ResolveDecision {
        let Some(hold) = hold else {
            return ResolveDecision::Refuse(Refusal::HoldNotFound);
        };
        let decided = match resolve {
            Resolve::Post { journal, now } => self.post_held(hold, journal, now),
            Resolve::Void => released_as(hold, HoldState::Voided),
            Resolve::Expire { now } if hold.state == HoldState::Open && now < hold.expires_at => {
                Err(Refusal::NotYetExpired)
            }
            Resolve::Expire { .. } => released_as(hold, HoldState::Expired),
        };
        match decided {
            Ok((state, deltas)) => {
                ResolveDecision::Resolve(Resolution { hold: hold.id, state }, deltas)
            }
            Err(refusal) => ResolveDecision::Refuse(refusal),
        }
    }

    fn post_held(
        &self,
        hold: &Hold,
        journal: &Journal,
        now: Timestamp,
    ) -> Result<(HoldState, Vec<Delta>), Refusal> {
        let mut deltas = deltas_of(journal);
        let own = deltas.iter().position(|d| d.account == hold.account && d.lowers_guarded());
        let own = own.ok_or(Refusal::JournalNotOfHold)?;
        if let Some(refusal) = hold.resolved_before() {
            return Err(refusal);
        }
        if now >= hold.expires_at {
            return Err(Refusal::Expired);
        }
        let delta = deltas.remove(own);
        let amount = u64::try_from(delta.taken()).or(Err(Refusal::Overflow))?;
        if amount > hold.amount.minor() {
            return Err(Refusal::ExceedsHeld);
        }
        let amount = Amount::new(amount, hold.amount.currency()).or(Err(Refusal::Overflow))?;
        // The held account's limit is not asked again: it was when the money was set aside.
        let merged = delta.with_pending_of(hold.released());
        let own_refusal = if self.get(&hold.account).is_some_and(|account| account.closed) {
            Some(Refusal::AccountClosed)
        } else if self.can_take_in(&merged) {
            None
        } else {
            Some(Refusal::Overflow)
        };
        if let Some(refusal) = own_refusal.into_iter().chain(self.refusal_among(&deltas)).min() {
            return Err(refusal);
        }
        deltas.insert(own, merged);
        Ok((HoldState::Posted { amount }, deltas))
    }
}

fn released_as(hold: &Hold, state: HoldState) -> Result<(HoldState, Vec<Delta>), Refusal> {
    match hold.resolved_before() {
        Some(refusal) => Err(refusal),
        None => Ok((state, vec![hold.released()])),
    }
}
