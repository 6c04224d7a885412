//! The gateway's wire: a form in, `k=v&k=v` out, signed twice hashed both ways; and notices as forms.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use http::{HeaderValue, Method, header};
use money::{Amount, Currency};

use super::config::{UnionpayConfig, UnionpayGateway, UnionpayMerchant};
use super::refusal::Refusal;
use crate::core::{Request, Response};

pub(super) type Fields = BTreeMap<String, String>;

/// `orderId` has 8 to 32 letters and digits; "some versions 40" are not emulated.
const ORDER_ID_CHARS: std::ops::RangeInclusive<usize> = 8..=32;
/// Amounts have at most 12 digits.
const AMOUNT_DIGITS_MAX: usize = 12;
/// What an answer or notice repeats of the request.
const REPEATED: [&str; 12] = [
    "version",
    "encoding",
    "signMethod",
    "txnType",
    "txnSubType",
    "bizType",
    "accessType",
    "acqInsCode",
    "merId",
    "orderId",
    "txnTime",
    "reqReserved",
];

/// What a message asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Query,
    Consume,
    Apply,
    Void,
    Refund,
}

/// A call that the gateway lets through.
#[derive(Debug)]
pub(super) struct Call<'a> {
    pub(super) merchant: &'a UnionpayMerchant,
    pub(super) kind: Kind,
    pub(super) order_id: String,
    pub(super) txn_time: String,
    fields: &'a Fields,
}

impl Call<'_> {
    /// A field's text; `None` if it is absent.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.fields.get(name).map(String::as_str)
    }

    pub(super) fn required(&self, name: &'static str) -> Result<&str, Refusal> {
        self.text(name).ok_or(Refusal::Malformed(name))
    }

    pub(super) fn amount(&self) -> Result<Amount, Refusal> {
        let bad = Refusal::Malformed("txnAmt");
        let text = self.required("txnAmt")?;
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        if !digits || text.is_empty() || text.len() > AMOUNT_DIGITS_MAX {
            return Err(bad);
        }
        let fen = text.parse::<u64>().or(Err(bad))?;
        let amount = Amount::new(fen, Currency::Cny).or(Err(bad))?;
        if amount.is_zero() {
            return Err(bad);
        }
        if self.text("currencyCode") != Some("156") {
            return Err(Refusal::Malformed("currencyCode"));
        }
        Ok(amount)
    }

    pub(super) fn repeated(&self) -> Fields {
        repeated(self.fields)
    }
}

/// The fields of a form, decoded once. Twice the same name is the last one's value.
pub(super) fn fields(request: &Request) -> Fields {
    form_urlencoded::parse(request.body()).into_owned().collect()
}

/// The call's name for fault rules, as it says itself, unverified.
pub(super) fn call_name(request: &Request) -> String {
    match kind(&fields(request)) {
        Some(Kind::Query) => "query",
        Some(Kind::Consume) => "consume",
        Some(Kind::Apply) => "apply",
        Some(Kind::Void) => "void",
        Some(Kind::Refund) => "refund",
        None => "",
    }
    .to_owned()
}

fn kind(fields: &Fields) -> Option<Kind> {
    let get = |name: &str| fields.get(name).map(String::as_str);
    match (get("txnType")?, get("txnSubType")?, get("bizType")?) {
        ("00", "00", "000000") => Some(Kind::Query),
        ("01", "06", "000000") => Some(Kind::Consume),
        ("01", "07", "000000") => Some(Kind::Apply),
        ("31", "00", "000000") => Some(Kind::Void),
        ("04", "00", "000000") => Some(Kind::Refund),
        _ => None,
    }
}

/// Verifies a call. Who speaks comes first: an unknown merchant learns nothing of what else is wrong.
pub(super) fn read<'a>(
    config: &'a UnionpayConfig,
    request: &Request,
    fields: &'a Fields,
) -> Result<Call<'a>, Refusal> {
    let get = |name: &str| fields.get(name).map(String::as_str);
    let is = |name: &str, expect: &str| get(name) == Some(expect);
    if !is("version", "5.1.0") {
        return Err(Refusal::Version);
    }
    if !is("encoding", "UTF-8") {
        return Err(Refusal::Encoding);
    }
    if !is("signMethod", "01") {
        return Err(Refusal::SignMethod);
    }
    let merchant = get("merId").and_then(|mer_id| config.merchant(mer_id));
    let merchant = merchant.ok_or(Refusal::UnknownMerchant)?;
    if !is("certId", &merchant.cert_id) {
        return Err(Refusal::CertId);
    }
    verify(merchant, fields)?;
    let access = if merchant.acq_ins_code.is_some() { "1" } else { "0" };
    if !is("accessType", access) || get("acqInsCode") != merchant.acq_ins_code.as_deref() {
        return Err(Refusal::Access);
    }
    if !matches!(get("channelType"), Some("07" | "08")) {
        return Err(Refusal::Malformed("channelType"));
    }
    let kind = kind(fields).ok_or(Refusal::UnknownKind)?;
    let path = match kind {
        Kind::Query => "/gateway/api/queryTrans.do",
        Kind::Consume | Kind::Apply | Kind::Void | Kind::Refund => "/gateway/api/backTransReq.do",
    };
    if request.method() != Method::POST || request.uri().path() != path {
        return Err(Refusal::UnknownKind);
    }
    Ok(Call { merchant, kind, order_id: order_id(fields)?, txn_time: txn_time(fields)?, fields })
}

