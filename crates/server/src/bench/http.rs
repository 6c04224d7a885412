//! Payments over HTTP: signatures checked and made, the channel inside the process at zero latency,
//! the load generator in the same process on the same machine.

use std::sync::Arc;
use std::time::Duration;

use app::App;
use app::onboard::KeyMaterial;
use axum::routing::post;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream;
use secret::Secret;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::payments::{add_rsa_bound, assemble, set_up};
use super::{HttpArgs, rate, ratio};
use crate::clock::{Stopwatch, now};

const PATH: &str = "/v1/payments";
/// Where nothing is done: neither signatures nor store.
const RAW_PATH: &str = "/raw";
/// About as long as a payment's answer.
const RAW_ANSWER: &str = concat!(
    "{\"state\":\"paid\",\"rest\":\"",
    "................................................................................",
    "................................................................................",
    "................................................................................",
    "................................................................................",
    "\"}"
);

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
    let merchant = set_up(&app, 1, args.channel).await?;
    let merchant = merchant.first().ok_or("no merchant")?;
    let issued = app.issue_key(*merchant, None, KeyMaterial::Hmac).await?;
    let secret = issued.secret.ok_or("an HMAC key has a secret")?;
    let client = Arc::new(Client {
        http: reqwest::Client::builder().no_proxy().build()?,
        url: serve(&app).await?,
        key_id: issued.key.name.to_string(),
        secret: Secret::new(secret.expose().as_bytes().to_vec()),
    });
    let raw = closed_loop(&client, Ask::Raw, args).await?;
    let ours = closed_loop(&client, Ask::Payment, args).await?;
    let half = open_loop(&client, args.payments, ours.rate / 2).await?;
    std::fs::remove_dir_all(&folder)?;
    let mut figures = json!({
        "bench": "http",
        "payments": args.payments,
        "in_flight": args.in_flight,
        "rate_per_s": ours.rate,
        "raw_rate_per_s": raw.rate,
        "ratio": ratio(ours.rate, raw.rate),
        "p50_us": ours.at(50),
        "p99_us": ours.at(99),
        "half_load_rate_per_s": half.rate,
        "half_load_p50_us": half.at(50),
        "half_load_p99_us": half.at(99),
    });
    add_rsa_bound(&mut figures, args.channel, ours.rate)?;
    Ok(figures)
}

/// What is asked for: a payment, or the same bytes both ways with nothing done for them.
#[derive(Debug, Clone, Copy)]
enum Ask {
    Payment,
    Raw,
}

/// The waits of a load, sorted.
struct Load {
    rate: u64,
    waits: Vec<Duration>,
}

impl Load {
    fn of(mut waits: Vec<Duration>, elapsed: Duration) -> Self {
        waits.sort_unstable();
        Self { rate: rate(u64::try_from(waits.len()).unwrap_or(0), elapsed), waits }
    }

    /// Microseconds.
    fn at(&self, percent: usize) -> u64 {
        let wait = self.waits.get(self.waits.len() * percent / 100).copied().unwrap_or_default();
        u64::try_from(wait.as_micros()).unwrap_or(u64::MAX)
    }
}

/// As many as go, so many at once: the highest rate.
async fn closed_loop(client: &Arc<Client>, ask: Ask, args: &HttpArgs) -> Result<Load, Failed> {
    let watch = Stopwatch::start();
    let runs = stream::iter(0..args.payments).map(|n| {
        let client = Arc::clone(client);
        async move { tokio::spawn(async move { client.ask(ask, n).await }).await? }
    });
    let mut runs = runs.buffer_unordered(args.in_flight.max(1));
    let mut waits = Vec::new();
    while let Some(run) = runs.next().await {
        waits.push(run?);
    }
    Ok(Load::of(waits, watch.elapsed()))
}

/// Requests at a given rate, whether or not earlier ones were answered; a wait is counted from the
/// moment that the request was due, so that a late start counts.
async fn open_loop(client: &Arc<Client>, payments: u64, per_s: u64) -> Result<Load, Failed> {
    let count = payments / 2;
    let watch = Stopwatch::start();
    let mut runs = Vec::new();
    for n in 0..count {
        let due = Duration::from_micros(n * 1_000_000 / per_s.max(1));
        if let Some(ahead) = due.checked_sub(watch.elapsed()) {
            tokio::time::sleep(ahead).await;
        }
        let client = Arc::clone(client);
        runs.push(tokio::spawn(async move {
            client.ask(Ask::Payment, payments + n).await?;
            Ok::<Duration, Failed>(watch.elapsed().saturating_sub(due))
        }));
    }
    let mut waits = Vec::new();
    for run in runs {
        waits.push(run.await??);
    }
    Ok(Load::of(waits, watch.elapsed()))
}

async fn serve(app: &Arc<App>) -> Result<String, Failed> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let url = format!("http://{}", listener.local_addr()?);
    let raw = post(|_: Bytes| async { RAW_ANSWER });
    let router = http_api::router(http_api::ApiState::new(Arc::clone(app))).route(RAW_PATH, raw);
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(url)
}

impl Client {
    /// Asks once and says how long it took.
    async fn ask(&self, ask: Ask, n: u64) -> Result<Duration, Failed> {
        let body = json!({
            "merchant_order_no": format!("bench-{n}"),
            "amount": { "total": 100 + n % 10_000, "currency": "CNY" },
            "description": "coffee",
            "payer_code": format!("28{n:016}"),
        })
        .to_string();
        let (seconds, nonce) = (now().as_second(), crypto::random::random_alphanumeric(24));
        let text = format!("POST\n{PATH}\n{seconds}\n{nonce}\n{body}\n");
        let mac = BASE64.encode(crypto::mac::hmac_sha256(&self.secret, text.as_bytes()));
        let authorization = format!(
            "SUANPAN-HMAC-SHA256 key_id=\"{}\",nonce=\"{nonce}\",timestamp=\"{seconds}\",\
             signature=\"{mac}\"",
            self.key_id
        );
        let watch = Stopwatch::start();
        let path = match ask {
            Ask::Payment => PATH,
            Ask::Raw => RAW_PATH,
        };
        let request = self.http.post(format!("{}{path}", self.url));
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
