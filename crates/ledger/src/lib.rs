//! Double-entry books: the chart of accounts, journals, posting rules, holds, and their checks.
//!
//! Everything here is pure: a [`Journal`] is valid by construction, [`Books`] decides whether it may
//! be posted, and the caller stores what was decided. Customers' money and our own are two books
//! that each balance alone, with mirrors between them, so that a journal which would use customers'
//! money for our own ends cannot be made.
//!
//! ```
//! use ids::JournalId;
//! use ledger::{AccountCode, AccountKey, Books, Header, PostDecision, rules};
//! use money::{Amount, Currency};
//!
//! let receivable = AccountKey::new(AccountCode::ChannelReceivable, "alipay:2088", Currency::Cny)?;
//! let pending = AccountKey::new(AccountCode::MerchantPending, "mch_1:alipay:20261120", Currency::Cny)?;
//! let head = Header {
//!     id: JournalId::from_i64(1)?,
//!     subject: "pay_1".to_owned(),
//!     accounting_date: jiff::civil::date(2026, 11, 20),
//!     booked_at: "2026-11-20T02:00:00Z".parse()?,
//! };
//! let hundred = Amount::new(10_000, Currency::Cny)?;
//! let journal = rules::payment_succeeded(head, receivable, pending.clone(), hundred)?;
//!
//! let mut books = Books::default();
//! let PostDecision::Post(deltas) = books.decide_post(None, [7; 32], &journal) else { panic!() };
//! books.apply(&deltas);
//! assert_eq!(books.available(&pending), 10_000);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod account;
mod chart;
pub mod export;
mod hold;
mod journal;
mod post;
mod rule;
pub mod rules;
mod trial_balance;
pub use account::{Account, AccountKey, AccountKeyError, OWNER_LENGTH_MAX, Side, Sums};
pub use chart::{AccountCode, AccountKind, Book, UnknownAccountCode};
pub use hold::{Hold, HoldRefusal, HoldState, Resolution, Resolve, ResolveDecision};
pub use journal::{
    ENTRIES_MAX, ENTRY_MINOR_MAX, Entry, Header, Journal, JournalDraft, JournalRefusal,
    SUBJECT_LENGTH_MAX,
};
pub use post::{Books, Delta, PostDecision, Refusal, Retry, Seen};
pub use rule::{Leg, Rule, UnknownRule};
pub use trial_balance::{Finding, Mirror, Reserve, Totals, TrialBalance, trial_balance};

#[cfg(test)]
mod tests;
