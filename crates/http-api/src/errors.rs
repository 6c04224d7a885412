//! Every error code of the API: its status, its cause, and what to do next. The page in `docs/` is
//! made from this table.

use std::fmt::Write as _;

use app::{Failure, Refused, UseCaseError};
use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

/// One stable code.
#[derive(Debug)]
pub struct Code {
    pub code: &'static str,
    pub status: u16,
    /// What happened, for the one who reads the answer.
    pub message: &'static str,
    /// What the merchant's developer does next.
    pub next: &'static str,
}

macro_rules! codes {
    ($($code:literal $status:literal $message:literal => $next:literal;)*) => {
        /// All codes, in the order in which a request meets them.
        pub const CODES: &[Code] =
            &[$(Code { code: $code, status: $status, message: $message, next: $next }),*];
    };
}

codes! {
    "body_too_large" 413 "the request body is larger than 64 KiB" => "send less";
    "authorization_malformed" 401 "the Authorization header is missing or cannot be read" => "compare it with docs/guides/call-the-api.md";
    "timestamp_out_of_window" 401 "the timestamp is more than five minutes from ours" => "set the clock, sign anew";
    "signature_invalid" 401 "the key is not known or the signature does not fit" => "check key id, secret, and the exact bytes that are signed";
    "nonce_replayed" 401 "this nonce was used before" => "sign every request with a fresh nonce";
    "rate_limited" 429 "too many requests with this key" => "wait a second, then go on more slowly";
    "route_not_found" 404 "there is no such path or method" => "see the API reference";
    "request_malformed" 400 "the body or the query is not of the documented form" => "details name the place; unknown fields are refused too";
    "amount_invalid" 400 "the amount is not a whole number of fen within the limits" => "send 1 to 100000000000 fen";
    "currency_unsupported" 400 "the currency is not CNY" => "send CNY";
    "field_invalid" 400 "a field is empty, too long, or of characters that it cannot have" => "details name the field";
    "means_invalid" 400 "exactly one of payer_code, qr, jsapi, h5, cash, coupon, bank_card, platform_coupon, wallet and legs is wanted" => "send one of them; a leg has no legs, and a top-up is paid through a channel";
    "terminal_not_allowed" 403 "a terminal's key acts for its own terminal only" => "leave terminal_id out, or use the merchant's key";
    "key_not_allowed" 403 "a till's key may not do this" => "use a key of the merchant's server";
    "staff_signed_out" 401 "nobody is signed in at this till, or not any more" => "sign in with number and PIN";
    "staff_right_missing" 403 "whoever is signed in may not do this" => "let somebody sign in who may";
    "staff_unknown" 403 "the number or the PIN is wrong" => "try again; after five wrong PINs the number is locked for 15 minutes";
    "staff_locked" 429 "the number is locked after too many wrong PINs" => "wait 15 minutes, or let an operator give a new PIN";
    "activation_code_unknown" 404 "there is no such activation code" => "compare it with what the operator gave";
    "activation_code_used" 409 "the activation code was used for another key" => "ask an operator for a new code";
    "activation_code_expired" 409 "the activation code's day is over" => "ask an operator for a new code";
    "code_invalid" 404 "the code is not one of ours" => "scan the code again; nothing was begun";
    "plate_revoked" 410 "the plate is out of use" => "ask the shop for another code";
    "sign_in_state_wrong" 400 "the browser did not begin this sign-in, or too long ago" => "scan the code again";
    "payer_unknown" 401 "the payer's app has not said who he is, or too long ago" => "open the page again";
    "order_being_paid" 409 "somebody else is paying the order" => "wait for it, or pay instead of it";
    "merchant_suspended" 403 "the merchant takes no new payments" => "ask operations";
    "payment_not_found" 404 "there is no such payment of yours" => "check the number";
    "no_route" 503 "no account of the channel can take the payment now: limits are reached, or it does not answer" => "try again with the same number, or pay by another means";
    "order_no_used" 409 "this order number was used before with other content" => "use a new number for a new order; to ask for the old one, get it";
    "terminal_not_found" 400 "the terminal is not one of yours, or was revoked" => "check terminal_id";
    "tender_not_enabled" 403 "this kind of terminal does not take this tender" => "pay by another tender, or ask operations to enable it";
    "payer_code_unknown" 400 "the payer's code belongs to no connected wallet" => "scan again, or ask for another wallet";
    "channel_not_open" 400 "this channel is not open for you" => "use another channel, or ask operations";
    "way_not_offered" 400 "the channel cannot be paid in this way" => "use another way or another channel";
    "blackout" 409 "nothing is taken at this hour" => "try again after the hours that your institution settled";
    "expiry_past" 400 "expires_at is over already" => "send a time ahead, at most two hours";
    "legs_above_amount" 400 "the legs are together more than the payment" => "send legs of the payment's amount or less";
    "too_many_legs" 409 "a payment has at most 20 legs" => "close the payment and begin a new one";
    "leg_no_used" 409 "this leg number was used before with other content" => "use a new number for a new leg; get the payment to see the old one";
    "order_not_combined" 409 "the payment is paid by one means" => "begin a payment with `legs`";
    "order_not_open" 409 "the payment is not being paid any more" => "get the payment to see its state";
    "amount_above_rest" 409 "the leg is above what the payment still lacks" => "get the payment: its `rest`";
    "order_paid" 409 "the payment is paid" => "refund it instead";
    "refund_no_used" 409 "this refund number was used before with other content" => "use a new number for a new refund";
    "refund_not_found" 404 "there is no such refund of yours" => "check the number";
    "leg_not_found" 409 "the payment has no such part" => "check the payment";
    "order_not_paid" 409 "the payment is not paid" => "nothing is to be refunded";
    "leg_wanted" 409 "the payment was paid by several legs and not all of the rest is to go back" => "name the leg: `leg_id`";
    "void_day_over" 409 "a void is possible on the day of the payment only" => "refund it instead";
    "void_not_whole" 409 "a void is of the whole payment, and some of it went back already" => "refund the rest instead";
    "refund_same_day" 409 "on the day of the payment only a void is possible" => "void it, or refund it from tomorrow";
    "refund_window_over" 409 "the payment is too old to be refunded" => "ask operations";
    "refund_not_failed" 409 "only a failed refund can be tried again" => "get the refund to see its state";
    "currency_mismatch" 400 "the refund is in another currency than the payment" => "use the payment's currency";
    "amount_above_refundable" 409 "the amount is above what can still be refunded" => "get the payment: total less refunded and refunding";
    "insufficient_funds" 409 "your unsettled money and balance do not cover the refund" => "try again when more has come in";
    "order_is_top_up" 409 "the payment is a top-up, or it is none: what is not spent of a top-up goes back through its wallet" => "use the wallet's top-up-returns for a top-up, and refunds for everything else";
    "order_is_hold" 409 "the payment holds money on a card: it can be voided while it stands, and nothing else" => "void it whole, or complete it at the terminal and refund the completion";
    "wallet_not_found" 404 "there is no such wallet of yours" => "check the number";
    "wallet_no_used" 409 "this wallet number was used before with other content" => "use a new number for a new wallet";
    "wallet_not_active" 409 "the wallet is not in a state for this" => "get the wallet to see its state; a card is activated first";
    "wallet_frozen" 409 "the wallet is frozen by risk control" => "ask operations";
    "wallet_closed" 409 "the wallet is closed" => "issue another one";
    "wallet_expired" 409 "the wallet's time is over" => "return what is left of it";
    "too_many_top_ups" 409 "the wallet has been topped up too often" => "issue another one";
    "wallet_short" 409 "the wallet does not hold that much" => "get the wallet: principal and gift; pay the rest by another means";
    "top_up_not_found" 404 "the wallet has no such top-up that is paid" => "get the wallet to see its top-ups";
    "amount_above_lot" 409 "the amount is above what is left of the top-up" => "get the wallet: the top-up's `left`";
    "campaign_not_found" 404 "there is no such campaign for you" => "ask operations";
    "campaign_over" 409 "the campaign is not running" => "ask operations";
    "above_per_order" 409 "more than the campaign pays for one order" => "send less";
    "budget_spent" 409 "the campaign's budget does not cover it" => "pay by another means";
    "shift_not_found" 404 "there is no such shift of yours" => "check the number";
    "shift_open" 409 "the terminal has an open shift" => "close it first";
    "shift_closed" 409 "the shift was closed with another count" => "get the shift to see it";
    "notification_not_found" 404 "there is no such notification of yours" => "check the number";
    "overloaded" 503 "too much waits; nothing was done" => "try again with the same number after a second";
    "internal" 500 "something failed on our side; the result may not be known" => "get the payment, or send the same request again: the number makes it safe";
}

