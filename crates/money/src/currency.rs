//! The closed list of currencies: code and number of ISO 4217, and how many decimals it writes.

use std::fmt;

/// A currency of ISO 4217 that the platform keeps books in.
///
/// ```
/// use money::Currency;
/// assert_eq!(Currency::parse("CNY"), Ok(Currency::Cny));
/// assert_eq!(Currency::Cny.numeric(), "156");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Currency {
    Cny,
    Hkd,
    Jpy,
    Usd,
}

/// The text is not the code of a currency in the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the currency is not one of CNY, HKD, JPY, USD")]
pub struct UnknownCurrency;

impl Currency {
    pub const ALL: [Self; 4] = [Self::Cny, Self::Hkd, Self::Jpy, Self::Usd];

    /// # Errors
    /// [`UnknownCurrency`] unless the text is exactly a code of the list, in capitals.
    pub fn parse(code: &str) -> Result<Self, UnknownCurrency> {
        Self::ALL.into_iter().find(|c| c.code() == code).ok_or(UnknownCurrency)
    }

    /// The three letters of ISO 4217.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Cny => "CNY",
            Self::Hkd => "HKD",
            Self::Jpy => "JPY",
            Self::Usd => "USD",
        }
    }

    /// The three digits of ISO 4217, as card and UnionPay messages write them.
    #[must_use]
    pub const fn numeric(self) -> &'static str {
        match self {
            Self::Cny => "156",
            Self::Hkd => "344",
            Self::Jpy => "392",
            Self::Usd => "840",
        }
    }

    /// Decimals of the major unit: 2 for yuan and fen.
    #[must_use]
    pub const fn decimals(self) -> u32 {
        match self {
            Self::Cny | Self::Hkd | Self::Usd => 2,
            Self::Jpy => 0,
        }
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}
