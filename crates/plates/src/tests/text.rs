//! Cleaning, escaping, measuring and fitting.

use crate::text::{Estimate, Line, Measure as _, Room, clean, escape, fit, fit_two};
use crate::{Colour, ColourError};

const MEASURE: Estimate = Estimate { latin_percent: 100 };

#[test]
fn names_are_cleaned() {
    let check = |text: &str, expect: &str| assert_eq!(clean(text), expect, "{text:?}");
    check("老街面馆", "老街面馆");
    check("  a \t b\r\n c  ", "a b c");
    check("a\0b\u{7f}c\u{85}d\u{3000}e", "a b c d e");
    check("\u{202e}abc\u{202c}", "abc");
    check("x\u{200b}y\u{feff}z\u{ad}", "xyz");
    check("👨\u{200d}👩", "👨👩");
    check("❤\u{fe0f}", "❤");
    check("\u{fffe}\u{ffff}\u{1ffff}\u{fdd0}", "");
    check("\u{2028}\u{2029}", "");
}

#[test]
fn names_are_escaped() {
    let check = |text: &str, expect: &str| assert_eq!(escape(text), expect, "{text:?}");
    check("a<b>&\"'", "a&lt;b&gt;&amp;&quot;&#39;");
    check("]]>", "]]&gt;");
    check("&amp;", "&amp;amp;");
    check("\0\u{1b}\u{ffff}", "   ");
}

#[test]
fn widths_are_helvetica_s_and_an_em() {
    let check = |text: &str, expect: i32| assert_eq!(MEASURE.width(text), expect, "{text}");
    check("", 0);
    check(" ", 278);
    check("No. 0001", 722 + 556 + 278 + 278 + 4 * 556);
    check("~", 584);
    check("付", 1000);
    check("ÀéÿÑ", 667 + 556 + 500 + 722);
    check("·×÷ě", 4000);
    check("😀", 1000);
}

/// Room for four full characters at full size, eight at the smallest.
const ROOM: Room = Room { width: 4_000, size: 1_000, size_min: 500 };

#[test]
fn a_line_shrinks_and_then_is_cut() {
    let check = |text: &str, expect: &str, size: i32| {
        let line = fit(text, ROOM, &MEASURE);
        assert_eq!(line, Line { text: expect.to_owned(), size }, "{text}");
        assert!(MEASURE.width(&line.text) * line.size / 1000 <= ROOM.width, "{text}");
    };
    check("", "", 1000);
    check("一二三四", "一二三四", 1000);
    check("一二三四五", "一二三四五", 800);
    check("一二三四五六七八", "一二三四五六七八", 500);
    check("一二三四五六七八九", "一二三四五六七…", 500);
    check("一二三四五六   九十", "一二三四五六…", 500);
}

#[test]
fn a_long_name_has_two_lines() {
    let check = |text: &str, expect: &[&str], size: i32| {
        let lines = fit_two(text, ROOM, 800, &MEASURE);
        let texts: Vec<&str> = lines.iter().map(|line| line.text.as_str()).collect();
        assert_eq!(texts, expect, "{text}");
        assert!(lines.iter().all(|line| line.size == size), "{lines:?}");
    };
    check("一二三四", &["一二三四"], 1000);
    check("一二三四五", &["一二三四五"], 800);
    check("一二三四五六", &["一二三", "四五六"], 800);
    check("一二三四五六七八九十一二", &["一二三四五六", "七八九十一二"], 666);
    check("一二三四（五六七）八", &["一二三四", "（五六七）八"], 666);
    check("Noodles of Shanghai", &["Noodles of", "Shanghai"], 800);
    // Only the last line is cut.
    check(&"一二三四五六七八九十".repeat(2), &["一二三四五六七八", "九十一二三四五…"], 500);
    // There is no good place to break, and yet it fits.
    check("Aaaaaaaaaaaaaaaa", &["Aaaaaaaa", "aaaaaaaa"], 800);
}

#[test]
fn colours_are_six_digits() {
    let check = |text: &str, expect| assert_eq!(text.parse::<Colour>(), expect, "{text}");
    check("#1677ff", Ok(Colour::ACCENT));
    check("#1677FF", Ok(Colour::ACCENT));
    for wrong in ["", "#", "1677ff", "#167", "#1677f", "#1677ff0", "#+677ff", "#16 7ff", "red\"/>"]
    {
        check(wrong, Err(ColourError));
    }
    assert_eq!(Colour::rgb(1, 0xab, 0).to_string(), "#01ab00");
}

#[test]
fn ink_can_be_read_on_its_ground() {
    let check = |ground: &str, expect: &str| {
        let ink = ground.parse::<Colour>().unwrap().ink_on();
        assert_eq!(ink.to_string(), expect, "{ground}");
    };
    check("#1677ff", "#ffffff");
    check("#07c160", "#ffffff");
    check("#e60012", "#ffffff");
    check("#000000", "#ffffff");
    check("#ffc53d", "#1f1f1f");
    check("#ffffff", "#1f1f1f");
}
