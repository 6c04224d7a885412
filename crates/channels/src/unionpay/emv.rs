//! Merchant-presented codes that we issue ourselves: EMV's TLV text with its checksum.
//!
//! Two digits of tag, two digits of length, the value; `63` is last and holds the CRC over everything
//! before its own value. The reference knows tags 00 to 62 by their meaning and UnionPay's own 15 and 16
//! from hearsay, so account information is carried as it is entered. Chosen: values are printable ASCII,
//! so that a length in characters and one in bytes are the same; names in Chinese are not written.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use money::{Amount, Currency};

/// The longest text of a code. Chosen, as the bounds below: the reference has none.
pub const CODE_CHARS_MAX: usize = 512;
/// The length field has two digits.
const VALUE_CHARS_MAX: usize = 99;
const NAME_CHARS_MAX: usize = 25;
const CITY_CHARS_MAX: usize = 15;

const FORMAT: u8 = 0;
const INITIATION: u8 = 1;
const ACCOUNTS: std::ops::RangeInclusive<u8> = 2..=51;
/// Templates of account information: TLV themselves, beginning with a unique id in their tag 00.
const TEMPLATES: std::ops::RangeInclusive<u8> = 26..=51;
const CATEGORY: u8 = 52;
const CURRENCY: u8 = 53;
const AMOUNT: u8 = 54;
const COUNTRY: u8 = 58;
const NAME: u8 = 59;
const CITY: u8 = 60;
const EXTRA: u8 = 62;

/// What a merchant-presented code says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MerchantCode {
    /// By tag, 02 to 51; at least one.
    pub accounts: BTreeMap<u8, String>,
    /// ISO 18245, four digits.
    pub category: String,
    /// With an amount the code is for one payment ("dynamic"), without it for all ("static").
    pub amount: Option<Amount>,
    /// ISO 3166, two letters.
    pub country: String,
    pub name: String,
    pub city: String,
    /// Tag 62 by its own tags; 05 is the merchant's reference.
    pub extra: BTreeMap<u8, String>,
}

/// Why a code cannot be written or is not believed, by precedence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum EmvError {
    #[error("the code is longer than allowed, or not printable ASCII")]
    Text,
    #[error("the checksum is missing or wrong")]
    Checksum,
    #[error("the code is cut, or bytes follow its end")]
    Cut,
    #[error("a tag stands twice, out of its place, or where none may stand")]
    Tag,
    #[error("a required value is missing")]
    Missing,
    #[error("a value is not what its tag allows")]
    Value,
}

impl MerchantCode {
    /// The code's text, with its checksum.
    ///
    /// # Errors
    /// [`EmvError`] in its order; nothing of it is cut to fit.
    pub fn to_text(&self) -> Result<String, EmvError> {
        self.check()?;
        let mut fields = self.accounts.clone();
        let dynamic = self.amount.is_some();
        fields.insert(FORMAT, "01".to_owned());
        fields.insert(INITIATION, if dynamic { "12" } else { "11" }.to_owned());
        fields.insert(CATEGORY, self.category.clone());
        fields.insert(CURRENCY, Currency::Cny.numeric().to_owned());
        if let Some(amount) = self.amount {
            fields.insert(AMOUNT, amount.to_major());
        }
        fields.insert(COUNTRY, self.country.clone());
        fields.insert(NAME, self.name.clone());
        fields.insert(CITY, self.city.clone());
        if !self.extra.is_empty() {
            fields.insert(EXTRA, write(&self.extra)?);
        }
        let mut text = write(&fields)?;
        text.push_str("6304");
        let crc = crc_16(text.as_bytes());
        write!(text, "{crc:04X}").or(Err(EmvError::Text))?;
        if text.len() > CODE_CHARS_MAX {
            return Err(EmvError::Text);
        }
        Ok(text)
    }

    /// Reads a code; only one that we could have written is taken.
    ///
    /// # Errors
    /// [`EmvError`] in its order.
    pub fn parse(text: &str) -> Result<Self, EmvError> {
        if text.len() > CODE_CHARS_MAX || !is_printable(text) {
            return Err(EmvError::Text);
        }
        let body = checked(text)?;
        let mut fields = read(body)?;
        let mut take = |tag: u8| fields.remove(&tag);
        let format = take(FORMAT).ok_or(EmvError::Missing)?;
        let initiation = take(INITIATION).ok_or(EmvError::Missing)?;
        let category = take(CATEGORY).ok_or(EmvError::Missing)?;
        let currency = take(CURRENCY).ok_or(EmvError::Missing)?;
        let amount = take(AMOUNT);
        let country = take(COUNTRY).ok_or(EmvError::Missing)?;
        let name = take(NAME).ok_or(EmvError::Missing)?;
        let city = take(CITY).ok_or(EmvError::Missing)?;
        let extra = take(EXTRA).map(|inner| read(&inner)).transpose()?.unwrap_or_default();
        if fields.keys().any(|tag| !ACCOUNTS.contains(tag)) {
            return Err(EmvError::Tag);
        }
        let known = match initiation.as_str() {
            "11" => amount.is_none(),
            "12" => amount.is_some(),
            _ => false,
        };
        if format != "01" || currency != Currency::Cny.numeric() || !known {
            return Err(EmvError::Value);
        }
        let amount = match amount {
            None => None,
            Some(text) => Some(Amount::parse_major(&text, Currency::Cny).or(Err(EmvError::Value))?),
        };
        let code = Self { accounts: fields, category, amount, country, name, city, extra };
        // What can be written in two ways (an amount without its fen) is written in one.
        if code.to_text()? == text { Ok(code) } else { Err(EmvError::Value) }
    }

