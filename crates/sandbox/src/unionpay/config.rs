//! Merchants at UnionPay's gateway, and the gateway's own certificates.

use crypto::RsaPrivateKey;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::config::ConfigError;
use crate::core::Authority;

/// The common name of the certificate that signs at UnionPay's test system.
const CHANNEL_NAME: &str = "00040000:SIGN";

/// All merchants that the gateway knows.
#[derive(Debug, Clone)]
pub struct UnionpayConfig {
    pub merchants: Vec<UnionpayMerchant>,
    pub gateway: UnionpayGateway,
}

/// One merchant, with the keys of his side.
#[derive(Debug, Clone)]
pub struct UnionpayMerchant {
    /// 15 digits.
    pub mer_id: String,
    /// Signs the merchant's requests. The gateway uses only its public half.
    pub key: RsaPrivateKey,
    pub cert_pem: String,
    /// The certificate's decimal serial.
    pub cert_id: String,
    /// His messages come from an acquirer (`accessType` 1).
    pub acq_ins_code: Option<String>,
}

/// The keys and certificates of the gateway's side.
#[derive(Debug, Clone)]
pub struct UnionpayGateway {
    /// Signs answers and notices.
    pub key: RsaPrivateKey,
    pub cert_pem: String,
    pub cert_id: String,
    pub middle_pem: String,
    pub root_pem: String,
}

impl UnionpayConfig {
    /// Two demo merchants with fresh keys: `777290000000101` for himself, `777290000000102` through
    /// an acquirer.
    pub(crate) fn generate(now: Timestamp) -> Result<Self, ConfigError> {
        let root = Authority::new("Sandbox UnionPay Root", &RsaPrivateKey::generate(), now)?;
        let middle = root.delegate("Sandbox UnionPay", &RsaPrivateKey::generate(), now)?;
        let merchant = |mer_id: &str, acq_ins_code: Option<&str>| {
            let key = RsaPrivateKey::generate();
            let cert_pem = middle.issue(mer_id, &key, now)?;
            Ok(UnionpayMerchant {
                mer_id: mer_id.to_owned(),
                cert_id: cert_id(&cert_pem)?,
                key,
                cert_pem,
                acq_ins_code: acq_ins_code.map(str::to_owned),
            })
        };
        let key = RsaPrivateKey::generate();
        let cert_pem = middle.issue(CHANNEL_NAME, &key, now)?;
        Ok(Self {
            merchants: vec![
                merchant("777290000000101", None)?,
                merchant("777290000000102", Some("48270000"))?,
            ],
            gateway: UnionpayGateway {
                cert_id: cert_id(&cert_pem)?,
                key,
                cert_pem,
                middle_pem: middle.pem().to_owned(),
                root_pem: root.pem().to_owned(),
            },
        })
    }

    /// What a merchant's connector is given.
    pub(crate) fn coordinates(&self, base_url: &str) -> Value {
        let merchants: Vec<Value> = self.merchants.iter().map(UnionpayMerchant::value).collect();
        json!({
            "gateway": base_url,
            "channel_name": CHANNEL_NAME,
            "root_cert_pem": self.gateway.root_pem,
            "middle_cert_pem": self.gateway.middle_pem,
            "merchants": merchants,
            "authorize_url": format!("{base_url}{}", super::phone::AUTHORIZE_PATH),
            "open_platform": {
                "serv_prov_id": super::open::PROVIDER,
                "user_id_url": format!("{base_url}{}getUserId", super::open::PATH),
                "platform_public_key_pem": self.gateway.key.public_key().to_pem(),
            },
        })
    }

    pub(super) fn merchant(&self, mer_id: &str) -> Option<&UnionpayMerchant> {
        self.merchants.iter().find(|merchant| merchant.mer_id == mer_id)
    }
}

impl UnionpayMerchant {
    fn value(&self) -> Value {
        json!({
            "mer_id": self.mer_id,
            "acq_ins_code": self.acq_ins_code,
            "cert_id": self.cert_id,
            "sign_cert_pem": self.cert_pem,
            "sign_private_key_pem": self.key.to_pem().expose(),
        })
    }
}

fn cert_id(pem: &str) -> Result<String, ConfigError> {
    let certificate = crypto::Certificate::from_pem(pem).or(Err(ConfigError::Certificate))?;
    Ok(certificate.serial_decimal().to_owned())
}
