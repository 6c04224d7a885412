//! Programs that others wrote judge ours: the channels' SDKs judge the sandbox, hledger and
//! beancount judge the books, a validator judges the API's description.
//!
//! What they need from a package registry is installed once, under the target folder, and again
//! only when the list of packages changes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Duration;

use crate::command::{self, Running, cargo, listen};
use crate::workspace::Workspace;
use crate::{Stop, answers, say};

/// Where a channel's SDK tests live: `<name>_python.py` with `requirements-<name>.txt`, and
/// `<name>_node.mjs` with one `package.json` for all.
const SDK_FOLDER: &str = "crates/sandbox/tests/sdk";
const OPENAPI_REQUIREMENTS: &str = "xtask/requirements-openapi.txt";
const OPENAPI: &str = "openapi/suanpan.json";
const BOOKS_REQUIREMENTS: &str = "xtask/requirements-books.txt";
const TERMINAL_REQUIREMENTS: &str = "crates/server/tests/it/terminal/requirements-terminal.txt";
/// The Python that has them.
pub(crate) const TERMINAL_VARIABLE: &str = "SUANPAN_TEST_TERMINAL_PYTHON";
const COORDINATES_POLL_MS: u64 = 100;
const COORDINATES_POLLS_MAX: u32 = 600;

/// Both programs that read our journal, for the test that writes it.
const HLEDGER_VARIABLE: &str = "SUANPAN_TEST_HLEDGER";
const BEAN_CHECK_VARIABLE: &str = "SUANPAN_TEST_BEAN_CHECK";

/// What a step of strangers found: checks passed, or why there was nothing to run.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Judged {
    Passed(u64),
    LeftOut(String),
}

/// Runs each SDK script against a sandbox of its own, so that none sees another's orders.
pub(crate) fn sdks(workspace: &Workspace) -> Result<Judged, Stop> {
    let folder = workspace.root.join(SDK_FOLDER);
    let scripts = scripts_in(&folder)?;
    if scripts.is_empty() {
        return Ok(Judged::LeftOut(format!("{SDK_FOLDER} holds no scripts")));
    }
    crate::pages::have_binary()?;
    let cache = workspace.target.join("strangers");
    fs::create_dir_all(&cache).map_err(|error| at(&cache, &error))?;
    let mut passed = 0;
    for script in scripts {
        say(&format!("-- {}", script.file));
        passed += script.run(&folder, &cache, &workspace.target)?;
    }
    Ok(Judged::Passed(passed))
}

#[derive(Debug, PartialEq, Eq)]
enum Language {
    Python,
    Node,
}

#[derive(Debug, PartialEq, Eq)]
struct Script {
    file: String,
    /// The part of the name that chooses the list of packages.
    channel: String,
    language: Language,
}

impl Script {
    /// `None` for the package lists and for modules that scripts import.
    fn from_name(file: &str) -> Option<Self> {
        let python = file.strip_suffix("_python.py").map(|c| (c, Language::Python));
        let node = || file.strip_suffix("_node.mjs").map(|c| (c, Language::Node));
        let (channel, language) = python.or_else(node)?;
        Some(Self { file: file.to_owned(), channel: channel.to_owned(), language })
    }

    /// How many checks passed; a failed one ends the script with another status than 0.
    fn run(&self, folder: &Path, cache: &Path, target: &Path) -> Result<u64, Stop> {
        let mut call = match self.language {
            Language::Python => {
                let packages = folder.join(format!("requirements-{}.txt", self.channel));
                let environment = python_environment(&packages, cache)?;
                let mut call = Command::new(environment.join("bin/python"));
                call.arg(folder.join(&self.file));
                call
            }
            Language::Node => {
                let home = node_home(folder, &cache.join("node"))?;
                let mut call = Command::new("node");
                call.arg(home.join(&self.file));
                call
            }
        };
        let coordinates = cache.join(format!("{}.json", self.file));
        let _sandbox = start_sandbox(target, &coordinates)?;
        let mut passed = 0;
        listen(call.arg(&coordinates), |line| passed += u64::from(is_check(line)))?;
        // It holds the demo's private keys, and the sandbox they belong to ends here.
        fs::remove_file(&coordinates).map_err(|error| at(&coordinates, &error))?;
        if passed == 0 {
            return Err(Stop::new(format!("{} ended well but checked nothing", self.file)));
        }
        Ok(passed)
    }
}

/// A script writes one line per check: `ok` and what was checked.
fn is_check(line: &str) -> bool {
    line.split_whitespace().next() == Some("ok")
}

fn scripts_in(folder: &Path) -> Result<Vec<Script>, Stop> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let entries = fs::read_dir(folder).map_err(|error| at(folder, &error))?;
    let mut names: Vec<String> =
        entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    Ok(names.iter().filter_map(|name| Script::from_name(name)).collect())
}

/// The example writes the coordinates when it listens; that is how we know that it does.
fn start_sandbox(target: &Path, coordinates: &Path) -> Result<Running, Stop> {
    fs::remove_file(coordinates).ok();
    let mut call = Command::new(target.join("debug/examples/sandbox"));
    let mut sandbox = Running::start(call.arg(coordinates))?;
    for _ in 0..COORDINATES_POLLS_MAX {
        let written = fs::read_to_string(coordinates).unwrap_or_default();
        if serde_json::from_str::<serde_json::Value>(&written).is_ok() {
            return Ok(sandbox);
        }
        if let Some(status) = sandbox.ended() {
            return Err(Stop::new(format!("the sandbox ended before it listened: {status}")));
        }
        thread::sleep(Duration::from_millis(COORDINATES_POLL_MS));
    }
    Err(Stop::new("the sandbox wrote no coordinates"))
}

