//! Payers: what a payer's code does is written in its last two digits.

use std::collections::BTreeMap;
use std::fmt;

/// How the payer behind a code behaves. `README.md` has the table for users.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Payer {
    /// 00 to 89.
    PaysAtOnce,
    /// 98: pays at once and gives his account up; WeChat Pay cannot return money to him.
    PaysAndLeaves,
    /// 90 (5 s), 96 (60 s), 91 (never): the channel asks for the password first.
    AsksPassword { confirms_after_ms: Option<u64> },
    /// 92.
    BalanceNotEnough,
    /// 93.
    CodeInvalid,
    /// 94, 95: the channel answers that it does not know.
    SystemError { money_taken: bool },
    /// 97.
    RiskRefused,
}

impl Payer {
    /// `None` for a text that is no payer's code of the sandbox: 16 to 24 digits.
    pub(crate) fn of_code(code: &str) -> Option<Self> {
        let digits = code.bytes().all(|b| b.is_ascii_digit());
        if !digits || !(16..=24).contains(&code.len()) {
            return None;
        }
        let ending = code.get(code.len().saturating_sub(2)..)?;
        Some(match ending {
            "90" => Self::AsksPassword { confirms_after_ms: Some(5_000) },
            "91" => Self::AsksPassword { confirms_after_ms: None },
            "92" => Self::BalanceNotEnough,
            "93" => Self::CodeInvalid,
            "94" => Self::SystemError { money_taken: false },
            "95" => Self::SystemError { money_taken: true },
            "96" => Self::AsksPassword { confirms_after_ms: Some(60_000) },
            "97" => Self::RiskRefused,
            "98" => Self::PaysAndLeaves,
            _ => Self::PaysAtOnce,
        })
    }
}

/// Whether a code may still be used for an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CodeUse {
    Fresh,
    /// The same order asks again: the channel answers by the order, not by the code.
    SameOrder,
    OtherOrder,
}

/// Which codes were used, and for which order.
#[derive(Default)]
pub(crate) struct Wallets {
    used: BTreeMap<String, String>,
}

impl Wallets {
    /// Uses a code for an order of an account; a code serves one order only.
    pub(crate) fn use_code(&mut self, code: &str, account: &str, order_no: &str) -> CodeUse {
        let order = format!("{account}/{order_no}");
        match self.used.get(code) {
            Some(earlier) if *earlier == order => CodeUse::SameOrder,
            Some(_) => CodeUse::OtherOrder,
            None => {
                self.used.insert(code.to_owned(), order);
                CodeUse::Fresh
            }
        }
    }
}

impl fmt::Debug for Wallets {
    // Codes are secrets even here: the caller's test may use those of a real phone by mistake.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wallets").field("codes_used", &self.used.len()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_two_digits_choose_the_payer() {
        let asks = |ms| Some(Payer::AsksPassword { confirms_after_ms: ms });
        for (code, expect) in [
            ("281234567890123400", Some(Payer::PaysAtOnce)),
            ("281234567890123489", Some(Payer::PaysAtOnce)),
            ("281234567890123490", asks(Some(5_000))),
            ("281234567890123491", asks(None)),
            ("281234567890123492", Some(Payer::BalanceNotEnough)),
            ("281234567890123493", Some(Payer::CodeInvalid)),
            ("281234567890123494", Some(Payer::SystemError { money_taken: false })),
            ("281234567890123495", Some(Payer::SystemError { money_taken: true })),
            ("281234567890123496", asks(Some(60_000))),
            ("281234567890123497", Some(Payer::RiskRefused)),
            ("281234567890123498", Some(Payer::PaysAndLeaves)),
            ("", None),
            ("28123456789012", None),
            ("28123456789012345x", None),
            ("2812345678901234567890123", None),
        ] {
            assert_eq!(Payer::of_code(code), expect, "{code}");
        }
    }

    #[test]
    fn a_code_serves_one_order() {
        let mut wallets = Wallets::default();
        assert_eq!(wallets.use_code("1", "a", "x"), CodeUse::Fresh);
        assert_eq!(wallets.use_code("1", "a", "x"), CodeUse::SameOrder);
        assert_eq!(wallets.use_code("1", "a", "y"), CodeUse::OtherOrder);
        assert_eq!(wallets.use_code("1", "b", "x"), CodeUse::OtherOrder);
        assert_eq!(format!("{wallets:?}"), "Wallets { codes_used: 1 }");
    }
}
