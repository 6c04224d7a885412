//! The gateway's wire: parameters in, signed node out; and the signature of notices.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use encoding_rs::{Encoding, GBK, UTF_8};
use http::{HeaderValue, header};
use serde_json::{Map, Value};

use super::config::{AlipayApp, AlipayConfig};
use super::method::Method;
use super::refusal::GatewayFault;
use crate::core::{Request, Response};

/// Raw parameters: names and values URL-decoded once, still in the bytes of their charset.
type Params = BTreeMap<Vec<u8>, Vec<u8>>;

/// A call that the gateway lets through.
#[derive(Debug)]
pub(super) struct Call<'a> {
    pub(super) app: &'a AlipayApp,
    pub(super) method: Method,
    pub(super) charset: &'static Encoding,
    pub(super) biz: Map<String, Value>,
    pub(super) notify_url: Option<String>,
    /// Where the payer's browser goes after a page.
    pub(super) return_url: Option<String>,
    /// What a token's call has in the place of `biz_content`.
    pub(super) grant_type: Option<String>,
    pub(super) code: Option<String>,
}

/// A call that it does not, with what is known for the answer.
#[derive(Debug)]
pub(super) struct Rejected<'a> {
    pub(super) app: Option<&'a AlipayApp>,
    pub(super) method: Option<Method>,
    pub(super) charset: &'static Encoding,
    pub(super) fault: GatewayFault,
}

/// The call's method as it says itself, unverified; for fault rules.
pub(super) fn method_name(request: &Request) -> String {
    let params = params(request);
    String::from_utf8_lossy(params.get(b"method".as_slice()).map_or(b"", Vec::as_slice)).into()
}

/// Reads and verifies a call. Clients put parameters into query and form as they like: both count.
pub(super) fn read<'a>(
    config: &'a AlipayConfig,
    request: &Request,
) -> Result<Call<'a>, Rejected<'a>> {
    let params = params(request);
    let (charset, charset_known) = match text(&params, "charset", UTF_8) {
        None => (UTF_8, true),
        Some(label) => match label.to_ascii_lowercase().as_str() {
            "utf-8" | "utf8" => (UTF_8, true),
            "gbk" | "gb2312" | "gb18030" => (GBK, true),
            _ => (UTF_8, false),
        },
    };
    let get = |name: &str| text(&params, name, charset);
    let method = get("method").and_then(|name| Method::parse(&name));
    let app = get("app_id").and_then(|app_id| config.app(&app_id));
    let reject = |fault| Rejected { app, method, charset, fault };

    for name in ["method", "app_id", "sign", "sign_type", "timestamp", "version", "charset"] {
        if get(name).is_none() {
            return Err(reject(GatewayFault::Missing(name)));
        }
    }
    let app = app.ok_or_else(|| reject(GatewayFault::Invalid("app_id")))?;
    let method = method.ok_or_else(|| reject(GatewayFault::Invalid("method")))?;
    if !charset_known {
        return Err(reject(GatewayFault::Invalid("charset")));
    }
    check_common(app, &get).map_err(reject)?;
    verify(app, &params, charset).map_err(reject)?;
    let biz = match get("biz_content") {
        None => Map::new(),
        Some(json) => {
            serde_json::from_str(&json).or(Err(reject(GatewayFault::Invalid("biz_content"))))?
        }
    };
    let (notify_url, return_url) = (get("notify_url"), get("return_url"));
    let (grant_type, code) = (get("grant_type"), get("code"));
    Ok(Call { app, method, charset, biz, notify_url, return_url, grant_type, code })
}

fn check_common(
    app: &AlipayApp,
    get: &impl Fn(&str) -> Option<String>,
) -> Result<(), GatewayFault> {
    let is = |name: &str, expect: &str| get(name).is_some_and(|value| value == expect);
    if !is("sign_type", "RSA2") {
        return Err(GatewayFault::Invalid("sign_type"));
    }
    if !is("version", "1.0") {
        return Err(GatewayFault::Invalid("version"));
    }
    if get("format").is_some_and(|format| !format.eq_ignore_ascii_case("json")) {
        return Err(GatewayFault::Invalid("format"));
    }
    // AES-encrypted biz_content is not emulated.
    if get("encrypt_type").is_some() {
        return Err(GatewayFault::Invalid("encrypt_type"));
    }
    let timestamp = get("timestamp").unwrap_or_default();
    if jiff::civil::DateTime::strptime("%Y-%m-%d %H:%M:%S", &timestamp).is_err() {
        return Err(GatewayFault::Invalid("timestamp"));
    }
    let Some(certificates) = app.certificates() else {
        return Ok(());
    };
    for (name, expect) in [
        ("app_cert_sn", &certificates.app_cert_sn),
        ("alipay_root_cert_sn", &certificates.alipay_root_cert_sn),
    ] {
        match get(name) {
            None => return Err(GatewayFault::Missing(name)),
            Some(sn) if sn == *expect => {}
            Some(_) => return Err(GatewayFault::Invalid(name)),
        }
    }
    Ok(())
}

fn verify(
    app: &AlipayApp,
    params: &Params,
    charset: &'static Encoding,
) -> Result<(), GatewayFault> {
    let built = sign_string(params, &[b"sign"]);
    let sign = params.get(b"sign".as_slice()).map_or(b"".as_slice(), Vec::as_slice);
    let verified = BASE64
        .decode(sign)
        .is_ok_and(|sign| app.merchant_key.public_key().verify_sha256(&built, &sign).is_ok());
    if verified {
        return Ok(());
    }
    let (built, _, _) = charset.decode(&built);
    Err(GatewayFault::InvalidSignature { built: built.into_owned() })
}

