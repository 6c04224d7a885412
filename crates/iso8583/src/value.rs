//! One field of a message, where it lies.

use std::borrow::Cow;
use std::fmt;

use crate::bcd::{hex_digit, nibbles};
use crate::dialect::{Coding, Content, Field, Privacy};
use crate::tlv;

/// How many of a card number's digits may be shown, from its front and from its end.
const PAN_FRONT: usize = 6;
const PAN_END: usize = 4;

/// A field's value, still in the bytes of its message. Its form was checked when it was unpacked. Its
/// `Debug` says nothing of the value.
#[derive(Clone, Copy)]
pub struct Value<'a> {
    pub(crate) field: &'a Field,
    /// In the field's own units.
    pub(crate) units: usize,
    /// Without the length in front.
    pub(crate) data: &'a [u8],
}

impl fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Value({}, {})", self.field.name, self.units)
    }
}

impl<'a> Value<'a> {
    #[must_use]
    pub const fn field(&self) -> &'a Field {
        self.field
    }

    /// Its length in its own units: digits, characters or bytes.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.units
    }

    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.units == 0
    }

    /// The bytes as they are written, without the length in front.
    #[must_use]
    pub const fn raw(&self) -> &'a [u8] {
        self.data
    }

    /// Digits as characters, the separator of a track as `=`; text and bytes as they are.
    ///
    /// ```
    /// # use iso8583::{Builder, CUP_POS};
    /// let mut message = Builder::new(&CUP_POS, "0800");
    /// message.set(11, "000507").unwrap();
    /// let bytes = message.pack();
    /// let message = CUP_POS.unpack(&bytes).unwrap();
    /// assert_eq!(&*message.get(11).unwrap().characters(), b"000507");
    /// ```
    #[must_use]
    pub fn characters(&self) -> Cow<'a, [u8]> {
        let skip = match (self.field.coding, self.field.content) {
            (Coding::Bytes, _) => return Cow::Borrowed(self.data),
            (Coding::Hex, _) => return Cow::Owned(self.bytes().into_owned()),
            (Coding::BcdLeft | Coding::BcdRight, Content::Signed) => return self.signed(),
            (Coding::BcdLeft, _) => 0,
            (Coding::BcdRight, _) => self.units % 2,
        };
        let track = self.field.content == Content::Track;
        let shown = |nibble| if track && nibble == 0x0D { b'=' } else { hex_digit(nibble) };
        Cow::Owned(nibbles(self.data, skip).take(self.units).map(shown).collect())
    }

    fn signed(&self) -> Cow<'a, [u8]> {
        let Some((sign, digits)) = self.data.split_first() else { return Cow::Borrowed(self.data) };
        let digits = nibbles(digits, 0).map(hex_digit);
        Cow::Owned(std::iter::once(*sign).chain(digits).collect())
    }

    /// The same as text; GBK where it is not ASCII. `None` where the bytes are no text.
    #[must_use]
    pub fn text(&self) -> Option<String> {
        let characters = self.characters();
        let (text, _, broken) = encoding_rs::GBK.decode(&characters);
        // GBK has characters of control inside nothing, so what holds one was bytes.
        let text = (!broken && !text.chars().any(char::is_control)).then(|| text.into_owned())?;
        // A text that another coding would write as these bytes is not what was sent.
        let (back, _, lost) = encoding_rs::GBK.encode(&text);
        (!lost && back == characters).then_some(text)
    }

    /// The number that the digits write; `None` beyond nineteen digits or where it holds others.
    #[must_use]
    pub fn number(&self) -> Option<u64> {
        let characters = self.characters();
        characters.iter().try_fold(0u64, |sum, c| {
            let digit = c.is_ascii_digit().then(|| u64::from(c - b'0'))?;
            sum.checked_mul(10)?.checked_add(digit)
        })
    }

    /// The bytes that a binary field carries.
    #[must_use]
    pub fn bytes(&self) -> Cow<'a, [u8]> {
        match self.field.coding {
            Coding::BcdLeft | Coding::BcdRight | Coding::Bytes => Cow::Borrowed(self.data),
            Coding::Hex => Cow::Owned(unhex(self.data)),
        }
    }

    /// For people: text, digits, or upper-case hexadecimal digits for bytes (`0x` before those of a
    /// field that usually holds text). Everything is shown, so it is not for logs: [`Self::masked`].
    #[must_use]
    pub fn shown(&self) -> String {
        let hex = |bytes: &[u8]| -> String {
            nibbles(bytes, 0).map(|nibble| char::from(hex_digit(nibble))).collect()
        };
        match self.field.content {
            Content::Binary => hex(&self.bytes()),
            Content::Mac if self.data.iter().all(u8::is_ascii_hexdigit) => ascii(self.data),
            Content::Mac => hex(self.data),
            Content::Free => match self.text() {
                Some(text) if !text.starts_with(RAW_MARK) => text,
                Some(_) | None => format!("{RAW_MARK}{}", hex(self.data)),
            },
            Content::Digits | Content::Track | Content::Signed | Content::Text => {
                ascii(&self.characters())
            }
        }
    }

    fn masked_chip(&self) -> String {
        let shown = self.shown();
        let Ok(elements) = tlv::parse(0, self.data) else { return "*".repeat(shown.len()) };
        if !elements.iter().any(|element| CHIP_PRIVATE.contains(&element.tag)) {
            return shown;
        }
        let mut kept = Vec::new();
        for element in &elements {
            let zeros = vec![0; element.value.len()];
            let private = CHIP_PRIVATE.contains(&element.tag);
            let value = if private { &zeros } else { element.value };
            // As long as what was read: nothing to refuse.
            if tlv::write(0, element.tag, value, &mut kept).is_err() {
                return "*".repeat(shown.len());
            }
        }
        nibbles(&kept, 0).map(|nibble| char::from(hex_digit(nibble))).collect()
    }

    /// The same with everything hidden that could tell a card number, a track or a PIN.
    #[must_use]
    pub fn masked(&self) -> String {
        let hidden = |count: usize| "*".repeat(count);
        match self.field.privacy {
            Privacy::Open => self.shown(),
            Privacy::Hidden => hidden(self.units),
            Privacy::Chip => self.masked_chip(),
            Privacy::Pan => mask_pan(&self.shown()),
            Privacy::Track => {
                let shown = self.shown();
                // Without a separator (enciphered, or track 3) all of it may be the number.
                let Some((pan, rest)) = shown.split_once('=') else { return hidden(self.units) };
                format!("{}={}", mask_pan(pan), hidden(rest.len()))
            }
        }
    }
}

