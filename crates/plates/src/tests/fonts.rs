//! A TrueType font made here: each character of it is a square. And fonts that are refused.

use crate::{FONT_BYTES_MAX, Font, FontError};

/// The licence bits of OS/2.
pub(super) const INSTALLABLE: u16 = 0;
const RESTRICTED: u16 = 2;
const PREVIEW_AND_PRINT: u16 = 4;
const NO_SUBSETTING: u16 = 0x0100;
const BITMAPS_ONLY: u16 = 0x0200;

/// Of the characters, in their order; a full em wide.
pub(super) fn font(characters: &str, fs_type: u16) -> Vec<u8> {
    let mut characters: Vec<char> = characters.chars().collect();
    characters.sort_unstable();
    characters.dedup();
    let glyphs = u16::try_from(characters.len() + 1).unwrap();
    let (glyf, loca) = outlines(glyphs);
    sfnt(&[
        (b"OS/2", words(&[&[4, 1000, 400, 5, fs_type], [0; 43].as_slice()].concat())),
        (b"cmap", cmap(&characters)),
        (b"glyf", glyf),
        (b"head", head()),
        (b"hhea", words(&[&[1, 0, 880, 0xff88], [0; 13].as_slice(), &[glyphs]].concat())),
        (b"hmtx", words(&[1000, 0].repeat(glyphs.into()))),
        (b"loca", loca),
        (b"maxp", words(&[&[1, 0, glyphs], [0; 13].as_slice()].concat())),
        (b"name", name("Plate-Test (Regular)")),
        (b"post", words(&[&[3, 0], [0; 14].as_slice()].concat())),
    ])
}

fn words(words: &[u16]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

fn long(value: usize) -> [u16; 2] {
    let value = u32::try_from(value).unwrap();
    [u16::try_from(value >> 16).unwrap(), u16::try_from(value & 0xffff).unwrap()]
}

/// 1,000 units to the em; offsets in `loca` are long.
fn head() -> Vec<u8> {
    let magic = [0x5f0f, 0x3cf5];
    let start = [1, 0, 1, 0, 0, 0, magic[0], magic[1], 0, 1000];
    let bounds = [0, 0, 1000, 1000];
    words(&[start.as_slice(), &[0; 8], &bounds, &[0, 8, 2, 1, 0]].concat())
}

/// Glyph 0 is empty, all others are the same square.
fn outlines(glyphs: u16) -> (Vec<u8>, Vec<u8>) {
    let bounds = [1, 100, 0, 900, 800, 3, 0];
    let flags = [0x0101, 0x0101];
    let (x, y) = ([100, 800, 0, 0xfce0], [0, 0, 800, 0]);
    let square = words(&[bounds.as_slice(), &flags, &x, &y].concat());
    let offsets =
        std::iter::once(0).chain((0..glyphs.into()).map(|glyph: usize| glyph * square.len()));
    let loca = words(&offsets.flat_map(long).collect::<Vec<_>>());
    (square.repeat(usize::from(glyphs) - 1), loca)
}

/// Format 12: characters beyond the BMP, too.
fn cmap(characters: &[char]) -> Vec<u8> {
    let header = [0, 1, 3, 10, 0, 12];
    let groups = characters.iter().zip(1..).flat_map(|(character, glyph): (_, usize)| {
        let code = long(usize::try_from(u32::from(*character)).unwrap());
        [code, code, long(glyph)].concat()
    });
    let groups: Vec<u16> = groups.collect();
    let length = long(16 + 2 * groups.len());
    let subtable = [&[12, 0], &length, &[0, 0], long(characters.len()).as_slice()].concat();
    words(&[header.as_slice(), &subtable, &groups].concat())
}

/// The PostScript name, in UTF-16.
fn name(name: &str) -> Vec<u8> {
    let text: Vec<u16> = name.encode_utf16().collect();
    let length = u16::try_from(2 * text.len()).unwrap();
    words(&[[0, 1, 18, 3, 1, 0x409, 6, length, 0].as_slice(), &text].concat())
}

fn sfnt(tables: &[(&[u8; 4], Vec<u8>)]) -> Vec<u8> {
    let count = u16::try_from(tables.len()).unwrap();
    let mut directory = words(&[1, 0, count, 0, 0, 0]);
    let mut data = Vec::new();
    for (tag, table) in tables {
        directory.extend(*tag);
        let offset = 12 + 16 * tables.len() + data.len();
        directory.extend(words(&[[0, 0], long(offset), long(table.len())].concat()));
        data.extend(table);
        data.resize(data.len().next_multiple_of(4), 0);
    }
    [directory, data].concat()
}

#[test]
fn fonts_are_judged() {
    let check = |bytes: Vec<u8>, expect: &str| {
        let found = match Font::parse(bytes) {
            Ok(_) => "usable",
            Err(FontError::TooLarge) => "too_large",
            Err(FontError::Malformed(_)) => "malformed",
            Err(FontError::NoOutlines) => "no_outlines",
            Err(FontError::EmbeddingForbidden) => "embedding_forbidden",
        };
        assert_eq!(found, expect);
    };
    check(vec![0; FONT_BYTES_MAX + 1], "too_large");
    check(Vec::new(), "malformed");
    check(b"%PDF-1.7 is no font".to_vec(), "malformed");
    check(font("a", INSTALLABLE)[..200].to_vec(), "malformed");
    let bare = [(b"head", head()), (b"hhea", words(&[0; 18])), (b"maxp", words(&[1, 0, 1]))];
    check(sfnt(&bare), "no_outlines");
    check(font("a", RESTRICTED), "embedding_forbidden");
    check(font("a", NO_SUBSETTING), "embedding_forbidden");
    check(font("a", BITMAPS_ONLY), "embedding_forbidden");
    check(font("a", PREVIEW_AND_PRINT), "usable");
    check(font("a", INSTALLABLE), "usable");
}

/// A collection is a list of offsets of fonts (OpenType, "Font Collections").
#[test]
fn a_collection_has_several_fonts() {
    const HEADER_BYTES: u32 = 20;
    // The tag `ttcf`, version 1.0, two fonts, and for both the same offset.
    let mut collection = words(&[0x7474, 0x6366, 1, 0, 0, 2, 0, 20, 0, 20]);
    let mut one = font("a", INSTALLABLE);
    // Tables' offsets count from the beginning of the file.
    for table in 0..10 {
        let at = 12 + 16 * table + 8;
        let offset = u32::from_be_bytes(one[at..at + 4].try_into().unwrap()) + HEADER_BYTES;
        one[at..at + 4].copy_from_slice(&offset.to_be_bytes());
    }
    collection.extend(one);
    for (face, expect) in [(0, true), (1, true), (2, false)] {
        assert_eq!(Font::parse_face(collection.clone(), face).is_ok(), expect, "{face}");
    }
}
