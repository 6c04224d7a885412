//! What became of an order: asked by its page while the payer waits.

use axum::Json;
use axum::extract::{Path, Query, State};
use serde::Deserialize;
use serde_json::{Value, json};

use super::view;
use crate::answer::{Answer, detached};
use crate::errors::ApiError;
use crate::state::ApiState;

#[derive(Debug, Deserialize)]
pub(super) struct Mine {
    /// The leg that the page made.
    leg: Option<u16>,
}

/// `GET /c/o/{code}`: the order as we know it.
pub(super) async fn order(
    State(state): State<ApiState>,
    Path(code): Path<String>,
    Query(mine): Query<Mine>,
) -> Answer<Value> {
    let page = state.app.open_order(&code).await?;
    Ok(Json(json!({
        "order": view::order(&page.order, mine.leg),
        "checkout": view::checkout(&page),
    })))
}

/// `POST /c/o/{code}/look`: the same, after the channels were asked: the payer came back from his app.
pub(super) async fn again(
    State(state): State<ApiState>,
    Path(code): Path<String>,
    Query(mine): Query<Mine>,
) -> Answer<Value> {
    let mut page = state.app.open_order(&code).await?;
    if !state.look_rates.admit(&page.order.id().to_i64(), state.app.clock.now()) {
        return Err(ApiError::of("rate_limited"));
    }
    let (app, order) = (state.app.clone(), page.order.clone());
    page.order = detached(async move { app.look_for_payer(order).await }).await?;
    Ok(Json(json!({
        "order": view::order(&page.order, mine.leg),
        "checkout": view::checkout(&page),
    })))
}
