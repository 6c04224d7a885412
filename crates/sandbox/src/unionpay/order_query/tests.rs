//! What the gateway sends, and what it believes of an owner's answer.

use std::sync::OnceLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use jiff::Timestamp;

use super::super::codes::{Mode, Resolved, Scheme};
use super::*;

const MER_ID: &str = "777290000000101";
const BACK_URL: &str = "http://127.0.0.1:8080/n/1";

fn now() -> Timestamp {
    "2026-11-20T02:00:00Z".parse().unwrap()
}

fn config() -> &'static UnionpayConfig {
    static CONFIG: OnceLock<UnionpayConfig> = OnceLock::new();
    CONFIG.get_or_init(|| UnionpayConfig::generate(now()).unwrap())
}

fn scan() -> Scan {
    Scan {
        query_no: "q1".to_owned(),
        at: now(),
        app: "BankDemo".to_owned(),
        payer: "payer-1".to_owned(),
        text: "http://127.0.0.1:8080/q/T".to_owned(),
        code: Resolved {
            scheme: Scheme::NonStandard,
            page: "http://127.0.0.1:8080/q/T".to_owned(),
            owner: "http://127.0.0.1:8080".to_owned(),
            mode: Mode::Query,
        },
        asked: 1,
        reading: Reading::NotAsked,
    }
}

fn asked_for(amount: Option<&str>) -> Fields {
    asked(&form(config(), now(), &scan(), amount))
}

