//! The emulated channel as its clients see it: signed calls in, verified answers out.
//!
//! A story is a table of steps, `call => answer`. Every answer that claims success is verified with
//! the channel's key before it is compared, and so is every notice.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use http::HeaderMap;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::config::{WechatConfig, WechatMerchant};
use super::trades::Trust;
use super::xml::{self, Fields, SignType};
use crate::core::later;
use crate::{BookKind, SandboxConfig};
use crate::{Delivery, Fault, FaultRule, Insistence, Notice, Request, Response, Sandbox};

const START_S: i64 = 1_772_413_200; // 2026-03-02 09:00 in Beijing
const NOTIFY_URL: &str = "http://127.0.0.1:9/notify";

/// Fresh RSA keys take their time: one set of accounts serves all tests.
static CONFIG: LazyLock<SandboxConfig> =
    LazyLock::new(|| SandboxConfig::generate(at_s(START_S)).unwrap());

fn at_s(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

/// Who calls, and which key of the channel he trusts.
#[derive(Debug, Clone, Copy)]
struct Role {
    is_partner: bool,
    trust: Trust,
    sign_type: SignType,
}

const ROLES: [Role; 4] = [
    Role { is_partner: false, trust: Trust::Certificate, sign_type: SignType::Md5 },
    Role { is_partner: false, trust: Trust::PublicKey, sign_type: SignType::HmacSha256 },
    Role { is_partner: true, trust: Trust::Certificate, sign_type: SignType::HmacSha256 },
    Role { is_partner: true, trust: Trust::PublicKey, sign_type: SignType::Md5 },
];

struct World {
    sandbox: Sandbox,
    now: Timestamp,
    role: Role,
    codes: BTreeMap<String, u32>,
}

impl World {
    fn new(role: Role) -> Self {
        let sandbox = Sandbox::new(CONFIG.clone());
        Self { sandbox, now: at_s(START_S), role, codes: BTreeMap::new() }
    }

    fn config() -> &'static WechatConfig {
        &CONFIG.wechat
    }

    fn merchant(&self) -> &'static WechatMerchant {
        let is_partner = self.role.is_partner;
        Self::config().merchants.iter().find(|m| m.is_partner() == is_partner).unwrap()
    }

    fn send(&mut self, request: &Request) -> Option<Response> {
        match self.sandbox.handle(self.now, "http://127.0.0.1:8", request) {
            Delivery::Answer { response, .. } => Some(response),
            Delivery::Dropped { .. } => None,
        }
    }

    // ---- v3

    /// Signs and sends; verifies what comes back with a status of success.
    fn v3(&mut self, method: &str, target: &str, body: &str) -> Option<(u16, Value)> {
        let request = self.signed(method, target, body);
        let response = self.send(&request)?;
        let status = response.status().as_u16();
        if (200..300).contains(&status) {
            assert!(is_signed(response.headers(), response.body(), self.role.trust), "{target}");
        }
        Some((status, serde_json::from_slice(response.body()).unwrap_or_default()))
    }

    fn signed(&self, method: &str, target: &str, body: &str) -> Request {
        let merchant = self.merchant();
        let time = self.now.as_second();
        let message = format!("{method}\n{target}\n{time}\nNONCE\n{body}\n");
        let signature = BASE64.encode(merchant.key.sign_sha256(message.as_bytes()));
        let serial = &merchant.serial_no;
        let mchid = &merchant.mchid;
        let authorization = format!(
            "WECHATPAY2-SHA256-RSA2048 mchid=\"{mchid}\",nonce_str=\"NONCE\",\
             signature=\"{signature}\",timestamp=\"{time}\",serial_no=\"{serial}\""
        );
        http::Request::builder()
            .method(method)
            .uri(target)
            .header("Accept", "application/json")
            .header("User-Agent", "test")
            .header("Authorization", authorization)
            .header("Wechatpay-Serial", Self::config().platform.serial(self.role.trust))
            .body(Bytes::from(body.to_owned()))
            .unwrap()
    }

    /// The numbers by which a call names merchant and app.
    fn names(&self) -> Value {
        let merchant = self.merchant();
        match merchant.sub_merchants.first() {
            None => json!({ "appid": merchant.appid, "mchid": merchant.mchid }),
            Some(sub) => json!({
                "sp_appid": merchant.appid,
                "sp_mchid": merchant.mchid,
                "sub_mchid": sub.mchid,
            }),
        }
    }

    fn v3_post(&mut self, path: &str, more: Value) -> Option<(u16, Value)> {
        let mut body = self.names();
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.v3("POST", path, &body.to_string())
    }

    fn v3_get(&mut self, path: &str) -> Option<(u16, Value)> {
        let names = self.names();
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (name, value) in names.as_object().unwrap() {
            query.append_pair(name, value.as_str().unwrap());
        }
        self.v3("GET", &format!("{path}?{}", query.finish()), "")
    }

    fn pay_path(&self, tail: &str) -> String {
        let partner = if self.role.is_partner { "partner/" } else { "" };
        format!("/v3/pay/{partner}transactions/{tail}")
    }

    // ---- v2

    fn v2(&mut self, path: &str, pairs: &[(&str, &str)]) -> Option<Fields> {
        let request = self.signed_v2(path, pairs);
        let response = self.send(&request)?;
        let answer = xml::parse(std::str::from_utf8(response.body()).unwrap()).unwrap();
        if answer.contains_key("sign") {
            let key = &self.merchant().v2_key;
            assert!(xml::is_signed(&answer, key, self.role.sign_type), "{path}");
        }
        Some(answer)
    }

    fn signed_v2(&self, path: &str, pairs: &[(&str, &str)]) -> Request {
        let merchant = self.merchant();
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let mut fields: Fields = pairs.iter().map(owned).collect();
        let sub = merchant.sub_merchants.first().map(|sub| ("sub_mch_id", sub.mchid.as_str()));
        let hmac =
            (self.role.sign_type == SignType::HmacSha256).then_some(("sign_type", "HMAC-SHA256"));
        let usual = [
            Some(("appid", merchant.appid.as_str())),
            Some(("mch_id", merchant.mchid.as_str())),
            Some(("nonce_str", "N")),
            sub,
            hmac,
        ];
        for (name, value) in usual.into_iter().flatten() {
            fields.entry(name.to_owned()).or_insert_with(|| value.to_owned());
        }
        let body = xml::write_signed(fields, &merchant.v2_key, self.role.sign_type);
        http::Request::post(path).body(Bytes::from(body)).unwrap()
    }

    // ---- stories

    /// A code that chooses the payer by its ending, its own for every order; 18 digits are a code.
    fn code(&mut self, order: &str, ending: &str) -> String {
        if ending.len() == 18 {
            return ending.to_owned();
        }
        let next = u32::try_from(self.codes.len()).unwrap();
        let number = *self.codes.entry(order.to_owned()).or_insert(next);
        format!("13{number:014}{ending}")
    }

    /// One step of a story, and its answer in a few words.
    fn step(&mut self, step: &str) -> String {
        let words: Vec<&str> = step.split_whitespace().collect();
        let order = |name: &str| format!("order-{name}");
        match words.as_slice() {
            ["wait", ms] => {
                self.now = later(self.now, ms.parse().unwrap());
                "ok".to_owned()
            }
            ["pays", name] => self.pays(&order(name), Insistence::Polite),
            ["insists", name] => self.pays(&order(name), Insistence::EvenIfClosed),
            ["notices"] => self.notices(),
            ["fault", call, fault] => {
                let fault: Fault = serde_json::from_value(json!({ "kind": fault })).unwrap();
                let call = (*call).to_owned();
                self.sandbox.faults.add(FaultRule { channel: None, call, fault, times: 1 });
                "ok".to_owned()
            }
            [kind @ ("native" | "h5" | "jsapi" | "app"), name, total] => {
                let body = prepay(&order(name), total.parse().unwrap());
                let path = self.pay_path(kind);
                short(self.v3_post(&path, body))
            }
            ["codepay", name, total, ending] => {
                let mut body = prepay(&order(name), total.parse().unwrap());
                body["payer"] = json!({ "auth_code": self.code(name, ending) });
                let path = self.pay_path("codepay");
                short(self.v3_post(&path, body))
            }
            ["query", name] => {
                let path = self.pay_path(&format!("out-trade-no/{}", order(name)));
                short(self.v3_get(&path))
            }
            [call @ ("close" | "reverse"), name] => {
                let path = self.pay_path(&format!("out-trade-no/{}/{call}", order(name)));
                short(self.v3_post(&path, json!({})))
            }
            ["refund", refund, name, part, total] => {
                let (part, total): (u64, u64) = (part.parse().unwrap(), total.parse().unwrap());
                let amount = json!({ "refund": part, "total": total, "currency": "CNY" });
                let body = json!({
                    "out_trade_no": order(name), "out_refund_no": refund,
                    "notify_url": NOTIFY_URL, "amount": amount,
                });
                short(self.v3_post("/v3/refund/domestic/refunds", body))
            }
            ["refund-query", refund] => {
                short(self.v3_get(&format!("/v3/refund/domestic/refunds/{refund}")))
            }
            _ => self.step_v2(&words),
        }
    }

    fn step_v2(&mut self, words: &[&str]) -> String {
        let order = |name: &str| format!("order-{name}");
        match words {
            ["micropay", name, total, ending] => {
                let code = self.code(name, ending);
                let fields = [
                    ("out_trade_no", &*order(name)),
                    ("body", "商品"),
                    ("total_fee", total),
                    ("spbill_create_ip", "127.0.0.1"),
                    ("auth_code", &code),
                ];
                short_v2(self.v2("/pay/micropay", &fields))
            }
            ["orderquery", name] => {
                short_v2(self.v2("/pay/orderquery", &[("out_trade_no", &order(name))]))
            }
            ["v2-reverse", name] => {
                short_v2(self.v2("/secapi/pay/reverse", &[("out_trade_no", &order(name))]))
            }
            ["closeorder", name] => {
                short_v2(self.v2("/pay/closeorder", &[("out_trade_no", &order(name))]))
            }
            ["v2-refund", refund, name, part, total] => {
                let fields = [
                    ("out_trade_no", &*order(name)),
                    ("out_refund_no", refund),
                    ("refund_fee", part),
                    ("total_fee", total),
                    ("notify_url", NOTIFY_URL),
                ];
                short_v2(self.v2("/secapi/pay/refund", &fields))
            }
            ["v2-refund-query", refund] => {
                short_v2(self.v2("/pay/refundquery", &[("out_refund_no", refund)]))
            }
            _ => panic!("no such step: {words:?}"),
        }
    }

    fn pays(&mut self, order_no: &str, how: Insistence) -> String {
        match self.sandbox.payer_pays(self.now, "wechat", order_no, how) {
            Ok(()) => "ok".to_owned(),
            Err(refusal) => format!("{refusal:?}"),
        }
    }

    /// Takes and accepts all notices that are due: what each says.
    fn notices(&mut self) -> String {
        let due = self.sandbox.due_notices(self.now);
        let said: Vec<String> = due.iter().map(|notice| self.opened(notice)).collect();
        for notice in &due {
            self.sandbox.notice_answered(self.now, notice, Some(204), b"");
        }
        if said.is_empty() { "none".to_owned() } else { said.join(", ") }
    }

    fn opened(&self, notice: &Notice) -> String {
        if notice.body.starts_with(b"<xml>") {
            let (fields, info) = opened_v2(self.merchant(), &notice.body);
            assert_eq!(fields["return_code"], "SUCCESS");
            return format!("v2 {} {}", info["refund_status"], info["out_refund_no"]);
        }
        assert!(is_signed(&notice.headers, &notice.body, self.role.trust), "{notice:?}");
        let body: Value = serde_json::from_slice(&notice.body).unwrap();
        let resource: Value =
            serde_json::from_slice(&opened(self.merchant(), &body["resource"])).unwrap();
        let event = body["event_type"].as_str().unwrap();
        assert_eq!(resource["out_trade_no"], notice.subject);
        format!("{event} {} {}", notice.subject, resource["amount"]["total"])
    }
}

