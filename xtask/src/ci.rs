//! Everything that must hold, step by step: this is what CI runs and all that it runs.
//!
//! A step prints its name and how long it took; the first that fails ends the run. What could not
//! be run is said aloud, at the step and again at the end. The last line of a good run is
//! `N passed, 0 failed`.

use std::time::Instant;

use crate::command::{capture, cargo, listen, run};
use crate::pages;
use crate::postgres::{self, Cluster, random_hex};
use crate::strangers::{self, Judged};
use crate::tidy;
use crate::workspace::Workspace;
use crate::{Stop, answers, say, setup};

/// Fresh seeds per run: enough to meet something new each day, few enough for a minute.
const SIM_SEEDS: u32 = 200;

/// What the steps share.
struct Run<'a> {
    workspace: &'a Workspace,
    /// Lives until the run ends, well or badly.
    postgres: Option<Cluster>,
    count: Count,
    left_out: Vec<String>,
}

type Step = fn(&mut Run<'_>) -> Result<(), Stop>;

const STEPS: &[(&str, Step)] = &[
    ("setup", |_| setup::setup()),
    ("fmt", |_| run(cargo().args(["fmt", "--all", "--check"]))),
    ("tidy", |ci| tidy::tidy(ci.workspace)),
    ("clippy", |_| clippy()),
    ("deny", deny),
    ("postgres", start_postgres),
    ("test", test),
    ("doc", |_| doc()),
    ("description", description),
    ("sdks", sdks),
    ("pages", show_pages),
    ("sdk", try_sdk),
    ("books", books),
    ("sim", simulate),
];

pub(crate) fn ci(workspace: &Workspace) -> Result<(), Stop> {
    let mut ci = Run { workspace, postgres: None, count: Count::default(), left_out: Vec::new() };
    let whole = now();
    for (name, step) in STEPS {
        say(&format!("\n== {name}"));
        let begun = now();
        let took = || begun.elapsed().as_millis();
        step(&mut ci).map_err(|stop| {
            Stop::new(format!("FAILED: {name}, after {}\n{stop}", duration(took())))
        })?;
        say(&format!("== {name}: ok, {}", duration(took())));
    }
    say(&format!("\nall steps: {}", duration(whole.elapsed().as_millis())));
    for what in &ci.left_out {
        say(&format!("left out: {what}"));
    }
    say(&ci.count.verdict());
    Ok(())
}

#[expect(
    clippy::disallowed_methods,
    reason = "a developer's tool measures real time; nothing here runs under `sim`"
)]
fn now() -> Instant {
    Instant::now()
}

fn duration(ms: u128) -> String {
    format!("{}.{} s", ms / 1000, ms % 1000 / 100)
}

impl Run<'_> {
    fn leave_out(&mut self, what: String) {
        say(&format!("left out: {what}"));
        self.left_out.push(what);
    }
}

fn clippy() -> Result<(), Stop> {
    run(cargo()
        .args(["clippy", "--quiet", "--workspace", "--all-targets", "--"])
        .args(["-D", "warnings"]))
}

/// Without the advisories: they need a clone of their database, which not every machine may fetch.
fn deny(ci: &mut Run<'_>) -> Result<(), Stop> {
    if !answers("cargo-deny", &["--version"]) {
        ci.leave_out("deny: no cargo-deny here (`cargo install --locked cargo-deny`)".to_owned());
        return Ok(());
    }
    run(cargo().args(["deny", "check", "bans", "licenses", "sources"]))
}

fn start_postgres(ci: &mut Run<'_>) -> Result<(), Stop> {
    ci.postgres = Some(Cluster::start()?);
    Ok(())
}

fn test(ci: &mut Run<'_>) -> Result<(), Stop> {
    let mut tests = cargo();
    tests.args(["test", "--workspace", "--no-fail-fast"]);
    tests.env(strangers::TERMINAL_VARIABLE, strangers::terminal_python(ci.workspace)?);
    if let Some(cluster) = &ci.postgres {
        tests.env(postgres::URL_VARIABLE, cluster.url());
    }
    listen(&mut tests, |line| ci.count.hear(line))?;
    ci.count.none_ignored()
}

