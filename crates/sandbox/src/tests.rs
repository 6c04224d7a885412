//! A payer's phone at all three channels: merchants learn who he is, and he pays in the app. The
//! merchant's side signs as a merchant does.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use crypto::RsaPrivateKey;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use crate::{Delivery, Fault, FaultRule, Request, Response, Sandbox, SandboxConfig};

const BASE: &str = "http://127.0.0.1:8";
const SHOP: &str = "http://127.0.0.1:9/cb?k=1";
const NOTICES: &str = "http://127.0.0.1:9/notify";
const WECHAT_AGENT: &str = "Mozilla/5.0 MicroMessenger/8.0.50";
const ALIPAY_AGENT: &str = "Mozilla/5.0 AliApp(AP/10.5.0) AlipayClient/10.5.0";
const UNIONPAY_AGENT: &str = "Mozilla/5.0 (UnionPay/1.0 CloudPay)";
const BANK_AGENT: &str = "Mozilla/5.0 (UnionPay/1.0 BankDemo)";
const BROWSER_AGENT: &str = "Mozilla/5.0 Chrome/126.0";

/// Fresh RSA keys take their time: one set of accounts serves all tests.
static CONFIG: LazyLock<SandboxConfig> =
    LazyLock::new(|| SandboxConfig::generate(start()).unwrap());

/// 2026-11-20 10:00:00 in Beijing.
fn start() -> Timestamp {
    "2026-11-20T02:00:00Z".parse().unwrap()
}

/// A phone and a merchant, with one clock.
struct World {
    sandbox: Sandbox,
    now: Timestamp,
    agent: &'static str,
    payer: &'static str,
    numbers: u64,
}

impl World {
    fn new(agent: &'static str) -> Self {
        let sandbox = Sandbox::new(CONFIG.clone());
        Self { sandbox, now: start(), agent, payer: "payer-1", numbers: 0 }
    }

    fn send(&mut self, request: &Request) -> Response {
        match self.sandbox.handle(self.now, BASE, request) {
            Delivery::Answer { response, .. } => response,
            Delivery::Dropped { .. } => panic!("no answer"),
        }
    }

    fn strike(&mut self, call: &str, fault: Fault) {
        self.sandbox.faults.add(FaultRule {
            channel: None,
            call: call.to_owned(),
            fault,
            times: 1,
        });
    }

    fn number(&mut self) -> String {
        self.numbers += 1;
        format!("ORDER{:08}", self.numbers)
    }

    fn wait_s(&mut self, seconds: i64) {
        self.now += SignedDuration::from_secs(seconds);
    }

    /// The phone opens a page: its status, where it redirects to, its text.
    fn opens(&mut self, target: &str) -> (u16, String, String) {
        let request = http::Request::get(target)
            .header("user-agent", self.agent)
            .header("cookie", format!("payer={}", self.payer))
            .body(Bytes::new())
            .unwrap();
        let response = self.send(&request);
        let location = response.headers().get("location").map(|to| to.to_str().unwrap().to_owned());
        let page = String::from_utf8_lossy(response.body()).into_owned();
        (response.status().as_u16(), location.unwrap_or_default(), page)
    }

    /// The app asks its channel.
    fn asks(&mut self, channel: &str, verb: &str, params: &Value) -> Value {
        let body = json!({ "params": params }).to_string();
        let request = http::Request::post(format!("/sandbox/bridge/{channel}/{verb}"))
            .header("user-agent", self.agent)
            .header("cookie", format!("payer={}", self.payer))
            .body(Bytes::from(body))
            .unwrap();
        serde_json::from_slice(self.send(&request).body()).unwrap()
    }

    /// What comes of paying: `ok`, or the refusal's code.
    fn pays(&mut self, channel: &str, params: &Value) -> String {
        let said = self.asks(channel, "pay", params);
        let code = said.get("code").unwrap_or(&said["result"]);
        code.as_str().unwrap().to_owned()
    }

    fn paid_fen(&self) -> Vec<u64> {
        self.sandbox.books().iter().map(|line| line.amount.minor()).collect()
    }
}

// ---- merchants

