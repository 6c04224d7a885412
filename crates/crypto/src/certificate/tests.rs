//! Tests of certificates: OpenSSL's own reading of four fixed ones as the judge, rcgen's for the rest.

use super::*;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, PKCS_RSA_SHA256,
    SerialNumber,
};

use crate::RsaPrivateKey;

const LEAF: &str = include_str!("../../tests/data/leaf.pem");
const ROOT: &str = include_str!("../../tests/data/root.pem");
const ODD_ISSUER: &str = include_str!("../../tests/data/odd_issuer.pem");
/// SM2, the root above, P-256, RSA over SHA-1: in this order.
const ROOTS: &str = include_str!("../../tests/data/roots.pem");

/// What `openssl x509 -issuer -serial -nameopt rfc2253,-esc_msb,utf8` prints, and `md5sum` of it.
struct Openssl {
    issuer: &'static str,
    serial_hex: &'static str,
    serial_decimal: &'static str,
    alipay_sn: &'static str,
}

#[test]
fn openssl_reads_the_same() {
    let check = |pem: &str, expect: &Openssl| {
        let certificate = Certificate::from_pem(pem).unwrap();
        assert_eq!(certificate.issuer_dn(), expect.issuer);
        assert_eq!(certificate.serial_hex_upper(), expect.serial_hex);
        assert_eq!(certificate.serial_decimal(), expect.serial_decimal);
        assert_eq!(certificate.alipay_cert_sn(), expect.alipay_sn);
    };
    check(
        ROOT,
        &Openssl {
            issuer: "CN=Suanpan Test Root R1,OU=Certification Authority,O=Suanpan Test,C=CN",
            serial_hex: "F1E2D3C4B5A69788796A5B4C3D2E1F01",
            serial_decimal: "321521701247558003770699513734837968641",
            alipay_sn: "0a0f07000ce1e1d09ca375c37cf50b18",
        },
    );
    check(
        LEAF,
        &Openssl {
            issuer: "CN=Suanpan Test Root R1,OU=Certification Authority,O=Suanpan Test,C=CN",
            serial_hex: "0A1B2C3D4E5F",
            serial_decimal: "11111822610015",
            alipay_sn: "2d7bedae03c924b08b0df4d12d68f426",
        },
    );
    check(
        ODD_ISSUER,
        &Openssl {
            issuer: r##"CN=\#hash,OU=\ two  spaces\ ,O=A\, B \"C\" \<D\>\;E\+F\\G,L=Pudong,ST=上海,C=CN"##,
            serial_hex: "07",
            serial_decimal: "7",
            alipay_sn: "5b5d994bb27747e6fe9425a3ceea26d8",
        },
    );
}

#[test]
fn root_serials_of_rsa_only_in_bundle_order() {
    assert_eq!(
        alipay_root_cert_sn(ROOTS).unwrap(),
        "0a0f07000ce1e1d09ca375c37cf50b18_8fad44c4ce44073b3a1a7282ded75916"
    );
    let sm2_only = Certificate::from_pem(ROOTS).unwrap().to_pem();
    assert_eq!(alipay_root_cert_sn(&sm2_only), Err(CertificateError::NoRsaRoot));
}

#[test]
fn validity_includes_both_ends() {
    let root = Certificate::from_pem(ROOT).unwrap();
    assert_eq!((root.not_before(), root.not_after()), (1_795_214_439, 4_948_814_439));
    let check = |now: i64, expect: bool| assert_eq!(root.is_valid_at(now), expect, "{now}");
    check(1_795_214_438, false);
    check(1_795_214_439, true);
    check(4_948_814_439, true);
    check(4_948_814_440, false);
}

#[test]
fn refused() {
    let check = |text: &str, expect: CertificateError| {
        assert_eq!(Certificate::from_pem(text), Err(expect));
    };
    let mut der = Certificate::from_pem(LEAF).unwrap().der;
    check("-----BEGIN CERTIFICATE-----", CertificateError::NotPem);
    check("", CertificateError::Missing);
    check(&RsaPrivateKey::generate().public_key().to_pem(), CertificateError::Missing);
    check(&pem::write("CERTIFICATE", b"x"), CertificateError::Malformed);
    check(&pem::write("CERTIFICATE", &der[..der.len() - 1]), CertificateError::Malformed);
    der.push(0);
    check(&pem::write("CERTIFICATE", &der), CertificateError::Malformed);
}

