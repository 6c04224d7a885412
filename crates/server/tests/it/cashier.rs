//! The cashier page as a browser meets it: the payer is named by his app, an order is begun once and paid
//! once, and codes that are not ours or not in use lead to safe pages. What the page's program does is
//! tried in a real browser elsewhere; here are the answers that it gets, on both stores.

use reqwest::header::{CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE, USER_AGENT};
use serde_json::{Value, json};

use crate::stage::Stage;

const WECHAT: &str = "Mozilla/5.0 (Linux; Android 14) Mobile MicroMessenger/8.0.50.2701";
const ALIPAY: &str = "Mozilla/5.0 (Linux; Android 14) Mobile AlipayClient/10.5.88.8000";
const UNIONPAY: &str = "Mozilla/5.0 (iPhone) Mobile (UnionPay/1.0 CloudPay)";
const PHONE: &str = "Mozilla/5.0 (iPhone) Version/17.5 Mobile Safari/604.1";

/// A browser: it keeps cookies and follows no redirect by itself.
struct Browser {
    agent: &'static str,
    payer: &'static str,
    cookies: Vec<(String, String)>,
    http: reqwest::Client,
}

struct Seen {
    status: u16,
    location: Option<String>,
    body: String,
    policy: String,
}

impl Seen {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }

    /// What the page was given.
    fn data(&self) -> Value {
        let (_, rest) = self.body.split_once("id=\"data\">").unwrap();
        serde_json::from_str(rest.split_once("</script>").unwrap().0).unwrap()
    }
}

impl Browser {
    fn new(agent: &'static str, payer: &'static str) -> Self {
        let http = reqwest::Client::builder().no_proxy();
        let http = http.redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { agent, payer, cookies: Vec::new(), http }
    }

    async fn get(&mut self, url: &str) -> Seen {
        let request = self.http.get(url);
        self.send(request).await
    }

    async fn post(&mut self, url: &str, body: &Value) -> Seen {
        let request = self.http.post(url).header(CONTENT_TYPE, "application/json");
        self.send(request.body(body.to_string())).await
    }

    async fn send(&mut self, request: reqwest::RequestBuilder) -> Seen {
        let own = (String::from("payer"), self.payer.to_owned());
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .chain([&own])
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let request = request.header(USER_AGENT, self.agent).header(COOKIE, cookies.join("; "));
        let answer = request.send().await.unwrap();
        for cookie in answer.headers().get_all(SET_COOKIE) {
            let text = cookie.to_str().unwrap().to_owned();
            assert!(text.contains("HttpOnly; SameSite=Lax"), "{text}");
            let (name, value) = text.split(';').next().unwrap().split_once('=').unwrap();
            self.cookies.retain(|(known, _)| known != name);
            self.cookies.push((name.to_owned(), value.to_owned()));
        }
        let header =
            |name: &str| answer.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        Seen {
            status: answer.status().as_u16(),
            location: answer.headers().get(LOCATION).map(|v| v.to_str().unwrap().to_owned()),
            policy: header("content-security-policy").unwrap_or_default(),
            body: answer.text().await.unwrap(),
        }
    }

    /// Opens a page and goes wherever it is sent.
    async fn open(&mut self, url: &str) -> (String, Seen) {
        let mut at = url.to_owned();
        for _ in 0..5 {
            let seen = self.get(&at).await;
            let Some(next) = &seen.location else { return (at, seen) };
            let (_, rest) = at.split_once("://").unwrap();
            let host = rest.split('/').next().unwrap();
            at = if next.starts_with('/') { format!("http://{host}{next}") } else { next.clone() };
        }
        panic!("sent on and on: {at}");
    }
}

/// A plate of the test's merchant, and one that was revoked.
struct Shop {
    page: String,
    revoked: String,
    other_page: String,
    plate: String,
}

