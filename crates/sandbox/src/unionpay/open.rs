//! The open platform: payments inside the UnionPay app's pages, JSON to `/gateway/api/pay/`.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use http::{HeaderValue, header};
use jiff::SignedDuration;
use money::{Amount, Currency};
use serde_json::{Map, Value, json};

use super::config::{UnionpayConfig, UnionpayGateway, UnionpayMerchant};
use super::phone;
use super::service::settle;
use super::trades::{State, Trade, TradeKey, Trades, What, read_beijing};
use super::wire::{Fields, hashed};
use crate::core::{Ctx, GrantRefusal, Grants, Request, Response};

pub(super) const PATH: &str = "/gateway/api/pay/";
/// The one service provider.
pub(super) const PROVIDER: &str = "sandboxprovider1";
/// Chosen: an order that nobody pays ends after so long.
const EXPIRES: SignedDuration = SignedDuration::from_hours(2);

/// A code and words, as an answer says them.
type Refusal = (&'static str, &'static str);

pub(super) fn is_open(request: &Request) -> bool {
    request.uri().path().starts_with(PATH)
}

/// The call's name for fault rules.
pub(super) fn call_name(request: &Request) -> String {
    request.uri().path().trim_start_matches("/gateway/api/").to_owned()
}

pub(super) fn handle(
    config: &UnionpayConfig,
    (trades, grants): (&mut Trades, &mut Grants),
    ctx: &mut Ctx<'_>,
    request: &Request,
) -> Response {
    let fields = fields(request);
    let served = verified(config, &fields).and_then(|merchant| {
        match request.uri().path().trim_start_matches(PATH) {
            "getUserId" => user_id(grants, ctx, &fields),
            name => serve(trades, ctx, (name, merchant), &fields),
        }
    });
    let said = served.unwrap_or_else(outcome);
    answer(&config.gateway, &fields, said)
}

/// The refusal that a switch wants, properly signed.
pub(super) fn refuse(config: &UnionpayConfig, request: &Request, why: Refusal) -> Response {
    let fields = fields(request);
    let why = verified(config, &fields).err().unwrap_or(why);
    answer(&config.gateway, &fields, outcome(why))
}

fn fields(request: &Request) -> Fields {
    let map: Map<String, Value> = serde_json::from_slice(request.body()).unwrap_or_default();
    let field = |(name, value): (String, Value)| match value {
        Value::Null => None,
        Value::String(text) => Some((name, text)),
        other @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
            Some((name, other.to_string()))
        }
    };
    map.into_iter().filter_map(field).collect()
}

fn verified<'a>(
    config: &'a UnionpayConfig,
    fields: &Fields,
) -> Result<&'a UnionpayMerchant, Refusal> {
    let get = |name: &str| fields.get(name).map(String::as_str);
    if get("serProvId") != Some(PROVIDER) {
        return Err(("01", "unknown service provider"));
    }
    let merchant = get("merId").and_then(|mer_id| config.merchant(mer_id));
    let merchant = merchant.ok_or(("01", "unknown merchant"))?;
    let signature = get("signature").and_then(|text| BASE64.decode(text).ok());
    let key = merchant.key.public_key();
    let verified = signature.is_some_and(|s| key.verify_sha256(&hashed(fields), &s).is_ok());
    if verified { Ok(merchant) } else { Err(("01", "wrong signature")) }
}

