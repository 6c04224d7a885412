//! Sending: the only outgoing sockets of payments.

use std::time::Duration;

use bytes::{Bytes, BytesMut};

use crate::{Request, Response};

/// How long a channel or a merchant has for the whole answer.
const TOTAL: Duration = Duration::from_secs(10);
const CONNECT: Duration = Duration::from_secs(3);
/// The longest answer that is read; a longer one is no answer.
const ANSWER_BYTES_MAX: usize = 1024 * 1024;

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// No connection could be made: the message surely never left.
    #[error("no connection could be made")]
    NotSent,
    /// It was sent, or may have been.
    #[error("no answer came")]
    NoAnswer,
}

/// Carries a message to its address and brings the answer. It never sends twice.
#[async_trait::async_trait]
pub trait Sender: Send + Sync + std::fmt::Debug {
    async fn send(&self, request: Request) -> Result<Response, SendError>;
}

/// The real sender, over TLS where the address says so.
#[derive(Debug, Clone)]
pub struct HttpSender(reqwest::Client);

impl HttpSender {
    /// # Errors
    /// When the TLS library cannot be set up.
    pub fn new() -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder()
            .timeout(TOTAL)
            .connect_timeout(CONNECT)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .retry(reqwest::retry::never())
            .build()?;
        Ok(Self(client))
    }
}

#[async_trait::async_trait]
impl Sender for HttpSender {
    async fn send(&self, request: Request) -> Result<Response, SendError> {
        let request = reqwest::Request::try_from(request).or(Err(SendError::NotSent))?;
        let sent = self.0.execute(request).await;
        let mut answer = sent.map_err(|error| {
            if error.is_connect() || error.is_builder() {
                SendError::NotSent
            } else {
                SendError::NoAnswer
            }
        })?;
        let mut response = http::Response::new(Bytes::new());
        *response.status_mut() = answer.status();
        *response.headers_mut() = answer.headers().clone();
        let mut body = BytesMut::new();
        while let Some(chunk) = answer.chunk().await.or(Err(SendError::NoAnswer))? {
            if body.len() + chunk.len() > ANSWER_BYTES_MAX {
                return Err(SendError::NoAnswer);
            }
            body.extend_from_slice(&chunk);
        }
        *response.body_mut() = body.freeze();
        Ok(response)
    }
}
