//! A plate stays inside its frame and its code large, whatever it says.

use super::{NAMES, plate, text, url};
use crate::layout::{Anchor, Item, Text, layout};
use crate::text::{Estimate, Measure as _};
use crate::{Plate, PlateText, URL_BYTES_MAX};

const MEASURE: Estimate = Estimate { latin_percent: 100 };
/// The coloured panel, in hundredths of a millimetre.
const LEFT: i32 = 500;
const RIGHT: i32 = 10_000;

fn code(plate: &Plate) -> (i32, i32, i32, i32) {
    let items = layout(plate, &MEASURE);
    let code = items.iter().find_map(|item| match item {
        Item::Code { x, y, module, code, .. } => {
            Some((*x, *y, *module, i32::from(code.side_modules())))
        }
        Item::Panel { .. } | Item::Frame { .. } | Item::Text(_) => None,
    });
    code.expect("a plate has a code")
}

#[test]
fn the_code_is_large_and_has_its_quiet_zone() {
    for bytes in (1..=URL_BYTES_MAX).rev().step_by(5) {
        let plain = Plate::new(text(&url(bytes), "店")).unwrap();
        for plate in [plain.clone(), plain.with_mark("付").unwrap()] {
            let (x, y, module, side) = code(&plate);
            assert!(side * module >= 5_000, "{bytes} bytes: {side} x {module}");
            assert!(module >= 70, "{bytes} bytes: {module}");
            // The card is white from 10 to 95 mm and from 25.6 mm down to the stickers at 98.2 mm.
            assert!(x - 4 * module >= 1_000 && x + (side + 4) * module <= 9_500, "{bytes}");
            assert!(y - 4 * module >= 2_560 && y + (side + 4) * module <= 9_820, "{bytes}");
            // A mark must not hide an alignment pattern, which the versions between have in the middle
            // (ISO/IEC 18004:2015, annex E).
            let version = (side - 17) / 4;
            assert!(plate.mark().is_none() || matches!(version, 1..=6 | 14..=20), "{bytes}");
        }
    }
}

fn span(text: &Text) -> (i32, i32) {
    let width = MEASURE.width(&text.text) * text.size / 1000;
    match text.anchor {
        Anchor::Start => (text.x, text.x + width),
        Anchor::Middle => (text.x - width / 2, text.x + width / 2),
        Anchor::End => (text.x - width, text.x),
    }
}

#[test]
fn text_stays_on_the_panel() {
    let wide = "WWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW";
    for name in NAMES {
        let names = PlateText {
            terminal_name: name.to_owned(),
            number: wide.to_owned(),
            ..text(&url(38), name)
        };
        let plate = Plate::new(names).unwrap().with_mark("WW").unwrap();
        for item in layout(&plate, &MEASURE) {
            if let Item::Text(text) = item {
                let (from, to) = span(&text);
                assert!(LEFT < from && to < RIGHT, "{text:?}");
                assert!(text.size >= 200, "too small to read: {text:?}");
            }
        }
    }
}

/// The mark takes at most 4 % of the modules.
#[test]
fn the_mark_is_small() {
    let plate = plate("店").with_mark("付").unwrap();
    let drawn =
        |hole| -> u32 { plate.code().runs(hole).iter().map(|run| u32::from(run.length)).sum() };
    let hole = layout(&plate, &MEASURE).iter().find_map(|item| match item {
        Item::Code { hole, .. } => Some(*hole),
        Item::Panel { .. } | Item::Frame { .. } | Item::Text(_) => None,
    });
    let (hole, side) = (u32::from(hole.unwrap()), u32::from(plate.code().side_modules()));
    assert!(hole % 2 == 1 && hole * hole * 25 <= side * side, "{hole} of {side}");
    assert!(drawn(0) - drawn(7) <= 49);
}
