//! Pages: links that lead somewhere, one title each, and a crate map that is true.

use std::collections::BTreeSet;

use super::Finding;
use super::tree::Tree;

const MAP: &str = "README.md";

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = crate_map(tree);
    for (path, text) in tree.texts_ending(".md") {
        let prose = prose(text);
        findings.extend(one_title(path, &prose));
        for (line, target) in links(&prose) {
            findings.extend(broken(tree, path, line, &target));
        }
    }
    findings
}

/// The page with code blanked out, line by line: what is shown as code is neither title nor link.
fn prose(text: &str) -> Vec<String> {
    let mut fenced = false;
    text.lines()
        .map(|line| {
            let fence = line.trim_start().starts_with("```");
            fenced ^= fence;
            if fenced || fence {
                return String::new();
            }
            let parts = line.split('`').enumerate();
            parts
                .map(
                    |(index, part)| {
                        if index % 2 == 0 { part.to_owned() } else { " ".repeat(part.len()) }
                    },
                )
                .collect()
        })
        .collect()
}

fn one_title(path: &str, prose: &[String]) -> Option<Finding> {
    let titles = prose.iter().filter(|line| line.starts_with("# ")).count();
    (titles != 1).then(|| Finding {
        path: path.to_owned(),
        line: 0,
        rule: "one-title",
        found: format!("the page has {titles} titles of the first level"),
        instead: "one `# Title` per page, `##` below it",
    })
}

/// Line and target of each `[text](target)`.
fn links(prose: &[String]) -> Vec<(usize, String)> {
    let mut links = Vec::new();
    for (index, line) in prose.iter().enumerate() {
        for part in line.split("](").skip(1) {
            if let Some((target, _)) = part.split_once(')') {
                let target = target.split_whitespace().next().unwrap_or_default();
                links.push((index + 1, target.to_owned()));
            }
        }
    }
    links
}

fn broken(tree: &Tree, path: &str, line: usize, target: &str) -> Option<Finding> {
    let elsewhere = target.contains("://") || target.starts_with("mailto:");
    if elsewhere || leads_somewhere(tree, path, target) {
        return None;
    }
    Some(Finding {
        path: path.to_owned(),
        line,
        rule: "link",
        found: format!("`{target}` leads nowhere"),
        instead: "a path from this page to a file in the repository, and a heading that is there",
    })
}

fn leads_somewhere(tree: &Tree, page: &str, target: &str) -> bool {
    let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
    let path = if file.is_empty() { Some(page.to_owned()) } else { resolve(page, file) };
    let Some(path) = path.filter(|path| tree.has(path)) else {
        return false;
    };
    anchor.is_empty()
        || !path.ends_with(".md")
        || prose_headings(tree.text(&path).unwrap_or_default()).contains(anchor)
}

/// `None` above the root.
fn resolve(page: &str, file: &str) -> Option<String> {
    let folder = page.rsplit_once('/').map_or("", |(folder, _)| folder);
    let start = if file.starts_with('/') { "" } else { folder };
    let mut parts: Vec<&str> = Vec::new();
    for part in start.split('/').chain(file.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

/// The anchors that the usual renderers make of headings.
fn prose_headings(text: &str) -> BTreeSet<String> {
    let mut fenced = false;
    text.lines()
        .filter(|line| {
            fenced ^= line.trim_start().starts_with("```");
            !fenced && line.starts_with('#')
        })
        .map(|line| {
            line.trim_start_matches('#')
                .trim()
                .to_lowercase()
                .chars()
                .filter_map(|c| match c {
                    ' ' => Some('-'),
                    '-' | '_' => Some(c),
                    other => other.is_alphanumeric().then_some(other),
                })
                .collect()
        })
        .collect()
}

/// The lines of README that begin "| `name`" name the folders under `crates/`, no more, no less.
fn crate_map(tree: &Tree) -> Vec<Finding> {
    let listed: BTreeSet<&str> = tree
        .text(MAP)
        .unwrap_or_default()
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`'))
        .map(|(name, _)| name.trim_start_matches("crates/"))
        .collect();
    let folders: BTreeSet<&str> = tree
        .files
        .keys()
        .filter_map(|path| path.strip_prefix("crates/")?.split_once('/'))
        .map(|(name, _)| name)
        .collect();
    let finding = |found: String, instead| Finding {
        path: MAP.to_owned(),
        line: 0,
        rule: "crate-map",
        found,
        instead,
    };
    let missing = folders
        .difference(&listed)
        .map(|name| finding(format!("`{name}` is not in the map"), "add its line"));
    let gone = listed
        .difference(&folders)
        .map(|name| finding(format!("there is no crates/{name}"), "remove its line"));
    missing.chain(gone).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(files: &[(&str, &str)]) -> Vec<&'static str> {
        check(&Tree::of(files)).iter().map(|f| f.rule).collect()
    }

    #[test]
    fn links_lead_somewhere() {
        let check = |link: &str, expect: bool| {
            let page = format!("# Page\n\nSee {link}.\n");
            let files = [
                ("docs/guides/page.md", page.as_str()),
                ("docs/other.md", "# Other\n\n## What is refused, and why\n\n## 订单\n"),
            ];
            assert_eq!(rules(&files).is_empty(), expect, "{link}");
        };
        check("[x](../other.md)", true);
        check("[x](/docs/other.md)", true);
        check("[x](../../docs)", true);
        check("[x](../other.md#what-is-refused-and-why)", true);
        check("[x](../other.md#订单)", true);
        check("[x](#page)", true);
        check("[x](https://example.com/a)", true);
        check("`[x](nowhere.md)`", true);
        check("[x](other.md)", false);
        check("[x](../other.md#what-is-allowed)", false);
        check("[x](../../../other.md)", false);
        check("[x](../other.md), [y](nowhere.md)", false);
    }

    #[test]
    fn one_title_per_page() {
        let check = |text: &str, expect: &[&str]| {
            assert_eq!(rules(&[("a.md", text)]), expect, "{text}");
        };
        check("# One\n\n## Two\n", &[]);
        check("# One\n\n```sh\n# remark\n```\n", &[]);
        check("# One\n\n# Two\n", &["one-title"]);
        check("text\n", &["one-title"]);
    }

    #[test]
    fn the_crate_map_is_true() {
        let check = |readme: &str, expect: &[&str]| {
            let files = [("README.md", readme), ("crates/money/src/lib.rs", "")];
            let findings = super::check(&Tree::of(&files));
            let found: Vec<_> = findings.iter().map(|f| f.found.as_str()).collect();
            assert_eq!(found, expect, "{readme}");
        };
        check("# S\n\n| crate | what |\n|---|---|\n| `money` | amounts |\n", &[]);
        check("# S\n", &["`money` is not in the map"]);
        check("# S\n| `money` | a |\n| `gold` | b |\n", &["there is no crates/gold"]);
    }
}
