//! A payer's app scans a code that leads to an acquirer's page: the gateway asks the code's owner, and
//! the app shows UnionPay's own payment page.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header};
use serde_json::json;

use super::codes::{CodeRefusal, Mode, Reading, Scan, issued_code};
use super::order_query::{self, payable};
use super::phone::{self, APP_DEFAULT, Door, TITLE};
use super::{Unionpay, codes};
use crate::core::{
    BridgeRefusal, Cashier, Ctx, Keypad, Looked, Luck, Opener, PayRefusal, Query, Question,
    Request, Response, Stop, app, payer_of,
};

/// The app's scanner hands a code to the gateway here.
pub(crate) const SCAN_PATH: &str = "/qrcGtwWeb-web/api/scan";
/// UnionPay's payment page for one scan; loading it asks the owner.
pub(crate) const ORDER_PATH: &str = "/qrcGtwWeb-web/api/order";
/// The name of a question to a code's owner, for fault rules.
pub(super) const ORDER_QUERY: &str = "order-query";

impl Unionpay {
    /// `GET /qr95516/{code}`: every app but UnionPay's own goes on to the page behind the code.
    pub(super) fn issued(ctx: &Ctx<'_>, request: &Request) -> Response {
        let text = format!("{}{}", ctx.base_url, request.uri().path());
        if matches!(Opener::of(request), Opener::Unionpay(_)) {
            return app::redirect(&scan_path(&text));
        }
        let known = issued_code(ctx.base_url, &text).ok_or(CodeRefusal::UnknownCode);
        match known.and_then(|_| ctx.codes.resolve(ctx.base_url, &text)) {
            Ok(code) => app::redirect(&code.page),
            Err(refusal) => stop(refusal.words(), refusal.code()),
        }
    }

    /// `GET .../api/scan?code=[&scan=]`: a scan gets its number.
    pub(super) fn scanned(ctx: &mut Ctx<'_>, request: &Request) -> Response {
        let Some(app) = app_of(request) else { return other_app() };
        let query = Query::of(request);
        let text = query.get("code").unwrap_or_default().trim();
        let code = match ctx.codes.resolve(ctx.base_url, text) {
            Ok(code) => code,
            Err(refusal) => return stop(refusal.words(), refusal.code()),
        };
        // A code that UnionPay issued is its own: no app of its circle opens the page behind it.
        if code.mode == Mode::Page && code.scheme == codes::Scheme::NonStandard {
            return app::redirect(&code.page);
        }
        let scan = Scan {
            query_no: String::new(),
            at: ctx.now,
            app,
            payer: payer_of(request),
            text: text.to_owned(),
            code,
            asked: 0,
            reading: Reading::NotAsked,
        };
        let query_no = ctx.codes.begin(scan, query.get("scan"));
        app::redirect(&format!("{ORDER_PATH}?no={query_no}"))
    }

    /// What the owner has to be asked before [`Self::order`] can show anything.
    pub(super) fn ask_owner(&self, ctx: &mut Ctx<'_>, request: &Request) -> Option<Question> {
        if phone::door(request) != Some(Door::Order) {
            return None;
        }
        app_of(request)?;
        let query = Query::of(request);
        let amount = query.get("txnAmt");
        if amount.is_some_and(|amount| order_query::entered(amount).is_none()) {
            return None;
        }
        let scan = ctx.codes.scan_mut(query.get("no")?)?;
        // A scan that is paid for is over, whatever its owner would say.
        if let Reading::Order { key, .. } = &scan.reading
            && matches!(payable(&self.trades, key), Err(PayRefusal::AlreadyPaid))
        {
            return None;
        }
        scan.asked = scan.asked.saturating_add(1);
        let mut headers = HeaderMap::new();
        let form = HeaderValue::from_static("application/x-www-form-urlencoded;charset=UTF-8");
        headers.insert(header::CONTENT_TYPE, form);
        Some(Question {
            channel: "unionpay",
            call: ORDER_QUERY,
            url: format!("{}{}", scan.code.owner, order_query::PATH),
            headers,
            body: order_query::form(&self.config, ctx.now, scan, amount),
            subject: scan.query_no.clone(),
            after_ms: 0,
            luck: Luck::Answered,
        })
    }

