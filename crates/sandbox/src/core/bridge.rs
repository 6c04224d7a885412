//! What the channels' apps ask on a payer's phone: what is there to pay, and "pay it". The apps'
//! pages and web views call it at `/sandbox/bridge/{channel}/`.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Method, StatusCode};
use money::Amount;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Opener, PayRefusal, Request, Response, identity};

/// The paths under which apps talk to their channel.
const PATH: &str = "/sandbox/bridge/";
/// The name of a look for fault rules; nothing strikes it, for it only reads.
pub(crate) const LOOK: &str = "bridge/look";
/// The name of a payment for fault rules.
pub(crate) const PAY: &str = "bridge/pay";

/// What an app asks its channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wish {
    Look,
    Pay,
    /// The app's own page for a code that its scanner read.
    Scanned,
}

/// The channel that a path of a bridge speaks to.
pub(crate) fn channel_of(path: &str) -> Option<&str> {
    path.strip_prefix(PATH)?.split('/').next()
}

/// What is asked, if the request is one of an app's.
pub(crate) fn wish(request: &Request) -> Option<Wish> {
    let (_, verb) = request.uri().path().strip_prefix(PATH)?.split_once('/')?;
    match (request.method(), verb) {
        (&Method::POST, "look") => Some(Wish::Look),
        (&Method::POST, "pay") => Some(Wish::Pay),
        (&Method::GET, "scanned") => Some(Wish::Scanned),
        _ => None,
    }
}

/// The call's name for fault rules.
pub(crate) fn call_name(wish: Wish) -> String {
    match wish {
        Wish::Look | Wish::Scanned => LOOK,
        Wish::Pay => PAY,
    }
    .to_owned()
}

#[derive(Deserialize)]
struct Body {
    params: Map<String, Value>,
    payer: Option<String>,
}

/// What the page gave its app, and whose phone it is.
#[derive(Debug, Clone)]
pub(crate) struct Ask {
    params: Map<String, Value>,
    pub(crate) payer: String,
    pub(crate) opener: Opener,
}

impl Ask {
    pub(crate) fn of(request: &Request) -> Result<Self, BridgeRefusal> {
        let body: Body =
            serde_json::from_slice(request.body()).or(Err(BridgeRefusal::Malformed("params")))?;
        let payer = body.payer.filter(|payer| identity::is_payer(payer));
        let payer = payer.unwrap_or_else(|| identity::payer_of(request));
        Ok(Self { params: body.params, payer, opener: Opener::of(request) })
    }

    /// The same for a page: its query is what it was given.
    pub(crate) fn of_query(request: &Request) -> Self {
        let pairs = form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes());
        let params = pairs.map(|(k, v)| (k.into_owned(), Value::from(v.into_owned()))).collect();
        Self { params, payer: identity::payer_of(request), opener: Opener::of(request) }
    }

    /// A parameter's text; `None` if it is absent, empty or no text.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.params.get(name)?.as_str().filter(|text| !text.is_empty())
    }

    pub(crate) fn required(&self, name: &'static str) -> Result<&str, BridgeRefusal> {
        self.text(name).ok_or(BridgeRefusal::Malformed(name))
    }
}

/// What the app shows before it takes the payer's word.
#[derive(Debug, Clone)]
pub(crate) struct Looked {
    pub(crate) merchant: String,
    pub(crate) description: String,
    pub(crate) amount: Amount,
    pub(crate) order_no: String,
}

/// Why an app does not pay, in the order in which it looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum BridgeRefusal {
    /// A parameter is missing or not one the app takes, by its name.
    Malformed(&'static str),
    /// No code, link or number of this channel.
    Unrecognised,
    AppNotBound,
    BadSignature,
    OrderPaid,
    OrderClosed,
    /// The order was made for another payer.
    OtherPayer,
}

impl From<PayRefusal> for BridgeRefusal {
    fn from(refusal: PayRefusal) -> Self {
        match refusal {
            PayRefusal::UnknownChannel | PayRefusal::UnknownOrder => Self::Unrecognised,
            PayRefusal::Closed => Self::OrderClosed,
            PayRefusal::AlreadyPaid => Self::OrderPaid,
        }
    }
}

impl BridgeRefusal {
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Malformed(_) => "PARAM_ERROR",
            Self::Unrecognised => "ORDER_NOT_EXIST",
            Self::AppNotBound => "APPID_NOT_MATCH",
            Self::BadSignature => "SIGN_ERROR",
            Self::OrderPaid => "ORDER_PAID",
            Self::OrderClosed => "ORDER_CLOSED",
            Self::OtherPayer => "OPENID_MISMATCH",
        }
    }

    /// What the app says to the payer.
    pub(crate) fn words(self) -> String {
        let words = match self {
            Self::Malformed(name) => return format!("缺少参数或参数有误：{name}"),
            Self::Unrecognised => "订单不存在",
            Self::AppNotBound => "appid 与下单时不一致",
            Self::BadSignature => "支付验证签名失败",
            Self::OrderPaid => "该订单已支付",
            Self::OrderClosed => "该订单已关闭",
            Self::OtherPayer => "下单账号与支付账号不一致，请核实后再支付",
        };
        words.to_owned()
    }

    /// Only what no app could understand is an error of HTTP: a refusal is an answer.
    const fn status(self) -> StatusCode {
        match self {
            Self::Malformed(_) => StatusCode::BAD_REQUEST,
            Self::Unrecognised
            | Self::AppNotBound
            | Self::BadSignature
            | Self::OrderPaid
            | Self::OrderClosed
            | Self::OtherPayer => StatusCode::OK,
        }
    }
}

/// What the app is told of an order.
pub(crate) fn looked(found: Result<Looked, BridgeRefusal>) -> Response {
    match found {
        Err(refusal) => refused(refusal),
        Ok(found) => said(
            StatusCode::OK,
            &json!({
                "merchant": found.merchant,
                "description": found.description,
                "amount_fen": found.amount.minor(),
                "order_no": found.order_no,
            }),
        ),
    }
}

/// What the app is told of a payment.
pub(crate) fn paid(done: Result<(), BridgeRefusal>) -> Response {
    match done {
        Err(refusal) => refused(refusal),
        Ok(()) => said(StatusCode::OK, &json!({ "result": "ok" })),
    }
}

/// The channel does not know itself: the app tells its page so.
pub(crate) fn unknown() -> Response {
    said(StatusCode::OK, &json!({ "result": "unknown", "message": "系统繁忙，请稍后查看结果" }))
}

fn refused(refusal: BridgeRefusal) -> Response {
    let words = refusal.words();
    let body = json!({ "result": "refused", "code": refusal.code(), "message": words });
    said(refusal.status(), &body)
}

fn said(status: StatusCode, value: &Value) -> Response {
    let mut response = Response::new(Bytes::from(value.to_string()));
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}