    fn check(&self) -> Result<(), EmvError> {
        let tags_fit = self.accounts.keys().all(|tag| ACCOUNTS.contains(tag))
            && self.extra.keys().all(|tag| *tag <= 99);
        if !tags_fit {
            return Err(EmvError::Tag);
        }
        if self.accounts.is_empty() {
            return Err(EmvError::Missing);
        }
        for (tag, value) in &self.accounts {
            // "26-51 templates start with a unique id."
            if TEMPLATES.contains(tag) && !read(value)?.contains_key(&0) {
                return Err(EmvError::Value);
            }
        }
        let digits = self.category.bytes().all(|byte| byte.is_ascii_digit());
        let letters = self.country.bytes().all(|byte| byte.is_ascii_uppercase());
        let amount = self.amount.is_none_or(|a| a.currency() == Currency::Cny && !a.is_zero());
        let named = (1..=NAME_CHARS_MAX).contains(&self.name.len())
            && (1..=CITY_CHARS_MAX).contains(&self.city.len());
        let fits =
            digits && self.category.len() == 4 && letters && self.country.len() == 2 && amount;
        if fits && named { Ok(()) } else { Err(EmvError::Value) }
    }
}

/// Tag, length, value in the order of the tags.
fn write(fields: &BTreeMap<u8, String>) -> Result<String, EmvError> {
    let mut text = String::new();
    for (tag, value) in fields {
        if value.is_empty() || value.len() > VALUE_CHARS_MAX || !is_printable(value) {
            return Err(EmvError::Value);
        }
        write!(text, "{tag:02}{:02}{value}", value.len()).or(Err(EmvError::Text))?;
    }
    Ok(text)
}

/// The reverse of [`write`]; tags must rise.
fn read(mut text: &str) -> Result<BTreeMap<u8, String>, EmvError> {
    let mut fields: BTreeMap<u8, String> = BTreeMap::new();
    while !text.is_empty() {
        let tag = u8::try_from(number(text.get(..2))?).or(Err(EmvError::Tag))?;
        let length = number(text.get(2..4))?;
        let end = length.checked_add(4).ok_or(EmvError::Cut)?;
        let value = text.get(4..end).ok_or(EmvError::Cut)?;
        if value.is_empty() {
            return Err(EmvError::Value);
        }
        if fields.last_key_value().is_some_and(|(last, _)| *last >= tag) {
            return Err(EmvError::Tag);
        }
        fields.insert(tag, value.to_owned());
        text = text.get(end..).ok_or(EmvError::Cut)?;
    }
    Ok(fields)
}

fn number(digits: Option<&str>) -> Result<usize, EmvError> {
    let digits = digits.ok_or(EmvError::Cut)?;
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|_| plain).ok_or(EmvError::Cut)
}

/// What stands before the checksum, when that fits.
fn checked(text: &str) -> Result<&str, EmvError> {
    let at = text.len().checked_sub(4).ok_or(EmvError::Checksum)?;
    let (covered, crc) = text.split_at_checked(at).ok_or(EmvError::Checksum)?;
    let body = covered.strip_suffix("6304").ok_or(EmvError::Checksum)?;
    let expect = format!("{:04X}", crc_16(covered.as_bytes()));
    if crc == expect { Ok(body) } else { Err(EmvError::Checksum) }
}

fn is_printable(text: &str) -> bool {
    text.bytes().all(|byte| (0x20..0x7f).contains(&byte))
}

