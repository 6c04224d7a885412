//! Reading a message: one walk over its bytes, nothing copied.

use std::fmt;

use crate::bcd;
use crate::cup;
use crate::dialect::{Coding, Content, Dialect, FIELDS_MAX, Field, Length, LengthCoding};
use crate::value::Value;
use crate::{Error, Place, Why};

/// The longest message: what two bytes of length can say.
pub const MESSAGE_BYTES_MAX: usize = 65_535;

/// The bytes of one bitmap.
const BITMAP_BYTES: usize = 8;
/// The bitmap's first bit: a second bitmap follows.
const SECOND_BITMAP: u128 = 1 << 127;

/// A message that lies in the bytes it was read from. `Debug` shows its type and its fields' numbers.
#[derive(Clone)]
pub struct Message<'a> {
    dialect: &'a Dialect,
    bytes: &'a [u8],
    mti: Mti,
    present: Present,
    spans: [Span; FIELDS_MAX + 1],
}

impl fmt::Debug for Message<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Message({} {:?})", self.mti, self.present.numbers().collect::<Vec<_>>())
    }
}

/// Where a field lies, its length in front included.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Span {
    pub(crate) from: u16,
    pub(crate) to: u16,
}

/// The four digits of a message type.
///
/// ```
/// use iso8583::Mti;
/// let mti = Mti::parse("0200").unwrap();
/// assert_eq!(mti.reply().as_str(), "0210");
/// assert!(Mti::parse("02x0").is_none());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mti([u8; 4]);

impl Mti {
    /// No type that anybody sends.
    pub const ZERO: Self = Self(*b"0000");

    /// `None` unless it is four decimal digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::of(text.as_bytes())
    }

    pub(crate) fn of(characters: &[u8]) -> Option<Self> {
        let digits: [u8; 4] = characters.try_into().ok()?;
        digits.iter().all(u8::is_ascii_digit).then_some(Self(digits))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    pub(crate) const fn digits(&self) -> &[u8; 4] {
        &self.0
    }

    /// The type of the answer: the third digit one higher.
    #[must_use]
    pub const fn reply(self) -> Self {
        let [version, class, function, origin] = self.0;
        Self([version, class, if function < b'9' { function + 1 } else { function }, origin])
    }
}

impl fmt::Display for Mti {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Mti {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mti({})", self.as_str())
    }
}

/// Which fields there are: bit 1 of the bitmap is the highest bit.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Present(pub(crate) u128);

impl Present {
    const fn mask(number: u8) -> u128 {
        if number == 0 || number > 128 { 0 } else { 1 << (128 - number) }
    }

    pub(crate) const fn has(self, number: u8) -> bool {
        self.0 & Self::mask(number) != 0
    }

    pub(crate) const fn set(&mut self, number: u8) {
        self.0 |= Self::mask(number);
    }

    pub(crate) const fn unset(&mut self, number: u8) {
        self.0 &= !Self::mask(number);
    }

    /// In ascending order.
    #[inline]
    pub(crate) fn numbers(self) -> Numbers {
        let half = |bits: u128| u64::try_from(bits & u128::from(u64::MAX)).unwrap_or_default();
        Numbers { first: half(self.0 >> 64), second: half(self.0) }
    }
}

/// The numbers of a bitmap's fields, ascending.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Numbers {
    first: u64,
    second: u64,
}

impl Iterator for Numbers {
    type Item = u8;

    #[inline]
    fn next(&mut self) -> Option<u8> {
        let (half, before) =
            if self.first == 0 { (&mut self.second, 65) } else { (&mut self.first, 1) };
        if *half == 0 {
            return None;
        }
        let at = half.leading_zeros();
        *half &= !(1 << (63 - at));
        u8::try_from(at).ok().map(|at| at + before)
    }
}

