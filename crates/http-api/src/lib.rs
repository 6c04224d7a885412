//! The merchant API and the channels' notices over HTTP.
//!
//! Every `/v1` request is signed and every answer to a known key is signed. An endpoint parses,
//! calls one use case and maps its answer; what moves money runs in a task of its own, so a client
//! that hangs up cancels nothing.

mod answer;
mod authorization;
mod cashier;
mod entrance;
mod errors;
mod legs;
mod limits;
mod notices;
mod notifications;
mod operations;
mod order_queries;
mod pages;
mod payments;
mod receipts;
mod reference;
mod refunds;
mod shifts;
mod state;
mod tills;
mod wallets;
mod web;

pub use errors::{CODES, Code, error_codes_page};
pub use reference::openapi;
pub use state::ApiState;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use tower_http::compression::CompressionLayer;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The longest body of a notice that is read.
const NOTICE_BYTES_MAX: usize = 256 * 1024;

/// Each merchant route: method and path, as the description has them. Tests walk this list so that
/// none escapes them.
#[must_use]
pub fn merchant_routes() -> Vec<(String, String)> {
    let paths = openapi().get("paths").and_then(|paths| paths.as_object());
    let routes = paths.into_iter().flatten().flat_map(|(path, operations)| {
        let methods = operations.as_object().into_iter().flatten();
        methods.map(move |(method, _)| (method.to_uppercase(), path.clone()))
    });
    routes.filter(|(_, path)| path.starts_with("/v1/")).collect()
}

/// The merchant routes and the description that their handlers make.
fn routes() -> (Router<ApiState>, utoipa::openapi::OpenApi) {
    let merchant = OpenApiRouter::with_openapi(reference::base())
        .routes(routes!(payments::create, payments::list))
        .routes(routes!(payments::get))
        .routes(routes!(payments::close))
        .routes(routes!(receipts::get))
        .routes(routes!(legs::add))
        .routes(routes!(legs::close))
        .routes(routes!(refunds::create, refunds::list))
        .routes(routes!(refunds::void))
        .routes(routes!(refunds::get))
        .routes(routes!(refunds::retry))
        .routes(routes!(wallets::issue, wallets::list))
        .routes(routes!(wallets::get))
        .routes(routes!(wallets::activate))
        .routes(routes!(wallets::close))
        .routes(routes!(wallets::top_up))
        .routes(routes!(wallets::return_top_up))
        .routes(routes!(shifts::open, shifts::list))
        .routes(routes!(shifts::get))
        .routes(routes!(shifts::close))
        .routes(routes!(tills::cashier))
        .routes(routes!(tills::sign_in))
        .routes(routes!(tills::sign_out))
        .routes(routes!(notifications::list))
        .routes(routes!(notifications::get))
        .routes(routes!(notifications::resend));
    let (merchant, mut document) = merchant.split_for_parts();
    let open = OpenApiRouter::<ApiState>::new()
        .routes(routes!(operations::platform_keys))
        .routes(routes!(tills::activate));
    document.merge(open.into_openapi());
    (merchant, document)
}

/// All routes of the server.
pub fn router(state: ApiState) -> Router {
    let (merchant, _) = routes();
    let merchant = merchant
        .fallback(errors::not_found)
        .layer(axum::middleware::from_fn_with_state(state.clone(), entrance::admit));
    let pages = cashier::routes()
        .route("/assets/{version}/{name}", get(web::asset))
        .route("/activations", post(tills::activate))
        .route("/till", get(web::till))
        .layer(DefaultBodyLimit::max(entrance::BODY_BYTES_MAX))
        .layer(axum::middleware::from_fn_with_state(state.clone(), entrance::admit_open))
        .layer(CompressionLayer::new());
    Router::new()
        .route("/notices/{account}", post(notices::take))
        .route("/unionpay/orders", post(order_queries::unionpay))
        .layer(DefaultBodyLimit::max(NOTICE_BYTES_MAX))
        // Browsers ask for it unasked.
        .route("/favicon.ico", get(|| async { http::StatusCode::NO_CONTENT }))
        .route("/healthz", get(operations::health))
        .route("/readyz", get(operations::ready))
        .route("/metrics", get(operations::metrics))
        .route("/platform-keys", get(operations::platform_keys))
        .route("/openapi.json", get(reference::document))
        .route("/docs", get(reference::page))
        .merge(pages)
        .merge(merchant)
        .with_state(state)
}

#[cfg(test)]
mod tests;
