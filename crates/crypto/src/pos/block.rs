//! Keys of block ciphers, as terminals use them: DES, two-key triple DES, SM4.

use std::fmt;

use cipher::{Block, BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};
use des::{Des, TdesEde2};
use secret::Secret;
use sm4::Sm4;

use crate::random::random_bytes;
use crate::{constant_time_eq, must};

/// A key with its schedule made. `Debug` says its kind only.
#[derive(Clone)]
pub struct BlockKey {
    bytes: Secret<Vec<u8>>,
    cipher: Schedule,
}

#[derive(Clone)]
enum Schedule {
    Des(Box<Des>),
    /// With the single-length key in front, which X9.9 and X9.19 chain with.
    Tdes(Box<(TdesEde2, Des)>),
    Sm4(Box<Sm4>),
}

/// Why bytes are no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BlockKeyError {
    #[error("a DES key has 8 bytes, a triple DES key 16, an SM4 key 16")]
    Length,
    #[error("the check value does not belong to the key")]
    CheckValue,
    #[error("a key comes from 2 to 9 components of one length")]
    Components,
}

impl BlockKeyError {
    /// For answers and logs; never changes.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Length => "key_length",
            Self::CheckValue => "key_check_value",
            Self::Components => "key_components",
        }
    }
}

/// The first four bytes of zeros enciphered: tells keys apart and gives nothing of them away.
///
/// ```
/// use crypto::pos::BlockKey;
/// let key = BlockKey::des(&[0x22; 16]).unwrap();
/// assert_eq!(key.check_value().to_string(), "00962B60");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CheckValue(pub [u8; 4]);

impl fmt::Display for CheckValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02X}"))
    }
}

impl fmt::Debug for BlockKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.cipher {
            Schedule::Des(_) => "DES",
            Schedule::Tdes(_) => "TDES",
            Schedule::Sm4(_) => "SM4",
        };
        write!(f, "BlockKey({kind})")
    }
}

impl BlockKey {
    /// DES with 8 bytes, two-key triple DES with 16. Parity bits are not looked at: terminals do not
    /// set them.
    ///
    /// # Errors
    /// [`BlockKeyError::Length`].
    pub fn des(bytes: &[u8]) -> Result<Self, BlockKeyError> {
        let cipher = match bytes.len() {
            8 => Schedule::Des(Box::new(must(Des::new_from_slice(bytes), "a DES key"))),
            16 => {
                let whole = must(TdesEde2::new_from_slice(bytes), "a TDES key");
                let front = bytes.get(..8).unwrap_or_default();
                let front = must(Des::new_from_slice(front), "a DES key");
                Schedule::Tdes(Box::new((whole, front)))
            }
            _ => return Err(BlockKeyError::Length),
        };
        Ok(Self { bytes: Secret::new(bytes.to_vec()), cipher })
    }

    /// # Errors
    /// [`BlockKeyError::Length`] unless it is 16 bytes.
    pub fn sm4(bytes: &[u8]) -> Result<Self, BlockKeyError> {
        let cipher = Sm4::new_from_slice(bytes).or(Err(BlockKeyError::Length))?;
        Ok(Self { bytes: Secret::new(bytes.to_vec()), cipher: Schedule::Sm4(Box::new(cipher)) })
    }

    /// The kind of key that `self` is, of other bytes.
    ///
    /// # Errors
    /// [`BlockKeyError::Length`].
    pub fn alike(&self, bytes: &[u8]) -> Result<Self, BlockKeyError> {
        if self.is_sm4() { Self::sm4(bytes) } else { Self::des(bytes) }
    }

    /// A fresh key of 16 bytes.
    #[must_use]
    pub fn generate_tdes() -> Self {
        must(Self::des(&random_bytes::<16>()), "a TDES key")
    }

    /// A fresh key of 8 bytes.
    #[must_use]
    pub fn generate_des() -> Self {
        must(Self::des(&random_bytes::<8>()), "a DES key")
    }

    #[must_use]
    pub fn generate_sm4() -> Self {
        must(Self::sm4(&random_bytes::<16>()), "an SM4 key")
    }

