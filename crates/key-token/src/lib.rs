//! The key store in a hardware module (HSM) that speaks PKCS#11.
//!
//! The module holds one AES key that never leaves it, the store's key. Every other key comes into the
//! module once, leaves it wrapped under the store's key (RFC 3394) and is written down so; to be used
//! it is unwrapped inside the module again, where it can neither be read nor wrapped any more. A copy of the
//! database opens nothing without the module.
//!
//! PKCS#11 has no command that moves a PIN from key to key or generates a key under another: a PIN block,
//! and a working key that is being made, pass through this process's memory for the length of one
//! call. Modules with such commands (the payment HSMs of banks) fit behind the same port.
//!
//! Invariants: on a fault nothing leaves; a lost connection is opened again and the keys with it.

mod key;
mod token;

use std::path::PathBuf;
use std::sync::Arc;

use crypto::pos::{BlockKey, HostKey, KeyCipher, KeyFault, KeyStore, in_the_clear};
use secret::Secret;

use key::TokenKey;
use token::Token;

/// Which module, which token in it, and how to get in.
#[derive(Debug, Clone)]
pub struct TokenSettings {
    /// The maker's library: `/usr/lib/softhsm/libsofthsm2.so`.
    pub module: PathBuf,
    /// The token's label.
    pub token: String,
    /// The user's PIN of the token, no cardholder's.
    pub pin: Secret<String>,
    /// The label of the store's key.
    pub key: String,
}

/// Why a token cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    #[error("the module {0} is no PKCS#11 library or does not start")]
    Module(PathBuf),
    #[error("there is no token {0}")]
    NoToken(String),
    #[error("the token does not let us in: is its PIN right?")]
    Login,
    #[error("the token has no key {0}: `suanpan keys init-token` makes it")]
    NoKey(String),
    #[error("the token has {1} keys {0} where one must be")]
    ManyKeys(String, usize),
    #[error("the token refused: {0}")]
    Refused(String),
}

/// Keys that a token holds.
#[derive(Debug, Clone)]
pub struct TokenKeys(Arc<Token>);

impl TokenKeys {
    /// # Errors
    /// [`TokenError`]
    pub fn open(settings: TokenSettings) -> Result<Self, TokenError> {
        Ok(Self(Arc::new(Token::open(settings)?)))
    }

    /// Makes the store's key where the token has none. Says whether it did.
    ///
    /// # Errors
    /// [`TokenError`]
    pub fn init(settings: TokenSettings) -> Result<bool, TokenError> {
        Token::init(settings)
    }
}

impl KeyStore for TokenKeys {
    fn take_in(&self, key: BlockKey) -> Result<HostKey, KeyFault> {
        TokenKey::take_in(&self.0, &key).map(held)
    }

    fn read(&self, cipher: KeyCipher, written: &str) -> Result<HostKey, KeyFault> {
        match (TokenKey::read(&self.0, written), cipher) {
            (Some(key), KeyCipher::Des) => Ok(held(key)),
            (Some(_), KeyCipher::Sm4) => Err(KeyFault::Foreign),
            (None, _) => self.take_in(in_the_clear(cipher, written)?),
        }
    }
}

fn held(key: TokenKey) -> HostKey {
    HostKey::held(Arc::new(key))
}
