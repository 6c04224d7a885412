//! APIv3: JSON, signed with RSA over method, path, time, nonce and body; answers signed by the platform.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use crypto::RsaPublicKey;
use http::Method;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, USER_AGENT};
use ids::ChannelTradeNo;
use jiff::Timestamp;
use money::{Amount, Currency};
use orders::channel::{
    Call, Paid, PayWay, PaymentReply, Prepare, RefundCall, RefundReply, Reply, Subject, Unknown,
};
use serde_json::{Value, json};

use super::v2::fen;
use super::{Wechat, map};
use crate::{BuildError, Request, Response};

/// How far the time in a signed message may be from ours.
const WINDOW_S: i64 = 300;
/// Of a nonce that we make: the longest that the interface takes.
const NONCE_CHARS: usize = 32;

pub(super) fn build(
    account: &Wechat,
    call: &Call,
    now: Timestamp,
    nonce: &str,
) -> Result<Request, BuildError> {
    let (method, path, body) = message(account, call)?;
    let body = body.map(|b| b.to_string()).unwrap_or_default();
    signed(account, (method, &path, body), now, nonce)
}

/// Asks for the certificates that the platform signs with.
pub(super) fn ask_certificates(account: &Wechat, now: Timestamp, nonce: &str) -> Option<Request> {
    signed(account, (Method::GET, "/v3/certificates", String::new()), now, nonce).ok()
}

fn signed(
    account: &Wechat,
    (method, path, body): (Method, &str, String),
    now: Timestamp,
    nonce: &str,
) -> Result<Request, BuildError> {
    let seconds = now.as_second();
    let text = format!("{method}\n{path}\n{seconds}\n{nonce}\n{body}\n");
    let signature = BASE64.encode(account.key.sign_sha256(text.as_bytes()));
    let authorization = format!(
        "WECHATPAY2-SHA256-RSA2048 mchid=\"{}\",nonce_str=\"{nonce}\",signature=\"{signature}\",\
         timestamp=\"{seconds}\",serial_no=\"{}\"",
        account.mchid, account.serial_no
    );
    let mut request = http::Request::builder();
    // In public-key mode the key that signs the answer must be named.
    if let Some(id) = account.trust.named() {
        request = request.header("Wechatpay-Serial", id);
    }
    request
        .method(method)
        .uri(format!("{}{path}", account.base_url))
        .header(AUTHORIZATION, authorization)
        .header(ACCEPT, "application/json")
        .header(CONTENT_TYPE, "application/json")
        .header(USER_AGENT, "suanpan")
        .body(Bytes::from(body))
        .or(Err(BuildError::Unfit))
}

fn message(account: &Wechat, call: &Call) -> Result<(Method, String, Option<Value>), BuildError> {
    let partner = if account.sub_mchid.is_some() { "partner/" } else { "" };
    let trades = format!("/v3/pay/{partner}transactions");
    Ok(match call {
        Call::Prepare(prepare) => {
            let kind = kind(prepare.subject.way).ok_or(BuildError::NotOffered)?;
            (Method::POST, format!("{trades}/{kind}"), Some(prepay(account, prepare)?))
        }
        Call::Query(subject) => {
            let no = subject.attempt.channel_no();
            let path = format!("{trades}/out-trade-no/{no}?{}", who_query(account));
            (Method::GET, path, None)
        }
        Call::Close(subject) => {
            let path = format!("{trades}/out-trade-no/{}/close", subject.attempt.channel_no());
            (Method::POST, path, Some(who(account)))
        }
        Call::Refund(call) => {
            let path = "/v3/refund/domestic/refunds".to_owned();
            (Method::POST, path, Some(refund(account, call)?))
        }
        Call::QueryRefund(call) => {
            let no = call.refund.channel_no();
            let sub = account.sub_mchid.as_ref().map(|id| format!("?sub_mchid={id}"));
            let path = format!("/v3/refund/domestic/refunds/{no}{}", sub.unwrap_or_default());
            (Method::GET, path, None)
        }
        Call::Charge(_) | Call::Cancel(_) => return Err(BuildError::NotOffered),
    })
}

fn who(account: &Wechat) -> Value {
    match &account.sub_mchid {
        Some(sub) => json!({ "sp_mchid": account.mchid, "sub_mchid": sub }),
        None => json!({ "mchid": account.mchid }),
    }
}

fn who_query(account: &Wechat) -> String {
    match &account.sub_mchid {
        Some(sub) => format!("sp_mchid={}&sub_mchid={sub}", account.mchid),
        None => format!("mchid={}", account.mchid),
    }
}

/// The last part of the path that prepares a payment.
const fn kind(way: PayWay) -> Option<&'static str> {
    match way {
        PayWay::DynamicQr => Some("native"),
        PayWay::Jsapi => Some("jsapi"),
        PayWay::H5 => Some("h5"),
        PayWay::PayerCode
        | PayWay::OwnCode
        | PayWay::Page
        | PayWay::Card
        | PayWay::CardHold
        | PayWay::CardAdvice
        | PayWay::CardInquiry => None,
    }
}

