//! The API's description: OpenAPI 3.1, made from the handlers, and a page that shows it.

use std::sync::OnceLock;

use axum::Json;
use axum::response::Html;
use channels::shown;
use serde_json::{Value, json};
use utoipa::openapi::path::{HttpMethod, Operation};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{ContentBuilder, OpenApi, Ref, RefOr, Response, ResponseBuilder};
use utoipa::{Modify, OpenApi as _};

use crate::errors::{CODES, ErrorBody};

const PAGE: &str = include_str!("reference.html");
const SIGNATURE: &str = "signature";

/// What the handlers do not say.
#[derive(utoipa::OpenApi)]
#[openapi(
    info(title = "Suanpan merchant API 算盘商户接口", version = "1", description =
        "Requests are signed over `METHOD\\nPATH?QUERY\\nTIMESTAMP\\nNONCE\\nBODY\\n`; answers and \
         notifications over `TIMESTAMP\\nNONCE\\nBODY\\n`, with the signature, its key and its scheme in \
         the headers `Suanpan-Timestamp`, `Suanpan-Nonce`, `Suanpan-Signature`, `Suanpan-Key-Id` and \
         `Suanpan-Signature-Type`. Amounts are whole fen. A merchant's number is the idempotency key \
         for ever: the same number with the same content gives the same answer, other content is \
         refused. The platform's public keys, for notifications and for answers to RSA and SM2 keys, \
         are at /platform-keys."),
    components(schemas(ErrorBody, shown::Event)),
    modifiers(&Common)
)]
struct Document;

/// Signatures and errors, the same everywhere.
struct Common;

impl Modify for Common {
    fn modify(&self, document: &mut OpenApi) {
        let header = ApiKeyValue::with_description(
            "Authorization",
            "SUANPAN-HMAC-SHA256 | SUANPAN-RSA-SHA256 | SUANPAN-SM2-SM3 \
             key_id=\"..\",nonce=\"..\",timestamp=\"..\",signature=\"..\"",
        );
        let scheme = SecurityScheme::ApiKey(ApiKey::Header(header));
        let components = document.components.get_or_insert_default();
        components.add_security_scheme(SIGNATURE, scheme);
        document.security = Some(vec![SecurityRequirement::new(SIGNATURE, [""; 0])]);
    }
}

/// The description without its paths: the router adds each with its handler.
pub(crate) fn base() -> OpenApi {
    Document::openapi()
}

/// The description as JSON, once the router has added the paths. Each answers errors alike.
pub(crate) fn finish(mut document: OpenApi) -> Value {
    for item in document.paths.paths.values_mut() {
        for (_, operation) in operations(item) {
            let responses = &mut operation.responses.responses;
            if let Some(RefOr::T(done)) = responses.get_mut("200") {
                "Done".clone_into(&mut done.description);
            }
            responses.insert("default".to_owned(), RefOr::T(error()));
        }
    }
    let mut document = serde_json::to_value(document).unwrap_or_default();
    let codes: Vec<Value> = CODES.iter().map(|row| json!(row.code)).collect();
    if let Some(code) = document.pointer_mut("/components/schemas/Error/properties/code") {
        code.as_object_mut().map(|code| code.insert("enum".to_owned(), Value::Array(codes)));
    }
    document
}

fn error() -> Response {
    let schema = Ref::from_schema_name("Error");
    let content = ContentBuilder::new().schema(Some(schema)).build();
    ResponseBuilder::new()
        .description("An error; its code is stable")
        .content("application/json", content)
        .build()
}

/// The operations of a path with their methods.
fn operations(
    item: &mut utoipa::openapi::path::PathItem,
) -> impl Iterator<Item = (HttpMethod, &mut Operation)> {
    let get = item.get.as_mut().map(|operation| (HttpMethod::Get, operation));
    let post = item.post.as_mut().map(|operation| (HttpMethod::Post, operation));
    get.into_iter().chain(post)
}

/// The parsed description.
#[must_use]
pub fn openapi() -> &'static Value {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    DOCUMENT.get_or_init(|| finish(crate::routes().1))
}

pub(crate) async fn document() -> Json<&'static Value> {
    Json(openapi())
}

pub(crate) async fn page() -> Html<&'static str> {
    Html(PAGE)
}
