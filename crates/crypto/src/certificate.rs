//! X.509 certificates as the channels use them: their serials as names, their issuers as text, their
//! keys to verify with.

use std::fmt;

use x509_parser::asn1_rs::{ToDer as _, oid};
use x509_parser::prelude::{FromDer as _, X509Certificate};
use x509_parser::x509::{AttributeTypeAndValue, RelativeDistinguishedName, X509Name};

use crate::digest::md5_hex;
use crate::{KeyError, RsaPublicKey, Sm2PublicKey, pem};

/// Alipay's root bundle holds four, UnionPay's chain three.
const BUNDLE_MAX: usize = 64;

/// PKCS #1 (RFC 8017): all RSA signature algorithms start with it.
const PKCS1: &str = "1.2.840.113549.1.1.";
const SHA256_WITH_RSA: &str = "1.2.840.113549.1.1.11";

/// Why a certificate was refused, in order of precedence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    #[error("the certificate is not PEM")]
    NotPem,
    #[error("no certificate is in the text")]
    Missing,
    #[error("the certificate is malformed")]
    Malformed,
    #[error("no certificate of the bundle is signed by RSA")]
    NoRsaRoot,
}

impl CertificateError {
    /// For configuration errors and logs; never changes.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotPem => "certificate_not_pem",
            Self::Missing => "certificate_missing",
            Self::Malformed => "certificate_malformed",
            Self::NoRsaRoot => "certificate_no_rsa_root",
        }
    }
}

/// One certificate, taken apart once. It says who and until when; whether to believe it is
/// [`Certificate::is_signed_by`] and [`Certificate::is_valid_at`].
#[derive(Clone, PartialEq, Eq)]
pub struct Certificate {
    der: Vec<u8>,
    serial: Vec<u8>,
    serial_decimal: String,
    issuer_der: Vec<u8>,
    issuer_dn: String,
    subject_der: Vec<u8>,
    subject_common_name: Option<String>,
    not_before: i64,
    not_after: i64,
    is_ca: bool,
    spki: Vec<u8>,
    signed_part: Vec<u8>,
    signature_algorithm: String,
    signature: Vec<u8>,
}

impl Certificate {
    /// The first certificate of a PEM text.
    ///
    /// # Errors
    /// [`CertificateError`], in its order.
    pub fn from_pem(text: &str) -> Result<Self, CertificateError> {
        let first = Self::bundle_from_pem(text)?.into_iter().next();
        first.ok_or(CertificateError::Missing)
    }

    /// All certificates of a PEM text, in its order; blocks of other kinds are passed over.
    ///
    /// # Errors
    /// [`CertificateError`], in its order.
    pub fn bundle_from_pem(text: &str) -> Result<Vec<Self>, CertificateError> {
        let blocks = pem::parse_all(text, BUNDLE_MAX).or(Err(CertificateError::NotPem))?;
        let ours = blocks.iter().filter(|block| block.label == "CERTIFICATE");
        let parsed: Result<Vec<_>, _> = ours.map(|b| Self::from_der(b.der.expose())).collect();
        match parsed? {
            none if none.is_empty() => Err(CertificateError::Missing),
            some => Ok(some),
        }
    }

    /// # Errors
    /// [`CertificateError::Malformed`], also for trailing bytes.
    pub fn from_der(der: &[u8]) -> Result<Self, CertificateError> {
        let parsed = X509Certificate::from_der(der);
        let (rest, x509) = parsed.or(Err(CertificateError::Malformed))?;
        // A serial is positive (RFC 5280, 4.1.2.2); the two readings of a negative one would give
        // one certificate two names.
        let serial = x509.raw_serial();
        let negative = serial.first().is_none_or(|first| *first >= 0x80);
        if !rest.is_empty() || negative {
            return Err(CertificateError::Malformed);
        }
        let common_name = x509.subject().iter_common_name().next();
        Ok(Self {
            der: der.to_vec(),
            serial: serial.to_vec(),
            serial_decimal: x509.tbs_certificate.serial.to_string(),
            issuer_der: x509.issuer().as_raw().to_vec(),
            issuer_dn: rfc_2253(x509.issuer()),
            subject_der: x509.subject().as_raw().to_vec(),
            subject_common_name: common_name.and_then(|n| n.as_str().ok().map(str::to_owned)),
            not_before: x509.validity().not_before.timestamp(),
            not_after: x509.validity().not_after.timestamp(),
            is_ca: x509.is_ca(),
            spki: x509.public_key().raw.to_vec(),
            signed_part: x509.tbs_certificate.as_ref().to_vec(),
            signature_algorithm: x509.signature_algorithm.algorithm.to_id_string(),
            signature: x509.signature_value.data.to_vec(),
        })
    }

    #[must_use]
    pub fn to_pem(&self) -> String {
        pem::write("CERTIFICATE", &self.der)
    }

    /// UnionPay's `certId`.
    #[must_use]
    pub fn serial_decimal(&self) -> &str {
        &self.serial_decimal
    }

    /// WeChat Pay's `serial_no`: upper-case hexadecimal of whole bytes, as `openssl x509 -serial`
    /// prints it.
    #[must_use]
    pub fn serial_hex_upper(&self) -> String {
        let sign_byte = usize::from(self.serial.len() > 1 && self.serial.first() == Some(&0));
        hex::encode_upper(self.serial.get(sign_byte..).unwrap_or_default())
    }

    /// Unix seconds.
    #[must_use]
    pub const fn not_before(&self) -> i64 {
        self.not_before
    }

