//! What was refused, where: the field's path and the offset, never the value.

use std::fmt;

/// A place in a message: a data element, and a part of it where there is one.
///
/// ```
/// use iso8583::Place;
/// assert_eq!(Place::part(60, 2).to_string(), "field 60.2");
/// assert_eq!(Place::tag(55, 0x9F26).to_string(), "field 55/9F26");
/// assert_eq!(Place::Mti.to_string(), "message type");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// The length before the message.
    Length,
    Tpdu,
    Header,
    Mti,
    Bitmap,
    Field(u8),
    /// A part of a field, counted from one: 60.2.
    Part(u8, u8),
    /// A BER-TLV element of a field.
    Tag(u8, u32),
    /// Behind the last field.
    End,
}

impl Place {
    #[must_use]
    pub const fn part(field: u8, part: u8) -> Self {
        Self::Part(field, part)
    }

    #[must_use]
    pub const fn tag(field: u8, tag: u32) -> Self {
        Self::Tag(field, tag)
    }

    /// The data element's number: 0 the message type, 1 the bitmap; none before and behind them.
    #[must_use]
    pub const fn field(self) -> Option<u8> {
        match self {
            Self::Mti => Some(0),
            Self::Bitmap => Some(1),
            Self::Field(n) | Self::Part(n, _) | Self::Tag(n, _) => Some(n),
            Self::Length | Self::Tpdu | Self::Header | Self::End => None,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length => f.write_str("length"),
            Self::Tpdu => f.write_str("TPDU"),
            Self::Header => f.write_str("header"),
            Self::Mti => f.write_str("message type"),
            Self::Bitmap => f.write_str("bitmap"),
            Self::Field(n) => write!(f, "field {n}"),
            Self::Part(n, part) => write!(f, "field {n}.{part}"),
            Self::Tag(n, tag) => write!(f, "field {n}/{tag:X}"),
            Self::End => f.write_str("end"),
        }
    }
}

/// Why bytes are no message of the dialect, or a value no value of a field. The numbers count bytes,
/// digits or characters, as the field does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    #[error("needs {needed}, {left} are left")]
    Truncated { needed: usize, left: usize },
    #[error("{count} bytes too many")]
    TrailingBytes { count: usize },
    #[error("the length is not made of decimal digits")]
    BadLength,
    #[error("is {found} long, at most {max} are allowed")]
    TooLong { max: usize, found: usize },
    #[error("is {found} long, {expected} are expected")]
    WrongLength { expected: usize, found: usize },
    #[error("holds something else than decimal digits")]
    BadDigit,
    #[error("holds a character that the field does not allow")]
    BadCharacter,
    #[error("the unused half byte is not zero")]
    BadPadding,
    #[error("the bitmap names a field that the dialect does not have")]
    UnknownField,
    #[error("the bitmap is not one of this dialect")]
    BadBitmap,
    #[error("is not made as the tag-length-value rules say")]
    BadTlv,
}

impl Why {
    /// For programs; never changes.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Truncated { .. } => "truncated",
            Self::TrailingBytes { .. } => "trailing_bytes",
            Self::BadLength => "bad_length",
            Self::TooLong { .. } => "too_long",
            Self::WrongLength { .. } => "wrong_length",
            Self::BadDigit => "bad_digit",
            Self::BadCharacter => "bad_character",
            Self::BadPadding => "bad_padding",
            Self::UnknownField => "unknown_field",
            Self::BadBitmap => "bad_bitmap",
            Self::BadTlv => "bad_tlv",
        }
    }
}

/// A refusal with its place and the offset in the bytes that were given. Of the value it says nothing,
/// so it may be logged.
///
/// ```
/// use iso8583::{CUP_POS, Place, Why};
/// let error = CUP_POS.unpack(&[0x08, 0x00, 0x00]).unwrap_err();
/// assert_eq!(error.to_string(), "bitmap at byte 2: needs 8, 1 are left");
/// assert_eq!((error.place, error.why.code()), (Place::Bitmap, "truncated"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{place} at byte {offset}: {why}")]
pub struct Error {
    pub place: Place,
    /// From the first byte given to the function that refused.
    pub offset: usize,
    pub why: Why,
}

impl Error {
    #[must_use]
    pub const fn new(place: Place, offset: usize, why: Why) -> Self {
        Self { place, offset, why }
    }

    /// The same seen from bytes that begin `bytes` earlier.
    #[must_use]
    pub const fn shifted(self, bytes: usize) -> Self {
        Self { offset: self.offset.saturating_add(bytes), ..self }
    }
}

/// Why a message with a MAC was not packed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MacError<M> {
    #[error(transparent)]
    Message(#[from] Error),
    #[error("the MAC could not be made")]
    Mac(M),
}