fn prepay(order_no: &str, total: u64) -> Value {
    json!({
        "description": "商品", "out_trade_no": order_no, "notify_url": NOTIFY_URL,
        "amount": { "total": total, "currency": "CNY" },
        "payer": { "openid": "oPayer", "sp_openid": "oPayer" },
        "scene_info": { "payer_client_ip": "127.0.0.1", "h5_info": { "type": "Wap" } },
    })
}

fn short(answer: Option<(u16, Value)>) -> String {
    let Some((status, body)) = answer else {
        return "dropped".to_owned();
    };
    let word = ["code", "trade_state", "status"].iter().find_map(|name| body[*name].as_str());
    word.map_or_else(|| status.to_string(), |word| format!("{status} {word}"))
}

fn short_v2(answer: Option<Fields>) -> String {
    let Some(fields) = answer else {
        return "dropped".to_owned();
    };
    let names = ["result_code", "err_code", "trade_state", "refund_status_0", "recall"];
    let words: Vec<_> = names.iter().filter_map(|name| fields.get(*name).cloned()).collect();
    if words.is_empty() { fields["return_code"].clone() } else { words.join(" ") }
}

fn is_signed(headers: &HeaderMap, body: &[u8], trust: Trust) -> bool {
    let header = |name: &str| headers[name].to_str().unwrap();
    let platform = &World::config().platform;
    assert_eq!(header("Wechatpay-Signature-Type"), "WECHATPAY2-SHA256-RSA2048");
    assert_eq!(header("Wechatpay-Serial"), platform.serial(trust));
    let head = format!("{}\n{}\n", header("Wechatpay-Timestamp"), header("Wechatpay-Nonce"));
    let message = [head.as_bytes(), body, b"\n"].concat();
    let Ok(signature) = BASE64.decode(header("Wechatpay-Signature")) else {
        return false;
    };
    platform.key(trust).public_key().verify_sha256(&message, &signature).is_ok()
}

