//! What each of WeChat Pay's documented results means. Codes that are not listed are unknown, never
//! failed. Both spellings, with and without underscores, occur: they are compared without.

use orders::channel::{
    Call, ChannelCodeText, Paid, PaymentReply, RefundReply, Reply, Subject, Unknown,
};
use serde_json::Value;

/// What a code means for the call that it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Nothing happened and nothing will, for this call.
    Refused,
    /// The payer is typing the password.
    Pending,
    /// May have happened.
    Unsure,
    NotFound,
    Closed,
}

use Meaning::{Closed, NotFound, Pending, Refused, Unsure};

/// Codes that refuse us and not the payer: our account, its rights, its keys.
pub(crate) const OUR_FAULTS: &[&str] = &[
    "APPID_MCHID_NOT_MATCH",
    "APPID_NOT_EXIST",
    "MCHID_NOT_EXIST",
    "MCH_NOT_EXISTS",
    "NOAUTH",
    "SIGN_ERROR",
];

/// Codes without underscores.
pub(super) const CODES: &[(&str, Meaning)] = &[
    ("APPIDMCHIDNOTMATCH", Refused),
    ("APPIDNOTEXIST", Refused),
    ("AUTHCODEERROR", Refused),
    ("AUTHCODEEXPIRE", Refused),
    ("AUTHCODEINVALID", Refused),
    ("BANKERROR", Unsure),
    ("BIZERRNEEDRETRY", Unsure),
    ("BUYERMISMATCH", Refused),
    ("FREQUENCYLIMIT", Unsure),
    ("FREQUENCYLIMITED", Unsure),
    ("FREQUENCYLIMITEXCEED", Unsure),
    ("INVALIDREQUEST", Refused),
    ("LACKPARAMS", Refused),
    ("MCHIDNOTEXIST", Refused),
    ("MCHNOTEXISTS", Refused),
    ("NOAUTH", Refused),
    ("NOTENOUGH", Refused),
    ("NOTSUPORTCARD", Refused),
    ("OPENIDMISMATCH", Refused),
    ("ORDERCLOSED", Closed),
    ("ORDERNOTEXIST", NotFound),
    ("ORDERPAID", Unsure),
    ("ORDERREVERSED", Closed),
    // Every number is used for one attempt: if it was used, our own message came twice, and the first
    // may still be paid.
    ("OUTTRADENOUSED", Unsure),
    ("PARAMERROR", Refused),
    ("POSTDATAEMPTY", Refused),
    ("REFUNDFEEMISMATCH", Refused),
    ("REQUIREPOSTMETHOD", Refused),
    ("RESOURCENOTEXISTS", NotFound),
    ("RULELIMIT", Refused),
    ("SIGNERROR", Refused),
    ("SYSTEMERROR", Unsure),
    ("TRADEERROR", Refused),
    ("USERACCOUNTABNORMAL", Refused),
    ("USERPAYING", Pending),
    ("XMLFORMATERROR", Refused),
];

pub(super) fn meaning(code: &str) -> Option<Meaning> {
    let plain: String = code.chars().filter(|c| *c != '_').collect();
    CODES.iter().find(|(listed, _)| *listed == plain).map(|(_, meaning)| *meaning)
}

pub(super) fn words(code: &str, message: &str) -> ChannelCodeText {
    ChannelCodeText::new(code, message)
}

/// The answer to `micropay` with `result_code=FAIL`.
pub(super) fn charge_refused(code: Option<&str>, text: Option<&str>) -> Result<Reply, Unknown> {
    let code = code.ok_or(Unknown::Unreadable)?;
    match meaning(code) {
        // A number that is closed or reversed already took nothing in this call either.
        Some(Refused | Closed | NotFound) => {
            let text = words(code, text.unwrap_or_default());
            Ok(Reply::Payment(PaymentReply::Refused(text)))
        }
        Some(Pending) => Ok(Reply::Payment(PaymentReply::Pending)),
        Some(Unsure) => Err(Unknown::ChannelUnsure),
        None => Err(Unknown::UnlistedCode),
    }
}

