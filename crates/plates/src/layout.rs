//! Where everything stands on a plate, decided once for SVG and PDF.
//!
//! From the top: the store's name; a white card with the code and the brands' places; the invitation;
//! the terminal and the plate's number. The outermost 5 mm stay white: office printers do not reach the
//! edge of the paper, and a cut may miss its line.

use crate::code::{QUIET_MODULES, QrCode};
use crate::colour::Colour;
use crate::plate::{Brand, Plate};
use crate::text::{Line, Measure, Room, fit, fit_two};

/// A6 portrait.
pub(crate) const WIDTH: i32 = 10_500;
pub(crate) const HEIGHT: i32 = 14_800;

const MIDDLE: i32 = WIDTH / 2;
const PANEL: Area = Area { x: 500, y: 500, width: 9_500, height: 13_800 };
const PANEL_RADIUS: i32 = 500;
const CARD: Area = Area { x: 1_000, y: 2_560, width: 8_500, height: 8_780 };
const CARD_RADIUS: i32 = 350;

const NAME_MIDDLE: i32 = 1_540;
const NAME: Room = Room { width: 8_300, size: 900, size_min: 340 };
/// Below it a name is better on two lines.
const NAME_SIZE_WRAP: i32 = 620;

/// The code with its quiet zone. The code alone is at least 50 mm wide at any length of address.
const CODE: Area = Area { x: 1_650, y: 2_610, width: 7_200, height: 7_200 };

const STICKER: Area = Area { x: 1_300, y: 9_820, width: 2_500, height: 1_200 };
const STICKER_STEP: i32 = 2_700;
const STICKER_RADIUS: i32 = 200;
const STICKER_LINE: i32 = 35;
const STICKER_NAME: Room = Room { width: 2_150, size: 460, size_min: 240 };

const INVITATION_BASELINE: i32 = 12_340;
const INVITATION: Room = Room { width: 8_500, size: 740, size_min: 340 };
const ENGLISH_BASELINE: i32 = 12_940;
const ENGLISH: Room = Room { width: 8_500, size: 390, size_min: 260 };

const RULE: Area = Area { x: 1_000, y: 13_290, width: 8_500, height: 20 };
const FOOT_BASELINE: i32 = 13_880;
const TERMINAL: Room = Room { width: 4_800, size: 400, size_min: 260 };
const NUMBER: Room = Room { width: 3_400, size: 400, size_min: 260 };

/// From the middle of a line of Chinese to its baseline, in hundredths of the letters' size.
const BASELINE_PERCENT: i32 = 37;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Area {
    pub(crate) x: i32,
    pub(crate) y: i32,
    pub(crate) width: i32,
    pub(crate) height: i32,
}

/// Painted in order, later ones over earlier ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Item<'a> {
    /// A filled rectangle with round corners.
    Panel {
        area: Area,
        radius: i32,
        fill: Colour,
    },
    /// The same as a line of `width`, its middle on the edge.
    Frame {
        area: Area,
        radius: i32,
        width: i32,
        colour: Colour,
    },
    /// The dark modules only, on a ground that is white already. In the middle a square of `hole`
    /// modules is left out.
    Code {
        x: i32,
        y: i32,
        module: i32,
        hole: u8,
        code: &'a QrCode,
    },
    Text(Text),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Text {
    /// Where the anchor stands.
    pub(crate) x: i32,
    pub(crate) baseline: i32,
    pub(crate) anchor: Anchor,
    pub(crate) size: i32,
    pub(crate) weight: Weight,
    pub(crate) colour: Colour,
    pub(crate) text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weight {
    Regular,
    Bold,
}

/// All of a plate; `measure` knows the font in which it will be painted.
pub(crate) fn layout<'a>(plate: &'a Plate, measure: &dyn Measure) -> Vec<Item<'a>> {
    let accent = plate.accent();
    let mut items = vec![
        Item::Panel {
            area: Area { x: 0, y: 0, width: WIDTH, height: HEIGHT },
            radius: 0,
            fill: Colour::WHITE,
        },
        Item::Panel { area: PANEL, radius: PANEL_RADIUS, fill: accent },
    ];
    items.extend(store_name(plate, measure));
    items.push(Item::Panel { area: CARD, radius: CARD_RADIUS, fill: Colour::WHITE });
    items.extend(code(plate, measure));
    items.extend(stickers(&plate.captions().brands, measure));
    items.extend(invitation(plate, measure));
    items.extend(foot(plate, measure));
    items
}

fn store_name<'a>(plate: &Plate, measure: &dyn Measure) -> Vec<Item<'a>> {
    let lines = fit_two(&plate.text().store_name, NAME, NAME_SIZE_WRAP, measure);
    let size = lines.first().map_or(NAME.size, |line| line.size);
    let pitch = size * 125 / 100;
    // The first line stands half a pitch above the middle for each line that follows it.
    let tops = (1..lines.len()).fold(NAME_MIDDLE, |top, _| top - pitch / 2);
    let middles = std::iter::successors(Some(tops), |top| Some(top + pitch));
    let lines = lines.into_iter().zip(middles);
    lines
        .map(|(line, middle)| Text {
            x: MIDDLE,
            baseline: middle + size * BASELINE_PERCENT / 100,
            anchor: Anchor::Middle,
            size: line.size,
            weight: Weight::Bold,
            colour: plate.accent().ink_on(),
            text: line.text,
        })
        .map(Item::Text)
        .collect()
}

