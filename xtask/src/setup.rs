//! What the machine needs beyond cargo: installed where we may, else said exactly.

use std::process::Command;

use crate::postgres::{self, is_root};
use crate::{Stop, answers, command, say};

/// One thing the steps of `ci` call.
struct Need {
    what: &'static str,
    /// Debian's package for it.
    package: &'static str,
    is_there: fn() -> bool,
}

const NEEDS: &[Need] = &[
    Need {
        what: "PostgreSQL's server programs (initdb, postgres)",
        package: "postgresql",
        is_there: || postgres::programs().is_some(),
    },
    Need {
        what: "hledger, which reads our journal as a stranger",
        package: "hledger",
        is_there: || answers("hledger", &["--version"]),
    },
    Need {
        what: "SoftHSM2, a hardware module in software, for the key store",
        package: "softhsm2",
        is_there: || answers("softhsm2-util", &["--version"]),
    },
    Need {
        what: "Python 3 with venv, for the channels' Python SDKs and beancount",
        package: "python3-venv",
        is_there: || answers("python3", &["-c", "import venv, ensurepip"]),
    },
    Need {
        what: "Node.js, for the channels' Node SDKs",
        package: "nodejs",
        is_there: || answers("node", &["--version"]),
    },
    Need {
        what: "Chromium, in which the pages are tried",
        package: "chromium",
        is_there: || answers("/usr/bin/chromium", &["--version"]),
    },
    Need {
        what: "zbar, which reads printed codes as a stranger",
        package: "zbar-tools",
        is_there: || answers("zbarimg", &["--version"]),
    },
    Need {
        what: "poppler's programs, which draw printed plates",
        package: "poppler-utils",
        is_there: || answers("pdftoppm", &["-v"]),
    },
    Need { what: "npm", package: "npm", is_there: || answers("npm", &["--version"]) },
];

/// Parts of the Rust toolchain that a minimal installation lacks.
const COMPONENTS: &[(&str, &str)] = &[("clippy", "cargo-clippy"), ("rustfmt", "cargo-fmt")];

/// Makes sure that everything is there, or says in one list what is not.
pub(crate) fn setup() -> Result<(), Stop> {
    for (component, program) in COMPONENTS {
        if !answers(program, &["--version"]) {
            say(&format!("installing {component}"));
            command::run(Command::new("rustup").args(["component", "add", component]))?;
        }
    }
    let missing: Vec<&Need> = missing();
    if missing.is_empty() {
        return Ok(());
    }
    if is_root() && answers("apt-get", &["--version"]) {
        install(&missing)?;
    }
    let still: Vec<&Need> = self::missing();
    if still.is_empty() {
        return Ok(());
    }
    Err(Stop::new(advice(&still)))
}

fn missing() -> Vec<&'static Need> {
    NEEDS.iter().filter(|need| !(need.is_there)()).collect()
}

fn install(missing: &[&Need]) -> Result<(), Stop> {
    let packages: Vec<&str> = missing.iter().map(|need| need.package).collect();
    say(&format!("installing {}", packages.join(", ")));
    command::run(apt_get().args(["update", "--quiet"]))?;
    command::run(
        apt_get().args(["install", "--yes", "--quiet", "--no-install-recommends"]).args(packages),
    )
}

fn apt_get() -> Command {
    let mut command = Command::new("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive");
    command
}

fn advice(missing: &[&Need]) -> String {
    let lines = missing.iter().map(|need| format!("  {:<14} {}", need.package, need.what));
    let packages: Vec<&str> = missing.iter().map(|need| need.package).collect();
    std::iter::once("this machine lacks:".to_owned())
        .chain(lines)
        .chain([
            "on Debian or Ubuntu:".to_owned(),
            format!("  sudo apt-get install --yes {}", packages.join(" ")),
            "elsewhere, install the packages of the same names and run this again".to_owned(),
        ])
        .collect::<Vec<_>>()
        .join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advice_is_one_command_to_copy() {
        let needs: Vec<&Need> = NEEDS.iter().take(2).collect();
        let text = advice(&needs);
        assert!(text.contains("sudo apt-get install --yes postgresql hledger"));
    }
}
