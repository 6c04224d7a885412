//! Ciphers that a channel still asks for and that nothing else may use.

use aws_lc_rs::cipher::{
    AES_256, DecryptionContext, PaddedBlockDecryptingKey, PaddedBlockEncryptingKey,
    UnboundCipherKey,
};

use crate::{Aes256Key, OpenError, must};

/// AES-256-ECB with PKCS#7 padding: WeChat Pay v2, refund notice, `req_info` (the key is the
/// lower-case hexadecimal MD5 of the v2 key). It proves nothing of who wrote the text: look the
/// refund up at the channel before acting on it.
///
/// # Errors
/// [`OpenError`] when the padding shows another key or a changed text; not every change shows.
pub fn aes_256_ecb_decrypt(key: &Aes256Key, cipher: &[u8]) -> Result<Vec<u8>, OpenError> {
    let key =
        UnboundCipherKey::new(&AES_256, key.expose()).and_then(PaddedBlockDecryptingKey::ecb_pkcs7);
    let mut text = cipher.to_vec();
    let length = must(key, "an AES-256 key")
        .decrypt(&mut text, DecryptionContext::None)
        .or(Err(OpenError))?
        .len();
    text.truncate(length);
    Ok(text)
}

/// The channel's side of [`aes_256_ecb_decrypt`], for whoever stands in for it.
#[must_use]
pub fn aes_256_ecb_encrypt(key: &Aes256Key, plain: &[u8]) -> Vec<u8> {
    let key =
        UnboundCipherKey::new(&AES_256, key.expose()).and_then(PaddedBlockEncryptingKey::ecb_pkcs7);
    let mut text = plain.to_vec();
    must(must(key, "an AES-256 key").encrypt(&mut text), "AES-256-ECB");
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::to_hex;
    use proptest::prelude::*;

    /// FIPS 197, C.3: the first block; the second is the padding's.
    #[test]
    fn published_block() {
        let key: Vec<u8> = (0..32).collect();
        let key = Aes256Key::from_slice(&key).unwrap();
        let plain = hex::decode("00112233445566778899aabbccddeeff").unwrap();
        let cipher = aes_256_ecb_encrypt(&key, &plain);
        assert_eq!(cipher.len(), 32);
        assert_eq!(to_hex(&cipher[..16]), "8ea2b7ca516745bfeafc49904b496089");
        assert_eq!(aes_256_ecb_decrypt(&key, &cipher), Ok(plain));
    }

    #[test]
    fn cut_texts_are_refused() {
        let key = Aes256Key::generate();
        let cipher = aes_256_ecb_encrypt(&key, &[1; 40]);
        for length in [0, 1, 15, 17, 47] {
            assert_eq!(aes_256_ecb_decrypt(&key, &cipher[..length]), Err(OpenError));
        }
    }

    proptest! {
        #[test]
        fn round_trip(plain: Vec<u8>) {
            let key = Aes256Key::generate();
            let cipher = aes_256_ecb_encrypt(&key, &plain);
            prop_assert_eq!(aes_256_ecb_decrypt(&key, &cipher), Ok(plain));
        }
    }
}
