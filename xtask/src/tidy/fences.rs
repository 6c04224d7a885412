//! Outside crates that only some of ours may name: the fences of deny.toml, read there.
//!
//! cargo-deny checks the whole dependency tree where it is installed; this check needs nothing and
//! sees the edges that we write ourselves.

use std::collections::BTreeMap;

use super::Finding;
use super::tree::Tree;
use crate::workspace::Package;

const FENCES: &str = "deny.toml";

pub(super) fn check(packages: &[Package], tree: &Tree) -> Vec<Finding> {
    let fences = fences(tree.text(FENCES).unwrap_or_default());
    packages
        .iter()
        .flat_map(|package| package.dependencies.iter().map(move |edge| (package, edge)))
        .filter(|(package, edge)| {
            fences
                .get(edge.name.as_str())
                .is_some_and(|wrappers| !wrappers.contains(&package.name.as_str()))
        })
        .map(|(package, edge)| Finding {
            path: format!("{}/Cargo.toml", package.folder),
            line: 0,
            rule: "fence",
            found: format!("`{}` names the crate `{}`", package.name, edge.name),
            instead: "go through a crate that deny.toml lets use it; the reason stands there",
        })
        .collect()
}

/// Each fence stands on one line: `{ crate = "a", wrappers = ["b", "c"], reason = "..." }`.
fn fences(text: &str) -> BTreeMap<&str, Vec<&str>> {
    text.lines()
        .filter_map(|line| {
            let (_, rest) = line.trim().strip_prefix("{ crate = ")?.split_once('"')?;
            let (name, rest) = rest.split_once('"')?;
            let (_, rest) = rest.split_once("wrappers = [")?;
            let (wrappers, _) = rest.split_once(']')?;
            Some((name, wrappers.split('"').skip(1).step_by(2).collect()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Dependency;

    #[test]
    fn only_the_named_crates_pass() {
        let deny = r#"
deny = [
  { crate = "axum", wrappers = ["http-api", "server"], reason = "edges" },
  { crate = "rsa", wrappers = [], reason = "timing" },
]"#;
        let check = |from: &str, to: &str, expect: bool| {
            let package = Package {
                name: from.to_owned(),
                folder: format!("crates/{from}"),
                layer: None,
                dependencies: vec![Dependency { name: to.to_owned(), dev: false }],
                targets: Vec::new(),
            };
            let findings = super::check(&[package], &Tree::of(&[("deny.toml", deny)]));
            assert_eq!(findings.is_empty(), expect, "{from} -> {to}");
        };
        check("http-api", "axum", true);
        check("server", "axum", true);
        check("app", "axum", false);
        check("crypto", "rsa", false);
        check("crypto", "sm2", true);
    }

    /// If the form of the real file changes, the check must not fall silent.
    #[test]
    fn the_real_file_is_understood() {
        let text = include_str!("../../../deny.toml");
        let fences = fences(text);
        assert_eq!(fences.get("rusqlite"), Some(&vec!["store"]));
        assert_eq!(fences.len(), text.matches("{ crate = ").count());
    }
}