fn opened(merchant: &WechatMerchant, sealed: &Value) -> Vec<u8> {
    let text = |name: &str| sealed[name].as_str().unwrap();
    let nonce: [u8; 12] = text("nonce").as_bytes().try_into().unwrap();
    let cipher = BASE64.decode(text("ciphertext")).unwrap();
    let aad = text("associated_data").as_bytes();
    crypto::aead::open(&merchant.aes_key(), &nonce, aad, &cipher).unwrap()
}

fn opened_v2(merchant: &WechatMerchant, body: &[u8]) -> (Fields, Fields) {
    let fields = xml::parse(std::str::from_utf8(body).unwrap()).unwrap();
    let key = crypto::digest::md5_hex(merchant.v2_key.expose().as_bytes());
    let key = crypto::Aes256Key::from_slice(key.as_bytes()).unwrap();
    let cipher = BASE64.decode(&fields["req_info"]).unwrap();
    let info = crypto::legacy::aes_256_ecb_decrypt(&key, &cipher).unwrap();
    let info = String::from_utf8(info).unwrap().replace("root>", "xml>");
    (fields, xml::parse(&info).unwrap())
}

/// Plays a story in every role.
fn check(story: &str) {
    for role in ROLES {
        let mut world = World::new(role);
        for line in story.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let (step, expect) = line.split_once("=>").expect(line);
            assert_eq!(world.step(step), expect.trim(), "{line} ({role:?})");
        }
    }
}

