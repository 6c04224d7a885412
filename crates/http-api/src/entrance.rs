//! The way in to `/v1`: size, signature, time, replay and rate, in this order; and the signed answer.

use std::sync::Arc;

use app::{App, Caller};
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use crypto::{RsaPublicKey, Sm2PublicKey};
use http::HeaderValue;
use http::header::AUTHORIZATION;
use merchants::{KeyAlgorithm, Staff, StaffRight};
use orders::Aggregate;

use crate::authorization::Claim;
use crate::errors::ApiError;
use crate::limits::Fresh;
use crate::state::ApiState;

/// The longest request body.
pub(crate) const BODY_BYTES_MAX: usize = 64 * 1024;
/// The longest answer that is signed: pages are bounded far below it.
const ANSWER_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Names the person who signed in at a till.
const STAFF_HEADER: &str = "suanpan-staff";
const STAFF_TOKEN_BYTES_MAX: usize = 256;

/// What a till that people stand at may ask for: beginnings of paths under `/v1`.
const ATTENDED_PATHS: [&str; 6] =
    ["/v1/cashier", "/v1/payments", "/v1/refunds", "/v1/shifts", "/v1/staff/", "/v1/voids"];
/// And look at: a card that somebody brought, by its number.
const ATTENDED_READS: &str = "/v1/wallets/";

fn is_for_tills(method: &http::Method, path: &str) -> bool {
    ATTENDED_PATHS.iter().any(|begin| path.starts_with(begin))
        || (method == http::Method::GET && path.starts_with(ATTENDED_READS))
}

/// Who asks, once proven. Handlers take it from the request's extensions.
#[derive(Debug, Clone)]
pub(crate) struct Asker(pub(crate) Arc<Caller>, pub(crate) Option<Arc<str>>);

impl Asker {
    /// Lets a merchant's server pass, and at a till whoever signed in and has the right.
    ///
    /// # Errors
    /// `staff_signed_out`, `staff_right_missing`
    pub(crate) async fn needs(&self, app: &App, right: StaffRight) -> Result<(), ApiError> {
        if self.0.key.attended {
            let staff = self.staff(app).await?;
            staff.may(right).map_err(|refusal| ApiError::of(refusal.code()))?;
            let (key, number) = (self.0.key.name.as_str(), staff.number.as_str());
            tracing::info!(key, staff = number, right = right.code(), "a right is used at a till");
        }
        Ok(())
    }

    /// The person who signed in.
    ///
    /// # Errors
    /// `staff_signed_out`
    pub(crate) async fn staff(&self, app: &App) -> Result<Staff, ApiError> {
        let token = self.1.as_deref().unwrap_or_default();
        Ok(app.signed_in(&self.0.key, token).await?)
    }

    /// Whether a payment is within what the asker may see: a till sees those of its own store.
    ///
    /// # Errors
    /// A failure of the store.
    pub(crate) async fn sees(&self, app: &App, order: &Aggregate) -> Result<bool, ApiError> {
        match self.0.key.terminal.filter(|_| self.0.key.attended) {
            Some(till) => Ok(app.in_same_store(till, order.order.terminal).await?),
            None => Ok(true),
        }
    }
}

/// What anybody may ask for: a request's id and its count, and nothing to prove.
pub(crate) async fn admit_open(
    State(state): State<ApiState>,
    request: Request,
    next: Next,
) -> Response {
    let (id, path) = (request_id(&state), request.uri().path().to_owned());
    // A code in an address is a payer's way to his order: the log has its first part only.
    let part = path.char_indices().nth(LOGGED_PATH_CHARACTERS).map_or(path.len(), |(at, _)| at);
    let route = format!("{} {}", request.method(), path.get(..part).unwrap_or_default());
    let response = next.run(request).await;
    finish(&state, (&id, &route), response)
}

/// Enough to tell which page it was.
const LOGGED_PATH_CHARACTERS: usize = 8;

fn request_id(state: &ApiState) -> String {
    let id = ids::JobId::generate(&state.app.ids, state.app.clock.now().as_millisecond());
    id.to_string().replacen("job_", "req_", 1)
}

/// Counts an answer, and names the request in it.
fn finish(state: &ApiState, (id, route): (&str, &str), mut response: Response) -> Response {
    state.counters.count(response.status().as_u16());
    if let Some(error) = response.extensions_mut().remove::<ApiError>() {
        tracing::info!(request.id = %id, route, code = error.code, "a request was refused");
        response = error.respond(id);
    }
    if let Ok(value) = HeaderValue::from_str(id) {
        response.headers_mut().insert("request-id", value);
    }
    response
}

