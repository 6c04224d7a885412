//! The v2 interface: signed XML, for payer's codes above all.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use jiff::Timestamp;
use money::Amount;

use super::config::{WechatConfig, WechatMerchant};
use super::numbers::{digits14, nonce, spaced};
use super::refusal::Refusal;
use super::trades::{
    Interface, Kind, Order, OrderRef, Party, Refund, RefundAsk, Terms, Trades, Trust, fen,
};
use super::xml::{self, Fields, SignType};
use super::{ChargeCode, charge, messages};
use crate::core::{Ctx, Request, Response};

const BODY_BYTES_MAX: usize = 128;
const ID_CHARS_MAX: usize = 64;
const ATTACH_BYTES_MAX: usize = 127;
const TEXT_BYTES_MAX: usize = 6_000;

/// Which calls exist; everything else is refused as WeChat Pay refuses it, in XML.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Call {
    MicroPay,
    OrderQuery,
    Reverse,
    Refund,
    RefundQuery,
    CloseOrder,
}

fn route(path: &str) -> Option<Call> {
    match path {
        "/pay/micropay" => Some(Call::MicroPay),
        "/pay/orderquery" => Some(Call::OrderQuery),
        "/secapi/pay/reverse" => Some(Call::Reverse),
        "/secapi/pay/refund" => Some(Call::Refund),
        "/pay/refundquery" => Some(Call::RefundQuery),
        "/pay/closeorder" => Some(Call::CloseOrder),
        _ => None,
    }
}

/// The call's name for fault rules: its path.
pub(super) fn call_name(path: &str) -> String {
    path.trim_start_matches('/').to_owned()
}

/// A call whose signature is right.
struct Caller<'a> {
    merchant: &'a WechatMerchant,
    sign_type: SignType,
    fields: Fields,
}

/// Does a call and signs the answer as the call was signed.
pub(super) fn handle(
    config: &WechatConfig,
    trades: &mut Trades,
    ctx: &mut Ctx<'_>,
    request: &Request,
) -> Response {
    let now = ctx.now;
    let caller = match caller(config, request) {
        Ok(caller) => caller,
        Err(text) => return stranger(text),
    };
    let Some(call) = route(request.uri().path()) else {
        return stranger("接口不存在");
    };
    let mut desk = Desk { trades, ctx, caller: &caller };
    let done = desk.serve(call);
    answer(now, &caller, call, done)
}

/// The channel's "I do not know": `SYSTEMERROR`, signed.
pub(super) fn busy(config: &WechatConfig, now: Timestamp, request: &Request) -> Response {
    match (caller(config, request), route(request.uri().path())) {
        (Ok(caller), Some(call)) => answer(now, &caller, call, Err(Refusal::SystemError)),
        (Ok(_) | Err(_), _) => stranger("系统超时"),
    }
}

/// Refusals of the transport layer carry no signature: the channel does not know who asks.
fn stranger(text: &str) -> Response {
    let fields = [("return_code", "FAIL"), ("return_msg", text)];
    respond(xml::write(&fields.map(|(k, v)| (k.to_owned(), v.to_owned())).into()))
}

fn caller<'a>(config: &'a WechatConfig, request: &Request) -> Result<Caller<'a>, &'static str> {
    let text = std::str::from_utf8(request.body()).or(Err("XML格式错误"))?;
    let fields = xml::parse(text).ok_or("XML格式错误")?;
    let mch_id = fields.get("mch_id").ok_or("缺少参数")?;
    let merchant = config.merchant(mch_id).ok_or("mch_id参数格式错误")?;
    let sign_type = SignType::of(&fields).ok_or("sign_type参数格式错误")?;
    if !fields.contains_key("nonce_str") {
        return Err("缺少参数");
    }
    if !xml::is_signed(&fields, &merchant.v2_key, sign_type) {
        return Err("签名错误");
    }
    Ok(Caller { merchant, sign_type, fields })
}

