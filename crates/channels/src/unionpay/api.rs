//! UnionPay's messages: what we send, under which number and time.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use ids::ChannelTradeNo;
use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};
use money::{Amount, Currency};
use orders::channel::{Call, Details, PayWay, Subject};

use super::map::Answer;
use super::sign::Fields;
use super::{Unionpay, sign};
use crate::{BuildError, Request, payer_code};

/// UnionPay's amounts are fen of at most 12 digits.
const AMOUNT_MAX: u64 = 999_999_999_999;

/// One message to the gateway. A call is one of them or a short conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Message {
    Charge,
    CreateQr,
    QueryPayment,
    Void,
    QueryVoid,
    Refund,
    QueryRefund,
}

impl Message {
    /// How a call begins. What undoes or returns a payment needs its `queryId`, so the payment is asked
    /// for first. The gateway has no close: a code ends by its `payTimeout`, and asking is all there is.
    const fn first(call: &Call) -> Self {
        match call {
            Call::Charge(_) => Self::Charge,
            Call::Prepare(_) => Self::CreateQr,
            Call::Query(_) | Call::Cancel(_) | Call::Close(_) | Call::Refund(_) => {
                Self::QueryPayment
            }
            Call::QueryRefund(_) => Self::QueryRefund,
        }
    }

    /// Every message that a call may take.
    pub(super) const fn of(call: &Call) -> &'static [Self] {
        match call {
            Call::Charge(_) => &[Self::Charge, Self::QueryPayment],
            Call::Prepare(_) => &[Self::CreateQr],
            Call::Query(_) | Call::Close(_) => &[Self::QueryPayment],
            Call::Cancel(_) => &[Self::QueryPayment, Self::Void, Self::QueryVoid],
            Call::Refund(_) => &[Self::QueryPayment, Self::Refund, Self::QueryRefund],
            Call::QueryRefund(_) => &[Self::QueryRefund],
        }
    }

    pub(super) const fn txn_type(self) -> &'static str {
        match self {
            Self::Charge | Self::CreateQr => "01",
            Self::QueryPayment | Self::QueryVoid | Self::QueryRefund => "00",
            Self::Void => "31",
            Self::Refund => "04",
        }
    }

    const fn txn_sub_type(self) -> &'static str {
        match self {
            Self::Charge => "06",
            Self::CreateQr => "07",
            Self::QueryPayment
            | Self::Void
            | Self::QueryVoid
            | Self::Refund
            | Self::QueryRefund => "00",
        }
    }

    const fn path(self) -> &'static str {
        match self {
            Self::Charge | Self::CreateQr | Self::Void | Self::Refund => {
                "/gateway/api/backTransReq.do"
            }
            Self::QueryPayment | Self::QueryVoid | Self::QueryRefund => {
                "/gateway/api/queryTrans.do"
            }
        }
    }

    /// `orderId` and `txnTime`, the same on every try.
    pub(super) fn name(self, call: &Call) -> (String, String) {
        let attempt = subject(call).attempt;
        let order = || (attempt.channel_no(), txn_time(attempt.made_at_ms()));
        match self {
            Self::Charge | Self::CreateQr | Self::QueryPayment => order(),
            // A void has a number of its own; there is one void of an attempt at most.
            Self::Void | Self::QueryVoid => {
                let (number, time) = order();
                (format!("{number}v"), time)
            }
            Self::Refund | Self::QueryRefund => match call {
                Call::Refund(refund) | Call::QueryRefund(refund) => {
                    (refund.refund.channel_no(), txn_time(refund.refund.made_at_ms()))
                }
                Call::Charge(_)
                | Call::Prepare(_)
                | Call::Query(_)
                | Call::Cancel(_)
                | Call::Close(_) => order(),
            },
        }
    }
}

pub(super) fn build(account: &Unionpay, call: &Call) -> Result<Request, BuildError> {
    let message = Message::first(call);
    let mut fields = common(account, message, call);
    match call {
        Call::Charge(charge) => {
            put_trade(&mut fields, &charge.subject, &charge.details)?;
            put(&mut fields, "qrNo", payer_code(charge)?);
        }
        Call::Prepare(prepare)
            if matches!(
                prepare.subject.way,
                PayWay::Jsapi | PayWay::H5 | PayWay::Page | PayWay::OwnCode
            ) =>
        {
            return Err(BuildError::NotOffered);
        }
        Call::Prepare(prepare) => put_trade(&mut fields, &prepare.subject, &prepare.details)?,
        Call::Refund(refund) => {
            // Looked at here, where it can still be said; it is sent by the message that follows.
            fen(refund.amount)?;
        }
        Call::Query(_) | Call::Cancel(_) | Call::Close(_) | Call::QueryRefund(_) => {}
    }
    request(account, message, fields).ok_or(BuildError::Unfit)
}

