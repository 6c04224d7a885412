//! The table of codes, row by row for each message; whose answers count; what is signed and believed.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ids::{AttemptId, IdSource, RefundId};
use jiff::{SignedDuration, Timestamp};
use money::{Amount, Currency};
use orders::RefundKind;
use orders::channel::{
    Call, ChannelCodeText, Charge, Details, Instrument, Notice, Paid, PayWay, PaymentReply,
    Prepare, RefundCall, RefundReply, Reply, Subject, Unknown,
};
use sandbox::{SandboxConfig, Trust};
use secret::PayerCode;
use std::sync::OnceLock;

use super::map::{Answer, CODES, reply};
use super::sign::Fields;
use super::{Unionpay, UnionpayConfig};
use crate::{BuildError, Connector, NoticeRefusal, Request, Response};

const QUERY_ID: &str = "202611201000000000001";

/// RSA keys are slow to make: all tests share one set.
fn sandbox() -> &'static SandboxConfig {
    static CONFIG: OnceLock<SandboxConfig> = OnceLock::new();
    CONFIG.get_or_init(|| SandboxConfig::generate(now()).unwrap())
}

/// 2026-11-20 10:00:00 in Beijing.
fn now() -> Timestamp {
    "2026-11-20T02:00:00Z".parse().unwrap()
}

fn parameters(change: impl FnOnce(&mut serde_json::Value)) -> UnionpayConfig {
    let all = sandbox::parameters(&sandbox().coordinates("http://u.test"), Trust::Keys);
    let mut config = all.into_iter().find(|p| p.channel == "unionpay").unwrap().config;
    config.as_object_mut().unwrap().remove("channel");
    change(&mut config);
    serde_json::from_value(config).unwrap()
}

fn account() -> Unionpay {
    Unionpay::new(&parameters(|_| ())).unwrap()
}

fn fen(minor: u64) -> Amount {
    Amount::new(minor, Currency::Cny).unwrap()
}

/// One call of each kind, about one attempt of 10.00 and one refund of 4.00.
struct Calls {
    subject: Subject,
    refund: RefundCall,
    details: Details,
}

impl Calls {
    fn new() -> Self {
        let (ids, ms) = (IdSource::new(0).unwrap(), now().as_millisecond());
        let attempt = AttemptId::generate(&ids, ms);
        let subject = Subject { attempt, amount: fen(1_000), way: PayWay::PayerCode, card: None };
        let refund = RefundCall {
            refund: RefundId::generate(&ids, ms),
            subject: subject.clone(),
            amount: fen(400),
            reason: "returned".to_owned(),
            notify_url: "https://pay.test/n".to_owned(),
            kind: RefundKind::Refund,
            tries: 1,
        };
        let details = Details {
            description: "coffee".to_owned(),
            expires_at: now() + SignedDuration::from_mins(10),
            notify_url: "https://pay.test/n".to_owned(),
            terminal_ip: "127.0.0.1".to_owned(),
            terminal: None,
        };
        Self { subject, refund, details }
    }

    fn charge(&self) -> Call {
        let payer_code = PayerCode::parse("6200000000000000000").unwrap();
        let (subject, details) = (self.subject.clone(), self.details.clone());
        Call::Charge(Charge { subject, instrument: Instrument::PayerCode(payer_code), details })
    }

    fn create_qr(&self) -> Call {
        let (subject, details) = (self.subject.clone(), self.details.clone());
        Call::Prepare(Prepare { subject, payer: None, details, return_url: None })
    }

    fn query(&self) -> Call {
        Call::Query(self.subject.clone())
    }

    fn cancel(&self) -> Call {
        Call::Cancel(self.subject.clone())
    }

    fn close(&self) -> Call {
        Call::Close(self.subject.clone())
    }

    fn refund(&self) -> Call {
        Call::Refund(self.refund.clone())
    }

    fn query_refund(&self) -> Call {
        Call::QueryRefund(self.refund.clone())
    }

