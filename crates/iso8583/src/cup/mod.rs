//! The parts of the private fields that terminals in China use. Each type reads what
//! [`Value::characters`](crate::Value::characters) gives and writes what
//! [`Builder::set`](crate::Builder::set) takes.

mod extra;
mod original;
mod totals;
mod transaction;
mod upload;
mod working_keys;

pub use extra::{DigitTags, read_digit_tags, write_digit_tags};
pub use original::Original;
pub use totals::{Flag, GroupTotals, Totals};
pub use transaction::{Reading, Transaction};
pub use upload::{CardGroup, CardNumber, ROWS_MAX, UploadRow, read_upload, write_upload};
pub(crate) use upload::{FIELD as UPLOAD_FIELD, mask_upload};
pub use working_keys::{KeyEntry, WorkingKeys, WorkingKeysLayout};

use crate::{Error, Place, Why};

/// Takes parts of digits off a field, from the front.
pub(crate) struct Parts<'a> {
    field: u8,
    part: u8,
    all: usize,
    rest: &'a [u8],
}

impl<'a> Parts<'a> {
    pub(crate) const fn of(field: u8, characters: &'a [u8]) -> Self {
        Self { field, part: 0, all: characters.len(), rest: characters }
    }

    /// The next part, where there is enough left; none where the field ended before it.
    ///
    /// # Errors
    /// [`Why::Truncated`] where the field ends inside it, [`Why::BadDigit`].
    pub(crate) fn optional(&mut self, digits: usize) -> Result<Option<u64>, Error> {
        if self.rest.is_empty() {
            self.part = self.part.saturating_add(1);
            return Ok(None);
        }
        self.number(digits).map(Some)
    }

    /// # Errors
    /// [`Why::Truncated`], [`Why::BadDigit`].
    pub(crate) fn number(&mut self, digits: usize) -> Result<u64, Error> {
        let (place, offset) = self.next();
        let part = self.cut(digits, place, offset)?;
        part.iter()
            .try_fold(0u64, |sum, c| {
                let digit = c.is_ascii_digit().then(|| u64::from(c - b'0'))?;
                sum.checked_mul(10)?.checked_add(digit)
            })
            .ok_or(Error::new(place, offset, Why::BadDigit))
    }

    /// # Errors
    /// [`Why::Truncated`].
    pub(crate) fn characters(&mut self, count: usize) -> Result<&'a [u8], Error> {
        let (place, offset) = self.next();
        self.cut(count, place, offset)
    }

    pub(crate) const fn left(&self) -> usize {
        self.rest.len()
    }

    /// # Errors
    /// [`Why::TrailingBytes`] where something is left.
    pub(crate) fn end(&mut self) -> Result<(), Error> {
        let (place, offset) = self.next();
        match self.rest.len() {
            0 => Ok(()),
            count => Err(Error::new(place, offset, Why::TrailingBytes { count })),
        }
    }

    fn next(&mut self) -> (Place, usize) {
        self.part = self.part.saturating_add(1);
        (Place::part(self.field, self.part), self.all - self.rest.len())
    }

    fn cut(&mut self, needed: usize, place: Place, offset: usize) -> Result<&'a [u8], Error> {
        let cut = Error::new(place, offset, Why::Truncated { needed, left: self.rest.len() });
        let (part, rest) = self.rest.split_at_checked(needed).ok_or(cut)?;
        self.rest = rest;
        Ok(part)
    }
}

/// A number that cannot be larger than its digits allow, made smaller without loss.
pub(crate) fn narrow<T: TryFrom<u64>>(number: u64, field: u8) -> Result<T, Error> {
    T::try_from(number).or(Err(Error::new(Place::Field(field), 0, Why::BadDigit)))
}
