//! Field 61: the transaction that a void, a refund or a completion is about.

use super::{Parts, narrow};
use crate::Error;

const FIELD: u8 = 61;

/// Field 61. Zeros stand for what the terminal does not know.
///
/// ```
/// use iso8583::cup::Original;
/// let original = Original::parse(b"0000010005071120").unwrap();
/// assert_eq!((original.batch, original.trace, original.date), (1, 507, Some((11, 20))));
/// assert_eq!(original.to_string(), "0000010005071120");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Original {
    /// 61.1 原始交易批次号; 0 unknown.
    pub batch: u32,
    /// 61.2 原始交易流水号; 0 unknown.
    pub trace: u32,
    /// 61.3 原始交易日期, month and day; none where the field is shorter or zeros.
    pub date: Option<(u8, u8)>,
}

impl Original {
    /// # Errors
    /// [`Error`] at the part that is cut or holds no digits. The mode and the institution of the
    /// authorization (61.4, 61.5) are passed over.
    pub fn parse(characters: &[u8]) -> Result<Self, Error> {
        let mut parts = Parts::of(FIELD, characters);
        let batch = narrow(parts.number(6)?, FIELD)?;
        let trace = narrow(parts.number(6)?, FIELD)?;
        let date = parts.optional(4)?.filter(|date| *date != 0);
        let date = date.map(|date| Ok((narrow(date / 100, FIELD)?, narrow(date % 100, FIELD)?)));
        Ok(Self { batch, trace, date: date.transpose()? })
    }
}

impl std::fmt::Display for Original {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:06}{:06}", self.batch, self.trace)?;
        let Some((month, day)) = self.date else { return Ok(()) };
        write!(f, "{month:02}{day:02}")
    }
}