    /// What came of a question; `None` if no answer came.
    pub(super) fn owner_said(
        &mut self,
        ctx: &mut Ctx<'_>,
        question: &Question,
        answer: Option<(u16, Bytes)>,
    ) {
        let reading = match answer {
            None => Reading::NoAnswer,
            Some((status, body)) => {
                let asked = order_query::asked(&question.body);
                let told = order_query::read(&self.config, &asked, (status, &body));
                order_query::admit(&mut self.trades, ctx.now, told)
            }
        };
        if let Some(scan) = ctx.codes.scan_mut(&question.subject) {
            scan.reading = reading;
        }
    }

    /// `GET .../api/order?no=[&txnAmt=]`: what the payer sees of the owner's answer.
    pub(super) fn order(&self, ctx: &Ctx<'_>, request: &Request) -> Response {
        if app_of(request).is_none() {
            return other_app();
        }
        let query = Query::of(request);
        if query.get("txnAmt").is_some_and(|amount| order_query::entered(amount).is_none()) {
            return stop("金额有误", "13");
        }
        let Some(scan) = query.get("no").and_then(|no| ctx.codes.scan(no)) else {
            return stop("扫码记录已过期，请重新扫码", "34");
        };
        let again = format!("{ORDER_PATH}?no={}", scan.query_no);
        let refused = |words: &str, code: &str| {
            app::stopped(Stop { channel: "unionpay", title: TITLE, words, code, again: &again })
        };
        match &scan.reading {
            Reading::NotAsked => refused("正在向收单机构查询订单", "05"),
            Reading::NoAnswer => refused("收单机构没有应答，请稍后再试", "NO_ANSWER"),
            Reading::Unreadable(flaw) => refused(flaw.words(), &flaw.code()),
            Reading::Refused { code, message } => refused(&refusal_words(code, message), code),
            Reading::AmountWanted { merchant } => Keypad {
                channel: "unionpay",
                title: TITLE,
                merchant,
                next: &format!("{again}&txnAmt="),
            }
            .show(),
            Reading::Order { merchant, key } => match payable(&self.trades, key) {
                Err(refusal) => {
                    let refusal = BridgeRefusal::from(refusal);
                    refused(&refusal.words(), refusal.code())
                }
                Ok(trade) => Cashier {
                    channel: "unionpay",
                    title: TITLE,
                    order: Looked {
                        merchant: merchant.clone(),
                        description: trade.key.order_id.clone(),
                        amount: trade.amount,
                        order_no: trade.key.order_id.clone(),
                    },
                    params: json!({ "code": trade.link }),
                    back: None,
                    quit: None,
                }
                .show(),
            },
        }
    }
}

/// The page that an app of UnionPay's opens for a scanned text.
pub(crate) fn scan_path(text: &str) -> String {
    let code: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
    format!("{SCAN_PATH}?code={code}")
}

/// The app of UnionPay's circle; `None` for any other.
fn app_of(request: &Request) -> Option<String> {
    match Opener::of(request) {
        Opener::Unionpay(id) => Some(id),
        Opener::Program => Some(APP_DEFAULT.to_owned()),
        Opener::Wechat | Opener::Alipay | Opener::Browser => None,
    }
}

fn refusal_words(code: &str, message: &str) -> String {
    let words = match code {
        "34" => "没有这个收款码",
        "02" => "收款码已停用，或订单已结束",
        "13" => "收单机构不接受这个金额",
        "05" => "有人正在支付这笔订单",
        _ => return format!("收单机构拒绝了查询：{message}"),
    };
    words.to_owned()
}

fn other_app() -> Response {
    app::stop("unionpay", TITLE, "请使用云闪付或银行 App 打开")
}

fn stop(words: &str, code: &str) -> Response {
    app::stopped(Stop { channel: "unionpay", title: TITLE, words, code, again: "" })
}
