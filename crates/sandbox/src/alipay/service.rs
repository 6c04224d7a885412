//! The trade service: what each method does to a trade and what it answers.

use jiff::{SignedDuration, Timestamp};
use money::Amount;
use serde_json::{Map, Value, json};

use super::biz::Biz;
use super::method::Method;
use super::refusal::Refusal;
use super::trade::{
    CancelAction, Correspondence, Due, Refund, RefundStep, Status, Terms, Trade, TradeKey, Trades,
    beijing,
};
use super::wire::Call;
use super::{notify, phone};
use crate::core::{CodeUse, Ctx, Insistence, PayRefusal, Payer, later};

/// A dynamic code is valid for two hours unless the merchant says otherwise.
const EXPIRES_DEFAULT: SignedDuration = SignedDuration::from_hours(2);
/// The one payer behind all of the sandbox's codes.
const BUYER_USER_ID: &str = "2088700000000001";
const BUYER_LOGON_ID: &str = "138****0001";
const TIME: &str = "%Y-%m-%d %H:%M:%S";
const SCENES: [&str; 4] = ["bar_code", "wave_code", "security_code", "face_code"];

/// A call that the service carried out.
#[derive(Debug)]
pub(super) struct Success {
    pub(super) code: &'static str,
    pub(super) msg: &'static str,
    pub(super) fields: Map<String, Value>,
}

type Answer = Result<Success, Refusal>;

pub(super) fn serve(trades: &mut Trades, ctx: &mut Ctx<'_>, call: &Call<'_>) -> Answer {
    match call.method {
        Method::Pay => pay(trades, ctx, call),
        Method::Precreate => precreate(trades, ctx, call),
        Method::Create => create(trades, ctx, call),
        Method::WapPay => page(trades, ctx, call, &["QUICK_WAP_WAY", "QUICK_WAP_PAY"]),
        Method::PagePay => page(trades, ctx, call, &["FAST_INSTANT_TRADE_PAY"]),
        Method::Query => query(trades, ctx, call),
        Method::Cancel => cancel(trades, ctx, call),
        Method::Close => close(trades, ctx, call),
        Method::Refund => refund(trades, ctx, call),
        Method::RefundQuery => refund_query(trades, call),
        // A token is no trade: the gateway answers it before.
        Method::OauthToken => Err(Refusal::InvalidParameter),
    }
}

/// `alipay.trade.pay`: the payer's code was scanned.
fn pay(trades: &mut Trades, ctx: &mut Ctx<'_>, call: &Call<'_>) -> Answer {
    let biz = Biz(&call.biz);
    let order = Order::read(ctx.now, call, Status::WaitBuyerPay)?;
    if !SCENES.contains(&biz.required("scene")?.as_str()) {
        return Err(Refusal::InvalidParameter);
    }
    let code = biz.required("auth_code")?;
    let payer = payer_of(&code).ok_or(Refusal::PaymentAuthCodeInvalid)?;
    let earlier = order.earlier(trades, ctx.now)?;
    let code_use = ctx.wallets.use_code(&code, &order.key.seller_id, &order.key.out_trade_no);
    match (code_use, earlier) {
        (CodeUse::OtherOrder, _) => return Err(Refusal::PaymentAuthCodeInvalid),
        (CodeUse::SameOrder, Some(Status::WaitBuyerPay)) => return waiting(trades, &order.key),
        (CodeUse::SameOrder | CodeUse::Fresh, _) => {}
    }
    let key = order.key.clone();
    match payer {
        Payer::CodeInvalid => Err(Refusal::PaymentAuthCodeInvalid),
        Payer::BalanceNotEnough => Err(Refusal::BuyerBalanceNotEnough),
        Payer::RiskRefused => Err(Refusal::PaymentRequestHasRisk),
        Payer::SystemError { money_taken: false } => Err(Refusal::SystemError),
        Payer::SystemError { money_taken: true } => {
            order.open(trades);
            settle(trades, ctx, &key);
            Err(Refusal::SystemError)
        }
        Payer::AsksPassword { confirms_after_ms } => {
            order.open(trades);
            if let Some(ms) = confirms_after_ms {
                trades.confirm_later(&key, later(ctx.now, ms));
            }
            waiting(trades, &key)
        }
        Payer::PaysAtOnce | Payer::PaysAndLeaves => {
            order.open(trades);
            // A synchronous 10000 has no notice: the answer says it all.
            trades.pay(&key, ctx.now);
            let trade = trades.get(&key).ok_or(Refusal::SystemError)?;
            let mut fields = numbers(trade);
            fields.extend(paid_fields(trade, "gmt_payment"));
            Ok(done(fields))
        }
    }
}