    /// Unix seconds; the certificate is still good in this very second.
    #[must_use]
    pub const fn not_after(&self) -> i64 {
        self.not_after
    }

    #[must_use]
    pub const fn is_valid_at(&self, now_unix_s: i64) -> bool {
        self.not_before <= now_unix_s && now_unix_s <= self.not_after
    }

    /// RFC 2253, most specific part first: `CN=..,OU=..,O=..,C=..`.
    #[must_use]
    pub fn issuer_dn(&self) -> &str {
        &self.issuer_dn
    }

    /// UnionPay's answers are believed for one common name only.
    #[must_use]
    pub fn subject_common_name(&self) -> Option<&str> {
        self.subject_common_name.as_deref()
    }

    /// Alipay's `app_cert_sn` and `alipay_cert_sn`: MD5 of the issuer and the decimal serial.
    #[must_use]
    pub fn alipay_cert_sn(&self) -> String {
        md5_hex(format!("{}{}", self.issuer_dn, self.serial_decimal).as_bytes())
    }

    /// # Errors
    /// [`KeyError`] when its key is not RSA or too short.
    pub fn public_key(&self) -> Result<RsaPublicKey, KeyError> {
        RsaPublicKey::from_der(&self.spki)
    }

    /// # Errors
    /// [`KeyError::Malformed`] when its key is not SM2.
    pub fn sm2_public_key(&self) -> Result<Sm2PublicKey, KeyError> {
        Sm2PublicKey::from_der(&self.spki)
    }

    /// Whether `issuer` is an authority, bears the issuer's name and made the signature (SHA-256
    /// with RSA; no other is believed). Validity is the caller's question: it needs the time.
    #[must_use]
    pub fn is_signed_by(&self, issuer: &Self) -> bool {
        let named = self.issuer_der == issuer.subject_der && issuer.is_ca;
        if !named || self.signature_algorithm != SHA256_WITH_RSA {
            return false;
        }
        let key = issuer.public_key();
        key.is_ok_and(|key| key.verify_sha256(&self.signed_part, &self.signature).is_ok())
    }
}

/// The name of it only: its bytes would drown a log line.
impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let serial = self.serial_hex_upper();
        write!(f, "Certificate({serial} of {:?})", self.issuer_dn)
    }
}

/// Alipay's `alipay_root_cert_sn`: the serial names of the root bundle's certificates that are signed
/// by RSA (the bundle holds SM2 and ECC ones too), joined by `_` in the bundle's order.
///
/// # Errors
/// [`CertificateError`], in its order.
pub fn alipay_root_cert_sn(bundle: &str) -> Result<String, CertificateError> {
    let bundle = Certificate::bundle_from_pem(bundle)?;
    let rsa =
        bundle.iter().filter(|certificate| certificate.signature_algorithm.starts_with(PKCS1));
    let names: Vec<String> = rsa.map(Certificate::alipay_cert_sn).collect();
    if names.is_empty() {
        return Err(CertificateError::NoRsaRoot);
    }
    Ok(names.join("_"))
}

fn rfc_2253(name: &X509Name<'_>) -> String {
    let mut parts: Vec<String> = name.iter_rdn().map(relative_name).collect();
    parts.reverse();
    parts.join(",")
}

fn relative_name(name: &RelativeDistinguishedName<'_>) -> String {
    let parts: Vec<String> = name.iter().map(attribute).collect();
    parts.join("+")
}

/// RFC 2253, 2.3 and 2.4: types without a short name, and values that are no text, are written as
/// numbers.
fn attribute(part: &AttributeTypeAndValue<'_>) -> String {
    match (keyword(part), part.as_str()) {
        (Some(keyword), Ok(text)) => format!("{keyword}={}", escaped(text)),
        (Some(keyword), Err(_)) => format!("{keyword}=#{}", value_hex(part)),
        (None, _) => format!("{}=#{}", part.attr_type().to_id_string(), value_hex(part)),
    }
}

/// RFC 2253, 2.3: the table of short names; it has no others.
fn keyword(part: &AttributeTypeAndValue<'_>) -> Option<&'static str> {
    let table = [
        (oid!(2.5.4.3), "CN"),
        (oid!(2.5.4.7), "L"),
        (oid!(2.5.4.8), "ST"),
        (oid!(2.5.4.10), "O"),
        (oid!(2.5.4.11), "OU"),
        (oid!(2.5.4.6), "C"),
        (oid!(2.5.4.9), "STREET"),
        (oid!(0.9.2342.19200300.100.1.25), "DC"),
        (oid!(0.9.2342.19200300.100.1.1), "UID"),
    ];
    let found = table.iter().find(|(oid, _)| oid == part.attr_type());
    found.map(|(_, keyword)| *keyword)
}

fn value_hex(part: &AttributeTypeAndValue<'_>) -> String {
    hex::encode(part.attr_value().to_der_vec().unwrap_or_default())
}

fn escaped(text: &str) -> String {
    let last = text.chars().count().saturating_sub(1);
    let mut out = String::with_capacity(text.len());
    for (at, character) in text.chars().enumerate() {
        let special = matches!(character, ',' | '+' | '"' | '\\' | '<' | '>' | ';');
        let at_edge =
            (character == ' ' && (at == 0 || at == last)) || (character == '#' && at == 0);
        if special || at_edge {
            out.push('\\');
        }
        out.push(character);
    }
    out
}

#[cfg(test)]
mod tests;
