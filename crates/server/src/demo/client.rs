//! A merchant's side of the API: signs with HMAC, as any till would.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use secret::Secret;
use serde_json::Value;

use super::Stage;
use crate::clock;

type Failed = Box<dyn std::error::Error + Send + Sync>;

#[derive(Debug)]
pub(crate) struct Client {
    http: reqwest::Client,
    api: String,
    key_id: String,
    secret: Secret<Vec<u8>>,
}

impl Client {
    pub(crate) fn new(stage: &Stage) -> Result<Self, Failed> {
        Ok(Self {
            http: reqwest::Client::builder().no_proxy().build()?,
            api: stage.api.clone(),
            key_id: stage.key_id.clone(),
            secret: Secret::new(stage.secret.expose().as_bytes().to_vec()),
        })
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Result<Value, Failed> {
        self.call("POST", path, body.to_string()).await
    }

    pub(crate) async fn get(&self, path: &str) -> Result<Value, Failed> {
        self.call("GET", path, String::new()).await
    }

    async fn call(&self, method: &str, path: &str, body: String) -> Result<Value, Failed> {
        let url = format!("{}{path}", self.api);
        let request = self
            .http
            .request(method.parse()?, url)
            .header("authorization", self.authorization(method, path, &body))
            .header("content-type", "application/json")
            .body(body);
        let answer = request.send().await?.bytes().await?;
        Ok(serde_json::from_slice(&answer)?)
    }

    /// `METHOD\nPATH?QUERY\nTIMESTAMP\nNONCE\nBODY\n`, signed with the shared secret.
    pub(crate) fn authorization(&self, method: &str, path: &str, body: &str) -> String {
        let timestamp = clock::now().as_second();
        let nonce = crypto::random::random_alphanumeric(32);
        let text = format!("{method}\n{path}\n{timestamp}\n{nonce}\n{body}\n");
        let mac = crypto::mac::hmac_sha256(&self.secret, text.as_bytes());
        format!(
            "SUANPAN-HMAC-SHA256 key_id=\"{}\",nonce=\"{nonce}\",timestamp=\"{timestamp}\",\
             signature=\"{}\"",
            self.key_id,
            BASE64.encode(mac)
        )
    }
}
