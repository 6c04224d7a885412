//! The files that git knows or would take, in memory.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::{Stop, command};

/// Nobody reads or lints text beyond this; it is a blob.
const TEXT_BYTES_MAX: u64 = 1_000_000;

/// Paths are from the root, with `/`.
#[derive(Debug, Default)]
pub(super) struct Tree {
    pub(super) files: BTreeMap<String, File>,
}

#[derive(Debug)]
pub(super) struct File {
    pub(super) bytes: u64,
    /// `None` for what is no UTF-8 or too large.
    pub(super) text: Option<String>,
}

impl Tree {
    pub(super) fn load(root: &Path) -> Result<Self, Stop> {
        let listed = command::capture(
            Command::new("git")
                .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
                .current_dir(root),
        )?;
        let mut files = BTreeMap::new();
        for path in listed.split('\0').filter(|path| !path.is_empty()) {
            // Deleted but still in the index, or a link: nothing of ours to read.
            let Ok(metadata) = fs::symlink_metadata(root.join(path)) else {
                continue;
            };
            if !metadata.is_file() {
                continue;
            }
            let text = if metadata.len() > TEXT_BYTES_MAX {
                None
            } else {
                let bytes = fs::read(root.join(path))
                    .map_err(|error| Stop::new(format!("{path}: {error}")))?;
                String::from_utf8(bytes).ok()
            };
            let bytes = metadata.len();
            files.insert(path.to_owned(), File { bytes, text });
        }
        Ok(Self { files })
    }

    pub(super) fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files.iter().filter_map(|(path, file)| Some((path.as_str(), file.text.as_deref()?)))
    }

    pub(super) fn texts_ending(&self, ending: &'static str) -> impl Iterator<Item = (&str, &str)> {
        self.texts().filter(move |(path, _)| path.ends_with(ending))
    }

    pub(super) fn text(&self, path: &str) -> Option<&str> {
        self.files.get(path)?.text.as_deref()
    }

    /// A file, or a folder that holds one.
    pub(super) fn has(&self, path: &str) -> bool {
        let folder = format!("{}/", path.trim_end_matches('/'));
        path.is_empty()
            || self.files.contains_key(path)
            || self.files.keys().any(|file| file.starts_with(&folder))
    }

    #[cfg(test)]
    pub(super) fn of(files: &[(&str, &str)]) -> Self {
        let file = |(path, text): &(&str, &str)| {
            let bytes = u64::try_from(text.len()).unwrap();
            let text = Some((*text).to_owned());
            ((*path).to_owned(), File { bytes, text })
        };
        Self { files: files.iter().map(file).collect() }
    }
}

/// Test code by its place: rules about the length of functions leave it alone.
pub(super) fn is_test_file(path: &str) -> bool {
    path.split('/').any(|part| matches!(part, "tests" | "benches" | "fuzz"))
        || path.ends_with("/tests.rs")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_exist_through_their_files() {
        let tree = Tree::of(&[("docs/adr/one.md", "")]);
        for (path, expect) in [
            ("docs/adr/one.md", true),
            ("docs/adr", true),
            ("docs/", true),
            ("docs/ad", false),
            ("docs/adr/two.md", false),
        ] {
            assert_eq!(tree.has(path), expect, "{path}");
        }
    }

    #[test]
    fn test_files_are_known_by_their_place() {
        assert!(is_test_file("crates/store/tests/conformance.rs"));
        assert!(is_test_file("crates/store/src/outbox/tests.rs"));
        assert!(!is_test_file("crates/testkit/src/lib.rs"));
    }
}