impl Dialect {
    /// Reads a message: the whole of `bytes` from the message type on, without length, TPDU and header.
    ///
    /// # Errors
    /// [`Error`] with the place and the offset of the first thing that is wrong.
    pub fn unpack<'a>(&'a self, bytes: &'a [u8]) -> Result<Message<'a>, Error> {
        if bytes.len() > MESSAGE_BYTES_MAX {
            let why = Why::TooLong { max: MESSAGE_BYTES_MAX, found: bytes.len() };
            return Err(Error::new(Place::Length, 0, why));
        }
        let mut reader = Reader { bytes, at: 0, refused: None };
        let read = reader.message(self);
        match (read, reader.refused) {
            (Some((mti, present, spans)), None) => {
                Ok(Message { dialect: self, bytes, mti, present, spans })
            }
            (_, refused) => Err(refused.unwrap_or(Error::new(Place::End, 0, Why::BadBitmap))),
        }
    }
}

impl<'a> Message<'a> {
    #[must_use]
    pub const fn dialect(&self) -> &'a Dialect {
        self.dialect
    }

    #[must_use]
    pub const fn mti(&self) -> Mti {
        self.mti
    }

    #[must_use]
    pub const fn has(&self, number: u8) -> bool {
        self.present.has(number)
    }

    /// The numbers of its fields, ascending.
    pub fn numbers(&self) -> impl Iterator<Item = u8> + use<> {
        self.present.numbers()
    }

    #[must_use]
    pub fn get(&self, number: u8) -> Option<Value<'a>> {
        let field = self.dialect.field(number)?;
        let wire = self.wire(number)?;
        let (units, prefix) = units(field, wire)?;
        Some(Value { field, units, data: wire.get(prefix..)? })
    }

    /// A field's bytes with the length in front, as they came.
    #[must_use]
    pub fn wire(&self, number: u8) -> Option<&'a [u8]> {
        let span = self.spans.get(usize::from(number)).filter(|_| self.has(number))?;
        self.bytes.get(usize::from(span.from)..usize::from(span.to))
    }

    /// What a MAC in `field` covers: from the message type to the last byte before the field. None
    /// where the message does not have the field.
    #[must_use]
    pub fn before(&self, field: u8) -> Option<&'a [u8]> {
        let span = self.spans.get(usize::from(field)).filter(|_| self.has(field))?;
        self.bytes.get(..usize::from(span.from))
    }

    /// A field as [`Value::masked`] shows it; the card numbers in a batch upload's rows (field 48 of an
    /// 0320) are masked too, which the field alone could not tell from totals.
    #[must_use]
    pub fn masked(&self, number: u8) -> Option<String> {
        let value = self.get(number)?;
        let rows = number == cup::UPLOAD_FIELD && self.mti.digits().starts_with(b"03");
        Some(if rows { cup::mask_upload(&value.shown()) } else { value.masked() })
    }

    /// Which fields there are, where they lie, and where the first begins.
    pub(crate) fn layout(&self) -> (Present, [Span; FIELDS_MAX + 1], usize) {
        let first = self.numbers().next().map(usize::from);
        let first = first.and_then(|number| self.spans.get(number));
        let fields_at = first.map_or(self.bytes.len(), |span| usize::from(span.from));
        (self.present, self.spans, fields_at)
    }

    #[must_use]
    pub const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }
}

/// How long a field is, in its units, and how many bytes said so. None where the bytes are no length.
#[inline]
fn units(field: &Field, wire: &[u8]) -> Option<(usize, usize)> {
    let (digits, coding) = match field.length {
        Length::Fixed(units) => return Some((units, 0)),
        Length::Var { digits, coding, .. } => (digits, coding),
    };
    let packed = |byte: &u8| bcd::number(*byte).map(usize::from);
    match (coding, digits, wire) {
        (LengthCoding::Bcd, 2, [length, ..]) => Some((packed(length)?, 1)),
        // Three digits in two bytes: the first half byte is zero.
        (LengthCoding::Bcd, 3, [hundreds @ 0..=9, rest, ..]) => {
            Some((usize::from(*hundreds) * 100 + packed(rest)?, 2))
        }
        (LengthCoding::Ascii, 2 | 3, _) => {
            let prefix = usize::from(digits);
            let length = wire.get(..prefix)?.iter().try_fold(0, |sum, character| {
                character.is_ascii_digit().then(|| sum * 10 + usize::from(character - b'0'))
            })?;
            Some((length, prefix))
        }
        (_, _, _) => None,
    }
}

