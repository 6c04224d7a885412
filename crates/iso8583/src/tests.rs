//! The codec as a whole: cases by hand, and properties over messages of every dialect.

use proptest::prelude::*;

use crate::dialects::ALL;
use crate::{
    Builder, CUP_NETWORK, CUP_POS, Coding, Content, Dialect, Field, ISO87_ASCII, ISO87_BINARY,
    Length, Mti, Place,
};

fn bytes(hex: &str) -> Vec<u8> {
    hex::decode(hex.replace(' ', "")).unwrap()
}

/// A row reads `message => code, place, offset`.
#[test]
fn what_is_wrong_is_refused_where_it_is() {
    let check = |hex: &str, code: &str, place: &str, offset: usize| {
        let error = CUP_POS.unpack(&bytes(hex)).unwrap_err();
        let found = (error.why.code(), error.place.to_string(), error.offset);
        assert_eq!(found, (code, place.to_owned(), offset), "{hex}");
    };
    check("", "truncated", "message type", 0);
    check("08", "truncated", "message type", 0);
    check("0A00 0000000000000000", "bad_digit", "message type", 0);
    check("0800 00000000000000", "truncated", "bitmap", 2);
    // Bit 1 announces a second bitmap, which this dialect does not have.
    check("0800 8000000000000000 00", "bad_bitmap", "bitmap", 2);
    // Bit 5 is no field: what follows it could not be told from it.
    check("0800 0800000000000000 00", "unknown_field", "field 5", 10);
    check("0800 0020000000000000", "truncated", "field 11", 10);
    check("0800 0020000000000000 000507 00", "trailing_bytes", "end", 13);
    check("0800 0020000000000000 0005A7", "bad_digit", "field 11", 10);
    // Twenty digits take as many bytes as nineteen.
    check("0200 4000000000000000 20 12345678901234567890", "too_long", "field 2", 10);
    check("0200 4000000000000000 1A 1234567890", "bad_length", "field 2", 10);
    check("0200 4000000000000000 06 1234", "truncated", "field 2", 11);
    check("0200 0000000000000010 1000 00", "bad_length", "field 60", 10);
    check("0200 0000000000000010 00", "truncated", "field 60", 10);
    check("0200 0000000000000010 0020 2200000100050100099F", "too_long", "field 60", 10);
    // Field 22 stands to the left of its bytes: 0051 is not 051.
    check("0200 0000040000000000 0051", "bad_padding", "field 22", 10);
    check("0200 0000020000000000 1001", "bad_padding", "field 23", 10);
    check("0200 0000000008000000 30303030303030303030300A", "bad_character", "field 37", 10);
}

#[test]
fn what_terminals_send_all_the_same_is_read() {
    let check = |hex: &str, field: u8, expect: &str| {
        let bytes = bytes(hex);
        let message = CUP_POS.unpack(&bytes).unwrap();
        assert_eq!(message.get(field).unwrap().shown(), expect, "{hex}");
        assert_eq!(message.to_builder().pack(), bytes, "{hex}");
    };
    check("0200 0000040000000000 0210", 22, "021");
    check("0200 0000020000000000 0001", 23, "001");
    // The half byte behind an odd number of digits may be anything.
    let track = "0200 0000000020000000 37 6222020000000000000D25122201000000000";
    check(&format!("{track}0"), 35, "6222020000000000000=25122201000000000");
    check(&format!("{track}F"), 35, "6222020000000000000=25122201000000000");
    check("0200 0000000000000010 0013 22000001000505", 60, "2200000100050");
    check("0210 0000000000000001 4237313333423537", 64, "B7133B57");
    check("0210 0000000000000001 B7133B5700FF0001", 64, "B7133B5700FF0001");
    check("0210 0000000000000100 0004 D6D0B9FA", 56, "中国");
    check("0210 0000000000000100 0002 8140", 56, "丂");
    check("0210 0000000000000100 0002 80FF", 56, "0x80FF");
    check("0210 0000000000000100 0002 3078", 56, "0x3078");
    check("0210 0000000000000004 0003 010AFF", 62, "010AFF");
}

#[test]
fn setting_checks_the_value() {
    let check = |field: u8, value: &str, code: &str| {
        let error = Builder::new(&CUP_POS, "0200").set(field, value).unwrap_err();
        assert_eq!((error.place, error.why.code()), (Place::Field(field), code), "{value}");
    };
    check(5, "1", "unknown_field");
    check(11, "12345", "wrong_length");
    check(11, "12345a", "bad_digit");
    check(2, "12345678901234567890", "too_long");
    check(35, "6222=25x", "bad_character");
    check(37, "12345678901é", "wrong_length");
    check(41, "1000000\u{7f}", "bad_character");
    check(52, "0123", "wrong_length");
    check(52, "012345678901234g", "bad_character");
    check(62, "012", "bad_character");
    check(56, "🀄", "bad_character");
}

