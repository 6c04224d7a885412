//! A merchant with a store, a till with its key, and accounts at the sandbox's channels.

use app::App;
use app::onboard::{KeyMaterial, NewChannelAccount};
use channels::Channel;
use merchants::TerminalKind;
use secret::Secret;
use serde_json::{Value, json};

type Failed = Box<dyn std::error::Error + Send + Sync>;

#[derive(Debug)]
pub(crate) struct Till {
    pub(crate) key_id: String,
    pub(crate) secret: Secret<String>,
}

pub(crate) async fn set_up(app: &App, coordinates: &Value) -> Result<Till, Failed> {
    let merchant = app.create_merchant("算盘咖啡 Suanpan Coffee").await?;
    let store = app.create_store(merchant.id, "南京西路店").await?;
    let kind = TerminalKind::CounterRegister;
    let terminal = app.create_terminal(&store, kind, "收银台 1").await?;
    let issued = app.issue_key(merchant.id, Some(terminal.id), KeyMaterial::Hmac).await?;
    for (channel, account_no, config) in accounts(coordinates) {
        let new = NewChannelAccount {
            channel: channel.channel_code(),
            account_no,
            live: false,
            config: Secret::new(config.to_string()),
        };
        let account = app.add_channel_account(new).await?;
        app.open_channel(merchant.id, &account).await?;
    }
    let secret = issued.secret.ok_or("an HMAC key has a secret")?;
    Ok(Till { key_id: issued.key.name.to_string(), secret })
}

/// The sandbox's accounts as parameters of our connectors.
pub(crate) fn accounts(coordinates: &Value) -> Vec<(Channel, String, Value)> {
    let at = |path: &str| coordinates.pointer(path).cloned().unwrap_or_default();
    let text = |path: &str| at(path).as_str().unwrap_or_default().to_owned();
    let alipay = json!({
        "channel": "alipay",
        "gateway": at("/alipay/gateway"),
        "app_id": at("/alipay/keys/app_id"),
        "seller_id": at("/alipay/keys/seller_id"),
        "app_private_key": at("/alipay/keys/app_private_key_pem"),
        "alipay_public_key": at("/alipay/keys/alipay_public_key_pem"),
    });
    let wechat = json!({
        "channel": "wechat",
        "base_url": at("/wechat/base_url"),
        "appid": at("/wechat/merchants/0/appid"),
        "mchid": at("/wechat/merchants/0/mchid"),
        "serial_no": at("/wechat/merchants/0/serial_no"),
        "private_key": at("/wechat/merchants/0/private_key"),
        "apiv3_key": at("/wechat/merchants/0/apiv3_key"),
        "v2_key": at("/wechat/merchants/0/v2_key"),
        "public_key_id": at("/wechat/public_key_id"),
        "public_key": at("/wechat/public_key"),
    });
    vec![
        (Channel::Alipay, text("/alipay/keys/seller_id"), alipay),
        (Channel::Wechat, text("/wechat/merchants/0/mchid"), wechat),
    ]
}
