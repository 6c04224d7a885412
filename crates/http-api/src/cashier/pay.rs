//! What the page's pay button calls.

use app::App;
use app::cashier::{Begin, PayAs, PayBy};
use axum::Json;
use axum::extract::{Path, State};
use bytes::Bytes;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use ids::{ChannelCode, MerchantId, OrderId};
use money::{Amount, Currency};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{app_of, channel_of, session, view};
use crate::answer::{Answer, detached, parse};
use crate::errors::ApiError;
use crate::payments::bounded;
use crate::state::{ApiState, ClientIp};

/// The page makes them of 22 and more random characters.
const KEY_BYTES: std::ops::RangeInclusive<usize> = 20..=64;
const REMARK_BYTES_MAX: usize = 120;

/// How the payer pays.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct How {
    /// The channel whose app a phone's browser leads to; none inside an app.
    channel: Option<String>,
    /// In place of what was begun elsewhere.
    #[serde(default)]
    instead: bool,
}

/// A plate's payer says how much.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AtPlate {
    amount_fen: u64,
    #[serde(default)]
    tip_fen: u64,
    remark: Option<String>,
    key: String,
    channel: Option<String>,
}

/// `POST /c/q/{code}/pay`: begins the order of this key, and makes what the app needs to pay it.
pub(super) async fn at_plate(
    State(state): State<ApiState>,
    Path(code): Path<String>,
    ClientIp(ip): ClientIp,
    headers: HeaderMap,
    body: Bytes,
) -> Answer<Value> {
    let body = json_only::<AtPlate>(&headers, &body)?;
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    if !KEY_BYTES.contains(&body.key.len()) || !body.key.bytes().all(plain) {
        return Err(ApiError::field("field_invalid", "key"));
    }
    let remark = body.remark.filter(|remark| !remark.trim().is_empty());
    if let Some(remark) = &remark {
        bounded("remark", remark, REMARK_BYTES_MAX)?;
    }
    let page = state.app.open_plate(&code).await?;
    if !state.page_rates.admit(&page.plate.id.to_i64(), state.app.clock.now()) {
        return Err(ApiError::of("rate_limited"));
    }
    let by = payer(&state.app, page.plate.merchant, (&headers, body.channel.as_deref())).await?;
    let begin = Begin {
        amount: fen(body.amount_fen)?,
        tip: fen(body.tip_fen)?,
        remark,
        key: body.key,
        ip: ip.clone(),
    };
    let with = PayAs { by, ip, instead: false };
    let app = state.app.clone();
    let (order, leg) = detached(async move {
        let order = app.begin_at_plate(&page, begin).await?;
        app.pay_order(order.id(), &with).await
    })
    .await?;
    Ok(Json(told(&state.app, order, leg)))
}

/// `POST /c/o/{code}/pay`: makes what the app needs to pay the rest.
pub(super) async fn order(
    State(state): State<ApiState>,
    Path(code): Path<String>,
    ClientIp(ip): ClientIp,
    headers: HeaderMap,
    body: Bytes,
) -> Answer<Value> {
    let body = json_only::<How>(&headers, &body)?;
    let page = state.app.open_order(&code).await?;
    let id: OrderId = page.order.id();
    if !state.page_rates.admit(&id.to_i64(), state.app.clock.now()) {
        return Err(ApiError::of("rate_limited"));
    }
    let by = payer(&state.app, page.merchant.id, (&headers, body.channel.as_deref())).await?;
    let with = PayAs { by, ip, instead: body.instead };
    let app = state.app.clone();
    let (order, leg) = detached(async move { app.pay_order(id, &with).await }).await?;
    Ok(Json(told(&state.app, order, leg)))
}

/// The order, with the code that names it from now on.
fn told(app: &App, order: orders::Aggregate, leg: Option<u16>) -> Value {
    json!({ "code": app.order_code(order.id()), "order": view::order(&order, leg) })
}

/// Who pays: inside an app the payer whom the channel named, in a browser whoever opens the link.
async fn payer(
    app: &App,
    merchant: MerchantId,
    (headers, chosen): (&HeaderMap, Option<&str>),
) -> Result<PayBy, ApiError> {
    if let Some(channel) = channel_of(app_of(headers)) {
        let payer = session::payer_of(app, headers, &channel);
        let payer = payer.ok_or(ApiError::of("payer_unknown"))?;
        let scopes = app.payer_scopes(merchant, &channel).await?;
        return match scopes.contains(&payer.scope) {
            true => Ok(PayBy::App(payer)),
            false => Err(ApiError::of("payer_unknown")),
        };
    }
    let channel = chosen.and_then(|code| ChannelCode::parse(code).ok());
    Ok(PayBy::Browser(channel.ok_or(ApiError::field("field_invalid", "channel"))?))
}

/// A form of another page cannot send this type, so nobody else's page can make a payer's browser call.
fn json_only<T: serde::de::DeserializeOwned>(
    headers: &HeaderMap,
    body: &Bytes,
) -> Result<T, ApiError> {
    let media_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    if media_type.is_some_and(|text| text.starts_with("application/json")) {
        parse(body)
    } else {
        Err(ApiError::field("request_malformed", "content-type"))
    }
}

fn fen(minor: u64) -> Result<Amount, ApiError> {
    Amount::new(minor, Currency::Cny).or(Err(ApiError::of("amount_invalid")))
}
