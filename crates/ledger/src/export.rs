//! The journal as plain text for strangers: hledger (and ledger) and beancount check our books.
//!
//! - Whole minor units, each book and currency a commodity of its own (`CNYC`, `CNYO`, `CNYM`):
//!   decimals would let beancount's tolerance hide one fen.
//! - One transaction per journal and book, so that no checker infers a price between the books.
//! - Owners are added up per account code and stand in comments.
//! - The file ends with assertions taken from the platform's own balances, not from the entries:
//!   without them no checker sees a journal that is missing or stands there twice.

use std::collections::BTreeMap;
use std::fmt::{self, Write};

use ids::JournalId;
use jiff::ToSpan;
use jiff::civil::Date;
use money::Currency;

use crate::account::is_plain;
use crate::{Account, AccountCode, AccountKey, Book, Journal, Side};

/// All accounts are open from this day on.
const OPENED_ON: &str = "2000-01-01";

/// A posted journal as a store gives it back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posted<'a> {
    pub id: JournalId,
    /// The rule's code.
    pub rule: &'a str,
    pub subject: &'a str,
    pub accounting_date: Date,
    pub entries: Vec<(&'a AccountKey, Side, u64)>,
}

impl<'a> From<&'a Journal> for Posted<'a> {
    fn from(journal: &'a Journal) -> Self {
        let entries = journal.entries().iter();
        Self {
            id: journal.id(),
            rule: journal.rule().code(),
            subject: journal.subject(),
            accounting_date: journal.accounting_date(),
            entries: entries.map(|e| (&e.account, e.side, e.amount.minor())).collect(),
        }
    }
}

/// What the platform says its balances are, when a day ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closing {
    date: Date,
    /// Debits positive.
    balances: BTreeMap<(AccountCode, Currency), i128>,
}

/// Why the text could not be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ExportError {
    #[error("journals come in order of their accounting dates, none after the closing")]
    OutOfOrder,
    #[error("the text could not be written")]
    Write(#[from] fmt::Error),
}

impl Closing {
    #[must_use]
    pub fn of<'a>(date: Date, accounts: impl IntoIterator<Item = &'a Account>) -> Self {
        let mut balances: BTreeMap<_, i128> = BTreeMap::new();
        for account in accounts {
            let key = (account.key.code(), account.key.currency());
            *balances.entry(key).or_default() += account.sums.balance(Side::Debit);
        }
        Self { date, balances }
    }

    /// Each code with the commodities it is kept in.
    fn accounts(&self) -> BTreeMap<AccountCode, Vec<String>> {
        let mut accounts: BTreeMap<_, Vec<String>> = BTreeMap::new();
        for (code, currency) in self.balances.keys() {
            accounts.entry(*code).or_default().push(commodity(code.book(), *currency));
        }
        accounts
    }
}

/// Writes for `hledger check -s ordereddates`; ledger reads it too.
///
/// ```
/// use ledger::export::{Closing, write_hledger};
/// let closing = Closing::of(jiff::civil::date(2026, 11, 20), []);
/// let mut text = String::new();
/// write_hledger(&mut text, [], &closing)?;
/// assert_eq!(text, "\n2026-11-20 closing\n");
/// # Ok::<(), ledger::export::ExportError>(())
/// ```
///
/// # Errors
/// [`ExportError`].
pub fn write_hledger<'a>(
    out: &mut impl Write,
    journals: impl IntoIterator<Item = Posted<'a>>,
    closing: &Closing,
) -> Result<(), ExportError> {
    let accounts = closing.accounts();
    let mut commodities: Vec<&String> = accounts.values().flatten().collect();
    commodities.sort_unstable();
    commodities.dedup();
    for name in commodities {
        writeln!(out, "commodity {name}")?;
    }
    for code in accounts.keys() {
        // The name on a line of its own: ledger takes a comment on the same line as part of the account.
        writeln!(out, "account {}\n    ; {}", code.export_name(), code.chinese())?;
    }
    for journal in InOrder::new(journals, closing.date) {
        let journal = journal?;
        for (_, entries) in by_book(&journal) {
            let (date, rule, subject) = head(&journal);
            writeln!(out, "\n{date} ({}) {rule} {subject}", journal.id)?;
            for (key, side, minor) in entries {
                writeln!(out, "    {}", posting(key, side, minor))?;
            }
        }
    }
    writeln!(out, "\n{} closing", closing.date)?;
    for ((code, currency), balance) in &closing.balances {
        let name = code.export_name();
        let unit = commodity(code.book(), *currency);
        writeln!(out, "    {name}  0 {unit} = {balance} {unit}")?;
    }
    Ok(())
}

