//! Payments over HTTP: signatures checked and made, the channel inside the process at zero latency,
//! the load generator in the same process on the same machine.

use std::sync::Arc;
use std::time::Duration;

use app::App;
use app::onboard::KeyMaterial;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use futures_util::StreamExt as _;
use futures_util::stream;
use secret::Secret;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::payments::{assemble, set_up};
use super::{HttpArgs, rate};
use crate::clock::{Stopwatch, now};

type Failed = Box<dyn std::error::Error + Send + Sync>;

/// A merchant's signing client.
struct Client {
    http: reqwest::Client,
    url: String,
    key_id: String,
    secret: Secret<Vec<u8>>,
}

pub(crate) async fn http(args: &HttpArgs) -> Result<Value, Failed> {
    let folder = std::env::temp_dir()
        .join(format!("suanpan-bench-{}", crypto::random::random_alphanumeric(8)));
    let app = Arc::new(assemble(store::Target::Directory(folder.clone())).await?);
    let merchant = set_up(&app, 1).await?;
    let merchant = merchant.first().ok_or("no merchant")?;
    let issued = app.issue_key(*merchant, None, KeyMaterial::Hmac).await?;
    let secret = issued.secret.ok_or("an HMAC key has a secret")?;
    let client = Arc::new(Client {
        http: reqwest::Client::builder().no_proxy().build()?,
        url: serve(&app).await?,
        key_id: issued.key.name.to_string(),
        secret: Secret::new(secret.expose().as_bytes().to_vec()),
    });
    let watch = Stopwatch::start();
    let runs = stream::iter(0..args.payments).map(|n| {
        let client = Arc::clone(&client);
        async move { tokio::spawn(async move { client.pay(n).await }).await? }
    });
    let mut runs = runs.buffer_unordered(args.in_flight.max(1));
    let mut waits = Vec::new();
    while let Some(run) = runs.next().await {
        waits.push(run?);
    }
    let elapsed = watch.elapsed();
    waits.sort_unstable();
    let at = |percent: usize| waits.get(waits.len() * percent / 100).copied().unwrap_or_default();
    std::fs::remove_dir_all(&folder)?;
    Ok(json!({
        "bench": "http",
        "payments": args.payments,
        "in_flight": args.in_flight,
        "rate_per_s": rate(args.payments, elapsed),
        "p50_us": u64::try_from(at(50).as_micros())?,
        "p99_us": u64::try_from(at(99).as_micros())?,
    }))
}

async fn serve(app: &Arc<App>) -> Result<String, Failed> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let url = format!("http://{}", listener.local_addr()?);
    let router = http_api::router(http_api::ApiState::new(Arc::clone(app)));
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(url)
}

impl Client {
    /// Pays once and says how long it took.
    async fn pay(&self, n: u64) -> Result<Duration, Failed> {
        let body = json!({
            "merchant_order_no": format!("bench-{n}"),
            "amount": { "total": 100 + n % 10_000, "currency": "CNY" },
            "description": "coffee",
            "payer_code": format!("28{n:016}"),
        })
        .to_string();
        let (seconds, nonce) = (now().as_second(), crypto::random::random_alphanumeric(24));
        let text = format!("POST\n/v1/payments\n{seconds}\n{nonce}\n{body}\n");
        let mac = BASE64.encode(crypto::mac::hmac_sha256(&self.secret, text.as_bytes()));
        let authorization = format!(
            "SUANPAN-HMAC-SHA256 key_id=\"{}\",nonce=\"{nonce}\",timestamp=\"{seconds}\",\
             signature=\"{mac}\"",
            self.key_id
        );
        let watch = Stopwatch::start();
        let request = self.http.post(format!("{}/v1/payments", self.url));
        let answer = request.header("authorization", authorization).body(body).send().await?;
        let status = answer.status();
        let bytes = answer.bytes().await?;
        let paid = bytes.windows(6).any(|w| w == b"\"paid\"");
        if status.is_success() && paid {
            return Ok(watch.elapsed());
        }
        Err(format!("a payment answered {status}").into())
    }
}