#[test]
fn an_order_is_placed_paid_and_told() {
    check(
        "query A         => 404 ORDER_NOT_EXIST
         native A 100    => 200
         query A         => 200 NOTPAY
         native A 100    => 200
         native A 101    => 403 OUT_TRADE_NO_USED
         jsapi A 100     => 403 OUT_TRADE_NO_USED
         notices         => none
         pays A          => ok
         notices         => TRANSACTION.SUCCESS order-A 100
         notices         => none
         pays A          => AlreadyPaid
         query A         => 200 SUCCESS
         orderquery A    => SUCCESS SUCCESS
         native A 100    => 400 ORDERPAID
         close A         => 400 ORDERPAID
         closeorder A    => FAIL ORDERPAID
         jsapi B 1       => 200
         h5 C 1          => 200
         app D 1         => 200
         pays X          => UnknownOrder",
    );
}

#[test]
fn a_closed_order_stays_closed_unless_the_payer_was_faster() {
    check(
        "close A         => 404 ORDER_NOT_EXIST
         native A 100    => 200
         close A         => 204
         close A         => 400 ORDER_CLOSED
         query A         => 200 CLOSED
         native A 100    => 400 ORDER_CLOSED
         pays A          => Closed
         insists A       => ok
         query A         => 200 SUCCESS
         notices         => TRANSACTION.SUCCESS order-A 100
         native B 5      => 200
         closeorder B    => SUCCESS
         closeorder B    => FAIL ORDERCLOSED
         closeorder X    => FAIL ORDERNOTEXIST",
    );
}

#[test]
fn refunds_are_accepted_first_and_succeed_later() {
    check(
        "refund R0 A 1 100     => 404 RESOURCE_NOT_EXISTS
         native A 100          => 200
         refund R0 A 1 100     => 400 INVALID_REQUEST
         pays A                => ok
         notices               => TRANSACTION.SUCCESS order-A 100
         refund R1 A 60 100    => 200 PROCESSING
         query A               => 200 REFUND
         refund R1 A 60 100    => 200 PROCESSING
         refund R1 A 50 100    => 400 INVALID_REQUEST
         refund R2 A 41 100    => 400 INVALID_REQUEST
         refund R2 A 40 99     => 400 INVALID_REQUEST
         refund R2 A 0 100     => 400 PARAM_ERROR
         refund-query R1       => 200 PROCESSING
         notices               => none
         wait 999              => ok
         refund-query R1       => 200 PROCESSING
         wait 1                => ok
         refund-query R1       => 200 SUCCESS
         notices               => REFUND.SUCCESS order-A 100
         refund R1 A 60 100    => 200 SUCCESS
         notices               => none
         refund-query R2       => 404 RESOURCE_NOT_EXISTS
         v2-refund R2 A 40 100 => SUCCESS
         v2-refund R2 A 40 100 => SUCCESS
         v2-refund R2 A 39 100 => FAIL REFUND_FEE_MISMATCH
         v2-refund R3 A 1 100  => FAIL INVALID_REQUEST
         v2-refund-query R2    => SUCCESS PROCESSING
         v2-refund-query R3    => FAIL REFUNDNOTEXIST
         wait 1000             => ok
         v2-refund-query R2    => SUCCESS SUCCESS
         notices               => v2 SUCCESS R2
         orderquery A          => SUCCESS REFUND",
    );
}

#[test]
fn the_payers_code_decides() {
    check(
        "micropay A 100 00    => SUCCESS
         orderquery A         => SUCCESS SUCCESS
         notices              => none
         micropay A 100 00    => FAIL ORDERPAID
         micropay B 1 92      => FAIL NOTENOUGH
         orderquery B         => SUCCESS PAYERROR
         micropay B 1 00      => FAIL OUT_TRADE_NO_USED
         micropay C 1 93      => FAIL AUTHCODEEXPIRE
         orderquery C         => FAIL ORDERNOTEXIST
         micropay D 1 94      => FAIL SYSTEMERROR
         orderquery D         => FAIL ORDERNOTEXIST
         micropay E 1 95      => FAIL SYSTEMERROR
         orderquery E         => SUCCESS SUCCESS
         micropay F 1 97      => FAIL TRADE_ERROR
         micropay G 1 288888888888888800 => FAIL AUTH_CODE_INVALID
         micropay H 1 138888888888888800 => SUCCESS
         micropay I 1 138888888888888800 => FAIL AUTH_CODE_ERROR
         micropay J 0 00      => FAIL PARAM_ERROR
         codepay K 100 00     => 200 SUCCESS
         codepay L 1 90       => 200 USERPAYING
         codepay M 1 92       => 403 NOT_ENOUGH
         codepay N 1 93       => 400 AUTHCODEEXPIRE
         codepay O 1 94       => 500 SYSTEM_ERROR
         codepay P 1 95       => 500 SYSTEM_ERROR
         query P              => 200 SUCCESS
         close L              => 400 INVALID_REQUEST",
    );
}

