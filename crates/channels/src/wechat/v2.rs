//! Version 2: flat XML, signed with the shared key over the sorted fields.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use ids::ChannelTradeNo;
use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};
use money::{Amount, Currency};
use orders::channel::{Call, Charge, Paid, PaymentReply, Reply, Subject, Unknown};
use quick_xml::Reader;
use quick_xml::events::Event;

use super::{V2SignType, Wechat, map};
use crate::{BuildError, Request, Response, payer_code};

type Fields = BTreeMap<String, String>;

/// Fields of one answer, at most: more is none of WeChat's.
const FIELDS_MAX: usize = 200;

pub(super) fn build(account: &Wechat, call: &Call, nonce: &str) -> Result<Request, BuildError> {
    let (path, mut fields) = match call {
        Call::Charge(charge) => ("/pay/micropay", micropay(charge)?),
        Call::Query(subject) => ("/pay/orderquery", number(subject)),
        Call::Cancel(subject) | Call::Close(subject) => ("/secapi/pay/reverse", number(subject)),
        Call::Prepare(_) | Call::Refund(_) | Call::QueryRefund(_) => {
            return Err(BuildError::NotOffered);
        }
    };
    let mut put = |name: &str, value: Option<&str>| {
        if let Some(value) = value {
            fields.insert(name.to_owned(), value.to_owned());
        }
    };
    put("appid", Some(&account.appid));
    put("mch_id", Some(&account.mchid));
    put("sub_appid", account.sub_appid.as_deref());
    put("sub_mch_id", account.sub_mchid.as_deref());
    let nonce: String = nonce.chars().filter(char::is_ascii_alphanumeric).take(32).collect();
    put("nonce_str", Some(&nonce));
    if account.v2_sign_type == V2SignType::HmacSha256 {
        put("sign_type", Some("HMAC-SHA256"));
    }
    let sign = sign(account, &fields);
    fields.insert("sign".to_owned(), sign);
    let mut request = http::Request::post(format!("{}{path}", account.base_url))
        .header(CONTENT_TYPE, "text/xml; charset=utf-8")
        .body(Bytes::from(to_xml(&fields)))
        .or(Err(BuildError::Unfit))?;
    // Only what gives money back wants the certificate.
    if let (true, Some(client)) = (path.starts_with("/secapi/"), &account.client) {
        request.extensions_mut().insert(client.clone());
    }
    Ok(request)
}

fn number(subject: &Subject) -> Fields {
    [("out_trade_no".to_owned(), subject.attempt.channel_no())].into()
}

fn micropay(charge: &Charge) -> Result<Fields, BuildError> {
    let mut fields = number(&charge.subject);
    let details = &charge.details;
    let mut put = |name: &str, value: String| fields.insert(name.to_owned(), value);
    put("body", details.description.clone());
    put("total_fee", fen(charge.subject.amount)?.to_string());
    put("spbill_create_ip", details.terminal_ip.clone());
    put("auth_code", payer_code(charge)?.to_owned());
    put("time_expire", compact(details.expires_at));
    if let Some(terminal) = &details.terminal {
        put("device_info", terminal.chars().take(32).collect());
    }
    Ok(fields)
}

pub(super) fn fen(amount: Amount) -> Result<u64, BuildError> {
    match amount.currency() {
        Currency::Cny => Ok(amount.minor()),
        Currency::Hkd | Currency::Jpy | Currency::Usd => Err(BuildError::NotOffered),
    }
}

/// `yyyyMMddHHmmss`, Beijing time.
fn compact(at: Timestamp) -> String {
    at.to_zoned(TimeZone::fixed(Offset::constant(8))).strftime("%Y%m%d%H%M%S").to_string()
}

fn read_compact(text: &str) -> Option<Timestamp> {
    let local = jiff::civil::DateTime::strptime("%Y%m%d%H%M%S", text).ok()?;
    Some(local.to_zoned(TimeZone::fixed(Offset::constant(8))).ok()?.timestamp())
}

/// Upper-case HMAC-SHA256 or MD5 over `k=v&...&key=<key>`; empty fields and `sign` are left out.
fn sign(account: &Wechat, fields: &Fields) -> String {
    let signed = fields.iter().filter(|(k, v)| !v.is_empty() && *k != "sign");
    let mut text: Vec<u8> = signed.flat_map(|(k, v)| format!("{k}={v}&").into_bytes()).collect();
    text.extend_from_slice(b"key=");
    text.extend_from_slice(account.v2_key.expose());
    match account.v2_sign_type {
        V2SignType::HmacSha256 => {
            hex::encode_upper(crypto::mac::hmac_sha256(&account.v2_key, &text))
        }
        V2SignType::Md5 => crypto::digest::md5_hex(&text).to_uppercase(),
    }
}

fn to_xml(fields: &Fields) -> String {
    let mut text = String::from("<xml>");
    for (name, value) in fields {
        let value = quick_xml::escape::escape(value.as_str());
        text.push_str(&format!("<{name}>{value}</{name}>"));
    }
    text.push_str("</xml>");
    text
}

