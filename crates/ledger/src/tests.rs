//! The chart, the rules and the exports as golden files; every event of the event table; a random
//! business day under the trial balance.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use ids::{ChannelCode, JournalId, MerchantId, RefundId};
use jiff::civil::{Date, date};
use money::{Amount, Currency};
use proptest::prelude::*;

use super::rules::{ClearedLine, Payout, RefundSource};
use super::*;

const DAY: Date = date(2026, 11, 20);

/// `SUANPAN_BLESS=1 cargo test -p ledger` writes the files anew.
fn check_golden(name: &str, text: &str) {
    let path = format!("{}/golden/{name}", std::env::var("CARGO_MANIFEST_DIR").unwrap());
    if std::env::var_os("SUANPAN_BLESS").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap_or_default(), text, "{path}");
}

#[test]
fn the_chart_is_the_golden_table() {
    let mut table = String::new();
    for &code in AccountCode::ALL {
        assert_eq!(AccountCode::parse(code.code()), Ok(code));
        assert!(code.code().starts_with(code.book().letter()), "{code}");
        writeln!(
            table,
            "{code} {:?} {:?} {:?} {} {} {}",
            code.book(),
            code.normal_side(),
            code.kind(),
            if code.gl_head().is_empty() { "-" } else { code.gl_head() },
            code.export_name(),
            code.chinese()
        )
        .unwrap();
    }
    check_golden("chart.txt", &table);
}

#[test]
fn the_rules_are_the_golden_table() {
    let mut table = String::new();
    for &rule in Rule::ALL {
        assert_eq!(Rule::parse(rule.code()), Ok(rule));
        let legs: Vec<String> =
            rule.legs().iter().map(|l| format!("{:?} {}", l.side, l.code)).collect();
        writeln!(table, "{rule} {rule:?} {}: {}", rule.chinese(), legs.join(", ")).unwrap();
    }
    check_golden("rules.txt", &table);
}

/// What export names may be: beancount's rule for account names, the strictest of the three.
#[test]
fn export_names_are_distinct_and_plain() {
    let names: BTreeSet<String> = AccountCode::ALL.iter().map(|c| c.export_name()).collect();
    assert_eq!(names.len(), AccountCode::ALL.len());
    for name in names {
        for part in name.split(':') {
            assert!(part.starts_with(|c: char| c.is_ascii_uppercase()), "{name}");
            let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
            assert!(part.chars().all(plain), "{name}");
        }
    }
}

/// Reads `Dr CH_RECV 100.00; Cr MER_PENDING 100.00` of one book; `-` is nothing.
fn legs(book: Book, text: &str) -> Vec<Entry> {
    let leg = |leg: &str| {
        let words: Vec<&str> = leg.split_whitespace().collect();
        let code = AccountCode::parse(&format!("{}.{}", book.letter(), words[1])).unwrap();
        let account = AccountKey::new(code, "x", Currency::Cny).unwrap();
        let amount = Amount::parse_major(words[2], Currency::Cny).unwrap();
        match words[0] {
            "Dr" => Entry::debit(account, amount),
            "Cr" => Entry::credit(account, amount),
            other => panic!("{other}"),
        }
    };
    text.split(';').filter(|text| text.trim() != "-").map(leg).collect()
}

/// Every event with its example amounts is a journal of its rule: it balances in both books and
/// holds the mirrors. The rule allows exactly the legs of its row, but for the two that say more.
#[test]
fn every_event_of_the_table_is_a_journal() {
    let path = format!("{}/golden/events.txt", std::env::var("CARGO_MANIFEST_DIR").unwrap());
    let table = std::fs::read_to_string(path).unwrap();
    for row in table.lines() {
        let cells: Vec<&str> = row.split(" | ").collect();
        let rule = Rule::parse(cells[0]).unwrap();
        let mut entries = legs(Book::Customer, cells[1]);
        entries.extend(legs(Book::Own, cells[2]));
        entries.extend(cells.get(3).into_iter().flat_map(|memo| legs(Book::Memo, memo)));
        for entry in &entries {
            assert!(
                rule.legs().iter().any(|l| (l.side, l.code) == (entry.side, entry.account.code()))
            );
        }
        let all_there = rule.legs().len() == entries.len();
        assert!(all_there || rule == Rule::RefundFailed, "{row}");
        Journal::new(draft(rule, entries)).unwrap_or_else(|refusal| panic!("{row}: {refusal}"));
    }
}

