//! Tests of RSA: the forms keys come in, what is refused, and OpenSSL's signature as a judge.

use super::*;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use std::sync::LazyLock;

use crate::Certificate;

/// Making a key takes long in a debug build: one for all tests.
static KEY: LazyLock<RsaPrivateKey> = LazyLock::new(RsaPrivateKey::generate);

/// Where PKCS#1 begins within PKCS#8 of an RSA key.
const PKCS1_AT: usize = 26;

/// Too short to be used by anybody: PKCS#8 of 1024 bits and its public half.
const SHORT_PRIVATE: &str = "MIICeAIBADANBgkqhkiG9w0BAQEFAASCAmIwggJeAgEAAoGBAJrSsXoJXDZ9kkYeO0yep1kDifeAFBLt\
    gTSevEqLqCNQBujOzIV04O96cIOeovUbZ/drgr+Ahnoo3snwvmKz6O2hxh0QddgVhNzZwIQqLvWh89Gu\
    L8582J9i0UQFXwZa6gmmQzusA10jwDakCZh9sF4N8jz0x3b5lGXJR5+YQ4DZAgMBAAECgYBcgE2xUC5c\
    ECJ46k8btB7gPBEOYuObe3Oa8Mwm7dIDZyj5p7Tid7Z83nai7QEH2NwBI6b2q9+s1QZnOQNHDZ64jerc\
    LaMOSS5XwYfTjyQ7PtBqYTUvJ6s7VV87f25rVxoIOvrsqKYwYWFCMRpY0Xvml8TlJ1QWGHDkGBTinOiB\
    kQJBAMkgazjNgLwNgM5XcPOupy+Nfb3yBJ1bJcjT+ESco++70VMk2323Tr/UiKUmV5wyf+FlLrVMd5cd\
    Y7V9zg2h5xcCQQDFEDkzbeR2iv5RPQ3v3dX4xRgeYEEX76+7V6ULQNYhZbfwWUxO6nojeMwvgBlx7GKH\
    zEjg/GMtLJObELLNKs2PAkEAm0F5Q2nvfDr4OVBqktE5oY2ZiSzvvwCDVFm8hkpcikzzszj6bjs4gQBx\
    UvscGikpajaPLciPcIlxVMJ+cyuNlQJBAL+ZjoQajM9VRP/nxO07WxeNSm3+WEvVl58nEClo2MmQBM+D\
    g1YXVLm4cY6dlh/WHda7IQDfY+5AMSPLkI062LECQQDD+YPcyz6PCfz4SOo1jLy0/LBoe9/G2ZM1fizl\
    eUrYcRl/lWxmsMBJLhROWYumpWR1dtGZG4dTEec3ISDsXUgU";
const SHORT_PUBLIC: &str = "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQCa0rF6CVw2fZJGHjtMnqdZA4n3gBQS7YE0nrxKi6gj\
    UAbozsyFdODvenCDnqL1G2f3a4K/gIZ6KN7J8L5is+jtocYdEHXYFYTc2cCEKi71ofPRri/OfNifYtFE\
    BV8GWuoJpkM7rANdI8A2pAmYfbBeDfI89Md2+ZRlyUefmEOA2QIDAQAB";

/// `openssl dgst -sha256 -sign` over "message digest" with the key of `leaf.pem`.
const OPENSSL_SIGNATURE: &str = "GgBRN+LmRWhpuAEzxdqCF3KpDpsVPbDT6+XU7IVh2TIR8QI4uzqJxj3OhnB2qmowD1+kyMBJUQDoobQm\
    xEuuGaDNWYfmQ3wBShFCv+Elc2pVjn0pDNf9lldNDYeYSFCJXiMsREyS8tELYxGPqXqV1dXBKw/gzBf9\
    7mXG0Z4sYqta/NLwY4my9HVCZrEbWYU1fXdsAAQNJJuF2AIxJDCMJNXK4cA4eqUdbnyBf8Pzq8Z9aNOC\
    Os/5ERkFmh6gtLcajQdgzy0mFwuENbteIps4prQer5LEpnHLxBMMJIlfB8X4Cuuy2Whp8slc5Zfr24Pw\
    QOC61KfCwLKuBRrytLPDmg==";

fn pkcs8(key: &RsaPrivateKey) -> Vec<u8> {
    let pem = key.to_pem();
    pem::parse_one(pem.expose()).unwrap().der.expose().clone()
}

#[test]
fn private_keys_are_read_in_all_their_forms() {
    let pkcs8 = pkcs8(&KEY);
    let pkcs1 = &pkcs8[PKCS1_AT..];
    let check = |text: String| {
        let read = RsaPrivateKey::from_pem(&text).unwrap();
        assert_eq!(read.public_key(), KEY.public_key());
        assert_eq!(read.to_pem().expose(), KEY.to_pem().expose());
    };
    check(KEY.to_pem().expose().clone());
    check(pem::write("RSA PRIVATE KEY", pkcs1));
    check(STANDARD.encode(&pkcs8));
    check(STANDARD.encode(pkcs1));
}