/// The elements of chip data that hold a card number or a track (EMV book 3, annex A).
const CHIP_PRIVATE: [u32; 3] = [0x5A, 0x56, 0x57];

/// Before the hexadecimal digits of bytes in a field that usually holds text.
pub(crate) const RAW_MARK: &str = "0x";

fn ascii(characters: &[u8]) -> String {
    characters.iter().copied().map(char::from).collect()
}

/// A card number with its first six and last four digits; a shorter one is hidden.
///
/// ```
/// assert_eq!(iso8583::mask_pan("6222021234567890123"), "622202*********0123");
/// assert_eq!(iso8583::mask_pan("62220212"), "********");
/// ```
#[must_use]
pub fn mask_pan(pan: &str) -> String {
    let digits = pan.chars().count();
    let shown =
        |at: usize| digits > PAN_FRONT + PAN_END && (at < PAN_FRONT || at >= digits - PAN_END);
    pan.chars().enumerate().map(|(at, c)| if shown(at) { c } else { '*' }).collect()
}

pub(crate) fn unhex(characters: &[u8]) -> Vec<u8> {
    let nibble = |c: Option<&u8>| c.copied().and_then(crate::bcd::nibble_of).unwrap_or_default();
    characters.chunks_exact(2).map(|pair| nibble(pair.first()) << 4 | nibble(pair.get(1))).collect()
}