impl World {
    fn wechat(&mut self, merchant: usize, path: &str, body: &Value) -> Value {
        let merchant = &CONFIG.wechat.merchants[merchant];
        let (body, time) = (body.to_string(), self.now.as_second());
        let message = format!("POST\n{path}\n{time}\nNONCE\n{body}\n");
        let authorization = format!(
            "WECHATPAY2-SHA256-RSA2048 mchid=\"{}\",nonce_str=\"NONCE\",signature=\"{}\",\
             timestamp=\"{time}\",serial_no=\"{}\"",
            merchant.mchid,
            signed(&merchant.key, &message),
            merchant.serial_no,
        );
        let request = http::Request::post(path)
            .header("accept", "application/json")
            .header("user-agent", "shop")
            .header("authorization", authorization)
            .body(Bytes::from(body))
            .unwrap();
        serde_json::from_slice(self.send(&request).body()).unwrap()
    }

    /// What the page gives to `getBrandWCPayRequest`, for an order of this openid.
    fn wechat_page(&mut self, openid: &str) -> Value {
        let merchant = &CONFIG.wechat.merchants[0];
        let order = json!({
            "appid": merchant.appid, "mchid": merchant.mchid, "description": "茶",
            "out_trade_no": self.number(), "notify_url": NOTICES,
            "amount": { "total": 1850 }, "payer": { "openid": openid },
        });
        let made = self.wechat(0, "/v3/pay/transactions/jsapi", &order);
        page_request(0, &merchant.appid, made["prepay_id"].as_str().unwrap())
    }

    fn alipay(&mut self, method: &str, extra: &[(&str, String)]) -> Value {
        let query = alipay_query(method, extra);
        let request = http::Request::post("/gateway.do").body(Bytes::from(query)).unwrap();
        serde_json::from_slice(self.send(&request).body()).unwrap()
    }

    /// A trade for this buyer.
    fn alipay_trade(&mut self, buyer: (&str, &str)) -> String {
        let biz = json!({
            "out_trade_no": self.number(), "total_amount": "18.50", "subject": "茶",
            buyer.0: buyer.1,
        });
        let extra = [("biz_content", biz.to_string()), ("notify_url", NOTICES.to_owned())];
        let made = self.alipay("alipay.trade.create", &extra);
        made["alipay_trade_create_response"]["trade_no"].as_str().unwrap().to_owned()
    }

    fn unionpay(&mut self, name: &str, fields: &[(&str, &str)]) -> Value {
        let merchant = &CONFIG.unionpay.merchants[0];
        let mut all: BTreeMap<&str, &str> = fields.iter().copied().collect();
        all.insert("serProvId", "sandboxprovider1");
        all.insert("merId", &merchant.mer_id);
        let text: Vec<_> = all.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let digest = crypto::digest::sha256(text.join("&").as_bytes());
        let signature = signed(&merchant.key, &crypto::digest::to_hex(&digest));
        all.insert("signature", &signature);
        let request = http::Request::post(format!("/gateway/api/pay/{name}"))
            .body(Bytes::from(json!(all).to_string()))
            .unwrap();
        serde_json::from_slice(self.send(&request).body()).unwrap()
    }

    /// The link to the page of an order of this payer.
    fn unionpay_page(&mut self, user_id: &str) -> String {
        let number = self.number();
        let made = self.unionpay(
            "unifiedorder",
            &[
                ("orderNo", &number),
                ("orderTime", "20261120100000"),
                ("orderType", "upJs"),
                ("txnAmt", "1850"),
                ("orderInfo", "茶"),
                ("backUrl", NOTICES),
                ("frontUrl", SHOP),
                ("userId", user_id),
                ("customerIp", "127.0.0.1"),
                ("termInfo", "{}"),
            ],
        );
        made["payData"].as_str().unwrap().to_owned()
    }
}

fn signed(key: &RsaPrivateKey, message: &str) -> String {
    BASE64.encode(key.sign_sha256(message.as_bytes()))
}

fn page_request(merchant: usize, appid: &str, prepay_id: &str) -> Value {
    let package = format!("prepay_id={prepay_id}");
    let message = format!("{appid}\n1763604000\nNONCE\n{package}\n");
    json!({
        "appId": appid, "timeStamp": "1763604000", "nonceStr": "NONCE", "package": package,
        "signType": "RSA", "paySign": signed(&CONFIG.wechat.merchants[merchant].key, &message),
    })
}

