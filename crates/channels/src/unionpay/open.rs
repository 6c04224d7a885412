//! Payments inside the UnionPay app's own pages (JS payment, `orderType` `upJs`): another interface of
//! UnionPay's, for service providers, JSON to `/gateway/api/pay/`, with keys and numbers of its own.
//!
//! It is known from its use, not from its own pages. What is not known was chosen and says so: its
//! messages name no time of payment, so the moment in which we learn of it stands for it; that an
//! answer bears a signature as a request does; the code for an order that is not there.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use crypto::digest::{sha256, to_hex};
use crypto::{RsaPrivateKey, RsaPublicKey};
use http::header::CONTENT_TYPE;
use ids::{AttemptId, ChannelTradeNo};
use jiff::Timestamp;
use money::{Amount, Currency};
use orders::channel::{
    Call, ChannelCodeText, Notice, Paid, PaymentReply, Prepare, RefundReply, Reply, Unknown,
};
use secret::Secret;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::api::{subject, txn_time};
use super::payer::SIGN_IN_PAGE;
use crate::config::secret as secret_text;
use crate::{BuildError, ConfigError, NoticeRefusal, Request, Response, silence};

/// Fields of one message; more were never sent.
const FIELDS_MAX: usize = 200;

/// The service provider's parameters at the open platform.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OpenConfig {
    gateway: String,
    serv_prov_id: String,
    /// PKCS#8 or PKCS#1, PEM or bare base64.
    #[serde(deserialize_with = "secret_text")]
    private_key: Secret<String>,
    /// The platform's public key, PEM: what its answers and notices are verified with.
    platform_public_key: String,
    /// Where payers are sent to be named, if not at UnionPay's own address.
    #[serde(default)]
    sign_in_page: Option<String>,
}

#[derive(Debug)]
pub(super) struct Open {
    gateway: String,
    serv_prov_id: String,
    mer_id: String,
    key: RsaPrivateKey,
    trust: RsaPublicKey,
    pub(super) sign_in_page: String,
}

pub(super) type Fields = BTreeMap<String, String>;

impl Open {
    pub(super) fn new(config: &OpenConfig, mer_id: &str) -> Result<Self, ConfigError> {
        let gateway = config.gateway.trim_end_matches('/').to_owned();
        gateway.parse::<http::Uri>().or(Err(ConfigError::Address))?;
        let key = RsaPrivateKey::from_pem(config.private_key.expose());
        let trust = RsaPublicKey::from_pem(&config.platform_public_key);
        Ok(Self {
            gateway,
            serv_prov_id: config.serv_prov_id.clone(),
            mer_id: mer_id.to_owned(),
            key: key.or(Err(ConfigError::Key))?,
            trust: trust.or(Err(ConfigError::Key))?,
            sign_in_page: config.sign_in_page.as_deref().unwrap_or(SIGN_IN_PAGE).to_owned(),
        })
    }

    pub(super) fn build(&self, call: &Call) -> Result<Request, BuildError> {
        let (name, content) = message(call)?;
        self.request(
            name,
            content.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        )
    }

    /// A message of the platform's, signed.
    pub(super) fn request(&self, name: &str, mut fields: Fields) -> Result<Request, BuildError> {
        fields.insert("serProvId".to_owned(), self.serv_prov_id.clone());
        fields.insert("merId".to_owned(), self.mer_id.clone());
        let signature = BASE64.encode(self.key.sign_sha256(&signed_bytes(&fields)));
        fields.insert("signature".to_owned(), signature);
        http::Request::post(format!("{}/gateway/api/pay/{name}", self.gateway))
            .header(CONTENT_TYPE, "application/json;charset=UTF-8")
            .body(Bytes::from(json!(fields).to_string()))
            .or(Err(BuildError::Unfit))
    }

    pub(super) fn read(&self, call: &Call, now: Timestamp, response: &Response) -> Reply {
        if !response.status().is_success() {
            return silence(call, Unknown::NoAnswer);
        }
        let Some(fields) = fields(response.body()) else {
            return silence(call, Unknown::Unreadable);
        };
        if !self.vouches_for(&fields) {
            return silence(call, Unknown::BadSignature);
        }
        let other = |name: &str, ours: &str| fields.get(name).is_some_and(|named| named != ours);
        if other("orderNo", &number(call)) || other("merId", &self.mer_id) {
            return silence(call, Unknown::Unreadable);
        }
        reply(call, now, &fields)
    }

