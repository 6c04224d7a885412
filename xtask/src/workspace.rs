//! What cargo knows of the workspace: crates, their layers and what they depend on.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::{Stop, command};

/// The workspace as `cargo metadata` tells it.
#[derive(Debug)]
pub(crate) struct Workspace {
    pub(crate) root: PathBuf,
    pub(crate) target: PathBuf,
    pub(crate) packages: Vec<Package>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Package {
    pub(crate) name: String,
    /// From the root of the workspace, with `/`.
    pub(crate) folder: String,
    pub(crate) layer: Option<String>,
    pub(crate) dependencies: Vec<Dependency>,
    /// Kind and name of each thing it builds: `("bin", "suanpan")`.
    pub(crate) targets: Vec<(String, String)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    /// Used by tests, examples and benches only.
    pub(crate) dev: bool,
}

impl Workspace {
    pub(crate) fn load() -> Result<Self, Stop> {
        let text = command::capture(command::cargo().args([
            "metadata",
            "--format-version",
            "1",
            "--no-deps",
        ]))?;
        Self::parse(&text)
    }

    fn parse(text: &str) -> Result<Self, Stop> {
        let metadata: Value = serde_json::from_str(text)
            .map_err(|error| Stop::new(format!("`cargo metadata` wrote no JSON: {error}")))?;
        let root = PathBuf::from(string(&metadata, "workspace_root"));
        Ok(Self {
            packages: list(&metadata, "packages")
                .map(|package| Package::read(package, &root))
                .collect(),
            target: PathBuf::from(string(&metadata, "target_directory")),
            root,
        })
    }

    pub(crate) fn has_target(&self, package: &str, kind: &str, name: &str) -> bool {
        self.packages.iter().any(|candidate| {
            candidate.name == package
                && (candidate.targets.iter()).any(|(k, n)| k == kind && n == name)
        })
    }
}

impl Package {
    fn read(package: &Value, root: &Path) -> Self {
        let manifest = PathBuf::from(string(package, "manifest_path"));
        let folder = manifest.parent().unwrap_or(root);
        Self {
            name: string(package, "name"),
            folder: folder.strip_prefix(root).unwrap_or(folder).to_string_lossy().into_owned(),
            layer: package.pointer("/metadata/layer").and_then(Value::as_str).map(String::from),
            dependencies: list(package, "dependencies")
                .map(|dependency| Dependency {
                    name: string(dependency, "name"),
                    dev: string(dependency, "kind") == "dev",
                })
                .collect(),
            targets: list(package, "targets")
                .flat_map(|target| {
                    let name = string(target, "name");
                    list(target, "kind")
                        .filter_map(Value::as_str)
                        .map(move |kind| (kind.to_owned(), name.clone()))
                        .collect::<Vec<_>>()
                })
                .collect(),
        }
    }
}

fn string(value: &Value, key: &str) -> String {
    value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn list<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value.get(key).and_then(Value::as_array).into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_is_read() {
        let workspace = Workspace::parse(
            r#"{"workspace_root": "/r", "target_directory": "/t", "packages": [{
                "name": "orders", "manifest_path": "/r/crates/orders/Cargo.toml",
                "metadata": {"layer": "domain"},
                "dependencies": [{"name": "money", "kind": null}, {"name": "testkit", "kind": "dev"}],
                "targets": [{"kind": ["lib"], "name": "orders"}]
            }]}"#,
        )
        .unwrap();
        let dependency = |name: &str, dev| Dependency { name: name.into(), dev };
        assert_eq!(
            workspace.packages,
            [Package {
                name: "orders".into(),
                folder: "crates/orders".into(),
                layer: Some("domain".into()),
                dependencies: vec![dependency("money", false), dependency("testkit", true)],
                targets: vec![("lib".into(), "orders".into())],
            }]
        );
        assert!(workspace.has_target("orders", "lib", "orders"));
        assert!(!workspace.has_target("orders", "bin", "orders"));
        assert!(Workspace::parse("not json").is_err());
    }
}
