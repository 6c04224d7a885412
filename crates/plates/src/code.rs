//! QR codes (ISO/IEC 18004, model 2) and their pictures.

use std::fmt::{self, Write as _};
use std::ops::RangeInclusive;

use crate::text::escape;

/// Light modules around a code (ISO/IEC 18004:2015, 9.1).
pub const QUIET_MODULES: u8 = 4;
/// What the largest code holds at the lowest level; our levels hold less.
pub const CODE_BYTES_MAX: usize = 2953;
/// A picture's longest side, quiet zone included, in pixels.
pub const PNG_SIDE_PX_MAX: u32 = 4096;

/// How much of a code may be lost and it can still be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// 15 %: dust and scratches, for screens and plates.
    Medium,
    /// 30 %: needed where a mark covers the middle.
    High,
}

/// A text as a square of dark and light modules.
#[derive(Clone, PartialEq, Eq)]
pub struct QrCode {
    code: qrcodegen::QrCode,
}

/// The text needs more modules than the largest code has: about 2,330 bytes at [`Level::Medium`],
/// 1,270 at [`Level::High`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the text is too long for a QR code")]
pub struct TooLong;

#[derive(Debug, thiserror::Error)]
pub enum PngError {
    #[error("a module is at least one pixel wide")]
    NoPixels,
    #[error("the picture would be more than {PNG_SIDE_PX_MAX} pixels wide")]
    TooLarge,
    #[error("the PNG encoder failed")]
    Encoder(#[source] png::EncodingError),
}

/// Dark modules side by side in one row, in modules from the code's top left corner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) x: u8,
    pub(crate) y: u8,
    pub(crate) length: u8,
}

impl QrCode {
    /// The smallest code that holds the text; where it has room to spare, it corrects more than
    /// `level` asks for.
    ///
    /// # Errors
    /// [`TooLong`].
    pub fn encode(text: &str, level: Level) -> Result<Self, TooLong> {
        if text.len() > CODE_BYTES_MAX {
            return Err(TooLong);
        }
        let level = match level {
            Level::Medium => qrcodegen::QrCodeEcc::Medium,
            Level::High => qrcodegen::QrCodeEcc::High,
        };
        // The source says how many bits were too many, which our error does not tell.
        let code = qrcodegen::QrCode::encode_text(text, level).map_err(|_too_long| TooLong)?;
        Ok(Self { code })
    }

    /// At [`Level::High`], and with nothing in the middle that a reader needs. Versions 7 to 13 have an
    /// alignment pattern there, and some readers (zbar) lose their grid without it: version 14 is used
    /// instead of them. Longer texts than a plate's have one there again from version 21.
    ///
    /// # Errors
    /// [`TooLong`].
    pub(crate) fn encode_for_mark(text: &str) -> Result<Self, TooLong> {
        const WITH_CENTRE: RangeInclusive<u8> = 7..=13;
        const WITHOUT_CENTRE: u8 = 14;
        let code = Self::encode(text, Level::High)?;
        if !WITH_CENTRE.contains(&code.code.version().value()) {
            return Ok(code);
        }
        let code = qrcodegen::QrCode::encode_segments_advanced(
            &qrcodegen::QrSegment::make_segments(text),
            qrcodegen::QrCodeEcc::High,
            qrcodegen::Version::new(WITHOUT_CENTRE),
            qrcodegen::Version::MAX,
            None,
            true,
        );
        Ok(Self { code: code.map_err(|_too_long| TooLong)? })
    }

    /// Modules on each side without the quiet zone, 21 to 177.
    #[must_use]
    pub fn side_modules(&self) -> u8 {
        u8::try_from(self.code.size()).unwrap_or(u8::MAX)
    }

    /// Whether the module is dark; outside of the code all are light.
    #[must_use]
    pub fn is_dark(&self, x: u8, y: u8) -> bool {
        self.code.get_module(x.into(), y.into())
    }

