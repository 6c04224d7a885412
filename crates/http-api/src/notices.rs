//! Notices of the channels: raw bytes in, the channel's own answer out.

use app::NoticeOutcome;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use ids::ChannelAccountId;

use crate::NOTICE_BYTES_MAX;
use crate::state::ApiState;

pub(crate) async fn take(
    State(state): State<ApiState>,
    Path(account): Path<String>,
    request: Request,
) -> Response {
    let Ok(account) = account.parse::<ChannelAccountId>() else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let (parts, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, NOTICE_BYTES_MAX).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let notice = channels::Request::from_parts(parts, body);
    let app = state.app.clone();
    let run = tokio::spawn(async move { app.take_notice(account, &notice).await });
    match run.await {
        Ok(Ok(NoticeOutcome::Taken(answer) | NoticeOutcome::Refused { answer, .. })) => {
            answer.map(Body::from)
        }
        Ok(Ok(NoticeOutcome::NoAccount)) => StatusCode::NOT_FOUND.into_response(),
        Ok(Err(error)) => {
            tracing::error!(error = %error, "a notice could not be taken; the channel sends it again");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
        Err(panicked) => {
            tracing::error!(error = %panicked, "a notice failed an assertion");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
