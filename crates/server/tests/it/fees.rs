//! Price lists in force: trades keep the price at which they were made, refunds give the fee back to
//! the last fen.

use serde_json::{Value, json};

use crate::stage::{Stage, payer_code, payment};

fn list(alipay: &str) -> Value {
    json!({
        "name": "shop", "currency": "CNY",
        "rules": [
            { "id": "wechat", "when": { "channel": "wechat" }, "rate": "0.38%" },
            { "id": "alipay", "when": { "channel": "alipay" }, "tiers": {
                "by": "volume", "how": "marginal",
                "rows": [{ "from": "0.00", "rate": alipay }, { "from": "100.00", "rate": "0.40%" }],
            } },
        ],
    })
}

fn set_fees(stage: &Stage, list: &Value, of: &[&str]) -> Value {
    let file = stage.folder.path().join("list.json");
    std::fs::write(&file, list.to_string()).unwrap();
    stage.admin_json(&[&["set-fees", file.to_str().unwrap()], of].concat())
}

async fn pay(stage: &Stage, no: u64, (prefix, fen): (&str, u64)) -> Value {
    let body = payment(&no.to_string(), fen, &payer_code(prefix, no, "00"));
    let (_, taken) = stage.post("/v1/payments", &body).await;
    stage.decided("/v1/payments", taken).await
}

async fn refund(stage: &Stage, payment: &Value, (no, fen): (&str, u64)) -> Value {
    let body = json!({
        "payment_id": payment["id"], "merchant_refund_no": no,
        "amount": { "total": fen, "currency": "CNY" },
    });
    let (_, refund) = stage.post("/v1/refunds", &body).await;
    stage.decided("/v1/refunds", refund).await
}

async fn trades_keep_their_price(stage: Stage) {
    let mut stage = stage;
    stage.stop();
    let merchant = stage.key.merchant.clone();
    assert_eq!(set_fees(&stage, &list("9.00%"), &[])["version"], 1);
    let of_merchant = ["--merchant", merchant.as_str()];
    assert_eq!(set_fees(&stage, &list("0.60%"), &of_merchant)["version"], 1);
    stage.start();
    let first = pay(&stage, 1, ("28", 10_000)).await;
    let second = pay(&stage, 2, ("28", 10_000)).await;
    let wechat = pay(&stage, 3, ("13", 10_000)).await;
    let free = pay(&stage, 4, ("62", 10_000)).await;
    let fees = [&first, &second, &wechat, &free].map(|p| p["fee"].as_u64());
    assert_eq!(
        fees,
        [Some(60), Some(40), Some(38), None],
        "the month's volume counts per merchant"
    );

    stage.stop();
    assert_eq!(set_fees(&stage, &list("1.00%"), &of_merchant)["version"], 2);
    let shown = stage.admin_json(&["show-fees", "--merchant", &merchant]);
    assert_eq!((&shown["version"], &shown["schedule"]), (&json!(2), &list("1.00%")));
    stage.start();
    let again = stage.get(&format!("/v1/payments/{}", first["id"].as_str().unwrap())).await;
    assert_eq!(again["fee"], 60, "a price list that changed changes no trade");
    let mut back = 0;
    for (no, fen) in [("a", 3_333), ("b", 3_333), ("c", 3_334)] {
        let refund = refund(&stage, &wechat, (no, fen)).await;
        back += refund["fee_returned"].as_u64().unwrap();
    }
    assert_eq!(back, 38);
    assert!(refund(&stage, &free, ("d", 10_000)).await["fee_returned"].is_null());
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn trades_keep_their_price_on_sqlite() {
    trades_keep_their_price(Stage::on_sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn trades_keep_their_price_on_postgres() {
    trades_keep_their_price(Stage::on_postgres().await).await;
}
