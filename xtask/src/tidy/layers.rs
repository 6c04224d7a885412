//! Who may depend on whom: a crate names crates of a lower layer only.

use super::Finding;
use super::tree::Tree;
use crate::workspace::{Dependency, Package};

/// From the ground up. `Test` and `Tool` stand beside the house.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Layer {
    Base,
    Domain,
    Port,
    App,
    Edge,
    Bin,
    Test,
    Tool,
}

impl Layer {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "base" => Self::Base,
            "domain" => Self::Domain,
            "port" => Self::Port,
            "app" => Self::App,
            "edge" => Self::Edge,
            "bin" => Self::Bin,
            "test" => Self::Test,
            "tool" => Self::Tool,
            _ => return None,
        })
    }
}

/// Edges inside one layer, and those of the product to a test crate. A new one needs an ADR.
const ALLOWED: &[(&str, &str)] = &[
    ("crypto", "secret"),
    ("orders", "clearing"),
    ("orders", "ledger"),
    ("clearing", "ledger"),
    ("recon", "ledger"),
    ("server", "pos-terminal"),
    ("server", "sandbox"),
    ("server", "sim"),
];

/// Downward edges that are absent all the same.
const ABSENT: &[(Layer, &str, &str)] = &[
    (Layer::Edge, "store", "call a use case of `app`: an edge knows no rows"),
    (Layer::Edge, "routing", "only `app` asks `routing`; call a use case"),
    (Layer::Port, "routing", "only `app` asks `routing`; take its answer as an argument"),
];

/// The crate that plays the channels may not agree with our bugs.
const SANDBOX: &str = "sandbox";
const DIRECTION: &str = "depend downwards only: base < domain < port < app < edge < bin. \
    Move the shared part down, or pass it in; a new sideways edge needs an ADR";

pub(super) fn check(packages: &[Package]) -> Vec<Finding> {
    packages
        .iter()
        .flat_map(|package| {
            let mut findings = place(package);
            if let Some(layer) = layer_of(package) {
                let edges = package.dependencies.iter();
                findings.extend(edges.filter_map(|edge| judge(package, layer, edge, packages)));
            }
            findings
        })
        .collect()
}

fn layer_of(package: &Package) -> Option<Layer> {
    package.layer.as_deref().and_then(Layer::named)
}

fn finding(package: &Package, rule: &'static str, found: String, instead: &'static str) -> Finding {
    Finding { path: format!("{}/Cargo.toml", package.folder), line: 0, rule, found, instead }
}

/// Its folder is its name and its layer is one of ours.
fn place(package: &Package) -> Vec<Finding> {
    let mut findings = Vec::new();
    if layer_of(package).is_none() {
        findings.push(finding(
            package,
            "layer",
            format!("`{}` has no known layer", package.name),
            "add [package.metadata] layer = base, domain, port, app, edge, bin, test or tool",
        ));
    }
    if package.folder.rsplit('/').next() != Some(package.name.as_str()) {
        findings.push(finding(
            package,
            "crate-folder",
            format!("`{}` is not named as its folder", package.name),
            "folder = crate name",
        ));
    }
    findings
}

fn judge(
    package: &Package,
    layer: Layer,
    edge: &Dependency,
    packages: &[Package],
) -> Option<Finding> {
    let target = packages.iter().find(|other| other.name == edge.name)?;
    let below = layer_of(target)?;
    let pair = (package.name.as_str(), target.name.as_str());
    if ALLOWED.contains(&pair) {
        return None;
    }
    let found = format!("`{}` ({layer:?}) names `{}` ({below:?})", pair.0, pair.1);
    let absent = ABSENT.iter().find(|(of, name, _)| *of == layer && *name == pair.1 && !edge.dev);
    if let Some((_, _, instead)) = absent {
        return Some(finding(package, "absent-edge", found, instead));
    }
    let (fine, instead) = match (layer, below) {
        (Layer::Tool, _) | (_, Layer::Tool) => {
            (false, "the tool stands alone: nothing of ours goes in or out")
        }
        (Layer::Test, _) if pair.0 == SANDBOX => (
            below == Layer::Base,
            "the sandbox shares codecs of the base layer only, so that it cannot agree with our bugs",
        ),
        (Layer::Test, _) => (below != Layer::Bin, DIRECTION),
        (_, Layer::Test) => (
            edge.dev,
            "test crates are dev-dependencies, except server -> sandbox and server -> sim",
        ),
        _ => (below < layer, DIRECTION),
    };
    (!fine).then(|| finding(package, "layer", found, instead))
}

/// What a manifest or a use of `testkit` shows and `cargo metadata` does not.
pub(super) fn check_files(packages: &[Package], tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in packages {
        let manifest = format!("{}/Cargo.toml", package.folder);
        let text = tree.text(&manifest).unwrap_or_default();
        if !text.contains("[lints]\nworkspace = true") {
            findings.push(finding(
                package,
                "lints",
                format!("`{}` does not take the workspace's lints", package.name),
                "add [lints] workspace = true; exceptions are #[expect(lint, reason)]",
            ));
        }
        if layer_of(package).is_some_and(|layer| layer < Layer::App) {
            findings.extend(testkit_in_source(package, tree));
        }
    }
    findings
}

