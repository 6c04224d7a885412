//! What the platform asks of a channel and what a channel can answer, in the platform's own words.
//!
//! `channels` builds its messages from a [`Call`] and maps every documented answer to a [`Reply`].
//! The rule that carries the rest: only an explicit success or an explicit, coded refusal ends an
//! attempt; everything else is [`PaymentReply::Unknown`] or [`RefundReply::Unknown`], and a query or
//! the clearing file decides later.

use std::sync::Arc;

use crypto::pos::{HostKey, PinFormat};
use ids::{AttemptId, ChannelTradeNo, RefundId};
use jiff::Timestamp;
use money::Amount;
use secret::{Pan, PayerCode, Secret};

use crate::refund::RefundKind;

/// One call to a channel about one attempt or one refund.
#[derive(Debug, Clone)]
pub enum Call {
    /// Charge the payer whose code was scanned (B scans C), or whose card was read.
    Charge(Charge),
    /// Make what the payer's side needs to pay: a code to scan, a page's parameters, a link.
    Prepare(Prepare),
    /// Ask what became of an attempt.
    Query(Subject),
    /// Undo an attempt whose result is not known: unpaid is closed, paid is returned in full.
    Cancel(Subject),
    /// Close an attempt that nobody paid.
    Close(Subject),
    Refund(RefundCall),
    QueryRefund(RefundCall),
}

/// What every attempt carries to the channel.
#[derive(Debug, Clone)]
pub struct Subject {
    pub attempt: AttemptId,
    pub amount: Amount,
    /// How the attempt was started: some channels have one set of calls per way.
    pub way: PayWay,
    /// The card and the terminal: for the ways of cards, in every message about the attempt.
    pub card: Option<Arc<CardSubject>>,
}

/// What every message about a card payment names: the card, and the terminal that read it.
#[derive(Debug, Clone)]
pub struct CardSubject {
    pub pan: Pan,
    /// Year and month, `YYMM`, where the card or the terminal says it.
    pub expiry: Option<String>,
    /// Which of the cards with this number: field 23.
    pub sequence: Option<String>,
    /// How the card was read and whether a PIN could be entered: field 22, three digits.
    pub entry: String,
    /// Field 25, two digits.
    pub condition: String,
    /// Field 41, eight characters.
    pub terminal_no: String,
    /// Field 42, fifteen characters.
    pub merchant_code: String,
    /// The issuer's authorization code, once there is one.
    pub auth_code: Option<String>,
    /// The attempt that made the hold which this payment completes.
    pub authorization: Option<AttemptId>,
}

/// What of a card only the charge itself carries. None of it is kept.
#[derive(Debug, Clone, Default)]
pub struct CardRead {
    pub track2: Option<Secret<String>>,
    /// Field 55.
    pub chip: Option<Secret<Vec<u8>>>,
    pub pin: Option<EncipheredPin>,
    /// 部分承兑: the terminal takes the approval of a part (60.6).
    pub takes_part: bool,
}

/// A PIN block with the key that it is under, to be put under the network's.
#[derive(Debug, Clone)]
pub struct EncipheredPin {
    pub block: Vec<u8>,
    pub key: HostKey,
    pub format: PinFormat,
}

/// How the payer and the till meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PayWay {
    /// The till scans the payer's code.
    PayerCode,
    /// The payer scans a code made for this order.
    DynamicQr,
    /// The payer's app reads a code of our own, and its channel asks us for the order (非标码).
    OwnCode,
    /// The payer's page, inside the channel's own app, asks the app to pay (JSAPI).
    Jsapi,
    /// The payer's browser on a phone opens a link that leads to the channel's app (H5).
    H5,
    /// The payer's browser on a desktop opens the channel's own page.
    Page,
    /// A terminal reads the payer's card.
    Card,
    /// The same, and the issuer is only to hold the money (预授权).
    CardHold,
    /// A terminal says what was agreed with the cardholder already (预授权完成通知, 离线消费): said to the
    /// network until it is answered, and never taken back.
    CardAdvice,
    /// 余额查询: a terminal asks what is left on a card. Nothing is charged, and no attempt is made of it.
    CardInquiry,
}

impl PayWay {
    /// Whether a card network is asked.
    #[must_use]
    pub const fn is_card(self) -> bool {
        match self {
            Self::Card | Self::CardHold | Self::CardAdvice | Self::CardInquiry => true,
            Self::PayerCode
            | Self::DynamicQr
            | Self::OwnCode
            | Self::Jsapi
            | Self::H5
            | Self::Page => false,
        }
    }
}

#[derive(Debug, Clone)]
pub struct Charge {
    pub subject: Subject,
    pub instrument: Instrument,
    pub details: Details,
}

/// What the payer showed.
#[derive(Debug, Clone)]
pub enum Instrument {
    PayerCode(PayerCode),
    /// For the ways of cards; the card itself is the subject's.
    Card(Box<CardRead>),
}

impl Instrument {
    #[must_use]
    pub const fn payer_code(&self) -> Option<&PayerCode> {
        match self {
            Self::PayerCode(code) => Some(code),
            Self::Card(_) => None,
        }
    }
}

