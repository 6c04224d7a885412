//! What each of Alipay's documented results means. Codes that are not listed are unknown, never failed.

use ids::ChannelTradeNo;
use money::{Amount, Currency};
use orders::channel::{
    Call, ChannelCodeText, Paid, PayWay, PaymentReply, RefundCall, RefundReply, Reply, Subject,
    Unknown,
};
use serde_json::{Value, json};

use super::api::read_china;
use crate::silence;

/// What a refusal's sub code means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Nothing happened and nothing will, for this call.
    Refused,
    /// May have happened.
    Unsure,
    /// The channel does not know the trade.
    NotFound,
    /// The trade is closed.
    Closed,
}

use Meaning::{Closed, NotFound, Refused, Unsure};

/// Sub codes, without their `ACQ.`, that refuse us and not the payer: the agreement, the rights or the
/// limits of our account.
pub(crate) const OUR_FAULTS: &[&str] = &[
    "ACCESS_FORBIDDEN",
    "AUTH_TOKEN_IS_NOT_EXIST",
    "BEYOND_PER_RECEIPT_SINGLE_RESTRICTION",
    "MERCHANT_AGREEMENT_NOT_EXIST",
    "MERCHANT_PERM_RECEIPT_DAY_LIMIT",
    "MERCHANT_STATUS_NOT_NORMAL",
    "PARTNER_ERROR",
    "SECONDARY_MERCHANT_ID_BLANK",
    "SECONDARY_MERCHANT_ID_INVALID",
    "SECONDARY_MERCHANT_ISV_PUNISH_INDIRECT",
    "SECONDARY_MERCHANT_NOT_MATCH",
    "SECONDARY_MERCHANT_STATUS_ERROR",
    "SELLER_BEEN_BLOCKED",
    "SUB_MERCHANT_CREATE_FAIL",
    "SUB_MERCHANT_TYPE_INVALID",
];

/// Sub codes without their `ACQ.`, as the pages of the `alipay.trade` methods list them. The calls that
/// read some of them in their own way stand in [`meaning`].
pub(super) const SUB_CODES: &[(&str, Meaning)] = &[
    ("ACCESS_FORBIDDEN", Refused),
    ("AUTH_TOKEN_IS_NOT_EXIST", Refused),
    ("BEYOND_PER_RECEIPT_SINGLE_RESTRICTION", Refused),
    ("BUYER_BALANCE_NOT_ENOUGH", Refused),
    ("BUYER_BANKCARD_BALANCE_NOT_ENOUGH", Refused),
    ("BUYER_NOT_EXIST", Refused),
    ("BUYER_PAYMENT_AMOUNT_DAY_LIMIT_ERROR", Refused),
    ("BUYER_PAYMENT_AMOUNT_MONTH_LIMIT_ERROR", Refused),
    ("CANCEL_NOT_ALLOWED", Refused),
    // Every number is used for one attempt: another trade under it is our own message, come twice.
    ("CONTEXT_INCONSISTENT", Unsure),
    ("DISCORDANT_REPEAT_REQUEST", Refused),
    ("ERROR_BALANCE_PAYMENT_DISABLE", Refused),
    ("INVALID_PARAMETER", Refused),
    ("MERCHANT_AGREEMENT_NOT_EXIST", Refused),
    ("MERCHANT_PERM_RECEIPT_DAY_LIMIT", Refused),
    ("MERCHANT_STATUS_NOT_NORMAL", Refused),
    ("MOBILE_PAYMENT_SWITCH_OFF", Refused),
    ("NOT_ALLOW_PARTIAL_REFUND", Refused),
    ("NO_PAYMENT_INSTRUMENTS_AVAILABLE", Refused),
    ("PARTNER_ERROR", Refused),
    ("PAYMENT_AUTH_CODE_INVALID", Refused),
    ("PAYMENT_FAIL", Refused),
    ("PAYMENT_REQUEST_HAS_RISK", Refused),
    ("PLATFORM_BUSINESS_ACQUIRE_MODE_MUST_MERCHANT_ID", Refused),
    ("PULL_MOBILE_CASHIER_FAIL", Refused),
    ("REASON_ILLEGAL_STATUS", Unsure),
    ("REASON_TRADE_BEEN_FREEZEN", Refused),
    ("REASON_TRADE_REFUND_FEE_ERR", Refused),
    ("REASON_TRADE_STATUS_INVALID", Unsure),
    ("REFUND_AMT_NOT_EQUAL_TOTAL", Refused),
    ("REFUND_FEE_ERROR", Refused),
    ("SECONDARY_MERCHANT_ID_BLANK", Refused),
    ("SECONDARY_MERCHANT_ID_INVALID", Refused),
    ("SECONDARY_MERCHANT_ISV_PUNISH_INDIRECT", Refused),
    ("SECONDARY_MERCHANT_NOT_MATCH", Refused),
    ("SECONDARY_MERCHANT_STATUS_ERROR", Refused),
    ("SELLER_BALANCE_NOT_ENOUGH", Refused),
    ("SELLER_BEEN_BLOCKED", Refused),
    ("SOUNDWAVE_PARSER_FAIL", Refused),
    ("SUB_MERCHANT_CREATE_FAIL", Refused),
    ("SUB_MERCHANT_TYPE_INVALID", Refused),
    ("SYSTEM_ERROR", Unsure),
    ("TOTAL_FEE_EXCEED", Refused),
    ("TRADE_BUYER_NOT_MATCH", Unsure),
    ("TRADE_CANCEL_TIME_OUT", Refused),
    ("TRADE_HAS_CLOSE", Closed),
    ("TRADE_HAS_FINISHED", Refused),
    ("TRADE_HAS_SUCCESS", Unsure),
    ("TRADE_NOT_ALLOW_REFUND", Refused),
    ("TRADE_NOT_EXIST", NotFound),
    ("TRADE_SETTLE_ERROR", Refused),
    ("TRADE_STATUS_ERROR", Unsure),
    ("USER_FACE_PAYMENT_SWITCH_OFF", Refused),
];

