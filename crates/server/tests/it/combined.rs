//! One order paid by several means: the hundred yuan of a till, whole and given up.

use serde_json::{Value, json};

use crate::stage::{Stage, payer_code};
use crate::wallets;

fn amount(fen: u64) -> Value {
    json!({ "total": fen, "currency": "CNY" })
}

fn order(no: &str, fen: u64, legs: &[Value]) -> Value {
    json!({ "merchant_order_no": no, "amount": amount(fen), "description": "supper", "legs": legs })
}

/// A payer's code is good for one payment: each order has codes of its own.
fn scan((run, no): (&str, u64), fen: u64, (prefix, ending): (&str, &str)) -> Value {
    let run: u64 = run.bytes().map(u64::from).sum();
    let code = payer_code(prefix, 1_000 * run + no, ending);
    json!({ "leg_no": no, "amount": amount(fen), "payer_code": code })
}

fn leg(payment: &Value, no: u64) -> Value {
    let legs = payment["legs"].as_array().unwrap();
    legs.iter().find(|leg| leg["leg_no"] == no).unwrap().clone()
}

fn path(payment: &Value, tail: &str) -> String {
    format!("/v1/payments/{}{tail}", payment["id"].as_str().unwrap())
}

async fn until(stage: &Stage, payment: &Value, state: &str) -> Value {
    for _ in 0..600 {
        let now = stage.get(&path(payment, "")).await;
        if now["state"] == state {
            return now;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("never {state}: {}", stage.get(&path(payment, "")).await);
}

/// A prepaid card with 25.00 on it.
async fn card(stage: &Stage) -> String {
    let card = wallets::issue(stage, "card", "card").await;
    stage.post(&format!("/v1/wallets/{card}/activate"), &json!({})).await;
    wallets::fill(stage, (&card, 1), 2_500, ("28", "00"), None).await;
    card
}

/// 100.00 = Alipay 50 (a first try fails) + WeChat Pay 30 + a prepaid card 10 + cash 5 + a coupon of 5.
async fn hundred(stage: &Stage, (no, card): (&str, &str)) -> Value {
    let legs = [scan((no, 1), 5_000, ("28", "92")), scan((no, 2), 3_000, ("13", "00"))];
    let (status, open) = stage.post("/v1/payments", &order(no, 10_000, &legs)).await;
    assert_eq!((status, &open["state"]), (200, &json!("paying")), "{open}");
    assert_eq!(leg(&open, 1)["state"], "failed");
    assert_eq!(leg(&open, 1)["failure_code"], "ACQ.BUYER_BALANCE_NOT_ENOUGH");
    assert_eq!((&leg(&open, 2)["state"], &open["rest"]), (&json!("paid"), &json!(7_000)));
    let add = path(&open, "/legs");
    for body in [
        scan((no, 3), 5_000, ("28", "00")),
        json!({ "leg_no": 4, "amount": amount(500), "cash": {} }),
        json!({ "leg_no": 5, "amount": amount(500), "coupon": { "number": "C-1" } }),
        json!({ "leg_no": 6, "amount": amount(1_000), "wallet": { "wallet_id": card } }),
    ] {
        let (status, one) = stage.post(&add, &body).await;
        assert_eq!(status, 200, "{one}");
        let (status, again) = stage.post(&add, &body).await;
        assert_eq!((status, &again["id"]), (200, &one["id"]), "a leg's number is its key");
    }
    until(stage, &open, "paid").await
}

/// The first request of an order of a hundred, once more.
async fn hundred_again(stage: &Stage, no: &str) -> Value {
    let legs = [scan((no, 1), 5_000, ("28", "92")), scan((no, 2), 3_000, ("13", "00"))];
    stage.post("/v1/payments", &order(no, 10_000, &legs)).await.1
}

async fn refusals_of_legs(stage: &Stage) {
    let (_, open) = stage.post("/v1/payments", &order("bad", 100, &[])).await;
    let add = path(&open, "/legs");
    let cash = |no: u64, fen: u64| json!({ "leg_no": no, "amount": amount(fen), "cash": {} });
    for (body, code) in [
        (cash(1, 101), "amount_above_rest"),
        (cash(0, 1), "field_invalid"),
        (cash(1000, 1), "field_invalid"),
        (cash(1, 0), "amount_invalid"),
        (json!({ "leg_no": 1, "amount": amount(1) }), "means_invalid"),
        (json!({ "leg_no": 1, "amount": amount(1), "cash": {}, "coupon": {} }), "means_invalid"),
        (
            json!({ "leg_no": 1, "amount": amount(1), "payer_code": payer_code("99", 1, "00") }),
            "payer_code_unknown",
        ),
        (json!({ "leg_no": 1, "amount": amount(1), "cash": { "x": 1 } }), "request_malformed"),
        (
            json!({ "leg_no": 1, "amount": amount(1),
                "bank_card": { "reference": "6222 0212 3456 7890 123" } }),
            "field_invalid",
        ),
    ] {
        assert_eq!(stage.post(&add, &body).await.1["code"], code, "{body}");
    }
    let card = json!({ "leg_no": 9, "amount": amount(10),
        "bank_card": { "reference": "123456789012" } });
    let (_, by_card) = stage.post(&add, &card).await;
    assert_eq!(leg(&by_card, 9)["tender"], "bank_card", "{by_card}");
    assert_eq!(stage.post(&add, &cash(1, 60)).await.0, 200);
    assert_eq!(stage.post(&add, &cash(1, 40)).await.1["code"], "leg_no_used");
    let body = json!({
        "merchant_order_no": "cash", "amount": amount(100), "description": "tea", "cash": {},
    });
    let single = stage.post("/v1/payments", &body).await.1;
    assert_eq!((&single["state"], &single["channel"]), (&json!("paid"), &json!("cash")));
    let on_single = stage.post(&path(&single, "/legs"), &cash(2, 1)).await.1;
    assert_eq!(on_single["code"], "order_not_combined");
    let (_, closed) = stage.post(&path(&open, "/close"), &json!({})).await;
    assert_eq!(closed["state"], "closed", "cash is back at once");
    assert_eq!(stage.post(&add, &cash(2, 1)).await.1["code"], "order_not_open");
    let twice = order("twice", 100, &[cash(1, 1), cash(1, 1)]);
    assert_eq!(stage.post("/v1/payments", &twice).await.1["code"], "leg_no_used");
    let nobody = json!({ "wallet_id": "wal_06xfwqt000406" });
    let broke =
        order("broke", 100, &[json!({ "leg_no": 1, "amount": amount(1), "wallet": nobody })]);
    for _ in 0..2 {
        let refused = stage.post("/v1/payments", &broke).await.1;
        assert_eq!(refused["code"], "wallet_not_found", "a leg's refusal is told, again and again");
    }
    let above = order("above", 100, &[cash(1, 60), cash(2, 60)]);
    assert_eq!(stage.post("/v1/payments", &above).await.1["code"], "legs_above_amount");
}

async fn refund(stage: &Stage, no: &str, payment: &Value, (fen, of): (u64, Option<&str>)) -> Value {
    let mut body = json!({
        "payment_id": payment["id"], "merchant_refund_no": no, "amount": amount(fen),
    });
    if let Some(leg) = of {
        body["leg_id"] = json!(leg);
    }
    let (_, answer) = stage.post("/v1/refunds", &body).await;
    if answer["code"].is_string() {
        return answer;
    }
    stage.decided("/v1/refunds", answer).await
}

async fn all_ways(stage: Stage) {
    refusals_of_legs(&stage).await;
    let card = card(&stage).await;
    let paid = hundred(&stage, ("hundred", &card)).await;
    assert_eq!((&paid["rest"], &paid["refunded"]), (&json!(0), &json!(0)));
    assert_eq!(leg(&paid, 5)["reference"], "C-1");

    let alipay = leg(&paid, 3)["id"].as_str().unwrap().to_owned();
    let of_alipay = |fen| (fen, Some(alipay.as_str()));
    assert_eq!(refund(&stage, "w", &paid, (100, None)).await["code"], "leg_wanted");
    let ours = format!("back-{alipay}");
    assert_eq!(refund(&stage, &ours, &paid, of_alipay(1)).await["code"], "field_invalid");
    assert_eq!(
        refund(&stage, "w", &paid, of_alipay(5_001)).await["code"],
        "amount_above_refundable"
    );
    let failed = leg(&paid, 1)["id"].as_str().unwrap().to_owned();
    assert_eq!(refund(&stage, "w", &paid, (1, Some(&failed))).await["code"], "leg_not_found");
    let part = refund(&stage, "part", &paid, of_alipay(2_000)).await;
    assert_eq!((&part["state"], &part["leg_id"]), (&json!("succeeded"), &json!(alipay)));
    assert_eq!(
        refund(&stage, "w", &paid, of_alipay(3_001)).await["code"],
        "amount_above_refundable"
    );
    assert_eq!(refund(&stage, "w", &paid, (8_001, None)).await["code"], "amount_above_refundable");

    let whole = refund(&stage, "whole", &paid, (8_000, None)).await;
    assert_eq!((&whole["state"], &whole["amount"]["total"]), (&json!("succeeded"), &json!(8_000)));
    assert_eq!(whole["parts"].as_array().unwrap().len(), 5, "{whole}");
    let again = refund(&stage, "whole", &paid, (8_000, None)).await;
    assert_eq!(again["id"], whole["id"]);
    let listed = stage.get("/v1/refunds?merchant_refund_no=whole").await;
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    assert_eq!(stage.get(&path(&paid, "")).await["refunded"], 10_000);
    assert_eq!(refund(&stage, "w", &paid, (1, None)).await["code"], "amount_above_refundable");

    let voided = hundred(&stage, ("voided", &card)).await;
    let void = json!({ "merchant_refund_no": "v", "payment_id": voided["id"] });
    let (_, answer) = stage.post("/v1/voids", &void).await;
    let answer = stage.decided("/v1/refunds", answer).await;
    assert_eq!((&answer["state"], &answer["kind"]), (&json!("succeeded"), &json!("void")));
    let (_, late) = stage
        .post("/v1/voids", &json!({ "merchant_refund_no": "v2", "payment_id": voided["id"] }))
        .await;
    assert_eq!(late["code"], "void_not_whole");

    given_up(&stage).await;
    hundred(&stage, ("kept", &card)).await;
    let balances = stage.end_with_balances().await;
    for (account, fen) in [
        // 80.00 of the order, and the card's 25.00.
        ("C.CH_RECV/CNY", 8_000 + 2_500),
        ("C.PREPAID/CNY", -1_500),
        ("C.MER_PENDING/CNY", -9_000),
        // Debits are positive.
        ("C.ORDER_TRANSIT/CNY", 0),
        ("C.REFUND_TRANSIT/CNY", 0),
        // One sale in cash stands beside the kept order's.
        ("M.CASH/CNY", 600),
        ("M.COUPON/CNY", 500),
        ("M.SALES/CNY", -1_100),
    ] {
        let balance = balances.get(account).and_then(Value::as_str).unwrap_or("0");
        assert_eq!(balance.parse::<i128>().unwrap(), fen, "{account}");
    }
}

/// An order that its till leaves alone returns what was paid of it.
async fn given_up(stage: &Stage) {
    let soon = (jiff::Timestamp::from_second(crate::stage::now()).unwrap()
        + jiff::SignedDuration::from_secs(3))
    .to_string();
    let legs = [
        scan(("left", 7), 3_000, ("13", "00")),
        json!({ "leg_no": 8, "amount": amount(200), "cash": {} }),
        json!({ "leg_no": 9, "amount": amount(300), "qr": { "channel": "alipay" } }),
    ];
    let mut body = order("left", 10_000, &legs);
    body["expires_at"] = json!(soon);
    let (status, open) = stage.post("/v1/payments", &body).await;
    assert_eq!((status, &open["state"]), (200, &json!("paying")), "{open}");
    assert!(leg(&open, 9)["code_url"].is_string());
    let (_, open) = stage.post(&path(&open, "/legs/9/close"), &json!({})).await;
    assert_eq!(open["rest"], 6_800, "{open}");
    let closed = until(stage, &open, "closed").await;
    let (status, again) = stage.post("/v1/payments", &body).await;
    let told = (status, &again["id"], &again["state"]);
    assert_eq!(told, (200, &closed["id"], &json!("closed")), "the same request, the same payment");
    assert_eq!((&closed["refunded"], &closed["refunding"]), (&json!(3_200), &json!(0)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_yuan_on_sqlite() {
    all_ways(Stage::on_sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_yuan_on_postgres() {
    all_ways(Stage::on_postgres().await).await;
}

/// Without rules of its own a merchant has the practice of a bank: no refund on the day, no hour after
/// ten in the evening; and what it settled itself goes before what the institution settled.
#[tokio::test(flavor = "multi_thread")]
async fn rules_are_settled_per_institution_and_merchant() {
    let mut stage = Stage::on_sqlite().await;
    let card = card(&stage).await;
    let paid = hundred(&stage, ("day", &card)).await;
    stage.stop();
    let shown = stage.set_rules(&json!({ "blackout": null }), &[]);
    assert_eq!(
        shown,
        json!({
            "refund_same_day": false, "blackout": null, "refund_window_days": 365,
            "fee_on_refund": "returned", "short_of_money": "refuse",
        })
    );
    stage.start();
    assert_eq!(refund(&stage, "r", &paid, (10_000, None)).await["code"], "refund_same_day");
    stage.stop();
    let merchant = stage.key.merchant.clone();
    let rules = json!({ "blackout": { "from": "00:00", "to": "24:00" }, "refund_same_day": true });
    stage.set_rules(&rules, &["--merchant", &merchant]);
    let practice = stage.admin_json(&["show-rules", &merchant]);
    assert_eq!(practice["blackout"], json!({ "from": "00:00", "to": "24:00" }));
    stage.start();
    for (path, body) in [
        ("/v1/payments", order("n", 100, &[])),
        (
            "/v1/refunds",
            json!({ "payment_id": paid["id"], "merchant_refund_no": "r", "amount": amount(10_000) }),
        ),
        ("/v1/voids", json!({ "payment_id": paid["id"], "merchant_refund_no": "r" })),
    ] {
        assert_eq!(stage.post(path, &body).await.1["code"], "blackout", "{path}");
    }
    let again = hundred_again(&stage, "day").await;
    assert_eq!(again["id"], paid["id"], "a repeat is no new payment");
    stage.end().await;
}

/// 商户自收: what the channel pays to the merchant directly stands in the memo book only, and a refund
/// of it takes nothing of his money with us.
#[tokio::test(flavor = "multi_thread")]
async fn a_merchant_s_own_account_is_memo_only() {
    let mut stage = Stage::on_postgres().await;
    let accounts = stage.admin_json(&["channel-accounts"]);
    let wechat = accounts.as_array().unwrap().iter().find(|a| a["channel"] == "wechat").unwrap();
    let account = wechat["channel_account"].as_str().unwrap();
    stage.admin(&["open-channel", &stage.key.merchant, account, "--self-collected"]);
    let legs = [scan(("own", 1), 700, ("13", "00")), scan(("own", 2), 300, ("28", "00"))];
    let (_, paid) = stage.post("/v1/payments", &order("own", 1_000, &legs)).await;
    assert_eq!((&paid["state"], &leg(&paid, 1)["self_collected"]), (&json!("paid"), &json!(true)));
    let own = leg(&paid, 1)["id"].as_str().unwrap().to_owned();
    let back = refund(&stage, "r", &paid, (200, Some(&own))).await;
    assert_eq!(back["state"], "succeeded", "{back}");
    stage.stop();
    let trial = stage.admin_json(&["trial-balance"]);
    assert_eq!(trial["balanced"], true);
    for (code, fen) in
        [("C.CH_RECV", "300"), ("C.MER_PENDING", "-300"), ("M.SELF_COLLECTED", "500")]
    {
        assert_eq!(trial["balances"][format!("{code}/CNY")], fen, "{code}");
    }
}
