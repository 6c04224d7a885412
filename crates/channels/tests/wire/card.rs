//! Card payments against the sandbox's network: every call, lost on either way, repeated, reversed.

use std::sync::{Arc, OnceLock};

use channels::{ChannelConfig, Connector, WireSender, connector};
use crypto::pos::{BlockKey, Pin, PinFormat, SoftKeys, seal_pin};
use ids::{AttemptId, IdSource, RefundId};
use iso8583::CUP_NETWORK;
use jiff::Timestamp;
use money::{Amount, Currency};
use orders::RefundKind;
use orders::channel::{
    Call, CardRead, CardSubject, Charge, Details, EncipheredPin, Instrument, PayWay, PaymentReply,
    RefundCall, RefundReply, Reply, Subject, Unknown,
};
use sandbox::{BookKind, Delivery, Fault, FaultRule, Sandbox, SandboxConfig};
use secret::{Pan, Secret};

const PAN: &str = "6222020000000000000";

struct Bench {
    connector: Arc<dyn Connector>,
    sandbox: Sandbox,
    ids: IdSource,
    now: Timestamp,
}

fn config(base_url: &str) -> (SandboxConfig, Arc<dyn Connector>) {
    // Its RSA keys, of no use here, take their time: once for all tests.
    static CONFIG: OnceLock<SandboxConfig> = OnceLock::new();
    let now = Timestamp::from_second(1_795_147_200).unwrap();
    let config = CONFIG.get_or_init(|| SandboxConfig::generate(now).unwrap()).clone();
    let parameters = sandbox::card_parameters(&config.coordinates(base_url)).config;
    let read: ChannelConfig = serde_json::from_value(parameters).unwrap();
    (config, connector(&read, &SoftKeys).unwrap())
}

impl Bench {
    fn new() -> Self {
        let (config, connector) = config("http://127.0.0.1:1");
        let now = Timestamp::from_second(1_795_147_200).unwrap();
        Self { connector, sandbox: Sandbox::new(config), ids: IdSource::new(1).unwrap(), now }
    }

    fn subject(&self, minor: u64) -> Subject {
        let attempt = AttemptId::generate(&self.ids, self.now.as_millisecond());
        Subject { attempt, amount: fen(minor), way: PayWay::Card, card: Some(card(PAN)) }
    }

    fn strike(&mut self, call: &str, fault: Fault) {
        let (channel, call) = (Some("card".to_owned()), call.to_owned());
        self.sandbox.faults.add(FaultRule { channel, call, fault, times: 1 });
    }

    fn ask(&mut self, call: &Call) -> Reply {
        let request = self.connector.build(call, self.now, "n").unwrap();
        match self.sandbox.handle(self.now, "http://127.0.0.1:1", &request) {
            Delivery::Answer { response, .. } => self.connector.read(call, self.now, &response),
            Delivery::Dropped { .. } => channels::silence(call, Unknown::NoAnswer),
        }
    }

    fn pay(&mut self, call: &Call) -> PaymentReply {
        let Reply::Payment(reply) = self.ask(call) else { panic!("a payment's reply") };
        reply
    }

    fn give_back(&mut self, call: &Call) -> RefundReply {
        let Reply::Refund(reply) = self.ask(call) else { panic!("a refund's reply") };
        reply
    }

    fn refund(&self, subject: &Subject, kind: RefundKind, minor: u64) -> RefundCall {
        RefundCall {
            refund: RefundId::generate(&self.ids, self.now.as_millisecond()),
            subject: subject.clone(),
            amount: fen(minor),
            reason: String::new(),
            notify_url: String::new(),
            kind,
            tries: 1,
        }
    }

    /// What the network's books say: paid, given back.
    fn books(&self) -> (u64, u64) {
        let lines = self.sandbox.books();
        let sum = |kind| lines.iter().filter(|l| l.kind == kind).map(|l| l.amount.minor()).sum();
        (sum(BookKind::Pay), sum(BookKind::Refund))
    }
}

fn fen(minor: u64) -> Amount {
    Amount::new(minor, Currency::Cny).unwrap()
}

fn card(pan: &str) -> Arc<CardSubject> {
    Arc::new(CardSubject {
        pan: Pan::parse(pan).unwrap(),
        expiry: Some("3012".to_owned()),
        sequence: None,
        entry: "021".to_owned(),
        condition: "00".to_owned(),
        terminal_no: "10000001".to_owned(),
        merchant_code: "305310058120001".to_owned(),
        auth_code: None,
        authorization: None,
    })
}

