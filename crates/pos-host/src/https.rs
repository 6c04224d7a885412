//! Terminals over HTTPS: the frame of a line, its length included, as the body of a POST. The front adds TLS
//! and correlation and nothing else: what it carries goes through the same steps.
//!
//! Where the host says nothing the answer is empty with status 200: a terminal that hears of an error
//! would take it for one of the network's, and not begin its reversal.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use iso8583::frame::{LENGTH_BYTES, strip_length};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

use crate::host::{Answer, PosHost};
use crate::line::LineLimits;

/// The paths that terminals are sold with.
const PATHS: [&str; 2] = ["/mjc/webtrans/VPB_lb", "/unp/webtrans/VPB_lb"];
const CONTENT_TYPE: HeaderValue = HeaderValue::from_static("x-ISO-TPDU/x-auth");
/// How long the host may work on a message: terminals wait sixty seconds.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(50);
/// How long a TLS handshake may take.
const HANDSHAKE_TIME_MAX: Duration = Duration::from_secs(10);
/// How long a request's head may take.
const HEADER_TIME_MAX: Duration = Duration::from_secs(10);
/// A connection's whole life: terminals make a new one for each message, or for a few.
const CONNECTION_TIME_MAX: Duration = Duration::from_secs(180);
/// How long connections have to end when the host stops.
const FAREWELL: Duration = Duration::from_secs(5);
/// After an accept that failed for want of something.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves until `stop` says so; then connections have a moment to end.
pub async fn serve_https(
    listener: TcpListener,
    tls: Arc<ServerConfig>,
    host: Arc<PosHost>,
    limits: LineLimits,
    mut stop: watch::Receiver<bool>,
) {
    let gate = Arc::new(Semaphore::new(limits.lines_max));
    let (acceptor, router) = (TlsAcceptor::from(tls), router(host, limits));
    while !*stop.borrow() {
        let Ok(permit) = Arc::clone(&gate).acquire_owned().await else { break };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stop.changed() => break,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(error = %error, "a terminal's connection could not be taken");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let (acceptor, router) = (acceptor.clone(), router.clone());
        tokio::spawn(async move {
            // How it ends is the terminal's business: what it asked for goes on.
            timeout(CONNECTION_TIME_MAX, converse(acceptor, stream, router)).await.ok();
            drop(permit);
        });
    }
    let all = u32::try_from(limits.lines_max).unwrap_or(u32::MAX);
    timeout(FAREWELL, gate.acquire_many(all)).await.ok();
}

async fn converse(acceptor: TlsAcceptor, stream: TcpStream, router: Router) {
    stream.set_nodelay(true).ok();
    let Ok(Ok(stream)) = timeout(HANDSHAKE_TIME_MAX, acceptor.accept(stream)).await else { return };
    let mut http = hyper::server::conn::http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEADER_TIME_MAX);
    let service = TowerToHyperService::new(router);
    http.serve_connection(TokioIo::new(stream), service).await.ok();
}

fn router(host: Arc<PosHost>, limits: LineLimits) -> Router {
    let mut router = Router::new();
    for path in PATHS {
        router = router.route(path, post(exchange));
    }
    router.layer(DefaultBodyLimit::max(limits.frame_bytes_max + LENGTH_BYTES)).with_state(host)
}

/// The work goes on when the terminal hangs up: it comes back with a reversal.
async fn exchange(State(host): State<Arc<PosHost>>, body: Bytes) -> Response {
    if strip_length(&body).is_err() {
        return StatusCode::BAD_REQUEST.into_response();
    }
    let work =
        tokio::spawn(
            async move { host.answer(body.get(LENGTH_BYTES..).unwrap_or_default()).await },
        );
    let said = match timeout(ANSWER_TIME_MAX, work).await {
        Ok(Ok(Answer::Reply(frame))) => frame,
        Ok(Ok(Answer::Close)) => return StatusCode::BAD_REQUEST.into_response(),
        Ok(Ok(Answer::Silence) | Err(_)) | Err(_) => Bytes::new(),
    };
    ([(header::CONTENT_TYPE, CONTENT_TYPE)], said).into_response()
}
