//! The pages themselves: a plate's, an order's, the way back from a channel, and what is shown where
//! nothing can be paid.

use app::cashier::{CashierSettings, Offer, PlatePage};
use app::{App, UseCaseError};
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use channels::PayerAsk;
use http::header::{
    ACCEPT_LANGUAGE, CACHE_CONTROL, CONTENT_TYPE, LOCATION, SET_COOKIE, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderValue, StatusCode};
use ids::{ChannelCode, MerchantId, OrderId, PlateId, StoreId};
use merchants::{PayerApp, ScanOutcome};
use serde::Deserialize;
use serde_json::{Value, json};

use super::session::{self, Journey};
use super::{app_of, channel_of, user_agent, view};
use crate::errors::ApiError;
use crate::state::{ApiState, ClientIp};
use crate::web::{Page, asset_path, data_block, escaped};

const SHELL: &str = include_str!("../../../../web/cashier/cashier.html");
const STYLE: &str = include_str!("../../../../web/cashier/cashier.css");
/// What the page's program loads at once, so that it need not find out step by step.
const MODULES: [&str; 7] = [
    "cashier-bridges.js",
    "cashier-client.js",
    "cashier-words.js",
    "contrast.js",
    "dom.js",
    "language.js",
    "money.js",
];
const STATE_CHARACTERS: usize = 32;
const CODE_BYTES_MAX: usize = 512;

/// How a page is opened.
#[derive(Debug, Deserialize)]
pub(super) struct Opened {
    /// Set where the channel did not name the payer: he is not sent there again by himself.
    asked: Option<String>,
}

/// A plate: the payer says how much.
pub(super) async fn plate(
    State(state): State<ApiState>,
    Path(code): Path<String>,
    Query(opened): Query<Opened>,
    headers: HeaderMap,
) -> Response {
    let (app, path) = (app_of(&headers), format!("/q/{code}"));
    let page = match state.app.open_plate(&code).await {
        Ok(page) => page,
        Err(error) => {
            // Only what names a plate of ours is kept: anybody can open what names none.
            if let Some(plate) = state.app.plate_of(&code) {
                keep_scan(&state, (Some(plate), None), (app, ScanOutcome::Refused)).await;
            }
            return refused(error, &headers);
        }
    };
    let subject = (Some(page.plate.id), None);
    let shop = Shop { merchant: page.plate.merchant, offers: &page.offers };
    match named_first(&state.app, &shop, (&path, opened.asked.is_some()), &headers).await {
        Ok(Some(away)) => {
            keep_scan(&state, subject, (app, ScanOutcome::Identified)).await;
            away
        }
        Ok(None) => {
            keep_scan(&state, subject, (app, ScanOutcome::Shown)).await;
            let known = shop.payer(&state.app, &headers).await.is_some();
            plate_page(&state.app, (&page, &code), app, (&headers, known)).await
        }
        Err(error) => refused(error, &headers),
    }
}

/// An order: the payer pays what is left of it.
pub(super) async fn order(
    State(state): State<ApiState>,
    Path(code): Path<String>,
    Query(opened): Query<Opened>,
    headers: HeaderMap,
) -> Response {
    let (app, path) = (app_of(&headers), format!("/o/{code}"));
    let page = match state.app.open_order(&code).await {
        Ok(page) => page,
        Err(error) => return refused(error, &headers),
    };
    let subject: (Option<PlateId>, Option<OrderId>) = (None, Some(page.order.id()));
    let shop = Shop { merchant: page.merchant.id, offers: &page.offers };
    let is_open = page.order.order.state == orders::OrderState::Paying;
    let away = match is_open {
        true => named_first(&state.app, &shop, (&path, opened.asked.is_some()), &headers).await,
        false => Ok(None),
    };
    match away {
        Ok(Some(away)) => {
            keep_scan(&state, subject, (app, ScanOutcome::Identified)).await;
            away
        }
        Ok(None) => {
            let outcome = if is_open { ScanOutcome::Shown } else { ScanOutcome::Refused };
            keep_scan(&state, subject, (app, outcome)).await;
            let known = shop.payer(&state.app, &headers).await.is_some();
            let data = json!({
                "kind": "order",
                "code": code,
                "address": state.app.order_address(page.order.id()),
                "known": known,
                "order": view::order(&page.order, None),
                "checkout": view::checkout(&page),
            });
            let first = amount_markup(page.order.order.amount.minor());
            let look = Look { name: page.name(), settings: &page.settings, offers: &page.offers };
            let logo = logo_of(&state.app, page.place.as_ref()).await;
            shell(look, (data, &first, logo), app, &headers)
        }
        Err(error) => refused(error, &headers),
    }
}

/// What a channel says of the payer whom it sends back.
#[derive(Debug, Deserialize)]
pub(super) struct Back {
    state: Option<String>,
    /// WeChat's, Alipay's, UnionPay's word for it.
    code: Option<String>,
    auth_code: Option<String>,
    #[serde(rename = "userAuthCode")]
    user_auth_code: Option<String>,
}

