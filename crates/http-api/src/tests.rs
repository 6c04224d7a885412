//! The committed pages equal the code: error codes and the API's description.

use super::*;

/// `SUANPAN_BLESS=1 cargo test -p http-api` writes the page anew.
#[test]
fn the_error_code_page_is_made_from_the_table() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/error-codes.md");
    if std::env::var_os("SUANPAN_BLESS").is_some() {
        std::fs::write(path, error_codes_page()).unwrap();
    }
    assert_eq!(std::fs::read_to_string(path).unwrap_or_default(), error_codes_page());
}

#[test]
fn every_merchant_route_is_described_and_nothing_else() {
    let described: std::collections::BTreeSet<(String, String)> = openapi()["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, ops)| {
            ops.as_object().unwrap().keys().map(move |m| (m.to_uppercase(), path.clone()))
        })
        .collect();
    let routed = MERCHANT_ROUTES.iter().map(|(m, p)| ((*m).to_owned(), (*p).to_owned())).collect();
    assert_eq!(described, routed);
    assert_eq!(openapi()["openapi"], "3.1.0");
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
