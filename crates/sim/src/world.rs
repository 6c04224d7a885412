//! What the system stands in: the virtual clock, the channels behind a network that fails, and the
//! merchant that takes notifications or does not.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use app::cashier::NewPlate;
use app::onboard::NewChannelAccount;
use app::{
    App, Clock, Directory, NewCampaign, NewWallet, PlatformKey, PlatformKeys, Settings, Vault,
};
use bytes::Bytes;
use channels::{Request, Response, SendError, Sender};
use crypto::aead::Aes256Key;
use crypto::pos::SoftKeys;
use ids::{CampaignId, ChannelCode, IdSource, MerchantId, MerchantNo, PlateId, WalletId};
use jiff::Timestamp;
use merchants::{KeyAlgorithm, PlateScheme, TerminalKind};
use money::{Amount, Currency};
use orders::WalletKind;
use sandbox::{Delivery, Sandbox, SandboxConfig, Trust, card_parameters, parameters};
use secret::Secret;
use store::{Store, Target};

use crate::executor::Time;
use crate::fate::{Steps, Wrong};
use crate::random::Random;

pub(crate) type Failed = Box<dyn std::error::Error + Send + Sync>;

/// The channel where the simulated merchant has an account of its own.
pub(crate) const OWN_CHANNEL: &str = "unionpay";
pub(crate) const CHANNELS: &str = "http://channels.test";
/// Where payers and channels reach us.
pub(crate) const SHOP: &str = "https://suanpan.test";
/// Another way to the channels, which can die.
pub(crate) const MORTAL: &str = "mortal.test";
const MERCHANT: &str = "http://merchant.test/notify";
/// How long a network needs at most, each way.
const NETWORK_MS: u64 = 300;
/// A caller gives up after this.
const TIMEOUT_MS: u64 = 10_000;

/// Keys are made once per process: making them is slow, and no outcome depends on them.
#[derive(Debug, Clone)]
pub struct Stage {
    config: SandboxConfig,
    platform: PlatformKeys,
}

impl Stage {
    /// # Errors
    /// When the cryptographic library fails.
    pub fn new() -> Result<Self, Failed> {
        let config = SandboxConfig::generate(start())?;
        let key = |algorithm| {
            let key = PlatformKey::generate("sim", algorithm);
            key.ok_or("an algorithm with a public half")
        };
        let platform =
            PlatformKeys { rsa: key(KeyAlgorithm::RsaSha256)?, sm2: key(KeyAlgorithm::Sm2Sm3)? };
        Ok(Self { config, platform })
    }
}

#[cfg(test)]
impl Stage {
    /// The channels' accounts and keys.
    pub(crate) fn coordinates(&self, base_url: &str) -> serde_json::Value {
        self.config.coordinates(base_url)
    }
}

/// Every simulated day begins here: 2026-11-20, noon in China.
pub(crate) fn start() -> Timestamp {
    Timestamp::from_second(1_795_147_200).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// What survives a crash of ours.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) time: Arc<Time>,
    pub(crate) outside: Arc<Mutex<Outside>>,
    pub(crate) ids: Arc<IdSource>,
    pub(crate) steps: Arc<Steps>,
    platform: PlatformKeys,
}

/// The channels and the network to them.
#[derive(Debug)]
pub(crate) struct Outside {
    pub(crate) sandbox: Sandbox,
    pub(crate) random: Random,
    /// In a hundred: how often a message is lost on its way, or an answer.
    pub(crate) loss_percent: u64,
    pub(crate) notifications: u64,
    /// Nothing comes back from [`MORTAL`].
    pub(crate) mortal_is_dead: bool,
}

#[derive(Debug)]
struct VirtualClock(Arc<Time>);

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        self.0.now()
    }
}

#[derive(Debug)]
struct Network {
    time: Arc<Time>,
    outside: Arc<Mutex<Outside>>,
    steps: Arc<Steps>,
}

pub(crate) fn lock(outside: &Mutex<Outside>) -> MutexGuard<'_, Outside> {
    outside.lock().unwrap_or_else(PoisonError::into_inner)
}

