//! Writing a message: fields in any order, each checked as it is set.

use std::convert::Infallible;
use std::fmt;

use crate::bcd::{hex_digit, nibble_of, nibbles, pack_decimal};
use crate::dialect::{Coding, Content, Dialect, FIELDS_MAX, Field, Length, LengthCoding};
use crate::message::{Message, Mti, Present, Span, check};
use crate::value::{RAW_MARK, unhex};
use crate::{Error, MESSAGE_BYTES_MAX, MacError, Place, Why};

/// The longest text that [`Builder::set_number`] makes.
const NUMBER_DIGITS: usize = 20;

/// A message being made. Fields set in ascending order cost least. `Debug` shows no values.
///
/// ```
/// use iso8583::{Builder, CUP_POS};
/// let mut echo = Builder::new(&CUP_POS, "0820");
/// echo.set(11, "000001")?;
/// echo.set(41, "10000001")?;
/// echo.set(42, "305310058120001")?;
/// echo.set(60, "00000001301")?;
/// assert_eq!(CUP_POS.unpack(&echo.pack())?.get(60).unwrap().shown(), "00000001301");
/// # Ok::<(), iso8583::Error>(())
/// ```
#[derive(Clone)]
pub struct Builder<'d> {
    dialect: &'d Dialect,
    mti: Mti,
    present: Present,
    spans: [Span; FIELDS_MAX + 1],
    /// The fields as they are written, in the order in which they were set.
    wire: Vec<u8>,
    /// The highest field set: while it grows, `wire` is in the message's own order.
    last: u8,
    in_order: bool,
    /// Type and bitmap as they came, of a message that was read: a second bitmap may be there with nothing
    /// in it, and hexadecimal digits may be small ones.
    came: Option<(Mti, Present, Vec<u8>)>,
}

impl fmt::Debug for Builder<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Builder({} {:?})", self.mti, self.present.numbers().collect::<Vec<_>>())
    }
}

impl<'d> Builder<'d> {
    /// # Panics
    /// When `mti` is not four digits: a mistake in the program, for it is written there.
    #[must_use]
    pub fn new(dialect: &'d Dialect, mti: &str) -> Self {
        let known = Mti::parse(mti);
        assert!(known.is_some(), "a message type is four digits");
        Self::of(dialect, known.unwrap_or(Mti::ZERO))
    }

    #[must_use]
    pub fn of(dialect: &'d Dialect, mti: Mti) -> Self {
        Self {
            dialect,
            mti,
            present: Present::default(),
            spans: [Span::default(); FIELDS_MAX + 1],
            wire: Vec::new(),
            last: 0,
            in_order: true,
            came: None,
        }
    }

    /// Begins another message in the same memory.
    pub fn clear(&mut self, mti: Mti) {
        self.mti = mti;
        self.present = Present::default();
        self.wire.clear();
        self.came = None;
        self.last = 0;
        self.in_order = true;
    }

    #[must_use]
    pub const fn has(&self, number: u8) -> bool {
        self.present.has(number)
    }

    pub const fn remove(&mut self, number: u8) {
        if self.present.has(number) {
            self.present.unset(number);
            self.in_order = false;
        }
    }

    /// Sets a field from digits (`=` separates a track), text, or the hexadecimal digits of bytes: what
    /// [`Value::shown`](crate::Value::shown) shows.
    ///
    /// # Errors
    /// [`Error`] where the dialect does not have the field or the value does not fit it.
    pub fn set(&mut self, number: u8, value: &str) -> Result<(), Error> {
        let field = self.known(number)?;
        let refused = |why| Error::new(Place::Field(number), 0, why);
        match field.content {
            Content::Binary => self.put(number, &from_hex(value).map_err(refused)?),
            Content::Mac if value.len() > 8 => self.put(number, &from_hex(value).map_err(refused)?),
            Content::Free => match value.strip_prefix(RAW_MARK) {
                Some(hex) => self.put(number, &from_hex(hex).map_err(refused)?),
                None => {
                    let (bytes, _, lost) = encoding_rs::GBK.encode(value);
                    if lost { Err(refused(Why::BadCharacter)) } else { self.put(number, &bytes) }
                }
            },
            Content::Digits | Content::Track | Content::Signed | Content::Text | Content::Mac => {
                self.put(number, value.as_bytes())
            }
        }
    }

    /// Sets a field of digits from a number, with zeros in front to the field's length.
    ///
    /// # Errors
    /// As [`Self::set`]: [`Why::WrongLength`] where it has more digits than the field.
    pub fn set_number(&mut self, number: u8, value: u64) -> Result<(), Error> {
        let field = self.known(number)?;
        let width = match field.length {
            Length::Fixed(width) => width.min(NUMBER_DIGITS),
            Length::Var { .. } => 1,
        };
        let mut digits = [b'0'; NUMBER_DIGITS];
        let (mut rest, mut used) = (value, 0);
        for place in digits.iter_mut().rev() {
            if rest == 0 {
                break;
            }
            *place = b'0' + u8::try_from(rest % 10).unwrap_or_default();
            rest /= 10;
            used += 1;
        }
        let digits = digits.get(NUMBER_DIGITS - used.max(width)..).unwrap_or_default();
        self.put(number, digits)
    }

