//! PDF files are taken apart by a reader of our own that knows only what they must be: objects, streams
//! and operators. Codes are drawn from the operators and read back.

use std::collections::BTreeMap;

use super::fonts::{INSTALLABLE, font};
use super::{NAMES, Picture, plate, text, url};
use crate::{Font, Lettering, PLATES_MAX, PdfError, Plate, Sheet, URL_BYTES_MAX, plate_pdf};

/// A file's objects: the text before each stream, and the stream unpacked.
struct Objects(Vec<(String, Vec<u8>)>);

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

fn split<'a>(bytes: &'a [u8], at: &[u8]) -> (&'a [u8], &'a [u8]) {
    let start = find(bytes, at).unwrap_or_else(|| panic!("no {}", at.escape_ascii()));
    (&bytes[..start], &bytes[start + at.len()..])
}

impl Objects {
    /// Follows the cross-reference table, so that a wrong offset or length is noticed.
    fn read(pdf: &[u8]) -> Self {
        assert!(pdf.starts_with(b"%PDF-1.7") && pdf.ends_with(b"%%EOF"));
        let (_, tail) = split(pdf, b"startxref\n");
        let start: usize = std::str::from_utf8(split(tail, b"\n").0).unwrap().parse().unwrap();
        let (table, _) = split(&pdf[start..], b"trailer\n");
        let offsets =
            std::str::from_utf8(table).unwrap().lines().filter(|line| line.contains(" n"));
        let offsets = offsets.map(|line| line.split(' ').next().unwrap().parse::<usize>().unwrap());
        Self(offsets.map(|offset| Self::object(&pdf[offset..])).collect())
    }

    fn object(bytes: &[u8]) -> (String, Vec<u8>) {
        let (object, _) = split(bytes, b"\nendobj");
        let Some(start) = find(object, b"stream\n") else {
            return (String::from_utf8_lossy(object).into_owned(), Vec::new());
        };
        let head = String::from_utf8_lossy(&object[..start]).into_owned();
        let length = head.split("/Length ").nth(1).unwrap();
        let length: usize = length.split_whitespace().next().unwrap().parse().unwrap();
        let (data, rest) = bytes[start + 7..].split_at(length);
        assert!(rest.starts_with(b"\nendstream"), "{head}");
        assert!(head.contains("/Filter /FlateDecode"), "{head}");
        (head, miniz_oxide::inflate::decompress_to_vec_zlib(data).unwrap())
    }

    fn with(&self, what: &str) -> Vec<&(String, Vec<u8>)> {
        self.0.iter().filter(|(head, _)| head.contains(what)).collect()
    }

    /// The pages' content in order.
    fn contents(&self) -> Vec<Vec<Operation>> {
        let streams = self.0.iter().map(|(_, stream)| stream);
        let contents =
            streams.filter(|stream| stream.ends_with(b"Q") && find(stream, b" cm\n").is_some());
        contents.map(|content| operations(content)).collect()
    }

    fn to_unicode(&self) -> String {
        let maps = self.0.iter().filter(|(_, stream)| find(stream, b"begincmap").is_some());
        let map = maps.map(|(_, stream)| String::from_utf8(stream.clone()).unwrap()).next();
        map.expect("a map to Unicode")
    }
}

#[derive(Debug)]
struct Operation {
    name: String,
    numbers: Vec<f32>,
    /// The font's name or the shown bytes.
    bytes: Vec<u8>,
}

/// Numbers, names, strings and operators: all that our content has.
fn operations(content: &[u8]) -> Vec<Operation> {
    let mut rest = content;
    let mut all = Vec::new();
    let mut operation = Operation { name: String::new(), numbers: Vec::new(), bytes: Vec::new() };
    while let Some(first) = rest.first() {
        match first {
            b' ' | b'\n' => rest = &rest[1..],
            b'(' | b'<' => (operation.bytes, rest) = string(rest),
            _ => {
                let end = rest.iter().position(|byte| b" \n(<".contains(byte));
                let (word, after) = rest.split_at(end.unwrap_or(rest.len()));
                rest = after;
                let word = std::str::from_utf8(word).unwrap().to_owned();
                if let Ok(number) = word.parse() {
                    operation.numbers.push(number);
                } else if word.starts_with('/') {
                    operation.bytes = word.into_bytes();
                } else {
                    let next = Operation { name: String::new(), numbers: vec![], bytes: vec![] };
                    all.push(Operation { name: word, ..std::mem::replace(&mut operation, next) });
                }
            }
        }
    }
    all
}

