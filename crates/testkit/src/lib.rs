//! Temporary databases and tokens for the tests of any crate.
//!
//! PostgreSQL's address comes from `SUANPAN_TEST_POSTGRES_URL`, which `make test` sets to a server of
//! its own. Each test gets a database of its own there, so tests do not meet.

pub mod softhsm;

use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

/// Where `make test` says which server the tests use.
pub const URL_VARIABLE: &str = "SUANPAN_TEST_POSTGRES_URL";

/// The address of a new, empty database.
///
/// # Panics
/// When no server is known, or it refuses: a test that needs PostgreSQL never passes without it.
#[must_use]
pub fn fresh_postgres() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let server = std::env::var(URL_VARIABLE);
    #[expect(clippy::expect_used, reason = "a test without its database must fail, and say why")]
    let server = server
        .expect("SUANPAN_TEST_POSTGRES_URL is not set: use `cargo xtask postgres -- COMMAND`");
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let name = format!("suanpan_{}_{number}", std::process::id());
    let create = format!("CREATE DATABASE {name}");
    let made = Command::new("psql").args([&server, "-qc", &create]).status();
    assert!(made.is_ok_and(|status| status.success()), "psql could not make a database");
    match server.rsplit_once('/') {
        Some((head, _)) => format!("{head}/{name}"),
        None => server,
    }
}
