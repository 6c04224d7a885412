//! The sandbox behind a listener: real sockets, real time by a clock that the caller gives.
//!
//! It speaks HTTP by `hyper` itself, not by a framework, because a lost answer must be a closed
//! connection without a single byte, and frameworks always answer.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinSet;

use crate::core::{
    BookKind, BookLine, Delivery, FaultRule, Insistence, Luck, Notice, PayRefusal, Question,
    Request, Response, Sandbox, app, is_loopback,
};
use crate::phones::{self, Phones};

mod card_line;
mod codes;
mod simulator;

const BODY_BYTES_MAX: usize = 1_048_576;
/// A picture with codes, as phones take them.
const PICTURE_BYTES_MAX: usize = 8_388_608;
const DECODE_PATH: &str = "/sandbox/decode";
const ANSWER_BYTES_MAX: usize = 65_536;
const CONNECTIONS_MAX: usize = 1_024;
const NOTICES_AT_ONCE_MAX: usize = 32;
const QUESTIONS_AT_ONCE_MAX: usize = 32;
/// Of a notice, and of a question.
const NOTICE_TIMEOUT: Duration = Duration::from_secs(5);
/// The notice loop looks at the clock at least so often: somebody may have moved it.
const LOOK_AT_CLOCK: Duration = Duration::from_millis(200);

/// Why the server could not start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    #[error("the sandbox listens on loopback addresses only")]
    NotLoopback,
    #[error("the listener failed")]
    Listener(#[source] std::io::Error),
    #[error("the client for notices could not be made")]
    Client(#[source] reqwest::Error),
}

/// The call's connection shall be closed without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the answer is lost by a fault switch")]
struct Lost;

/// What the connections and the notice loop share.
struct Shared<C> {
    sandbox: Mutex<Sandbox>,
    clock: C,
    address: SocketAddr,
    /// Something happened: a notice may be due.
    stirred: Notify,
    /// Posts notices and questions.
    client: reqwest::Client,
    questions: Semaphore,
}

impl<C: Fn() -> Timestamp> Shared<C> {
    fn sandbox(&self) -> MutexGuard<'_, Sandbox> {
        self.sandbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Timestamp {
        (self.clock)()
    }

    fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }
}

