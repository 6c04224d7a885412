//! The v3 interface: JSON over signed HTTP, for merchants and for service providers.

use http::{Method, StatusCode};
use jiff::Timestamp;
use money::Amount;
use serde_json::{Value, json};

use super::auth::{self, Caller, Stranger};
use super::config::WechatConfig;
use super::numbers::rfc3339;
use super::refusal::Refusal;
use super::trades::{
    Interface, Kind, OrderKey, OrderRef, Party, RefundAsk, Terms, Trades, Trust, fen,
};
use super::{ChargeCode, charge, messages, notify, phone};
use crate::core::{Ctx, Request, Response};

const DESCRIPTION_BYTES_MAX: usize = 127;
const ATTACH_BYTES_MAX: usize = 128;
const REFUND_NO_CHARS_MAX: usize = 64;
const REASON_BYTES_MAX: usize = 80;
const ID_CHARS_MAX: usize = 128;
/// `associated_data` of a sealed certificate.
const CERTIFICATE_WORD: &str = "certificate";

/// What a path asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Call {
    Prepay(Kind),
    CodePay,
    QueryByNumber(String),
    QueryById(String),
    Close(String),
    Reverse(String),
    Refund,
    RefundQuery(String),
    Certificates,
}

/// In whose name a path speaks; refund paths leave it open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Direct,
    Partner,
    Either,
}

/// What is answered: status and body.
type Reply = (StatusCode, String);

/// Why a call is not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Denial {
    Refused(Refusal),
    /// A field is missing or out of its bounds: the JSON pointer to it.
    Field(&'static str),
    NotFound,
}

