//! What the books answer, as a text: each line is a command and the answer it must get. After every
//! command the trial balance is without findings, the pending sums are the open holds, a refused
//! command has changed nothing, and posting anything twice is a repeat.
//!
//! ```text
//! open A1 guarded [limit N]    T1 transit    B1 bank
//! close A1 | limit A1 N
//! post J1 A1 -> A2 100 => ok | repeat | a refusal's code
//! hold H1 A1 50 until 10 => ...
//! resolve H1 post 40 A2 at 5 | void | expire at 10 => ...
//! left A1 60
//! ```
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests panic as tests do"
)]

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hasher};

use ids::{HoldId, JournalId};
use jiff::Timestamp;
use ledger::{
    Account, AccountCode, AccountKey, Books, Delta, Entry, Hold, HoldState, Journal, JournalDraft,
    PostDecision, Refusal, Resolve, ResolveDecision, Retry, Rule, Seen, Side, trial_balance,
};
use money::{Amount, Currency};
use proptest::prelude::*;

/// The books with what a store keeps beside them: ids that were used, and holds.
#[derive(Default)]
struct World {
    books: Books,
    accounts: BTreeMap<String, AccountKey>,
    journals: BTreeMap<i64, Seen>,
    hold_ids: BTreeMap<i64, Seen>,
    holds: BTreeMap<i64, Hold>,
}

impl World {
    /// Runs one command and gives the answer.
    fn run(&mut self, command: &str) -> String {
        let words: Vec<&str> = command.split_whitespace().collect();
        match words[..] {
            ["open", name, kind] => self.open(name, kind, 0),
            ["open", name, kind, "limit", limit] => self.open(name, kind, number(limit)),
            ["close", name] => self.change(name, |account| account.closed = true),
            ["limit", name, limit] => {
                self.change(name, |account| account.credit_limit = number(limit))
            }
            ["post", id, from, "->", to, amount] => self.post(id, [from, to], number(amount)),
            ["hold", id, name, amount, "until", end] => self.hold(id, name, number(amount), end),
            ["resolve", id, "post", amount, to, "at", now] => {
                self.post_hold(id, number(amount), to, now)
            }
            ["resolve", id, "void"] => self.resolve(id, Resolve::Void),
            ["resolve", id, "expire", "at", now] => {
                self.resolve(id, Resolve::Expire { now: time(now) })
            }
            ["left", name] => self.books.available(&self.accounts[name]).to_string(),
            _ => panic!("not a command: {command}"),
        }
    }

    fn open(&mut self, name: &str, kind: &str, credit_limit: u64) -> String {
        let code = match kind {
            "guarded" => AccountCode::MerchantAvailable,
            "transit" => AccountCode::ChannelReceivable,
            "bank" => AccountCode::BankReserve,
            other => panic!("not a kind: {other}"),
        };
        let key = AccountKey::new(code, name, Currency::Cny).unwrap();
        self.books.insert(Account { credit_limit, ..Account::fresh(key.clone()) });
        self.accounts.insert(name.to_owned(), key);
        "ok".to_owned()
    }

    fn change(&mut self, name: &str, change: impl FnOnce(&mut Account)) -> String {
        let mut account = self.books.get(&self.accounts[name]).unwrap().clone();
        change(&mut account);
        self.books.insert(account);
        "ok".to_owned()
    }

    fn post(&mut self, id: &str, [from, to]: [&str; 2], amount: u64) -> String {
        let journal = match self.journal(index(id), [from, to], amount) {
            Ok(journal) => journal,
            Err(refusal) => return refusal.code().to_owned(),
        };
        let (id, hash) = (index(id), hash(&journal.canonical_bytes()));
        let decision = self.books.decide_post(self.journals.get(&id), hash, &journal);
        take(&mut self.books, decision, self.journals.entry(id), hash)
    }

