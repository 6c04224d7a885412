//! Field 60: what kind of transaction, in which batch, by which terminal.

use super::{Parts, narrow};
use crate::Error;

const FIELD: u8 = 60;

/// Field 60. Terminals send 8 to 19 digits; what they leave out is absent here.
///
/// ```
/// use iso8583::cup::Transaction;
/// let field = Transaction::parse(b"2200000100050").unwrap();
/// assert_eq!((field.kind, field.batch, field.network), (22, 1, Some(0)));
/// assert_eq!(field.reading.unwrap().capability, 5);
/// assert_eq!(field.to_string(), "2200000100050");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transaction {
    /// 60.1 交易类型码: 22 sale, 23 sale void, 25 refund, 10 pre-authorization, 00 management.
    pub kind: u8,
    /// 60.2 批次号.
    pub batch: u32,
    /// 60.3 网络管理信息码: 0 in financial messages, 1 to 4 sign-on, 201 settlement.
    pub network: Option<u16>,
    /// 60.4 and what follows it.
    pub reading: Option<Reading>,
}

/// How the terminal can read cards, and how this one was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// 60.4 终端读取能力: 2 magnetic stripe, 5 chip, 6 contactless too.
    pub capability: u8,
    /// 60.5 IC卡条件代码: 1 the transaction before was no failed chip transaction, 2 it was one.
    pub chip_condition: Option<u8>,
    /// 60.6 支持部分扣款和返回余额的标志.
    pub partial_approval: Option<bool>,
    /// 60.7 账户类型.
    pub account: Option<u16>,
}

impl Transaction {
    /// 60.1, 60.2 and 60.3 alone.
    #[must_use]
    pub const fn new(kind: u8, batch: u32, network: u16) -> Self {
        Self { kind, batch, network: Some(network), reading: None }
    }

    /// # Errors
    /// [`Error`] at the part that is cut or holds no digits. Digits behind 60.7 are a vendor's own.
    pub fn parse(characters: &[u8]) -> Result<Self, Error> {
        let mut parts = Parts::of(FIELD, characters);
        let kind = narrow(parts.number(2)?, FIELD)?;
        let batch = narrow(parts.number(6)?, FIELD)?;
        let network = parts.optional(3)?.map(|n| narrow(n, FIELD)).transpose()?;
        let Some(capability) = parts.optional(1)? else {
            return Ok(Self { kind, batch, network, reading: None });
        };
        let capability = narrow(capability, FIELD)?;
        let chip_condition = parts.optional(1)?.map(|n| narrow(n, FIELD)).transpose()?;
        let partial_approval = parts.optional(1)?.map(|n| n == 1);
        // A vendor's 14 digits end inside 60.7: what cannot be its three digits is not it.
        let account = if parts.left() >= 3 { parts.optional(3)? } else { None };
        let account = account.map(|n| narrow(n, FIELD)).transpose()?;
        let reading = Some(Reading { capability, chip_condition, partial_approval, account });
        Ok(Self { kind, batch, network, reading })
    }
}

impl std::fmt::Display for Transaction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:02}{:06}", self.kind, self.batch)?;
        let Some(network) = self.network else { return Ok(()) };
        write!(f, "{network:03}")?;
        let Some(reading) = self.reading else { return Ok(()) };
        write!(f, "{}", reading.capability)?;
        let Some(condition) = reading.chip_condition else { return Ok(()) };
        write!(f, "{condition}")?;
        let Some(partial) = reading.partial_approval else { return Ok(()) };
        write!(f, "{}", u8::from(partial))?;
        let Some(account) = reading.account else { return Ok(()) };
        write!(f, "{account:03}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lengths that published messages have.
    #[test]
    fn every_length_seen() {
        let check = |digits: &str, expect: &str| {
            let read = Transaction::parse(digits.as_bytes());
            let said = read.map_or_else(|e| format!("{e}"), |t| t.to_string());
            assert_eq!(said, expect, "{digits}");
        };
        check("22000001", "22000001");
        check("00000001003", "00000001003");
        check("220000010005", "220000010005");
        check("2200000100050", "2200000100050");
        check("22000001000501", "22000001000501");
        check("22000001000501000", "22000001000501000");
        check("220000010005010", "22000001000501");
        check("2200000100050100099", "22000001000501000");
        check("2200", "field 60.2 at byte 2: needs 6, 2 are left");
        check("2200000100", "field 60.3 at byte 8: needs 3, 2 are left");
        check("22A00001", "field 60.2 at byte 2: holds something else than decimal digits");
        check("", "field 60.1 at byte 0: needs 2, 0 are left");
    }
}