/// Alipay's payer codes have 16 to 24 digits and start with 25 to 30.
fn payer_of(code: &str) -> Option<Payer> {
    let prefix = code.get(..2)?.parse::<u8>().ok()?;
    (25..=30).contains(&prefix).then(|| Payer::of_code(code))?
}

/// `alipay.trade.precreate`: a dynamic code; no trade exists before the payer scans it.
fn precreate(trades: &mut Trades, ctx: &mut Ctx<'_>, call: &Call<'_>) -> Answer {
    let order = Order::read(ctx.now, call, Status::Code)?;
    let key = order.key.clone();
    if order.earlier(trades, ctx.now)?.is_none() {
        order.open(trades);
    }
    let trade = trades.get(&key).ok_or(Refusal::SystemError)?;
    let mut fields = Map::new();
    fields.insert("out_trade_no".to_owned(), json!(trade.key.out_trade_no));
    fields.insert("qr_code".to_owned(), json!(trade.qr_code));
    Ok(done(fields))
}

/// `alipay.trade.create`: a trade for a known payer, who pays inside the wallet.
fn create(trades: &mut Trades, ctx: &mut Ctx<'_>, call: &Call<'_>) -> Answer {
    let biz = Biz(&call.biz);
    let order = Order::read(ctx.now, call, Status::WaitBuyerPay)?;
    let buyer = biz.text("buyer_id").or_else(|| biz.text("buyer_open_id"));
    let buyer = buyer.ok_or(Refusal::InvalidParameter)?;
    let order = Order { buyer: Some(buyer), ..order };
    let key = order.key.clone();
    if order.earlier(trades, ctx.now)?.is_none() {
        order.open(trades);
    }
    let trade = trades.get(&key).ok_or(Refusal::SystemError)?;
    Ok(done(numbers(trade)))
}

/// `alipay.trade.wap.pay`, `alipay.trade.page.pay`: the payer's browser opened the merchant's link.
fn page(trades: &mut Trades, ctx: &mut Ctx<'_>, call: &Call<'_>, products: &[&str]) -> Answer {
    let biz = Biz(&call.biz);
    let order = Order::read(ctx.now, call, Status::WaitBuyerPay)?;
    if !products.contains(&biz.required("product_code")?.as_str()) {
        return Err(Refusal::InvalidParameter);
    }
    let key = order.key.clone();
    if order.earlier(trades, ctx.now)?.is_none() {
        order.open(trades);
    }
    let trade = trades.get(&key).ok_or(Refusal::SystemError)?;
    Ok(done(numbers(trade)))
}

fn query(trades: &Trades, ctx: &Ctx<'_>, call: &Call<'_>) -> Answer {
    let (_, trade) = find(trades, call)?;
    let mut fields = numbers(trade);
    fields.insert("trade_status".to_owned(), json!(trade.status_at(ctx.now).word()));
    fields.insert("total_amount".to_owned(), json!(trade.terms.total.to_major()));
    fields.extend(buyer_told(trade));
    if trade.paid_at.is_some() {
        fields.extend(paid_fields(trade, "send_pay_date"));
    }
    Ok(done(fields))
}

/// `alipay.trade.cancel`: unpaid is closed, paid is given back in full. A number of the merchant
/// that the channel never saw is a success too, and stops nothing that arrives later.
fn cancel(trades: &mut Trades, ctx: &mut Ctx<'_>, call: &Call<'_>) -> Answer {
    let biz = Biz(&call.biz);
    let (trade_no, out_trade_no) = (biz.text("trade_no"), biz.text("out_trade_no"));
    let known = trades.key_of(&call.app.seller_id, trade_no.as_deref(), out_trade_no.as_deref());
    let Some(key) = known else {
        return match (trade_no, out_trade_no) {
            (Some(_), _) => Err(Refusal::TradeNotExist),
            (None, None) => Err(Refusal::InvalidParameter),
            (None, Some(number)) => {
                let mut fields = Map::new();
                fields.insert("out_trade_no".to_owned(), json!(number));
                fields.insert("retry_flag".to_owned(), json!("N"));
                Ok(done(fields))
            }
        };
    };
    let action = cancel_known(trades, ctx, &key)?;
    let trade = trades.get_mut(&key).ok_or(Refusal::SystemError)?;
    trade.cancelled = Some(action);
    let mut fields = numbers(trade);
    fields.insert("retry_flag".to_owned(), json!("N"));
    let word = match action {
        CancelAction::Close => "close",
        CancelAction::Refund => "refund",
    };
    fields.insert("action".to_owned(), json!(word));
    Ok(done(fields))
}