impl From<Refusal> for Denial {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl Denial {
    fn reply(self) -> Reply {
        match self {
            Self::Refused(refusal) => {
                let (status, code) = refusal.v3();
                (status, json!({ "code": code, "message": refusal.text() }).to_string())
            }
            Self::Field(pointer) => {
                let (status, code) = Refusal::Malformed.v3();
                let message = Refusal::Malformed.text();
                let detail = json!({ "field": pointer, "issue": "missing or out of bounds" });
                let body = json!({ "code": code, "message": message, "detail": detail });
                (status, body.to_string())
            }
            Self::NotFound => {
                let body = json!({ "code": "RESOURCE_NOT_EXISTS", "message": "接口不存在" });
                (StatusCode::NOT_FOUND, body.to_string())
            }
        }
    }
}

/// The call's name for fault rules: the same for merchants and service providers.
pub(super) fn call_name(request: &Request) -> String {
    let name = match route(request) {
        Some((Call::Prepay(Kind::Jsapi), _)) => "v3/jsapi",
        Some((Call::Prepay(Kind::Native), _)) => "v3/native",
        Some((Call::Prepay(Kind::App), _)) => "v3/app",
        Some((Call::Prepay(Kind::H5), _)) => "v3/h5",
        Some((Call::Prepay(Kind::CodePay) | Call::CodePay, _)) => "v3/codepay",
        Some((Call::QueryByNumber(_) | Call::QueryById(_), _)) => "v3/query",
        Some((Call::Close(_), _)) => "v3/close",
        Some((Call::Reverse(_), _)) => "v3/reverse",
        Some((Call::Refund, _)) => "v3/refund",
        Some((Call::RefundQuery(_), _)) => "v3/refund-query",
        Some((Call::Certificates, _)) => "v3/certificates",
        None => "v3/unknown",
    };
    name.to_owned()
}

fn route(request: &Request) -> Option<(Call, Mode)> {
    let path = request.uri().path().trim_start_matches('/');
    let segments: Vec<&str> = path.split('/').collect();
    let (mode, rest) = match segments.as_slice() {
        ["v3", "pay", "partner", "transactions", rest @ ..] => (Mode::Partner, rest),
        ["v3", "pay", "transactions", rest @ ..] => (Mode::Direct, rest),
        ["v3", "refund", "domestic", "refunds"] => {
            return (request.method() == Method::POST).then_some((Call::Refund, Mode::Either));
        }
        ["v3", "refund", "domestic", "refunds", no] => {
            let call = Call::RefundQuery(decoded(no));
            return (request.method() == Method::GET).then_some((call, Mode::Either));
        }
        ["v3", "certificates"] => {
            let is_get = request.method() == Method::GET;
            return is_get.then_some((Call::Certificates, Mode::Either));
        }
        _ => return None,
    };
    let (method, call) = match rest {
        ["jsapi"] => (Method::POST, Call::Prepay(Kind::Jsapi)),
        ["native"] => (Method::POST, Call::Prepay(Kind::Native)),
        ["app"] => (Method::POST, Call::Prepay(Kind::App)),
        ["h5"] => (Method::POST, Call::Prepay(Kind::H5)),
        ["codepay"] => (Method::POST, Call::CodePay),
        ["id", id] => (Method::GET, Call::QueryById(decoded(id))),
        ["out-trade-no", no] => (Method::GET, Call::QueryByNumber(decoded(no))),
        ["out-trade-no", no, "close"] => (Method::POST, Call::Close(decoded(no))),
        ["out-trade-no", no, "reverse"] => (Method::POST, Call::Reverse(decoded(no))),
        _ => return None,
    };
    (*request.method() == method).then_some((call, mode))
}

/// Order numbers may hold `*` and `|`, which some clients escape in a path.
fn decoded(segment: &str) -> String {
    form_urlencoded::parse(segment.as_bytes()).map(|(name, _)| name.into_owned()).collect()
}

/// Does a call and signs the answer.
pub(super) fn handle(
    config: &WechatConfig,
    trades: &mut Trades,
    ctx: &mut Ctx<'_>,
    request: &Request,
) -> Response {
    let now = ctx.now;
    let caller = match auth::authenticate(config, now, request) {
        Ok(caller) => caller,
        Err(stranger) => return turn_away(config, now, stranger, request),
    };
    let mut desk = Desk { config, trades, ctx, caller };
    let reply = desk.serve(request).unwrap_or_else(Denial::reply);
    auth::answer(config, now, caller.trust, reply)
}

/// The channel's "I do not know": HTTP 500 `SYSTEM_ERROR`.
pub(super) fn busy(config: &WechatConfig, now: Timestamp, request: &Request) -> Response {
    refuse(config, now, request, Refusal::SystemError)
}

/// HTTP 403 `NOT_ENOUGH`: the merchant's account does not cover the refund.
pub(super) fn short_of_money(config: &WechatConfig, now: Timestamp, request: &Request) -> Response {
    refuse(config, now, request, Refusal::MerchantShort)
}

fn refuse(config: &WechatConfig, now: Timestamp, request: &Request, why: Refusal) -> Response {
    let trust = auth::trust(config, request.headers()).unwrap_or(Trust::Certificate);
    auth::answer(config, now, trust, Denial::Refused(why).reply())
}

fn turn_away(
    config: &WechatConfig,
    now: Timestamp,
    stranger: Stranger,
    request: &Request,
) -> Response {
    let detail = match stranger {
        // What the channel looked at helps whoever wrote the client.
        Stranger::SignatureWrong => json!({
            "location": "authorization",
            "issue": "sign not match",
            "sign_information": {
                "method": request.method().as_str(),
                "url": request.uri().path_and_query().map(|target| target.as_str()),
                "body_bytes": request.body().len(),
            },
        }),
        Stranger::HeaderMissing
        | Stranger::AuthorizationMissing
        | Stranger::AuthorizationMalformed
        | Stranger::MerchantUnknown
        | Stranger::SerialUnknown
        | Stranger::ClockSkewed
        | Stranger::PlatformSerialUnknown => json!({ "location": "header" }),
    };
    let body = json!({ "code": stranger.code(), "message": stranger.text(), "detail": detail });
    auth::answer(config, now, Trust::Certificate, (stranger.status(), body.to_string()))
}

/// One call at work.
struct Desk<'a, 'c> {
    config: &'a WechatConfig,
    trades: &'a mut Trades,
    ctx: &'a mut Ctx<'c>,
    caller: Caller<'a>,
}

impl Desk<'_, '_> {
    fn serve(&mut self, request: &Request) -> Result<Reply, Denial> {
        let (call, mode) = route(request).ok_or(Denial::NotFound)?;
        let input = Input::of(request)?;
        match call {
            Call::Certificates => Ok(self.certificates()),
            Call::Prepay(kind) => self.prepay(mode, kind, &input),
            Call::CodePay => self.code_pay(mode, &input),
            Call::QueryByNumber(no) => self.query(mode, &input, OrderRef::OutTradeNo(&no)),
            Call::QueryById(id) => self.query(mode, &input, OrderRef::TransactionId(&id)),
            Call::Close(no) => self.close(mode, &input, no),
            Call::Reverse(no) => self.reverse(mode, &input, &no),
            Call::Refund => self.refund(&input),
            Call::RefundQuery(no) => self.refund_query(&input, &no),
        }
    }

