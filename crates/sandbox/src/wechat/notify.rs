//! Notices of both interfaces: what they say, how they are sealed and signed, when they are retried.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use crypto::{aead, legacy};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::config::{WechatConfig, WechatMerchant};
use super::numbers::{nonce, rfc3339};
use super::trades::{Interface, Order, Refund, Trust};
use super::xml::{self, Fields};
use super::{auth, messages, v2};
use crate::core::{Letter, Post};

/// Waits between deliveries, 24 hours and 4 minutes in all.
pub(super) const RETRY_WAITS_S: [u32; 15] = [
    15, 15, 30, 180, 600, 1_200, 1_800, 1_800, 1_800, 3_600, 10_800, 10_800, 10_800, 21_600, 21_600,
];

/// Tells the merchant of a payment; `None` if the order names no address.
pub(super) fn of_payment(merchant: &WechatMerchant, order: &Order) -> Option<Letter> {
    let content = json!({
        "trust": trust_word(order.trust),
        "event_type": "TRANSACTION.SUCCESS",
        "summary": "支付成功",
        "original_type": "transaction",
        "created": rfc3339(order.paid_at?),
        "resource": messages::transaction(merchant, order),
    });
    let url = order.terms.notify_url.as_ref()?;
    Some(letter(&merchant.mchid, url, &order.out_trade_no, ("pay", content)))
}

/// Tells the merchant of a refund's end; `None` if the refund names no address.
pub(super) fn of_refund(merchant: &WechatMerchant, refund: &Refund) -> Option<Letter> {
    let url = refund.ask.notify_url.as_ref()?;
    let content = match refund.interface {
        Interface::V2 => json!({
            "outer": v2::notice_outer(merchant, &refund.party),
            "inner": v2::notice_inner(refund),
        }),
        Interface::V3(trust) => json!({
            "trust": trust_word(trust),
            "event_type": "REFUND.SUCCESS",
            "summary": "退款成功",
            "original_type": "refund",
            "created": rfc3339(refund.succeeded_at?),
            "resource": messages::refund_notice(refund),
        }),
    };
    Some(letter(&merchant.mchid, url, &refund.out_trade_no, ("refund", content)))
}

fn letter(
    mchid: &str,
    url: &str,
    subject: &str,
    (event, content): (&'static str, Value),
) -> Letter {
    Letter {
        channel: super::CODE,
        account: mchid.to_owned(),
        url: url.to_owned(),
        subject: subject.to_owned(),
        event,
        content: content.to_string(),
    }
}

const fn trust_word(trust: Trust) -> &'static str {
    match trust {
        Trust::Certificate => "certificate",
        Trust::PublicKey => "public_key",
    }
}

/// Seals what the letter says with the merchant's key, and signs it where the interface does.
pub(super) fn post(config: &WechatConfig, now: Timestamp, letter: &Letter) -> Post {
    let content: Value = serde_json::from_str(&letter.content).unwrap_or_default();
    let Some(merchant) = config.merchant(&letter.account) else {
        return Post { headers: HeaderMap::new(), body: Bytes::new() };
    };
    if content.get("inner").is_some() {
        return post_v2(merchant, &content);
    }
    let text = |name: &str| content.get(name).and_then(Value::as_str).unwrap_or_default();
    let trust = match text("trust") {
        "public_key" => Trust::PublicKey,
        _ => Trust::Certificate,
    };
    let resource = content.get("resource").map(Value::to_string).unwrap_or_default();
    let kind = text("original_type");
    let mut sealed = seal(merchant, now, kind, &resource);
    if let Some(members) = sealed.as_object_mut() {
        members.insert("original_type".to_owned(), kind.into());
    }
    let body = json!({
        // The same for every delivery: it names the event, not the attempt.
        "id": format!("EV-{}", nonce(Timestamp::UNIX_EPOCH, letter.content.as_bytes())),
        "create_time": text("created"),
        "event_type": text("event_type"),
        "resource_type": "encrypt-resource",
        "summary": text("summary"),
        "resource": sealed,
    });
    let body = Bytes::from(body.to_string());
    Post { headers: auth::headers(config, now, trust, &body), body }
}

/// The v2 refund notice carries no signature; only who has the v2 key can read `req_info`.
fn post_v2(merchant: &WechatMerchant, content: &Value) -> Post {
    let fields = |name: &str| -> Fields {
        let members = content.get(name).and_then(Value::as_object).into_iter().flatten();
        members.filter_map(|(k, v)| Some((k.clone(), v.as_str()?.to_owned()))).collect()
    };
    let mut outer = fields("outer");
    let inner = xml::write_as("root", &fields("inner"));
    let cipher = legacy::aes_256_ecb_encrypt(&merchant.v2_notice_key(), inner.as_bytes());
    outer.insert("req_info".to_owned(), BASE64.encode(cipher));
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/xml; charset=utf-8"));
    Post { headers, body: Bytes::from(xml::write(&outer)) }
}

/// A sealed member as notices and `/v3/certificates` carry it.
pub(super) fn seal(merchant: &WechatMerchant, now: Timestamp, aad: &str, plain: &str) -> Value {
    let nonce: String = nonce(now, plain.as_bytes()).chars().take(12).collect();
    let mut nonce_bytes = [0; 12];
    for (to, from) in nonce_bytes.iter_mut().zip(nonce.bytes()) {
        *to = from;
    }
    let cipher = aead::seal(&merchant.aes_key(), &nonce_bytes, aad.as_bytes(), plain.as_bytes());
    json!({
        "algorithm": "AEAD_AES_256_GCM",
        "nonce": nonce,
        "associated_data": aad,
        "ciphertext": BASE64.encode(cipher),
    })
}

/// 200 and 204 end the deliveries, unless an XML answer says that it failed: v2 asks for
/// `return_code` `SUCCESS`.
pub(super) fn accepts(status: u16, body: &[u8]) -> bool {
    let answer = std::str::from_utf8(body).ok().and_then(xml::parse);
    let is_content = match answer {
        Some(fields) => fields.get("return_code").is_some_and(|code| code == "SUCCESS"),
        None => true,
    };
    matches!(status, 200 | 204) && is_content
}
