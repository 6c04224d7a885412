//! Splitting a fee, a cost or a discount over the legs that share it.

use money::Amount;

/// Why nothing could be split, by precedence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum SplitRefusal {
    #[error("no share has any weight")]
    NoWeight,
}

impl SplitRefusal {
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NoWeight => "no_weight",
        }
    }
}

/// Splits by weight, to the last minor unit: each part is rounded down, then what is left goes, one
/// unit each, to the parts that lost the most (the smaller id where two lost the same). The order of
/// the shares changes nothing, and a share without weight gets nothing. The parts come in the order
/// of the shares.
///
/// # Errors
/// [`SplitRefusal::NoWeight`]
///
/// ```
/// use clearing::split;
/// use money::{Amount, Currency::Cny};
/// let parts = split(Amount::new(15, Cny)?, &[(1, 80), (2, 8), (3, 12)])?;
/// assert_eq!(parts.iter().map(|part| part.minor()).collect::<Vec<_>>(), [12, 1, 2]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn split<Id: Ord + Copy>(
    whole: Amount,
    shares: &[(Id, u64)],
) -> Result<Vec<Amount>, SplitRefusal> {
    let total: u128 = shares.iter().map(|(_, weight)| u128::from(*weight)).sum();
    if total == 0 {
        return Err(SplitRefusal::NoWeight);
    }
    let product = |weight: u64| u128::from(whole.minor()) * u128::from(weight);
    let mut parts: Vec<u128> = shares.iter().map(|(_, w)| product(*w) / total).collect();
    let left = u128::from(whole.minor()) - parts.iter().sum::<u128>();
    let mut by_loss: Vec<usize> = (0..shares.len()).collect();
    by_loss.sort_by_key(|i| {
        let share = shares.get(*i);
        let loss = share.map_or(0, |(_, weight)| product(*weight) % total);
        (std::cmp::Reverse(loss), share.map(|(id, _)| *id))
    });
    for i in by_loss.into_iter().take(usize::try_from(left).unwrap_or(usize::MAX)) {
        if let Some(part) = parts.get_mut(i) {
            *part += 1;
        }
    }
    let currency = whole.currency();
    let amount =
        |minor: u128| u64::try_from(minor).ok().and_then(|m| Amount::new(m, currency).ok());
    // No part is above the whole.
    Ok(parts.into_iter().map(|minor| amount(minor).unwrap_or(whole)).collect())
}
