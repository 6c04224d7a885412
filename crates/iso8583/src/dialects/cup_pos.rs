//! What terminals in China speak to their acquirer: 64 fields, packed decimal, ASCII, bytes.

use crate::dialect::{Coding, Content, Dialect, Field, Length, LengthCoding, Privacy, Shape};

use Privacy::{Open, Pan, Track};

/// The China `UnionPay` POS dialect, as acquirers publish it and as terminals are seen to speak it. LL
/// and LLL count digits where a field is packed and bytes elsewhere; LLL is two bytes. Field 22 stands
/// to the left of its two bytes and field 23 to the right. Field 64 is eight hexadecimal characters.
pub static CUP_POS: Dialect = Dialect::new(
    "cup-pos",
    Shape { mti: Coding::BcdLeft, bitmap: Coding::Bytes, fields: 64 },
    &[&[
        (2, n_var("primary account number", 2, 19, Pan)),
        (3, n("processing code", 6)),
        (4, n("amount", 12)),
        (11, n("system trace audit number", 6)),
        (12, n("local time", 6)),
        (13, n("local date", 4)),
        (14, n("expiration date", 4)),
        (15, n("settlement date", 4)),
        (22, n("point of service entry mode", 3)),
        (23, n_right("card sequence number", 3)),
        (25, n("point of service condition code", 2)),
        (26, n("PIN capture code", 2)),
        (27, n("kind of card", 1)),
        (32, n_var("acquirer identification", 2, 11, Open)),
        (35, track("track 2", 2, 37)),
        (36, track("track 3", 3, 104)),
        (37, text("retrieval reference number", 12)),
        (38, text("authorization code", 6)),
        (39, text("response code", 2)),
        (41, text("terminal identification", 8)),
        (42, text("merchant identification", 15)),
        (43, Field::new("merchant name", Content::Free, Length::Fixed(40), Coding::Bytes, Open)),
        (44, text_var("additional response data", 2, 25)),
        (46, free_var("vendor data", 999, Open)),
        (47, free_var("vendor data", 999, Open)),
        // A batch upload's rows hold card numbers (60.3 = 201).
        (48, n_var("private data: totals", 3, 322, Open)),
        (49, text("currency", 3)),
        (52, bytes("PIN data", 8)),
        (53, n("security control", 16)),
        (54, text_var("additional amounts", 3, 40)),
        (55, bytes_var("chip data", 255).private(Privacy::Chip)),
        (56, free_var("reply text", 999, Open)),
        (57, free_var("vendor data", 999, Open)),
        (58, bytes_var("purse data", 100)),
        (59, free_var("private data", 999, Open)),
        (60, n_var("private data: kind, batch", 3, 19, Open)),
        (61, n_var("original message", 3, 29, Open)),
        (62, bytes_var("private data", 512)),
        (63, free_var("private data: operator", 163, Open)),
        (64, Field::new("MAC", Content::Mac, Length::Fixed(8), Coding::Bytes, Open)),
    ]],
);

const fn n(name: &'static str, digits: usize) -> Field {
    Field::new(name, Content::Digits, Length::Fixed(digits), Coding::BcdLeft, Open)
}

const fn n_right(name: &'static str, digits: usize) -> Field {
    Field::new(name, Content::Digits, Length::Fixed(digits), Coding::BcdRight, Open)
}

const fn n_var(name: &'static str, digits: u8, max: usize, privacy: Privacy) -> Field {
    Field::new(name, Content::Digits, var(digits, max), Coding::BcdLeft, privacy)
}

const fn track(name: &'static str, digits: u8, max: usize) -> Field {
    Field::new(name, Content::Track, var(digits, max), Coding::BcdLeft, Track)
}

const fn text(name: &'static str, characters: usize) -> Field {
    Field::new(name, Content::Text, Length::Fixed(characters), Coding::Bytes, Open)
}

const fn text_var(name: &'static str, digits: u8, max: usize) -> Field {
    Field::new(name, Content::Text, var(digits, max), Coding::Bytes, Open)
}

const fn free_var(name: &'static str, max: usize, privacy: Privacy) -> Field {
    Field::new(name, Content::Free, var(3, max), Coding::Bytes, privacy)
}

const fn bytes(name: &'static str, bytes: usize) -> Field {
    Field::new(name, Content::Binary, Length::Fixed(bytes), Coding::Bytes, Open)
}

const fn bytes_var(name: &'static str, max: usize) -> Field {
    Field::new(name, Content::Binary, var(3, max), Coding::Bytes, Open)
}

const fn var(digits: u8, max: usize) -> Length {
    Length::Var { digits, coding: LengthCoding::Bcd, max }
}