fn alipay_query(method: &str, extra: &[(&str, String)]) -> String {
    let app = &CONFIG.alipay.apps[0];
    let mut params: BTreeMap<&str, String> = extra.iter().cloned().collect();
    for (name, value) in [
        ("app_id", app.app_id.as_str()),
        ("method", method),
        ("charset", "utf-8"),
        ("sign_type", "RSA2"),
        ("timestamp", "2026-11-20 10:00:00"),
        ("version", "1.0"),
    ] {
        params.insert(name, value.to_owned());
    }
    let text: Vec<_> = params.iter().map(|(name, value)| format!("{name}={value}")).collect();
    params.insert("sign", signed(&app.merchant_key, &text.join("&")));
    form_urlencoded::Serializer::new(String::new()).extend_pairs(params).finish()
}

fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// A value of the query of an address.
fn in_query(url: &str, name: &str) -> Option<String> {
    let (_, query) = url.split_once('?')?;
    let query = query.split('#').next()?;
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

// ---- who the payer is

impl World {
    fn wechat_code(&mut self, appid: &str) -> String {
        let back = encoded(SHOP);
        let target = format!(
            "/connect/oauth2/authorize?appid={appid}&redirect_uri={back}&response_type=code\
             &scope=snsapi_base&state=S"
        );
        let (status, location, page) = self.opens(&target);
        assert_eq!(status, 302, "{page}");
        assert!(location.starts_with("http://127.0.0.1:9/cb?k=1&code="), "{location}");
        assert_eq!(in_query(&location, "state").as_deref(), Some("S"));
        in_query(&location, "code").unwrap()
    }

    fn wechat_token(&mut self, appid: &str, secret: &str, code: &str) -> Value {
        let target = format!(
            "/sns/oauth2/access_token?appid={appid}&secret={secret}&code={code}\
             &grant_type=authorization_code"
        );
        let (status, _, text) = self.opens(&target);
        assert_eq!(status, 200);
        serde_json::from_str(&text).unwrap()
    }

    fn wechat_openid(&mut self, merchant: usize, sub: Option<usize>) -> String {
        let merchant = &CONFIG.wechat.merchants[merchant];
        let (appid, secret) = match sub {
            None => (&merchant.appid, &merchant.app_secret),
            Some(at) => {
                let sub = &merchant.sub_merchants[at];
                (&sub.appid, &sub.app_secret)
            }
        };
        let code = self.wechat_code(appid);
        let told = self.wechat_token(appid, secret.expose(), &code);
        told["openid"].as_str().unwrap().to_owned()
    }

    /// Payer's user id and open id.
    fn alipay_ids(&mut self) -> (String, String) {
        let code = self.alipay_code();
        let node = self.alipay_token(&code)["alipay_system_oauth_token_response"].clone();
        let text = |name: &str| node[name].as_str().unwrap().to_owned();
        (text("user_id"), text("open_id"))
    }

    fn alipay_code(&mut self) -> String {
        let app_id = &CONFIG.alipay.apps[0].app_id;
        let target = format!(
            "/oauth2/publicAppAuthorize.htm?app_id={app_id}&scope=auth_base&redirect_uri={}&state=S",
            encoded(SHOP)
        );
        let (status, location, page) = self.opens(&target);
        assert_eq!(status, 302, "{page}");
        for (name, expect) in [("app_id", app_id.as_str()), ("scope", "auth_base"), ("state", "S")]
        {
            assert_eq!(in_query(&location, name).as_deref(), Some(expect));
        }
        in_query(&location, "auth_code").unwrap()
    }

    fn alipay_token(&mut self, code: &str) -> Value {
        let extra = [("grant_type", "authorization_code".to_owned()), ("code", code.to_owned())];
        self.alipay("alipay.system.oauth.token", &extra)
    }

    fn unionpay_code(&mut self) -> String {
        let target =
            format!("/qrcGtwWeb-web/api/userAuth?version=1.0.0&redirectUrl={}", encoded(SHOP));
        let (status, location, page) = self.opens(&target);
        assert_eq!(status, 302, "{page}");
        assert_eq!(in_query(&location, "respCode").as_deref(), Some("00"));
        in_query(&location, "userAuthCode").unwrap()
    }

    fn unionpay_exchange(&mut self, code: &str, app: &str) -> Value {
        let fields =
            [("userAuthCode", code), ("appUpIdentifier", app), ("customerIp", "127.0.0.1")];
        self.unionpay("getUserId", &fields)
    }

    fn unionpay_user(&mut self, app: &str) -> String {
        let code = self.unionpay_code();
        self.unionpay_exchange(&code, app)["userId"].as_str().unwrap().to_owned()
    }
}

#[test]
fn a_wechat_code_gives_one_openid_per_app_and_payer() {
    let mut world = World::new(WECHAT_AGENT);
    let direct = world.wechat_openid(0, None);
    assert_eq!(direct, world.wechat_openid(0, None));
    assert_eq!(direct.len(), 28);
    let others = [world.wechat_openid(1, None), world.wechat_openid(1, Some(0))];
    world.payer = "payer-2";
    let of_second = world.wechat_openid(0, None);
    let mut all = vec![direct, of_second];
    all.extend(others);
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 4);
}

