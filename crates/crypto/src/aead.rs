//! AES-256-GCM: WeChat Pay's `AEAD_AES_256_GCM`, and our own secrets at rest.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use secret::Secret;

use crate::random::random_bytes;
use crate::{KeyError, must};

pub const NONCE_BYTES: usize = 12;
pub const TAG_BYTES: usize = 16;

/// The text was sealed with another key, nonce or associated data, or was changed since.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the sealed text does not open")]
pub struct OpenError;

/// 32 bytes. WeChat Pay's `APIv3` key is such a key, each of its characters one byte.
#[derive(Debug, Clone)]
pub struct Aes256Key(Secret<[u8; 32]>);

impl Aes256Key {
    #[must_use]
    pub const fn new(bytes: Secret<[u8; 32]>) -> Self {
        Self(bytes)
    }

    /// # Errors
    /// [`KeyError::TooShort`] below 32 bytes, [`KeyError::Malformed`] above.
    pub fn from_slice(bytes: &[u8]) -> Result<Self, KeyError> {
        match <[u8; 32]>::try_from(bytes) {
            Ok(bytes) => Ok(Self::new(Secret::new(bytes))),
            Err(_) if bytes.len() < 32 => Err(KeyError::TooShort),
            Err(_) => Err(KeyError::Malformed),
        }
    }

    #[must_use]
    pub fn generate() -> Self {
        Self::new(Secret::new(random_bytes()))
    }

    /// The key itself, to be put away under another key.
    #[must_use]
    pub const fn expose(&self) -> &[u8; 32] {
        self.0.expose()
    }

    fn gcm(&self) -> LessSafeKey {
        LessSafeKey::new(must(UnboundKey::new(&AES_256_GCM, self.0.expose()), "an AES-256 key"))
    }
}

/// Cipher and 16-byte tag. The caller answers for the nonce: the same one twice under one key gives
/// both texts away. For data at rest use [`seal_random`].
#[must_use]
pub fn seal(key: &Aes256Key, nonce: &[u8; NONCE_BYTES], aad: &[u8], plain: &[u8]) -> Vec<u8> {
    let mut sealed = Vec::with_capacity(plain.len() + TAG_BYTES);
    sealed.extend_from_slice(plain);
    let nonce = Nonce::assume_unique_for_key(*nonce);
    let done = key.gcm().seal_in_place_append_tag(nonce, Aad::from(aad), &mut sealed);
    must(done, "sealing");
    sealed
}

/// # Errors
/// [`OpenError`].
pub fn open(
    key: &Aes256Key,
    nonce: &[u8; NONCE_BYTES],
    aad: &[u8],
    sealed: &[u8],
) -> Result<Vec<u8>, OpenError> {
    let mut text = sealed.to_vec();
    let nonce = Nonce::assume_unique_for_key(*nonce);
    let length =
        key.gcm().open_in_place(nonce, Aad::from(aad), &mut text).or(Err(OpenError))?.len();
    text.truncate(length);
    Ok(text)
}

/// Nonce, cipher and tag in one, for data at rest. With random nonces one key seals up to 2^32
/// texts safely (NIST SP 800-38D, 8.3). Put into `aad` what the text belongs to (table, column, row),
/// so that it cannot be moved.
#[must_use]
pub fn seal_random(key: &Aes256Key, aad: &[u8], plain: &[u8]) -> Vec<u8> {
    let nonce = random_bytes::<NONCE_BYTES>();
    let mut sealed = nonce.to_vec();
    sealed.extend(seal(key, &nonce, aad, plain));
    sealed
}

/// # Errors
/// [`OpenError`].
pub fn open_random(key: &Aes256Key, aad: &[u8], sealed: &[u8]) -> Result<Vec<u8>, OpenError> {
    let (nonce, sealed) = sealed.split_first_chunk().ok_or(OpenError)?;
    open(key, nonce, aad, sealed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::to_hex;
    use proptest::prelude::*;

    fn key(text: &str) -> Aes256Key {
        Aes256Key::from_slice(&hex::decode(text).unwrap()).unwrap()
    }

    /// The GCM specification's AES-256 examples 13, 14 and 16 (NIST's proposed-modes paper).
    #[test]
    fn published_examples() {
        let zero = "00".repeat(32);
        let check = |key_hex: &str, nonce: &str, aad: &str, plain: &str, expect: &str| {
            let bytes = |text: &str| hex::decode(text).unwrap();
            let nonce: [u8; NONCE_BYTES] = bytes(nonce).try_into().unwrap();
            let sealed = seal(&key(key_hex), &nonce, &bytes(aad), &bytes(plain));
            assert_eq!(to_hex(&sealed), expect);
            assert_eq!(open(&key(key_hex), &nonce, &bytes(aad), &sealed), Ok(bytes(plain)));
        };
        check(&zero, "000000000000000000000000", "", "", "530f8afbc74536b9a963b4f1c4cb738b");
        check(
            &zero,
            "000000000000000000000000",
            "",
            "00000000000000000000000000000000",
            "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919",
        );
        check(
            "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
            "cafebabefacedbaddecaf888",
            "feedfacedeadbeeffeedfacedeadbeefabaddad2",
            "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72\
             1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
            "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa\
             8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662\
             76fc6ece0f4e1768cddf8853bb2d551b",
        );
    }

    #[test]
    fn only_32_bytes_are_a_key() {
        let check = |length: usize, expect: Option<KeyError>| {
            assert_eq!(Aes256Key::from_slice(&vec![1; length]).err(), expect);
        };
        check(0, Some(KeyError::TooShort));
        check(31, Some(KeyError::TooShort));
        check(32, None);
        check(33, Some(KeyError::Malformed));
    }

    #[test]
    fn debug_tells_no_key() {
        assert_eq!(format!("{:?}", Aes256Key::generate()), "Aes256Key(Secret(..))");
    }

    #[test]
    fn short_texts_are_refused() {
        let key = Aes256Key::generate();
        for length in 0..NONCE_BYTES + TAG_BYTES {
            assert_eq!(open_random(&key, b"", &vec![0; length]), Err(OpenError));
        }
    }

    proptest! {
        #[test]
        fn sealed_texts_open(plain: Vec<u8>, aad: Vec<u8>) {
            let key = Aes256Key::generate();
            let sealed = seal_random(&key, &aad, &plain);
            prop_assert_eq!(sealed.len(), NONCE_BYTES + plain.len() + TAG_BYTES);
            prop_assert_eq!(open_random(&key, &aad, &sealed), Ok(plain));
        }

        #[test]
        fn any_change_is_refused(plain: Vec<u8>, at: prop::sample::Index, bit in 0u8..8) {
            let key = Aes256Key::generate();
            let mut sealed = seal_random(&key, b"row 1", &plain);
            prop_assert_eq!(open_random(&key, b"row 2", &sealed), Err(OpenError));
            prop_assert_eq!(open_random(&Aes256Key::generate(), b"row 1", &sealed), Err(OpenError));
            let at = at.index(sealed.len());
            sealed[at] ^= 1 << bit;
            prop_assert_eq!(open_random(&key, b"row 1", &sealed), Err(OpenError));
        }
    }
}
