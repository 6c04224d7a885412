//! Field 48 of a batch upload (0320, 60.3 = 201): rows of what the terminal holds.

use std::fmt;

use super::{Parts, narrow};
use crate::{Error, Place, Why};

pub(crate) const FIELD: u8 = 48;
/// Rows in one message.
pub const ROWS_MAX: usize = 8;
/// The digits that a card number is written in, zeros in front.
const PAN_DIGITS: usize = 20;

/// 卡类: whose scheme a card is of. Settlement keeps them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CardGroup {
    Domestic,
    Foreign,
}

impl CardGroup {
    /// 00 and 01.
    #[must_use]
    pub const fn digits(self) -> &'static str {
        match self {
            Self::Domestic => "00",
            Self::Foreign => "01",
        }
    }
}

/// Twelve to nineteen digits. `Debug` says nothing of them.
#[derive(Clone, PartialEq, Eq)]
pub struct CardNumber(String);

impl CardNumber {
    const DIGITS: std::ops::RangeInclusive<usize> = 12..=19;

    /// `None` unless it is 12 to 19 decimal digits.
    #[must_use]
    pub fn parse(digits: &str) -> Option<Self> {
        let fine = digits.bytes().all(|byte| byte.is_ascii_digit());
        (fine && Self::DIGITS.contains(&digits.len())).then(|| Self(digits.to_owned()))
    }

    /// The digits themselves. Whoever calls this answers for where they go.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for CardNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CardNumber(..)")
    }
}

/// One transaction as the terminal keeps it.
#[derive(Debug, Clone)]
pub struct UploadRow {
    pub group: CardGroup,
    pub trace: u32,
    /// None where the row's digits are no card number.
    pub pan: Option<CardNumber>,
    /// In fen.
    pub amount: u64,
}

/// # Errors
/// [`Error`] at the part that is cut, no number, or behind the last row.
pub fn read_upload(characters: &[u8]) -> Result<Vec<UploadRow>, Error> {
    let mut parts = Parts::of(FIELD, characters);
    let count: usize = narrow(parts.number(2)?, FIELD)?;
    if count > ROWS_MAX {
        let why = Why::TooLong { max: ROWS_MAX, found: count };
        return Err(Error::new(Place::part(FIELD, 1), 0, why));
    }
    let rows = (0..count).map(|_| row(&mut parts)).collect::<Result<Vec<_>, _>>()?;
    parts.end()?;
    Ok(rows)
}

fn row(parts: &mut Parts<'_>) -> Result<UploadRow, Error> {
    let group = if parts.number(2)? == 0 { CardGroup::Domestic } else { CardGroup::Foreign };
    let trace = narrow(parts.number(6)?, FIELD)?;
    let pan = parts.characters(PAN_DIGITS)?;
    let pan = std::str::from_utf8(pan)
        .ok()
        .and_then(|pan| CardNumber::parse(pan.trim_start_matches('0')));
    Ok(UploadRow { group, trace, pan, amount: parts.number(12)? })
}

/// # Errors
/// [`Why::TooLong`] beyond [`ROWS_MAX`] rows.
pub fn write_upload(rows: &[UploadRow]) -> Result<String, Error> {
    if rows.len() > ROWS_MAX {
        let why = Why::TooLong { max: ROWS_MAX, found: rows.len() };
        return Err(Error::new(Place::Field(FIELD), 0, why));
    }
    let mut digits = format!("{:02}", rows.len());
    for row in rows {
        let pan = row.pan.as_ref().map_or("", CardNumber::expose);
        digits.push_str(&format!("{}{:06}{pan:0>20}", row.group.digits(), row.trace));
        digits.push_str(&format!("{:012}", row.amount));
    }
    Ok(digits)
}

/// The digits of an upload with its card numbers masked; what is no upload is hidden behind its count.
pub(crate) fn mask_upload(digits: &str) -> String {
    let row = 2 + 6 + PAN_DIGITS + 12;
    let masked = digits.char_indices().map(|(at, c)| {
        let Some(inside) = at.checked_sub(2).map(|at| at % row) else { return c };
        // Of twenty digits the first may be zeros: only the last four are surely not the front.
        let hidden = 8..8 + PAN_DIGITS - 4;
        if hidden.contains(&inside) { '*' } else { c }
    });
    masked.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_back() {
        let pan = CardNumber::parse("6222021234567890123");
        let rows = [
            UploadRow { group: CardGroup::Domestic, trace: 7, pan, amount: 100 },
            UploadRow { group: CardGroup::Foreign, trace: 999_999, pan: None, amount: 1 },
        ];
        let digits = write_upload(&rows).unwrap();
        assert_eq!(digits.len(), 2 + 2 * 40);
        let read = read_upload(digits.as_bytes()).unwrap();
        assert_eq!(read.len(), 2);
        assert_eq!(read[0].pan.as_ref().unwrap().expose(), "6222021234567890123");
        assert_eq!((read[1].group, read[1].trace), (CardGroup::Foreign, 999_999));
        assert!(read[1].pan.is_none());
    }

    #[test]
    fn lying_counts_are_refused() {
        let check = |digits: String, code: &str| {
            assert_eq!(read_upload(digits.as_bytes()).unwrap_err().why.code(), code);
        };
        check("01".to_owned(), "truncated");
        check("09".to_owned(), "too_long");
        check(format!("01{}", "0".repeat(41)), "trailing_bytes");
        check(format!("02{}", "0".repeat(40)), "truncated");
    }
}
