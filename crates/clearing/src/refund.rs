//! The fee of a refund: by cumulative difference, so that any series of partial refunds that gives
//! back the whole gives back the fee to the last minor unit.

use money::{Amount, Rounding};

use crate::terms::divided;

/// Whether a refund brings the fee back: a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FeeOnRefund {
    Returned,
    Kept,
}

/// Why there is no fee of a refund, by precedence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum RefundFeeRefusal {
    #[error("refund and payment are in different currencies")]
    CurrencyMismatch,
    #[error("more is refunded than was paid")]
    MoreThanPaid,
}

impl RefundFeeRefusal {
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::CurrencyMismatch => "currency_mismatch",
            Self::MoreThanPaid => "more_than_paid",
        }
    }
}

/// `round(fee * refunded in total / amount) - returned before`, half up. The fee is the one that was
/// charged, never one computed anew: a price that has changed since plays no part.
///
/// # Errors
/// The first of [`RefundFeeRefusal`] that applies.
///
/// ```
/// use clearing::{FeeOnRefund, fee_returned};
/// use money::{Amount, Currency::Cny};
/// let fen = |minor| Amount::new(minor, Cny);
/// // 100.00 with a fee of 0.60, refunded 1.00 at a time: 1, 0, 1, 0, 1, 1, ...
/// let back = |k: u64| Ok::<_, Box<dyn std::error::Error>>(
///     fee_returned((fen(60)?, fen(10_000)?), fen(100)?, fen(k * 100)?, FeeOnRefund::Returned)?.minor(),
/// );
/// assert_eq!((0..6).map(back).collect::<Result<Vec<_>, _>>()?, [1, 0, 1, 0, 1, 1]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn fee_returned(
    (fee, amount): (Amount, Amount),
    refund: Amount,
    before: Amount,
    setting: FeeOnRefund,
) -> Result<Amount, RefundFeeRefusal> {
    let currency = amount.currency();
    if [fee, refund, before].iter().any(|other| other.currency() != currency) {
        return Err(RefundFeeRefusal::CurrencyMismatch);
    }
    let total = before.try_add(refund).or(Err(RefundFeeRefusal::MoreThanPaid))?;
    if total.minor() > amount.minor() {
        return Err(RefundFeeRefusal::MoreThanPaid);
    }
    if setting == FeeOnRefund::Kept || amount.is_zero() {
        return Ok(Amount::zero(currency));
    }
    let so_far = |refunded: Amount| {
        let product = u128::from(fee.minor()) * u128::from(refunded.minor());
        divided(product, u128::from(amount.minor()), Rounding::HalfUp)
    };
    // Both are at most the fee, and the second is not above the first.
    let back = so_far(total).zip(so_far(before)).and_then(|(now, then)| now.checked_sub(then));
    let back = back.and_then(|minor| Amount::new(minor, currency).ok());
    back.ok_or(RefundFeeRefusal::MoreThanPaid)
}