pub(crate) async fn admit(State(state): State<ApiState>, request: Request, next: Next) -> Response {
    let id = request_id(&state);
    let route = format!("{} {}", request.method(), request.uri().path());
    let (caller, response) = match prove(&state, request).await {
        Ok((caller, request)) => (Some(caller), next.run(request).await),
        Err(error) => (None, error.into_response_without_id()),
    };
    let response = finish(&state, (&id, &route), response);
    match caller {
        Some(caller) => sign(&state, &caller, response).await,
        None => response,
    }
}

async fn prove(state: &ApiState, request: Request) -> Result<(Arc<Caller>, Request), ApiError> {
    let (mut parts, body) = request.into_parts();
    let body = to_bytes(body, BODY_BYTES_MAX).await;
    let body: Bytes = body.or(Err(ApiError::of("body_too_large")))?;
    let header = parts.headers.get(AUTHORIZATION).and_then(|v| v.to_str().ok());
    let claim = header.and_then(Claim::parse).ok_or(ApiError::of("authorization_malformed"))?;
    let now = state.app.clock.now();
    if !claim.is_in_window(now) {
        return Err(ApiError::of("timestamp_out_of_window"));
    }
    let caller = state.app.caller(&claim.key).await?.ok_or(ApiError::of("signature_invalid"))?;
    let target = parts.uri.path_and_query().map_or("/", |t| t.as_str());
    let text = claim.signed_text(parts.method.as_str(), target, &body);
    if caller.key.algorithm != claim.algorithm || !is_signed(&caller, &text, &claim.signature) {
        return Err(ApiError::of("signature_invalid"));
    }
    if !state.rates.admit(&claim.key, now) {
        return Err(ApiError::of("rate_limited"));
    }
    match state.nonces.take(&claim.key, &claim.nonce, claim.timestamp, now) {
        Fresh::Yes => {}
        Fresh::No => return Err(ApiError::of("nonce_replayed")),
        Fresh::Full => return Err(ApiError::of("overloaded")),
    }
    if caller.key.attended && !is_for_tills(&parts.method, parts.uri.path()) {
        return Err(ApiError::of("key_not_allowed"));
    }
    let staff = parts.headers.get(STAFF_HEADER).and_then(|value| value.to_str().ok());
    let staff = staff.filter(|token| token.len() <= STAFF_TOKEN_BYTES_MAX).map(Arc::from);
    parts.extensions.insert(Asker(Arc::clone(&caller), staff));
    Ok((caller, Request::from_parts(parts, Body::from(body))))
}

fn is_signed(caller: &Caller, text: &[u8], signature: &[u8]) -> bool {
    let public = caller.key.public_key.as_deref().unwrap_or_default();
    match caller.key.algorithm {
        KeyAlgorithm::HmacSha256 => caller
            .secret
            .as_ref()
            .is_some_and(|secret| crypto::mac::verify_hmac_sha256(secret, text, signature).is_ok()),
        KeyAlgorithm::RsaSha256 => RsaPublicKey::from_pem(public)
            .is_ok_and(|key| key.verify_sha256(text, signature).is_ok()),
        KeyAlgorithm::Sm2Sm3 => {
            Sm2PublicKey::from_pem(public).is_ok_and(|key| key.verify(text, signature).is_ok())
        }
    }
}

/// Signs `TIMESTAMP\nNONCE\nBODY\n`: with the shared secret for HMAC keys, else with the
/// platform's key of the same algorithm.
async fn sign(state: &ApiState, caller: &Caller, response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    let Ok(body) = to_bytes(body, ANSWER_BYTES_MAX).await else {
        return ApiError::of("internal").into_response_without_id();
    };
    let now = state.app.clock.now();
    let nonce = ids::JobId::generate(&state.app.ids, now.as_millisecond()).to_string();
    let head = format!("{}\n{nonce}\n", now.as_second());
    let text = [head.as_bytes(), &body, b"\n"].concat();
    let algorithm = caller.key.algorithm;
    let (name, signature): (&str, Vec<u8>) = match &caller.secret {
        Some(secret) => {
            (caller.key.name.as_str(), crypto::mac::hmac_sha256(secret, &text).to_vec())
        }
        None => {
            let platform = state.app.platform_keys.for_algorithm(algorithm);
            (&platform.name, platform.sign(&text))
        }
    };
    let headers = [
        ("suanpan-timestamp", now.as_second().to_string()),
        ("suanpan-nonce", nonce),
        ("suanpan-key-id", name.to_owned()),
        ("suanpan-signature-type", algorithm.scheme().to_owned()),
        ("suanpan-signature", BASE64.encode(signature)),
    ];
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            parts.headers.insert(name, value);
        }
    }
    Response::from_parts(parts, Body::from(body))
}