fn charge(subject: &Subject, read: CardRead) -> Call {
    let details = Details {
        description: String::new(),
        expires_at: Timestamp::MAX,
        notify_url: String::new(),
        terminal_ip: String::new(),
        terminal: None,
    };
    let instrument = Instrument::Card(Box::new(read));
    Call::Charge(Charge { subject: subject.clone(), instrument, details })
}

fn with_pin(digits: &str, key: &BlockKey) -> CardRead {
    let pan = Pan::parse(PAN).unwrap();
    let block = seal_pin(PinFormat::WithPan, key, &Pin::parse(digits).unwrap(), &pan);
    let pin = EncipheredPin { block, key: key.clone().into(), format: PinFormat::WithPan };
    let track2 = Some(Secret::new(format!("{PAN}=30122201000000000")));
    CardRead { track2, chip: None, pin: Some(pin), takes_part: false }
}

fn code(reply: &PaymentReply) -> &str {
    match reply {
        PaymentReply::Paid(_) => "00",
        PaymentReply::Refused(text) => &text.code,
        PaymentReply::Closed => "closed",
        PaymentReply::Again => "again",
        PaymentReply::Unknown(_) => "unknown",
        PaymentReply::Ready { .. }
        | PaymentReply::Pending
        | PaymentReply::NotFound
        | PaymentReply::Returned { .. } => "other",
    }
}

#[test]
fn a_sale_says_what_the_slip_needs() {
    let mut bench = Bench::new();
    let subject = bench.subject(10_000);
    let PaymentReply::Paid(paid) = bench.pay(&charge(&subject, CardRead::default())) else {
        panic!("not paid")
    };
    assert_eq!(paid.amount, fen(10_000));
    let approval = paid.card.unwrap();
    assert_eq!(approval.auth_code.unwrap().len(), 6);
    // 2026-11-20T12:00 in China.
    assert_eq!(approval.settled_on.as_deref(), Some("1120"));
    assert_eq!(approval.institutions.unwrap().len(), 22);
    assert_eq!(paid.trade_no.as_str().len(), 12);
    assert_eq!(bench.books(), (10_000, 0));
}

#[test]
fn the_issuer_s_codes_come_through() {
    let check = |minor: u64, pan: &str, expect: &str| {
        let mut bench = Bench::new();
        let subject = Subject { card: Some(card(pan)), ..bench.subject(minor) };
        let reply = bench.pay(&charge(&subject, CardRead::default()));
        assert_eq!(code(&reply), expect, "{minor} {pan}");
        assert_eq!(bench.books().0, if expect == "00" { minor } else { 0 });
    };
    check(1, PAN, "00");
    check(0, PAN, "13");
    check(100, "9999990000000000", "14");
    check(5_000_001, PAN, "61");
    for refusal in ["01", "05", "14", "41", "51", "54", "55", "57", "61", "62", "65", "75"] {
        check(900_000 + refusal.parse::<u64>().unwrap(), PAN, refusal);
    }
    // Not the issuer's no, but nobody's answer: the money may have moved.
    for unsure in [6, 9, 68, 91, 94, 96, 98] {
        check(900_000 + unsure, PAN, "unknown");
    }
    // Not listed, and approvals that we did not ask for.
    for odd in [8, 10, 11, 16, 80] {
        check(900_000 + odd, PAN, "unknown");
    }
}

#[test]
fn a_pin_goes_from_the_terminal_s_zone_to_the_network_s() {
    let mut bench = Bench::new();
    let terminal = BlockKey::generate_tdes();
    let subject = bench.subject(100);
    assert_eq!(code(&bench.pay(&charge(&subject, with_pin("123456", &terminal)))), "00");
    for expect in ["55", "55", "55", "75"] {
        let subject = bench.subject(100);
        let reply = bench.pay(&charge(&subject, with_pin("654321", &terminal)));
        assert_eq!(code(&reply), expect);
    }
    // A block under another key is no PIN block: nothing is sent.
    let mut read = with_pin("123456", &terminal);
    if let Some(pin) = &mut read.pin {
        pin.key = BlockKey::generate_tdes().into();
    }
    let call = charge(&bench.subject(100), read);
    assert!(bench.connector.build(&call, bench.now, "n").is_err());
}

