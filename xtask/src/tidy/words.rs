//! Words we do not write, each with what to write instead.

use super::Finding;
use super::rust::Source;
use super::tree::Tree;

/// This list itself.
const HERE: &str = "xtask/src/tidy/words.rs";

/// Excuses, in comments and on pages.
const EXCUSES: &[(&str, &str)] = &[
    ("for now", "say what holds, or open an issue"),
    ("hardcoded", "name the constant and its source"),
    ("hard-coded", "name the constant and its source"),
    ("not implemented", "implement it, or refuse with a stable code"),
    ("not yet implemented", "implement it, or refuse with a stable code"),
    ("simplified version", "write the version that holds"),
    ("should never happen", "assert it, or return an error"),
    ("magic number", "give the number a name and a unit"),
    ("obviously", "say why, or nothing"),
];

/// Second words for what the glossary names otherwise, in comments and on pages.
const SYNONYMS: &[(&str, &str)] = &[
    ("sub-order", "leg (docs/glossary.md)"),
    ("suborder", "leg (docs/glossary.md)"),
    ("sub-payment", "leg (docs/glossary.md)"),
    ("payment method", "tender, or channel (docs/glossary.md)"),
    ("payment gateway", "channel (docs/glossary.md)"),
    ("auth code", "payer code, or authorization code (docs/glossary.md)"),
];

/// Papers that are not in the repository: a reader cannot open them.
const OUTSIDE_PAPERS: &[&str] =
    &["REQUIREMENTS.md", "DESIGN.md", "style.md", "/work/shared", "/work/brief"];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.texts().filter(|(path, _)| *path != HERE) {
        findings.extend(papers(path, text));
        if path.ends_with(".rs") {
            for comment in Source::read(text).comments {
                findings.extend(line(path, comment.line, &comment.text));
            }
        } else if path.ends_with(".md") {
            for (index, text) in text.lines().enumerate() {
                findings.extend(line(path, index + 1, text));
            }
        }
    }
    findings
}

fn papers(path: &str, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, line) in text.lines().enumerate() {
        for name in OUTSIDE_PAPERS.iter().filter(|name| line.contains(**name)) {
            findings.push(Finding {
                path: path.to_owned(),
                line: index + 1,
                rule: "outside-paper",
                found: format!("`{name}` is not in the repository"),
                instead: "name the page under docs/, or say the rule itself",
            });
        }
    }
    findings
}

fn line(path: &str, number: usize, text: &str) -> Vec<Finding> {
    let small = text.to_lowercase();
    EXCUSES
        .iter()
        .chain(SYNONYMS)
        .filter(|(word, _)| has_word(&small, word))
        .map(|(word, instead)| Finding {
            path: path.to_owned(),
            line: number,
            rule: "banned-word",
            found: format!("`{word}`"),
            instead,
        })
        .collect()
}

fn has_word(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let before = text.get(..at).and_then(|text| text.chars().next_back());
        let after = text.get(at + word.len()..).and_then(|text| text.chars().next());
        let joins = |c: char| c.is_alphanumeric() || c == '_' || c == '`';
        !before.is_some_and(joins) && !after.is_some_and(joins)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words() {
        let check = |path: &str, text: &str, expect: &[&str]| {
            let findings = super::check(&Tree::of(&[(path, text)]));
            let rules: Vec<_> = findings.iter().map(|f| f.rule).collect();
            assert_eq!(rules, expect, "{path}: {text}");
        };
        check("a.rs", "// Good enough for now.", &["banned-word"]);
        check("a.rs", "/// The rate is Hardcoded.", &["banned-word"]);
        check("a.rs", "let a = \"for now\";", &[]);
        check("a.rs", "// waits for nowhere", &[]);
        check("docs/a.md", "Each sub-order has a channel.", &["banned-word"]);
        check("docs/a.md", "The field `auth_code`.", &[]);
        check("docs/a.md", "as REQUIREMENTS.md says", &["outside-paper"]);
        check("a.sql", "-- for now", &[]);
        check(HERE, "// for now, DESIGN.md", &[]);
    }
}