    fn prepay(&mut self, mode: Mode, kind: Kind, input: &Input) -> Result<Reply, Denial> {
        let party = self.party(mode, input)?;
        let key = (party, out_trade_no(input)?);
        let notify_url = Some(notify_url(input)?.ok_or(Denial::Field("/notify_url"))?);
        let openid = if kind == Kind::Jsapi { Some(openid(mode, input)?) } else { None };
        if kind == Kind::H5 {
            input.required("/scene_info/payer_client_ip", ID_CHARS_MAX)?;
            input.required("/scene_info/h5_info/type", ID_CHARS_MAX)?;
        }
        let terms = Terms { openid, notify_url, ..self.terms(mode, kind, input)? };
        self.trades.prepay(self.ctx.now, key.clone(), terms, self.caller.trust)?;
        let prepay_id = self.trades.prepay_id(self.ctx.now, &key);
        let body = match kind {
            Kind::Native => json!({ "code_url": code_url(&prepay_id) }),
            Kind::H5 => {
                let base = self.ctx.base_url;
                json!({ "h5_url": format!("{base}{}?prepay_id={prepay_id}", phone::H5_PATH) })
            }
            Kind::Jsapi | Kind::App | Kind::CodePay => json!({ "prepay_id": prepay_id }),
        };
        Ok((StatusCode::OK, body.to_string()))
    }

    fn code_pay(&mut self, mode: Mode, input: &Input) -> Result<Reply, Denial> {
        let party = self.party(mode, input)?;
        let key = (party, out_trade_no(input)?);
        let code = input.required("/payer/auth_code", ID_CHARS_MAX)?;
        let terms = self.terms(mode, Kind::CodePay, input)?;
        let order = ChargeCode { key: key.clone(), terms, trust: self.caller.trust, code };
        charge(self.trades, self.ctx, order)?;
        self.transaction(&key.0, OrderRef::OutTradeNo(&key.1))
    }

    fn query(&mut self, mode: Mode, input: &Input, which: OrderRef<'_>) -> Result<Reply, Denial> {
        let party = self.party(mode, input)?;
        self.transaction(&party, which)
    }

    fn transaction(&self, party: &Party, which: OrderRef<'_>) -> Result<Reply, Denial> {
        let order = self.trades.order(party, which)?;
        let body = messages::transaction(self.caller.merchant, order);
        Ok((StatusCode::OK, body.to_string()))
    }

    fn close(&mut self, mode: Mode, input: &Input, no: String) -> Result<Reply, Denial> {
        let party = self.party(mode, input)?;
        self.trades.close(&(party, no))?;
        Ok((StatusCode::NO_CONTENT, String::new()))
    }

    fn reverse(&mut self, mode: Mode, input: &Input, no: &str) -> Result<Reply, Denial> {
        let party = self.party(mode, input)?;
        // The page calls sp_appid optional, but the channel answers SYSTEM_ERROR without it.
        if mode == Mode::Partner && input.optional("/sp_appid", ID_CHARS_MAX)?.is_none() {
            return Err(Refusal::SystemError.into());
        }
        self.trades.reverse(self.ctx.now, &party, OrderRef::OutTradeNo(no))?;
        let body = match &party.sub_mchid {
            None => json!({ "mchid": party.mchid, "out_trade_no": no }),
            Some(sub) => json!({ "sp_mchid": party.mchid, "sub_mchid": sub, "out_trade_no": no }),
        };
        Ok((StatusCode::OK, body.to_string()))
    }

