//! Source files: the first line, work left open, code that was commented out, silenced lints.

use super::Finding;
use super::rust::Source;
use super::tree::Tree;

/// Languages whose comments begin with the given mark.
const OTHERS: &[(&str, &str)] = &[
    (".ts", "//"),
    (".tsx", "//"),
    (".js", "//"),
    (".mjs", "//"),
    (".java", "//"),
    (".css", "/*"),
    (".py", "#"),
    (".sh", "#"),
    (".toml", "#"),
    (".yml", "#"),
    (".yaml", "#"),
    ("Makefile", "#"),
    (".sql", "--"),
];

const OPEN_WORK: &[&str] = &["TODO", "FIXME"];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.texts_ending(".rs") {
        findings.extend(first_line(path, text));
        let source = Source::read(text);
        findings.extend(attributes(path, &source.code));
        for comment in &source.comments {
            findings.extend(open_work(path, comment.line, &comment.text));
            if !comment.doc && is_code(&comment.text) {
                findings.push(commented_out(path, comment.line, &comment.text));
            }
        }
    }
    for (ending, mark) in OTHERS {
        for (path, text) in tree.texts_ending(ending) {
            findings.extend(comments_of(path, text, mark));
        }
    }
    findings
}

fn comments_of(path: &str, text: &str, mark: &str) -> Vec<Finding> {
    let comments = text.lines().enumerate().filter_map(|(index, line)| {
        let (_, comment) = line.split_once(mark)?;
        Some((index + 1, line.trim_start().starts_with(mark), comment.trim()))
    });
    comments
        .flat_map(|(line, whole, comment)| {
            let code = (whole && is_code(comment)).then(|| commented_out(path, line, comment));
            open_work(path, line, comment).into_iter().chain(code)
        })
        .collect()
}

fn first_line(path: &str, text: &str) -> Option<Finding> {
    let first = text.lines().next().unwrap_or_default();
    let says = first.strip_prefix("//!").is_some_and(|rest| !rest.trim().is_empty());
    (!says).then(|| Finding {
        path: path.to_owned(),
        line: 1,
        rule: "first-line",
        found: "the file does not begin by saying what it is".to_owned(),
        instead: "begin with `//!` and one sentence: what and why",
    })
}

fn attributes(path: &str, code: &str) -> Vec<Finding> {
    code.lines()
        .enumerate()
        .filter_map(|(index, line)| {
            let (found, instead) = if line.contains("#[allow(") || line.contains("#![allow(") {
                ("a lint is allowed", "#[expect(lint, reason = \"...\")], which ends by itself")
            } else if line.contains("#[ignore") {
                ("a test is ignored", "make it run, or remove it")
            } else {
                return None;
            };
            Some(Finding {
                path: path.to_owned(),
                line: index + 1,
                rule: "attribute",
                found: found.to_owned(),
                instead,
            })
        })
        .collect()
}

/// Open work is fine when somebody can look it up: the word, then the issue's number in brackets.
fn open_work(path: &str, line: usize, comment: &str) -> Option<Finding> {
    let word = OPEN_WORK.iter().find(|word| {
        comment.match_indices(**word).any(|(at, _)| {
            let before = comment.get(..at).and_then(|text| text.chars().next_back());
            let after = comment.get(at + word.len()..).unwrap_or_default();
            !before.is_some_and(char::is_alphanumeric)
                && !after.starts_with(char::is_alphanumeric)
                && !names_issue(after)
        })
    })?;
    Some(Finding {
        path: path.to_owned(),
        line,
        rule: "open-work",
        found: format!("{word} without an issue"),
        instead: "do it now, or open an issue and write its number: (#123)",
    })
}

fn names_issue(after: &str) -> bool {
    after
        .strip_prefix("(#")
        .and_then(|rest| rest.split_once(')'))
        .is_some_and(|(number, _)| !number.is_empty() && number.chars().all(|c| c.is_ascii_digit()))
}

fn commented_out(path: &str, line: usize, comment: &str) -> Finding {
    Finding {
        path: path.to_owned(),
        line,
        rule: "commented-out",
        found: format!("`{comment}` reads like code"),
        instead: "delete it; git remembers. If it explains, write a sentence",
    }
}

