//! A terminal with its keys opened, and how it gets its first one.

use std::sync::Arc;

use crypto::pos::{BlockKey, HostKey, KeyCipher};
use ids::{CeremonyId, TerminalId};
use jiff::Timestamp;
use merchants::{Ceremony, CeremonyRefusal, PosLoaded, PosModel, PosState, PosTerminal, Terminal};
use secret::Secret;
use serde::{Deserialize, Serialize};
use store::{Changes, Command, Decision, Reads, View};

use super::Download;
use crate::App;
use crate::ceremonies::CeremonyMove;
use crate::error::{Failure, Refused, UseCaseError};

/// A terminal that may speak, with the keys of its last sign-on.
#[derive(Debug, Clone)]
pub struct PosAccess {
    pub terminal: PosTerminal,
    pub master: HostKey,
    /// PIK and MAK; none before the first sign-on.
    pub pin: Option<HostKey>,
    pub mac: Option<HostKey>,
    /// TDK: none where its sign-on did not ask for one.
    pub track: Option<HostKey>,
}

/// A terminal that is to speak ISO 8583.
#[derive(Debug)]
pub struct NewPosTerminal {
    /// 终端号, eight characters.
    pub terminal_no: String,
    /// 商户号, fifteen characters.
    pub merchant_code: String,
    pub model: PosModel,
    pub master: MasterKey,
}

/// A terminal that may sign on, and the ceremony by which its key came or goes.
#[derive(Debug)]
pub struct RegisteredPos {
    pub access: PosAccess,
    pub ceremony: Option<CeremonyId>,
}

/// Where a terminal's master key comes from.
#[derive(Debug)]
pub enum MasterKey {
    /// A key that was, or is to be, put into it: a key of its own, see [`new_master_key`].
    Clear(BlockKey),
    /// One that custodians brought in; the ceremony forgets it.
    Ceremony(CeremonyId),
    /// A key of its own that these custodians take out, each his component.
    Shared(BlockKey, Vec<String>),
}

/// A master key that no terminal has yet.
#[must_use]
pub fn new_master_key(model: PosModel) -> BlockKey {
    match cipher_of(model) {
        KeyCipher::Sm4 => BlockKey::generate_sm4(),
        KeyCipher::Des => BlockKey::generate_tdes(),
    }
}

const fn cipher_of(model: PosModel) -> KeyCipher {
    match model {
        PosModel::Sm4 => KeyCipher::Sm4,
        PosModel::CupTdes
        | PosModel::CupTdesLong
        | PosModel::X99
        | PosModel::X919
        | PosModel::TdesCbc
        | PosModel::FoldOnce => KeyCipher::Des,
    }
}

/// Keys as they are sealed: as the key store writes them down.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SealedKeys {
    master: String,
    pin: Option<String>,
    mac: Option<String>,
    #[serde(default)]
    track: Option<String>,
}

impl PosAccess {
    pub(super) fn sealed(&self, app: &App) -> Result<Vec<u8>, Failure> {
        let written = |key: &HostKey| key.written().expose().clone();
        let keys = SealedKeys {
            master: written(&self.master),
            pin: self.pin.as_ref().map(written),
            mac: self.mac.as_ref().map(written),
            track: self.track.as_ref().map(written),
        };
        let text = serde_json::to_string(&keys).or(Err(Failure::unusable("a terminal's keys")))?;
        Ok(app.vault.seal(&purpose(&self.terminal), &Secret::new(text)))
    }

    fn open(app: &App, terminal: PosTerminal) -> Result<Self, Failure> {
        let unusable = || Failure::unusable("a terminal's keys");
        let text = app.vault.open(&purpose(&terminal), &terminal.sealed_keys)?;
        let keys: SealedKeys = serde_json::from_str(text.expose()).or(Err(unusable()))?;
        let cipher = cipher_of(terminal.model);
        let key = |written: &str| app.keys.read(cipher, written);
        let optional = |written: Option<String>| written.as_deref().map(key).transpose();
        Ok(Self {
            master: key(&keys.master)?,
            pin: optional(keys.pin)?,
            mac: optional(keys.mac)?,
            track: optional(keys.track)?,
            terminal,
        })
    }
}

/// The sealed keys open for this terminal only.
fn purpose(terminal: &PosTerminal) -> String {
    format!("pos:{}", terminal.terminal)
}

