//! The channel on a payer's phone: who the payer is, and payment inside an app of UnionPay's: the
//! page behind `payData`, a scanned code.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::json;

use super::codes::ISSUED_PATH;
use super::scan::{ORDER_PATH, SCAN_PATH};
use super::trades::{Trade, What};
use super::{Unionpay, service, state_word};
use crate::core::{
    Ask, BridgeRefusal, Cashier, Ctx, Insistence, LOOK, Looked, Opener, OrderLine, Query, Request,
    Response, Wish, app, is_loopback, payer_of, with_query,
};

/// Where the channel's pages for apps live.
pub(crate) const APP_PATH: &str = "/qrcGtwWeb-web/";
pub(super) const AUTHORIZE_PATH: &str = "/qrcGtwWeb-web/api/userAuth";
/// Chosen: `payData` is a link to this page.
const PAGE_PATH: &str = "/qrcGtwWeb-web/api/jsPay";
pub(super) const TITLE: &str = "云闪付";
/// The app of a program that does not say which one it plays.
pub(super) const APP_DEFAULT: &str = "CloudPay";
/// Where a payer's number has its plus sign, which careless clients lose.
const USER_ID_PLUS_AT: usize = 11;

/// Which of the phone's ways into the channel a request takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Door {
    Authorize,
    Page,
    /// An issued address, opened as a page.
    Issued,
    /// A code that an app's scanner read.
    Scan,
    /// UnionPay's payment page of a scan.
    Order,
    Bridge(Wish),
    /// No such page.
    None,
}

pub(super) fn door(request: &Request) -> Option<Door> {
    match request.uri().path() {
        AUTHORIZE_PATH => Some(Door::Authorize),
        PAGE_PATH => Some(Door::Page),
        SCAN_PATH => Some(Door::Scan),
        ORDER_PATH => Some(Door::Order),
        path if path.starts_with(ISSUED_PATH) => Some(Door::Issued),
        path if path.starts_with(APP_PATH) => Some(Door::None),
        _ => app::wish(request).map(Door::Bridge),
    }
}

/// The call's name for fault rules.
pub(super) fn call_name(door: Door) -> String {
    match door {
        Door::Authorize => "api/userAuth".to_owned(),
        Door::Page => "api/jsPay".to_owned(),
        Door::Bridge(wish) => app::call_name(wish),
        // These only show; what they ask of a code's owner has a name of its own.
        Door::Issued | Door::Scan | Door::Order => LOOK.to_owned(),
        Door::None => String::new(),
    }
}

pub(super) fn busy(door: Door) -> Response {
    match door {
        Door::Authorize | Door::Page | Door::Issued | Door::Scan | Door::Order | Door::None => {
            stop("系统繁忙，请稍后再试")
        }
        Door::Bridge(_) => app::unknown(),
    }
}

/// The payer said no: the page hears of it, without a code.
pub(super) fn denied(request: &Request) -> Response {
    let query = Query::of(request);
    match query.get("redirectUrl").filter(|url| is_loopback(url)) {
        Some(url) => app::redirect(&with_query(url, &[("respCode", "34")])),
        None => stop("回调地址有误（redirectUrl）"),
    }
}

/// The page of an order, which `payData` links to, without the channel's address.
pub(super) fn page_link(number: u64) -> String {
    format!("{PAGE_PATH}?no={number:012}")
}

/// The payer in one app: 32 characters of base64, one of them a plus sign.
pub(super) fn user_id(app: &str, payer: &str) -> String {
    let digest = crypto::digest::sha256(format!("unionpay/{app}/{payer}").as_bytes());
    let text = BASE64.encode(digest.split_at(24).0);
    let replaced = |(at, c)| if at == USER_ID_PLUS_AT { '+' } else { c };
    text.chars().enumerate().map(replaced).collect()
}

pub(super) fn order_line(trade: &Trade) -> OrderLine {
    OrderLine {
        channel: "unionpay",
        account: trade.key.mer_id.clone(),
        order_no: trade.key.order_id.clone(),
        description: trade.repeated.get("orderInfo").cloned().unwrap_or_default(),
        amount: trade.amount,
        status: state_word(trade.state),
        at: super::trades::read_beijing(&trade.key.txn_time).unwrap_or(trade.expires_at),
    }
}

