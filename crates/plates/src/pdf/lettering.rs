//! Text as the codes of a font's glyphs, and the fonts' objects in the file (ISO 32000-1, 9.7).

use std::collections::{BTreeMap, BTreeSet};

use pdf_writer::types::{CidFontType, FontFlags, SystemInfo, UnicodeCmap};
use pdf_writer::{Filter, Finish as _, Name, Pdf, Rect, Ref, Str};
use subsetter::GlyphRemapper;
use ttf_parser::{Face, GlyphId, RawFace, Tag, name_id};

use super::{Lettering, PdfError, compress};
use crate::font::{Font, is_cff};
use crate::text::{EM, Estimate, Measure, helvetica};

/// 虚缺号: what Chinese print has in the place of a character that is lacking (GB/T 15834).
const LACKING: char = '□';
const LATIN: Name<'static> = Name(b"L");
const CHINESE: Name<'static> = Name(b"C");
const OWN: Name<'static> = Name(b"F");
/// Standard fonts are Helvetica itself.
const HELVETICA: Estimate = Estimate { latin_percent: 100 };

/// What a file's texts are written with; it remembers which characters were.
#[derive(Debug)]
pub(super) enum Letters<'a> {
    Standard(Standard),
    Embedded(Box<Embedded<'a>>),
}

/// Codes to be shown with one font.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) font: Name<'static>,
    pub(super) codes: Vec<u8>,
}

/// Helvetica and `STSong-Light`, neither of them in the file.
#[derive(Debug, Default)]
pub(super) struct Standard {
    chinese: BTreeSet<u16>,
}

pub(super) struct Embedded<'a> {
    font: &'a Font,
    face: Face<'a>,
    glyphs: GlyphRemapper,
    /// By the glyph's number in the file.
    used: BTreeMap<u16, Glyph>,
}

/// The character it is of, and its width in thousandths of an em.
#[derive(Debug, Clone, Copy)]
struct Glyph {
    of: char,
    width: i32,
}

impl<'a> Letters<'a> {
    pub(super) fn new(lettering: Lettering<'a>) -> Result<Self, PdfError> {
        Ok(match lettering {
            Lettering::Standard => Self::Standard(Standard::default()),
            Lettering::Embedded(font) => Self::Embedded(Box::new(Embedded {
                font,
                face: font.face()?,
                glyphs: GlyphRemapper::new(),
                used: BTreeMap::new(),
            })),
        })
    }

    pub(super) fn measure(&self) -> &dyn Measure {
        match self {
            Self::Standard(_) => &HELVETICA,
            Self::Embedded(embedded) => embedded.as_ref(),
        }
    }

    pub(super) fn pieces(&mut self, text: &str) -> Vec<Piece> {
        match self {
            Self::Standard(standard) => standard.pieces(text),
            Self::Embedded(embedded) => vec![embedded.piece(text)],
        }
    }

    /// The fonts' objects, and under which names the texts know them.
    pub(super) fn write(
        self,
        pdf: &mut Pdf,
        next: &mut Ref,
    ) -> Result<Vec<(Name<'static>, Ref)>, PdfError> {
        match self {
            Self::Standard(standard) => Ok(standard.write(pdf, next)),
            Self::Embedded(embedded) => Ok(vec![(OWN, embedded.write(pdf, next)?)]),
        }
    }
}

impl Standard {
    fn pieces(&mut self, text: &str) -> Vec<Piece> {
        let mut pieces: Vec<Piece> = Vec::new();
        for c in text.chars() {
            let (font, codes) = self.codes(c);
            match pieces.last_mut() {
                Some(piece) if piece.font == font => piece.codes.extend(codes),
                _ => pieces.push(Piece { font, codes }),
            }
        }
        pieces
    }

    /// Latin letters have the same codes in Unicode and in `WinAnsiEncoding`. All else is UTF-16BE, which the
    /// predefined `CMap` turns into glyphs; it knows few characters beyond the BMP, and readers' own fonts
    /// fewer: those are not asked for.
    fn codes(&mut self, c: char) -> (Name<'static>, Vec<u8>) {
        if let (Some(_), Ok(byte)) = (helvetica(c), u8::try_from(c)) {
            return (LATIN, vec![byte]);
        }
        let lacking = u16::try_from(u32::from(LACKING)).unwrap_or_default();
        let unit = u16::try_from(u32::from(c)).unwrap_or(lacking);
        self.chinese.insert(unit);
        (CHINESE, unit.to_be_bytes().to_vec())
    }

