//! Where the data lies and the key that seals it.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::Arc;

use app::Vault;
use crypto::aead::Aes256Key;
use crypto::pos::KeyStore;
use secret::Secret;
use store::Target;

use crate::keys::KeyArgs;
use crate::{Outcome, PlaceArgs};

const KEY_FILE: &str = "master.key";

impl PlaceArgs {
    pub(crate) fn target(&self) -> Target {
        match &self.database_url {
            Some(url) => Target::Postgres(url.as_str().into()),
            None => Target::Directory(self.data_dir.clone()),
        }
    }

    /// A place of the demo or of a test: a directory of its own.
    pub(crate) fn directory(path: &Path, public_url: String) -> Self {
        Self {
            data_dir: path.to_owned(),
            database_url: None,
            master_key: None,
            keys: KeyArgs::none(),
            public_url,
        }
    }

    pub(crate) fn public_url(&self) -> &str {
        self.public_url.trim_end_matches('/')
    }

    pub(crate) fn keys(&self) -> Outcome<Arc<dyn KeyStore>> {
        self.keys.store()
    }

    /// The master key: as given, or from the data directory's file, which only its owner can read.
    pub(crate) fn vault(&self) -> Result<Vault, Box<dyn std::error::Error + Send + Sync>> {
        let text = match &self.master_key {
            Some(text) => Secret::new(text.clone()),
            None => {
                let path = self.data_dir.join(KEY_FILE);
                if !path.exists() {
                    std::fs::create_dir_all(&self.data_dir)?;
                    write_key(&path)?;
                }
                Secret::new(std::fs::read_to_string(path)?)
            }
        };
        let bytes =
            hex::decode(text.expose().trim()).or(Err("the master key is not hex digits"))?;
        let key = Aes256Key::from_slice(&bytes).or(Err("the master key is not 64 hex digits"))?;
        Ok(Vault::new(key))
    }
}

fn write_key(path: &Path) -> Outcome {
    let key = hex::encode(Aes256Key::generate().expose());
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(key.as_bytes())?;
    file.sync_all()?;
    Ok(())
}
