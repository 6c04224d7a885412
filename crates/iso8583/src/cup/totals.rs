//! Field 48 of a settlement (0500, 0510): totals of two groups of cards and what the host thinks of
//! them.

use super::{Parts, narrow};
use crate::Error;

const FIELD: u8 = 48;

/// Debits and credits of one group of cards; amounts in fen.
///
/// Debit: sales, completions, offline sales. Credit: refunds, voids of sales and of completions.
/// Pre-authorizations count nowhere, what was reversed counts nowhere, and a void does not take its
/// sale away: both count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct GroupTotals {
    pub debit_amount: u64,
    pub debit_count: u16,
    pub credit_amount: u64,
    pub credit_count: u16,
}

/// 对账应答代码.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Flag {
    /// As a terminal sends it.
    #[default]
    Asked,
    /// 对账平.
    Agreed,
    /// 对账不平.
    Differs,
    /// 对账错.
    Failed,
    /// Another digit.
    Other(u8),
}

/// Field 48 of 62 digits.
///
/// ```
/// use iso8583::cup::{Flag, GroupTotals, Totals};
/// let domestic =
///     GroupTotals { debit_amount: 12_345, debit_count: 2, ..GroupTotals::default() };
/// let totals = Totals { domestic, ..Totals::default() };
/// let digits = totals.to_string();
/// assert_eq!(digits.len(), 62);
/// assert_eq!(Totals::parse(digits.as_bytes()), Ok(totals));
/// assert_eq!(totals.flagged(Flag::Agreed, Flag::Agreed).to_string().chars().nth(30), Some('1'));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    pub domestic: GroupTotals,
    pub domestic_flag: Flag,
    pub foreign: GroupTotals,
    pub foreign_flag: Flag,
}

impl Totals {
    /// # Errors
    /// [`Error`] at the part that is cut or holds no digits, or behind the 62nd digit. Of a field that
    /// ends after the first group the second is zero.
    pub fn parse(characters: &[u8]) -> Result<Self, Error> {
        let mut parts = Parts::of(FIELD, characters);
        let (domestic, domestic_flag) = group(&mut parts)?;
        if parts.left() == 0 {
            return Ok(Self { domestic, domestic_flag, ..Self::default() });
        }
        let (foreign, foreign_flag) = group(&mut parts)?;
        parts.end()?;
        Ok(Self { domestic, domestic_flag, foreign, foreign_flag })
    }

    #[must_use]
    pub const fn flagged(self, domestic_flag: Flag, foreign_flag: Flag) -> Self {
        Self { domestic_flag, foreign_flag, ..self }
    }
}

fn group(parts: &mut Parts<'_>) -> Result<(GroupTotals, Flag), Error> {
    let debit_amount = parts.number(12)?;
    let debit_count = narrow(parts.number(3)?, FIELD)?;
    let credit_amount = parts.number(12)?;
    let credit_count = narrow(parts.number(3)?, FIELD)?;
    let flag = match parts.number(1)? {
        0 => Flag::Asked,
        1 => Flag::Agreed,
        2 => Flag::Differs,
        3 => Flag::Failed,
        other => Flag::Other(narrow(other, FIELD)?),
    };
    Ok((GroupTotals { debit_amount, debit_count, credit_amount, credit_count }, flag))
}

impl Flag {
    const fn digit(self) -> u8 {
        match self {
            Self::Asked => 0,
            Self::Agreed => 1,
            Self::Differs => 2,
            Self::Failed => 3,
            Self::Other(digit) => digit,
        }
    }
}

impl std::fmt::Display for Totals {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (group, flag) in
            [(self.domestic, self.domestic_flag), (self.foreign, self.foreign_flag)]
        {
            write!(f, "{:012}{:03}", group.debit_amount, group.debit_count)?;
            write!(f, "{:012}{:03}{}", group.credit_amount, group.credit_count, flag.digit())?;
        }
        Ok(())
    }
}
