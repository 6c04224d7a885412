//! The channel on a payer's phone: who the payer is (OAuth), and payment by the app: a page's
//! `tradePay`, a scanned code, the wap and page cashier.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::refusal::GatewayFault;
use super::service;
use super::trade::{Status, Trade, TradeKey, beijing};
use super::wire::Call;
use super::{Alipay, TITLE};
use crate::core::{
    Ask, BridgeRefusal, Cashier, Ctx, Grants, Insistence, Looked, Opener, Query, Request, Response,
    Wish, app, digest_hex, is_loopback, payer_of, with_query,
};

pub(crate) const AUTHORIZE_PATH: &str = "/oauth2/publicAppAuthorize.htm";
/// The call's name for fault rules.
pub(super) const AUTHORIZE: &str = "oauth2/publicAppAuthorize";
const STATE_CHARS_MAX: usize = 100;
const TOKEN_LIFE_S: u32 = 1_296_000;
const REFRESH_LIFE_S: u32 = 2_592_000;

pub(super) fn is_authorize(request: &Request) -> bool {
    request.uri().path() == AUTHORIZE_PATH
}

/// The payer closed the question: there is no way back to the merchant.
pub(super) fn denied() -> Response {
    stop("你已拒绝授权，页面已关闭")
}

pub(super) fn stop(words: &str) -> Response {
    app::stop("alipay", TITLE, words)
}

impl Alipay {
    /// `GET /oauth2/publicAppAuthorize.htm`: back to the merchant's page with a code.
    pub(super) fn authorize(&mut self, now: Timestamp, request: &Request) -> Response {
        let query = Query::of(request);
        if matches!(Opener::of(request), Opener::Wechat | Opener::Unionpay(_) | Opener::Browser) {
            return stop("请在支付宝客户端打开链接");
        }
        let Some(app_id) = query.get("app_id").filter(|id| self.config.app(id).is_some()) else {
            return stop("应用不存在（invalid app_id）");
        };
        let Some(redirect_uri) = query.get("redirect_uri").filter(|url| is_loopback(url)) else {
            return stop("回调地址与应用配置不符（invalid redirect_uri）");
        };
        let Some(scope) = query.get("scope").filter(|scope| *scope == "auth_base") else {
            return stop("授权范围有误（invalid scope）");
        };
        let state = query.get("state").unwrap_or_default();
        if state.chars().count() > STATE_CHARS_MAX {
            return stop("state 过长");
        }
        let code = self.grants.issue(now, app_id, &payer_of(request));
        let mut pairs = vec![("app_id", app_id), ("scope", scope), ("auth_code", code.as_str())];
        if !state.is_empty() {
            pairs.push(("state", state));
        }
        app::redirect(&with_query(redirect_uri, &pairs))
    }

    pub(super) fn bridge(&mut self, ctx: &mut Ctx<'_>, wish: Wish, request: &Request) -> Response {
        match wish {
            Wish::Look => {
                let ask = Ask::of(request);
                app::looked(ask.and_then(|ask| Ok(looked(self.payable(&ask)?))))
            }
            Wish::Pay => {
                let paid = Ask::of(request).and_then(|ask| self.pay_in_app(ctx, &ask));
                app::paid(paid)
            }
            Wish::Scanned => {
                let ask = Ask::of_query(request);
                match self.wanted(&ask) {
                    Err(refusal) => stop(&refusal.words()),
                    Ok(trade) => Cashier {
                        channel: "alipay",
                        title: TITLE,
                        order: looked(trade),
                        params: json!({ "code": ask.text("code") }),
                        back: None,
                        quit: None,
                    }
                    .show(),
                }
            }
        }
    }

    fn pay_in_app(&mut self, ctx: &mut Ctx<'_>, ask: &Ask) -> Result<(), BridgeRefusal> {
        let key = self.payable(ask)?.key.clone();
        if let Some(trade) = self.trades.get_mut(&key) {
            trade.payer = Some(ask.payer.clone());
        }
        service::payer_pays(&mut self.trades, ctx, &key, Insistence::Polite)?;
        Ok(())
    }

    /// The trade that this payer can pay now.
    fn payable(&self, ask: &Ask) -> Result<&Trade, BridgeRefusal> {
        let trade = self.wanted(ask)?;
        service::check_payable(trade, Insistence::Polite)?;
        if is_for(trade, &ask.payer) { Ok(trade) } else { Err(BridgeRefusal::OtherPayer) }
    }

