//! Accounts: their keys, their four running sums, and what is left in them.

use std::fmt;
use std::str::FromStr;

use ids::{ChannelCode, MerchantId, OrderId, RefundId};
use jiff::civil::Date;
use money::{Currency, MINOR_MAX};

use crate::{AccountCode, AccountKind};

/// The longest owner part of a key: a channel and a number of 64 fit.
pub const OWNER_LENGTH_MAX: usize = 96;

/// The direction of an entry. Never a sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    Debit,
    Credit,
}

impl Side {
    #[must_use]
    pub const fn opposite(self) -> Self {
        match self {
            Self::Debit => Self::Credit,
            Self::Credit => Self::Debit,
        }
    }
}

/// Which account: a head of the chart, a currency, and the owner that the head asks for.
///
/// ```
/// use ledger::{AccountCode, AccountKey};
/// use money::Currency;
/// let key = AccountKey::new(AccountCode::MerchantAvailable, "mch_1", Currency::Cny)?;
/// assert_eq!(key.to_string(), "C.MER_AVAIL/CNY/mch_1");
/// assert_eq!("C.MER_AVAIL/CNY/mch_1".parse(), Ok(key));
/// # Ok::<(), ledger::AccountKeyError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountKey {
    code: AccountCode,
    currency: Currency,
    owner: String,
}

/// Why a key could not be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum AccountKeyError {
    #[error("an account's key is code/currency/owner")]
    Malformed,
    #[error("not a code of the chart of accounts")]
    UnknownCode,
    #[error("not a currency that books are kept in")]
    UnknownCurrency,
    #[error("an owner is at most {OWNER_LENGTH_MAX} long")]
    OwnerTooLong,
    #[error("an owner is of letters, digits, `_`, `-`, `.`, `:` and `*`")]
    OwnerCharacters,
}

impl AccountKey {
    /// The owner may be empty, where there is one account of its code.
    ///
    /// # Errors
    /// [`AccountKeyError::OwnerTooLong`], [`AccountKeyError::OwnerCharacters`].
    pub fn new(
        code: AccountCode,
        owner: &str,
        currency: Currency,
    ) -> Result<Self, AccountKeyError> {
        if owner.len() > OWNER_LENGTH_MAX {
            return Err(AccountKeyError::OwnerTooLong);
        }
        if !owner.bytes().all(is_plain) {
            return Err(AccountKeyError::OwnerCharacters);
        }
        Ok(Self::of(code, owner.to_owned(), currency))
    }

    /// The account of a code that has only one: `C.DUE_TO_OWN`, income, cost.
    #[must_use]
    pub const fn without_owner(code: AccountCode, currency: Currency) -> Self {
        Self::of(code, String::new(), currency)
    }

    /// `C.MER_PENDING`: what a merchant is to get from one channel's day.
    #[must_use]
    pub fn merchant_pending(
        merchant: MerchantId,
        channel: &ChannelCode,
        clearing_date: Date,
        currency: Currency,
    ) -> Self {
        let owner = format!("{merchant}:{channel}:{}", clearing_date.strftime("%Y%m%d"));
        Self::of(AccountCode::MerchantPending, owner, currency)
    }

    /// `C.MER_AVAIL`: what a merchant may take out.
    #[must_use]
    pub fn merchant_available(merchant: MerchantId, currency: Currency) -> Self {
        Self::of(AccountCode::MerchantAvailable, merchant.to_string(), currency)
    }

    /// `C.ORDER_TRANSIT`: what is paid of one combined order.
    #[must_use]
    pub fn order_transit(order: OrderId, currency: Currency) -> Self {
        Self::of(AccountCode::OrderTransit, order.to_string(), currency)
    }

    /// `C.REFUND_TRANSIT`: one refund on its way to the payer.
    #[must_use]
    pub fn refund_transit(refund: RefundId, currency: Currency) -> Self {
        Self::of(AccountCode::RefundTransit, refund.to_string(), currency)
    }

    /// `C.CH_RECV`: what a channel owes us under one of our merchant numbers there.
    ///
    /// # Errors
    /// As [`AccountKey::new`], for the number.
    pub fn channel_receivable(
        channel: &ChannelCode,
        account_no: &str,
        currency: Currency,
    ) -> Result<Self, AccountKeyError> {
        Self::new(AccountCode::ChannelReceivable, &format!("{channel}:{account_no}"), currency)
    }