#[test]
fn the_chain_is_checked() {
    let leaf = Certificate::from_pem(LEAF).unwrap();
    let root = Certificate::from_pem(ROOT).unwrap();
    assert_eq!(leaf.subject_common_name(), Some("00040000:SIGN"));
    let bundle = Certificate::bundle_from_pem(ROOTS).unwrap();
    let check = |subject: &Certificate, issuer: &Certificate, expect: bool| {
        assert_eq!(subject.is_signed_by(issuer), expect);
    };
    check(&leaf, &root, true);
    check(&root, &root, true);
    check(&leaf, &leaf, false);
    check(&root, &leaf, false);
    // Not RSA, and RSA over SHA-1: signed well, but not in a way that is believed.
    check(&bundle[0], &bundle[0], false);
    check(&bundle[2], &bundle[2], false);
    check(&bundle[3], &bundle[3], false);
    // Any bit of the signature.
    let mut forged = leaf.clone();
    forged.signature[17] ^= 1;
    check(&forged, &root, false);
    let mut forged = leaf;
    forged.signed_part[40] ^= 1;
    check(&forged, &root, false);
}

fn rsa_key() -> KeyPair {
    let key = RsaPrivateKey::generate();
    KeyPair::from_pem_and_sign_algo(key.to_pem().expose(), &PKCS_RSA_SHA256).unwrap()
}

fn params(name: &str, serial: Vec<u8>) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CountryName, "CN");
    params.distinguished_name.push(DnType::CommonName, name);
    params.serial_number = Some(SerialNumber::from(serial));
    params
}

/// One who bears the authority's name but not its key, or holds an ordinary certificate, signs in
/// vain.
#[test]
fn impostors_are_not_believed() {
    let authority = |name: &str, is_ca: IsCa| {
        let mut params = params(name, vec![1]);
        params.is_ca = is_ca;
        CertifiedIssuer::self_signed(params, rsa_key()).unwrap()
    };
    let ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let true_root = authority("root", ca);
    let false_root = authority("root", ca);
    let ordinary = authority("root", IsCa::ExplicitNoCa);
    let ours = |pem: String| Certificate::from_pem(&pem).unwrap();
    let leaf_key = rsa_key();
    let signed = params("leaf", vec![0x80, 0, 0xAB]).signed_by(&leaf_key, &true_root);
    let leaf = ours(signed.unwrap().pem());
    assert_eq!(leaf.issuer_dn(), "CN=root,C=CN");
    assert_eq!(leaf.serial_hex_upper(), "8000AB");
    assert_eq!(leaf.serial_decimal(), "8388779");
    assert!(leaf.is_signed_by(&ours(true_root.pem())));
    assert!(!leaf.is_signed_by(&ours(false_root.pem())));
    let signed = params("leaf", vec![2]).signed_by(&leaf_key, &ordinary);
    let leaf = ours(signed.unwrap().pem());
    assert!(!leaf.is_signed_by(&ours(ordinary.pem())));
}

#[test]
fn certificates_survive_pem() {
    for certificate in Certificate::bundle_from_pem(ROOTS).unwrap() {
        assert_eq!(Certificate::from_pem(&certificate.to_pem()).unwrap(), certificate);
    }
}

/// The numeric form of a type that RFC 2253 has no short name for: an e-mail address.
#[test]
fn unnamed_attributes_are_numbers() {
    let mut params = params("root", vec![1]);
    let email = DnType::CustomDnType(vec![1, 2, 840, 113_549, 1, 9, 1]);
    params.distinguished_name.push(email, "a@b");
    let key = rcgen::KeyPair::generate().unwrap();
    let pem = params.self_signed(&key).unwrap().pem();
    assert_eq!(
        Certificate::from_pem(&pem).unwrap().issuer_dn(),
        "1.2.840.113549.1.9.1=#0c03614062,CN=root,C=CN"
    );
}

#[test]
fn debug_is_its_name() {
    assert_eq!(
        format!("{:?}", Certificate::from_pem(LEAF).unwrap()),
        "Certificate(0A1B2C3D4E5F of \"CN=Suanpan Test Root R1,OU=Certification Authority,\
         O=Suanpan Test,C=CN\")"
    );
}
