//! Each call's message, byte for byte but for the signature, which the sandbox verifies elsewhere.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use channels::Request;
use ids::{AttemptId, RefundId};
use jiff::{SignedDuration, Timestamp};
use orders::RefundKind;
use orders::channel::{Call, Charge, Instrument, PayWay, Prepare, RefundCall, Subject};
use secret::PayerCode;

use crate::line::{Line, fen, lines};

const NONCE: &str = "0123456789abcdef0123456789abcdef";

fn calls(line: &Line) -> Vec<(&'static str, Call)> {
    let subject = |way| Subject {
        attempt: AttemptId::from_i64(7).unwrap(),
        amount: fen(1_234),
        way,
        card: None,
    };
    let (scanned, shown) = (subject(PayWay::PayerCode), subject(PayWay::DynamicQr));
    let prefix = if line.channel == channels::Channel::Alipay { "28" } else { "13" };
    let payer_code = PayerCode::parse(&format!("{prefix}1234567890123400")).unwrap();
    let details = line.details();
    let refund = |subject: &Subject| RefundCall {
        refund: RefundId::from_i64(9).unwrap(),
        subject: subject.clone(),
        amount: fen(234),
        reason: "too cold".to_owned(),
        notify_url: "https://pay.test/notices/cha_x".to_owned(),
        kind: RefundKind::Refund,
        tries: 1,
    };
    let charge = Charge {
        subject: scanned.clone(),
        instrument: Instrument::PayerCode(payer_code),
        details: details.clone(),
    };
    let prepare = |way, payer: Option<&str>| {
        let (payer, details) = (payer.map(str::to_owned), details.clone());
        Call::Prepare(Prepare { subject: subject(way), payer, details, return_url: None })
    };
    vec![
        ("charge", Call::Charge(charge)),
        ("create a code", prepare(PayWay::DynamicQr, None)),
        ("in the app, by a user id", prepare(PayWay::Jsapi, Some("2088102177846880"))),
        ("in the app, by an open id", prepare(PayWay::Jsapi, Some("oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"))),
        ("in a phone's browser", prepare(PayWay::H5, None)),
        ("in a desktop's browser", prepare(PayWay::Page, None)),
        ("query a scanned one", Call::Query(scanned.clone())),
        ("query a shown one", Call::Query(shown.clone())),
        ("cancel", Call::Cancel(scanned.clone())),
        ("close", Call::Close(shown.clone())),
        ("refund a scanned one", Call::Refund(refund(&scanned))),
        ("refund a shown one", Call::Refund(refund(&shown))),
        ("query a refund", Call::QueryRefund(refund(&shown))),
    ]
}

/// What differs from run to run: keys are made anew, and with them signatures and serial numbers.
fn masked(line: &Line, text: &str) -> String {
    let mut text = text.to_owned();
    for (value, name) in line.made_anew() {
        text = text.replace(&value, &name);
    }
    text
}

fn decoded(form: &str) -> BTreeMap<String, String> {
    form_urlencoded::parse(form.as_bytes()).into_owned().collect()
}

fn shown(line: &Line, request: &Request) -> String {
    let (path, query) = {
        let uri = request.uri();
        (uri.path(), uri.query().unwrap_or_default())
    };
    let mut text = format!("{} {path}\n", request.method());
    for (name, value) in decoded(query) {
        let value = if name == "sign" { "<signature>".to_owned() } else { value };
        writeln!(text, "  ?{name}={value}").unwrap();
    }
    for (name, value) in request.headers() {
        let mut value = value.to_str().unwrap();
        if name == "wechatpay-serial" && !value.starts_with("PUB_KEY_ID_") {
            value = "<platform serial>";
        }
        let value = value.split_once("signature=\"").map_or(value.to_owned(), |(before, after)| {
            let (_, rest) = after.split_once('"').unwrap();
            format!("{before}signature=\"<signature>\"{rest}")
        });
        writeln!(text, "  {name}: {value}").unwrap();
    }
    let body = std::str::from_utf8(request.body()).unwrap();
    if body.starts_with("biz_content=") {
        writeln!(text, "  {}", decoded(body)["biz_content"]).unwrap();
    } else if let Some((before, after)) = body.split_once("<sign>") {
        let (_, rest) = after.split_once("</sign>").unwrap();
        writeln!(text, "  {before}<sign><signature></sign>{rest}").unwrap();
    } else if !body.is_empty() {
        writeln!(text, "  {body}").unwrap();
    }
    masked(line, &text)
}

#[test]
fn messages_are_the_golden_text() {
    let at = Timestamp::from_second(1_795_147_200).unwrap() + SignedDuration::from_secs(1);
    let mut text = String::new();
    for line in lines() {
        for (name, call) in calls(&line) {
            match line.connector.build(&call, at, NONCE) {
                Ok(request) => {
                    writeln!(text, "== {}: {name}\n{}", line.name, shown(&line, &request)).unwrap();
                }
                Err(error) => writeln!(text, "== {}: {name}\n{error}\n", line.name).unwrap(),
            }
        }
    }
    check("requests.txt", &text);
}

fn check(name: &str, text: &str) {
    let path = format!("{}/golden/{name}", std::env::var("CARGO_MANIFEST_DIR").unwrap());
    if std::env::var_os("SUANPAN_BLESS").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap_or_default(), text, "{path}");
}
