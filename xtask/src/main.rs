//! The project's own automation, in Rust instead of shell: `cargo xtask <command>`.
//!
//! The Makefile is its front door and holds no logic. A command either succeeds or stops with one
//! sentence that says what went wrong and what to do.

mod ci;
mod command;
mod pages;
mod postgres;
mod setup;
mod strangers;
mod tidy;
mod workspace;

use std::ffi::OsStr;
use std::fmt;
use std::process::{Command, ExitCode};

use workspace::Workspace;

const USAGE: &str = "usage: cargo xtask <command>

  run                          build the release binary and start `suanpan demo`
  test, ci                     everything that must hold, step by step
  fmt                          format the code
  tidy                         layers, docs, migrations, ratchets and secrets
  setup                        install what the other commands need, or say what to install
  bench [arguments]            run `suanpan bench`
  postgres -- COMMAND          run a command beside a fresh PostgreSQL, as the tests want it
  sim --seeds N [--seed S]     simulate N seeds, from S on (fresh ones if S is not given)";

/// Why a command stopped, in words for the one who ran it.
#[derive(Debug)]
pub(crate) struct Stop(String);

impl Stop {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[expect(clippy::print_stdout, reason = "the one place where this tool talks to its user")]
pub(crate) fn say(line: &str) {
    println!("{line}");
}

#[expect(clippy::print_stderr, reason = "the one place where this tool complains to its user")]
fn complain(line: &str) {
    eprintln!("{line}");
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(stop) => {
            complain(&format!("\n{stop}"));
            ExitCode::FAILURE
        }
    }
}

fn dispatch(arguments: &[String]) -> Result<(), Stop> {
    let Some((name, rest)) = arguments.split_first() else {
        return Err(Stop::new(USAGE));
    };
    let takes_arguments = matches!(name.as_str(), "run" | "bench" | "sim" | "postgres");
    if !takes_arguments && !rest.is_empty() {
        return Err(Stop::new(format!("`{name}` takes no arguments\n\n{USAGE}")));
    }
    match name.as_str() {
        "run" => suanpan("demo", rest),
        "bench" => suanpan("bench", rest),
        "fmt" => command::run(command::cargo().args(["fmt", "--all"])),
        "ci" | "test" => ci::ci(&Workspace::load()?),
        "tidy" => tidy::tidy(&Workspace::load()?),
        "setup" => setup::setup(),
        "postgres" => with_postgres(&Workspace::load()?, rest),
        "sim" => simulate(&SimArguments::parse(rest)?),
        "help" | "--help" | "-h" => {
            say(USAGE);
            Ok(())
        }
        other => Err(Stop::new(format!("no command `{other}`\n\n{USAGE}"))),
    }
}

/// Runs a command beside a fresh PostgreSQL that the tests find: `cargo xtask postgres -- cargo test`.
fn with_postgres(workspace: &Workspace, rest: &[String]) -> Result<(), Stop> {
    let rest = rest.strip_prefix(&["--".to_owned()]).unwrap_or(rest);
    let (program, arguments) = rest.split_first().ok_or_else(|| Stop::new(USAGE))?;
    let cluster = postgres::Cluster::start()?;
    let mut run = std::process::Command::new(program);
    let python = strangers::terminal_python(workspace)?;
    run.args(arguments).env(strangers::TERMINAL_VARIABLE, python);
    command::run(run.env(postgres::URL_VARIABLE, cluster.url()))
}

/// Becomes the product's own binary, so that Ctrl-C and the exit code are its own.
fn suanpan(subcommand: &str, rest: &[String]) -> Result<(), Stop> {
    let mut run = command::cargo();
    run.args(["run", "--release", "--package", "server"])
        .args(["--bin", "suanpan", "--", subcommand])
        .args(rest);
    command::become_it(run)
}

/// What `sim` was asked for.
#[derive(Debug, PartialEq, Eq)]
struct SimArguments {
    seeds: u32,
    first: Option<u64>,
}

impl SimArguments {
    fn parse(arguments: &[String]) -> Result<Self, Stop> {
        let (mut seeds, mut first) = (None, None);
        let mut rest = arguments.iter();
        while let Some(name) = rest.next() {
            let value = rest.next().map(String::as_str).unwrap_or_default();
            match name.as_str() {
                "--seeds" => seeds = value.parse().ok(),
                "--seed" => first = Some(number(value)?),
                other => {
                    return Err(Stop::new(format!("`sim` does not know `{other}`\n\n{USAGE}")));
                }
            }
        }
        let seeds = seeds.ok_or_else(|| Stop::new("`sim` needs `--seeds N`, a whole number"))?;
        Ok(Self { seeds, first })
    }
}

fn number(text: &str) -> Result<u64, Stop> {
    text.parse().or(Err(Stop::new("`--seed` takes a whole number")))
}

fn simulate(arguments: &SimArguments) -> Result<(), Stop> {
    let mut run = command::cargo();
    run.args(["run", "--release", "--package", "sim", "--"])
        .args(["--seeds", &arguments.seeds.to_string()]);
    if let Some(first) = arguments.first {
        run.args(["--seed", &first.to_string()]);
    }
    command::run(&mut run)
}

/// Whether a program answers when called: the test for an optional tool.
pub(crate) fn answers<S: AsRef<OsStr>>(program: &str, arguments: &[S]) -> bool {
    Command::new(program).args(arguments).output().is_ok_and(|output| output.status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sim_arguments() {
        let check = |text: &str, expect: Option<(u32, Option<u64>)>| {
            let words: Vec<String> = text.split_whitespace().map(String::from).collect();
            let expect = expect.map(|(seeds, first)| SimArguments { seeds, first });
            assert_eq!(SimArguments::parse(&words).ok(), expect, "{text}");
        };
        check("--seeds 20", Some((20, None)));
        check("--seeds 1 --seed 7", Some((1, Some(7))));
        check("--seed 7 --seeds 1", Some((1, Some(7))));
        check("", None);
        check("--seeds", None);
        check("--seeds many", None);
        check("--seeds 1 --seed x", None);
        check("--seeds 1 --sead 1", None);
    }

    #[test]
    fn what_it_does_not_know_is_refused_with_the_usage() {
        for words in [&[][..], &["tset"], &["tidy", "quickly"]] {
            let words: Vec<String> = words.iter().copied().map(String::from).collect();
            let stop = dispatch(&words).unwrap_err();
            assert!(stop.to_string().contains("usage:"), "{words:?}");
        }
    }
}
