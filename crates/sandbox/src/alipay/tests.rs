//! The gateway called as a merchant calls it: signed requests in, verified answers out.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use crypto::RsaPrivateKey;
use encoding_rs::{Encoding, GBK, UTF_8};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::config::AlipayApp;
use crate::core::{
    BookKind, Delivery, Fault, FaultRule, Insistence, Notice, PayRefusal, Request, Sandbox,
};
use crate::{AlipayTrust, SandboxConfig};

const NOTIFY_URL: &str = "http://127.0.0.1:1/notice";

/// RSA keys are slow to make: all tests share one set.
fn config() -> &'static SandboxConfig {
    static CONFIG: OnceLock<SandboxConfig> = OnceLock::new();
    CONFIG.get_or_init(|| SandboxConfig::generate(start()).unwrap())
}

/// 2026-11-20 10:00:00 in Beijing.
fn start() -> Timestamp {
    "2026-11-20T02:00:00Z".parse().unwrap()
}

/// A merchant at the counter, with a clock of his own.
struct Desk {
    sandbox: Sandbox,
    app: &'static AlipayApp,
    now: Timestamp,
    codes: u64,
}

impl Desk {
    fn new() -> Self {
        Self::of_app(0)
    }

    fn of_app(index: usize) -> Self {
        let sandbox = Sandbox::new(config().clone());
        Self { sandbox, app: &config().alipay.apps[index], now: start(), codes: 0 }
    }

    fn wait_s(&mut self, seconds: i64) {
        self.now += SignedDuration::from_secs(seconds);
    }

    /// A payer code nobody used, with this ending.
    fn code(&mut self, ending: &str) -> String {
        self.codes += 1;
        format!("28{:014}{ending}", self.codes)
    }

    fn params(&self, method: &str, biz: &Value) -> BTreeMap<String, String> {
        let mut params = BTreeMap::from(
            [
                ("app_id", self.app.app_id.as_str()),
                ("method", method),
                ("charset", "utf-8"),
                ("sign_type", "RSA2"),
                ("timestamp", "2026-11-20 10:00:00"),
                ("version", "1.0"),
                ("notify_url", NOTIFY_URL),
                ("biz_content", &biz.to_string()),
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned())),
        );
        if let AlipayTrust::Certificates(certificates) = &self.app.trust {
            params.insert("app_cert_sn".to_owned(), certificates.app_cert_sn.clone());
            let root = certificates.alipay_root_cert_sn.clone();
            params.insert("alipay_root_cert_sn".to_owned(), root);
        }
        params
    }

    fn deliver(&mut self, method: &str, biz: &Value) -> Delivery {
        let params = self.params(method, biz);
        let request = post(&signed(&params, &self.app.merchant_key, UTF_8));
        self.sandbox.handle(self.now, "http://127.0.0.1:1", &request)
    }

    /// The answer's node, its signature verified.
    fn call(&mut self, method: &str, biz: &Value) -> Value {
        let method = format!("alipay.trade.{method}");
        match self.deliver(&method, biz) {
            Delivery::Answer { response, .. } => verified_node(self.app, response.body()),
            Delivery::Dropped { .. } => panic!("no answer"),
        }
    }

    fn pay(&mut self, order_no: &str, ending: &str) -> Value {
        let code = self.code(ending);
        self.call("pay", &payment(order_no, &code))
    }

    fn status(&mut self, order_no: &str) -> String {
        let node = self.call("query", &json!({ "out_trade_no": order_no }));
        text(&node, if node["code"] == "10000" { "trade_status" } else { "sub_code" })
    }

    fn notices(&mut self) -> Vec<Notice> {
        self.sandbox.due_notices(self.now)
    }

    /// The statuses that the due notices tell; all are accepted.
    fn told(&mut self) -> Vec<String> {
        let notices = self.notices();
        for notice in &notices {
            self.sandbox.notice_answered(self.now, notice, Some(200), b"success");
        }
        notices
            .iter()
            .map(|notice| verified_notice(self.app, notice)["trade_status"].clone())
            .collect()
    }

    fn booked(&self) -> Vec<(BookKind, u64)> {
        self.sandbox.books().iter().map(|line| (line.kind, line.amount.minor())).collect()
    }
}