    /// Sets a field from characters (digits and text) or bytes (binary fields).
    ///
    /// # Errors
    /// As [`Self::set`].
    pub fn put(&mut self, number: u8, value: &[u8]) -> Result<(), Error> {
        let field = self.known(number)?;
        let refused = |why| Error::new(Place::Field(number), 0, why);
        let units = value.len();
        field.fits(units).map_err(refused)?;
        let start = self.wire.len();
        if let Err(why) = write(field, value, &mut self.wire) {
            self.wire.truncate(start);
            return Err(refused(why));
        }
        self.placed(number, start)
    }

    /// Takes a field over from another message as it came, to the byte.
    ///
    /// # Errors
    /// [`Why::UnknownField`] where this dialect writes the field in another way or not at all.
    pub fn copy(&mut self, number: u8, from: &Message<'_>) -> Result<(), Error> {
        let Some(wire) = from.wire(number) else { return Ok(()) };
        let field = self.known(number)?;
        if from.dialect().field(number) != Some(field) {
            return Err(Error::new(Place::Field(number), 0, Why::UnknownField));
        }
        let start = self.wire.len();
        self.wire.extend_from_slice(wire);
        self.placed(number, start)
    }

    /// The message, from its type on.
    #[must_use]
    pub fn pack(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.wire.len() + 36);
        self.pack_into(&mut out);
        out
    }

    /// The same behind what is there.
    pub fn pack_into(&self, out: &mut Vec<u8>) {
        self.head(self.present, out);
        self.body(out);
    }

    /// Packs with a MAC as the last field: `mac` is given everything before it and says its bytes.
    ///
    /// # Errors
    /// [`Why::UnknownField`] where the dialect has no such field, [`Why::BadBitmap`] where a field behind
    /// it is set, [`Why::WrongLength`] where the field is not of a MAC's length. `out` is then as it was.
    pub fn pack_with_mac(
        &self,
        number: u8,
        out: &mut Vec<u8>,
        mac: impl FnOnce(&[u8]) -> [u8; 8],
    ) -> Result<(), Error> {
        let made = |message: &[u8]| Ok::<_, Infallible>(mac(message));
        match self.try_pack_with_mac(number, out, made) {
            Ok(()) => Ok(()),
            Err(MacError::Message(error)) => Err(error),
        }
    }

    /// The same with a MAC that may fail to be made, as one from a hardware module does.
    ///
    /// # Errors
    /// [`MacError::Mac`] with what `mac` said, else as [`Self::pack_with_mac`].
    pub fn try_pack_with_mac<M>(
        &self,
        number: u8,
        out: &mut Vec<u8>,
        mac: impl FnOnce(&[u8]) -> Result<[u8; 8], M>,
    ) -> Result<(), MacError<M>> {
        let field = self.known(number)?;
        let refused = |why| Error::new(Place::Field(number), 0, why);
        field.fits(8).map_err(refused)?;
        if self.present.numbers().any(|set| set >= number) {
            return Err(refused(Why::BadBitmap).into());
        }
        let start = out.len();
        let mut present = self.present;
        present.set(number);
        self.head(present, out);
        self.body(out);
        let mac = mac(out.get(start..).unwrap_or_default());
        let written = mac
            .map_err(MacError::Mac)
            .and_then(|mac| Ok(write(field, &mac, out).map_err(refused)?));
        if written.is_err() {
            // A message without its code does not leave.
            out.truncate(start);
        }
        written
    }

    fn known(&self, number: u8) -> Result<&'d Field, Error> {
        let unknown = || Error::new(Place::Field(number), 0, Why::UnknownField);
        self.dialect.field(number).ok_or_else(unknown)
    }

    fn placed(&mut self, number: u8, start: usize) -> Result<(), Error> {
        let end = self.wire.len();
        let (Ok(from), Ok(to)) = (u16::try_from(start), u16::try_from(end)) else {
            self.wire.truncate(start);
            let why = Why::TooLong { max: MESSAGE_BYTES_MAX, found: end };
            return Err(Error::new(Place::Field(number), 0, why));
        };
        if let Some(span) = self.spans.get_mut(usize::from(number)) {
            *span = Span { from, to };
        }
        self.in_order &= number > self.last;
        self.last = self.last.max(number);
        self.present.set(number);
        Ok(())
    }

    fn head(&self, present: Present, out: &mut Vec<u8>) {
        if let Some((mti, known, bytes)) = &self.came
            && (*mti, known.0) == (self.mti, present.0)
        {
            out.extend_from_slice(bytes);
            return;
        }
        let shape = self.dialect.shape;
        match shape.mti {
            Coding::BcdLeft | Coding::BcdRight => {
                let [a, b, c, d] = self.mti.digits().map(|digit| digit & 0x0F);
                out.extend_from_slice(&[a << 4 | b, c << 4 | d]);
            }
            Coding::Bytes | Coding::Hex => out.extend_from_slice(self.mti.digits()),
        }
        let low = present.0 & u128::from(u64::MAX);
        let mut all = present.0;
        if low != 0 {
            all |= 1 << 127;
        }
        let bytes = all.to_be_bytes();
        let (first, second) = bytes.split_at(8);
        for half in [Some(first), (low != 0).then_some(second)].into_iter().flatten() {
            match shape.bitmap {
                Coding::Hex => out.extend(nibbles(half, 0).map(hex_digit)),
                Coding::Bytes | Coding::BcdLeft | Coding::BcdRight => out.extend_from_slice(half),
            }
        }
    }

    fn body(&self, out: &mut Vec<u8>) {
        if self.in_order {
            out.extend_from_slice(&self.wire);
            return;
        }
        for number in self.present.numbers() {
            let span = self.spans.get(usize::from(number)).copied().unwrap_or_default();
            let wire = self.wire.get(usize::from(span.from)..usize::from(span.to));
            out.extend_from_slice(wire.unwrap_or_default());
        }
    }
}

