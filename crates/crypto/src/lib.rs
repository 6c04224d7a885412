//! Signatures, sealing, digests, certificates and the keys of terminals: everything the channels, our own API and the
//! store need of cryptography, over bytes only.
//!
//! No IO and no clock: a certificate's validity is asked with the time as an argument. Randomness
//! is drawn here and nowhere else. Private keys live in types whose `Debug` says nothing; what is
//! refused is refused without the offending value.

pub mod aead;
mod certificate;
pub mod digest;
pub mod legacy;
pub mod mac;
mod pem;
pub mod pos;
pub mod random;
mod rsa;
mod sm2;

pub use self::rsa::{OaepError, RsaPrivateKey, RsaPublicKey};
pub use self::sm2::{SM2_SIGNATURE_BYTES, Sm2PrivateKey, Sm2PublicKey};
pub use aead::{Aes256Key, OpenError};
pub use certificate::{Certificate, CertificateError, alipay_root_cert_sn};
pub use mac::constant_time_eq;

/// The signature or MAC does not belong to this message under this key. Deliberately without
/// detail: who forges learns nothing from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the signature does not match")]
pub struct BadSignature;

/// Why a key was refused, in order of precedence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    #[error("the key is neither PEM nor base64 of one")]
    NotPem,
    #[error("the PEM block holds something else than the key asked for")]
    WrongKind,
    #[error("the key is shorter than allowed (RSA: 2048 bits)")]
    TooShort,
    #[error("the key is malformed")]
    Malformed,
}

impl KeyError {
    /// For configuration errors and logs; never changes.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotPem => "key_not_pem",
            Self::WrongKind => "key_wrong_kind",
            Self::TooShort => "key_too_short",
            Self::Malformed => "key_malformed",
        }
    }
}

/// For library calls that cannot fail on the arguments we give them: a failure is a bug or an
/// exhausted machine, never an outcome that a caller could decide on.
#[expect(clippy::panic, reason = "a bug, caught at the edge like an assert")]
pub(crate) fn must<T, E>(result: Result<T, E>, what: &str) -> T {
    result.unwrap_or_else(|_| panic!("{what} cannot fail"))
}
