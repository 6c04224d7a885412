//! SM2 signatures over SM3 (GB/T 32918.2), with the default user id of GM/T 0009.
//!
//! The wire form of a signature is `r || s`, 64 bytes; [`Sm2PrivateKey::sign_der`] and
//! [`Sm2PublicKey::verify_der`] are for peers that wrap the two numbers in DER. The caller says
//! which: a signature is never guessed at.

use std::fmt;
use std::sync::Arc;

use secret::Secret;
use sm2::SecretKey;
use sm2::dsa::signature::{Signer as _, Verifier as _};
use sm2::dsa::{Signature, SigningKey, VerifyingKey};
use sm2::elliptic_curve::sec1::ToSec1Point as _;
use sm2::pkcs8::EncodePublicKey as _;
use sm2::pkcs8::{DecodePrivateKey as _, DecodePublicKey as _, EncodePrivateKey as _};

use crate::digest::to_hex;
use crate::random::random_bytes;
use crate::{BadSignature, KeyError, must, pem};

/// GM/T 0009, where the parties agreed on no other.
const USER_ID: &str = "1234567812345678";

pub const SM2_SIGNATURE_BYTES: usize = 64;

/// A random 256-bit number is out of the curve's range once in 2^32: more draws mean a broken
/// source.
const DRAWS_MAX: usize = 8;

/// Signs. Cloning it clones a pointer.
#[derive(Clone)]
pub struct Sm2PrivateKey(Arc<(SecretKey, SigningKey)>);

impl Sm2PrivateKey {
    /// Reads PKCS#8 or SEC 1, as PEM or as bare base64 of PKCS#8.
    ///
    /// # Errors
    /// [`KeyError`], in its order.
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        let block = pem::parse_one(text)?;
        let der = block.der.expose();
        let key = match block.label {
            "" | "PRIVATE KEY" => SecretKey::from_pkcs8_der(der).or(Err(KeyError::Malformed)),
            "EC PRIVATE KEY" => SecretKey::from_sec1_der(der).or(Err(KeyError::Malformed)),
            _ => Err(KeyError::WrongKind),
        };
        Self::from_key(key?)
    }

    /// Reads the number itself: 64 hexadecimal digits.
    ///
    /// # Errors
    /// [`KeyError::Malformed`] unless it is 64 digits of a number within the curve's range.
    pub fn from_hex(text: &Secret<String>) -> Result<Self, KeyError> {
        let bytes = hex::decode(text.expose()).or(Err(KeyError::Malformed))?;
        if bytes.len() != 32 {
            return Err(KeyError::Malformed);
        }
        Self::from_key(SecretKey::from_slice(&bytes).or(Err(KeyError::Malformed))?)
    }

    #[must_use]
    pub fn generate() -> Self {
        let drawn = (0..DRAWS_MAX).find_map(|_| SecretKey::from_slice(&random_bytes::<32>()).ok());
        let key = drawn.ok_or(KeyError::Malformed).and_then(Self::from_key);
        must(key, "a new SM2 key")
    }

    fn from_key(key: SecretKey) -> Result<Self, KeyError> {
        let signing = SigningKey::new(USER_ID, &key).or(Err(KeyError::Malformed))?;
        Ok(Self(Arc::new((key, signing))))
    }

    /// PKCS#8.
    #[must_use]
    pub fn to_pem(&self) -> Secret<String> {
        let der = must(self.0.0.to_pkcs8_der(), "encoding an SM2 key");
        Secret::new(pem::write("PRIVATE KEY", der.as_bytes()))
    }

    /// 64 hexadecimal digits.
    #[must_use]
    pub fn to_hex(&self) -> Secret<String> {
        Secret::new(to_hex(&self.0.0.to_bytes()))
    }

    #[must_use]
    pub fn public_key(&self) -> Sm2PublicKey {
        let public = Sm2PublicKey::from_point(self.0.0.public_key());
        must(public, "the public half of an SM2 key")
    }

    /// `r || s`.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> [u8; SM2_SIGNATURE_BYTES] {
        self.signature(message).to_bytes().into()
    }

    /// `SEQUENCE { r, s }`.
    #[must_use]
    pub fn sign_der(&self, message: &[u8]) -> Vec<u8> {
        self.signature(message).to_der().to_vec()
    }

    fn signature(&self, message: &[u8]) -> Signature {
        must(self.0.1.try_sign(message), "an SM2 signature")
    }
}