/// An error's answer.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Error)]
pub(crate) struct ErrorBody {
    /// Stable: see the list of codes.
    #[schema(value_type = String)]
    code: &'static str,
    /// For people; may change.
    #[schema(value_type = String)]
    message: &'static str,
    /// Names this request in our log.
    request_id: String,
    /// The field or place that it is about.
    details: Option<String>,
}

/// An error on its way out. The answer is made where the request's id is known.
#[derive(Debug, Clone)]
pub(crate) struct ApiError {
    pub(crate) code: &'static str,
    pub(crate) details: Option<String>,
}

impl ApiError {
    pub(crate) const fn of(code: &'static str) -> Self {
        Self { code, details: None }
    }

    pub(crate) fn field(code: &'static str, field: &str) -> Self {
        Self { code, details: Some(field.to_owned()) }
    }

    fn row(&self) -> Option<&'static Code> {
        CODES.iter().find(|row| row.code == self.code)
    }

    pub(crate) fn status(&self) -> StatusCode {
        let status = self.row().and_then(|row| StatusCode::from_u16(row.status).ok());
        status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    pub(crate) fn respond(&self, request_id: &str) -> Response {
        let (row, status) = (self.row(), self.status());
        let body = Json(ErrorBody {
            code: self.code,
            message: row.map_or("", |r| r.message),
            request_id: request_id.to_owned(),
            details: self.details.clone(),
        });
        let mut response = (status, body).into_response();
        if self.code == "rate_limited" || self.code == "overloaded" {
            let wait = http::HeaderValue::from_static("1");
            response.headers_mut().insert(http::header::RETRY_AFTER, wait);
        }
        response
    }

    /// For the layer that knows the request's id: it finds the error in the extensions.
    pub(crate) fn into_response_without_id(self) -> Response {
        let mut response = Response::default();
        *response.status_mut() = self.status();
        response.extensions_mut().insert(self);
        response
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        self.into_response_without_id()
    }
}