fn draft(rule: Rule, entries: Vec<Entry>) -> JournalDraft {
    let Header { id, subject, accounting_date, booked_at } = head(1);
    JournalDraft { id, rule, subject, accounting_date, booked_at, entries, corrects: None }
}

fn head(id: i64) -> Header {
    Header {
        id: JournalId::from_i64(id).unwrap(),
        subject: format!("order-{id}"),
        accounting_date: DAY,
        booked_at: "2026-11-20T02:00:00Z".parse().unwrap(),
    }
}

fn fen(minor: u64) -> Amount {
    Amount::new(minor, Currency::Cny).unwrap()
}

/// `Dr C.CH_RECV 100` in fen; a currency other than CNY stands last, and once more where the amount
/// differs from its account.
fn entry(text: &str) -> Entry {
    let words: Vec<&str> = text.split_whitespace().collect();
    let currency = |at: usize| words.get(at).map_or(Currency::Cny, |c| Currency::parse(c).unwrap());
    let account = AccountKey::new(AccountCode::parse(words[1]).unwrap(), "x", currency(3)).unwrap();
    let side = if words[0] == "Dr" { Side::Debit } else { Side::Credit };
    let of_amount = if words.len() > 4 { currency(4) } else { currency(3) };
    Entry { account, side, amount: Amount::new(words[2].parse().unwrap(), of_amount).unwrap() }
}

/// In precedence order: each draft also breaks rules that come later.
#[test]
fn drafts_are_refused_in_order() {
    let one = || vec![entry("Dr C.CH_RECV 0")];
    let check = |draft: JournalDraft, expect: JournalRefusal| {
        assert_eq!(Journal::new(draft), Err(expect), "{}", expect.code());
    };
    for subject in ["", "a b", "单", &"9".repeat(SUBJECT_LENGTH_MAX + 1)] {
        let bad = JournalDraft { subject: subject.to_owned(), ..draft(Rule::Manual, one()) };
        check(bad, JournalRefusal::SubjectMalformed);
    }
    check(draft(Rule::Correction, one()), JournalRefusal::TooFewEntries);
    let many = vec![entry("Dr C.CH_RECV 0"); ENTRIES_MAX + 1];
    check(draft(Rule::Correction, many), JournalRefusal::TooManyEntries);

    let pair = || vec![entry("Dr C.CH_RECV 0"), entry("Dr C.CH_RECV 1")];
    let naming = |rule, id| JournalDraft {
        corrects: Some(JournalId::from_i64(id).unwrap()),
        ..draft(rule, pair())
    };
    check(draft(Rule::Correction, pair()), JournalRefusal::CorrectionNamesNone);
    check(naming(Rule::Manual, 2), JournalRefusal::CorrectsWithoutCorrection);
    check(naming(Rule::Correction, 1), JournalRefusal::CorrectsItself);
    check(naming(Rule::Correction, 2), JournalRefusal::ZeroAmount);
}

