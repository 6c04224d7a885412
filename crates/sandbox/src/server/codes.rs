//! The control calls for codes that lead to an acquirer's page: domains and addresses at UnionPay, and
//! what its gateway was told.

use http::{Method, StatusCode};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Shared, problem, said};
use crate::core::{Request, Response};
use crate::unionpay::{ISSUED_PATH, Mode, RegistryRefusal};

/// Answers a request about codes; `None` if it is none.
pub(super) fn answer<C: Fn() -> Timestamp>(
    shared: &Shared<C>,
    request: &Request,
) -> Option<Response> {
    match (request.method(), request.uri().path()) {
        (&Method::GET, "/sandbox/unionpay/domains") => Some(domains(shared)),
        (&Method::POST, "/sandbox/unionpay/domains") => Some(set_mode(shared, request)),
        (&Method::POST, "/sandbox/unionpay/codes") => Some(issue(shared, request)),
        (&Method::GET, "/sandbox/unionpay/scans") => {
            let scans = shared.sandbox().codes.told();
            Some(said(StatusCode::OK, &json!({ "scans": scans })))
        }
        _ => None,
    }
}

fn domains<C: Fn() -> Timestamp>(shared: &Shared<C>) -> Response {
    let sandbox = shared.sandbox();
    let domain = |(host, mode): (&str, Mode)| json!({ "host": host, "mode": mode });
    let domains: Vec<Value> = sandbox.codes.domains().map(domain).collect();
    said(StatusCode::OK, &json!({ "domains": domains }))
}

/// What `POST /sandbox/unionpay/domains` takes.
#[derive(Deserialize)]
struct SetMode {
    /// With its port.
    host: String,
    mode: Mode,
}

fn set_mode<C: Fn() -> Timestamp>(shared: &Shared<C>, request: &Request) -> Response {
    let Ok(SetMode { host, mode }) = serde_json::from_slice(request.body()) else {
        return problem(StatusCode::BAD_REQUEST, "host and mode are wanted");
    };
    match shared.sandbox().codes.set_mode(&host, mode) {
        Ok(()) => said(StatusCode::OK, &json!({ "host": host, "mode": mode })),
        Err(RegistryRefusal::Malformed) => {
            problem(StatusCode::BAD_REQUEST, "a host of this machine is wanted: 127.0.0.1:8080")
        }
        Err(refusal @ (RegistryRefusal::Unregistered | RegistryRefusal::Full)) => refused(refusal),
    }
}

/// What `POST /sandbox/unionpay/codes` takes.
#[derive(Deserialize)]
struct Issue {
    page: String,
}

fn issue<C: Fn() -> Timestamp>(shared: &Shared<C>, request: &Request) -> Response {
    let Ok(Issue { page }) = serde_json::from_slice(request.body()) else {
        return problem(StatusCode::BAD_REQUEST, "page is wanted");
    };
    match shared.sandbox().codes.issue(&page) {
        Ok(code) => {
            let address = format!("{}{ISSUED_PATH}{code}", shared.base_url());
            said(StatusCode::OK, &json!({ "code": code, "address": address }))
        }
        Err(refusal) => refused(refusal),
    }
}

fn refused(refusal: RegistryRefusal) -> Response {
    let status = match refusal {
        RegistryRefusal::Malformed => StatusCode::BAD_REQUEST,
        RegistryRefusal::Unregistered => StatusCode::CONFLICT,
        RegistryRefusal::Full => StatusCode::INSUFFICIENT_STORAGE,
    };
    problem(status, &refusal.to_string())
}
