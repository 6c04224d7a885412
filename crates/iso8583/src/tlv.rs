//! BER-TLV as chip cards use it (EMV book 3, annex B): tags of one to three bytes, lengths of one to
//! three.

use crate::{Error, Place, Why};

/// The longest tag.
const TAG_BYTES_MAX: usize = 3;
/// Elements in one field: a bound on work, far above what chip data holds.
pub const ELEMENTS_MAX: usize = 128;

/// One element.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Element<'a> {
    /// The tag's bytes as a number: 0x9F26.
    pub tag: u32,
    pub value: &'a [u8],
}

impl std::fmt::Debug for Element<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Element({:X}, {} bytes)", self.tag, self.value.len())
    }
}

/// Reads the elements of a field.
///
/// ```
/// use iso8583::tlv;
/// let elements = tlv::parse(55, &[0x9F, 0x36, 0x02, 0x00, 0x13, 0x95, 0x01, 0x80]).unwrap();
/// assert_eq!((elements[0].tag, elements[0].value), (0x9F36, &[0x00, 0x13][..]));
/// assert_eq!(elements[1].tag, 0x95);
/// ```
///
/// # Errors
/// [`Why::BadTlv`] or [`Why::Truncated`] at the element; the offset is the one inside the field.
pub fn parse(field: u8, bytes: &[u8]) -> Result<Vec<Element<'_>>, Error> {
    let mut elements = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let at = bytes.len() - rest.len();
        let (tag, behind) = tag(rest).ok_or(Error::new(Place::Field(field), at, Why::BadTlv))?;
        let refused = |why| Error::new(Place::tag(field, tag), at, why);
        let (length, behind) = length(behind).ok_or(refused(Why::BadTlv))?;
        let cut = refused(Why::Truncated { needed: length, left: behind.len() });
        let (value, behind) = behind.split_at_checked(length).ok_or(cut)?;
        if elements.len() == ELEMENTS_MAX {
            let why = Why::TooLong { max: ELEMENTS_MAX, found: ELEMENTS_MAX + 1 };
            return Err(refused(why));
        }
        elements.push(Element { tag, value });
        rest = behind;
    }
    Ok(elements)
}

/// The first element of a tag.
#[must_use]
pub fn find<'a>(elements: &[Element<'a>], tag: u32) -> Option<&'a [u8]> {
    elements.iter().find(|element| element.tag == tag).map(|element| element.value)
}

/// Writes an element behind what is there.
///
/// # Errors
/// [`Why::TooLong`] beyond 65,535 bytes.
pub fn write(field: u8, tag: u32, value: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
    let tag_bytes = tag.to_be_bytes();
    let skip = tag_bytes.iter().take_while(|byte| **byte == 0).count().min(3);
    out.extend(tag_bytes.iter().skip(skip));
    let found = value.len();
    match (u8::try_from(found), u16::try_from(found)) {
        (Ok(short @ 0..=0x7F), _) => out.push(short),
        (Ok(long), _) => out.extend([0x81, long]),
        (Err(_), Ok(longer)) => {
            out.push(0x82);
            out.extend(longer.to_be_bytes());
        }
        (Err(_), Err(_)) => {
            let why = Why::TooLong { max: usize::from(u16::MAX), found };
            return Err(Error::new(Place::tag(field, tag), 0, why));
        }
    }
    out.extend_from_slice(value);
    Ok(())
}

/// A tag goes on while its low five bits are all set, then while the highest bit is.
fn tag(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (first, mut rest) = bytes.split_first()?;
    let mut tag = u32::from(*first);
    if *first == 0 {
        return None;
    }
    if first & 0x1F != 0x1F {
        return Some((tag, rest));
    }
    for _ in 1..TAG_BYTES_MAX {
        let (next, behind) = rest.split_first()?;
        tag = tag << 8 | u32::from(*next);
        rest = behind;
        if next & 0x80 == 0 {
            return Some((tag, rest));
        }
    }
    None
}

fn length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (first, rest) = bytes.split_first()?;
    match first {
        0..=0x7F => Some((usize::from(*first), rest)),
        0x81 => rest.split_first().map(|(length, rest)| (usize::from(*length), rest)),
        0x82 => rest
            .split_first_chunk::<2>()
            .map(|(length, rest)| (usize::from(u16::from_be_bytes(*length)), rest)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_no_tlv_is_refused() {
        let check = |hex: &str, code: &str, offset: usize| {
            let bytes = hex::decode(hex).unwrap();
            let error = parse(55, &bytes).unwrap_err();
            assert_eq!((error.why.code(), error.offset), (code, offset), "{hex}");
        };
        check("9F", "bad_tlv", 0);
        check("00", "bad_tlv", 0);
        check("95", "bad_tlv", 0);
        check("9F8181", "bad_tlv", 0);
        check("9501", "truncated", 0);
        check("95018095", "bad_tlv", 3);
        check("958001", "bad_tlv", 0);
        check("9581", "bad_tlv", 0);
        check("958200", "bad_tlv", 0);
    }

    proptest! {
        #[test]
        fn round_trip(
            elements in prop::collection::vec(
                (
                    prop::sample::select(vec![0x95, 0x9A, 0x82, 0x9F26, 0x9F10, 0xDF31, 0xDF8101]),
                    prop::collection::vec(any::<u8>(), 0..300),
                ),
                0..10,
            )
        ) {
            let mut out = Vec::new();
            for (tag, value) in &elements {
                write(55, *tag, value, &mut out).unwrap();
            }
            let read = parse(55, &out).unwrap();
            let read: Vec<_> = read.iter().map(|e| (e.tag, e.value.to_vec())).collect();
            prop_assert_eq!(read, elements);
        }

        #[test]
        fn any_bytes_end(bytes: Vec<u8>) {
            drop(parse(55, &bytes));
        }
    }
}
