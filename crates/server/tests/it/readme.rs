//! The commands in the docs, run as they stand there.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::stage::Stage;

/// Payments of a bench that is run only to see that it runs.
const FEW: &str = "60";

/// Asked at run time: one target folder may serve clones at several places.
fn root() -> PathBuf {
    Path::new(&std::env::var("CARGO_MANIFEST_DIR").unwrap()).join("../..").canonicalize().unwrap()
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

/// The lines of a page's code blocks, those that a backslash goes on over joined.
fn commands(page: &str) -> Vec<String> {
    let blocks = page.split("```").skip(1).step_by(2);
    let text = blocks.map(|block| block.split_once('\n').map_or("", |(_, lines)| lines));
    let text = text.collect::<Vec<_>>().join("\n").replace("\\\n", " ");
    text.lines().map(|line| line.trim().to_owned()).collect()
}

fn pages() -> Vec<PathBuf> {
    let root = root();
    let mut pages = vec![root.join("README.md"), root.join("README.zh-CN.md")];
    pages.push(root.join("bench/README.md"));
    for folder in ["docs", "docs/guides"] {
        let files = std::fs::read_dir(root.join(folder)).unwrap().map(|f| f.unwrap().path());
        pages.extend(files.filter(|f| f.extension().is_some_and(|e| e == "md")));
    }
    pages
}

/// Each `make` goal is in the Makefile, each bench runs, and each `suanpan` command succeeds.
#[test]
fn every_command_in_the_docs_works() {
    let makefile = read(&root().join("Makefile"));
    let mut tried = 0;
    for page in pages() {
        for line in commands(&read(&page)) {
            let (place, words) = (page.display(), line.split(' ').collect::<Vec<_>>());
            match words.as_slice() {
                ["make", goal, ..] => {
                    assert!(makefile.contains(&format!("\n{goal}:")), "{place}: {line}");
                }
                ["cargo", "xtask", "bench", rest @ ..] => {
                    let of = if rest == ["iso8583"] { "--messages" } else { "--payments" };
                    run(&place.to_string(), "bench", &[rest, &[of, FEW]].concat());
                }
                ["suanpan", command, rest @ ..] => run(&place.to_string(), command, rest),
                _ => continue,
            }
            tried += 1;
        }
    }
    assert!(tried >= 6, "the docs have commands: {tried}");
}

/// What stands behind a `#` is a name and a number of the JSON that the command prints.
fn run(place: &str, command: &str, rest: &[&str]) {
    let mut parts = rest.splitn(2, |word| *word == "#");
    let (rest, expected) = (parts.next().unwrap_or_default(), parts.next());
    let done = Command::new(env!("CARGO_BIN_EXE_suanpan"))
        .current_dir(root())
        .arg(command)
        .args(rest)
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(done.status.success(), "{place}: {command} {rest:?}: {errors}");
    if let Some([name, number]) = expected {
        let said: Value = serde_json::from_slice(&done.stdout).unwrap();
        assert_eq!(said[*name].to_string(), *number, "{place}: {command} {rest:?}: {said}");
    }
}

/// The Chinese page tells the same commands as the English one.
#[test]
fn both_readmes_tell_the_same_commands() {
    let [english, chinese] =
        ["README.md", "README.zh-CN.md"].map(|name| commands(&read(&root().join(name))));
    assert_eq!(english, chinese);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_five_lines_make_a_payment() {
    let stage = Stage::on_sqlite().await;
    let readme = read(&root().join("README.md"));
    let (_, rest) = readme.split_once("```bash\n").unwrap();
    let (script, _) = rest.split_once("```").unwrap();
    let script = script.replace("http://127.0.0.1:8080", &stage.api);
    let secret = String::from_utf8(stage.key.secret.expose().clone()).unwrap();
    let done = Command::new("bash")
        .args(["-euc", &script])
        .env("KEY", &stage.key.id)
        .env("SECRET", secret)
        .output()
        .unwrap();
    let payment: Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!(payment["state"], "paid", "{payment}");
    stage.end().await;
}

/// The first code block of a language.
fn block<'a>(page: &'a str, language: &str) -> &'a str {
    let (_, rest) = page.split_once(&format!("```{language}\n")).unwrap();
    rest.split_once("```").unwrap().0
}

/// The programs of the guide, run as they stand there, say what they should.
#[tokio::test(flavor = "multi_thread")]
async fn the_guide_s_programs_run() {
    let stage = Stage::on_sqlite().await;
    let page = read(&root().join("docs/guides/call-the-api.md"));
    let secret = String::from_utf8(stage.key.secret.expose().clone()).unwrap();
    let programs = [
        ("python", "python3", "guide.py", "paid succeeded True"),
        ("js", "node", "guide.mjs", "paying true 409 order_no_used closed"),
    ];
    for (language, program, file, expected) in programs {
        let file = stage.folder.path().join(file);
        std::fs::write(&file, block(&page, language)).unwrap();
        let done = Command::new(program)
            .arg(&file)
            .envs([("KEY", stage.key.id.as_str()), ("SECRET", &secret), ("URL", &stage.api)])
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&done.stderr).into_owned();
        assert_eq!(String::from_utf8_lossy(&done.stdout).trim(), expected, "{language}: {errors}");
    }
    stage.end().await;
}
