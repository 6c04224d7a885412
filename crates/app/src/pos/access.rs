//! A terminal with its keys opened, and how it gets its first one.

use std::sync::Arc;

use crypto::pos::{BlockKey, BlockKeyError};
use jiff::Timestamp;
use merchants::{PosModel, PosState, PosTerminal, Terminal};
use secret::Secret;
use serde::{Deserialize, Serialize};
use store::{AdminRow, Changes, Command, Decision, Reads, View};

use crate::App;
use crate::error::{Failure, UseCaseError};

/// A terminal that may speak, with the keys of its last sign-on.
#[derive(Debug, Clone)]
pub struct PosAccess {
    pub terminal: PosTerminal,
    pub master: BlockKey,
    /// PIK and MAK; none before the first sign-on.
    pub pin: Option<BlockKey>,
    pub mac: Option<BlockKey>,
}

/// A terminal that is to speak ISO 8583.
#[derive(Debug)]
pub struct NewPosTerminal {
    /// 终端号, eight characters.
    pub terminal_no: String,
    /// 商户号, fifteen characters.
    pub merchant_code: String,
    pub model: PosModel,
    /// The master key that was put into it; made here where none was.
    pub master: Option<BlockKey>,
}

/// Keys as they are sealed: hexadecimal digits.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SealedKeys {
    master: String,
    pin: Option<String>,
    mac: Option<String>,
}

impl PosAccess {
    pub(super) fn sealed(&self, app: &App) -> Result<Vec<u8>, Failure> {
        let digits = |key: &BlockKey| hex::encode(key.expose());
        let keys = SealedKeys {
            master: digits(&self.master),
            pin: self.pin.as_ref().map(digits),
            mac: self.mac.as_ref().map(digits),
        };
        let text = serde_json::to_string(&keys).or(Err(Failure::unusable("a terminal's keys")))?;
        Ok(app.vault.seal(&purpose(&self.terminal), &Secret::new(text)))
    }

    fn open(app: &App, terminal: PosTerminal) -> Result<Self, Failure> {
        let unusable = || Failure::unusable("a terminal's keys");
        let text = app.vault.open(&purpose(&terminal), &terminal.sealed_keys)?;
        let keys: SealedKeys = serde_json::from_str(text.expose()).or(Err(unusable()))?;
        let key = |digits: &str| {
            let bytes = hex::decode(digits).or(Err(BlockKeyError::Length))?;
            BlockKey::des(&bytes)
        };
        let optional = |digits: Option<String>| digits.as_deref().map(key).transpose();
        Ok(Self {
            master: key(&keys.master).or(Err(unusable()))?,
            pin: optional(keys.pin).or(Err(unusable()))?,
            mac: optional(keys.mac).or(Err(unusable()))?,
            terminal,
        })
    }
}

/// The sealed keys open for this terminal only.
fn purpose(terminal: &PosTerminal) -> String {
    format!("pos:{}", terminal.terminal)
}

impl App {
    /// Lets a terminal speak ISO 8583. Its master key is in the answer once, to be put into the device.
    ///
    /// # Errors
    /// A failure of the store; numbers that do not fit fields 41 and 42 are the caller's to refuse.
    pub async fn register_pos(
        &self,
        terminal: &Terminal,
        new: NewPosTerminal,
    ) -> Result<PosAccess, UseCaseError> {
        let now = self.now();
        let master = new.master.unwrap_or_else(BlockKey::generate_tdes);
        let row = PosTerminal {
            terminal: terminal.id,
            merchant: terminal.merchant,
            terminal_no: new.terminal_no,
            merchant_code: new.merchant_code,
            model: new.model,
            sealed_keys: Vec::new(),
            master_check: master.check_value().to_string(),
            state: PosState::Registered,
            batch: 1,
            settled: false,
            signed_on_at: None,
            created_at: now,
            updated_at: now,
        };
        let mut access = PosAccess { terminal: row, master, pin: None, mac: None };
        access.terminal.sealed_keys = access.sealed(self)?;
        self.put_pos(access.terminal.clone()).await?;
        Ok(access)
    }

    pub(super) async fn put_pos(&self, terminal: PosTerminal) -> Result<(), UseCaseError> {
        self.store.write(Put { at: self.now(), terminal }).await?;
        self.directory.pos.forget();
        Ok(())
    }

    /// The terminal of these numbers; `None` where there is none. `fresh` asks the store in any case:
    /// another process may have given it new keys.
    ///
    /// # Errors
    /// [`Failure`]
    pub async fn pos_access(
        &self,
        terminal_no: &str,
        merchant_code: &str,
        fresh: bool,
    ) -> Result<Option<Arc<PosAccess>>, Failure> {
        let (now, key) = (self.now(), format!("{terminal_no}/{merchant_code}"));
        if !fresh && let Some(known) = self.directory.pos.get_fresh(&key, now) {
            return Ok(Some(known));
        }
        let Some(row) = self.store.pos_terminal(terminal_no, merchant_code).await? else {
            return Ok(None);
        };
        let access = Arc::new(PosAccess::open(self, row)?);
        self.directory.pos.put(key, now, Arc::clone(&access));
        Ok(Some(access))
    }
}

struct Put {
    at: Timestamp,
    terminal: PosTerminal,
}

impl Command for Put {
    type Answer = ();

    fn now(&self) -> Timestamp {
        self.at
    }

    fn reads(&self, _reads: &mut Reads) {}

    fn decide(&self, _view: &View<'_>) -> Decision<()> {
        let admin = Vec::<AdminRow>::new();
        let pos_terminals = vec![self.terminal.clone()];
        let changes = Changes { pos_terminals, admin, ..Changes::default() };
        Decision { changes, answer: () }
    }
}