fn payment(order_no: &str, code: &str) -> Value {
    json!({
        "out_trade_no": order_no,
        "scene": "bar_code",
        "auth_code": code,
        "subject": "早餐",
        "total_amount": "10.00",
    })
}

fn text(node: &Value, name: &str) -> String {
    node[name].as_str().unwrap_or_default().to_owned()
}

fn sign_string(pairs: &[(Vec<u8>, Vec<u8>)]) -> Vec<u8> {
    let joined: Vec<Vec<u8>> =
        pairs.iter().map(|(name, value)| [name.as_slice(), b"=", value].concat()).collect();
    joined.join(b"&".as_slice())
}

/// A form, or a query: the parameters in the bytes of the charset, signed.
fn signed(
    params: &BTreeMap<String, String>,
    key: &RsaPrivateKey,
    charset: &'static Encoding,
) -> String {
    let encode = |text: &String| charset.encode(text).0.into_owned();
    let mut pairs: Vec<_> = params.iter().map(|(n, v)| (encode(n), encode(v))).collect();
    let sign = BASE64.encode(key.sign_sha256(&sign_string(&pairs)));
    pairs.push((b"sign".to_vec(), sign.into_bytes()));
    let encoded = pairs.iter().map(|(name, value)| {
        let value: String = form_urlencoded::byte_serialize(value).collect();
        format!("{}={value}", String::from_utf8_lossy(name))
    });
    encoded.collect::<Vec<_>>().join("&")
}

fn post(form: &str) -> Request {
    let body = Bytes::from(form.to_owned());
    http::Request::post("/gateway.do").body(body).unwrap()
}

/// Cuts the node out of the raw bytes and verifies it, as clients do.
fn verified_node(app: &AlipayApp, body: &[u8]) -> Value {
    let (node, verified) = node(app, body);
    assert_eq!(verified, Ok(()));
    node
}

fn node(app: &AlipayApp, body: &[u8]) -> (Value, Result<(), crypto::BadSignature>) {
    let body = std::str::from_utf8(body).unwrap();
    let begin = body.find("_response\":").unwrap() + "_response\":".len();
    let end = body.rfind(",\"sign\":\"").unwrap();
    let envelope: Value = serde_json::from_str(body).unwrap();
    let sn = app.certificates().map(|certificates| certificates.alipay_cert_sn.as_str());
    assert_eq!(envelope["alipay_cert_sn"].as_str(), sn);
    let sign = BASE64.decode(envelope["sign"].as_str().unwrap()).unwrap();
    let node = body.get(begin..end).unwrap();
    let verified = app.channel_key.public_key().verify_sha256(node.as_bytes(), &sign);
    (serde_json::from_str(node).unwrap(), verified)
}

fn verified_notice(app: &AlipayApp, notice: &Notice) -> BTreeMap<String, String> {
    let fields: BTreeMap<String, String> =
        form_urlencoded::parse(&notice.body).into_owned().collect();
    let pairs: Vec<(Vec<u8>, Vec<u8>)> = fields
        .iter()
        .filter(|(name, value)| {
            !["sign", "sign_type"].contains(&name.as_str()) && !value.is_empty()
        })
        .map(|(name, value)| (name.clone().into_bytes(), value.clone().into_bytes()))
        .collect();
    let sign = BASE64.decode(&fields["sign"]).unwrap();
    app.channel_key.public_key().verify_sha256(&sign_string(&pairs), &sign).unwrap();
    fields
}

