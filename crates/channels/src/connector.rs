//! What every channel's connector can do.

use std::fmt::Debug;
use std::sync::Arc;

use crypto::pos::{KeyCipher, KeyFault, KeyStore};
use jiff::Timestamp;
use orders::channel::{Call, Charge, Notice, PayWay, PaymentReply, RefundReply, Reply, Unknown};
use secret::Secret;
use serde::Deserialize;

use crate::{Channel, OrderAnswer, OrderQuery, PayerAsk, PayerUnknown, Request, Response};

/// The longest conversation of one call, by [`Connector::follow_up`]. UnionPay's cancel takes three:
/// ask for the payment, void it, ask for the void.
pub const MESSAGES_PER_CALL_MAX: usize = 3;

/// One version of our account at a channel. Building and reading are pure; nothing is sent here.
pub trait Connector: Send + Sync + Debug {
    fn channel(&self) -> Channel;

    /// Whether this account can be paid in this way.
    fn offers(&self, way: PayWay) -> bool {
        self.channel().offers(way)
    }

    /// The message of a call, signed. `nonce` is the caller's fresh text.
    ///
    /// # Errors
    /// [`BuildError`] when the call cannot be said to this channel; nothing was sent.
    fn build(&self, call: &Call, now: Timestamp, nonce: &str) -> Result<Request, BuildError>;

    /// The link that a payer's browser opens, where the channel is told of the payment by that alone;
    /// `None` where a call tells it, by [`Self::build`].
    fn link(&self, _call: &Call, _now: Timestamp) -> Option<Result<String, BuildError>> {
        None
    }

    /// Whose account the channel's money comes to, by the contract.
    fn clears_to(&self) -> ClearsTo {
        ClearsTo::AcquirerBank
    }

    /// Asks the channel for the keys that it signs with now; `None` where an operator enters them.
    fn ask_keys(&self, _now: Timestamp, _nonce: &str) -> Option<Request> {
        None
    }

    /// Whether keys are to be asked for soon: none were yet, or a message named an unknown one.
    fn keys_are_wanted(&self) -> bool {
        false
    }

    /// Takes the keys of an answer to [`Connector::ask_keys`]; says how many are new.
    ///
    /// # Errors
    /// [`KeysRefusal`]; what was known stays known.
    fn learn_keys(&self, _now: Timestamp, _response: &Response) -> Result<usize, KeysRefusal> {
        Err(KeysRefusal::Refused)
    }

    /// The message that comes after an answer, where a channel takes more than one for a call. `None`
    /// when the answer is the last one, or is not to be trusted: then [`Self::read`] says what it says.
    fn follow_up(&self, _call: &Call, _now: Timestamp, _response: &Response) -> Option<Request> {
        None
    }

    /// What an answer says. Its signature is verified first; what cannot be trusted or read is an
    /// unknown result.
    fn read(&self, call: &Call, now: Timestamp, response: &Response) -> Reply;

    /// What a notice says, after its signature was verified on the raw bytes.
    ///
    /// # Errors
    /// [`NoticeRefusal`] when it is not the channel's, not for this account, or of no known kind.
    fn read_notice(&self, now: Timestamp, request: &Request) -> Result<Notice, NoticeRefusal>;

    /// What the channel asks about a code of ours, after its signature was verified.
    ///
    /// # Errors
    /// [`NoticeRefusal`]
    fn read_order_query(
        &self,
        _now: Timestamp,
        _request: &Request,
    ) -> Result<OrderQuery, NoticeRefusal> {
        Err(NoticeRefusal::UnknownKind)
    }

    /// What the channel wants to hear to that; none where it asks for no orders.
    fn answer_order_query(&self, _query_no: &str, _answer: &OrderAnswer<'_>) -> Option<Response> {
        None
    }

    /// The app at the channel in which a payer has the name that [`Self::read_payer`] gives; none where
    /// payers are not asked.
    fn payer_scope(&self) -> Option<&str> {
        None
    }

    /// Where a payer's browser is sent, to come back to `back` with a code and with `state`.
    fn sign_in_page(&self, _back: &str, _state: &str) -> Option<String> {
        None
    }

    /// Asks who came back with a code.
    ///
    /// # Errors
    /// [`PayerUnknown::NotOffered`]
    fn ask_payer(&self, _ask: &PayerAsk<'_>, _now: Timestamp) -> Result<Request, PayerUnknown> {
        Err(PayerUnknown::NotOffered)
    }

    /// The payer's name in the answer.
    ///
    /// # Errors
    /// [`PayerUnknown`]
    fn read_payer(&self, _response: &Response) -> Result<String, PayerUnknown> {
        Err(PayerUnknown::NotOffered)
    }

    /// What the channel wants to hear back.
    fn notice_answer(&self, accepted: bool) -> Response;
}

