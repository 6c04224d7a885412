//! The merchant API and the channels' notices over HTTP.
//!
//! Every `/v1` request is signed and every answer to a known key is signed. An endpoint parses,
//! calls one use case and maps its answer; what moves money runs in a task of its own, so a client
//! that hangs up cancels nothing.

mod answer;
mod authorization;
mod entrance;
mod errors;
mod limits;
mod notices;
mod notifications;
mod operations;
mod pages;
mod payments;
mod reference;
mod refunds;
mod state;

pub use errors::{CODES, Code, error_codes_page};
pub use reference::openapi;
pub use state::ApiState;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};

/// The longest body of a notice that is read.
const NOTICE_BYTES_MAX: usize = 256 * 1024;

/// Each merchant route: method and path. Tests walk this list so that none escapes them.
pub const MERCHANT_ROUTES: &[(&str, &str)] = &[
    ("POST", "/v1/payments"),
    ("GET", "/v1/payments"),
    ("GET", "/v1/payments/{id}"),
    ("POST", "/v1/payments/{id}/close"),
    ("POST", "/v1/refunds"),
    ("GET", "/v1/refunds"),
    ("GET", "/v1/refunds/{id}"),
    ("POST", "/v1/refunds/{id}/retry"),
    ("GET", "/v1/notifications"),
    ("GET", "/v1/notifications/{id}"),
    ("POST", "/v1/notifications/{id}/resend"),
];

/// All routes of the server.
pub fn router(state: ApiState) -> Router {
    let merchant = Router::new()
        .route("/v1/payments", post(payments::create).get(payments::list))
        .route("/v1/payments/{id}", get(payments::get))
        .route("/v1/payments/{id}/close", post(payments::close))
        .route("/v1/refunds", post(refunds::create).get(refunds::list))
        .route("/v1/refunds/{id}", get(refunds::get))
        .route("/v1/refunds/{id}/retry", post(refunds::retry))
        .route("/v1/notifications", get(notifications::list))
        .route("/v1/notifications/{id}", get(notifications::get))
        .route("/v1/notifications/{id}/resend", post(notifications::resend))
        .fallback(errors::not_found)
        .layer(axum::middleware::from_fn_with_state(state.clone(), entrance::admit));
    Router::new()
        .route("/notices/{account}", post(notices::take))
        .layer(DefaultBodyLimit::max(NOTICE_BYTES_MAX))
        .route("/healthz", get(operations::health))
        .route("/readyz", get(operations::ready))
        .route("/metrics", get(operations::metrics))
        .route("/platform-keys", get(operations::platform_keys))
        .route("/openapi.json", get(reference::document))
        .route("/docs", get(reference::page))
        .merge(merchant)
        .with_state(state)
}

#[cfg(test)]
mod tests;