fn answer(
    now: Timestamp,
    caller: &Caller<'_>,
    call: Call,
    done: Result<Fields, Refusal>,
) -> Response {
    let (is_done, mut fields) = match done {
        Ok(fields) => (true, fields),
        Err(refusal) => (false, refused(call, refusal)),
    };
    let copied = |name: &str| caller.fields.get(name).cloned().unwrap_or_default();
    for (name, value) in [
        ("return_code", "SUCCESS".to_owned()),
        ("return_msg", "OK".to_owned()),
        ("result_code", if is_done { "SUCCESS" } else { "FAIL" }.to_owned()),
        ("appid", caller.merchant.appid.clone()),
        ("mch_id", caller.merchant.mchid.clone()),
        ("sub_appid", copied("sub_appid")),
        ("sub_mch_id", copied("sub_mch_id")),
        ("nonce_str", nonce(now, copied("nonce_str").as_bytes())),
    ] {
        if !value.is_empty() {
            fields.insert(name.to_owned(), value);
        }
    }
    respond(xml::write_signed(fields, &caller.merchant.v2_key, caller.sign_type))
}

fn refused(call: Call, refusal: Refusal) -> Fields {
    let mut fields = Fields::new();
    put(&mut fields, "err_code", refusal.v2());
    put(&mut fields, "err_code_des", refusal.text());
    if call == Call::Reverse {
        // Y: the merchant is to call again.
        let again = matches!(refusal, Refusal::UserPaying | Refusal::SystemError);
        put(&mut fields, "recall", if again { "Y" } else { "N" });
    }
    fields
}

fn respond(body: String) -> Response {
    let mut response = Response::new(Bytes::from(body));
    let kind = HeaderValue::from_static("text/xml; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}

/// One call at work.
struct Desk<'a, 'c, 'd> {
    trades: &'a mut Trades,
    ctx: &'a mut Ctx<'c>,
    caller: &'a Caller<'d>,
}

impl Desk<'_, '_, '_> {
    fn serve(&mut self, call: Call) -> Result<Fields, Refusal> {
        let party = self.party()?;
        match call {
            Call::MicroPay => self.micropay(party),
            Call::OrderQuery => {
                self.with_order(|desk, which| desk.trades.order(&party, which).map(told))
            }
            Call::Reverse => self.with_order(|desk, which| {
                desk.trades.reverse(desk.ctx.now, &party, which)?;
                Ok(BTreeMap::from([("recall".to_owned(), "N".to_owned())]))
            }),
            Call::Refund => self.refund(&party),
            Call::RefundQuery => self.refund_query(&party),
            Call::CloseOrder => {
                self.trades.close(&(party, self.required("out_trade_no", ID_CHARS_MAX)?))?;
                Ok(Fields::new())
            }
        }
    }

    fn micropay(&mut self, party: Party) -> Result<Fields, Refusal> {
        let no = self.required("out_trade_no", super::ORDER_NO_CHARS_MAX)?;
        if !super::is_order_no(&no) {
            return Err(Refusal::Malformed);
        }
        self.required("spbill_create_ip", ID_CHARS_MAX)?;
        let terms = Terms {
            kind: Kind::CodePay,
            appid: self.caller.merchant.appid.clone(),
            sub_appid: self.optional("sub_appid", ID_CHARS_MAX)?,
            description: self.required("body", BODY_BYTES_MAX)?,
            attach: self.optional("attach", ATTACH_BYTES_MAX)?,
            total: self.fen("total_fee")?,
            openid: None,
            notify_url: None,
            expires: None,
        };
        let code = self.required("auth_code", ID_CHARS_MAX)?;
        let key = (party, no);
        let order = ChargeCode { key: key.clone(), terms, trust: Trust::Certificate, code };
        charge(self.trades, self.ctx, order)?;
        let order = self.trades.order_at(&key).ok_or(Refusal::SystemError)?;
        if order.is_paid() { Ok(paid(order)) } else { Err(Refusal::UserPaying) }
    }

    fn refund(&mut self, party: &Party) -> Result<Fields, Refusal> {
        let ask = RefundAsk {
            out_refund_no: self.required("out_refund_no", ID_CHARS_MAX)?,
            refund: self.fen("refund_fee")?,
            total: self.fen("total_fee")?,
            reason: self.optional("refund_desc", TEXT_BYTES_MAX)?,
            notify_url: self.notify_url()?,
        };
        self.with_order(|desk, which| {
            let order = desk.trades.order(party, which)?.key();
            let key = desk.trades.take_refund(desk.ctx.now, &order, ask, Interface::V2)?;
            desk.trades.refund_at(&key).map(accepted).ok_or(Refusal::SystemError)
        })
    }

    fn refund_query(&mut self, party: &Party) -> Result<Fields, Refusal> {
        let (order, refunds) = match self.optional("out_refund_no", ID_CHARS_MAX)? {
            Some(no) => {
                let refund = self.trades.refund(party, &no)?;
                let which = OrderRef::OutTradeNo(&refund.out_trade_no);
                (self.trades.order(party, which)?, vec![refund])
            }
            None => {
                let no = self.optional("out_trade_no", ID_CHARS_MAX)?;
                let id = self.optional("transaction_id", ID_CHARS_MAX)?;
                let order = self.trades.order(party, which(&id, &no)?)?;
                (order, self.trades.refunds_of(order))
            }
        };
        if refunds.is_empty() {
            return Err(Refusal::RefundUnknown);
        }
        Ok(listed(order, &refunds))
    }

    /// Calls with the order that the call names; the channel's number goes before the merchant's.
    fn with_order(
        &mut self,
        work: impl FnOnce(&mut Self, OrderRef<'_>) -> Result<Fields, Refusal>,
    ) -> Result<Fields, Refusal> {
        let id = self.optional("transaction_id", ID_CHARS_MAX)?;
        let no = self.optional("out_trade_no", ID_CHARS_MAX)?;
        work(self, which(&id, &no)?)
    }

    fn notify_url(&self) -> Result<Option<String>, Refusal> {
        let url = self.optional("notify_url", super::URL_CHARS_MAX)?;
        let is_allowed = url.as_deref().is_none_or(super::is_notify_url);
        if is_allowed { Ok(url) } else { Err(Refusal::Malformed) }
    }

    fn party(&self) -> Result<Party, Refusal> {
        let merchant = self.caller.merchant;
        if self.required("appid", ID_CHARS_MAX)? != merchant.appid {
            return Err(Refusal::AppNotBound);
        }
        let sub_mchid = self.optional("sub_mch_id", ID_CHARS_MAX)?;
        match (merchant.is_partner(), &sub_mchid) {
            (true, None) => return Err(Refusal::Malformed),
            (true, Some(sub)) if merchant.sub(sub).is_none() => {
                return Err(Refusal::MerchantUnknown);
            }
            (false, Some(_)) => return Err(Refusal::NotAuthorised),
            (true, Some(_)) | (false, None) => {}
        }
        Ok(Party { mchid: merchant.mchid.clone(), sub_mchid })
    }

    fn optional(&self, name: &str, max: usize) -> Result<Option<String>, Refusal> {
        match self.caller.fields.get(name) {
            None => Ok(None),
            Some(text) if text.is_empty() => Ok(None),
            Some(text) if text.len() <= max => Ok(Some(text.clone())),
            Some(_) => Err(Refusal::Malformed),
        }
    }

    fn required(&self, name: &str, max: usize) -> Result<String, Refusal> {
        self.optional(name, max)?.ok_or(Refusal::Malformed)
    }

    fn fen(&self, name: &str) -> Result<Amount, Refusal> {
        let text = self.required(name, ID_CHARS_MAX)?;
        if !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Refusal::Malformed);
        }
        fen(text.parse().or(Err(Refusal::Malformed))?)
    }
}

