//! Prepaid cards and balances: filled, spent, given back; and what the platform pays.

use serde_json::{Value, json};

use crate::stage::{Stage, payer_code};

pub(crate) fn amount(fen: u64) -> Value {
    json!({ "total": fen, "currency": "CNY" })
}

pub(crate) async fn issue(stage: &Stage, no: &str, kind: &str) -> String {
    let body = json!({ "wallet_no": no, "kind": kind, "holder": "wang" });
    let (status, wallet) = stage.post("/v1/wallets", &body).await;
    assert_eq!(status, 200, "{wallet}");
    let (_, again) = stage.post("/v1/wallets", &body).await;
    assert_eq!(again["id"], wallet["id"]);
    wallet["id"].as_str().unwrap().to_owned()
}

fn of(wallet: &str, tail: &str) -> String {
    format!("/v1/wallets/{wallet}{tail}")
}

/// The payer's code begins with the channel's digits and ends with what the payer does.
pub(crate) async fn fill(
    stage: &Stage,
    (wallet, no): (&str, u64),
    fen: u64,
    (prefix, ending): (&str, &str),
    gift: Option<(&str, u64)>,
) -> Value {
    let mut body = json!({ "payment": {
        "merchant_order_no": format!("fill-{no}"), "amount": amount(fen), "description": "top-up",
        "payer_code": payer_code(prefix, 5_000 + no, ending),
    } });
    if let Some((campaign, fen)) = gift {
        body["gift"] = json!({ "campaign_id": campaign, "amount": amount(fen) });
    }
    let (_, taken) = stage.post(&of(wallet, "/top-ups"), &body).await;
    if taken["id"].is_null() {
        return taken;
    }
    stage.decided("/v1/payments", taken).await
}

async fn pay(stage: &Stage, wallet: &str, no: &str, fen: u64) -> Value {
    let body = json!({
        "merchant_order_no": no, "amount": amount(fen), "description": "book",
        "wallet": { "wallet_id": wallet },
    });
    let (_, paid) = stage.post("/v1/payments", &body).await;
    let (_, again) = stage.post("/v1/payments", &body).await;
    assert_eq!(again["id"], paid["id"], "the same number, the same payment");
    paid
}

async fn give_back(stage: &Stage, wallet: &str, no: &str, (fill, fen): (&Value, u64)) -> Value {
    let body = json!({
        "merchant_refund_no": no, "payment_id": fill["id"], "amount": amount(fen),
    });
    let (_, refund) = stage.post(&of(wallet, "/top-up-returns"), &body).await;
    if refund["id"].is_null() {
        return refund;
    }
    stage.decided("/v1/refunds", refund).await
}

async fn holds(stage: &Stage, wallet: &str) -> (u64, u64) {
    let shown = stage.get(&of(wallet, "")).await;
    (shown["principal"].as_u64().unwrap(), shown["gift"].as_u64().unwrap())
}

fn campaign(stage: &Stage, budget: &str) -> String {
    let made = stage.admin_json(&[
        "create-campaign",
        "opening",
        "--budget",
        budget,
        "--per-order",
        "220.00",
        "--until",
        "2099-01-01T00:00:00+08:00",
    ]);
    made["campaign"].as_str().unwrap().to_owned()
}

