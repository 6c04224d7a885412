//! The channel on a payer's phone: who the payer is (OAuth), and payment by the app: a page's
//! `getBrandWCPayRequest`, a scanned code, the H5 page.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::config::WechatConfig;
use super::numbers::openid;
use super::trades::{Happening, Kind, Order};
use super::{CODE, Wechat};
use crate::core::{
    Ask, BridgeRefusal, Cashier, Ctx, GrantRefusal, Looked, Opener, Query, Request, Response, Wish,
    app, digest_hex, is_loopback, payer_of, with_query,
};

pub(super) const AUTHORIZE_PATH: &str = "/connect/oauth2/authorize";
pub(super) const TOKEN_PATH: &str = "/sns/oauth2/access_token";
pub(super) const H5_PATH: &str = "/cgi-bin/mmpayweb-bin/checkmweb";
const TITLE: &str = "微信支付";
/// "At most 128 bytes."
const STATE_BYTES_MAX: usize = 128;
const TOKEN_LIFE_S: u32 = 7_200;
/// A prepaid number is good for two hours, an H5 link for five minutes.
const PREPAY_LIFE: SignedDuration = SignedDuration::from_hours(2);
const H5_LIFE: SignedDuration = SignedDuration::from_mins(5);

/// Which of the phone's ways into the channel a request takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Door {
    Authorize,
    Token,
    H5,
    Bridge(Wish),
}

pub(super) fn door(request: &Request) -> Option<Door> {
    match request.uri().path() {
        AUTHORIZE_PATH => Some(Door::Authorize),
        TOKEN_PATH => Some(Door::Token),
        H5_PATH => Some(Door::H5),
        _ => app::wish(request).map(Door::Bridge),
    }
}

/// The call's name for fault rules: its path.
pub(super) fn call_name(door: Door) -> String {
    match door {
        Door::Authorize => AUTHORIZE_PATH.trim_start_matches('/').to_owned(),
        Door::Token => TOKEN_PATH.trim_start_matches('/').to_owned(),
        Door::H5 => "h5".to_owned(),
        Door::Bridge(wish) => app::call_name(wish),
    }
}

/// "I do not know": error -1 to a server, words to a payer.
pub(super) fn busy(door: Door) -> Response {
    match door {
        Door::Token => said(&json!({ "errcode": -1, "errmsg": "system error" })),
        Door::Authorize | Door::H5 => stop("系统繁忙，请稍后再试"),
        Door::Bridge(_) => app::unknown(),
    }
}

/// The payer closed the question: there is no way back to the merchant.
pub(super) fn denied() -> Response {
    stop("你已拒绝授权，页面已关闭")
}

impl Wechat {
    pub(super) fn open(&mut self, ctx: &mut Ctx<'_>, door: Door, request: &Request) -> Response {
        match door {
            Door::Authorize => self.authorize(ctx, request),
            Door::Token => said(&self.token(ctx, request)),
            Door::H5 => self.h5_page(ctx, request),
            Door::Bridge(Wish::Look) => {
                let ask = Ask::of(request);
                app::looked(ask.and_then(|ask| Ok(looked(self.payable(ctx, &ask)?.0))))
            }
            Door::Bridge(Wish::Scanned) => {
                let ask = Ask::of_query(request);
                match self.wanted(ctx, &ask) {
                    Err(refusal) => stop(&refusal.words()),
                    Ok(order) => Cashier {
                        channel: CODE,
                        title: TITLE,
                        order: looked(order),
                        params: json!({ "code": ask.text("code") }),
                        back: None,
                        quit: None,
                    }
                    .show(),
                }
            }
            Door::Bridge(Wish::Pay) => {
                let paid = Ask::of(request).and_then(|ask| self.pay(ctx, &ask));
                app::paid(paid)
            }
        }
    }

    /// `GET /connect/oauth2/authorize`: back to the merchant's page with a code.
    fn authorize(&mut self, ctx: &Ctx<'_>, request: &Request) -> Response {
        let query = Query::of(request);
        if matches!(Opener::of(request), Opener::Alipay | Opener::Unionpay(_) | Opener::Browser) {
            return stop("请在微信客户端打开链接");
        }
        let Some(appid) = query.get("appid").filter(|id| self.config.app_secret(id).is_some())
        else {
            return stop("该公众号不存在（40013 invalid appid）");
        };
        let Some(redirect_uri) = query.get("redirect_uri").filter(|url| is_loopback(url)) else {
            return stop("redirect_uri 参数错误（10003）");
        };
        if query.get("response_type") != Some("code") {
            return stop("response_type 参数错误（10004）");
        }
        if query.get("scope") != Some("snsapi_base") {
            return stop("Scope 参数错误或没有 Scope 权限（10005）");
        }
        let state = query.get("state").unwrap_or_default();
        if state.len() > STATE_BYTES_MAX {
            return stop("state 参数错误");
        }
        let code = self.grants.issue(ctx.now, appid, &payer_of(request));
        app::redirect(&with_query(redirect_uri, &[("code", &code), ("state", state)]))
    }

    /// `GET /sns/oauth2/access_token`: the payer's openid under this app, once per code.
    fn token(&mut self, ctx: &Ctx<'_>, request: &Request) -> Value {
        let query = Query::of(request);
        let Some(appid) = query.get("appid") else {
            return error(41_002, "appid missing");
        };
        let Some(secret) = self.config.app_secret(appid) else {
            return error(40_013, "invalid appid");
        };
        match query.get("secret") {
            None => return error(41_004, "appsecret missing"),
            Some(given) if given != secret.expose() => {
                return error(40_125, "invalid appsecret");
            }
            Some(_) => {}
        }
        if query.get("grant_type") != Some("authorization_code") {
            return error(40_002, "invalid grant_type");
        }
        let Some(code) = query.get("code") else {
            return error(41_008, "missing code");
        };
        match self.grants.redeem(ctx.now, appid, code) {
            Err(GrantRefusal::Used) => error(40_163, "code been used"),
            Err(GrantRefusal::Unknown | GrantRefusal::Expired) => error(40_029, "invalid code"),
            Ok(payer) => json!({
                "access_token": digest_hex(&format!("access/{code}")),
                "expires_in": TOKEN_LIFE_S,
                "refresh_token": digest_hex(&format!("refresh/{code}")),
                "openid": openid(&format!("{appid}/{payer}")),
                "scope": "snsapi_base",
            }),
        }
    }

