//! A merchant with a store, a till with its key, and accounts at the sandbox's channels.

use std::path::Path;

use app::App;
use app::onboard::{KeyMaterial, NewChannelAccount};
use ids::ChannelCode;
use merchants::TerminalKind;
use sandbox::{Trust, card_parameters, parameters};
use secret::Secret;
use serde_json::Value;

use super::payers::Payers;

type Failed = Box<dyn std::error::Error + Send + Sync>;

#[derive(Debug)]
pub(crate) struct Till {
    pub(crate) key_id: String,
    pub(crate) secret: Secret<String>,
    /// The card terminal beside the till.
    pub(crate) registration: Secret<String>,
    pub(crate) payers: Payers,
}

pub(crate) async fn set_up(app: &App, coordinates: &Value, folder: &Path) -> Result<Till, Failed> {
    let merchant = app.create_merchant("算盘咖啡 Suanpan Coffee").await?;
    // The demo is to work at any hour, and to refund what it took a moment ago.
    app.set_trade_rules(None, &orders::TradeRules::of_wallets()).await?;
    let store = app.create_store(merchant.id, "南京西路店").await?;
    let kind = TerminalKind::CounterRegister;
    let terminal = app.create_terminal(&store, kind, "收银台 1").await?;
    let issued = app.issue_key(merchant.id, Some(terminal.id), KeyMaterial::Hmac).await?;
    let all =
        parameters(coordinates, Trust::Keys).into_iter().chain([card_parameters(coordinates)]);
    for account in all {
        let new = NewChannelAccount {
            channel: ChannelCode::parse(account.channel)?,
            account_no: account.account_no,
            live: false,
            config: Secret::new(account.config.to_string()),
        };
        let account = app.add_channel_account(new).await?;
        app.open_channel(merchant.id, &account).await?;
    }
    let reader = app.create_terminal(&store, TerminalKind::SmartPos, "POS 1").await?;
    let registration = Secret::new(super::cards::register(app, &reader).await?);
    let secret = issued.secret.ok_or("an HMAC key has a secret")?;
    let payers = super::payers::set_up(app, &store, folder).await?;
    Ok(Till { key_id: issued.key.name.to_string(), secret, registration, payers })
}