#[test]
fn entries_are_refused_in_order() {
    use JournalRefusal as R;
    let huge = format!("Dr C.CH_RECV {}", ENTRY_MINOR_MAX + 1);
    let cases: &[(Rule, &[&str], R)] = &[
        (Rule::SameDayVoid, &["Dr C.CH_RECV 5 CNY USD", "Cr C.MER_PENDING 0"], R::ZeroAmount),
        (Rule::SameDayVoid, &[&huge, "Cr C.MER_PENDING 5 CNY USD"], R::AmountTooLarge),
        (Rule::SameDayVoid, &["Dr C.CH_RECV 5", "Cr C.MER_PENDING 6 CNY USD"], R::CurrencyMismatch),
        (Rule::SameDayVoid, &["Dr C.CH_RECV 5", "Cr C.CH_RECV 6"], R::LegNotInRule),
        (Rule::Manual, &["Dr C.CH_RECV 5", "Cr C.CH_RECV 6"], R::AccountOnBothSides),
        (Rule::Manual, &["Dr C.CH_RECV 5", "Cr C.MER_PENDING 6"], R::Unbalanced),
        (Rule::Manual, &["Dr C.CH_RECV 5", "Cr O.BANK_OWN 5"], R::Unbalanced),
        (Rule::Manual, &["Dr C.CH_RECV 5 CNY", "Cr C.MER_PENDING 5 USD"], R::Unbalanced),
        (Rule::Manual, &["Dr C.DUE_TO_OWN 5", "Cr C.BANK_RESERVE 5"], R::MirrorBroken),
        (Rule::Manual, &["Dr C.MER_AVAIL 5", "Cr C.DUE_TO_OWN_ADV 5"], R::MirrorBroken),
        // The same sums, but an advance is no fee.
        (
            Rule::Manual,
            &[
                "Dr C.MER_AVAIL 5",
                "Cr C.DUE_TO_OWN_ADV 5",
                "Dr O.FEE_RECV_FROM_C 5",
                "Cr O.BANK_OWN 5",
            ],
            R::MirrorBroken,
        ),
    ];
    for (rule, entries, expect) in cases {
        let entries_read = entries.iter().map(|text| entry(text)).collect();
        assert_eq!(Journal::new(draft(*rule, entries_read)), Err(*expect), "{entries:?}");
    }
}

/// Own money recovers the advance of the payout that it made, not of another.
#[test]
fn advances_mirror_payout_by_payout() {
    let advance = |code, payout: &str| AccountKey::new(code, payout, Currency::Cny).unwrap();
    let journal = |in_own_book: &str| {
        let entries = vec![
            entry("Dr C.MER_AVAIL 5"),
            Entry::credit(advance(AccountCode::DueToOwnAdvance, "p1"), fen(5)),
            Entry::debit(advance(AccountCode::AdvanceReceivableFromC, in_own_book), fen(5)),
            entry("Cr O.BANK_OWN 5"),
        ];
        Journal::new(draft(Rule::InstantPayoutAdvanced, entries)).map(|_| ())
    };
    assert_eq!(journal("p1"), Ok(()));
    assert_eq!(journal("p2"), Err(JournalRefusal::MirrorBroken));
}

/// Whoever loads only the accounts that a journal lowers gets the answer of whoever loads all.
#[test]
fn the_answer_needs_only_the_lowered_accounts() {
    let mut books = Books::default();
    let tight =
        rules::settled(head(99), parties().pending, parties().available, fen(5_000)).unwrap();
    for journal in a_day() {
        for asked in [&journal, &tight] {
            let mut few = Books::default();
            for key in asked.guarded_debits() {
                books.get(&key).cloned().into_iter().for_each(|account| few.insert(account));
            }
            let answer = few.decide_post(None, [0; 32], asked);
            assert_eq!(answer, books.decide_post(None, [0; 32], asked));
        }
        post(&mut books, &journal).unwrap();
    }
}

#[test]
fn keys_are_read_as_they_are_written() {
    let long = format!("C.MER_AVAIL/CNY/{}", "9".repeat(OWNER_LENGTH_MAX));
    for text in ["C.DUE_TO_OWN/CNY/", "C.CH_RECV/JPY/alipay:2088_1*", &long] {
        assert_eq!(text.parse::<AccountKey>().unwrap().to_string(), text);
    }
    for (text, expect) in [
        ("", AccountKeyError::Malformed),
        ("C.CH_RECV/CNY", AccountKeyError::Malformed),
        ("CH_RECV/CNY/x", AccountKeyError::UnknownCode),
        ("C.CH_RECV/cny/x", AccountKeyError::UnknownCurrency),
        ("C.CH_RECV/CNY/a/b", AccountKeyError::OwnerCharacters),
        ("C.CH_RECV/CNY/a b", AccountKeyError::OwnerCharacters),
        (&format!("{long}9"), AccountKeyError::OwnerTooLong),
    ] {
        assert_eq!(text.parse::<AccountKey>(), Err(expect), "{text}");
    }
}

