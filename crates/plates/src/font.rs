//! A font that the caller has a licence for, to be embedded.

use std::fmt;

use ttf_parser::{Face, Permissions, Tag};

/// Chinese fonts have 5 to 25 MB.
pub const FONT_BYTES_MAX: usize = 32 * 1024 * 1024;

/// A TrueType or OpenType font with outlines.
#[derive(Clone, PartialEq, Eq)]
pub struct Font {
    bytes: Vec<u8>,
    face: u32,
}

/// Why a font cannot be used, in order of precedence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FontError {
    #[error("the font is larger than {FONT_BYTES_MAX} bytes")]
    TooLarge,
    #[error("the file is not a TrueType or OpenType font, or is damaged")]
    Malformed(#[source] ttf_parser::FaceParsingError),
    /// Fonts of pictures only, and CFF2.
    #[error("the font has no TrueType or CFF outlines")]
    NoOutlines,
    /// By the font's own word (OS/2, `fsType`).
    #[error("the font's licence does not allow to embed a part of it")]
    EmbeddingForbidden,
}

impl Font {
    /// The font in a file, or the first one of a collection (`.ttc`).
    ///
    /// # Errors
    /// [`FontError`].
    pub fn parse(bytes: Vec<u8>) -> Result<Self, FontError> {
        Self::parse_face(bytes, 0)
    }

    /// One font of a collection, counted from 0: Noto Sans CJK has those of Japan, Korea, mainland China,
    /// Taiwan and Hong Kong in this order.
    ///
    /// # Errors
    /// [`FontError`]; a collection without that font is [`FontError::Malformed`].
    pub fn parse_face(bytes: Vec<u8>, face: u32) -> Result<Self, FontError> {
        if bytes.len() > FONT_BYTES_MAX {
            return Err(FontError::TooLarge);
        }
        let font = Self { bytes, face };
        judge(&font.face()?)?;
        Ok(font)
    }

    pub(crate) fn face(&self) -> Result<Face<'_>, FontError> {
        Face::parse(&self.bytes, self.face).map_err(FontError::Malformed)
    }

    /// The file and which of its fonts this one is.
    pub(crate) fn file(&self) -> (&[u8], u32) {
        (&self.bytes, self.face)
    }
}

/// Whether outlines are PostScript's (CFF) and not TrueType's.
pub(crate) fn is_cff(face: &Face<'_>) -> bool {
    has(face, b"CFF ") && !has(face, b"glyf")
}

fn has(face: &Face<'_>, table: &[u8; 4]) -> bool {
    face.raw_face().table(Tag::from_bytes(table)).is_some()
}

fn judge(face: &Face<'_>) -> Result<(), FontError> {
    if !has(face, b"glyf") && !has(face, b"CFF ") {
        return Err(FontError::NoOutlines);
    }
    // A font without the table says nothing, and nothing is forbidden.
    let Some(os2) = face.tables().os2 else { return Ok(()) };
    let forbidden = match os2.permissions() {
        Some(Permissions::Restricted) => true,
        Some(Permissions::Installable | Permissions::PreviewAndPrint | Permissions::Editable)
        | None => !os2.is_subsetting_allowed() || !os2.is_outline_embedding_allowed(),
    };
    if forbidden { Err(FontError::EmbeddingForbidden) } else { Ok(()) }
}

/// Without its megabytes.
impl fmt::Debug for Font {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Font").field("bytes", &self.bytes.len()).field("face", &self.face).finish()
    }
}
