//! 云闪付: QR payments over UnionPay's online gateway, messages of version 5.1.0, `signMethod` 01.
//!
//! The payer's code is charged by `txnType` 01 with `txnSubType` 06, a code is made by 07; both are
//! queried by 00, voided by 31 and refunded by 04. The gateway knows a trade by merchant, order number
//! and `txnTime` together: ours is the moment in which the attempt or refund got its id, so that every
//! message says the same. A void or a refund names the payment by the gateway's `queryId`, which is
//! asked for first: see [`Connector::follow_up`]. Payments inside the app's pages speak another
//! interface: see [`open`].

mod api;
pub mod emv;
mod map;
mod open;
mod order_query;
mod payer;
mod sign;
#[cfg(test)]
mod tests;

pub(crate) use map::OUR_FAULTS;

use crypto::{Certificate, RsaPrivateKey};
use http::header::CONTENT_TYPE;
use jiff::Timestamp;
use orders::channel::{Call, Notice, PayWay, Reply, Unknown};
use secret::Secret;
use serde::Deserialize;

use crate::config::secret as secret_text;
use crate::{
    BuildError, Channel, ConfigError, Connector, NoticeRefusal, OrderAnswer, OrderQuery, PayerAsk,
    PayerUnknown, Request, Response, silence,
};

/// The name in the certificate that signs UnionPay's messages; its test system has another.
const CHANNEL_NAME: &str = "中国银联股份有限公司";

/// The parameters of a merchant at UnionPay's gateway.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnionpayConfig {
    /// `https://gateway.95516.com`
    gateway: String,
    /// 15 letters and digits.
    mer_id: String,
    /// An acquirer acts for the merchant (`accessType` 1).
    #[serde(default)]
    acq_ins_code: Option<String>,
    /// The certificate of our signing key: its serial is the `certId` of our messages.
    sign_cert: String,
    /// PKCS#8 or PKCS#1, PEM or bare base64.
    #[serde(deserialize_with = "secret_text")]
    sign_private_key: Secret<String>,
    /// UnionPay's root and middle certificates: they vouch for the certificate in each answer.
    root_cert: String,
    middle_cert: String,
    /// The common name of that certificate; `00040000:SIGN` at UnionPay's test system.
    #[serde(default)]
    channel_name: Option<String>,
    /// For payments inside the UnionPay app's pages.
    #[serde(default)]
    open_platform: Option<open::OpenConfig>,
}

#[derive(Debug)]
pub(crate) struct Unionpay {
    gateway: http::Uri,
    mer_id: String,
    acq_ins_code: Option<String>,
    cert_id: String,
    key: RsaPrivateKey,
    trust: sign::Trust,
    open: Option<open::Open>,
}

impl Unionpay {
    pub(crate) fn new(config: &UnionpayConfig) -> Result<Self, ConfigError> {
        let read = |pem: &str| Certificate::from_pem(pem).or(Err(ConfigError::Key));
        let key = RsaPrivateKey::from_pem(config.sign_private_key.expose());
        let key = key.or(Err(ConfigError::Key))?;
        let ours = read(&config.sign_cert)?;
        // A certificate of another key would make every message a bad signature at the gateway.
        if ours.public_key().or(Err(ConfigError::Key))? != key.public_key() {
            return Err(ConfigError::Key);
        }
        let (root, middle) = (read(&config.root_cert)?, read(&config.middle_cert)?);
        if !middle.is_signed_by(&root) {
            return Err(ConfigError::Key);
        }
        let open = config.open_platform.as_ref();
        let open = open.map(|open| open::Open::new(open, &config.mer_id)).transpose()?;
        let name = config.channel_name.as_deref().unwrap_or(CHANNEL_NAME).to_owned();
        Ok(Self {
            gateway: config.gateway.trim_end_matches('/').parse().or(Err(ConfigError::Address))?,
            mer_id: config.mer_id.clone(),
            acq_ins_code: config.acq_ins_code.clone(),
            cert_id: ours.serial_decimal().to_owned(),
            key,
            trust: sign::Trust { root, middle, name },
            open,
        })
    }

    /// The interface of a call about a payment inside the app's pages.
    fn open_for(&self, call: &Call) -> Option<&open::Open> {
        self.open.as_ref().filter(|_| api::subject(call).way == PayWay::Jsapi)
    }