fn doc() -> Result<(), Stop> {
    run(cargo()
        .args(["doc", "--quiet", "--workspace", "--no-deps"])
        .env("RUSTDOCFLAGS", "-D warnings"))
}

fn description(ci: &mut Run<'_>) -> Result<(), Stop> {
    strangers::description(ci.workspace)?;
    ci.count.passed += 1;
    Ok(())
}

fn sdks(ci: &mut Run<'_>) -> Result<(), Stop> {
    match strangers::sdks(ci.workspace)? {
        Judged::Passed(checks) => ci.count.passed += checks,
        Judged::LeftOut(why) => ci.leave_out(format!("sdks: {why}")),
    }
    Ok(())
}

fn show_pages(ci: &mut Run<'_>) -> Result<(), Stop> {
    ci.count.passed += pages::pages(ci.workspace)?;
    Ok(())
}

fn try_sdk(ci: &mut Run<'_>) -> Result<(), Stop> {
    ci.count.passed += pages::sdk(ci.workspace)?;
    Ok(())
}

fn books(ci: &mut Run<'_>) -> Result<(), Stop> {
    if let Some(why) = strangers::books(ci.workspace, |line| ci.count.hear(line))? {
        ci.leave_out(format!("books: {why}"));
    }
    ci.count.none_ignored()
}

/// Fresh seeds each time: a failure prints its seed, and seed and commit give it back.
fn simulate(ci: &mut Run<'_>) -> Result<(), Stop> {
    if !ci.workspace.has_target("sim", "bin", "sim") {
        ci.leave_out("sim: crates/sim has no binary yet".to_owned());
        return Ok(());
    }
    let first = fresh_seed()?.to_string();
    let commit = capture(std::process::Command::new("git").args(["rev-parse", "HEAD"]))
        .map_or_else(|_| "no commit".to_owned(), |text| text.trim().to_owned());
    say(&format!("{SIM_SEEDS} seeds from {first} on, at {commit}"));
    run(cargo().args(["run", "--quiet", "--package", "sim", "--"]).args([
        "--seeds",
        &SIM_SEEDS.to_string(),
        "--seed",
        &first,
    ]))
}

/// Below 2^32, so that a person can type it.
fn fresh_seed() -> Result<u32, Stop> {
    let digits: String = random_hex()?.chars().take(8).collect();
    u32::from_str_radix(&digits, 16).map_err(|error| Stop::new(error.to_string()))
}

/// What the test programs reported.
#[derive(Debug, Default, PartialEq, Eq)]
struct Count {
    passed: u64,
    ignored: u64,
}

impl Count {
    /// Takes the line in which a Rust test program sums itself up:
    /// `test result: ok. 12 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; ...`.
    fn hear(&mut self, line: &str) {
        let Some(sums) = line.strip_prefix("test result: ok. ") else {
            return;
        };
        for sum in sums.split("; ") {
            match sum.split_once(' ') {
                Some((number, "passed")) => self.passed += number.parse().unwrap_or(0),
                Some((number, "ignored")) => self.ignored += number.parse().unwrap_or(0),
                _ => {}
            }
        }
    }

    /// A test that never runs proves nothing and looks as if it did.
    fn none_ignored(&self) -> Result<(), Stop> {
        if self.ignored == 0 {
            return Ok(());
        }
        Err(Stop::new(format!(
            "{} tests or doc examples are marked `ignore`: make them run or remove them",
            self.ignored
        )))
    }

    fn verdict(&self) -> String {
        format!("{} passed, 0 failed", self.passed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_of_test_programs_are_added() {
        let mut count = Count::default();
        for line in [
            "running 12 tests",
            "test result: ok. 12 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s",
            "the text: test result: ok. 9 passed; 0 failed",
            "test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s",
        ] {
            count.hear(line);
        }
        assert_eq!(count.verdict(), "15 passed, 0 failed");
        assert!(count.none_ignored().is_ok());
        count.hear("test result: ok. 1 passed; 0 failed; 2 ignored; 0 measured");
        assert!(count.none_ignored().is_err());
    }

    #[test]
    fn durations_read_well() {
        assert_eq!(duration(0), "0.0 s");
        assert_eq!(duration(61_990), "61.9 s");
    }
}
