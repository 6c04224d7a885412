//! 一般交易流水文件 (ACOM): what the network cleared for us on a settlement date.
//!
//! One line each, thirty-four fields of fixed width with a space between them, as members' public programs
//! read it. Longer lines are read by their first fields: networks add to their files at the end.

use std::fmt;

use secret::Pan;

/// Widths of the fields, from the first.
const WIDTHS: [usize; 34] = [
    11, 11, 6, 10, 19, 12, 12, 12, 4, 6, 4, 8, 15, 12, 2, 6, 11, 6, 2, 3, 12, 12, 12, 1, 3, 1, 1,
    10, 11, 1, 2, 2, 12, 14,
];
/// The longest line that is read.
const LINE_BYTES_MAX: usize = 1_024;

/// What a line says happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cleared {
    /// 消费, 预授权完成, 离线消费: the cardholder paid.
    Charge,
    /// 消费撤销, 预授权完成撤销
    Void,
    /// 退货
    Refund,
    /// 冲正 of a message of an earlier day.
    Reversal,
}

/// A line of the file. Amounts are in fen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClearedLine {
    pub what: Cleared,
    /// 检索参考号, field 37 of the message.
    pub reference: String,
    /// 系统跟踪号 and 交易传输时间: fields 11 and 7.
    pub trace: String,
    pub transmitted: String,
    pub amount: u64,
    /// What we pay for it, negative where it is paid to us: to the issuer, and to the network.
    pub issuer_fee: i64,
    pub network_fee: i64,
    /// First six and last four digits.
    pub card: String,
    pub terminal_no: String,
    pub merchant_code: String,
    pub auth_code: String,
}

/// A line that is not as it must be: the file cannot be cleared from.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}{place}: {why}")]
pub struct ClearingError {
    /// From one.
    pub line: usize,
    /// From one, where one field is to blame.
    pub field: Option<usize>,
    pub why: Malformed,
    place: Place,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place(Option<usize>);

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |field| write!(f, ", field {field}"))
    }
}

/// What is wrong with a line. Never its content: there are card numbers in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    #[error("the line is too short")]
    Short,
    #[error("the line is too long")]
    Long,
    #[error("a space must stand behind the field")]
    Separator,
    #[error("not digits")]
    Digits,
    #[error("no sign in front: C or D")]
    Sign,
    #[error("no card number")]
    Card,
    #[error("message and processing code are of no transaction that is cleared")]
    Kind,
    #[error("the message was not approved")]
    NotApproved,
    #[error("not in ASCII")]
    Text,
}

/// Reads a file, line by line, to its end or to the first line that is malformed.
///
/// # Errors
/// [`ClearingError`] with the line's number.
pub fn read_clearing_file(
    file: &[u8],
) -> impl Iterator<Item = Result<ClearedLine, ClearingError>> + '_ {
    let lines = file.split(|byte| *byte == b'\n').enumerate();
    let lines = lines.map(|(at, line)| (at + 1, line.strip_suffix(b"\r").unwrap_or(line)));
    lines.filter(|(_, line)| !line.is_empty()).map(|(number, line)| {
        read(line).map_err(|(field, why)| ClearingError {
            line: number,
            field,
            why,
            place: Place(field),
        })
    })
}

type Wrong = (Option<usize>, Malformed);

fn read(line: &[u8]) -> Result<ClearedLine, Wrong> {
    if line.len() > LINE_BYTES_MAX {
        return Err((None, Malformed::Long));
    }
    let fields = Fields::cut(line)?;
    if fields.text(19)? != "00" {
        return Err((Some(19), Malformed::NotApproved));
    }
    let what = match (fields.text(9)?, fields.text(10)?.get(..2)) {
        ("0200" | "0220", Some("00")) => Cleared::Charge,
        ("0200", Some("20")) => Cleared::Void,
        ("0220", Some("20")) => Cleared::Refund,
        ("0420", Some("00" | "20")) => Cleared::Reversal,
        _ => return Err((Some(10), Malformed::Kind)),
    };
    let pan = Pan::parse(fields.text(5)?.trim()).ok_or((Some(5), Malformed::Card))?;
    Ok(ClearedLine {
        what,
        reference: fields.text(14)?.trim().to_owned(),
        trace: fields.text(3)?.to_owned(),
        transmitted: fields.text(4)?.to_owned(),
        amount: fields.number(6)?,
        issuer_fee: fields.signed(22)? + fields.signed(21)?,
        network_fee: fields.signed(23)?,
        card: iso8583::mask_pan(pan.expose()),
        terminal_no: fields.text(12)?.trim().to_owned(),
        merchant_code: fields.text(13)?.trim().to_owned(),
        auth_code: fields.text(16)?.trim().to_owned(),
    })
}

/// The fields of a line, counted from one.
struct Fields<'a>(Vec<&'a [u8]>);

impl<'a> Fields<'a> {
    fn cut(line: &'a [u8]) -> Result<Self, Wrong> {
        let mut rest = line;
        let mut fields = Vec::with_capacity(WIDTHS.len());
        for (at, width) in WIDTHS.iter().enumerate() {
            let (field, behind) =
                rest.split_at_checked(*width).ok_or((Some(at + 1), Malformed::Short))?;
            fields.push(field);
            rest = match behind.split_first() {
                Some((b' ', behind)) => behind,
                // The last field ends the line.
                None if at + 1 == WIDTHS.len() => behind,
                None => return Err((Some(at + 1), Malformed::Short)),
                Some(_) => return Err((Some(at + 1), Malformed::Separator)),
            };
        }
        Ok(Self(fields))
    }

