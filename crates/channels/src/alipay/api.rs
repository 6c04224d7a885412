//! Alipay's messages: what we send, and what its notices say.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use ids::{AttemptId, ChannelTradeNo};
use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};
use money::{Amount, Currency};
use orders::channel::{Call, Details, Notice, Paid, PayWay, PaymentReply, Prepare, Subject};
use serde_json::{Value, json};

use super::{Alipay, sign};
use crate::{BuildError, NoticeRefusal, Request, payer_code};

/// The method of a call; the answer's node is named after it.
pub(super) const fn method(call: &Call) -> &'static str {
    match call {
        Call::Charge(_) => "alipay.trade.pay",
        Call::Prepare(prepare) => match prepare.subject.way {
            PayWay::Jsapi => "alipay.trade.create",
            PayWay::H5 => "alipay.trade.wap.pay",
            PayWay::Page => "alipay.trade.page.pay",
            PayWay::DynamicQr
            | PayWay::OwnCode
            | PayWay::PayerCode
            | PayWay::Card
            | PayWay::CardHold
            | PayWay::CardAdvice
            | PayWay::CardInquiry => "alipay.trade.precreate",
        },
        Call::Query(_) => "alipay.trade.query",
        Call::Cancel(_) => "alipay.trade.cancel",
        Call::Close(_) => "alipay.trade.close",
        Call::Refund(_) => "alipay.trade.refund",
        Call::QueryRefund(_) => "alipay.trade.fastpay.refund.query",
    }
}

pub(super) const fn answer_name(call: &Call) -> &'static str {
    match call {
        Call::Charge(_) => "alipay_trade_pay_response",
        Call::Prepare(prepare) => match prepare.subject.way {
            PayWay::Jsapi => "alipay_trade_create_response",
            // No answer comes to the link of a browser.
            PayWay::DynamicQr
            | PayWay::OwnCode
            | PayWay::PayerCode
            | PayWay::H5
            | PayWay::Page
            | PayWay::Card
            | PayWay::CardHold
            | PayWay::CardAdvice
            | PayWay::CardInquiry => "alipay_trade_precreate_response",
        },
        Call::Query(_) => "alipay_trade_query_response",
        Call::Cancel(_) => "alipay_trade_cancel_response",
        Call::Close(_) => "alipay_trade_close_response",
        Call::Refund(_) => "alipay_trade_refund_response",
        Call::QueryRefund(_) => "alipay_trade_fastpay_refund_query_response",
    }
}

/// Common parameters in the query, the business content in the form: as the official clients do.
pub(super) fn build(account: &Alipay, call: &Call, now: Timestamp) -> Result<Request, BuildError> {
    let mut fields = signed(account, call, now)?;
    let content = fields.remove("biz_content").unwrap_or_default();
    let query = form(fields.iter().map(|(k, v)| (k.as_str(), v.as_str())));
    let body = form([("biz_content", content.as_str())].into_iter());
    http::Request::post(format!("{}?{query}", account.gateway))
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded;charset=utf-8")
        .body(Bytes::from(body))
        .or(Err(BuildError::Unfit))
}

/// The same as a link that a browser opens.
pub(super) fn link(account: &Alipay, call: &Call, now: Timestamp) -> Result<String, BuildError> {
    let fields = signed(account, call, now)?;
    let query = form(fields.iter().map(|(k, v)| (k.as_str(), v.as_str())));
    Ok(format!("{}?{query}", account.gateway))
}

/// A request without `biz_content`: its own parameters stand beside the common ones, in the query.
pub(super) fn request(
    account: &Alipay,
    method: &str,
    own: BTreeMap<String, String>,
    now: Timestamp,
) -> Result<Request, BuildError> {
    let fields = with_common(account, method, own, now);
    let query = form(fields.iter().map(|(k, v)| (k.as_str(), v.as_str())));
    http::Request::post(format!("{}?{query}", account.gateway))
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded;charset=utf-8")
        .body(Bytes::new())
        .or(Err(BuildError::Unfit))
}

