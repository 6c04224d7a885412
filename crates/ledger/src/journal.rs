//! Journals: balanced sets of entries that are posted at once and never edited.

use std::collections::{BTreeMap, BTreeSet};

use ids::JournalId;
use jiff::Timestamp;
use jiff::civil::Date;
use money::{Amount, Currency};

use crate::account::is_plain;
use crate::post::deltas_of;
use crate::{AccountCode, AccountKey, Book, Rule, Side};

/// Entries of one journal. The longest rule has nine legs; the rest is room for refunds that draw on
/// many days.
pub const ENTRIES_MAX: usize = 64;
/// The longest subject.
pub const SUBJECT_LENGTH_MAX: usize = 64;
/// The largest entry: ten trillion yuan. The sums of an account then have room for thousands of the
/// largest, so that one absurd amount cannot block an account.
pub const ENTRY_MINOR_MAX: u64 = 1_000_000_000_000_000;

/// One debit or credit of one account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub account: AccountKey,
    pub side: Side,
    pub amount: Amount,
}

impl Entry {
    #[must_use]
    pub const fn debit(account: AccountKey, amount: Amount) -> Self {
        Self { account, side: Side::Debit, amount }
    }

    #[must_use]
    pub const fn credit(account: AccountKey, amount: Amount) -> Self {
        Self { account, side: Side::Credit, amount }
    }
}

/// What every journal has besides its rule and entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    pub id: JournalId,
    /// What it is about, as text: the id of an order, a payout, a case.
    pub subject: String,
    /// The day it is booked on.
    pub accounting_date: Date,
    pub booked_at: Timestamp,
}

/// A journal before its checks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalDraft {
    pub id: JournalId,
    pub rule: Rule,
    pub subject: String,
    pub accounting_date: Date,
    pub booked_at: Timestamp,
    pub entries: Vec<Entry>,
    pub corrects: Option<JournalId>,
}

/// Why a draft is no journal, by precedence. None depends on state, so the id stays usable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum JournalRefusal {
    #[error("a subject is 1 to {SUBJECT_LENGTH_MAX} letters, digits, `_`, `-`, `.`, `:` and `*`")]
    SubjectMalformed,
    #[error("a journal has at least two entries")]
    TooFewEntries,
    #[error("a journal has at most {ENTRIES_MAX} entries")]
    TooManyEntries,
    #[error("a correction names the journal it corrects")]
    CorrectionNamesNone,
    #[error("only a correction names another journal")]
    CorrectsWithoutCorrection,
    #[error("a correction names another journal than itself")]
    CorrectsItself,
    #[error("an entry is not zero")]
    ZeroAmount,
    #[error("an entry is at most {ENTRY_MINOR_MAX} minor units")]
    AmountTooLarge,
    #[error("an entry has the currency of its account")]
    CurrencyMismatch,
    #[error("the rule posts no such leg")]
    LegNotInRule,
    #[error("only accounts between the books stand on both sides of a journal")]
    AccountOnBothSides,
    #[error("debits and credits are equal per book and currency")]
    Unbalanced,
    #[error("what one fund book owes the other stands in both")]
    MirrorBroken,
}

impl JournalRefusal {
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::SubjectMalformed => "subject_malformed",
            Self::TooFewEntries => "too_few_entries",
            Self::TooManyEntries => "too_many_entries",
            Self::CorrectionNamesNone => "correction_names_none",
            Self::CorrectsWithoutCorrection => "corrects_without_correction",
            Self::CorrectsItself => "corrects_itself",
            Self::ZeroAmount => "zero_amount",
            Self::AmountTooLarge => "amount_too_large",
            Self::CurrencyMismatch => "currency_mismatch",
            Self::LegNotInRule => "leg_not_in_rule",
            Self::AccountOnBothSides => "account_on_both_sides",
            Self::Unbalanced => "unbalanced",
            Self::MirrorBroken => "mirror_broken",
        }
    }
}

