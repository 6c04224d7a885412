//! Payments and refunds from end to end, with the races that tills make.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::io::AsyncWriteExt as _;

use crate::stage::{Stage, now, payer_code, payment};

/// Alipay by certificates, WeChat Pay as a service provider, UnionPay through an acquirer: codes,
/// QR, close, refunds.
async fn a_day(stage: Stage) {
    for (n, prefix) in [(1, "28"), (2, "13")] {
        let no = format!("code-{n}");
        let (status, paid) =
            stage.post("/v1/payments", &payment(&no, 100, &payer_code(prefix, n, "00"))).await;
        assert_eq!((status, paid["state"].as_str()), (200, Some("paid")), "{paid}");
        assert!(paid["channel_trade_no"].is_string() && paid["paid_at"].is_string());
    }
    // UnionPay says "accepted" first; the result comes with a query or a notice.
    let (_, taken) =
        stage.post("/v1/payments", &payment("code-3", 300, &payer_code("62", 3, "00"))).await;
    let paid = stage.decided("/v1/payments", taken).await;
    assert_eq!((&paid["state"], &paid["channel"]), (&json!("paid"), &json!("unionpay")), "{paid}");
    let refund = json!({
        "payment_id": paid["id"], "merchant_refund_no": "u",
        "amount": { "total": 100, "currency": "CNY" },
    });
    let (_, refund) = stage.post("/v1/refunds", &refund).await;
    assert_eq!(stage.decided("/v1/refunds", refund).await["state"], "succeeded");
    let qr = json!({
        "merchant_order_no": "qr", "amount": { "total": 500, "currency": "CNY" },
        "description": "beans", "qr": { "channel": "wechat" },
    });
    let (_, open) = stage.post("/v1/payments", &qr).await;
    assert!(open["code_url"].as_str().unwrap().starts_with("weixin://"), "{open}");
    let close = format!("/v1/payments/{}/close", open["id"].as_str().unwrap());
    let (_, closed) = stage.post(&close, &json!({})).await;
    assert_eq!(stage.decided("/v1/payments", closed).await["state"], "closed");

    on_the_payer_s_side(&stage).await;
    stage.sandbox("faults", &json!({ "call": "pay/micropay", "fault": { "kind": "lost_answer_after_effect" }, "times": 1 })).await;
    let (_, lost) =
        stage.post("/v1/payments", &payment("lost", 900, &payer_code("13", 3, "00"))).await;
    assert_eq!(lost["state"], "paying");
    assert_eq!(stage.decided("/v1/payments", lost).await["state"], "paid");

    let (_, refused) =
        stage.post("/v1/payments", &payment("poor", 900, &payer_code("28", 4, "92"))).await;
    assert_eq!(
        (&refused["state"], &refused["failure_code"]),
        (&json!("failed"), &json!("ACQ.BUYER_BALANCE_NOT_ENOUGH"))
    );
    stage.end().await;
}