#[test]
fn a_password_is_typed_in_time_or_the_order_is_revoked() {
    check(
        "micropay A 1 90   => FAIL USERPAYING
         micropay A 1 90   => FAIL OUT_TRADE_NO_USED
         micropay B 1 91   => FAIL USERPAYING
         micropay C 1 96   => FAIL USERPAYING
         micropay D 1 91   => FAIL USERPAYING
         wait 4999         => ok
         orderquery A      => SUCCESS USERPAYING
         wait 1            => ok
         orderquery A      => SUCCESS SUCCESS
         pays D            => ok
         orderquery D      => SUCCESS SUCCESS
         wait 39999        => ok
         orderquery B      => SUCCESS USERPAYING
         wait 1            => ok
         orderquery B      => SUCCESS REVOKED
         orderquery C      => SUCCESS REVOKED
         micropay C 1 00   => FAIL ORDERREVERSED
         wait 20000        => ok
         orderquery C      => SUCCESS REVOKED
         pays C            => Closed
         insists C         => ok
         orderquery C      => SUCCESS SUCCESS",
    );
}

#[test]
fn a_reverse_gives_the_money_back_or_shuts_the_order() {
    check(
        "v2-reverse X      => SUCCESS N
         reverse X         => 200
         micropay X 1 00   => SUCCESS
         v2-reverse X      => SUCCESS N
         v2-reverse X      => SUCCESS N
         orderquery X      => SUCCESS REVOKED
         insists X         => AlreadyPaid
         v2-refund R X 1 1 => FAIL ORDERREVERSED
         micropay A 1 91   => FAIL USERPAYING
         v2-reverse A      => FAIL USERPAYING Y
         reverse A         => 202 USERPAYING
         wait 15000        => ok
         v2-reverse A      => SUCCESS N
         orderquery A      => SUCCESS REVOKED
         pays A            => Closed
         codepay B 9 00    => 200 SUCCESS
         refund R1 B 1 9   => 200 PROCESSING
         reverse B         => 400 INVALID_REQUEST
         v2-reverse B      => FAIL TRADE_STATE_ERROR N
         native C 9        => 200
         reverse C         => 400 INVALID_REQUEST
         codepay D 9 00    => 200 SUCCESS
         wait 604800001    => ok
         reverse D         => 400 INVALID_REQUEST",
    );
}

#[test]
fn faults_are_told_in_the_channels_own_way() {
    check(
        "fault pay/micropay system_busy               => ok
         micropay A 1 00                              => FAIL SYSTEMERROR
         orderquery A                                 => FAIL ORDERNOTEXIST
         fault pay/micropay system_busy_after_effect  => ok
         micropay B 1 00                              => FAIL SYSTEMERROR
         orderquery B                                 => SUCCESS SUCCESS
         fault secapi/pay/reverse system_busy         => ok
         v2-reverse B                                 => FAIL SYSTEMERROR Y
         fault v3/native lost_answer_after_effect     => ok
         native C 1                                   => dropped
         query C                                      => 200 NOTPAY
         fault v3/refund system_busy                  => ok
         refund R1 B 1 1                              => 500 SYSTEM_ERROR
         refund-query R1                              => 404 RESOURCE_NOT_EXISTS
         fault pay no_notice                          => ok
         pays C                                       => ok
         notices                                      => none
         fault refund duplicate_notice                => ok
         refund R2 C 1 1                              => 200 PROCESSING
         wait 1000                                    => ok
         notices => REFUND.SUCCESS order-C 1, REFUND.SUCCESS order-C 1",
    );
}

#[test]
fn a_wrong_signature_is_wrong_in_both_interfaces() {
    for role in ROLES {
        let mut world = World::new(role);
        for call in ["v3/native", "pay/orderquery"] {
            let (channel, call, fault) = (None, call.to_owned(), Fault::WrongSignature);
            world.sandbox.faults.add(FaultRule { channel, call, fault, times: 1 });
        }
        let mut body = world.names();
        let more = prepay("order-A", 1);
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let path = world.pay_path("native");
        let request = world.signed("POST", &path, &body.to_string());
        let response = world.send(&request).unwrap();
        assert_eq!(response.status(), 200);
        assert!(!is_signed(response.headers(), response.body(), role.trust));

        let request = world.signed_v2("/pay/orderquery", &[("out_trade_no", "order-A")]);
        let response = world.send(&request).unwrap();
        let answer = xml::parse(std::str::from_utf8(response.body()).unwrap()).unwrap();
        assert_eq!(answer["trade_state"], "NOTPAY");
        assert!(!xml::is_signed(&answer, &world.merchant().v2_key, role.sign_type));
    }
}