#[derive(Debug, Clone)]
pub struct Prepare {
    pub subject: Subject,
    /// The payer as the channel names him to the page (openid, user id): for [`PayWay::Jsapi`].
    pub payer: Option<String>,
    pub details: Details,
    /// Where the payer's browser goes afterwards: for [`PayWay::H5`] and [`PayWay::Page`]. That it goes
    /// there proves no payment.
    pub return_url: Option<String>,
}

/// What the payer and the channel read about the purchase.
#[derive(Debug, Clone)]
pub struct Details {
    /// Shown to the payer; at most [`Details::DESCRIPTION_BYTES_MAX`] bytes.
    pub description: String,
    pub expires_at: Timestamp,
    /// Where the channel sends its notices.
    pub notify_url: String,
    /// The till's address (`spbill_create_ip`).
    pub terminal_ip: String,
    /// Our id of the till, where it is known.
    pub terminal: Option<String>,
}

impl Details {
    /// WeChat Pay's limit, the narrowest of the channels.
    pub const DESCRIPTION_BYTES_MAX: usize = 127;
}

#[derive(Debug, Clone)]
pub struct RefundCall {
    pub refund: RefundId,
    pub subject: Subject,
    /// The part that goes back; the whole attempt is `subject.amount`.
    pub amount: Amount,
    pub reason: String,
    pub notify_url: String,
    pub kind: RefundKind,
    /// Calls made so far, this one included, from 1.
    pub tries: u32,
}

/// What a channel's answer, or its silence, says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    Payment(PaymentReply),
    Refund(RefundReply),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PaymentReply {
    /// The money was taken.
    Paid(Paid),
    /// What the payer's side needs was made; nobody has paid yet. By the way: a code to show, the JSON
    /// parameters that the page gives to the channel's app, or a link.
    Ready { invoke: String },
    /// The payer is still deciding.
    Pending,
    /// The channel does not know the number: final only after its documented window.
    NotFound,
    /// Nothing was taken and nothing will be.
    Closed,
    /// The money had been taken and went back in full (a cancel that came after the payment). The
    /// channel does not say when it was taken.
    Returned { trade_no: ChannelTradeNo },
    /// Nothing was taken, with the channel's own code.
    Refused(ChannelCodeText),
    /// The call has to be made again before anything can be said (a cancel with `retry_flag=Y`).
    Again,
    /// May have happened.
    Unknown(Unknown),
}

/// A payment as the channel states it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paid {
    pub trade_no: ChannelTradeNo,
    /// The amount of the order, before the channel's own discounts.
    pub amount: Amount,
    /// When the channel says the money was taken.
    pub paid_at: Timestamp,
    /// The payer as the channel names him to us (openid, user id); not a card number.
    pub payer: Option<String>,
    /// What the issuer says besides, of a card.
    pub card: Option<Box<CardApproval>>,
}

/// What an issuer's approval says to the terminal.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CardApproval {
    /// Field 38.
    pub auth_code: Option<String>,
    /// 清算日期, month and day, as the network's day is: field 15.
    pub settled_on: Option<String>,
    /// Who issued the card, and who acquired: field 44.
    pub institutions: Option<String>,
    /// What is left on the card: field 54.
    pub balance: Option<String>,
    /// The issuer's cryptogram and scripts: field 55.
    pub chip: Option<Vec<u8>>,
    /// 部分承兑: what was approved, where it is less than what was asked.
    pub part: Option<Amount>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefundReply {
    /// The money is on its way back for good.
    Succeeded {
        amount: Amount,
        refunded_at: Timestamp,
    },
    /// Accepted, not done.
    Processing,
    /// The channel does not know the refund: it was never accepted.
    NotFound,
    /// Not done. The same refund number may be tried again.
    Refused(ChannelCodeText),
    /// The original route is impossible (card closed, account cancelled): a manual case.
    Impossible(ChannelCodeText),
    Unknown(Unknown),
}

/// A channel's own code and its words for people, cut to a bound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelCodeText {
    pub code: String,
    pub message: String,
}

impl ChannelCodeText {
    pub const CODE_CHARS_MAX: usize = 64;
    pub const MESSAGE_CHARS_MAX: usize = 256;

    #[must_use]
    pub fn new(code: &str, message: &str) -> Self {
        Self {
            code: code.chars().take(Self::CODE_CHARS_MAX).collect(),
            message: message.chars().take(Self::MESSAGE_CHARS_MAX).collect(),
        }
    }
}

/// Why nothing can be said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unknown {
    /// No answer in time, or the line broke after sending.
    NoAnswer,
    /// The message surely never left: no connection could be made.
    NotSent,
    /// The answer's signature is missing or wrong.
    BadSignature,
    /// The answer cannot be read, or contradicts what was asked.
    Unreadable,
    /// The channel itself says that it does not know, or is busy.
    ChannelUnsure,
    /// A code that our table does not list.
    UnlistedCode,
}

/// A message that a channel sent by itself, after its signature was verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    Payment { attempt: AttemptId, reply: PaymentReply },
    Refund { refund: RefundId, reply: RefundReply },
}
