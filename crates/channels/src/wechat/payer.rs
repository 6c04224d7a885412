//! 网页授权, the silent kind (`snsapi_base`): the payer's openid under an appid of ours.

use bytes::Bytes;
use secret::Secret;
use serde_json::Value;

use crate::payer::{name, with_query};
use crate::{ConfigError, PayerAsk, PayerUnknown, Request, Response};

const SIGN_IN_PAGE: &str = "https://open.weixin.qq.com/connect/oauth2/authorize";
const IDENTITY_URL: &str = "https://api.weixin.qq.com/sns/oauth2/access_token";

/// The appid that payers are known under, and its secret.
#[derive(Debug)]
pub(super) struct Payers {
    pub(super) appid: String,
    secret: Secret<String>,
    sign_in_page: String,
    identity_url: String,
}

impl Payers {
    pub(super) fn new(
        appid: &str,
        secret: &Secret<String>,
        (sign_in_page, identity_url): (Option<&str>, Option<&str>),
    ) -> Result<Self, ConfigError> {
        let sign_in_page = sign_in_page.unwrap_or(SIGN_IN_PAGE);
        let identity_url = identity_url.unwrap_or(IDENTITY_URL);
        for address in [sign_in_page, identity_url] {
            address.parse::<http::Uri>().or(Err(ConfigError::Address))?;
        }
        Ok(Self {
            appid: appid.to_owned(),
            secret: secret.clone(),
            sign_in_page: sign_in_page.to_owned(),
            identity_url: identity_url.to_owned(),
        })
    }

    /// WeChat wants the parameters in this order, and the fragment.
    pub(super) fn sign_in_page(&self, back: &str, state: &str) -> String {
        let link = with_query(
            &self.sign_in_page,
            &[
                ("appid", &self.appid),
                ("redirect_uri", back),
                ("response_type", "code"),
                ("scope", "snsapi_base"),
                ("state", state),
            ],
        );
        format!("{link}#wechat_redirect")
    }

    pub(super) fn ask(&self, ask: &PayerAsk<'_>) -> Result<Request, PayerUnknown> {
        let link = with_query(
            &self.identity_url,
            &[
                ("appid", &self.appid),
                ("secret", self.secret.expose()),
                ("code", ask.code),
                ("grant_type", "authorization_code"),
            ],
        );
        http::Request::get(link).body(Bytes::new()).or(Err(PayerUnknown::NotOffered))
    }
}

/// The answer bears no signature: it is trusted for the line that it came over.
pub(super) fn read(response: &Response) -> Result<String, PayerUnknown> {
    if !response.status().is_success() {
        return Err(PayerUnknown::NoAnswer);
    }
    let answer: Value =
        serde_json::from_slice(response.body()).or(Err(PayerUnknown::Unreadable))?;
    match answer.get("errcode").and_then(Value::as_i64) {
        // -1: busy. 40029, 40163: the code is unknown or was used.
        Some(-1) => Err(PayerUnknown::NoAnswer),
        Some(0) | None => name(answer.get("openid").and_then(Value::as_str)),
        Some(_) => Err(PayerUnknown::Refused),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_payer_goes_there_and_comes_back() {
        let secret = Secret::new("s3cret".to_owned());
        let payers = Payers::new("wx1", &secret, (None, None)).unwrap();
        assert_eq!(
            payers.sign_in_page("https://pay.example.com/c/back", "ab12"),
            "https://open.weixin.qq.com/connect/oauth2/authorize?appid=wx1&redirect_uri=\
             https%3A%2F%2Fpay.example.com%2Fc%2Fback&response_type=code&scope=snsapi_base&\
             state=ab12#wechat_redirect"
        );
        let asked = payers.ask(&PayerAsk { code: "c&d", app: "", ip: "" }).unwrap();
        assert_eq!(
            asked.uri().to_string(),
            "https://api.weixin.qq.com/sns/oauth2/access_token?appid=wx1&secret=s3cret&\
             code=c%26d&grant_type=authorization_code"
        );
        assert!(!format!("{payers:?}").contains("s3cret"));
    }

    #[test]
    fn an_answer_names_the_payer_or_does_not() {
        for (status, body, expect) in [
            (200, r#"{"access_token":"t","openid":"o1"}"#, Ok("o1".to_owned())),
            (200, r#"{"errcode":40029,"errmsg":"invalid code"}"#, Err(PayerUnknown::Refused)),
            (200, r#"{"errcode":-1}"#, Err(PayerUnknown::NoAnswer)),
            (200, r#"{"openid":7}"#, Err(PayerUnknown::Unreadable)),
            (200, "<html>", Err(PayerUnknown::Unreadable)),
            (502, "", Err(PayerUnknown::NoAnswer)),
        ] {
            let response =
                http::Response::builder().status(status).body(Bytes::from(body)).unwrap();
            assert_eq!(read(&response), expect, "{body}");
        }
    }
}