/// The next message of a call, after a verified answer about our own number.
pub(super) fn follow_up(account: &Unionpay, call: &Call, answer: &Answer<'_>) -> Option<Request> {
    let (message, payment) = answer.next(call)?;
    let mut fields = common(account, message, call);
    let mut put_payment = |payment: &ChannelTradeNo, amount: Amount| {
        put(&mut fields, "origQryId", payment.as_str());
        put(&mut fields, "txnAmt", &fen(amount).ok()?);
        put(&mut fields, "currencyCode", "156");
        Some(())
    };
    match (message, call) {
        // No `backUrl`: a void is always asked for, and its notice would be about no attempt.
        (Message::Void, _) => put_payment(&payment?, subject(call).amount)?,
        (Message::Refund, Call::Refund(refund)) => {
            put_payment(&payment?, refund.amount)?;
            put(&mut fields, "backUrl", &refund.notify_url);
        }
        _ => {}
    }
    request(account, message, fields)
}

fn common(account: &Unionpay, message: Message, call: &Call) -> Fields {
    let (order_id, txn_time) = message.name(call);
    let mut fields = Fields::new();
    for (name, value) in [
        ("version", "5.1.0"),
        ("encoding", "UTF-8"),
        ("signMethod", "01"),
        ("txnType", message.txn_type()),
        ("txnSubType", message.txn_sub_type()),
        ("bizType", "000000"),
        // 08 is mobile: both ways of paying are by the payer's phone.
        ("channelType", "08"),
        ("accessType", if account.acq_ins_code.is_some() { "1" } else { "0" }),
        ("acqInsCode", account.acq_ins_code.as_deref().unwrap_or_default()),
        ("merId", &account.mer_id),
        ("orderId", &order_id),
        ("txnTime", &txn_time),
        ("certId", &account.cert_id),
    ] {
        put(&mut fields, name, value);
    }
    fields
}

fn put_trade(fields: &mut Fields, subject: &Subject, details: &Details) -> Result<(), BuildError> {
    put(fields, "txnAmt", &fen(subject.amount)?);
    put(fields, "currencyCode", "156");
    put(fields, "backUrl", &details.notify_url);
    // The form of `payTimeout` was chosen: as `txnTime`, in Beijing's time.
    put(fields, "payTimeout", &china(details.expires_at));
    Ok(())
}

fn put(fields: &mut Fields, name: &str, value: &str) {
    fields.insert(name.to_owned(), value.to_owned());
}

/// Blank fields are dropped before signing; the signature is over the values before they are encoded.
fn request(account: &Unionpay, message: Message, mut fields: Fields) -> Option<Request> {
    fields.retain(|_, value| !value.is_empty());
    let signature = sign::sign(&account.key, &fields);
    put(&mut fields, "signature", &signature);
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(&fields).finish();
    let gateway = account.gateway.to_string();
    http::Request::post(format!("{}{}", gateway.trim_end_matches('/'), message.path()))
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded;charset=UTF-8")
        .body(Bytes::from(body))
        .ok()
}

pub(super) const fn subject(call: &Call) -> &Subject {
    match call {
        Call::Charge(charge) => &charge.subject,
        Call::Prepare(prepare) => &prepare.subject,
        Call::Query(subject) | Call::Cancel(subject) | Call::Close(subject) => subject,
        Call::Refund(refund) | Call::QueryRefund(refund) => &refund.subject,
    }
}

fn fen(amount: Amount) -> Result<String, BuildError> {
    match amount.currency() {
        Currency::Cny if amount.minor() <= AMOUNT_MAX => Ok(amount.minor().to_string()),
        Currency::Cny => Err(BuildError::Unfit),
        Currency::Hkd | Currency::Jpy | Currency::Usd => Err(BuildError::NotOffered),
    }
}

pub(super) fn txn_time(made_at_ms: i64) -> String {
    china(Timestamp::from_millisecond(made_at_ms).unwrap_or(Timestamp::UNIX_EPOCH))
}

/// `yyyyMMddHHmmss`, Beijing time.
pub(super) fn china(at: Timestamp) -> String {
    at.to_zoned(TimeZone::fixed(Offset::constant(8))).strftime("%Y%m%d%H%M%S").to_string()
}
