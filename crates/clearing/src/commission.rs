//! Commission by rate difference: from the merchant's price down to the channel's cost, each level
//! earns what lies between its own price and the one above.

use money::Amount;

use crate::terms::Terms;

/// Why there are no shares, by precedence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum CommissionRefusal {
    #[error("a price is beyond what an amount can be")]
    Overflow,
    #[error("a level pays more than the one above it: it would earn less than nothing")]
    PriceAboveParent,
}

impl CommissionRefusal {
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Overflow => "overflow",
            Self::PriceAboveParent => "price_above_parent",
        }
    }
}

/// Who earns what of a fee. All of it together is the fee, to the last minor unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shares {
    pub fee: Amount,
    /// Each level's part, from the one nearest to the merchant.
    pub levels: Vec<Amount>,
    pub platform: Amount,
    pub channel: Amount,
}

/// Shares out the fee of an amount: `prices` are the merchant's, then each level's from the one
/// nearest to the merchant to the highest; `cost` is the channel's. Each price is rounded by itself
/// and the differences are taken; a difference is never rounded, so nothing is lost between.
///
/// # Errors
/// The first of [`CommissionRefusal`] that applies.
pub fn shares(
    amount: Amount,
    merchant: &Terms,
    levels: &[Terms],
    cost: &Terms,
) -> Result<Shares, CommissionRefusal> {
    let price = |terms: &Terms| {
        let fee = terms.fee(amount.minor(), 0);
        let fee = fee.and_then(|minor| Amount::new(minor, amount.currency()).ok());
        fee.ok_or(CommissionRefusal::Overflow)
    };
    let fee = price(merchant)?;
    let channel = price(cost)?;
    let mut rest = fee;
    let mut earned = Vec::new();
    for terms in levels {
        let own = price(terms)?;
        earned.push(rest.try_sub(own).or(Err(CommissionRefusal::PriceAboveParent))?);
        rest = own;
    }
    let platform = rest.try_sub(channel).or(Err(CommissionRefusal::PriceAboveParent))?;
    Ok(Shares { fee, levels: earned, platform, channel })
}