/// A string's bytes and what follows it.
fn string(text: &[u8]) -> (Vec<u8>, &[u8]) {
    if let Some(hex) = text.strip_prefix(b"<") {
        let (digits, rest) = split(hex, b">");
        let digits = std::str::from_utf8(digits).unwrap();
        let bytes = digits
            .as_bytes()
            .chunks(2)
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap());
        return (bytes.collect(), rest);
    }
    let mut bytes = Vec::new();
    let mut depth = 0;
    let mut at = 0;
    loop {
        match text[at] {
            b'\\' => {
                let (byte, length) = escaped(&text[at + 1..]);
                bytes.push(byte);
                at += length;
            }
            b'(' if depth == 0 => depth = 1,
            b'(' => (depth, _) = (depth + 1, bytes.push(b'(')),
            b')' if depth == 1 => return (bytes, &text[at + 1..]),
            b')' => (depth, _) = (depth - 1, bytes.push(b')')),
            byte => bytes.push(byte),
        }
        at += 1;
    }
}

/// What a backslash stands for, and how many bytes follow it (ISO 32000-1, table 3).
fn escaped(text: &[u8]) -> (u8, usize) {
    const SIGNS: [(u8, u8); 8] = [
        (b'n', b'\n'),
        (b'r', b'\r'),
        (b't', b'\t'),
        (b'b', 8),
        (b'f', 12),
        (b'(', b'('),
        (b')', b')'),
        (b'\\', b'\\'),
    ];
    let sign = SIGNS.into_iter().find(|(sign, _)| *sign == text[0]);
    sign.map_or_else(
        || {
            let digits = std::str::from_utf8(&text[..3]).unwrap();
            (u8::from_str_radix(digits, 8).expect("three octal digits"), 3)
        },
        |(_, byte)| (byte, 1),
    )
}

/// The codes of a page, drawn four pixels to a module: rectangles one unit high are modules.
fn codes(content: &[Operation]) -> Vec<String> {
    let is_path = |operation: &&[Operation]| operation[0].numbers.get(3) == Some(&1.0);
    let same = |one: &Operation, other: &Operation| one.name == "re" && other.name == "re";
    let paths = content.chunk_by(same).filter(|path| path[0].name == "re").filter(is_path);
    paths.map(|path| draw(path).decode()).collect()
}

#[expect(clippy::as_conversions, reason = "whole numbers below 200, written as floats")]
fn draw(path: &[Operation]) -> Picture {
    const PX: usize = 4;
    let runs = path.iter().map(|run| [0, 1, 2].map(|at| run.numbers[at] as usize));
    let runs: Vec<_> = runs.collect();
    let side = runs.iter().map(|[x, _, length]| x + length).max().unwrap() + 8;
    let mut grey = vec![255; side * side * PX * PX];
    for [x, y, length] in runs {
        for row in (y + 4) * PX..(y + 5) * PX {
            let start = row * side * PX + (x + 4) * PX;
            grey[start..start + length * PX].fill(0);
        }
    }
    Picture { width: side * PX, grey }
}

fn plates(count: usize) -> Vec<Plate> {
    let names = |number| format!("{}/{number}", url(30));
    (1..=count).map(|number| Plate::new(text(&names(number), "店")).unwrap()).collect()
}

fn standard(plates: &[Plate], sheet: Sheet) -> Objects {
    Objects::read(&plate_pdf(plates, sheet, Lettering::Standard).unwrap())
}