/// Flat XML only: `<xml><name>text</name>...</xml>`. Document types and entities of their own are
/// refused by having no meaning here.
fn from_xml(body: &[u8]) -> Option<Fields> {
    let text = std::str::from_utf8(body).ok()?;
    let mut reader = Reader::from_str(text);
    let (mut fields, mut path, mut value) = (Fields::new(), Vec::<String>::new(), String::new());
    loop {
        match reader.read_event().ok()? {
            Event::Start(start) => {
                path.push(start.name().as_ref().to_owned());
                value.clear();
            }
            Event::Text(part) => value.push_str(&part),
            Event::CData(part) => value.push_str(&part),
            Event::GeneralRef(reference) => value.push_str(entity(&reference)?),
            Event::End(_) => {
                let name = path.pop()?;
                if path.len() == 1 {
                    fields.insert(name, value.trim().to_owned());
                }
                value.clear();
            }
            Event::Eof => return (path.is_empty() && !fields.is_empty()).then_some(fields),
            Event::DocType(_) | Event::PI(_) => return None,
            Event::Empty(_) | Event::Comment(_) | Event::Decl(_) => {}
        }
        if fields.len() > FIELDS_MAX || path.len() > 2 {
            return None;
        }
    }
}

fn entity(name: &str) -> Option<&'static str> {
    match name {
        "lt" => Some("<"),
        "gt" => Some(">"),
        "amp" => Some("&"),
        "quot" => Some("\""),
        "apos" => Some("'"),
        _ => None,
    }
}

pub(super) fn read(account: &Wechat, call: &Call, response: &Response) -> Result<Reply, Unknown> {
    if !response.status().is_success() {
        return Err(Unknown::NoAnswer);
    }
    let fields = from_xml(response.body()).ok_or(Unknown::Unreadable)?;
    let get = |name: &str| fields.get(name).map(String::as_str);
    if get("return_code") != Some("SUCCESS") {
        // The message itself was refused (its form or signature); such answers are not signed, so
        // they cannot end anything.
        tracing::error!(message = get("return_msg"), "WeChat Pay refuses our message");
        return Err(Unknown::BadSignature);
    }
    let signature = get("sign").unwrap_or_default();
    let expected = sign(account, &fields);
    if !crypto::mac::constant_time_eq(signature.as_bytes(), expected.as_bytes()) {
        return Err(Unknown::BadSignature);
    }
    if get("mch_id") != Some(&account.mchid) {
        return Err(Unknown::Unreadable);
    }
    match call {
        Call::Charge(charge) => charged(&charge.subject, &get),
        Call::Query(subject) => queried(subject, &get),
        Call::Cancel(_) | Call::Close(_) => reversed(&get),
        Call::Prepare(_) | Call::Refund(_) | Call::QueryRefund(_) => Err(Unknown::Unreadable),
    }
}

fn charged<'a>(
    subject: &Subject,
    get: &impl Fn(&str) -> Option<&'a str>,
) -> Result<Reply, Unknown> {
    match get("result_code") {
        Some("SUCCESS") => paid(subject, get),
        Some("FAIL") => map::charge_refused(get("err_code"), get("err_code_des")),
        _ => Err(Unknown::Unreadable),
    }
}

fn queried<'a>(
    subject: &Subject,
    get: &impl Fn(&str) -> Option<&'a str>,
) -> Result<Reply, Unknown> {
    if get("result_code") != Some("SUCCESS") {
        return map::query_refused(get("err_code"));
    }
    match map::trade_state(get("trade_state").unwrap_or_default())? {
        map::TradeState::Paid => paid(subject, get),
        map::TradeState::Other(reply) => Ok(Reply::Payment(reply)),
    }
}

/// `recall=Y`: ask again. Otherwise unpaid is closed and paid is returned; the answer does not say
/// which, and for our books both are nothing.
fn reversed<'a>(get: &impl Fn(&str) -> Option<&'a str>) -> Result<Reply, Unknown> {
    match (get("result_code"), get("recall")) {
        (Some("SUCCESS"), Some("N") | None) => Ok(Reply::Payment(PaymentReply::Closed)),
        (Some("SUCCESS"), Some(_)) => Ok(Reply::Payment(PaymentReply::Again)),
        (Some("FAIL"), Some("Y")) => Ok(Reply::Payment(PaymentReply::Again)),
        (Some("FAIL"), _) => map::reverse_refused(get("err_code"), get("err_code_des")),
        _ => Err(Unknown::Unreadable),
    }
}

fn paid<'a>(subject: &Subject, get: &impl Fn(&str) -> Option<&'a str>) -> Result<Reply, Unknown> {
    let read = || {
        map::names(get("out_trade_no"), &subject.attempt.channel_no())?;
        let fen: u64 = get("total_fee")?.parse().ok()?;
        Some(Paid {
            trade_no: ChannelTradeNo::parse(get("transaction_id")?).ok()?,
            amount: Amount::new(fen, Currency::Cny).ok()?,
            paid_at: get("time_end").and_then(read_compact)?,
            payer: get("sub_openid").or_else(|| get("openid")).map(str::to_owned),
            card: None,
        })
    };
    let paid = read().ok_or(Unknown::Unreadable)?;
    map::checked(subject, paid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flat_xml_reads() {
        let body = b"<xml><a><![CDATA[1<2]]></a>\n<b>x &amp; y</b><c></c></xml>";
        let fields = from_xml(body).unwrap();
        assert_eq!(fields.get("a").map(String::as_str), Some("1<2"));
        assert_eq!(fields.get("b").map(String::as_str), Some("x & y"));
        assert_eq!(fields.get("c").map(String::as_str), Some(""));
        let again = from_xml(to_xml(&fields).as_bytes()).unwrap();
        assert_eq!(again, fields);
    }

    #[test]
    fn other_xml_is_refused() {
        for body in [
            "",
            "<xml>",
            "no xml",
            "<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]><xml><a>&e;</a></xml>",
            "<xml><a>&unknown;</a></xml>",
            "<xml><a><b><c>1</c></b></a></xml>",
        ] {
            assert!(from_xml(body.as_bytes()).is_none(), "{body}");
        }
    }
}
