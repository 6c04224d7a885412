//! A refund whose original route is impossible: the money stays where it is until two people decide.

use serde_json::{Value, json};

use crate::stage::{Stage, payer_code, payment};

async fn gone(stage: &Stage) -> Value {
    let body = payment("gone", 700, &payer_code("13", 1, "98"));
    let (_, paid) = stage.post("/v1/payments", &body).await;
    assert_eq!(paid["state"], "paid", "{paid}");
    let body = json!({
        "payment_id": paid["id"], "merchant_refund_no": "r",
        "amount": { "total": 700, "currency": "CNY" },
    });
    let (_, refund) = stage.post("/v1/refunds", &body).await;
    stage.decided("/v1/refunds", refund).await
}

#[tokio::test(flavor = "multi_thread")]
async fn two_people_decide_an_impossible_refund() {
    let stage = Stage::on_postgres().await;
    let refund = gone(&stage).await;
    assert_eq!((&refund["state"], &refund["failure_code"]), (&json!("manual"), &json!("ABNORMAL")));
    let id = refund["id"].as_str().unwrap();
    let propose = |end: &str| {
        stage.admin(&["propose-case", id, end, "--by", "wang", "--note", "the account is closed"])
    };
    let approve = |by: &'static str| ["approve-case", id, "--by", by];
    assert!(stage.admin_refused(&approve("li")).contains("nothing was proposed"));
    propose("paid-out");
    assert!(stage.admin_refused(&approve("wang")).contains("another person approves"));
    assert!(stage.admin_refused(&approve("li")).contains("the reserve does not cover"));
    propose("given-back");
    let cases = stage.admin_json(&["cases"]);
    let case = &cases.as_array().unwrap()[0];
    assert_eq!((&case["proposed"], &case["proposed_by"]), (&json!("given-back"), &json!("wang")));
    stage.admin(&approve("li"));
    assert!(stage.admin_refused(&approve("li")).contains("no such case"));
    assert_eq!(stage.admin_json(&["cases"]), json!([]));
    let ended = stage.get(&format!("/v1/refunds/{id}")).await;
    assert_eq!(ended["state"], "failed");
    let paid = stage.get(&format!("/v1/payments/{}", refund["payment_id"].as_str().unwrap())).await;
    assert_eq!((&paid["refunded"], &paid["refunding"]), (&json!(0), &json!(0)));
    let balances = stage.end_with_balances().await;
    assert_eq!(balances["C.MER_PENDING/CNY"], "-700");
}