#[test]
fn the_gateway_refuses_what_is_missing_wrong_or_forged() {
    let check = |name: &str, value: Option<&str>, expect: &str| {
        let mut desk = Desk::of_app(1);
        let mut params = desk.params("alipay.trade.query", &json!({ "out_trade_no": "A" }));
        match value {
            Some(value) => params.insert(name.to_owned(), value.to_owned()),
            None => params.remove(name),
        };
        let request = post(&signed(&params, &desk.app.merchant_key, UTF_8));
        let delivery = desk.sandbox.handle(desk.now, "", &request);
        let Delivery::Answer { response, .. } = delivery else { panic!("no answer") };
        let body: Value = serde_json::from_slice(response.body()).unwrap();
        let (_, node) = body.as_object().unwrap().iter().next().unwrap();
        assert_eq!(node["sub_code"], expect, "{name} {value:?}");
    };
    for (name, value, expect) in [
        ("method", None, "isv.missing-method"),
        ("app_id", None, "isv.missing-app-id"),
        ("sign_type", None, "isv.missing-signature-type"),
        ("timestamp", None, "isv.missing-timestamp"),
        ("version", None, "isv.missing-version"),
        ("charset", None, "isv.missing-charset"),
        ("app_cert_sn", None, "isv.missing-app-cert-sn"),
        ("alipay_root_cert_sn", None, "isv.missing-alipay-root-cert-sn"),
        ("app_id", Some("2021"), "isv.invalid-app-id"),
        ("method", Some("alipay.trade.steal"), "isv.invalid-method"),
        ("charset", Some("klingon"), "isv.invalid-charset"),
        ("sign_type", Some("RSA"), "isv.invalid-signature-type"),
        ("version", Some("2.0"), "isv.invalid-version"),
        ("format", Some("xml"), "isv.invalid-format"),
        ("encrypt_type", Some("AES"), "isv.invalid-encrypt-type"),
        ("timestamp", Some("2026-11-20T10:00:00Z"), "isv.invalid-timestamp"),
        ("app_cert_sn", Some("00"), "isv.invalid-app-cert-sn"),
        ("biz_content", Some("{"), "isv.invalid-biz-content"),
        ("app_id", Some("9021000000000001"), "isv.invalid-signature"),
        ("format", Some("json"), "ACQ.TRADE_NOT_EXIST"),
    ] {
        check(name, value, expect);
    }
}

#[test]
fn a_tampered_or_foreign_signature_is_refused_and_the_string_is_told() {
    let mut desk = Desk::new();
    let params = desk.params("alipay.trade.query", &json!({ "out_trade_no": "A" }));
    let form = signed(&params, &desk.app.merchant_key, UTF_8);
    let foreign = signed(&params, &desk.app.channel_key, UTF_8);
    let unsigned: String = form.split("&sign=").next().unwrap().to_owned();
    for (form, expect) in [
        (form.replace("out_trade_no", "out_trade_nO"), "isv.invalid-signature"),
        (format!("{form}&extra=1"), "isv.invalid-signature"),
        (foreign, "isv.invalid-signature"),
        (format!("{unsigned}&sign=%21"), "isv.invalid-signature"),
        (unsigned, "isv.missing-signature"),
        (format!("{form}&empty="), "ACQ.TRADE_NOT_EXIST"),
        (form, "ACQ.TRADE_NOT_EXIST"),
    ] {
        let delivery = desk.sandbox.handle(desk.now, "", &post(&form));
        let Delivery::Answer { response, .. } = delivery else { panic!("no answer") };
        let node = verified_node(desk.app, response.body());
        assert_eq!(node["sub_code"], expect, "{form}");
        if expect == "isv.invalid-signature" {
            let told = text(&node, "sub_msg");
            assert!(told.contains("app_id=9021000000000001&biz_content={"), "{told}");
        }
    }
}

#[test]
fn parameters_count_wherever_they_stand_and_in_their_charset() {
    for charset in [UTF_8, GBK] {
        let mut desk = Desk::new();
        let code = desk.code("00");
        let mut params = desk.params("alipay.trade.pay", &payment("A", &code));
        params.insert("charset".to_owned(), charset.name().to_ascii_lowercase());
        let all = signed(&params, &desk.app.merchant_key, charset);
        let (first, second) = all.split_at(all.find("&charset").unwrap());
        let get = http::Request::get(format!("/gateway.do?{all}")).body(Bytes::new()).unwrap();
        let split = http::Request::post(format!("/gateway.do?{}", second.trim_start_matches('&')))
            .body(Bytes::from(first.to_owned()))
            .unwrap();
        for (request, code) in [(split, "10000"), (get, "40004"), (post(&all), "40004")] {
            let delivery = desk.sandbox.handle(desk.now, "", &request);
            let Delivery::Answer { response, .. } = delivery else { panic!("no answer") };
            let (body, _, broken) = charset.decode(response.body());
            assert!(!broken);
            let body: Value = serde_json::from_str(&body).unwrap();
            assert_eq!(body["alipay_trade_pay_response"]["code"], code, "{charset:?}");
        }
        assert_eq!(desk.booked().len(), 1);
    }
}