/// A journal that balances in each book and holds the mirrors between them. Read-only: what was made
/// stays as it was made.
///
/// ```
/// use ids::JournalId;
/// use ledger::{AccountCode, AccountKey, Entry, Journal, JournalDraft, JournalRefusal, Rule};
/// use money::{Amount, Currency::Cny};
///
/// let account = |code, owner| AccountKey::new(code, owner, Cny);
/// let draft = |credit| {
///     Ok::<_, Box<dyn std::error::Error>>(JournalDraft {
///         id: JournalId::from_i64(1)?,
///         rule: Rule::PaymentSucceeded,
///         subject: "pay_1".to_owned(),
///         accounting_date: jiff::civil::date(2026, 11, 20),
///         booked_at: "2026-11-20T02:00:00Z".parse()?,
///         entries: vec![
///             Entry::debit(account(AccountCode::ChannelReceivable, "alipay:1")?, Amount::new(100, Cny)?),
///             Entry::credit(account(AccountCode::MerchantPending, "m:alipay:1")?, Amount::new(credit, Cny)?),
///         ],
///         corrects: None,
///     })
/// };
/// assert_eq!(Journal::new(draft(100)?)?.entries().len(), 2);
/// assert_eq!(Journal::new(draft(99)?), Err(JournalRefusal::Unbalanced));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Journal(JournalDraft);

impl Journal {
    /// # Errors
    /// The first of [`JournalRefusal`] that applies.
    pub fn new(draft: JournalDraft) -> Result<Self, JournalRefusal> {
        check_header(&draft)?;
        for check in [check_amount, check_currency, check_leg] {
            draft.entries.iter().try_for_each(|entry| check(draft.rule, entry))?;
        }
        check_sides(&draft.entries)?;
        check_balance(&draft.entries)?;
        check_mirrors(&draft.entries)?;
        Ok(Self(draft))
    }

    #[must_use]
    pub const fn id(&self) -> JournalId {
        self.0.id
    }

    #[must_use]
    pub const fn rule(&self) -> Rule {
        self.0.rule
    }

    #[must_use]
    pub fn subject(&self) -> &str {
        &self.0.subject
    }

    #[must_use]
    pub const fn accounting_date(&self) -> Date {
        self.0.accounting_date
    }

    #[must_use]
    pub const fn booked_at(&self) -> Timestamp {
        self.0.booked_at
    }

    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.0.entries
    }

    #[must_use]
    pub const fn corrects(&self) -> Option<JournalId> {
        self.0.corrects
    }

    /// The guarded accounts that this journal lowers, each once: their state must be loaded and
    /// locked before it is decided. All other accounts of the journal need neither, which is how
    /// payments of one merchant or channel do not wait for each other.
    ///
    /// ```
    /// # use ids::JournalId;
    /// # use ledger::{AccountCode, AccountKey, Header, rules};
    /// # use money::{Amount, Currency::Cny};
    /// # let head = |id| Ok::<_, Box<dyn std::error::Error>>(Header { id: JournalId::from_i64(id)?,
    /// #     subject: "pay_1".to_owned(), accounting_date: jiff::civil::date(2026, 11, 20),
    /// #     booked_at: "2026-11-20T02:00:00Z".parse()? });
    /// # let channel = AccountKey::new(AccountCode::ChannelReceivable, "alipay:1", Cny)?;
    /// # let merchant = AccountKey::new(AccountCode::MerchantPending, "m:alipay:1", Cny)?;
    /// # let yuan = Amount::new(100, Cny)?;
    /// let paid = rules::payment_succeeded(head(1)?, channel.clone(), merchant.clone(), yuan)?;
    /// assert!(paid.guarded_debits().is_empty());
    /// let voided = rules::same_day_void(head(2)?, merchant.clone(), channel, yuan)?;
    /// assert!(voided.guarded_debits().contains(&merchant));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn guarded_debits(&self) -> BTreeSet<AccountKey> {
        let lowered = deltas_of(self).into_iter().filter(|delta| delta.lowers_guarded());
        lowered.map(|delta| delta.account).collect()
    }

    /// The content by which a repeat is told from another journal under the same id. The moment of
    /// booking is no part of it: a retry comes later and is the same journal.
    #[must_use]
    pub fn canonical_bytes(&self) -> Vec<u8> {
        let mut bytes = Canonical::begin("journal.1");
        bytes.number(self.0.id.to_i64().unsigned_abs());
        bytes.text(self.0.rule.code());
        bytes.text(&self.0.subject);
        bytes.text(&self.0.accounting_date.to_string());
        bytes.text(&self.0.corrects.map_or_else(String::new, |id| id.to_string()));
        for entry in &self.0.entries {
            bytes.text(&entry.account.to_string());
            bytes.text(match entry.side {
                Side::Debit => "debit",
                Side::Credit => "credit",
            });
            bytes.number(entry.amount.minor());
        }
        bytes.0
    }
}

/// Bytes that no two contents share: every text has its length before it.
pub(crate) struct Canonical(pub(crate) Vec<u8>);