impl World {
    pub(crate) fn new(stage: &Stage, seed: u64) -> Result<Self, Failed> {
        let outside = Outside {
            sandbox: Sandbox::new(stage.config.clone()).with_shop(SHOP),
            random: Random::new(seed ^ 0x5eed),
            loss_percent: 8,
            notifications: 0,
            mortal_is_dead: false,
        };
        Ok(Self {
            time: Time::starting_at(start()),
            outside: Arc::new(Mutex::new(outside)),
            ids: Arc::new(IdSource::new(1)?),
            steps: Arc::new(Steps::new(None)),
            platform: stage.platform.clone(),
        })
    }

    /// The same world, where steps are counted from here on and one may go wrong.
    pub(crate) fn with_steps(self, steps: Arc<Steps>) -> Self {
        Self { steps, ..self }
    }

    pub(crate) async fn store(&self) -> Result<Store, Failed> {
        let now = self.time.now().as_millisecond();
        Ok(Store::open(Target::Memory, Arc::clone(&self.ids), now).await?)
    }

    /// A process of ours over the store: as it starts, and as it starts again after a crash.
    pub(crate) fn process(&self, store: Store) -> Result<Arc<App>, Failed> {
        let (time, outside) = (Arc::clone(&self.time), Arc::clone(&self.outside));
        let steps = Arc::clone(&self.steps);
        let fates = Arc::clone(&steps);
        Ok(Arc::new(App {
            store: store.with_fates(fates),
            clock: Arc::new(VirtualClock(Arc::clone(&self.time))),
            ids: Arc::clone(&self.ids),
            sender: Arc::new(Network { time, outside, steps }),
            directory: Directory::default(),
            vault: Vault::new(Aes256Key::from_slice(&[7; 32])?),
            keys: Arc::new(SoftKeys),
            settings: Settings { public_url: SHOP.to_owned() },
            platform_keys: self.platform.clone(),
        }))
    }
}

#[async_trait::async_trait]
impl Sender for Network {
    async fn send(&self, request: Request) -> Result<Response, SendError> {
        match self.steps.step() {
            None => self.carry(&request).await,
            Some(Wrong::Fail) => Err(SendError::NotSent),
            Some(Wrong::LoseAnswer) => {
                drop(self.carry(&request).await);
                Err(SendError::NoAnswer)
            }
            Some(Wrong::Twice) => {
                drop(self.carry(&request).await);
                self.carry(&request).await
            }
            Some(Wrong::DieBefore) => {
                self.steps.die();
                std::future::pending().await
            }
            Some(Wrong::DieAfter) => {
                drop(self.carry(&request).await);
                self.steps.die();
                std::future::pending().await
            }
        }
    }
}

impl Network {
    async fn carry(&self, request: &Request) -> Result<Response, SendError> {
        let (there, back, lost, lost_back, unreachable) = {
            let mut outside = lock(&self.outside);
            let loss = outside.loss_percent;
            let random = &mut outside.random;
            let ways = (random.below(NETWORK_MS), random.below(NETWORK_MS));
            {
                let (lost, lost_back) = (random.chance(loss), random.chance(loss));
                (ways.0, ways.1, lost, lost_back, random.chance(loss / 2))
            }
        };
        if unreachable {
            return Err(SendError::NotSent);
        }
        self.time.sleep(there).await;
        let mortal = request.uri().host() == Some(MORTAL);
        if lost || (mortal && lock(&self.outside).mortal_is_dead) {
            self.time.sleep(TIMEOUT_MS).await;
            return Err(SendError::NoAnswer);
        }
        if request.uri().host() == Some("merchant.test") {
            return Ok(self.merchant_takes());
        }
        let delivery = lock(&self.outside).sandbox.handle(self.time.now(), CHANNELS, request);
        match delivery {
            Delivery::Answer { after_ms, response } if !lost_back && after_ms < TIMEOUT_MS => {
                self.time.sleep(after_ms + back).await;
                Ok(response)
            }
            Delivery::Answer { .. } | Delivery::Dropped { .. } => {
                self.time.sleep(TIMEOUT_MS).await;
                Err(SendError::NoAnswer)
            }
        }
    }