#[test]
fn a_refused_value_leaves_the_message_as_it_was() {
    let mut message = Builder::new(&CUP_POS, "0200");
    message.set(11, "000001").unwrap();
    message.set(41, "12345678").unwrap();
    let before = message.pack();
    assert!(message.set(42, "short").is_err());
    assert!(message.set(3, "00000x").is_err());
    assert_eq!(message.pack(), before);
}

#[test]
fn fields_may_be_set_in_any_order_twice_and_taken_back() {
    let mut a = Builder::new(&CUP_POS, "0200");
    let mut b = a.clone();
    for (field, value) in [(3, "000000"), (4, "000000000100"), (11, "000001"), (41, "12345678")] {
        a.set(field, value).unwrap();
    }
    for (field, value) in
        [(41, "12345678"), (11, "999999"), (4, "000000000100"), (11, "000001"), (38, "ABCDEF")]
    {
        b.set(field, value).unwrap();
    }
    b.set_number(3, 0).unwrap();
    b.remove(38);
    assert_eq!(a.pack(), b.pack());
}

#[test]
fn numbers_are_filled_with_zeros() {
    let mut message = Builder::new(&CUP_POS, "0200");
    message.set_number(4, 12_345).unwrap();
    message.set_number(11, 0).unwrap();
    assert_eq!(message.set_number(11, 1_000_000).unwrap_err().why.code(), "wrong_length");
    let bytes = message.pack();
    let read = CUP_POS.unpack(&bytes).unwrap();
    assert_eq!(read.get(4).unwrap().shown(), "000000012345");
    assert_eq!(read.get(11).unwrap().number(), Some(0));
}

#[test]
fn a_mac_covers_everything_before_it() {
    let mut message = Builder::new(&CUP_POS, "0200");
    message.set(11, "000001").unwrap();
    let mut bytes = Vec::new();
    let mut covered = Vec::new();
    let mac = |data: &[u8]| {
        covered = data.to_vec();
        *b"B7133B57"
    };
    message.pack_with_mac(64, &mut bytes, mac).unwrap();
    assert_eq!(hex::encode_upper(&covered), "02000020000000000001000001");
    let read = CUP_POS.unpack(&bytes).unwrap();
    assert_eq!(read.before(64), Some(&covered[..]));
    assert_eq!(read.before(52), None);
    assert_eq!(read.get(64).unwrap().raw(), b"B7133B57");
}

#[test]
fn the_second_bitmap_stands_where_it_is_needed() {
    let check = |dialect: &'static Dialect, field: u8, value: &str, expect: &str| {
        let mut message = Builder::new(dialect, "0800");
        message.set(11, "000001").unwrap();
        message.set(field, value).unwrap();
        assert_eq!(hex::encode_upper(message.pack()), expect.replace(' ', ""));
    };
    let characters = hex::encode_upper;
    let text = "08008020000000000000040000000000000000000130";
    check(&ISO87_ASCII, 70, "301", &characters(format!("{text}1")));
    check(&ISO87_BINARY, 70, "301", "0800 8020000000000000 0400000000000000 000001 0301");
    let head = "30383030 8020000000000000 0400000000000000 303030303031 333031";
    check(&CUP_NETWORK, 70, "301", head);
    check(&ISO87_BINARY, 33, "123", "0800 0020000080000000 000001 03 0123");
    check(&ISO87_BINARY, 28, "D00000012", "0800 0020001000000000 000001 44 00000012");
}

#[test]
fn nothing_private_is_shown_unasked() {
    let check = |field: u8, value: &str, expect: &str| {
        let mut message = Builder::new(&CUP_POS, "0200");
        message.set(field, value).unwrap();
        let bytes = message.pack();
        let read = CUP_POS.unpack(&bytes).unwrap();
        assert_eq!(read.masked(field).unwrap(), expect);
        assert_eq!(read.get(field).unwrap().shown(), value);
        let debug = format!("{message:?} {read:?} {:?}", read.get(field));
        assert!(!debug.contains(value), "{debug}");
    };
    check(2, "6222020000000000000", "622202*********0000");
    check(35, "6222020000000000000=2512", "622202*********0000=****");
    check(35, "12345678901234567890", "********************");
    check(36, "996222020000000000000=156156", "996222***********0000=******");
    check(55, "5A0862220200000000009F36020013", "5A0800000000000000009F36020013");
    check(55, "9F36020013", "9F36020013");
    check(55, "9F3602", "******");
    let row = "010000000706222021234567890123000000000100";
    let mut upload = Builder::new(&CUP_POS, "0320");
    upload.set(48, row).unwrap();
    let bytes = upload.pack();
    let shown = CUP_POS.unpack(&bytes).unwrap().masked(48).unwrap();
    assert_eq!(shown, "0100000007****************0123000000000100");
}

fn characters(alphabet: &'static [u8], count: usize) -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(prop::sample::select(alphabet), count)
}

