//! HMAC-SHA256, checked in constant time.

use aws_lc_rs::{constant_time, hmac};
use secret::Secret;

use crate::{BadSignature, must};

#[must_use]
pub fn hmac_sha256(key: &Secret<Vec<u8>>, message: &[u8]) -> [u8; 32] {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key.expose());
    must(hmac::sign(&key, message).as_ref().try_into(), "HMAC-SHA256")
}

/// # Errors
/// [`BadSignature`] when `tag` is not the whole MAC of `message`: a truncated one is refused too.
pub fn verify_hmac_sha256(
    key: &Secret<Vec<u8>>,
    message: &[u8],
    tag: &[u8],
) -> Result<(), BadSignature> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key.expose());
    hmac::verify(&key, message, tag).or(Err(BadSignature))
}

/// Compares without telling by its time where the two differ (only whether their lengths do).
#[must_use]
pub fn constant_time_eq(a: &[u8], b: &[u8]) -> bool {
    constant_time::verify_slices_are_equal(a, b).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::to_hex;
    use proptest::prelude::*;

    /// RFC 4231, test cases 1 to 4, 6 and 7 (5 is truncated, which we never do).
    #[test]
    fn rfc_4231() {
        let check = |key: Vec<u8>, message: &[u8], expect: &str| {
            let key = Secret::new(key);
            let tag = hmac_sha256(&key, message);
            assert_eq!(to_hex(&tag), expect);
            assert_eq!(verify_hmac_sha256(&key, message, &tag), Ok(()));
            assert_eq!(verify_hmac_sha256(&key, message, &tag[..16]), Err(BadSignature));
        };
        check(
            vec![0x0b; 20],
            b"Hi There",
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
        );
        check(
            b"Jefe".to_vec(),
            b"what do ya want for nothing?",
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
        );
        check(
            vec![0xaa; 20],
            &[0xdd; 50],
            "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
        );
        check(
            (1..=25).collect(),
            &[0xcd; 50],
            "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
        );
        check(
            vec![0xaa; 131],
            b"Test Using Larger Than Block-Size Key - Hash Key First",
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
        );
        check(
            vec![0xaa; 131],
            b"This is a test using a larger than block-size key and a larger than block-size \
              data. The key needs to be hashed before being used by the HMAC algorithm.",
            "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
        );
    }

    proptest! {
        #[test]
        fn any_changed_bit_is_refused(message: Vec<u8>, byte in 0usize..32, bit in 0u8..8) {
            let key = Secret::new(vec![7; 32]);
            let mut tag = hmac_sha256(&key, &message);
            tag[byte] ^= 1 << bit;
            prop_assert_eq!(verify_hmac_sha256(&key, &message, &tag), Err(BadSignature));
        }

        #[test]
        fn equality_is_equality(a: Vec<u8>, b: Vec<u8>) {
            prop_assert_eq!(constant_time_eq(&a, &b), a == b);
            prop_assert!(constant_time_eq(&a, &a));
        }
    }
}
