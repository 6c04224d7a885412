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
             data-quit=\"{}\"><header><span class=mark></span>{}</header>\
             <p class=merchant data-test=cashier-merchant>{}</p>\
             <p class=amount data-test=cashier-amount>¥{}</p>\
             <p class=what data-test=cashier-what>{}</p>\
             <p class=said id=said role=status data-test=cashier-said></p>\
             <button class=pay id=pay type=button data-test=cashier-pay>确认付款</button>\
             <button class=cancel id=cancel type=button data-test=cashier-cancel>取消</button></main>\
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

/// The page on which a payer enters how much he pays.
#[derive(Debug)]
pub(crate) struct Keypad<'a> {
    pub(crate) channel: &'static str,
    pub(crate) title: &'static str,
    pub(crate) merchant: &'a str,
    /// Where the page goes with the amount in fen at the end of the address.
    pub(crate) next: &'a str,
}

impl Keypad<'_> {
    pub(crate) fn show(self) -> Response {
        let key = |(name, face): (&str, &str)| {
            format!(
                "<button type=button data-key={name} data-test=cashier-key-{name}>{face}</button>"
            )
        };
        let digits = ["1", "2", "3", "4", "5", "6", "7", "8", "9"].map(|digit| (digit, digit));
        let last = [("dot", "."), ("0", "0"), ("back", "⌫")];
        let keys: String = digits.into_iter().chain(last).map(key).collect();
        let body = format!(
            "<main class=cashier id=keypad data-channel=\"{}\" data-next=\"{}\">\
             <header><span class=mark></span>{}</header>\
             <p class=merchant data-test=cashier-merchant>{}</p>\
             <p class=amount>¥<output id=amount data-test=cashier-amount>0</output></p>\
             <p class=said id=said role=status data-test=cashier-said>请输入金额</p>\
             <div class=keys id=keys>{keys}</div>\
             <button class=pay id=next type=button disabled data-test=cashier-next>付款</button>\
             <button class=cancel id=cancel type=button data-test=cashier-cancel>取消</button></main>\
             <script type=module src=\"/sandbox/keypad.js\"></script>",
            self.channel,
            escaped(self.next),
            self.title,
            escaped(self.merchant),
        );
        page(self.title, &body)
    }
}

/// What an app says when there is nothing to pay.
#[derive(Debug)]
pub(crate) struct Stop<'a> {
    pub(crate) channel: &'static str,
    pub(crate) title: &'static str,
    pub(crate) words: &'a str,
    pub(crate) code: &'a str,
    /// Where the payer may try again; empty if nowhere.
    pub(crate) again: &'a str,
}

/// A refusal with its code.
pub(crate) fn stopped(stop: Stop<'_>) -> Response {
    let again = if stop.again.is_empty() {
        String::new()
    } else {
        let url = escaped(stop.again);
        format!("<a class=cancel href=\"{url}\" data-test=cashier-again>重新查询</a>")
    };
    let body = format!(
        "<main class=\"cashier stop\" data-channel=\"{}\"><header><span class=mark></span>{}\
         </header><p class=words data-test=cashier-refusal>{}<small class=code \
         data-test=cashier-code>{}</small></p>{again}</main>",
        stop.channel,
        stop.title,
        escaped(stop.words),
        escaped(stop.code),
    );
    page(stop.title, &body)
}

/// A page without a way on: nothing is redirected.
pub(crate) fn stop(channel: &str, title: &str, words: &str) -> Response {
    let body = format!(
        "<main class=\"cashier stop\" data-channel=\"{channel}\"><header><span class=mark></span>\
         {title}</header><p class=words data-test=cashier-refusal>{}</p></main>",
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