/// A query that fails says nothing of the payment, but that it is not known.
pub(super) fn query_refused(code: Option<&str>) -> Result<Reply, Unknown> {
    match code.map(meaning) {
        Some(Some(NotFound)) => Ok(Reply::Payment(PaymentReply::NotFound)),
        Some(Some(Refused | Pending | Unsure | Closed)) => Err(Unknown::ChannelUnsure),
        Some(None) => Err(Unknown::UnlistedCode),
        None => Err(Unknown::Unreadable),
    }
}

/// A reverse without `recall=Y` that failed. While the payer is typing it has to be made again.
pub(super) fn reverse_refused(code: Option<&str>, text: Option<&str>) -> Result<Reply, Unknown> {
    let code = code.ok_or(Unknown::Unreadable)?;
    match meaning(code) {
        Some(Pending) => Ok(Reply::Payment(PaymentReply::Again)),
        // Nothing to reverse: our message never came. Should it come yet, the watch over closed
        // attempts finds the money and returns it.
        Some(Closed | NotFound) => Ok(Reply::Payment(PaymentReply::Closed)),
        Some(Refused) => {
            let text = words(code, text.unwrap_or_default());
            Ok(Reply::Payment(PaymentReply::Refused(text)))
        }
        Some(Unsure) => Err(Unknown::ChannelUnsure),
        None => Err(Unknown::UnlistedCode),
    }
}

/// A signed 4xx of APIv3.
pub(super) fn v3_refused(call: &Call, code: Option<&str>, node: &Value) -> Result<Reply, Unknown> {
    let code = code.ok_or(Unknown::Unreadable)?;
    let text = || words(code, node.get("message").and_then(Value::as_str).unwrap_or_default());
    match (call, meaning(code).ok_or(Unknown::UnlistedCode)?) {
        (Call::Prepare(_), Refused | Closed) => Ok(Reply::Payment(PaymentReply::Refused(text()))),
        (Call::Close(_), Closed | NotFound) => Ok(Reply::Payment(PaymentReply::Closed)),
        (Call::Query(_), NotFound) => Ok(Reply::Payment(PaymentReply::NotFound)),
        (Call::Query(_), Closed) => Ok(Reply::Payment(PaymentReply::Closed)),
        // 429 and "not enough" are tried again under the same number.
        (Call::Refund(_), Refused) => Ok(Reply::Refund(RefundReply::Refused(text()))),
        (Call::QueryRefund(_), NotFound) => Ok(Reply::Refund(RefundReply::NotFound)),
        (_, Refused | Pending | Unsure | NotFound | Closed) => Err(Unknown::ChannelUnsure),
    }
}

/// A trade's state as queries and notices name it.
pub(super) enum TradeState {
    Paid,
    Other(PaymentReply),
}

pub(super) fn trade_state(state: &str) -> Result<TradeState, Unknown> {
    match state {
        // REFUND: it was paid, and some of it went back.
        "SUCCESS" | "REFUND" => Ok(TradeState::Paid),
        "NOTPAY" | "USERPAYING" => Ok(TradeState::Other(PaymentReply::Pending)),
        "CLOSED" | "REVOKED" => Ok(TradeState::Other(PaymentReply::Closed)),
        "PAYERROR" => {
            let text = words(state, "the payment failed at the payer's bank");
            Ok(TradeState::Other(PaymentReply::Refused(text)))
        }
        _ => Err(Unknown::UnlistedCode),
    }
}

/// A signature proves who speaks, not of what: an answer counts only when it names our number.
pub(super) fn names(named: Option<&str>, ours: &str) -> Option<()> {
    (named == Some(ours)).then_some(())
}

/// Takes a payment at its word only for the amount that was asked.
pub(super) fn checked(subject: &Subject, paid: Paid) -> Result<Reply, Unknown> {
    if paid.amount == subject.amount {
        return Ok(Reply::Payment(PaymentReply::Paid(paid)));
    }
    tracing::error!(attempt.id = %subject.attempt, "WeChat Pay states another amount than was asked");
    Err(Unknown::Unreadable)
}

#[cfg(test)]
mod tests;