    /// Takes from one account and gives to the other.
    fn journal(
        &self,
        id: i64,
        [from, to]: [&str; 2],
        amount: u64,
    ) -> Result<Journal, ledger::JournalRefusal> {
        let amount = Amount::new(amount, Currency::Cny).unwrap();
        Journal::new(JournalDraft {
            id: JournalId::from_i64(id).unwrap(),
            rule: Rule::Manual,
            subject: "semantics".to_owned(),
            accounting_date: jiff::civil::date(2026, 11, 20),
            booked_at: Timestamp::UNIX_EPOCH,
            entries: vec![
                Entry::debit(self.accounts[from].clone(), amount),
                Entry::credit(self.accounts[to].clone(), amount),
            ],
            corrects: None,
        })
    }

    fn hold(&mut self, id: &str, name: &str, amount: u64, end: &str) -> String {
        let amount = Amount::new(amount, Currency::Cny).unwrap();
        let (account, number) = (self.accounts[name].clone(), HoldId::from_i64(index(id)).unwrap());
        let hold = match Hold::new(number, account, amount, time(end)) {
            Ok(hold) => hold,
            Err(refusal) => return refusal.code().to_owned(),
        };
        let hash = hash(&hold.canonical_bytes());
        let decision = self.books.decide_hold(self.hold_ids.get(&index(id)), hash, &hold);
        let answer = take(&mut self.books, decision, self.hold_ids.entry(index(id)), hash);
        if answer == "ok" {
            self.holds.insert(index(id), hold);
        }
        answer
    }

    fn post_hold(&mut self, id: &str, amount: u64, to: &str, now: &str) -> String {
        let from = self.holds.get(&index(id)).map_or("A1", |hold| hold.account.owner()).to_owned();
        // Money leaves a bank account by a credit, any other by a debit.
        let is_bank = self.accounts[&from].code().normal_side() == Side::Debit;
        let pair = if is_bank { [to, &from] } else { [&from, to] };
        match self.journal(10_000 + index(id), pair, amount) {
            Ok(journal) => self.resolve(id, Resolve::Post { journal: &journal, now: time(now) }),
            Err(refusal) => refusal.code().to_owned(),
        }
    }

    fn resolve(&mut self, id: &str, resolve: Resolve<'_>) -> String {
        match self.books.decide_resolve(self.holds.get(&index(id)), resolve) {
            ResolveDecision::Resolve(resolution, deltas) => {
                assert_eq!(resolution.hold.to_i64(), index(id));
                self.books.apply(&deltas);
                self.holds.get_mut(&index(id)).unwrap().state = resolution.state;
                "ok".to_owned()
            }
            ResolveDecision::Refuse(refusal) => refusal.code().to_owned(),
        }
    }

    /// What holds after every command.
    fn check(&self, command: &str, answer: &str, before: &Books) {
        assert_eq!(trial_balance(self.books.iter()).findings, [], "{command}");
        if answer != "ok" && !command.starts_with("left") {
            assert_eq!(&self.books, before, "{command} => {answer}");
        }
        let mut open: BTreeMap<&AccountKey, u64> = BTreeMap::new();
        for hold in self.holds.values().filter(|hold| hold.state == HoldState::Open) {
            *open.entry(&hold.account).or_default() += hold.amount.minor();
        }
        for account in self.books.iter() {
            let pending = account.sums.debits_pending + account.sums.credits_pending;
            assert_eq!(pending, open.remove(&account.key).unwrap_or(0), "{command}");
        }
        assert!(open.is_empty(), "{command}");
    }
}

/// Does with a decision what a store does.
fn take(
    books: &mut Books,
    decision: PostDecision,
    slot: std::collections::btree_map::Entry<'_, i64, Seen>,
    content_hash: [u8; 32],
) -> String {
    match decision {
        PostDecision::Post(deltas) => {
            assert!(deltas.is_sorted_by(|a: &Delta, b: &Delta| a.account < b.account));
            books.apply(&deltas);
            slot.insert_entry(Seen { content_hash, burnt: None });
            "ok".to_owned()
        }
        PostDecision::Repeat => "repeat".to_owned(),
        PostDecision::Refuse(refusal) => refusal.code().to_owned(),
        PostDecision::Burn(refusal) => {
            slot.insert_entry(Seen { content_hash, burnt: Some(refusal) });
            refusal.code().to_owned()
        }
    }
}

