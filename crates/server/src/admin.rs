//! Operators' commands: merchants, keys, channels, and the books.

use std::path::PathBuf;

use app::App;
use app::onboard::{IssuedKey, KeyMaterial, NewChannelAccount};
use clap::{Args, Subcommand};
use ids::{ApiKeyName, ChannelAccountId, ChannelCode, MerchantId, StoreId};
use merchants::{KeyAlgorithm, MerchantState, TerminalKind};
use secret::Secret;
use serde_json::{Value, json};

use crate::admin_routing::RoutingCommand;
use crate::admin_trade::TradeCommand;
use crate::admin_wallets::WalletCommand;
use crate::assemble::assemble;
use crate::export::{Tool, journal_text, trial_balance_json};
use crate::out::say;
use crate::{Outcome, PlaceArgs};

#[derive(Debug, Args)]
pub(crate) struct AdminArgs {
    #[command(flatten)]
    place: PlaceArgs,
    #[command(subcommand)]
    command: Admin,
}

#[derive(Debug, Subcommand)]
enum Admin {
    /// Create a merchant with a first store.
    CreateMerchant { name: String },
    /// Refuse a merchant's new payments; refunds and what is under way go on.
    SuspendMerchant { merchant: MerchantId },
    /// Take a suspended merchant's payments again.
    ResumeMerchant { merchant: MerchantId },
    #[command(flatten)]
    Trade(TradeCommand),
    #[command(flatten)]
    Pos(crate::admin_pos::PosCommand),
    #[command(flatten)]
    Differences(crate::admin_differences::DifferenceCommand),
    #[command(flatten)]
    Ceremonies(crate::admin_ceremonies::CeremonyCommand),
    #[command(flatten)]
    Plates(crate::admin_plates::PlateCommand),
    #[command(flatten)]
    Tills(crate::admin_tills::TillCommand),
    /// Register a terminal of a merchant, with a key of its own or a code by which it gets one.
    CreateTerminal {
        merchant: MerchantId,
        /// counter_register, companion_device, smart_pos, micro_store, table_code, qr_plate
        kind: String,
        name: String,
        /// Where it stands; a new store unless given.
        #[arg(long)]
        store: Option<StoreId>,
        /// A code instead of a secret: for a till, which makes its own key pair.
        #[arg(long)]
        activation: bool,
    },
    /// Issue an API key: a shared secret, or for the merchant's public key.
    IssueKey {
        merchant: MerchantId,
        /// PEM of an RSA public key.
        #[arg(long)]
        rsa: Option<PathBuf>,
        /// PEM of an SM2 public key.
        #[arg(long, conflicts_with = "rsa")]
        sm2: Option<PathBuf>,
    },
    /// Revoke an API key.
    RevokeKey { name: String },
    /// Make a new signing key of the platform; servers sign with it from their next start.
    RotatePlatformKey {
        /// rsa, sm2
        #[arg(value_parser = ["rsa", "sm2"])]
        algorithm: String,
    },
    /// Add a version of our account at a channel; the file is its parameters as JSON.
    AddChannelAccount {
        channel: String,
        account_no: String,
        config: PathBuf,
        /// A real account with real money.
        #[arg(long)]
        live: bool,
    },
    /// Every version of every account at a channel, without its keys.
    ChannelAccounts,
    /// Let a merchant's new payments of a channel go through an account; a new version of one that is
    /// open takes its place.
    OpenChannel {
        merchant: MerchantId,
        account: ChannelAccountId,
        /// 商户自收: the account is the merchant's own, and the channel pays him directly.
        #[arg(long)]
        self_collected: bool,
        /// Among accounts that the rules hold equal, the lower one is first.
        #[arg(long, default_value_t = 0)]
        priority: u32,
    },
    /// Send none of a merchant's new payments through an account any more.
    CloseChannel {
        merchant: MerchantId,
        /// Channel `:` account number.
        account: String,
    },
    #[command(flatten)]
    Routing(RoutingCommand),
    #[command(flatten)]
    Wallets(WalletCommand),
    /// Balances, totals per book, and what is wrong with them.
    TrialBalance,
    /// The journal for a foreign tool, with closing assertions.
    Export {
        #[arg(long, value_enum, default_value_t = Tool::Hledger)]
        format: Tool,
    },
}

pub(crate) async fn admin(args: AdminArgs) -> Outcome {
    let app = assemble(&args.place).await?;
    let done = run(&app, args.command).await;
    crate::serve::close(app);
    done
}

fn account_json(account: &merchants::ChannelAccount) -> Value {
    json!({
        "channel_account": account.id.to_string(),
        "channel": account.channel.as_str(),
        "account_no": account.account_no,
        "version": account.version,
        "live": account.live,
    })
}

async fn create_terminal(
    app: &App,
    merchant: MerchantId,
    (kind, name): (&str, &str),
    (store, activation): (Option<StoreId>, bool),
) -> Outcome {
    let kind = TerminalKind::parse(kind).ok_or("there is no such kind of terminal")?;
    let store = match store {
        Some(id) => app.store.shop(id).await?.filter(|store| store.merchant == merchant),
        None => Some(app.create_store(merchant, name).await?),
    };
    let store = store.ok_or("the merchant has no such store")?;
    let terminal = app.create_terminal(&store, kind, name).await?;
    let mut shown = if activation {
        json!({ "activation_code": app.make_activation_code(&terminal).await?.expose() })
    } else {
        issued_json(&app.issue_key(merchant, Some(terminal.id), KeyMaterial::Hmac).await?)
    };
    if let Some(map) = shown.as_object_mut() {
        map.insert("terminal".to_owned(), json!(terminal.id.to_string()));
        map.insert("store".to_owned(), json!(store.id.to_string()));
    }
    print(&shown);
    Ok(())
}

