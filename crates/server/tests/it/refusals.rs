//! Bad input: each a 4xx with its stable code, and nothing left behind.

use serde_json::{Value, json};

use crate::stage::{Stage, now, payer_code, payment};

fn changed(name: &str, value: Value) -> Value {
    let mut body = payment("bad", 100, &payer_code("28", 1, "00"));
    body.as_object_mut().unwrap().insert(name.to_owned(), value);
    body
}

fn amount(total: &str) -> Value {
    serde_json::from_str(&format!(r#"{{"total":{total},"currency":"CNY"}}"#)).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_payments_leave_nothing() {
    let stage = Stage::on_sqlite().await;
    let cases = [
        (changed("more", json!(1)), 400, "request_malformed"),
        (changed("amount", amount("0")), 400, "amount_invalid"),
        (changed("amount", amount("-1")), 400, "amount_invalid"),
        (changed("amount", amount("1.5")), 400, "amount_invalid"),
        (changed("amount", amount("100000000001")), 400, "amount_invalid"),
        (changed("amount", amount("99999999999999999999999")), 400, "amount_invalid"),
        (changed("amount", amount("\"100\"")), 400, "request_malformed"),
        (changed("amount", json!({ "total": 1, "currency": "USD" })), 400, "currency_unsupported"),
        (changed("amount", json!({ "total": 1, "currency": "cny" })), 400, "currency_unsupported"),
        (changed("merchant_order_no", json!("")), 400, "field_invalid"),
        (changed("merchant_order_no", json!("a/b")), 400, "field_invalid"),
        (changed("merchant_order_no", json!("9".repeat(65))), 400, "field_invalid"),
        (changed("description", json!("")), 400, "field_invalid"),
        (changed("description", json!("咖".repeat(43))), 400, "field_invalid"),
        (changed("description", json!("a\nb")), 400, "field_invalid"),
        (changed("payer_code", json!("28 1")), 400, "field_invalid"),
        (changed("payer_code", json!("621234567890123456")), 400, "payer_code_unknown"),
        (changed("qr", json!({ "channel": "alipay" })), 400, "means_invalid"),
        (changed("payer_code", Value::Null), 400, "means_invalid"),
        (changed("notify_url", json!("ftp://x")), 400, "field_invalid"),
        (changed("notify_url", json!("not a url")), 400, "field_invalid"),
        (changed("terminal_ip", json!("here")), 400, "field_invalid"),
        (changed("terminal_id", json!("ter_x")), 400, "terminal_not_found"),
        (changed("expires_at", json!("2020-01-01T00:00:00Z")), 400, "field_invalid"),
        (json!([]), 400, "request_malformed"),
    ];
    for (body, status, code) in cases {
        let (got, answer) = stage.post("/v1/payments", &body).await;
        assert_eq!((got, answer["code"].as_str()), (status, Some(code)), "{body}");
        assert!(answer["request_id"].as_str().unwrap().starts_with("req_"), "{answer}");
    }
    let malformed = stage.call(&stage.key, ("POST", "/v1/payments"), "{".to_owned()).await.unwrap();
    assert_eq!((malformed.0, &malformed.1["code"]), (400, &json!("request_malformed")));
    let large = " ".repeat(70_000);
    let large = stage.call(&stage.key, ("POST", "/v1/payments"), large).await.unwrap();
    assert_eq!((large.0, &large.1["code"]), (413, &json!("body_too_large")));
    assert_eq!(stage.get("/v1/payments").await["items"], json!([]));
    assert_eq!(stage.channels_hold().await, (0, 0));
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unproven_requests_leave_nothing() {
    let stage = Stage::on_sqlite().await;
    let body = payment("x", 100, &payer_code("28", 1, "00")).to_string();
    let route = ("POST", "/v1/payments");
    let sign = |at: i64| stage.key.sign("POST", "/v1/payments", &body, at);
    let good = sign(now());
    let wrong = crate::stage::Key { secret: secret::Secret::new(vec![1; 32]), ..stage.key.clone() };
    let unknown = crate::stage::Key { id: "key_unknown".to_owned(), ..stage.key.clone() };
    let cases = [
        (None, "authorization_malformed"),
        (Some("Bearer x".to_owned()), "authorization_malformed"),
        (Some(sign(now() - 400)), "timestamp_out_of_window"),
        (Some(sign(now() + 400)), "timestamp_out_of_window"),
        (Some(wrong.sign("POST", "/v1/payments", &body, now())), "signature_invalid"),
        (Some(unknown.sign("POST", "/v1/payments", &body, now())), "signature_invalid"),
        (Some(stage.key.sign("POST", "/v1/refunds", &body, now())), "signature_invalid"),
        (Some(good.replace("HMAC-SHA256", "RSA-SHA256")), "signature_invalid"),
    ];
    for (authorization, code) in cases {
        let (status, answer) = stage.send(route, body.clone(), authorization).await.unwrap();
        assert_eq!((status, answer["code"].as_str()), (401, Some(code)));
    }
    assert_eq!(stage.get("/v1/payments").await["items"], json!([]));
    let (first, _) = stage.send(route, body.clone(), Some(good.clone())).await.unwrap();
    let (again, answer) = stage.send(route, body.clone(), Some(good)).await.unwrap();
    assert_eq!((first, again, &answer["code"]), (200, 401, &json!("nonce_replayed")));
    stage.end().await;
}

/// Every merchant route, walked from the router's own list: 401 without a signature, and another
/// merchant's things are not there.
#[tokio::test(flavor = "multi_thread")]
async fn every_route_is_guarded_and_scoped() {
    let stage = Stage::on_sqlite().await;
    let (_, paid) =
        stage.post("/v1/payments", &payment("mine", 100, &payer_code("28", 1, "00"))).await;
    let body = json!({
        "payment_id": paid["id"], "merchant_refund_no": "r",
        "amount": { "total": 1, "currency": "CNY" },
    });
    let (_, refund) = stage.post("/v1/refunds", &body).await;
    let refund = stage.decided("/v1/refunds", refund).await;
    let balance = json!({ "wallet_no": "w", "kind": "balance" });
    let (_, wallet) = stage.post("/v1/wallets", &balance).await;
    let fill = json!({ "payment": payment("fill", 100, &payer_code("28", 7, "00")) });
    for (method, path) in http_api::merchant_routes() {
        let thing = match path.as_str() {
            path if path.contains("wallets") => &wallet,
            path if path.contains("refunds") => &refund,
            _ => &paid,
        };
        let path = path.replace("{id}", thing["id"].as_str().unwrap()).replace("{leg_no}", "1");
        let leg = json!({ "leg_no": 1, "amount": body["amount"], "cash": {} }).to_string();
        let sent = match path.rsplit('/').next() {
            Some("legs") => leg,
            Some("top-ups") => fill.to_string(),
            Some("top-up-returns") => body.to_string(),
            _ => String::new(),
        };
        let (status, _) = stage.send((&method, &path), String::new(), None).await.unwrap();
        assert_eq!(status, 401, "{method} {path}");
        if path.contains('_') && !path.contains("notifications") {
            let others = stage.call(&stage.other, (&method, &path), sent).await.unwrap();
            assert_eq!(others.0, 404, "{method} {path}: {}", others.1);
        }
    }
    let others = stage.call(&stage.other, ("GET", "/v1/payments"), String::new()).await.unwrap();
    assert_eq!(others.1["items"], json!([]));
    let stolen = stage.call(&stage.other, ("POST", "/v1/refunds"), body.to_string()).await.unwrap();
    assert_eq!((stolen.0, &stolen.1["code"]), (404, &json!("payment_not_found")));
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_wallets_and_top_ups_leave_nothing() {
    let stage = Stage::on_sqlite().await;
    let (_, wallet) =
        stage.post("/v1/wallets", &json!({ "wallet_no": "w", "kind": "balance" })).await;
    let wallet = format!("/v1/wallets/{}", wallet["id"].as_str().unwrap());
    let new = |name: &str, value: Value| {
        let mut body = json!({ "wallet_no": "bad", "kind": "card" });
        body[name] = value;
        body
    };
    let fill = |name: &str, value: Value| {
        let mut body = json!({ "payment": payment("bad", 100, &payer_code("28", 1, "00")) });
        body[name] = value;
        body
    };
    let paid_by = |means: Value| {
        let mut body = payment("bad", 100, &payer_code("28", 1, "00"));
        body.as_object_mut().unwrap().remove("payer_code");
        body.as_object_mut().unwrap().extend(means.as_object().unwrap().clone());
        fill("payment", body)
    };
    let gift = |campaign: &str, total: &str| {
        fill("gift", json!({ "campaign_id": campaign, "amount": amount(total) }))
    };
    let back = |payment: &str, total: &str| json!({ "merchant_refund_no": "bad", "payment_id": payment, "amount": amount(total) });
    let (fills, backs) = (format!("{wallet}/top-ups"), format!("{wallet}/top-up-returns"));
    let nobody = "/v1/wallets/wal_x/top-ups".to_owned();
    for (path, body, code) in [
        ("/v1/wallets".to_owned(), new("wallet_no", json!("a/b")), "field_invalid"),
        ("/v1/wallets".to_owned(), new("kind", json!("purse")), "request_malformed"),
        ("/v1/wallets".to_owned(), new("holder", json!("x".repeat(65))), "field_invalid"),
        ("/v1/wallets".to_owned(), new("expires_at", json!("soon")), "field_invalid"),
        (
            "/v1/wallets".to_owned(),
            new("expires_at", json!("2020-01-01T00:00:00Z")),
            "field_invalid",
        ),
        ("/v1/wallets".to_owned(), new("wallet_no", json!("w")), "wallet_no_used"),
        (nobody, fill("gift", Value::Null), "wallet_not_found"),
        (fills.clone(), json!({}), "request_malformed"),
        (fills.clone(), fill("more", json!(1)), "request_malformed"),
        (fills.clone(), paid_by(json!({ "cash": {} })), "means_invalid"),
        (fills.clone(), paid_by(json!({ "legs": [] })), "means_invalid"),
        (fills.clone(), paid_by(json!({})), "means_invalid"),
        (fills.clone(), gift("x", "1"), "campaign_not_found"),
        (fills.clone(), gift("cmp_06xfwqt000407", "1"), "campaign_not_found"),
        (fills, gift("cmp_06xfwqt000407", "0"), "amount_invalid"),
        (backs.clone(), back("x", "1"), "top_up_not_found"),
        (backs.clone(), back("pay_06xfwqt000403", "1"), "top_up_not_found"),
        (backs, back("pay_06xfwqt000403", "0"), "amount_invalid"),
    ] {
        let (status, answer) = stage.post(&path, &body).await;
        assert_eq!(answer["code"].as_str(), Some(code), "{path} {body}: {answer}");
        assert!((400..500).contains(&status), "{status}");
    }
    assert_eq!(stage.get("/v1/wallets").await["items"].as_array().unwrap().len(), 1);
    assert_eq!(stage.get("/v1/payments").await["items"], json!([]));
    assert_eq!(stage.channels_hold().await, (0, 0));
    stage.end().await;
}