pub(super) fn order_id(fields: &Fields) -> Result<String, Refusal> {
    let plain = |id: &&String| {
        ORDER_ID_CHARS.contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric())
    };
    fields.get("orderId").filter(plain).cloned().ok_or(Refusal::Malformed("orderId"))
}

fn txn_time(fields: &Fields) -> Result<String, Refusal> {
    let time = |text: &&String| super::trades::read_beijing(text).is_some();
    fields.get("txnTime").filter(time).cloned().ok_or(Refusal::Malformed("txnTime"))
}

pub(super) fn verify(merchant: &UnionpayMerchant, fields: &Fields) -> Result<(), Refusal> {
    let signature = fields.get("signature").and_then(|text| BASE64.decode(text).ok());
    let signature = signature.ok_or(Refusal::Signature)?;
    let verified = merchant.key.public_key().verify_sha256(&hashed(fields), &signature);
    verified.or(Err(Refusal::Signature))
}

/// 5.1.0, `signMethod` 01: what RSA signs is the hexadecimal text of the first hash.
pub(super) fn hashed(fields: &Fields) -> Vec<u8> {
    let mut text = String::new();
    for (name, value) in fields.iter().filter(|(name, _)| *name != "signature") {
        if !text.is_empty() {
            text.push('&');
        }
        text.push_str(name);
        text.push('=');
        text.push_str(value);
    }
    crypto::digest::to_hex(&crypto::digest::sha256(text.as_bytes())).into_bytes()
}

fn repeated(request: &Fields) -> Fields {
    let named = request.iter().filter(|(name, value)| {
        // An answer is not encoded: only a group in braces may hold what parts fields.
        let group = value.starts_with('{') && value.ends_with('}');
        REPEATED.contains(&name.as_str()) && (group || !value.contains(['&', '{', '}']))
    });
    named.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// The answer: the fields of the request that are repeated, the outcome, certificate and signature.
pub(super) fn answer(gateway: &UnionpayGateway, request: &Fields, outcome: Fields) -> Response {
    let mut fields = repeated(request);
    fields.extend(outcome);
    sign(gateway, &mut fields);
    let pairs: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let mut response = Response::new(Bytes::from(pairs.join("&")));
    let text = HeaderValue::from_static("text/html;charset=UTF-8");
    response.headers_mut().insert(header::CONTENT_TYPE, text);
    response
}

pub(super) fn outcome(code: &str, message: &str) -> Fields {
    let pairs = [("respCode", code), ("respMsg", message)];
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}

pub(super) fn refused(refusal: Refusal) -> Fields {
    outcome(refusal.code(), &refusal.message())
}

fn sign(gateway: &UnionpayGateway, fields: &mut Fields) {
    for (name, value) in [
        // Whatever was asked for, this is how the gateway speaks.
        ("version", "5.1.0"),
        ("encoding", "UTF-8"),
        ("signMethod", "01"),
        ("certId", &gateway.cert_id),
        ("signPubKeyCert", &gateway.cert_pem),
    ] {
        fields.insert(name.to_owned(), value.to_owned());
    }
    fields.retain(|_, value| !value.is_empty());
    let signature = BASE64.encode(gateway.key.sign_sha256(&hashed(fields)));
    fields.insert("signature".to_owned(), signature);
}

/// The same answer whose signature is of other bytes.
pub(super) fn with_wrong_signature(response: Response) -> Response {
    const FORM: &[u8] = b"&signature=";
    const JSON: &[u8] = b"\"signature\":\"";
    let (parts, body) = response.into_parts();
    let mark = if body.starts_with(b"{") { JSON } else { FORM };
    let at = body.windows(mark.len()).rposition(|window| window == mark);
    let mut bytes = body.to_vec();
    // Base64 text stays base64 text: only the signature's first characters change.
    for byte in bytes.iter_mut().skip(at.map_or(usize::MAX, |at| at + mark.len())).take(8) {
        *byte = if *byte == b'A' { b'B' } else { b'A' };
    }
    Response::from_parts(parts, Bytes::from(bytes))
}

/// The body of a notice: signed, then encoded as a form.
pub(super) fn notice_body(gateway: &UnionpayGateway, mut fields: Fields) -> Bytes {
    sign(gateway, &mut fields);
    let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(&fields).finish();
    Bytes::from(form)
}
