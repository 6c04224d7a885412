//! The trial balance: totals, the mirrors between the fund books, the reserve equation, and what is
//! wrong with them.

use std::collections::BTreeMap;

use money::Currency;

use crate::{Account, AccountCode, AccountKey, Book, Side, Sums};

/// The sums of all accounts of one book and currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    pub debits: u128,
    pub credits: u128,
    /// Money set aside by holds, on either side.
    pub held: u128,
}

/// What one fund book owes the other, seen from both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Mirror {
    /// `C.DUE_TO_OWN` less `C.DUE_FROM_OWN`; for advances `C.DUE_TO_OWN_ADV`.
    pub in_customer_book: i128,
    /// `O.FEE_RECV_FROM_C` less `O.PAY_TO_C`; for advances `O.ADV_RECV_FROM_C`.
    pub in_own_book: i128,
}

/// 备付金: what stands behind what we owe customers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reserve {
    /// In the bank and at channels.
    pub assets: i128,
    /// What own money must fill: shortages, disputes, and what own money owes.
    pub holes: i128,
    pub liabilities: i128,
}

/// Something that must not be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    BookUnbalanced { book: Book, currency: Currency, totals: Totals },
    FeeMirrorBroken { currency: Currency, mirror: Mirror },
    /// One payout's advance differs between the books.
    AdvanceMirrorBroken { currency: Currency, payout: String, mirror: Mirror },
    ReserveBroken { currency: Currency, reserve: Reserve },
    BeyondLimit { account: AccountKey },
    /// Holds on a side where no limit would count them.
    HeldOnWrongSide { account: AccountKey },
}

impl Finding {
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::BookUnbalanced { .. } => "book_unbalanced",
            Self::FeeMirrorBroken { .. } => "fee_mirror_broken",
            Self::AdvanceMirrorBroken { .. } => "advance_mirror_broken",
            Self::ReserveBroken { .. } => "reserve_broken",
            Self::BeyondLimit { .. } => "beyond_limit",
            Self::HeldOnWrongSide { .. } => "held_on_wrong_side",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TrialBalance {
    /// Per code, book and currency, what the accounts of that code add up to.
    pub balances: BTreeMap<(AccountCode, Currency), Sums128>,
    pub totals: BTreeMap<(Book, Currency), Totals>,
    pub fee_mirrors: BTreeMap<Currency, Mirror>,
    pub reserves: BTreeMap<Currency, Reserve>,
    /// Empty when the books are right.
    pub findings: Vec<Finding>,
}