impl App {
    /// Lets a terminal speak ISO 8583. Its master key goes into the key store, with the ceremony that it came
    /// by, or that its custodians take it out by, in the same transaction.
    ///
    /// # Errors
    /// [`CeremonyRefusal`]; a failure of the store, or of the key store. Numbers that do not fit fields 41 and
    /// 42 are the caller's to refuse.
    pub async fn register_pos(
        &self,
        terminal: &Terminal,
        new: NewPosTerminal,
    ) -> Result<RegisteredPos, UseCaseError> {
        let now = self.now();
        let (master, ceremony) = match new.master {
            MasterKey::Clear(key) => (self.keys.take_in(key)?, None),
            MasterKey::Shared(key, custodians) => {
                let shared = self.share_key(&key, &custodians, terminal.id).await?;
                (self.keys.take_in(key)?, Some(Box::new((None, shared))))
            }
            MasterKey::Ceremony(id) => {
                let sm4 = cipher_of(new.model) == KeyCipher::Sm4;
                let (key, moved) = self.use_ceremony(id, terminal.id, sm4).await?;
                (key, Some(moved))
            }
        };
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
            loaded: PosLoaded::default(),
            most: None,
            signed_on_at: None,
            created_at: now,
            updated_at: now,
        };
        let mut access = PosAccess { terminal: row, master, pin: None, mac: None, track: None };
        access.terminal.sealed_keys = access.sealed(self)?;
        let id = ceremony.as_ref().map(|moved| moved.1.id);
        let change = PosChange::New(Box::new(access.terminal.clone()), ceremony);
        self.change_pos(terminal.id, change).await?;
        Ok(RegisteredPos { access, ceremony: id })
    }

    /// Locks a terminal, or lets it sign on again. Processes that remember it learn so within seconds.
    ///
    /// # Errors
    /// A failure of the store.
    pub async fn lock_pos(
        &self,
        access: &PosAccess,
        locked: bool,
        by: &str,
    ) -> Result<(), UseCaseError> {
        let terminal = access.terminal.terminal;
        tracing::info!(terminal.id = %terminal, operator = by, locked, "a terminal is locked or not");
        self.change_pos(terminal, PosChange::Lock(locked)).await
    }

    /// Sets the most that one sale or pre-authorization of a terminal may be, in fen.
    ///
    /// # Errors
    /// A failure of the store.
    pub async fn limit_pos(
        &self,
        access: &PosAccess,
        most: Option<u64>,
        by: &str,
    ) -> Result<(), UseCaseError> {
        let terminal = access.terminal.terminal;
        tracing::info!(terminal.id = %terminal, operator = by, ?most, "a terminal's limit is set");
        self.change_pos(terminal, PosChange::Most(most)).await
    }

    pub(super) async fn change_pos(
        &self,
        terminal: TerminalId,
        change: PosChange,
    ) -> Result<(), UseCaseError> {
        let written = self.store.write(ChangePos { at: self.now(), terminal, change }).await?;
        self.directory.pos.forget();
        if written { Ok(()) } else { Err(Refused::Ceremony(CeremonyRefusal::Moved).into()) }
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

/// What becomes of a terminal's row. Each is decided over the row as it is, not as it was remembered.
#[derive(Debug)]
pub(super) enum PosChange {
    /// With the ceremony that its key came by: as it was, and as it is then.
    New(Box<PosTerminal>, Option<CeremonyMove>),
    SignOn {
        sealed_keys: Vec<u8>,
    },
    SignOff,
    /// Not to be served, or to be served again after a sign-on.
    Lock(bool),
    /// The most of one sale, in fen.
    Most(Option<u64>),
    /// Nothing more is taken in this batch.
    Settle {
        batch: u32,
    },
    /// This batch is over.
    EndBatch {
        batch: u32,
    },
    Loaded {
        download: Download,
        version: u32,
    },
}

const fn loaded(known: PosLoaded, download: Download, version: u32) -> PosLoaded {
    match download {
        Download::Parameters => PosLoaded { parameters: version, ..known },
        Download::CaKeys => PosLoaded { ca_keys: version, ..known },
        Download::Aids => PosLoaded { aids: version, ..known },
    }
}

struct ChangePos {
    at: Timestamp,
    terminal: TerminalId,
    change: PosChange,
}

impl ChangePos {
    /// By which the key came: as it was, and as it is then.
    fn ceremony(&self) -> Option<&(Option<Ceremony>, Ceremony)> {
        if let PosChange::New(_, ceremony) = &self.change { ceremony.as_deref() } else { None }
    }

    /// None where there is nothing to change.
    fn changed(&self, known: Option<&PosTerminal>) -> Option<PosTerminal> {
        if let PosChange::New(new, _) = &self.change {
            return Some(new.as_ref().clone());
        }
        let known = PosTerminal { updated_at: self.at, ..known?.clone() };
        Some(match &self.change {
            PosChange::SignOn { sealed_keys } => PosTerminal {
                state: PosState::SignedOn,
                signed_on_at: Some(self.at),
                sealed_keys: sealed_keys.clone(),
                ..known
            },
            PosChange::SignOff => PosTerminal { state: PosState::SignedOff, ..known },
            PosChange::Lock(true) => PosTerminal { state: PosState::Locked, ..known },
            PosChange::Lock(false) if known.state == PosState::Locked => {
                PosTerminal { state: PosState::SignedOff, ..known }
            }
            PosChange::Most(most) => PosTerminal { most: *most, ..known },
            PosChange::Settle { batch } if known.batch == *batch => {
                PosTerminal { settled: true, ..known }
            }
            PosChange::EndBatch { batch } if known.batch == *batch => {
                PosTerminal { batch: known.next_batch(), settled: false, ..known }
            }
            PosChange::Loaded { download, version } => {
                PosTerminal { loaded: loaded(known.loaded, *download, *version), ..known }
            }
            PosChange::New(..)
            | PosChange::Lock(false)
            | PosChange::Settle { .. }
            | PosChange::EndBatch { .. } => return None,
        })
    }
}

impl Command for ChangePos {
    /// False where the ceremony's key was used meanwhile.
    type Answer = bool;

    fn now(&self) -> Timestamp {
        self.at
    }

    fn reads(&self, reads: &mut Reads) {
        reads.pos_terminals.insert(self.terminal);
        reads.ceremonies.extend(self.ceremony().map(|(_, after)| after.id));
    }

    fn decide(&self, view: &View<'_>) -> Decision<bool> {
        let ceremony = self.ceremony();
        let moved = |(before, after): &(Option<Ceremony>, Ceremony)| {
            view.ceremony(after.id) != before.as_ref()
        };
        if ceremony.is_some_and(moved) {
            return Decision::answer(false);
        }
        let changed = self.changed(view.pos_terminal(self.terminal));
        let pos_terminals = changed.into_iter().collect();
        let ceremonies = ceremony.map(|(_, after)| after.clone()).into_iter().collect();
        let changes = Changes { pos_terminals, ceremonies, ..Changes::default() };
        Decision { changes, answer: true }
    }
}
