//! A token of SoftHSM2, a PKCS#11 module in software.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Where Debian puts the module, and where it stands elsewhere.
const MODULES: &[&str] = &[
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
    "/opt/homebrew/lib/softhsm/libsofthsm2.so",
];

/// What tells the module where its tokens are. It is read when the module starts, so a test that uses it
/// gives it to a process of its own.
pub const VARIABLE: &str = "SOFTHSM2_CONF";
pub const TOKEN: &str = "suanpan";
pub const PIN: &str = "20261121";

/// A fresh token in a directory.
#[derive(Debug)]
pub struct SoftHsm {
    pub module: PathBuf,
    /// For [`VARIABLE`].
    pub configuration: PathBuf,
}

impl SoftHsm {
    /// # Panics
    /// When SoftHSM2 is not there: a test that needs it never passes without it.
    #[must_use]
    pub fn fresh(directory: &Path) -> Self {
        let module = MODULES.iter().map(PathBuf::from).find(|path| path.exists());
        #[expect(clippy::expect_used, reason = "a test without its token must fail, and say why")]
        let module = module.expect("SoftHSM2 is not installed: use `cargo xtask setup`");
        let (tokens, configuration) = (directory.join("tokens"), directory.join("softhsm2.conf"));
        let text = format!(
            "directories.tokendir = {}\nobjectstore.backend = file\nlog.level = ERROR\n",
            tokens.display()
        );
        let made = std::fs::create_dir_all(&tokens)
            .and_then(|()| std::fs::write(&configuration, text))
            .is_ok();
        assert!(made, "no place for a token in {}", directory.display());
        let made = Command::new("softhsm2-util")
            .args([
                "--init-token",
                "--free",
                "--label",
                TOKEN,
                "--so-pin",
                "00000000",
                "--pin",
                PIN,
            ])
            .env(VARIABLE, &configuration)
            .output();
        let made = made.is_ok_and(|output| output.status.success());
        assert!(made, "softhsm2-util could not make a token");
        Self { module, configuration }
    }
}
