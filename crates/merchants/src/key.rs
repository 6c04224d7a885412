//! API keys: who signs a request.

use ids::{ApiKeyName, MerchantId, TerminalId};
use jiff::Timestamp;

/// A credential of a merchant, or of one of its terminals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    pub name: ApiKeyName,
    pub merchant: MerchantId,
    /// Set for a terminal's own key: it may then act for that terminal only.
    pub terminal: Option<TerminalId>,
    pub algorithm: KeyAlgorithm,
    /// PEM, for the algorithms with a public key.
    pub public_key: Option<String>,
    /// The shared secret, sealed, for HMAC.
    pub sealed: Option<Vec<u8>>,
    /// It lies in a till that people stand at: it may do less, and for some acts a person signs in.
    pub attended: bool,
    pub created_at: Timestamp,
    pub revoked_at: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyAlgorithm {
    HmacSha256,
    RsaSha256,
    Sm2Sm3,
}

impl KeyAlgorithm {
    pub const ALL: [Self; 3] = [Self::HmacSha256, Self::RsaSha256, Self::Sm2Sm3];

    /// The scheme of the `Authorization` header.
    #[must_use]
    pub const fn scheme(self) -> &'static str {
        match self {
            Self::HmacSha256 => "SUANPAN-HMAC-SHA256",
            Self::RsaSha256 => "SUANPAN-RSA-SHA256",
            Self::Sm2Sm3 => "SUANPAN-SM2-SM3",
        }
    }

    #[must_use]
    pub fn of_scheme(scheme: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|a| a.scheme() == scheme)
    }
}
