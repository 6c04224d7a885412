//! 支付宝: the OpenAPI gateway, version 1.0, `RSA2`.
//!
//! The payer's code is charged by `alipay.trade.pay`, a QR is made by `alipay.trade.precreate`; both are
//! queried, cancelled, closed and refunded by the `alipay.trade` family.

mod api;
mod map;
mod payer;
mod sign;

pub(crate) use map::OUR_FAULTS;

use crypto::{Certificate, RsaPrivateKey, RsaPublicKey, alipay_root_cert_sn};
use http::header::CONTENT_TYPE;
use jiff::Timestamp;
use orders::channel::{Call, Notice, PayWay, Reply, Unknown};
use secret::Secret;
use serde::Deserialize;

use crate::config::{opt_secret as opt_secret_text, secret as secret_text};
use crate::{
    BuildError, Channel, ConfigError, Connector, NoticeRefusal, PayerAsk, PayerUnknown, Request,
    Response, silence,
};

/// The parameters of an application at Alipay.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlipayConfig {
    /// `https://openapi.alipay.com/gateway.do`
    gateway: String,
    app_id: String,
    /// The seller's user id (2088...): notices must name it.
    seller_id: String,
    /// PKCS#8 or PKCS#1, PEM or bare base64.
    #[serde(deserialize_with = "secret_text")]
    app_private_key: Secret<String>,
    /// Key mode: Alipay's public key.
    #[serde(default)]
    alipay_public_key: Option<String>,
    /// Certificate mode: our application's certificate, Alipay's, and Alipay's roots.
    #[serde(default)]
    app_cert: Option<String>,
    #[serde(default)]
    alipay_cert: Option<String>,
    #[serde(default)]
    alipay_root_cert: Option<String>,
    /// 间连: the sub-merchant (SMID).
    #[serde(default)]
    sub_merchant_id: Option<String>,
    /// A service provider acts for a merchant.
    #[serde(default, deserialize_with = "opt_secret_text")]
    app_auth_token: Option<Secret<String>>,
    /// Where payers are sent to be named, if not at Alipay's own address.
    #[serde(default)]
    sign_in_page: Option<String>,
}

#[derive(Debug)]
pub(crate) struct Alipay {
    gateway: http::Uri,
    app_id: String,
    seller_id: String,
    key: RsaPrivateKey,
    trust: RsaPublicKey,
    /// Certificate mode: serial numbers of our certificate and of the roots, sent with each call, and
    /// of Alipay's certificate, which an answer must name.
    certificates: Option<Serials>,
    sub_merchant_id: Option<String>,
    app_auth_token: Option<Secret<String>>,
    sign_in_page: String,
}

#[derive(Debug)]
struct Serials {
    app: String,
    root: String,
    alipay: String,
}

impl Alipay {
    pub(crate) fn new(config: &AlipayConfig) -> Result<Self, ConfigError> {
        let (trust, certificates) = config.trust()?;
        let sign_in_page = config.sign_in_page.as_deref().unwrap_or(payer::SIGN_IN_PAGE);
        sign_in_page.parse::<http::Uri>().or(Err(ConfigError::Address))?;
        Ok(Self {
            gateway: config.gateway.parse().or(Err(ConfigError::Address))?,
            app_id: config.app_id.clone(),
            seller_id: config.seller_id.clone(),
            key: RsaPrivateKey::from_pem(config.app_private_key.expose())
                .or(Err(ConfigError::Key))?,
            trust,
            certificates,
            sub_merchant_id: config.sub_merchant_id.clone(),
            app_auth_token: config.app_auth_token.clone(),
            sign_in_page: sign_in_page.to_owned(),
        })
    }
}

impl AlipayConfig {
    fn trust(&self) -> Result<(RsaPublicKey, Option<Serials>), ConfigError> {
        match (&self.alipay_public_key, &self.app_cert, &self.alipay_cert, &self.alipay_root_cert) {
            (Some(key), None, None, None) => {
                Ok((RsaPublicKey::from_pem(key).or(Err(ConfigError::Key))?, None))
            }
            (None, Some(app), Some(alipay), Some(root)) => {
                let read = |pem: &str| Certificate::from_pem(pem).or(Err(ConfigError::Key));
                let alipay = read(alipay)?;
                let serials = Serials {
                    app: read(app)?.alipay_cert_sn(),
                    root: alipay_root_cert_sn(root).or(Err(ConfigError::Key))?,
                    alipay: alipay.alipay_cert_sn(),
                };
                Ok((alipay.public_key().or(Err(ConfigError::Key))?, Some(serials)))
            }
            _ => Err(ConfigError::Key),
        }
    }
}

impl Connector for Alipay {
    fn channel(&self) -> Channel {
        Channel::Alipay
    }

    fn build(&self, call: &Call, now: Timestamp, _nonce: &str) -> Result<Request, BuildError> {
        api::build(self, call, now)
    }

    fn link(&self, call: &Call, now: Timestamp) -> Option<Result<String, BuildError>> {
        let Call::Prepare(prepare) = call else { return None };
        let by_link = matches!(prepare.subject.way, PayWay::H5 | PayWay::Page);
        by_link.then(|| api::link(self, call, now))
    }

    fn read(&self, call: &Call, _now: Timestamp, response: &Response) -> Reply {
        if !response.status().is_success() {
            return silence(call, Unknown::NoAnswer);
        }
        let Some(answer) = sign::Answer::find(response.body(), api::answer_name(call)) else {
            return silence(call, Unknown::Unreadable);
        };
        let serials = self.certificates.as_ref().map(|c| c.alipay.as_str());
        if !answer.is_signed(&self.trust, serials) {
            return silence(call, Unknown::BadSignature);
        }
        match serde_json::from_slice(answer.node) {
            Ok(node) => map::reply(call, &node),
            Err(_) => silence(call, Unknown::Unreadable),
        }
    }

    fn read_notice(&self, _now: Timestamp, request: &Request) -> Result<Notice, NoticeRefusal> {
        let fields = sign::notice_fields(request)?;
        sign::verify_notice(&self.trust, &fields)?;
        api::notice(self, &fields)
    }

    fn payer_scope(&self) -> Option<&str> {
        Some(&self.app_id)
    }

    fn sign_in_page(&self, back: &str, state: &str) -> Option<String> {
        Some(payer::sign_in_page(self, back, state))
    }

    fn ask_payer(&self, ask: &PayerAsk<'_>, now: Timestamp) -> Result<Request, PayerUnknown> {
        payer::ask(self, ask, now)
    }

    fn read_payer(&self, response: &Response) -> Result<String, PayerUnknown> {
        payer::read(self, response)
    }

    /// Alipay wants exactly `success`; anything else makes it send again.
    fn notice_answer(&self, accepted: bool) -> Response {
        let text: &'static str = if accepted { "success" } else { "failure" };
        let mut response = Response::new(bytes::Bytes::from_static(text.as_bytes()));
        let plain = http::HeaderValue::from_static("text/plain; charset=utf-8");
        response.headers_mut().insert(CONTENT_TYPE, plain);
        response
    }
}