/// Serves until `shutdown` is done. Connections still open then are dropped.
///
/// # Errors
/// [`ServeError`]: the listener is not on loopback, or fails.
pub async fn serve<C>(
    listener: TcpListener,
    sandbox: Sandbox,
    clock: C,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<(), ServeError>
where
    C: Fn() -> Timestamp + Send + Sync + 'static,
{
    let address = listener.local_addr().map_err(ServeError::Listener)?;
    require_loopback(address)?;
    let client = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(NOTICE_TIMEOUT)
        .build()
        .map_err(ServeError::Client)?;
    let shared = Arc::new(Shared {
        sandbox: Mutex::new(sandbox),
        clock,
        address,
        stirred: Notify::new(),
        client,
        questions: Semaphore::new(QUESTIONS_AT_ONCE_MAX),
    });
    tokio::select! {
        () = shutdown => Ok(()),
        failed = accept(&listener, &shared) => failed,
        () = send_notices(&shared) => Ok(()),
    }
}

/// Shows the shop's pages on payers' phones until `shutdown` is done.
///
/// # Errors
/// [`ServeError`]: a listener fails.
pub async fn serve_phones(
    phones: Phones,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<(), ServeError> {
    tokio::select! {
        () = shutdown => Ok(()),
        failed = phones::serve(phones) => failed,
    }
}

fn require_loopback(address: SocketAddr) -> Result<(), ServeError> {
    if address.ip().is_loopback() { Ok(()) } else { Err(ServeError::NotLoopback) }
}

async fn accept<C>(listener: &TcpListener, shared: &Arc<Shared<C>>) -> Result<(), ServeError>
where
    C: Fn() -> Timestamp + Send + Sync + 'static,
{
    let mut connections = JoinSet::new();
    loop {
        while connections.len() >= CONNECTIONS_MAX {
            connections.join_next().await;
        }
        let (stream, _) = listener.accept().await.map_err(ServeError::Listener)?;
        while connections.try_join_next().is_some() {}
        connections.spawn(converse(stream, Arc::clone(shared)));
    }
}

/// A line of the card network begins with the digits of a length, HTTP with a letter.
async fn converse<C>(stream: TcpStream, shared: Arc<Shared<C>>)
where
    C: Fn() -> Timestamp + Send + Sync + 'static,
{
    let mut first = [0];
    if stream.peek(&mut first).await.is_ok_and(|read| read == 1 && first[0].is_ascii_digit()) {
        return card_line::serve(stream, shared).await;
    }
    let service = service_fn(move |request| one_call(Arc::clone(&shared), request));
    let connection =
        hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    if let Err(error) = connection.await {
        tracing::debug!(%error, "a connection ended without an answer");
    }
}

async fn one_call<C>(
    shared: Arc<Shared<C>>,
    request: http::Request<Incoming>,
) -> Result<http::Response<Full<Bytes>>, Lost>
where
    C: Fn() -> Timestamp + Send + Sync + 'static,
{
    let (parts, body) = request.into_parts();
    let is_picture = parts.uri.path() == DECODE_PATH && parts.method == Method::POST;
    let bytes_max = if is_picture { PICTURE_BYTES_MAX } else { BODY_BYTES_MAX };
    let Ok(body) = Limited::new(body, bytes_max).collect().await else {
        return Ok(status(StatusCode::PAYLOAD_TOO_LARGE).map(Full::new));
    };
    let request = Request::from_parts(parts, body.to_bytes());
    if is_picture {
        let work = move || simulator::decoded(request.body());
        let decoded = tokio::task::spawn_blocking(work).await;
        let failed = |_| status(StatusCode::INTERNAL_SERVER_ERROR);
        return Ok(decoded.unwrap_or_else(failed).map(Full::new));
    }
    let path = request.uri().path();
    let is_control = path == "/sandbox" || path.starts_with("/sandbox/");
    if is_control && app::channel_of(path).is_none() {
        return Ok(control(&shared, &request).map(Full::new));
    }
    let base_url = shared.base_url();
    let now = shared.now();
    let question = shared.sandbox().question(now, &base_url, &request);
    if let Some(question) = question {
        ask(&shared, &question).await;
    }
    let now = shared.now();
    let delivery = shared.sandbox().handle(now, &base_url, &request);
    shared.stirred.notify_one();
    match delivery {
        Delivery::Answer { after_ms, response } => {
            tokio::time::sleep(Duration::from_millis(after_ms)).await;
            Ok(response.map(Full::new))
        }
        Delivery::Dropped { after_ms } => {
            tokio::time::sleep(Duration::from_millis(after_ms)).await;
            Err(Lost)
        }
    }
}

/// Sends what is due, for ever.
async fn send_notices<C>(shared: &Arc<Shared<C>>)
where
    C: Fn() -> Timestamp + Send + Sync + 'static,
{
    let gate = Arc::new(Semaphore::new(NOTICES_AT_ONCE_MAX));
    let mut under_way = JoinSet::new();
    loop {
        let now = shared.now();
        let due = shared.sandbox().due_notices(now);
        for notice in due {
            let (shared, gate) = (Arc::clone(shared), Arc::clone(&gate));
            under_way.spawn(async move {
                let _permit = gate.acquire().await;
                send_notice(&shared, notice).await;
            });
        }
        while under_way.try_join_next().is_some() {}
        tokio::select! {
            () = shared.stirred.notified() => {}
            () = tokio::time::sleep(LOOK_AT_CLOCK) => {}
        }
    }
}

async fn send_notice<C: Fn() -> Timestamp>(shared: &Shared<C>, notice: Notice) {
    let answer = if is_loopback(&notice.url) {
        post(&shared.client, (&notice.url, notice.headers.clone(), notice.body.clone())).await
    } else {
        tracing::warn!(order.no = notice.subject, "a notice to a host beyond loopback is not sent");
        None
    };
    let (status, body) = answer.map_or((None, Bytes::new()), |(s, body)| (Some(s), body));
    let now = shared.now();
    shared.sandbox().notice_answered(now, &notice, status, &body);
}

/// Asks the owner of a code while the payer's page waits.
async fn ask<C: Fn() -> Timestamp>(shared: &Shared<C>, question: &Question) {
    tokio::time::sleep(Duration::from_millis(question.after_ms)).await;
    let posted = match question.luck {
        Luck::Lost => None,
        Luck::Answered | Luck::AnswerLost if !is_loopback(&question.url) => {
            tracing::warn!("a question to a host beyond loopback is not sent");
            None
        }
        Luck::Answered | Luck::AnswerLost => {
            let _permit = shared.questions.acquire().await;
            let (headers, body) = (question.headers.clone(), question.body.clone());
            post(&shared.client, (&question.url, headers, body)).await
        }
    };
    let answer = posted.filter(|_| question.luck == Luck::Answered);
    let now = shared.now();
    shared.sandbox().owner_answered(now, question, answer);
}

/// The status and the body; `None` if no answer came, or one without end.
async fn post(
    client: &reqwest::Client,
    (url, headers, body): (&str, HeaderMap, Bytes),
) -> Option<(u16, Bytes)> {
    let request = client.post(url).headers(headers).body(body);
    let mut response = request.send().await.ok()?;
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.ok()? {
        body.extend_from_slice(&chunk);
        if body.len() > ANSWER_BYTES_MAX {
            return None;
        }
    }
    Some((response.status().as_u16(), Bytes::from(body)))
}

/// What `POST /sandbox/pay` takes.
#[derive(Deserialize)]
struct PayOrder {
    channel: String,
    order_no: String,
    /// The payer's money is taken even if the order is closed.
    #[serde(default)]
    even_if_closed: bool,
}

/// The control API: books, fault switches, the payer's hand, the simulator.
fn control<C: Fn() -> Timestamp>(shared: &Shared<C>, request: &Request) -> Response {
    let of_pages = simulator::answer(shared, request);
    if let Some(answer) = of_pages.or_else(|| codes::answer(shared, request)) {
        return answer;
    }
    match (request.method(), request.uri().path()) {
        (&Method::GET, "/sandbox/health") => said(StatusCode::OK, &json!({ "status": "ok" })),
        (&Method::GET, "/sandbox/books") => {
            let books: Vec<Value> = shared.sandbox().books().iter().map(book_line).collect();
            said(StatusCode::OK, &json!({ "books": books }))
        }
        (&Method::GET, "/sandbox/clearing") => clearing(shared, request.uri().query()),
        (&Method::GET, "/sandbox/faults") => {
            said(StatusCode::OK, &json!({ "faults": shared.sandbox().faults.rules() }))
        }
        (&Method::POST, "/sandbox/faults") => {
            let Ok(rule) = serde_json::from_slice::<FaultRule>(request.body()) else {
                return problem(StatusCode::BAD_REQUEST, "not a fault rule");
            };
            shared.sandbox().faults.add(rule);
            said(StatusCode::OK, &json!({}))
        }
        (&Method::DELETE, "/sandbox/faults") => {
            shared.sandbox().faults.clear();
            said(StatusCode::OK, &json!({}))
        }
        (&Method::POST, "/sandbox/pay") => {
            let Ok(order) = serde_json::from_slice::<PayOrder>(request.body()) else {
                return problem(StatusCode::BAD_REQUEST, "channel and order_no are wanted");
            };
            pay(shared, &order)
        }
        _ => problem(StatusCode::NOT_FOUND, "no such control"),
    }
}

/// `?channel=card&day=2026-11-21`: the file as it is.
fn clearing<C: Fn() -> Timestamp>(shared: &Shared<C>, query: Option<&str>) -> Response {
    let parts: std::collections::BTreeMap<_, _> =
        form_urlencoded::parse(query.unwrap_or_default().as_bytes()).collect();
    let day = parts.get("day").and_then(|day| day.parse().ok());
    let Some((channel, day)) = parts.get("channel").zip(day) else {
        return problem(StatusCode::BAD_REQUEST, "channel and day are wanted: day=2026-11-21");
    };
    let Some(file) = shared.sandbox().clearing_file(channel, day) else {
        return problem(StatusCode::NOT_FOUND, "the channel has no clearing file");
    };
    let mut response = status(StatusCode::OK);
    *response.body_mut() = Bytes::from(file);
    response
}

fn pay<C: Fn() -> Timestamp>(shared: &Shared<C>, order: &PayOrder) -> Response {
    let how = if order.even_if_closed { Insistence::EvenIfClosed } else { Insistence::Polite };
    let now = shared.now();
    let paid = shared.sandbox().payer_pays(now, &order.channel, &order.order_no, how);
    shared.stirred.notify_one();
    match paid {
        Ok(()) => said(StatusCode::OK, &json!({})),
        Err(refusal @ (PayRefusal::UnknownChannel | PayRefusal::UnknownOrder)) => {
            problem(StatusCode::NOT_FOUND, &refusal.to_string())
        }
        Err(refusal @ (PayRefusal::Closed | PayRefusal::AlreadyPaid)) => {
            problem(StatusCode::CONFLICT, &refusal.to_string())
        }
    }
}

fn book_line(line: &BookLine) -> Value {
    json!({
        "channel": line.channel,
        "account": line.account,
        "order_no": line.order_no,
        "request_no": line.request_no,
        "trade_no": line.trade_no,
        "kind": match line.kind {
            BookKind::Pay => "pay",
            BookKind::Refund => "refund",
        },
        "amount_fen": line.amount.minor(),
        "status": line.status,
        "at": line.at.to_string(),
    })
}

fn problem(code: StatusCode, message: &str) -> Response {
    said(code, &json!({ "message": message }))
}

fn said(code: StatusCode, value: &Value) -> Response {
    let mut response = status(code);
    *response.body_mut() = Bytes::from(value.to_string());
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

fn status(code: StatusCode) -> Response {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = code;
    response
}

#[cfg(test)]
mod tests {
    use super::{ServeError, require_loopback};

    #[test]
    fn the_server_listens_on_loopback_only() {
        for (address, is_fine) in [
            ("127.0.0.1:80", true),
            ("[::1]:80", true),
            ("0.0.0.0:80", false),
            ("10.0.0.1:80", false),
        ] {
            let required = require_loopback(address.parse().unwrap());
            assert_eq!(required.is_ok(), is_fine, "{address}");
            assert!(is_fine || matches!(required, Err(ServeError::NotLoopback)));
        }
    }
}
