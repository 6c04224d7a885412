//! Merchant accounts at WeChat Pay: the keys of both sides.

use crypto::random::random_alphanumeric;
use crypto::{Aes256Key, Certificate, RsaPrivateKey};
use jiff::Timestamp;
use secret::Secret;
use serde_json::{Value, json};

use super::trades::{Pace, Trust};
use crate::config::ConfigError;
use crate::core::Authority;

const API_KEY_BYTES: usize = 32;
const SERIAL_HEX_DIGITS: usize = 40;
const APP_SECRET_DIGITS: usize = 32;

/// All merchants of the emulated channel, and the channel's own keys.
#[derive(Debug, Clone)]
pub struct WechatConfig {
    pub merchants: Vec<WechatMerchant>,
    pub platform: WechatPlatform,
    pub pace: Pace,
}

/// The channel's keys: one behind a certificate, one handed out as a bare public key.
#[derive(Debug, Clone)]
pub struct WechatPlatform {
    pub certificate_pem: String,
    pub valid_from: Timestamp,
    pub valid_until: Timestamp,
    certificate_serial: String,
    certificate_key: RsaPrivateKey,
    public_key_id: String,
    public_key: RsaPrivateKey,
}

/// An account that signs requests: an ordinary merchant, or a service provider with sub-merchants.
#[derive(Debug, Clone)]
pub struct WechatMerchant {
    pub mchid: String,
    pub appid: String,
    /// By which the app's server asks who a payer is.
    pub app_secret: Secret<String>,
    /// Of the merchant's certificate.
    pub serial_no: String,
    pub key: RsaPrivateKey,
    /// Seals notices and certificates; 32 bytes.
    pub apiv3_key: Secret<[u8; API_KEY_BYTES]>,
    /// Signs the XML interface.
    pub v2_key: Secret<String>,
    /// Empty for an ordinary merchant.
    pub sub_merchants: Vec<SubMerchant>,
}

/// A merchant behind a service provider.
#[derive(Debug, Clone)]
pub struct SubMerchant {
    pub mchid: String,
    pub appid: String,
    /// By which the app's server asks who a payer is.
    pub app_secret: Secret<String>,
}

impl WechatConfig {
    /// An ordinary merchant and a service provider with two sub-merchants, all with fresh keys.
    ///
    /// # Errors
    /// [`ConfigError`] if the cryptographic library fails.
    pub fn generate(now: Timestamp) -> Result<Self, ConfigError> {
        let sub = |mchid: &str, appid: &str| SubMerchant {
            mchid: mchid.to_owned(),
            appid: appid.to_owned(),
            app_secret: app_secret(),
        };
        let subs =
            vec![sub("1900000201", "wx5a0d000000000201"), sub("1900000202", "wx5a0d000000000202")];
        Ok(Self {
            merchants: vec![
                WechatMerchant::generate("1900000101", "wx5a0d000000000101", Vec::new()),
                WechatMerchant::generate("1900000102", "wx5a0d000000000102", subs),
            ],
            platform: WechatPlatform::generate(now)?,
            pace: Pace::default(),
        })
    }

    /// What a connector needs: the channel's certificate and public key, and of each merchant the
    /// numbers and the merchant's own secrets.
    #[must_use]
    pub fn coordinates(&self, base_url: &str) -> Value {
        let merchants: Vec<Value> =
            self.merchants.iter().map(WechatMerchant::coordinates).collect();
        json!({
            "base_url": base_url,
            "authorize_url": format!("{base_url}{}", super::phone::AUTHORIZE_PATH),
            "access_token_url": format!("{base_url}{}", super::phone::TOKEN_PATH),
            "certificate": self.platform.certificate_pem,
            "certificate_serial": self.platform.certificate_serial,
            "public_key_id": self.platform.public_key_id,
            "public_key": self.platform.public_key.public_key().to_pem(),
            "merchants": merchants,
        })
    }

    pub(super) fn merchant(&self, mchid: &str) -> Option<&WechatMerchant> {
        self.merchants.iter().find(|merchant| merchant.mchid == mchid)
    }

    /// The secret of an app, a merchant's or a sub-merchant's.
    pub(super) fn app_secret(&self, appid: &str) -> Option<&Secret<String>> {
        let own = |m: &WechatMerchant| m.appid == appid;
        let merchant = self.merchants.iter().find(|merchant| own(merchant));
        merchant.map(|merchant| &merchant.app_secret).or_else(|| {
            let mut subs = self.merchants.iter().flat_map(|merchant| &merchant.sub_merchants);
            subs.find(|sub| sub.appid == appid).map(|sub| &sub.app_secret)
        })
    }
}