/// A guess that errs on the side of prose: a statement, a block that opens, or one that closes.
fn is_code(comment: &str) -> bool {
    const STATEMENTS: &[&str] = &[
        "let ", "use ", "pub ", "return ", "const ", "import ", "from ", "var ", "select ",
        "insert ", "update ", "delete ", "create ", "alter ", "drop ",
    ];
    const BLOCKS: &[&str] = &[
        "if ",
        "for ",
        "while ",
        "match ",
        "fn ",
        "pub ",
        "async ",
        "impl ",
        "} else",
        "function ",
        "mod ",
        "struct ",
        "enum ",
    ];
    let comment = comment.trim();
    let small = comment.to_lowercase();
    let begins = |words: &[&str]| words.iter().any(|word| small.starts_with(word));
    if matches!(comment, "}" | "};" | "})" | "});" | ")?;" | ");") {
        return true;
    }
    if comment.ends_with(';') {
        // A bracket in prose follows a blank.
        let called = comment
            .split_once('(')
            .is_some_and(|(before, _)| before.ends_with(|c: char| c.is_alphanumeric() || c == '!'));
        let calls = called && (comment.ends_with(");") || comment.ends_with(")?;"));
        let assigns = comment.contains(" = ") || comment.contains(" += ");
        return begins(STATEMENTS) || calls || assigns;
    }
    comment.ends_with('{') && begins(BLOCKS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(path: &str, text: &str) -> Vec<&'static str> {
        check(&Tree::of(&[(path, text)])).iter().map(|f| f.rule).collect()
    }

    #[test]
    fn rust_files() {
        let check = |text: &str, expect: &[&str]| assert_eq!(rules("a.rs", text), expect, "{text}");
        check("//! What.\nfn a() {}\n", &[]);
        check("fn a() {}\n", &["first-line"]);
        check("//!\nfn a() {}\n", &["first-line"]);
        check("", &["first-line"]);
        check("//! W.\n// TODO later\n", &["open-work"]);
        check("//! W.\n// TODO(#12): later\n", &[]);
        check("//! W.\n/// FIXME: now\n", &["open-work"]);
        check("//! W.\nlet a = \"TODO\";\n", &[]);
        check("//! W.\n// TODOS are a word\n", &[]);
        check("//! W.\n#[allow(dead_code)]\n", &["attribute"]);
        check("//! W.\n#![allow(dead_code)]\n", &["attribute"]);
        check("//! W.\n#[expect(dead_code, reason = \"r\")]\n", &[]);
        check("//! W.\n#[test]\n#[ignore]\n", &["attribute"]);
        check("//! W.\n// let a = 1;\n", &["commented-out"]);
        check("//! W.\n/// let a = 1;\n", &[]);
    }

    #[test]
    fn code_and_prose() {
        for comment in [
            "let fee = rate.apply(amount);",
            "use crate::money;",
            "post(entry)?;",
            "self.count += 1;",
            "if amount > limit {",
            "}",
            "});",
            "} else {",
            "SELECT 1 FROM legs;",
        ] {
            assert!(is_code(comment), "{comment}");
        }
        for comment in [
            "Money moves once; the second answer is the first one again.",
            "UnionPay POS 8583, field 60.3",
            "the payer pays (and may pay twice);",
            "a leg waits for its channel;",
            "{code, message, request_id}",
            "from here on, whatever fails, the folder is removed",
            "",
        ] {
            assert!(!is_code(comment), "{comment}");
        }
    }

    #[test]
    fn other_languages() {
        let check = |path: &str, text: &str, expect: &[&str]| {
            assert_eq!(rules(path, text), expect, "{path}: {text}");
        };
        check("a.py", "x = 1  # TODO later\n", &["open-work"]);
        check("a.py", "# Why it is so.\nx = 1\n", &[]);
        check("a.sql", "-- DROP TABLE legs;\n", &["commented-out"]);
        check("a.ts", "// const a = b();\n", &["commented-out"]);
        check("a.ts", "const url = 'https://a';\n", &[]);
        check("Makefile", "# FIXME\n", &["open-work"]);
        check("a.md", "TODO\n", &[]);
    }
}
