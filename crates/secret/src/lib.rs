//! Values that cannot be printed, logged or serialised.
//!
//! [`Secret`] has no `Display`, no `Serialize`, no `PartialEq` (a comparison of secrets must be made
//! in constant time, by `crypto`) and a `Debug` that says nothing of the value, not even its length.
//! Reading it is one visible word: [`Secret::expose`].

use std::fmt;

/// A value of which nothing may reach a log, an error, a dump or a file.
///
/// ```
/// use secret::Secret;
/// let key = Secret::new(String::from("k"));
/// assert_eq!(format!("{key:?}"), "Secret(..)");
/// assert_eq!(key.expose(), "k");
/// ```
#[derive(Clone)]
pub struct Secret<T>(T);

impl<T> Secret<T> {
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself. Whoever calls this answers for where it goes.
    pub const fn expose(&self) -> &T {
        &self.0
    }
}

impl<T> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// A payer's one-time code (the bar code on the payer's phone): whoever holds it within its minute
/// can charge the payer, so it is a secret like a password.
///
/// ```
/// use secret::PayerCode;
/// let code = PayerCode::parse("281234567890123456").unwrap();
/// assert_eq!(format!("{code:?}"), "PayerCode(..)");
/// assert!(PayerCode::parse("28 1234").is_none());
/// ```
#[derive(Clone)]
pub struct PayerCode(String);

impl PayerCode {
    /// The longest code of any wallet is 24 digits; wallets' codes start at 16.
    pub const DIGITS: std::ops::RangeInclusive<usize> = 16..=24;

    /// `None` unless it is 16 to 24 decimal digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.bytes().all(|b| b.is_ascii_digit());
        (digits && Self::DIGITS.contains(&text.len())).then(|| Self(text.to_owned()))
    }

    /// The digits themselves, for the channel's message only.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PayerCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PayerCode(..)")
    }
}

/// A card's primary account number.
///
/// ```
/// use secret::Pan;
/// let pan = Pan::parse("6222021234567890123").unwrap();
/// assert_eq!(format!("{pan:?}"), "Pan(..)");
/// assert_eq!(pan.masked(), "622202*********0123");
/// assert_eq!(pan.last_four(), "0123");
/// assert!(Pan::parse("6222 0212 3456 7890").is_none());
/// ```
#[derive(Clone)]
pub struct Pan(String);

impl Pan {
    /// ISO 7812: the issuer's digits, the account's, and a check digit.
    pub const DIGITS: std::ops::RangeInclusive<usize> = 12..=19;
    const FRONT_SHOWN: usize = 6;
    const END_SHOWN: usize = 4;

    /// `None` unless it is 12 to 19 decimal digits. The check digit is the issuer's business: cards
    /// without a right one are in use.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.bytes().all(|b| b.is_ascii_digit());
        (digits && Self::DIGITS.contains(&text.len())).then(|| Self(text.to_owned()))
    }

    /// The digits themselves, for the PIN block and the network's message only.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The first six and the last four digits, which may be kept and shown (PCI DSS 3.3).
    #[must_use]
    pub fn masked(&self) -> String {
        let hidden = Self::FRONT_SHOWN..self.0.len() - Self::END_SHOWN;
        self.0
            .chars()
            .enumerate()
            .map(|(at, c)| if hidden.contains(&at) { '*' } else { c })
            .collect()
    }

    #[must_use]
    pub fn last_four(&self) -> &str {
        self.0.get(self.0.len() - Self::END_SHOWN..).unwrap_or_default()
    }
}

impl fmt::Debug for Pan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pan(..)")
    }
}
