//! RSA: PKCS#1 v1.5 signatures over SHA-256 (Alipay `RSA2`, WeChat Pay `SHA256-RSA2048`, UnionPay)
//! and OAEP over SHA-1 (WeChat Pay's sensitive fields).

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::error::KeyRejected;
use aws_lc_rs::rsa::{
    KeyPair, KeySize, OAEP_SHA1_MGF1SHA1, OaepPrivateDecryptingKey, OaepPublicEncryptingKey,
    PrivateDecryptingKey, PublicEncryptingKey, PublicKey,
};
use aws_lc_rs::signature::{
    KeyPair as _, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256,
};
use secret::Secret;

use crate::digest::{sha256, to_hex};
use crate::{BadSignature, KeyError, must, pem};

const BITS_MIN: usize = 2048;

/// Why a field could not be encrypted or decrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OaepError {
    #[error("the text is longer than one RSA block holds")]
    TooLong,
    #[error("the text was not encrypted for this key")]
    NotOurs,
}

/// Signs and decrypts. Cloning it clones a pointer.
#[derive(Clone)]
pub struct RsaPrivateKey(Arc<PrivateParts>);

struct PrivateParts {
    pair: KeyPair,
    oaep: OaepPrivateDecryptingKey,
    public: RsaPublicKey,
}

impl RsaPrivateKey {
    /// Reads PKCS#8 or PKCS#1, as PEM or as the bare base64 that Alipay's key tool hands out.
    ///
    /// # Errors
    /// [`KeyError`], in its order.
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        let block = pem::parse_one(text)?;
        let der = block.der.expose();
        let pair = match block.label {
            "PRIVATE KEY" => KeyPair::from_pkcs8(der),
            "RSA PRIVATE KEY" => KeyPair::from_der(der),
            // PKCS#1 where PKCS#8 says no, but the reason of a short PKCS#8 key is kept.
            "" => KeyPair::from_pkcs8(der)
                .or_else(|pkcs8| KeyPair::from_der(der).map_err(|pkcs1| clearer(pkcs8, pkcs1))),
            _ => return Err(KeyError::WrongKind),
        };
        Self::from_pair(pair.map_err(|rejected| key_error(&rejected))?)
    }

    /// A new key of 2048 bits (WeChat Pay and Alipay take no other length).
    #[must_use]
    pub fn generate() -> Self {
        let pair = must(KeyPair::generate(KeySize::Rsa2048), "RSA key generation");
        must(Self::from_pair(pair), "a new RSA key")
    }

    fn from_pair(pair: KeyPair) -> Result<Self, KeyError> {
        let der: Pkcs8V1Der<'_> = pair.as_der().or(Err(KeyError::Malformed))?;
        let oaep = PrivateDecryptingKey::from_pkcs8(der.as_ref())
            .map_err(|rejected| key_error(&rejected))
            .and_then(|key| OaepPrivateDecryptingKey::new(key).or(Err(KeyError::Malformed)))?;
        let public = RsaPublicKey::from_der(pair.public_key().as_ref())?;
        let parts = PrivateParts { pair, oaep, public };
        Ok(Self(Arc::new(parts)))
    }

    /// PKCS#8.
    #[must_use]
    pub fn to_pem(&self) -> Secret<String> {
        let der: Pkcs8V1Der<'_> = must(self.0.pair.as_der(), "encoding an RSA key");
        Secret::new(pem::write("PRIVATE KEY", der.as_ref()))
    }

    #[must_use]
    pub fn public_key(&self) -> RsaPublicKey {
        self.0.public.clone()
    }

    /// PKCS#1 v1.5 over SHA-256; as long as the modulus.
    #[must_use]
    pub fn sign_sha256(&self, message: &[u8]) -> Vec<u8> {
        let mut signature = vec![0; self.0.pair.public_modulus_len()];
        // The library draws its own blinding and ignores the source named here.
        let source = aws_lc_rs::rand::SystemRandom::new();
        let signed = self.0.pair.sign(&RSA_PKCS1_SHA256, &source, message, &mut signature);
        must(signed, "an RSA signature");
        signature
    }

    /// # Errors
    /// [`OaepError::NotOurs`] for anything not encrypted with the matching public key.
    pub fn decrypt_oaep_sha1(&self, cipher: &[u8]) -> Result<Secret<Vec<u8>>, OaepError> {
        let mut plain = vec![0; self.0.oaep.min_output_size()];
        let length = self
            .0
            .oaep
            .decrypt(&OAEP_SHA1_MGF1SHA1, cipher, &mut plain, None)
            .or(Err(OaepError::NotOurs))?
            .len();
        plain.truncate(length);
        Ok(Secret::new(plain))
    }
}