fn cancel_known(
    trades: &mut Trades,
    ctx: &mut Ctx<'_>,
    key: &TradeKey,
) -> Result<CancelAction, Refusal> {
    let trade = trades.get_mut(key).ok_or(Refusal::SystemError)?;
    match trade.status_at(ctx.now) {
        Status::Code | Status::DeadCode | Status::WaitBuyerPay => {
            trades.close(key, ctx.now);
            Ok(CancelAction::Close)
        }
        Status::Success if trade.refunds.is_empty() => {
            let request_no = trade.key.out_trade_no.clone();
            let refund = Refund { request_no, amount: trade.terms.total, at: ctx.now };
            trade.refund(refund)?;
            notify::write(ctx, trade, "refund");
            Ok(CancelAction::Refund)
        }
        Status::Success => Err(Refusal::ReasonTradeRefundFeeErr),
        Status::Finished => Err(Refusal::TradeHasFinished),
        Status::Closed => match trade.cancelled {
            Some(action) => Ok(action),
            None if trade.refunds.is_empty() => Ok(CancelAction::Close),
            None => Err(Refusal::ReasonTradeRefundFeeErr),
        },
    }
}

/// `alipay.trade.close`: for a trade that waits. An unscanned code is not a trade, and stays
/// payable: closing it answers that there is none.
fn close(trades: &mut Trades, ctx: &mut Ctx<'_>, call: &Call<'_>) -> Answer {
    let (key, trade) = find(trades, call)?;
    match trade.status_at(ctx.now) {
        Status::Code | Status::DeadCode => Err(Refusal::TradeNotExist),
        Status::Success | Status::Finished => Err(Refusal::TradeStatusError),
        Status::Closed => Err(Refusal::TradeHasClose),
        Status::WaitBuyerPay => {
            let fields = numbers(trade);
            trades.close(&key, ctx.now);
            Ok(done(fields))
        }
    }
}

/// `alipay.trade.refund`: carried out at once; a repeat answers 10000 with `fund_change` N.
fn refund(trades: &mut Trades, ctx: &mut Ctx<'_>, call: &Call<'_>) -> Answer {
    let biz = Biz(&call.biz);
    let amount = biz.amount("refund_amount")?;
    let (key, trade) = find(trades, call)?;
    let request_no = match biz.text("out_request_no") {
        Some(number) => number,
        // Without its own number only the whole can be given back, under the order's number.
        None if amount == trade.terms.total => trade.key.out_trade_no.clone(),
        None => return Err(Refusal::InvalidParameter),
    };
    let trade = trades.get_mut(&key).ok_or(Refusal::SystemError)?;
    let step = trade.refund(Refund { request_no, amount, at: ctx.now })?;
    let fund_change = match step {
        RefundStep::Done => {
            notify::write(ctx, trade, "refund");
            "Y"
        }
        RefundStep::Repeated => "N",
    };
    let refunded = trade.refunded().or(Err(Refusal::SystemError))?;
    let mut fields = numbers(trade);
    fields.extend(buyer_told(trade));
    fields.insert("fund_change".to_owned(), json!(fund_change));
    fields.insert("refund_fee".to_owned(), json!(refunded.to_major()));
    fields.insert("send_back_fee".to_owned(), json!(amount.to_major()));
    fields.insert("gmt_refund_pay".to_owned(), json!(beijing(ctx.now, TIME)));
    fields.insert("refund_detail_item_list".to_owned(), funds(amount, "fund_channel"));
    Ok(done(fields))
}

