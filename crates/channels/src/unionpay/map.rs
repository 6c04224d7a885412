//! What each of UnionPay's codes means. Codes that are not listed are unknown, never failed.

use ids::{AttemptId, ChannelTradeNo, RefundId};
use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp};
use money::{Amount, Currency};
use orders::channel::{
    Call, ChannelCodeText, Notice, Paid, PaymentReply, RefundCall, RefundReply, Reply, Unknown,
};

use super::Unionpay;
use super::api::{Message, subject};
use super::sign::Fields;
use crate::{NoticeRefusal, silence};

/// An attempt that the gateway does not know so long after it was made was never received. Chosen: the
/// reference knows no such window. It is twelve times the longest wait for an answer, and an attempt
/// that ends by it is watched further.
const NOT_FOUND_IS_FINAL: SignedDuration = SignedDuration::from_mins(2);

/// What a code means, of a message (`respCode`) or of the trade asked for (`origRespCode`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// It was done.
    Done,
    /// It was taken in and is not decided.
    Accepted,
    /// Nothing happened and nothing will, for this number.
    Refused,
    /// May have happened.
    Unsure,
    /// The number is known already.
    Repeated,
    /// The gateway does not know the trade.
    NotFound,
}

use Meaning::{Accepted, Done, NotFound, Refused, Repeated, Unsure};

/// None of the codes that are known says whose fault a refusal is.
pub(crate) const OUR_FAULTS: &[&str] = &[];

/// The gateway's codes as far as they are known; 98 is of files. 02 ("system closed") and 34 are from
/// hearsay, so 02 ends nothing.
pub(super) const CODES: &[(&str, Meaning)] = &[
    ("00", Done),
    ("01", Refused),
    ("02", Unsure),
    ("03", Unsure),
    ("04", Unsure),
    ("05", Accepted),
    ("12", Repeated),
    ("34", NotFound),
    // A success with a defect: "treat as paid, then query".
    ("A6", Done),
];

fn meaning(code: &str) -> Result<Meaning, Unknown> {
    let listed = CODES.iter().find(|(listed, _)| *listed == code).map(|(_, meaning)| *meaning);
    listed.ok_or(Unknown::UnlistedCode)
}

/// A verified answer to one of a call's messages.
#[derive(Debug)]
pub(super) struct Answer<'a> {
    message: Message,
    fields: &'a Fields,
}

impl<'a> Answer<'a> {
    /// A signature proves who speaks, not of what: only an answer that names our merchant, and the
    /// number and time of a message of this call, is one.
    pub(super) fn of(account: &Unionpay, call: &Call, fields: &'a Fields) -> Option<Self> {
        let get = |name: &str| fields.get(name).map(String::as_str);
        if get("merId") != Some(&account.mer_id) {
            return None;
        }
        let named = |message: &&Message| {
            let (order_id, txn_time) = message.name(call);
            get("txnType") == Some(message.txn_type())
                && get("orderId") == Some(&order_id)
                && get("txnTime") == Some(&txn_time)
        };
        let message = Message::of(call).iter().find(named).copied()?;
        Some(Self { message, fields })
    }

    fn text(&self, name: &str) -> &'a str {
        self.fields.get(name).map(String::as_str).unwrap_or_default()
    }

    fn meaning(&self) -> Result<Meaning, Unknown> {
        meaning(self.text("respCode"))
    }

    /// What a query found of its trade. That the query itself was refused says nothing of the trade.
    fn found(&self) -> Result<Meaning, Unknown> {
        match self.meaning()? {
            Done => meaning(self.text("origRespCode")),
            NotFound => Ok(NotFound),
            Accepted | Refused | Unsure | Repeated => Err(Unknown::ChannelUnsure),
        }
    }

    /// The message that follows, with the payment's `queryId` where it has to be named.
    pub(super) fn next(&self, call: &Call) -> Option<(Message, Option<ChannelTradeNo>)> {
        match (call, self.message, self.meaning().ok()?) {
            // The reference does not say whether the 00 of a charge is final or only "taken in": the
            // query's `origRespCode` surely is.
            (Call::Charge(_), Message::Charge, Done | Repeated) => {
                Some((Message::QueryPayment, None))
            }
            (Call::Cancel(_), Message::QueryPayment, _) => {
                Some((Message::Void, Some(self.payment(call)?.trade_no)))
            }
            (Call::Refund(_), Message::QueryPayment, _) => {
                Some((Message::Refund, Some(self.payment(call)?.trade_no)))
            }
            (Call::Cancel(_), Message::Void, Done | Accepted | Repeated) => {
                Some((Message::QueryVoid, None))
            }
            (Call::Refund(_), Message::Refund, Repeated) => Some((Message::QueryRefund, None)),
            _ => None,
        }
    }

    /// The payment that a query found to be made.
    fn payment(&self, call: &Call) -> Option<Paid> {
        (self.found() == Ok(Done)).then(|| paid(self.fields, subject(call).amount))?
    }
}

