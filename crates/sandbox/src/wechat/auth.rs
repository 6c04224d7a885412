//! The v3 interface's signatures: checking the caller's, making the channel's own.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderName, USER_AGENT};
use http::{HeaderMap, HeaderValue, StatusCode};
use jiff::Timestamp;

use super::config::{WechatConfig, WechatMerchant};
use super::numbers::nonce;
use super::trades::Trust;
use crate::core::{Request, Response};

pub(super) const SCHEME: &str = "WECHATPAY2-SHA256-RSA2048";
/// Farther than this from the channel's clock, a request is refused.
const SKEW_S_MAX: u64 = 300;

const TIMESTAMP: HeaderName = HeaderName::from_static("wechatpay-timestamp");
const NONCE: HeaderName = HeaderName::from_static("wechatpay-nonce");
pub(super) const SIGNATURE: HeaderName = HeaderName::from_static("wechatpay-signature");
const SERIAL: HeaderName = HeaderName::from_static("wechatpay-serial");
const SIGNATURE_TYPE: HeaderName = HeaderName::from_static("wechatpay-signature-type");
const REQUEST_ID: HeaderName = HeaderName::from_static("request-id");

/// Who signed a request, and which of the channel's keys is to sign the answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Caller<'a> {
    pub(super) merchant: &'a WechatMerchant,
    pub(super) trust: Trust,
}

/// Why a request is not looked at, in the order of the checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stranger {
    HeaderMissing,
    AuthorizationMissing,
    AuthorizationMalformed,
    MerchantUnknown,
    SerialUnknown,
    ClockSkewed,
    SignatureWrong,
    PlatformSerialUnknown,
}

impl Stranger {
    pub(super) const fn status(self) -> StatusCode {
        match self {
            Self::HeaderMissing | Self::PlatformSerialUnknown => StatusCode::BAD_REQUEST,
            Self::AuthorizationMissing
            | Self::AuthorizationMalformed
            | Self::MerchantUnknown
            | Self::SerialUnknown
            | Self::ClockSkewed
            | Self::SignatureWrong => StatusCode::UNAUTHORIZED,
        }
    }

    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::HeaderMissing => "PARAM_ERROR",
            Self::PlatformSerialUnknown => "INVALID_REQUEST",
            Self::AuthorizationMissing
            | Self::AuthorizationMalformed
            | Self::MerchantUnknown
            | Self::SerialUnknown
            | Self::ClockSkewed
            | Self::SignatureWrong => "SIGN_ERROR",
        }
    }

    pub(super) const fn text(self) -> &'static str {
        match self {
            Self::HeaderMissing => "Http头缺少Accept或User-Agent",
            Self::AuthorizationMissing => "Http头Authorization值为空",
            Self::AuthorizationMalformed => "Http头Authorization值格式错误",
            Self::MerchantUnknown => "Http头Authorization中的mchid不存在",
            Self::SerialUnknown => "商户证书序列号有误",
            Self::ClockSkewed => "Http头Authorization中的timestamp与发起请求的时间不得超过5分钟",
            Self::SignatureWrong => "错误的签名，验签失败",
            Self::PlatformSerialUnknown => "Http头Wechatpay-Serial有误",
        }
    }
}

/// The members of an `Authorization` header.
struct Claims<'a> {
    mchid: &'a str,
    serial_no: &'a str,
    nonce_str: &'a str,
    timestamp: &'a str,
    signature: &'a str,
}

