//! Splitting an amount so that the parts always give back the whole.

use crate::{Amount, AmountError};

/// Why an amount could not be split.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SplitError {
    #[error("no part has any weight")]
    NoWeight,
    #[error("a part could not be made")]
    Amount(#[from] AmountError),
}

/// Splits by weight: each part is rounded down, then the minor units left over go, one each, to the
/// parts that lost the most by rounding (the earlier part where two lost the same). A part without
/// weight gets nothing.
///
/// # Errors
/// [`SplitError::NoWeight`] when the weights are empty or all zero.
///
/// ```
/// use money::{Amount, Currency, split_by_weight};
/// let parts = split_by_weight(Amount::new(100, Currency::Cny)?, &[1, 1, 1])?;
/// assert_eq!(parts.iter().map(|p| p.minor()).collect::<Vec<_>>(), [34, 33, 33]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn split_by_weight(whole: Amount, weights: &[u32]) -> Result<Vec<Amount>, SplitError> {
    let total: u128 = weights.iter().map(|w| u128::from(*w)).sum();
    if total == 0 {
        return Err(SplitError::NoWeight);
    }
    let shares: Vec<(u128, u128)> = weights
        .iter()
        .map(|w| u128::from(whole.minor()) * u128::from(*w))
        .map(|product| (product / total, product % total))
        .collect();
    let given: u128 = shares.iter().map(|(floor, _)| floor).sum();
    let left_over = usize::try_from(u128::from(whole.minor()) - given).unwrap_or(usize::MAX);
    let mut by_loss: Vec<usize> = (0..shares.len()).collect();
    by_loss.sort_by_key(|i| std::cmp::Reverse(shares.get(*i).map_or(0, |(_, rest)| *rest)));
    let lucky = by_loss.get(..left_over).unwrap_or(&by_loss);
    let part = |(i, (floor, _)): (usize, &(u128, u128))| {
        let minor = floor + u128::from(lucky.contains(&i));
        let minor = u64::try_from(minor).or(Err(AmountError::TooLarge))?;
        Ok(Amount::new(minor, whole.currency())?)
    };
    shares.iter().enumerate().map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Currency, MINOR_MAX};
    use proptest::prelude::*;

    #[test]
    fn no_weight_is_refused() {
        let one = Amount::new(1, Currency::Cny).unwrap();
        assert_eq!(split_by_weight(one, &[]), Err(SplitError::NoWeight));
        assert_eq!(split_by_weight(one, &[0, 0]), Err(SplitError::NoWeight));
    }

    proptest! {
        #[test]
        fn parts_give_back_the_whole(minor in 0..=MINOR_MAX, weights in prop::collection::vec(0..=u32::MAX, 1..20)) {
            prop_assume!(weights.iter().any(|w| *w > 0));
            let parts = split_by_weight(Amount::new(minor, Currency::Cny).unwrap(), &weights).unwrap();
            let sum: u128 = parts.iter().map(|p| u128::from(p.minor())).sum();
            prop_assert_eq!(sum, u128::from(minor));
            for (part, weight) in parts.iter().zip(&weights) {
                prop_assert!(*weight > 0 || part.is_zero());
            }
        }
    }
}
