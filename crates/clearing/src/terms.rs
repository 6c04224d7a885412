//! What a fee is made of: percent, fixed part, tiers, floor and cap.

use money::{PPM, Rate, Rounding};

/// Tiers of one rule.
pub const TIERS_MAX: usize = 32;

/// How a trade is priced. Amounts are minor units of the schedule's currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    pub base: Base,
    /// 保底: at least this much.
    pub floor: Option<u64>,
    /// 封顶: at most this much.
    pub cap: Option<u64>,
    pub side: Side,
    /// The usual one is half up, per trade.
    pub rounding: Rounding,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Base {
    /// A share of the amount, a fixed part, or both. Neither: free.
    Flat { rate: Rate, fixed: u64 },
    /// By the amount of the trade.
    ByAmount { tiers: Vec<Tier>, tiering: Tiering },
    /// By the volume of the period before the trade.
    ByVolume { tiers: Vec<Tier>, tiering: Tiering },
}

/// The price from an amount or volume on, to the next tier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tier {
    pub from: u64,
    pub rate: Rate,
    pub fixed: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tiering {
    /// 全额: the whole trade at the price of its tier.
    Whole,
    /// 超额累进: each part of the trade at the price of the tier that it lies in; the fixed part is that
    /// of the tier in which the trade ends.
    Marginal,
}

/// Who pays it, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// 内扣: deducted from the amount, so never more than it.
    Deducted,
    /// 外扣: paid beside the amount.
    Added,
}

/// Why terms make no price, by precedence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum TermsRefusal {
    #[error("there are no tiers")]
    NoTiers,
    #[error("there are more than {TIERS_MAX} tiers")]
    TooManyTiers,
    #[error("the first tier does not begin at 0")]
    TiersNotFromZero,
    #[error("each tier begins above the one before")]
    TiersNotAscending,
    #[error("the cap is below the floor")]
    CapBelowFloor,
}

impl TermsRefusal {
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NoTiers => "no_tiers",
            Self::TooManyTiers => "too_many_tiers",
            Self::TiersNotFromZero => "tiers_not_from_zero",
            Self::TiersNotAscending => "tiers_not_ascending",
            Self::CapBelowFloor => "cap_below_floor",
        }
    }
}

impl Terms {
    /// # Errors
    /// The first of [`TermsRefusal`] that applies.
    pub fn check(&self) -> Result<(), TermsRefusal> {
        match &self.base {
            Base::Flat { .. } => {}
            Base::ByAmount { tiers, .. } | Base::ByVolume { tiers, .. } => check_tiers(tiers)?,
        }
        match (self.floor, self.cap) {
            (Some(floor), Some(cap)) if cap < floor => Err(TermsRefusal::CapBelowFloor),
            _ => Ok(()),
        }
    }

    /// The fee for an amount, in minor units; `volume` is what the period had before. An amount of
    /// zero costs nothing. `None` beyond 64 bits.
    #[must_use]
    pub fn fee(&self, amount: u64, volume: u64) -> Option<u64> {
        if amount == 0 {
            return Some(0);
        }
        let (product, fixed) = self.base.price(amount, volume)?;
        let fee = rounded(product, self.rounding)?.checked_add(fixed)?;
        let fee = fee.max(self.floor.unwrap_or(0)).min(self.cap.unwrap_or(u64::MAX));
        Some(match self.side {
            Side::Deducted => fee.min(amount),
            Side::Added => fee,
        })
    }
}

impl Base {
    /// The amount times its rate, in millionths of a minor unit, and the fixed part.
    fn price(&self, amount: u64, volume: u64) -> Option<(u128, u64)> {
        match self {
            Self::Flat { rate, fixed } => Some((product(amount, *rate), *fixed)),
            Self::ByAmount { tiers, tiering } => match tiering {
                Tiering::Whole => whole(tiers, amount, amount),
                Tiering::Marginal => marginal(tiers, 0, amount),
            },
            Self::ByVolume { tiers, tiering } => match tiering {
                Tiering::Whole => whole(tiers, amount, volume),
                Tiering::Marginal => marginal(tiers, volume, volume.checked_add(amount)?),
            },
        }
    }
}

fn check_tiers(tiers: &[Tier]) -> Result<(), TermsRefusal> {
    let first = tiers.first().ok_or(TermsRefusal::NoTiers)?;
    if tiers.len() > TIERS_MAX {
        return Err(TermsRefusal::TooManyTiers);
    }
    if first.from != 0 {
        return Err(TermsRefusal::TiersNotFromZero);
    }
    if !tiers.is_sorted_by(|a, b| a.from < b.from) {
        return Err(TermsRefusal::TiersNotAscending);
    }
    Ok(())
}

fn product(amount: u64, rate: Rate) -> u128 {
    u128::from(amount) * u128::from(rate.ppm())
}

/// The tier that `at` lies in.
fn tier_of(tiers: &[Tier], at: u64) -> Option<&Tier> {
    tiers.iter().rfind(|tier| tier.from <= at)
}

fn whole(tiers: &[Tier], amount: u64, at: u64) -> Option<(u128, u64)> {
    let tier = tier_of(tiers, at)?;
    Some((product(amount, tier.rate), tier.fixed))
}

/// The parts of `from..to`, each at its tier's rate; rounded together, once.
fn marginal(tiers: &[Tier], from: u64, to: u64) -> Option<(u128, u64)> {
    let ends = tiers.iter().skip(1).map(|tier| tier.from).chain([u64::MAX]);
    let parts = tiers.iter().zip(ends).map(|(tier, end)| {
        let part = end.min(to).saturating_sub(tier.from.max(from));
        product(part, tier.rate)
    });
    // The trade ends in the tier of its last minor unit.
    let last = tier_of(tiers, to.saturating_sub(1))?;
    Some((parts.sum(), last.fixed))
}

/// Millionths of a minor unit to whole ones.
pub(crate) fn rounded(product: u128, rounding: Rounding) -> Option<u64> {
    divided(product, u128::from(PPM), rounding)
}

pub(crate) fn divided(product: u128, by: u128, rounding: Rounding) -> Option<u64> {
    let (floor, rest) = (product.checked_div(by)?, product.checked_rem(by)?);
    let up = match rounding {
        Rounding::Floor => false,
        Rounding::HalfUp => rest * 2 >= by,
        Rounding::HalfEven => rest * 2 > by || (rest * 2 == by && floor % 2 == 1),
        Rounding::Ceiling => rest > 0,
    };
    u64::try_from(floor + u128::from(up)).ok()
}
