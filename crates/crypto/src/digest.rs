//! Digests, and the hexadecimal text the channels want them in.

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use md5::{Digest, Md5};
use sm3::Sm3;

use crate::must;

#[must_use]
pub fn sha256(message: &[u8]) -> [u8; 32] {
    must(digest(&SHA256, message).as_ref().try_into(), "SHA-256")
}

/// For the hash of a downloaded bill only (WeChat Pay `tradebill`, `hash_type=SHA1`): collisions of
/// SHA-1 can be made, so it proves nothing against an attacker.
#[must_use]
pub fn sha1(message: &[u8]) -> [u8; 20] {
    let hash = digest(&SHA1_FOR_LEGACY_USE_ONLY, message);
    must(hash.as_ref().try_into(), "SHA-1")
}

/// Lower-case MD5, for names that a channel derives by it (Alipay `app_cert_sn`) and for WeChat Pay
/// v2; never a signature of ours.
#[must_use]
pub fn md5_hex(message: &[u8]) -> String {
    to_hex(Md5::digest(message).as_slice())
}

/// GB/T 32905.
#[must_use]
pub fn sm3(message: &[u8]) -> [u8; 32] {
    Sm3::digest(message).into()
}

/// Lower case, two digits a byte.
///
/// ```
/// assert_eq!(crypto::digest::to_hex(&[0x00, 0xAB]), "00ab");
/// ```
#[must_use]
pub fn to_hex(bytes: &[u8]) -> String {
    hex::encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FIPS 180-4, RFC 1321 and GB/T 32905 each publish the digest of "abc".
    #[test]
    fn published_digests() {
        let check = |got: String, expect: &str| assert_eq!(got, expect);
        check(
            to_hex(&sha256(b"abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        );
        check(to_hex(&sha1(b"abc")), "a9993e364706816aba3e25717850c26c9cd0d89d");
        check(md5_hex(b"abc"), "900150983cd24fb0d6963f7d28e17f72");
        check(
            to_hex(&sm3(b"abc")),
            "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0",
        );
    }
}
