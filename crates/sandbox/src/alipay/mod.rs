//! Alipay's gateway: `POST` or `GET /gateway.do`, signed both ways, and its asynchronous notices.

mod biz;
mod config;
mod method;
mod notify;
mod phone;
mod refusal;
mod service;
#[cfg(test)]
mod tests;
mod trade;
mod wire;

use std::collections::BTreeMap;

use http::{HeaderMap, HeaderValue, header};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

pub use config::{AlipayApp, AlipayCertificates, AlipayConfig, AlipayTrust};

use crate::core::{
    BookKind, BookLine, Channel, Ctx, Grants, Insistence, Letter, OrderLine, PayRefusal, Post,
    Request, Response, app,
};
use biz::Biz;
use method::Method;
pub(crate) use phone::AUTHORIZE_PATH;
use refusal::GatewayFault;
use service::Success;
use trade::{Trade, TradeKey, Trades};
use wire::{Call, Rejected};

/// The gateway with its applications and trades.
#[derive(Debug)]
pub(crate) struct Alipay {
    config: AlipayConfig,
    trades: Trades,
    grants: Grants,
}

/// What the channel calls itself on its pages.
const TITLE: &str = "支付宝";

impl Alipay {
    pub(crate) fn new(config: AlipayConfig) -> Self {
        Self { config, trades: Trades::default(), grants: Grants::default() }
    }
}

impl Alipay {
    /// Answers with these words, whatever was asked: code, its text, sub code, its text.
    fn say(
        &self,
        request: &Request,
        (code, msg, sub_code, sub_msg): (&str, &str, &str, &str),
    ) -> Response {
        match wire::read(&self.config, request) {
            Err(rejected) => reject(&rejected),
            Ok(call) => {
                let node = refused(code, msg, sub_code, sub_msg);
                wire::answer(call.app, call.method, call.charset, node)
            }
        }
    }
}

impl Channel for Alipay {
    fn code(&self) -> &'static str {
        "alipay"
    }

    fn call_name(&self, request: &Request) -> String {
        if phone::is_authorize(request) {
            return phone::AUTHORIZE.to_owned();
        }
        app::wish(request).map_or_else(|| wire::method_name(request), app::call_name)
    }

    fn handle(&mut self, ctx: &mut Ctx<'_>, request: &Request) -> Response {
        if phone::is_authorize(request) {
            return self.authorize(ctx.now, request);
        }
        if let Some(wish) = app::wish(request) {
            return self.bridge(ctx, wish, request);
        }
        let call = match wire::read(&self.config, request) {
            Ok(call) => call,
            Err(rejected) => return reject(&rejected),
        };
        if call.method.is_page() {
            return page(&mut self.trades, ctx, &call);
        }
        if call.method == Method::OauthToken {
            return match phone::token(&mut self.grants, ctx.now, &call) {
                Ok(node) => wire::answer(call.app, call.method, call.charset, node),
                Err(fault) => wire::signed_error(call.app, call.charset, faulted(&fault)),
            };
        }
        let node = match service::serve(&mut self.trades, ctx, &call) {
            Ok(Success { code, msg, fields }) => {
                let mut node = node(code, msg);
                node.extend(fields);
                node
            }
            Err(refusal) => {
                refused("40004", "Business Failed", refusal.sub_code(), refusal.sub_msg())
            }
        };
        wire::answer(call.app, call.method, call.charset, node)
    }

    fn busy(&self, _now: Timestamp, request: &Request) -> Response {
        if phone::is_authorize(request) {
            return phone::stop("系统繁忙，请稍后再试");
        }
        if app::wish(request).is_some() {
            return app::unknown();
        }
        let words = ("20000", "Service Currently Unavailable", "isp.unknow-error", "系统繁忙");
        self.say(request, words)
    }

    fn short_of_money(&self, _now: Timestamp, request: &Request) -> Response {
        let words = ("40004", "Business Failed", "ACQ.SELLER_BALANCE_NOT_ENOUGH", "卖家余额不足");
        self.say(request, words)
    }

    fn payer_refuses(&mut self, ctx: &mut Ctx<'_>, request: &Request) -> Response {
        if phone::is_authorize(request) { phone::denied() } else { self.handle(ctx, request) }
    }

    fn with_wrong_signature(&self, response: Response) -> Response {
        wire::with_wrong_signature(response)
    }

    fn next_event_at(&self) -> Option<Timestamp> {
        self.trades.next_due_at()
    }

    fn advance(&mut self, ctx: &mut Ctx<'_>) {
        while let Some((due, key)) = self.trades.take_due(ctx.now) {
            service::happen(&mut self.trades, ctx, due, &key);
        }
    }

    fn payer_pays(
        &mut self,
        ctx: &mut Ctx<'_>,
        order_no: &str,
        how: Insistence,
    ) -> Result<(), PayRefusal> {
        // The payer knows the merchant's number only; sellers are few.
        let mut keys = self.config.apps.iter().map(|app| TradeKey {
            seller_id: app.seller_id.clone(),
            out_trade_no: order_no.to_owned(),
        });
        let key = keys.find(|key| self.trades.get(key).is_some());
        let key = key.ok_or(PayRefusal::UnknownOrder)?;
        service::payer_pays(&mut self.trades, ctx, &key, how)
    }

    fn post(&self, _now: Timestamp, letter: &Letter) -> Post {
        let fields: BTreeMap<String, String> =
            serde_json::from_str(&letter.content).unwrap_or_default();
        let charset =
            fields.get("charset").and_then(|c| encoding_rs::Encoding::for_label(c.as_bytes()));
        let body = match self.config.app(&letter.account) {
            Some(app) => wire::notice_body(app, charset.unwrap_or(encoding_rs::UTF_8), &fields),
            None => bytes::Bytes::new(),
        };
        let mut headers = HeaderMap::new();
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        headers.insert(header::CONTENT_TYPE, form);
        Post { headers, body }
    }

    /// Exactly `success`; anything else counts as not received.
    fn accepts(&self, status: u16, body: &[u8]) -> bool {
        status == 200 && body == b"success"
    }

    fn retry_waits_s(&self) -> &'static [u32] {
        &notify::RETRY_WAITS_S
    }

    fn books(&self) -> Vec<BookLine> {
        self.trades.iter().flat_map(book_lines).collect()
    }

    fn orders(&self) -> Vec<OrderLine> {
        let line = |trade: &Trade| OrderLine {
            channel: "alipay",
            account: trade.correspondence.app_id.clone(),
            order_no: trade.key.out_trade_no.clone(),
            description: trade.terms.subject.clone(),
            amount: trade.terms.total,
            status: phone::list_word(trade.status),
            at: trade.created_at,
        };
        self.trades.iter().map(line).collect()
    }
}

