//! Who is who, remembered for a moment: keys, merchants, terminals, channel accounts.
//!
//! Every request asks for these and they change rarely, so they are kept for [`FRESH_FOR`]; a
//! revocation takes effect within that time. Versions of channel accounts never change and are kept
//! as ready connectors.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use ::routing::{Limits, RuleSet};
use channels::Connector;
use ids::{ApiKeyName, ChannelAccountId, ChannelCode, MerchantId, PlateId, StoreId, TerminalId};
use jiff::{SignedDuration, Timestamp};
use merchants::{ApiKey, Merchant, MerchantChannel, Terminal};
use orders::TradeRules;

use crate::App;
use crate::cashier::CashierSettings;
use crate::error::Failure;
use crate::fees::PriceList;
use crate::pos::{Downloads, PosAccess};
use crate::routing::{Pulse, Pulses};

/// How old a remembered answer may be.
const FRESH_FOR: SignedDuration = SignedDuration::from_secs(5);
/// Answers remembered of each kind; beyond it the memory starts anew.
const REMEMBERED_MAX: usize = 50_000;

#[derive(Debug, Default)]
pub struct Directory {
    keys: Memory<ApiKeyName, Arc<Caller>>,
    merchants: Memory<MerchantId, Merchant>,
    terminals: Memory<TerminalId, Terminal>,
    shops: Memory<StoreId, merchants::Store>,
    pub(crate) plates: Memory<PlateId, merchants::Plate>,
    pub(crate) merchant_channels: Memory<(MerchantId, ChannelCode), Arc<Vec<MerchantChannel>>>,
    accounts: Memory<ChannelAccountId, Arc<Account>>,
    pub(crate) rules: Memory<MerchantId, TradeRules>,
    pub(crate) prices: Memory<String, Option<Arc<PriceList>>>,
    pub(crate) routing_rules: Memory<(), Arc<RuleSet>>,
    pub(crate) points: Memory<(), Arc<BTreeMap<String, ChannelAccountId>>>,
    pub(crate) limits: Memory<String, Option<Arc<Limits>>>,
    pub(crate) pos: Memory<String, Arc<PosAccess>>,
    pub(crate) cashiers: Memory<(MerchantId, Option<StoreId>), Arc<CashierSettings>>,
    pub(crate) logos: Memory<StoreId, Option<Arc<store::CashierLogoRow>>>,
    pub(crate) pos_downloads: Memory<(), Arc<Downloads>>,
    pulses: Pulses,
}

/// A known API key, with its secret opened.
#[derive(Debug)]
pub struct Caller {
    pub key: ApiKey,
    /// The shared secret of an HMAC key.
    pub secret: Option<secret::Secret<Vec<u8>>>,
}

/// One version of a channel account, ready to speak.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) id: ChannelAccountId,
    pub(crate) channel: ChannelCode,
    /// The key of the ledger's account at this channel: all versions share it.
    pub(crate) ledger_owner: String,
    pub(crate) connector: Arc<dyn Connector>,
    /// How it answers: all versions share it.
    pub(crate) pulse: Arc<Pulse>,
}

type Remembered<V> = Option<(Timestamp, V)>;

/// A bounded memory of answers with the time each was learnt.
#[derive(Debug)]
pub(crate) struct Memory<K, V>(Mutex<BTreeMap<K, (Timestamp, V)>>);

impl<K, V> Default for Memory<K, V> {
    fn default() -> Self {
        Self(Mutex::new(BTreeMap::new()))
    }
}

impl<K: Ord + Clone, V: Clone> Memory<K, V> {
    fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Remembered<V>
    where
        K: Borrow<Q>,
    {
        self.0.lock().ok()?.get(key).cloned()
    }

    pub(crate) fn get_fresh<Q: Ord + ?Sized>(&self, key: &Q, now: Timestamp) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let (at, value) = self.get(key)?;
        (now.duration_since(at) < FRESH_FOR).then_some(value)
    }

    pub(crate) fn put(&self, key: K, now: Timestamp, value: V) {
        if let Ok(mut map) = self.0.lock() {
            if map.len() >= REMEMBERED_MAX {
                map.clear();
            }
            map.insert(key, (now, value));
        }
    }

    /// Forgets all: what was learnt has changed.
    pub(crate) fn forget(&self) {
        if let Ok(mut map) = self.0.lock() {
            map.clear();
        }
    }
}

