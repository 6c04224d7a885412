//! Notifications to merchants: the body, and the signed message around it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use ids::{MerchantNo, NotificationId};
use jiff::Timestamp;
use merchants::Notification;
use orders::Aggregate;

use crate::{PlatformKey, Request, shown};

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
    body(id, event, (None, aggregate), now)
}

/// The body of a notification about a refund.
#[must_use]
pub fn refund_body(
    id: NotificationId,
    event: &str,
    (aggregate, no): (&Aggregate, &MerchantNo),
    now: Timestamp,
) -> String {
    body(id, event, (Some(no), aggregate), now)
}

fn body(
    id: NotificationId,
    event: &str,
    (refund, aggregate): (Option<&MerchantNo>, &Aggregate),
    now: Timestamp,
) -> String {
    let event = shown::Event {
        id: id.to_string(),
        event: event.to_owned(),
        created_at: shown::time(now),
        refund: refund.and_then(|no| shown::Refund::of(aggregate, no)),
        payment: shown::Payment::of(aggregate),
    };
    // Texts and numbers under fixed names: there is nothing that could not be written.
    serde_json::to_string(&event).unwrap_or_default()
}