/// The payer's browser opened the merchant's link: the trade opens, and the app's cashier shows.
fn page(trades: &mut Trades, ctx: &mut Ctx<'_>, call: &Call<'_>) -> Response {
    if let Err(refusal) = service::serve(trades, ctx, call) {
        let words = format!("{}（{}）", refusal.sub_msg(), refusal.sub_code());
        return phone::stop(&words);
    }
    let trade = Biz(&call.biz).out_trade_no().ok().and_then(|out_trade_no| {
        let seller_id = call.app.seller_id.clone();
        trades.get(&TradeKey { seller_id, out_trade_no })
    });
    let quit = Biz(&call.biz).text("quit_url");
    match trade {
        Some(trade) => phone::cashier(trade, call.return_url.clone(), quit),
        None => phone::stop("交易不存在"),
    }
}

fn book_lines(trade: &Trade) -> impl Iterator<Item = BookLine> {
    let payment = trade.paid_at.map(|at| BookLine {
        channel: "alipay",
        account: trade.correspondence.app_id.clone(),
        order_no: trade.key.out_trade_no.clone(),
        request_no: trade.key.out_trade_no.clone(),
        trade_no: trade.trade_no.clone(),
        kind: BookKind::Pay,
        amount: trade.terms.total,
        status: trade.status.word(),
        at,
    });
    let refunds = payment.clone().into_iter().flat_map(|payment| {
        trade.refunds.iter().map(move |refund| BookLine {
            kind: BookKind::Refund,
            request_no: refund.request_no.clone(),
            amount: refund.amount,
            at: refund.at,
            ..payment.clone()
        })
    });
    payment.clone().into_iter().chain(refunds.collect::<Vec<_>>())
}

fn reject(rejected: &Rejected<'_>) -> Response {
    let node = faulted(&rejected.fault);
    match (rejected.app, rejected.method) {
        (Some(app), Some(method)) => wire::answer(app, method, rejected.charset, node),
        (_, _) => wire::unsigned_error(rejected.charset, node),
    }
}

fn faulted(fault: &GatewayFault) -> Map<String, Value> {
    refused(fault.code(), fault.msg(), &fault.sub_code(), &fault.sub_msg())
}

fn node(code: &str, msg: &str) -> Map<String, Value> {
    let mut node = Map::new();
    node.insert("code".to_owned(), json!(code));
    node.insert("msg".to_owned(), json!(msg));
    node
}

fn refused(code: &str, msg: &str, sub_code: &str, sub_msg: &str) -> Map<String, Value> {
    let mut node = node(code, msg);
    node.insert("sub_code".to_owned(), json!(sub_code));
    node.insert("sub_msg".to_owned(), json!(sub_msg));
    node
}