impl Canonical {
    pub(crate) fn begin(kind: &str) -> Self {
        let mut bytes = Self(Vec::with_capacity(256));
        bytes.text(kind);
        bytes
    }

    pub(crate) fn text(&mut self, text: &str) {
        self.number(u64::try_from(text.len()).unwrap_or(u64::MAX));
        self.0.extend_from_slice(text.as_bytes());
    }

    pub(crate) fn number(&mut self, number: u64) {
        self.0.extend_from_slice(&number.to_be_bytes());
    }
}

fn check_header(draft: &JournalDraft) -> Result<(), JournalRefusal> {
    let subject = draft.subject.as_bytes();
    let length_fits = (1..=SUBJECT_LENGTH_MAX).contains(&subject.len());
    if !length_fits || !subject.iter().copied().all(is_plain) {
        return Err(JournalRefusal::SubjectMalformed);
    }
    if draft.entries.len() < 2 {
        return Err(JournalRefusal::TooFewEntries);
    }
    if draft.entries.len() > ENTRIES_MAX {
        return Err(JournalRefusal::TooManyEntries);
    }
    match (draft.rule == Rule::Correction, draft.corrects) {
        (true, None) => Err(JournalRefusal::CorrectionNamesNone),
        (false, Some(_)) => Err(JournalRefusal::CorrectsWithoutCorrection),
        (true, Some(old)) if old == draft.id => Err(JournalRefusal::CorrectsItself),
        (true, Some(_)) | (false, None) => Ok(()),
    }
}

fn check_amount(_: Rule, entry: &Entry) -> Result<(), JournalRefusal> {
    match entry.amount.minor() {
        0 => Err(JournalRefusal::ZeroAmount),
        minor if minor > ENTRY_MINOR_MAX => Err(JournalRefusal::AmountTooLarge),
        _ => Ok(()),
    }
}

fn check_currency(_: Rule, entry: &Entry) -> Result<(), JournalRefusal> {
    if entry.amount.currency() == entry.account.currency() {
        Ok(())
    } else {
        Err(JournalRefusal::CurrencyMismatch)
    }
}

fn check_leg(rule: Rule, entry: &Entry) -> Result<(), JournalRefusal> {
    if rule.allows(entry.side, entry.account.code()) {
        Ok(())
    } else {
        Err(JournalRefusal::LegNotInRule)
    }
}

fn check_sides(entries: &[Entry]) -> Result<(), JournalRefusal> {
    let on = |side| entries.iter().filter(move |e| e.side == side).map(|e| &e.account);
    let debited: BTreeSet<&AccountKey> = on(Side::Debit).collect();
    if on(Side::Credit).any(|key| debited.contains(key) && !key.code().is_between_books()) {
        return Err(JournalRefusal::AccountOnBothSides);
    }
    Ok(())
}

fn check_balance(entries: &[Entry]) -> Result<(), JournalRefusal> {
    let mut net: BTreeMap<(Book, Currency), i128> = BTreeMap::new();
    for entry in entries {
        let key = (entry.account.code().book(), entry.account.currency());
        *net.entry(key).or_default() += signed(entry);
    }
    if net.values().all(|sum| *sum == 0) { Ok(()) } else { Err(JournalRefusal::Unbalanced) }
}

/// `C.DUE_TO_OWN` less `C.DUE_FROM_OWN` equals `O.FEE_RECV_FROM_C` less `O.PAY_TO_C`, and
/// `C.DUE_TO_OWN_ADV` equals `O.ADV_RECV_FROM_C` payout by payout. With debits positive, the two
/// sides of each equation add up to zero.
fn check_mirrors(entries: &[Entry]) -> Result<(), JournalRefusal> {
    let mut net: BTreeMap<(bool, &str, Currency), i128> = BTreeMap::new();
    for entry in entries.iter().filter(|e| e.account.code().is_between_books()) {
        let is_advance = matches!(
            entry.account.code(),
            AccountCode::DueToOwnAdvance | AccountCode::AdvanceReceivableFromC
        );
        let payout = if is_advance { entry.account.owner() } else { "" };
        *net.entry((is_advance, payout, entry.account.currency())).or_default() += signed(entry);
    }
    if net.values().all(|sum| *sum == 0) { Ok(()) } else { Err(JournalRefusal::MirrorBroken) }
}

fn signed(entry: &Entry) -> i128 {
    let minor = i128::from(entry.amount.minor());
    match entry.side {
        Side::Debit => minor,
        Side::Credit => -minor,
    }
}
