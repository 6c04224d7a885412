//! What stands before a terminal's message on a line: length, TPDU, header.
//!
//! ```text
//! length 2 binary | TPDU 5: id, destination 2, source 2 | header 6: 12 digits | message
//! ```

use crate::bcd::{hex_digit, nibbles};
use crate::{Error, Place, Why};

/// The length in front does not count itself.
pub const LENGTH_BYTES: usize = 2;

/// The transport protocol data unit: who is asked, by whom.
///
/// ```
/// use iso8583::frame::Tpdu;
/// let asked = Tpdu::new([0x60, 0x00, 0x03, 0x00, 0x01]);
/// assert_eq!(asked.reply(), Tpdu::new([0x60, 0x00, 0x01, 0x00, 0x03]));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tpdu([u8; Self::BYTES]);

impl Tpdu {
    pub const BYTES: usize = 5;

    #[must_use]
    pub const fn new(bytes: [u8; Self::BYTES]) -> Self {
        Self(bytes)
    }

    #[must_use]
    pub const fn bytes(&self) -> &[u8; Self::BYTES] {
        &self.0
    }

    /// 60 for messages of transactions; some terminals send 68.
    #[must_use]
    pub const fn id(&self) -> u8 {
        let [id, ..] = self.0;
        id
    }

    /// The answer goes from the destination to the source; the id stays.
    #[must_use]
    pub const fn reply(self) -> Self {
        let [id, to_high, to_low, from_high, from_low] = self.0;
        Self([id, from_high, from_low, to_high, to_low])
    }
}

/// The twelve half bytes before a terminal's message. Not all are decimal, so they are kept as they are.
///
/// ```
/// use iso8583::frame::{Header, Wish};
/// let asked = Header::new([0x60, 0x31, 0x00, 0x31, 0x13, 0x12]);
/// assert_eq!((asked.class(), asked.is_test()), (0x60, false));
/// let answer = asked.reply(Wish::SIGN_ON);
/// assert_eq!(answer.bytes(), &[0x60, 0x31, 0x03, 0x31, 0x13, 0x12]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Header([u8; Self::BYTES]);

/// What the host wants the terminal to do next: the header's sixth digit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wish(u8);

impl Wish {
    pub const NOTHING: Self = Self(0);
    pub const LOAD_MAGNETIC_PARAMETERS: Self = Self(1);
    pub const SEND_STATUS: Self = Self(2);
    pub const SIGN_ON: Self = Self(3);
    pub const LOAD_CA_KEYS: Self = Self(4);
    pub const LOAD_IC_PARAMETERS: Self = Self(5);
    pub const UPDATE_SOFTWARE: Self = Self(6);
}

impl Header {
    pub const BYTES: usize = 6;

    #[must_use]
    pub const fn new(bytes: [u8; Self::BYTES]) -> Self {
        Self(bytes)
    }

    #[must_use]
    pub const fn bytes(&self) -> &[u8; Self::BYTES] {
        &self.0
    }

    /// 应用类别: 60 magnetic card, 61 chip card, 62 and 63 value-added services.
    #[must_use]
    pub const fn class(&self) -> u8 {
        let [class, ..] = self.0;
        class
    }

    /// 终端状态: the terminal is in test or training.
    #[must_use]
    pub const fn is_test(&self) -> bool {
        let [_, _, state, ..] = self.0;
        state >> 4 == 1
    }

    /// 处理要求: what the host asked for, in an answer.
    #[must_use]
    pub const fn wish(&self) -> Wish {
        let [_, _, state, ..] = self.0;
        Wish(state & 0x0F)
    }

    /// The same digits with the host's wish.
    #[must_use]
    pub const fn reply(self, wish: Wish) -> Self {
        let [class, version, state, a, b, c] = self.0;
        Self([class, version, state & 0xF0 | wish.0, a, b, c])
    }
}

/// The parts of a frame behind its length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame<'a> {
    pub tpdu: Option<Tpdu>,
    pub header: Option<Header>,
    /// From the message type on.
    pub message: &'a [u8],
}

