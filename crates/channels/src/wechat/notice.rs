//! APIv3 notices: signed by the platform, encrypted with our APIv3 key.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ids::{AttemptId, RefundId};
use jiff::Timestamp;
use money::{Amount, Currency};
use orders::channel::{Notice, PaymentReply};
use serde::Deserialize;
use serde_json::Value;

use super::{Wechat, map, v3};
use crate::{NoticeRefusal, Request};

/// WeChat Pay probes with wrong signatures of this beginning now and then: they must be refused.
const PROBE: &str = "WECHATPAY/SIGNTEST/";

#[derive(Deserialize)]
struct Envelope {
    event_type: String,
    resource: Resource,
}

#[derive(Deserialize)]
struct Resource {
    algorithm: String,
    ciphertext: String,
    #[serde(default)]
    associated_data: String,
    nonce: String,
}

pub(super) fn read(
    account: &Wechat,
    now: Timestamp,
    request: &Request,
) -> Result<Notice, NoticeRefusal> {
    let signature = request.headers().get("wechatpay-signature").and_then(|v| v.to_str().ok());
    if signature.is_none_or(|s| s.starts_with(PROBE))
        || !v3::is_signed(account, request.headers(), request.body(), now)
    {
        return Err(NoticeRefusal::BadSignature);
    }
    let envelope: Envelope =
        serde_json::from_slice(request.body()).or(Err(NoticeRefusal::Malformed))?;
    let plain = envelope.resource.open(account)?;
    match envelope.event_type.as_str() {
        "TRANSACTION.SUCCESS" => payment(account, &plain),
        "REFUND.SUCCESS" | "REFUND.ABNORMAL" | "REFUND.CLOSED" => refund(account, &plain),
        _ => Err(NoticeRefusal::UnknownKind),
    }
}

impl Resource {
    fn open(&self, account: &Wechat) -> Result<Value, NoticeRefusal> {
        let malformed = NoticeRefusal::Malformed;
        if self.algorithm != "AEAD_AES_256_GCM" {
            return Err(NoticeRefusal::UnknownKind);
        }
        let nonce = self.nonce.as_bytes().try_into().or(Err(malformed))?;
        let sealed = BASE64.decode(&self.ciphertext).or(Err(malformed))?;
        let aad = self.associated_data.as_bytes();
        let plain = crypto::aead::open(&account.apiv3_key, nonce, aad, &sealed);
        serde_json::from_slice(&plain.or(Err(NoticeRefusal::BadSignature))?).or(Err(malformed))
    }
}

/// Ours are the merchant number and, for a service provider, the sub-merchant.
fn check_account(account: &Wechat, node: &Value) -> Result<(), NoticeRefusal> {
    let text = |name: &str| node.get(name).and_then(Value::as_str);
    let merchant = text("sp_mchid").or_else(|| text("mchid"));
    let sub = text("sub_mchid");
    if merchant == Some(&account.mchid) && sub == account.sub_mchid.as_deref() {
        Ok(())
    } else {
        Err(NoticeRefusal::OtherAccount)
    }
}

fn payment(account: &Wechat, node: &Value) -> Result<Notice, NoticeRefusal> {
    check_account(account, node)?;
    let no = node.get("out_trade_no").and_then(Value::as_str);
    let attempt = no.and_then(AttemptId::from_channel_no).ok_or(NoticeRefusal::UnknownOrder)?;
    let state = node.get("trade_state").and_then(Value::as_str).unwrap_or_default();
    let reply = match map::trade_state(state).or(Err(NoticeRefusal::Malformed))? {
        map::TradeState::Paid => {
            PaymentReply::Paid(v3::paid(node).ok_or(NoticeRefusal::Malformed)?)
        }
        map::TradeState::Other(reply) => reply,
    };
    Ok(Notice::Payment { attempt, reply })
}

fn refund(account: &Wechat, node: &Value) -> Result<Notice, NoticeRefusal> {
    check_account(account, node)?;
    let text = |name: &str| node.get(name).and_then(Value::as_str);
    let refund = text("out_refund_no").and_then(RefundId::from_channel_no);
    let refund = refund.ok_or(NoticeRefusal::UnknownOrder)?;
    let fen = node.pointer("/amount/refund").and_then(Value::as_u64);
    let amount = fen.and_then(|fen| Amount::new(fen, Currency::Cny).ok());
    let amount = amount.ok_or(NoticeRefusal::Malformed)?;
    let reply = v3::refund_reply(text("refund_status"), text("success_time"), amount);
    Ok(Notice::Refund { refund, reply: reply.or(Err(NoticeRefusal::Malformed))? })
}
