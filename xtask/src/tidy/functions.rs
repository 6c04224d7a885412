//! Long functions: a ratchet. What is short cannot grow, what is long can only shrink.

use std::collections::BTreeMap;

use super::Finding;
use super::rust::{Source, braces};
use super::tree::{Tree, is_test_file};

/// The same bound as clippy's `too-many-lines-threshold`; this list also sees what an `#[expect]`
/// hides from clippy.
const LINES_MAX: usize = 70;
const LIST: &str = "xtask/long-functions.txt";

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut listed = allowed(tree.text(LIST).unwrap_or_default());
    let mut findings = Vec::new();
    for (path, text) in tree.texts_ending(".rs") {
        if is_test_file(path) {
            continue;
        }
        for function in functions(&Source::read(text).code) {
            let key = (path.to_owned(), function.name.clone());
            let allowed = listed.remove(&key);
            findings.extend(judge(path, &function, allowed));
        }
    }
    findings.extend(listed.into_keys().map(|(path, name)| Finding {
        path: LIST.to_owned(),
        line: 0,
        rule: "long-function",
        found: format!("{path} has no function `{name}`"),
        instead: "remove the line",
    }));
    findings
}

fn judge(path: &str, function: &Function, allowed: Option<usize>) -> Option<Finding> {
    let Function { name, line, lines } = function;
    let finding = |found, instead| {
        Some(Finding { path: path.to_owned(), line: *line, rule: "long-function", found, instead })
    };
    match allowed {
        None if *lines > LINES_MAX => finding(
            format!("`{name}` has {lines} lines; {LINES_MAX} is the most"),
            "split it: branches stay in the parent, straight lines go to helpers",
        ),
        Some(most) if *lines > most => finding(
            format!("`{name}` grew to {lines} lines from {most}"),
            "make it shorter; the list of long functions only shrinks",
        ),
        Some(_) if *lines <= LINES_MAX => finding(
            format!("`{name}` is no longer long"),
            "remove its line from xtask/long-functions.txt",
        ),
        Some(most) if *lines < most => finding(
            format!("`{name}` shrank to {lines} lines from {most}"),
            "write the new number into xtask/long-functions.txt",
        ),
        _ => None,
    }
}

/// Each line is `path function lines`; `#` begins a remark.
fn allowed(list: &str) -> BTreeMap<(String, String), usize> {
    list.lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            let key = (words.next()?.to_owned(), words.next()?.to_owned());
            Some((key, words.next()?.parse().ok()?))
        })
        .collect()
}

#[derive(Debug, PartialEq, Eq)]
struct Function {
    name: String,
    line: usize,
    /// Lines of code inside the body: blank ones and comments do not count.
    lines: usize,
}

/// Every function with a body, except those in `#[cfg(test)]` modules.
fn functions(code: &str) -> Vec<Function> {
    let tests = test_modules(code);
    let mut found = Vec::new();
    for (at, _) in code.match_indices("fn ") {
        let inside_word = code
            .get(..at)
            .and_then(|before| before.chars().next_back())
            .is_some_and(|c| c.is_alphanumeric() || c == '_');
        let is_test = tests.iter().any(|(from, to)| (*from..*to).contains(&at));
        if !inside_word && !is_test {
            found.extend(function(code, at));
        }
    }
    found
}

/// `None` for `fn` types and for signatures without a body.
fn function(code: &str, at: usize) -> Option<Function> {
    let after = code.get(at..)?.strip_prefix("fn ")?.trim_start();
    let name: String = after.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    if name.is_empty() {
        return None;
    }
    let (open, close) = braces(code, at)?;
    // A semicolon before the body ends the signature, except in an array type such as `[u8; 32]`.
    let mut brackets = 0_i32;
    for character in code.get(at..open)?.chars() {
        match character {
            '[' => brackets += 1,
            ']' => brackets -= 1,
            ';' if brackets == 0 => return None,
            _ => {}
        }
    }
    let body = code.get(open + 1..close)?;
    Some(Function {
        name,
        line: code.get(..at)?.matches('\n').count() + 1,
        lines: body.lines().filter(|line| !line.trim().is_empty()).count(),
    })
}

fn test_modules(code: &str) -> Vec<(usize, usize)> {
    code.match_indices("#[cfg(test)]")
        .filter_map(|(at, mark)| {
            let after = code.get(at + mark.len()..)?.trim_start();
            let is_module = after.starts_with("mod ") || after.starts_with("pub(crate) mod ");
            let has_body = after.find('{') < after.find(';').or(Some(usize::MAX));
            (is_module && has_body).then(|| braces(code, at)).flatten()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn long(name: &str, lines: usize) -> String {
        format!("fn {name}() {{\n{}}}\n", "    step();\n".repeat(lines))
    }

    #[test]
    fn functions_are_found_and_measured() {
        let check = |text: &str, expect: &[(&str, usize, usize)]| {
            let found = functions(&Source::read(text).code);
            let found: Vec<_> = found.iter().map(|f| (f.name.as_str(), f.line, f.lines)).collect();
            assert_eq!(found, expect, "{text}");
        };
        check("fn a() {\n  // why\n\n  b();\n}", &[("a", 1, 1)]);
        check("\npub async fn a(x: [u8; 32]) -> Y {\n  b();\n  c();\n}", &[("a", 2, 2)]);
        check("trait T { fn a(&self);\n fn b() {} }", &[("b", 2, 0)]);
        check("type F = fn (u8) -> u8;\nstruct S {}", &[]);
        check("#[cfg(test)]\nmod tests { fn a() { b(); } }\nfn c() {}", &[("c", 3, 0)]);
        check("#[cfg(test)]\nmod tests;\nfn c() { d(); }", &[("c", 3, 1)]);
        check("let s = \"fn a() {\"; fn b() {}", &[("b", 1, 0)]);
    }

    #[test]
    fn the_list_only_shrinks() {
        let check = |lines: usize, list: &str, expect: Option<&str>| {
            let text = long("f", lines);
            let tree = Tree::of(&[("a/src/lib.rs", &text), (LIST, list)]);
            let found: Vec<String> = check(&tree).iter().map(|f| f.found.clone()).collect();
            let text = found.first().map(String::as_str);
            assert_eq!(text, expect, "{lines} lines, list {list:?}");
        };
        check(70, "", None);
        check(71, "", Some("`f` has 71 lines; 70 is the most"));
        check(90, "# remark\na/src/lib.rs f 90", None);
        check(91, "a/src/lib.rs f 90", Some("`f` grew to 91 lines from 90"));
        check(80, "a/src/lib.rs f 90", Some("`f` shrank to 80 lines from 90"));
        check(70, "a/src/lib.rs f 90", Some("`f` is no longer long"));
        check(70, "a/src/lib.rs g 90", Some("a/src/lib.rs has no function `g`"));
    }

    #[test]
    fn tests_may_be_long() {
        let text = long("f", 200);
        assert_eq!(check(&Tree::of(&[("a/tests/it.rs", &text)])), []);
    }
}