    fn refund(&mut self, input: &Input) -> Result<Reply, Denial> {
        let party = self.party(Mode::Either, input)?;
        let key = self.order_of_refund(&party, input)?;
        let ask = RefundAsk {
            out_refund_no: input.required("/out_refund_no", REFUND_NO_CHARS_MAX)?,
            refund: input.fen("/amount/refund")?,
            total: input.fen("/amount/total")?,
            reason: input.optional("/reason", REASON_BYTES_MAX)?,
            notify_url: notify_url(input)?,
        };
        if input.required("/amount/currency", ID_CHARS_MAX)? != "CNY" {
            return Err(Denial::Field("/amount/currency"));
        }
        let interface = Interface::V3(self.caller.trust);
        let key = self.trades.take_refund(self.ctx.now, &key, ask, interface)?;
        self.told_refund(&key.0, &key.1)
    }

    fn order_of_refund(&self, party: &Party, input: &Input) -> Result<OrderKey, Denial> {
        let id = input.optional("/transaction_id", ID_CHARS_MAX)?;
        let no = input.optional("/out_trade_no", ID_CHARS_MAX)?;
        let which = match (&id, &no) {
            (Some(id), _) => OrderRef::TransactionId(id),
            (None, Some(no)) => OrderRef::OutTradeNo(no),
            (None, None) => return Err(Denial::Field("/out_trade_no")),
        };
        match self.trades.order(party, which) {
            Ok(order) => Ok(order.key()),
            // Refund pages name a missing order as a missing resource.
            Err(_) => Err(Refusal::RefundUnknown.into()),
        }
    }

    fn refund_query(&mut self, input: &Input, no: &str) -> Result<Reply, Denial> {
        let party = self.party(Mode::Either, input)?;
        self.told_refund(&party, no)
    }

    fn told_refund(&self, party: &Party, out_refund_no: &str) -> Result<Reply, Denial> {
        let refund = self.trades.refund(party, out_refund_no)?;
        Ok((StatusCode::OK, messages::refund(refund).to_string()))
    }

    fn certificates(&self) -> Reply {
        let platform = &self.config.platform;
        let pem = &platform.certificate_pem;
        let sealed = notify::seal(self.caller.merchant, self.ctx.now, CERTIFICATE_WORD, pem);
        let body = json!({ "data": [{
            "serial_no": platform.serial(Trust::Certificate),
            "effective_time": rfc3339(platform.valid_from),
            "expire_time": rfc3339(platform.valid_until),
            "encrypt_certificate": sealed,
        }] });
        (StatusCode::OK, body.to_string())
    }

    /// Whose order the call speaks of; every number it names must belong to the signer.
    fn party(&self, mode: Mode, input: &Input) -> Result<Party, Denial> {
        let merchant = self.caller.merchant;
        let is_partner = merchant.is_partner();
        let fits = match mode {
            Mode::Direct => !is_partner,
            Mode::Partner => is_partner,
            Mode::Either => true,
        };
        if !fits {
            return Err(Refusal::NotAuthorised.into());
        }
        let (mchid, appid) =
            if is_partner { ("/sp_mchid", "/sp_appid") } else { ("/mchid", "/appid") };
        let named = input.optional(mchid, ID_CHARS_MAX)?;
        if mode != Mode::Either && named.is_none() {
            return Err(Denial::Field(mchid));
        }
        if named.is_some_and(|named| named != merchant.mchid) {
            return Err(Refusal::NotAuthorised.into());
        }
        if input.optional(appid, ID_CHARS_MAX)?.is_some_and(|named| named != merchant.appid) {
            return Err(Refusal::AppNotBound.into());
        }
        let sub_mchid = if is_partner { Some(self.sub_mchid(input)?) } else { None };
        Ok(Party { mchid: merchant.mchid.clone(), sub_mchid })
    }

    fn sub_mchid(&self, input: &Input) -> Result<String, Denial> {
        let sub_mchid = input.required("/sub_mchid", ID_CHARS_MAX)?;
        let sub = self.caller.merchant.sub(&sub_mchid).ok_or(Refusal::MerchantUnknown)?;
        let sub_appid = input.optional("/sub_appid", ID_CHARS_MAX)?;
        if sub_appid.is_some_and(|named| named != sub.appid) {
            return Err(Refusal::AppNotBound.into());
        }
        Ok(sub_mchid)
    }

