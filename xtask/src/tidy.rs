//! What the compiler and clippy cannot see: layers, pages, migrations, ratchets, secrets.
//!
//! Each check is a pure function over an in-memory tree of files, so that its test is a table. A
//! finding names the file, the rule and what to do instead.

mod fences;
mod files;
mod functions;
mod layers;
mod modules;
mod pages;
mod rust;
mod source;
mod tree;
mod words;

use std::fmt;

use crate::workspace::Workspace;
use crate::{Stop, say};
use tree::Tree;

/// One thing that is not as it must be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Finding {
    path: String,
    /// From 1; 0 if the finding is about the whole file.
    line: usize,
    rule: &'static str,
    found: String,
    instead: &'static str,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path)?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
        }
        write!(f, ": {}: {}\n    instead: {}", self.rule, self.found, self.instead)
    }
}

pub(crate) fn tidy(workspace: &Workspace) -> Result<(), Stop> {
    let tree = Tree::load(&workspace.root)?;
    let findings = all(workspace, &tree);
    for finding in &findings {
        say(&finding.to_string());
    }
    match findings.len() {
        0 => {
            say(&format!("tidy: {} files, nothing to say", tree.files.len()));
            Ok(())
        }
        count => Err(Stop::new(format!("tidy: {count} findings"))),
    }
}

fn all(workspace: &Workspace, tree: &Tree) -> Vec<Finding> {
    let mut findings = layers::check(&workspace.packages);
    findings.extend(layers::check_files(&workspace.packages, tree));
    findings.extend(fences::check(&workspace.packages, tree));
    findings.extend(source::check(tree));
    findings.extend(functions::check(tree));
    findings.extend(modules::check(tree));
    findings.extend(words::check(tree));
    findings.extend(pages::check(tree));
    findings.extend(files::check(tree));
    findings.sort();
    findings.dedup();
    findings
}