/// A value that the field allows.
fn value_of(field: Field) -> BoxedStrategy<Vec<u8>> {
    let counts = match field.length {
        Length::Fixed(units) => units..=units,
        Length::Var { max, .. } => 0..=max.min(40),
    };
    let strategy = counts.prop_flat_map(move |units| match field.content {
        Content::Digits => characters(b"0123456789", units).boxed(),
        Content::Track => characters(b"0123456789=", units).boxed(),
        Content::Signed => characters(b"0123456789", units - 1)
            .prop_map(|digits| [b"D".to_vec(), digits].concat())
            .boxed(),
        Content::Text => characters(b"AZaz09 -*~", units).boxed(),
        Content::Free | Content::Binary | Content::Mac => {
            prop::collection::vec(any::<u8>(), units).boxed()
        }
    });
    strategy.boxed()
}

fn any_message() -> impl Strategy<Value = (&'static Dialect, Vec<(u8, Vec<u8>)>)> {
    prop::sample::select(ALL.to_vec()).prop_flat_map(|dialect| {
        let fields: Vec<(u8, Field)> = dialect.fields().map(|(n, f)| (n, *f)).collect();
        let chosen = prop::sample::subsequence(fields, 0..20).prop_shuffle();
        chosen
            .prop_flat_map(|fields| {
                fields.into_iter().map(|(n, f)| (Just(n), value_of(f))).collect::<Vec<_>>()
            })
            .prop_map(move |fields| (dialect, fields))
    })
}

proptest! {
    #[test]
    fn what_was_packed_is_unpacked((dialect, fields) in any_message()) {
        let mut builder = Builder::new(dialect, "0200");
        for (number, value) in &fields {
            builder.put(*number, value).unwrap();
        }
        let bytes = builder.pack();
        let message = dialect.unpack(&bytes).unwrap();
        prop_assert_eq!(message.mti(), Mti::parse("0200").unwrap());
        prop_assert_eq!(message.numbers().count(), fields.len());
        let mut again = Builder::new(dialect, "0200");
        let mut shown = Builder::new(dialect, "0200");
        for (number, value) in &fields {
            let read = message.get(*number).unwrap();
            let same = read.field().coding == Coding::Hex || &*read.characters() == value;
            prop_assert!(same, "field {}", number);
            again.copy(*number, &message).unwrap();
            shown.set(*number, &read.shown()).unwrap();
        }
        prop_assert_eq!(&again.pack(), &bytes);
        prop_assert_eq!(&shown.pack(), &bytes);
        prop_assert_eq!(&message.to_builder().pack(), &bytes);
    }

    #[test]
    fn a_cut_message_is_refused((dialect, fields) in any_message(), at: prop::sample::Index) {
        let mut builder = Builder::new(dialect, "0200");
        for (number, value) in &fields {
            builder.put(*number, value).unwrap();
        }
        let bytes = builder.pack();
        let cut = at.index(bytes.len());
        prop_assert!(dialect.unpack(&bytes[..cut]).is_err());
    }

    #[test]
    fn what_is_accepted_comes_back_to_the_byte(
        dialect in prop::sample::select(ALL.to_vec()),
        bytes in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        if let Ok(message) = dialect.unpack(&bytes) {
            // Hexadecimal digits in lower case come back in upper case.
            let back = message.to_builder().pack();
            prop_assert!(back.eq_ignore_ascii_case(&bytes));
        }
    }

    #[test]
    fn a_changed_byte_is_refused_or_read(
        (dialect, fields) in any_message(),
        at: prop::sample::Index,
        byte: u8,
    ) {
        let mut builder = Builder::new(dialect, "0200");
        for (number, value) in &fields {
            builder.put(*number, value).unwrap();
        }
        let mut bytes = builder.pack();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(message) = dialect.unpack(&bytes) {
            for number in message.numbers() {
                let value = message.get(number).unwrap();
                drop((value.shown(), value.masked(), message.masked(number)));
            }
            prop_assert!(message.to_builder().pack().eq_ignore_ascii_case(&bytes));
        }
    }
}

/// Found by the fuzzer: a head that says more than it must is kept.
#[test]
fn a_head_comes_back_as_it_came() {
    let check = |dialect: &'static Dialect, bytes: &[u8]| {
        let message = dialect.unpack(bytes).unwrap();
        assert_eq!(message.to_builder().pack(), bytes);
        let mut more = message.to_builder();
        more.set(11, "000001").unwrap();
        assert!(dialect.unpack(&more.pack()).unwrap().has(11));
    };
    // A second bitmap with nothing in it.
    check(&ISO87_BINARY, &bytes("0292 8000000000000012 0000000000000000 0000 0000"));
    check(&ISO87_ASCII, b"0800800000000080000000000000000000001234567 ");
    // Small hexadecimal digits.
    check(&ISO87_ASCII, b"08000000000000c0000012345678123456789012345");
}