#[test]
fn a_file_has_some_plates_and_not_too_many() {
    let check = |count, expect: &str| {
        let found = match plate_pdf(&vec![plate("店"); count], Sheet::A4, Lettering::Standard) {
            Ok(_) => "printed",
            Err(PdfError::NoPlates) => "no_plates",
            Err(PdfError::TooManyPlates) => "too_many_plates",
            Err(PdfError::Font(_) | PdfError::Subset(_)) => "font",
        };
        assert_eq!(found, expect, "{count}");
    };
    check(0, "no_plates");
    check(1, "printed");
    check(PLATES_MAX, "printed");
    check(PLATES_MAX + 1, "too_many_plates");
}

#[test]
fn every_code_of_every_page_can_be_read() {
    let check = |count, sheet, pages: &[usize], media_box: &str| {
        let plates = plates(count);
        let file = standard(&plates, sheet);
        assert_eq!(file.with(media_box).len(), pages.len(), "{media_box}");
        assert_eq!(file.with(&format!("/Count {}", pages.len())).len(), 1);
        let read: Vec<Vec<String>> = file.contents().iter().map(|page| codes(page)).collect();
        assert_eq!(read.iter().map(Vec::len).collect::<Vec<_>>(), pages);
        let expect: Vec<_> = plates.iter().map(|plate| plate.text().url.clone()).collect();
        assert_eq!(read.concat(), expect);
    };
    let (a6, a4) = ("/MediaBox [0 0 297.6378 419.52756]", "/MediaBox [0 0 595.2756 841.8898]");
    check(1, Sheet::One, &[1], a6);
    check(3, Sheet::One, &[1, 1, 1], a6);
    check(1, Sheet::A4, &[1], a4);
    check(4, Sheet::A4, &[4], a4);
    check(9, Sheet::A4, &[4, 4, 1], a4);
}

#[test]
fn codes_with_marks_and_long_addresses_can_be_read() {
    for bytes in [1, 38, URL_BYTES_MAX] {
        let plain = Plate::new(text(&url(bytes), "店")).unwrap();
        for plate in [plain.clone(), plain.with_mark("付").unwrap()] {
            let file = standard(&[plate], Sheet::One);
            assert_eq!(codes(&file.contents()[0]), [url(bytes)]);
        }
    }
}

/// What is shown on a page, as a reader without the fonts would copy it.
fn shown(file: &Objects) -> Vec<String> {
    let mut font = Vec::new();
    let mut texts: Vec<String> = Vec::new();
    for operation in file.contents().into_iter().flatten() {
        match operation.name.as_str() {
            "BT" => texts.push(String::new()),
            "Tf" => font = operation.bytes,
            "Tj" if font == b"/L" => {
                // Of `WinAnsiEncoding` only the part is used that is as in Unicode.
                assert!(operation.bytes.iter().all(|byte| matches!(byte, b' '..=b'~' | 0xc0..)));
                texts.last_mut().unwrap().extend(operation.bytes.into_iter().map(char::from));
            }
            "Tj" => {
                let units = operation.bytes.chunks(2).map(|pair| [pair[0], pair[1]]);
                let units: Vec<u16> = units.map(u16::from_be_bytes).collect();
                texts.last_mut().unwrap().push_str(&String::from_utf16(&units).unwrap());
            }
            _ => {}
        }
    }
    texts
}

#[test]
fn text_is_shown_and_can_be_copied() {
    let file = standard(&[plate("老街 (Café) \\店")], Sheet::One);
    assert_eq!(
        shown(&file),
        [
            "老街 (Café) \\店",
            "支付宝",
            "微信支付",
            "云闪付",
            "支付就用扫一扫",
            "Scan to pay",
            "收银台 1",
            "No. 0001"
        ]
    );
    for c in "老街店支付宝微信云闪就用扫一收银台".chars() {
        let code = format!("<{:04X}> <{:04X}>", u32::from(c), u32::from(c));
        assert!(file.to_unicode().contains(&code), "{c}");
    }
    assert_eq!(file.with("/BaseFont /STSong-Light-UniGB-UTF16-H").len(), 1);
    assert_eq!(file.with("/BaseFont /Helvetica").len(), 1);
    assert!(file.with("/FontFile").is_empty());
}