#[test]
fn a_wechat_code_is_refused_in_the_channels_words() {
    let mut world = World::new(WECHAT_AGENT);
    let merchant = &CONFIG.wechat.merchants[0];
    let (appid, secret) = (merchant.appid.as_str(), merchant.app_secret.expose().as_str());
    let used = world.wechat_code(appid);
    assert!(world.wechat_token(appid, secret, &used)["openid"].is_string());
    let old = world.wechat_code(appid);
    world.wait_s(301);
    let fresh = world.wechat_code(appid);
    let other = &CONFIG.wechat.merchants[1];
    for (appid, secret, code, expect) in [
        ("", secret, fresh.as_str(), 41_002),
        ("wx0", secret, &fresh, 40_013),
        (appid, "", &fresh, 41_004),
        (appid, "wrong", &fresh, 40_125),
        (appid, other.app_secret.expose(), &fresh, 40_125),
        (appid, secret, "", 41_008),
        (appid, secret, "unknown", 40_029),
        (appid, secret, &old, 40_029),
        (appid, secret, &used, 40_163),
        (&other.appid, other.app_secret.expose(), &fresh, 40_029),
    ] {
        let told = world.wechat_token(appid, secret, code);
        assert_eq!(told["errcode"], expect, "{appid} {code}");
    }
    world.strike("sns/oauth2/access_token", Fault::SystemBusy);
    assert_eq!(world.wechat_token(appid, secret, &fresh)["errcode"], -1);
    assert!(world.wechat_token(appid, secret, &fresh)["openid"].is_string());
}

#[test]
fn an_alipay_code_gives_one_open_id_per_app_and_payer() {
    let mut world = World::new(ALIPAY_AGENT);
    let (user_id, open_id) = world.alipay_ids();
    assert!(user_id.len() == 16 && user_id.starts_with("2088"));
    assert_eq!((user_id.clone(), open_id.clone()), world.alipay_ids());
    world.payer = "payer-2";
    let other = world.alipay_ids();
    assert!(other.0 != user_id && other.1 != open_id);
}

#[test]
fn an_alipay_code_is_good_once_and_for_five_minutes() {
    let mut world = World::new(ALIPAY_AGENT);
    let used = world.alipay_code();
    let told = world.alipay_token(&used);
    assert!(told["sign"].is_string());
    assert!(told["alipay_system_oauth_token_response"]["access_token"].is_string());
    let old = world.alipay_code();
    world.wait_s(301);
    for code in [used.as_str(), &old, "unknown"] {
        let told = world.alipay_token(code);
        assert_eq!(told["error_response"]["code"], "40002");
        assert_eq!(told["error_response"]["sub_code"], "isv.code-invalid");
        assert!(told["sign"].is_string());
    }
    let fresh = world.alipay_code();
    world.strike("alipay.system.oauth.token", Fault::SystemBusy);
    let busy = world.alipay_token(&fresh);
    assert_eq!(busy["alipay_system_oauth_token_response"]["code"], "20000");
    assert!(
        world.alipay_token(&fresh)["alipay_system_oauth_token_response"]["user_id"].is_string()
    );
}