fn set_up(stage: &Stage) -> Shop {
    let terminal = |merchant: &str, name: &str| {
        let made = stage.admin_json(&["create-terminal", merchant, "qr_plate", name]);
        made["terminal"].as_str().unwrap().to_owned()
    };
    let plate = |terminal: &str| stage.admin_json(&["create-plate", terminal]);
    let text = |value: &Value, name: &str| value[name].as_str().unwrap().to_owned();
    let own = terminal(&stage.key.merchant, "<script>alert(1)</script>&\"店\"");
    let shown = plate(&own);
    let gone = plate(&own);
    stage.admin(&["revoke-plate", gone["plate"].as_str().unwrap()]);
    let other = plate(&terminal(&stage.other.merchant, "关门的店"));
    stage.admin(&["suspend-merchant", &stage.other.merchant]);
    let settings = stage.folder.path().join("cashier.json");
    std::fs::write(&settings, r#"{"tips":[10],"amount_fen_max":100000}"#).unwrap();
    stage.admin(&["set-cashier", settings.to_str().unwrap(), "--merchant", &stage.key.merchant]);
    Shop {
        page: text(&shown, "page"),
        plate: text(&shown, "plate"),
        revoked: text(&gone, "page"),
        other_page: text(&other, "page"),
    }
}

fn key(n: u32) -> String {
    format!("key-of-a-purchase-{n:06}")
}

/// The call behind a page's button.
fn call(page: &str, what: &str) -> String {
    let (_, rest) = page.split_once("://").unwrap();
    let (host, path) = rest.split_once('/').unwrap();
    format!("http://{host}/c/{}/{what}", path.split('?').next().unwrap())
}

async fn each_app_pays_at_the_plate(stage: &Stage, shop: &Shop) {
    for (n, (agent, channel)) in
        [(WECHAT, "wechat"), (ALIPAY, "alipay"), (UNIONPAY, "unionpay")].into_iter().enumerate()
    {
        let mut browser = Browser::new(agent, "payer-1");
        let (at, page) = browser.open(&shop.page).await;
        assert_eq!((page.status, at.split('#').next()), (200, Some(shop.page.as_str())), "{at}");
        let data = page.data();
        assert_eq!((&data["known"], &data["settings"]["app"]), (&json!(true), &json!(channel)));
        assert!(!page.body.contains("<script>alert"), "a name is no markup");
        assert!(page.policy.contains("script-src 'self';"), "{}", page.policy);
        let n = u32::try_from(n).unwrap();
        let body = json!({ "amount_fen": 2_000, "tip_fen": 200, "remark": "少辣", "key": key(n) });
        let begun = browser.post(&call(&shop.page, "pay"), &body).await;
        assert_eq!(begun.status, 200, "{}", begun.body);
        let told = begun.json();
        assert_eq!(told["order"]["mine"]["state"], "ready", "{told}");
        assert!(told["order"]["mine"]["invoke"]["jsapi"].is_object());
        // A second tap and a lost answer: the same order, the same leg, the same invocation.
        let again = browser.post(&call(&shop.page, "pay"), &body).await.json();
        assert_eq!(again, told);
        let code = told["code"].as_str().unwrap();
        let order = format!("{}/c/o/{code}", stage.api);
        let by_code = browser.post(&format!("{order}/pay"), &json!({})).await.json();
        assert_eq!(by_code, told);
        pay_at_channel(stage, code, channel).await;
        let looked = browser.post(&format!("{order}/look?leg=1"), &json!({})).await.json();
        assert_eq!(
            (&looked["order"]["state"], &looked["order"]["mine"]["state"]),
            (&json!("paid"), &json!("paid")),
            "{looked}"
        );
        assert_eq!(
            (&looked["order"]["amount_fen"], &looked["checkout"]["tip_fen"]),
            (&json!(2_200), &json!(200))
        );
        let after = browser.post(&format!("{order}/pay"), &json!({})).await.json();
        assert_eq!(
            (&after["order"]["state"], &after["order"]["mine"]),
            (&json!("paid"), &Value::Null)
        );
    }
    let (held, payments) = stage.channels_hold().await;
    assert_eq!((held, payments), (6_600, 3));
    let merchant = stage.get("/v1/payments").await;
    assert_eq!(merchant["items"][0]["attach"], "少辣");
}

/// The payer confirms in his app: the channel's own side of it.
async fn pay_at_channel(stage: &Stage, code: &str, channel: &str) {
    let url = format!("{}/sandbox/orders", stage.sandbox_url);
    let orders: Value =
        serde_json::from_slice(&stage.http.get(url).send().await.unwrap().bytes().await.unwrap())
            .unwrap();
    let made = orders["orders"].as_array().unwrap().iter().filter(|o| o["channel"] == channel);
    let latest = made.max_by_key(|order| order["at"].as_str().map(str::to_owned));
    let order_no = latest.unwrap_or_else(|| panic!("{code} is not at {channel}: {orders}"));
    let body = json!({ "channel": channel, "order_no": order_no["order_no"] });
    stage.sandbox("pay", &body).await;
}

async fn refused_pages(stage: &Stage, shop: &Shop) {
    let mut browser = Browser::new(WECHAT, "payer-1");
    let tampered = format!("{}g", shop.page.split_at(shop.page.len() - 1).0);
    let order_as_plate = {
        let (_, paid) = stage.post("/v1/payments", &open_order("as-plate", 100)).await;
        let code = paid["cashier_url"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
        format!("{}/q/{code}", stage.api)
    };
    for (page, status, code) in [
        (tampered, 404, "code_invalid"),
        (format!("{}/q/x", stage.api), 404, "code_invalid"),
        (format!("{}/o/%3Cscript%3E", stage.api), 404, "code_invalid"),
        (order_as_plate, 404, "code_invalid"),
        (shop.revoked.clone(), 410, "plate_revoked"),
        (shop.other_page.clone(), 403, "merchant_suspended"),
        (format!("{}/c/back?state=x&code=y", stage.api), 400, "sign_in_state_wrong"),
    ] {
        let seen = browser.get(&page).await;
        assert_eq!(seen.status, status, "{page}");
        assert!(
            seen.body.contains(&format!(">{code}<")) && !seen.body.contains("<script"),
            "{page}"
        );
        assert!(seen.policy.contains("frame-ancestors 'none'"));
    }
    let begin = json!({ "amount_fen": 100, "key": key(90) });
    for (page, code) in [(&shop.revoked, "plate_revoked"), (&shop.other_page, "merchant_suspended")]
    {
        assert_eq!(browser.post(&call(page, "pay"), &begin).await.json()["code"], code);
    }
    // He is not named, or by a cookie of his own making.
    let pay = call(&shop.page, "pay");
    assert_eq!(browser.post(&pay, &begin).await.json()["code"], "payer_unknown");
    browser.cookies.push(("sp_payer_wechat".to_owned(), "AAAA".to_owned()));
    assert_eq!(browser.post(&pay, &begin).await.json()["code"], "payer_unknown");
    browser.open(&shop.page).await;
    for (body, code) in [
        (json!({ "amount_fen": 0, "key": key(91) }), "amount_invalid"),
        (json!({ "amount_fen": 100_001, "key": key(91) }), "amount_invalid"),
        (json!({ "amount_fen": 100, "tip_fen": 101, "key": key(91) }), "amount_invalid"),
        (json!({ "amount_fen": 100, "key": "short" }), "field_invalid"),
        (json!({ "amount_fen": 100, "key": key(91), "remark": "x".repeat(121) }), "field_invalid"),
        (json!({ "amount_fen": -1, "key": key(91) }), "request_malformed"),
        (json!({ "amount_fen": 100, "key": key(91), "merchant": "x" }), "request_malformed"),
    ] {
        assert_eq!(browser.post(&pay, &body).await.json()["code"], code, "{body}");
    }
    let form = browser.http.post(&pay).header(CONTENT_TYPE, "text/plain").body("{}");
    assert_eq!(browser.send(form).await.json()["code"], "request_malformed");
}

/// The way to the channel and back belongs to the browser that began it.
async fn a_stolen_way_back(stage: &Stage, shop: &Shop) {
    let (mut thief, mut victim) =
        (Browser::new(WECHAT, "payer-1"), Browser::new(WECHAT, "payer-2"));
    let sent = thief.get(&shop.page).await.location.unwrap();
    let returned = thief.get(&sent).await.location.unwrap();
    let seen = victim.get(&returned).await;
    assert_eq!(seen.status, 400, "no journey of the victim's");
    victim.get(&shop.page).await;
    assert_eq!(victim.get(&returned).await.status, 400, "another state than his");
    let back = thief.get(&returned).await;
    assert_eq!(back.status, 303);
    assert_eq!(thief.get(&returned).await.status, 400, "a state comes back once");
    // The channel does not name him: the page says so, and does not send him there for ever.
    let mut unnamed = Browser::new(ALIPAY, "payer-1");
    let sent = unnamed.get(&shop.page).await.location.unwrap();
    let state = sent.split("state=").nth(1).unwrap().split('&').next().unwrap().to_owned();
    let back = unnamed.get(&format!("{}/c/back?state={state}", stage.api)).await;
    let to = back.location.unwrap();
    assert!(to.ends_with("?asked=1"), "{to}");
    let page = unnamed.get(&format!("{}{to}", stage.api)).await;
    assert_eq!((page.status, &page.data()["known"]), (200, &json!(false)));
}

fn open_order(no: &str, fen: u64) -> Value {
    json!({
        "merchant_order_no": no, "amount": { "total": fen, "currency": "CNY" },
        "description": "两碗面", "legs": [], "cashier": { "return_url": "http://127.0.0.1/done" },
    })
}

/// Two payers, one order: the second one is told, and may pay instead; money is taken once.
async fn one_order_two_payers(stage: &Stage) {
    let (_, made) = stage.post("/v1/payments", &open_order("shared", 3_000)).await;
    let page = made["cashier_url"].as_str().unwrap().to_owned();
    let (mut one, mut two) = (Browser::new(WECHAT, "payer-1"), Browser::new(ALIPAY, "payer-2"));
    let (_, seen) = one.open(&page).await;
    assert_eq!(seen.data()["order"]["amount_fen"], 3_000);
    assert_eq!(seen.data()["checkout"]["return_url"], Value::Null, "not before it is paid");
    two.open(&page).await;
    let pay = call(&page, "pay");
    assert_eq!(one.post(&pay, &json!({})).await.json()["order"]["mine"]["no"], 1);
    assert_eq!(two.post(&pay, &json!({})).await.json()["code"], "order_being_paid");
    let instead = two.post(&pay, &json!({ "instead": true })).await.json();
    assert_eq!(instead["order"]["mine"]["no"], 2, "{instead}");
    assert_eq!(one.post(&pay, &json!({})).await.json()["code"], "order_being_paid");
    let code = page.rsplit('/').next().unwrap();
    pay_at_channel(stage, code, "alipay").await;
    let order = format!("{}/c/o/{code}", stage.api);
    let paid = two.post(&format!("{order}/look?leg=2"), &json!({})).await.json();
    assert_eq!(
        (&paid["order"]["state"], &paid["checkout"]["return_url"]),
        (&json!("paid"), &json!("http://127.0.0.1/done"))
    );
    assert_eq!(
        stage.get(&format!("/v1/payments/{}", made["id"].as_str().unwrap())).await["state"],
        "paid"
    );
    let gone = one.open(&page).await.1;
    assert_eq!(gone.data()["order"]["state"], "paid", "who opens it later sees that");
}

/// Its time is over: nothing is begun, and nothing is taken.
async fn an_expired_order(stage: &Stage) {
    let at = jiff::Timestamp::from_second(crate::stage::now() + 2).unwrap();
    let mut body = open_order("expires", 900);
    body["expires_at"] = json!(at.to_string());
    let (_, made) = stage.post("/v1/payments", &body).await;
    let page = made["cashier_url"].as_str().unwrap().to_owned();
    let mut browser = Browser::new(WECHAT, "payer-1");
    browser.open(&page).await;
    stage.decided("/v1/payments", made).await;
    let refused = browser.post(&call(&page, "pay"), &json!({})).await.json();
    assert_eq!(refused["order"]["state"], "closed", "{refused}");
    let (_, seen) = Browser::new(ALIPAY, "payer-2").open(&page).await;
    assert_eq!((seen.status, &seen.data()["order"]["state"]), (200, &json!("closed")));
}

/// At once from many browsers of one payer: one leg.
async fn many_taps_at_once(stage: &Stage, shop: &Shop) {
    let mut browser = Browser::new(WECHAT, "payer-1");
    browser.open(&shop.page).await;
    let body = json!({ "amount_fen": 500, "key": key(700) }).to_string();
    let cookies = format!("{}={}", browser.cookies[0].0, browser.cookies[0].1);
    let cookies = browser.cookies.iter().fold(cookies, |all, (n, v)| format!("{all}; {n}={v}"));
    let taps = (0..8).map(|_| {
        let request = browser.http.post(call(&shop.page, "pay")).header(USER_AGENT, WECHAT);
        let request = request.header(COOKIE, cookies.clone()).body(body.clone());
        request.header(CONTENT_TYPE, "application/json").send()
    });
    let mut codes = std::collections::BTreeSet::new();
    for answer in futures_util::future::join_all(taps).await {
        let told: Value = serde_json::from_slice(&answer.unwrap().bytes().await.unwrap()).unwrap();
        if let Some(code) = told["code"].as_str().filter(|code| *code != "order_being_paid") {
            codes.insert(code.to_owned());
            assert_eq!(told["order"]["mine"]["no"], 1, "{told}");
        }
    }
    assert_eq!(codes.len(), 1, "one order");
    let order = format!("{}/c/o/{}", stage.api, codes.first().unwrap());
    let told = browser.get(&order).await.json();
    assert_eq!(told["order"]["legs"].as_array().unwrap().len(), 1, "{told}");
}

/// A phone's browser chooses an app; the link is the same for as long as it can be paid.
async fn a_browser_chooses(shop: &Shop) {
    let mut browser = Browser::new(PHONE, "payer-1");
    let (_, page) = browser.open(&shop.page).await;
    assert_eq!(page.data()["settings"]["app"], "phone");
    let pay = call(&shop.page, "pay");
    let body = |channel: &str| json!({ "amount_fen": 100, "key": key(300), "channel": channel });
    let told = browser.post(&pay, &body("alipay")).await.json();
    let link = told["order"]["mine"]["invoke"]["link"].as_str().unwrap();
    assert!(link.contains("alipay.trade.wap.pay"), "{link}");
    assert_eq!(browser.post(&pay, &body("unionpay")).await.json()["code"], "order_being_paid");
    assert_eq!(
        browser.post(&pay, &json!({ "amount_fen": 100, "key": key(301) })).await.json()["code"],
        "field_invalid"
    );
}

async fn the_story(mut stage: Stage) {
    stage.stop();
    let shop = set_up(&stage);
    stage.start();
    each_app_pays_at_the_plate(&stage, &shop).await;
    refused_pages(&stage, &shop).await;
    a_stolen_way_back(&stage, &shop).await;
    one_order_two_payers(&stage).await;
    an_expired_order(&stage).await;
    many_taps_at_once(&stage, &shop).await;
    a_browser_chooses(&shop).await;
    stage.stop();
    let scans = stage.admin_json(&["scans", &shop.plate]);
    let count = |outcome: &str| {
        scans.as_array().unwrap().iter().filter(|scan| scan["outcome"] == outcome).count()
    };
    assert!(count("identified") >= 4 && count("shown") >= 4, "{scans}");
    let out = stage.folder.path().join("plates.pdf");
    let printed = stage.admin_json(&["print-plates", &stage.key.merchant, out.to_str().unwrap()]);
    assert_eq!(printed["printed"], 1, "the revoked one is not printed");
    assert!(std::fs::read(out).unwrap().starts_with(b"%PDF-"));
    stage.start();
    stage.end().await;
}

#[tokio::test]
async fn the_cashier_on_sqlite() {
    Box::pin(the_story(Stage::on_sqlite().await)).await;
}

#[tokio::test]
async fn the_cashier_on_postgres() {
    Box::pin(the_story(Stage::on_postgres().await)).await;
}
