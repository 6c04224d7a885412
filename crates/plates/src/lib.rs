//! Payment codes on screen and on paper.
//!
//! A [`QrCode`] is drawn as SVG or PNG. A 码牌 ([`Plate`]) is what stands on the counter: the store's
//! name, the code, and the brands that may scan it, on A6 paper, as SVG or as PDF.
//!
//! Pure: values in, text or bytes out; no files, clock or randomness, so that equal input gives equal
//! bytes. What is drawn is decided once, in `layout`, as a list of items; `svg` and `pdf` paint it.
//!
//! Lengths are whole hundredths of a millimetre unless a name says otherwise; the origin is the top
//! left corner. Whole numbers print the same on every machine.
//!
//! ```
//! use plates::{Lettering, Plate, PlateText, Sheet, plate_pdf, plate_svg};
//!
//! let plate = Plate::new(PlateText {
//!     url: "https://pay.example.com/q/7K3M9QXT2B4F".to_owned(),
//!     store_name: "老街面馆".to_owned(),
//!     terminal_name: "3 号桌".to_owned(),
//!     number: "No. 0003".to_owned(),
//! })?;
//! assert!(plate_svg(&plate).contains("老街面馆"));
//! let sheet = plate_pdf(&[plate], Sheet::A4, Lettering::Standard)?;
//! assert!(sheet.starts_with(b"%PDF-1.7"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod code;
mod colour;
mod font;
mod layout;
mod pdf;
mod plate;
mod svg;
mod text;

#[cfg(test)]
mod tests;

pub use code::{
    CODE_BYTES_MAX, Level, PNG_SIDE_PX_MAX, PngError, QUIET_MODULES, QrCode, TooLong, png, svg,
};
pub use colour::{Colour, ColourError};
pub use font::{FONT_BYTES_MAX, Font, FontError};
pub use pdf::{Lettering, PLATES_MAX, PdfError, Sheet, plate_pdf};
pub use plate::{
    BRANDS_MAX, Brand, Captions, MARK_CHARS_MAX, Part, Plate, PlateError, PlateText,
    TEXT_CHARS_MAX, URL_BYTES_MAX,
};
pub use svg::plate_svg;
