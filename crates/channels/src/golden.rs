//! Tables that are files, so that a changed row is seen in review.

/// `SUANPAN_BLESS=1 cargo test -p channels` writes them anew.
pub(crate) fn check(name: &str, text: &str) {
    let path = format!("{}/golden/{name}", std::env::var("CARGO_MANIFEST_DIR").unwrap());
    if std::env::var_os("SUANPAN_BLESS").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap_or_default(), text, "{path}");
}