impl WechatPlatform {
    fn generate(now: Timestamp) -> Result<Self, ConfigError> {
        let root_key = RsaPrivateKey::generate();
        let certificate_key = RsaPrivateKey::generate();
        let authority = Authority::new("WeChat Pay Sandbox Root", &root_key, now)?;
        let pem = authority.issue("WeChat Pay Sandbox Platform", &certificate_key, now)?;
        let certificate = Certificate::from_pem(&pem).or(Err(ConfigError::Certificate))?;
        let second = |at: i64| Timestamp::from_second(at).or(Err(ConfigError::Certificate));
        Ok(Self {
            valid_from: second(certificate.not_before())?,
            valid_until: second(certificate.not_after())?,
            certificate_serial: certificate.serial_hex_upper(),
            certificate_pem: pem,
            certificate_key,
            public_key_id: format!("PUB_KEY_ID_{:032}", now.as_second()),
            public_key: RsaPrivateKey::generate(),
        })
    }

    /// What `Wechatpay-Serial` calls the key.
    pub(super) fn serial(&self, trust: Trust) -> &str {
        match trust {
            Trust::Certificate => &self.certificate_serial,
            Trust::PublicKey => &self.public_key_id,
        }
    }

    pub(super) const fn key(&self, trust: Trust) -> &RsaPrivateKey {
        match trust {
            Trust::Certificate => &self.certificate_key,
            Trust::PublicKey => &self.public_key,
        }
    }
}

impl WechatMerchant {
    /// A merchant with fresh keys.
    #[must_use]
    pub fn generate(mchid: &str, appid: &str, sub_merchants: Vec<SubMerchant>) -> Self {
        let key = RsaPrivateKey::generate();
        // Only the number of the merchant's certificate travels; any number of its own will do.
        let digest = crypto::digest::sha256(key.public_key().to_pem().as_bytes());
        let serial_no = hex::encode_upper(digest).chars().take(SERIAL_HEX_DIGITS).collect();
        let mut apiv3_key = [0; API_KEY_BYTES];
        for (to, from) in apiv3_key.iter_mut().zip(random_alphanumeric(API_KEY_BYTES).bytes()) {
            *to = from;
        }
        Self {
            mchid: mchid.to_owned(),
            appid: appid.to_owned(),
            app_secret: app_secret(),
            serial_no,
            key,
            apiv3_key: Secret::new(apiv3_key),
            v2_key: Secret::new(random_alphanumeric(API_KEY_BYTES)),
            sub_merchants,
        }
    }

    /// Whether it is a service provider.
    #[must_use]
    pub const fn is_partner(&self) -> bool {
        !self.sub_merchants.is_empty()
    }

    pub(super) fn sub(&self, mchid: &str) -> Option<&SubMerchant> {
        self.sub_merchants.iter().find(|sub| sub.mchid == mchid)
    }

    pub(super) fn aes_key(&self) -> Aes256Key {
        Aes256Key::new(self.apiv3_key.clone())
    }

    /// Seals v2 refund notices: the lower-case hexadecimal MD5 of the v2 key, 32 characters.
    pub(super) fn v2_notice_key(&self) -> Aes256Key {
        let mut bytes = [0; API_KEY_BYTES];
        let digest = crypto::digest::md5_hex(self.v2_key.expose().as_bytes());
        for (to, from) in bytes.iter_mut().zip(digest.bytes()) {
            *to = from;
        }
        Aes256Key::new(Secret::new(bytes))
    }

    fn coordinates(&self) -> Value {
        let sub_merchants: Vec<Value> = self
            .sub_merchants
            .iter()
            .map(|sub| {
                let secret = sub.app_secret.expose();
                json!({ "mchid": sub.mchid, "appid": sub.appid, "app_secret": secret })
            })
            .collect();
        json!({
            "mode": if self.is_partner() { "partner" } else { "direct" },
            "mchid": self.mchid,
            "appid": self.appid,
            "app_secret": self.app_secret.expose(),
            "serial_no": self.serial_no,
            "private_key": self.key.to_pem().expose(),
            "apiv3_key": String::from_utf8_lossy(self.apiv3_key.expose()),
            "v2_key": self.v2_key.expose(),
            "sub_merchants": sub_merchants,
        })
    }
}

/// 32 hexadecimal digits, as the channel gives them.
fn app_secret() -> Secret<String> {
    let drawn = random_alphanumeric(API_KEY_BYTES);
    let digest = hex::encode(crypto::digest::sha256(drawn.as_bytes()));
    Secret::new(digest.chars().take(APP_SECRET_DIGITS).collect())
}
