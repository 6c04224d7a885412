//! Several accounts for one merchant and channel: rules, limits under load, a dead account, and what
//! other rules would have done.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::stage::{Stage, payer_code, payment};

const LIMITED: usize = 3;
const AT_ONCE: u64 = 40;
/// Of which so many are looked at one by one.
const EXPLAINED: usize = 6;

/// A further account at the sandbox's Alipay, with some of its parameters changed.
fn add_account(stage: &Stage, account_no: &str, changes: &Value) -> String {
    let file = stage.folder.path().join("alipay.json");
    let mut config: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    for (name, value) in changes.as_object().unwrap() {
        config[name] = value.clone();
    }
    let file = stage.folder.path().join("further.json");
    std::fs::write(&file, config.to_string()).unwrap();
    let added =
        stage.admin_json(&["add-channel-account", "alipay", account_no, file.to_str().unwrap()]);
    let account = added["channel_account"].as_str().unwrap().to_owned();
    stage.admin(&["open-channel", &stage.key.merchant, &account]);
    account
}

fn set(stage: &Stage, command: &[&str], text: &Value) -> Value {
    let file = stage.folder.path().join("routing.json");
    std::fs::write(&file, text.to_string()).unwrap();
    stage.admin_json(&[command, &[file.to_str().unwrap()]].concat())
}

/// The number of the account that the stage opened.
fn first_account(stage: &Stage) -> String {
    let accounts = stage.admin_json(&["channel-accounts"]);
    let first = accounts.as_array().unwrap().iter().find(|a| a["channel"] == "alipay").unwrap();
    format!("alipay:{}", first["account_no"].as_str().unwrap())
}

async fn pay(stage: &Stage, no: u64, (fen, ending): (u64, &str)) -> Value {
    let body = payment(&no.to_string(), fen, &payer_code("28", no, ending));
    let (_, taken) = stage.post("/v1/payments", &body).await;
    if taken["id"].is_null() {
        return taken;
    }
    stage.decided("/v1/payments", taken).await
}

fn explained(stage: &Stage, payment: &Value) -> Vec<Value> {
    let id = payment["id"].as_str().unwrap();
    stage.admin_json(&["explain-route", id]).as_array().unwrap().clone()
}

/// The account that took a payment.
fn taken_by(attempts: &[Value]) -> String {
    let last = attempts.last().unwrap();
    assert_eq!(last["state"], "paid", "{attempts:?}");
    let accounts = last["accounts"].as_array().unwrap();
    let tried = accounts.iter().find(|a| a["verdict"] == "tried").unwrap();
    tried["account"].as_str().unwrap().to_owned()
}

