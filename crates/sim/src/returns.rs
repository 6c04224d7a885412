//! Void and refund as a table: each row of kind, day, hour, where the money lies, whether it is
//! enough, and what the channel says, with what becomes of it. The table is a golden file.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use app::{App, CreatePayment, CreateRefund, Means, PaidBy, PaymentRef, Return, UseCaseError};
use channels::Channel;
use ids::{JournalId, MerchantId, MerchantNo};
use jiff::{SignedDuration, Timestamp};
use ledger::rules::{self, Payout};
use ledger::{AccountCode, AccountKey, Header};
use money::{Amount, Currency};
use orders::{Aggregate, RefundOrigin, RefundState, ShortOfMoney, TradeRules};
use sandbox::{Fault, FaultRule};
use store::{Changes, Command, Decision, Reads, View};

use crate::day::{REST, after, block_on, calm, spawn_service};
use crate::executor::{End, Executor};
use crate::plan::payer_code;
use crate::random::Random;
use crate::world::{Stage, World, lock, set_up};

const POLLS_MAX: u64 = 200_000;
const WHOLE: u64 = 1_000;
/// What is left to the merchant where his money is short.
const LEFT: u64 = 300;

#[derive(Debug, Clone, Copy)]
struct Row {
    kind: &'static str,
    day: &'static str,
    hour: &'static str,
    money: &'static str,
    enough: &'static str,
    channel: &'static str,
}

fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for kind in ["void", "refund of all", "refund of a part"] {
        for day in ["same day", "next day"] {
            for hour in ["noon", "blackout"] {
                for money in ["unsettled", "settled"] {
                    for enough in ["enough", "short"] {
                        for channel in ["done", "refused once", "answer lost"] {
                            rows.push(Row { kind, day, hour, money, enough, channel });
                        }
                    }
                }
            }
        }
    }
    rows
}

fn fen(minor: u64) -> Amount {
    Amount::new(minor, Currency::Cny).unwrap()
}

/// Moves unsettled money to the balance, and takes away what would be more than [`LEFT`].
struct Move {
    at: Timestamp,
    merchant: MerchantId,
    settle: bool,
    take: bool,
}

impl Move {
    fn keys(&self) -> (AccountKey, AccountKey) {
        let owner = format!("{}:alipay", self.merchant);
        let pending = AccountKey::new(AccountCode::MerchantPending, &owner, Currency::Cny);
        (pending.unwrap(), AccountKey::merchant_available(self.merchant, Currency::Cny))
    }

    /// How much stays unsettled, and how much of the balance is paid out.
    fn journal(&self, n: i64) -> Option<ledger::Journal> {
        let (pending, available) = self.keys();
        let head = Header {
            id: JournalId::from_i64(n).unwrap(),
            subject: "test".to_owned(),
            accounting_date: jiff::civil::date(2026, 11, 20),
            booked_at: self.at,
        };
        let gone = WHOLE - LEFT;
        match (n, self.settle, self.take) {
            (1, true, _) => rules::settled(head, pending, available, fen(WHOLE)).ok(),
            (1, false, true) => rules::settled(head, pending, available, fen(gone)).ok(),
            (2, _, true) => {
                let owner = "payout";
                let transit = AccountKey::new(AccountCode::PayoutTransit, owner, Currency::Cny);
                let (transit, fee) = (transit.unwrap(), Amount::zero(Currency::Cny));
                let payout = Payout { available, transit, amount: fen(gone), fee };
                rules::payout_submitted(head, payout).ok()
            }
            (_, _, _) => None,
        }
    }
}

struct Post(Move, i64);

impl Command for Post {
    type Answer = ();

    fn now(&self) -> Timestamp {
        self.0.at
    }

    fn reads(&self, reads: &mut Reads) {
        let (pending, available) = self.0.keys();
        reads.accounts.extend([pending, available]);
    }

    fn decide(&self, view: &View<'_>) -> Decision<()> {
        let postings = self.0.journal(self.1).map(|j| view.post(j).unwrap());
        let changes = Changes { postings: postings.into_iter().collect(), ..Changes::default() };
        Decision { changes, answer: () }
    }
}

