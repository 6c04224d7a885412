//! 终端激活: a terminal gets its key by a code that is good once.

use ids::{ApiKeyName, TerminalId};
use jiff::Timestamp;

/// A code that an operator made for a terminal. The code itself is not kept, only what proves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activation {
    pub verifier: [u8; 32],
    pub terminal: TerminalId,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    pub used: Option<Used>,
}

/// The key that a code was used for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Used {
    pub at: Timestamp,
    pub key: ApiKeyName,
    /// SHA-256 of the public key: the same one may ask again when it has not heard the answer.
    pub key_hash: [u8; 32],
}

/// What becomes of a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Activated {
    /// This key was made.
    Now(Activation),
    /// It had been made before, for the same public key.
    Before(ApiKeyName),
}

/// Why a code makes no key, by precedence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum ActivationRefusal {
    #[error("there is no such activation code")]
    Unknown,
    #[error("the activation code was used")]
    Used,
    #[error("the activation code's time is over")]
    Expired,
}

impl ActivationRefusal {
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Unknown => "activation_code_unknown",
            Self::Used => "activation_code_used",
            Self::Expired => "activation_code_expired",
        }
    }
}

impl Activation {
    /// Uses the code for a new key of that name.
    ///
    /// # Errors
    /// [`ActivationRefusal`]
    pub fn used_for(
        &self,
        key: ApiKeyName,
        key_hash: [u8; 32],
        now: Timestamp,
    ) -> Result<Activated, ActivationRefusal> {
        match &self.used {
            Some(used) if used.key_hash == key_hash => Ok(Activated::Before(used.key.clone())),
            Some(_) => Err(ActivationRefusal::Used),
            None if now >= self.expires_at => Err(ActivationRefusal::Expired),
            None => {
                let used = Some(Used { at: now, key, key_hash });
                Ok(Activated::Now(Self { used, ..self.clone() }))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_makes_one_key() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let key = |name| ApiKeyName::parse(name).unwrap();
        let fresh = Activation {
            verifier: [1; 32],
            terminal: TerminalId::from_i64(1).unwrap(),
            created_at: at(0),
            expires_at: at(100),
            used: None,
        };
        let late = fresh.used_for(key("a"), [2; 32], at(100));
        assert_eq!(late, Err(ActivationRefusal::Expired));
        let Ok(Activated::Now(used)) = fresh.used_for(key("a"), [2; 32], at(99)) else {
            panic!("a fresh code makes a key")
        };
        for (hash, now, expect) in [
            ([2; 32], 99, Ok(Activated::Before(key("a")))),
            // Whoever did not hear the answer asks again, even much later.
            ([2; 32], 5_000, Ok(Activated::Before(key("a")))),
            ([3; 32], 99, Err(ActivationRefusal::Used)),
        ] {
            assert_eq!(used.used_for(key("b"), hash, at(now)), expect);
        }
    }
}
