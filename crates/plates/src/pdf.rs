//! Plates as PDF: one A6 page each, or four on an A4 sheet to be cut.
//!
//! PDF 1.7 (ISO 32000-1). There is no date and no random id in the file: equal plates give equal bytes.

mod lettering;
mod painter;

use miniz_oxide::deflate::compress_to_vec_zlib;
use pdf_writer::{Content, Filter, Finish as _, Pdf, Rect, Ref, TextStr};

use crate::font::{Font, FontError};
use crate::layout::{HEIGHT, WIDTH, layout};
use crate::plate::Plate;
use lettering::Letters;
use painter::Painter;

/// In one file: about 3 MB.
pub const PLATES_MAX: usize = 500;
/// Of deflate: the middle of its ten levels; higher ones save a percent.
const COMPRESSION: u8 = 6;
/// A4 is a millimetre higher than two A6: half of it stays above them.
const A4_TOP: i32 = 50;

/// The paper.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sheet {
    /// A page of A6 (105 x 148 mm) for each plate.
    One,
    /// A page of A4 (210 x 297 mm) for each four plates, with cut marks.
    A4,
}

/// With which letters names are printed.
#[derive(Debug, Clone, Copy)]
pub enum Lettering<'a> {
    /// Fonts that every reader has or replaces: Helvetica for Latin letters, `STSong-Light` for all else. The file is
    /// small and looks a little different on each machine; characters beyond the BMP become `□`.
    Standard,
    /// The font's glyphs that are used are part of the file, which looks the same everywhere.
    Embedded(&'a Font),
}

#[derive(Debug, thiserror::Error)]
pub enum PdfError {
    #[error("there is no plate to print")]
    NoPlates,
    #[error("a file has at most {PLATES_MAX} plates")]
    TooManyPlates,
    #[error("the font cannot be used")]
    Font(#[from] FontError),
    #[error("the font's glyphs cannot be taken out of it")]
    Subset(#[source] subsetter::Error),
}

impl Sheet {
    const fn plates_per_page(self) -> usize {
        match self {
            Self::One => 1,
            Self::A4 => 4,
        }
    }

    /// Width and height in points (1/72 inch).
    const fn points(self) -> (f32, f32) {
        match self {
            Self::One => (297.637_8, 419.527_56),
            Self::A4 => (595.275_6, 841.889_8),
        }
    }

    /// Top left corners of the plates.
    const fn places(self) -> &'static [(i32, i32)] {
        match self {
            Self::One => &[(0, 0)],
            Self::A4 => {
                &[(0, A4_TOP), (WIDTH, A4_TOP), (0, A4_TOP + HEIGHT), (WIDTH, A4_TOP + HEIGHT)]
            }
        }
    }
}

/// All plates in one file, in their order: on A4 from left to right, then down.
///
/// # Errors
/// [`PdfError::NoPlates`], [`PdfError::TooManyPlates`] above [`PLATES_MAX`]; the others for a font whose
/// tables are damaged.
pub fn plate_pdf(
    plates: &[Plate],
    sheet: Sheet,
    lettering: Lettering<'_>,
) -> Result<Vec<u8>, PdfError> {
    if plates.is_empty() {
        return Err(PdfError::NoPlates);
    }
    if plates.len() > PLATES_MAX {
        return Err(PdfError::TooManyPlates);
    }
    let mut letters = Letters::new(lettering)?;
    let mut document = Document::new(sheet);
    for page in plates.chunks(sheet.plates_per_page()) {
        document.add_page(page, &mut letters);
    }
    document.finish(&title(plates), letters)
}

/// The first plate's, and the last number.
fn title(plates: &[Plate]) -> String {
    let first = plates.first().map(Plate::title).unwrap_or_default();
    match plates {
        [_, .., last] => format!("{first} – {}", last.text().number),
        _ => first,
    }
}

/// Ids are given in the order of writing.
struct Document {
    pdf: Pdf,
    sheet: Sheet,
    next: Ref,
    catalog: Ref,
    tree: Ref,
    pages: Vec<Ref>,
}

impl Document {
    fn new(sheet: Sheet) -> Self {
        let mut next = Ref::new(1);
        let (catalog, tree) = (next.bump(), next.bump());
        Self { pdf: Pdf::new(), sheet, next, catalog, tree, pages: Vec::new() }
    }

    fn add_page(&mut self, plates: &[Plate], letters: &mut Letters<'_>) {
        let content = page_content(self.sheet, plates, letters);
        let (page, stream) = (self.next.bump(), self.next.bump());
        let (width, height) = self.sheet.points();
        self.pdf
            .page(page)
            .parent(self.tree)
            .media_box(Rect::new(0.0, 0.0, width, height))
            .contents(stream);
        self.pages.push(page);
        self.pdf.stream(stream, &compress(&content)).filter(Filter::FlateDecode);
    }

    fn finish(mut self, title: &str, letters: Letters<'_>) -> Result<Vec<u8>, PdfError> {
        let fonts = letters.write(&mut self.pdf, &mut self.next)?;
        let mut tree = self.pdf.pages(self.tree);
        tree.count(i32::try_from(self.pages.len()).unwrap_or(i32::MAX));
        tree.kids(self.pages);
        // Pages inherit them.
        let mut resources = tree.resources();
        resources.fonts().pairs(fonts);
        resources.finish();
        tree.finish();

        let mut catalog = self.pdf.catalog(self.catalog);
        catalog.pages(self.tree).lang(TextStr("zh-CN"));
        catalog.viewer_preferences().display_doc_title(true);
        catalog.finish();
        self.pdf.document_info(self.next.bump()).title(TextStr(title)).creator(TextStr("Suanpan"));
        Ok(self.pdf.finish())
    }
}

fn page_content(sheet: Sheet, plates: &[Plate], letters: &mut Letters<'_>) -> Vec<u8> {
    let mut content = Content::new();
    let (_, height) = sheet.points();
    let mut painter = Painter::new(&mut content, height);
    for (plate, place) in plates.iter().zip(sheet.places()) {
        let items = layout(plate, letters.measure());
        painter.plate(*place, &items, letters);
    }
    match sheet {
        Sheet::One => {}
        Sheet::A4 => painter.cut_marks(),
    }
    content.finish().to_vec()
}

/// For a stream with the filter `FlateDecode`.
fn compress(bytes: &[u8]) -> Vec<u8> {
    compress_to_vec_zlib(bytes, COMPRESSION)
}