#[test]
fn a_unionpay_code_gives_a_number_with_a_plus() {
    let mut world = World::new(UNIONPAY_AGENT);
    let user = world.unionpay_user("CloudPay");
    assert!(user.contains('+') && user.len() == 32, "{user}");
    assert_eq!(user, world.unionpay_user("CloudPay"));
    let used = world.unionpay_code();
    let of_bank = world.unionpay_exchange(&used, "BankDemo");
    assert_eq!(of_bank["respCode"], "34", "a code belongs to the app that gave it");
    assert_eq!(world.unionpay_exchange(&used, "CloudPay")["respCode"], "00");
    assert_eq!(world.unionpay_exchange(&used, "CloudPay")["respCode"], "01");
    let old = world.unionpay_code();
    world.wait_s(301);
    assert_eq!(world.unionpay_exchange(&old, "CloudPay")["respCode"], "01");
    assert_eq!(world.unionpay_exchange("", "CloudPay")["respCode"], "01");
    let fresh = world.unionpay_code();
    world.strike("pay/getUserId", Fault::SystemBusy);
    assert_eq!(world.unionpay_exchange(&fresh, "CloudPay")["respCode"], "99");
    world.agent = BANK_AGENT;
    assert_ne!(user, world.unionpay_user("BankDemo"));
}

/// Whatever is wrong with the question, the browser stays at the channel.
#[test]
fn nothing_is_redirected_that_should_not() {
    let wechat = &CONFIG.wechat.merchants[0].appid;
    let alipay = &CONFIG.alipay.apps[0].app_id;
    let back = encoded(SHOP);
    let far = encoded("https://example.com/cb");
    let long = "s".repeat(129);
    let w = "/connect/oauth2/authorize?response_type=code&scope=snsapi_base";
    let a = "/oauth2/publicAppAuthorize.htm?scope=auth_base";
    let u = "/qrcGtwWeb-web/api/userAuth?version=1.0.0";
    for (agent, target) in [
        (WECHAT_AGENT, format!("{w}&appid=wx0&redirect_uri={back}")),
        (WECHAT_AGENT, format!("{w}&appid={wechat}")),
        (WECHAT_AGENT, format!("{w}&appid={wechat}&redirect_uri={far}")),
        (WECHAT_AGENT, format!("{w}&appid={wechat}&redirect_uri={back}&state={long}")),
        (WECHAT_AGENT, format!("/connect/oauth2/authorize?appid={wechat}&redirect_uri={back}")),
        (ALIPAY_AGENT, format!("{w}&appid={wechat}&redirect_uri={back}")),
        (BROWSER_AGENT, format!("{w}&appid={wechat}&redirect_uri={back}")),
        (ALIPAY_AGENT, format!("{a}&app_id=0&redirect_uri={back}")),
        (ALIPAY_AGENT, format!("{a}&app_id={alipay}")),
        (ALIPAY_AGENT, format!("{a}&app_id={alipay}&redirect_uri={far}")),
        (ALIPAY_AGENT, format!("{a}&app_id={alipay}&redirect_uri={back}&state={long}")),
        (WECHAT_AGENT, format!("{a}&app_id={alipay}&redirect_uri={back}")),
        (UNIONPAY_AGENT, u.to_owned()),
        (UNIONPAY_AGENT, format!("{u}&redirectUrl={far}")),
        (UNIONPAY_AGENT, format!("/qrcGtwWeb-web/api/userAuth?redirectUrl={back}")),
        (BROWSER_AGENT, format!("{u}&redirectUrl={back}")),
    ] {
        let (status, location, page) = World::new(agent).opens(&target);
        assert_eq!((status, location.as_str()), (200, ""), "{target}");
        assert!(page.contains("class=words"), "{page}");
    }
}