/// The accounts of one merchant at one channel.
struct Parties {
    receivable: AccountKey,
    cleared: AccountKey,
    bank: AccountKey,
    pending: AccountKey,
    available: AccountKey,
}

fn parties() -> Parties {
    let (merchant, channel) =
        (MerchantId::from_i64(7).unwrap(), ChannelCode::parse("alipay").unwrap());
    let key = |code, owner| AccountKey::new(code, owner, Currency::Cny).unwrap();
    Parties {
        receivable: AccountKey::channel_receivable(&channel, "2088", Currency::Cny).unwrap(),
        cleared: key(AccountCode::ChannelCleared, "alipay:20261120"),
        bank: key(AccountCode::BankReserve, "pboc"),
        pending: AccountKey::merchant_pending(merchant, &channel, DAY, Currency::Cny),
        available: AccountKey::merchant_available(merchant, Currency::Cny),
    }
}

fn transit(id: i64) -> AccountKey {
    AccountKey::refund_transit(RefundId::from_i64(id).unwrap(), Currency::Cny)
}

fn source(account: &AccountKey, minor: u64) -> RefundSource {
    RefundSource { account: account.clone(), amount: fen(minor) }
}

fn payout(p: &Parties, id: i64, amount: u64, fee: u64) -> Payout {
    let owner = format!("payout-{id}");
    let transit = AccountKey::new(AccountCode::PayoutTransit, &owner, Currency::Cny).unwrap();
    let (amount, fee) = (fen(amount), fen(fee));
    Payout { available: p.available.clone(), transit, amount, fee }
}

fn cleared_line(p: &Parties, gross: u64, channel_fee: u64, merchant_fee: u64) -> ClearedLine {
    ClearedLine {
        receivable: p.receivable.clone(),
        cleared: p.cleared.clone(),
        pending: p.pending.clone(),
        gross: fen(gross),
        channel_fee: fen(channel_fee),
        merchant_fee: fen(merchant_fee),
    }
}

fn post(books: &mut Books, journal: &Journal) -> Result<(), Refusal> {
    match books.decide_post(None, [0; 32], journal) {
        PostDecision::Post(deltas) => {
            books.apply(&deltas);
            Ok(())
        }
        PostDecision::Repeat => panic!("nothing was seen"),
        PostDecision::Refuse(refusal) | PostDecision::Burn(refusal) => Err(refusal),
    }
}

/// A payment, its clearing and settlement, a payout, a refund over both accounts, its failure, a
/// late payment and its return, and a correction.
fn a_day() -> Vec<Journal> {
    let p = parties();
    let (pending, receivable) = (p.pending.clone(), p.receivable.clone());
    let sources = [source(&p.pending, 1_000), source(&p.available, 500)];
    let paid = rules::payment_succeeded(head(1), receivable.clone(), pending.clone(), fen(10_000));
    let voided = rules::payment_succeeded(head(2), receivable.clone(), pending.clone(), fen(700));
    let late = rules::late_payment_received(head(13), receivable.clone(), transit(2), fen(900));
    let wrong = rules::settled(head(15), pending.clone(), p.available.clone(), fen(40)).unwrap();
    let journals = vec![
        paid,
        voided,
        rules::same_day_void(head(3), pending.clone(), receivable.clone(), fen(700)),
        rules::channel_cleared(head(4), cleared_line(&p, 10_000, 25, 60)),
        rules::channel_funds_arrived(head(5), p.bank.clone(), p.cleared.clone(), fen(9_975)),
        rules::settled(head(6), pending, p.available.clone(), fen(8_000)),
        rules::payout_submitted(head(7), payout(&p, 1, 3_000, 100)),
        rules::payout_failed(head(8), payout(&p, 1, 3_000, 100)),
        rules::payout_submitted(head(9), payout(&p, 2, 3_000, 100)),
        rules::payout_succeeded(head(10), payout(&p, 2, 0, 0).transit, p.bank, fen(3_000)),
        rules::refund_accepted(head(11), &sources, transit(1)),
        rules::refund_failed(head(12), transit(1), &sources),
        late,
        rules::refund_confirmed(head(14), transit(2), receivable, fen(900)),
        Ok(wrong.clone()),
        rules::correction(head(16), &wrong),
    ];
    journals.into_iter().map(Result::unwrap).collect()
}