impl fmt::Debug for RsaPrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RsaPrivateKey(..)")
    }
}

/// Verifies and encrypts. Cloning it clones a pointer; two are equal when their keys are.
#[derive(Clone)]
pub struct RsaPublicKey(Arc<PublicParts>);

struct PublicParts {
    /// SubjectPublicKeyInfo.
    der: Vec<u8>,
    parsed: ParsedPublicKey,
    oaep: OaepPublicEncryptingKey,
}

impl RsaPublicKey {
    /// Reads SubjectPublicKeyInfo or PKCS#1, as PEM or as bare base64.
    ///
    /// # Errors
    /// [`KeyError`], in its order. A certificate is [`KeyError::WrongKind`]: read it as
    /// [`crate::Certificate`], whose validity must be looked at too.
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        let block = pem::parse_one(text)?;
        match block.label {
            "" | "PUBLIC KEY" | "RSA PUBLIC KEY" => Self::from_der(block.der.expose()),
            _ => Err(KeyError::WrongKind),
        }
    }

    pub(crate) fn from_der(der: &[u8]) -> Result<Self, KeyError> {
        let key = PublicKey::from_der(der).map_err(|rejected| key_error(&rejected))?;
        let der: PublicKeyX509Der<'_> = key.as_der().or(Err(KeyError::Malformed))?;
        let der = der.as_ref().to_vec();
        let encrypting =
            PublicEncryptingKey::from_der(&der).map_err(|rejected| key_error(&rejected))?;
        if encrypting.key_size_bits() < BITS_MIN {
            return Err(KeyError::TooShort);
        }
        let oaep = OaepPublicEncryptingKey::new(encrypting).or(Err(KeyError::Malformed))?;
        let parsed = ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &der)
            .map_err(|rejected| key_error(&rejected))?;
        Ok(Self(Arc::new(PublicParts { der, parsed, oaep })))
    }

    /// SubjectPublicKeyInfo.
    #[must_use]
    pub fn to_pem(&self) -> String {
        pem::write("PUBLIC KEY", &self.0.der)
    }

    /// SHA-256 of SubjectPublicKeyInfo in hexadecimal: a name for the key that a log may hold.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        to_hex(&sha256(&self.0.der))
    }

    /// # Errors
    /// [`BadSignature`].
    pub fn verify_sha256(&self, message: &[u8], signature: &[u8]) -> Result<(), BadSignature> {
        let verified = self.0.parsed.verify_sig(message, signature);
        verified.or(Err(BadSignature))
    }

    /// WeChat Pay's sensitive fields: OAEP with SHA-1 and MGF1 over SHA-1, no label.
    ///
    /// # Errors
    /// [`OaepError::TooLong`] above 214 bytes for a key of 2048 bits.
    pub fn encrypt_oaep_sha1(&self, plain: &[u8]) -> Result<Vec<u8>, OaepError> {
        let oaep = &self.0.oaep;
        let mut cipher = vec![0; oaep.ciphertext_size()];
        let written = oaep
            .encrypt(&OAEP_SHA1_MGF1SHA1, plain, &mut cipher, None)
            .or(Err(OaepError::TooLong))?
            .len();
        cipher.truncate(written);
        Ok(cipher)
    }
}

impl PartialEq for RsaPublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.0.der == other.0.der
    }
}

impl Eq for RsaPublicKey {}

impl fmt::Debug for RsaPublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RsaPublicKey({})", self.fingerprint())
    }
}

/// Of two refusals of one key read in two ways, the one that says more.
fn clearer(first: KeyRejected, second: KeyRejected) -> KeyRejected {
    match key_error(&first) {
        KeyError::TooShort => first,
        KeyError::NotPem | KeyError::WrongKind | KeyError::Malformed => second,
    }
}

/// The library tells its reasons apart by their text only.
fn key_error(rejected: &KeyRejected) -> KeyError {
    match rejected.to_string().as_str() {
        "TooSmall" => KeyError::TooShort,
        "WrongAlgorithm" => KeyError::WrongKind,
        _ => KeyError::Malformed,
    }
}

#[cfg(test)]
mod tests;