/// A payer comes back from his channel.
pub(super) async fn back(
    State(state): State<ApiState>,
    Query(back): Query<Back>,
    ClientIp(ip): ClientIp,
    headers: HeaderMap,
) -> Response {
    let Some(journey) = Journey::of(&state.app, &headers) else {
        return refused(ApiError::of("sign_in_state_wrong"), &headers);
    };
    let same = back
        .state
        .as_deref()
        .is_some_and(|state| crypto::constant_time_eq(state.as_bytes(), journey.state.as_bytes()));
    let Some(account) = journey.account().filter(|_| same) else {
        return refused(ApiError::of("sign_in_state_wrong"), &headers);
    };
    let code = back.code.or(back.auth_code).or(back.user_auth_code);
    let code = code.filter(|code| !code.is_empty() && code.len() <= CODE_BYTES_MAX);
    let named = match code {
        None => Ok(None),
        Some(code) => {
            let circle = merchants::unionpay_app(user_agent(&headers)).unwrap_or_default();
            let ask = PayerAsk { code: &code, app: circle, ip: &ip };
            state.app.identify(account, &ask).await.map(Result::ok)
        }
    };
    let (to, payer) = match named {
        Ok(Some(payer)) => (journey.from, Some(session::payer_cookie(&state.app, &payer))),
        // He said no, or the channel does not know him: the page says so and lets him try again.
        Ok(None) => (format!("{}?asked=1", journey.from), None),
        Err(error) => return refused(error, &headers),
    };
    let mut response = away_to(&to, StatusCode::SEE_OTHER);
    for cookie in payer.into_iter().chain([Journey::ended(&state.app)]) {
        add_cookie(&mut response, &cookie);
    }
    response
}

/// A store's picture.
pub(super) async fn logo(State(state): State<ApiState>, Path(store): Path<String>) -> Response {
    let found = match store.parse::<StoreId>() {
        Ok(store) => state.app.logo_of(store).await,
        Err(_) => Ok(None),
    };
    match found {
        Ok(Some(logo)) => {
            let mut response = (
                [
                    (CACHE_CONTROL, "public, max-age=300"),
                    (CONTENT_TYPE, "image/png"),
                    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
                ],
                logo.bytes.clone(),
            )
                .into_response();
            if let Ok(media_type) = HeaderValue::from_str(&logo.media_type) {
                response.headers_mut().insert(CONTENT_TYPE, media_type);
            }
            response
        }
        Ok(None) => ApiError::of("route_not_found").respond(""),
        Err(error) => ApiError::from(error).respond(""),
    }
}

/// Keeps that a code was opened, within a rate: whoever opens it on and on fills no log.
async fn keep_scan(
    state: &ApiState,
    subject: (Option<PlateId>, Option<OrderId>),
    (app, outcome): (PayerApp, ScanOutcome),
) {
    let id = subject.0.map(PlateId::to_i64).or(subject.1.map(OrderId::to_i64));
    if id.is_some_and(|id| state.scan_rates.admit(&id, state.app.clock.now())) {
        state.app.scanned(subject, app, outcome).await;
    }
}

/// Whose page it is, and by what he is paid.
struct Shop<'a> {
    merchant: MerchantId,
    offers: &'a [Offer],
}

impl Shop<'_> {
    /// The payer, where his app's channel named him for one of the merchant's own apps there.
    async fn payer(&self, app: &App, headers: &HeaderMap) -> Option<app::cashier::Payer> {
        let channel = channel_of(app_of(headers))?;
        let payer = session::payer_of(app, headers, &channel)?;
        let scopes = app.payer_scopes(self.merchant, &channel).await.ok()?;
        scopes.contains(&payer.scope).then_some(payer)
    }

    fn takes_in_app(&self, channel: &ChannelCode) -> bool {
        self.offers.iter().any(|offer| offer.channel == *channel && offer.in_app)
    }
}

/// Sends a payer to be named, who is in a wallet's app and not known yet.
async fn named_first(
    app: &App,
    shop: &Shop<'_>,
    (path, asked): (&str, bool),
    headers: &HeaderMap,
) -> Result<Option<Response>, UseCaseError> {
    let Some(channel) = channel_of(app_of(headers)).filter(|_| !asked) else { return Ok(None) };
    if !shop.takes_in_app(&channel) || shop.payer(app, headers).await.is_some() {
        return Ok(None);
    }
    let state = crypto::random::random_alphanumeric(STATE_CHARACTERS);
    let back = format!("{}/c/back", app.settings.public_url);
    let page = app.sign_in_page(shop.merchant, &channel, (&back, &state)).await?;
    Ok(page.map(|page| {
        let journey = Journey::new(path, (state, page.account), app.clock.now());
        let mut response = away_to(&page.link, StatusCode::FOUND);
        add_cookie(&mut response, &journey.cookie(app));
        response
    }))
}