async fn payments_take_their_ways(stage: Stage) {
    let mut stage = stage;
    stage.stop();
    let main = first_account(&stage);
    add_account(&stage, "spare", &json!({}));
    add_account(&stage, "dead", &json!({ "gateway": "http://127.0.0.1:1/gateway.do" }));
    let ways = |list: Value| json!({ "rules": [{ "id": "all", "then": { "priority": list } }] });
    let rules = ways(json!(["alipay:dead", main, "alipay:spare"]));
    assert_eq!(set(&stage, &["set-routing"], &rules)["version"], 1);
    let limits = json!({ "trade_max": "50.00", "day": { "count": LIMITED } });
    set(&stage, &["set-limits", &main], &limits);
    stage.start();

    // A payer without money takes none of the limit.
    let refused = pay(&stage, 99, (1_000, "92")).await;
    assert_eq!(refused["state"], "failed");
    let paid = join_all((1..=AT_ONCE).map(|no| pay(&stage, no, (1_000 + no, "00")))).await;
    let above = pay(&stage, AT_ONCE + 1, (5_001, "00")).await;
    stage.stop();

    assert_eq!(explained(&stage, &refused).len(), 2, "no connection, and then the payer's refusal");
    for payment in paid.iter().take(EXPLAINED) {
        let attempts = explained(&stage, payment);
        let by = taken_by(&attempts);
        assert!(by == main || by == "alipay:spare", "{attempts:?}");
        if attempts.len() == 2 {
            assert_eq!(attempts[0]["refusal"], "not_sent");
        }
    }
    assert!(paid.iter().all(|payment| payment["state"] == "paid"));
    let used = stage.admin_json(&["show-limits", &main]);
    let counted = (&used["today"]["count"], &used["pending"]["count"]);
    assert_eq!(counted, (&json!(LIMITED), &json!(0)), "the limit is met and never exceeded");
    let attempts = explained(&stage, &above);
    let looked = attempts.last().unwrap()["accounts"].as_array().unwrap().clone();
    let held_back = looked.iter().find(|a| a["account"] == *main).unwrap();
    assert_eq!(held_back["verdict"], "trade_max");
    assert_eq!(held_back["why_zh"], "超过单笔上限");

    // Without the others, what is left says so, and nothing is written.
    for account in ["alipay:dead", "alipay:spare"] {
        stage.admin(&["close-channel", &stage.key.merchant, account]);
    }
    stage.start();
    let full = pay(&stage, AT_ONCE + 2, (1_000, "00")).await;
    // What is there is shown: its till may have lost the answer.
    let again = pay(&stage, 1, (1_001, "00")).await;
    assert_eq!((&again["id"], &again["state"]), (&paid[0]["id"], &json!("paid")));
    let other = pay(&stage, 1, (1_002, "00")).await;
    assert_eq!(other["code"], "order_no_used");
    assert_eq!(full["code"], "no_route");
    stage.stop();
    let (channel, number) = main.split_once(':').unwrap();
    assert_eq!(channel, "alipay");
    stage.admin(&["close-channel", &stage.key.merchant, &main]);
    stage.start();
    let again = pay(&stage, 1, (1_001, "00")).await;
    assert_eq!(again["id"], paid[0]["id"], "nothing of {number} is open any more");
    let new = pay(&stage, AT_ONCE + 2, (1_000, "00")).await;
    assert_eq!(new["code"], "channel_not_open");
    stage.stop();
    what_others_would_have_done(&stage, &main);
    stage.start();
    stage.end().await;
}

fn what_others_would_have_done(stage: &Stage, main: &str) {
    let report = |rules: &Value| {
        let file = stage.folder.path().join("other.json");
        std::fs::write(&file, rules.to_string()).unwrap();
        stage.dry_run(&file)
    };
    let rule = |then: Value| json!({ "rules": [{ "id": "other", "then": then }] });
    let spare = report(&rule(json!({ "fixed": "alipay:spare" })));
    let all = &spare["currencies"]["CNY"];
    assert_eq!(
        (&spare["undecided"], &all["all"]["after"]["count"]),
        (&json!(0), &json!(AT_ONCE + 2))
    );
    assert_eq!(all["accounts"]["alipay:spare"]["after"]["count"], AT_ONCE + 2);
    let before = |name: &str| all["accounts"][name]["before"]["count"].as_u64().unwrap_or(0);
    assert!(before("alipay:dead") > 0, "the dead one was first while nobody knew: {all}");
    let unknown = rule(json!({ "fixed": "alipay:nobody" }));
    let file = stage.folder.path().join("other.json");
    std::fs::write(&file, unknown.to_string()).unwrap();
    let refused = stage.admin_refused(&["set-routing", file.to_str().unwrap()]);
    assert!(refused.contains("unknown_account"), "{refused}");
    let wrong = stage.admin_refused(&["set-limits", main, file.to_str().unwrap()]);
    assert!(wrong.contains("routing_malformed"), "{wrong}");
}

#[tokio::test(flavor = "multi_thread")]
async fn payments_take_their_ways_on_sqlite() {
    payments_take_their_ways(Stage::on_sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn payments_take_their_ways_on_postgres() {
    payments_take_their_ways(Stage::on_postgres().await).await;
}