/// `alipay.trade.fastpay.refund.query`: without refund fields there is no such refund.
fn refund_query(trades: &Trades, call: &Call<'_>) -> Answer {
    let request_no = Biz(&call.biz).required("out_request_no")?;
    let (_, trade) = find(trades, call)?;
    let mut fields = Map::new();
    if let Some(refund) = trade.refunds.iter().find(|refund| refund.request_no == request_no) {
        fields = numbers(trade);
        fields.insert("out_request_no".to_owned(), json!(refund.request_no));
        fields.insert("refund_amount".to_owned(), json!(refund.amount.to_major()));
        fields.insert("total_amount".to_owned(), json!(trade.terms.total.to_major()));
        fields.insert("refund_status".to_owned(), json!("REFUND_SUCCESS"));
        fields.insert("send_back_fee".to_owned(), json!(refund.amount.to_major()));
        fields.insert("gmt_refund_pay".to_owned(), json!(beijing(refund.at, TIME)));
    }
    Ok(done(fields))
}

/// What happens to a trade by itself.
pub(super) fn happen(trades: &mut Trades, ctx: &mut Ctx<'_>, due: Due, key: &TradeKey) {
    match due {
        Due::PayerConfirms => settle(trades, ctx, key),
        Due::Expires => {
            trades.close(key, ctx.now);
            if let Some(trade) = trades.get(key).filter(|trade| trade.is_trade()) {
                notify::write(ctx, trade, "close");
            }
        }
    }
}

/// The payer scans or confirms.
pub(super) fn payer_pays(
    trades: &mut Trades,
    ctx: &mut Ctx<'_>,
    key: &TradeKey,
    how: Insistence,
) -> Result<(), PayRefusal> {
    check_payable(trades.get(key).ok_or(PayRefusal::UnknownOrder)?, how)?;
    settle(trades, ctx, key);
    Ok(())
}

/// Whether the payer can still pay.
pub(super) fn check_payable(trade: &Trade, how: Insistence) -> Result<(), PayRefusal> {
    match (trade.status, how) {
        (Status::Success | Status::Finished, _) => Err(PayRefusal::AlreadyPaid),
        (Status::Closed, _) if trade.paid_at.is_some() => Err(PayRefusal::AlreadyPaid),
        (Status::Closed | Status::DeadCode, Insistence::Polite) => Err(PayRefusal::Closed),
        (Status::Closed | Status::DeadCode, Insistence::EvenIfClosed)
        | (Status::Code | Status::WaitBuyerPay, _) => Ok(()),
    }
}

/// The money is taken and the merchant is told.
fn settle(trades: &mut Trades, ctx: &mut Ctx<'_>, key: &TradeKey) {
    trades.pay(key, ctx.now);
    if let Some(trade) = trades.get(key) {
        notify::write(ctx, trade, "pay");
    }
}

/// The order that a paying call asks for.
struct Order {
    key: TradeKey,
    terms: Terms,
    correspondence: Correspondence,
    created_at: Timestamp,
    expires_at: Timestamp,
    /// A code to be scanned, or a trade at once.
    opens_as: Status,
    /// For whom it is made.
    buyer: Option<String>,
}

impl Order {
    fn read(now: Timestamp, call: &Call<'_>, opens_as: Status) -> Result<Self, Refusal> {
        let biz = Biz(&call.biz);
        let timeout_field =
            if opens_as == Status::Code { "qr_code_timeout_express" } else { "timeout_express" };
        let out_trade_no = biz.out_trade_no()?;
        let subject = biz.subject()?;
        let total = biz.amount("total_amount")?;
        Ok(Self {
            key: TradeKey { seller_id: call.app.seller_id.clone(), out_trade_no },
            terms: Terms { total, subject, body: biz.text("body").unwrap_or_default() },
            correspondence: Correspondence {
                app_id: call.app.app_id.clone(),
                notify_url: call.notify_url.clone(),
                passback_params: biz.text("passback_params"),
                charset: call.charset,
            },
            created_at: now,
            expires_at: biz.expires_at(now, timeout_field, EXPIRES_DEFAULT)?,
            opens_as,
            buyer: None,
        })
    }

    /// What the number stands for already: nothing, or an order of the same terms still open.
    fn earlier(&self, trades: &Trades, now: Timestamp) -> Result<Option<Status>, Refusal> {
        let Some(trade) = trades.get(&self.key) else {
            return Ok(None);
        };
        let status = trade.status_at(now);
        match status {
            Status::Closed | Status::DeadCode => Err(Refusal::TradeHasClose),
            _ if trade.terms != self.terms => Err(Refusal::ContextInconsistent),
            Status::Success | Status::Finished => Err(Refusal::TradeHasSuccess),
            // One number is either shown as a code or charged, not both.
            Status::Code | Status::WaitBuyerPay if status != self.opens_as => {
                Err(Refusal::ContextInconsistent)
            }
            Status::Code | Status::WaitBuyerPay => Ok(Some(status)),
        }
    }

