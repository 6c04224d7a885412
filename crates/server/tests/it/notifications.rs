//! Notifications as a merchant's server takes them: signed, of the published form, logged, sent again.

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use crypto::RsaPublicKey;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::schemas::check_event;
use crate::stage::{Stage, payer_code, payment};

type Message = (HeaderMap, String);

/// A merchant's server.
async fn merchant() -> (String, UnboundedReceiver<Message>) {
    let (sender, receiver) = unbounded_channel();
    let router = Router::new().route("/n", post(take)).with_state(sender);
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}/n", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, receiver)
}

async fn take(
    State(sender): State<UnboundedSender<Message>>,
    headers: HeaderMap,
    body: String,
) -> StatusCode {
    sender.send((headers, body)).unwrap();
    StatusCode::NO_CONTENT
}

async fn platform(stage: &Stage) -> Value {
    let (status, keys) = stage.send(("GET", "/platform-keys"), String::new(), None).await.unwrap();
    assert_eq!(status, 200);
    keys["items"].clone()
}

fn verified(keys: &Value, (headers, body): &Message) -> Value {
    let header = |name: &str| headers[name].to_str().unwrap();
    let keys = keys.as_array().unwrap();
    let key = keys.iter().find(|key| key["key_id"] == header("suanpan-key-id")).unwrap();
    assert_eq!(key["scheme"], header("suanpan-signature-type"));
    let text = format!("{}\n{}\n{body}\n", header("suanpan-timestamp"), header("suanpan-nonce"));
    let signature = BASE64.decode(header("suanpan-signature")).unwrap();
    let key = RsaPublicKey::from_pem(key["public_key"].as_str().unwrap()).unwrap();
    key.verify_sha256(text.as_bytes(), &signature).unwrap();
    let event: Value = serde_json::from_str(body).unwrap();
    check_event(&event);
    event
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merchant_is_told_and_told_again() {
    let stage = Stage::on_sqlite().await;
    let keys = platform(&stage).await;
    let (url, mut messages) = merchant().await;
    let mut body = payment("told", 900, &payer_code("28", 1, "00"));
    body["notify_url"] = json!(url);
    let (_, paid) = stage.post("/v1/payments", &body).await;
    let event = verified(&keys, &messages.recv().await.unwrap());
    assert_eq!((&event["event"], &event["payment"]), (&json!("payment.paid"), &paid));

    let refund = json!({
        "payment_id": paid["id"], "merchant_refund_no": "r",
        "amount": { "total": 400, "currency": "CNY" },
    });
    let (_, refund) = stage.post("/v1/refunds", &refund).await;
    let refund = stage.decided("/v1/refunds", refund).await;
    let told = verified(&keys, &messages.recv().await.unwrap());
    assert_eq!((&told["event"], &told["refund"]), (&json!("refund.succeeded"), &refund));
    assert_eq!(told["payment"]["refunded"], 400);

    // Both are in the list, the newest first, one page each.
    let first = stage.get("/v1/notifications?limit=1").await;
    assert_eq!(first["items"][0]["id"], told["id"]);
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = stage.get(&format!("/v1/notifications?limit=1&cursor={cursor}")).await;
    assert_eq!(second["items"][0]["id"], event["id"]);

    let place = format!("/v1/notifications/{}", event["id"].as_str().unwrap());
    let (status, again) = stage.post(&format!("{place}/resend"), &json!({})).await;
    assert_eq!((status, &again["id"]), (200, &event["id"]));
    let repeat = verified(&keys, &messages.recv().await.unwrap());
    assert_eq!(repeat, event, "the same body, so that a repeat is told by its id");
    let logged = stage.get(&place).await;
    assert!(logged["tries_log"].as_array().is_some_and(|tries| !tries.is_empty()), "{logged}");
    assert_eq!(logged["tries_log"][0]["outcome"], "204");
    stage.end().await;
}