/// Checks headers, merchant, clock and signature.
pub(super) fn authenticate<'a>(
    config: &'a WechatConfig,
    now: Timestamp,
    request: &Request,
) -> Result<Caller<'a>, Stranger> {
    let headers = request.headers();
    if !headers.contains_key(ACCEPT) || !headers.contains_key(USER_AGENT) {
        return Err(Stranger::HeaderMissing);
    }
    let header = headers.get(AUTHORIZATION).ok_or(Stranger::AuthorizationMissing)?;
    let header = header.to_str().or(Err(Stranger::AuthorizationMalformed))?;
    let claims = claims(header).ok_or(Stranger::AuthorizationMalformed)?;
    let merchant = config.merchant(claims.mchid).ok_or(Stranger::MerchantUnknown)?;
    if merchant.serial_no != claims.serial_no {
        return Err(Stranger::SerialUnknown);
    }
    let signed_at: i64 = claims.timestamp.parse().or(Err(Stranger::AuthorizationMalformed))?;
    if now.as_second().abs_diff(signed_at) > SKEW_S_MAX {
        return Err(Stranger::ClockSkewed);
    }
    let signature = BASE64.decode(claims.signature).or(Err(Stranger::SignatureWrong))?;
    let message = request_message(request, claims.timestamp, claims.nonce_str);
    if merchant.key.public_key().verify_sha256(&message, &signature).is_err() {
        return Err(Stranger::SignatureWrong);
    }
    let trust = trust(config, headers).ok_or(Stranger::PlatformSerialUnknown)?;
    Ok(Caller { merchant, trust })
}

/// Which key the caller says he trusts; certificates if he says nothing.
pub(super) fn trust(config: &WechatConfig, headers: &HeaderMap) -> Option<Trust> {
    let Some(serial) = headers.get(SERIAL) else {
        return Some(Trust::Certificate);
    };
    let serial = serial.to_str().ok()?;
    [Trust::Certificate, Trust::PublicKey]
        .into_iter()
        .find(|trust| config.platform.serial(*trust) == serial)
}

fn claims(header: &str) -> Option<Claims<'_>> {
    let members = header.strip_prefix(SCHEME)?.trim_start();
    let member = |name: &str| {
        members.split(',').find_map(|pair| {
            let (key, value) = pair.trim().split_once('=')?;
            (key == name).then(|| value.strip_prefix('"')?.strip_suffix('"')).flatten()
        })
    };
    Some(Claims {
        mchid: member("mchid")?,
        serial_no: member("serial_no")?,
        nonce_str: member("nonce_str")?,
        timestamp: member("timestamp")?,
        signature: member("signature")?,
    })
}

/// Method, path with query as sent, time, nonce and body, each with its line feed.
fn request_message(request: &Request, timestamp: &str, nonce: &str) -> Vec<u8> {
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
    let head = format!("{}\n{target}\n{timestamp}\n{nonce}\n", request.method());
    let mut message = head.into_bytes();
    message.extend_from_slice(request.body());
    message.push(b'\n');
    message
}

/// An answer with all five `Wechatpay-*` headers; a 204 is signed over an empty body.
pub(super) fn answer(
    config: &WechatConfig,
    now: Timestamp,
    trust: Trust,
    (status, body): (StatusCode, String),
) -> Response {
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = status;
    let headers = headers(config, now, trust, response.body());
    *response.headers_mut() = headers;
    response
}

/// The headers that sign a body: of an answer, or of a notice.
pub(super) fn headers(
    config: &WechatConfig,
    now: Timestamp,
    trust: Trust,
    body: &[u8],
) -> HeaderMap {
    let timestamp = now.as_second().to_string();
    let nonce = nonce(now, body);
    let mut message = format!("{timestamp}\n{nonce}\n").into_bytes();
    message.extend_from_slice(body);
    message.push(b'\n');
    let signature = BASE64.encode(config.platform.key(trust).sign_sha256(&message));
    let mut headers = HeaderMap::new();
    for (name, value) in [
        (TIMESTAMP, timestamp.as_str()),
        (NONCE, nonce.as_str()),
        (SIGNATURE, signature.as_str()),
        (SERIAL, config.platform.serial(trust)),
        (SIGNATURE_TYPE, SCHEME),
        (REQUEST_ID, nonce.as_str()),
    ] {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    }
    if !body.is_empty() {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    }
    headers
}
