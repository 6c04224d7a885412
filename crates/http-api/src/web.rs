//! The pages that the server shows, and what they load. All is in the binary: nothing is read from disk.

use std::fmt::Write as _;
use std::sync::LazyLock;

use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderValue, StatusCode};

use crate::errors::ApiError;

/// A file of `web/`, served under a flat folder.
struct Asset {
    name: &'static str,
    text: &'static str,
}

macro_rules! assets {
    ($($folder:literal $name:literal),* $(,)?) => {
        &[$(Asset {
            name: $name,
            text: include_str!(concat!("../../../web/", $folder, "/", $name)),
        }),*]
    };
}

const ASSETS: &[Asset] = assets![
    "cashier" "cashier.js",
    "cashier" "cashier-bridges.js",
    "cashier" "cashier-client.js",
    "cashier" "cashier-words.js",
    "shared" "contrast.js",
    "shared" "dom.js",
    "shared" "language.js",
    "shared" "money.js",
    "shared" "qr.js",
    "till" "amount.js",
    "till" "api.js",
    "till" "attach.js",
    "till" "desk.js",
    "till" "drawer.js",
    "till" "error-words.js",
    "till" "give-back.js",
    "till" "hearing.js",
    "till" "keys.js",
    "till" "layers.js",
    "till" "numbers.js",
    "till" "payer-code.js",
    "till" "receipt.js",
    "till" "refund.js",
    "till" "sale.js",
    "till" "shortcuts.js",
    "till" "staff.js",
    "till" "store.js",
    "till" "strings.js",
    "till" "telling.js",
    "till" "tenders.js",
    "till" "till.css",
    "till" "till.js",
    "till" "view-activation.js",
    "till" "view-extras.js",
    "till" "view-order.js",
    "till" "view-orders.js",
    "till" "view-result.js",
    "till" "view-sale.js",
    "till" "view-settings.js",
    "till" "view-shift.js",
    "till" "view-staff.js",
    "till" "view-tender.js",
    "till" "voice.js",
    "till" "wedge.js",
];

/// Changes with every byte of what pages load, so that all of it may be kept for ever.
static VERSION: LazyLock<String> = LazyLock::new(|| {
    let all: String = ASSETS.iter().map(|asset| asset.text).collect();
    let digest = crypto::digest::to_hex(&crypto::digest::sha256(all.as_bytes()));
    digest.chars().take(12).collect()
});

/// The address of a file that a page loads.
pub(crate) fn asset_path(name: &str) -> String {
    format!("/assets/{}/{name}", *VERSION)
}

/// A file under any version: an old page gets the new file rather than none, but does not keep it.
pub(crate) async fn asset(Path((version, name)): Path<(String, String)>) -> Response {
    let Some(asset) = ASSETS.iter().find(|asset| asset.name == name) else {
        return ApiError::of("route_not_found").respond("");
    };
    let media_type = match asset.name.rsplit('.').next() {
        Some("css") => "text/css; charset=utf-8",
        _ => "text/javascript; charset=utf-8",
    };
    let kept = if version == *VERSION { "public, max-age=31536000, immutable" } else { "no-cache" };
    let headers =
        [(CONTENT_TYPE, media_type), (CACHE_CONTROL, kept), (X_CONTENT_TYPE_OPTIONS, "nosniff")];
    (headers, asset.text).into_response()
}

const TILL: &str = include_str!("../../../web/till/till.html");

/// `GET /till`: the till's page. It holds nothing; what it may do, it is told once it has a key.
pub(crate) async fn till() -> Response {
    let at_version =
        |html: String, name: &str| html.replace(&format!("/assets/{name}"), &asset_path(name));
    let html = ["till.css", "till.js"].into_iter().fold(TILL.to_owned(), at_version);
    Page { html, style: "", embed_origins: &[] }.respond(StatusCode::OK)
}

/// A page with its own style within it, so that it is seen before anything else is loaded.
pub(crate) struct Page<'a> {
    /// Markup: made here, every text in it escaped.
    pub(crate) html: String,
    pub(crate) style: &'a str,
    /// Whose pages may have it within them.
    pub(crate) embed_origins: &'a [String],
}

impl Page<'_> {
    pub(crate) fn respond(self, status: StatusCode) -> Response {
        let digest = BASE64.encode(crypto::digest::sha256(self.style.as_bytes()));
        let mut ancestors = String::new();
        for origin in self.embed_origins {
            let _written = write!(ancestors, " {origin}");
        }
        let ancestors = if ancestors.is_empty() { " 'none'".to_owned() } else { ancestors };
        let policy = format!(
            "default-src 'none'; script-src 'self'; style-src 'self' 'sha256-{digest}'; img-src 'self' \
             data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors{ancestors}"
        );
        let headers = [
            (CONTENT_TYPE, "text/html; charset=utf-8"),
            (CACHE_CONTROL, "no-store"),
            (X_CONTENT_TYPE_OPTIONS, "nosniff"),
            // The address of an order is nobody else's to know; but WeChat's H5 page wants to hear from
            // whose domain it was opened.
            (REFERRER_POLICY, "strict-origin"),
        ];
        let mut response = (status, headers, self.html).into_response();
        if let Ok(policy) = HeaderValue::from_str(&policy) {
            response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
        }
        response
    }
}

/// Text as markup shows it.
pub(crate) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

/// JSON inside a script element: nothing in it can end the element.
pub(crate) fn data_block(value: &serde_json::Value) -> String {
    value.to_string().replace('<', "\\u003c")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_becomes_markup() {
        assert_eq!(escaped("<b a='\"&'>"), "&lt;b a=&#39;&quot;&amp;&#39;&gt;");
        let block = data_block(&serde_json::json!({ "name": "</script><script>alert(1)" }));
        assert!(!block.contains('<'), "{block}");
    }

    /// Every file of the folders is served, so that none is forgotten.
    #[test]
    fn the_folders_files_are_served() {
        let root = std::env::var("CARGO_MANIFEST_DIR").unwrap();
        for folder in ["cashier", "shared", "till"] {
            for file in std::fs::read_dir(format!("{root}/../../web/{folder}")).unwrap() {
                let name = file.unwrap().file_name().into_string().unwrap();
                let wanted = name.ends_with(".js") || name == "till.css";
                let served = ASSETS.iter().any(|asset| asset.name == name);
                assert_eq!(served, wanted, "{folder}/{name}");
            }
        }
    }

    /// Every module that a page imports is served.
    #[test]
    fn imports_are_served() {
        for asset in ASSETS {
            for line in asset.text.lines().filter(|line| line.contains(" from './")) {
                let name = line.split("'./").nth(1).and_then(|rest| rest.split('\'').next());
                let served = ASSETS.iter().any(|other| Some(other.name) == name);
                assert!(served, "{}: {line}", asset.name);
            }
        }
    }
}