#[test]
fn a_notice_speaks_the_charset_of_the_order() {
    let mut desk = Desk::new();
    let mut params = desk.params("alipay.trade.pay", &payment("A", "281111111111111190"));
    params.insert("charset".to_owned(), "gbk".to_owned());
    let request = post(&signed(&params, &desk.app.merchant_key, GBK));
    desk.sandbox.handle(desk.now, "", &request);
    desk.wait_s(5);
    let notices = desk.notices();
    let subject: String = form_urlencoded::byte_serialize(&GBK.encode("早餐").0).collect();
    let body = std::str::from_utf8(&notices[0].body).unwrap();
    assert!(body.contains(&format!("&subject={subject}&")), "{body}");
    assert!(body.contains("charset=gbk&"), "{body}");
}

#[test]
fn the_payer_code_decides_what_becomes_of_a_payment() {
    for (ending, code, sub_code, at_once, after_a_minute) in [
        ("00", "10000", "", "TRADE_SUCCESS", "TRADE_SUCCESS"),
        ("90", "10003", "", "WAIT_BUYER_PAY", "TRADE_SUCCESS"),
        ("91", "10003", "", "WAIT_BUYER_PAY", "WAIT_BUYER_PAY"),
        ("96", "10003", "", "WAIT_BUYER_PAY", "TRADE_SUCCESS"),
        ("92", "40004", "ACQ.BUYER_BALANCE_NOT_ENOUGH", NONE, NONE),
        ("93", "40004", "ACQ.PAYMENT_AUTH_CODE_INVALID", NONE, NONE),
        ("94", "40004", "ACQ.SYSTEM_ERROR", NONE, NONE),
        ("95", "40004", "ACQ.SYSTEM_ERROR", "TRADE_SUCCESS", "TRADE_SUCCESS"),
        ("97", "40004", "ACQ.PAYMENT_REQUEST_HAS_RISK", NONE, NONE),
    ] {
        for app in [0, 1] {
            let mut desk = Desk::of_app(app);
            let node = desk.pay("A", ending);
            let answer = (text(&node, "code"), text(&node, "sub_code"));
            assert_eq!(answer, (code.to_owned(), sub_code.to_owned()), "{ending}");
            assert_eq!(desk.status("A"), at_once, "{ending}");
            desk.wait_s(60);
            assert_eq!(desk.status("A"), after_a_minute, "{ending}");
            let paid = usize::from(after_a_minute == "TRADE_SUCCESS");
            assert_eq!(desk.booked().len(), paid, "{ending}");
            // A synchronous success has no notice.
            let told = if ending == "00" { 0 } else { paid };
            assert_eq!(desk.told().len(), told, "{ending}");
        }
    }
}

const NONE: &str = "ACQ.TRADE_NOT_EXIST";

#[test]
fn payments_are_refused_by_their_content() {
    let good = payment("A", "281111111111111100");
    for (field, value, expect) in [
        ("out_trade_no", json!(null), "ACQ.INVALID_PARAMETER"),
        ("out_trade_no", json!("a b"), "ACQ.INVALID_PARAMETER"),
        ("out_trade_no", json!("a".repeat(65)), "ACQ.INVALID_PARAMETER"),
        ("subject", json!(""), "ACQ.INVALID_PARAMETER"),
        ("subject", json!("餐".repeat(257)), "ACQ.INVALID_PARAMETER"),
        ("total_amount", json!("1.001"), "ACQ.INVALID_PARAMETER"),
        ("total_amount", json!("0.00"), "ACQ.TOTAL_FEE_EXCEED"),
        ("total_amount", json!("100000000.01"), "ACQ.TOTAL_FEE_EXCEED"),
        ("scene", json!("telepathy"), "ACQ.INVALID_PARAMETER"),
        ("auth_code", json!("131111111111111100"), "ACQ.PAYMENT_AUTH_CODE_INVALID"),
        ("auth_code", json!("2811"), "ACQ.PAYMENT_AUTH_CODE_INVALID"),
        ("auth_code", json!("二八1111111111111100"), "ACQ.PAYMENT_AUTH_CODE_INVALID"),
        ("timeout_express", json!("never"), "ACQ.INVALID_PARAMETER"),
    ] {
        let mut biz = good.clone();
        biz[field] = value;
        let mut desk = Desk::new();
        assert_eq!(desk.call("pay", &biz)["sub_code"], expect, "{field}");
        assert!(desk.booked().is_empty());
    }
}