/// An acquirer's answer to [`scan`]; `-name` leaves a field out.
fn fields(changes: &[(&str, &str)]) -> Fields {
    let merchant = config().merchant(MER_ID).unwrap();
    let mut fields: Fields = [
        ("version", "5.1.0"),
        ("encoding", "UTF-8"),
        ("signMethod", "01"),
        ("reqType", "0120000903"),
        ("queryNo", "q1"),
        ("respCode", "00"),
        ("respMsg", "ok"),
        ("merId", MER_ID),
        ("merName", "小面馆"),
        ("currencyCode", "156"),
        ("orderId", "ORDER0001"),
        ("orderTime", "20261120100000"),
        ("txnAmt", "1200"),
        ("backUrl", BACK_URL),
        ("payTimeout", "20261120101500"),
        ("certId", &merchant.cert_id),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    for (name, value) in changes {
        match name.strip_prefix('-') {
            Some(name) => fields.remove(name),
            None => fields.insert((*name).to_owned(), (*value).to_owned()),
        };
    }
    fields
}

fn body(mut fields: Fields) -> Vec<u8> {
    let key = &config().merchant(MER_ID).unwrap().key;
    let signature = BASE64.encode(key.sign_sha256(&wire::hashed(&fields)));
    fields.insert("signature".to_owned(), signature);
    text(&fields)
}

fn text(fields: &Fields) -> Vec<u8> {
    let pairs: Vec<String> = fields.iter().map(|(k, v)| format!("{k}={v}")).collect();
    pairs.join("&").into_bytes()
}

#[test]
fn the_question_is_a_form_that_the_gateway_signed() {
    for amount in [None, Some("1200")] {
        let fields = asked_for(amount);
        let gateway = &config().gateway;
        for (name, expect) in [
            ("version", Some("5.1.0")),
            ("encoding", Some("UTF-8")),
            ("signMethod", Some("01")),
            ("reqType", Some("0120000903")),
            ("qrCode", Some("http://127.0.0.1:8080/q/T")),
            ("queryNo", Some("q1")),
            ("txnTime", Some("20261120100000")),
            ("appId", Some("BankDemo")),
            ("txnAmt", amount),
            ("certId", Some(&*gateway.cert_id)),
            ("signPubKeyCert", Some(&*gateway.cert_pem)),
        ] {
            assert_eq!(fields.get(name).map(String::as_str), expect, "{name}");
        }
        let signature = BASE64.decode(&fields["signature"]).unwrap();
        let public = gateway.key.public_key();
        public.verify_sha256(&wire::hashed(&fields), &signature).unwrap();
    }
}

#[test]
fn an_answer_is_read_as_far_as_it_is_signed_and_fits_the_question() {
    let plate = [("amountEntry", "1"), ("-orderId", ""), ("-txnAmt", "")];
    for (changes, entered, expect) in [
        (&[][..], None, Ok("order 1200")),
        (&[], Some("1200"), Ok("order 1200")),
        (&[], Some("1300"), Err(Flaw::OtherAmount)),
        (&plate, None, Ok("amount wanted")),
        (&plate, Some("1200"), Err(Flaw::Field("amountEntry"))),
        (&[("respCode", "02"), ("respMsg", "revoked")], None, Ok("refused 02 revoked")),
        (&[("respCode", "13"), ("-merName", "")], Some("1"), Ok("refused 13 ok")),
        (&[("-respCode", "")], None, Err(Flaw::Field("respCode"))),
        (&[("version", "5.0.0")], None, Err(Flaw::Field("version"))),
        (&[("signMethod", "11")], None, Err(Flaw::Field("signMethod"))),
        (&[("merId", "777290000000999")], None, Err(Flaw::UnknownMerchant)),
        (&[("certId", "1")], None, Err(Flaw::Field("certId"))),
        (&[("queryNo", "q2")], None, Err(Flaw::OtherQuery)),
        (&[("reqType", "0130000903")], None, Err(Flaw::OtherQuery)),
        (&[("merName", " ")], None, Err(Flaw::Field("merName"))),
        (&[("currencyCode", "840")], None, Err(Flaw::Field("currencyCode"))),
        (&[("txnAmt", "0")], None, Err(Flaw::Field("txnAmt"))),
        (&[("txnAmt", "12.00")], None, Err(Flaw::Field("txnAmt"))),
        (&[("txnAmt", "1234567890123")], None, Err(Flaw::Field("txnAmt"))),
        (&[("orderId", "short")], None, Err(Flaw::Field("orderId"))),
        (&[("orderId", "ORDER-0001")], None, Err(Flaw::Field("orderId"))),
        (&[("orderTime", "20261320100000")], None, Err(Flaw::Field("orderTime"))),
        (&[("backUrl", "not an address")], None, Err(Flaw::Field("backUrl"))),
        (&[("-payTimeout", "")], None, Err(Flaw::Field("payTimeout"))),
    ] {
        let told = read(config(), &asked_for(entered), (200, &body(fields(changes))));
        let told = told.map(|told| match told {
            Told::Refused { code, message } => format!("refused {code} {message}"),
            Told::AmountWanted { merchant } => {
                assert_eq!(merchant, "小面馆");
                "amount wanted".to_owned()
            }
            Told::Order(order) => format!("order {}", order.amount.minor()),
        });
        assert_eq!(told, expect.map(str::to_owned), "{changes:?} {entered:?}");
    }
}

#[test]
fn an_answer_that_nobody_signed_says_nothing_but_that_there_is_no_such_code() {
    let asked = asked_for(None);
    let mut forged = fields(&[]);
    forged.insert("signature".to_owned(), BASE64.encode("x"));
    let mut moved = body(fields(&[("txnAmt", "1201")]));
    let at = moved.windows(4).position(|window| window == b"1201").unwrap();
    moved[at + 3] = b'0';
    let unknown = text(&fields(&[("respCode", "34")]));
    let other = text(&fields(&[("respCode", "34"), ("queryNo", "q2")]));
    let revoked = text(&fields(&[("respCode", "02")]));
    for (status, body, expect) in [
        (200, text(&forged), Err(Flaw::Signature)),
        (200, moved, Err(Flaw::Signature)),
        (200, unknown.clone(), Err(Flaw::Signature)),
        (404, unknown, Ok(())),
        (404, b"reqType=0120000903&respCode=34&respMsg=no such code".to_vec(), Ok(())),
        (404, b"respCode=34".to_vec(), Err(Flaw::Status(404))),
        (404, other, Err(Flaw::Status(404))),
        (404, revoked, Err(Flaw::Status(404))),
        (404, b"<html>".to_vec(), Err(Flaw::NotFields)),
        (200, b"".to_vec(), Err(Flaw::NotFields)),
        (200, b"a=1&a=2".to_vec(), Err(Flaw::NotFields)),
        (200, b"\xff=1".to_vec(), Err(Flaw::NotFields)),
        (500, body(fields(&[])), Err(Flaw::Status(500))),
        (302, body(fields(&[])), Err(Flaw::Status(302))),
    ] {
        let told = read(config(), &asked, (status, &body));
        assert_eq!(told.map(|_| ()), expect, "{status} {}", String::from_utf8_lossy(&body));
    }
}

#[test]
fn an_order_becomes_one_trade_however_often_it_is_told() {
    let mut trades = Trades::default();
    let mut tell = |at: Timestamp, changes: &[(&str, &str)]| {
        let body = body(fields(changes));
        admit(&mut trades, at, read(config(), &asked_for(None), (200, &body)))
    };
    let first = tell(now(), &[]);
    let Reading::Order { merchant, key } = &first else { panic!("{first:?}") };
    assert_eq!((merchant.as_str(), key.order_id.as_str()), ("小面馆", "ORDER0001"));
    assert_eq!(key.txn_time, "20261120100000");
    assert_eq!(tell(now(), &[]), first);
    assert_eq!(tell(now(), &[("txnAmt", "1300")]), Reading::Unreadable(Flaw::OtherOrder));
    let late = "2026-11-20T02:15:00Z".parse().unwrap();
    assert_eq!(tell(late, &[("orderId", "ORDER0002")]), Reading::Unreadable(Flaw::Late));
    assert_eq!(tell(late, &[]), first, "the gateway itself says that it is over");
    let trade = payable(&trades, key).unwrap();
    assert_eq!((trade.amount.minor(), trade.back_url.as_deref()), (1200, Some(BACK_URL)));
    for (name, value) in [("txnType", "01"), ("txnSubType", "07"), ("orderId", "ORDER0001")] {
        assert_eq!(trade.repeated[name], value);
    }
    assert_eq!(trades.iter().count(), 1);
}

#[test]
fn an_order_that_is_paid_or_over_is_not_payable() {
    let mut trades = Trades::default();
    let body = body(fields(&[]));
    let told = read(config(), &asked_for(None), (200, &body));
    let Reading::Order { key, .. } = admit(&mut trades, now(), told) else { panic!("no order") };
    let mut over = Trades::default();
    over.insert(trades.get(&key).unwrap().clone());
    over.fail(&key, super::super::refusal::Refusal::TimedOut);
    assert_eq!(payable(&over, &key).err(), Some(PayRefusal::Closed));
    trades.finish(&key, now());
    assert_eq!(payable(&trades, &key).err(), Some(PayRefusal::AlreadyPaid));
}

#[test]
fn a_payer_enters_whole_fen() {
    for (text, expect) in [
        ("1", Some(1)),
        ("999999999999", Some(999_999_999_999)),
        ("0", None),
        ("01", None),
        ("-1", None),
        ("1.5", None),
        ("", None),
        ("1000000000000", None),
    ] {
        assert_eq!(entered(text).map(Amount::minor), expect, "{text}");
    }
}