fn signed(
    account: &Alipay,
    call: &Call,
    now: Timestamp,
) -> Result<BTreeMap<String, String>, BuildError> {
    let own = [
        ("notify_url", notify_url(call).unwrap_or_default().to_owned()),
        ("return_url", return_url(call).unwrap_or_default().to_owned()),
        ("biz_content", content(account, call)?.to_string()),
    ];
    let own = own.map(|(name, value)| (name.to_owned(), value)).into();
    Ok(with_common(account, method(call), own, now))
}

fn with_common(
    account: &Alipay,
    method: &str,
    own: BTreeMap<String, String>,
    now: Timestamp,
) -> BTreeMap<String, String> {
    let mut fields: BTreeMap<String, String> = [
        ("app_id", account.app_id.clone()),
        ("method", method.to_owned()),
        ("format", "JSON".to_owned()),
        ("charset", "utf-8".to_owned()),
        ("sign_type", "RSA2".to_owned()),
        ("timestamp", china(now)),
        ("version", "1.0".to_owned()),
        (
            "app_auth_token",
            account.app_auth_token.as_ref().map(|t| t.expose().clone()).unwrap_or_default(),
        ),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
    fields.extend(own);
    if let Some(serials) = &account.certificates {
        fields.insert("app_cert_sn".to_owned(), serials.app.clone());
        fields.insert("alipay_root_cert_sn".to_owned(), serials.root.clone());
    }
    fields.retain(|_, value| !value.is_empty());
    let signature = sign::sign(&account.key, &fields);
    fields.insert("sign".to_owned(), signature);
    fields
}

fn form<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

fn notify_url(call: &Call) -> Option<&str> {
    match call {
        Call::Charge(charge) => Some(&charge.details.notify_url),
        Call::Prepare(prepare) => Some(&prepare.details.notify_url),
        Call::Query(_)
        | Call::Cancel(_)
        | Call::Close(_)
        | Call::Refund(_)
        | Call::QueryRefund(_) => None,
    }
}

fn return_url(call: &Call) -> Option<&str> {
    match call {
        // In the app's own pages the page itself goes on.
        Call::Prepare(prepare) if prepare.subject.way != PayWay::Jsapi => {
            prepare.return_url.as_deref()
        }
        Call::Prepare(_)
        | Call::Charge(_)
        | Call::Query(_)
        | Call::Cancel(_)
        | Call::Close(_)
        | Call::Refund(_)
        | Call::QueryRefund(_) => None,
    }
}

fn content(account: &Alipay, call: &Call) -> Result<Value, BuildError> {
    Ok(match call {
        Call::Charge(charge) => {
            let mut content = trade(account, &charge.subject, &charge.details)?;
            put(&mut content, "scene", json!("bar_code"));
            put(&mut content, "auth_code", json!(payer_code(charge)?));
            content
        }
        Call::Prepare(prepare) => prepared(account, prepare)?,
        Call::Query(subject) | Call::Cancel(subject) | Call::Close(subject) => {
            json!({ "out_trade_no": subject.attempt.channel_no() })
        }
        Call::Refund(refund) => json!({
            "out_trade_no": refund.subject.attempt.channel_no(),
            "out_request_no": refund.refund.channel_no(),
            "refund_amount": yuan(refund.amount)?,
            "refund_reason": refund.reason,
        }),
        Call::QueryRefund(refund) => json!({
            "out_trade_no": refund.subject.attempt.channel_no(),
            "out_request_no": refund.refund.channel_no(),
            "query_options": ["gmt_refund_pay"],
        }),
    })
}

fn prepared(account: &Alipay, prepare: &Prepare) -> Result<Value, BuildError> {
    let mut content = trade(account, &prepare.subject, &prepare.details)?;
    match prepare.subject.way {
        PayWay::DynamicQr => {}
        PayWay::Jsapi => {
            let payer = prepare.payer.as_ref().ok_or(BuildError::Unfit)?;
            // A user id is 16 digits that begin with 2088; anything else is an open id.
            let is_user_id = payer.len() == 16 && payer.starts_with("2088");
            put(&mut content, if is_user_id { "buyer_id" } else { "buyer_open_id" }, json!(payer));
            put(&mut content, "product_code", json!("JSAPI_PAY"));
            put(&mut content, "op_app_id", json!(account.app_id));
        }
        PayWay::H5 => {
            put(&mut content, "product_code", json!("QUICK_WAP_WAY"));
            if let Some(url) = &prepare.return_url {
                put(&mut content, "quit_url", json!(url));
            }
        }
        PayWay::Page => put(&mut content, "product_code", json!("FAST_INSTANT_TRADE_PAY")),
        PayWay::PayerCode
        | PayWay::OwnCode
        | PayWay::Card
        | PayWay::CardHold
        | PayWay::CardAdvice
        | PayWay::CardInquiry => {
            return Err(BuildError::NotOffered);
        }
    }
    Ok(content)
}

fn trade(account: &Alipay, subject: &Subject, details: &Details) -> Result<Value, BuildError> {
    let mut content = json!({
        "out_trade_no": subject.attempt.channel_no(),
        "total_amount": yuan(subject.amount)?,
        "subject": details.description,
        "product_code": "FACE_TO_FACE_PAYMENT",
        "time_expire": china(details.expires_at),
    });
    if let Some(terminal) = &details.terminal {
        put(&mut content, "terminal_id", json!(terminal));
    }
    if let Some(id) = &account.sub_merchant_id {
        put(&mut content, "sub_merchant", json!({ "merchant_id": id, "merchant_type": "alipay" }));
    }
    Ok(content)
}

fn put(content: &mut Value, name: &str, value: Value) {
    if let Some(map) = content.as_object_mut() {
        map.insert(name.to_owned(), value);
    }
}

/// Alipay's amounts are yuan with two decimals.
fn yuan(amount: Amount) -> Result<String, BuildError> {
    match amount.currency() {
        Currency::Cny => Ok(amount.to_major()),
        Currency::Hkd | Currency::Jpy | Currency::Usd => Err(BuildError::NotOffered),
    }
}

/// `yyyy-MM-dd HH:mm:ss`, Beijing time.
fn china(at: Timestamp) -> String {
    at.to_zoned(TimeZone::fixed(Offset::constant(8))).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// The reverse of [`china`].
pub(super) fn read_china(text: &str) -> Option<Timestamp> {
    let local: jiff::civil::DateTime = text.replace(' ', "T").parse().ok()?;
    Some(local.to_zoned(TimeZone::fixed(Offset::constant(8))).ok()?.timestamp())
}

/// A verified notice: whose it is, and what it says of which attempt.
pub(super) fn notice(
    account: &Alipay,
    fields: &BTreeMap<String, String>,
) -> Result<Notice, NoticeRefusal> {
    let get = |name: &str| fields.get(name).map(String::as_str);
    if get("app_id") != Some(&account.app_id) || get("seller_id") != Some(&account.seller_id) {
        return Err(NoticeRefusal::OtherAccount);
    }
    if get("notify_type") != Some("trade_status_sync") {
        return Err(NoticeRefusal::UnknownKind);
    }
    let attempt = get("out_trade_no").and_then(AttemptId::from_channel_no);
    let attempt = attempt.ok_or(NoticeRefusal::UnknownOrder)?;
    let reply = match get("trade_status") {
        Some("TRADE_SUCCESS" | "TRADE_FINISHED") => {
            let paid = paid(&get).ok_or(NoticeRefusal::Malformed)?;
            PaymentReply::Paid(paid)
        }
        Some("TRADE_CLOSED") => PaymentReply::Closed,
        Some("WAIT_BUYER_PAY") => PaymentReply::Pending,
        _ => return Err(NoticeRefusal::UnknownKind),
    };
    Ok(Notice::Payment { attempt, reply })
}

fn paid<'a>(get: &impl Fn(&str) -> Option<&'a str>) -> Option<Paid> {
    Some(Paid {
        trade_no: ChannelTradeNo::parse(get("trade_no")?).ok()?,
        amount: Amount::parse_major(get("total_amount")?, Currency::Cny).ok()?,
        paid_at: get("gmt_payment").and_then(read_china)?,
        payer: get("buyer_open_id").or_else(|| get("buyer_id")).map(str::to_owned),
        card: None,
    })
}
