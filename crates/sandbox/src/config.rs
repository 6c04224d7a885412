//! The sandbox's merchant accounts: the keys of both sides, and what a merchant needs of them.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::alipay::AlipayConfig;
use crate::card::CardNetworkConfig;
use crate::unionpay::UnionpayConfig;
use crate::wechat::WechatConfig;

/// The accounts of all channels.
#[derive(Debug, Clone)]
pub struct SandboxConfig {
    pub alipay: AlipayConfig,
    pub wechat: WechatConfig,
    pub unionpay: UnionpayConfig,
    pub card: CardNetworkConfig,
}

/// Why accounts could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("a key could not be made or read")]
    Key,
    #[error("a certificate could not be made or read")]
    Certificate,
}

impl SandboxConfig {
    /// Demo accounts with fresh keys. RSA keys take their time: call this once per process.
    ///
    /// # Errors
    /// [`ConfigError`] if the cryptographic library fails.
    pub fn generate(now: Timestamp) -> Result<Self, ConfigError> {
        Ok(Self {
            alipay: AlipayConfig::generate(now)?,
            wechat: WechatConfig::generate(now)?,
            unionpay: UnionpayConfig::generate(now)?,
            card: CardNetworkConfig::generate(),
        })
    }

    /// What a merchant's connector needs to reach the sandbox at `base_url`: addresses, account
    /// numbers, the merchant's private keys, the channels' public keys and certificates.
    #[must_use]
    pub fn coordinates(&self, base_url: &str) -> Value {
        json!({
            "base_url": base_url,
            "alipay": self.alipay.coordinates(base_url),
            "wechat": self.wechat.coordinates(base_url),
            "unionpay": self.unionpay.coordinates(base_url),
            "card": self.card.coordinates(base_url),
        })
    }
}