    const fn of(code: AccountCode, owner: String, currency: Currency) -> Self {
        Self { code, currency, owner }
    }

    #[must_use]
    pub const fn code(&self) -> AccountCode {
        self.code
    }

    #[must_use]
    pub const fn currency(&self) -> Currency {
        self.currency
    }

    #[must_use]
    pub fn owner(&self) -> &str {
        &self.owner
    }
}

/// What the text of owners and subjects may hold: it stands in keys, exports and logs as it is.
pub(crate) const fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b':' | b'*')
}

impl fmt::Display for AccountKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.code, self.currency, self.owner)
    }
}

impl FromStr for AccountKey {
    type Err = AccountKeyError;

    fn from_str(text: &str) -> Result<Self, AccountKeyError> {
        let (code, rest) = text.split_once('/').ok_or(AccountKeyError::Malformed)?;
        let (currency, owner) = rest.split_once('/').ok_or(AccountKeyError::Malformed)?;
        let code = AccountCode::parse(code).or(Err(AccountKeyError::UnknownCode))?;
        let currency = Currency::parse(currency).or(Err(AccountKeyError::UnknownCurrency))?;
        Self::new(code, owner, currency)
    }
}

/// The four running sums of an account, each at most [`MINOR_MAX`]. There is no stored balance.
///
/// ```
/// use ledger::{Side, Sums};
/// let sums = Sums { credits_posted: 100, debits_posted: 30, debits_pending: 50, ..Sums::ZERO };
/// assert_eq!(sums.balance(Side::Credit), 70);
/// assert_eq!(sums.available(Side::Credit), 20);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sums {
    pub debits_posted: u64,
    pub credits_posted: u64,
    pub debits_pending: u64,
    pub credits_pending: u64,
}

impl Sums {
    pub const ZERO: Self =
        Self { debits_posted: 0, credits_posted: 0, debits_pending: 0, credits_pending: 0 };

    /// `None` beyond [`MINOR_MAX`] in any of the four.
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        let add = |a: u64, b: u64| a.checked_add(b).filter(|sum| *sum <= MINOR_MAX);
        Some(Self {
            debits_posted: add(self.debits_posted, other.debits_posted)?,
            credits_posted: add(self.credits_posted, other.credits_posted)?,
            debits_pending: add(self.debits_pending, other.debits_pending)?,
            credits_pending: add(self.credits_pending, other.credits_pending)?,
        })
    }

    /// What is posted, positive on the normal side.
    #[must_use]
    pub fn balance(self, normal_side: Side) -> i128 {
        let (debits, credits) = (i128::from(self.debits_posted), i128::from(self.credits_posted));
        match normal_side {
            Side::Debit => debits - credits,
            Side::Credit => credits - debits,
        }
    }

    /// The balance less what is pending against it. Pending money that would raise it does not count.
    #[must_use]
    pub fn available(self, normal_side: Side) -> i128 {
        let held = match normal_side {
            Side::Debit => self.credits_pending,
            Side::Credit => self.debits_pending,
        };
        self.balance(normal_side) - i128::from(held)
    }
}

/// An account as it was loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    pub key: AccountKey,
    pub sums: Sums,
    /// Nothing is taken from a closed account any more. Money can still come in: knowing better
    /// would mean that every credit locks its account.
    pub closed: bool,
    /// How far a guarded account may go below zero. May change at any time; what was posted stays.
    pub credit_limit: u64,
}

impl Account {
    /// An account that nothing was posted to. Accounts exist by use.
    #[must_use]
    pub const fn fresh(key: AccountKey) -> Self {
        Self { key, sums: Sums::ZERO, closed: false, credit_limit: 0 }
    }

    /// How much can be taken before the limit, in minor units. Only for guarded accounts it limits.
    #[must_use]
    pub fn available(&self) -> u64 {
        u64::try_from(self.headroom().max(0)).unwrap_or(u64::MAX)
    }

    /// Whether it is guarded and beyond its limit, as when the limit was lowered later.
    #[must_use]
    pub fn is_beyond_limit(&self) -> bool {
        match self.key.code.kind() {
            AccountKind::Guarded => self.headroom() < 0,
            AccountKind::Transit => false,
        }
    }

    fn headroom(&self) -> i128 {
        self.sums.available(self.key.code.normal_side()) + i128::from(self.credit_limit)
    }
}
