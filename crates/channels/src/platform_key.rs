//! The platform's own signing keys, by which merchants know that a message is ours.

use crypto::{KeyError, RsaPrivateKey, Sm2PrivateKey};
use merchants::KeyAlgorithm;
use secret::Secret;

/// A signing key with a public half.
#[derive(Debug, Clone)]
pub struct PlatformKey {
    pub name: String,
    half: PrivateHalf,
}

#[derive(Debug, Clone)]
enum PrivateHalf {
    Rsa(RsaPrivateKey),
    Sm2(Sm2PrivateKey),
}

/// The keys that sign now: one per algorithm.
#[derive(Debug, Clone)]
pub struct PlatformKeys {
    pub rsa: PlatformKey,
    pub sm2: PlatformKey,
}

impl PlatformKey {
    /// A new key; `None` for the algorithm without a public half.
    #[must_use]
    pub fn generate(name: &str, algorithm: KeyAlgorithm) -> Option<Self> {
        let half = match algorithm {
            KeyAlgorithm::RsaSha256 => PrivateHalf::Rsa(RsaPrivateKey::generate()),
            KeyAlgorithm::Sm2Sm3 => PrivateHalf::Sm2(Sm2PrivateKey::generate()),
            KeyAlgorithm::HmacSha256 => return None,
        };
        Some(Self { name: name.to_owned(), half })
    }

    /// # Errors
    /// [`KeyError`] when the text is no private key of the algorithm.
    pub fn from_pem(
        name: &str,
        algorithm: KeyAlgorithm,
        pem: &Secret<String>,
    ) -> Result<Self, KeyError> {
        let half = match algorithm {
            KeyAlgorithm::RsaSha256 => PrivateHalf::Rsa(RsaPrivateKey::from_pem(pem.expose())?),
            KeyAlgorithm::Sm2Sm3 => PrivateHalf::Sm2(Sm2PrivateKey::from_pem(pem.expose())?),
            KeyAlgorithm::HmacSha256 => return Err(KeyError::Malformed),
        };
        Ok(Self { name: name.to_owned(), half })
    }

    #[must_use]
    pub const fn algorithm(&self) -> KeyAlgorithm {
        match &self.half {
            PrivateHalf::Rsa(_) => KeyAlgorithm::RsaSha256,
            PrivateHalf::Sm2(_) => KeyAlgorithm::Sm2Sm3,
        }
    }

    /// The word of the `Suanpan-Signature-Type` header.
    #[must_use]
    pub const fn scheme(&self) -> &'static str {
        self.algorithm().scheme()
    }

    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        match &self.half {
            PrivateHalf::Rsa(key) => key.sign_sha256(message),
            PrivateHalf::Sm2(key) => key.sign(message).to_vec(),
        }
    }

    /// PEM, for merchants.
    #[must_use]
    pub fn public_pem(&self) -> String {
        match &self.half {
            PrivateHalf::Rsa(key) => key.public_key().to_pem(),
            PrivateHalf::Sm2(key) => key.public_key().to_pem(),
        }
    }

    /// PEM, for sealing.
    #[must_use]
    pub fn private_pem(&self) -> Secret<String> {
        match &self.half {
            PrivateHalf::Rsa(key) => key.to_pem(),
            PrivateHalf::Sm2(key) => key.to_pem(),
        }
    }
}

impl PlatformKeys {
    /// Who signs with SM2 is answered with SM2; everyone else with RSA.
    #[must_use]
    pub const fn for_algorithm(&self, algorithm: KeyAlgorithm) -> &PlatformKey {
        match algorithm {
            KeyAlgorithm::Sm2Sm3 => &self.sm2,
            KeyAlgorithm::RsaSha256 | KeyAlgorithm::HmacSha256 => &self.rsa,
        }
    }
}
