//! A dialect as data: how the message type, the bitmap and each field are written.

use crate::Why;

/// The last data element that any dialect has.
pub const FIELDS_MAX: usize = 128;

/// One dialect of ISO 8583: a table, not code.
///
/// ```
/// use iso8583::{CUP_POS, Dialect};
/// assert_eq!(Dialect::named("cup-pos").map(|d| d.name()), Some(CUP_POS.name()));
/// assert_eq!(CUP_POS.field(11).unwrap().name, "system trace audit number");
/// ```
#[derive(Debug)]
pub struct Dialect {
    name: &'static str,
    pub(crate) shape: Shape,
    fields: [Option<Field>; FIELDS_MAX + 1],
}

/// What a dialect writes before its fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// How the four digits of the message type are written.
    pub mti: Coding,
    /// Whether the bitmap is written as bytes or as their hexadecimal digits.
    pub bitmap: Coding,
    /// 64, or 128 where bit 1 announces a second bitmap.
    pub fields: u8,
}

/// How one data element is written: four choices that do not depend on each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// The standard's words, for people.
    pub name: &'static str,
    pub content: Content,
    pub length: Length,
    pub coding: Coding,
    pub privacy: Privacy,
}

/// What a field may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// Decimal digits.
    Digits,
    /// A track: digits and a separator; enciphered, any half byte.
    Track,
    /// `C` or `D` and decimal digits.
    Signed,
    /// Printable ASCII.
    Text,
    /// Any bytes, shown to people as GBK text where they are one.
    Free,
    /// Any bytes.
    Binary,
    /// Eight bytes: hexadecimal digits as text, or raw.
    Mac,
}

/// How units become bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    /// Two digits a byte; an odd one out leaves its half byte to the right.
    BcdLeft,
    /// Two digits a byte; an odd one out leaves its half byte to the left.
    BcdRight,
    /// One byte a character, or bytes as they are.
    Bytes,
    /// Two hexadecimal characters a byte.
    Hex,
}

/// How long a field is, in its own units: digits, characters or bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Length {
    Fixed(usize),
    /// The length in front, in `digits` (2 or 3) decimal digits.
    Var {
        digits: u8,
        coding: LengthCoding,
        max: usize,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LengthCoding {
    /// LL in one byte, LLL in two.
    Bcd,
    Ascii,
}

/// What may be shown of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Privacy {
    Open,
    /// The first six and the last four digits.
    Pan,
    /// The card number as in [`Privacy::Pan`], and nothing behind it.
    Track,
    /// Chip data, without the elements that hold a card number or a track (tags 5A, 56, 57).
    Chip,
    /// Nothing.
    Hidden,
}

impl Dialect {
    /// A dialect of `(number, field)` rows, in as many tables as are handy.
    ///
    /// # Panics
    /// When a row's number is not between 2 and the shape's last field: a mistake in the table.
    #[must_use]
    pub const fn new(name: &'static str, shape: Shape, tables: &[&[(u8, Field)]]) -> Self {
        let mut fields = [None; FIELDS_MAX + 1];
        let mut tables = tables;
        while let [table, others @ ..] = tables {
            let mut rest: &[(u8, Field)] = table;
            while let [(number, field), tail @ ..] = rest {
                assert!(*number >= 2 && *number <= shape.fields, "a field's number");
                set(&mut fields, *number, *field);
                rest = tail;
            }
            tables = others;
        }
        Self { name, shape, fields }
    }

    /// Ours, by name: `cup-pos`, `iso87-ascii`, `iso87-binary`, `cup-network`.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        crate::dialects::ALL.into_iter().find(|dialect| dialect.name == name)
    }

    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// How a field is written; none where the dialect does not have it.
    #[must_use]
    pub fn field(&self, number: u8) -> Option<&Field> {
        self.fields.get(usize::from(number)).and_then(Option::as_ref)
    }

    /// The fields in ascending order.
    pub fn fields(&self) -> impl Iterator<Item = (u8, &Field)> {
        (0..).zip(&self.fields).filter_map(|(number, field)| Some((number, field.as_ref()?)))
    }
}

const fn set(fields: &mut [Option<Field>; FIELDS_MAX + 1], number: u8, field: Field) {
    // By walking: a constant function has no checked indexing but this.
    let mut rest: &mut [Option<Field>] = fields;
    let mut skip = number;
    while let [first, tail @ ..] = rest {
        if skip == 0 {
            assert!(first.is_none(), "a field twice");
            *first = Some(field);
            return;
        }
        skip -= 1;
        rest = tail;
    }
}

impl Field {
    #[must_use]
    pub const fn new(
        name: &'static str,
        content: Content,
        length: Length,
        coding: Coding,
        privacy: Privacy,
    ) -> Self {
        Self { name, content, length, coding, privacy }
    }

    /// The same with another privacy.
    #[must_use]
    pub const fn private(self, privacy: Privacy) -> Self {
        Self { privacy, ..self }
    }

    /// The bytes that so many units take.
    #[must_use]
    pub const fn bytes_of(&self, units: usize) -> usize {
        match (self.coding, self.content) {
            // The sign is a byte of its own.
            (Coding::BcdLeft | Coding::BcdRight, Content::Signed) => 1 + units / 2,
            (Coding::BcdLeft | Coding::BcdRight, _) => units.div_ceil(2),
            (Coding::Bytes, _) => units,
            (Coding::Hex, _) => units * 2,
        }
    }

    /// The bytes of the length in front.
    #[must_use]
    pub const fn prefix_bytes(&self) -> usize {
        match self.length {
            Length::Fixed(_) => 0,
            Length::Var { digits, coding: LengthCoding::Ascii, .. } => {
                if digits == 2 {
                    2
                } else {
                    3
                }
            }
            Length::Var { digits, coding: LengthCoding::Bcd, .. } => {
                if digits == 2 {
                    1
                } else {
                    2
                }
            }
        }
    }

    /// Whether so many units fit.
    ///
    /// # Errors
    /// [`Why::WrongLength`], [`Why::TooLong`].
    pub const fn fits(&self, units: usize) -> Result<(), Why> {
        match self.length {
            Length::Fixed(expected) if expected != units => {
                Err(Why::WrongLength { expected, found: units })
            }
            Length::Var { max, .. } if units > max => Err(Why::TooLong { max, found: units }),
            Length::Fixed(_) | Length::Var { .. } => Ok(()),
        }
    }
}