/// `None` for a code that is not listed, or is not of the trade methods.
pub(super) fn meaning(call: &Call, sub_code: &str) -> Option<Meaning> {
    // The channel itself misspells one of them.
    let code = sub_code.strip_prefix("ACQ.").or_else(|| sub_code.strip_prefix("AQC."))?;
    let listed =
        SUB_CODES.iter().find(|(listed, _)| *listed == code).map(|(_, meaning)| *meaning)?;
    Some(match (call, code) {
        // Nothing to close: nobody scanned the code, or our charge never came. Should it come yet, the
        // watch over closed attempts finds the money and returns it.
        (Call::Close(_) | Call::Cancel(_), "TRADE_NOT_EXIST") => Closed,
        // For a refund these are answers about the payment, and final for this attempt.
        (Call::Refund(_), "TRADE_STATUS_ERROR" | "TRADE_HAS_CLOSE" | "TRADE_NOT_EXIST") => Refused,
        // The pay code was used for a trade that is closed: this charge took nothing.
        (Call::Charge(_) | Call::Prepare(_), "TRADE_HAS_CLOSE") => Refused,
        _ => listed,
    })
}

pub(super) fn reply(call: &Call, node: &Value) -> Reply {
    let text = |name: &str| node.get(name).and_then(Value::as_str);
    // A signature proves who speaks, not of what: an answer about another trade says nothing of ours.
    let other = |name: &str, ours: String| text(name).is_some_and(|named| named != ours);
    if other("out_trade_no", subject(call).attempt.channel_no()) {
        return silence(call, Unknown::Unreadable);
    }
    if let Call::Refund(refund) | Call::QueryRefund(refund) = call
        && other("out_request_no", refund.refund.channel_no())
    {
        return silence(call, Unknown::Unreadable);
    }
    let Some(code) = text("code") else { return silence(call, Unknown::Unreadable) };
    match gateway(code) {
        Some(Gateway::Done) => success(call, node),
        Some(Gateway::Waiting) => match call {
            Call::Charge(_) => Reply::Payment(PaymentReply::Pending),
            Call::Prepare(_)
            | Call::Query(_)
            | Call::Cancel(_)
            | Call::Close(_)
            | Call::Refund(_)
            | Call::QueryRefund(_) => silence(call, Unknown::Unreadable),
        },
        Some(Gateway::Busy) => silence(call, Unknown::ChannelUnsure),
        Some(Gateway::Business) => business(call, node),
        Some(Gateway::NotTaken) => {
            let sub_code = text("sub_code");
            tracing::error!(code, sub_code, "Alipay refuses our message or our rights");
            refused(call, ChannelCodeText::new(sub_code.unwrap_or(code), ""))
        }
        None => silence(call, Unknown::UnlistedCode),
    }
}

