//! Set up who takes part: merchants, stores, terminals, API keys, channel accounts, platform keys.

use channels::ClearsTo;
use crypto::random::random_alphanumeric;
use crypto::{RsaPublicKey, Sm2PublicKey};
use ids::{ApiKeyName, ChannelAccountId, ChannelCode, MerchantId, StoreId, TerminalId};
use jiff::Timestamp;
use merchants::{
    ApiKey, ChannelAccount, KeyAlgorithm, Merchant, MerchantChannel, MerchantState, Store,
    Terminal, TerminalKind,
};
use secret::Secret;
use store::{AdminRow, Changes, Command, Decision, PlatformKeyRow, Reads, View};

use crate::error::{Failure, UseCaseError};
use crate::{App, PlatformKey, PlatformKeys, Vault};

/// Characters of a generated HMAC secret: 190 bits.
const SECRET_CHARACTERS: usize = 32;
const KEY_NAME_CHARACTERS: usize = 16;
/// What a platform key is sealed for.
const PLATFORM_KEY_PURPOSE: &str = "platform_key";
const PLATFORM_KEY_NAME_LENGTH: usize = 16;

/// A fresh key, and what its holder must be given once.
#[derive(Debug)]
pub struct IssuedKey {
    pub key: ApiKey,
    /// Only for HMAC; the platform shows it once.
    pub secret: Option<Secret<String>>,
}

/// What a merchant brings for a key.
#[derive(Debug)]
pub enum KeyMaterial {
    /// The platform makes a shared secret.
    Hmac,
    /// The merchant's public key, PEM.
    Rsa(String),
    Sm2(String),
}

/// The parameters of a channel account as an operator enters them.
#[derive(Debug)]
pub struct NewChannelAccount {
    pub channel: ChannelCode,
    pub account_no: String,
    pub live: bool,
    /// JSON of [`channels::ChannelConfig`].
    pub config: Secret<String>,
}

impl App {
    /// # Errors
    /// A failure of the store.
    pub async fn create_merchant(&self, name: &str) -> Result<Merchant, UseCaseError> {
        let now = self.now();
        let merchant = Merchant {
            id: MerchantId::generate(&self.ids, now.as_millisecond()),
            name: name.to_owned(),
            state: MerchantState::Active,
            created_at: now,
        };
        self.put(vec![AdminRow::Merchant(merchant.clone())]).await?;
        Ok(merchant)
    }

    /// Suspends a merchant or lets it go on; `None` when there is none of that id.
    ///
    /// # Errors
    /// A failure of the store.
    pub async fn set_merchant_state(
        &self,
        merchant: MerchantId,
        state: MerchantState,
    ) -> Result<Option<Merchant>, UseCaseError> {
        let Some(known) = self.store.merchant(merchant).await? else { return Ok(None) };
        let merchant = Merchant { state, ..known };
        self.put(vec![AdminRow::Merchant(merchant.clone())]).await?;
        Ok(Some(merchant))
    }

    /// # Errors
    /// A failure of the store.
    pub async fn create_store(
        &self,
        merchant: MerchantId,
        name: &str,
    ) -> Result<Store, UseCaseError> {
        let now = self.now();
        let id = StoreId::generate(&self.ids, now.as_millisecond());
        let store = Store { id, merchant, name: name.to_owned(), created_at: now };
        self.put(vec![AdminRow::Store(store.clone())]).await?;
        Ok(store)
    }

    /// # Errors
    /// A failure of the store.
    pub async fn create_terminal(
        &self,
        store: &Store,
        kind: TerminalKind,
        name: &str,
    ) -> Result<Terminal, UseCaseError> {
        let now = self.now();
        let terminal = Terminal {
            id: TerminalId::generate(&self.ids, now.as_millisecond()),
            merchant: store.merchant,
            store: store.id,
            kind,
            name: name.to_owned(),
            created_at: now,
            revoked_at: None,
        };
        self.put(vec![AdminRow::Terminal(terminal.clone())]).await?;
        Ok(terminal)
    }