    /// The fields of an answer that the gateway signed.
    fn trusted(&self, now: Timestamp, response: &Response) -> Result<sign::Fields, Unknown> {
        if !response.status().is_success() {
            return Err(Unknown::NoAnswer);
        }
        let fields = sign::answer_fields(response.body()).ok_or(Unknown::Unreadable)?;
        if !self.trust.vouches_for(&fields, now) {
            return Err(Unknown::BadSignature);
        }
        Ok(fields)
    }
}

impl Connector for Unionpay {
    fn channel(&self) -> Channel {
        Channel::UnionPay
    }

    fn offers(&self, way: PayWay) -> bool {
        match way {
            PayWay::Jsapi => self.open.is_some(),
            PayWay::PayerCode | PayWay::DynamicQr | PayWay::OwnCode => true,
            PayWay::H5
            | PayWay::Page
            | PayWay::Card
            | PayWay::CardHold
            | PayWay::CardAdvice
            | PayWay::CardInquiry => false,
        }
    }

    fn build(&self, call: &Call, _now: Timestamp, _nonce: &str) -> Result<Request, BuildError> {
        match self.open_for(call) {
            Some(open) => open.build(call),
            None => api::build(self, call),
        }
    }

    /// UnionPay is told of a payment by a code of ours when it asks: nothing is said before.
    fn link(&self, call: &Call, _now: Timestamp) -> Option<Result<String, BuildError>> {
        let Call::Prepare(prepare) = call else { return None };
        (prepare.subject.way == PayWay::OwnCode).then(|| Ok(String::new()))
    }

    fn read_order_query(
        &self,
        now: Timestamp,
        request: &Request,
    ) -> Result<OrderQuery, NoticeRefusal> {
        let fields = sign::notice_fields(request)?;
        if !self.trust.vouches_for(&fields, now) {
            return Err(NoticeRefusal::BadSignature);
        }
        order_query::read(&fields)
    }

    fn answer_order_query(&self, query_no: &str, answer: &OrderAnswer<'_>) -> Option<Response> {
        Some(order_query::answer(self, query_no, answer))
    }

    fn follow_up(&self, call: &Call, now: Timestamp, response: &Response) -> Option<Request> {
        if self.open_for(call).is_some() {
            return None;
        }
        let fields = self.trusted(now, response).ok()?;
        let answer = map::Answer::of(self, call, &fields)?;
        api::follow_up(self, call, &answer)
    }

    fn read(&self, call: &Call, now: Timestamp, response: &Response) -> Reply {
        if let Some(open) = self.open_for(call) {
            return open.read(call, now, response);
        }
        let fields = match self.trusted(now, response) {
            Ok(fields) => fields,
            Err(why) => return silence(call, why),
        };
        match map::Answer::of(self, call, &fields) {
            Some(answer) => map::reply(call, now, &answer),
            None => silence(call, Unknown::Unreadable),
        }
    }

    fn read_notice(&self, now: Timestamp, request: &Request) -> Result<Notice, NoticeRefusal> {
        // The open platform's are JSON, the gateway's are forms.
        if let Some(open) = self.open.as_ref().filter(|_| request.body().starts_with(b"{")) {
            return open.notice(now, request.body());
        }
        let fields = sign::notice_fields(request)?;
        if !self.trust.vouches_for(&fields, now) {
            return Err(NoticeRefusal::BadSignature);
        }
        map::notice(self, &fields)
    }

    fn payer_scope(&self) -> Option<&str> {
        self.open.as_ref().map(|_| self.mer_id.as_str())
    }

    fn sign_in_page(&self, back: &str, state: &str) -> Option<String> {
        self.open.as_ref().map(|open| payer::sign_in_page(open, back, state))
    }

    fn ask_payer(&self, ask: &PayerAsk<'_>, now: Timestamp) -> Result<Request, PayerUnknown> {
        payer::ask(self.open.as_ref().ok_or(PayerUnknown::NotOffered)?, ask, now)
    }

    fn read_payer(&self, response: &Response) -> Result<String, PayerUnknown> {
        payer::read(self.open.as_ref().ok_or(PayerUnknown::NotOffered)?, response)
    }

    /// The open platform wants `success`; the gateway looks at the status only: 200 ends its deliveries, so a refusal must be another.
    fn notice_answer(&self, accepted: bool) -> Response {
        let text: &'static str = if accepted { "success" } else { "failure" };
        let mut response = Response::new(bytes::Bytes::from_static(text.as_bytes()));
        if !accepted {
            *response.status_mut() = http::StatusCode::INTERNAL_SERVER_ERROR;
        }
        let plain = http::HeaderValue::from_static("text/plain; charset=utf-8");
        response.headers_mut().insert(CONTENT_TYPE, plain);
        response
    }
}
