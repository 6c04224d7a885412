//! A plate's items as operators of a page's content (ISO 32000-1, annex A).

use pdf_writer::Content;
use pdf_writer::types::{LineCapStyle, LineJoinStyle, TextRenderingMode};

use super::A4_TOP;
use super::lettering::Letters;
use crate::code::Run;
use crate::colour::Colour;
use crate::layout::{Anchor, Area, HEIGHT, Item, Text, WIDTH, Weight};
use crate::text::EM;

/// Points in a hundredth of a millimetre.
const SCALE: f32 = 0.028_346_457;
/// PDF counts from the bottom.
const UPSIDE_DOWN: f32 = -0.028_346_457;
/// Control points of a quarter circle are so far from its ends, in ten thousandths of the radius.
const ARC: i32 = 5523;
/// A bold letter is a letter with a line around it, in thousandths of its size: fonts come in one weight.
const BOLD: i32 = 28;
/// Half of a cut mark, and its width.
const MARK: i32 = 1_000;
const MARK_WIDTH: i32 = 10;
const MARK_GREY: f32 = 0.6;

/// After [`Painter::new`] the content's units are hundredths of a millimetre from the top left corner.
pub(super) struct Painter<'a> {
    content: &'a mut Content,
}

impl<'a> Painter<'a> {
    pub(super) fn new(content: &'a mut Content, page_height_points: f32) -> Self {
        content.transform([SCALE, 0.0, 0.0, UPSIDE_DOWN, 0.0, page_height_points]);
        Self { content }
    }