    /// Issues an API key to a merchant, or to one of its terminals.
    ///
    /// # Errors
    /// A failure when the public key cannot be read, or of the store.
    pub async fn issue_key(
        &self,
        merchant: MerchantId,
        terminal: Option<TerminalId>,
        material: KeyMaterial,
    ) -> Result<IssuedKey, UseCaseError> {
        let name = format!("key_{}", random_alphanumeric(KEY_NAME_CHARACTERS));
        let name = ApiKeyName::parse(&name).or(Err(Failure::unusable("a key's name")))?;
        let unreadable = Failure::unusable("the public key");
        let (algorithm, public_key, secret) = match material {
            KeyMaterial::Hmac => {
                let secret = Secret::new(random_alphanumeric(SECRET_CHARACTERS));
                (KeyAlgorithm::HmacSha256, None, Some(secret))
            }
            KeyMaterial::Rsa(pem) => {
                let key = RsaPublicKey::from_pem(&pem).or(Err(unreadable))?;
                (KeyAlgorithm::RsaSha256, Some(key.to_pem()), None)
            }
            KeyMaterial::Sm2(pem) => {
                let key = Sm2PublicKey::from_pem(&pem).or(Err(unreadable))?;
                (KeyAlgorithm::Sm2Sm3, Some(key.to_pem()), None)
            }
        };
        let key = ApiKey {
            sealed: secret.as_ref().map(|s| self.vault.seal(name.as_str(), s)),
            name,
            merchant,
            terminal,
            algorithm,
            public_key,
            attended: false,
            created_at: self.now(),
            revoked_at: None,
        };
        self.put(vec![AdminRow::ApiKey(key.clone())]).await?;
        Ok(IssuedKey { key, secret })
    }

    /// Revokes a key. Requests signed with it are refused within a few seconds everywhere.
    ///
    /// # Errors
    /// A failure of the store. A key that does not exist is no error.
    pub async fn revoke_key(&self, name: &ApiKeyName) -> Result<bool, UseCaseError> {
        let Some(mut key) = self.store.api_key(name).await? else {
            return Ok(false);
        };
        key.revoked_at.get_or_insert(self.now());
        self.put(vec![AdminRow::ApiKey(key)]).await?;
        Ok(true)
    }

    /// Adds a version of our account at a channel. Older versions go on verifying what was started
    /// under them.
    ///
    /// # Errors
    /// A failure when the parameters cannot be used, or of the store.
    pub async fn add_channel_account(
        &self,
        new: NewChannelAccount,
    ) -> Result<ChannelAccount, UseCaseError> {
        let unusable = || Failure::unusable("a channel account's parameters");
        let config: channels::ChannelConfig =
            serde_json::from_str(new.config.expose()).or(Err(unusable()))?;
        channels::connector(&config, &*self.keys).or(Err(unusable()))?;
        let kept = channels::with_keys_kept(&new.config, &*self.keys).or(Err(unusable()))?;
        let owned = ledger::AccountKey::channel_receivable(
            &new.channel,
            &new.account_no,
            money::Currency::Cny,
        );
        owned.or(Err(Failure::unusable("a channel account's number")))?;
        let all = self.store.channel_accounts().await?;
        let same = |a: &&ChannelAccount| a.channel == new.channel && a.account_no == new.account_no;
        let last = all.iter().filter(same).map(|a| a.version).max().unwrap_or(0);
        let now = self.now();
        let id = ChannelAccountId::generate(&self.ids, now.as_millisecond());
        let account = ChannelAccount {
            id,
            channel: new.channel,
            account_no: new.account_no,
            version: last.saturating_add(1),
            live: new.live,
            sealed: self.vault.seal(&id.to_string(), &kept),
            created_at: now,
        };
        self.put(vec![AdminRow::ChannelAccount(account.clone())]).await?;
        Ok(account)
    }

    /// Registers an account whose connector is made elsewhere (see [`App::adopt_connector`]).
    ///
    /// # Errors
    /// A failure of the store.
    pub async fn register_account(&self, account: ChannelAccount) -> Result<(), UseCaseError> {
        self.put(vec![AdminRow::ChannelAccount(account)]).await
    }

    /// Lets a merchant's new payments of a channel go through an account of ours: 代收. A new version
    /// of an account takes the old one's place; routing chooses among several.
    ///
    /// # Errors
    /// A failure of the store.
    pub async fn open_channel(
        &self,
        merchant: MerchantId,
        account: &ChannelAccount,
    ) -> Result<(), UseCaseError> {
        self.open_channel_as(merchant, account, (false, 0)).await.map(|_| ())
    }

