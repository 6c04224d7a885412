//! A channel that read a code of ours asks for the order: raw bytes in, the channel's own answer out.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;

use crate::NOTICE_BYTES_MAX;
use crate::state::ApiState;

/// What is said without a signature where nobody of ours could sign.
const UNKNOWN: &str = "version=5.1.0&reqType=0120000903&respCode=34&respMsg=no such code";

/// `POST /unionpay/orders`
pub(crate) async fn unionpay(State(state): State<ApiState>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, NOTICE_BYTES_MAX).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let query = channels::Request::from_parts(parts, body);
    let app = state.app.clone();
    match tokio::spawn(async move { app.answer_order_query(&query).await }).await {
        Ok(Ok(Some(answer))) => answer.map(Body::from),
        Ok(Ok(None)) => (StatusCode::NOT_FOUND, UNKNOWN).into_response(),
        Ok(Err(error)) => {
            tracing::error!(error = %error, "a question about a code could not be answered");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
        Err(panicked) => {
            tracing::error!(error = %panicked, "a question about a code failed an assertion");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
