//! Dead files: source that no module names is compiled by nobody and tested by nobody.

use super::Finding;
use super::rust::Source;
use super::tree::Tree;

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    tree.texts_ending(".rs")
        .filter(|(path, _)| {
            parents(path).is_some_and(|(name, parents)| !is_named(tree, &name, &parents))
        })
        .map(|(path, _)| Finding {
            path: path.to_owned(),
            line: 0,
            rule: "dead-file",
            found: "no module names this file".to_owned(),
            instead: "name it with `mod`, or delete it",
        })
        .collect()
}

/// The module's name and the files that may declare it; `None` for a crate's own root.
fn parents(path: &str) -> Option<(String, Vec<String>)> {
    let (folder, file) = path.rsplit_once('/')?;
    if !folder.contains("/src") || folder.ends_with("/src/bin") {
        return None;
    }
    let (folder, name) = match file.strip_suffix(".rs")? {
        "lib" | "main" => return None,
        "mod" => folder.rsplit_once('/')?,
        name => (folder, name),
    };
    let inside = ["mod.rs", "lib.rs", "main.rs"].map(|file| format!("{folder}/{file}"));
    let beside = format!("{folder}.rs");
    Some((name.to_owned(), inside.into_iter().chain([beside]).collect()))
}

fn is_named(tree: &Tree, name: &str, parents: &[String]) -> bool {
    let declaration = format!("mod {name};");
    parents
        .iter()
        .filter_map(|parent| tree.text(parent))
        .any(|text| Source::read(text).code.contains(&declaration))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_named_by_its_parent() {
        let check = |parent: (&str, &str), file: &str, expect: bool| {
            let tree = Tree::of(&[("a/src/lib.rs", "mod b;"), parent, (file, "")]);
            let dead: Vec<_> = check(&tree).into_iter().map(|f| f.path).collect();
            assert_eq!(!dead.contains(&file.to_owned()), expect, "{parent:?} {file}");
        };
        let lib = ("a/src/lib.rs", "pub mod b;");
        check(lib, "a/src/b.rs", true);
        check(lib, "a/src/b/mod.rs", true);
        check(lib, "a/src/c.rs", false);
        check(("a/src/lib.rs", "// mod c;"), "a/src/c.rs", false);
        check(("a/src/b.rs", "mod c;"), "a/src/b/c.rs", true);
        check(("a/src/b/mod.rs", "mod c;"), "a/src/b/c.rs", true);
        check(("a/src/b.rs", ""), "a/src/b/c.rs", false);
        check(lib, "a/src/main.rs", true);
        check(lib, "a/src/bin/tool.rs", true);
        check(lib, "a/tests/it.rs", true);
        check(lib, "a/build.rs", true);
    }
}
