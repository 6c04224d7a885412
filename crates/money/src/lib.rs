//! Amounts with their currency, rates in parts per million, named rounding, and splitting that
//! gives back exactly the whole.
//!
//! There is no float, no bare integer, no `Default` and no `Add` here: two amounts meet only through
//! [`Amount::try_add`] and [`Amount::try_sub`], which refuse different currencies and overflow.

mod amount;
mod currency;
mod rate;
mod split;

pub use amount::{Amount, AmountError, MINOR_MAX};
pub use currency::{Currency, UnknownCurrency};
pub use rate::{PPM, Rate, RateTooHigh, Rounding};
pub use split::{SplitError, split_by_weight};
