//! What a phone changes between the shop and the web view: headers, `Location`, and one script in
//! HTML answers. Nothing else.

use http::header::{
    ACCEPT_ENCODING, CONNECTION, CONTENT_LENGTH, CONTENT_SECURITY_POLICY,
    CONTENT_SECURITY_POLICY_REPORT_ONLY, CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue,
    LOCATION, ORIGIN, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, REFERER, TE, TRAILER,
    TRANSFER_ENCODING, UPGRADE, USER_AGENT, X_FRAME_OPTIONS,
};

/// Headers of one connection, not of the message (RFC 9110, section 7.6.1).
const HOP_BY_HOP: [HeaderName; 9] = [
    CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
];
const SCRIPT: &[u8] = b"<script src=\"/sandbox/bridge.js\"></script>";

/// The addresses between which a phone stands, without final slashes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bases<'a> {
    pub(super) phone: &'a str,
    pub(super) shop: &'a [String],
    pub(super) sandbox: &'a str,
}

/// The request's headers as the app sends them: to the shop it is the shop's own page that asks.
pub(super) fn request_headers(
    from: &HeaderMap,
    user_agent: &'static str,
    (phone, target): (&str, &str),
) -> HeaderMap {
    let mut headers = end_to_end(from);
    for name in [HOST, CONTENT_LENGTH, ACCEPT_ENCODING] {
        headers.remove(name);
    }
    for name in [ORIGIN, REFERER] {
        let moved = headers.get(&name).and_then(|value| moved(value, phone, target));
        if let Some(moved) = moved {
            headers.insert(name, moved);
        }
    }
    headers.insert(USER_AGENT, HeaderValue::from_static(user_agent));
    headers
}

/// The answer's headers: the shop's and the sandbox's addresses become the phone's own, and HTML
/// may stand in a frame and load the bridge.
pub(super) fn answer_headers(from: &HeaderMap, bases: Bases<'_>) -> HeaderMap {
    let mut headers = end_to_end(from);
    headers.remove(CONTENT_LENGTH);
    let location = headers.get(LOCATION).and_then(|value| {
        let moved_from = |base: &str| moved(value, base, bases.phone);
        let of_shop = bases.shop.iter().find_map(|base| moved_from(base));
        of_shop.or_else(|| moved_from(bases.sandbox))
    });
    if let Some(location) = location {
        headers.insert(LOCATION, location);
    }
    if is_html(from) {
        for name in [X_FRAME_OPTIONS, CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY_REPORT_ONLY]
        {
            headers.remove(name);
        }
    }
    headers
}

pub(super) fn is_html(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    kind.is_some_and(|kind| kind.trim_start().to_ascii_lowercase().starts_with("text/html"))
}

/// The page with the bridge as the first script of its head; without a head, behind its doctype.
pub(super) fn with_bridge(page: &[u8]) -> Vec<u8> {
    let at = end_of_tag(page, b"<head").or_else(|| end_of_tag(page, b"<!doctype")).unwrap_or(0);
    let (before, after) = page.split_at(at);
    [before, SCRIPT, after].concat()
}

/// Behind the first tag of this name.
fn end_of_tag(page: &[u8], tag: &[u8]) -> Option<usize> {
    let begins = |window: &[u8]| {
        let (name, next) = window.split_at(tag.len());
        let ends = next.first().is_some_and(|b| *b == b'>' || b.is_ascii_whitespace());
        name.eq_ignore_ascii_case(tag) && ends
    };
    let start = page.windows(tag.len() + 1).position(begins)?;
    let length = page.iter().skip(start).position(|byte| *byte == b'>')?;
    Some(start + length + 1)
}

fn end_to_end(from: &HeaderMap) -> HeaderMap {
    let named: Vec<String> = from
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|name| name.trim().to_ascii_lowercase())
        .collect();
    let mut headers = HeaderMap::new();
    for (name, value) in from {
        let of_hop = HOP_BY_HOP.contains(name) || named.iter().any(|n| n == name.as_str());
        if !of_hop {
            headers.append(name.clone(), value.clone());
        }
    }
    headers
}