    /// The trade that the app is given: by a scanned code, a cashier's page, or `tradePay`.
    fn wanted(&self, ask: &Ask) -> Result<&Trade, BridgeRefusal> {
        let found = if let Some(code) = ask.text("code") {
            self.trades.iter().find(|trade| trade.qr_code.as_deref() == Some(code))
        } else if let (Some(seller_id), Some(number)) = (ask.text("seller"), ask.text("order_no")) {
            let key = TradeKey { seller_id: seller_id.to_owned(), out_trade_no: number.to_owned() };
            // Only a page that anybody may open is named so.
            self.trades.get(&key).filter(|trade| trade.buyer.is_none())
        } else {
            let number = ask.required("tradeNO")?;
            self.trades.iter().find(|trade| trade.trade_no == number)
        };
        found.ok_or(BridgeRefusal::Unrecognised)
    }
}

/// `alipay.system.oauth.token`: who the payer is, once per code.
pub(super) fn token(
    grants: &mut Grants,
    now: Timestamp,
    call: &Call<'_>,
) -> Result<Map<String, Value>, GatewayFault> {
    let grant_type = call.grant_type.as_deref().ok_or(GatewayFault::Missing("grant_type"))?;
    if grant_type != "authorization_code" {
        return Err(GatewayFault::Invalid("grant_type"));
    }
    let code = call.code.as_deref().ok_or(GatewayFault::Missing("code"))?;
    let app_id = &call.app.app_id;
    // The gateway does not say why a code is none.
    let redeemed = grants.redeem(now, app_id, code);
    let payer = redeemed.or(Err(GatewayFault::CodeInvalid))?;
    let auth_start = beijing(now, "%Y-%m-%d %H:%M:%S");
    let mut node = Map::new();
    for (name, value) in [
        ("user_id", json!(user_id(&payer))),
        ("open_id", json!(open_id(app_id, &payer))),
        ("access_token", json!(token_text("access", code))),
        ("expires_in", json!(TOKEN_LIFE_S)),
        ("refresh_token", json!(token_text("refresh", code))),
        ("re_expires_in", json!(REFRESH_LIFE_S)),
        ("auth_start", json!(auth_start)),
    ] {
        node.insert(name.to_owned(), value);
    }
    Ok(node)
}

/// A trade made for a buyer is his alone.
fn is_for(trade: &Trade, payer: &str) -> bool {
    let open_id = open_id(&trade.correspondence.app_id, payer);
    let buyer = trade.buyer.as_ref();
    buyer.is_none_or(|buyer| *buyer == user_id(payer) || *buyer == open_id)
}

fn looked(trade: &Trade) -> Looked {
    Looked {
        merchant: format!("沙箱商户 {}", trade.key.seller_id),
        description: trade.terms.subject.clone(),
        amount: trade.terms.total,
        order_no: trade.key.out_trade_no.clone(),
    }
}

/// How lists call where a trade stands: a code that nobody scanned waits, too.
pub(super) const fn list_word(status: Status) -> &'static str {
    match status {
        Status::Code => "WAIT_SCAN",
        Status::DeadCode => "CODE_CLOSED",
        Status::WaitBuyerPay | Status::Success | Status::Finished | Status::Closed => status.word(),
    }
}

/// 2088 and twelve digits, the same for all applications.
pub(super) fn user_id(payer: &str) -> String {
    let digest = crypto::digest::sha256(format!("alipay/{payer}").as_bytes());
    let digits = digest.iter().take(12).map(|byte| char::from(b'0' + byte % 10));
    format!("2088{}", digits.collect::<String>())
}

/// The payer under one application.
pub(super) fn open_id(app_id: &str, payer: &str) -> String {
    let digest = digest_hex(&format!("alipay/{app_id}/{payer}"));
    format!("0{}", digest.chars().take(46).collect::<String>())
}

fn token_text(kind: &str, code: &str) -> String {
    let digest: String = digest_hex(&format!("{kind}/{code}")).chars().take(32).collect();
    format!("authbse{}{digest}", if kind == "access" { "B" } else { "R" })
}

/// A cashier's page for a trade, whose button pays.
pub(super) fn cashier(trade: &Trade, back: Option<String>, quit: Option<String>) -> Response {
    Cashier {
        channel: "alipay",
        title: TITLE,
        order: looked(trade),
        params: json!({ "seller": trade.key.seller_id, "order_no": trade.key.out_trade_no }),
        quit: quit.or_else(|| back.clone()),
        back,
    }
    .show()
}
