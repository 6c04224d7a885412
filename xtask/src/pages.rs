//! The pages in a real browser: types of their programs, tests of their parts, and every page against
//! the real binary in Chromium; and the SDK.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command::{self, cargo, listen};
use crate::strangers::{at, node_home};
use crate::workspace::Workspace;
use crate::{Stop, say};

const BROWSER_TESTS: &str = "web/e2e";
const TYPES: &str = "web/tsconfig.json";
/// Tests that need no browser.
const PART_TESTS: [&str; 2] = ["web/shared/tests", "web/till/tests"];
const SDK: &str = "sdk/typescript";
const TEST_FILES: [&str; 2] = [".test.mjs", ".test.js"];
const CHROMIUM: &str = "/usr/bin/chromium";

/// Runs all of it and says how many tests passed.
pub(crate) fn pages(workspace: &Workspace) -> Result<u64, Stop> {
    let root = &workspace.root;
    let cache = workspace.target.join("strangers");
    fs::create_dir_all(&cache).map_err(|error| at(&cache, &error))?;
    let home = node_home(&root.join(BROWSER_TESTS), &cache.join("pages"))?;
    say("-- types");
    let tsc = home.join("node_modules/.bin/tsc");
    command::run(Command::new(tsc).arg("--project").arg(root.join(TYPES)))?;
    let mut passed = 0;
    for folder in PART_TESTS {
        passed += run(&mut Command::new("node"), &tests_in(&root.join(folder))?, 2)?;
    }
    have_binary()?;
    let browser = &mut node(workspace, &home);
    // One at a time: a browser takes a machine for itself.
    passed += run(browser.env("SUANPAN_CHROMIUM", CHROMIUM), &tests_in(&home)?, 1)?;
    Ok(passed)
}

/// The binary as the workspace's own tests have it: nothing to do after them, and no second build with
/// other features.
pub(crate) fn have_binary() -> Result<(), Stop> {
    command::run(cargo().args(["test", "--quiet", "--workspace", "--no-run"]))
}

/// The SDK: installed as a newcomer installs it, its types compared with the API's description, its
/// tests run against the real binary.
pub(crate) fn sdk(workspace: &Workspace) -> Result<u64, Stop> {
    let folder = workspace.root.join(SDK);
    let npm = |args: &[&str]| {
        let mut npm = Command::new("npm");
        command::run(npm.args(args).arg("--loglevel=error").current_dir(&folder))
    };
    npm(&["ci", "--no-audit", "--no-fund"])?;
    npm(&["run", "--silent", "check"])?;
    let tsc = folder.join("node_modules/.bin/tsc");
    command::run(Command::new(tsc).args(["--project", "tsconfig.test.json"]).current_dir(&folder))?;
    have_binary()?;
    run(&mut node(workspace, &folder), &tests_in(&folder.join("build"))?, 2)
}

/// Node where the tests are, told where the binary is.
fn node(workspace: &Workspace, home: &Path) -> Command {
    let mut node = Command::new("node");
    node.env("SUANPAN_BINARY", workspace.target.join("debug/suanpan")).current_dir(home);
    node
}

fn tests_in(folder: &Path) -> Result<Vec<PathBuf>, Stop> {
    let entries = fs::read_dir(folder).map_err(|error| at(folder, &error))?;
    let mut files: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| TEST_FILES.iter().any(|end| path.to_string_lossy().ends_with(end)))
        .collect();
    files.sort();
    Ok(files)
}

/// So many files at once: each has processes and ports of its own.
fn run(node: &mut Command, files: &[PathBuf], at_once: u8) -> Result<u64, Stop> {
    let mut passed = 0;
    let options = ["--test", "--test-reporter=tap"];
    node.args(options).arg(format!("--test-concurrency={at_once}"));
    listen(node.args(files), |line| passed += u64::from(is_passed(line)))?;
    if passed == 0 {
        return Err(Stop::new("the tests ended well but tested nothing"));
    }
    Ok(passed)
}

/// A test of the file itself, and not one that was left out: a skipped test proves nothing.
fn is_passed(line: &str) -> bool {
    line.starts_with("ok ") && !line.contains("# SKIP")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_skipped_test_is_not_counted() {
        assert!(is_passed("ok 1 - a plate is paid"));
        assert!(!is_passed("ok 2 - a plate is paid # SKIP no browser"));
        assert!(!is_passed("    ok 1 - a part of a test"));
        assert!(!is_passed("not ok 3 - a plate is paid"));
    }
}
