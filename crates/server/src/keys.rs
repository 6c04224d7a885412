//! Which key store the keys of terminals and zones work in, and the first key of a token.

use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, Subcommand};
use crypto::pos::{KeyStore, SoftKeys};
use key_token::{TokenKeys, TokenSettings};
use secret::Secret;

use crate::Outcome;
use crate::out::say;

/// A token of a hardware module for the keys of terminals and zones; without one they are in memory, and
/// sealed in the store.
#[derive(Debug, Clone, Args)]
pub(crate) struct KeyArgs {
    /// The PKCS#11 library of the module.
    #[arg(long, env = "SUANPAN_KEY_MODULE", requires_all = ["key_token", "key_pin_file"])]
    key_module: Option<PathBuf>,
    /// The label of the token in it.
    #[arg(long, env = "SUANPAN_KEY_TOKEN", requires = "key_module")]
    key_token: Option<String>,
    /// A file with the token's user PIN.
    #[arg(long, env = "SUANPAN_KEY_PIN_FILE", requires = "key_module")]
    key_pin_file: Option<PathBuf>,
    /// The label of the key in the token that all others are wrapped under.
    #[arg(long, env = "SUANPAN_KEY_LABEL", default_value = "suanpan-keys")]
    key_label: String,
}

#[derive(Debug, Args)]
pub(crate) struct KeysArgs {
    #[command(subcommand)]
    command: KeysCommand,
}

#[derive(Debug, Subcommand)]
enum KeysCommand {
    /// Make the key in the token that all others are wrapped under. It never leaves the token: without the
    /// token, or a copy of it made by its maker's means, no terminal can be served.
    InitToken(KeyArgs),
}

impl KeyArgs {
    /// Keys in memory.
    pub(crate) const fn none() -> Self {
        Self { key_module: None, key_token: None, key_pin_file: None, key_label: String::new() }
    }

    pub(crate) fn store(&self) -> Outcome<Arc<dyn KeyStore>> {
        Ok(match self.settings()? {
            Some(settings) => Arc::new(TokenKeys::open(settings)?),
            None => Arc::new(SoftKeys),
        })
    }

    fn settings(&self) -> Outcome<Option<TokenSettings>> {
        let (Some(module), Some(token), Some(file)) =
            (&self.key_module, &self.key_token, &self.key_pin_file)
        else {
            return Ok(None);
        };
        let pin = std::fs::read_to_string(file)
            .map_err(|error| format!("the token's PIN in {}: {error}", file.display()))?;
        Ok(Some(TokenSettings {
            module: module.clone(),
            token: token.clone(),
            pin: Secret::new(pin.trim().to_owned()),
            key: self.key_label.clone(),
        }))
    }
}

pub(crate) fn keys(args: &KeysArgs) -> Outcome {
    let KeysCommand::InitToken(args) = &args.command;
    let settings =
        args.settings()?.ok_or("which token? --key-module, --key-token, --key-pin-file")?;
    let label = settings.key.clone();
    if TokenKeys::init(settings)? {
        say(&format!("made the key {label} in the token"));
    } else {
        say(&format!("the token has the key {label} already"));
    }
    Ok(())
}
