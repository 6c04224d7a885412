//! What merchants are told: the JSON of payments and refunds, and the signed message around it.
//!
//! Answers of the API and notifications show a payment in the same shape, made here.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use ids::NotificationId;
use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};
use merchants::Notification;
use orders::{Aggregate, Attempt, OrderState, Refund, RefundOrigin, RefundState};
use serde_json::{Value, json};

use crate::{PlatformKey, Request};

/// The signed message to the merchant: `POST` of the body, with the signature over
/// `TIMESTAMP\nNONCE\nBODY\n` in headers.
///
/// # Errors
/// [`http::Error`] when the merchant's address is not a URL.
pub fn request(
    notification: &Notification,
    key: &PlatformKey,
    now: Timestamp,
    nonce: &str,
) -> Result<Request, http::Error> {
    let (seconds, body) = (now.as_second().to_string(), &notification.body);
    let signature = key.sign(format!("{seconds}\n{nonce}\n{body}\n").as_bytes());
    http::Request::post(&notification.url)
        .header(CONTENT_TYPE, "application/json")
        .header("Suanpan-Timestamp", seconds)
        .header("Suanpan-Nonce", nonce)
        .header("Suanpan-Key-Id", &key.name)
        .header("Suanpan-Signature-Type", key.scheme())
        .header("Suanpan-Signature", BASE64.encode(signature))
        .body(Bytes::copy_from_slice(body.as_bytes()))
}

/// The body of a notification about a payment.
#[must_use]
pub fn payment_body(
    id: NotificationId,
    event: &str,
    aggregate: &Aggregate,
    now: Timestamp,
) -> String {
    json!({
        "id": id.to_string(), "event": event, "created_at": time(now),
        "payment": payment(aggregate),
    })
    .to_string()
}

/// The body of a notification about a refund.
#[must_use]
pub fn refund_body(
    id: NotificationId,
    event: &str,
    (aggregate, refund_row): (&Aggregate, &Refund),
    now: Timestamp,
) -> String {
    json!({
        "id": id.to_string(), "event": event, "created_at": time(now),
        "refund": refund(refund_row), "payment": payment(aggregate),
    })
    .to_string()
}

/// A payment as merchants see it.
#[must_use]
pub fn payment(aggregate: &Aggregate) -> Value {
    let order = &aggregate.order;
    let attempt = aggregate.attempts.last();
    let mut shown = json!({
        "id": order.id.to_string(),
        "merchant_order_no": order.merchant_no.as_str(),
        "state": payment_state(order.state),
        "amount": { "total": order.amount.minor(), "currency": order.amount.currency().code() },
        "refunded": aggregate.legs.iter().map(|l| l.refunded.minor()).sum::<u64>(),
        "refunding": aggregate.legs.iter().map(|l| l.refunding.minor()).sum::<u64>(),
        "description": order.description,
        "created_at": time(order.created_at),
        "expires_at": time(order.expires_at),
    });
    put(&mut shown, "channel", aggregate.legs.first().map(|l| l.channel.to_string()));
    put(&mut shown, "attach", order.attach.clone());
    put(&mut shown, "terminal_id", order.terminal.map(|id| id.to_string()));
    put(&mut shown, "paid_at", order.paid_at.map(time));
    if let Some(attempt) = attempt {
        put_attempt(&mut shown, attempt, order.state);
    }
    shown
}

fn put_attempt(shown: &mut Value, attempt: &Attempt, state: OrderState) {
    put(shown, "channel_trade_no", attempt.trade_no.as_ref().map(ToString::to_string));
    put(shown, "payer", attempt.payer.clone());
    if state == OrderState::Paying {
        put(shown, "code_url", attempt.code_url.clone());
    }
    if let Some(refusal) = attempt.refusal.as_ref().filter(|_| state == OrderState::Failed) {
        put(shown, "failure_code", Some(refusal.code.clone()));
        put(shown, "failure_message", Some(refusal.message.clone()));
    }
}

/// A refund as merchants see it.
#[must_use]
pub fn refund(refund: &Refund) -> Value {
    let mut shown = json!({
        "id": refund.id.to_string(),
        "payment_id": refund.order.to_string(),
        "merchant_refund_no": refund.merchant_no.as_str(),
        "state": refund_state(refund.state),
        "origin": match refund.origin {
            RefundOrigin::Merchant => "merchant",
            RefundOrigin::LatePayment => "late_payment",
        },
        "amount": { "total": refund.amount.minor(), "currency": refund.amount.currency().code() },
        "reason": refund.reason,
        "created_at": time(refund.created_at),
    });
    put(&mut shown, "refunded_at", refund.refunded_at.map(time));
    if let Some(refusal) = &refund.refusal {
        put(&mut shown, "failure_code", Some(refusal.code.clone()));
        put(&mut shown, "failure_message", Some(refusal.message.clone()));
    }
    shown
}

/// The word of the API for a payment's state.
#[must_use]
pub const fn payment_state(state: OrderState) -> &'static str {
    match state {
        OrderState::Paying => "paying",
        OrderState::Paid => "paid",
        OrderState::Failed => "failed",
        OrderState::Closed => "closed",
    }
}

/// The word of the API for a refund's state. Whether we are waiting for an answer or for the channel
/// makes no difference to the merchant.
#[must_use]
pub const fn refund_state(state: RefundState) -> &'static str {
    match state {
        RefundState::Sending | RefundState::Processing | RefundState::Unknown => "processing",
        RefundState::Succeeded => "succeeded",
        RefundState::Failed => "failed",
        RefundState::Manual => "manual",
    }
}

fn put(shown: &mut Value, name: &str, value: Option<String>) {
    if let (Value::Object(map), Some(value)) = (shown, value) {
        map.insert(name.to_owned(), Value::String(value));
    }
}

/// RFC 3339 in China's time, as this market reads it.
fn time(at: Timestamp) -> String {
    let zoned = at.to_zoned(TimeZone::fixed(Offset::constant(8)));
    zoned.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}
