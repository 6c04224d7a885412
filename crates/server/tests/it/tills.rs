//! Tills: a terminal gets its key by a code, once; what it may do, who signs in, and what is settled
//! for its cashier.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use crypto::RsaPrivateKey;
use serde_json::{Value, json};

use crate::stage::{Stage, now};

/// A till with its own key pair, as its page has one.
struct Till {
    key_id: String,
    private: RsaPrivateKey,
    staff: Option<String>,
}

impl Till {
    /// Brings its code, and says how it went.
    async fn activate(stage: &Stage, code: &str, private: &RsaPrivateKey) -> (u16, Value) {
        let body = json!({
            "code": code, "scheme": "SUANPAN-RSA-SHA256",
            "public_key": private.public_key().to_pem(),
        });
        stage.send(("POST", "/activations"), body.to_string(), None).await.unwrap()
    }

    async fn new(stage: &Stage, code: &str) -> Self {
        let private = RsaPrivateKey::generate();
        let (status, told) = Self::activate(stage, code, &private).await;
        assert_eq!(status, 200, "{told}");
        Self { key_id: told["key_id"].as_str().unwrap().to_owned(), private, staff: None }
    }

    async fn call(
        &self,
        stage: &Stage,
        (method, path): (&str, &str),
        body: &Value,
    ) -> (u16, Value) {
        let body = if method == "GET" { String::new() } else { body.to_string() };
        let (time, nonce) = (now(), crypto::random::random_alphanumeric(32));
        let text = format!("{method}\n{path}\n{time}\n{nonce}\n{body}\n");
        let signature = BASE64.encode(self.private.sign_sha256(text.as_bytes()));
        let authorization = format!(
            "SUANPAN-RSA-SHA256 key_id=\"{}\",nonce=\"{nonce}\",timestamp=\"{time}\",\
             signature=\"{signature}\"",
            self.key_id
        );
        let url = format!("{}{path}", stage.api);
        let mut request = stage.http.request(method.parse().unwrap(), url).body(body.clone());
        request = request.header("authorization", authorization);
        if let Some(token) = &self.staff {
            request = request.header("suanpan-staff", token);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        let told: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
        crate::schemas::check((method, path), &body, (status, &told));
        (status, told)
    }

    async fn post(&self, stage: &Stage, path: &str, body: &Value) -> (u16, Value) {
        self.call(stage, ("POST", path), body).await
    }

    async fn get(&self, stage: &Stage, path: &str) -> Value {
        self.call(stage, ("GET", path), &Value::Null).await.1
    }

    async fn sign_in(&mut self, stage: &Stage, number: &str, pin: &str) -> Value {
        let body = json!({ "staff_no": number, "pin": pin });
        let (_, told) = self.post(stage, "/v1/staff/sign-in", &body).await;
        self.staff = told["token"].as_str().map(str::to_owned);
        told
    }
}

/// What the operator does before the server starts.
struct Shop {
    store: String,
    terminal: String,
    code: String,
    other_code: String,
    wang_pin: String,
    li_pin: String,
}

fn set_up(stage: &Stage) -> Shop {
    let merchant = stage.key.merchant.clone();
    let text = |value: &Value, name: &str| value[name].as_str().unwrap().to_owned();
    let store = text(&stage.admin_json(&["create-store", &merchant, "南京西路店"]), "store");
    let create = |name: &str, store: &[&str]| {
        let args = ["create-terminal", &merchant, "counter_register", name, "--activation"];
        stage.admin_json(&[&args, store].concat())
    };
    let first = create("收银台 1", &["--store", &store]);
    let elsewhere = create("别处", &[]);
    let terminal = text(&first, "terminal");
    // A second code takes the first one's place.
    let again = stage.admin_json(&["make-activation-code", &terminal]);
    let staff = |number: &str, name: &str, rights: &[&str]| {
        let args = [&["set-staff", &merchant, number, name], rights].concat();
        text(&stage.admin_json(&args), "pin")
    };
    let rights = ["--right", "refund", "--right", "void", "--right", "shift"];
    let settings = json!({
        "tenders": { "counter_register": ["cash", "alipay"] }, "tips": [10], "accent": "#b3131b",
    });
    let file = stage.folder.path().join("cashier.json");
    std::fs::write(&file, settings.to_string()).unwrap();
    stage.admin(&["set-cashier", file.to_str().unwrap(), "--store", &store]);
    std::fs::write(&file, r#"{"tips":[0]}"#).unwrap();
    stage.admin_refused(&["set-cashier", file.to_str().unwrap()]);
    Shop {
        store,
        terminal,
        code: text(&again, "activation_code"),
        other_code: text(&elsewhere, "activation_code"),
        wang_pin: staff("01", "王芳", &rights),
        li_pin: staff("02", "李明", &[]),
    }
}

fn cash(no: &str, fen: u64) -> Value {
    json!({
        "merchant_order_no": no, "amount": { "total": fen, "currency": "CNY" },
        "description": "面", "cash": {},
    })
}

async fn activation(stage: &Stage, shop: &Shop) -> Till {
    let private = RsaPrivateKey::generate();
    let (status, refused) = Till::activate(stage, "2222-2222-2222", &private).await;
    assert_eq!((status, &refused["code"]), (404, &json!("activation_code_unknown")), "{refused}");
    assert!(refused["request_id"].as_str().unwrap().starts_with("req_"));
    // People leave the dashes out and do not mind capitals.
    let typed = shop.code.replace('-', " ").to_lowercase();
    let (_, told) = Till::activate(stage, &typed, &private).await;
    assert_eq!(told["terminal"]["id"], json!(shop.terminal), "{told}");
    assert_eq!(told["store"], json!({ "id": shop.store, "name": "南京西路店" }));
    let (_, again) = Till::activate(stage, &shop.code, &private).await;
    assert_eq!(again, told, "whoever did not hear the answer asks again");
    let (_, other) = Till::activate(stage, &shop.code, &RsaPrivateKey::generate()).await;
    assert_eq!(other["code"], "activation_code_used");
    Till { key_id: told["key_id"].as_str().unwrap().to_owned(), private, staff: None }
}

async fn what_a_till_may_do(stage: &Stage, till: &mut Till, shop: &Shop) {
    let cashier = till.get(stage, "/v1/cashier").await;
    assert_eq!(cashier["settings"]["tenders"], json!(["cash", "alipay"]), "{cashier}");
    assert_eq!(cashier["settings"]["tips"], json!({ "on": true, "percents": [10] }));
    let (_, paid) = till.post(stage, "/v1/payments", &cash("till-1", 500)).await;
    assert_eq!((&paid["state"], &paid["terminal_id"]), (&json!("paid"), &json!(shop.terminal)));
    let mut body = cash("till-2", 500);
    body["cash"].take();
    body.as_object_mut().unwrap().remove("cash");
    body["qr"] = json!({ "channel": "wechat" });
    let (_, refused) = till.post(stage, "/v1/payments", &body).await;
    assert_eq!(refused["code"], "tender_not_enabled");
    let (status, refused) = till.call(stage, ("GET", "/v1/notifications"), &Value::Null).await;
    assert_eq!((status, &refused["code"]), (403, &json!("key_not_allowed")));

    // Taking back wants a person who may.
    let back = json!({
        "payment_id": paid["id"], "merchant_refund_no": "till-1-r",
        "amount": { "total": 200, "currency": "CNY" },
    });
    assert_eq!(till.post(stage, "/v1/refunds", &back).await.1["code"], "staff_signed_out");
    let li = till.sign_in(stage, "02", &shop.li_pin).await;
    assert_eq!(li["rights"], json!([]));
    assert_eq!(till.post(stage, "/v1/refunds", &back).await.1["code"], "staff_right_missing");
    let open = json!({ "opened_by": "李明", "float_fen": 0 });
    assert_eq!(till.post(stage, "/v1/shifts", &open).await.1["code"], "staff_right_missing");
    let wang = till.sign_in(stage, "01", &shop.wang_pin).await;
    assert_eq!(wang["rights"], json!(["refund", "shift", "void"]));
    assert_eq!(till.post(stage, "/v1/refunds", &back).await.1["state"], "succeeded");
    let (_, shift) = till.post(stage, "/v1/shifts", &open).await;
    assert_eq!(till.get(stage, "/v1/cashier").await["shift"]["id"], shift["id"]);
    let token = till.staff.clone();
    assert_eq!(till.post(stage, "/v1/staff/sign-out", &json!({})).await.0, 200);
    till.staff = token;
    let (status, refused) = till.post(stage, "/v1/voids", &json!({})).await;
    assert_eq!((status, &refused["code"]), (401, &json!("staff_signed_out")));
}

async fn what_a_till_sees(stage: &Stage, till: &Till, shop: &Shop) {
    let other = Till::new(stage, &shop.other_code).await;
    let (_, elsewhere) = other.post(stage, "/v1/payments", &cash("other-1", 700)).await;
    let path = format!("/v1/payments/{}", elsewhere["id"].as_str().unwrap());
    assert_eq!(till.get(stage, &path).await["code"], "payment_not_found", "another store's");
    assert_eq!(stage.get(&path).await["state"], "paid", "the merchant's server sees it");
    let alike = other.post(stage, "/v1/payments", &cash("till-1", 500)).await.1;
    assert_eq!(alike["code"], "order_no_used", "the other till's payment is not its own");
    let by_no = till.get(stage, "/v1/payments?merchant_order_no=other-1").await;
    assert_eq!(by_no["items"], json!([]));
    let own = till.get(stage, "/v1/payments").await;
    assert_eq!(own["items"].as_array().unwrap().len(), 1, "{own}");
    assert_eq!(till.get(stage, "/v1/shifts").await["items"].as_array().unwrap().len(), 1);
    let close = format!("{path}/close");
    assert_eq!(till.post(stage, &close, &json!({})).await.1["code"], "payment_not_found");
}

async fn wrong_pins_lock(stage: &Stage, till: &mut Till, shop: &Shop) {
    for _ in 0..5 {
        assert_eq!(till.sign_in(stage, "02", "000000x").await["code"], "staff_unknown");
    }
    assert_eq!(till.sign_in(stage, "02", &shop.li_pin).await["code"], "staff_locked");
    assert_eq!(till.sign_in(stage, "09", "1").await["code"], "staff_unknown");
    assert_eq!(till.sign_in(stage, "01", &shop.wang_pin).await["name"], "王芳");
}

/// A lost device: its key is of no use any more, and a new one takes its place.
async fn a_till_is_replaced(stage: &mut Stage, till: &Till, shop: &Shop) {
    stage.stop();
    let code = stage.admin_json(&["make-activation-code", &shop.terminal]);
    stage.start();
    let fresh = Till::new(stage, code["activation_code"].as_str().unwrap()).await;
    assert_eq!(fresh.get(stage, "/v1/cashier").await["terminal"]["id"], json!(shop.terminal));
    assert_eq!(till.get(stage, "/v1/cashier").await["code"], "signature_invalid");
    stage.stop();
    stage.admin(&["revoke-terminal", &shop.terminal]);
    stage.start();
    assert_eq!(fresh.get(stage, "/v1/cashier").await["code"], "signature_invalid");
    let log = std::fs::read_to_string(stage.log_file()).unwrap();
    for secret in [&shop.code, &shop.wang_pin, &shop.li_pin] {
        assert!(!log.contains(secret.as_str()), "a code or a PIN is in the log");
    }
}

async fn the_story(mut stage: Stage) {
    stage.stop();
    let shop = set_up(&stage);
    stage.start();
    let mut till = activation(&stage, &shop).await;
    what_a_till_may_do(&stage, &mut till, &shop).await;
    what_a_till_sees(&stage, &till, &shop).await;
    wrong_pins_lock(&stage, &mut till, &shop).await;
    a_till_is_replaced(&mut stage, &till, &shop).await;
    stage.end().await;
}

#[tokio::test]
async fn a_till_on_sqlite() {
    Box::pin(the_story(Stage::on_sqlite().await)).await;
}

#[tokio::test]
async fn a_till_on_postgres() {
    Box::pin(the_story(Stage::on_postgres().await)).await;
}
