//! Other programs: run them, listen to them, and say plainly which one failed.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

use crate::{Stop, say};

/// The cargo that started us, so that a toolchain override holds for the steps too.
pub(crate) fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// The command as one would type it.
pub(crate) fn typed(command: &Command) -> String {
    let program =
        std::path::Path::new(command.get_program()).file_name().unwrap_or_else(|| OsStr::new("?"));
    std::iter::once(program)
        .chain(command.get_args())
        .map(|word| word.to_string_lossy().into_owned())
        .collect::<Vec<_>>()
        .join(" ")
}

/// Runs it with our own input and output.
pub(crate) fn run(command: &mut Command) -> Result<(), Stop> {
    let status = command.status().map_err(|error| unstarted(command, &error))?;
    if status.success() {
        return Ok(());
    }
    Err(Stop::new(format!("`{}` failed: {status}", typed(command))))
}

/// Runs it quietly and returns what it wrote; what it complained about goes into the failure.
pub(crate) fn capture(command: &mut Command) -> Result<String, Stop> {
    let output = command.output().map_err(|error| unstarted(command, &error))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() {
        return Ok(text(&output.stdout));
    }
    Err(Stop::new(format!(
        "`{}` failed: {}\n{}{}",
        typed(command),
        output.status,
        text(&output.stdout),
        text(&output.stderr)
    )))
}

/// Runs it, shows each line it writes and hands the line to `hear` as well.
pub(crate) fn listen(command: &mut Command, mut hear: impl FnMut(&str)) -> Result<(), Stop> {
    let mut child = Running::start(command.stdout(Stdio::piped()))?;
    if let Some(stdout) = child.0.stdout.take() {
        for line in BufReader::new(stdout).split(b'\n') {
            let line = line.map_err(|error| unstarted(command, &error))?;
            let line = String::from_utf8_lossy(&line);
            say(&line);
            hear(&line);
        }
    }
    let status = child.0.wait().map_err(|error| unstarted(command, &error))?;
    if status.success() {
        return Ok(());
    }
    Err(Stop::new(format!("`{}` failed: {status}", typed(command))))
}

/// Replaces this process by the command; returns only if that is impossible.
pub(crate) fn become_it(mut command: Command) -> Result<(), Stop> {
    let error = command.exec();
    Err(unstarted(&command, &error))
}

fn unstarted(command: &Command, error: &std::io::Error) -> Stop {
    Stop::new(format!("cannot run `{}`: {error}", typed(command)))
}

/// A child that does not outlive its owner, whatever way the owner is left.
#[derive(Debug)]
pub(crate) struct Running(pub(crate) Child);

impl Running {
    pub(crate) fn start(command: &mut Command) -> Result<Self, Stop> {
        command.spawn().map(Self).map_err(|error| unstarted(command, &error))
    }

    /// How it ended, if it has.
    pub(crate) fn ended(&mut self) -> Option<std::process::ExitStatus> {
        self.0.try_wait().ok().flatten()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.ended().is_none() && self.0.kill().is_ok() {
            self.0.wait().ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_names_the_command_and_keeps_its_words() {
        let stop = capture(Command::new("sh").args(["-c", "echo no bread; exit 3"])).unwrap_err();
        let text = stop.to_string();
        assert!(text.contains("sh -c"), "{text}");
        assert!(text.contains("no bread"), "{text}");
        let stop = run(&mut Command::new("suanpan-no-such-program")).unwrap_err();
        assert!(stop.to_string().starts_with("cannot run `suanpan-no-such-program`"));
    }

    #[test]
    fn every_line_is_heard() {
        let mut lines = Vec::new();
        listen(Command::new("printf").arg("one\\ntwo\\n"), |line| {
            lines.push(line.to_owned());
        })
        .unwrap();
        assert_eq!(lines, ["one", "two"]);
    }

    #[test]
    fn a_child_ends_with_its_owner() {
        let child = Running::start(Command::new("sleep").arg("600")).unwrap();
        let process = format!("/proc/{}", child.0.id());
        drop(child);
        assert!(!std::path::Path::new(&process).exists());
    }
}
