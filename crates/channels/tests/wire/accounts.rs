//! Parameters of accounts that cannot be used are refused when they are entered, in words that name
//! no secret.

use channels::{ChannelConfig, connector};
use crypto::pos::SoftKeys;
use serde_json::{Value, json};

use crate::line::{configs, coordinates};

/// What is said of an account whose parameters were changed; `Null` takes one away.
fn said(number: usize, name: &str, value: Value) -> String {
    let (_, _, mut config) = configs(&coordinates()).swap_remove(number);
    let map = config.as_object_mut().unwrap();
    map.insert(name.to_owned(), value);
    map.retain(|_, value| !value.is_null());
    match serde_json::from_value::<ChannelConfig>(config) {
        Err(error) => error.to_string(),
        Ok(config) => {
            connector(&config, &SoftKeys).err().map_or("taken".to_owned(), |e| e.to_string())
        }
    }
}

#[test]
fn unusable_accounts_are_refused() {
    let keys = "the channel account's keys cannot be read";
    let addresses = "the channel account's addresses cannot be read";
    let cases = [
        (0, "app_private_key", json!("no key"), keys),
        (0, "app_private_key", Value::Null, "missing field `app_private_key`"),
        (0, "alipay_public_key", json!("no key"), keys),
        (0, "alipay_public_key", Value::Null, keys),
        (0, "gateway", json!("no address"), addresses),
        (0, "app_id", Value::Null, "missing field `app_id`"),
        (0, "colour", json!("red"), "unknown field `colour`"),
        (0, "app_id", json!(1), "invalid type"),
        (1, "alipay_root_cert", Value::Null, keys),
        (1, "alipay_cert", json!("no certificate"), keys),
        (1, "alipay_public_key", json!("both modes"), keys),
        (2, "private_key", json!("no key"), keys),
        (2, "apiv3_key", json!("too short"), keys),
        (2, "base_url", json!("no address"), addresses),
        (2, "public_key", json!("no key"), keys),
        (2, "public_key", Value::Null, keys),
        (2, "v2_sign_type", json!("SHA1"), "unknown variant `SHA1`"),
        (3, "platform_certificates", json!(["no certificate"]), keys),
        (3, "platform_certificates", json!([]), keys),
        (3, "mchid", Value::Null, "missing field `mchid`"),
    ];
    for (number, name, value, expected) in cases {
        let said = said(number, name, value.clone());
        assert!(said.starts_with(expected), "{number} {name} {value}: {said}");
    }
    assert_eq!(said(0, "app_id", json!("2021000000000009")), "taken");
}