fn away_to(link: &str, status: StatusCode) -> Response {
    let mut response = Response::default();
    *response.status_mut() = status;
    if let Ok(link) = HeaderValue::from_str(link) {
        response.headers_mut().insert(LOCATION, link);
    }
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn add_cookie(response: &mut Response, cookie: &str) {
    if let Ok(cookie) = HeaderValue::from_str(cookie) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
}

async fn plate_page(
    app: &App,
    (page, code): (&PlatePage, &str),
    payer_app: PayerApp,
    (headers, known): (&HeaderMap, bool),
) -> Response {
    let data = json!({
        "kind": "plate",
        "code": code,
        "address": page.plate.address,
        "known": known,
    });
    let look = Look { name: page.name(), settings: &page.settings, offers: &page.offers };
    let logo = logo_of(app, Some(&page.place)).await;
    shell(look, (data, "<p class=\"amount\" aria-hidden=\"true\">¥</p>", logo), payer_app, headers)
}

async fn logo_of(app: &App, place: Option<&app::Place>) -> Option<StoreId> {
    let place = place?;
    let logo = app.cashier_logo(place.merchant.id, place.store.id).await;
    logo.ok().flatten().map(|_| place.store.id)
}

/// How a page looks.
struct Look<'a> {
    name: &'a str,
    settings: &'a CashierSettings,
    offers: &'a [Offer],
}

/// The page with its data; `first` is what is seen before its program runs.
fn shell(
    look: Look<'_>,
    (mut data, first, logo): (Value, &str, Option<StoreId>),
    app: PayerApp,
    headers: &HeaderMap,
) -> Response {
    let logo = logo.map(|store| format!("/c/logo/{store}"));
    if let Some(map) = data.as_object_mut() {
        map.insert("name".to_owned(), json!(look.name));
        map.insert("logo".to_owned(), json!(logo));
        map.insert("lang".to_owned(), json!(language(headers)));
        map.insert("accent".to_owned(), json!(look.settings.accent));
        map.insert("settings".to_owned(), view::settings(look.settings, look.offers, app));
    }
    let style = format!(":root{{--accent:{}}}{STYLE}", look.settings.accent);
    let preload =
        |name: &&str| format!("<link rel=\"modulepreload\" href=\"{}\">", asset_path(name));
    let picture = logo.map(|path| format!("<img class=\"logo\" src=\"{path}\" alt=\"\">"));
    let html = SHELL
        .replace("{{lang}}", language(headers))
        .replace("{{title}}", &escaped(look.name))
        .replace("{{logo}}", &picture.unwrap_or_default())
        .replace("{{preloads}}", &MODULES.iter().map(preload).collect::<String>())
        .replace("{{program}}", &asset_path("cashier.js"))
        .replace("{{first}}", first)
        .replace("{{style}}", &style)
        .replace("{{data}}", &data_block(&data));
    let origins = &look.settings.embed_origins;
    Page { html, style: &style, embed_origins: origins }.respond(StatusCode::OK)
}

/// Fen as yuan, for the first paint.
fn amount_markup(fen: u64) -> String {
    format!("<p class=\"amount\">¥{}.{:02}</p>", fen / 100, fen % 100)
}

/// English for who asks for it first; Chinese for everybody else.
fn language(headers: &HeaderMap) -> &'static str {
    let wanted = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    if wanted.is_some_and(|wanted| wanted.starts_with("en")) { "en" } else { "zh" }
}

const REFUSAL: &str = include_str!("../../../../web/cashier/refused.html");

/// A page without a program that says in two languages why nothing can be paid, with the code of it.
fn refused(error: impl Into<ApiError>, headers: &HeaderMap) -> Response {
    let error = error.into();
    let (zh, en) = words(error.code);
    let style = format!(":root{{--accent:#1459c9}}{STYLE}");
    let html = REFUSAL
        .replace("{{lang}}", language(headers))
        .replace("{{style}}", &style)
        .replace("{{zh}}", zh)
        .replace("{{en}}", en)
        .replace("{{code}}", error.code);
    Page { html, style: &style, embed_origins: &[] }.respond(error.status())
}

fn words(code: &str) -> (&'static str, &'static str) {
    match code {
        "code_invalid" => ("这不是有效的收款码", "This is not a valid payment code"),
        "plate_revoked" => ("这张收款码已停用", "This payment code is out of use"),
        "merchant_suspended" => ("商户暂停收款", "The merchant takes no payments now"),
        "sign_in_state_wrong" => ("页面已失效，请重新扫码", "Please scan the code again"),
        "overloaded" => ("当前人数较多，请稍后再扫", "Too busy: please scan again in a moment"),
        _ => ("出错了，请重新扫码", "Something went wrong: please scan the code again"),
    }
}
