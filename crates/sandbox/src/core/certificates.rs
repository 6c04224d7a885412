//! A certificate authority for the sandbox's own channels.

use crypto::RsaPrivateKey;
use jiff::Timestamp;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair,
    PKCS_RSA_SHA256, SerialNumber,
};

use crate::config::ConfigError;

const VALID_DAYS: i64 = 3650;
const SECONDS_PER_DAY: i64 = 86_400;
const SERIAL_BYTES: usize = 16;

/// Issues certificates over keys of the sandbox; RSA throughout, as the channels' own.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    pub(crate) fn new(
        name: &str,
        key: &RsaPrivateKey,
        now: Timestamp,
    ) -> Result<Self, ConfigError> {
        let params = authority_params(name, now)?;
        let pair = pair(key)?;
        let pem = params.self_signed(&pair).or(Err(ConfigError::Certificate))?.pem();
        Ok(Self { issuer: Issuer::new(params, pair), pem })
    }

    /// An authority below this one.
    pub(crate) fn delegate(
        &self,
        name: &str,
        key: &RsaPrivateKey,
        now: Timestamp,
    ) -> Result<Self, ConfigError> {
        let params = authority_params(name, now)?;
        let pair = pair(key)?;
        let issued = params.signed_by(&pair, &self.issuer);
        let pem = issued.or(Err(ConfigError::Certificate))?.pem();
        Ok(Self { issuer: Issuer::new(params, pair), pem })
    }

    /// The authority's own certificate.
    pub(crate) fn pem(&self) -> &str {
        &self.pem
    }

    /// A certificate over the public half of `key`, in PEM.
    pub(crate) fn issue(
        &self,
        name: &str,
        key: &RsaPrivateKey,
        now: Timestamp,
    ) -> Result<String, ConfigError> {
        let issued = params(name, now)?.signed_by(&pair(key)?, &self.issuer);
        Ok(issued.or(Err(ConfigError::Certificate))?.pem())
    }
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authority").finish_non_exhaustive()
    }
}

fn pair(key: &RsaPrivateKey) -> Result<KeyPair, ConfigError> {
    KeyPair::from_pkcs8_pem_and_sign_algo(key.to_pem().expose(), &PKCS_RSA_SHA256)
        .or(Err(ConfigError::Key))
}

fn authority_params(name: &str, now: Timestamp) -> Result<CertificateParams, ConfigError> {
    let mut params = params(name, now)?;
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    Ok(params)
}

fn params(name: &str, now: Timestamp) -> Result<CertificateParams, ConfigError> {
    let mut params = CertificateParams::default();
    let mut subject = DistinguishedName::new();
    subject.push(DnType::CountryName, "CN");
    subject.push(DnType::OrganizationName, "Suanpan Sandbox");
    subject.push(DnType::OrganizationalUnitName, "Channels");
    subject.push(DnType::CommonName, name);
    params.distinguished_name = subject;
    let mut serial = crypto::random::random_bytes::<SERIAL_BYTES>();
    // RFC 5280, 4.1.2.2: a serial number is positive.
    if let Some(first) = serial.first_mut() {
        *first = (*first & 0x7f) | 0x40;
    }
    params.serial_number = Some(SerialNumber::from_slice(&serial));
    let day = |days: i64| {
        let second = now.as_second().saturating_add(days * SECONDS_PER_DAY);
        time::OffsetDateTime::from_unix_timestamp(second).or(Err(ConfigError::Certificate))
    };
    params.not_before = day(-1)?;
    params.not_after = day(VALID_DAYS)?;
    Ok(params)
}