    /// A message's answer: type, number and money, without an outcome.
    fn answer(&self, txn_type: &str, of: Of) -> Fields {
        let attempt = self.subject.attempt.channel_no();
        let (order_id, amount) = match of {
            Of::Payment => (attempt, "1000"),
            Of::Void => (format!("{attempt}v"), "1000"),
            Of::Refund => (self.refund.refund.channel_no(), "400"),
        };
        let mut fields = fields(&[
            ("merId", "777290000000101"),
            ("txnType", txn_type),
            ("orderId", &order_id),
            ("txnTime", "20261120100000"),
            ("txnAmt", amount),
            ("currencyCode", "156"),
            ("queryId", QUERY_ID),
            ("traceTime", "1120100003"),
        ]);
        if of != Of::Payment {
            fields.insert("queryId".to_owned(), "9".repeat(21));
            fields.insert("origQryId".to_owned(), QUERY_ID.to_owned());
        }
        fields
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Of {
    Payment,
    Void,
    Refund,
}

fn fields(pairs: &[(&str, &str)]) -> Fields {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn with(mut fields: Fields, pairs: &[(&str, &str)]) -> Fields {
    fields.extend(self::fields(pairs));
    fields
}

fn said(call: &Call, fields: &Fields) -> Reply {
    reply(call, now(), &Answer::of(&account(), call, fields).unwrap())
}

fn unsure() -> PaymentReply {
    PaymentReply::Unknown(Unknown::ChannelUnsure)
}

fn unlisted() -> PaymentReply {
    PaymentReply::Unknown(Unknown::UnlistedCode)
}

fn refused(code: &str) -> PaymentReply {
    PaymentReply::Refused(ChannelCodeText::new(code, "words"))
}

fn paid_at() -> Timestamp {
    now() + SignedDuration::from_secs(3)
}

fn paid() -> Paid {
    let trade_no = ids::ChannelTradeNo::parse(QUERY_ID).unwrap();
    Paid { trade_no, amount: fen(1_000), paid_at: paid_at(), payer: None, card: None }
}

/// What a payment's message or query means, for each code of the table and one that is not listed.
fn check_payment(call: &Call, answer: &Fields, by_code: &[(&str, PaymentReply)]) {
    let listed: Vec<&str> = CODES.iter().map(|(code, _)| *code).chain(["", "99", "77"]).collect();
    assert!(by_code.iter().all(|(code, _)| listed.contains(code)), "a row of no code");
    for code in listed {
        let own = by_code.iter().find(|(row, _)| *row == code).map(|(_, expect)| expect.clone());
        let expect = own.unwrap_or_else(|| {
            if CODES.iter().any(|(row, _)| *row == code) { unsure() } else { unlisted() }
        });
        let name = if answer.get("txnType").unwrap() == "00" { "origRespCode" } else { "respCode" };
        let words = if name == "respCode" { "respMsg" } else { "origRespMsg" };
        let answer = with(answer.clone(), &[("respCode", "00"), (words, "words"), (name, code)]);
        assert_eq!(said(call, &answer), Reply::Payment(expect), "{call:?} {code}");
    }
}

#[test]
fn every_code_has_its_row_for_payments() {
    let calls = Calls::new();
    let of = |txn_type| calls.answer(txn_type, Of::Payment);
    let waiting = || ("05", PaymentReply::Pending);
    let refused_row = || ("01", refused("01"));
    // Neither a charge nor a void is believed to be done before a query says so.
    check_payment(
        &calls.charge(),
        &of("01"),
        &[("00", PaymentReply::Pending), ("A6", PaymentReply::Pending), waiting(), refused_row()],
    );
    let qr = with(of("01"), &[("qrCode", "https://qr.95516.com/00010000/1")]);
    let ready = PaymentReply::Ready { invoke: "https://qr.95516.com/00010000/1".to_owned() };
    check_payment(&calls.create_qr(), &qr, &[("00", ready.clone()), ("A6", ready), refused_row()]);
    check_payment(
        &calls.query(),
        &of("00"),
        &[
            ("00", PaymentReply::Paid(paid())),
            ("A6", PaymentReply::Paid(paid())),
            waiting(),
            refused_row(),
            ("34", PaymentReply::NotFound),
        ],
    );
    for undo in [calls.cancel(), calls.close()] {
        check_payment(
            &undo,
            &of("00"),
            &[
                ("00", PaymentReply::Paid(paid())),
                ("A6", PaymentReply::Paid(paid())),
                waiting(),
                ("01", PaymentReply::Closed),
                ("34", PaymentReply::NotFound),
            ],
        );
    }
    check_payment(&calls.cancel(), &calls.answer("31", Of::Void), &[refused_row()]);
    check_payment(
        &calls.cancel(),
        &calls.answer("00", Of::Void),
        &[
            ("00", PaymentReply::Returned { trade_no: paid().trade_no }),
            ("A6", PaymentReply::Returned { trade_no: paid().trade_no }),
            refused_row(),
            ("34", PaymentReply::Again),
        ],
    );
}

#[test]
fn every_code_has_its_row_for_refunds() {
    let calls = Calls::new();
    let refused = || RefundReply::Refused(ChannelCodeText::new("01", "words"));
    let unsure = || RefundReply::Unknown(Unknown::ChannelUnsure);
    let done = || RefundReply::Succeeded { amount: fen(400), refunded_at: paid_at() };
    for (code, sent, found) in [
        ("00", RefundReply::Processing, done()),
        ("01", refused(), refused()),
        ("02", unsure(), unsure()),
        ("03", unsure(), unsure()),
        ("04", unsure(), unsure()),
        ("05", RefundReply::Processing, RefundReply::Processing),
        ("12", unsure(), unsure()),
        ("34", unsure(), RefundReply::NotFound),
        ("A6", RefundReply::Processing, done()),
        (
            "77",
            RefundReply::Unknown(Unknown::UnlistedCode),
            RefundReply::Unknown(Unknown::UnlistedCode),
        ),
    ] {
        let answer = calls.answer("04", Of::Refund);
        let answer = with(answer, &[("respCode", code), ("respMsg", "words")]);
        assert_eq!(said(&calls.refund(), &answer), Reply::Refund(sent), "{code}");
        let answer = calls.answer("00", Of::Refund);
        let answer =
            with(answer, &[("respCode", "00"), ("origRespCode", code), ("origRespMsg", "words")]);
        for call in [calls.refund(), calls.query_refund()] {
            assert_eq!(said(&call, &answer), Reply::Refund(found.clone()), "{code}");
        }
    }
}

/// `respCode` of a query is about the query: refused, it says nothing of the trade.
#[test]
fn a_query_that_failed_ends_nothing() {
    let calls = Calls::new();
    for (code, expect) in [
        ("01", unsure()),
        ("02", unsure()),
        ("03", unsure()),
        ("04", unsure()),
        ("05", unsure()),
        ("12", unsure()),
        ("34", PaymentReply::NotFound),
        ("77", unlisted()),
    ] {
        let answer = calls.answer("00", Of::Payment);
        let answer = with(answer, &[("respCode", code), ("origRespCode", "00")]);
        for call in [calls.query(), calls.cancel(), calls.close()] {
            assert_eq!(said(&call, &answer), Reply::Payment(expect.clone()), "{code} {call:?}");
        }
    }
}

/// To who undoes, a payment that the gateway never saw is closed, once nothing can be on its way.
#[test]
fn not_found_ends_an_undo_after_its_window_only() {
    let calls = Calls::new();
    let answer = with(calls.answer("00", Of::Payment), &[("respCode", "34")]);
    for (seconds, call, expect) in [
        (119, calls.cancel(), PaymentReply::NotFound),
        (120, calls.cancel(), PaymentReply::Closed),
        (120, calls.close(), PaymentReply::Closed),
        (9_999, calls.query(), PaymentReply::NotFound),
    ] {
        let then = now() + SignedDuration::from_secs(seconds);
        let answer = Answer::of(&account(), &call, &answer).unwrap();
        assert_eq!(reply(&call, then, &answer), Reply::Payment(expect), "{seconds} {call:?}");
    }
}

#[test]
fn an_answer_that_names_another_trade_is_none() {
    let calls = Calls::new();
    let good = with(calls.answer("00", Of::Payment), &[("respCode", "00"), ("origRespCode", "00")]);
    assert!(Answer::of(&account(), &calls.query(), &good).is_some());
    for (name, value) in [
        ("merId", "777290000000102"),
        ("orderId", "sp0000000000000"),
        ("txnTime", "20261120100001"),
        ("txnType", "01"),
        ("txnType", "31"),
    ] {
        let other = with(good.clone(), &[(name, value)]);
        assert!(Answer::of(&account(), &calls.query(), &other).is_none(), "{name}");
        let mut without = good.clone();
        without.remove(name);
        assert!(Answer::of(&account(), &calls.query(), &without).is_none(), "no {name}");
    }
    let void = calls.answer("00", Of::Void);
    assert!(Answer::of(&account(), &calls.query(), &void).is_none(), "the void's query");
}

#[test]
fn money_that_is_not_stated_as_asked_is_unreadable() {
    let calls = Calls::new();
    for (name, value) in [
        ("txnAmt", "999"),
        ("txnAmt", "10.00"),
        ("txnAmt", "+1000"),
        ("currencyCode", "840"),
        ("queryId", "a b"),
    ] {
        let good = [("respCode", "00"), ("origRespCode", "00")];
        let answer = with(calls.answer("00", Of::Payment), &good);
        let answer = with(answer, &[(name, value)]);
        let unreadable = PaymentReply::Unknown(Unknown::Unreadable);
        assert_eq!(said(&calls.query(), &answer), Reply::Payment(unreadable), "{name} {value}");
        assert!(
            Answer::of(&account(), &calls.cancel(), &answer)
                .unwrap()
                .next(&calls.cancel())
                .is_none()
        );
    }
}

#[test]
fn a_trace_time_gets_its_year_from_the_trade() {
    for (txn_time, trace, expect) in [
        ("20261120100000", Some("1120100003"), "2026-11-20T02:00:03Z"),
        ("20261231235959", Some("0101000001"), "2026-12-31T16:00:01Z"),
        ("20261120100000", None, "2026-11-20T02:00:00Z"),
        ("20261120100000", Some("noise"), "2026-11-20T02:00:00Z"),
    ] {
        let calls = Calls::new();
        let mut answer =
            with(calls.answer("01", Of::Payment), &[("respCode", "00"), ("txnTime", txn_time)]);
        answer.remove("traceTime");
        answer.extend(trace.map(|trace| ("traceTime".to_owned(), trace.to_owned())));
        let stated = super::map::money_moved(&answer).unwrap();
        assert_eq!(stated.paid_at, expect.parse().unwrap(), "{txn_time} {trace:?}");
    }
}

/// An answer as the gateway signs it, with its own key unless another is given.
fn signed(mut fields: Fields, key: &crypto::RsaPrivateKey, cert: &str) -> Fields {
    let serial = crypto::Certificate::from_pem(cert).unwrap().serial_decimal().to_owned();
    for (name, value) in [
        ("version", "5.1.0"),
        ("signMethod", "01"),
        ("certId", serial.as_str()),
        ("signPubKeyCert", cert),
    ] {
        fields.entry(name.to_owned()).or_insert_with(|| value.to_owned());
    }
    let text: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let inner = crypto::digest::to_hex(&crypto::digest::sha256(text.join("&").as_bytes()));
    let signature = BASE64.encode(key.sign_sha256(inner.as_bytes()));
    fields.insert("signature".to_owned(), signature);
    fields
}

fn response(fields: &Fields) -> Response {
    let pairs: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
    Response::new(pairs.join("&").into())
}

#[test]
fn only_the_channel_s_own_certificate_is_believed() {
    let (calls, gateway) = (Calls::new(), &sandbox().unionpay.gateway);
    let good = || {
        let outcome = [("respCode", "00"), ("origRespCode", "00")];
        with(calls.answer("00", Of::Payment), &outcome)
    };
    let read = |account: &Unionpay, fields: &Fields, at: Timestamp| {
        account.read(&calls.query(), at, &response(fields))
    };
    let true_one = signed(good(), &gateway.key, &gateway.cert_pem);
    assert_eq!(read(&account(), &true_one, now()), Reply::Payment(PaymentReply::Paid(paid())));

    let merchant = &sandbox().unionpay.merchants[0];
    let other = &SandboxConfig::generate(now()).unwrap().unionpay.gateway;
    let mut unsigned = true_one.clone();
    unsigned.remove("signature");
    let without_cert = {
        let mut fields = true_one.clone();
        fields.remove("signPubKeyCert");
        fields
    };
    let changed = with(true_one.clone(), &[("txnAmt", "1001")]);
    let more = with(true_one.clone(), &[("unknownField", "1")]);
    let hashed_otherwise = |name: &str, value: &str| {
        signed(with(good(), &[(name, value)]), &gateway.key, &gateway.cert_pem)
    };
    for (what, fields) in [
        ("a merchant's certificate", signed(good(), &merchant.key, &merchant.cert_pem)),
        ("another chain's", signed(good(), &other.key, &other.cert_pem)),
        ("the key of no certificate", signed(good(), &merchant.key, &gateway.cert_pem)),
        ("another certificate's name", hashed_otherwise("certId", "1")),
        ("another version", hashed_otherwise("version", "5.0.0")),
        ("another method", hashed_otherwise("signMethod", "11")),
        ("unsigned", unsigned),
        ("no certificate", without_cert),
        ("a changed amount", changed),
        ("one field more", more),
    ] {
        let expect = Reply::Payment(PaymentReply::Unknown(Unknown::BadSignature));
        assert_eq!(read(&account(), &fields, now()), expect, "{what}");
        assert!(
            account().follow_up(&calls.cancel(), now(), &response(&fields)).is_none(),
            "{what}"
        );
    }
    let bad = Reply::Payment(PaymentReply::Unknown(Unknown::BadSignature));
    let years = SignedDuration::from_hours(24 * 366 * 11);
    assert_eq!(read(&account(), &true_one, now() + years), bad, "expired");
    assert_eq!(read(&account(), &true_one, now() - years), bad, "not valid yet");
    let strict = parameters(|config| config["channel_name"] = serde_json::Value::Null);
    assert_eq!(read(&Unionpay::new(&strict).unwrap(), &true_one, now()), bad, "production's name");
}

#[test]
fn parameters_that_do_not_belong_together_are_refused() {
    let coordinates = sandbox().coordinates("http://u.test");
    let at = |path: &str| coordinates.pointer(path).unwrap().clone();
    assert!(Unionpay::new(&parameters(|_| ())).is_ok());
    for (name, value) in [
        ("sign_cert", at("/unionpay/merchants/1/sign_cert_pem")),
        ("sign_cert", "x".into()),
        ("sign_private_key", "x".into()),
        ("root_cert", at("/unionpay/middle_cert_pem")),
        ("middle_cert", at("/unionpay/merchants/0/sign_cert_pem")),
        ("gateway", "http://a b".into()),
    ] {
        let config = parameters(|config| config[name] = value.clone());
        assert!(Unionpay::new(&config).is_err(), "{name}");
    }
}

fn form(request: &Request) -> Fields {
    form_urlencoded::parse(request.body()).into_owned().collect()
}

#[test]
fn a_call_says_what_the_reference_wants() {
    let calls = Calls::new();
    let order = calls.subject.attempt.channel_no();
    let refund = calls.refund.refund.channel_no();
    for (call, path, txn_type, sub_type, number) in [
        (calls.charge(), "backTransReq", "01", "06", &order),
        (calls.create_qr(), "backTransReq", "01", "07", &order),
        (calls.query(), "queryTrans", "00", "00", &order),
        (calls.cancel(), "queryTrans", "00", "00", &order),
        (calls.close(), "queryTrans", "00", "00", &order),
        (calls.refund(), "queryTrans", "00", "00", &order),
        (calls.query_refund(), "queryTrans", "00", "00", &refund),
    ] {
        let request = account().build(&call, now(), "").unwrap();
        assert_eq!(request.uri().path(), format!("/gateway/api/{path}.do"), "{call:?}");
        let fields = form(&request);
        for (name, value) in [
            ("version", "5.1.0"),
            ("encoding", "UTF-8"),
            ("signMethod", "01"),
            ("txnType", txn_type),
            ("txnSubType", sub_type),
            ("bizType", "000000"),
            ("accessType", "0"),
            ("merId", "777290000000101"),
            ("orderId", number),
            ("txnTime", "20261120100000"),
            ("certId", &sandbox().unionpay.merchants[0].cert_id),
        ] {
            assert_eq!(fields.get(name).map(String::as_str), Some(value), "{call:?} {name}");
        }
        assert!(fields.values().all(|value| !value.is_empty()), "blanks are dropped");
        assert!((8..=32).contains(&number.len()));
        // Said anew, it is the same message but for its place in time.
        let again = account().build(&call, now() + SignedDuration::from_mins(9), "").unwrap();
        assert_eq!(form(&again), fields);
    }
}

#[test]
fn other_money_is_not_offered() {
    for (amount, expect) in [
        (Amount::new(1_000, Currency::Hkd).unwrap(), BuildError::NotOffered),
        (fen(1_000_000_000_000), BuildError::Unfit),
    ] {
        let mut calls = Calls::new();
        calls.subject.amount = amount;
        calls.refund.amount = amount;
        for call in [calls.charge(), calls.create_qr(), calls.refund()] {
            assert_eq!(account().build(&call, now(), "").err(), Some(expect), "{call:?}");
        }
    }
}

#[test]
fn a_notice_says_only_what_it_proves() {
    let (calls, gateway) = (Calls::new(), &sandbox().unionpay.gateway);
    let read = |fields: Fields| {
        let fields = signed(fields, &gateway.key, &gateway.cert_pem);
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(&fields).finish();
        account().read_notice(now(), &Request::new(body.into()))
    };
    let payment = |pairs: &[(&str, &str)]| read(with(calls.answer("01", Of::Payment), pairs));
    let (attempt, refund) = (calls.subject.attempt, calls.refund.refund);
    let told = |reply| Ok(Notice::Payment { attempt, reply });
    assert_eq!(payment(&[("respCode", "00")]), told(PaymentReply::Paid(paid())));
    for code in ["A6", "01", "03", "05", "34", "77", ""] {
        assert_eq!(payment(&[("respCode", code)]), told(unsure()), "{code}");
    }
    let done = RefundReply::Succeeded { amount: fen(400), refunded_at: paid_at() };
    let notice = read(with(calls.answer("04", Of::Refund), &[("respCode", "00")]));
    assert_eq!(notice, Ok(Notice::Refund { refund, reply: done }));
    for (name, value, expect) in [
        ("merId", "777290000000102", NoticeRefusal::OtherAccount),
        ("orderId", "T00000000000000", NoticeRefusal::UnknownOrder),
        ("txnTime", "20261120100001", NoticeRefusal::UnknownOrder),
        ("txnType", "31", NoticeRefusal::UnknownKind),
        ("txnType", "00", NoticeRefusal::UnknownKind),
        ("txnAmt", "x", NoticeRefusal::Malformed),
        ("currencyCode", "840", NoticeRefusal::Malformed),
    ] {
        let refused = payment(&[("respCode", "00"), (name, value)]);
        assert_eq!(refused, Err(expect), "{name}");
    }
    let twice = Request::new("a=1&a=2".into());
    assert_eq!(account().read_notice(now(), &twice), Err(NoticeRefusal::Malformed));
    assert_eq!(account().notice_answer(true).status(), 200);
    assert!(!account().notice_answer(false).status().is_success());
}

#[test]
fn the_codes_are_sorted_and_stand_once() {
    assert!(CODES.is_sorted_by(|a, b| a.0 < b.0));
}
