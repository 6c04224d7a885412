//! A till's drawer: what should lie in it, and what was counted.

use serde_json::{Value, json};

use crate::stage::Stage;

fn cash(no: &str, fen: u64, terminal: &str) -> Value {
    json!({
        "merchant_order_no": no, "amount": { "total": fen, "currency": "CNY" },
        "description": "tea", "cash": {}, "terminal_id": terminal,
    })
}

async fn a_shift(stage: &Stage, terminal: &str) {
    let open =
        |float: u64| json!({ "terminal_id": terminal, "opened_by": "王", "float_fen": float });
    let (status, shift) = stage.post("/v1/shifts", &open(20_000)).await;
    assert_eq!((status, &shift["expected_fen"]), (200, &json!(20_000)), "{shift}");
    assert_eq!(stage.post("/v1/shifts", &open(20_000)).await.1["id"], shift["id"]);
    assert_eq!(stage.post("/v1/shifts", &open(1)).await.1["code"], "shift_open");
    let (_, paid) = stage.post("/v1/payments", &cash("c", 500, terminal)).await;
    let back = json!({
        "payment_id": paid["id"], "merchant_refund_no": "r",
        "amount": { "total": 200, "currency": "CNY" },
    });
    for _ in 0..2 {
        assert_eq!(stage.post("/v1/refunds", &back).await.1["state"], "succeeded");
    }
    // An order that is given up gives its cash back.
    let mut body = cash("g", 900, terminal);
    body.as_object_mut().unwrap().remove("cash");
    let amount = json!({ "total": 300, "currency": "CNY" });
    body["legs"] = json!([{ "leg_no": 1, "amount": amount, "cash": {} }]);
    let (_, given_up) = stage.post("/v1/payments", &body).await;
    let path = format!("/v1/payments/{}/close", given_up["id"].as_str().unwrap());
    assert_eq!(stage.post(&path, &json!({})).await.1["state"], "closed");

    let path = format!("/v1/shifts/{}", shift["id"].as_str().unwrap());
    let now = stage.get(&path).await;
    assert_eq!((&now["taken_fen"], &now["returned_fen"]), (&json!(800), &json!(500)), "{now}");
    let count = |fen: u64| json!({ "closed_by": "李", "counted_fen": fen });
    let close = format!("{path}/close");
    for _ in 0..2 {
        let (_, closed) = stage.post(&close, &count(20_250)).await;
        let told = (&closed["expected_fen"], &closed["difference_fen"]);
        assert_eq!(told, (&json!(20_300), &json!(-50)), "{closed}");
    }
    assert_eq!(stage.post(&close, &count(20_300)).await.1["code"], "shift_closed");
    let (_, after) = stage.post("/v1/payments", &cash("a", 100, terminal)).await;
    assert_eq!(after["state"], "paid", "cash is taken without a shift too");
    assert_eq!(stage.get(&path).await["taken_fen"], 800);
    assert_eq!(stage.post("/v1/shifts", &open(0)).await.0, 200, "an empty drawer");
    assert_eq!(stage.get("/v1/shifts").await["items"].as_array().unwrap().len(), 2);
    for (body, code) in [
        (json!({ "terminal_id": "x", "opened_by": "w", "float_fen": 1 }), "terminal_not_found"),
        (json!({ "opened_by": "w", "float_fen": 1 }), "terminal_not_found"),
        (json!({ "terminal_id": terminal, "opened_by": "", "float_fen": 1 }), "field_invalid"),
        (json!({ "terminal_id": terminal, "opened_by": "w", "float_fen": -1 }), "field_invalid"),
    ] {
        assert_eq!(stage.post("/v1/shifts", &body).await.1["code"], code, "{body}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drawer_is_counted_on_sqlite() {
    let mut stage = Stage::on_sqlite().await;
    stage.stop();
    let made = stage.admin_json(&["create-terminal", &stage.key.merchant, "counter_register", "1"]);
    stage.start();
    a_shift(&stage, made["terminal"].as_str().unwrap()).await;
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drawer_is_counted_on_postgres() {
    let stage = Stage::on_postgres().await;
    let made = stage.admin_json(&["create-terminal", &stage.key.merchant, "counter_register", "1"]);
    a_shift(&stage, made["terminal"].as_str().unwrap()).await;
    stage.end().await;
}