    /// The plate's top left corner stands at `place`.
    pub(super) fn plate(
        &mut self,
        place: (i32, i32),
        items: &[Item<'_>],
        letters: &mut Letters<'_>,
    ) {
        self.content.save_state();
        self.content.transform([1.0, 0.0, 0.0, 1.0, number(place.0), number(place.1)]);
        for item in items {
            self.item(item, letters);
        }
        self.content.restore_state();
    }

    /// Where four plates meet, and where the cuts leave the paper.
    pub(super) fn cut_marks(&mut self) {
        self.content.save_state();
        self.content.set_line_width(number(MARK_WIDTH)).set_stroke_gray(MARK_GREY);
        for y in [A4_TOP, A4_TOP + HEIGHT, A4_TOP + 2 * HEIGHT] {
            self.line((WIDTH, y - MARK), (WIDTH, y + MARK));
        }
        for x in [0, WIDTH, 2 * WIDTH] {
            self.line((x - MARK, A4_TOP + HEIGHT), (x + MARK, A4_TOP + HEIGHT));
        }
        self.content.restore_state();
    }

    fn line(&mut self, from: (i32, i32), to: (i32, i32)) {
        self.content.move_to(number(from.0), number(from.1));
        self.content.line_to(number(to.0), number(to.1)).stroke();
    }

    fn item(&mut self, item: &Item<'_>, letters: &mut Letters<'_>) {
        match item {
            Item::Panel { area, radius, fill } => {
                self.fill_colour(*fill);
                self.corners(*area, *radius);
                self.content.fill_nonzero();
            }
            Item::Frame { area, radius, width, colour } => {
                self.stroke_colour(*colour);
                self.content.set_line_width(number(*width));
                self.corners(*area, *radius);
                self.content.stroke();
            }
            Item::Code { x, y, module, hole, code } => {
                self.code((*x, *y), *module, &code.runs(*hole));
            }
            Item::Text(text) if text.text.is_empty() => {}
            Item::Text(text) => self.text(text, letters),
        }
    }

    /// One path in units of modules, so that no seam shows between rows.
    fn code(&mut self, (x, y): (i32, i32), module: i32, runs: &[Run]) {
        self.fill_colour(Colour::BLACK);
        self.content.save_state();
        let module = number(module);
        self.content.transform([module, 0.0, 0.0, module, number(x), number(y)]);
        for Run { x, y, length } in runs {
            self.content.rect((*x).into(), (*y).into(), (*length).into(), 1.0);
        }
        self.content.fill_nonzero();
        self.content.restore_state();
    }

    fn corners(&mut self, area: Area, radius: i32) {
        let Area { x, y, width, height } = area;
        if radius == 0 {
            self.content.rect(number(x), number(y), number(width), number(height));
            return;
        }
        let (right, bottom) = (x + width, y + height);
        self.content.move_to(number(x + radius), number(y));
        for corner in [
            Corner { at: (right, y), from: (-1, 0), to: (0, 1) },
            Corner { at: (right, bottom), from: (0, -1), to: (-1, 0) },
            Corner { at: (x, bottom), from: (1, 0), to: (0, -1) },
            Corner { at: (x, y), from: (0, 1), to: (1, 0) },
        ] {
            self.arc(corner, radius);
        }
        self.content.close_path();
    }

    /// A line up to the corner's beginning, and round it.
    fn arc(&mut self, corner: Corner, radius: i32) {
        let bend = radius - radius * ARC / 10_000;
        let [start, first, second, end] = [
            corner.point(corner.from, radius),
            corner.point(corner.from, bend),
            corner.point(corner.to, bend),
            corner.point(corner.to, radius),
        ];
        self.content.line_to(start.0, start.1);
        self.content.cubic_to(first.0, first.1, second.0, second.1, end.0, end.1);
    }

    fn text(&mut self, text: &Text, letters: &mut Letters<'_>) {
        let width = letters.measure().width(&text.text) * text.size / EM;
        let x = match text.anchor {
            Anchor::Start => text.x,
            Anchor::Middle => text.x - width / 2,
            Anchor::End => text.x - width,
        };
        self.fill_colour(text.colour);
        self.content.begin_text();
        self.weight(text);
        // The page is upside down for the layout's sake; letters are not.
        self.content.set_text_matrix([1.0, 0.0, 0.0, -1.0, number(x), number(text.baseline)]);
        for piece in letters.pieces(&text.text) {
            self.content.set_font(piece.font, number(text.size));
            self.content.show(pdf_writer::Str(&piece.codes));
        }
        self.content.end_text();
    }

    fn weight(&mut self, text: &Text) {
        match text.weight {
            Weight::Regular => {
                self.content.set_text_rendering_mode(TextRenderingMode::Fill);
            }
            Weight::Bold => {
                self.stroke_colour(text.colour);
                self.content
                    .set_line_width(number(text.size * BOLD / EM))
                    .set_line_join(LineJoinStyle::RoundJoin)
                    .set_line_cap(LineCapStyle::RoundCap)
                    .set_text_rendering_mode(TextRenderingMode::FillStroke);
            }
        }
    }

    fn fill_colour(&mut self, colour: Colour) {
        let [red, green, blue] = colour.parts().map(fraction);
        self.content.set_fill_rgb(red, green, blue);
    }

    fn stroke_colour(&mut self, colour: Colour) {
        let [red, green, blue] = colour.parts().map(fraction);
        self.content.set_stroke_rgb(red, green, blue);
    }
}

/// A corner of a rectangle and the directions from it in which the path comes and goes.
#[derive(Debug, Clone, Copy)]
struct Corner {
    at: (i32, i32),
    from: (i32, i32),
    to: (i32, i32),
}

impl Corner {
    const fn x(self, towards: (i32, i32), by: i32) -> i32 {
        self.at.0 + towards.0 * by
    }

    const fn y(self, towards: (i32, i32), by: i32) -> i32 {
        self.at.1 + towards.1 * by
    }

    fn point(self, towards: (i32, i32), by: i32) -> (f32, f32) {
        (number(self.x(towards, by)), number(self.y(towards, by)))
    }
}

/// Lengths on A4 are below 30,000 hundredths; a longer one is off the paper, wherever it is.
fn number(length: i32) -> f32 {
    let length = length.clamp(i16::MIN.into(), i16::MAX.into());
    f32::from(i16::try_from(length).unwrap_or_default())
}

#[expect(clippy::float_arithmetic, reason = "PDF writes parts of a colour as fractions of one")]
fn fraction(part: u8) -> f32 {
    f32::from(part) / 255.0
}
