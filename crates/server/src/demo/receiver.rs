//! The merchant's own server: takes notifications and checks their signatures.

use std::future::Future;
use std::sync::{Arc, Mutex};

use app::App;
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use crypto::RsaPublicKey;
use serde_json::Value;
use tokio::net::TcpListener;

type Failed = Box<dyn std::error::Error + Send + Sync>;

#[derive(Debug)]
pub(crate) struct Receiver {
    pub(crate) url: String,
    seen: Arc<Mutex<Vec<Value>>>,
}

#[derive(Debug, Clone)]
struct Merchant {
    platform: RsaPublicKey,
    seen: Arc<Mutex<Vec<Value>>>,
}

impl Receiver {
    pub(crate) async fn start(
        app: &App,
        end: impl Future<Output = ()> + Send + 'static,
    ) -> Result<Self, Failed> {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let platform = RsaPublicKey::from_pem(&app.platform_keys.rsa.public_pem())?;
        let merchant = Merchant { platform, seen: Arc::clone(&seen) };
        let router = Router::new().route("/notify", post(take)).with_state(merchant);
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let url = format!("http://{}/notify", listener.local_addr()?);
        tokio::spawn(
            async move { axum::serve(listener, router).with_graceful_shutdown(end).await },
        );
        Ok(Self { url, seen })
    }

    /// Events whose signature was good, in the order of their arrival.
    pub(crate) fn events(&self) -> Vec<Value> {
        self.seen.lock().map(|seen| seen.clone()).unwrap_or_default()
    }
}

async fn take(State(merchant): State<Merchant>, headers: HeaderMap, body: String) -> StatusCode {
    if !is_signed(&merchant.platform, &headers, &body) {
        return StatusCode::UNAUTHORIZED;
    }
    match (serde_json::from_str(&body), merchant.seen.lock()) {
        (Ok(event), Ok(mut seen)) => {
            seen.push(event);
            StatusCode::NO_CONTENT
        }
        _ => StatusCode::BAD_REQUEST,
    }
}

fn is_signed(platform: &RsaPublicKey, headers: &HeaderMap, body: &str) -> bool {
    let header = |name: &str| headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let text = format!("{}\n{}\n{body}\n", header("suanpan-timestamp"), header("suanpan-nonce"));
    let signature = BASE64.decode(header("suanpan-signature")).unwrap_or_default();
    platform.verify_sha256(text.as_bytes(), &signature).is_ok()
}
