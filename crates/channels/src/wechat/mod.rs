//! 微信支付: codes that a till scans by the version 2 interface (`micropay`), QR codes and all refunds by
//! APIv3. An ordinary merchant, or a service provider with a sub-merchant.

mod map;
mod notice;
mod payer;
mod trust;
mod v2;
mod v3;

pub(crate) use map::OUR_FAULTS;

use crypto::aead::Aes256Key;
use crypto::{Certificate, RsaPrivateKey};
use http::header::CONTENT_TYPE;
use jiff::Timestamp;
use orders::channel::{Call, Notice, PayWay, Reply, Unknown};
use secret::Secret;
use serde::Deserialize;

use crate::config::{opt_secret as opt_secret_text, secret as secret_text};
use trust::Trust;

use crate::{
    BuildError, Channel, ClientCertificate, ConfigError, Connector, KeysRefusal, NoticeRefusal,
    PayerAsk, PayerUnknown, Request, Response, silence,
};

/// The parameters of a merchant number at WeChat Pay.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WechatConfig {
    /// `https://api.mch.weixin.qq.com`
    base_url: String,
    appid: String,
    mchid: String,
    /// Service provider: the sub-merchant that is paid.
    #[serde(default)]
    sub_mchid: Option<String>,
    #[serde(default)]
    sub_appid: Option<String>,
    /// Serial number of our own certificate, as the `Authorization` header names it.
    serial_no: String,
    #[serde(deserialize_with = "secret_text")]
    private_key: Secret<String>,
    /// 32 characters.
    #[serde(deserialize_with = "secret_text")]
    apiv3_key: Secret<String>,
    #[serde(deserialize_with = "secret_text")]
    v2_key: Secret<String>,
    #[serde(default)]
    v2_sign_type: V2SignType,
    /// Platform certificates, PEM; several while they change.
    #[serde(default)]
    platform_certificates: Vec<String>,
    /// Public-key mode; may stand beside certificates while accounts are switched.
    #[serde(default)]
    public_key_id: Option<String>,
    #[serde(default)]
    public_key: Option<String>,
    /// Of the appid in whose name payers are known (`sub_appid` where there is one): without it no
    /// payment inside the app's pages through our own cashier.
    #[serde(default, deserialize_with = "opt_secret_text")]
    app_secret: Option<Secret<String>>,
    /// Where payers are sent and asked for, if not at WeChat's own addresses.
    #[serde(default)]
    sign_in_page: Option<String>,
    #[serde(default)]
    identity_url: Option<String>,
    /// Our own certificate (`apiclient_cert.pem`): v2 wants it shown for a reverse.
    #[serde(default)]
    client_certificate: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
pub(crate) enum V2SignType {
    #[default]
    #[serde(rename = "HMAC-SHA256")]
    HmacSha256,
    #[serde(rename = "MD5")]
    Md5,
}

#[derive(Debug)]
pub(crate) struct Wechat {
    base_url: String,
    appid: String,
    mchid: String,
    sub_mchid: Option<String>,
    sub_appid: Option<String>,
    serial_no: String,
    key: RsaPrivateKey,
    apiv3_key: Aes256Key,
    v2_key: Secret<Vec<u8>>,
    v2_sign_type: V2SignType,
    trust: Trust,
    /// Shown to the channel when a payment is reversed.
    client: Option<ClientCertificate>,
    payers: Option<payer::Payers>,
}

impl Wechat {
    pub(crate) fn new(config: &WechatConfig) -> Result<Self, ConfigError> {
        let public_key = config.public_key_id.as_ref().zip(config.public_key.as_ref());
        let trust = Trust::new(public_key, &config.platform_certificates)?;
        let address: http::Uri = config.base_url.parse().or(Err(ConfigError::Address))?;
        let client = config.client()?;
        // Over plain loopback, as the sandbox stands, there is no TLS to show it in.
        if address.scheme_str() == Some("https") && client.is_none() {
            return Err(ConfigError::ClientCertificate);
        }
        Ok(Self {
            base_url: config.base_url.trim_end_matches('/').to_owned(),
            appid: config.appid.clone(),
            mchid: config.mchid.clone(),
            sub_mchid: config.sub_mchid.clone(),
            sub_appid: config.sub_appid.clone(),
            serial_no: config.serial_no.clone(),
            key: RsaPrivateKey::from_pem(config.private_key.expose()).or(Err(ConfigError::Key))?,
            apiv3_key: Aes256Key::from_slice(config.apiv3_key.expose().as_bytes())
                .or(Err(ConfigError::Key))?,
            v2_key: Secret::new(config.v2_key.expose().as_bytes().to_vec()),
            v2_sign_type: config.v2_sign_type,
            trust,
            client,
            payers: config.payers()?,
        })
    }
}