fn serve(
    trades: &mut Trades,
    ctx: &mut Ctx<'_>,
    (name, merchant): (&str, &UnionpayMerchant),
    fields: &Fields,
) -> Result<Fields, Refusal> {
    let text = |name: &str| fields.get(name).cloned().unwrap_or_default();
    let wanted = (merchant.mer_id.as_str(), text("orderNo"));
    match name {
        "unifiedorder" => open(trades, ctx, wanted, fields),
        "queryOrder" => {
            let trade = trades.by_order(wanted.0, &wanted.1).ok_or(NOT_FOUND)?;
            let mut said = outcome(("00", "success"));
            let code = match trade.state {
                State::Done if trades.returned_fen(&trade.key) > 0 => "01",
                State::Done => "00",
                State::Waiting => "02",
                State::Failed(_) => "03",
            };
            put(&mut said, "origRespCode", code);
            put(&mut said, "txnAmt", &trade.amount.minor().to_string());
            put(&mut said, "transIndex", &trade.query_id);
            Ok(said)
        }
        "closeOrder" => {
            let trade = trades.by_order(wanted.0, &wanted.1).ok_or(NOT_FOUND)?;
            let (key, state) = (trade.key.clone(), trade.state);
            match state {
                State::Done => Err(("01", "the order is paid")),
                State::Failed(_) => Ok(outcome(("00", "success"))),
                State::Waiting => {
                    trades.fail(&key, super::refusal::Refusal::TimedOut);
                    Ok(outcome(("00", "success")))
                }
            }
        }
        "refund" => refund(trades, ctx, wanted, fields),
        "refundQuery" => {
            let trade = trades.by_order(wanted.0, &wanted.1).ok_or(NOT_FOUND)?;
            let mut said = outcome(("00", "success"));
            let done = trade.state == State::Done;
            put(&mut said, "origRespCode", if done { "00" } else { "01" });
            Ok(said)
        }
        _ => Err(("01", "no such service")),
    }
}

/// Chosen: how the platform says that it does not know a number is not known.
const NOT_FOUND: Refusal = ("34", "order not found");

/// The payer's number in the app that gave the code. The real exchange's message is not published:
/// its name and fields are chosen.
fn user_id(grants: &mut Grants, ctx: &Ctx<'_>, fields: &Fields) -> Result<Fields, Refusal> {
    let required = |name: &str| fields.get(name).filter(|text| !text.is_empty());
    let malformed = ("01", "malformed");
    let code = required("userAuthCode").ok_or(malformed)?;
    let app = required("appUpIdentifier").ok_or(malformed)?;
    required("customerIp").ok_or(malformed)?;
    let payer = grants.redeem(ctx.now, app, code).map_err(|refusal| match refusal {
        GrantRefusal::Unknown => ("34", "userAuthCode not found"),
        GrantRefusal::Used => ("01", "userAuthCode was used"),
        GrantRefusal::Expired => ("01", "userAuthCode expired"),
    })?;
    let mut said = outcome(("00", "success"));
    put(&mut said, "userId", &phone::user_id(app, &payer));
    Ok(said)
}

fn open(
    trades: &mut Trades,
    ctx: &Ctx<'_>,
    (mer_id, order_id): (&str, String),
    fields: &Fields,
) -> Result<Fields, Refusal> {
    let required = |name: &str| fields.get(name).filter(|text| !text.is_empty());
    let malformed = ("01", "malformed");
    if trades.by_order(mer_id, &order_id).is_some() {
        return Err(("12", "repeated"));
    }
    for name in ["orderInfo", "backUrl", "userId", "customerIp", "termInfo"] {
        required(name).ok_or(malformed)?;
    }
    let js = required("orderType").is_some_and(|kind| kind == "upJs");
    let time = required("orderTime").filter(|text| read_beijing(text).is_some());
    let (true, Some(txn_time)) = (js, time) else { return Err(malformed) };
    let key = TradeKey { mer_id: mer_id.to_owned(), order_id, txn_time: txn_time.clone() };
    let expires_at = ctx.now.saturating_add(EXPIRES).unwrap_or(ctx.now);
    let amount = amount(fields, "txnAmt").ok_or(malformed)?;
    let number = trades.next_number();
    let link = phone::page_link(number);
    let opened = trade((key, What::Payment), amount, expires_at, fields);
    trades.insert(Trade { link: Some(link.clone()), ..opened });
    let mut said = outcome(("00", "success"));
    put(&mut said, "payData", &format!("{}{link}", ctx.base_url));
    Ok(said)
}

