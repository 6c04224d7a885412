//! The cashier page: what a payer sees who scanned a code of ours, and what its buttons call.
//!
//! A page is one answer with its style in it; it paints before its program is there. Whoever opens it
//! inside a wallet's app is first sent to be named by the wallet, without a question. What is paid is
//! decided by the order's state and by nothing that a browser says.

mod look;
mod pages;
mod pay;
mod session;
mod view;

use axum::Router;
use axum::routing::{get, post};
use http::HeaderMap;
use ids::ChannelCode;
use merchants::PayerApp;

use crate::state::ApiState;

/// The pages and what they call.
pub(crate) fn routes() -> Router<ApiState> {
    Router::new()
        .route("/q/{code}", get(pages::plate))
        .route("/o/{code}", get(pages::order))
        .route("/c/back", get(pages::back))
        .route("/c/logo/{store}", get(pages::logo))
        .route("/c/q/{code}/pay", post(pay::at_plate))
        .route("/c/o/{code}", get(look::order))
        .route("/c/o/{code}/pay", post(pay::order))
        .route("/c/o/{code}/look", post(look::again))
}

/// The app that a page is open in.
fn app_of(headers: &HeaderMap) -> PayerApp {
    PayerApp::of_user_agent(user_agent(headers))
}

fn user_agent(headers: &HeaderMap) -> &str {
    headers.get(http::header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// The channel whose app it is.
fn channel_of(app: PayerApp) -> Option<ChannelCode> {
    let channel = match app {
        PayerApp::Alipay => channels::Channel::Alipay,
        PayerApp::Wechat => channels::Channel::Wechat,
        PayerApp::UnionPay => channels::Channel::UnionPay,
        PayerApp::Phone | PayerApp::Desktop => return None,
    };
    Some(channel.channel_code())
}
