//! 非标码: UnionPay asks the code's owner for the order. UnionPay publishes no message for it; the form
//! here was chosen, with the gateway's own signatures: see the page of channels.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use money::{Amount, Currency};

use super::Unionpay;
use super::api::{china, txn_time};
use super::sign::{self, Fields};
use crate::{NoticeRefusal, OrderAnswer, OrderQuery, Response};

/// "Read the order behind a code" of the QRC system.
const REQUEST: &str = "0120000903";
const QUERY_NO_MAX: usize = 32;
const ADDRESS_BYTES_MAX: usize = 512;

pub(super) fn read(fields: &Fields) -> Result<OrderQuery, NoticeRefusal> {
    let get = |name: &str| fields.get(name).map(String::as_str);
    if get("reqType") != Some(REQUEST) {
        return Err(NoticeRefusal::UnknownKind);
    }
    let malformed = NoticeRefusal::Malformed;
    let query_no = get("queryNo").unwrap_or_default();
    let plain = query_no.bytes().all(|b| b.is_ascii_alphanumeric());
    if query_no.is_empty() || query_no.len() > QUERY_NO_MAX || !plain {
        return Err(malformed);
    }
    let address = get("qrCode").filter(|address| address.len() <= ADDRESS_BYTES_MAX);
    let amount = get("txnAmt").map(|text| {
        let fen = text.parse().or(Err(malformed))?;
        Amount::new(fen, Currency::Cny).or(Err(malformed))
    });
    Ok(OrderQuery {
        address: address.ok_or(malformed)?.to_owned(),
        query_no: query_no.to_owned(),
        amount: amount.transpose()?,
    })
}

pub(super) fn answer(account: &Unionpay, query_no: &str, answer: &OrderAnswer<'_>) -> Response {
    let (code, words) = outcome(answer);
    let mut fields = Fields::new();
    let mut put = |name: &str, value: &str| {
        // A value may not end the field that it is in.
        let plain: String = value.chars().filter(|c| !matches!(c, '&' | '{' | '}')).collect();
        fields.insert(name.to_owned(), plain);
    };
    put("version", "5.1.0");
    put("encoding", "UTF-8");
    put("signMethod", "01");
    put("reqType", REQUEST);
    put("queryNo", query_no);
    put("respCode", code);
    put("respMsg", words);
    put("merId", &account.mer_id);
    put("certId", &account.cert_id);
    match answer {
        OrderAnswer::AmountWanted { payee } => {
            put("merName", payee);
            put("currencyCode", "156");
            put("amountEntry", "1");
        }
        OrderAnswer::Order { payee, attempt, amount, expires_at, notify_url } => {
            put("merName", payee);
            put("currencyCode", "156");
            put("orderId", &attempt.channel_no());
            put("orderTime", &txn_time(attempt.made_at_ms()));
            put("txnAmt", &amount.minor().to_string());
            put("backUrl", notify_url);
            put("payTimeout", &china(*expires_at));
        }
        OrderAnswer::NoSuchCode
        | OrderAnswer::OutOfUse
        | OrderAnswer::AmountNotAllowed
        | OrderAnswer::BeingPaid => {}
    }
    fields.retain(|_, value| !value.is_empty());
    let signature = sign::sign(&account.key, &fields);
    fields.insert("signature".to_owned(), signature);
    let text: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let mut response = Response::new(Bytes::from(text.join("&")));
    let plain = http::HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, plain);
    response
}

const fn outcome(answer: &OrderAnswer<'_>) -> (&'static str, &'static str) {
    match answer {
        OrderAnswer::AmountWanted { .. } | OrderAnswer::Order { .. } => ("00", "success"),
        OrderAnswer::NoSuchCode => ("34", "no such code"),
        OrderAnswer::OutOfUse => ("02", "out of use"),
        OrderAnswer::AmountNotAllowed => ("13", "amount not allowed"),
        OrderAnswer::BeingPaid => ("05", "being paid"),
    }
}
