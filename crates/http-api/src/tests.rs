//! The committed pages equal the code: error codes and the API's description.

use super::*;

/// `SUANPAN_BLESS=1 cargo test -p http-api` writes the committed texts anew.
fn check(path: &str, text: &str) {
    let path = format!("{}/../../{path}", std::env::var("CARGO_MANIFEST_DIR").unwrap());
    if std::env::var_os("SUANPAN_BLESS").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == text, "{path} is not what the code makes");
}

#[test]
fn the_error_code_page_is_made_from_the_table() {
    check("docs/error-codes.md", &error_codes_page());
}

#[test]
fn the_committed_description_is_made_from_the_handlers() {
    check("openapi/suanpan.json", &(serde_json::to_string_pretty(openapi()).unwrap() + "\n"));
    assert_eq!(openapi()["openapi"], "3.1.0");
}

#[test]
fn every_operation_says_what_it_takes_and_gives() {
    assert_eq!(merchant_routes().len(), 29);
    for (path, operations) in openapi()["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let place = format!("{method} {path}");
            assert!(operation["summary"].is_string(), "{place}");
            assert!(operation["operationId"].is_string(), "{place}");
            let (good, bad) = (&operation["responses"]["200"], &operation["responses"]["default"]);
            assert!(good["content"]["application/json"]["schema"].is_object(), "{place}");
            assert!(bad["content"]["application/json"]["schema"].is_object(), "{place}");
            let params = operation["parameters"].as_array().cloned().unwrap_or_default();
            let named = params.iter().any(|p| p["in"] == "path" && p["name"] == "id");
            assert_eq!(named, path.contains("{id}"), "{place}");
        }
    }
}

#[test]
fn codes_are_unique_and_say_what_to_do() {
    let mut codes: Vec<_> = CODES.iter().map(|c| c.code).collect();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), CODES.len());
    for row in CODES {
        assert!(
            row.status >= 400 && !row.message.is_empty() && !row.next.is_empty(),
            "{}",
            row.code
        );
    }
}
