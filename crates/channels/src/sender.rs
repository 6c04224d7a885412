//! Sending: the only outgoing sockets of payments.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use secret::Secret;

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

/// Our certificate with its key, shown in TLS where a channel wants it. A request carries it among
/// its extensions.
#[derive(Clone)]
pub struct ClientCertificate(Arc<Secret<String>>);

impl ClientCertificate {
    /// Both as PEM; the key as PKCS#8.
    #[must_use]
    pub fn new(certificate: &str, key: &Secret<String>) -> Self {
        Self(Arc::new(Secret::new(format!("{}\n{}", key.expose().trim(), certificate.trim()))))
    }

    /// A name for it that tells nothing of the key.
    fn fingerprint(&self) -> [u8; 32] {
        crypto::digest::sha256(self.0.expose().as_bytes())
    }
}

impl std::fmt::Debug for ClientCertificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ClientCertificate")
    }
}

/// The real sender, over TLS where the address says so.
#[derive(Debug)]
pub struct HttpSender {
    plain: reqwest::Client,
    /// One per client certificate: TLS shows it when the connection is made.
    with_certificate: Mutex<BTreeMap<[u8; 32], reqwest::Client>>,
    roots: Vec<reqwest::Certificate>,
}

/// Client certificates with connections of their own, at most; beyond it they start anew.
const CERTIFICATES_MAX: usize = 256;

impl HttpSender {
    /// # Errors
    /// When the TLS library cannot be set up.
    pub fn new() -> Result<Self, reqwest::Error> {
        Self::with_roots(Vec::new())
    }

    /// Believes these roots (PEM) besides the world's, as lines of banks have their own.
    ///
    /// # Errors
    /// When one cannot be read, or the TLS library cannot be set up.
    pub fn trusting(roots: &[&str]) -> Result<Self, reqwest::Error> {
        let read = |pem: &&str| reqwest::Certificate::from_pem(pem.as_bytes());
        Self::with_roots(roots.iter().map(read).collect::<Result<_, _>>()?)
    }

    fn with_roots(roots: Vec<reqwest::Certificate>) -> Result<Self, reqwest::Error> {
        let plain = client(&roots, None)?;
        Ok(Self { plain, with_certificate: Mutex::default(), roots })
    }

    /// The client that shows the request's certificate, if it has one.
    fn client_for(&self, request: &Request) -> Result<reqwest::Client, SendError> {
        let Some(certificate) = request.extensions().get::<ClientCertificate>() else {
            return Ok(self.plain.clone());
        };
        let mut clients = self.with_certificate.lock().unwrap_or_else(PoisonError::into_inner);
        let name = certificate.fingerprint();
        if let Some(client) = clients.get(&name) {
            return Ok(client.clone());
        }
        let made = client(&self.roots, Some(certificate));
        let made = made.map_err(|error| {
            tracing::error!(error = %error, "a client certificate cannot be used");
            SendError::NotSent
        })?;
        if clients.len() >= CERTIFICATES_MAX {
            clients.clear();
        }
        clients.insert(name, made.clone());
        Ok(made)
    }
}

fn client(
    roots: &[reqwest::Certificate],
    certificate: Option<&ClientCertificate>,
) -> Result<reqwest::Client, reqwest::Error> {
    let mut builder = reqwest::Client::builder()
        .timeout(TOTAL)
        .connect_timeout(CONNECT)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .retry(reqwest::retry::never());
    for root in roots {
        builder = builder.add_root_certificate(root.clone());
    }
    if let Some(certificate) = certificate {
        let identity = reqwest::Identity::from_pem(certificate.0.expose().as_bytes())?;
        builder = builder.identity(identity);
    }
    builder.build()
}

#[async_trait::async_trait]
impl Sender for HttpSender {
    async fn send(&self, request: Request) -> Result<Response, SendError> {
        let client = self.client_for(&request)?;
        let request = reqwest::Request::try_from(request).or(Err(SendError::NotSent))?;
        let sent = client.execute(request).await;
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
