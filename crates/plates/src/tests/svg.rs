//! A plate as SVG: one golden file, codes read back, names that cannot break out.

use super::{NAMES, Picture, plate, text, url};
use crate::{Brand, Captions, Colour, Plate, URL_BYTES_MAX, plate_svg};

/// Changed by hand when the layout is: look at it in a browser first.
const GOLDEN: &str = include_str!("plate.svg");
/// Twelve to a millimetre.
const WIDTH_PX: u32 = 1260;

#[test]
fn a_plate_is_as_the_golden_file() {
    let svg = plate_svg(&plate("老街面馆").with_mark("面").unwrap());
    assert!(svg == GOLDEN, "the plate's SVG is another one:\n{svg}");
}

#[test]
fn the_code_can_be_read() {
    for bytes in [1, 38, 100, URL_BYTES_MAX] {
        let plain = Plate::new(text(&url(bytes), "店")).unwrap();
        for plate in [plain.clone(), plain.with_mark("付").unwrap()] {
            let picture = Picture::of_svg(&plate_svg(&plate), WIDTH_PX);
            assert_eq!(picture.decode(), url(bytes), "{:?}", plate.mark());
        }
    }
}

#[test]
fn colours_leave_the_code_readable() {
    for accent in [Colour::WHITE, Colour::BLACK, Colour::rgb(0xff, 0xc5, 0x3d)] {
        let plate = plate("店").with_accent(accent);
        assert_eq!(Picture::of_svg(&plate_svg(&plate), WIDTH_PX).decode(), url(38), "{accent}");
    }
}

#[test]
fn names_cannot_break_out() {
    for name in NAMES {
        let brand = Brand { name: name.to_owned(), colour: Colour::BLACK };
        let captions = Captions {
            invitation: name.to_owned(),
            invitation_english: name.to_owned(),
            brands: vec![brand],
        };
        let svg = plate_svg(&plate(name).with_captions(captions).unwrap());
        for forbidden in ["<script", "<!--", "]]>", "<style", "style=", "href", "&amp;amp;amp;"] {
            assert!(!svg.contains(forbidden), "{forbidden} in {svg}");
        }
        assert!(!svg.chars().any(|c| c.is_control() && c != '\n'), "{name:?}");
        assert_eq!(Picture::of_svg(&svg, WIDTH_PX).decode(), url(38), "{name:?}");
    }
}