    /// The key itself, to be put away under another key.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        self.bytes.expose()
    }

    #[must_use]
    pub const fn is_sm4(&self) -> bool {
        matches!(self.cipher, Schedule::Sm4(_))
    }

    /// 8, or 16 for SM4.
    #[must_use]
    pub const fn block_bytes(&self) -> usize {
        if self.is_sm4() { 16 } else { 8 }
    }

    #[must_use]
    pub fn check_value(&self) -> CheckValue {
        let mut zeros = vec![0; self.block_bytes()];
        self.encrypt(&mut zeros);
        let first = zeros.first_chunk::<4>();
        CheckValue(first.copied().unwrap_or_default())
    }

    /// # Errors
    /// [`BlockKeyError::CheckValue`] where it is another key's.
    pub fn checked(self, expect: CheckValue) -> Result<Self, BlockKeyError> {
        let same = constant_time_eq(&self.check_value().0, &expect.0);
        if same { Ok(self) } else { Err(BlockKeyError::CheckValue) }
    }

    /// The single-length key in front of one of double length; the key itself where it is single.
    #[must_use]
    pub(super) fn left(&self) -> Self {
        match (&self.cipher, self.expose().get(..8)) {
            (Schedule::Tdes(cipher), Some(front)) => Self {
                bytes: Secret::new(front.to_vec()),
                cipher: Schedule::Des(Box::new(cipher.1.clone())),
            },
            (Schedule::Tdes(_) | Schedule::Des(_) | Schedule::Sm4(_), _) => self.clone(),
        }
    }

    /// ECB over whole blocks, in place. What is left over at the end stays as it is.
    pub fn encrypt(&self, bytes: &mut [u8]) {
        match &self.cipher {
            Schedule::Des(cipher) => each(bytes, |block| cipher.encrypt_block(block)),
            Schedule::Tdes(cipher) => each(bytes, |block| cipher.0.encrypt_block(block)),
            Schedule::Sm4(cipher) => each16(bytes, |block| cipher.encrypt_block(block)),
        }
    }

    /// The way back of [`Self::encrypt`].
    pub fn decrypt(&self, bytes: &mut [u8]) {
        match &self.cipher {
            Schedule::Des(cipher) => each(bytes, |block| cipher.decrypt_block(block)),
            Schedule::Tdes(cipher) => each(bytes, |block| cipher.0.decrypt_block(block)),
            Schedule::Sm4(cipher) => each16(bytes, |block| cipher.decrypt_block(block)),
        }
    }
}

fn each(bytes: &mut [u8], work: impl Fn(&mut Block<Des>)) {
    bytes.chunks_exact_mut(8).for_each(|chunk| {
        if let Ok(block) = chunk.try_into() {
            work(block);
        }
    });
}

fn each16(bytes: &mut [u8], work: impl Fn(&mut Block<Sm4>)) {
    bytes.chunks_exact_mut(16).for_each(|chunk| {
        if let Ok(block) = chunk.try_into() {
            work(block);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(hex: &str) -> Vec<u8> {
        hex::decode(hex).unwrap()
    }

    /// Published check values: of terminals' keys, and of GB/T 32907 (SM4's example enciphered once is
    /// 681EDF34D206965E86B3E94F536E4246).
    #[test]
    fn published_values() {
        let check = |key: &str, expect: &str| {
            let key = BlockKey::des(&bytes(key)).unwrap();
            assert_eq!(key.check_value().to_string(), expect);
        };
        check("807A23AD32B36D457AE91FDF927570EA", "8D0A74B8");
        check("5BB5C72CD00B7338", "AB7153CA");
        check(&"22".repeat(16), "00962B60");
        check(&"33".repeat(8), "ADC67D84");
        check(&"44".repeat(16), "E2F24340");
        check("1CF88AB5D64F314F9EF237FBD99E29CD", "712C8C73");
        let key = BlockKey::sm4(&bytes("0123456789ABCDEFFEDCBA9876543210")).unwrap();
        let mut text = bytes("0123456789ABCDEFFEDCBA9876543210");
        key.encrypt(&mut text);
        assert_eq!(hex::encode_upper(&text), "681EDF34D206965E86B3E94F536E4246");
        key.decrypt(&mut text);
        assert_eq!(hex::encode_upper(text), "0123456789ABCDEFFEDCBA9876543210");
    }

    #[test]
    fn only_keys_of_their_length() {
        for length in 0..40 {
            let key = vec![7; length];
            assert_eq!(BlockKey::des(&key).is_ok(), length == 8 || length == 16, "{length}");
            assert_eq!(BlockKey::sm4(&key).is_ok(), length == 16, "{length}");
        }
    }

    #[test]
    fn nothing_is_shown() {
        let key = BlockKey::des(&[0x42; 16]).unwrap();
        assert_eq!(format!("{key:?}"), "BlockKey(TDES)");
        let wrong = key.clone().checked(CheckValue([0; 4]));
        assert_eq!(wrong.unwrap_err(), BlockKeyError::CheckValue);
        assert!(key.clone().checked(key.check_value()).is_ok());
    }
}