/// Names do not break the file, nor leave a state open that the next plate would inherit.
#[test]
fn names_cannot_break_the_file() {
    let names = NAMES.map(plate);
    for sheet in [Sheet::One, Sheet::A4] {
        let file = standard(&names, sheet);
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for operation in file.contents().into_iter().flatten() {
            *counts.entry(operation.name).or_default() += 1;
        }
        assert_eq!(counts["q"], counts["Q"]);
        assert_eq!(counts["BT"], counts["ET"]);
        let known = "BT ET Q S Tf Tj Tm Tr c cm f h j J l m q re rg RG w G".split(' ');
        let known: Vec<&str> = known.collect();
        assert!(counts.keys().all(|name| known.contains(&name.as_str())), "{counts:?}");
        let copied = shown(&file);
        assert!(copied.contains(&"□ 咖啡 □□□ □野家".to_owned()), "{copied:?}");
        assert!(copied.contains(&"tab here line nul [31m".to_owned()), "{copied:?}");
    }
}

#[test]
fn the_file_says_what_it_is_and_not_when() {
    let print = || plate_pdf(&plates(3), Sheet::A4, Lettering::Standard).unwrap();
    let file = print();
    assert_eq!(file, print(), "equal plates give equal bytes");
    for absent in ["CreationDate", "ModDate", "/ID", "/JavaScript", "/URI"] {
        assert!(find(&file, absent.as_bytes()).is_none(), "{absent}");
    }
    assert!(find(&file, b"/Lang (zh-CN)").is_some());
    assert!(find(&file, b"/DisplayDocTitle true").is_some());
    // A title is UTF-16 with a byte order mark.
    let title = "\u{feff}店 No. 0001 – No. 0001".encode_utf16();
    let title: String = title.map(|unit| format!("{unit:04X}")).collect();
    assert!(find(&file, format!("/Title <{title}>").as_bytes()).is_some());
}

#[test]
fn a_font_s_used_glyphs_are_embedded() {
    let ascii: String = (' '..='~').collect();
    let own =
        Font::parse(font(&format!("{ascii}老街𠮷收银台支付宝微信云闪就用扫一□"), INSTALLABLE));
    let own = own.unwrap();
    let print = || {
        let plates = [plate("老街𠮷😀"), plate("老街")];
        plate_pdf(&plates, Sheet::A4, Lettering::Embedded(&own)).unwrap()
    };
    let bytes = print();
    assert_eq!(bytes, print(), "equal plates give equal bytes");
    let file = Objects::read(&bytes);
    assert_eq!(file.contents().iter().flat_map(|page| codes(page)).count(), 2);
    // The font has no emoji: the sign for what is lacking is printed, and copied.
    for (c, expect) in [("老", "<8001>"), ("𠮷", "<D842DFB7>"), ("😀", "<25A1>")] {
        assert!(file.to_unicode().contains(expect), "{c} in {}", file.to_unicode());
    }
    let descriptor = &file.with("/FontFile2")[0].0;
    let name = descriptor.split("/FontName /").nth(1).unwrap().lines().next().unwrap();
    let (tag, name) = name.split_once('+').unwrap();
    assert!(tag.len() == 6 && tag.bytes().all(|byte| byte.is_ascii_uppercase()), "{tag}");
    assert_eq!(name, "Plate-TestRegular");
    let program = file.0.iter().find(|(_, stream)| stream.starts_with(&[0, 1, 0, 0])).unwrap();
    let face = ttf_parser::RawFace::parse(&program.1, 0).unwrap();
    let glyphs = face.table(ttf_parser::Tag::from_bytes(b"maxp")).unwrap();
    // 19 Chinese characters, 17 ASCII ones, the sign for what is lacking, and glyph 0.
    assert!(u16::from_be_bytes([glyphs[4], glyphs[5]]) < 45, "only the used glyphs");
}

/// A font without a single character of the plate: every text is the font's own sign for that.
#[test]
fn a_font_may_lack_everything() {
    let font = Font::parse(font("x", INSTALLABLE)).unwrap();
    let file = plate_pdf(&[plate("老街")], Sheet::One, Lettering::Embedded(&font)).unwrap();
    assert_eq!(codes(&Objects::read(&file).contents()[0]), [url(38)]);
}