#[test]
fn v2_strangers_get_an_unsigned_refusal() {
    for (what, from, to, expect) in [
        ("nothing", "", "", "SUCCESS"),
        ("field", "order-A", "order-B", "FAIL"),
        ("merchant", "1900000101", "1900000100", "FAIL"),
        ("nonce", "nonce_str", "nonce_sts", "FAIL"),
        ("xml", "</xml>", "", "FAIL"),
    ] {
        let mut world = World::new(ROLES[0]);
        let mut request = world.signed_v2("/pay/orderquery", &[("out_trade_no", "order-A")]);
        let body = String::from_utf8(request.body().to_vec()).unwrap().replace(from, to);
        *request.body_mut() = Bytes::from(body);
        let response = world.send(&request).unwrap();
        let answer = xml::parse(std::str::from_utf8(response.body()).unwrap()).unwrap();
        assert_eq!(answer["return_code"], expect, "{what}");
        assert_eq!(answer.contains_key("sign"), expect == "SUCCESS", "{what}");
    }
}

/// What is wrong with a request, how it is spoilt after it was made, and what it is told.
type Stranger = (&'static str, fn(&mut Request), u16, &'static str);

fn drop_header(request: &mut Request, name: &str) {
    request.headers_mut().remove(name);
}

fn edit(request: &mut Request, from: &str, to: &str) {
    let headers = request.headers_mut();
    let text = headers["authorization"].to_str().unwrap().replacen(from, to, 1);
    headers.insert("authorization", text.parse().unwrap());
}

fn say_serial(request: &mut Request, serial: &'static str) {
    let serial = http::HeaderValue::from_static(serial);
    request.headers_mut().insert("wechatpay-serial", serial);
}

fn add_to_query(request: &mut Request) {
    *request.uri_mut() = format!("{}&x=1", request.uri()).parse().unwrap();
}

const STRANGERS: [Stranger; 13] = [
    ("nothing", |_| {}, 404, "ORDER_NOT_EXIST"),
    ("accept", |r| drop_header(r, "accept"), 400, "PARAM_ERROR"),
    ("agent", |r| drop_header(r, "user-agent"), 400, "PARAM_ERROR"),
    ("missing", |r| drop_header(r, "authorization"), 401, "SIGN_ERROR"),
    ("scheme", |r| edit(r, "WECHATPAY2-SHA256", "WECHATPAY2-SM2"), 401, "SIGN_ERROR"),
    ("member", |r| edit(r, "nonce_str", "nonce"), 401, "SIGN_ERROR"),
    ("merchant", |r| edit(r, "mchid=\"19", "mchid=\"18"), 401, "SIGN_ERROR"),
    ("serial", |r| edit(r, "serial_no=\"", "serial_no=\"0"), 401, "SIGN_ERROR"),
    ("nonce", |r| edit(r, "NONCE", "NONCF"), 401, "SIGN_ERROR"),
    ("time", |r| edit(r, "timestamp=\"1772413200", "timestamp=\"1772413201"), 401, "SIGN_ERROR"),
    ("query", add_to_query, 401, "SIGN_ERROR"),
    ("body", |r| *r.body_mut() = Bytes::from_static(b"[]"), 401, "SIGN_ERROR"),
    ("platform", |r| say_serial(r, "PUB_KEY_ID_0"), 400, "INVALID_REQUEST"),
];

#[test]
fn strangers_are_turned_away_in_the_order_of_the_checks() {
    for role in ROLES {
        for (what, spoil, status, code) in STRANGERS {
            let mut world = World::new(role);
            let names = world.names();
            let mut query = form_urlencoded::Serializer::new(String::new());
            for (name, value) in names.as_object().unwrap() {
                query.append_pair(name, value.as_str().unwrap());
            }
            let path = world.pay_path("out-trade-no/order-A");
            let mut request = world.signed("GET", &format!("{path}?{}", query.finish()), "");
            spoil(&mut request);
            let response = world.send(&request).unwrap();
            let body: Value = serde_json::from_slice(response.body()).unwrap();
            assert_eq!(
                (response.status().as_u16(), &body["code"]),
                (status, &json!(code)),
                "{what}"
            );
        }
    }
}

#[test]
fn a_request_may_be_five_minutes_off_and_no_more() {
    for (skew_s, expect) in [(-301, 401), (-300, 404), (0, 404), (300, 404), (301, 401)] {
        let mut world = World::new(ROLES[0]);
        let mchid = &world.merchant().mchid;
        let target = format!("/v3/pay/transactions/out-trade-no/order-A?mchid={mchid}");
        let request = world.signed("GET", &target, "");
        world.now = at_s(START_S + skew_s);
        assert_eq!(world.send(&request).unwrap().status(), expect, "{skew_s}");
    }
}