fn prepay(account: &Wechat, prepare: &Prepare) -> Result<Value, BuildError> {
    let mut body = who(account);
    let (subject, details) = (&prepare.subject, &prepare.details);
    let mut put = |name: &str, value: Value| {
        if let Some(map) = body.as_object_mut() {
            map.insert(name.to_owned(), value);
        }
    };
    match (&account.sub_mchid, &account.sub_appid) {
        (Some(_), sub_appid) => {
            put("sp_appid", json!(account.appid));
            if let Some(sub_appid) = sub_appid {
                put("sub_appid", json!(sub_appid));
            }
        }
        (None, _) => put("appid", json!(account.appid)),
    }
    put("description", json!(details.description));
    put("out_trade_no", json!(subject.attempt.channel_no()));
    put("time_expire", json!(details.expires_at.strftime("%Y-%m-%dT%H:%M:%S+00:00").to_string()));
    put("notify_url", json!(details.notify_url));
    put("amount", json!({ "total": fen(subject.amount)?, "currency": "CNY" }));
    let mut scene = json!({ "payer_client_ip": details.terminal_ip });
    if let (PayWay::H5, Some(scene)) = (subject.way, scene.as_object_mut()) {
        scene.insert("h5_info".to_owned(), json!({ "type": "Wap" }));
    }
    put("scene_info", scene);
    if subject.way == PayWay::Jsapi {
        let payer = prepare.payer.as_ref().ok_or(BuildError::Unfit)?;
        // The openid belongs to the appid whose page the payer is on.
        let name = match (&account.sub_mchid, &account.sub_appid) {
            (Some(_), Some(_)) => "sub_openid",
            (Some(_), None) => "sp_openid",
            (None, _) => "openid",
        };
        put("payer", json!({ name: payer }));
    }
    Ok(body)
}

/// The link, with where the browser goes afterwards: the channel reads it from the link itself.
fn returning(url: &str, prepare: &Prepare) -> String {
    match &prepare.return_url {
        Some(to) => {
            let to: String = form_urlencoded::byte_serialize(to.as_bytes()).collect();
            format!("{url}&redirect_url={to}")
        }
        None => url.to_owned(),
    }
}

/// What the page gives to WeChat: `appId\ntimeStamp\nnonceStr\npackage\n`, signed with our key.
fn page_parameters(account: &Wechat, prepay_id: &str, now: Timestamp) -> String {
    let app_id = match (&account.sub_mchid, &account.sub_appid) {
        (Some(_), Some(sub_appid)) => sub_appid,
        (_, _) => &account.appid,
    };
    let (time, package) = (now.as_second().to_string(), format!("prepay_id={prepay_id}"));
    // Each prepay id is new, so its hash is a nonce that nobody saw before.
    let seed = crypto::digest::sha256(format!("{prepay_id}:{time}").as_bytes());
    let nonce: String = crypto::digest::to_hex(&seed).chars().take(NONCE_CHARS).collect();
    let text = format!("{app_id}\n{time}\n{nonce}\n{package}\n");
    let signature = BASE64.encode(account.key.sign_sha256(text.as_bytes()));
    let parameters = json!({
        "appId": app_id, "timeStamp": time, "nonceStr": nonce, "package": package,
        "signType": "RSA", "paySign": signature,
    });
    parameters.to_string()
}

fn refund(account: &Wechat, call: &RefundCall) -> Result<Value, BuildError> {
    let mut body = json!({
        "out_trade_no": call.subject.attempt.channel_no(),
        "out_refund_no": call.refund.channel_no(),
        "reason": call.reason,
        "notify_url": call.notify_url,
        "amount": {
            "refund": fen(call.amount)?, "total": fen(call.subject.amount)?, "currency": "CNY",
        },
    });
    if let (Some(map), Some(sub)) = (body.as_object_mut(), &account.sub_mchid) {
        map.insert("sub_mchid".to_owned(), json!(sub));
    }
    Ok(body)
}

/// Verifies `timestamp\nnonce\nbody\n` with the key that the message names.
pub(super) fn is_signed(
    account: &Wechat,
    headers: &http::HeaderMap,
    body: &[u8],
    now: Timestamp,
) -> bool {
    is_signed_by(|serial| account.trust.key(serial), headers, body, now)
}

/// The same by keys of the caller's choice.
pub(super) fn is_signed_by(
    key: impl Fn(&str) -> Option<RsaPublicKey>,
    headers: &http::HeaderMap,
    body: &[u8],
    now: Timestamp,
) -> bool {
    let header = |name: &str| headers.get(name).and_then(|v| v.to_str().ok());
    let parts = (
        header("wechatpay-timestamp"),
        header("wechatpay-nonce"),
        header("wechatpay-signature"),
        header("wechatpay-serial"),
    );
    let (Some(timestamp), Some(nonce), Some(signature), Some(serial)) = parts else {
        return false;
    };
    let seconds: Option<i64> = timestamp.parse().ok();
    if seconds.is_none_or(|s| now.as_second().saturating_sub(s).abs() > WINDOW_S) {
        return false;
    }
    let Some(key) = key(serial) else { return false };
    let text = [format!("{timestamp}\n{nonce}\n").as_bytes(), body, b"\n"].concat();
    BASE64.decode(signature).is_ok_and(|s| key.verify_sha256(&text, &s).is_ok())
}

