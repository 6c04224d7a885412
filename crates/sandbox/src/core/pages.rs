//! Pages that a channel's app shows: its cashier with "pay" and "cancel", and what went wrong.

use bytes::Bytes;
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, LOCATION};
use serde_json::Value;

use super::{Looked, Response, is_loopback};

/// The cashier of a channel, for one order.
#[derive(Debug)]
pub(crate) struct Cashier {
    pub(crate) channel: &'static str,
    /// What the channel calls itself.
    pub(crate) title: &'static str,
    pub(crate) order: Looked,
    /// What the page gives the bridge so that it finds the order.
    pub(crate) params: Value,
    /// Where the browser goes after payment, on this machine only.
    pub(crate) back: Option<String>,
    /// Where it goes if the payer turns away.
    pub(crate) quit: Option<String>,
}

impl Cashier {
    pub(crate) fn show(self) -> Response {
        let link = |url: Option<String>| url.filter(|url| is_loopback(url)).unwrap_or_default();
        let (back, quit) = (link(self.back), link(self.quit));
        let body = format!(
            "<main class=cashier id=cashier data-channel=\"{}\" data-params=\"{}\" data-back=\"{}\" \
             data-quit=\"{}\"><header><span class=mark></span>{}</header><p class=merchant>{}</p>\
             <p class=amount>¥{}</p><p class=what>{}</p><p class=said id=said role=status></p>\
             <button class=pay id=pay type=button>确认付款</button>\
             <button class=cancel id=cancel type=button>取消</button></main>\
             <script type=module src=\"/sandbox/cashier.js\"></script>",
            self.channel,
            escaped(&self.params.to_string()),
            escaped(&back),
            escaped(&quit),
            self.title,
            escaped(&self.order.merchant),
            escaped(&self.order.amount.to_major()),
            escaped(&self.order.description),
        );
        page(self.title, &body)
    }
}

/// A page without a way on: nothing is redirected.
pub(crate) fn stop(channel: &str, title: &str, words: &str) -> Response {
    let body = format!(
        "<main class=\"cashier stop\" data-channel=\"{channel}\"><header><span class=mark></span>\
         {title}</header><p class=words>{}</p></main>",
        escaped(words)
    );
    page(title, &body)
}

/// A redirect; the caller has looked at the address.
pub(crate) fn redirect(url: &str) -> Response {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::FOUND;
    if let Ok(url) = HeaderValue::from_str(url) {
        response.headers_mut().insert(LOCATION, url);
    }
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn page(title: &str, body: &str) -> Response {
    let page = format!(
        "<!doctype html><html lang=zh-CN><head><meta charset=utf-8>\
         <meta name=viewport content=\"width=device-width,initial-scale=1\">\
         <title>{title}（沙箱）</title><link rel=stylesheet href=\"/sandbox/cashier.css\"></head>\
         <body>{body}</body></html>"
    );
    let mut response = Response::new(Bytes::from(page));
    let html = HeaderValue::from_static("text/html;charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, html);
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}
