//! The scan simulator: its pages, the phones it offers, what their scanners make of a code.

use bytes::Bytes;
use http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue, LOCATION};
use http::{Method, StatusCode};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Shared, problem, said, status};
use crate::core::{OrderLine, Request, Response};
use crate::decode;
use crate::phones::{App, Known, Phone, Scanned, scan};
use crate::unionpay::Scheme;

/// The list shows so many orders, the latest.
const ORDERS_SHOWN: usize = 50;
/// An app of UnionPay's knows so many shops.
const ALLOWED_HOSTS_MAX: usize = 32;
/// The simulator's frames show the phones, which listen on other ports of this machine.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' \
    data: blob:; connect-src 'self'; frame-src http://127.0.0.1:* http://localhost:*; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const HTML: &str = "text/html;charset=utf-8";
const CSS: &str = "text/css;charset=utf-8";
const SCRIPT: &str = "text/javascript;charset=utf-8";

/// Answers a request of the simulator's; `None` if it is none.
pub(super) fn answer<C: Fn() -> Timestamp>(
    shared: &Shared<C>,
    request: &Request,
) -> Option<Response> {
    let path = request.uri().path();
    if request.method() == Method::GET
        && let Some((kind, text)) = file(path)
    {
        return Some(shown(kind, text));
    }
    let answer = match (request.method(), path) {
        (&Method::GET, "/sandbox") => moved("/sandbox/"),
        (&Method::GET, "/sandbox/phones") => phones(shared),
        (&Method::POST, "/sandbox/phones/allows") => allow(shared, request),
        (&Method::POST, "/sandbox/scan") => scanned(shared, request),
        (&Method::GET, "/sandbox/orders") => orders(shared),
        _ => return None,
    };
    Some(answer)
}

/// What codes a picture holds. Slow: not to be called on a connection's own thread.
pub(super) fn decoded(picture: &[u8]) -> Response {
    match decode::texts(picture) {
        Some(texts) => said(StatusCode::OK, &json!({ "texts": texts })),
        None => problem(StatusCode::UNSUPPORTED_MEDIA_TYPE, "a PNG or JPEG picture is wanted"),
    }
}

fn file(path: &str) -> Option<(&'static str, &'static str)> {
    Some(match path {
        "/sandbox/" | "/sandbox/scan" => {
            (HTML, include_str!("../../../../web/sandbox/simulator.html"))
        }
        "/sandbox/simulator.css" => (CSS, include_str!("../../../../web/sandbox/simulator.css")),
        "/sandbox/simulator.js" => (SCRIPT, include_str!("../../../../web/sandbox/simulator.js")),
        "/sandbox/words.js" => (SCRIPT, include_str!("../../../../web/sandbox/words.js")),
        "/sandbox/cashier.css" => (CSS, include_str!("../../../../web/sandbox/cashier.css")),
        "/sandbox/keypad.js" => (SCRIPT, include_str!("../../../../web/sandbox/keypad.js")),
        "/sandbox/cashier.js" => (SCRIPT, include_str!("../../../../web/sandbox/cashier.js")),
        _ => return None,
    })
}

fn shown(kind: &'static str, text: &'static str) -> Response {
    let mut response = Response::new(Bytes::from_static(text.as_bytes()));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    if kind == HTML {
        headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    }
    response
}

fn moved(to: &'static str) -> Response {
    let mut response = status(StatusCode::FOUND);
    response.headers_mut().insert(LOCATION, HeaderValue::from_static(to));
    response
}

fn phones<C: Fn() -> Timestamp>(shared: &Shared<C>) -> Response {
    let sandbox = shared.sandbox();
    let phones: Vec<Value> = sandbox.phones.iter().map(phone).collect();
    said(
        StatusCode::OK,
        &json!({ "shop": sandbox.shop.first(), "known_as": sandbox.shop.get(1..), "phones": phones }),
    )
}

fn phone(phone: &Phone) -> Value {
    json!({
        "app": phone.app.code(),
        "channel": phone.app.channel(),
        "url": phone.url,
        "user_agent": phone.app.user_agent(),
        "allows": phone.allows,
    })
}

/// What `POST /sandbox/phones/allows` takes.
#[derive(Deserialize)]
struct Allow {
    app: App,
    /// Hosts, each with its port.
    allows: Vec<String>,
}

fn allow<C: Fn() -> Timestamp>(shared: &Shared<C>, request: &Request) -> Response {
    let Ok(Allow { app, allows }) = serde_json::from_slice(request.body()) else {
        return problem(StatusCode::BAD_REQUEST, "app and allows are wanted");
    };
    if allows.len() > ALLOWED_HOSTS_MAX {
        return problem(StatusCode::BAD_REQUEST, "too many hosts");
    }
    let mut sandbox = shared.sandbox();
    let Some(found) = sandbox.phones.iter_mut().find(|phone| phone.app == app) else {
        return problem(StatusCode::NOT_FOUND, "no such phone runs");
    };
    found.allows = allows;
    said(StatusCode::OK, &phone(found))
}

/// What `POST /sandbox/scan` takes.
#[derive(Deserialize)]
struct Scan {
    app: App,
    text: String,
}

fn scanned<C: Fn() -> Timestamp>(shared: &Shared<C>, request: &Request) -> Response {
    let Ok(Scan { app, text }) = serde_json::from_slice(request.body()) else {
        return problem(StatusCode::BAD_REQUEST, "app and text are wanted");
    };
    let (now, base_url) = (shared.now(), shared.base_url());
    let mut sandbox = shared.sandbox();
    // Its page can be opened again: that is no other scan.
    let name = sandbox.codes.next_scan(now);
    let Some(phone) = sandbox.phones.iter().find(|phone| phone.app == app) else {
        return problem(StatusCode::NOT_FOUND, "no such phone runs");
    };
    let known = Known { shop: &sandbox.shop, sandbox: &base_url, codes: &sandbox.codes };
    let opened = |path: String, scheme: Option<Scheme>| {
        let url = format!("{}{path}", phone.url);
        said(StatusCode::OK, &json!({ "path": path, "url": url, "scheme": scheme }))
    };
    match scan(phone, known, &text) {
        // What an app says to a code is an answer, not an error.
        Scanned::Refused(words) => said(StatusCode::OK, &json!({ "refused": words })),
        Scanned::Opens(path) => opened(path, None),
        Scanned::Asks(scheme, path) => opened(format!("{path}&scan={name}"), Some(scheme)),
    }
}

/// The latest orders, the latest first.
fn orders<C: Fn() -> Timestamp>(shared: &Shared<C>) -> Response {
    let all = shared.sandbox().orders();
    let lines: Vec<Value> = all.iter().rev().take(ORDERS_SHOWN).map(order).collect();
    said(StatusCode::OK, &json!({ "orders": lines }))
}

fn order(line: &OrderLine) -> Value {
    json!({
        "channel": line.channel,
        "account": line.account,
        "order_no": line.order_no,
        "description": line.description,
        "amount_fen": line.amount.minor(),
        "status": line.status,
        "at": line.at.to_string(),
    })
}
