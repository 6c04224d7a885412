//! An amount of money: minor units and their currency.

use std::fmt;

use crate::Currency;

/// The largest amount: it still fits a signed 64-bit column of both stores.
pub const MINOR_MAX: u64 = i64::MAX.unsigned_abs();

/// Minor units (fen for yuan) of one currency, from 0 to [`MINOR_MAX`].
///
/// ```
/// use money::{Amount, Currency};
/// let till = Amount::new(10_000, Currency::Cny)?;
/// assert_eq!(till.to_major(), "100.00");
/// assert_eq!(till.try_sub(Amount::new(1, Currency::Cny)?)?.minor(), 9_999);
/// # Ok::<(), money::AmountError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Amount {
    minor: u64,
    currency: Currency,
}

/// Why an amount could not be made or combined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    #[error("the text is not an amount of this currency")]
    Malformed,
    #[error("amounts of different currencies do not combine")]
    CurrencyMismatch,
    #[error("the amount is above the largest that can be kept")]
    TooLarge,
    #[error("the amount would fall below zero")]
    BelowZero,
}

impl Amount {
    /// # Errors
    /// [`AmountError::TooLarge`] above [`MINOR_MAX`].
    pub const fn new(minor: u64, currency: Currency) -> Result<Self, AmountError> {
        if minor > MINOR_MAX {
            return Err(AmountError::TooLarge);
        }
        Ok(Self { minor, currency })
    }

    #[must_use]
    pub const fn zero(currency: Currency) -> Self {
        Self { minor: 0, currency }
    }

    /// Reads the major unit as this market's channels write it: `100.00`, `0.1`, `7`.
    ///
    /// # Errors
    /// [`AmountError::Malformed`] for signs, blanks, exponents, grouping, or more decimals than the
    /// currency has; [`AmountError::TooLarge`] above [`MINOR_MAX`].
    ///
    /// ```
    /// use money::{Amount, AmountError, Currency};
    /// assert_eq!(Amount::parse_major("0.5", Currency::Cny)?.minor(), 50);
    /// assert_eq!(Amount::parse_major("0.001", Currency::Cny), Err(AmountError::Malformed));
    /// # Ok::<(), AmountError>(())
    /// ```
    pub fn parse_major(text: &str, currency: Currency) -> Result<Self, AmountError> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let digits_only = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        let dot_without_digits = text.contains('.') && fraction.is_empty();
        if whole.is_empty() || dot_without_digits || !digits_only(whole) || !digits_only(fraction) {
            return Err(AmountError::Malformed);
        }
        let decimals = usize::try_from(currency.decimals()).unwrap_or(usize::MAX);
        if fraction.len() > decimals {
            return Err(AmountError::Malformed);
        }
        let padded = format!("{whole}{fraction:0<decimals$}");
        let minor = padded.parse::<u64>().or(Err(AmountError::TooLarge))?;
        Self::new(minor, currency)
    }

    /// The major unit with all its decimals: `100.00`.
    #[must_use]
    pub fn to_major(self) -> String {
        match self.currency.decimals() {
            0 => self.minor.to_string(),
            decimals => {
                let unit = 10_u64.pow(decimals);
                let width = usize::try_from(decimals).unwrap_or(0);
                format!("{}.{:0width$}", self.minor / unit, self.minor % unit)
            }
        }
    }

    #[must_use]
    pub const fn minor(self) -> u64 {
        self.minor
    }

    #[must_use]
    pub const fn currency(self) -> Currency {
        self.currency
    }

    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.minor == 0
    }

    /// # Errors
    /// [`AmountError::CurrencyMismatch`], [`AmountError::TooLarge`].
    pub fn try_add(self, other: Self) -> Result<Self, AmountError> {
        self.same_currency(other)?;
        let minor = self.minor.checked_add(other.minor).ok_or(AmountError::TooLarge)?;
        Self::new(minor, self.currency)
    }

    /// # Errors
    /// [`AmountError::CurrencyMismatch`], [`AmountError::BelowZero`].
    pub fn try_sub(self, other: Self) -> Result<Self, AmountError> {
        self.same_currency(other)?;
        let minor = self.minor.checked_sub(other.minor).ok_or(AmountError::BelowZero)?;
        Self::new(minor, self.currency)
    }

    /// # Errors
    /// [`AmountError::CurrencyMismatch`].
    pub fn try_cmp(self, other: Self) -> Result<std::cmp::Ordering, AmountError> {
        self.same_currency(other)?;
        Ok(self.minor.cmp(&other.minor))
    }

    fn same_currency(self, other: Self) -> Result<(), AmountError> {
        if self.currency == other.currency { Ok(()) } else { Err(AmountError::CurrencyMismatch) }
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.to_major(), self.currency)
    }
}

impl fmt::Debug for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn major_text_reads_and_writes() {
        for (text, minor) in
            [("0", 0), ("0.01", 1), ("1", 100), ("1.5", 150), ("12345.67", 1_234_567)]
        {
            assert_eq!(Amount::parse_major(text, Currency::Cny).unwrap().minor(), minor, "{text}");
        }
        assert_eq!(Amount::parse_major("12", Currency::Jpy).unwrap().to_major(), "12");
    }

    #[test]
    fn other_text_is_refused() {
        for text in
            ["", ".", "1.", ".5", "-1", "+1", " 1", "1 ", "1,000", "1e3", "0.001", "１", "NaN"]
        {
            assert_eq!(
                Amount::parse_major(text, Currency::Cny),
                Err(AmountError::Malformed),
                "{text}"
            );
        }
        for text in ["99999999999999999999", "92233720368547758.08"] {
            assert_eq!(
                Amount::parse_major(text, Currency::Cny),
                Err(AmountError::TooLarge),
                "{text}"
            );
        }
    }

    #[test]
    fn combining_refuses_other_currencies_overflow_and_debt() {
        let fen = |n| Amount::new(n, Currency::Cny).unwrap();
        let cent = Amount::new(1, Currency::Usd).unwrap();
        assert_eq!(fen(1).try_add(cent), Err(AmountError::CurrencyMismatch));
        assert_eq!(fen(MINOR_MAX).try_add(fen(1)), Err(AmountError::TooLarge));
        assert_eq!(fen(1).try_sub(fen(2)), Err(AmountError::BelowZero));
        assert_eq!(Amount::new(MINOR_MAX + 1, Currency::Cny), Err(AmountError::TooLarge));
    }

    proptest! {
        #[test]
        fn major_text_round_trips(minor in 0..=MINOR_MAX) {
            for currency in Currency::ALL {
                let amount = Amount::new(minor, currency).unwrap();
                prop_assert_eq!(Amount::parse_major(&amount.to_major(), currency), Ok(amount));
            }
        }
    }
}