#[test]
fn what_is_not_answered_is_reversed_and_was_never_taken() {
    for fault in [
        Fault::LostAnswerBeforeEffect,
        Fault::LostAnswerAfterEffect,
        Fault::WrongSignature,
        Fault::SystemBusy,
        Fault::SystemBusyAfterEffect,
    ] {
        let mut bench = Bench::new();
        let subject = bench.subject(700);
        bench.strike("0200", fault);
        let sale = charge(&subject, CardRead::default());
        assert_eq!(code(&bench.pay(&sale)), "unknown", "{fault:?}");
        let cancel = Call::Cancel(subject);
        bench.strike("0420", Fault::LostAnswerAfterEffect);
        assert_eq!(code(&bench.pay(&cancel)), "unknown");
        assert_eq!(code(&bench.pay(&cancel)), "closed");
        assert_eq!(code(&bench.pay(&cancel)), "closed");
        assert_eq!(bench.books(), (0, 0), "{fault:?}");
        // The sale that comes late is not taken.
        assert_ne!(code(&bench.pay(&sale)), "00");
        assert_eq!(bench.books(), (0, 0));
    }
}

#[test]
fn a_repeated_sale_is_taken_once() {
    let mut bench = Bench::new();
    let sale = charge(&bench.subject(700), CardRead::default());
    assert_eq!(code(&bench.pay(&sale)), "00");
    assert_eq!(code(&bench.pay(&sale)), "unknown");
    assert_eq!(bench.books(), (700, 0));
}

/// A refund is an advice: it is said until it is answered, and taken once.
#[test]
fn refunds_are_said_again_under_their_number() {
    let mut bench = Bench::new();
    let subject = bench.subject(1_000);
    bench.pay(&charge(&subject, CardRead::default()));
    let refund = bench.refund(&subject, RefundKind::Refund, 400);
    bench.strike("0220", Fault::LostAnswerAfterEffect);
    let call = Call::Refund(refund.clone());
    assert_eq!(bench.give_back(&call), RefundReply::Unknown(Unknown::NoAnswer));
    let again = Call::QueryRefund(refund);
    for _ in 0..2 {
        assert!(matches!(bench.give_back(&again), RefundReply::Succeeded { .. }));
    }
    assert_eq!(bench.books(), (1_000, 400));
    let more = Call::Refund(bench.refund(&subject, RefundKind::Refund, 601));
    assert!(matches!(bench.give_back(&more), RefundReply::Refused(text) if text.code == "61"));
    let rest = Call::Refund(bench.refund(&subject, RefundKind::Refund, 600));
    assert!(matches!(bench.give_back(&rest), RefundReply::Succeeded { .. }));
    assert_eq!(bench.books(), (1_000, 1_000));
}

/// A void without an answer is reversed, and may then be tried anew.
#[test]
fn a_void_is_reversed_before_it_is_tried_again() {
    for fault in [Fault::LostAnswerBeforeEffect, Fault::LostAnswerAfterEffect] {
        let mut bench = Bench::new();
        let subject = bench.subject(1_000);
        bench.pay(&charge(&subject, CardRead::default()));
        let void = bench.refund(&subject, RefundKind::Void, 1_000);
        bench.strike("0200", fault);
        let call = Call::Refund(void.clone());
        assert_eq!(bench.give_back(&call), RefundReply::Unknown(Unknown::NoAnswer));
        let look = Call::QueryRefund(void.clone());
        assert_eq!(bench.give_back(&look), RefundReply::NotFound);
        assert_eq!(bench.books(), (1_000, 0), "{fault:?}");
        let second = Call::Refund(RefundCall { tries: 2, ..void });
        assert!(matches!(bench.give_back(&second), RefundReply::Succeeded { .. }));
        assert_eq!(bench.books(), (1_000, 1_000));
    }
}

#[test]
fn a_void_is_whole_and_once() {
    let mut bench = Bench::new();
    let subject = bench.subject(1_000);
    bench.pay(&charge(&subject, CardRead::default()));
    let refused = |reply| matches!(reply, RefundReply::Refused(_));
    let part = Call::Refund(bench.refund(&subject, RefundKind::Void, 999));
    assert!(refused(bench.give_back(&part)));
    let whole = Call::Refund(bench.refund(&subject, RefundKind::Void, 1_000));
    assert!(matches!(bench.give_back(&whole), RefundReply::Succeeded { .. }));
    let twice = Call::Refund(bench.refund(&subject, RefundKind::Void, 1_000));
    assert!(refused(bench.give_back(&twice)));
    let unknown = bench.subject(1_000);
    let of_nothing = Call::Refund(bench.refund(&unknown, RefundKind::Void, 1_000));
    assert!(refused(bench.give_back(&of_nothing)));
    assert_eq!(bench.books(), (1_000, 1_000));
}

