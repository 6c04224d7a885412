//! Merchant accounts at Alipay: applications with the keys of both sides.

use crypto::RsaPrivateKey;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::config::ConfigError;
use crate::core::Authority;

/// All applications that the gateway knows.
#[derive(Debug, Clone)]
pub struct AlipayConfig {
    pub apps: Vec<AlipayApp>,
}

/// One application, with the keys of both sides.
#[derive(Debug, Clone)]
pub struct AlipayApp {
    pub app_id: String,
    /// The seller's account, 2088 and twelve digits.
    pub seller_id: String,
    /// Signs the merchant's requests. The gateway uses only its public half.
    pub merchant_key: RsaPrivateKey,
    /// Signs answers and notices.
    pub channel_key: RsaPrivateKey,
    pub trust: AlipayTrust,
}

/// How both sides know each other's keys.
#[derive(Debug, Clone)]
pub enum AlipayTrust {
    /// Public keys, exchanged by hand.
    Keys,
    /// Certificates, named in each message by a digest of issuer and serial number.
    Certificates(Box<AlipayCertificates>),
}

/// The certificates of one application, and the names by which messages refer to them.
#[derive(Debug, Clone)]
pub struct AlipayCertificates {
    pub app_pem: String,
    pub alipay_pem: String,
    pub root_pem: String,
    pub app_cert_sn: String,
    pub alipay_cert_sn: String,
    pub alipay_root_cert_sn: String,
}

impl AlipayConfig {
    /// Two demo applications with fresh keys: `9021000000000001` trusts by public keys,
    /// `9021000000000002` by certificates.
    pub(crate) fn generate(now: Timestamp) -> Result<Self, ConfigError> {
        let keys = AlipayApp {
            app_id: "9021000000000001".to_owned(),
            seller_id: "2088100000000010".to_owned(),
            merchant_key: RsaPrivateKey::generate(),
            channel_key: RsaPrivateKey::generate(),
            trust: AlipayTrust::Keys,
        };
        let mut certificates = AlipayApp {
            app_id: "9021000000000002".to_owned(),
            seller_id: "2088100000000020".to_owned(),
            merchant_key: RsaPrivateKey::generate(),
            channel_key: RsaPrivateKey::generate(),
            trust: AlipayTrust::Keys,
        };
        let issued = AlipayCertificates::issue(&certificates, now)?;
        certificates.trust = AlipayTrust::Certificates(Box::new(issued));
        Ok(Self { apps: vec![keys, certificates] })
    }

    /// What a merchant's connector is given, one object per application, by its mode.
    pub(crate) fn coordinates(&self, base_url: &str) -> Value {
        let mut value = json!({
            "gateway": format!("{base_url}/gateway.do"),
            "authorize_url": format!("{base_url}{}", super::AUTHORIZE_PATH),
        });
        for app in &self.apps {
            let (mode, account) = app.coordinates();
            if let Some(object) = value.as_object_mut() {
                object.insert(mode.to_owned(), account);
            }
        }
        value
    }

    pub(super) fn app(&self, app_id: &str) -> Option<&AlipayApp> {
        self.apps.iter().find(|app| app.app_id == app_id)
    }
}

impl AlipayApp {
    fn coordinates(&self) -> (&'static str, Value) {
        let mut account = json!({
            "app_id": self.app_id,
            "seller_id": self.seller_id,
            "app_private_key_pem": self.merchant_key.to_pem().expose(),
            "alipay_public_key_pem": self.channel_key.public_key().to_pem(),
        });
        match &self.trust {
            AlipayTrust::Keys => ("keys", account),
            AlipayTrust::Certificates(certificates) => {
                if let Some(object) = account.as_object_mut() {
                    object.insert("app_cert_pem".to_owned(), json!(certificates.app_pem));
                    object.insert("alipay_cert_pem".to_owned(), json!(certificates.alipay_pem));
                    object.insert("alipay_root_cert_pem".to_owned(), json!(certificates.root_pem));
                }
                ("certificates", account)
            }
        }
    }

    pub(super) fn certificates(&self) -> Option<&AlipayCertificates> {
        match &self.trust {
            AlipayTrust::Keys => None,
            AlipayTrust::Certificates(certificates) => Some(certificates),
        }
    }
}

impl AlipayCertificates {
    fn issue(app: &AlipayApp, now: Timestamp) -> Result<Self, ConfigError> {
        let root = Authority::new("Sandbox Alipay Root", &RsaPrivateKey::generate(), now)?;
        let app_pem = root.issue(&app.app_id, &app.merchant_key, now)?;
        let alipay_pem = root.issue("Sandbox Alipay", &app.channel_key, now)?;
        let root_pem = root.pem().to_owned();
        Ok(Self {
            app_cert_sn: cert_sn(&app_pem)?,
            alipay_cert_sn: cert_sn(&alipay_pem)?,
            alipay_root_cert_sn: crypto::alipay_root_cert_sn(&root_pem)
                .or(Err(ConfigError::Certificate))?,
            app_pem,
            alipay_pem,
            root_pem,
        })
    }
}

fn cert_sn(pem: &str) -> Result<String, ConfigError> {
    let certificate = crypto::Certificate::from_pem(pem).or(Err(ConfigError::Certificate))?;
    Ok(certificate.alipay_cert_sn())
}