/// 充200送220, 120 used: 80 go back, and the gift lapses.
async fn a_gift_lapses(stage: &Stage, campaign: &str) {
    let card = issue(stage, "card", "card").await;
    assert_eq!(pay(stage, &card, "early", 1).await["code"], "wallet_not_active");
    let early = fill(stage, (&card, 0), 1, ("28", "00"), None).await;
    assert_eq!(early["code"], "wallet_not_active");
    for _ in 0..2 {
        let (_, active) = stage.post(&of(&card, "/activate"), &json!({})).await;
        assert_eq!(active["state"], "active");
    }
    let filled = fill(stage, (&card, 1), 20_000, ("28", "00"), Some((campaign, 22_000))).await;
    assert_eq!((&filled["state"], &filled["gift"]), (&json!("paid"), &json!(22_000)), "{filled}");
    assert_eq!(holds(stage, &card).await, (20_000, 22_000));
    let bought = pay(stage, &card, "book", 12_000).await;
    assert_eq!((&bought["state"], &bought["channel"]), (&json!("paid"), &json!("wallet")));
    let too_much = give_back(stage, &card, "r1", (&filled, 8_001)).await;
    assert_eq!(too_much["code"], "amount_above_lot");
    let back = give_back(stage, &card, "r2", (&filled, 8_000)).await;
    assert_eq!((&back["state"], &back["kind"]), (&json!("succeeded"), &json!("top_up_return")));
    assert_eq!(holds(stage, &card).await, (0, 0));
    assert_eq!(pay(stage, &card, "more", 1).await["code"], "wallet_short");
    // What was bought and comes back goes to the card.
    let body = json!({
        "merchant_refund_no": "book-back", "payment_id": bought["id"], "amount": amount(2_000),
    });
    let (_, refund) = stage.post("/v1/refunds", &body).await;
    assert_eq!(refund["state"], "succeeded", "{refund}");
    assert_eq!(holds(stage, &card).await, (2_000, 0));
    let body = json!({
        "merchant_refund_no": "no", "payment_id": filled["id"], "amount": amount(1),
    });
    assert_eq!(stage.post("/v1/refunds", &body).await.1["code"], "order_is_top_up");
    let elsewhere = give_back(stage, &card, "r3", (&bought, 1)).await;
    assert_eq!(elsewhere["code"], "top_up_not_found");
    let (_, closed) = stage.post(&of(&card, "/close"), &json!({})).await;
    assert_eq!(closed["state"], "closed");
    assert_eq!(holds(stage, &card).await, (0, 0));
    assert_eq!(pay(stage, &card, "late", 1).await["code"], "wallet_closed");
}

/// Two top-ups, a gift spent last, a frozen balance, and a way back that is impossible.
async fn lots_and_risk(stage: &mut Stage, campaign: &str) {
    let wallet = issue(stage, "balance", "balance").await;
    let first = fill(stage, (&wallet, 11), 1_000, ("28", "00"), Some((campaign, 300))).await;
    // This payer pays and gives the account up.
    let second = fill(stage, (&wallet, 12), 2_000, ("13", "98"), None).await;
    let spent = pay(stage, &wallet, "all", 3_200).await;
    assert_eq!(spent["state"], "paid", "{spent}");
    assert_eq!(holds(stage, &wallet).await, (0, 100), "principal first");
    let body = json!({
        "merchant_refund_no": "all-back", "payment_id": spent["id"], "amount": amount(2_700),
    });
    assert_eq!(stage.post("/v1/refunds", &body).await.1["state"], "succeeded");
    assert_eq!(holds(stage, &wallet).await, (2_500, 300), "the gift comes back first");
    let shown = stage.get(&of(&wallet, "")).await;
    assert_eq!(shown["top_ups"][0]["left"], 500, "the last drawn comes back first: {shown}");

    stage.stop();
    stage.admin(&["freeze-wallet", &wallet]);
    stage.start();
    assert_eq!(pay(stage, &wallet, "frozen", 1).await["code"], "wallet_frozen");
    assert_eq!(give_back(stage, &wallet, "f", (&first, 1)).await["code"], "wallet_frozen");
    let filled = fill(stage, (&wallet, 13), 1, ("28", "00"), None).await;
    assert_eq!(filled["code"], "wallet_frozen");
    stage.stop();
    stage.admin(&["force-top-up-return", first["id"].as_str().unwrap(), "--by", "risk"]);
    stage.admin(&["unfreeze-wallet", &wallet]);
    stage.start();
    assert_eq!(holds(stage, &wallet).await, (2_000, 0));

    let stuck = give_back(stage, &wallet, "stuck", (&second, 2_000)).await;
    assert_eq!(stuck["state"], "manual", "{stuck}");
    assert_eq!(holds(stage, &wallet).await, (0, 0));
    let id = stuck["id"].as_str().unwrap().to_owned();
    stage.stop();
    let propose = |end: &str| {
        stage.admin(&["propose-case", &id, end, "--by", "wang", "--note", "the account is closed"])
    };
    propose("paid-out");
    assert!(stage.admin_refused(&["approve-case", &id, "--by", "li"]).contains("reserve"));
    propose("given-back");
    stage.admin(&["approve-case", &id, "--by", "li"]);
    stage.start();
    assert_eq!(holds(stage, &wallet).await, (2_000, 0), "spendable again");
    let listed = stage.get("/v1/wallets?limit=1").await;
    assert_eq!(listed["items"][0]["id"], json!(wallet));
    let own = stage.call(&stage.other, ("GET", &of(&wallet, "")), String::new()).await.unwrap();
    assert_eq!(own.1["code"], "wallet_not_found");
}

