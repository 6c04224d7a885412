//! The API's description: OpenAPI 3.1 and a page that shows it.

use axum::Json;
use axum::response::Html;
use serde_json::Value;

/// The description as it is committed.
const OPENAPI: &str = include_str!("../../../openapi/suanpan.json");
const PAGE: &str = include_str!("reference.html");

/// The parsed description, or `Null` if it is not JSON (a test proves that it is).
#[must_use]
pub fn openapi() -> Value {
    serde_json::from_str(OPENAPI).unwrap_or_default()
}

pub(crate) async fn document() -> Json<Value> {
    Json(openapi())
}

pub(crate) async fn page() -> Html<&'static str> {
    Html(PAGE)
}