/// Modules of a whole number of hundredths, so that all are equally wide.
fn code<'a>(plate: &'a Plate, measure: &dyn Measure) -> Vec<Item<'a>> {
    let modules = plate.code().side_modules();
    let module = CODE.width / (i32::from(modules) + 2 * i32::from(QUIET_MODULES));
    let margin = (CODE.width - i32::from(modules) * module) / 2;
    let (x, y) = (CODE.x + margin, CODE.y + margin);
    let Some(mark) = plate.mark() else {
        return vec![Item::Code { x, y, module, hole: 0, code: plate.code() }];
    };
    let hole = mark_modules(modules);
    let corner = i32::from((modules - hole) / 2) * module;
    let width = i32::from(hole) * module;
    let area = Area { x: x + corner, y: y + corner, width, height: width }.inset(module / 3);
    let mut items = vec![Item::Code { x, y, module, hole, code: plate.code() }];
    items.extend(mark_in(area, mark, plate.accent(), measure));
    items
}

/// An odd number, as the code's side is, so that whole modules give way: at most a fifth of the side, thus
/// 4 % of the modules, far below the 30 % that [`crate::Level::High`] corrects.
const fn mark_modules(side: u8) -> u8 {
    let fifth = side / 5;
    if fifth.is_multiple_of(2) { fifth - 1 } else { fifth }
}

fn mark_in<'a>(area: Area, mark: &str, fill: Colour, measure: &dyn Measure) -> [Item<'a>; 2] {
    /// Hundredths of the mark's width.
    const SIZE: i32 = 64;
    const WIDTH: i32 = 86;
    let (width, size) = (area.width * WIDTH / 100, area.width * SIZE / 100);
    let line = fit(mark, Room { width, size, size_min: 1 }, measure);
    let text = Item::Text(Text::within(area, line, fill.ink_on()));
    [Item::Panel { area, radius: area.width / 6, fill }, text]
}

/// The brands' names in their frames, in the middle if there are fewer than three.
fn stickers<'a>(brands: &[Brand], measure: &dyn Measure) -> Vec<Item<'a>> {
    let missing = crate::plate::BRANDS_MAX.saturating_sub(brands.len());
    let first = (0..missing).fold(STICKER.x, |x, _| x + STICKER_STEP / 2);
    let places = std::iter::successors(Some(first), |x| Some(x + STICKER_STEP));
    let placed = brands.iter().zip(places);
    placed.flat_map(|(brand, x)| sticker(brand, Area { x, ..STICKER }, measure)).collect()
}

fn sticker<'a>(brand: &Brand, area: Area, measure: &dyn Measure) -> [Item<'a>; 2] {
    let line = fit(&brand.name, STICKER_NAME, measure);
    let text = Item::Text(Text::within(area, line, brand.colour));
    let (radius, width) = (STICKER_RADIUS, STICKER_LINE);
    [Item::Frame { area, radius, width, colour: brand.colour }, text]
}

fn invitation<'a>(plate: &Plate, measure: &dyn Measure) -> [Item<'a>; 2] {
    let captions = plate.captions();
    let line = |text: &str, room, baseline, weight| {
        let line = fit(text, room, measure);
        Item::Text(Text {
            x: MIDDLE,
            baseline,
            anchor: Anchor::Middle,
            size: line.size,
            weight,
            colour: plate.accent().ink_on(),
            text: line.text,
        })
    };
    [
        line(&captions.invitation, INVITATION, INVITATION_BASELINE, Weight::Bold),
        line(&captions.invitation_english, ENGLISH, ENGLISH_BASELINE, Weight::Regular),
    ]
}

fn foot<'a>(plate: &Plate, measure: &dyn Measure) -> [Item<'a>; 3] {
    let colour = plate.accent().ink_on();
    let text = |text: &str, room, x, anchor| {
        let line = fit(text, room, measure);
        Item::Text(Text {
            x,
            baseline: FOOT_BASELINE,
            anchor,
            size: line.size,
            weight: Weight::Regular,
            colour,
            text: line.text,
        })
    };
    let names = plate.text();
    [
        Item::Panel { area: RULE, radius: 0, fill: colour },
        text(&names.terminal_name, TERMINAL, RULE.x, Anchor::Start),
        text(&names.number, NUMBER, RULE.x + RULE.width, Anchor::End),
    ]
}

impl Text {
    /// Bold, in the middle of the area.
    fn within(area: Area, line: Line, colour: Colour) -> Self {
        Self {
            x: area.x + area.width / 2,
            baseline: area.y + area.height / 2 + line.size * BASELINE_PERCENT / 100,
            anchor: Anchor::Middle,
            size: line.size,
            weight: Weight::Bold,
            colour,
            text: line.text,
        }
    }
}

impl Area {
    pub(crate) const fn inset(self, by: i32) -> Self {
        Self {
            x: self.x + by,
            y: self.y + by,
            width: self.width - 2 * by,
            height: self.height - 2 * by,
        }
    }
}
