//! For those who run it: health, readiness, metrics.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;

use serde::Serialize;
use utoipa::ToSchema;

use crate::answer::Answer;
use crate::state::ApiState;

/// Requests by the hundreds of their status.
#[derive(Debug, Default)]
pub(crate) struct Counters([AtomicU64; 6]);

impl Counters {
    pub(crate) fn count(&self, status: u16) {
        if let Some(counter) = self.0.get(usize::from(status / 100)) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// The process lives.
pub(crate) async fn health() -> &'static str {
    "ok"
}

/// The process can do its work: the store answers.
pub(crate) async fn ready(State(state): State<ApiState>) -> (StatusCode, &'static str) {
    match state.app.ready().await {
        Ok(()) => (StatusCode::OK, "ready"),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "the store does not answer"),
    }
}

/// The public half of one of the platform's keys.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PublicKey {
    /// As the header `Suanpan-Key-Id` names it.
    key_id: String,
    /// SUANPAN-RSA-SHA256, SUANPAN-SM2-SM3
    scheme: &'static str,
    /// PEM.
    public_key: String,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PublicKeys {
    items: Vec<PublicKey>,
}

/// The platform's public keys, the newest last 平台公钥
///
/// What notifications, and answers to keys without a shared secret, are verified with. Old ones stay,
/// for old messages. Not signed, and asked for without a signature: compare them once by another way.
#[utoipa::path(get, path = "/platform-keys", operation_id = "listPlatformKeys", security(()),
    responses((status = 200, body = PublicKeys)))]
pub(crate) async fn platform_keys(State(state): State<ApiState>) -> Answer<PublicKeys> {
    let keys = state.app.published_keys().await?;
    let shown = keys.into_iter().map(|key| PublicKey {
        key_id: key.name,
        scheme: key.algorithm.scheme(),
        public_key: key.public_key,
    });
    Ok(Json(PublicKeys { items: shown.collect() }))
}

/// Prometheus text.
pub(crate) async fn metrics(State(state): State<ApiState>) -> String {
    let mut text = String::from(
        "# HELP suanpan_requests_total API requests by status class.\n\
         # TYPE suanpan_requests_total counter\n",
    );
    for (class, counter) in (0..).zip(&state.counters.0).skip(2) {
        let count = counter.load(Ordering::Relaxed);
        let _written = writeln!(text, "suanpan_requests_total{{status=\"{class}xx\"}} {count}");
    }
    if let Ok((commands, jobs)) = state.app.waiting().await {
        let _written = write!(
            text,
            "# HELP suanpan_writer_waiting Commands that wait for the store's writer.\n\
             # TYPE suanpan_writer_waiting gauge\nsuanpan_writer_waiting {commands}\n\
             # HELP suanpan_jobs_waiting Jobs that wait for their time.\n\
             # TYPE suanpan_jobs_waiting gauge\nsuanpan_jobs_waiting {jobs}\n"
        );
    }
    text
}