fn which<'a>(id: &'a Option<String>, no: &'a Option<String>) -> Result<OrderRef<'a>, Refusal> {
    match (id, no) {
        (Some(id), _) => Ok(OrderRef::TransactionId(id)),
        (None, Some(no)) => Ok(OrderRef::OutTradeNo(no)),
        (None, None) => Err(Refusal::Malformed),
    }
}

fn put(fields: &mut Fields, name: &str, value: impl Into<String>) {
    fields.insert(name.to_owned(), value.into());
}

/// An order as a query answers it.
fn told(order: &Order) -> Fields {
    let mut fields = if order.transaction_id.is_some() { paid(order) } else { Fields::new() };
    put(&mut fields, "out_trade_no", order.out_trade_no.as_str());
    put(&mut fields, "trade_state", order.trade_state());
    put(&mut fields, "trade_state_desc", messages::state_text(order.trade_state()));
    fields
}

/// A paid order as the charge and the query answer it.
fn paid(order: &Order) -> Fields {
    let mut fields = Fields::new();
    let total = order.terms.total.minor().to_string();
    let openid = order.payer.as_deref().unwrap_or_default();
    put(&mut fields, "openid", openid);
    put(&mut fields, "is_subscribe", "N");
    if order.terms.sub_appid.is_some() {
        put(&mut fields, "sub_openid", openid);
        put(&mut fields, "sub_is_subscribe", "N");
    }
    put(&mut fields, "trade_type", order.terms.kind.word());
    put(&mut fields, "bank_type", "OTHERS");
    put(&mut fields, "fee_type", "CNY");
    put(&mut fields, "total_fee", total.as_str());
    put(&mut fields, "cash_fee_type", "CNY");
    put(&mut fields, "cash_fee", total);
    put(&mut fields, "transaction_id", order.transaction_id.clone().unwrap_or_default());
    put(&mut fields, "out_trade_no", order.out_trade_no.as_str());
    if let Some(attach) = &order.terms.attach {
        put(&mut fields, "attach", attach.as_str());
    }
    put(&mut fields, "time_end", order.paid_at.map(digits14).unwrap_or_default());
    fields
}

