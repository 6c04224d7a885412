//! Notifications: what was sent, how each try went, and sending again.

use axum::extract::{Path, RawQuery, State};
use axum::{Extension, Json};
use channels::shown::time;
use ids::NotificationId;
use merchants::{Notification, NotificationState, NotificationTry};
use serde::Serialize;
use utoipa::ToSchema;

use crate::answer::{Answer, detached, id, parse_query};
use crate::entrance::Asker;
use crate::errors::ApiError;
use crate::pages::{List, ListQuery, list as list_answer};
use crate::state::ApiState;

/// A notification's state.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ShownState {
    Waiting,
    Delivered,
    /// Not accepted within 24 hours; it can be sent again.
    GivenUp,
}

/// A notification and how it goes.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Notification)]
pub(crate) struct Shown {
    id: String,
    #[schema(example = "payment.paid")]
    event: String,
    payment_id: String,
    url: String,
    #[schema(inline)]
    state: ShownState,
    /// How often it was sent.
    tries: u32,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    delivered_at: Option<String>,
    /// Each try, when one notification was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(inline, nullable = false)]
    tries_log: Option<Vec<Try>>,
}

/// One try.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Try {
    number: u32,
    #[schema(format = DateTime)]
    sent_at: String,
    duration_ms: i64,
    /// The HTTP status, or not_sent, no_answer, bad_url.
    #[schema(example = "200")]
    outcome: String,
}

/// Get a notification with each try 查询通知
#[utoipa::path(get, path = "/v1/notifications/{id}", operation_id = "getNotification",
    params(("id" = String, Path, description = "Our number")), responses((status = 200, body = Shown)))]
pub(crate) async fn get(
    State(state): State<ApiState>,
    Extension(asker): Extension<Asker>,
    Path(text): Path<String>,
) -> Answer<Shown> {
    let wanted: NotificationId = id(&text, "notification_not_found")?;
    let found = state.app.notification(asker.0.key.merchant, wanted).await?;
    let (notification, tries) = found.ok_or(ApiError::of("notification_not_found"))?;
    let tries_log = Some(tries.into_iter().map(Try::of).collect());
    Ok(Json(Shown { tries_log, ..Shown::of(&notification) }))
}

/// List notifications, the newest first 通知列表
#[utoipa::path(get, path = "/v1/notifications", operation_id = "listNotifications",
    params(ListQuery), responses((status = 200, body = List<Shown>)))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    Extension(asker): Extension<Asker>,
    RawQuery(query): RawQuery,
) -> Answer<List<Shown>> {
    let query: ListQuery = parse_query(query.as_deref())?;
    let page = query.page()?;
    let found = state.app.notifications(asker.0.key.merchant, page).await?;
    let items: Vec<_> = found.iter().map(Shown::of).collect();
    list_answer(items, page.limit, |notification| &notification.id)
}

/// Send a notification again 重发通知
#[utoipa::path(post, path = "/v1/notifications/{id}/resend", operation_id = "resendNotification",
    params(("id" = String, Path, description = "Our number")), responses((status = 200, body = Shown)))]
pub(crate) async fn resend(
    State(state): State<ApiState>,
    Extension(asker): Extension<Asker>,
    Path(text): Path<String>,
) -> Answer<Shown> {
    let (merchant, wanted) = (asker.0.key.merchant, id(&text, "notification_not_found")?);
    let app = state.app.clone();
    let run = async move { app.resend_notification(merchant, wanted).await };
    Ok(Json(Shown::of(&detached(run).await?)))
}

impl Shown {
    fn of(notification: &Notification) -> Self {
        Self {
            id: notification.id.to_string(),
            event: notification.event.clone(),
            payment_id: notification.order.to_string(),
            url: notification.url.clone(),
            state: match notification.state {
                NotificationState::Waiting => ShownState::Waiting,
                NotificationState::Delivered => ShownState::Delivered,
                NotificationState::GivenUp => ShownState::GivenUp,
            },
            tries: notification.tries,
            created_at: time(notification.created_at),
            delivered_at: notification.delivered_at.map(time),
            tries_log: None,
        }
    }
}

impl Try {
    fn of(row: NotificationTry) -> Self {
        let sent_at = time(row.sent_at);
        Self { number: row.number, sent_at, duration_ms: row.duration_ms, outcome: row.outcome }
    }
}
