//! What stands on a plate: valid by construction, so that drawing one cannot fail.

use std::fmt;

use crate::code::{Level, QrCode, TooLong};
use crate::colour::Colour;
use crate::text::clean;

/// Longer addresses make modules of under 0.7 mm, which old phones read badly from a metre away.
pub const URL_BYTES_MAX: usize = 256;
/// Of each name, number and caption, before it is cleaned.
pub const TEXT_CHARS_MAX: usize = 64;
/// Places for stickers side by side.
pub const BRANDS_MAX: usize = 3;
/// In the middle of the code: a character or two.
pub const MARK_CHARS_MAX: usize = 2;

/// 码牌 or 台卡: an A6 card (105 x 148 mm, portrait) for the counter or the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plate {
    text: PlateText,
    code: QrCode,
    accent: Colour,
    captions: Captions,
    mark: Option<String>,
}

/// What differs from plate to plate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlateText {
    /// What the code says: printable ASCII without spaces, up to [`URL_BYTES_MAX`].
    pub url: String,
    /// At the top; up to [`TEXT_CHARS_MAX`], as the two below.
    pub store_name: String,
    /// At the bottom, for the staff; may be empty.
    pub terminal_name: String,
    /// The plate's short number for people, such as `No. 0001`; may be empty.
    pub number: String,
}

/// What is the same on all plates of a merchant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Captions {
    /// Tells the payer what to do.
    pub invitation: String,
    /// The same for a foreigner; may be empty.
    pub invitation_english: String,
    /// At most [`BRANDS_MAX`]; without any the place stays white.
    pub brands: Vec<Brand>,
}

/// A brand that pays by this code. Its trademark is its own: we print its name in a frame of the size of
/// the sticker that it gives to merchants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Brand {
    pub name: String,
    pub colour: Colour,
}

/// Which text a [`PlateError`] speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    StoreName,
    TerminalName,
    Number,
    Caption,
    Brand,
    Mark,
}

/// Why there is no such plate, in order of precedence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PlateError {
    #[error("the address is empty or has other characters than printable ASCII without spaces")]
    UrlMalformed,
    #[error("the address is longer than {URL_BYTES_MAX} bytes")]
    UrlTooLong,
    /// A name of invisible characters is empty, too.
    #[error("the {0} is empty")]
    TextEmpty(Part),
    #[error("the {part} is longer than {chars_max} characters")]
    TextTooLong { part: Part, chars_max: usize },
    #[error("a plate has room for {BRANDS_MAX} brands")]
    TooManyBrands,
}

impl Plate {
    /// A plate in [`Colour::ACCENT`] with the [`Captions`] of mainland China.
    ///
    /// # Errors
    /// [`PlateError`], all but `TooManyBrands`. The terminal's name and the number may be empty.
    pub fn new(text: PlateText) -> Result<Self, PlateError> {
        let code = encode(&text.url, |url| QrCode::encode(url, Level::Medium))?;
        let text = PlateText {
            store_name: required(Part::StoreName, &text.store_name)?,
            terminal_name: optional(Part::TerminalName, &text.terminal_name)?,
            number: optional(Part::Number, &text.number)?,
            url: text.url,
        };
        let (accent, captions) = (Colour::ACCENT, Captions::default());
        Ok(Self { text, code, accent, captions, mark: None })
    }

    /// In the merchant's own colour. Text on it is white or black, whichever can be read.
    #[must_use]
    pub fn with_accent(self, accent: Colour) -> Self {
        Self { accent, ..self }
    }

    /// With the merchant's own words and brands.
    ///
    /// # Errors
    /// [`PlateError::TextEmpty`] for the invitation or a brand, [`PlateError::TextTooLong`],
    /// [`PlateError::TooManyBrands`].
    pub fn with_captions(self, captions: Captions) -> Result<Self, PlateError> {
        let Captions { invitation, invitation_english, brands } = captions;
        let invitation = required(Part::Caption, &invitation)?;
        let invitation_english = optional(Part::Caption, &invitation_english)?;
        if brands.len() > BRANDS_MAX {
            return Err(PlateError::TooManyBrands);
        }
        let brands = brands.into_iter().map(Brand::cleaned).collect::<Result<_, _>>()?;
        Ok(Self { captions: Captions { invitation, invitation_english, brands }, ..self })
    }