/// The terminal lost an approval: the sale is undone as if it had never been.
#[test]
fn an_approved_sale_is_reversed() {
    let mut bench = Bench::new();
    let subject = bench.subject(1_000);
    bench.pay(&charge(&subject, CardRead::default()));
    let reversal = bench.refund(&subject, RefundKind::Reversal, 1_000);
    bench.strike("0420", Fault::LostAnswerAfterEffect);
    let call = Call::Refund(reversal.clone());
    assert_eq!(bench.give_back(&call), RefundReply::Unknown(Unknown::NoAnswer));
    let again = Call::QueryRefund(reversal);
    assert!(matches!(bench.give_back(&again), RefundReply::Succeeded { .. }));
    assert_eq!(bench.books(), (0, 0));
    let nowhere = bench.subject(5);
    let lost = Call::Refund(bench.refund(&nowhere, RefundKind::Reversal, 5));
    assert!(matches!(bench.give_back(&lost), RefundReply::Impossible(_)));
}

#[test]
fn answers_of_others_are_not_believed() {
    let mut bench = Bench::new();
    let (one, two) = (bench.subject(100), bench.subject(100));
    let call = charge(&one, CardRead::default());
    let request = bench.connector.build(&charge(&two, CardRead::default()), bench.now, "n");
    let delivery = bench.sandbox.handle(bench.now, "", &request.unwrap());
    let Delivery::Answer { response, .. } = delivery else { panic!("no answer") };
    let unknown = |why| Reply::Payment(PaymentReply::Unknown(why));
    let read = |response| bench.connector.read(&call, bench.now, &response);
    assert_eq!(read(response.clone()), unknown(Unknown::Unreadable));
    assert_eq!(read(response.clone().map(|b| b.slice(..20))), unknown(Unknown::Unreadable));
    let flipped = response.map(|body| {
        let mut bytes = body.to_vec();
        bytes[60] ^= 1;
        bytes.into()
    });
    assert!(matches!(read(flipped), Reply::Payment(PaymentReply::Unknown(_))));
}

/// Over real lines: many messages at once on one, the first line dead, the line broken.
#[tokio::test]
async fn lines_carry_many_messages_and_fail_over() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (config, _) = config("http://127.0.0.1:1");
    let mut parameters = sandbox::card_parameters(&config.coordinates("http://x")).config;
    parameters["links"] = serde_json::json!(["127.0.0.1:1", format!("127.0.0.1:{port}")]);
    let read: ChannelConfig = serde_json::from_value(parameters).unwrap();
    let connector = connector(&read, &SoftKeys).unwrap();
    let now = Timestamp::from_second(1_795_147_200).unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let mut sandbox = Sandbox::new(config);
    // Half of the answers come twice: the second one finds nobody.
    let (channel, call) = (Some("card".to_owned()), "0200".to_owned());
    let fault = Fault::DuplicateAnswer;
    sandbox.faults.add(FaultRule { channel, call, fault, times: 100 });
    let stopped = async move { drop(stopped.await) };
    let serving = tokio::spawn(sandbox::server::serve(listener, sandbox, move || now, stopped));
    let http = Arc::new(channels::HttpSender::new().unwrap());
    let sender = Arc::new(WireSender::new(http));
    let ids = Arc::new(IdSource::new(1).unwrap());
    let pay = |minor: u64| {
        let (connector, sender) = (Arc::clone(&connector), Arc::clone(&sender));
        let attempt = AttemptId::generate(&ids, now.as_millisecond());
        let subject =
            Subject { attempt, amount: fen(minor), way: PayWay::Card, card: Some(card(PAN)) };
        async move {
            use channels::Sender as _;
            let call = charge(&subject, CardRead::default());
            let request = connector.build(&call, now, "n").unwrap();
            match sender.send(request).await {
                Ok(response) => Ok(connector.read(&call, now, &response)),
                Err(error) => Err(error),
            }
        }
    };
    let all = futures_util::future::join_all((1..=200).map(pay)).await;
    for (minor, reply) in (1u64..).zip(all) {
        let Ok(Reply::Payment(PaymentReply::Paid(paid))) = reply else { panic!("{minor}") };
        assert_eq!(paid.amount, fen(minor));
    }
    drop(stop);
    serving.await.unwrap().unwrap();
    // The line is found broken, or cannot be opened anew: never an answer, and never a panic.
    assert!(pay(1).await.is_err());
    assert_eq!(pay(1).await.unwrap_err(), channels::SendError::NotSent);
}