    /// Opens it; an order of the same terms that is open already is left as it is.
    fn open(self, trades: &mut Trades) {
        if trades.get(&self.key).is_some() {
            return;
        }
        trades.insert(Trade {
            key: self.key,
            trade_no: String::new(),
            terms: self.terms,
            correspondence: self.correspondence,
            status: self.opens_as,
            qr_code: None,
            buyer: self.buyer,
            payer: None,
            created_at: self.created_at,
            expires_at: self.expires_at,
            confirms_at: None,
            paid_at: None,
            closed_at: None,
            refunds: Vec::new(),
            cancelled: None,
        });
    }
}

fn find<'a>(trades: &'a Trades, call: &Call<'_>) -> Result<(TradeKey, &'a Trade), Refusal> {
    let biz = Biz(&call.biz);
    let (trade_no, out_trade_no) = (biz.text("trade_no"), biz.text("out_trade_no"));
    if trade_no.is_none() && out_trade_no.is_none() {
        return Err(Refusal::InvalidParameter);
    }
    let key = trades.key_of(&call.app.seller_id, trade_no.as_deref(), out_trade_no.as_deref());
    let trade = key.as_ref().and_then(|key| trades.get(key)).filter(|trade| trade.is_trade());
    key.zip(trade).ok_or(Refusal::TradeNotExist)
}

fn done(fields: Map<String, Value>) -> Success {
    Success { code: "10000", msg: "Success", fields }
}

/// The payer is asked for his password.
fn waiting(trades: &Trades, key: &TradeKey) -> Answer {
    let trade = trades.get(key).ok_or(Refusal::SystemError)?;
    let mut fields = numbers(trade);
    fields.extend(buyer_told(trade));
    fields.insert("total_amount".to_owned(), json!(trade.terms.total.to_major()));
    Ok(Success { code: "10003", msg: " order success pay inprocess", fields })
}

fn numbers(trade: &Trade) -> Map<String, Value> {
    let mut fields = Map::new();
    // A code that nobody scanned has no number of the channel.
    if !trade.trade_no.is_empty() {
        fields.insert("trade_no".to_owned(), json!(trade.trade_no));
    }
    fields.insert("out_trade_no".to_owned(), json!(trade.key.out_trade_no));
    fields
}

/// The buyer as messages name him; notices call his number otherwise than answers do.
pub(super) fn buyer_fields(trade: &Trade, id_field: &'static str) -> Vec<(&'static str, String)> {
    let is_user_id = |id: &&String| id.len() == 16 && id.starts_with("2088");
    let named = trade.buyer.as_ref().filter(is_user_id).cloned();
    let user_id = named.or_else(|| trade.payer.as_deref().map(phone::user_id));
    let mut fields = vec![
        ("buyer_logon_id", BUYER_LOGON_ID.to_owned()),
        (id_field, user_id.unwrap_or_else(|| BUYER_USER_ID.to_owned())),
    ];
    let open_id = trade.buyer.as_ref().filter(|id| !is_user_id(id));
    fields.extend(open_id.map(|id| ("buyer_open_id", id.clone())));
    fields
}

fn buyer_told(trade: &Trade) -> Map<String, Value> {
    let fields = buyer_fields(trade, "buyer_user_id");
    fields.into_iter().map(|(name, value)| (name.to_owned(), json!(value))).collect()
}

fn paid_fields(trade: &Trade, time_field: &str) -> Map<String, Value> {
    let total = trade.terms.total;
    let mut fields = Map::new();
    fields.extend(buyer_told(trade));
    for name in ["total_amount", "receipt_amount", "buyer_pay_amount", "invoice_amount"] {
        fields.insert(name.to_owned(), json!(total.to_major()));
    }
    fields.insert("point_amount".to_owned(), json!("0.00"));
    fields.insert("fund_bill_list".to_owned(), funds(total, "fund_channel"));
    if let Some(paid_at) = trade.paid_at {
        fields.insert(time_field.to_owned(), json!(beijing(paid_at, TIME)));
    }
    fields
}

/// Where the money came from: the payer's balance, all of it.
pub(super) fn funds(amount: Amount, channel_field: &str) -> Value {
    json!([{ "amount": amount.to_major(), channel_field: "ALIPAYACCOUNT" }])
}