    pub(super) fn notice(&self, now: Timestamp, body: &[u8]) -> Result<Notice, NoticeRefusal> {
        let fields = fields(body).ok_or(NoticeRefusal::Malformed)?;
        if !self.vouches_for(&fields) {
            return Err(NoticeRefusal::BadSignature);
        }
        if fields.get("merId") != Some(&self.mer_id) {
            return Err(NoticeRefusal::OtherAccount);
        }
        let attempt = fields.get("orderNo").and_then(|no| AttemptId::from_channel_no(no));
        let attempt = attempt.ok_or(NoticeRefusal::UnknownOrder)?;
        let paid = paid(&fields, now).ok_or(NoticeRefusal::Malformed)?;
        Ok(Notice::Payment { attempt, reply: PaymentReply::Paid(paid) })
    }

    /// The fields of an answer that the platform signed.
    pub(super) fn trusted(&self, body: &[u8]) -> Option<Fields> {
        fields(body).filter(|fields| self.vouches_for(fields))
    }

    fn vouches_for(&self, fields: &Fields) -> bool {
        let signature = fields.get("signature").and_then(|text| BASE64.decode(text).ok());
        signature.is_some_and(|s| self.trust.verify_sha256(&signed_bytes(fields), &s).is_ok())
    }
}

/// The number that a call is made under: a refund's own, or the payment's.
fn number(call: &Call) -> String {
    match call {
        Call::Refund(refund) | Call::QueryRefund(refund) => refund.refund.channel_no(),
        Call::Charge(_) | Call::Prepare(_) | Call::Query(_) | Call::Cancel(_) | Call::Close(_) => {
            subject(call).attempt.channel_no()
        }
    }
}

type Content = Vec<(&'static str, String)>;

fn message(call: &Call) -> Result<(&'static str, Content), BuildError> {
    let attempt = subject(call).attempt.channel_no();
    let common = |no: String| vec![("orderNo", no), ("orderType", "unionpay".to_owned())];
    Ok(match call {
        Call::Prepare(prepare) => ("unifiedorder", order(prepare, attempt)?),
        Call::Query(_) => ("queryOrder", common(attempt)),
        Call::Close(_) => ("closeOrder", common(attempt)),
        Call::Refund(refund) => {
            let mut content = common(refund.refund.channel_no());
            content.push(("origOrderNo", attempt));
            content.push(("origTxnAmt", fen(refund.subject.amount)?));
            content.push(("txnAmt", fen(refund.amount)?));
            ("refund", content)
        }
        Call::QueryRefund(refund) => {
            let mut content = common(refund.refund.channel_no());
            content.push(("origOrderNo", attempt));
            ("refundQuery", content)
        }
        Call::Charge(_) | Call::Cancel(_) => return Err(BuildError::NotOffered),
    })
}

fn order(prepare: &Prepare, no: String) -> Result<Content, BuildError> {
    let (subject, details) = (&prepare.subject, &prepare.details);
    let payer = prepare.payer.clone().ok_or(BuildError::Unfit)?;
    Ok(vec![
        ("orderNo", no),
        ("orderTime", txn_time(subject.attempt.made_at_ms())),
        ("orderType", "upJs".to_owned()),
        ("txnAmt", fen(subject.amount)?),
        ("currencyCode", "156".to_owned()),
        ("orderInfo", details.description.clone()),
        ("backUrl", details.notify_url.clone()),
        // Empty texts stay in, and are signed.
        ("frontUrl", prepare.return_url.clone().unwrap_or_default()),
        ("userId", payer),
        ("customerIp", details.terminal_ip.clone()),
        ("termInfo", json!({ "ip": details.terminal_ip }).to_string()),
    ])
}

fn fen(amount: Amount) -> Result<String, BuildError> {
    match amount.currency() {
        Currency::Cny => Ok(amount.minor().to_string()),
        Currency::Hkd | Currency::Jpy | Currency::Usd => Err(BuildError::NotOffered),
    }
}

/// One flat object; numbers are as good as texts, what is null is absent.
fn fields(body: &[u8]) -> Option<Fields> {
    let map: Map<String, Value> = serde_json::from_slice(body).ok()?;
    if map.len() > FIELDS_MAX {
        return None;
    }
    let field = |(name, value): (String, Value)| match value {
        Value::Null => None,
        Value::String(text) => Some((name, text)),
        other @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
            Some((name, other.to_string()))
        }
    };
    Some(map.into_iter().filter_map(field).collect())
}