/// `k=v` of all but the excepted and the empty, by name, joined by `&`, values not URL-encoded.
fn sign_string(params: &Params, except: &[&[u8]]) -> Vec<u8> {
    let mut built = Vec::new();
    for (name, value) in params {
        if value.is_empty() || except.contains(&name.as_slice()) {
            continue;
        }
        if !built.is_empty() {
            built.push(b'&');
        }
        built.extend_from_slice(name);
        built.push(b'=');
        built.extend_from_slice(value);
    }
    built
}

/// The answer: the node first, then its signature over the node's exact bytes, then in certificate
/// mode the certificate's name. Clients cut the node out by these very neighbours.
pub(super) fn answer(
    app: &AlipayApp,
    method: Method,
    charset: &'static Encoding,
    node: Map<String, Value>,
) -> Response {
    signed(app, &method.response_key(), charset, node)
}

/// A fault that a method itself finds: signed, under the key of errors.
pub(super) fn signed_error(
    app: &AlipayApp,
    charset: &'static Encoding,
    node: Map<String, Value>,
) -> Response {
    signed(app, "error_response", charset, node)
}

fn signed(
    app: &AlipayApp,
    key: &str,
    charset: &'static Encoding,
    node: Map<String, Value>,
) -> Response {
    // The channel escapes slashes; who re-serialises before verifying shall fail here too.
    let node = Value::Object(node).to_string().replace('/', "\\/");
    let (node, _, _) = charset.encode(&node);
    let sign = BASE64.encode(app.channel_key.sign_sha256(&node));
    let mut body = format!("{{\"{key}\":").into_bytes();
    body.extend_from_slice(&node);
    body.extend_from_slice(format!(",\"sign\":\"{sign}\"").as_bytes());
    if let Some(certificates) = app.certificates() {
        let sn = &certificates.alipay_cert_sn;
        body.extend_from_slice(format!(",\"alipay_cert_sn\":\"{sn}\"").as_bytes());
    }
    body.push(b'}');
    respond(body, charset)
}

/// A fault of which the gateway knows no application to sign for.
pub(super) fn unsigned_error(charset: &'static Encoding, node: Map<String, Value>) -> Response {
    let node = Value::Object(node).to_string();
    let (node, _, _) = charset.encode(&node);
    let mut body = b"{\"error_response\":".to_vec();
    body.extend_from_slice(&node);
    body.push(b'}');
    respond(body, charset)
}

/// The same answer whose signature is of other bytes.
pub(super) fn with_wrong_signature(response: Response) -> Response {
    const MARK: &[u8] = b",\"sign\":\"";
    let (parts, body) = response.into_parts();
    let at = body.windows(MARK.len()).rposition(|window| window == MARK);
    let mut bytes = body.to_vec();
    // Base64 text stays base64 text: only the signature's first characters change.
    for byte in bytes.iter_mut().skip(at.map_or(usize::MAX, |at| at + MARK.len())).take(8) {
        *byte = if *byte == b'A' { b'B' } else { b'A' };
    }
    Response::from_parts(parts, Bytes::from(bytes))
}

/// The body of a notice: its fields, signed without `sign` and `sign_type`, as a form.
pub(super) fn notice_body(
    app: &AlipayApp,
    charset: &'static Encoding,
    fields: &BTreeMap<String, String>,
) -> Bytes {
    let encode = |text: &str| charset.encode(text).0.into_owned();
    let mut params: Params =
        fields.iter().map(|(name, value)| (encode(name), encode(value))).collect();
    let signature = app.channel_key.sign_sha256(&sign_string(&params, &[b"sign", b"sign_type"]));
    params.insert(b"sign".to_vec(), BASE64.encode(signature).into_bytes());
    params.insert(b"sign_type".to_vec(), b"RSA2".to_vec());
    let pairs: Vec<String> = params
        .iter()
        .map(|(name, value)| {
            let name: String = form_urlencoded::byte_serialize(name).collect();
            let value: String = form_urlencoded::byte_serialize(value).collect();
            format!("{name}={value}")
        })
        .collect();
    Bytes::from(pairs.join("&"))
}

fn respond(body: Vec<u8>, charset: &'static Encoding) -> Response {
    let mut response = Response::new(Bytes::from(body));
    let content_type =
        if charset == GBK { "text/html;charset=gbk" } else { "text/html;charset=utf-8" };
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

fn params(request: &Request) -> Params {
    let query = request.uri().query().unwrap_or_default().as_bytes();
    let mut params = Params::new();
    for part in [query, request.body()] {
        for pair in part.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
            let mut sides = pair.splitn(2, |byte| *byte == b'=');
            let name = url_decoded(sides.next().unwrap_or_default());
            let value = url_decoded(sides.next().unwrap_or_default());
            params.insert(name, value);
        }
    }
    params
}

/// A parameter's text; `None` if it is absent or empty, as the gateway sees no difference.
fn text(params: &Params, name: &str, charset: &'static Encoding) -> Option<String> {
    let value = params.get(name.as_bytes()).filter(|value| !value.is_empty())?;
    Some(charset.decode(value).0.into_owned())
}

fn url_decoded(bytes: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        let escape = tail.get(..2).and_then(|two| hex::decode(two).ok());
        match (first, escape.as_deref()) {
            (b'%', Some([byte])) => {
                decoded.push(*byte);
                rest = tail.get(2..).unwrap_or_default();
            }
            (b'+', _) => decoded.push(b' '),
            (other, _) => decoded.push(*other),
        }
    }
    decoded
}