/// CRC-16/CCITT-FALSE: polynomial 1021, begun with FFFF, nothing reflected, nothing added at the end.
fn crc_16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0xffff, |crc, byte| {
        (0..8).fold(crc ^ (u16::from(*byte) << 8), |crc, _| {
            let shifted = crc << 1;
            if crc & 0x8000 == 0 { shifted } else { shifted ^ 0x1021 }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn code() -> MerchantCode {
        MerchantCode {
            accounts: BTreeMap::from([
                (15, "3100000000000000".to_owned()),
                (26, "0006suanpa0103abc".to_owned()),
            ]),
            category: "5812".to_owned(),
            amount: Some(Amount::new(1_250, Currency::Cny).unwrap()),
            country: "CN".to_owned(),
            name: "NOODLES & TEA".to_owned(),
            city: "SHANGHAI".to_owned(),
            extra: BTreeMap::from([(5, "sp0123".to_owned())]),
        }
    }

    /// The check value that every catalogue of CRCs gives for this one.
    #[test]
    fn the_checksum_is_the_published_one() {
        assert_eq!(crc_16(b"123456789"), 0x29b1);
        assert_eq!(crc_16(b""), 0xffff);
    }

    #[test]
    fn a_code_reads_as_it_was_written() {
        let text = code().to_text().unwrap();
        let expect = "000201010212151631000000000000002617\
            0006suanpa0103abc5204581253031565405\
            12.505802CN5913NOODLES & TEA6008SHANGHAI62100506sp01236304";
        assert_eq!(text.get(..text.len() - 4), Some(expect));
        assert_eq!(MerchantCode::parse(&text), Ok(code()));
        let fixed = MerchantCode { amount: None, extra: BTreeMap::new(), ..code() };
        let text = fixed.to_text().unwrap();
        assert!(text.starts_with("000201010211"));
        assert_eq!(MerchantCode::parse(&text), Ok(fixed));
    }

    #[test]
    fn what_does_not_fit_is_not_written() {
        let check = |change: fn(&mut MerchantCode), expect: EmvError| {
            let mut code = code();
            change(&mut code);
            assert_eq!(code.to_text(), Err(expect), "{code:?}");
        };
        check(|c| c.accounts.clear(), EmvError::Missing);
        check(|c| drop(c.accounts.insert(52, "x".to_owned())), EmvError::Tag);
        check(|c| drop(c.accounts.insert(1, "x".to_owned())), EmvError::Tag);
        check(|c| drop(c.accounts.insert(30, "0103abc".to_owned())), EmvError::Value);
        check(|c| drop(c.accounts.insert(30, "0006abc".to_owned())), EmvError::Cut);
        check(|c| drop(c.accounts.insert(15, String::new())), EmvError::Value);
        check(|c| drop(c.accounts.insert(15, "9".repeat(100))), EmvError::Value);
        check(|c| c.category = "581".to_owned(), EmvError::Value);
        check(|c| c.category = "58x2".to_owned(), EmvError::Value);
        check(|c| c.country = "cn".to_owned(), EmvError::Value);
        check(|c| c.name = "面馆".to_owned(), EmvError::Value);
        check(|c| c.name = "N".repeat(26), EmvError::Value);
        check(|c| c.city = String::new(), EmvError::Value);
        check(|c| c.amount = Some(Amount::zero(Currency::Cny)), EmvError::Value);
        check(|c| c.amount = Amount::new(1, Currency::Jpy).ok(), EmvError::Value);
    }

    /// A text with a true checksum.
    fn sealed(body: &str) -> String {
        let covered = format!("{body}6304");
        format!("{covered}{:04X}", crc_16(covered.as_bytes()))
    }

    #[test]
    fn what_we_did_not_write_is_refused() {
        let whole = code().to_text().unwrap();
        let body = whole.strip_suffix(whole.get(whole.len() - 8..).unwrap()).unwrap();
        assert_eq!(sealed(body), whole);
        for (text, expect) in [
            (String::new(), EmvError::Checksum),
            ("6304".to_owned(), EmvError::Checksum),
            (format!("{whole}0"), EmvError::Checksum),
            (whole.to_lowercase(), EmvError::Checksum),
            (whole.replace("12.50", "12.51"), EmvError::Checksum),
            (whole.replace("NOODLES", "NOODL\u{c9}S"), EmvError::Text),
            ("0".repeat(CODE_CHARS_MAX + 1), EmvError::Text),
            (sealed(""), EmvError::Missing),
            (sealed("00"), EmvError::Cut),
            (sealed("0002"), EmvError::Cut),
            (sealed("000201x"), EmvError::Cut),
            (sealed("+00201"), EmvError::Cut),
            (sealed(&format!("{body}6205hello")), EmvError::Tag),
            (sealed(&format!("{body}6405hello")), EmvError::Tag),
            (sealed(&body.replace("000201", "")), EmvError::Missing),
            (sealed(&body.replace("000201", "000202")), EmvError::Value),
            (sealed(&body.replace("010212", "010211")), EmvError::Value),
            (sealed(&body.replace("5303156", "5303840")), EmvError::Value),
            (sealed(&body.replace("12.50", "12.5x")), EmvError::Value),
            (sealed(&body.replace("5802CN", "")), EmvError::Missing),
            (sealed(&body.replace("0006suanpa", "0106suanpa")), EmvError::Tag),
        ] {
            assert_eq!(MerchantCode::parse(&text), Err(expect), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_code_that_can_be_written_is_read_back(
            fen in 0_u64..100_000_000, tag in 2_u8..26, account in "[ -~]{1,99}", name in "[ -~]{1,25}",
        ) {
            let amount = (fen > 0).then(|| Amount::new(fen, Currency::Cny).unwrap());
            let accounts = BTreeMap::from([(tag, account)]);
            let code = MerchantCode { amount, accounts, name, ..code() };
            prop_assert_eq!(MerchantCode::parse(&code.to_text().unwrap()), Ok(code));
        }

        #[test]
        fn no_text_breaks_the_reader(text in "[ -~]{0,80}") {
            let sealed = sealed(&text);
            if let Ok(code) = MerchantCode::parse(&sealed) {
                prop_assert_eq!(code.to_text(), Ok(sealed));
            }
        }
    }
}