pub(super) fn reply(call: &Call, now: Timestamp, answer: &Answer<'_>) -> Reply {
    let said = match answer.message {
        Message::Charge => charged(answer).map(Reply::Payment),
        Message::CreateQr => qr_ready(answer).map(Reply::Payment),
        Message::QueryPayment => payment(call, now, answer),
        Message::Void => voided(answer).map(Reply::Payment),
        Message::QueryVoid => void_found(call, answer).map(Reply::Payment),
        Message::Refund => refunded(answer).map(Reply::Refund),
        Message::QueryRefund => match call {
            Call::Refund(refund) | Call::QueryRefund(refund) => {
                refund_found(refund, answer).map(Reply::Refund)
            }
            Call::Charge(_)
            | Call::Prepare(_)
            | Call::Query(_)
            | Call::Cancel(_)
            | Call::Close(_) => Err(Unknown::Unreadable),
        },
    };
    said.unwrap_or_else(|why| silence(call, why))
}

/// Never paid: the query that follows says so.
fn charged(answer: &Answer<'_>) -> Result<PaymentReply, Unknown> {
    match answer.meaning()? {
        Done | Accepted => Ok(PaymentReply::Pending),
        Refused => Ok(PaymentReply::Refused(code_text(answer, ""))),
        Unsure | Repeated | NotFound => Err(Unknown::ChannelUnsure),
    }
}

fn qr_ready(answer: &Answer<'_>) -> Result<PaymentReply, Unknown> {
    match (answer.meaning()?, answer.text("qrCode")) {
        (Done, "") => Err(Unknown::Unreadable),
        (Done, code) => Ok(PaymentReply::Ready { invoke: code.to_owned() }),
        (Refused, _) => Ok(PaymentReply::Refused(code_text(answer, ""))),
        (Accepted | Unsure | Repeated | NotFound, _) => Err(Unknown::ChannelUnsure),
    }
}

fn payment(call: &Call, now: Timestamp, answer: &Answer<'_>) -> Result<Reply, Unknown> {
    let undo = match call {
        Call::Cancel(_) | Call::Close(_) => true,
        Call::Charge(_) | Call::Prepare(_) | Call::Query(_) => false,
        // Whatever a payment's query says, it is no word about the refund.
        Call::Refund(_) | Call::QueryRefund(_) => return Err(Unknown::ChannelUnsure),
    };
    let found = match answer.found()? {
        Done => PaymentReply::Paid(answer.payment(call).ok_or(Unknown::Unreadable)?),
        Accepted => PaymentReply::Pending,
        // To who wants it undone, a payment that failed is one that is closed.
        Refused if undo => PaymentReply::Closed,
        Refused => PaymentReply::Refused(code_text(answer, "orig")),
        NotFound if undo && is_old(call, now) => PaymentReply::Closed,
        NotFound => PaymentReply::NotFound,
        Unsure | Repeated => return Err(Unknown::ChannelUnsure),
    };
    Ok(Reply::Payment(found))
}

fn is_old(call: &Call, now: Timestamp) -> bool {
    let made_at = Timestamp::from_millisecond(subject(call).attempt.made_at_ms());
    made_at.is_ok_and(|made_at| now.duration_since(made_at) >= NOT_FOUND_IS_FINAL)
}

/// Never done: the query that follows says so.
fn voided(answer: &Answer<'_>) -> Result<PaymentReply, Unknown> {
    match answer.meaning()? {
        Refused => Ok(PaymentReply::Refused(code_text(answer, ""))),
        Done | Accepted | Unsure | Repeated | NotFound => Err(Unknown::ChannelUnsure),
    }
}

/// A void is of the full amount, always.
fn void_found(call: &Call, answer: &Answer<'_>) -> Result<PaymentReply, Unknown> {
    match answer.found()? {
        Done => {
            let amount = subject(call).amount;
            let paid = paid(answer.fields, amount).ok_or(Unknown::Unreadable)?;
            Ok(PaymentReply::Returned { trade_no: paid.trade_no })
        }
        Refused => Ok(PaymentReply::Refused(code_text(answer, "orig"))),
        NotFound => Ok(PaymentReply::Again),
        Accepted | Unsure | Repeated => Err(Unknown::ChannelUnsure),
    }
}

fn refunded(answer: &Answer<'_>) -> Result<RefundReply, Unknown> {
    match answer.meaning()? {
        Done | Accepted => Ok(RefundReply::Processing),
        Refused => Ok(RefundReply::Refused(code_text(answer, ""))),
        Unsure | Repeated | NotFound => Err(Unknown::ChannelUnsure),
    }
}