fn index(id: &str) -> i64 {
    id.trim_start_matches(['J', 'H']).parse().unwrap()
}

fn number(text: &str) -> u64 {
    text.parse().unwrap()
}

fn time(seconds: &str) -> Timestamp {
    Timestamp::from_second(seconds.parse().unwrap()).unwrap()
}

/// Any hash will do that is the same for the same bytes.
fn hash(bytes: &[u8]) -> [u8; 32] {
    let mut hasher = DefaultHasher::new();
    hasher.write(bytes);
    let mut hash = [0; 32];
    hash[..8].copy_from_slice(&hasher.finish().to_be_bytes());
    hash
}

fn check(story: &str) {
    let mut world = World::default();
    for line in story.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#')) {
        let (command, expect) = line.split_once("=>").unwrap_or((line, "ok"));
        let before = world.books.clone();
        let answer = world.run(command);
        assert_eq!(answer, expect.trim(), "{line}");
        world.check(command, &answer, &before);
    }
}

const OPENED: &str = "
    open T1 transit
    open A1 guarded
    open A2 guarded
    post J1 T1 -> A1 100 => ok
";

fn check_opened(story: &str) {
    check(&format!("{OPENED}{story}"));
}

#[test]
fn an_id_is_answered_before_any_rule() {
    check_opened(
        "
        post J1 T1 -> A1 100  => repeat
        post J1 T1 -> A1 101  => id_seen_with_other_content
        post J1 T1 -> A2 100  => id_seen_with_other_content
        post J2 A1 -> A2 101  => exceeds_available
        # The money is there now; the first answer stays.
        post J3 T1 -> A1 1    => ok
        post J2 A1 -> A2 101  => id_burnt
        post J2 A1 -> A2 100  => id_seen_with_other_content
        post J4 A1 -> A2 101  => ok
        # Closing changes no answer that was given.
        close A1
        post J4 A1 -> A2 101  => repeat
        post J5 A1 -> A2 999  => account_closed
        post J5 A1 -> A2 999  => id_burnt
        ",
    );
}

#[test]
fn an_id_refused_for_its_fields_is_not_burnt() {
    check_opened(
        "
        post J2 A1 -> A2 0                   => zero_amount
        post J2 A1 -> A2 1000000000000001    => amount_too_large
        post J2 A1 -> A1 1                   => account_on_both_sides
        post J2 A1 -> A2 1                   => ok
        hold H1 A1 0 until 10                => zero_amount
        hold H1 A1 1000000000000001 until 10 => amount_too_large
        hold H1 T1 1 until 10                => account_not_guarded
        hold H1 A1 1 until 10                => ok
        ",
    );
}

#[test]
fn guarded_accounts_have_limits_and_transit_ones_none() {
    check_opened(
        "
        post J2 A1 -> A2 100 => ok
        post J3 A1 -> A2 1   => exceeds_available
        post J4 A2 -> T1 100 => ok
        # Below zero: a refund was confirmed before its line came.
        open T2 transit
        post J5 T1 -> T2 500 => ok
        # Money in a bank is on the debit side.
        open B1 bank
        post J6 B1 -> T1 50  => ok
        left B1              => 50
        post J7 T1 -> B1 51  => exceeds_available
        post J8 T1 -> B1 50  => ok
        ",
    );
}

#[test]
fn a_credit_limit_can_change() {
    check(
        "
        open T1 transit
        open A1 guarded limit 30
        post J1 A1 -> T1 31      => exceeds_available
        post J2 A1 -> T1 20      => ok
        hold H1 A1 11 until 10   => exceeds_available
        hold H2 A1 10 until 10   => ok
        left A1                  => 0
        limit A1 50
        left A1                  => 20
        ",
    );
}