    fn text(&self, number: usize) -> Result<&'a str, Wrong> {
        let bytes = self.0.get(number - 1).copied().unwrap_or_default();
        let text = std::str::from_utf8(bytes).ok().filter(|text| text.is_ascii());
        text.ok_or((Some(number), Malformed::Text))
    }

    fn number(&self, number: usize) -> Result<u64, Wrong> {
        digits(self.text(number)?).ok_or((Some(number), Malformed::Digits))
    }

    /// `C` is to our credit, `D` to our debit: what we pay is positive.
    fn signed(&self, number: usize) -> Result<i64, Wrong> {
        let text = self.text(number)?;
        let amount = text.get(1..).and_then(digits).and_then(|fen| i64::try_from(fen).ok());
        let amount = amount.ok_or((Some(number), Malformed::Digits))?;
        match text.as_bytes().first() {
            Some(b'C') => Ok(-amount),
            Some(b'D') => Ok(amount),
            Some(_) | None => Err((Some(number), Malformed::Sign)),
        }
    }
}

fn digits(text: &str) -> Option<u64> {
    let fine = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    fine.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Widths and places are those of members' public programs: fields 20 to 24 begin at bytes 188, 192, 205, 218
    /// and 231, field 29 at 252, field 33 at 272.
    #[test]
    fn fields_stand_where_members_read_them() {
        let begins =
            |number: usize| WIDTHS.iter().take(number - 1).map(|width| width + 1).sum::<usize>();
        let at = [20, 21, 22, 23, 24, 25, 28, 29, 30, 33].map(begins);
        assert_eq!(at, [188, 192, 205, 218, 231, 233, 241, 252, 264, 272]);
        assert_eq!(begins(35), 300);
    }

    fn line() -> String {
        let fields = [
            "48021000   ",
            "48021000   ",
            "000507",
            "1121120000",
            "6222021234567890128",
            "000000010000",
            "000000000000",
            "C00000000000",
            "0200",
            "000000",
            "5411",
            "10000001",
            "305310058120001",
            "0ABCDEFGHIJK",
            "00",
            "000123",
            "01020000   ",
            "000000",
            "00",
            "021",
            "C00000000000",
            "D00000000035",
            "D00000000003",
            "1",
            "000",
            "5",
            "0",
            "0000000000",
            "01020000   ",
            "0",
            "03",
            "00",
            "C00000000000",
            "              ",
        ];
        fields.join(" ")
    }

    fn read_one(text: &str) -> Result<ClearedLine, ClearingError> {
        read_clearing_file(text.as_bytes()).next().unwrap()
    }

    #[test]
    fn a_line_is_read() {
        let read = read_one(&format!("{}\r\n", line())).unwrap();
        let expect = ClearedLine {
            what: Cleared::Charge,
            reference: "0ABCDEFGHIJK".to_owned(),
            trace: "000507".to_owned(),
            transmitted: "1121120000".to_owned(),
            amount: 10_000,
            issuer_fee: 35,
            network_fee: 3,
            card: "622202*********0128".to_owned(),
            terminal_no: "10000001".to_owned(),
            merchant_code: "305310058120001".to_owned(),
            auth_code: "000123".to_owned(),
        };
        assert_eq!(read, expect);
        assert_eq!(read_one(&format!("{} and more", line())).unwrap(), expect);
        assert!(read_clearing_file(b"\n\n").next().is_none());
    }

    #[test]
    fn what_is_wrong_is_named_and_never_shown() {
        let check = |from: &str, to: &str, field: Option<usize>, why: Malformed| {
            let error = read_one(&line().replacen(from, to, 1)).unwrap_err();
            assert_eq!((error.line, error.field, error.why), (1, field, why), "{from} {to}");
            assert!(!error.to_string().contains("622202"));
        };
        check("6222021234567890128", "62220212345678901X8", Some(5), Malformed::Card);
        check("000000010000", "00000001000X", Some(6), Malformed::Digits);
        check("D00000000035", "X00000000035", Some(22), Malformed::Sign);
        check("D00000000035", "D0000000003 ", Some(22), Malformed::Digits);
        check("0200 000000", "0100 030000", Some(10), Malformed::Kind);
        check("000000 00 021", "000000 51 021", Some(19), Malformed::NotApproved);
        check("000507 ", "0005071", Some(3), Malformed::Separator);
        let long = "1".repeat(2_000);
        assert_eq!(read_one(&long).unwrap_err().why, Malformed::Long);
        let two = format!("{}\n{}", line(), "48021000");
        let second = read_clearing_file(two.as_bytes()).nth(1).unwrap().unwrap_err();
        assert_eq!(second.to_string(), "line 2, field 1: the line is too short");
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>, cut in 0usize..300, byte: u8) {
            for read in read_clearing_file(&bytes) {
                prop_assert!(read.is_err());
            }
            let mut changed = line().into_bytes();
            if let Some(place) = changed.get_mut(cut) {
                *place = byte;
            }
            changed.truncate(changed.len() - cut % 7);
            for read in read_clearing_file(&changed) {
                drop(read);
            }
        }
    }
}