    /// The dark modules row by row, but for a square in the middle, `hole` modules wide.
    pub(crate) fn runs(&self, hole: u8) -> Vec<Run> {
        let side = self.side_modules();
        let start = side.saturating_sub(hole) / 2;
        let hole = start..start + hole;
        let mut runs: Vec<Run> = Vec::new();
        for y in 0..side {
            let is_drawn = |x: &u8| self.is_dark(*x, y) && !(hole.contains(x) && hole.contains(&y));
            for x in (0..side).filter(is_drawn) {
                match runs.last_mut() {
                    Some(run) if run.y == y && run.x + run.length == x => run.length += 1,
                    _ => runs.push(Run { x, y, length: 1 }),
                }
            }
        }
        runs
    }

    /// The same as the data of one SVG path, in modules, moved by `offset` to the right and down.
    pub(crate) fn path(&self, hole: u8, offset: u8) -> String {
        let mut path = String::new();
        for Run { x, y, length } in self.runs(hole) {
            let (x, y) = (x + offset, y + offset);
            // Writing to a String cannot fail.
            _ = write!(path, "M{x} {y}h{length}v1h-{length}z");
        }
        path
    }
}

/// Without its modules: a log line shows no code that could be scanned from it.
impl fmt::Debug for QrCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QrCode").field("side_modules", &self.side_modules()).finish_non_exhaustive()
    }
}

/// A picture that grows and shrinks with its place: one user unit is one module, and it says no size.
/// Its title is what a screen reader says. It has no style and no script, so that any policy lets it
/// stand inside a page.
#[must_use]
pub fn svg(code: &QrCode, title: &str) -> String {
    let side = u16::from(code.side_modules()) + 2 * u16::from(QUIET_MODULES);
    let (title, path) = (escape(title), code.path(0, QUIET_MODULES));
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\" role=\"img\" \
         shape-rendering=\"crispEdges\"><title>{title}</title>\
         <path fill=\"#ffffff\" d=\"M0 0h{side}v{side}H0z\"/>\
         <path fill=\"#000000\" d=\"{path}\"/></svg>"
    )
}

/// A black and white picture (one bit a pixel) with its quiet zone.
///
/// # Errors
/// [`PngError::NoPixels`] for modules of nothing, [`PngError::TooLarge`] above [`PNG_SIDE_PX_MAX`].
pub fn png(code: &QrCode, px_per_module: u8) -> Result<Vec<u8>, PngError> {
    if px_per_module == 0 {
        return Err(PngError::NoPixels);
    }
    let side_modules = u32::from(code.side_modules()) + 2 * u32::from(QUIET_MODULES);
    let side_px = side_modules * u32::from(px_per_module);
    if side_px > PNG_SIDE_PX_MAX {
        return Err(PngError::TooLarge);
    }
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, side_px, side_px);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::One);
    let mut writer = encoder.write_header().map_err(PngError::Encoder)?;
    writer.write_image_data(&pixels(code, px_per_module)).map_err(PngError::Encoder)?;
    writer.finish().map_err(PngError::Encoder)?;
    Ok(bytes)
}

/// All rows from the top, each a whole number of bytes; a set bit is white.
fn pixels(code: &QrCode, px_per_module: u8) -> Vec<u8> {
    let quiet = i32::from(QUIET_MODULES);
    let modules = -quiet..i32::from(code.side_modules()) + quiet;
    let mut rows = Vec::new();
    for y in modules.clone() {
        let light = modules.clone().map(|x| !code.code.get_module(x, y));
        let wide: Vec<bool> =
            light.flat_map(|bit| std::iter::repeat_n(bit, px_per_module.into())).collect();
        let row: Vec<u8> = wide.chunks(8).map(pack).collect();
        for _ in 0..px_per_module {
            rows.extend_from_slice(&row);
        }
    }
    rows
}

/// Up to eight pixels, the leftmost in the highest bit.
fn pack(bits: &[bool]) -> u8 {
    (0..8).fold(0, |byte, at| byte << 1 | u8::from(bits.get(at).copied().unwrap_or_default()))
}