#[test]
fn a_payer_may_keep_his_name_to_himself() {
    let wechat = &CONFIG.wechat.merchants[0].appid;
    let alipay = &CONFIG.alipay.apps[0].app_id;
    let back = encoded(SHOP);
    for (agent, call, target, expect) in [
        (
            WECHAT_AGENT,
            "connect/oauth2/authorize",
            format!(
                "/connect/oauth2/authorize?response_type=code&scope=snsapi_base&appid={wechat}\
                 &redirect_uri={back}"
            ),
            "",
        ),
        (
            ALIPAY_AGENT,
            "oauth2/publicAppAuthorize",
            format!(
                "/oauth2/publicAppAuthorize.htm?scope=auth_base&app_id={alipay}&redirect_uri={back}"
            ),
            "",
        ),
        (
            UNIONPAY_AGENT,
            "api/userAuth",
            format!("/qrcGtwWeb-web/api/userAuth?version=1.0.0&redirectUrl={back}"),
            "http://127.0.0.1:9/cb?k=1&respCode=34",
        ),
    ] {
        let mut world = World::new(agent);
        world.strike(call, Fault::PayerRefuses);
        assert_eq!(world.opens(&target).1, expect, "{target}");
        assert_eq!(world.opens(&target).0, 302, "the next time he agrees");
    }
}

// ---- payment in the app

#[test]
fn wechat_pays_what_its_merchant_signed_for_this_payer_once() {
    let mut world = World::new(WECHAT_AGENT);
    let openid = world.wechat_openid(0, None);
    let page = world.wechat_page(&openid);
    let looked = world.asks("wechat", "look", &page);
    assert_eq!((&looked["amount_fen"], &looked["description"]), (&json!(1850), &json!("茶")));
    let forged = |name: &str, value: &str| {
        let mut map: Map<String, Value> = page.as_object().unwrap().clone();
        map.insert(name.to_owned(), json!(value));
        Value::Object(map)
    };
    let of_other = page_request(1, page["appId"].as_str().unwrap(), "wx0");
    for (params, expect) in [
        (json!({}), "PARAM_ERROR"),
        (forged("signType", "MD5"), "PARAM_ERROR"),
        (forged("timeStamp", "now"), "PARAM_ERROR"),
        (forged("package", "wx1"), "PARAM_ERROR"),
        (of_other, "ORDER_NOT_EXIST"),
        (forged("appId", &CONFIG.wechat.merchants[1].appid), "APPID_NOT_MATCH"),
        (forged("nonceStr", "OTHER"), "SIGN_ERROR"),
        (forged("paySign", "c2lnbg=="), "SIGN_ERROR"),
    ] {
        assert_eq!(world.pays("wechat", &params), expect, "{params}");
    }
    world.payer = "payer-2";
    assert_eq!(world.pays("wechat", &page), "OPENID_MISMATCH");
    world.payer = "payer-1";
    assert_eq!(world.paid_fen(), [0_u64; 0]);
    assert_eq!(world.pays("wechat", &page), "ok");
    assert_eq!(world.pays("wechat", &page), "ORDER_PAID");
    assert_eq!(world.asks("wechat", "look", &page)["code"], "ORDER_PAID");
    assert_eq!(world.paid_fen(), [1850]);
    let notices = world.sandbox.due_notices(world.now);
    assert_eq!(notices.len(), 1);
    let late = world.wechat_page(&openid);
    world.wait_s(2 * 3_600 + 1);
    assert_eq!(world.pays("wechat", &late), "ORDER_NOT_EXIST", "a prepaid number runs out");
}

#[test]
fn a_sub_merchants_openid_pays_its_order() {
    let mut world = World::new(WECHAT_AGENT);
    let sub = &CONFIG.wechat.merchants[1].sub_merchants[0];
    let merchant = &CONFIG.wechat.merchants[1];
    let of_sub = world.wechat_openid(1, Some(0));
    let of_provider = world.wechat_openid(1, None);
    for (field, openid, appid) in
        [("sub_openid", of_sub, &sub.appid), ("sp_openid", of_provider, &merchant.appid)]
    {
        let order = json!({
            "sp_appid": merchant.appid, "sp_mchid": merchant.mchid, "sub_appid": sub.appid,
            "sub_mchid": sub.mchid, "description": "茶", "out_trade_no": world.number(),
            "notify_url": NOTICES, "amount": { "total": 1 }, "payer": { field: openid },
        });
        let made = world.wechat(1, "/v3/pay/partner/transactions/jsapi", &order);
        let page = page_request(1, appid, made["prepay_id"].as_str().unwrap());
        world.payer = "payer-2";
        assert_eq!(world.pays("wechat", &page), "OPENID_MISMATCH");
        world.payer = "payer-1";
        assert_eq!(world.pays("wechat", &page), "ok");
    }
}

