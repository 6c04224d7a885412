//! ISO 8583:1987 with all its 128 fields, as characters and as packed decimal.

use crate::dialect::{Coding, Content, Dialect, Field, Length, LengthCoding, Privacy, Shape};

/// ISO 8583:1987, all in characters: bitmaps and bytes as hexadecimal digits.
pub static ISO87_ASCII: Dialect = table(
    "iso87-ascii",
    Shape { mti: Coding::Bytes, bitmap: Coding::Hex, fields: 128 },
    Style {
        digits: Coding::Bytes,
        track: Coding::Bytes,
        bytes: Coding::Hex,
        length: LengthCoding::Ascii,
    },
);

/// ISO 8583:1987 with packed digits, zero in front of an odd number of them, and bytes as they are.
pub static ISO87_BINARY: Dialect = table(
    "iso87-binary",
    Shape { mti: Coding::BcdRight, bitmap: Coding::Bytes, fields: 128 },
    Style {
        digits: Coding::BcdRight,
        track: Coding::BcdRight,
        bytes: Coding::Bytes,
        length: LengthCoding::Bcd,
    },
);

/// How a dialect of the 1987 table writes each kind of field.
#[derive(Clone, Copy)]
pub(super) struct Style {
    pub(super) digits: Coding,
    pub(super) track: Coding,
    pub(super) bytes: Coding,
    pub(super) length: LengthCoding,
}

impl Style {
    const fn n(self, name: &'static str, digits: usize) -> Field {
        Field::new(name, Content::Digits, Length::Fixed(digits), self.digits, Privacy::Open)
    }

    const fn x(self, name: &'static str, digits: usize) -> Field {
        let length = Length::Fixed(digits + 1);
        Field::new(name, Content::Signed, length, self.digits, Privacy::Open)
    }

    const fn n_var(self, name: &'static str, max: usize, privacy: Privacy) -> Field {
        Field::new(name, Content::Digits, self.var(2, max), self.digits, privacy)
    }

    const fn z_var(self, name: &'static str, digits: u8, max: usize) -> Field {
        Field::new(name, Content::Track, self.var(digits, max), self.track, Privacy::Track)
    }

    const fn an(self, name: &'static str, characters: usize) -> Field {
        let length = Length::Fixed(characters);
        Field::new(name, Content::Text, length, Coding::Bytes, Privacy::Open)
    }

    const fn an_var(self, name: &'static str, digits: u8, max: usize) -> Field {
        Field::new(name, Content::Text, self.var(digits, max), Coding::Bytes, Privacy::Open)
    }

    const fn free(self, name: &'static str, max: usize) -> Field {
        Field::new(name, Content::Free, self.var(3, max), Coding::Bytes, Privacy::Open)
    }

    const fn b(self, name: &'static str, bytes: usize) -> Field {
        Field::new(name, Content::Binary, Length::Fixed(bytes), self.bytes, Privacy::Open)
    }

    const fn var(self, digits: u8, max: usize) -> Length {
        Length::Var { digits, coding: self.length, max }
    }
}

/// A dialect of the standard's table of data elements. Bit 65 would announce a third bitmap, which
/// nobody sends: a message with it is refused.
pub(super) const fn table(name: &'static str, shape: Shape, style: Style) -> Dialect {
    Dialect::new(name, shape, &[&first(style), &second(style)])
}

const RESERVED: &str = "reserved";