    fn write(self, pdf: &mut Pdf, next: &mut Ref) -> Vec<(Name<'static>, Ref)> {
        let (latin, chinese) = (next.bump(), next.bump());
        pdf.type1_font(latin)
            .base_font(Name(b"Helvetica"))
            .encoding_predefined(Name(b"WinAnsiEncoding"));
        let (cid, descriptor, unicode) = (next.bump(), next.bump(), next.bump());
        pdf.type0_font(chinese)
            .base_font(Name(b"STSong-Light-UniGB-UTF16-H"))
            .encoding_predefined(Name(b"UniGB-UTF16-H"))
            .descendant_font(cid)
            .to_unicode(unicode);
        pdf.cid_font(cid)
            .subtype(CidFontType::Type0)
            .base_font(SONG)
            .system_info(system(b"GB1", 5))
            .font_descriptor(descriptor)
            .default_width(number(EM));
        song_descriptor(pdf, descriptor);
        let characters = self
            .chinese
            .into_iter()
            .filter_map(|unit| char::from_u32(unit.into()).map(|character| (unit, character)));
        to_unicode(pdf, unicode, characters);
        vec![(LATIN, latin), (CHINESE, chinese)]
    }
}

const SONG: Name<'static> = Name(b"STSong-Light");

/// The metrics that Adobe's font has.
fn song_descriptor(pdf: &mut Pdf, id: Ref) {
    pdf.font_descriptor(id)
        .name(SONG)
        .flags(FontFlags::SYMBOLIC | FontFlags::SERIF)
        .bbox(Rect::new(-25.0, -254.0, 1000.0, 880.0))
        .italic_angle(0.0)
        .ascent(880.0)
        .descent(-120.0)
        .cap_height(880.0)
        .stem_v(93.0);
}