/// A line whose network answers a sign-on with this; it counts what else it hears.
async fn a_gate(code: &'static str) -> (u16, Arc<std::sync::atomic::AtomicUsize>) {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let heard = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&heard);
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let counter = Arc::clone(&counter);
            tokio::spawn(async move {
                let mut bytes = vec![0; 4_096];
                let read = stream.read(&mut bytes).await.unwrap();
                let asked = CUP_NETWORK.unpack(&bytes[50..read]).unwrap();
                assert_eq!(asked.get(70).unwrap().shown(), "001", "a line begins with a sign-on");
                let mut answer = iso8583::Builder::of(&CUP_NETWORK, asked.mti().reply());
                answer.copy(7, &asked).unwrap();
                answer.copy(11, &asked).unwrap();
                answer.set(39, code).unwrap();
                let answer = answer.pack();
                let length = format!("{:04}", 46 + answer.len());
                let frame = [length.as_bytes(), &bytes[4..50], &answer].concat();
                stream.write_all(&frame).await.unwrap();
                while stream.read(&mut bytes).await.is_ok_and(|read| read > 0) {
                    counter.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    (port, heard)
}

/// 签到: a network that does not sign us on hears nothing more, and the next line is tried.
#[tokio::test]
async fn a_line_is_signed_on_before_it_is_used() {
    use channels::Sender as _;
    let (config, _) = config("http://127.0.0.1:1");
    let (refusing, heard) = a_gate("58").await;
    let (signing, heard_next) = a_gate("00").await;
    let mut parameters = sandbox::card_parameters(&config.coordinates("http://x")).config;
    let lines = [refusing, signing].map(|port| format!("127.0.0.1:{port}"));
    parameters["links"] = serde_json::json!(lines);
    let read: ChannelConfig = serde_json::from_value(parameters).unwrap();
    let connector = connector(&read, &SoftKeys).unwrap();
    let now = Timestamp::from_second(1_795_147_200).unwrap();
    let sender = WireSender::new(Arc::new(channels::HttpSender::new().unwrap()));
    let attempt = AttemptId::generate(&IdSource::new(1).unwrap(), now.as_millisecond());
    let subject = Subject { attempt, amount: fen(1), way: PayWay::Card, card: Some(card(PAN)) };
    let request = connector.build(&charge(&subject, CardRead::default()), now, "n").unwrap();
    let sent = tokio::spawn(async move { sender.send(request).await });
    for _ in 0..100 {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        if heard_next.load(std::sync::atomic::Ordering::Relaxed) > 0 {
            break;
        }
    }
    assert_eq!(heard.load(std::sync::atomic::Ordering::Relaxed), 0);
    assert_eq!(heard_next.load(std::sync::atomic::Ordering::Relaxed), 1);
    sent.abort();
}

/// 预授权, its completion, the voids of both, and each of them lost on either way: the network's books and
/// the card end where the answers say.
#[test]
fn a_hold_is_made_completed_and_given_back() {
    let mut bench = Bench::new();
    let hold = Subject { way: PayWay::CardHold, ..bench.subject(5_000_000) };
    let PaymentReply::Paid(paid) = bench.pay(&charge(&hold, CardRead::default())) else {
        panic!("not held")
    };
    let auth_code = paid.card.unwrap().auth_code;
    assert_eq!(bench.books(), (0, 0), "nothing has moved");
    // What is held cannot be spent: half of the card is left.
    let rest = bench.subject(5_000_000);
    assert_eq!(code(&bench.pay(&charge(&rest, CardRead::default()))), "00");
    let more = bench.subject(1);
    assert_eq!(code(&bench.pay(&charge(&more, CardRead::default()))), "51");

    let authorization = Some(hold.attempt);
    let card = CardSubject { auth_code, authorization, ..card(PAN).as_ref().clone() };
    let completion = |bench: &Bench, way, minor| {
        let card = Some(Arc::new(card.clone()));
        Subject { card, way, ..bench.subject(minor) }
    };
    let first = completion(&bench, PayWay::Card, 3_000_000);
    assert_eq!(code(&bench.pay(&charge(&first, CardRead::default()))), "00");
    assert_eq!(bench.books(), (8_000_000, 0));
    let second = completion(&bench, PayWay::Card, 1);
    assert_eq!(code(&bench.pay(&charge(&second, CardRead::default()))), "22");
    let release = bench.refund(&hold, RefundKind::Void, 5_000_000);
    assert!(matches!(bench.give_back(&Call::Refund(release.clone())), RefundReply::Refused(_)));
    // The completion is voided, that void reversed, and voided again: the hold stands.
    let void = bench.refund(&first, RefundKind::Void, 3_000_000);
    assert!(matches!(bench.give_back(&Call::Refund(void.clone())), RefundReply::Succeeded { .. }));
    assert_eq!(bench.give_back(&Call::QueryRefund(void)), RefundReply::NotFound);
    assert_eq!(bench.books(), (8_000_000, 0));
    let void = bench.refund(&first, RefundKind::Void, 3_000_000);
    assert!(matches!(bench.give_back(&Call::Refund(void)), RefundReply::Succeeded { .. }));
    assert_eq!(code(&bench.pay(&charge(&more, CardRead::default()))), "unknown", "a used number");
    assert_eq!(code(&bench.pay(&charge(&bench.subject(1), CardRead::default()))), "51");
    // An advice whose answer is lost is said again, and takes the money once.
    let advice = completion(&bench, PayWay::CardAdvice, 2_000_000);
    bench.strike("0220", Fault::LostAnswerAfterEffect);
    assert_eq!(code(&bench.pay(&charge(&advice, CardRead::default()))), "unknown");
    assert_eq!(code(&bench.pay(&Call::Query(advice.clone()))), "00");
    assert_eq!(code(&bench.pay(&Call::Query(advice))), "00");
    let (paid, back) = bench.books();
    assert_eq!(paid - back, 7_000_000);
}

#[test]
fn a_lost_hold_is_reversed_and_a_lost_release_too() {
    for fault in [Fault::LostAnswerBeforeEffect, Fault::LostAnswerAfterEffect] {
        let mut bench = Bench::new();
        // All of the card.
        let hold = Subject { way: PayWay::CardHold, ..bench.subject(5_000_000) };
        let other = Subject { way: PayWay::CardHold, ..bench.subject(5_000_000) };
        bench.strike("0100", fault);
        assert_eq!(code(&bench.pay(&charge(&hold, CardRead::default()))), "unknown");
        assert_eq!(code(&bench.pay(&Call::Cancel(hold))), "closed");
        assert_eq!(code(&bench.pay(&charge(&other, CardRead::default()))), "00");
        let third = Subject { way: PayWay::CardHold, ..bench.subject(5_000_000) };
        assert_eq!(code(&bench.pay(&charge(&third, CardRead::default()))), "00");
        bench.strike("0100", fault);
        let release = bench.refund(&other, RefundKind::Void, 5_000_000);
        assert!(matches!(bench.give_back(&Call::Refund(release.clone())), RefundReply::Unknown(_)));
        assert_eq!(bench.give_back(&Call::QueryRefund(release)), RefundReply::NotFound);
        // It stands: nothing is left on the card.
        let more = bench.subject(1);
        assert_eq!(code(&bench.pay(&charge(&more, CardRead::default()))), "51", "{fault:?}");
        let release = RefundCall { tries: 2, ..bench.refund(&other, RefundKind::Void, 5_000_000) };
        assert!(matches!(bench.give_back(&Call::Refund(release)), RefundReply::Succeeded { .. }));
        let more = bench.subject(1);
        assert_eq!(code(&bench.pay(&charge(&more, CardRead::default()))), "00", "{fault:?}");
    }
}

#[test]
fn a_balance_needs_a_pin_and_moves_nothing() {
    let mut bench = Bench::new();
    let terminal = BlockKey::generate_tdes();
    let inquiry = |bench: &Bench| Subject { way: PayWay::CardInquiry, ..bench.subject(0) };
    let blind = charge(&inquiry(&bench), CardRead::default());
    assert_eq!(code(&bench.pay(&blind)), "55");
    let asked = charge(&inquiry(&bench), with_pin("123456", &terminal));
    let PaymentReply::Paid(told) = bench.pay(&asked) else { panic!("no balance") };
    assert_eq!(told.card.unwrap().balance.as_deref(), Some("1002156C000010000000"));
    assert_eq!(bench.books(), (0, 0));
}
