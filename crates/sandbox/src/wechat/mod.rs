//! WeChat Pay as its clients see it: the JSON interface (v3), the XML interface (v2), its notices.
//!
//! v3, for merchants and service providers alike, with the names that fault rules use: `v3/native`,
//! `v3/jsapi`, `v3/app`, `v3/h5`, `v3/codepay`, `v3/query`, `v3/close`, `v3/reverse`, `v3/refund`,
//! `v3/refund-query`, `v3/certificates`. v2, named by path: `pay/micropay`, `pay/orderquery`,
//! `pay/closeorder`, `pay/refundquery`, `secapi/pay/reverse`, `secapi/pay/refund`.
//!
//! Both see the same orders. What differs from the channel: loopback has no TLS, so nobody is asked
//! for a client certificate; an order without `time_expire` stays payable; nothing is throttled; a
//! close is not refused within the first five minutes; every payment is from the payer's balance,
//! without coupons; refunds always succeed.

mod auth;
mod config;
mod messages;
mod notify;
mod numbers;
mod phone;
mod refusal;
#[cfg(test)]
mod tests;
mod trades;
mod v2;
mod v3;
mod xml;

use http::HeaderValue;
use jiff::Timestamp;

pub use config::{SubMerchant, WechatConfig, WechatMerchant, WechatPlatform};
pub use trades::Pace;

use crate::core::{
    BookLine, Channel, CodeUse, Ctx, Grants, Insistence, Letter, OrderLine, PayRefusal, Payer,
    Post, Request, Response,
};
use numbers::openid;
use refusal::Refusal;
use trades::{Happening, NewCharge, OrderKey, Terms, Trades, Trust};

const CODE: &str = "wechat";
const ORDER_NO_CHARS_MAX: usize = 32;
const ORDER_NO_CHARS_MIN: usize = 6;
const PAYER_CODE_DIGITS: usize = 18;
const URL_CHARS_MAX: usize = 256;

/// The emulated channel: its merchants and everything they did.
#[derive(Debug)]
pub(crate) struct Wechat {
    config: WechatConfig,
    trades: Trades,
    grants: Grants,
}

impl Wechat {
    pub(crate) fn new(config: WechatConfig) -> Self {
        let trades = Trades::new(config.pace);
        Self { config, trades, grants: Grants::default() }
    }

    fn tell(&self, ctx: &mut Ctx<'_>, happening: &Happening) {
        if let Some(letter) = self.letter(happening) {
            ctx.notices.write(letter);
        }
    }

    fn letter(&self, happening: &Happening) -> Option<Letter> {
        match happening {
            Happening::Paid(key) => {
                let order = self.trades.order_at(key)?;
                notify::of_payment(self.config.merchant(&key.0.mchid)?, order)
            }
            Happening::Refunded(key) => {
                let refund = self.trades.refund_at(key)?;
                notify::of_refund(self.config.merchant(&key.0.mchid)?, refund)
            }
        }
    }
}