/// A refund that was accepted; whether it succeeds is told by the query.
fn accepted(refund: &Refund) -> Fields {
    let mut fields = Fields::new();
    let (total, part) =
        (refund.ask.total.minor().to_string(), refund.ask.refund.minor().to_string());
    put(&mut fields, "transaction_id", refund.transaction_id.as_str());
    put(&mut fields, "out_trade_no", refund.out_trade_no.as_str());
    put(&mut fields, "out_refund_no", refund.ask.out_refund_no.as_str());
    put(&mut fields, "refund_id", refund.refund_id.as_str());
    put(&mut fields, "refund_fee", part.as_str());
    put(&mut fields, "total_fee", total.as_str());
    put(&mut fields, "fee_type", "CNY");
    put(&mut fields, "cash_fee", total);
    put(&mut fields, "cash_refund_fee", part);
    fields
}

/// Refunds as the query lists them: every field with the refund's index behind it.
fn listed(order: &Order, refunds: &[&Refund]) -> Fields {
    let mut fields = Fields::new();
    let total = order.terms.total.minor().to_string();
    put(&mut fields, "transaction_id", order.transaction_id.clone().unwrap_or_default());
    put(&mut fields, "out_trade_no", order.out_trade_no.as_str());
    put(&mut fields, "total_fee", total.as_str());
    put(&mut fields, "fee_type", "CNY");
    put(&mut fields, "cash_fee", total);
    put(&mut fields, "refund_count", refunds.len().to_string());
    for (index, refund) in refunds.iter().enumerate() {
        let mut one = |name: &str, value: &str| {
            put(&mut fields, &format!("{name}_{index}"), value);
        };
        one("out_refund_no", &refund.ask.out_refund_no);
        one("refund_id", &refund.refund_id);
        one("refund_channel", "ORIGINAL");
        one("refund_fee", &refund.ask.refund.minor().to_string());
        one("refund_status", refund.status());
        one("refund_recv_accout", "支付用户零钱");
        if let Some(at) = refund.succeeded_at {
            one("refund_success_time", &spaced(at));
        }
    }
    fields
}

/// What everybody may read of a refund notice.
pub(super) fn notice_outer(merchant: &WechatMerchant, party: &Party) -> Fields {
    let mut fields = Fields::new();
    put(&mut fields, "return_code", "SUCCESS");
    put(&mut fields, "appid", merchant.appid.as_str());
    put(&mut fields, "mch_id", party.mchid.as_str());
    if let Some(sub) = &party.sub_mchid {
        put(&mut fields, "sub_mch_id", sub.as_str());
    }
    fields
}

/// What a refund notice seals.
pub(super) fn notice_inner(refund: &Refund) -> Fields {
    let mut fields = accepted(refund);
    for name in ["fee_type", "cash_fee", "cash_refund_fee"] {
        fields.remove(name);
    }
    put(&mut fields, "settlement_total_fee", refund.ask.total.minor().to_string());
    put(&mut fields, "settlement_refund_fee", refund.ask.refund.minor().to_string());
    put(&mut fields, "refund_status", refund.status());
    put(&mut fields, "success_time", refund.succeeded_at.map(spaced).unwrap_or_default());
    put(&mut fields, "refund_recv_accout", "支付用户零钱");
    put(&mut fields, "refund_account", "REFUND_SOURCE_UNSETTLED_FUNDS");
    put(&mut fields, "refund_request_source", "API");
    fields
}