/// Walks over a message. What it refuses stands in `refused`, so that the way without errors carries
/// none about.
struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    refused: Option<Error>,
}

type Read = (Mti, Present, [Span; FIELDS_MAX + 1]);

impl<'a> Reader<'a> {
    fn message(&mut self, dialect: &Dialect) -> Option<Read> {
        let mti = self.mti(dialect.shape.mti)?;
        let present = self.bitmap(dialect)?;
        let mut spans = [Span::default(); FIELDS_MAX + 1];
        for number in present.numbers() {
            let start = self.at;
            let Some(field) = dialect.field(number) else {
                return self.refuse(Place::Field(number), start, Why::UnknownField);
            };
            self.field(number, field)?;
            let span = spans.get_mut(usize::from(number))?;
            // Both fit: the message is no longer than MESSAGE_BYTES_MAX.
            *span = Span { from: u16::try_from(start).ok()?, to: u16::try_from(self.at).ok()? };
        }
        match self.bytes.len() - self.at {
            0 => Some((mti, present, spans)),
            count => self.refuse(Place::End, self.at, Why::TrailingBytes { count }),
        }
    }

    #[cold]
    fn refuse<T>(&mut self, place: Place, at: usize, why: Why) -> Option<T> {
        self.refused = Some(Error::new(place, at, why));
        None
    }

    #[inline]
    fn take(&mut self, place: Place, needed: usize) -> Option<&'a [u8]> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let Some(taken) = rest.get(..needed) else {
            return self.refuse(place, self.at, Why::Truncated { needed, left: rest.len() });
        };
        self.at += needed;
        Some(taken)
    }

    fn mti(&mut self, coding: Coding) -> Option<Mti> {
        let mti = match coding {
            Coding::BcdLeft | Coding::BcdRight => {
                let packed = self.take(Place::Mti, 2)?;
                let mut digits = [0; 4];
                for (digit, nibble) in digits.iter_mut().zip(bcd::nibbles(packed, 0)) {
                    *digit = bcd::hex_digit(nibble);
                }
                Mti::of(&digits)
            }
            Coding::Bytes | Coding::Hex => Mti::of(self.take(Place::Mti, 4)?),
        };
        mti.or_else(|| self.refuse(Place::Mti, 0, Why::BadDigit))
    }

    fn bitmap(&mut self, dialect: &Dialect) -> Option<Present> {
        let start = self.at;
        let mut all = u128::from(self.half(dialect.shape.bitmap)?) << 64;
        if all & SECOND_BITMAP != 0 {
            if dialect.shape.fields <= 64 {
                return self.refuse(Place::Bitmap, start, Why::BadBitmap);
            }
            all |= u128::from(self.half(dialect.shape.bitmap)?);
            all &= !SECOND_BITMAP;
        }
        Some(Present(all))
    }

    fn half(&mut self, coding: Coding) -> Option<u64> {
        let start = self.at;
        if coding != Coding::Hex {
            let bytes = self.take(Place::Bitmap, BITMAP_BYTES)?;
            return <[u8; 8]>::try_from(bytes).map(u64::from_be_bytes).ok();
        }
        let characters = self.take(Place::Bitmap, BITMAP_BYTES * 2)?;
        let half = characters.iter().try_fold(0u64, |sum, character| {
            let nibble = bcd::nibble_of(*character).filter(|_| *character != b'=');
            nibble.map(|nibble| sum << 4 | u64::from(nibble))
        });
        half.or_else(|| self.refuse(Place::Bitmap, start, Why::BadBitmap))
    }

    /// Walks over a field and checks its form.
    #[inline]
    fn field(&mut self, number: u8, field: &Field) -> Option<()> {
        let (place, start) = (Place::Field(number), self.at);
        let rest = self.bytes.get(start..).unwrap_or_default();
        let Some((units, prefix)) = units(field, rest) else {
            let needed = field.prefix_bytes();
            let short = Why::Truncated { needed, left: rest.len() };
            let why = if rest.len() < needed { short } else { Why::BadLength };
            return self.refuse(place, start, why);
        };
        if let Err(why) = field.fits(units) {
            return self.refuse(place, start, why);
        }
        self.at += prefix;
        let data_at = self.at;
        let data = self.take(place, field.bytes_of(units))?;
        match check(field, units, data) {
            Ok(()) => Some(()),
            Err(why) => self.refuse(place, data_at, why),
        }
    }
}

