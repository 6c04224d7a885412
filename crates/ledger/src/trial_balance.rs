//! The trial balance: totals, the mirrors between the fund books, the reserve equation, and what is
//! wrong with them.

use std::collections::BTreeMap;

use money::Currency;

use crate::{Account, AccountCode, AccountKey, AccountKind, Book, Side};

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
    BookUnbalanced {
        book: Book,
        currency: Currency,
        totals: Totals,
    },
    FeeMirrorBroken {
        currency: Currency,
        mirror: Mirror,
    },
    /// One payout's advance differs between the books.
    AdvanceMirrorBroken {
        currency: Currency,
        payout: String,
        mirror: Mirror,
    },
    ReserveBroken {
        currency: Currency,
        reserve: Reserve,
    },
    BeyondLimit {
        account: AccountKey,
    },
    /// Holds on a side where no limit would count them.
    HeldOnWrongSide {
        account: AccountKey,
    },
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
    /// What all accounts of a code add up to, debits positive.
    pub balances: BTreeMap<(AccountCode, Currency), i128>,
    pub totals: BTreeMap<(Book, Currency), Totals>,
    pub fee_mirrors: BTreeMap<Currency, Mirror>,
    pub reserves: BTreeMap<Currency, Reserve>,
    /// Empty when the books are right.
    pub findings: Vec<Finding>,
}

impl TrialBalance {
    /// Holes that own money still has to fill before the day may end: `C.DUE_FROM_OWN` by currency,
    /// where it is not zero.
    pub fn unfilled(&self) -> impl Iterator<Item = (Currency, i128)> {
        let due = |(code, _): &(AccountCode, Currency)| *code == AccountCode::DueFromOwn;
        let sums = self.balances.iter().filter(move |(key, _)| due(key));
        sums.filter(|(_, sum)| **sum != 0).map(|((_, currency), sum)| (*currency, *sum))
    }

    fn add(&mut self, account: &Account) {
        let (code, currency) = (account.key.code(), account.key.currency());
        let sums = account.sums;
        let totals = self.totals.entry((code.book(), currency)).or_default();
        totals.debits += u128::from(sums.debits_posted);
        totals.credits += u128::from(sums.credits_posted);
        totals.held += u128::from(sums.debits_pending) + u128::from(sums.credits_pending);
        *self.balances.entry((code, currency)).or_default() += sums.balance(Side::Debit);
        self.add_reserve(code, currency, sums.balance(code.normal_side()));
        if account.is_beyond_limit() {
            self.findings.push(Finding::BeyondLimit { account: account.key.clone() });
        }
        if held_on_wrong_side(account) {
            self.findings.push(Finding::HeldOnWrongSide { account: account.key.clone() });
        }
    }

    fn add_reserve(&mut self, code: AccountCode, currency: Currency, balance: i128) {
        if code.book() != Book::Customer {
            return;
        }
        let reserve = self.reserves.entry(currency).or_default();
        let is_hole = HOLES.contains(&code);
        match code.normal_side() {
            Side::Debit if is_hole => reserve.holes += balance,
            Side::Debit => reserve.assets += balance,
            Side::Credit => reserve.liabilities += balance,
        }
    }

    /// A code's balance on its normal side.
    fn balance(&self, code: AccountCode, currency: Currency) -> i128 {
        let debits = self.balances.get(&(code, currency)).copied().unwrap_or(0);
        match code.normal_side() {
            Side::Debit => debits,
            Side::Credit => -debits,
        }
    }

    fn check(&mut self) {
        for (&(book, currency), &totals) in &self.totals {
            if totals.debits != totals.credits {
                self.findings.push(Finding::BookUnbalanced { book, currency, totals });
            }
            let mirror = Mirror {
                in_customer_book: self.balance(AccountCode::DueToOwn, currency)
                    - self.balance(AccountCode::DueFromOwn, currency),
                in_own_book: self.balance(AccountCode::FeeReceivableFromC, currency)
                    - self.balance(AccountCode::PayToC, currency),
            };
            self.fee_mirrors.insert(currency, mirror);
        }
        for (&currency, &mirror) in &self.fee_mirrors {
            if !mirror.holds() {
                self.findings.push(Finding::FeeMirrorBroken { currency, mirror });
            }
        }
        for (&currency, &reserve) in &self.reserves {
            if reserve.assets + reserve.holes != reserve.liabilities {
                self.findings.push(Finding::ReserveBroken { currency, reserve });
            }
        }
    }
}

impl Mirror {
    const fn holds(self) -> bool {
        self.in_customer_book == self.in_own_book
    }
}

/// Assets of the customer book that are no money: own money must fill them.
const HOLES: [AccountCode; 3] =
    [AccountCode::ShortSuspense, AccountCode::DisputeReceivable, AccountCode::DueFromOwn];

/// Adds up all accounts and says what is wrong: first of single accounts, then of books, mirrors,
/// reserves and advances.
///
/// ```
/// use ledger::{Account, AccountCode, AccountKey, Sums, trial_balance};
/// use money::Currency;
/// let key = AccountKey::new(AccountCode::BankReserve, "pboc", Currency::Cny)?;
/// let lone = Account { sums: Sums { debits_posted: 5, ..Sums::ZERO }, ..Account::fresh(key) };
/// let codes: Vec<_> = trial_balance([&lone]).findings.iter().map(|f| f.code()).collect();
/// assert_eq!(codes, ["book_unbalanced", "reserve_broken"]);
/// # Ok::<(), ledger::AccountKeyError>(())
/// ```
#[must_use]
pub fn trial_balance<'a>(accounts: impl IntoIterator<Item = &'a Account>) -> TrialBalance {
    let mut balance = TrialBalance::default();
    let mut advances: BTreeMap<(Currency, &str), Mirror> = BTreeMap::new();
    for account in accounts {
        balance.add(account);
        add_advance(&mut advances, account);
    }
    balance.check();
    for ((currency, payout), mirror) in advances.into_iter().filter(|(_, m)| !m.holds()) {
        let payout = payout.to_owned();
        balance.findings.push(Finding::AdvanceMirrorBroken { currency, payout, mirror });
    }
    balance
}

fn add_advance<'a>(advances: &mut BTreeMap<(Currency, &'a str), Mirror>, account: &'a Account) {
    let (key, code) = (&account.key, account.key.code());
    let balance = account.sums.balance(code.normal_side());
    if code == AccountCode::DueToOwnAdvance {
        advances.entry((key.currency(), key.owner())).or_default().in_customer_book += balance;
    } else if code == AccountCode::AdvanceReceivableFromC {
        advances.entry((key.currency(), key.owner())).or_default().in_own_book += balance;
    }
}

/// Only money that is set aside against a guarded account's normal side is a hold.
const fn held_on_wrong_side(account: &Account) -> bool {
    let sums = account.sums;
    match (account.key.code().kind(), account.key.code().normal_side()) {
        (AccountKind::Guarded, Side::Credit) => sums.credits_pending != 0,
        (AccountKind::Guarded, Side::Debit) => sums.debits_pending != 0,
        (AccountKind::Transit, Side::Debit | Side::Credit) => {
            sums.debits_pending != 0 || sums.credits_pending != 0
        }
    }
}
