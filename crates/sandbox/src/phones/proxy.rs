//! The web views: every request goes to the shop, or to the channel whose page it is.

use std::convert::Infallible;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HOST, HeaderValue, LOCATION, SET_COOKIE};
use http::{Request, Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::rewrite::{self, Bases};
use super::{App, Phones};
use crate::core::{Query, is_loopback, is_payer};
use crate::server::ServeError;

const REQUEST_BYTES_MAX: usize = 8_388_608;
const ANSWER_BYTES_MAX: usize = 33_554_432;
const CONNECTIONS_MAX: usize = 256;
/// A page may wait for its payment with a long poll.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(90);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const BRIDGE_JS: &str = include_str!("../../../../web/sandbox/bridge.js");
/// The channels' own pages and calls, which no shop answers.
const OF_CHANNELS: [&str; 10] = [
    "/connect/oauth2/authorize",
    "/oauth2/publicAppAuthorize.htm",
    "/qrcGtwWeb-web/",
    "/qr95516/",
    "/cgi-bin/mmpayweb-bin/",
    "/gateway.do",
    "/sandbox/bridge/",
    "/sandbox/cashier.js",
    "/sandbox/cashier.css",
    "/sandbox/keypad.js",
];

/// A page as one piece, or data as it comes.
type Answer = Response<UnsyncBoxBody<Bytes, Box<dyn Error + Send + Sync>>>;

/// One app's web view.
#[derive(Debug)]
struct WebView {
    app: App,
    /// Where it is, and what else it is called.
    shop: Vec<String>,
    sandbox: String,
    client: reqwest::Client,
}

/// Serves all apps for ever.
pub(crate) async fn serve(phones: Phones) -> Result<(), ServeError> {
    let Phones { listeners, list, shop, sandbox } = phones;
    let client = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(ANSWER_TIMEOUT)
        .build()
        .map_err(ServeError::Client)?;
    let mut apps = JoinSet::new();
    for (listener, phone) in listeners.into_iter().zip(list) {
        let view = WebView {
            app: phone.app,
            shop: shop.clone(),
            sandbox: sandbox.clone(),
            client: client.clone(),
        };
        apps.spawn(accept(listener, Arc::new(view)));
    }
    // None of them ends by itself but by a failure.
    match apps.join_next().await {
        Some(Ok(failed)) => failed,
        Some(Err(_)) | None => Ok(()),
    }
}

async fn accept(listener: TcpListener, view: Arc<WebView>) -> Result<(), ServeError> {
    let mut connections = JoinSet::new();
    loop {
        while connections.len() >= CONNECTIONS_MAX {
            connections.join_next().await;
        }
        let (stream, _) = listener.accept().await.map_err(ServeError::Listener)?;
        while connections.try_join_next().is_some() {}
        connections.spawn(converse(stream, Arc::clone(&view)));
    }
}

async fn converse(stream: TcpStream, view: Arc<WebView>) {
    let service = service_fn(move |request| {
        let view = Arc::clone(&view);
        async move { Ok::<_, Infallible>(view.answer(request).await) }
    });
    let connection =
        hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    if let Err(error) = connection.await {
        tracing::debug!(%error, "a phone hung up");
    }
}

impl WebView {
    async fn answer(&self, request: Request<Incoming>) -> Answer {
        let host = request.headers().get(HOST).and_then(|host| host.to_str().ok());
        let phone = format!("http://{}", host.unwrap_or_default());
        // Nobody makes the phone his own by a name that leads here.
        if !is_loopback(&phone) {
            return words(StatusCode::BAD_REQUEST, "the phone answers to loopback names only");
        }
        match request.uri().path() {
            "/sandbox/bridge.js" => return self.bridge(),
            "/sandbox/open" => return open(&request.map(|_| Bytes::new())),
            _ => {}
        }
        let (parts, body) = request.into_parts();
        let Ok(body) = Limited::new(body, REQUEST_BYTES_MAX).collect().await else {
            return words(StatusCode::PAYLOAD_TOO_LARGE, "the request is too large for the phone");
        };
        let request = Request::from_parts(parts, body.to_bytes());
        match self.forward(&phone, request).await {
            Some(answer) => answer,
            None => words(StatusCode::BAD_GATEWAY, "网页无法打开：没有收到回应"),
        }
    }

    /// `None` if no answer came.
    async fn forward(&self, phone: &str, request: Request<Bytes>) -> Option<Answer> {
        let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
        let of_channel = OF_CHANNELS.iter().any(|path| target.starts_with(path));
        let base = if of_channel { &self.sandbox } else { self.shop.first()? };
        let agent = self.app.user_agent();
        let headers = rewrite::request_headers(request.headers(), agent, (phone, base));
        let url = format!("{base}{target}");
        let asked = self.client.request(request.method().clone(), url).headers(headers);
        let answered = asked.body(request.into_body()).send().await.ok()?;
        let (mut parts, body) = Response::<reqwest::Body>::from(answered).into_parts();
        let bases = Bases { phone, shop: &self.shop, sandbox: &self.sandbox };
        parts.headers = rewrite::answer_headers(&parts.headers, bases);
        let body = Limited::new(body, ANSWER_BYTES_MAX);
        if !rewrite::is_html(&parts.headers) {
            return Some(Response::from_parts(parts, body.boxed_unsync()));
        }
        let page = body.collect().await.ok()?.to_bytes();
        let page = if page.is_empty() { page } else { Bytes::from(rewrite::with_bridge(&page)) };
        Some(whole(Response::from_parts(parts, page)))
    }

    /// The script that plays the app inside the page, told which app it is.
    fn bridge(&self) -> Answer {
        let bases: Vec<&String> = self.shop.iter().chain([&self.sandbox]).collect();
        let phone = json!({
            "app": self.app.code(),
            "channel": self.app.channel(),
            "userAgent": self.app.user_agent(),
            "bases": bases,
        });
        let script = format!("globalThis.sandboxPhone={phone};\n{BRIDGE_JS}");
        let mut response = Response::new(Bytes::from(script));
        let kind = HeaderValue::from_static("text/javascript;charset=utf-8");
        response.headers_mut().insert(CONTENT_TYPE, kind);
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        whole(response)
    }
}

/// `GET /sandbox/open?payer=payer-2&to=/q/x`: the phone is this payer's from now on, and opens a path.
fn open(request: &Request<Bytes>) -> Answer {
    let query = Query::of(request);
    let to = query.get("to").unwrap_or("/");
    let is_path = to.starts_with('/') && !to.starts_with("//") && !to.contains('\\');
    let Some(to) = HeaderValue::from_str(to).ok().filter(|_| is_path) else {
        return words(StatusCode::BAD_REQUEST, "a path of the phone is wanted");
    };
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::FOUND;
    response.headers_mut().insert(LOCATION, to);
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(payer) = query.get("payer").filter(|payer| is_payer(payer)) {
        let cookie = format!("payer={payer}; Path=/; SameSite=Lax");
        if let Ok(cookie) = HeaderValue::from_str(&cookie) {
            response.headers_mut().insert(SET_COOKIE, cookie);
        }
    }
    whole(response)
}

fn words(status: StatusCode, words: &'static str) -> Answer {
    let mut response = Response::new(Bytes::from_static(words.as_bytes()));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("text/plain;charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    whole(response)
}

fn whole(response: Response<Bytes>) -> Answer {
    response.map(|bytes| Full::new(bytes).map_err(|never| match never {}).boxed_unsync())
}