impl WechatConfig {
    fn payers(&self) -> Result<Option<payer::Payers>, ConfigError> {
        let appid = self.sub_appid.as_ref().unwrap_or(&self.appid);
        let addresses = (self.sign_in_page.as_deref(), self.identity_url.as_deref());
        let secret = self.app_secret.as_ref();
        secret.map(|secret| payer::Payers::new(appid, secret, addresses)).transpose()
    }

    fn client(&self) -> Result<Option<ClientCertificate>, ConfigError> {
        let Some(pem) = &self.client_certificate else { return Ok(None) };
        Certificate::from_pem(pem).or(Err(ConfigError::Key))?;
        let key = RsaPrivateKey::from_pem(self.private_key.expose()).or(Err(ConfigError::Key))?;
        Ok(Some(ClientCertificate::new(pem, &key.to_pem())))
    }
}

/// Which of the two interfaces has the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Interface {
    V2,
    V3,
}

fn interface(call: &Call) -> Interface {
    match call {
        Call::Charge(_) | Call::Cancel(_) => Interface::V2,
        Call::Query(subject) | Call::Close(subject) => match subject.way {
            PayWay::PayerCode
            | PayWay::Card
            | PayWay::CardHold
            | PayWay::CardAdvice
            | PayWay::CardInquiry => Interface::V2,
            PayWay::DynamicQr | PayWay::OwnCode | PayWay::Jsapi | PayWay::H5 | PayWay::Page => {
                Interface::V3
            }
        },
        Call::Prepare(_) | Call::Refund(_) | Call::QueryRefund(_) => Interface::V3,
    }
}

impl Connector for Wechat {
    fn channel(&self) -> Channel {
        Channel::Wechat
    }

    fn build(&self, call: &Call, now: Timestamp, nonce: &str) -> Result<Request, BuildError> {
        match interface(call) {
            Interface::V2 => v2::build(self, call, nonce),
            Interface::V3 => v3::build(self, call, now, nonce),
        }
    }

    fn ask_keys(&self, now: Timestamp, nonce: &str) -> Option<Request> {
        if self.trust.changes() { v3::ask_certificates(self, now, nonce) } else { None }
    }

    fn keys_are_wanted(&self) -> bool {
        self.trust.are_wanted()
    }

    fn learn_keys(&self, now: Timestamp, response: &Response) -> Result<usize, KeysRefusal> {
        trust::learn(self, now, response)
    }

    fn read(&self, call: &Call, now: Timestamp, response: &Response) -> Reply {
        let read = match interface(call) {
            Interface::V2 => v2::read(self, call, response),
            Interface::V3 => v3::read(self, call, now, response),
        };
        read.unwrap_or_else(|why: Unknown| silence(call, why))
    }

    fn read_notice(&self, now: Timestamp, request: &Request) -> Result<Notice, NoticeRefusal> {
        notice::read(self, now, request)
    }

    fn payer_scope(&self) -> Option<&str> {
        self.payers.as_ref().map(|payers| payers.appid.as_str())
    }

    fn sign_in_page(&self, back: &str, state: &str) -> Option<String> {
        self.payers.as_ref().map(|payers| payers.sign_in_page(back, state))
    }

    fn ask_payer(&self, ask: &PayerAsk<'_>, _now: Timestamp) -> Result<Request, PayerUnknown> {
        self.payers.as_ref().ok_or(PayerUnknown::NotOffered)?.ask(ask)
    }

    fn read_payer(&self, response: &Response) -> Result<String, PayerUnknown> {
        payer::read(response)
    }

    fn notice_answer(&self, accepted: bool) -> Response {
        if accepted {
            let mut response = Response::default();
            *response.status_mut() = http::StatusCode::NO_CONTENT;
            return response;
        }
        let body = bytes::Bytes::from_static(br#"{"code":"FAIL","message":"refused"}"#);
        let mut response = Response::new(body);
        *response.status_mut() = http::StatusCode::BAD_REQUEST;
        let json = http::HeaderValue::from_static("application/json");
        response.headers_mut().insert(CONTENT_TYPE, json);
        response
    }
}
