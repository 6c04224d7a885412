//! Field 59: elements of two characters, three digits of length, and a value.

use crate::{Error, Place, Why};

const FIELD: u8 = 59;

/// The elements in their order: `A1` an enciphered PIN block, `A2` the device, `A3` a payer's code,
/// `A4` the number of a QR payment.
pub type DigitTags<'a> = Vec<([u8; 2], &'a [u8])>;

/// ```
/// use iso8583::cup::{read_digit_tags, write_digit_tags};
/// let field = write_digit_tags(&[(*b"A3", b"6212345678901234567")]).unwrap();
/// assert_eq!(field, b"A30196212345678901234567");
/// assert_eq!(read_digit_tags(&field).unwrap(), [(*b"A3", &b"6212345678901234567"[..])]);
/// ```
///
/// # Errors
/// [`Why::BadTlv`] where it is not made so; vendors also put fixed text here.
pub fn read_digit_tags(bytes: &[u8]) -> Result<DigitTags<'_>, Error> {
    let mut tags = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let refused = Error::new(Place::Field(FIELD), bytes.len() - rest.len(), Why::BadTlv);
        let (tag, behind) = rest.split_first_chunk::<2>().ok_or(refused)?;
        let (length, behind) = behind.split_first_chunk::<3>().ok_or(refused)?;
        let length = length
            .iter()
            .try_fold(0, |sum, c| c.is_ascii_digit().then(|| sum * 10 + usize::from(c - b'0')));
        let length = length.filter(|_| tag.iter().all(u8::is_ascii_alphanumeric)).ok_or(refused)?;
        let (value, behind) = behind.split_at_checked(length).ok_or(refused)?;
        tags.push((*tag, value));
        rest = behind;
    }
    Ok(tags)
}

/// # Errors
/// [`Why::TooLong`] beyond 999 bytes in one element.
pub fn write_digit_tags(tags: &[([u8; 2], &[u8])]) -> Result<Vec<u8>, Error> {
    let mut out = Vec::new();
    for (tag, value) in tags {
        let found = value.len();
        if found > 999 {
            return Err(Error::new(Place::Field(FIELD), 0, Why::TooLong { max: 999, found }));
        }
        out.extend_from_slice(tag);
        out.extend_from_slice(format!("{found:03}").as_bytes());
        out.extend_from_slice(value);
    }
    Ok(out)
}