#[test]
fn a_repeat_under_the_same_number_is_answered_by_what_stands_there() {
    let check = |first: &str, change: Option<(&str, &str)>, expect: &str| {
        let mut desk = Desk::new();
        let node = desk.pay("A", if first == "91" { "91" } else { "00" });
        assert!(text(&node, "sub_code").is_empty());
        if first == "closed" {
            desk.call("cancel", &json!({ "out_trade_no": "A" }));
        }
        let books = desk.booked();
        let code = desk.code("00");
        let mut biz = payment("A", &code);
        if let Some((field, value)) = change {
            biz[field] = json!(value);
        }
        let again = desk.call("pay", &biz);
        let answer = [text(&again, "code"), text(&again, "sub_code")].concat();
        assert_eq!(answer, expect, "{first} {change:?}");
        if expect != "10000" {
            assert_eq!(desk.booked(), books);
        }
    };
    check("paid", None, "40004ACQ.TRADE_HAS_SUCCESS");
    check("paid", Some(("total_amount", "10.01")), "40004ACQ.CONTEXT_INCONSISTENT");
    check("paid", Some(("subject", "lunch")), "40004ACQ.CONTEXT_INCONSISTENT");
    check("closed", None, "40004ACQ.TRADE_HAS_CLOSE");
    check("closed", Some(("total_amount", "10.01")), "40004ACQ.TRADE_HAS_CLOSE");
    // A new code may pay what the first one left waiting.
    check("91", None, "10000");
    check("91", Some(("total_amount", "10.01")), "40004ACQ.CONTEXT_INCONSISTENT");
}

#[test]
fn a_number_is_shown_or_charged_but_not_both() {
    let order = json!({ "out_trade_no": "A", "subject": "早餐", "total_amount": "10.00" });
    let mut desk = Desk::new();
    desk.call("precreate", &order);
    assert_eq!(desk.pay("A", "00")["sub_code"], "ACQ.CONTEXT_INCONSISTENT");
    let mut desk = Desk::new();
    desk.pay("A", "91");
    assert_eq!(desk.call("precreate", &order)["sub_code"], "ACQ.CONTEXT_INCONSISTENT");
}

#[test]
fn a_trade_made_for_a_known_payer_waits_for_him() {
    let mut order = json!({ "out_trade_no": "A", "subject": "早餐", "total_amount": "10.00" });
    let mut desk = Desk::new();
    assert_eq!(desk.call("create", &order)["sub_code"], "ACQ.INVALID_PARAMETER");
    order["buyer_open_id"] = json!("open");
    let made = desk.call("create", &order);
    assert_eq!(desk.call("create", &order), made);
    assert_eq!(desk.status("A"), "WAIT_BUYER_PAY");
    desk.sandbox.payer_pays(desk.now, "alipay", "A", Insistence::Polite).unwrap();
    assert_eq!(desk.status("A"), "TRADE_SUCCESS");
    assert_eq!(desk.call("create", &order)["sub_code"], "ACQ.TRADE_HAS_SUCCESS");
}

#[test]
fn a_payer_code_serves_one_order() {
    let mut desk = Desk::new();
    let code = desk.code("91");
    assert_eq!(desk.call("pay", &payment("A", &code))["code"], "10003");
    assert_eq!(desk.call("pay", &payment("A", &code))["code"], "10003");
    let other = desk.call("pay", &payment("B", &code));
    assert_eq!(other["sub_code"], "ACQ.PAYMENT_AUTH_CODE_INVALID");
    assert_eq!(desk.status("B"), NONE);
}