/// Whether bytes may stand in the field.
#[inline]
pub(crate) fn check(field: &Field, units: usize, data: &[u8]) -> Result<(), Why> {
    match (field.content, field.coding) {
        (Content::Digits, Coding::BcdLeft | Coding::BcdRight) => packed_digits(field, units, data),
        (Content::Digits, Coding::Bytes | Coding::Hex) => {
            if data.iter().all(u8::is_ascii_digit) {
                Ok(())
            } else {
                Err(Why::BadDigit)
            }
        }
        (Content::Signed, coding) => signed(coding, data),
        (Content::Track, Coding::Bytes) => {
            let fine = data.iter().all(|c| matches!(c, b'0'..=b'9' | b'=' | b'A'..=b'F' | b'^'));
            if fine { Ok(()) } else { Err(Why::BadCharacter) }
        }
        (Content::Text, _) => {
            // All of them, without leaving early: short runs are fastest so.
            let fine = data.iter().fold(true, |fine, c| fine & matches!(c, b' '..=b'~'));
            if fine { Ok(()) } else { Err(Why::BadCharacter) }
        }
        (Content::Binary, Coding::Hex) => {
            let fine = data.iter().all(u8::is_ascii_hexdigit);
            if fine { Ok(()) } else { Err(Why::BadCharacter) }
        }
        // An enciphered track may hold any half byte; a MAC and free bytes anything.
        (Content::Track, _) | (Content::Free | Content::Binary | Content::Mac, _) => Ok(()),
    }
}

/// The half byte left over is a digit's nowhere: terminals write anything behind a variable field; in
/// a fixed one it would show that the digits stand on the other side.
fn packed_digits(field: &Field, units: usize, data: &[u8]) -> Result<(), Why> {
    if units.is_multiple_of(2) {
        return if bcd::is_decimal(data) { Ok(()) } else { Err(Why::BadDigit) };
    }
    let (pad, digits_ok) = if field.coding == Coding::BcdRight {
        let Some((first, rest)) = data.split_first() else { return Err(Why::BadDigit) };
        (first >> 4, first & 0x0F <= 9 && bcd::is_decimal(rest))
    } else {
        let Some((last, rest)) = data.split_last() else { return Err(Why::BadDigit) };
        (last & 0x0F, last >> 4 <= 9 && bcd::is_decimal(rest))
    };
    match (digits_ok, pad, field.length) {
        (false, _, _) => Err(Why::BadDigit),
        (true, 0, _) | (true, _, Length::Var { .. }) => Ok(()),
        (true, _, Length::Fixed(_)) => Err(Why::BadPadding),
    }
}

fn signed(coding: Coding, data: &[u8]) -> Result<(), Why> {
    let Some((sign, digits)) = data.split_first() else { return Err(Why::BadCharacter) };
    if !matches!(sign, b'C' | b'D') {
        return Err(Why::BadCharacter);
    }
    let fine = match coding {
        Coding::BcdLeft | Coding::BcdRight => bcd::is_decimal(digits),
        Coding::Bytes | Coding::Hex => digits.iter().all(u8::is_ascii_digit),
    };
    if fine { Ok(()) } else { Err(Why::BadDigit) }
}
