//! Notifications: what was sent, how each try went, and sending again.

use axum::Extension;
use axum::extract::{Path, RawQuery, State};
use ids::NotificationId;
use merchants::{Notification, NotificationState, NotificationTry};
use serde_json::{Value, json};

use crate::answer::json as answer;
use crate::answer::{Answer, detached, id, parse_query};
use crate::entrance::Asker;
use crate::errors::ApiError;
use crate::pages::{ListQuery, list as list_answer};
use crate::state::ApiState;

pub(crate) async fn get(
    State(state): State<ApiState>,
    Extension(asker): Extension<Asker>,
    Path(text): Path<String>,
) -> Answer {
    let wanted: NotificationId = id(&text, "notification_not_found")?;
    let found = state.app.notification(asker.0.key.merchant, wanted).await?;
    let (notification, tries) = found.ok_or(ApiError::of("notification_not_found"))?;
    let mut body = shown(&notification);
    if let Some(map) = body.as_object_mut() {
        map.insert("tries_log".to_owned(), tries.iter().map(shown_try).collect());
    }
    answer(body)
}

pub(crate) async fn list(
    State(state): State<ApiState>,
    Extension(asker): Extension<Asker>,
    RawQuery(query): RawQuery,
) -> Answer {
    let query: ListQuery = parse_query(query.as_deref())?;
    let page = query.page()?;
    let found = state.app.notifications(asker.0.key.merchant, page).await?;
    list_answer(found.iter().map(shown).collect(), page.limit)
}

pub(crate) async fn resend(
    State(state): State<ApiState>,
    Extension(asker): Extension<Asker>,
    Path(text): Path<String>,
) -> Answer {
    let (merchant, wanted) = (asker.0.key.merchant, id(&text, "notification_not_found")?);
    let app = state.app.clone();
    let run = async move { app.resend_notification(merchant, wanted).await };
    answer(shown(&detached(run).await?))
}

fn shown(notification: &Notification) -> Value {
    json!({
        "id": notification.id.to_string(),
        "event": notification.event,
        "payment_id": notification.order.to_string(),
        "url": notification.url,
        "state": match notification.state {
            NotificationState::Waiting => "waiting",
            NotificationState::Delivered => "delivered",
            NotificationState::GivenUp => "given_up",
        },
        "tries": notification.tries,
        "created_at": notification.created_at.to_string(),
        "delivered_at": notification.delivered_at.map(|at| at.to_string()),
    })
}

fn shown_try(row: &NotificationTry) -> Value {
    json!({
        "number": row.number,
        "sent_at": row.sent_at.to_string(),
        "duration_ms": row.duration_ms,
        "outcome": row.outcome,
    })
}