#[test]
fn a_dynamic_code_is_no_trade_before_it_is_scanned() {
    let mut desk = Desk::new();
    let order = json!({ "out_trade_no": "A", "subject": "早餐", "total_amount": "10.00" });
    let made = desk.call("precreate", &order);
    assert_eq!(desk.call("precreate", &order)["qr_code"], made["qr_code"]);
    let one = json!({ "out_trade_no": "A" });
    assert_eq!(desk.status("A"), NONE);
    assert_eq!(desk.call("close", &one)["sub_code"], NONE);
    // Closing did not stop it.
    let paid = desk.sandbox.payer_pays(desk.now, "alipay", "A", Insistence::Polite);
    assert_eq!(paid, Ok(()));
    assert_eq!(desk.status("A"), "TRADE_SUCCESS");
    assert_eq!(desk.told(), ["TRADE_SUCCESS"]);
    assert_eq!(desk.call("precreate", &order)["sub_code"], "ACQ.TRADE_HAS_SUCCESS");
    let again = desk.sandbox.payer_pays(desk.now, "alipay", "A", Insistence::EvenIfClosed);
    assert_eq!(again, Err(PayRefusal::AlreadyPaid));
}

#[test]
fn orders_time_out_at_their_second() {
    let mut desk = Desk::new();
    let code = desk.code("91");
    let mut waiting = payment("A", &code);
    waiting["timeout_express"] = json!("5m");
    desk.call("pay", &waiting);
    let order = json!({ "out_trade_no": "B", "subject": "早餐", "total_amount": "10.00" });
    desk.call("precreate", &order);
    desk.wait_s(299);
    assert_eq!(desk.status("A"), "WAIT_BUYER_PAY");
    desk.wait_s(1);
    assert_eq!(desk.status("A"), "TRADE_CLOSED");
    assert_eq!(desk.told(), ["TRADE_CLOSED"]);
    desk.wait_s(7_200);
    assert!(desk.told().is_empty());
    let late = desk.sandbox.payer_pays(desk.now, "alipay", "B", Insistence::Polite);
    assert_eq!(late, Err(PayRefusal::Closed));
    assert_eq!(desk.sandbox.next_notice_at(), None);
    assert!(desk.booked().is_empty());
}

#[test]
fn money_may_come_in_on_a_closed_order() {
    let mut desk = Desk::new();
    desk.pay("A", "91");
    assert_eq!(desk.call("close", &json!({ "out_trade_no": "A" }))["code"], "10000");
    let polite = desk.sandbox.payer_pays(desk.now, "alipay", "A", Insistence::Polite);
    assert_eq!(polite, Err(PayRefusal::Closed));
    desk.sandbox.payer_pays(desk.now, "alipay", "A", Insistence::EvenIfClosed).unwrap();
    assert_eq!(desk.status("A"), "TRADE_SUCCESS");
    assert_eq!(desk.told(), ["TRADE_SUCCESS"]);
    assert_eq!(desk.booked(), [(BookKind::Pay, 1000)]);
}