fn refund_found(refund: &RefundCall, answer: &Answer<'_>) -> Result<RefundReply, Unknown> {
    match answer.found()? {
        Done => {
            let done = paid(answer.fields, refund.amount).ok_or(Unknown::Unreadable)?;
            Ok(RefundReply::Succeeded { amount: done.amount, refunded_at: done.paid_at })
        }
        Accepted => Ok(RefundReply::Processing),
        Refused => Ok(RefundReply::Refused(code_text(answer, "orig"))),
        NotFound => Ok(RefundReply::NotFound),
        Unsure | Repeated => Err(Unknown::ChannelUnsure),
    }
}

/// The code and words of the message, or with `orig` those of the trade that was asked for.
fn code_text(answer: &Answer<'_>, of: &str) -> ChannelCodeText {
    match of {
        "orig" => ChannelCodeText::new(answer.text("origRespCode"), answer.text("origRespMsg")),
        _ => ChannelCodeText::new(answer.text("respCode"), answer.text("respMsg")),
    }
}

/// The movement of money that a message states, if it is of the amount that we expect.
fn paid(fields: &Fields, expected: Amount) -> Option<Paid> {
    let stated = money_moved(fields)?;
    if stated.amount != expected {
        tracing::error!(
            order_id = fields.get("orderId"),
            "UnionPay states another amount than was asked"
        );
        return None;
    }
    Some(stated)
}

pub(super) fn money_moved(fields: &Fields) -> Option<Paid> {
    let get = |name: &str| fields.get(name).map(String::as_str);
    if get("currencyCode") != Some("156") {
        return None;
    }
    // A void and a refund have a `queryId` of their own and name the payment's beside it.
    let trade_no = get("origQryId").or_else(|| get("queryId"))?;
    Some(Paid {
        trade_no: ChannelTradeNo::parse(trade_no).ok()?,
        amount: fen(get("txnAmt")?)?,
        paid_at: moved_at(get("txnTime")?, get("traceTime")),
        payer: None,
        card: None,
    })
}

fn fen(text: &str) -> Option<Amount> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let minor = text.parse().ok().filter(|_| digits)?;
    Amount::new(minor, Currency::Cny).ok()
}

/// `traceTime` is `MMddHHmmss`: a trade is never traced before its `txnTime`, so a month that lies
/// before that of `txnTime` is of the next year. Without it the trade's own time stands.
fn moved_at(txn_time: &str, trace_time: Option<&str>) -> Timestamp {
    let own = read_china(txn_time);
    let traced = trace_time.zip(txn_time.get(..4)).and_then(|(trace, year)| {
        let same = read_china(&format!("{year}{trace}"))?;
        let year: u32 = year.parse().ok()?;
        let passed = trace.get(..2)? < txn_time.get(4..6)?;
        if passed { read_china(&format!("{}{trace}", year.checked_add(1)?)) } else { Some(same) }
    });
    traced.or(own).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// The reverse of `txnTime`.
fn read_china(text: &str) -> Option<Timestamp> {
    let local = jiff::civil::DateTime::strptime("%Y%m%d%H%M%S", text).ok()?;
    Some(local.to_zoned(TimeZone::fixed(Offset::constant(8))).ok()?.timestamp())
}

/// A verified notice: whose it is, and what it says of which attempt or refund. What is not a plain
/// success, a success with a defect (A6) too, is asked for.
pub(super) fn notice(account: &Unionpay, fields: &Fields) -> Result<Notice, NoticeRefusal> {
    let get = |name: &str| fields.get(name).map(String::as_str);
    if get("merId") != Some(&account.mer_id) {
        return Err(NoticeRefusal::OtherAccount);
    }
    let (order_id, txn_time) = (get("orderId").unwrap_or_default(), get("txnTime"));
    let done = get("respCode") == Some("00");
    let stated =
        if done { Some(money_moved(fields).ok_or(NoticeRefusal::Malformed)?) } else { None };
    match get("txnType") {
        Some("01") => {
            let attempt = AttemptId::from_channel_no(order_id)
                .filter(|id| txn_time == Some(&super::api::txn_time(id.made_at_ms())))
                .ok_or(NoticeRefusal::UnknownOrder)?;
            let unsure = PaymentReply::Unknown(Unknown::ChannelUnsure);
            Ok(Notice::Payment { attempt, reply: stated.map_or(unsure, PaymentReply::Paid) })
        }
        Some("04") => {
            let refund = RefundId::from_channel_no(order_id)
                .filter(|id| txn_time == Some(&super::api::txn_time(id.made_at_ms())))
                .ok_or(NoticeRefusal::UnknownOrder)?;
            let reply = stated.map_or(RefundReply::Unknown(Unknown::ChannelUnsure), |done| {
                RefundReply::Succeeded { amount: done.amount, refunded_at: done.paid_at }
            });
            Ok(Notice::Refund { refund, reply })
        }
        _ => Err(NoticeRefusal::UnknownKind),
    }
}