struct Bench {
    world: World,
    app: Arc<App>,
    merchant: MerchantId,
}

impl Bench {
    fn new(stage: &Stage) -> Self {
        let world = World::new(stage, 1).unwrap();
        calm(&world);
        let app = block_on(async { world.process(world.store().await.unwrap()).unwrap() });
        let merchant = block_on(set_up(&app, stage)).unwrap();
        block_on(app.set_trade_rules(None, &TradeRules::default())).unwrap();
        Self { world, app, merchant }
    }

    /// Runs one use case in virtual time.
    fn run<T: Send + 'static>(&self, run: impl Future<Output = T> + Send + 'static) -> T {
        let slot = Arc::new(Mutex::new(None));
        let mut executor = Executor::new(Arc::clone(&self.world.time));
        let into = Arc::clone(&slot);
        executor.spawn(async move {
            let answer = run.await;
            *into.lock().unwrap() = Some(answer);
        });
        let until = after(self.world.time.now(), SignedDuration::from_hours(40 * 24));
        assert_eq!(executor.run(&mut Random::new(1), POLLS_MAX, until), End::Done);
        slot.lock().unwrap().take().unwrap()
    }

    fn wait(&self, hours_ms: u64) {
        let time = Arc::clone(&self.world.time);
        self.run(async move { time.sleep(hours_ms).await });
    }

    fn rest(&self) {
        let mut executor = Executor::new(Arc::clone(&self.world.time));
        spawn_service(&mut executor, &self.world, &self.app, true);
        let until = after(self.world.time.now(), REST);
        executor.run(&mut Random::new(1), POLLS_MAX, until);
    }

    fn pay(&self, n: u64) -> Aggregate {
        let payment = CreatePayment {
            merchant: self.merchant,
            merchant_no: MerchantNo::parse(if n == 1 { "order" } else { "other" }).unwrap(),
            content_hash: [1; 32],
            amount: fen(WHOLE),
            description: "coffee".to_owned(),
            attach: None,
            notify_url: None,
            terminal: None,
            terminal_ip: "127.0.0.1".to_owned(),
            paid_by: PaidBy::One(Means::PayerCode(payer_code(Channel::Alipay, n, "00").unwrap())),
            expires_at: None,
            top_up: None,
            checkout: None,
        };
        let app = Arc::clone(&self.app);
        self.run(async move { app.create_payment(payment).await }).unwrap()
    }

    fn give_back(&self, row: Row) -> Result<Aggregate, UseCaseError> {
        let what = match row.kind {
            "void" => Return::Void,
            "refund of all" => Return::Refund { amount: fen(WHOLE), leg: None },
            _ => Return::Refund { amount: fen(400), leg: None },
        };
        let refund = CreateRefund {
            merchant: self.merchant,
            merchant_no: MerchantNo::parse("back").unwrap(),
            payment: PaymentRef::No(MerchantNo::parse("order").unwrap()),
            content_hash: [2; 32],
            what,
            reason: "returned".to_owned(),
            notify_url: None,
            origin: RefundOrigin::Merchant,
        };
        let app = Arc::clone(&self.app);
        self.run(async move { app.create_refund(refund).await })
    }

    fn order(&self) -> Aggregate {
        let no = MerchantNo::parse("order").unwrap();
        block_on(self.app.store.order_by_no(self.merchant, no)).unwrap().unwrap()
    }
}