#[test]
fn close_and_cancel_do_what_the_trade_allows() {
    // What is done first, then what close and cancel answer, then the books' lines.
    for (before, close, cancel, lines) in [
        ("nothing", NONE, "N ", 0),
        ("code", NONE, "N close", 0),
        ("91", "ok", "N close", 0),
        ("00", "ACQ.TRADE_STATUS_ERROR", "N refund", 2),
        ("refunded", "ACQ.TRADE_STATUS_ERROR", "ACQ.REASON_TRADE_REFUND_FEE_ERR", 2),
        ("all refunded", "ACQ.TRADE_HAS_CLOSE", "ACQ.REASON_TRADE_REFUND_FEE_ERR", 2),
    ] {
        let mut desk = Desk::new();
        let one = json!({ "out_trade_no": "A" });
        let refund =
            |fen: &str| json!({ "out_trade_no": "A", "refund_amount": fen, "out_request_no": "R" });
        match before {
            "code" => {
                let order = json!({ "out_trade_no": "A", "subject": "s", "total_amount": "10.00" });
                desk.call("precreate", &order);
            }
            "91" => drop(desk.pay("A", "91")),
            "00" => drop(desk.pay("A", "00")),
            "refunded" | "all refunded" => {
                desk.pay("A", "00");
                let part = if before == "refunded" { "1.00" } else { "10.00" };
                desk.call("refund", &refund(part));
            }
            _ => {}
        }
        let answer = desk.call("close", &one);
        let said =
            if answer["code"] == "10000" { "ok".to_owned() } else { text(&answer, "sub_code") };
        assert_eq!(said, close, "{before}");
        // Cancelling twice is cancelling once.
        for _ in 0..2 {
            let answer = desk.call("cancel", &one);
            let said = if answer["code"] == "10000" {
                format!("{} {}", text(&answer, "retry_flag"), text(&answer, "action"))
            } else {
                text(&answer, "sub_code")
            };
            assert_eq!(said, cancel, "{before}");
        }
        assert_eq!(desk.booked().len(), lines, "{before}");
    }
}

#[test]
fn cancel_by_an_unknown_trade_no_is_refused() {
    let mut desk = Desk::new();
    assert_eq!(desk.call("cancel", &json!({ "trade_no": "2026" }))["sub_code"], NONE);
    assert_eq!(desk.call("cancel", &json!({}))["sub_code"], "ACQ.INVALID_PARAMETER");
}

#[test]
fn refunds_are_counted_once_and_never_exceed_the_payment() {
    let mut desk = Desk::new();
    desk.pay("A", "00");
    desk.pay("W", "91");
    for (order_no, amount, request_no, expect) in [
        ("X", "1.00", "R0", NONE),
        ("W", "1.00", "R0", "ACQ.TRADE_STATUS_ERROR"),
        ("A", "0.00", "R0", "ACQ.TOTAL_FEE_EXCEED"),
        ("A", "10.01", "R0", "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL"),
        ("A", "4.00", "", "ACQ.INVALID_PARAMETER"),
        ("A", "4.00", "R1", "Y 4.00"),
        ("A", "4.00", "R1", "N 4.00"),
        ("A", "5.00", "R1", "ACQ.DISCORDANT_REPEAT_REQUEST"),
        ("A", "6.01", "R2", "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL"),
        ("A", "6.00", "R2", "Y 10.00"),
        ("A", "6.00", "R2", "N 10.00"),
        ("A", "0.01", "R3", "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL"),
    ] {
        let mut biz = json!({ "out_trade_no": order_no, "refund_amount": amount });
        if !request_no.is_empty() {
            biz["out_request_no"] = json!(request_no);
        }
        let answer = desk.call("refund", &biz);
        let said = if answer["code"] == "10000" {
            format!("{} {}", text(&answer, "fund_change"), text(&answer, "refund_fee"))
        } else {
            text(&answer, "sub_code")
        };
        assert_eq!(said, expect, "{order_no} {amount} {request_no}");
    }
    assert_eq!(desk.told(), ["TRADE_SUCCESS", "TRADE_CLOSED"]);
    let expect = [(BookKind::Pay, 1000), (BookKind::Refund, 400), (BookKind::Refund, 600)];
    assert_eq!(desk.booked(), expect);
    for (order_no, request_no, expect) in
        [("A", "R1", Some("4.00")), ("A", "R3", None), ("W", "R1", None)]
    {
        let biz = json!({ "out_trade_no": order_no, "out_request_no": request_no });
        let answer = desk.call("fastpay.refund.query", &biz);
        assert_eq!(answer["code"], "10000");
        assert_eq!(answer["refund_amount"].as_str(), expect, "{order_no} {request_no}");
        assert_eq!(answer["refund_status"].is_string(), expect.is_some());
    }
}

#[test]
fn a_trade_is_finished_after_a_year() {
    let mut desk = Desk::new();
    desk.pay("A", "00");
    desk.wait_s(365 * 86_400 + 1);
    assert_eq!(desk.status("A"), "TRADE_FINISHED");
    let biz = json!({ "out_trade_no": "A", "refund_amount": "10.00" });
    assert_eq!(desk.call("refund", &biz)["sub_code"], "ACQ.TRADE_HAS_FINISHED");
}