#[test]
fn closing_stops_what_goes_out() {
    check_opened(
        "
        hold H1 A1 10 until 10      => ok
        hold H2 A1 10 until 10      => ok
        hold H3 A1 10 until 10      => ok
        close A1
        # Knowing better would mean that every payment locks its merchant.
        post J2 T1 -> A1 5          => ok
        post J3 A1 -> A2 5          => account_closed
        hold H4 A1 5 until 10       => account_closed
        resolve H1 post 10 A2 at 5  => account_closed
        resolve H1 void             => ok
        resolve H2 expire at 10     => ok
        left A1                     => 95
        ",
    );
}

#[test]
fn holds_count_at_once_and_end_once() {
    check_opened(
        "
        hold H1 A1 60 until 10      => ok
        hold H1 A1 60 until 10      => repeat
        hold H1 A1 61 until 10      => id_seen_with_other_content
        left A1                     => 40
        post J2 A1 -> A2 41         => exceeds_available
        hold H2 A1 41 until 10      => exceeds_available
        hold H2 A1 41 until 10      => id_burnt
        resolve H2 void             => hold_not_found
        resolve H2 post 1 A2 at 5   => hold_not_found
        post J3 A1 -> A2 40         => ok
        left A1                     => 0

        resolve H1 post 61 A2 at 5  => exceeds_held
        resolve H1 post 0 A2 at 5   => zero_amount
        resolve H1 post 25 A2 at 5  => ok
        # The rest of the hold was released.
        left A1                     => 35
        left A2                     => 65
        resolve H1 post 61 A2 at 50 => already_posted
        resolve H1 void             => already_posted
        resolve H1 expire at 10     => already_posted
        ",
    );
}

#[test]
fn a_hold_ends_by_void_or_by_time() {
    check_opened(
        "
        hold H1 A1 60 until 10       => ok
        resolve H1 void              => ok
        left A1                      => 100
        resolve H1 void              => already_voided
        resolve H1 post 61 A2 at 5   => already_voided
        resolve H1 expire at 10      => already_voided

        hold H2 A1 60 until 10       => ok
        resolve H2 expire at 9       => not_yet_expired
        # Its time is over, though nobody released it.
        resolve H2 post 61 A2 at 10  => expired
        left A1                      => 40
        resolve H2 expire at 10      => ok
        left A1                      => 100
        resolve H2 expire at 11      => expired
        resolve H2 void              => expired
        resolve H2 post 61 A2 at 5   => expired
        ",
    );
}

#[test]
fn a_hold_of_money_in_the_bank() {
    check(
        "
        open T1 transit
        open B1 bank
        post J1 B1 -> T1 50         => ok
        hold H1 B1 30 until 10      => ok
        left B1                     => 20
        resolve H1 post 30 T1 at 5  => ok
        left B1                     => 20
        ",
    );
}

/// What was set aside can be posted though the limit was lowered since; nothing else can be taken.
#[test]
fn a_hold_outlives_a_lowered_limit() {
    let mut world = World::default();
    for (command, expect) in [
        ("open T1 transit", "ok"),
        ("open A1 guarded limit 30", "ok"),
        ("hold H1 A1 20 until 10", "ok"),
        ("limit A1 0", "ok"),
        ("left A1", "0"),
        ("post J1 A1 -> T1 1", "exceeds_available"),
        ("resolve H1 post 20 T1 at 5", "ok"),
    ] {
        assert_eq!(world.run(command), expect, "{command}");
    }
    // The trial balance shows it, so that someone decides what to do about it.
    let codes: Vec<&str> =
        trial_balance(world.books.iter()).findings.iter().map(|f| f.code()).collect();
    assert_eq!(codes, ["beyond_limit"]);
}

