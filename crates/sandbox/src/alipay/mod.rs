//! Alipay's gateway: `POST` or `GET /gateway.do`, signed both ways, and its asynchronous notices.

mod biz;
mod config;
mod method;
mod notify;
mod page;
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
    BookKind, BookLine, Channel, Ctx, Insistence, Letter, PayRefusal, Post, Request, Response,
};
use refusal::GatewayFault;
use service::Success;
use trade::{Trade, TradeKey, Trades};
use wire::Rejected;

/// The gateway with its applications and trades.
#[derive(Debug)]
pub(crate) struct Alipay {
    config: AlipayConfig,
    trades: Trades,
}

impl Alipay {
    pub(crate) fn new(config: AlipayConfig) -> Self {
        Self { config, trades: Trades::default() }
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
        wire::method_name(request)
    }

    fn handle(&mut self, ctx: &mut Ctx<'_>, request: &Request) -> Response {
        let call = match wire::read(&self.config, request) {
            Ok(call) => call,
            Err(rejected) => return reject(&rejected),
        };
        if call.method.is_page() {
            return page::show(&call, service::serve(&mut self.trades, ctx, &call));
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
        let words = ("20000", "Service Currently Unavailable", "isp.unknow-error", "系统繁忙");
        self.say(request, words)
    }

    fn short_of_money(&self, _now: Timestamp, request: &Request) -> Response {
        let words = ("40004", "Business Failed", "ACQ.SELLER_BALANCE_NOT_ENOUGH", "卖家余额不足");
        self.say(request, words)
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
    let fault: &GatewayFault = &rejected.fault;
    let node = refused(fault.code(), fault.msg(), &fault.sub_code(), &fault.sub_msg());
    match (rejected.app, rejected.method) {
        (Some(app), Some(method)) => wire::answer(app, method, rejected.charset, node),
        (_, _) => wire::unsigned_error(rejected.charset, node),
    }
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