/// Which parts stand before a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Envelope {
    pub tpdu: bool,
    pub header: bool,
}

impl Envelope {
    pub const CUP_POS: Self = Self { tpdu: true, header: true };

    /// The bytes before the message.
    #[must_use]
    pub const fn bytes(self) -> usize {
        (if self.tpdu { Tpdu::BYTES } else { 0 }) + if self.header { Header::BYTES } else { 0 }
    }

    /// Takes the parts off what stood behind the length.
    ///
    /// # Errors
    /// [`Why::Truncated`] at the part that is cut.
    pub fn open(self, bytes: &[u8]) -> Result<Frame<'_>, Error> {
        let (tpdu, rest) = part(bytes, self.tpdu, Place::Tpdu)?;
        let (header, message) = part(rest, self.header, Place::Header)
            .map_err(|error| error.shifted(bytes.len() - rest.len()))?;
        Ok(Frame { tpdu: tpdu.map(Tpdu), header: header.map(Header), message })
    }
}

impl Frame<'_> {
    /// The frame with its length in front.
    ///
    /// # Errors
    /// [`Why::TooLong`] beyond what two bytes can say.
    pub fn write(&self, out: &mut Vec<u8>) -> Result<(), Error> {
        let parts = [
            self.tpdu.as_ref().map_or(&[][..], |tpdu| tpdu.bytes()),
            self.header.as_ref().map_or(&[][..], |header| header.bytes()),
            self.message,
        ];
        let found = parts.iter().map(|part| part.len()).sum();
        let max = usize::from(u16::MAX);
        let length = u16::try_from(found);
        let length = length.or(Err(Error::new(Place::Length, 0, Why::TooLong { max, found })))?;
        out.extend_from_slice(&length.to_be_bytes());
        parts.iter().for_each(|part| out.extend_from_slice(part));
        Ok(())
    }
}

/// Takes the length off; the rest must be exactly as long as it says.
///
/// ```
/// use iso8583::frame::strip_length;
/// assert_eq!(strip_length(&[0x00, 0x02, 0xAA, 0xBB]), Ok(&[0xAA, 0xBB][..]));
/// assert!(strip_length(&[0x00, 0x02, 0xAA]).is_err());
/// assert!(strip_length(&[0x00, 0x02, 0xAA, 0xBB, 0xCC]).is_err());
/// ```
///
/// # Errors
/// [`Why::Truncated`], [`Why::TrailingBytes`].
pub fn strip_length(bytes: &[u8]) -> Result<&[u8], Error> {
    let refused = |offset, why| Error::new(Place::Length, offset, why);
    let cut = refused(0, Why::Truncated { needed: LENGTH_BYTES, left: bytes.len() });
    let (length, rest) = bytes.split_first_chunk::<LENGTH_BYTES>().ok_or(cut)?;
    let needed = usize::from(u16::from_be_bytes(*length));
    let left = rest.len();
    match left.checked_sub(needed) {
        Some(0) => Ok(rest),
        Some(count) => {
            Err(Error::new(Place::End, LENGTH_BYTES + needed, Why::TrailingBytes { count }))
        }
        None => Err(refused(LENGTH_BYTES, Why::Truncated { needed, left })),
    }
}

fn part<const N: usize>(
    bytes: &[u8],
    present: bool,
    place: Place,
) -> Result<(Option<[u8; N]>, &[u8]), Error> {
    if !present {
        return Ok((None, bytes));
    }
    let cut = Error::new(place, 0, Why::Truncated { needed: N, left: bytes.len() });
    let (part, rest) = bytes.split_first_chunk::<N>().ok_or(cut)?;
    Ok((Some(*part), rest))
}

/// The half bytes as upper-case hexadecimal digits, for people.
#[must_use]
pub fn digits(bytes: &[u8]) -> String {
    nibbles(bytes, 0).map(|nibble| char::from(hex_digit(nibble))).collect()
}