/// A hold is posted by a journal that takes from its account, and by no other.
#[test]
fn another_journal_does_not_post_a_hold() {
    let mut world = World::default();
    for line in [
        "open T1 transit",
        "open A1 guarded",
        "open A2 guarded",
        "post J1 T1 -> A1 100",
        "hold H1 A1 60 until 10",
    ] {
        assert_eq!(world.run(line), "ok");
    }
    for pair in [["A2", "T1"], ["T1", "A1"]] {
        let journal = world.journal(2, pair, 10).unwrap();
        let resolve = Resolve::Post { journal: &journal, now: time("5") };
        assert_eq!(world.resolve("H1", resolve), "journal_not_of_hold");
    }
}

/// Sums stay within what a store's column can hold; the books refuse before the store has to.
#[test]
fn sums_do_not_overflow() {
    let mut world = World::default();
    world.run("open T1 transit");
    world.run("open A1 guarded");
    let key = world.accounts["A1"].clone();
    let full = ledger::Sums {
        debits_posted: money::MINOR_MAX,
        credits_posted: money::MINOR_MAX,
        ..ledger::Sums::ZERO
    };
    world.books.insert(Account { sums: full, ..Account::fresh(key) });
    assert_eq!(world.run("post J1 T1 -> A1 1"), "overflow");
    assert_eq!(world.run("post J1 T1 -> A1 1"), "id_burnt");
    // The limit comes after it.
    assert_eq!(world.run("post J2 A1 -> T1 1"), "overflow");
    // And the closing before it.
    world.run("close A1");
    assert_eq!(world.run("post J3 A1 -> T1 1"), "account_closed");
}

#[test]
fn refusals_stand_in_their_order() {
    assert!(Refusal::ALL.is_sorted());
    let table: Vec<String> =
        Refusal::ALL.iter().map(|r| format!("{} {:?}", r.code(), r.retry())).collect();
    let expect = [
        "id_seen_with_other_content Never",
        "id_burnt NewId",
        "hold_not_found SameId",
        "journal_not_of_hold Never",
        "already_posted Never",
        "already_voided Never",
        "expired Never",
        "not_yet_expired SameId",
        "exceeds_held Never",
        "account_closed NewId",
        "overflow NewId",
        "exceeds_available NewId",
    ];
    assert_eq!(table, expect);
    assert!(Refusal::ALL.iter().all(|r| Refusal::parse(r.code()) == Some(*r)));
    assert_eq!(Retry::Never, Refusal::ExceedsHeld.retry());
}

fn command() -> impl Strategy<Value = String> {
    let name = || prop::sample::select(vec!["A1", "A2", "A3", "T1", "B1"]);
    prop_oneof![
        6 => (1..40_i64, name(), name(), 1..200_u64)
            .prop_map(|(id, from, to, amount)| format!("post J{id} {from} -> {to} {amount}")),
        3 => (1..20_i64, name(), 1..100_u64, 1..10)
            .prop_map(|(id, name, amount, end)| format!("hold H{id} {name} {amount} until {end}")),
        3 => (1..20_i64, 1..100_u64, name(), 1..12).prop_map(|(id, amount, to, now)| {
            format!("resolve H{id} post {amount} {to} at {now}")
        }),
        1 => (1..20_i64).prop_map(|id| format!("resolve H{id} void")),
        1 => (1..20_i64, 1..12).prop_map(|(id, now)| format!("resolve H{id} expire at {now}")),
    ]
}

proptest! {
    /// Random commands: the invariants hold after every one, and giving it again changes nothing.
    #[test]
    fn random_commands_keep_the_invariants(commands in prop::collection::vec(command(), 1..120)) {
        let mut world = World::default();
        for line in ["open T1 transit", "open A1 guarded", "open A2 guarded limit 50", "open A3 guarded", "open B1 bank"] {
            world.run(line);
        }
        for command in commands {
            let before = world.books.clone();
            let answer = world.run(&command);
            world.check(&command, &answer, &before);
            let after = world.books.clone();
            let again = world.run(&command);
            prop_assert_ne!(again, "ok", "{}", command);
            prop_assert_eq!(&world.books, &after, "{}", command);
        }
    }
}