impl Unionpay {
    pub(super) fn open(&mut self, ctx: &mut Ctx<'_>, door: Door, request: &Request) -> Response {
        match door {
            Door::Authorize => self.authorize(ctx, request),
            Door::Page => self.page(request),
            Door::Issued => Self::issued(ctx, request),
            Door::Scan => Self::scanned(ctx, request),
            Door::Order => self.order(ctx, request),
            Door::None => stop("页面不存在"),
            Door::Bridge(Wish::Look) => {
                let ask = Ask::of(request);
                app::looked(ask.and_then(|ask| Ok(looked(self.payable(&ask)?))))
            }
            Door::Bridge(Wish::Pay) => {
                let paid = Ask::of(request).and_then(|ask| self.pay(ctx, &ask));
                app::paid(paid)
            }
            Door::Bridge(Wish::Scanned) => {
                let ask = Ask::of_query(request);
                match self.wanted(&ask) {
                    Err(refusal) => stop(&refusal.words()),
                    Ok(trade) => Cashier {
                        channel: "unionpay",
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

    /// `GET .../api/userAuth`: back to the merchant's page with a code.
    fn authorize(&mut self, ctx: &Ctx<'_>, request: &Request) -> Response {
        let query = Query::of(request);
        let app = match Opener::of(request) {
            Opener::Unionpay(id) => id,
            Opener::Program => APP_DEFAULT.to_owned(),
            Opener::Wechat | Opener::Alipay | Opener::Browser => {
                return stop("请使用云闪付或银行 App 打开");
            }
        };
        if query.get("version") != Some("1.0.0") {
            return stop("版本号有误（version）");
        }
        let Some(url) = query.get("redirectUrl").filter(|url| is_loopback(url)) else {
            return stop("回调地址有误（redirectUrl）");
        };
        let code = self.grants.issue(ctx.now, &app, &payer_of(request));
        app::redirect(&with_query(url, &[("userAuthCode", &code), ("respCode", "00")]))
    }

    /// The app's cashier for an order of the open platform.
    fn page(&self, request: &Request) -> Response {
        if matches!(Opener::of(request), Opener::Wechat | Opener::Alipay | Opener::Browser) {
            return stop("请使用云闪付或银行 App 打开");
        }
        let ask = Ask::of_query(request);
        match self.wanted(&ask) {
            Err(refusal) => stop(&refusal.words()),
            Ok(trade) => {
                let back = trade.repeated.get("frontUrl").cloned();
                Cashier {
                    channel: "unionpay",
                    title: TITLE,
                    order: looked(trade),
                    params: json!({ "no": ask.text("no") }),
                    quit: back.clone(),
                    back,
                }
                .show()
            }
        }
    }

    fn pay(&mut self, ctx: &mut Ctx<'_>, ask: &Ask) -> Result<(), BridgeRefusal> {
        let key = self.payable(ask)?.key.clone();
        service::settle(&mut self.trades, ctx, &key);
        Ok(())
    }

    /// The order that this payer can pay now.
    fn payable(&self, ask: &Ask) -> Result<&Trade, BridgeRefusal> {
        let trade = self.wanted(ask)?;
        service::check_payable(trade, Insistence::Polite)?;
        let app = match &ask.opener {
            Opener::Unionpay(id) => id.as_str(),
            Opener::Wechat | Opener::Alipay | Opener::Browser | Opener::Program => APP_DEFAULT,
        };
        let wanted = trade.repeated.get("userId");
        if wanted.is_some_and(|wanted| *wanted != user_id(app, &ask.payer)) {
            return Err(BridgeRefusal::OtherPayer);
        }
        Ok(trade)
    }

    /// The order that the app is given: by a scanned code, by the page's number, or by its link.
    fn wanted(&self, ask: &Ask) -> Result<&Trade, BridgeRefusal> {
        let link = match (ask.text("code"), ask.text("no")) {
            (Some(code), _) => code.to_owned(),
            (None, Some(number)) => {
                let number = number.parse().or(Err(BridgeRefusal::Malformed("no")))?;
                page_link(number)
            }
            (None, None) => {
                let given = ask.required("tn")?;
                let at = given.find(PAGE_PATH).ok_or(BridgeRefusal::Malformed("tn"))?;
                given.get(at..).unwrap_or_default().to_owned()
            }
        };
        let of_link = |t: &&Trade| t.what == What::Payment && t.link.as_ref() == Some(&link);
        self.trades.iter().find(of_link).ok_or(BridgeRefusal::Unrecognised)
    }
}

fn looked(trade: &Trade) -> Looked {
    let description = trade.repeated.get("orderInfo").cloned();
    Looked {
        merchant: format!("沙箱商户 {}", trade.key.mer_id),
        description: description.unwrap_or_else(|| trade.key.order_id.clone()),
        amount: trade.amount,
        order_no: trade.key.order_id.clone(),
    }
}

fn stop(words: &str) -> Response {
    app::stop("unionpay", TITLE, words)
}