/// What the gateway's own code means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Gateway {
    Done,
    /// The payer is asked for a password.
    Waiting,
    /// Unavailable, or called too often: it may have happened.
    Busy,
    /// The business said no; the sub code says why.
    Business,
    /// The message itself, or our rights: it was not taken.
    NotTaken,
}

const GATEWAY_CODES: &[(&str, Gateway)] = &[
    ("10000", Gateway::Done),
    ("10003", Gateway::Waiting),
    ("20000", Gateway::Busy),
    ("20001", Gateway::NotTaken),
    ("40001", Gateway::NotTaken),
    ("40002", Gateway::NotTaken),
    ("40004", Gateway::Business),
    ("40005", Gateway::Busy),
    ("40006", Gateway::NotTaken),
];

fn gateway(code: &str) -> Option<Gateway> {
    GATEWAY_CODES.iter().find(|(listed, _)| *listed == code).map(|(_, meaning)| *meaning)
}

const fn subject(call: &Call) -> &Subject {
    match call {
        Call::Charge(charge) => &charge.subject,
        Call::Prepare(prepare) => &prepare.subject,
        Call::Query(subject) | Call::Cancel(subject) | Call::Close(subject) => subject,
        Call::Refund(refund) | Call::QueryRefund(refund) => &refund.subject,
    }
}

fn business(call: &Call, node: &Value) -> Reply {
    let text = |name: &str| node.get(name).and_then(Value::as_str).unwrap_or_default();
    let sub_code = text("sub_code");
    match meaning(call, sub_code) {
        Some(Refused) => refused(call, ChannelCodeText::new(sub_code, text("sub_msg"))),
        Some(Unsure) => silence(call, Unknown::ChannelUnsure),
        Some(NotFound) => match call {
            Call::QueryRefund(_) => Reply::Refund(RefundReply::NotFound),
            Call::Refund(_) => silence(call, Unknown::ChannelUnsure),
            Call::Charge(_)
            | Call::Prepare(_)
            | Call::Query(_)
            | Call::Cancel(_)
            | Call::Close(_) => Reply::Payment(PaymentReply::NotFound),
        },
        Some(Closed) => match call {
            Call::Refund(_) | Call::QueryRefund(_) => silence(call, Unknown::ChannelUnsure),
            Call::Charge(_)
            | Call::Prepare(_)
            | Call::Query(_)
            | Call::Cancel(_)
            | Call::Close(_) => Reply::Payment(PaymentReply::Closed),
        },
        None => silence(call, Unknown::UnlistedCode),
    }
}

/// A coded refusal. A query that is refused says nothing about what it asked for.
fn refused(call: &Call, text: ChannelCodeText) -> Reply {
    match call {
        Call::Charge(_) | Call::Prepare(_) | Call::Cancel(_) => {
            Reply::Payment(PaymentReply::Refused(text))
        }
        Call::Refund(_) => Reply::Refund(RefundReply::Refused(text)),
        Call::Query(_) | Call::Close(_) | Call::QueryRefund(_) => {
            silence(call, Unknown::ChannelUnsure)
        }
    }
}

fn success(call: &Call, node: &Value) -> Reply {
    let text = |name: &str| node.get(name).and_then(Value::as_str);
    match call {
        Call::Charge(charge) => paid(call, &charge.subject, node),
        Call::Prepare(prepare) => {
            let invoke = match prepare.subject.way {
                // What the page gives to `tradePay`.
                PayWay::Jsapi => text("trade_no").map(|no| json!({ "tradeNO": no }).to_string()),
                PayWay::DynamicQr
                | PayWay::OwnCode
                | PayWay::PayerCode
                | PayWay::H5
                | PayWay::Page
                | PayWay::Card
                | PayWay::CardHold
                | PayWay::CardAdvice
                | PayWay::CardInquiry => text("qr_code").map(str::to_owned),
            };
            match invoke {
                Some(invoke) => Reply::Payment(PaymentReply::Ready { invoke }),
                None => silence(call, Unknown::Unreadable),
            }
        }
        Call::Query(subject) => match text("trade_status") {
            Some("TRADE_SUCCESS" | "TRADE_FINISHED") => paid(call, subject, node),
            Some("WAIT_BUYER_PAY") => Reply::Payment(PaymentReply::Pending),
            Some("TRADE_CLOSED") => Reply::Payment(PaymentReply::Closed),
            Some(_) => silence(call, Unknown::UnlistedCode),
            None => silence(call, Unknown::Unreadable),
        },
        Call::Cancel(_) => cancelled(call, node),
        Call::Close(_) => Reply::Payment(PaymentReply::Closed),
        Call::Refund(refund) => refunded(call, refund, node),
        Call::QueryRefund(refund) => refund_status(call, refund, node),
    }
}