fn refund(
    trades: &mut Trades,
    ctx: &mut Ctx<'_>,
    (mer_id, order_id): (&str, String),
    fields: &Fields,
) -> Result<Fields, Refusal> {
    let original = fields.get("origOrderNo").and_then(|no| trades.by_order(mer_id, no));
    let original = original.filter(|trade| trade.state == State::Done).ok_or(NOT_FOUND)?;
    let amount = amount(fields, "txnAmt").ok_or(("01", "malformed"))?;
    if fields.get("origTxnAmt") != Some(&original.amount.minor().to_string()) {
        return Err(("01", "another amount of the payment"));
    }
    // The same number again is the same refund.
    if trades.by_order(mer_id, &order_id).is_some() {
        return Ok(outcome(("00", "success")));
    }
    let back = trades.returned_fen(&original.key).saturating_add(amount.minor());
    if back > original.amount.minor() {
        return Err(("01", "more than was paid"));
    }
    let txn_time = original.key.txn_time.clone();
    let key = TradeKey { mer_id: mer_id.to_owned(), order_id, txn_time };
    let what = What::Refund(original.key.clone());
    // Of refunds the platform tells nothing by itself.
    let silent = Fields::new();
    trades.insert(trade((key.clone(), what), amount, ctx.now, &silent));
    settle(trades, ctx, &key);
    Ok(outcome(("00", "success")))
}

fn trade(
    (key, what): (TradeKey, What),
    amount: Amount,
    expires_at: jiff::Timestamp,
    fields: &Fields,
) -> Trade {
    Trade {
        key,
        what,
        state: State::Waiting,
        amount,
        repeated: fields.clone(),
        back_url: fields.get("backUrl").cloned(),
        link: None,
        query_id: String::new(),
        trace_no: String::new(),
        done_at: None,
        expires_at,
        confirms_at: None,
    }
}

fn amount(fields: &Fields, name: &str) -> Option<Amount> {
    let fen = fields.get(name)?.parse().ok()?;
    Amount::new(fen, Currency::Cny).ok().filter(|amount| !amount.is_zero())
}

fn outcome((code, message): Refusal) -> Fields {
    BTreeMap::from([
        ("respCode".to_owned(), code.to_owned()),
        ("respMsg".to_owned(), message.to_owned()),
    ])
}

fn put(fields: &mut Fields, name: &str, value: &str) {
    fields.insert(name.to_owned(), value.to_owned());
}

fn answer(gateway: &UnionpayGateway, request: &Fields, said: Fields) -> Response {
    let mut fields = said;
    for name in ["merId", "orderNo", "orderType"] {
        if let Some(value) = request.get(name) {
            put(&mut fields, name, value);
        }
    }
    let mut response = Response::new(body(gateway, fields));
    let json = HeaderValue::from_static("application/json;charset=UTF-8");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

/// Whether a letter is one of this platform's.
pub(super) fn is_of_open(fields: &Fields) -> bool {
    fields.contains_key("serProvId")
}

/// What a notice says of a payment, from what the gateway's own would.
pub(super) fn notice_body(gateway: &UnionpayGateway, fields: &Fields) -> Bytes {
    let mut said = Fields::new();
    for name in ["serProvId", "merId", "orderNo", "orderType", "txnAmt", "userId"] {
        if let Some(value) = fields.get(name) {
            put(&mut said, name, value);
        }
    }
    put(&mut said, "transIndex", fields.get("queryId").map_or("", String::as_str));
    body(gateway, said)
}

fn body(gateway: &UnionpayGateway, mut fields: Fields) -> Bytes {
    fields.remove("signature");
    let signature = BASE64.encode(gateway.key.sign_sha256(&hashed(&fields)));
    put(&mut fields, "signature", &signature);
    Bytes::from(json!(fields).to_string())
}