#[test]
fn wechat_pays_scanned_codes_and_pages_of_browsers() {
    let mut world = World::new(WECHAT_AGENT);
    let merchant = &CONFIG.wechat.merchants[0];
    let order = |no: String| {
        json!({
            "appid": merchant.appid, "mchid": merchant.mchid, "description": "茶<茶>",
            "out_trade_no": no, "notify_url": NOTICES, "amount": { "total": 1850 },
            "scene_info": { "payer_client_ip": "127.0.0.1", "h5_info": { "type": "Wap" } },
        })
    };
    let no = world.number();
    let made = world.wechat(0, "/v3/pay/transactions/native", &order(no));
    let code = made["code_url"].as_str().unwrap().to_owned();
    let (_, _, page) =
        world.opens(&format!("/sandbox/bridge/wechat/scanned?code={}", encoded(&code)));
    assert!(page.contains("¥18.50") && page.contains("茶&lt;茶&gt;"), "{page}");
    assert_eq!(world.pays("wechat", &json!({ "code": code })), "ok");
    assert_eq!(world.pays("wechat", &json!({ "code": code })), "ORDER_PAID");
    assert_eq!(world.pays("wechat", &json!({ "code": "weixin://wxpay/x" })), "ORDER_NOT_EXIST");

    world.agent = BROWSER_AGENT;
    let no = world.number();
    let made = world.wechat(0, "/v3/pay/transactions/h5", &order(no));
    let url = made["h5_url"].as_str().unwrap().strip_prefix(BASE).unwrap().to_owned();
    let (_, _, page) = world.opens(&format!("{url}&redirect_url={}", encoded(SHOP)));
    assert!(page.contains("data-back=\"http://127.0.0.1:9/cb?k=1\""), "{page}");
    let (_, _, page) = world.opens(&format!("{url}&redirect_url=https%3A%2F%2Fexample.com"));
    assert!(page.contains("data-back=\"\""), "{page}");
    let id = in_query(&url, "prepay_id").unwrap();
    assert_eq!(world.pays("wechat", &json!({ "h5": id })), "ok");
    world.wait_s(301);
    assert!(world.opens(&url).2.contains("class=words"), "the link runs out");
}

#[test]
fn alipay_pays_a_trade_for_its_buyer_once() {
    let mut world = World::new(ALIPAY_AGENT);
    let (user_id, open_id) = world.alipay_ids();
    for buyer in [("buyer_id", user_id.as_str()), ("buyer_open_id", &open_id)] {
        let trade_no = world.alipay_trade(buyer);
        let page = json!({ "tradeNO": trade_no });
        assert_eq!(world.asks("alipay", "look", &page)["amount_fen"], 1850);
        world.payer = "payer-2";
        assert_eq!(world.pays("alipay", &page), "OPENID_MISMATCH");
        world.payer = "payer-1";
        assert_eq!(world.pays("alipay", &page), "ok");
        assert_eq!(world.pays("alipay", &page), "ORDER_PAID");
        let query = json!({ "trade_no": trade_no }).to_string();
        let told = world.alipay("alipay.trade.query", &[("biz_content", query)]);
        assert_eq!(
            told["alipay_trade_query_response"][buyer.0.replace("buyer_id", "buyer_user_id")],
            buyer.1
        );
    }
    assert_eq!(world.paid_fen(), [1850, 1850]);
    assert_eq!(world.pays("alipay", &json!({ "tradeNO": "2026" })), "ORDER_NOT_EXIST");
    assert_eq!(world.pays("alipay", &json!({})), "PARAM_ERROR");
}

