//! The server on real sockets: what a fault does to a connection, the control API, the notices.
#![expect(clippy::unwrap_used, reason = "helpers of tests panic as tests do")]

use std::sync::OnceLock;
use std::time::Duration;

use jiff::Timestamp;
use sandbox::{Sandbox, SandboxConfig, server};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A clock that stands still: what is due must be due at once.
fn clock() -> Timestamp {
    "2026-11-20T02:00:00Z".parse().unwrap()
}

fn config() -> SandboxConfig {
    static CONFIG: OnceLock<SandboxConfig> = OnceLock::new();
    CONFIG.get_or_init(|| SandboxConfig::generate(clock()).unwrap()).clone()
}

/// A server that dies with the test.
struct Server {
    base_url: String,
    task: JoinHandle<()>,
}

impl Server {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let sandbox = Sandbox::new(config());
        let task = tokio::spawn(async move {
            server::serve(listener, sandbox, clock, std::future::pending()).await.unwrap();
        });
        Self { base_url: format!("http://{address}"), task }
    }

    /// Sends a request as raw bytes and reads all that comes back until the connection closes.
    async fn say(&self, method: &str, path: &str, body: &str) -> String {
        let address = self.base_url.trim_start_matches("http://");
        let mut stream = TcpStream::connect(address).await.unwrap();
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\
             content-length: {length}\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    async fn fault(&self, rule: Value) {
        let answer = self.say("POST", "/sandbox/faults", &rule.to_string()).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[tokio::test]
async fn the_control_api_says_what_is_wrong() {
    let server = Server::start().await;
    for (method, path, body, status) in [
        ("GET", "/sandbox/health", "", "200"),
        ("GET", "/sandbox/books", "", "200"),
        ("GET", "/sandbox/faults", "", "200"),
        ("DELETE", "/sandbox/faults", "", "200"),
        ("POST", "/sandbox/faults", "{}", "400"),
        ("POST", "/sandbox/pay", "{}", "400"),
        ("POST", "/sandbox/pay", r#"{"channel":"alipay","order_no":"X"}"#, "404"),
        ("POST", "/sandbox/pay", r#"{"channel":"paypal","order_no":"X"}"#, "404"),
        ("GET", "/sandbox/secrets", "", "404"),
        ("POST", "/v3/alipay/trade/pay", "", "404"),
    ] {
        let answer = server.say(method, path, body).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{path}: {answer}");
    }
}

#[tokio::test]
async fn a_lost_answer_is_a_closed_connection_without_a_byte() {
    let server = Server::start().await;
    server.fault(json!({ "call": "*", "fault": { "kind": "lost_answer_before_effect" } })).await;
    assert_eq!(server.say("POST", "/gateway.do", "method=x").await, "");
    let answer = server.say("POST", "/gateway.do", "method=x").await;
    assert!(answer.contains("isv.missing-app-id"), "{answer}");
    server.fault(json!({ "call": "x", "fault": { "kind": "server_error" } })).await;
    let answer = server.say("POST", "/gateway.do", "method=x").await;
    assert!(answer.starts_with("HTTP/1.1 502"), "{answer}");
}

#[tokio::test]
async fn a_body_beyond_the_bound_is_refused() {
    let server = Server::start().await;
    let address = server.base_url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = "POST /gateway.do HTTP/1.1\r\nhost: x\r\ncontent-length: 1048577\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&vec![b'a'; 1_048_577]).await.unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 413");
}

#[tokio::test]
async fn the_shutdown_ends_the_server() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let served = server::serve(listener, Sandbox::new(config()), clock, std::future::ready(()));
    tokio::time::timeout(Duration::from_secs(5), served).await.unwrap().unwrap();
}