/// Writes for `bean-check`.
///
/// ```
/// use ledger::export::{Closing, write_beancount};
/// use ledger::{Account, AccountCode, AccountKey};
/// use money::Currency;
/// let bank = Account::fresh(AccountKey::new(AccountCode::BankOwn, "icbc", Currency::Cny)?);
/// let closing = Closing::of(jiff::civil::date(2026, 11, 20), [&bank]);
/// let mut text = String::new();
/// write_beancount(&mut text, [], &closing)?;
/// assert_eq!(text.lines().last(), Some("2026-11-21 balance Assets:O:BANK-OWN  0 CNYO"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`ExportError`].
pub fn write_beancount<'a>(
    out: &mut impl Write,
    journals: impl IntoIterator<Item = Posted<'a>>,
    closing: &Closing,
) -> Result<(), ExportError> {
    for (code, commodities) in closing.accounts() {
        writeln!(out, "{OPENED_ON} open {} {}", code.export_name(), commodities.join(","))?;
        writeln!(out, "  name: \"{}\"", code.chinese())?;
    }
    for journal in InOrder::new(journals, closing.date) {
        let journal = journal?;
        for (_, entries) in by_book(&journal) {
            let (date, rule, subject) = head(&journal);
            writeln!(out, "\n{date} * \"{rule}\" \"{subject}\"\n  journal: \"{}\"", journal.id)?;
            for (key, side, minor) in entries {
                writeln!(out, "  {}", posting(key, side, minor))?;
            }
        }
    }
    // A `balance` of beancount holds when its day begins.
    let morning_after = closing.date.checked_add(1.day()).or(Err(ExportError::OutOfOrder))?;
    writeln!(out)?;
    for ((code, currency), balance) in &closing.balances {
        let (name, unit) = (code.export_name(), commodity(code.book(), *currency));
        writeln!(out, "{morning_after} balance {name}  {balance} {unit}")?;
    }
    Ok(())
}

/// Journals as they come, with an error at the first that goes back in time or is after the closing.
struct InOrder<I> {
    journals: I,
    last: Date,
    closing: Date,
}

impl<'a, I: Iterator<Item = Posted<'a>>> InOrder<I> {
    fn new(journals: impl IntoIterator<IntoIter = I>, closing: Date) -> Self {
        Self { journals: journals.into_iter(), last: Date::MIN, closing }
    }
}

impl<'a, I: Iterator<Item = Posted<'a>>> Iterator for InOrder<I> {
    type Item = Result<Posted<'a>, ExportError>;

    fn next(&mut self) -> Option<Self::Item> {
        let journal = self.journals.next()?;
        if journal.accounting_date < self.last || journal.accounting_date > self.closing {
            return Some(Err(ExportError::OutOfOrder));
        }
        self.last = journal.accounting_date;
        Some(Ok(journal))
    }
}

type Line<'a> = (&'a AccountKey, Side, u64);

fn by_book<'a>(journal: &Posted<'a>) -> BTreeMap<Book, Vec<Line<'a>>> {
    let mut books: BTreeMap<Book, Vec<Line<'a>>> = BTreeMap::new();
    for line in &journal.entries {
        books.entry(line.0.code().book()).or_default().push(*line);
    }
    books
}

/// Rule and subject with nothing in them that the formats would read as syntax.
fn head(journal: &Posted<'_>) -> (Date, String, String) {
    let plain = |text: &str| -> String {
        let keep = |c: char| u8::try_from(c).is_ok_and(|b| is_plain(b) || b == b'+');
        text.chars().map(|c| if keep(c) { c } else { '?' }).collect()
    };
    (journal.accounting_date, plain(journal.rule), plain(journal.subject))
}

fn posting(key: &AccountKey, side: Side, minor: u64) -> String {
    let sign = match side {
        Side::Debit => "",
        Side::Credit => "-",
    };
    let unit = commodity(key.code().book(), key.currency());
    let line = format!("{}  {sign}{minor} {unit}", key.code().export_name());
    if key.owner().is_empty() { line } else { format!("{line}  ; {}", key.owner()) }
}

fn commodity(book: Book, currency: Currency) -> String {
    format!("{currency}{}", book.letter())
}