/// 10.00, of which the platform pays 3.00; half of it comes back.
async fn the_platform_pays(stage: &Stage, campaign: &str) {
    let coupon = |no: u64, fen: u64| {
        let by = json!({ "campaign_id": campaign, "number": "P-1" });
        json!({ "leg_no": no, "amount": amount(fen), "platform_coupon": by })
    };
    let legs = [coupon(1, 300), json!({ "leg_no": 2, "amount": amount(700), "cash": {} })];
    let body = json!({
        "merchant_order_no": "deal", "amount": amount(1_000), "description": "tea", "legs": legs,
    });
    let (_, paid) = stage.post("/v1/payments", &body).await;
    assert_eq!(paid["state"], "paid", "{paid}");
    let leg = paid["legs"].as_array().unwrap().iter().find(|l| l["leg_no"] == 1).unwrap();
    let body = json!({
        "merchant_refund_no": "deal-back", "payment_id": paid["id"], "amount": amount(150),
        "leg_id": leg["id"],
    });
    assert_eq!(stage.post("/v1/refunds", &body).await.1["state"], "succeeded");
    let above = json!({
        "merchant_order_no": "deal-2", "amount": amount(30_000), "description": "tea",
        "platform_coupon": { "campaign_id": campaign },
    });
    assert_eq!(stage.post("/v1/payments", &above).await.1["code"], "above_per_order");
}

async fn wallets_are_filled_spent_and_given_back(stage: Stage) {
    let mut stage = stage;
    stage.stop();
    let campaign = campaign(&stage, "240.00");
    stage.start();
    a_gift_lapses(&stage, &campaign).await;
    lots_and_risk(&mut stage, &campaign).await;
    the_platform_pays(&stage, &campaign).await;
    let last = issue(&stage, "last", "balance").await;
    let broke = fill(&stage, (&last, 21), 100, ("28", "00"), Some((&campaign, 2_000))).await;
    assert_eq!(broke["code"], "budget_spent");
    // A gift that nobody paid for goes back into the budget.
    let unpaid = fill(&stage, (&last, 22), 100, ("28", "92"), Some((&campaign, 1_000))).await;
    assert_eq!(unpaid["state"], "failed");
    stage.stop();
    let shown = stage.admin_json(&["campaigns"]);
    assert_eq!(shown[0]["used_fen"], 22_000 + 300 + 150);
    stage.start();
    let balances = stage.end_with_balances().await;
    for (account, fen) in [
        // The book's 100.00 and the rest of what was bought with both tops-ups: 5.00; the deal's 1.50.
        ("C.MER_PENDING/CNY", -(10_000 + 500 + 150)),
        ("C.USER_BAL/CNY", -2_000),
        ("C.PREPAID/CNY", 0),
        ("O.BONUS_LIAB/CNY", 0),
        ("C.TOPUP_REFUND_TRANSIT/CNY", 0),
    ] {
        let balance = balances.get(account).and_then(Value::as_str).unwrap_or("0");
        assert_eq!(balance.parse::<i128>().unwrap(), fen, "{account}: {balances:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn wallets_on_sqlite() {
    wallets_are_filled_spent_and_given_back(Stage::on_sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wallets_on_postgres() {
    wallets_are_filled_spent_and_given_back(Stage::on_postgres().await).await;
}
