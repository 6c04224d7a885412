//! 静默授权 (`auth_base`): the payer's user id or open id under our application.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use super::{Alipay, api, sign};
use crate::payer::{name, with_query};
use crate::{PayerAsk, PayerUnknown, Request, Response};

pub(super) const SIGN_IN_PAGE: &str = "https://openauth.alipay.com/oauth2/publicAppAuthorize.htm";
const METHOD: &str = "alipay.system.oauth.token";
const ANSWER: &str = "alipay_system_oauth_token_response";

pub(super) fn sign_in_page(account: &Alipay, back: &str, state: &str) -> String {
    with_query(
        &account.sign_in_page,
        &[
            ("app_id", &account.app_id),
            ("scope", "auth_base"),
            ("redirect_uri", back),
            ("state", state),
        ],
    )
}

/// The only method whose parameters stand beside the common ones and not in `biz_content`.
pub(super) fn ask(
    account: &Alipay,
    ask: &PayerAsk<'_>,
    now: Timestamp,
) -> Result<Request, PayerUnknown> {
    let own = [("grant_type", "authorization_code"), ("code", ask.code)];
    let own: BTreeMap<String, String> =
        own.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    api::request(account, METHOD, own, now).or(Err(PayerUnknown::NotOffered))
}

pub(super) fn read(account: &Alipay, response: &Response) -> Result<String, PayerUnknown> {
    if !response.status().is_success() {
        return Err(PayerUnknown::NoAnswer);
    }
    let serials = account.certificates.as_ref().map(|c| c.alipay.as_str());
    let answer = sign::Answer::find(response.body(), ANSWER).ok_or(PayerUnknown::Unreadable)?;
    if !answer.is_signed(&account.trust, serials) {
        return Err(PayerUnknown::Unreadable);
    }
    let node: Value = serde_json::from_slice(answer.node).or(Err(PayerUnknown::Unreadable))?;
    let text = |field: &str| node.get(field).and_then(Value::as_str).filter(|id| !id.is_empty());
    match text("code") {
        None | Some("10000") => name(text("user_id").or_else(|| text("open_id"))),
        Some("20000") => Err(PayerUnknown::NoAnswer),
        Some(_) => Err(PayerUnknown::Refused),
    }
}