#[test]
fn fields_are_checked_and_named() {
    let cases: [(&str, Value, &str); 14] = [
        ("/mchid", Value::Null, "PARAM_ERROR /mchid"),
        ("/mchid", json!("1900000102"), "NO_AUTH"),
        ("/appid", json!("wx0"), "APPID_MCHID_NOT_MATCH"),
        ("/out_trade_no", json!("short"), "PARAM_ERROR /out_trade_no"),
        ("/out_trade_no", json!("not allowed"), "PARAM_ERROR /out_trade_no"),
        ("/out_trade_no", json!("x".repeat(33)), "PARAM_ERROR /out_trade_no"),
        ("/description", json!(""), "PARAM_ERROR /description"),
        ("/description", json!("商".repeat(43)), "PARAM_ERROR /description"),
        ("/amount/total", json!("100"), "PARAM_ERROR /amount/total"),
        ("/amount/total", json!(0), "PARAM_ERROR /amount/total"),
        ("/amount/currency", json!("USD"), "PARAM_ERROR /amount/currency"),
        ("/notify_url", json!("http://example.com/n"), "PARAM_ERROR /notify_url"),
        ("/notify_url", json!("https://example.com/n?x=1"), "PARAM_ERROR /notify_url"),
        ("/time_expire", json!("tomorrow"), "PARAM_ERROR /time_expire"),
    ];
    for (pointer, value, expect) in cases {
        let mut world = World::new(ROLES[0]);
        let mut body = prepay("order-A", 100);
        let names = world.names();
        body.as_object_mut().unwrap().extend(names.as_object().unwrap().clone());
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        body.pointer_mut(parent).unwrap()[name] = value;
        let (_, answer) =
            world.v3("POST", "/v3/pay/transactions/native", &body.to_string()).unwrap();
        let field = answer.pointer("/detail/field").and_then(Value::as_str).unwrap_or_default();
        let said = format!("{} {field}", answer["code"].as_str().unwrap());
        assert_eq!(said.trim(), expect, "{pointer}");
    }
}

#[test]
fn nobody_acts_for_another_merchant() {
    let mut partner = World::new(ROLES[2]);
    for (path, body, expect) in [
        ("/v3/pay/partner/transactions/native", json!({ "sub_mchid": "19" }), "404 MCH_NOT_EXISTS"),
        (
            "/v3/pay/partner/transactions/native",
            json!({ "sub_appid": "wx0" }),
            "400 APPID_MCHID_NOT_MATCH",
        ),
        ("/v3/pay/transactions/native", json!({}), "403 NO_AUTH"),
        ("/v3/nothing", json!({}), "404 RESOURCE_NOT_EXISTS"),
    ] {
        assert_eq!(short(partner.v3_post(path, body)), expect, "{path}");
    }
    assert_eq!(partner.step("native A 1"), "200");
    assert_eq!(partner.step("pays A"), "ok");
    let number = partner.sandbox.books()[0].trade_no.clone();
    for (role, expect) in [(ROLES[2], "200 SUCCESS"), (ROLES[0], "404 ORDER_NOT_EXIST")] {
        partner.role = role;
        let path = partner.pay_path(&format!("id/{number}"));
        assert_eq!(short(partner.v3_get(&path)), expect);
    }
    assert_eq!(partner.step("query A"), "404 ORDER_NOT_EXIST");
    assert_eq!(partner.step("orderquery A"), "FAIL ORDERNOTEXIST");
}

#[test]
fn v2_fields_are_checked() {
    let good = [
        ("out_trade_no", "order-A"),
        ("body", "goods"),
        ("total_fee", "100"),
        ("spbill_create_ip", "127.0.0.1"),
        ("auth_code", "130000000000000000"),
    ];
    for (role, name, value, expect) in [
        (ROLES[0], "attach", "x", "SUCCESS"),
        (ROLES[0], "appid", "wx0", "FAIL APPID_MCHID_NOT_MATCH"),
        (ROLES[0], "sub_mch_id", "1900000201", "FAIL NOAUTH"),
        (ROLES[2], "sub_mch_id", "", "FAIL PARAM_ERROR"),
        (ROLES[2], "sub_mch_id", "1900000999", "FAIL MCHID_NOT_EXIST"),
        (ROLES[0], "out_trade_no", "a b c d", "FAIL PARAM_ERROR"),
        (ROLES[0], "out_trade_no", "", "FAIL PARAM_ERROR"),
        (ROLES[0], "body", "", "FAIL PARAM_ERROR"),
        (ROLES[0], "total_fee", "1.00", "FAIL PARAM_ERROR"),
        (ROLES[0], "total_fee", "-1", "FAIL PARAM_ERROR"),
        (ROLES[0], "total_fee", "+1", "FAIL PARAM_ERROR"),
        (ROLES[0], "total_fee", "99999999999999999999", "FAIL PARAM_ERROR"),
        (ROLES[0], "spbill_create_ip", "", "FAIL PARAM_ERROR"),
        (ROLES[0], "auth_code", "", "FAIL PARAM_ERROR"),
        (ROLES[0], "auth_code", "13000000000000000", "FAIL AUTH_CODE_INVALID"),
        (ROLES[0], "auth_code", "160000000000000000", "FAIL AUTH_CODE_INVALID"),
        (ROLES[0], "sign_type", "SHA1", "FAIL"),
    ] {
        let mut world = World::new(role);
        let mut fields = good.to_vec();
        fields.retain(|(field, _)| *field != name);
        fields.push((name, value));
        assert_eq!(short_v2(world.v2("/pay/micropay", &fields)), expect, "{name} {value}");
    }
}

