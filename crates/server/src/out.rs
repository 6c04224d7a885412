//! What the program says: results on standard output, logs and failures on standard error.

use std::io::Write as _;
use std::process::ExitCode;

use tracing_subscriber::EnvFilter;

/// JSON lines, filtered by `RUST_LOG`; `info` unless set.
pub(crate) fn log_to_stderr() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().json().with_env_filter(filter).with_writer(std::io::stderr).init();
}

/// A line for the one who ran the command.
pub(crate) fn say(line: &str) {
    // A reader that closed the pipe wants no more.
    drop(writeln!(std::io::stdout(), "{line}"));
}

/// The failure with its whole chain.
pub(crate) fn failed(error: &(dyn std::error::Error + 'static)) -> ExitCode {
    let mut text = format!("suanpan: {error}");
    let mut cause = error.source();
    while let Some(source) = cause {
        text.push_str(&format!(": {source}"));
        cause = source.source();
    }
    drop(writeln!(std::io::stderr(), "{text}"));
    ExitCode::FAILURE
}