fn become_of(stage: &Stage, row: Row) -> String {
    const HOUR_MS: u64 = 3_600_000;
    let bench = Bench::new(stage);
    bench.pay(1);
    bench.wait(match (row.day, row.hour) {
        ("same day", "noon") => HOUR_MS,
        ("same day", _) => 10 * HOUR_MS + HOUR_MS / 2,
        (_, "noon") => 24 * HOUR_MS,
        (_, _) => 34 * HOUR_MS + HOUR_MS / 2,
    });
    for n in [1, 2] {
        let (settle, take) = (row.money == "settled", row.enough == "short");
        let moved = Move { at: bench.world.time.now(), merchant: bench.merchant, settle, take };
        block_on(bench.app.store.write(Post(moved, n))).unwrap();
    }
    let fault = match row.channel {
        "refused once" => Some(Fault::MerchantShort),
        "answer lost" => Some(Fault::LostAnswerAfterEffect),
        _ => None,
    };
    if let Some(fault) = fault {
        let call = "alipay.trade.refund".to_owned();
        let rule = FaultRule { channel: None, call, fault, times: 1 };
        lock(&bench.world.outside).sandbox.faults.add(rule);
    }
    match bench.give_back(row) {
        Err(UseCaseError::Refused(refused)) => format!("refused: {}", refused.code()),
        Err(UseCaseError::Failed(failure)) => panic!("{failure}"),
        Ok(order) => {
            let first = shown(order.refunds[0].state);
            bench.rest();
            let refund = &bench.order().refunds[0];
            let (pending, amount) = (refund.from_pending.minor(), refund.amount.minor());
            let balance = amount - pending;
            let last = shown(refund.state);
            let tries = refund.tries;
            format!("{first}, then {last} after {tries}; unsettled {pending}, balance {balance}")
        }
    }
}

/// A refund that the merchant's money does not cover waits where that is settled: it goes out when the
/// money has come in, and fails when none has come for a month.
#[test]
fn a_refund_waits_for_money() {
    const DAY_MS: u64 = 86_400_000;
    let stage = Stage::new().unwrap();
    let row = Row {
        kind: "refund of all",
        day: "",
        hour: "",
        money: "unsettled",
        enough: "short",
        channel: "",
    };
    for money_comes in [true, false] {
        let bench = Bench::new(&stage);
        let rules = TradeRules { short_of_money: ShortOfMoney::Queue, ..TradeRules::of_wallets() };
        block_on(bench.app.set_trade_rules(None, &rules)).unwrap();
        bench.pay(1);
        for n in [1, 2] {
            let (at, merchant) = (bench.world.time.now(), bench.merchant);
            let moved = Move { at, merchant, settle: false, take: true };
            block_on(bench.app.store.write(Post(moved, n))).unwrap();
        }
        let waiting = bench.give_back(row).unwrap();
        assert_eq!((waiting.refunds[0].state, waiting.refunds[0].tries), (RefundState::Queued, 0));
        assert_eq!(waiting.legs[0].refunding, fen(WHOLE));
        bench.rest();
        assert_eq!(bench.order().refunds[0].state, RefundState::Queued);
        if money_comes {
            bench.pay(2);
        } else {
            bench.wait(31 * DAY_MS);
        }
        bench.rest();
        let order = bench.order();
        let (wanted, back) =
            if money_comes { (RefundState::Succeeded, WHOLE) } else { (RefundState::Failed, 0) };
        assert_eq!((order.refunds[0].state, order.legs[0].refunded), (wanted, fen(back)));
        assert_eq!(order.legs[0].refunding, fen(0));
        let trial = ledger::trial_balance(&block_on(bench.app.store.accounts()).unwrap());
        assert!(trial.findings.is_empty());
    }
}

const fn shown(state: RefundState) -> &'static str {
    match state {
        RefundState::Queued
        | RefundState::Sending
        | RefundState::Processing
        | RefundState::Unknown
        | RefundState::Undoing => "processing",
        RefundState::Succeeded => "succeeded",
        RefundState::Failed | RefundState::Undone => "failed",
        RefundState::Manual => "manual",
    }
}

/// `SUANPAN_BLESS=1 cargo test -p sim` writes the table anew.
#[test]
fn voids_and_refunds_are_the_golden_table() {
    let stage = Stage::new().unwrap();
    let mut table = String::new();
    for row in rows() {
        let Row { kind, day, hour, money, enough, channel } = row;
        let result = become_of(&stage, row);
        writeln!(table, "{kind} | {day} | {hour} | {money} | {enough} | {channel} => {result}")
            .unwrap();
    }
    let folder = std::env::var("CARGO_MANIFEST_DIR").unwrap();
    let path = format!("{folder}/golden/voids_and_refunds.txt");
    if std::env::var_os("SUANPAN_BLESS").is_some() {
        std::fs::create_dir_all(format!("{folder}/golden")).unwrap();
        std::fs::write(&path, &table).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap_or_default(), table, "{path}");
}