#[test]
fn a_service_provider_names_its_app_in_a_reverse() {
    let mut world = World::new(ROLES[2]);
    let body = json!({ "sp_mchid": "1900000102", "sub_mchid": "1900000201" });
    let path = world.pay_path("out-trade-no/order-A/reverse");
    let answer = world.v3("POST", &path, &body.to_string());
    assert_eq!(short(answer), "500 SYSTEM_ERROR");
}

#[test]
fn a_notice_is_accepted_by_status_and_in_v2_by_content() {
    for (status, body, expect) in [
        (200, "", true),
        (204, "", true),
        (200, "{\"code\":\"SUCCESS\"}", true),
        (201, "", false),
        (302, "", false),
        (500, "", false),
        (200, "<xml><return_code>SUCCESS</return_code></xml>", true),
        (200, "<xml><return_code>FAIL</return_code></xml>", false),
        (500, "<xml><return_code>SUCCESS</return_code></xml>", false),
    ] {
        assert_eq!(super::notify::accepts(status, body.as_bytes()), expect, "{status} {body}");
    }
}

#[test]
fn an_expired_order_is_paid_only_by_who_was_under_way() {
    let mut world = World::new(ROLES[0]);
    let mut body = prepay("order-A", 100);
    body["time_expire"] = json!("2026-03-02T09:05:00+08:00");
    assert_eq!(short(world.v3_post("/v3/pay/transactions/native", body)), "200");
    for (step, expect) in [
        ("wait 300000", "ok"),
        ("pays A", "Closed"),
        ("query A", "200 NOTPAY"),
        ("insists A", "ok"),
        ("query A", "200 SUCCESS"),
    ] {
        assert_eq!(world.step(step), expect, "{step}");
    }
}

#[test]
fn certificates_are_sealed_for_the_merchant() {
    for role in ROLES {
        let mut world = World::new(role);
        let (status, body) = world.v3("GET", "/v3/certificates", "").unwrap();
        let first = &body["data"][0];
        let platform = &World::config().platform;
        assert_eq!(status, 200);
        assert_eq!(first["serial_no"], platform.serial(Trust::Certificate));
        assert_eq!(first["encrypt_certificate"]["associated_data"], "certificate");
        let pem = opened(world.merchant(), &first["encrypt_certificate"]);
        assert_eq!(pem, platform.certificate_pem.as_bytes());
    }
}

#[test]
fn a_notice_is_repeated_until_it_is_accepted_or_a_day_is_over() {
    let mut world = World::new(ROLES[1]);
    assert_eq!(world.step("native A 100"), "200");
    assert_eq!(world.step("pays A"), "ok");
    let (mut deliveries, mut ids) = (0, Vec::new());
    let started = world.now;
    while let Some(next) = world.sandbox.next_notice_at() {
        world.now = world.now.max(next);
        for notice in world.sandbox.due_notices(world.now) {
            deliveries += 1;
            world.opened(&notice);
            let body: Value = serde_json::from_slice(&notice.body).unwrap();
            ids.push(body["id"].clone());
            world.sandbox.notice_answered(world.now, &notice, Some(500), b"");
        }
    }
    ids.dedup();
    assert_eq!((deliveries, ids.len()), (16, 1));
    // 24 hours and 4 minutes.
    assert_eq!(world.now.duration_since(started).as_secs(), 24 * 3_600 + 4 * 60);
}

#[test]
fn the_books_hold_what_moved_money_and_nothing_else() {
    for role in ROLES {
        let mut world = World::new(role);
        for step in [
            "native A 100",
            "pays A",
            "native B 1",
            "micropay C 7 00",
            "micropay D 7 92",
            "v2-reverse C",
            "refund R A 60 100",
            "wait 1000",
            "v2-refund S A 1 100",
        ] {
            world.step(step);
        }
        let books = world.sandbox.books();
        let lines: Vec<_> = books
            .iter()
            .map(|line| (line.order_no.as_str(), line.kind, line.amount.minor(), line.status))
            .collect();
        let expect = [
            ("order-A", BookKind::Pay, 100, "REFUND"),
            ("order-C", BookKind::Pay, 7, "REVOKED"),
            ("order-C", BookKind::Refund, 7, "REVOKED"),
            ("order-A", BookKind::Refund, 60, "SUCCESS"),
        ];
        let mut sorted = lines.clone();
        sorted.sort();
        let mut expect = expect.to_vec();
        expect.sort();
        assert_eq!(sorted, expect, "{role:?}");
        assert!(books.iter().all(|line| line.channel == "wechat" && line.trade_no.len() == 28));
    }
}

#[test]
fn nothing_secret_shows_in_debug() {
    let mut world = World::new(ROLES[0]);
    world.step("micropay A 100 00");
    let shown = format!("{:?} {:?}", world.sandbox, *CONFIG);
    let merchant = world.merchant();
    assert!(!shown.contains(merchant.v2_key.expose().as_str()));
    assert!(!shown.contains("PRIVATE KEY"));
    assert!(!shown.contains("1300000000000000"), "a payer's code");
}