impl App {
    /// The key of that name, with its secret; `None` when unknown or revoked.
    ///
    /// # Errors
    /// [`Failure`]
    pub async fn caller(&self, name: &ApiKeyName) -> Result<Option<Arc<Caller>>, Failure> {
        let now = self.now();
        if let Some(caller) = self.directory.keys.get_fresh(name, now) {
            return Ok(Some(caller));
        }
        let Some(key) = self.store.api_key(name).await? else {
            return Ok(None);
        };
        if key.revoked_at.is_some() {
            return Ok(None);
        }
        // A key may have been made while its terminal was being revoked.
        if let Some(terminal) = key.terminal {
            let terminal = self.store.terminal(terminal).await?;
            if terminal.is_none_or(|terminal| terminal.revoked_at.is_some()) {
                return Ok(None);
            }
        }
        let secret = match &key.sealed {
            Some(sealed) => {
                let opened = self.vault.open(name.as_str(), sealed)?;
                Some(secret::Secret::new(opened.expose().as_bytes().to_vec()))
            }
            None => None,
        };
        let caller = Arc::new(Caller { key, secret });
        self.directory.keys.put(name.clone(), now, Arc::clone(&caller));
        Ok(Some(caller))
    }

    pub(crate) async fn merchant(&self, id: MerchantId) -> Result<Option<Merchant>, Failure> {
        let now = self.now();
        if let Some(merchant) = self.directory.merchants.get_fresh(&id, now) {
            return Ok(Some(merchant));
        }
        let merchant = self.store.merchant(id).await?;
        if let Some(merchant) = &merchant {
            self.directory.merchants.put(id, now, merchant.clone());
        }
        Ok(merchant)
    }

    pub(crate) async fn terminal(&self, id: TerminalId) -> Result<Option<Terminal>, Failure> {
        let now = self.now();
        if let Some(terminal) = self.directory.terminals.get_fresh(&id, now) {
            return Ok(Some(terminal));
        }
        let terminal = self.store.terminal(id).await?;
        if let Some(terminal) = &terminal {
            self.directory.terminals.put(id, now, terminal.clone());
        }
        Ok(terminal)
    }

    pub(crate) async fn shop(&self, id: StoreId) -> Result<Option<merchants::Store>, Failure> {
        let now = self.now();
        if let Some(shop) = self.directory.shops.get_fresh(&id, now) {
            return Ok(Some(shop));
        }
        let shop = self.store.shop(id).await?;
        if let Some(shop) = &shop {
            self.directory.shops.put(id, now, shop.clone());
        }
        Ok(shop)
    }

    /// Speaks for a channel account through a connector that was made elsewhere: a bench's, which
    /// answers at once.
    pub fn adopt_connector(&self, row: &merchants::ChannelAccount, connector: Arc<dyn Connector>) {
        let account = Account {
            id: row.id,
            pulse: self.directory.pulses.of(&ledger_owner(row)),
            ledger_owner: ledger_owner(row),
            channel: row.channel.clone(),
            connector,
        };
        self.directory.accounts.put(row.id, self.now(), Arc::new(account));
    }

    /// A version of a channel account, old or new.
    pub(crate) async fn account(
        &self,
        id: ChannelAccountId,
    ) -> Result<Option<Arc<Account>>, Failure> {
        if let Some((_, account)) = self.directory.accounts.get(&id) {
            return Ok(Some(account));
        }
        let Some(row) = self.store.channel_account(id).await? else {
            return Ok(None);
        };
        let text = self.vault.open(&id.to_string(), &row.sealed)?;
        let unusable = || Failure::unusable("a channel account's parameters");
        let config: channels::ChannelConfig =
            serde_json::from_str(text.expose()).or(Err(unusable()))?;
        let account = Arc::new(Account {
            id,
            pulse: self.directory.pulses.of(&ledger_owner(&row)),
            ledger_owner: ledger_owner(&row),
            channel: row.channel,
            connector: channels::connector(&config, &*self.keys).or(Err(unusable()))?,
        });
        self.directory.accounts.put(id, self.now(), Arc::clone(&account));
        Ok(Some(account))
    }
}

/// The owner of the ledger's account at a channel: the same for all versions of an account number.
pub(crate) fn ledger_owner(row: &merchants::ChannelAccount) -> String {
    format!("{}:{}", row.channel, row.account_no)
}