    fn merchant_takes(&self) -> Response {
        let mut outside = lock(&self.outside);
        let mut answer = Response::new(Bytes::new());
        if outside.random.chance(20) {
            *answer.status_mut() = http::StatusCode::SERVICE_UNAVAILABLE;
        } else {
            outside.notifications += 1;
        }
        answer
    }
}

pub(crate) fn notify_url() -> String {
    MERCHANT.to_owned()
}

/// A merchant with a wallet of a customer of his, and a campaign of the platform.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Purse {
    pub(crate) merchant: MerchantId,
    pub(crate) wallet: WalletId,
    pub(crate) campaign: CampaignId,
    /// What payers scan.
    pub(crate) plate: PlateId,
}

/// What the campaign may pay: some orders find its budget spent.
const BUDGET: u64 = 60_000;

pub(crate) async fn fill_purse(app: &App, merchant: MerchantId) -> Result<Purse, Failed> {
    let new = NewWallet {
        merchant,
        no: MerchantNo::parse("wallet")?,
        content_hash: [7; 32],
        kind: WalletKind::Card,
        holder: None,
        expires_at: None,
    };
    let wallet = app.issue_wallet(new).await?;
    app.activate_wallet(merchant, wallet.id).await?;
    let amount = |minor| Amount::new(minor, Currency::Cny);
    let campaign = NewCampaign {
        name: "sim".to_owned(),
        merchant: None,
        budget: amount(BUDGET)?,
        per_order: amount(BUDGET / 3)?,
        from: start(),
        until: start().saturating_add(jiff::SignedDuration::from_hours(24))?,
    };
    let campaign = app.create_campaign(campaign).await?;
    let store = app.create_store(merchant, "sim").await?;
    let terminal = app.create_terminal(&store, TerminalKind::QrPlate, "plate").await?;
    let scheme = PlateScheme::NonStandard;
    let plate = app.create_plate(NewPlate { terminal, scheme, unionpay_address: None }).await?;
    Ok(Purse { merchant, wallet: wallet.id, campaign: campaign.id, plate: plate.id })
}

/// A merchant with both channels open.
pub(crate) async fn set_up(app: &App, stage: &Stage) -> Result<MerchantId, Failed> {
    let merchant = app.create_merchant("sim").await?;
    app.set_trade_rules(None, &orders::TradeRules::of_wallets()).await?;
    let coordinates = stage.config.coordinates(CHANNELS);
    // Lines have ports, which the simulated network does not.
    let mut cards = card_parameters(&coordinates);
    if let Some(links) = cards.config.get_mut("links") {
        *links = serde_json::json!(["channels.test:9000"]);
    }
    let all = parameters(&coordinates, Trust::Keys).into_iter();
    for account in all.chain([cards]) {
        let new = NewChannelAccount {
            channel: ChannelCode::parse(account.channel)?,
            account_no: account.account_no,
            live: false,
            config: Secret::new(account.config.to_string()),
        };
        let account = app.add_channel_account(new).await?;
        // One channel pays the merchant directly.
        match account.channel.as_str() {
            OWN_CHANNEL => drop(app.open_channel_as(merchant.id, &account, (true, 0)).await?),
            _ => app.open_channel(merchant.id, &account).await?,
        }
    }
    open_second(app, stage, merchant.id).await?;
    Ok(merchant.id)
}

/// The channel with two accounts; the first one may take a few payments only.
const TWICE: &str = "alipay";
pub(crate) const TAKEN_MAX: u64 = 6;

/// The merchant's second account at a channel, which follows when the first is full or took nothing.
async fn open_second(app: &App, stage: &Stage, merchant: MerchantId) -> Result<(), Failed> {
    for account in parameters(&stage.config.coordinates(CHANNELS), Trust::Keys) {
        if account.channel != TWICE {
            continue;
        }
        let limits = format!(r#"{{ "day": {{ "count": {TAKEN_MAX} }} }}"#);
        app.set_limits(&format!("{TWICE}:{}", account.account_no), &limits).await??;
        let new = NewChannelAccount {
            channel: ChannelCode::parse(account.channel)?,
            account_no: "second".to_owned(),
            live: false,
            config: Secret::new(account.config.to_string()),
        };
        let account = app.add_channel_account(new).await?;
        app.open_channel_as(merchant, &account, (false, 1)).await?;
    }
    Ok(())
}
