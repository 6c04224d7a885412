//! 签购单: what comes out of the printer, as text and as a picture of the paper.

use std::fmt::Write as _;

use crate::error::Failed;

/// Half-width columns of paper 58 mm wide.
const COLUMNS: usize = 32;
/// Dots: a half-width character has eight by sixteen, and each dot is four of the picture's.
const GLYPH_HEIGHT: usize = 16;
/// From line to line.
const LINE_HEIGHT: usize = GLYPH_HEIGHT + 4;
const COLUMN_WIDTH: usize = 8;
const SCALE: usize = 2;
const MARGIN: usize = 16;
/// A character that the font does not have.
const UNKNOWN: char = '□';

/// Lines of text, each at most as wide as the paper.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Slip {
    lines: Vec<String>,
}

impl Slip {
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        for line in &self.lines {
            // Writing to a string does not fail.
            writeln!(text, "{}", line.trim_end()).ok();
        }
        text
    }

    /// A PNG of the paper, black on white.
    ///
    /// # Errors
    /// [`Failed::Picture`]
    pub fn png(&self) -> Result<Vec<u8>, Failed> {
        let width = (COLUMNS * COLUMN_WIDTH + 2 * MARGIN) * SCALE;
        let height = (self.lines.len() * LINE_HEIGHT + 2 * MARGIN) * SCALE;
        let mut dots = vec![u8::MAX; width * height];
        for (row, line) in self.lines.iter().enumerate() {
            draw(&mut dots, width, (MARGIN + row * LINE_HEIGHT, line));
        }
        let mut out = Vec::new();
        let size = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let mut encoder = png::Encoder::new(&mut out, size(width), size(height));
        encoder.set_color(png::ColorType::Grayscale);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.write_header()?.write_image_data(&dots)?;
        Ok(out)
    }

    pub(crate) fn line(&mut self, text: &str) {
        self.lines.push(text.to_owned());
    }

    pub(crate) fn centre(&mut self, text: &str) {
        let left = COLUMNS.saturating_sub(width_of(text)) / 2;
        self.lines.push(format!("{}{text}", " ".repeat(left)));
    }

    /// A label on the left, a value on the right; on two lines where they do not fit one.
    pub(crate) fn pair(&mut self, label: &str, value: &str) {
        let (left, right) = (width_of(label), width_of(value));
        if left + right < COLUMNS {
            let between = " ".repeat(COLUMNS - left - right);
            self.lines.push(format!("{label}{between}{value}"));
            return;
        }
        self.lines.push(label.to_owned());
        let before = " ".repeat(COLUMNS.saturating_sub(right));
        self.lines.push(format!("{before}{value}"));
    }

    pub(crate) fn rule(&mut self) {
        self.lines.push("-".repeat(COLUMNS));
    }
}

/// Chinese characters take two columns.
fn width_of(text: &str) -> usize {
    text.chars().map(|c| glyph(c).map_or(1, |g| g.get_width() / COLUMN_WIDTH)).sum()
}

fn glyph(c: char) -> Option<&'static unifont::Glyph> {
    unifont::get_glyph(c).or_else(|| unifont::get_glyph(UNKNOWN))
}

fn draw(dots: &mut [u8], width: usize, (top, line): (usize, &str)) {
    let mut left = MARGIN;
    for glyph in line.chars().filter_map(glyph) {
        for (y, x) in (0..GLYPH_HEIGHT).flat_map(|y| (0..glyph.get_width()).map(move |x| (y, x))) {
            if glyph.get_pixel(x, y) {
                dot(dots, width, (left + x, top + y));
            }
        }
        left += glyph.get_width();
    }
}

fn dot(dots: &mut [u8], width: usize, (x, y): (usize, usize)) {
    for (dy, dx) in (0..SCALE).flat_map(|dy| (0..SCALE).map(move |dx| (dy, dx))) {
        let at = (y * SCALE + dy) * width + x * SCALE + dx;
        if x * SCALE + dx < width
            && let Some(dot) = dots.get_mut(at)
        {
            *dot = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_fit_the_paper() {
        let mut slip = Slip::default();
        slip.centre("银联商户签购单");
        slip.pair("金额 AMOUNT", "RMB 12.34");
        slip.pair("商户编号 MERCHANT NO.", "305310058120001");
        slip.rule();
        let text = slip.text();
        assert!(text.lines().all(|line| width_of(line) <= COLUMNS), "{text}");
        assert_eq!(text.lines().count(), 5);
        assert!(text.lines().nth(1).unwrap().ends_with("RMB 12.34"));
    }

    #[test]
    fn a_picture_has_ink_where_the_text_is() {
        let mut slip = Slip::default();
        slip.line("算盘 12.34");
        let png = slip.png().unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(png)).read_info().unwrap();
        let mut dots = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut dots).unwrap();
        assert_eq!(info.width, 576);
        let black = dots.iter().filter(|dot| **dot == 0).count();
        assert!((400..4_000).contains(&black), "{black}");
    }
}
