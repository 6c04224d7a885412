//! UnionPay's online gateway for QR payments: forms to `/gateway/api/`, version 5.1.0, signed both ways,
//! and its notices.

mod codes;
mod config;
mod open;
mod order_query;
mod phone;
mod refusal;
mod scan;
mod service;
mod trades;
mod wire;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header};
use jiff::Timestamp;

pub(crate) use codes::{
    CodeRefusal, Codes, ISSUED_PATH, Mode, RegistryRefusal, Scheme, issued_code,
};
pub use config::{UnionpayConfig, UnionpayGateway, UnionpayMerchant};

use crate::core::{
    BookKind, BookLine, Channel, Ctx, Grants, Insistence, Letter, OrderLine, PayRefusal, Post,
    Question, Request, Response,
};
pub(crate) use phone::APP_PATH;
use refusal::Refusal;
pub(crate) use scan::scan_path;
use trades::{State, Trade, Trades, What};
use wire::Fields;

/// Seconds between deliveries of a notice. Chosen: the channel's schedule is not known.
const RETRY_WAITS_S: [u32; 5] = [60, 120, 600, 3_600, 21_600];

/// The gateway with its merchants and trades.
#[derive(Debug)]
pub(crate) struct Unionpay {
    config: UnionpayConfig,
    trades: Trades,
    grants: Grants,
}

impl Unionpay {
    pub(crate) fn new(config: UnionpayConfig) -> Self {
        Self { config, trades: Trades::default(), grants: Grants::default() }
    }
}

impl Unionpay {
    /// A call that the gateway lets through is refused all the same.
    fn refuse(&self, request: &Request, why: Refusal) -> Response {
        let fields = wire::fields(request);
        let read = wire::read(&self.config, request, &fields);
        let refusal = read.err().unwrap_or(why);
        wire::answer(&self.config.gateway, &fields, wire::refused(refusal))
    }
}

impl Channel for Unionpay {
    fn code(&self) -> &'static str {
        "unionpay"
    }

    fn call_name(&self, request: &Request) -> String {
        if let Some(door) = phone::door(request) {
            return phone::call_name(door);
        }
        if open::is_open(request) { open::call_name(request) } else { wire::call_name(request) }
    }

    fn handle(&mut self, ctx: &mut Ctx<'_>, request: &Request) -> Response {
        if let Some(door) = phone::door(request) {
            return self.open(ctx, door, request);
        }
        if open::is_open(request) {
            let state = (&mut self.trades, &mut self.grants);
            return open::handle(&self.config, state, ctx, request);
        }
        let fields = wire::fields(request);
        let served = wire::read(&self.config, request, &fields)
            .and_then(|call| service::serve(&mut self.trades, ctx, &call));
        let outcome = served.unwrap_or_else(wire::refused);
        wire::answer(&self.config.gateway, &fields, outcome)
    }

    fn busy(&self, _now: Timestamp, request: &Request) -> Response {
        if let Some(door) = phone::door(request) {
            return phone::busy(door);
        }
        if open::is_open(request) {
            return open::refuse(&self.config, request, ("99", "unknown"));
        }
        self.refuse(request, Refusal::Unsure)
    }

    fn short_of_money(&self, _now: Timestamp, request: &Request) -> Response {
        if open::is_open(request) {
            return open::refuse(&self.config, request, ("01", "merchant short of money"));
        }
        self.refuse(request, Refusal::MerchantShort)
    }

    fn payer_refuses(&mut self, ctx: &mut Ctx<'_>, request: &Request) -> Response {
        match phone::door(request) {
            Some(phone::Door::Authorize) => phone::denied(request),
            Some(_) | None => self.handle(ctx, request),
        }
    }

    fn ask_owner(&mut self, ctx: &mut Ctx<'_>, request: &Request) -> Option<Question> {
        Self::ask_owner(self, ctx, request)
    }

    fn owner_said(&mut self, ctx: &mut Ctx<'_>, question: &Question, answer: Option<(u16, Bytes)>) {
        Self::owner_said(self, ctx, question, answer);
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
        service::payer_pays(&mut self.trades, ctx, order_no, how)
    }

    fn post(&self, _now: Timestamp, letter: &Letter) -> Post {
        let fields: Fields = serde_json::from_str(&letter.content).unwrap_or_default();
        let mut headers = HeaderMap::new();
        if open::is_of_open(&fields) {
            let json = HeaderValue::from_static("application/json;charset=UTF-8");
            headers.insert(header::CONTENT_TYPE, json);
            return Post { headers, body: open::notice_body(&self.config.gateway, &fields) };
        }
        let form = HeaderValue::from_static("application/x-www-form-urlencoded;charset=UTF-8");
        headers.insert(header::CONTENT_TYPE, form);
        Post { headers, body: wire::notice_body(&self.config.gateway, fields) }
    }

    fn accepts(&self, status: u16, _body: &[u8]) -> bool {
        matches!(status, 200 | 302)
    }

    fn retry_waits_s(&self) -> &'static [u32] {
        &RETRY_WAITS_S
    }

    fn books(&self) -> Vec<BookLine> {
        self.trades.iter().filter_map(book_line).collect()
    }

    fn orders(&self) -> Vec<OrderLine> {
        let payments = self.trades.iter().filter(|trade| trade.what == What::Payment);
        payments.map(phone::order_line).collect()
    }
}

fn book_line(trade: &Trade) -> Option<BookLine> {
    let (kind, order) = match &trade.what {
        What::Payment => (BookKind::Pay, &trade.key),
        What::Void(payment) | What::Refund(payment) => (BookKind::Refund, payment),
    };
    Some(BookLine {
        channel: "unionpay",
        account: trade.key.mer_id.clone(),
        order_no: order.order_id.clone(),
        request_no: trade.key.order_id.clone(),
        trade_no: trade.query_id.clone(),
        kind,
        amount: trade.amount,
        status: state_word(trade.state),
        at: trade.done_at?,
    })
}

const fn state_word(state: State) -> &'static str {
    match state {
        State::Waiting => "05",
        State::Done => "00",
        State::Failed(_) => "01",
    }
}