#[test]
fn a_seller_sees_only_his_own_trades() {
    let mut desk = Desk::new();
    let trade_no = text(&desk.pay("A", "00"), "trade_no");
    assert_eq!(trade_no.len(), 28);
    desk.app = &config().alipay.apps[1];
    assert_eq!(desk.status("A"), NONE);
    assert_eq!(desk.call("query", &json!({ "trade_no": trade_no }))["sub_code"], NONE);
}

#[test]
fn notices_are_repeated_until_the_answer_is_exactly_success() {
    for (status, body, accepted) in [
        (Some(200), "success", true),
        (Some(200), "SUCCESS", false),
        (Some(200), "success\n", false),
        (Some(200), "fail", false),
        (Some(500), "success", false),
        (None, "", false),
    ] {
        let mut desk = Desk::new();
        desk.pay("A", "95");
        let notices = desk.notices();
        desk.sandbox.notice_answered(desk.now, &notices[0], status, body.as_bytes());
        assert_eq!(desk.sandbox.next_notice_at().is_none(), accepted, "{status:?} {body:?}");
    }
}

#[test]
fn a_notice_never_accepted_is_delivered_eight_times_in_25_hours() {
    let mut desk = Desk::new();
    desk.pay("A", "95");
    let mut waits_s = Vec::new();
    let mut ids = Vec::new();
    while let Some(at) = desk.sandbox.next_notice_at() {
        waits_s.push(at.duration_since(desk.now).as_secs());
        desk.now = at;
        for notice in desk.notices() {
            ids.push(verified_notice(desk.app, &notice)["notify_id"].clone());
            desk.sandbox.notice_answered(desk.now, &notice, Some(200), b"no");
        }
    }
    assert_eq!(waits_s, [0, 240, 600, 600, 3_600, 7_200, 21_600, 54_000]);
    ids.dedup();
    assert_eq!(ids.len(), 1);
}

#[test]
fn faults_strike_as_their_names_say() {
    // The fault, what the caller sees, and whether the money moved.
    for (fault, seen, paid) in [
        (Fault::Delay { ms: 7 }, "after 7: 200 10000", true),
        (Fault::LostAnswerAfterEffect, "after 0: dropped", true),
        (Fault::LostAnswerBeforeEffect, "after 0: dropped", false),
        (Fault::ServerError, "after 0: 502", false),
        (Fault::ServerErrorAfterEffect, "after 0: 502", true),
        (Fault::SystemBusy, "after 0: 200 20000", false),
        (Fault::SystemBusyAfterEffect, "after 0: 200 20000", true),
        (Fault::WrongSignature, "after 0: 200 forged", true),
    ] {
        let mut desk = Desk::new();
        let call = "alipay.trade.pay".to_owned();
        let channel = Some("alipay".to_owned());
        desk.sandbox.faults.add(FaultRule { channel, call, fault, times: 1 });
        let code = desk.code("00");
        let said = match desk.deliver("alipay.trade.pay", &payment("A", &code)) {
            Delivery::Dropped { after_ms } => format!("after {after_ms}: dropped"),
            Delivery::Answer { after_ms, response } => {
                let status = response.status().as_u16();
                let code = if response.body().is_empty() {
                    String::new()
                } else {
                    let (node, verified) = node(desk.app, response.body());
                    let code = text(&node, "code");
                    if verified.is_ok() { format!(" {code}") } else { " forged".to_owned() }
                };
                format!("after {after_ms}: {status}{code}")
            }
        };
        assert_eq!(said, seen, "{fault:?}");
        assert_eq!(!desk.booked().is_empty(), paid, "{fault:?}");
        assert!(desk.sandbox.faults.rules().is_empty());
    }
}

#[test]
fn nothing_secret_shows() {
    let mut desk = Desk::new();
    let code = desk.code("91");
    desk.call("pay", &payment("A", &code));
    let shown = format!("{:?} {:?}", desk.sandbox, config());
    assert!(!shown.contains(&code));
    assert!(!shown.contains("PRIVATE"));
}