#[test]
fn alipay_pays_scanned_codes_and_pages_of_browsers() {
    let mut world = World::new(ALIPAY_AGENT);
    world.payer = "payer-2";
    let biz = json!({ "out_trade_no": "CODE1", "total_amount": "18.50", "subject": "茶" });
    let made = world.alipay("alipay.trade.precreate", &[("biz_content", biz.to_string())]);
    let code = made["alipay_trade_precreate_response"]["qr_code"].as_str().unwrap().to_owned();
    assert_eq!(world.pays("alipay", &json!({ "code": code })), "ok");
    assert_eq!(world.pays("alipay", &json!({ "code": code })), "ORDER_PAID");

    world.agent = BROWSER_AGENT;
    let biz = json!({
        "out_trade_no": "WAP1", "total_amount": "18.50", "subject": "茶",
        "product_code": "QUICK_WAP_WAY", "quit_url": "http://127.0.0.1:9/quit",
    });
    let extra = [("biz_content", biz.to_string()), ("return_url", SHOP.to_owned())];
    let query = alipay_query("alipay.trade.wap.pay", &extra);
    let (_, _, page) = world.opens(&format!("/gateway.do?{query}"));
    assert!(page.contains("data-back=\"http://127.0.0.1:9/cb?k=1\""), "{page}");
    assert!(page.contains("data-quit=\"http://127.0.0.1:9/quit\""), "{page}");
    let seller = &CONFIG.alipay.apps[0].seller_id;
    let params = json!({ "seller": seller, "order_no": "WAP1" });
    assert_eq!(world.pays("alipay", &params), "ok");
    assert_eq!(world.paid_fen(), [1850, 1850]);
}

#[test]
fn unionpay_pays_its_page_for_its_payer_once() {
    for (agent, app) in [(UNIONPAY_AGENT, "CloudPay"), (BANK_AGENT, "BankDemo")] {
        let mut world = World::new(agent);
        let user = world.unionpay_user(app);
        let link = world.unionpay_page(&user);
        let path = link.strip_prefix(BASE).unwrap();
        let (_, _, page) = world.opens(path);
        assert!(page.contains("¥18.50") && page.contains("data-back=\"http://127.0.0.1:9/cb"));
        let no = json!({ "no": in_query(path, "no") });
        world.payer = "payer-2";
        assert_eq!(world.pays("unionpay", &no), "OPENID_MISMATCH");
        world.payer = "payer-1";
        assert_eq!(world.asks("unionpay", "look", &json!({ "tn": link }))["amount_fen"], 1850);
        assert_eq!(world.pays("unionpay", &no), "ok");
        assert_eq!(world.pays("unionpay", &json!({ "tn": link })), "ORDER_PAID");
        assert_eq!(world.pays("unionpay", &json!({ "tn": "https://x" })), "PARAM_ERROR");
        assert_eq!(world.pays("unionpay", &json!({ "no": "99" })), "ORDER_NOT_EXIST");
        assert_eq!(world.paid_fen(), [1850]);
        world.agent = BROWSER_AGENT;
        assert!(world.opens(path).2.contains("class=words"), "only an app shows the page");
    }
}

#[test]
fn a_payment_in_the_app_may_go_wrong_like_any_call() {
    let mut world = World::new(WECHAT_AGENT);
    let openid = world.wechat_openid(0, None);
    for (fault, result, taken) in
        [(Fault::SystemBusy, "unknown", 0), (Fault::SystemBusyAfterEffect, "unknown", 1)]
    {
        let page = world.wechat_page(&openid);
        let before = world.paid_fen().len();
        world.strike("*", fault);
        assert_eq!(
            world.asks("wechat", "look", &page)["amount_fen"],
            1850,
            "nothing strikes a look"
        );
        assert_eq!(world.pays("wechat", &page), result);
        assert_eq!(world.paid_fen().len() - before, taken);
    }
}

#[test]
fn every_order_is_on_the_list() {
    let mut world = World::new(WECHAT_AGENT);
    world.wechat_page("openid");
    world.alipay_trade(("buyer_id", "2088000000000000"));
    world.unionpay_page("user");
    let orders = world.sandbox.orders();
    let told: Vec<_> =
        orders.iter().map(|line| (line.channel, line.amount.minor(), line.status)).collect();
    for expect in
        [("wechat", 1850, "NOTPAY"), ("alipay", 1850, "WAIT_BUYER_PAY"), ("unionpay", 1850, "05")]
    {
        assert!(told.contains(&expect), "{told:?}");
    }
}