/// `k=v` by name, joined with `&`, empty values too, without `signature`; hashed twice, as the gateway's
/// messages of version 5.1.0.
fn signed_bytes(fields: &Fields) -> Vec<u8> {
    let signed = fields.iter().filter(|(name, _)| name.as_str() != "signature");
    let text = signed.map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&");
    to_hex(&sha256(text.as_bytes())).into_bytes()
}

fn reply(call: &Call, now: Timestamp, fields: &Fields) -> Reply {
    let get = |name: &str| fields.get(name).map_or("", String::as_str);
    let text = || ChannelCodeText::new(get("respCode"), get("respMsg"));
    match (call, get("respCode")) {
        (Call::Prepare(_), "00") => match fields.get("payData") {
            Some(data) => {
                let invoke = json!({ "redirectUrl": data }).to_string();
                Reply::Payment(PaymentReply::Ready { invoke })
            }
            None => silence(call, Unknown::Unreadable),
        },
        (Call::Prepare(_), "01") => Reply::Payment(PaymentReply::Refused(text())),
        (Call::Query(_), "00") => found(call, now, fields),
        (Call::Query(_), "34") => Reply::Payment(PaymentReply::NotFound),
        (Call::Close(_), "00" | "34") => Reply::Payment(PaymentReply::Closed),
        (Call::Refund(refund), "00") => {
            Reply::Refund(RefundReply::Succeeded { amount: refund.amount, refunded_at: now })
        }
        (Call::Refund(_), "02") => Reply::Refund(RefundReply::Processing),
        (Call::Refund(_), "01") => Reply::Refund(RefundReply::Refused(text())),
        (Call::QueryRefund(refund), "00") => match get("origRespCode") {
            "00" => {
                Reply::Refund(RefundReply::Succeeded { amount: refund.amount, refunded_at: now })
            }
            "01" => Reply::Refund(RefundReply::Refused(ChannelCodeText::new(
                get("origRespCode"),
                get("origRespMsg"),
            ))),
            "02" => Reply::Refund(RefundReply::Processing),
            _ => silence(call, Unknown::UnlistedCode),
        },
        (Call::QueryRefund(_), "34") => Reply::Refund(RefundReply::NotFound),
        // 02 paying, 12 repeated, 99 unknown: a query will tell.
        (_, "02" | "12" | "99") => silence(call, Unknown::ChannelUnsure),
        (_, _) => silence(call, Unknown::UnlistedCode),
    }
}

/// What a query found of its payment.
fn found(call: &Call, now: Timestamp, fields: &Fields) -> Reply {
    let get = |name: &str| fields.get(name).map_or("", String::as_str);
    Reply::Payment(match get("origRespCode") {
        // 01 is "paid, and something of it went back": our own refunds are ours to know.
        "00" | "01" => match paid(fields, now).filter(|p| p.amount == subject(call).amount) {
            Some(paid) => PaymentReply::Paid(paid),
            None => return silence(call, Unknown::Unreadable),
        },
        "02" | "05" => PaymentReply::Pending,
        "03" => PaymentReply::Closed,
        "06" => PaymentReply::Refused(ChannelCodeText::new("06", get("origRespMsg"))),
        _ => return silence(call, Unknown::UnlistedCode),
    })
}

fn paid(fields: &Fields, now: Timestamp) -> Option<Paid> {
    let fen = fields.get("txnAmt")?.parse().ok()?;
    Some(Paid {
        trade_no: ChannelTradeNo::parse(fields.get("transIndex")?).ok()?,
        amount: Amount::new(fen, Currency::Cny).ok()?,
        paid_at: now,
        payer: fields.get("userId").filter(|id| !id.is_empty()).cloned(),
        card: None,
    })
}