    fn terms(&self, mode: Mode, kind: Kind, input: &Input) -> Result<Terms, Denial> {
        let appid = if mode == Mode::Partner { "/sp_appid" } else { "/appid" };
        let currency = input.optional("/amount/currency", ID_CHARS_MAX)?;
        if currency.is_some_and(|currency| currency != "CNY") {
            return Err(Denial::Field("/amount/currency"));
        }
        Ok(Terms {
            kind,
            appid: input.required(appid, ID_CHARS_MAX)?,
            sub_appid: input.optional("/sub_appid", ID_CHARS_MAX)?,
            description: input.required("/description", DESCRIPTION_BYTES_MAX)?,
            attach: input.optional("/attach", ATTACH_BYTES_MAX)?,
            total: input.fen("/amount/total")?,
            openid: None,
            notify_url: None,
            expires: expires(input)?,
        })
    }
}

/// A call's fields: the JSON body of a POST, the query of a GET.
struct Input(Value);

impl Input {
    fn of(request: &Request) -> Result<Self, Denial> {
        if request.method() == Method::GET {
            let query = request.uri().query().unwrap_or_default();
            let pairs = form_urlencoded::parse(query.as_bytes());
            return Ok(Self(pairs.map(|(k, v)| (k.into_owned(), Value::from(v))).collect()));
        }
        let body: Value = serde_json::from_slice(request.body()).or(Err(Denial::Field("/")))?;
        if body.is_object() { Ok(Self(body)) } else { Err(Denial::Field("/")) }
    }

    /// A text of at most so many bytes; an empty one counts as absent.
    fn optional(&self, pointer: &'static str, max: usize) -> Result<Option<String>, Denial> {
        match self.0.pointer(pointer) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if text.is_empty() => Ok(None),
            Some(Value::String(text)) if text.len() <= max => Ok(Some(text.clone())),
            Some(_) => Err(Denial::Field(pointer)),
        }
    }

    fn required(&self, pointer: &'static str, max: usize) -> Result<String, Denial> {
        self.optional(pointer, max)?.ok_or(Denial::Field(pointer))
    }

    fn fen(&self, pointer: &'static str) -> Result<Amount, Denial> {
        let minor = self.0.pointer(pointer).and_then(Value::as_u64);
        fen(minor.ok_or(Denial::Field(pointer))?).or(Err(Denial::Field(pointer)))
    }
}

fn out_trade_no(input: &Input) -> Result<String, Denial> {
    const FIELD: &str = "/out_trade_no";
    let no = input.required(FIELD, super::ORDER_NO_CHARS_MAX)?;
    if super::is_order_no(&no) { Ok(no) } else { Err(Denial::Field(FIELD)) }
}

fn openid(mode: Mode, input: &Input) -> Result<String, Denial> {
    if mode != Mode::Partner {
        return input.required("/payer/openid", ID_CHARS_MAX);
    }
    match input.optional("/payer/sp_openid", ID_CHARS_MAX)? {
        Some(openid) => Ok(openid),
        // A sub-merchant's openid belongs to the sub-merchant's app, which must be named.
        None => {
            input.required("/sub_appid", ID_CHARS_MAX)?;
            input.required("/payer/sub_openid", ID_CHARS_MAX)
        }
    }
}

fn notify_url(input: &Input) -> Result<Option<String>, Denial> {
    const FIELD: &str = "/notify_url";
    let Some(url) = input.optional(FIELD, super::URL_CHARS_MAX)? else {
        return Ok(None);
    };
    if super::is_notify_url(&url) { Ok(Some(url)) } else { Err(Denial::Field(FIELD)) }
}

fn expires(input: &Input) -> Result<Option<Timestamp>, Denial> {
    const FIELD: &str = "/time_expire";
    let text = input.optional(FIELD, ID_CHARS_MAX)?;
    text.map(|text| text.parse().or(Err(Denial::Field(FIELD)))).transpose()
}

pub(super) fn code_url(prepay_id: &str) -> String {
    let tail: String = prepay_id.chars().rev().take(9).collect();
    format!("weixin://wxpay/bizpayurl?pr={tail}")
}
