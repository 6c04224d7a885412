//! Tests of SM2: the standard's example and OpenSSL's signature as judges, forms, refusals.

use super::*;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;

use crate::Certificate;

/// GB/T 32918.5-2017, annex A.2.
const EXAMPLE_D: &str = "3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8";
const EXAMPLE_X: &str = "09f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020";
const EXAMPLE_Y: &str = "ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13";
const EXAMPLE_R: &str = "f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3";
const EXAMPLE_S: &str = "b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa";
const EXAMPLE_MESSAGE: &[u8] = b"message digest";

/// `openssl pkeyutl -sign -rawin -digest sm3 -pkeyopt distid:1234567812345678` over "message
/// digest" with the key of the SM2 certificate in `roots.pem`.
const OPENSSL_SIGNATURE_DER: &str = "MEQCIEeDJ3GuHWLwp7AnFo6qkdwl1+y3NsDFEFL8Wcxy45b/AiBBDODNbE6uF+/92Fe53z3LZRnBRxVs\
    GLULMizjhLzwmA==";

fn example() -> Sm2PrivateKey {
    Sm2PrivateKey::from_hex(&Secret::new(EXAMPLE_D.to_owned())).unwrap()
}

#[test]
fn the_example_of_the_standard() {
    let key = example();
    let public = key.public_key();
    assert_eq!(public.to_hex(), format!("04{EXAMPLE_X}{EXAMPLE_Y}"));
    let signature = hex::decode(format!("{EXAMPLE_R}{EXAMPLE_S}")).unwrap();
    assert_eq!(public.verify(EXAMPLE_MESSAGE, &signature), Ok(()));
    assert_eq!(public.verify(b"message digesT", &signature), Err(BadSignature));
    assert_eq!(public.verify_der(EXAMPLE_MESSAGE, &signature), Err(BadSignature));
}

#[test]
fn openssl_signature_is_believed() {
    let bundle = include_str!("../../tests/data/roots.pem");
    let key = Certificate::from_pem(bundle).unwrap().sm2_public_key().unwrap();
    let signature = STANDARD.decode(OPENSSL_SIGNATURE_DER).unwrap();
    assert_eq!(key.verify_der(EXAMPLE_MESSAGE, &signature), Ok(()));
    assert_eq!(key.verify_der(b"another", &signature), Err(BadSignature));
    assert_eq!(key.verify(EXAMPLE_MESSAGE, &signature), Err(BadSignature));
}

#[test]
fn keys_are_read_in_all_their_forms() {
    let key = example();
    let public = key.public_key();
    let sec1 = key.0.0.to_sec1_der().unwrap();
    let bare = |pem: &str| pem.lines().filter(|l| !l.starts_with('-')).collect::<String>();
    let private = |read: Result<Sm2PrivateKey, KeyError>| {
        assert_eq!(read.unwrap().to_hex().expose(), EXAMPLE_D);
    };
    private(Sm2PrivateKey::from_pem(key.to_pem().expose()));
    private(Sm2PrivateKey::from_pem(&bare(key.to_pem().expose())));
    private(Sm2PrivateKey::from_pem(&pem::write("EC PRIVATE KEY", &sec1)));
    private(Sm2PrivateKey::from_hex(&Secret::new(EXAMPLE_D.to_uppercase())));
    let check = |read: Result<Sm2PublicKey, KeyError>| assert_eq!(read.unwrap(), public);
    check(Sm2PublicKey::from_pem(&public.to_pem()));
    check(Sm2PublicKey::from_pem(&bare(&public.to_pem())));
    check(Sm2PublicKey::from_hex(&public.to_hex()));
    check(Sm2PublicKey::from_hex(&format!("{EXAMPLE_X}{EXAMPLE_Y}")));
}

#[test]
fn keys_refused() {
    let private = |text: &str, expect: KeyError| {
        assert_eq!(Sm2PrivateKey::from_pem(text).unwrap_err(), expect);
    };
    private("", KeyError::NotPem);
    private(&example().public_key().to_pem(), KeyError::WrongKind);
    private("AAEC", KeyError::Malformed);
    let number = |text: String| {
        let refused = Sm2PrivateKey::from_hex(&Secret::new(text));
        assert_eq!(refused.unwrap_err(), KeyError::Malformed);
    };
    number(String::new());
    number("0".repeat(64));
    number("f".repeat(64));
    number("1".repeat(62));
    number("g".repeat(64));
    let point = |text: String| {
        assert_eq!(Sm2PublicKey::from_hex(&text).unwrap_err(), KeyError::Malformed);
    };
    point(String::new());
    point(format!("{EXAMPLE_X}{EXAMPLE_X}"));
    point(format!("02{EXAMPLE_X}"));
    point("0".repeat(128));
    let public = |text: &str, expect: KeyError| {
        assert_eq!(Sm2PublicKey::from_pem(text).unwrap_err(), expect);
    };
    public("", KeyError::NotPem);
    public(example().to_pem().expose(), KeyError::WrongKind);
    public("AAEC", KeyError::Malformed);
    let leaf = Certificate::from_pem(include_str!("../../tests/data/leaf.pem")).unwrap();
    assert_eq!(leaf.sm2_public_key().unwrap_err(), KeyError::Malformed);
}

#[test]
fn debug_tells_no_key() {
    assert_eq!(format!("{:?}", example()), "Sm2PrivateKey(..)");
    assert_eq!(format!("{:?}", example().to_hex()), "Secret(..)");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn signatures_are_believed_unless_changed(
        message: Vec<u8>,
        byte in 0..SM2_SIGNATURE_BYTES,
        bit in 0u8..8,
    ) {
        let key = Sm2PrivateKey::generate();
        let public = key.public_key();
        let mut signature = key.sign(&message);
        prop_assert_eq!(public.verify(&message, &signature), Ok(()));
        prop_assert_eq!(public.verify_der(&message, &key.sign_der(&message)), Ok(()));
        prop_assert_eq!(example().public_key().verify(&message, &signature), Err(BadSignature));
        prop_assert_eq!(public.verify(&message, &signature[1..]), Err(BadSignature));
        signature[byte] ^= 1 << bit;
        prop_assert_eq!(public.verify(&message, &signature), Err(BadSignature));
    }
}