pub(super) fn read(
    account: &Wechat,
    call: &Call,
    now: Timestamp,
    response: &Response,
) -> Result<Reply, Unknown> {
    let (status, body) = (response.status(), response.body());
    if status.is_server_error() {
        return Err(Unknown::ChannelUnsure);
    }
    if !is_signed(account, response.headers(), body, now) {
        return Err(Unknown::BadSignature);
    }
    let node: Value = if body.is_empty() {
        Value::Null
    } else {
        serde_json::from_slice(body).or(Err(Unknown::Unreadable))?
    };
    if !status.is_success() {
        return map::v3_refused(call, node.get("code").and_then(Value::as_str), &node);
    }
    match call {
        Call::Prepare(prepare) => {
            let text = |name: &str| node.get(name).and_then(Value::as_str).map(str::to_owned);
            let invoke = match prepare.subject.way {
                PayWay::DynamicQr
                | PayWay::OwnCode
                | PayWay::PayerCode
                | PayWay::Page
                | PayWay::Card
                | PayWay::CardHold
                | PayWay::CardAdvice
                | PayWay::CardInquiry => text("code_url"),
                PayWay::H5 => text("h5_url").map(|url| returning(&url, prepare)),
                PayWay::Jsapi => text("prepay_id").map(|id| page_parameters(account, &id, now)),
            };
            let invoke = invoke.ok_or(Unknown::Unreadable)?;
            Ok(Reply::Payment(PaymentReply::Ready { invoke }))
        }
        Call::Close(_) => Ok(Reply::Payment(PaymentReply::Closed)),
        Call::Query(subject) => transaction(subject, &node),
        Call::Refund(refund) | Call::QueryRefund(refund) => refund_status(refund, &node, "status"),
        Call::Charge(_) | Call::Cancel(_) => Err(Unknown::Unreadable),
    }
}

/// A transaction as queries and notices carry it.
pub(super) fn transaction(subject: &Subject, node: &Value) -> Result<Reply, Unknown> {
    let state = node.get("trade_state").and_then(Value::as_str).unwrap_or_default();
    match map::trade_state(state)? {
        map::TradeState::Other(reply) => Ok(Reply::Payment(reply)),
        map::TradeState::Paid => {
            let no = node.get("out_trade_no").and_then(Value::as_str);
            map::names(no, &subject.attempt.channel_no()).ok_or(Unknown::Unreadable)?;
            let paid = paid(node).ok_or(Unknown::Unreadable)?;
            map::checked(subject, paid)
        }
    }
}

pub(super) fn paid(node: &Value) -> Option<Paid> {
    let text = |path: &str| node.pointer(path).and_then(Value::as_str);
    let fen = node.pointer("/amount/total").and_then(Value::as_u64)?;
    let payer = text("/payer/sub_openid").or_else(|| text("/payer/sp_openid"));
    Some(Paid {
        trade_no: ChannelTradeNo::parse(text("/transaction_id")?).ok()?,
        amount: Amount::new(fen, Currency::Cny).ok()?,
        paid_at: text("/success_time")?.parse().ok()?,
        payer: payer.or_else(|| text("/payer/openid")).map(str::to_owned),
        card: None,
    })
}

/// A refund as answers (`status`) and notices (`refund_status`) carry it.
pub(super) fn refund_status(call: &RefundCall, node: &Value, name: &str) -> Result<Reply, Unknown> {
    let text = |name: &str| node.get(name).and_then(Value::as_str);
    map::names(text("out_refund_no"), &call.refund.channel_no()).ok_or(Unknown::Unreadable)?;
    let amount = node.pointer("/amount/refund").and_then(Value::as_u64);
    if amount != Some(call.amount.minor()) {
        return Err(Unknown::Unreadable);
    }
    refund_reply(text(name), text("success_time"), call.amount).map(Reply::Refund)
}

pub(super) fn refund_reply(
    status: Option<&str>,
    success_time: Option<&str>,
    amount: Amount,
) -> Result<RefundReply, Unknown> {
    match status {
        Some("SUCCESS") => {
            let at = success_time.and_then(|t| t.parse().ok());
            Ok(RefundReply::Succeeded { amount, refunded_at: at.ok_or(Unknown::Unreadable)? })
        }
        Some("PROCESSING") => Ok(RefundReply::Processing),
        Some(code @ "CLOSED") => {
            Ok(RefundReply::Refused(map::words(code, "the refund was closed")))
        }
        Some(code @ "ABNORMAL") => {
            Ok(RefundReply::Impossible(map::words(code, "the payer's account cannot take it back")))
        }
        _ => Err(Unknown::Unreadable),
    }
}