impl Channel for Wechat {
    fn code(&self) -> &'static str {
        CODE
    }

    fn call_name(&self, request: &Request) -> String {
        if let Some(door) = phone::door(request) {
            return phone::call_name(door);
        }
        if is_v3(request) { v3::call_name(request) } else { v2::call_name(request.uri().path()) }
    }

    fn handle(&mut self, ctx: &mut Ctx<'_>, request: &Request) -> Response {
        if let Some(door) = phone::door(request) {
            return self.open(ctx, door, request);
        }
        let handle = if is_v3(request) { v3::handle } else { v2::handle };
        handle(&self.config, &mut self.trades, ctx, request)
    }

    fn busy(&self, now: Timestamp, request: &Request) -> Response {
        if let Some(door) = phone::door(request) {
            return phone::busy(door);
        }
        let busy = if is_v3(request) { v3::busy } else { v2::busy };
        busy(&self.config, now, request)
    }

    fn short_of_money(&self, now: Timestamp, request: &Request) -> Response {
        // Version 2 has no refunds here.
        if is_v3(request) {
            v3::short_of_money(&self.config, now, request)
        } else {
            v2::busy(&self.config, now, request)
        }
    }

    fn payer_refuses(&mut self, ctx: &mut Ctx<'_>, request: &Request) -> Response {
        match phone::door(request) {
            Some(phone::Door::Authorize) => phone::denied(),
            Some(_) | None => self.handle(ctx, request),
        }
    }

    fn with_wrong_signature(&self, mut response: Response) -> Response {
        if let Some(signature) = response.headers_mut().get_mut(auth::SIGNATURE) {
            // The channel probes its merchants with signatures of this look.
            *signature = HeaderValue::from_static("WECHATPAY/SIGNTEST/d3Jvbmc=");
            return response;
        }
        let (parts, body) = response.into_parts();
        Response::from_parts(parts, xml::with_wrong_signature(&body))
    }

    fn next_event_at(&self) -> Option<Timestamp> {
        self.trades.next_event_at()
    }

    fn advance(&mut self, ctx: &mut Ctx<'_>) {
        for happening in self.trades.advance(ctx.now) {
            self.tell(ctx, &happening);
        }
    }

    fn payer_pays(
        &mut self,
        ctx: &mut Ctx<'_>,
        order_no: &str,
        how: Insistence,
    ) -> Result<(), PayRefusal> {
        let key = self.trades.payer_pays(ctx.now, order_no, how)?;
        self.tell(ctx, &Happening::Paid(key));
        Ok(())
    }

    fn post(&self, now: Timestamp, letter: &Letter) -> Post {
        notify::post(&self.config, now, letter)
    }

    fn accepts(&self, status: u16, body: &[u8]) -> bool {
        notify::accepts(status, body)
    }

    fn retry_waits_s(&self) -> &'static [u32] {
        &notify::RETRY_WAITS_S
    }

    fn books(&self) -> Vec<BookLine> {
        self.trades.books()
    }

    fn orders(&self) -> Vec<OrderLine> {
        let line = |order: &trades::Order| OrderLine {
            channel: CODE,
            account: order.party.account().to_owned(),
            order_no: order.out_trade_no.clone(),
            description: order.terms.description.clone(),
            amount: order.terms.total,
            status: order.trade_state(),
            at: order.created,
        };
        self.trades.orders().map(line).collect()
    }
}

fn is_v3(request: &Request) -> bool {
    request.uri().path().starts_with("/v3/")
}

/// 6 to 32 letters, digits and `_-|*`.
fn is_order_no(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"_-|*".contains(&byte);
    (ORDER_NO_CHARS_MIN..=ORDER_NO_CHARS_MAX).contains(&text.len()) && text.bytes().all(fits)
}

/// HTTPS without a query, as the channel demands; plain HTTP only on loopback, where the sandbox
/// lives.
fn is_notify_url(url: &str) -> bool {
    let Ok(uri) = url.parse::<http::Uri>() else {
        return false;
    };
    let on_loopback = uri.host().is_some_and(|host| host == "127.0.0.1" || host == "localhost");
    let is_safe = match uri.scheme_str() {
        Some("https") => true,
        Some("http") => on_loopback,
        _ => false,
    };
    is_safe && uri.query().is_none()
}

/// A code payment as either interface asks for it.
struct ChargeCode {
    key: OrderKey,
    terms: Terms,
    trust: Trust,
    code: String,
}

/// Charges the payer behind a code. Neither the order's number nor the code may be used twice.
fn charge(trades: &mut Trades, ctx: &mut Ctx<'_>, order: ChargeCode) -> Result<(), Refusal> {
    let ChargeCode { key, terms, trust, code } = order;
    trades.check_free(&key)?;
    let payer = payer_of(&code).ok_or(Refusal::CodeForeign)?;
    match ctx.wallets.use_code(&code, key.0.account(), &key.1) {
        CodeUse::Fresh | CodeUse::SameOrder => {}
        CodeUse::OtherOrder => return Err(Refusal::CodeUsed),
    }
    let openid = openid(&format!("{}/{code}", terms.appid));
    trades.charge(ctx.now, NewCharge { key, terms, trust, openid }, payer)
}

/// WeChat Pay's codes have 18 digits and start with 10 to 15.
fn payer_of(code: &str) -> Option<Payer> {
    let prefix: u8 = code.get(..2)?.parse().ok()?;
    let is_ours = code.len() == PAYER_CODE_DIGITS && (10..=15).contains(&prefix);
    if is_ours { Payer::of_code(code) } else { None }
}