impl From<Failure> for ApiError {
    fn from(failure: Failure) -> Self {
        if failure.is_overload() {
            return Self::of("overloaded");
        }
        let chain = std::iter::successors(std::error::Error::source(&failure), |e| e.source());
        let causes: Vec<String> = chain.map(ToString::to_string).collect();
        tracing::error!(error = %failure, causes = ?causes, "a request failed");
        Self::of("internal")
    }
}

impl From<Refused> for ApiError {
    fn from(refused: Refused) -> Self {
        Self::of(refused.code())
    }
}

impl From<UseCaseError> for ApiError {
    fn from(error: UseCaseError) -> Self {
        match error {
            UseCaseError::Refused(refused) => refused.into(),
            UseCaseError::Failed(failure) => failure.into(),
        }
    }
}

pub(crate) async fn not_found() -> ApiError {
    ApiError::of("route_not_found")
}

/// The text of `docs/error-codes.md`.
#[must_use]
pub fn error_codes_page() -> String {
    let mut page = String::from(
        "# Error codes\n\nAn error answers with its HTTP status and \
         `{\"code\",\"message\",\"request_id\",\"details\"}`. Codes are stable; messages may change. \
         None of them leaves anything behind unless it says so.\n\n\
         | code | status | what happened | what to do |\n|---|---|---|---|\n",
    );
    for row in CODES {
        let Code { code, status, message, next } = row;
        let _written = writeln!(page, "| `{code}` | {status} | {message} | {next} |");
    }
    page
}