    /// The same with whether the account is the merchant's own, which the channel pays directly
    /// (商户自收), and with its priority: among equals the lower one is first. Where the contract says that
    /// the channel pays merchants, it does.
    ///
    /// # Errors
    /// A failure of the store.
    pub async fn open_channel_as(
        &self,
        merchant: MerchantId,
        account: &ChannelAccount,
        (self_collected, priority): (bool, u32),
    ) -> Result<bool, UseCaseError> {
        let known = self.account(account.id).await?;
        let direct = known.is_some_and(|a| a.connector.clears_to() == ClearsTo::Merchant);
        let self_collected = self_collected || direct;
        let link = MerchantChannel {
            merchant,
            channel: account.channel.clone(),
            account_no: account.account_no.clone(),
            account: account.id,
            self_collected,
            priority,
            closed: false,
        };
        self.put(vec![AdminRow::MerchantChannel(link)]).await?;
        self.directory.merchant_channels.forget();
        Ok(self_collected)
    }

    pub(crate) async fn put(&self, admin: Vec<AdminRow>) -> Result<(), UseCaseError> {
        let command = Put { at: self.now(), rows: admin };
        Ok(self.store.write(command).await?)
    }
}

/// The algorithms of the platform's own keys.
const PLATFORM_ALGORITHMS: [KeyAlgorithm; 2] = [KeyAlgorithm::RsaSha256, KeyAlgorithm::Sm2Sm3];

impl App {
    /// The platform's newest key of each algorithm; what is missing is made first.
    ///
    /// # Errors
    /// A failure when one was sealed with another master key, or of the store.
    pub async fn load_platform_keys(
        store: &store::Store,
        vault: &Vault,
        now: Timestamp,
    ) -> Result<PlatformKeys, UseCaseError> {
        let known = store.platform_keys().await?;
        for algorithm in PLATFORM_ALGORITHMS {
            if !known.iter().any(|row| row.algorithm == algorithm) {
                add_platform_key(store, vault, algorithm, now).await?;
            }
        }
        // Read again: two processes may have made one each, and both take the same.
        let rows = store.platform_keys().await?;
        let newest = |algorithm| {
            let row = rows.iter().rfind(|row| row.algorithm == algorithm);
            let row = row.ok_or(Failure::unusable("the platform's keys"))?;
            let pem = vault.open(PLATFORM_KEY_PURPOSE, &row.sealed)?;
            PlatformKey::from_pem(&row.name, algorithm, &pem)
                .or(Err(Failure::unusable("a platform key")))
        };
        Ok(PlatformKeys {
            rsa: newest(KeyAlgorithm::RsaSha256)?,
            sm2: newest(KeyAlgorithm::Sm2Sm3)?,
        })
    }

    /// Makes a new signing key of the platform. Processes sign with it from their next start; the
    /// public halves of the old ones stay published, so that old messages can still be verified.
    ///
    /// # Errors
    /// A failure for an algorithm without a public half, or of the store.
    pub async fn rotate_platform_key(
        &self,
        algorithm: KeyAlgorithm,
    ) -> Result<PlatformKey, UseCaseError> {
        add_platform_key(&self.store, &self.vault, algorithm, self.now()).await
    }
}

/// Under a name of its own, so that two processes that start at once do not overwrite each other.
async fn add_platform_key(
    store: &store::Store,
    vault: &Vault,
    algorithm: KeyAlgorithm,
    now: Timestamp,
) -> Result<PlatformKey, UseCaseError> {
    let name = format!("pk_{}", random_alphanumeric(PLATFORM_KEY_NAME_LENGTH));
    let key = PlatformKey::generate(&name, algorithm);
    let key = key.ok_or(Failure::unusable("a platform key without a public half"))?;
    let row = PlatformKeyRow {
        name,
        algorithm,
        public_key: key.public_pem(),
        sealed: vault.seal(PLATFORM_KEY_PURPOSE, &key.private_pem()),
        created_at: now,
    };
    store.write(Put { at: now, rows: vec![AdminRow::PlatformKey(row)] }).await?;
    Ok(key)
}

/// Writes operators' rows as they are.
struct Put {
    at: Timestamp,
    rows: Vec<AdminRow>,
}

impl Command for Put {
    type Answer = ();

    fn now(&self) -> Timestamp {
        self.at
    }

    fn reads(&self, _: &mut Reads) {}

    fn decide(&self, _: &View<'_>) -> Decision<()> {
        Decision { changes: Changes { admin: self.rows.clone(), ..Changes::default() }, answer: () }
    }
}
