//! The world that every emulated channel shares: calls and answers, notices, faults, payers, books.
//!
//! Nothing in here has a clock or a socket. Time is an argument, an answer is a [`Delivery`], and a
//! notice is a value that somebody else carries. `server` puts it behind a listener; a simulation
//! calls it directly.

mod bridge;
mod certificates;
mod faults;
mod identity;
mod notices;
mod pages;
mod questions;
mod wallets;
mod world;

use std::fmt::Debug;

use bytes::Bytes;
use http::HeaderMap;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use money::Amount;

use crate::unionpay::Codes;

pub(crate) use bridge::{Ask, BridgeRefusal, LOOK, Looked, Wish};
pub(crate) use certificates::Authority;
pub use faults::{Fault, FaultRule, Faults};
pub(crate) use identity::{
    GrantRefusal, Grants, Opener, Query, digest_hex, is_loopback, is_payer, payer_of, with_query,
};
pub use notices::Notice;
pub(crate) use notices::{Letter, NoticeQueue};
pub(crate) use pages::{Cashier, Keypad, Stop};
pub use questions::{Luck, Question};
pub(crate) use wallets::{CodeUse, Payer, Wallets};
pub use world::Sandbox;

pub(crate) mod app {
    //! What the channels' apps show and ask, for the channels to build on.
    pub(crate) use super::bridge::{call_name, channel_of, looked, paid, unknown, wish};
    pub(crate) use super::pages::{redirect, stop, stopped};
}

/// A call as it arrived: method, path with query, headers, the body's bytes as they were sent.
pub type Request = http::Request<Bytes>;
/// An answer as it leaves; its bytes are what was signed.
pub type Response = http::Response<Bytes>;

/// What becomes of one call, after so many milliseconds.
#[derive(Debug)]
pub enum Delivery {
    Answer {
        after_ms: u64,
        response: Response,
    },
    /// The connection is closed without an answer.
    Dropped {
        after_ms: u64,
    },
}

/// An extension of an answer that a line carries twice.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AnsweredTwice;

/// What kind of money movement a [`BookLine`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BookKind {
    Pay,
    Refund,
}

/// One payment or refund that really moved money at the channel, for auditors to compare with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookLine {
    pub channel: &'static str,
    /// The merchant's account: app id (Alipay), merchant number (WeChat Pay).
    pub account: String,
    /// The merchant's number of the order.
    pub order_no: String,
    /// The merchant's number of the refund; of a payment, the order's number.
    pub request_no: String,
    /// The channel's number of the trade.
    pub trade_no: String,
    pub kind: BookKind,
    pub amount: Amount,
    /// The trade's status now, in the channel's word.
    pub status: &'static str,
    /// When the money moved.
    pub at: Timestamp,
}

/// One order as a payer's or an operator's list shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderLine {
    pub channel: &'static str,
    pub account: String,
    /// The merchant's number of the order.
    pub order_no: String,
    pub description: String,
    pub amount: Amount,
    /// The trade's status now, in the channel's word; empty for a code that nobody scanned.
    pub status: &'static str,
    pub at: Timestamp,
}

/// Why a payer cannot pay an order now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PayRefusal {
    #[error("no such channel")]
    UnknownChannel,
    #[error("the channel has no such order")]
    UnknownOrder,
    #[error("the order is closed")]
    Closed,
    #[error("the order is paid already")]
    AlreadyPaid,
}

/// How a payer goes about paying an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Insistence {
    /// As the channel lets him: a closed order stays closed.
    Polite,
    /// His confirmation was under way while the order was closed: the money is taken all the same.
    EvenIfClosed,
}

/// What a channel may use of the world while it works on one call or one event.
#[derive(Debug)]
pub(crate) struct Ctx<'a> {
    pub(crate) now: Timestamp,
    /// Scheme, host and port under which the caller reaches the sandbox, without a final slash.
    pub(crate) base_url: &'a str,
    pub(crate) wallets: &'a mut Wallets,
    pub(crate) notices: &'a mut NoticeQueue,
    pub(crate) codes: &'a mut Codes,
}

/// Headers and body of one notice, signed at the moment it is posted.
#[derive(Debug)]
pub(crate) struct Post {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// One channel's side of the wire.
pub(crate) trait Channel: Debug + Send {
    /// Stable code: `alipay`, `wechat`, `unionpay`.
    fn code(&self) -> &'static str;

    /// The call's name for [`FaultRule::call`]: `alipay.trade.pay`, `pay/micropay`.
    fn call_name(&self, request: &Request) -> String;

    /// Does what the call asks and answers it.
    fn handle(&mut self, ctx: &mut Ctx<'_>, request: &Request) -> Response;

    /// The channel's own "I do not know, ask again", properly signed.
    fn busy(&self, now: Timestamp, request: &Request) -> Response;

    /// The channel's refusal of a refund that the merchant's account there does not cover.
    fn short_of_money(&self, now: Timestamp, request: &Request) -> Response;

    /// The payer does not agree that the merchant learns who he is; other calls are done as ever.
    fn payer_refuses(&mut self, ctx: &mut Ctx<'_>, request: &Request) -> Response {
        self.handle(ctx, request)
    }

    /// What the owner of a code must be asked before this request can be handled.
    fn ask_owner(&mut self, _ctx: &mut Ctx<'_>, _request: &Request) -> Option<Question> {
        None
    }

    /// What came of a question; no answer, or a status with a body.
    fn owner_said(&mut self, _: &mut Ctx<'_>, _: &Question, _answer: Option<(u16, Bytes)>) {}

    /// The same answer with a signature that does not fit it.
    fn with_wrong_signature(&self, response: Response) -> Response;

    /// When something happens next without a call: a payer confirms, an order times out.
    fn next_event_at(&self) -> Option<Timestamp>;

    /// Does everything that is due at `ctx.now`; afterwards [`Self::next_event_at`] is later.
    fn advance(&mut self, ctx: &mut Ctx<'_>);

    /// The payer confirms or scans, and pays.
    fn payer_pays(
        &mut self,
        ctx: &mut Ctx<'_>,
        order_no: &str,
        how: Insistence,
    ) -> Result<(), PayRefusal>;

    /// Signs a notice for this delivery.
    fn post(&self, now: Timestamp, letter: &Letter) -> Post;

    /// Whether this answer to a notice ends its deliveries.
    fn accepts(&self, status: u16, body: &[u8]) -> bool;

    /// Seconds to wait before each further delivery; after the last one the channel gives up.
    fn retry_waits_s(&self) -> &'static [u32];

    /// Every effective payment and refund, and nothing else.
    fn books(&self) -> Vec<BookLine>;

    /// Every order that payers can be shown, whatever became of it.
    fn orders(&self) -> Vec<OrderLine> {
        Vec::new()
    }

    /// What the channel cleared on a day, where it says so by a file.
    fn clearing_file(&self, _day: Date) -> Option<Vec<u8>> {
        None
    }

    /// What its payers' accounts are down by, in fen, where it keeps them.
    fn drawn(&self) -> i128 {
        0
    }
}

/// `now` plus so many milliseconds, at most the end of time.
pub(crate) fn later(now: Timestamp, ms: u64) -> Timestamp {
    let wait = SignedDuration::from_millis(i64::try_from(ms).unwrap_or(i64::MAX));
    now.checked_add(wait).unwrap_or(Timestamp::MAX)
}