/// Data elements 2 to 64.
const fn first(s: Style) -> [(u8, Field); 63] {
    [
        (2, s.n_var("primary account number", 19, Privacy::Pan)),
        (3, s.n("processing code", 6)),
        (4, s.n("amount, transaction", 12)),
        (5, s.n("amount, settlement", 12)),
        (6, s.n("amount, cardholder billing", 12)),
        (7, s.n("transmission date and time", 10)),
        (8, s.n("amount, cardholder billing fee", 8)),
        (9, s.n("conversion rate, settlement", 8)),
        (10, s.n("conversion rate, cardholder billing", 8)),
        (11, s.n("system trace audit number", 6)),
        (12, s.n("local time", 6)),
        (13, s.n("local date", 4)),
        (14, s.n("expiration date", 4)),
        (15, s.n("settlement date", 4)),
        (16, s.n("conversion date", 4)),
        (17, s.n("capture date", 4)),
        (18, s.n("merchant type", 4)),
        (19, s.n("acquiring institution country", 3)),
        (20, s.n("primary account number country", 3)),
        (21, s.n("forwarding institution country", 3)),
        (22, s.n("point of service entry mode", 3)),
        (23, s.n("card sequence number", 3)),
        (24, s.n("network international identifier", 3)),
        (25, s.n("point of service condition code", 2)),
        (26, s.n("PIN capture code", 2)),
        (27, s.n("authorization identification length", 1)),
        (28, s.x("amount, transaction fee", 8)),
        (29, s.x("amount, settlement fee", 8)),
        (30, s.x("amount, transaction processing fee", 8)),
        (31, s.x("amount, settlement processing fee", 8)),
        (32, s.n_var("acquiring institution", 11, Privacy::Open)),
        (33, s.n_var("forwarding institution", 11, Privacy::Open)),
        (34, s.an_var("primary account number, extended", 2, 28).private(Privacy::Pan)),
        (35, s.z_var("track 2", 2, 37)),
        (36, s.z_var("track 3", 3, 104)),
        (37, s.an("retrieval reference number", 12)),
        (38, s.an("authorization code", 6)),
        (39, s.an("response code", 2)),
        (40, s.an("service restriction code", 3)),
        (41, s.an("terminal identification", 8)),
        (42, s.an("merchant identification", 15)),
        (43, s.an("card acceptor name and location", 40)),
        (44, s.an_var("additional response data", 2, 25)),
        (45, s.an_var("track 1", 2, 76).private(Privacy::Hidden)),
        (46, s.free("additional data, ISO", 999)),
        (47, s.free("additional data, national", 999)),
        (48, s.free("additional data, private", 999)),
        (49, s.an("currency, transaction", 3)),
        (50, s.an("currency, settlement", 3)),
        (51, s.an("currency, cardholder billing", 3)),
        (52, s.b("PIN data", 8)),
        (53, s.n("security control", 16)),
        (54, s.an_var("additional amounts", 3, 120)),
        (55, s.free("chip data", 999)),
        (56, s.free(RESERVED, 999)),
        (57, s.free(RESERVED, 999)),
        (58, s.free(RESERVED, 999)),
        (59, s.free(RESERVED, 999)),
        (60, s.free(RESERVED, 999)),
        (61, s.free(RESERVED, 999)),
        (62, s.free(RESERVED, 999)),
        (63, s.free(RESERVED, 999)),
        (64, s.b("MAC", 8)),
    ]
}

/// Data elements 66 to 128.
const fn second(s: Style) -> [(u8, Field); 63] {
    [
        (66, s.n("settlement code", 1)),
        (67, s.n("extended payment code", 2)),
        (68, s.n("receiving institution country", 3)),
        (69, s.n("settlement institution country", 3)),
        (70, s.n("network management code", 3)),
        (71, s.n("message number", 4)),
        (72, s.n("last message number", 4)),
        (73, s.n("action date", 6)),
        (74, s.n("credits, number", 10)),
        (75, s.n("credits reversal, number", 10)),
        (76, s.n("debits, number", 10)),
        (77, s.n("debits reversal, number", 10)),
        (78, s.n("transfer, number", 10)),
        (79, s.n("transfer reversal, number", 10)),
        (80, s.n("inquiries, number", 10)),
        (81, s.n("authorizations, number", 10)),
        (82, s.n("credits, processing fee amount", 12)),
        (83, s.n("credits, transaction fee amount", 12)),
        (84, s.n("debits, processing fee amount", 12)),
        (85, s.n("debits, transaction fee amount", 12)),
        (86, s.n("credits, amount", 16)),
        (87, s.n("credits reversal, amount", 16)),
        (88, s.n("debits, amount", 16)),
        (89, s.n("debits reversal, amount", 16)),
        (90, s.n("original data elements", 42)),
        (91, s.an("file update code", 1)),
        (92, s.an("file security code", 2)),
        (93, s.an("response indicator", 5)),
        (94, s.an("service indicator", 7)),
        (95, s.an("replacement amounts", 42)),
        (96, s.b("message security code", 8)),
        (97, s.x("amount, net settlement", 16)),
        (98, s.an("payee", 25)),
        (99, s.n_var("settlement institution", 11, Privacy::Open)),
        (100, s.n_var("receiving institution", 11, Privacy::Open)),
        (101, s.an_var("file name", 2, 17)),
        (102, s.an_var("account identification 1", 2, 28).private(Privacy::Pan)),
        (103, s.an_var("account identification 2", 2, 28).private(Privacy::Pan)),
        (104, s.free("transaction description", 100)),
        (105, s.free(RESERVED, 999)),
        (106, s.free(RESERVED, 999)),
        (107, s.free(RESERVED, 999)),
        (108, s.free(RESERVED, 999)),
        (109, s.free(RESERVED, 999)),
        (110, s.free(RESERVED, 999)),
        (111, s.free(RESERVED, 999)),
        (112, s.free(RESERVED, 999)),
        (113, s.free(RESERVED, 999)),
        (114, s.free(RESERVED, 999)),
        (115, s.free(RESERVED, 999)),
        (116, s.free(RESERVED, 999)),
        (117, s.free(RESERVED, 999)),
        (118, s.free(RESERVED, 999)),
        (119, s.free(RESERVED, 999)),
        (120, s.free(RESERVED, 999)),
        (121, s.free(RESERVED, 999)),
        (122, s.free(RESERVED, 999)),
        (123, s.free(RESERVED, 999)),
        (124, s.free(RESERVED, 999)),
        (125, s.free(RESERVED, 999)),
        (126, s.free(RESERVED, 999)),
        (127, s.free(RESERVED, 999)),
        (128, s.b("MAC", 8)),
    ]
}