/// 清算方式: whose account a channel pays what it has cleared to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClearsTo {
    /// The acquirer's own, at its bank.
    #[default]
    AcquirerBank,
    /// The account of a bank that settles for the acquirer (代理清算行).
    AgentBank,
    /// The merchant's, by small-value credits of the network (小额入账): nothing of it comes to us.
    Merchant,
}

/// Why a call could not be built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    #[error("the channel has no such call for this way of paying")]
    NotOffered,
    #[error("a value does not fit the channel's message")]
    Unfit,
    #[error(transparent)]
    Keys(#[from] KeyFault),
}

/// Why a channel's keys are not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeysRefusal {
    #[error("the channel gave no keys")]
    Refused,
    #[error("the channel's keys cannot be read")]
    Malformed,
    #[error("the signature over the channel's keys is wrong")]
    BadSignature,
}

/// Why a notice is not taken, by precedence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum NoticeRefusal {
    #[error("the notice cannot be read")]
    Malformed,
    #[error("the notice's signature is missing or wrong")]
    BadSignature,
    #[error("the notice's time is too far from ours")]
    Expired,
    #[error("the notice is for another account")]
    OtherAccount,
    #[error("the notice is of a kind that is not expected")]
    UnknownKind,
    #[error("the notice names an order that is not ours")]
    UnknownOrder,
}

impl NoticeRefusal {
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Malformed => "notice_malformed",
            Self::BadSignature => "notice_bad_signature",
            Self::Expired => "notice_expired",
            Self::OtherAccount => "notice_other_account",
            Self::UnknownKind => "notice_unknown_kind",
            Self::UnknownOrder => "notice_unknown_order",
        }
    }
}

/// The parameters of an account cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    #[error("the channel account's keys cannot be read")]
    Key,
    #[error("the channel account's addresses cannot be read")]
    Address,
    #[error("the channel account wants `client_certificate`: without it nothing can be reversed")]
    ClientCertificate,
}

/// The parameters of an account, as operators enter them.
#[derive(Debug, Deserialize)]
#[serde(tag = "channel", rename_all = "snake_case", deny_unknown_fields)]
pub enum ChannelConfig {
    Alipay(crate::alipay::AlipayConfig),
    Wechat(crate::wechat::WechatConfig),
    Unionpay(crate::unionpay::UnionpayConfig),
    Card(crate::card::CardConfig),
}

/// An account's parameters with the keys that work in a key store as it writes them down.
///
/// # Errors
/// [`ConfigError::Key`]
pub fn with_keys_kept(
    config: &Secret<String>,
    keys: &dyn KeyStore,
) -> Result<Secret<String>, ConfigError> {
    let unreadable = || ConfigError::Key;
    let mut parameters: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(config.expose()).or(Err(unreadable()))?;
    if parameters.get("channel").and_then(|channel| channel.as_str()) != Some(Channel::Card.code())
    {
        return Ok(config.clone());
    }
    for name in crate::card::KEPT_KEYS {
        let given = parameters.get(name).and_then(|key| key.as_str()).ok_or_else(unreadable)?;
        let key = keys.read(KeyCipher::Des, given).or(Err(unreadable()))?;
        parameters.insert(name.to_owned(), key.written().expose().as_str().into());
    }
    serde_json::to_string(&parameters).map(Secret::new).or(Err(unreadable()))
}

/// The connector of an account; keys that work in a key store are read from `keys`.
///
/// # Errors
/// [`ConfigError`]
pub fn connector(
    config: &ChannelConfig,
    keys: &dyn KeyStore,
) -> Result<Arc<dyn Connector>, ConfigError> {
    Ok(match config {
        ChannelConfig::Alipay(config) => Arc::new(crate::alipay::Alipay::new(config)?),
        ChannelConfig::Wechat(config) => Arc::new(crate::wechat::Wechat::new(config)?),
        ChannelConfig::Unionpay(config) => Arc::new(crate::unionpay::Unionpay::new(config)?),
        ChannelConfig::Card(config) => Arc::new(crate::card::Card::new(config, keys)?),
    })
}

/// The payer's code of a charge; channels of wallets charge nothing else.
pub(crate) fn payer_code(charge: &Charge) -> Result<&str, BuildError> {
    charge.instrument.payer_code().map(|code| code.expose()).ok_or(BuildError::NotOffered)
}

/// What no answer means, for the kind of call that was made.
#[must_use]
pub fn silence(call: &Call, why: Unknown) -> Reply {
    match call {
        Call::Charge(_) | Call::Prepare(_) | Call::Query(_) | Call::Cancel(_) | Call::Close(_) => {
            Reply::Payment(PaymentReply::Unknown(why))
        }
        Call::Refund(_) | Call::QueryRefund(_) => Reply::Refund(RefundReply::Unknown(why)),
    }
}