/// Takes the payment at its word only for the amount that was asked.
fn paid(call: &Call, subject: &Subject, node: &Value) -> Reply {
    let text = |name: &str| node.get(name).and_then(Value::as_str);
    let read = || {
        // Both pages list the number among the fields of a paid answer: without it nothing is believed.
        text("out_trade_no")?;
        let at = text("gmt_payment").or_else(|| text("send_pay_date"));
        Some(Paid {
            trade_no: ChannelTradeNo::parse(text("trade_no")?).ok()?,
            amount: Amount::parse_major(text("total_amount")?, Currency::Cny).ok()?,
            paid_at: at.and_then(read_china)?,
            payer: text("buyer_open_id").or_else(|| text("buyer_user_id")).map(str::to_owned),
            card: None,
        })
    };
    match read() {
        Some(paid) if paid.amount == subject.amount => Reply::Payment(PaymentReply::Paid(paid)),
        Some(_) => {
            tracing::error!(attempt.id = %subject.attempt, "Alipay states another amount than was asked");
            silence(call, Unknown::Unreadable)
        }
        None => silence(call, Unknown::Unreadable),
    }
}

/// Final only with `retry_flag=N`. The action is missing where no trade was found to act on: then
/// there is no trade number either.
fn cancelled(call: &Call, node: &Value) -> Reply {
    let text = |name: &str| node.get(name).and_then(Value::as_str);
    let trade_no = text("trade_no");
    match (text("retry_flag"), text("action")) {
        (Some("Y"), _) => Reply::Payment(PaymentReply::Again),
        (Some("N"), Some("close")) => Reply::Payment(PaymentReply::Closed),
        (Some("N"), None) if trade_no.is_none() => Reply::Payment(PaymentReply::Closed),
        (Some("N"), Some("refund")) => {
            match trade_no.and_then(|no| ChannelTradeNo::parse(no).ok()) {
                Some(trade_no) => Reply::Payment(PaymentReply::Returned { trade_no }),
                None => silence(call, Unknown::Unreadable),
            }
        }
        (Some("N"), None) | (None, _) => silence(call, Unknown::Unreadable),
        (Some(_), _) => silence(call, Unknown::UnlistedCode),
    }
}

/// `fund_change=Y` is this refund; `N` may be an earlier one, so the refund query decides.
fn refunded(call: &Call, refund: &RefundCall, node: &Value) -> Reply {
    let text = |name: &str| node.get(name).and_then(Value::as_str);
    match (text("fund_change"), text("gmt_refund_pay").and_then(read_china)) {
        (Some("Y"), Some(refunded_at)) => {
            Reply::Refund(RefundReply::Succeeded { amount: refund.amount, refunded_at })
        }
        (Some("Y" | "N"), _) => Reply::Refund(RefundReply::Processing),
        (Some(_), _) => silence(call, Unknown::UnlistedCode),
        (None, _) => silence(call, Unknown::Unreadable),
    }
}

/// 10000 without refund fields means that the refund was not done.
fn refund_status(call: &Call, refund: &RefundCall, node: &Value) -> Reply {
    let text = |name: &str| node.get(name).and_then(Value::as_str);
    let Some(amount) = text("refund_amount") else {
        return Reply::Refund(RefundReply::NotFound);
    };
    if !matches!(text("refund_status"), Some("REFUND_SUCCESS") | None) {
        return silence(call, Unknown::UnlistedCode);
    }
    let amount = Amount::parse_major(amount, Currency::Cny).ok();
    let at = text("gmt_refund_pay").and_then(read_china);
    match (amount, at) {
        (Some(amount), Some(refunded_at)) if amount == refund.amount => {
            Reply::Refund(RefundReply::Succeeded { amount, refunded_at })
        }
        _ => silence(call, Unknown::Unreadable),
    }
}

#[cfg(test)]
mod tests;