/// A dev-dependency cycle compiles the crate twice, and the types of the two differ.
fn testkit_in_source(package: &Package, tree: &Tree) -> Vec<Finding> {
    let source = format!("{}/src/", package.folder);
    tree.texts()
        .filter(|(path, text)| path.starts_with(&source) && text.contains("testkit::"))
        .map(|(path, _)| Finding {
            path: path.to_owned(),
            line: 0,
            rule: "testkit",
            found: format!("`{}` uses testkit inside src", package.name),
            instead: "below `app`, use testkit from the tests/ folder only",
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, layer: &str) -> Package {
        Package {
            name: name.to_owned(),
            folder: format!("crates/{name}"),
            layer: Some(layer.to_owned()),
            dependencies: Vec::new(),
            targets: Vec::new(),
        }
    }

    const HOUSE: &[(&str, &str)] = &[
        ("money", "base"),
        ("secret", "base"),
        ("crypto", "base"),
        ("ledger", "domain"),
        ("orders", "domain"),
        ("routing", "domain"),
        ("store", "port"),
        ("channels", "port"),
        ("app", "app"),
        ("http-api", "edge"),
        ("pos-host", "edge"),
        ("server", "bin"),
        ("testkit", "test"),
        ("pos-terminal", "test"),
        ("sandbox", "test"),
        ("sim", "test"),
        ("xtask", "tool"),
    ];

    /// A row reads `from -> to`, with `dev` behind it for a dev-dependency, and the rule it breaks.
    #[test]
    fn edges() {
        let check = |edge: &str, expect: Option<&str>| {
            let words: Vec<&str> = edge.split_whitespace().collect();
            let (from, to, dev) = (words[0], words[2], words.len() == 4);
            let mut house: Vec<Package> = HOUSE.iter().map(|(n, l)| package(n, l)).collect();
            let name = to.to_owned();
            let edges = &mut house.iter_mut().find(|p| p.name == from).unwrap().dependencies;
            edges.push(Dependency { name, dev });
            let rules: Vec<_> = super::check(&house).iter().map(|f| f.rule).collect();
            assert_eq!(rules.first().copied(), expect, "{edge}");
        };
        check("ledger -> money", None);
        check("orders -> secret", None);
        check("store -> ledger", None);
        check("app -> channels", None);
        check("app -> routing", None);
        check("server -> store", None);
        check("crypto -> secret", None);
        check("orders -> ledger", None);
        check("server -> sandbox", None);
        check("server -> sim", None);
        check("sandbox -> crypto", None);
        check("sim -> sandbox", None);
        check("testkit -> store", None);
        check("http-api -> sandbox dev", None);
        check("store -> serde", None);

        check("money -> secret", Some("layer"));
        check("ledger -> orders", Some("layer"));
        check("money -> ledger", Some("layer"));
        check("store -> channels", Some("layer"));
        check("store -> app", Some("layer"));
        check("http-api -> pos-host", Some("layer"));
        check("http-api -> store", Some("absent-edge"));
        check("http-api -> routing", Some("absent-edge"));
        check("store -> routing", Some("absent-edge"));
        check("ledger -> orders dev", Some("layer"));
        check("app -> sandbox", Some("layer"));
        check("server -> testkit", Some("layer"));
        check("sandbox -> orders", Some("layer"));
        check("sandbox -> channels", Some("layer"));
        check("sim -> server", Some("layer"));
        check("money -> xtask", Some("layer"));
        check("xtask -> money", Some("layer"));
    }

    #[test]
    fn a_crate_says_its_layer_and_is_named_as_its_folder() {
        let mut lost = package("lost", "cellar");
        lost.folder = "crates/found".to_owned();
        let rules: Vec<_> = check(&[lost]).iter().map(|f| f.rule).collect();
        assert_eq!(rules, ["layer", "crate-folder"]);
    }

    #[test]
    fn manifests_and_testkit() {
        let check = |files: &[(&str, &str)], expect: &[&str]| {
            let packages = [package("orders", "domain")];
            let rules: Vec<_> =
                check_files(&packages, &Tree::of(files)).iter().map(|f| f.rule).collect();
            assert_eq!(rules, expect, "{files:?}");
        };
        let manifest = ("crates/orders/Cargo.toml", "[lints]\nworkspace = true\n");
        check(&[manifest], &[]);
        check(&[("crates/orders/Cargo.toml", "[package]")], &["lints"]);
        let uses = "use testkit::Clock;";
        check(&[manifest, ("crates/orders/tests/it.rs", uses)], &[]);
        check(&[manifest, ("crates/orders/src/a.rs", uses)], &["testkit"]);
    }
}
