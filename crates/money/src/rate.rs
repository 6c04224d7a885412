//! Rates as integer parts per million, and rounding that says its name.

use crate::{Amount, AmountError};

/// Parts in the whole: 6,000 ppm is 0.6 %.
pub const PPM: u64 = 1_000_000;

/// A share of an amount, from nothing to the whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rate(u64);

/// A rate above the whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a rate is at most {PPM} ppm")]
pub struct RateTooHigh;

/// What becomes of the part below one minor unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rounding {
    /// Dropped.
    Floor,
    /// Half and above counts as one: how WeChat Pay rounds its fee, by one secondary source.
    HalfUp,
    /// Half goes to the even neighbour.
    HalfEven,
    /// Any part counts as one.
    Ceiling,
}

impl Rate {
    /// # Errors
    /// [`RateTooHigh`] above [`PPM`].
    pub const fn from_ppm(ppm: u64) -> Result<Self, RateTooHigh> {
        if ppm > PPM { Err(RateTooHigh) } else { Ok(Self(ppm)) }
    }

    #[must_use]
    pub const fn ppm(self) -> u64 {
        self.0
    }

    /// This share of `amount`, in whole minor units.
    ///
    /// # Errors
    /// None for a rate that exists; the signature keeps the amount's own checks.
    ///
    /// ```
    /// use money::{Amount, Currency, Rate, Rounding};
    /// let rate = Rate::from_ppm(6_000).unwrap();
    /// let amount = Amount::new(600, Currency::Cny)?;
    /// assert_eq!(rate.of(amount, Rounding::HalfUp)?.minor(), 4); // 3.6 fen
    /// assert_eq!(rate.of(amount, Rounding::Floor)?.minor(), 3);
    /// # Ok::<(), money::AmountError>(())
    /// ```
    pub fn of(self, amount: Amount, rounding: Rounding) -> Result<Amount, AmountError> {
        let product = u128::from(amount.minor()) * u128::from(self.0);
        let whole = u128::from(PPM);
        let (floor, rest) = (product / whole, product % whole);
        let up = match rounding {
            Rounding::Floor => false,
            Rounding::HalfUp => rest * 2 >= whole,
            Rounding::HalfEven => rest * 2 > whole || (rest * 2 == whole && floor % 2 == 1),
            Rounding::Ceiling => rest > 0,
        };
        let minor = u64::try_from(floor + u128::from(up)).or(Err(AmountError::TooLarge))?;
        Amount::new(minor, amount.currency())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Currency;

    #[test]
    fn rounding_table() {
        use Rounding::{Ceiling, Floor, HalfEven, HalfUp};
        // minor, ppm, rounding => minor
        for (minor, ppm, rounding, expect) in [
            (250, 6_000, Floor, 1),
            (250, 6_000, HalfUp, 2),
            (250, 6_000, HalfEven, 2),
            (750, 6_000, HalfEven, 4),
            (1_250, 2_000, HalfEven, 2),
            (1, 1, Ceiling, 1),
            (1, 1, HalfUp, 0),
            (crate::MINOR_MAX, PPM, HalfUp, crate::MINOR_MAX),
        ] {
            let amount = Amount::new(minor, Currency::Cny).unwrap();
            let got = Rate::from_ppm(ppm).unwrap().of(amount, rounding).unwrap().minor();
            assert_eq!(got, expect, "{minor} x {ppm} {rounding:?}");
        }
        assert_eq!(Rate::from_ppm(PPM + 1), Err(RateTooHigh));
    }
}
