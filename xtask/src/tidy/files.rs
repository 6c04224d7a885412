//! Files as such: migrations in pairs, nothing huge, no keys.

use std::collections::BTreeSet;

use super::Finding;
use super::tree::Tree;

const BLOB_BYTES_MAX: u64 = 1_000_000;
const BACKENDS: [&str; 2] = ["migrations/sqlite/", "migrations/postgres/"];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = migrations(tree);
    findings.extend(blobs(tree));
    for (path, text) in tree.texts() {
        findings.extend(secret(path, text));
    }
    findings
}

/// No backend may know a table that the other does not.
fn migrations(tree: &Tree) -> Vec<Finding> {
    let [sqlite, postgres] = BACKENDS.map(|folder| {
        let names = tree.files.keys().filter_map(|path| path.strip_prefix(folder));
        names.map(String::from).collect::<BTreeSet<_>>()
    });
    let alone = |names: Vec<String>, here: &str, there: &str| {
        names
            .into_iter()
            .map(|name| Finding {
                path: format!("{here}{name}"),
                line: 0,
                rule: "migration-pair",
                found: format!("there is no {there}{name}"),
                instead: "write the same step for the other backend, under the same name",
            })
            .collect::<Vec<_>>()
    };
    let [first, second] = BACKENDS;
    let mut findings = alone(sqlite.difference(&postgres).cloned().collect(), first, second);
    findings.extend(alone(postgres.difference(&sqlite).cloned().collect(), second, first));
    findings
}

fn blobs(tree: &Tree) -> Vec<Finding> {
    tree.files
        .iter()
        .filter(|(_, file)| file.bytes > BLOB_BYTES_MAX)
        .map(|(path, file)| Finding {
            path: path.clone(),
            line: 0,
            rule: "blob",
            found: format!("{} bytes; {BLOB_BYTES_MAX} is the most", file.bytes),
            instead: "generate it in the test, or keep a sample of it",
        })
        .collect()
}

/// Shorter runs of letters after a key's head are templates and tests of the parser, not keys.
const KEY_LETTERS_MIN: usize = 40;
/// A bare RSA key of 2,048 bits has over 1,500 letters, all in one run.
const BARE_KEY_LETTERS_MIN: usize = 1_000;
/// How the base64 of PKCS#8 and PKCS#1 begins at 2,048 bits.
const BARE_KEY_HEADS: [&str; 7] =
    ["MIIEvQ", "MIIEvA", "MIIEvg", "MIIEow", "MIIEpA", "MIIEpQ", "MIIEog"];

fn secret(path: &str, text: &str) -> Option<Finding> {
    let line = pem_key(text).or_else(|| bare_key(text))?;
    Some(Finding {
        path: path.to_owned(),
        line,
        rule: "secret",
        found: "this looks like a private key".to_owned(),
        instead: "generate keys when the test or the demo starts; if this one was real, revoke it",
    })
}

fn pem_key(text: &str) -> Option<usize> {
    for (at, head) in text.match_indices("PRIVATE KEY-----") {
        let before = text.get(..at)?;
        let begins = before.rsplit('\n').next().is_some_and(|line| line.contains("-----BEGIN"));
        // Written over several lines, or as one string with `\n` in it.
        let after = text.get(at + head.len()..)?.trim_start();
        let after = after.strip_prefix("\\n").unwrap_or(after);
        let after = after.trim_start_matches(['"', '\'', ' ', '#', '/']);
        if begins && base64_run(after) >= KEY_LETTERS_MIN {
            return Some(line_of(before));
        }
    }
    None
}

fn bare_key(text: &str) -> Option<usize> {
    BARE_KEY_HEADS
        .iter()
        .flat_map(|head| text.match_indices(head))
        .filter_map(|(at, _)| Some((text.get(..at)?, text.get(at..)?)))
        .find(|(_, after)| base64_run(after) >= BARE_KEY_LETTERS_MIN)
        .map(|(before, _)| line_of(before))
}

fn base64_run(text: &str) -> usize {
    text.bytes()
        .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'='))
        .count()
}

fn line_of(before: &str) -> usize {
    before.matches('\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::super::tree::File;
    use super::*;

    fn rules(files: &[(&str, &str)]) -> Vec<(String, &'static str)> {
        let findings = check(&Tree::of(files));
        findings.into_iter().map(|f| (f.path, f.rule)).collect()
    }

    #[test]
    fn migrations_come_in_pairs() {
        let (lite, post) = ("migrations/sqlite/0001_base.sql", "migrations/postgres/0001_base.sql");
        assert_eq!(rules(&[(lite, ""), (post, "")]), []);
        assert_eq!(rules(&[(lite, "")]), [(lite.to_owned(), "migration-pair")]);
        assert_eq!(rules(&[(post, "")]), [(post.to_owned(), "migration-pair")]);
    }

    #[test]
    fn nothing_huge() {
        let mut tree = Tree::default();
        let file = |bytes| File { bytes, text: None };
        tree.files.insert("a.bin".to_owned(), file(BLOB_BYTES_MAX));
        assert_eq!(check(&tree), []);
        tree.files.insert("b.bin".to_owned(), file(BLOB_BYTES_MAX + 1));
        assert_eq!(check(&tree).len(), 1);
    }

    #[test]
    fn keys_are_seen_and_talk_of_keys_is_not() {
        let check = |text: &str, expect: bool| {
            assert_eq!(secret("a", text).is_some(), expect, "{text}");
        };
        let (head, end) = ("-----BEGIN", "PRIVATE KEY-----");
        let letters = "MIIB".repeat(16);
        check(&format!("{head} {end}\n{letters}\n"), true);
        check(&format!("{head} RSA {end}\n{letters}\n"), true);
        check(&format!("key = \"{head} EC {end}\\n{letters}\""), true);
        check(&format!("  # {head} {end}\n  # {letters}\n"), true);
        check(&format!("{head} PUBLIC KEY-----\n{letters}\n"), false);
        check(&format!("format!(\"{head} {end}\\n{{body}}\")"), false);
        check(&format!("{head} {end}\nMIIB\n"), false);
        check(&format!("\"MIIEvQ{}\"", "Ab1+".repeat(390)), true);
        check("\"MIIEvQ...\"", false);
    }
}