#[test]
fn a_day_ends_where_it_should() {
    let (mut books, p) = (Books::default(), parties());
    for journal in a_day() {
        post(&mut books, &journal).unwrap_or_else(|r| panic!("{}: {r}", journal.subject()));
        assert_eq!(trial_balance(books.iter()).findings, [], "{}", journal.subject());
    }
    // 100.00 less 0.60 fee, less 30.00 and 1.00 fee paid out.
    assert_eq!(books.available(&p.pending) + books.available(&p.available), 6_840);
    let balance = trial_balance(books.iter());
    for (code, expect) in [
        (AccountCode::ChannelReceivable, 0),
        (AccountCode::ChannelCleared, 0),
        (AccountCode::RefundTransit, 0),
        (AccountCode::PayoutTransit, 0),
        (AccountCode::BankReserve, 6_975),
        (AccountCode::DueToOwn, -135),
        (AccountCode::ChannelCost, 25),
        (AccountCode::FeeIncome, -60),
        (AccountCode::PayoutFeeIncome, -100),
    ] {
        assert_eq!(balance.balances.get(&(code, Currency::Cny)), Some(&expect), "{code}");
    }
    assert_eq!(balance.unfilled().count(), 0);
}

/// A refund's rule says where its money came from, and what is zero leaves no entry.
#[test]
fn refunds_name_their_source() {
    let p = parties();
    for (pending, available, expect) in [
        (5, 0, Ok((Rule::RefundFromPending, 2))),
        (0, 5, Ok((Rule::RefundFromAvailable, 2))),
        (5, 5, Ok((Rule::RefundFromBoth, 3))),
        (0, 0, Err(JournalRefusal::TooFewEntries)),
    ] {
        let sources = [source(&p.pending, pending), source(&p.available, available)];
        let journal = rules::refund_accepted(head(1), &sources, transit(1));
        assert_eq!(journal.map(|j| (j.rule(), j.entries().len())), expect);
    }
    let foreign = [source(&p.bank, 5)];
    let journal = rules::refund_accepted(head(1), &foreign, transit(1));
    assert_eq!(journal, Err(JournalRefusal::LegNotInRule));
}

/// Which accounts each rule has to lock: raised ones and transit ones never.
#[test]
fn only_lowered_guarded_accounts_are_locked() {
    let expect = [
        "",
        "",
        "C.MER_PENDING",
        "C.MER_PENDING",
        "",
        "C.MER_PENDING",
        "C.MER_AVAIL",
        "C.PAYOUT_TRANSIT C.DUE_TO_OWN O.FEE_RECV_FROM_C",
        "C.MER_AVAIL",
        "C.BANK_RESERVE C.PAYOUT_TRANSIT",
        "C.MER_PENDING C.MER_AVAIL",
        "C.REFUND_TRANSIT",
        "",
        "C.REFUND_TRANSIT",
        "C.MER_PENDING",
        "C.MER_AVAIL",
    ];
    for (journal, expect) in a_day().iter().zip(expect) {
        let locked = journal.guarded_debits();
        let locked: Vec<&str> = locked.iter().map(|key| key.code().code()).collect();
        assert_eq!(locked.join(" "), expect, "{}", journal.subject());
    }
}

