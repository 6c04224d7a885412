//! 银行卡: the card network as an acquirer's host speaks to it, ISO 8583 over lines that stay open.
//!
//! The network knows a message by field 7 (time), 11 (trace), 32 and 33 (institutions) and 41: ours
//! follow from the id of the attempt or refund, so that every repeat says the same. There is nothing to
//! ask it: what was not answered is reversed (0420) until the reversal is answered, and an advice
//! (refund, reversal) is repeated until it is. The leg's own specification is not public; what is
//! settled between us and a network stands in the account's parameters.

mod api;
mod clearing;
mod key;
mod links;
mod map;

use std::sync::Arc;

use crypto::pos::{HostKey, KeyCipher, KeyStore};
use jiff::Timestamp;
use orders::channel::{Call, Notice, PayWay, Reply, Unknown};
use secret::Secret;
use serde::Deserialize;

use crate::config::secret as secret_text;
use crate::{
    BuildError, Channel, ClearsTo, ConfigError, Connector, NoticeRefusal, Request, Response,
    silence,
};

pub use clearing::{Cleared, ClearedLine, ClearingError, Malformed, read_clearing_file};
pub use links::{CardLinks, WireSender};
pub(crate) use map::OUR_FAULTS;

/// Institutions are eleven digits at most (field 32).
const INSTITUTION_DIGITS: std::ops::RangeInclusive<usize> = 1..=11;

/// The parameters that are keys of the network's zone.
pub(crate) const KEPT_KEYS: [&str; 2] = ["pin_key", "mac_key"];

/// An acquirer's membership at a card network.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CardConfig {
    /// `host:port` of the network's lines, the first preferred.
    links: Vec<String>,
    /// 受理机构: field 32, up to eleven digits.
    acquirer: String,
    /// 发送机构: field 33.
    forwarder: String,
    /// 商户类型: field 18, four digits, where the merchant has none of its own.
    merchant_type: String,
    /// Over PIN blocks in the network's zone: 16 bytes in hexadecimal digits, or as the key store writes
    /// its keys down.
    #[serde(deserialize_with = "secret_text")]
    pin_key: Secret<String>,
    /// 清算方式: `acquirer_bank`, `agent_bank` or `merchant`.
    #[serde(default)]
    clearing: ClearsTo,
    /// For field 128: 16 bytes.
    #[serde(deserialize_with = "secret_text")]
    mac_key: Secret<String>,
}

#[derive(Debug)]
pub(crate) struct Card {
    links: Links,
    acquirer: String,
    forwarder: String,
    merchant_type: String,
    clearing: ClearsTo,
    pin_key: HostKey,
    mac_key: HostKey,
}

/// The lines that a message may go over; a request carries them among its extensions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Links {
    pub(crate) addresses: Arc<[String]>,
    pub(crate) acquirer: Arc<str>,
}

impl Card {
    pub(crate) fn new(config: &CardConfig, keys: &dyn KeyStore) -> Result<Self, ConfigError> {
        let key = |written: &Secret<String>| {
            keys.read(KeyCipher::Des, written.expose()).or(Err(ConfigError::Key))
        };
        let digits = |text: &str, count: std::ops::RangeInclusive<usize>| {
            let fine = count.contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
            fine.then(|| text.to_owned()).ok_or(ConfigError::Address)
        };
        if config.links.is_empty() || !config.links.iter().all(|link| link.contains(':')) {
            return Err(ConfigError::Address);
        }
        let acquirer = digits(&config.acquirer, INSTITUTION_DIGITS)?;
        Ok(Self {
            links: Links {
                addresses: config.links.clone().into(),
                acquirer: acquirer.as_str().into(),
            },
            acquirer,
            forwarder: digits(&config.forwarder, INSTITUTION_DIGITS)?,
            merchant_type: digits(&config.merchant_type, 4..=4)?,
            clearing: config.clearing,
            pin_key: key(&config.pin_key)?,
            mac_key: key(&config.mac_key)?,
        })
    }
}

impl Card {
    /// Fields 32 and 33.
    fn institutions(&self) -> (&str, &str) {
        (&self.acquirer, &self.forwarder)
    }
}

impl Connector for Card {
    fn channel(&self) -> Channel {
        Channel::Card
    }

    fn offers(&self, way: PayWay) -> bool {
        way.is_card()
    }

    fn clears_to(&self) -> ClearsTo {
        self.clearing
    }

    fn build(&self, call: &Call, now: Timestamp, _nonce: &str) -> Result<Request, BuildError> {
        let mut request = Request::new(api::message(self, call, now)?.into());
        *request.method_mut() = http::Method::POST;
        *request.uri_mut() = http::Uri::from_static(links::PATH);
        request.extensions_mut().insert(self.links.clone());
        Ok(request)
    }

    fn read(&self, call: &Call, now: Timestamp, response: &Response) -> Reply {
        if !response.status().is_success() {
            return silence(call, Unknown::NoAnswer);
        }
        map::read(self, call, now, response.body())
    }

    fn read_notice(&self, _now: Timestamp, _request: &Request) -> Result<Notice, NoticeRefusal> {
        Err(NoticeRefusal::UnknownKind)
    }

    fn notice_answer(&self, _accepted: bool) -> Response {
        Response::new(bytes::Bytes::new())
    }
}
