//! Names as they are printed: made harmless, measured, and brought to size.

/// An em has a thousand parts: the unit of widths in PDF.
pub(crate) const EM: i32 = 1000;
const ELLIPSIS: char = '…';

/// How far a font moves on after a character, in thousandths of the letters' size.
pub(crate) trait Measure {
    fn advance(&self, c: char) -> i32;

    fn width(&self, text: &str) -> i32 {
        text.chars().map(|c| self.advance(c)).sum()
    }
}

/// Where a text has to fit: widths and sizes in hundredths of a millimetre.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Room {
    pub(crate) width: i32,
    /// Of the letters, if they fit at it.
    pub(crate) size: i32,
    /// The text is cut rather than printed smaller.
    pub(crate) size_min: i32,
}

/// One line and the size it is printed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) text: String,
    pub(crate) size: i32,
}

/// The text on one line: control characters and line ends are spaces, and what cannot be seen (marks of
/// direction, joiners, variation selectors) is gone, since it would print one name and mean another.
pub(crate) fn clean(text: &str) -> String {
    let spaced: String = text
        .chars()
        .filter(|c| !is_invisible(*c))
        .map(|c| if c.is_control() || c.is_whitespace() { ' ' } else { c })
        .collect();
    let words: Vec<&str> = spaced.split(' ').filter(|word| !word.is_empty()).collect();
    words.join(" ")
}

/// Format characters and noncharacters (The Unicode Standard, 23.2 to 23.8).
fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{61c}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{fdd0}'..='\u{fdef}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{fffe}'..='\u{ffff}'
            | '\u{e0000}'..='\u{e0fff}'
    ) || u32::from(c) & 0xfffe == 0xfffe
}

/// For XML, in text and between double quotes.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            // XML 1.0 has no way to write these.
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}

/// Smaller letters where the text is too wide; below the smallest size it is cut and ends in `…`.
pub(crate) fn fit(text: &str, room: Room, measure: &dyn Measure) -> Line {
    let ems = measure.width(text).max(1);
    let size = room.size.min(room.width * EM / ems);
    if size >= room.size_min {
        return Line { text: text.to_owned(), size };
    }
    let ems_max = room.width * EM / room.size_min.max(1);
    Line { text: cut(text, ems_max, measure), size: room.size_min }
}

/// One line if its letters are at least `size_wrap`, else two of equal size.
pub(crate) fn fit_two(text: &str, room: Room, size_wrap: i32, measure: &dyn Measure) -> Vec<Line> {
    let one = fit(text, Room { size_min: 1, ..room }, measure);
    if one.size >= size_wrap {
        return vec![one];
    }
    let Some((left, right)) = halves(text, measure) else {
        return vec![fit(text, room, measure)];
    };
    let room = Room { size: size_wrap, ..room };
    let size = fit(left, room, measure).size.min(fit(right, room, measure).size);
    let ems_max = room.width * EM / size.max(1);
    // A name that is cut is cut at its end: the first line takes what it can.
    let is_cut = [left, right].into_iter().any(|line| measure.width(line) > ems_max);
    let (left, right) = if is_cut { filled(text, ems_max, measure) } else { (left, right) };
    [left, right].map(|line| fit(line, Room { size, ..room }, measure)).to_vec()
}

/// As many characters as one line has room for, and the rest.
fn filled<'a>(text: &'a str, ems_max: i32, measure: &dyn Measure) -> (&'a str, &'a str) {
    let mut width = 0;
    let fits = |(_, c): &(usize, char)| {
        width += measure.advance(*c);
        width <= ems_max
    };
    let end = text.char_indices().take_while(fits).map(|(at, c)| at + c.len_utf8()).last();
    let (left, right) = end.and_then(|at| text.split_at_checked(at)).unwrap_or((text, ""));
    (left.trim_end(), right.trim_start())
}

fn cut(text: &str, ems_max: i32, measure: &dyn Measure) -> String {
    let mut room = ems_max - measure.advance(ELLIPSIS);
    let mut kept: String = text
        .chars()
        .take_while(|c| {
            room -= measure.advance(*c);
            room >= 0
        })
        .collect();
    kept.truncate(kept.trim_end().len());
    kept.push(ELLIPSIS);
    kept
}

/// Where both parts are most alike in width, but rather not inside a Latin word or before a closing mark.
fn halves<'a>(text: &'a str, measure: &dyn Measure) -> Option<(&'a str, &'a str)> {
    let splits = text.char_indices().skip(1).filter_map(|(at, _)| text.split_at_checked(at));
    let splits = splits.map(|(left, right)| {
        let wider = measure.width(left.trim_end()).max(measure.width(right.trim_start()));
        (wider + reluctance(left, right), left.trim_end(), right.trim_start())
    });
    splits.min_by_key(|(cost, ..)| *cost).map(|(_, left, right)| (left, right))
}

/// How much wider the wider line may become before the text is split here.
fn reluctance(left: &str, right: &str) -> i32 {
    const INSIDE_WORD: i32 = 6 * EM;
    const BEFORE_CLOSING: i32 = 4 * EM;
    let (Some(before), Some(after)) = (left.chars().next_back(), right.chars().next()) else {
        return 0;
    };
    if before.is_ascii_graphic() && after.is_ascii_graphic() {
        INSIDE_WORD
    } else if "）)】」』》〉”’、。，！？；：·・%".contains(after)
        || "（(【「『《〈“‘".contains(before)
    {
        BEFORE_CLOSING
    } else {
        0
    }
}

/// Widths without a font: Helvetica's for Latin letters, and a full em for all else.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Estimate {
    /// In hundredths of Helvetica: a screen's fonts and their bold faces are wider than it.
    pub(crate) latin_percent: i32,
}

impl Measure for Estimate {
    fn advance(&self, c: char) -> i32 {
        helvetica(c).map_or(EM, |width| i32::from(width) * self.latin_percent / 100)
    }
}

/// From Adobe's metrics of the standard 14 fonts, for what is Latin: ASCII, and the letters of Western
/// Europe. The signs between them are as wide as a Chinese character where they stand beside one.
pub(crate) fn helvetica(c: char) -> Option<u16> {
    #[rustfmt::skip]
    const ASCII: [u16; 95] = [
        278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278,
        556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556,
        1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778,
        667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556,
        333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556,
        556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
    ];
    #[rustfmt::skip]
    const ACCENTED: [u16; 64] = [
        667, 667, 667, 667, 667, 667, 1000, 722, 667, 667, 667, 667, 278, 278, 278, 278,
        722, 722, 778, 778, 778, 778, 778, 584, 778, 722, 722, 722, 722, 667, 667, 611,
        556, 556, 556, 556, 556, 556, 889, 500, 556, 556, 556, 556, 278, 278, 278, 278,
        556, 556, 556, 556, 556, 556, 556, 584, 611, 556, 556, 556, 556, 500, 556, 500,
    ];
    let (widths, first) = match c {
        ' '..='~' => (ASCII.as_slice(), ' '),
        '×' | '÷' => return None,
        'À'..='ÿ' => (ACCENTED.as_slice(), 'À'),
        _ => return None,
    };
    let at = u32::from(c) - u32::from(first);
    widths.get(usize::try_from(at).ok()?).copied()
}