    /// With one or two characters in the middle of the code, which is made at [`Level::High`] to bear it.
    ///
    /// # Errors
    /// [`PlateError::TextEmpty`] and [`PlateError::TextTooLong`], above [`MARK_CHARS_MAX`].
    pub fn with_mark(self, mark: &str) -> Result<Self, PlateError> {
        let mark = filled(Part::Mark, bounded(Part::Mark, mark, MARK_CHARS_MAX)?)?;
        let code = encode(&self.text.url, QrCode::encode_for_mark)?;
        Ok(Self { code, mark: Some(mark), ..self })
    }

    #[must_use]
    pub const fn text(&self) -> &PlateText {
        &self.text
    }

    #[must_use]
    pub const fn code(&self) -> &QrCode {
        &self.code
    }

    #[must_use]
    pub const fn accent(&self) -> Colour {
        self.accent
    }

    #[must_use]
    pub const fn captions(&self) -> &Captions {
        &self.captions
    }

    #[must_use]
    pub fn mark(&self) -> Option<&str> {
        self.mark.as_deref()
    }

    /// For readers of the file, who cannot see it: the store and the number.
    pub(crate) fn title(&self) -> String {
        let PlateText { store_name, number, .. } = &self.text;
        if number.is_empty() { store_name.clone() } else { format!("{store_name} {number}") }
    }
}

impl Brand {
    fn cleaned(self) -> Result<Self, PlateError> {
        Ok(Self { name: required(Part::Brand, &self.name)?, ..self })
    }
}

impl Default for Captions {
    fn default() -> Self {
        let brand = |name: &str, colour| Brand { name: name.to_owned(), colour };
        Self {
            invitation: "支付就用扫一扫".to_owned(),
            invitation_english: "Scan to pay".to_owned(),
            brands: vec![
                brand("支付宝", Colour::rgb(0x16, 0x77, 0xff)),
                brand("微信支付", Colour::rgb(0x07, 0xc1, 0x60)),
                brand("云闪付", Colour::rgb(0xe6, 0x00, 0x12)),
            ],
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::StoreName => "store's name",
            Self::TerminalName => "terminal's name",
            Self::Number => "plate's number",
            Self::Caption => "caption",
            Self::Brand => "brand's name",
            Self::Mark => "mark",
        })
    }
}

fn encode(
    url: &str,
    encoder: impl Fn(&str) -> Result<QrCode, TooLong>,
) -> Result<QrCode, PlateError> {
    if url.is_empty() || !url.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(PlateError::UrlMalformed);
    }
    if url.len() > URL_BYTES_MAX {
        return Err(PlateError::UrlTooLong);
    }
    // Our bound is a fifth of what a code holds.
    encoder(url).map_err(|TooLong| PlateError::UrlTooLong)
}

fn required(part: Part, text: &str) -> Result<String, PlateError> {
    filled(part, optional(part, text)?)
}

fn optional(part: Part, text: &str) -> Result<String, PlateError> {
    bounded(part, text, TEXT_CHARS_MAX)
}

/// Counted before it is cleaned: the work is bounded, too.
fn bounded(part: Part, text: &str, chars_max: usize) -> Result<String, PlateError> {
    match text.chars().nth(chars_max) {
        Some(_) => Err(PlateError::TextTooLong { part, chars_max }),
        None => Ok(clean(text)),
    }
}

fn filled(part: Part, text: String) -> Result<String, PlateError> {
    if text.is_empty() { Err(PlateError::TextEmpty(part)) } else { Ok(text) }
}
