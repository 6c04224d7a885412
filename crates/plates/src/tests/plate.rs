//! What a plate refuses, in order of precedence.

use super::{NAMES, text, url};
use crate::{Brand, Captions, Colour, Part, Plate, PlateError, PlateText, TEXT_CHARS_MAX};

const LONG: PlateError =
    PlateError::TextTooLong { part: Part::StoreName, chars_max: TEXT_CHARS_MAX };

#[test]
fn texts_are_bounded() {
    let check = |url: &str, name: &str, expect: Option<PlateError>| {
        assert_eq!(Plate::new(text(url, name)).err(), expect, "{url:?} {name:?}");
    };
    check("", "", Some(PlateError::UrlMalformed));
    check("https://a b", "店", Some(PlateError::UrlMalformed));
    check("https://例.com", "店", Some(PlateError::UrlMalformed));
    check("https://a\n", "店", Some(PlateError::UrlMalformed));
    check(&url(257), "店", Some(PlateError::UrlTooLong));
    check(&url(256), "", Some(PlateError::TextEmpty(Part::StoreName)));
    check(&url(256), " \u{200b}\t", Some(PlateError::TextEmpty(Part::StoreName)));
    check(&url(256), &"店".repeat(65), Some(LONG));
    check(&url(256), &" ".repeat(65), Some(LONG));
    check(&url(256), &"店".repeat(64), None);
    check("1", "店", None);
    for name in NAMES {
        check(&url(38), name, None);
    }
}

#[test]
fn the_terminal_and_the_number_may_be_empty() {
    let empty = || PlateText { terminal_name: String::new(), ..text(&url(38), "店") };
    let plate = Plate::new(PlateText { number: String::new(), ..empty() }).unwrap();
    assert_eq!(plate.title(), "店");
    let long = "1".repeat(65);
    let check = |text, part| {
        let expect = PlateError::TextTooLong { part, chars_max: TEXT_CHARS_MAX };
        assert_eq!(Plate::new(text), Err(expect));
    };
    check(PlateText { number: long.clone(), ..empty() }, Part::Number);
    check(PlateText { terminal_name: long, ..empty() }, Part::TerminalName);
}

#[test]
fn captions_and_marks_are_bounded() {
    let plate = || Plate::new(text(&url(38), "店")).unwrap();
    let brand = |name: &str| Brand { name: name.to_owned(), colour: Colour::BLACK };
    let captions = |invitation: &str, brands: &[&str]| Captions {
        invitation: invitation.to_owned(),
        invitation_english: String::new(),
        brands: brands.iter().map(|name| brand(name)).collect(),
    };
    let check = |captions, expect| {
        assert_eq!(plate().with_captions(captions).err(), expect);
    };
    check(captions("", &[]), Some(PlateError::TextEmpty(Part::Caption)));
    check(captions("a", &["", "b", "c", "d"]), Some(PlateError::TooManyBrands));
    check(captions("a", &["b", ""]), Some(PlateError::TextEmpty(Part::Brand)));
    check(captions("a", &["b", "c", "d"]), None);
    check(captions("a", &[]), None);

    let check = |mark: &str, expect| assert_eq!(plate().with_mark(mark).err(), expect, "{mark}");
    check("", Some(PlateError::TextEmpty(Part::Mark)));
    check("三个字", Some(PlateError::TextTooLong { part: Part::Mark, chars_max: 2 }));
    check("付", None);
    check("OK", None);
}

#[test]
fn errors_tell_no_names() {
    let said = [
        (PlateError::UrlTooLong, "the address is longer than 256 bytes"),
        (PlateError::TextEmpty(Part::TerminalName), "the terminal's name is empty"),
        (LONG, "the store's name is longer than 64 characters"),
    ];
    for (error, expect) in said {
        assert_eq!(error.to_string(), expect);
    }
}