/// Two journals share their bytes only if they are the same but for the moment of booking.
#[test]
fn content_is_what_a_retry_must_repeat() {
    let p = parties();
    let paid = |head, minor| {
        rules::payment_succeeded(head, p.receivable.clone(), p.pending.clone(), fen(minor)).unwrap()
    };
    let first = paid(head(1), 5).canonical_bytes();
    let later = Header { booked_at: "2026-11-20T03:00:00Z".parse().unwrap(), ..head(1) };
    assert_eq!(paid(later, 5).canonical_bytes(), first);
    let next_day = Header { accounting_date: date(2026, 11, 21), ..head(1) };
    let other_subject = Header { subject: "order-2".to_owned(), ..head(1) };
    for other in [paid(head(2), 5), paid(head(1), 6), paid(next_day, 5), paid(other_subject, 5)] {
        assert_ne!(other.canonical_bytes(), first);
    }
}

fn exported(write: impl Fn(&mut String, &[Journal], &export::Closing)) -> String {
    let (mut books, journals) = (Books::default(), a_day());
    for journal in &journals {
        post(&mut books, journal).unwrap();
    }
    let mut text = String::new();
    write(&mut text, &journals, &export::Closing::of(DAY, books.iter()));
    text
}

#[test]
fn exports_are_the_golden_files() {
    let hledger = exported(|out, journals, closing| {
        export::write_hledger(out, journals.iter().map(Into::into), closing).unwrap();
    });
    check_golden("day.journal", &hledger);
    let beancount = exported(|out, journals, closing| {
        export::write_beancount(out, journals.iter().map(Into::into), closing).unwrap();
    });
    check_golden("day.beancount", &beancount);
}

#[test]
fn exports_refuse_journals_out_of_order() {
    let journals = a_day();
    let on = |at: usize, day| export::Posted { accounting_date: day, ..(&journals[at]).into() };
    for days in [[DAY, DAY.yesterday().unwrap()], [DAY, DAY.tomorrow().unwrap()]] {
        let posted = days.into_iter().enumerate().map(|(at, day)| on(at, day));
        let closing = export::Closing::of(DAY, []);
        let mut text = String::new();
        let written = export::write_hledger(&mut text, posted.clone(), &closing);
        assert_eq!(written, Err(export::ExportError::OutOfOrder));
        let written = export::write_beancount(&mut text, posted, &closing);
        assert_eq!(written, Err(export::ExportError::OutOfOrder));
    }
}

/// What comes from a store as text is no syntax in an export.
#[test]
fn exports_hold_no_foreign_syntax() {
    let day = a_day();
    let posted = export::Posted { subject: "a\" ; b\n2026", ..(&day[0]).into() };
    let mut text = String::new();
    let closing = export::Closing::of(DAY, []);
    export::write_beancount(&mut text, [posted], &closing).unwrap();
    assert!(text.contains("\"a????b?2026\""), "{text}");
}

#[test]
fn findings_say_what_is_wrong() {
    let account =
        |text: &str, sums: Sums| Account { sums, ..Account::fresh(text.parse().unwrap()) };
    let debit = |minor| Sums { debits_posted: minor, ..Sums::ZERO };
    let credit = |minor| Sums { credits_posted: minor, ..Sums::ZERO };
    let pending = Sums { credits_pending: 1, ..Sums::ZERO };
    let cases = [
        (vec![account("C.MER_AVAIL/CNY/m", pending)], "held_on_wrong_side"),
        (
            vec![account("C.MER_AVAIL/CNY/m", debit(1)), account("C.CH_RECV/CNY/a", credit(1))],
            "beyond_limit",
        ),
        (
            vec![account("C.DUE_TO_OWN/CNY/", credit(1)), account("C.CH_RECV/CNY/a", debit(1))],
            "fee_mirror_broken",
        ),
        (
            vec![
                account("C.DUE_TO_OWN_ADV/CNY/p1", credit(1)),
                account("C.CH_RECV/CNY/a", debit(1)),
                account("O.ADV_RECV_FROM_C/CNY/p2", debit(1)),
                account("O.FEE_INCOME/CNY/", credit(1)),
            ],
            "advance_mirror_broken advance_mirror_broken",
        ),
    ];
    for (accounts, expect) in cases {
        let findings = trial_balance(&accounts).findings;
        let codes: Vec<&str> = findings.iter().map(Finding::code).collect();
        assert_eq!(codes.join(" "), expect);
    }
}

