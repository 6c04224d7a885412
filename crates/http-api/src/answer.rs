//! Parsing requests and running what moves money.

use app::UseCaseError;
use axum::Json;
use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::errors::ApiError;

pub(crate) type Answer<T> = Result<Json<T>, ApiError>;

/// Reads a body. The details name the place, never the value.
pub(crate) fn parse<T: DeserializeOwned>(body: &Bytes) -> Result<T, ApiError> {
    serde_json::from_slice(body).map_err(|error| {
        let place = format!("line {}, column {}", error.line(), error.column());
        ApiError::field("request_malformed", &place)
    })
}

/// Reads a query; unknown names are refused.
pub(crate) fn parse_query<T: DeserializeOwned>(query: Option<&str>) -> Result<T, ApiError> {
    let pairs = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    let map: serde_json::Map<String, Value> =
        pairs.map(|(name, value)| (name.into_owned(), Value::String(value.into_owned()))).collect();
    serde_json::from_value(Value::Object(map))
        .or(Err(ApiError::field("request_malformed", "query")))
}

pub(crate) fn id<T: std::str::FromStr>(text: &str, missing: &'static str) -> Result<T, ApiError> {
    text.parse().or(Err(ApiError::of(missing)))
}

/// Runs a use case to its end though the client hangs up: the connection's task may be dropped, this
/// one is not.
pub(crate) async fn detached<T: Send + 'static>(
    run: impl Future<Output = Result<T, UseCaseError>> + Send + 'static,
) -> Result<T, ApiError> {
    match tokio::spawn(run).await {
        Ok(done) => Ok(done?),
        Err(panicked) => {
            tracing::error!(error = %panicked, "a use case failed an assertion");
            Err(ApiError::of("internal"))
        }
    }
}

/// The fields of a request as one unmistakable text: each with its length, absent ones apart from
/// empty ones. Its hash decides whether a number comes again with the same content.
pub(crate) fn content_hash(fields: &[Option<&str>]) -> [u8; 32] {
    let mut text = Vec::new();
    for field in fields {
        match field {
            Some(value) => {
                text.extend_from_slice(format!("{}:", value.len()).as_bytes());
                text.extend_from_slice(value.as_bytes());
            }
            None => text.push(b'-'),
        }
        text.push(b';');
    }
    crypto::digest::sha256(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_is_never_mistaken() {
        let cases: [&[Option<&str>]; 5] = [
            &[Some("ab"), Some("c")],
            &[Some("a"), Some("bc")],
            &[Some("abc"), None],
            &[Some("abc"), Some("")],
            &[None, Some("abc")],
        ];
        let hashes: std::collections::BTreeSet<_> = cases.iter().map(|c| content_hash(c)).collect();
        assert_eq!(hashes.len(), cases.len());
    }
}
