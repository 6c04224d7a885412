//! The acquirer's membership at the card network: its numbers and the keys of both sides.

use crypto::pos::BlockKey;
use serde_json::{Value, json};

/// What acquirer and network share.
#[derive(Debug, Clone)]
pub struct CardNetworkConfig {
    /// 受理机构 and 发送机构.
    pub acquirer: String,
    pub forwarder: String,
    /// Over PIN blocks.
    pub pin_key: BlockKey,
    /// For field 128.
    pub mac_key: BlockKey,
}

impl CardNetworkConfig {
    /// One acquirer with fresh keys.
    pub(crate) fn generate() -> Self {
        Self {
            acquirer: "48021000".to_owned(),
            forwarder: "48021000".to_owned(),
            pin_key: BlockKey::generate_tdes(),
            mac_key: BlockKey::generate_tdes(),
        }
    }

    /// What an acquirer's connector is given. The lines are on the port of everything else.
    pub(crate) fn coordinates(&self, base_url: &str) -> Value {
        let link = base_url.split_once("://").map_or(base_url, |(_, host)| host);
        json!({
            "links": [link.trim_end_matches('/')],
            "acquirer": self.acquirer,
            "forwarder": self.forwarder,
            "merchant_type": "5411",
            "pin_key": hex::encode_upper(self.pin_key.expose()),
            "mac_key": hex::encode_upper(self.mac_key.expose()),
        })
    }
}