impl Embedded<'_> {
    /// The character's own glyph, else that of a sign for what is lacking, else the font's own sign for it
    /// (glyph 0); and which character is seen in the end.
    fn glyph(&self, c: char) -> (GlyphId, char) {
        let mut seen = [c, LACKING, '?'].into_iter();
        seen.find_map(|c| Some((self.face.glyph_index(c)?, c))).unwrap_or((GlyphId(0), LACKING))
    }

    /// In thousandths of an em.
    fn scaled(&self, units: i32) -> i32 {
        units * EM / i32::from(self.face.units_per_em()).max(1)
    }

    fn width(&self, glyph: GlyphId) -> i32 {
        /// No letter is wider; a damaged table may say otherwise.
        const WIDTH_MAX: i32 = 4 * EM;
        let units = self.face.glyph_hor_advance(glyph).unwrap_or_default();
        self.scaled(units.into()).min(WIDTH_MAX)
    }

    fn piece(&mut self, text: &str) -> Piece {
        let codes = text.chars().flat_map(|c| self.code(c).to_be_bytes()).collect();
        Piece { font: OWN, codes }
    }

    fn code(&mut self, c: char) -> u16 {
        let (glyph, of) = self.glyph(c);
        let width = self.width(glyph);
        let code = self.glyphs.remap(glyph.0);
        self.used.entry(code).or_insert(Glyph { of, width });
        code
    }

    fn write(&self, pdf: &mut Pdf, next: &mut Ref) -> Result<Ref, PdfError> {
        let program = self.program()?;
        let name = format!("{}+{}", self.tag(), self.postscript_name());
        let (font, cid, unicode) = (next.bump(), next.bump(), next.bump());
        let (descriptor, file) = (next.bump(), next.bump());
        pdf.type0_font(font)
            .base_font(Name(name.as_bytes()))
            .encoding_predefined(Name(b"Identity-H"))
            .descendant_font(cid)
            .to_unicode(unicode);
        self.cid_font(pdf, cid, &name, descriptor);
        self.descriptor(pdf, descriptor, &name, file);
        let mut stream = pdf.stream(file, &program);
        stream.filter(Filter::FlateDecode);
        if is_cff(&self.face) {
            stream.pair(Name(b"Subtype"), Name(b"CIDFontType0C"));
        }
        stream.finish();
        to_unicode(pdf, unicode, self.used.iter().map(|(code, glyph)| (*code, glyph.of)));
        Ok(font)
    }

    /// The used glyphs; of PostScript outlines the bare table, as PDF wants it.
    fn program(&self) -> Result<Vec<u8>, PdfError> {
        let (file, face) = self.font.file();
        let subset = subsetter::subset(file, face, &self.glyphs).map_err(PdfError::Subset)?;
        let bare =
            RawFace::parse(&subset, 0).ok().and_then(|face| face.table(Tag::from_bytes(b"CFF ")));
        Ok(compress(bare.unwrap_or(&subset)))
    }

    fn cid_font(&self, pdf: &mut Pdf, id: Ref, name: &str, descriptor: Ref) {
        let mut font = pdf.cid_font(id);
        font.base_font(Name(name.as_bytes()))
            .system_info(system(b"Identity", 0))
            .font_descriptor(descriptor)
            .default_width(0.0);
        if is_cff(&self.face) {
            font.subtype(CidFontType::Type0);
        } else {
            font.subtype(CidFontType::Type2).cid_to_gid_map_predefined(Name(b"Identity"));
        }
        let mut widths = font.widths();
        for (code, glyph) in &self.used {
            widths.consecutive(*code, [number(glyph.width)]);
        }
    }

    fn descriptor(&self, pdf: &mut Pdf, id: Ref, name: &str, file: Ref) {
        /// Nobody knows a font's stems; readers use them only to replace it.
        const STEM: f32 = 80.0;
        let scaled = |units: i16| number(self.scaled(units.into()));
        let bounds = self.face.global_bounding_box();
        let [left, bottom, right, top] =
            [bounds.x_min, bounds.y_min, bounds.x_max, bounds.y_max].map(scaled);
        let ascent = self.face.ascender();
        let mut descriptor = pdf.font_descriptor(id);
        descriptor
            .name(Name(name.as_bytes()))
            .flags(FontFlags::SYMBOLIC)
            .bbox(Rect::new(left, bottom, right, top))
            .italic_angle(0.0)
            .ascent(scaled(ascent))
            .descent(scaled(self.face.descender()))
            .cap_height(scaled(self.face.capital_height().unwrap_or(ascent)))
            .stem_v(STEM);
        if is_cff(&self.face) {
            descriptor.font_file3(file);
        } else {
            descriptor.font_file2(file);
        }
    }

    /// Six letters that tell this subset from another (ISO 32000-1, 9.6.4): made of what is in it, so that
    /// equal plates give equal files.
    fn tag(&self) -> String {
        // FNV-1a, 64 bits.
        let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
        for glyph in self.glyphs.remapped_gids() {
            hash = (hash ^ u64::from(glyph)).wrapping_mul(0x0100_0000_01b3);
        }
        let letters = (b'A'..=b'Z').map(char::from).collect::<Vec<_>>();
        let mut tag = String::new();
        for _ in 0..6 {
            let letter = usize::try_from(hash % 26).ok().and_then(|at| letters.get(at));
            tag.extend(letter);
            hash /= 26;
        }
        tag
    }

    /// As far as a PDF name can hold it.
    fn postscript_name(&self) -> String {
        const CHARS_MAX: usize = 63;
        let mut names = self.face.names().into_iter();
        let name = names
            .find(|name| name.name_id == name_id::POST_SCRIPT_NAME && name.is_unicode())
            .and_then(|name| name.to_string())
            .unwrap_or_default();
        let is_plain = |c: &char| c.is_ascii_alphanumeric() || *c == '-';
        let plain: String = name.chars().filter(is_plain).take(CHARS_MAX).collect();
        if plain.is_empty() { "Font".to_owned() } else { plain }
    }
}

impl Measure for Embedded<'_> {
    fn advance(&self, c: char) -> i32 {
        let (glyph, _) = self.glyph(c);
        self.width(glyph)
    }
}

impl std::fmt::Debug for Embedded<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Embedded").field("used", &self.used.len()).finish_non_exhaustive()
    }
}

fn system(ordering: &'static [u8], supplement: i32) -> SystemInfo<'static> {
    SystemInfo { registry: Str(b"Adobe"), ordering: Str(ordering), supplement }
}

/// What a reader copies and searches: the characters behind the codes.
fn to_unicode(pdf: &mut Pdf, id: Ref, codes: impl Iterator<Item = (u16, char)>) {
    let mut cmap = UnicodeCmap::new(Name(b"Plate-Unicode"), system(b"UCS", 0));
    for (code, character) in codes {
        cmap.pair(code, character);
    }
    pdf.stream(id, &compress(&cmap.finish())).filter(Filter::FlateDecode);
}

/// Widths are a few thousand at most.
fn number(thousandths: i32) -> f32 {
    f32::from(i16::try_from(thousandths).unwrap_or(i16::MAX))
}