/// A virtual environment that holds exactly `packages`; made anew when the list changes.
fn python_environment(packages: &Path, cache: &Path) -> Result<PathBuf, Stop> {
    let wanted = fs::read_to_string(packages).map_err(|error| at(packages, &error))?;
    let name = packages.file_stem().unwrap_or_default();
    let environment = cache.join(name);
    let marker = environment.join("installed.txt");
    if fs::read_to_string(&marker).is_ok_and(|installed| installed == wanted) {
        return Ok(environment);
    }
    say(&format!("installing {}", packages.display()));
    command::run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&environment))?;
    command::run(
        Command::new(environment.join("bin/python"))
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
            .arg("--requirement")
            .arg(packages),
    )?;
    fs::write(&marker, wanted).map_err(|error| at(&marker, &error))?;
    Ok(environment)
}

/// A folder with `node_modules` and copies of the scripts: Node looks for packages beside the
/// importing file and nowhere else.
pub(crate) fn node_home(folder: &Path, home: &Path) -> Result<PathBuf, Stop> {
    let home = home.to_owned();
    fs::create_dir_all(&home).map_err(|error| at(&home, &error))?;
    let manifest = folder.join("package.json");
    let lock = folder.join("package-lock.json");
    let wanted = fs::read_to_string(&manifest).map_err(|error| at(&manifest, &error))?
        + &fs::read_to_string(&lock).unwrap_or_default();
    let entries = fs::read_dir(folder).map_err(|error| at(folder, &error))?;
    for path in entries.flatten().map(|entry| entry.path()) {
        let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default();
        if let Some(name) = path.file_name()
            && matches!(extension, "mjs" | "js" | "json")
        {
            fs::copy(&path, home.join(name)).map_err(|error| at(&path, &error))?;
        }
    }
    let marker = home.join("installed.txt");
    if fs::read_to_string(&marker).is_ok_and(|installed| installed == wanted) {
        return Ok(home);
    }
    let verb = if lock.exists() { "ci" } else { "install" };
    say(&format!("installing {}", manifest.display()));
    command::run(
        Command::new("npm")
            .args([verb, "--no-audit", "--no-fund", "--loglevel=error"])
            .current_dir(&home),
    )?;
    fs::write(&marker, wanted).map_err(|error| at(&marker, &error))?;
    Ok(home)
}

/// Runs the `books` test of `server`: it exports a day's journal and has both programs read it.
///
/// The test is `test = false` in the manifest, so that `cargo test --workspace` leaves it to us,
/// who know where the programs are.
pub(crate) fn books(workspace: &Workspace, hear: impl FnMut(&str)) -> Result<Option<String>, Stop> {
    if !workspace.has_target("server", "test", "books") {
        return Ok(Some("crates/server has no test `books` yet".to_owned()));
    }
    let requirements = workspace.root.join(BOOKS_REQUIREMENTS);
    let cache = workspace.target.join("strangers");
    fs::create_dir_all(&cache).map_err(|error| at(&cache, &error))?;
    let environment = python_environment(&requirements, &cache)?;
    let bean_check = environment.join("bin/bean-check");
    if !answers(&bean_check.to_string_lossy(), &["--version"]) {
        return Err(Stop::new(format!("{} does not run", bean_check.display())));
    }
    listen(
        cargo()
            .args(["test", "--workspace", "--test", "books"])
            .env(HLEDGER_VARIABLE, "hledger")
            .env(BEAN_CHECK_VARIABLE, &bean_check),
        hear,
    )?;
    Ok(None)
}

/// The Python that has what the strangers' terminal needs, for the test that plays a day with it.
pub(crate) fn terminal_python(workspace: &Workspace) -> Result<PathBuf, Stop> {
    let cache = workspace.target.join("strangers");
    fs::create_dir_all(&cache).map_err(|error| at(&cache, &error))?;
    let environment = python_environment(&workspace.root.join(TERMINAL_REQUIREMENTS), &cache)?;
    Ok(environment.join("bin/python"))
}

/// A foreign program reads the API's description by the rules of OpenAPI 3.1.
pub(crate) fn description(workspace: &Workspace) -> Result<(), Stop> {
    let cache = workspace.target.join("strangers");
    fs::create_dir_all(&cache).map_err(|error| at(&cache, &error))?;
    let requirements = workspace.root.join(OPENAPI_REQUIREMENTS);
    let environment = python_environment(&requirements, &cache)?;
    command::run(
        Command::new(environment.join("bin/python"))
            .args(["-m", "openapi_spec_validator"])
            .arg(workspace.root.join(OPENAPI)),
    )
}

pub(crate) fn at(path: &Path, error: &std::io::Error) -> Stop {
    Stop::new(format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_script_says_how_to_run_it() {
        let check = |file: &str, expect: Option<(&str, Language)>| {
            let found = Script::from_name(file).map(|s| (s.channel, s.language));
            assert_eq!(found, expect.map(|(c, l)| (c.to_owned(), l)), "{file}");
        };
        check("alipay_python.py", Some(("alipay", Language::Python)));
        check("alipay_node.mjs", Some(("alipay", Language::Node)));
        check("wechat_python.py", Some(("wechat", Language::Python)));
        check("requirements-alipay.txt", None);
        check("package.json", None);
        check("common.py", None);
    }

    #[test]
    fn a_check_is_a_line_that_says_ok() {
        assert!(is_check("ok   native: the order is open"));
        assert!(!is_check("okay"));
        assert!(!is_check("12 checks, all ok"));
        assert!(!is_check(""));
    }

    #[test]
    fn no_folder_means_no_scripts() {
        assert_eq!(scripts_in(Path::new("/nonexistent")).unwrap(), []);
    }
}
