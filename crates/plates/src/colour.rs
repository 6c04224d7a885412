//! Colours of print and screen.

use std::fmt;
use std::str::FromStr;

/// A colour by its parts of red, green and blue, 0 to 255 each, as in `#1677ff`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Colour {
    red: u8,
    green: u8,
    blue: u8,
}

/// The text is not `#` and six hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a colour is `#` and six hexadecimal digits")]
pub struct ColourError;

impl Colour {
    pub const BLACK: Self = Self::rgb(0, 0, 0);
    pub const WHITE: Self = Self::rgb(255, 255, 255);
    /// The blue of the till's and the console's pages, for merchants without a colour of their own.
    pub const ACCENT: Self = Self::rgb(0x16, 0x77, 0xff);

    #[must_use]
    pub const fn rgb(red: u8, green: u8, blue: u8) -> Self {
        Self { red, green, blue }
    }

    /// Red, green, blue.
    pub(crate) const fn parts(self) -> [u8; 3] {
        [self.red, self.green, self.blue]
    }

    /// White, or near black on a light ground: text must be read from a metre away.
    pub(crate) fn ink_on(self) -> Self {
        /// Of 255,000: above it white text has less contrast than black text.
        const LIGHT: u32 = 150_000;
        /// ITU-R BT.601, the weights of an eye's brightness in thousandths.
        const WEIGHTS: [u32; 3] = [299, 587, 114];
        let parts = self.parts().into_iter().zip(WEIGHTS);
        let brightness: u32 = parts.map(|(part, weight)| u32::from(part) * weight).sum();
        if brightness > LIGHT { Self::rgb(0x1f, 0x1f, 0x1f) } else { Self::WHITE }
    }
}

/// `#rrggbb`, as in CSS.
impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{:02x}{:02x}{:02x}", self.red, self.green, self.blue)
    }
}

impl FromStr for Colour {
    type Err = ColourError;

    fn from_str(text: &str) -> Result<Self, ColourError> {
        let digits = text.strip_prefix('#').unwrap_or_default();
        // `from_str_radix` takes a sign, too.
        if digits.len() != 6 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(ColourError);
        }
        let [_, red, green, blue] =
            u32::from_str_radix(digits, 16).unwrap_or_default().to_be_bytes();
        Ok(Self { red, green, blue })
    }
}