/// A page in the channel's app, and a link in a browser.
async fn on_the_payer_s_side(stage: &Stage) {
    let body = |no: &str, name: &str, means: serde_json::Value| {
        let mut body = json!({
            "merchant_order_no": no, "amount": { "total": 500, "currency": "CNY" },
            "description": "beans",
        });
        body[name] = means;
        body
    };
    let page = |channel: &str| json!({ "channel": channel, "payer_id": "2088102177846880" });
    let wechat = stage.post("/v1/payments", &body("j1", "jsapi", page("alipay"))).await.1;
    assert!(wechat["jsapi"]["tradeNO"].is_string(), "{wechat}");
    let union = stage.post("/v1/payments", &body("j3", "jsapi", page("unionpay"))).await.1;
    assert!(union["jsapi"]["redirectUrl"].is_string(), "{union}");
    let link = stage.post("/v1/payments", &body("h", "h5", json!({ "channel": "wechat" }))).await.1;
    assert!(link["h5_url"].as_str().unwrap().starts_with("http"), "{link}");
    // Alipay is told by the link alone; the trade begins when the payer opens it.
    for (no, desktop) in [("h1", false), ("h2", true)] {
        let h5 =
            json!({ "channel": "alipay", "desktop": desktop, "return_url": "https://a.test/" });
        let shown = stage.post("/v1/payments", &body(no, "h5", h5)).await.1;
        let link = shown["h5_url"].as_str().unwrap_or_else(|| panic!("{shown}"));
        let page = stage.http.get(link).send().await.unwrap().text().await.unwrap();
        assert!(page.contains("确认付款"), "{page}");
        let closed = format!("/v1/payments/{}/close", shown["id"].as_str().unwrap());
        assert_eq!(stage.post(&closed, &json!({})).await.1["state"], "closed");
        let page = stage.http.get(link).send().await.unwrap().text().await.unwrap();
        assert!(!page.contains("确认付款"), "{page}");
    }
    for payment in [wechat, link] {
        let close = format!("/v1/payments/{}/close", payment["id"].as_str().unwrap());
        let (_, closed) = stage.post(&close, &json!({})).await;
        let closed = stage.decided("/v1/payments", closed).await;
        assert_eq!(closed["state"], "closed");
        assert!(closed["jsapi"].is_null() && closed["h5_url"].is_null());
    }
    for (name, means, code) in [
        ("h5", json!({ "channel": "unionpay" }), "way_not_offered"),
        ("h5", json!({ "channel": "wechat", "desktop": true }), "way_not_offered"),
        ("h5", json!({ "channel": "alipay", "return_url": "x" }), "field_invalid"),
        ("jsapi", json!({ "channel": "wechat", "payer_id": "a b" }), "field_invalid"),
        ("jsapi", json!({ "channel": "wechat" }), "request_malformed"),
        ("h5", json!({ "channel": "moon" }), "channel_not_open"),
    ] {
        let (_, answer) = stage.post("/v1/payments", &body("x", name, means)).await;
        assert_eq!(answer["code"], code, "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_on_sqlite() {
    a_day(Stage::on_sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_on_postgres() {
    a_day(Stage::on_postgres().await).await;
}

/// The same request fifty times at once is one payment; other content under its number is refused.
async fn one_number_is_one_payment(stage: Stage) {
    let stage = Arc::new(stage);
    let body = payment("same", 700, &payer_code("28", 1, "00"));
    let tries: Vec<_> = (0..50)
        .map(|_| {
            let (stage, body) = (Arc::clone(&stage), body.clone());
            tokio::spawn(async move { stage.post("/v1/payments", &body).await })
        })
        .collect();
    let mut ids = std::collections::BTreeSet::new();
    for one in tries {
        let (status, answer) = one.await.unwrap();
        assert_eq!(status, 200, "{answer}");
        ids.insert(answer["id"].as_str().unwrap().to_owned());
    }
    assert_eq!(ids.len(), 1);
    let other = payment("same", 701, &payer_code("28", 1, "00"));
    let (status, answer) = stage.post("/v1/payments", &other).await;
    assert_eq!((status, &answer["code"]), (409, &json!("order_no_used")));
    assert_eq!(stage.channels_hold().await, (700, 1));
    Arc::into_inner(stage).unwrap().end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_number_is_one_payment_on_sqlite() {
    one_number_is_one_payment(Stage::on_sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_number_is_one_payment_on_postgres() {
    one_number_is_one_payment(Stage::on_postgres().await).await;
}

/// Two refunds want the same money: one wins, the other is refused, and the channel refunds once.
async fn two_refunds_race(stage: Stage) {
    let stage = Arc::new(stage);
    let (_, paid) =
        stage.post("/v1/payments", &payment("p", 1_000, &payer_code("28", 1, "00"))).await;
    let tries: Vec<_> = (0..2)
        .map(|n| {
            let stage = Arc::clone(&stage);
            let body = json!({
                "payment_id": paid["id"], "merchant_refund_no": format!("r{n}"),
                "amount": { "total": 600, "currency": "CNY" },
            });
            tokio::spawn(async move { stage.post("/v1/refunds", &body).await })
        })
        .collect();
    let mut answers = Vec::new();
    for one in tries {
        answers.push(one.await.unwrap());
    }
    answers.sort_by_key(|(status, _)| *status);
    assert_eq!((answers[0].0, answers[1].0), (200, 409), "{answers:?}");
    assert_eq!(answers[1].1["code"], "amount_above_refundable");
    let done = stage.decided("/v1/refunds", answers[0].1.clone()).await;
    assert_eq!(done["state"], "succeeded");
    assert_eq!(stage.channels_hold().await.0, 400);
    let payment = stage.get(&format!("/v1/payments/{}", paid["id"].as_str().unwrap())).await;
    assert_eq!((&payment["refunded"], &payment["refunding"]), (&json!(600), &json!(0)));
    Arc::into_inner(stage).unwrap().end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_refunds_race_on_sqlite() {
    two_refunds_race(Stage::on_sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_refunds_race_on_postgres() {
    two_refunds_race(Stage::on_postgres().await).await;
}

/// A client that hangs up right after sending cancels nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_hangs_up_cancels_nothing() {
    let stage = Stage::on_sqlite().await;
    stage.sandbox("faults", &json!({ "call": "alipay.trade.pay", "fault": { "kind": "delay", "ms": 500 }, "times": 1 })).await;
    let body = payment("gone", 300, &payer_code("28", 1, "00")).to_string();
    let authorization = stage.key.sign("POST", "/v1/payments", &body, now());
    let address = stage.api.strip_prefix("http://").unwrap();
    let mut line = tokio::net::TcpStream::connect(address).await.unwrap();
    let request = format!(
        "POST /v1/payments HTTP/1.1\r\nhost: x\r\nauthorization: {authorization}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    line.write_all(request.as_bytes()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    drop(line);
    let mut found = stage.get("/v1/payments?merchant_order_no=gone").await["items"][0].clone();
    assert!(found["id"].is_string(), "the order was committed before the channel was called");
    found = stage.decided("/v1/payments", found).await;
    assert_eq!(found["state"], "paid");
    stage.end().await;
}