impl<'a> Message<'a> {
    /// A builder that holds this message, to the byte.
    #[must_use]
    pub fn to_builder(&self) -> Builder<'a> {
        let (present, spans, fields_at) = self.layout();
        let first = u16::try_from(fields_at).unwrap_or_default();
        let moved = |span: Span| Span {
            from: span.from.saturating_sub(first),
            to: span.to.saturating_sub(first),
        };
        Builder {
            dialect: self.dialect(),
            mti: self.mti(),
            present,
            spans: spans.map(moved),
            wire: self.bytes().get(fields_at..).unwrap_or_default().to_vec(),
            last: present.numbers().last().unwrap_or_default(),
            in_order: true,
            came: self.bytes().get(..fields_at).map(|head| (self.mti(), present, head.to_vec())),
        }
    }
}

/// Writes a field's length and data, each checked.
#[inline]
fn write(field: &Field, value: &[u8], out: &mut Vec<u8>) -> Result<(), Why> {
    if let Length::Var { digits, coding, .. } = field.length {
        write_length(digits, coding, value.len(), out);
    }
    match (field.coding, field.content) {
        (Coding::Bytes, _) => {
            out.extend_from_slice(value);
            check(field, value.len(), value)
        }
        (Coding::Hex, _) => {
            out.extend(nibbles(value, 0).map(hex_digit));
            Ok(())
        }
        (Coding::BcdLeft | Coding::BcdRight, Content::Signed) => match value {
            [sign @ (b'C' | b'D'), digits @ ..] => {
                out.push(*sign);
                decimal(digits, out)
            }
            _ => Err(Why::BadCharacter),
        },
        (Coding::BcdLeft | Coding::BcdRight, Content::Track) => track(field.coding, value, out),
        (Coding::BcdRight, _) if !value.len().is_multiple_of(2) => {
            let Some((first, rest)) = value.split_first() else { return Ok(()) };
            if !first.is_ascii_digit() {
                return Err(Why::BadDigit);
            }
            out.push(first - b'0');
            decimal(rest, out)
        }
        (Coding::BcdLeft | Coding::BcdRight, _) => decimal(value, out),
    }
}

fn decimal(digits: &[u8], out: &mut Vec<u8>) -> Result<(), Why> {
    if pack_decimal(digits, out) { Ok(()) } else { Err(Why::BadDigit) }
}

/// Digits and separators; of an enciphered track any half byte.
fn track(coding: Coding, value: &[u8], out: &mut Vec<u8>) -> Result<(), Why> {
    let lead = usize::from(coding == Coding::BcdRight && !value.len().is_multiple_of(2));
    let (first, rest) = value.split_at_checked(lead).unwrap_or_default();
    for character in first {
        out.push(nibble_of(*character).ok_or(Why::BadCharacter)?);
    }
    for pair in rest.chunks(2) {
        let nibble = |at| pair.get(at).map_or(Some(0), |character| nibble_of(*character));
        let (high, low) = nibble(0).zip(nibble(1)).ok_or(Why::BadCharacter)?;
        out.push(high << 4 | low);
    }
    Ok(())
}

#[inline]
fn write_length(digits: u8, coding: LengthCoding, units: usize, out: &mut Vec<u8>) {
    let digit = |place: usize| u8::try_from(units / place % 10).unwrap_or_default();
    match (coding, digits) {
        (LengthCoding::Bcd, 2) => out.push(digit(10) << 4 | digit(1)),
        (LengthCoding::Bcd, _) => out.extend([digit(100), digit(10) << 4 | digit(1)]),
        (LengthCoding::Ascii, 2) => out.extend([digit(10) + b'0', digit(1) + b'0']),
        (LengthCoding::Ascii, _) => {
            out.extend([digit(100) + b'0', digit(10) + b'0', digit(1) + b'0']);
        }
    }
}

fn from_hex(text: &str) -> Result<Vec<u8>, Why> {
    if text.len() % 2 == 1 || !text.bytes().all(|c| c.is_ascii_hexdigit()) {
        return Err(Why::BadCharacter);
    }
    Ok(unhex(text.as_bytes()))
}