    /// The page behind `h5_url`, in any browser.
    fn h5_page(&self, ctx: &Ctx<'_>, request: &Request) -> Response {
        let query = Query::of(request);
        let prepay_id = query.get("prepay_id").unwrap_or_default();
        let back = query.get("redirect_url").map(str::to_owned);
        let order = self.trades.prepaid(ctx.now, prepay_id, H5_LIFE);
        match order.filter(|order| order.terms.kind == Kind::H5) {
            None => stop("支付链接已失效，请返回商家重新发起支付"),
            Some(order) => Cashier {
                channel: CODE,
                title: TITLE,
                order: looked(order),
                params: json!({ "h5": prepay_id }),
                quit: back.clone(),
                back,
            }
            .show(),
        }
    }

    fn pay(&mut self, ctx: &mut Ctx<'_>, ask: &Ask) -> Result<(), BridgeRefusal> {
        let (order, payer) = self.payable(ctx, ask)?;
        let key = order.key();
        self.trades.pay_in_app(ctx.now, &key, payer);
        self.tell(ctx, &Happening::Paid(key));
        Ok(())
    }

    /// The order that this payer can pay now, and his openid there.
    fn payable(&self, ctx: &Ctx<'_>, ask: &Ask) -> Result<(&Order, String), BridgeRefusal> {
        let order = self.wanted(ctx, ask)?;
        self.trades.check_payable(ctx.now, order)?;
        let payer = payer_in(order, &ask.payer).ok_or(BridgeRefusal::OtherPayer)?;
        Ok((order, payer))
    }

    /// The order that the app is given: by a scanned code, an H5 page, or a page's signed request.
    fn wanted(&self, ctx: &Ctx<'_>, ask: &Ask) -> Result<&Order, BridgeRefusal> {
        let found = |id: &str, kind: Kind| {
            let order = self.trades.prepaid(ctx.now, id, PREPAY_LIFE);
            order.filter(|order| order.terms.kind == kind).ok_or(BridgeRefusal::Unrecognised)
        };
        if let Some(code) = ask.text("code") {
            let id = self.trades.prepay_id_of_code(code).ok_or(BridgeRefusal::Unrecognised)?;
            return found(id, Kind::Native);
        }
        if let Some(id) = ask.text("h5") {
            return found(id, Kind::H5);
        }
        let package = ask.required("package")?;
        let id = package.strip_prefix("prepay_id=").ok_or(BridgeRefusal::Malformed("package"))?;
        let order = found(id, Kind::Jsapi)?;
        verify(&self.config, ask, order)?;
        Ok(order)
    }
}

/// What the app verifies of a page's request: the app, and the merchant's signature over four lines.
fn verify(config: &WechatConfig, ask: &Ask, order: &Order) -> Result<(), BridgeRefusal> {
    if ask.required("signType")? != "RSA" {
        return Err(BridgeRefusal::Malformed("signType"));
    }
    let appid = ask.required("appId")?;
    let time = ask.required("timeStamp")?;
    if time.parse::<u32>().is_err() {
        return Err(BridgeRefusal::Malformed("timeStamp"));
    }
    let (nonce, package) = (ask.required("nonceStr")?, ask.required("package")?);
    let signature = BASE64.decode(ask.required("paySign")?).or(Err(BridgeRefusal::BadSignature))?;
    if appid != order.terms.appid && Some(appid) != order.terms.sub_appid.as_deref() {
        return Err(BridgeRefusal::AppNotBound);
    }
    let merchant = config.merchant(&order.party.mchid).ok_or(BridgeRefusal::BadSignature)?;
    let message = format!("{appid}\n{time}\n{nonce}\n{package}\n");
    let verified = merchant.key.public_key().verify_sha256(message.as_bytes(), &signature);
    verified.or(Err(BridgeRefusal::BadSignature))
}

/// The payer as the order knows him; `None` if it was made for somebody else.
fn payer_in(order: &Order, payer: &str) -> Option<String> {
    let under = |appid: &str| openid(&format!("{appid}/{payer}"));
    let own = under(&order.terms.appid);
    match &order.terms.openid {
        None => Some(own),
        Some(wanted) if *wanted == own => Some(own),
        Some(wanted) => {
            let of_sub = order.terms.sub_appid.as_deref().map(under);
            of_sub.filter(|openid| openid == wanted)
        }
    }
}

fn looked(order: &Order) -> Looked {
    Looked {
        merchant: format!("沙箱商户 {}", order.party.account()),
        description: order.terms.description.clone(),
        amount: order.terms.total,
        order_no: order.out_trade_no.clone(),
    }
}

fn stop(words: &str) -> Response {
    app::stop(CODE, "微信", words)
}

fn error(code: i32, text: &str) -> Value {
    json!({ "errcode": code, "errmsg": text })
}

/// The channel answers its errors, too, with status 200.
fn said(value: &Value) -> Response {
    let mut response = Response::new(Bytes::from(value.to_string()));
    let text = HeaderValue::from_static("text/plain");
    response.headers_mut().insert(CONTENT_TYPE, text);
    response
}