/// The same path at another address; `None` if the address is not this one.
fn moved(value: &HeaderValue, from: &str, to: &str) -> Option<HeaderValue> {
    let rest = value.to_str().ok()?.strip_prefix(from)?;
    let whole = rest.is_empty() || rest.starts_with(['/', '?', '#']);
    whole.then(|| HeaderValue::from_str(&format!("{to}{rest}")).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    const PHONE: &str = "http://127.0.0.1:1";
    const SHOP: &str = "http://127.0.0.1:8080";

    fn answered(headers: &HeaderMap) -> HeaderMap {
        let shop = [SHOP.to_owned(), "https://pay.example.com".to_owned()];
        let bases = Bases { phone: PHONE, shop: &shop, sandbox: "http://127.0.0.1:9" };
        answer_headers(headers, bases)
    }

    #[test]
    fn locations_stay_on_the_phone() {
        for (location, expect) in [
            ("http://127.0.0.1:8080/o/x", "http://127.0.0.1:1/o/x"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:1"),
            ("http://127.0.0.1:80801/o", "http://127.0.0.1:80801/o"),
            (
                "http://127.0.0.1:9/connect/oauth2/authorize?redirect_uri=http%3A%2F%2F127.0.0.1%3A8080",
                "http://127.0.0.1:1/connect/oauth2/authorize?redirect_uri=http%3A%2F%2F127.0.0.1%3A8080",
            ),
            ("https://pay.example.com/o/x", "http://127.0.0.1:1/o/x"),
            ("/o/x", "/o/x"),
            ("https://example.com/", "https://example.com/"),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(LOCATION, HeaderValue::from_static(location));
            assert_eq!(answered(&headers)[LOCATION], expect);
        }
    }

    #[test]
    fn the_bridge_is_the_first_script() {
        const S: &str = "<script src=\"/sandbox/bridge.js\"></script>";
        for (page, before, after) in [
            (
                "<!doctype html><html><head><script src=a></script>",
                "<!doctype html><html><head>",
                "<script src=a></script>",
            ),
            ("<HTML><HEAD lang=\"x\">y", "<HTML><HEAD lang=\"x\">", "y"),
            ("<html><header>x", "", "<html><header>x"),
            ("<!DOCTYPE html><p>x", "<!DOCTYPE html>", "<p>x"),
            ("<head", "", "<head"),
            ("", "", ""),
        ] {
            let expect = format!("{before}{S}{after}");
            assert_eq!(String::from_utf8(with_bridge(page.as_bytes())).unwrap(), expect);
        }
    }

    #[test]
    fn headers_of_a_connection_do_not_travel() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("connection", "close, x-hop"),
            ("x-hop", "1"),
            ("keep-alive", "timeout=5"),
            ("transfer-encoding", "chunked"),
            ("accept-encoding", "gzip"),
            ("host", "127.0.0.1:1"),
            ("origin", "http://127.0.0.1:1"),
            ("referer", "http://127.0.0.1:1/o/x"),
            ("cookie", "sid=1"),
            ("user-agent", "Desktop"),
        ] {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        let sent = request_headers(&headers, "Phone", (PHONE, SHOP));
        let mut told: Vec<_> =
            sent.iter().map(|(n, v)| format!("{n}: {}", v.to_str().unwrap())).collect();
        told.sort();
        let expect = [
            "cookie: sid=1",
            "origin: http://127.0.0.1:8080",
            "referer: http://127.0.0.1:8080/o/x",
            "user-agent: Phone",
        ];
        assert_eq!(told, expect);
    }

    #[test]
    fn frames_are_allowed_on_pages() {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("Text/HTML; charset=utf-8"));
        headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
        headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'"));
        headers.append("set-cookie", HeaderValue::from_static("a=1"));
        headers.append("set-cookie", HeaderValue::from_static("b=2"));
        let told = answered(&headers);
        assert!(!told.contains_key(X_FRAME_OPTIONS));
        assert!(!told.contains_key(CONTENT_SECURITY_POLICY));
        assert_eq!(told.get_all("set-cookie").iter().count(), 2);
    }
}