/// One step of a random day, with the amount and the fees that come with it.
fn step(
    p: &Parties,
    id: i64,
    kind: u8,
    [amount, cost, fee]: [u64; 3],
) -> Result<Journal, JournalRefusal> {
    let (receivable, pending) = (p.receivable.clone(), p.pending.clone());
    let available = p.available.clone();
    let sources = [source(&p.pending, amount), source(&p.available, cost)];
    match kind {
        0 | 1 => rules::payment_succeeded(head(id), receivable, pending, fen(amount)),
        2 => rules::channel_cleared(head(id), cleared_line(p, amount, cost, fee)),
        3 => rules::channel_funds_arrived(head(id), p.bank.clone(), p.cleared.clone(), fen(amount)),
        4 => rules::settled(head(id), pending, available, fen(amount)),
        5 => rules::payout_submitted(head(id), payout(p, 1, amount, fee)),
        6 => rules::payout_failed(head(id), payout(p, 1, amount, fee)),
        7 => rules::payout_succeeded(
            head(id),
            payout(p, 1, 1, 0).transit,
            p.bank.clone(),
            fen(amount),
        ),
        8 => rules::refund_accepted(head(id), &sources, transit(1)),
        9 => rules::refund_failed(head(id), transit(1), &sources),
        10 => rules::refund_confirmed(head(id), transit(1), receivable, fen(amount)),
        11 => rules::late_payment_received(head(id), receivable, transit(1), fen(amount)),
        _ => rules::same_day_void(head(id), pending, receivable, fen(amount)),
    }
}

proptest! {
    /// Whatever happens in whatever order, the books balance, the mirrors and the reserve equation
    /// hold, no guarded account is below zero, and a refusal changes nothing.
    #[test]
    fn a_random_day_keeps_the_books(steps in prop::collection::vec((0_u8..13, [1_u64..500, 0_u64..30, 0_u64..30]), 1..60)) {
        let (mut books, p) = (Books::default(), parties());
        let mut posted: Vec<Journal> = Vec::new();
        for (id, (kind, amounts)) in (1..).zip(steps) {
            let Ok(journal) = step(&p, id, kind, amounts) else { continue };
            let before = books.clone();
            match post(&mut books, &journal) {
                Ok(()) => posted.push(journal),
                Err(_) => prop_assert_eq!(&books, &before),
            }
            prop_assert_eq!(trial_balance(books.iter()).findings, []);
        }
        // Undone backwards, every correction is possible and nothing is left.
        for (id, journal) in (1_000..).zip(posted.iter().rev()) {
            let undone = rules::correction(head(id), journal).unwrap();
            prop_assert_eq!(post(&mut books, &undone), Ok(()));
        }
        prop_assert!(trial_balance(books.iter()).balances.values().all(|sum| *sum == 0));
    }

    /// Balances are the sums of entries: applying the deltas is adding up the entries.
    #[test]
    fn replaying_the_entries_gives_the_sums(steps in prop::collection::vec((0_u8..13, [1_u64..500, 0_u64..30, 0_u64..30]), 1..40)) {
        let (mut books, mut replayed, p) = (Books::default(), std::collections::BTreeMap::<AccountKey, Sums>::new(), parties());
        for (id, (kind, amounts)) in (1..).zip(steps) {
            let Ok(journal) = step(&p, id, kind, amounts) else { continue };
            if post(&mut books, &journal).is_err() {
                continue;
            }
            for entry in journal.entries() {
                let sums = replayed.entry(entry.account.clone()).or_insert(Sums::ZERO);
                let minor = entry.amount.minor();
                let more = match entry.side {
                    Side::Debit => Sums { debits_posted: minor, ..Sums::ZERO },
                    Side::Credit => Sums { credits_posted: minor, ..Sums::ZERO },
                };
                *sums = sums.checked_add(more).unwrap();
            }
        }
        let summed: std::collections::BTreeMap<AccountKey, Sums> =
            books.iter().map(|a| (a.key.clone(), a.sums)).collect();
        prop_assert_eq!(summed, replayed);
    }
}
