//! A channel inside the process that takes every payment at once: what is measured is ours.

use bytes::Bytes;
use channels::{
    BuildError, Channel, Connector, NoticeRefusal, Request, Response, SendError, Sender,
};
use ids::{AttemptId, ChannelTradeNo};
use jiff::Timestamp;
use orders::channel::{Call, Notice, Paid, PaymentReply, RefundReply, Reply, Subject, Unknown};

#[derive(Debug)]
pub(crate) struct InstantChannel;

impl Connector for InstantChannel {
    fn channel(&self) -> Channel {
        Channel::Alipay
    }

    fn build(&self, _: &Call, _: Timestamp, _: &str) -> Result<Request, BuildError> {
        Ok(Request::new(Bytes::new()))
    }

    fn read(&self, call: &Call, now: Timestamp, _: &Response) -> Reply {
        match call {
            Call::Charge(charge) => Reply::Payment(paid(&charge.subject, now)),
            Call::Prepare(prepare) => Reply::Payment(paid(&prepare.subject, now)),
            Call::Query(subject) | Call::Cancel(subject) | Call::Close(subject) => {
                Reply::Payment(paid(subject, now))
            }
            Call::Refund(refund) | Call::QueryRefund(refund) => {
                Reply::Refund(RefundReply::Succeeded { amount: refund.amount, refunded_at: now })
            }
        }
    }

    fn read_notice(&self, _: Timestamp, _: &Request) -> Result<Notice, NoticeRefusal> {
        Err(NoticeRefusal::UnknownKind)
    }

    fn notice_answer(&self, _: bool) -> Response {
        Response::new(Bytes::new())
    }
}

fn paid(subject: &Subject, now: Timestamp) -> PaymentReply {
    match ChannelTradeNo::parse(&trade_no(subject.attempt)) {
        Ok(trade_no) => PaymentReply::Paid(Paid {
            trade_no,
            amount: subject.amount,
            paid_at: now,
            payer: Some("2088000000000001".to_owned()),
            card: None,
        }),
        Err(_) => PaymentReply::Unknown(Unknown::Unreadable),
    }
}

/// As long as a channel's own.
fn trade_no(attempt: AttemptId) -> String {
    format!("2026112022001{}", attempt.channel_no())
}

#[derive(Debug)]
pub(crate) struct InstantSender;

#[async_trait::async_trait]
impl Sender for InstantSender {
    async fn send(&self, _: Request) -> Result<Response, SendError> {
        Ok(Response::new(Bytes::new()))
    }
}
