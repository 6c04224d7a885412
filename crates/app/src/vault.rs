//! Sealing secrets at rest with the master key.

use crypto::aead::{Aes256Key, open_random, seal_random};
use secret::Secret;

use crate::error::Failure;

/// Seals and opens what the store keeps of keys. The master key itself is never in the store.
#[derive(Debug, Clone)]
pub struct Vault(Aes256Key);

impl Vault {
    #[must_use]
    pub const fn new(master: Aes256Key) -> Self {
        Self(master)
    }

    /// `purpose` binds the sealed bytes to their place: they do not open elsewhere.
    #[must_use]
    pub fn seal(&self, purpose: &str, plain: &Secret<String>) -> Vec<u8> {
        seal_random(&self.0, purpose.as_bytes(), plain.expose().as_bytes())
    }

    /// The same text gives the same token, which tells nothing of it to whoever has not the master key.
    #[must_use]
    pub fn token(&self, purpose: &str, text: &str) -> [u8; 32] {
        let key = Secret::new(self.0.expose().to_vec());
        crypto::mac::hmac_sha256(&key, format!("{purpose}:{text}").as_bytes())
    }

    /// # Errors
    /// [`Failure`] when the bytes were sealed with another master key or for another purpose.
    pub fn open(&self, purpose: &str, sealed: &[u8]) -> Result<Secret<String>, Failure> {
        let failed = || Failure::unusable("a sealed value: is the master key the right one?");
        let plain = open_random(&self.0, purpose.as_bytes(), sealed).or(Err(failed()))?;
        String::from_utf8(plain).map(Secret::new).or(Err(failed()))
    }
}