async fn open_channel(
    app: &App,
    (merchant, account): (MerchantId, ChannelAccountId),
    how: (bool, u32),
) -> Outcome<Value> {
    let account = app.store.channel_account(account).await?;
    let account = account.ok_or("there is no such channel account")?;
    let self_collected = app.open_channel_as(merchant, &account, how).await?;
    Ok(json!({ "opened": account.channel.as_str(), "self_collected": self_collected }))
}

async fn run(app: &App, command: Admin) -> Outcome {
    match command {
        Admin::CreateMerchant { name } => {
            let merchant = app.create_merchant(&name).await?;
            let store = app.create_store(merchant.id, &name).await?;
            print(&json!({ "merchant": merchant.id.to_string(), "store": store.id.to_string() }));
        }
        Admin::SuspendMerchant { merchant } => {
            set_state(app, merchant, MerchantState::Suspended).await?;
        }
        Admin::ResumeMerchant { merchant } => {
            set_state(app, merchant, MerchantState::Active).await?;
        }
        Admin::Trade(command) => crate::admin_trade::run(app, command).await?,
        Admin::Plates(command) => crate::admin_plates::run(app, command).await?,
        Admin::Tills(command) => crate::admin_tills::run(app, command).await?,
        Admin::CreateTerminal { merchant, kind, name, store, activation } => {
            create_terminal(app, merchant, (&kind, &name), (store, activation)).await?;
        }
        Admin::IssueKey { merchant, rsa, sm2 } => {
            let material = match (rsa, sm2) {
                (Some(path), _) => KeyMaterial::Rsa(std::fs::read_to_string(path)?),
                (None, Some(path)) => KeyMaterial::Sm2(std::fs::read_to_string(path)?),
                (None, None) => KeyMaterial::Hmac,
            };
            print(&issued_json(&app.issue_key(merchant, None, material).await?));
        }
        Admin::RevokeKey { name } => {
            let revoked = app.revoke_key(&ApiKeyName::parse(&name)?).await?;
            print(&json!({ "revoked": revoked }));
        }
        Admin::RotatePlatformKey { algorithm } => {
            let sm2 = algorithm == "sm2";
            let algorithm = if sm2 { KeyAlgorithm::Sm2Sm3 } else { KeyAlgorithm::RsaSha256 };
            let key = app.rotate_platform_key(algorithm).await?;
            print(
                &json!({ "key_id": key.name, "scheme": key.scheme(), "public_key": key.public_pem() }),
            );
        }
        Admin::AddChannelAccount { channel, account_no, config, live } => {
            let config = Secret::new(std::fs::read_to_string(config)?);
            let channel = ChannelCode::parse(&channel)?;
            let new = NewChannelAccount { channel, account_no, live, config };
            let account = app.add_channel_account(new).await?;
            let id = account.id.to_string();
            print(&json!({ "channel_account": id, "version": account.version }));
        }
        Admin::ChannelAccounts => {
            let accounts = app.store.channel_accounts().await?;
            print(&Value::Array(accounts.iter().map(account_json).collect()));
        }
        Admin::OpenChannel { merchant, account, self_collected, priority } => {
            print(&open_channel(app, (merchant, account), (self_collected, priority)).await?);
        }
        Admin::CloseChannel { merchant, account } => {
            let (channel, number) = account.split_once(':').ok_or("channel:account number")?;
            let channel = ChannelCode::parse(channel)?;
            let closed = app.close_channel(merchant, &channel, number).await?;
            print(&json!({ "closed": closed }));
        }
        Admin::Pos(command) => crate::admin_pos::run(app, command).await?,
        Admin::Ceremonies(command) => crate::admin_ceremonies::run(app, command).await?,
        Admin::Differences(command) => crate::admin_differences::run(app, command).await?,
        Admin::Wallets(command) => crate::admin_wallets::run(app, command).await?,
        Admin::Routing(command) => crate::admin_routing::run(app, command).await?,
        Admin::TrialBalance => print(&trial_balance_json(app).await?),
        Admin::Export { format } => say(journal_text(app, format).await?.trim_end()),
    }
    Ok(())
}

async fn set_state(app: &App, merchant: MerchantId, state: MerchantState) -> Outcome {
    let known = app.set_merchant_state(merchant, state).await?;
    known.ok_or("there is no such merchant")?;
    print(
        &json!({ "merchant": merchant.to_string(), "state": format!("{state:?}").to_lowercase() }),
    );
    Ok(())
}

pub(crate) fn print(value: &Value) {
    say(&value.to_string());
}

/// A secret is shown once, here, to the operator who asked for it.
fn issued_json(issued: &IssuedKey) -> Value {
    json!({
        "key_id": issued.key.name.as_str(),
        "scheme": issued.key.algorithm.scheme(),
        "secret": issued.secret.as_ref().map(Secret::expose),
    })
}