#[test]
fn public_keys_are_read_in_all_their_forms() {
    let public = KEY.public_key();
    let spki = public.to_pem();
    let pkcs1 = KEY.0.pair.public_key().as_ref();
    let check = |text: String| assert_eq!(RsaPublicKey::from_pem(&text).unwrap(), public);
    check(spki.clone());
    check(pem::write("RSA PUBLIC KEY", pkcs1));
    let bare = spki.lines().filter(|line| !line.starts_with('-'));
    check(bare.collect());
    check(STANDARD.encode(pkcs1));
}

#[test]
fn private_keys_refused() {
    let short = STANDARD.decode(SHORT_PRIVATE).unwrap();
    let whole = pkcs8(&KEY);
    let sm2 = crate::Sm2PrivateKey::generate().to_pem();
    let p256 = rcgen::KeyPair::generate().unwrap();
    let check = |text: &str, expect: KeyError| {
        assert_eq!(RsaPrivateKey::from_pem(text).unwrap_err(), expect);
    };
    check("", KeyError::NotPem);
    check("not a key", KeyError::NotPem);
    check(&KEY.public_key().to_pem(), KeyError::WrongKind);
    check(&p256.serialize_pem(), KeyError::WrongKind);
    check(SHORT_PRIVATE, KeyError::TooShort);
    check(&pem::write("PRIVATE KEY", &short), KeyError::TooShort);
    check(&pem::write("RSA PRIVATE KEY", &short[PKCS1_AT..]), KeyError::TooShort);
    check(&STANDARD.encode(&short[PKCS1_AT..]), KeyError::TooShort);
    check("AAEC", KeyError::Malformed);
    check(sm2.expose(), KeyError::Malformed);
    check(&pem::write("PRIVATE KEY", &whole[..whole.len() - 1]), KeyError::Malformed);
}

#[test]
fn public_keys_refused() {
    let check = |text: &str, expect: KeyError| {
        assert_eq!(RsaPublicKey::from_pem(text).unwrap_err(), expect);
    };
    check("", KeyError::NotPem);
    check(KEY.to_pem().expose(), KeyError::WrongKind);
    check(include_str!("../../tests/data/leaf.pem"), KeyError::WrongKind);
    check(SHORT_PUBLIC, KeyError::TooShort);
    check("AAEC", KeyError::Malformed);
    let sm2 = crate::Sm2PrivateKey::generate().public_key().to_pem();
    assert!(RsaPublicKey::from_pem(&sm2).is_err());
}

#[test]
fn openssl_signature_is_believed() {
    let leaf = Certificate::from_pem(include_str!("../../tests/data/leaf.pem")).unwrap();
    let key = leaf.public_key().unwrap();
    let signature = STANDARD.decode(OPENSSL_SIGNATURE).unwrap();
    assert_eq!(key.verify_sha256(b"message digest", &signature), Ok(()));
    assert_eq!(key.verify_sha256(b"message digesT", &signature), Err(BadSignature));
    assert_eq!(KEY.public_key().verify_sha256(b"message digest", &signature), Err(BadSignature));
}

#[test]
fn oaep_is_bounded_and_for_one_key() {
    let public = KEY.public_key();
    assert!(public.encrypt_oaep_sha1(&[1; 214]).is_ok());
    assert_eq!(public.encrypt_oaep_sha1(&[1; 215]), Err(OaepError::TooLong));
    let other = RsaPrivateKey::generate();
    let cipher = public.encrypt_oaep_sha1("张三".as_bytes()).unwrap();
    assert_eq!(other.decrypt_oaep_sha1(&cipher).unwrap_err(), OaepError::NotOurs);
    assert_eq!(KEY.decrypt_oaep_sha1(&[]).unwrap_err(), OaepError::NotOurs);
}

#[test]
fn debug_tells_no_key() {
    let pem = KEY.to_pem();
    assert_eq!(format!("{:?}", *KEY), "RsaPrivateKey(..)");
    assert_eq!(format!("{pem:?}"), "Secret(..)");
    let public = format!("{:?}", KEY.public_key());
    assert_eq!(public, format!("RsaPublicKey({})", KEY.public_key().fingerprint()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn signatures_are_believed_unless_changed(message: Vec<u8>, byte in 0usize..256, bit in 0u8..8) {
        let mut signature = KEY.sign_sha256(&message);
        let public = KEY.public_key();
        prop_assert_eq!(signature.len(), 256);
        prop_assert_eq!(public.verify_sha256(&message, &signature), Ok(()));
        prop_assert_eq!(public.verify_sha256(&message, &signature[1..]), Err(BadSignature));
        signature[byte] ^= 1 << bit;
        prop_assert_eq!(public.verify_sha256(&message, &signature), Err(BadSignature));
    }

    #[test]
    fn encrypted_fields_are_read(plain in prop::collection::vec(0u8.., 0..=214)) {
        let cipher = KEY.public_key().encrypt_oaep_sha1(&plain).unwrap();
        let read = KEY.decrypt_oaep_sha1(&cipher).unwrap();
        prop_assert_eq!(read.expose(), &plain);
    }
}
