//! The payer's user id in UnionPay's circle of apps. Where he is sent is published; how the code is
//! exchanged is settled with UnionPay: the open platform's form was chosen (`getUserId`).

use jiff::Timestamp;

use super::open::{Fields, Open};
use crate::payer::{name, with_query};
use crate::{PayerAsk, PayerUnknown, Request, Response};

pub(super) const SIGN_IN_PAGE: &str = "https://qr.95516.com/qrcGtwWeb-web/api/userAuth";
const SERVICE: &str = "getUserId";

/// UnionPay knows no `state`: it comes back as a part of our own address.
pub(super) fn sign_in_page(open: &Open, back: &str, state: &str) -> String {
    let back = with_query(back, &[("state", state)]);
    with_query(&open.sign_in_page, &[("version", "1.0.0"), ("redirectUrl", &back)])
}

pub(super) fn ask(
    open: &Open,
    ask: &PayerAsk<'_>,
    _now: Timestamp,
) -> Result<Request, PayerUnknown> {
    let fields = [
        ("userAuthCode", ask.code),
        ("appUpIdentifier", ask.app),
        // The payer's own, and not ours: UnionPay compares it.
        ("customerIp", ask.ip),
    ];
    let fields: Fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    open.request(SERVICE, fields).or(Err(PayerUnknown::NotOffered))
}

pub(super) fn read(open: &Open, response: &Response) -> Result<String, PayerUnknown> {
    if !response.status().is_success() {
        return Err(PayerUnknown::NoAnswer);
    }
    let fields = open.trusted(response.body()).ok_or(PayerUnknown::Unreadable)?;
    match fields.get("respCode").map(String::as_str) {
        Some("00") => name(fields.get("userId").map(String::as_str)),
        Some("99") | None => Err(PayerUnknown::NoAnswer),
        Some(_) => Err(PayerUnknown::Refused),
    }
}