impl fmt::Debug for Sm2PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sm2PrivateKey(..)")
    }
}

/// Verifies. Cloning it clones a pointer; two are equal when their points are.
#[derive(Clone)]
pub struct Sm2PublicKey(Arc<(sm2::PublicKey, VerifyingKey)>);

impl Sm2PublicKey {
    /// Reads SubjectPublicKeyInfo, as PEM or as bare base64.
    ///
    /// # Errors
    /// [`KeyError`], in its order.
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        let block = pem::parse_one(text)?;
        match block.label {
            "" | "PUBLIC KEY" => Self::from_der(block.der.expose()),
            _ => Err(KeyError::WrongKind),
        }
    }

    pub(crate) fn from_der(der: &[u8]) -> Result<Self, KeyError> {
        let key = sm2::PublicKey::from_public_key_der(der).or(Err(KeyError::Malformed))?;
        Self::from_point(key)
    }

    /// Reads the point: `04 || x || y` in 130 hexadecimal digits, or `x || y` in 128, as many
    /// Chinese tools leave the 04 out.
    ///
    /// # Errors
    /// [`KeyError::Malformed`] for anything else and for a point off the curve.
    pub fn from_hex(text: &str) -> Result<Self, KeyError> {
        let mut point = hex::decode(text).or(Err(KeyError::Malformed))?;
        if point.len() == 64 {
            point.insert(0, 4);
        }
        if point.len() != 65 {
            return Err(KeyError::Malformed);
        }
        let key = sm2::PublicKey::from_sec1_bytes(&point).or(Err(KeyError::Malformed))?;
        Self::from_point(key)
    }

    fn from_point(key: sm2::PublicKey) -> Result<Self, KeyError> {
        let verifying = VerifyingKey::new(USER_ID, key).or(Err(KeyError::Malformed))?;
        Ok(Self(Arc::new((key, verifying))))
    }

    /// SubjectPublicKeyInfo.
    #[must_use]
    pub fn to_pem(&self) -> String {
        let der = must(self.0.0.to_public_key_der(), "encoding an SM2 point");
        pem::write("PUBLIC KEY", der.as_bytes())
    }

    /// `04 || x || y` in hexadecimal.
    #[must_use]
    pub fn to_hex(&self) -> String {
        to_hex(self.0.0.to_sec1_point(false).as_bytes())
    }

    /// # Errors
    /// [`BadSignature`], also when the signature is not 64 bytes of `r || s`.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), BadSignature> {
        self.verify_parsed(message, Signature::from_slice(signature))
    }

    /// # Errors
    /// [`BadSignature`], also when the signature is not DER.
    pub fn verify_der(&self, message: &[u8], signature: &[u8]) -> Result<(), BadSignature> {
        self.verify_parsed(message, Signature::from_der(signature))
    }

    fn verify_parsed<E>(
        &self,
        message: &[u8],
        signature: Result<Signature, E>,
    ) -> Result<(), BadSignature> {
        let signature = signature.or(Err(BadSignature))?;
        let verified = self.0.1.verify(message, &signature);
        verified.or(Err(BadSignature))
    }
}

impl PartialEq for Sm2PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.0.0 == other.0.0
    }
}

impl Eq for Sm2PublicKey {}

impl fmt::Debug for Sm2PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sm2PublicKey({})", self.to_hex())
    }
}

#[cfg(test)]
mod tests;
