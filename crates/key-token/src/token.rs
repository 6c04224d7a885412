//! The connection to a token: sessions, the store's key, and getting in again after it was lost.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crypto::pos::KeyFault;
use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::slot::Slot;
use cryptoki::types::AuthPin;

use crate::{TokenError, TokenSettings};

/// Sessions that wait for work; more are closed after theirs.
const IDLE_SESSIONS_MAX: usize = 16;
/// Bytes of the store's key: AES-256.
const STORE_KEY_BYTES: u64 = 32;

#[derive(Debug)]
pub(crate) struct Token {
    pkcs11: Pkcs11,
    slot: Slot,
    settings: TokenSettings,
    keeper: Mutex<Keeper>,
    idle: Mutex<Vec<Session>>,
}

/// The session that brings keys in: they live as long as it does.
#[derive(Debug)]
struct Keeper {
    open: Option<(Session, ObjectHandle)>,
    /// Counts connections: a key's handle belongs to one of them.
    generation: u64,
}

/// An object of the token, and the connection in which it is one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Object {
    pub(crate) handle: ObjectHandle,
    pub(crate) generation: u64,
}

impl Token {
    pub(crate) fn open(settings: TokenSettings) -> Result<Self, TokenError> {
        let (pkcs11, slot) = reach(&settings)?;
        let keeper = Keeper { open: None, generation: 0 };
        let token = Self {
            pkcs11,
            slot,
            settings,
            keeper: Mutex::new(keeper),
            idle: Mutex::new(Vec::new()),
        };
        let opened = token.enter()?;
        token.keeper().open = Some(opened);
        Ok(token)
    }

    pub(crate) fn init(settings: TokenSettings) -> Result<bool, TokenError> {
        let (pkcs11, slot) = reach(&settings)?;
        let session = log_in(&pkcs11, slot, &settings)?;
        if !store_keys(&session, &settings.key)?.is_empty() {
            return Ok(false);
        }
        let template = [
            Attribute::Token(true),
            Attribute::Private(true),
            Attribute::Sensitive(true),
            Attribute::Extractable(false),
            Attribute::Wrap(true),
            Attribute::Unwrap(true),
            Attribute::ValueLen(STORE_KEY_BYTES.into()),
            Attribute::Label(settings.key.clone().into_bytes()),
        ];
        session.generate_key(&Mechanism::AesKeyGen, &template).map_err(refused)?;
        Ok(true)
    }

    /// A session with the store's key found.
    fn enter(&self) -> Result<(Session, ObjectHandle), TokenError> {
        let session = log_in(&self.pkcs11, self.slot, &self.settings)?;
        let label = &self.settings.key;
        let found = store_keys(&session, label)?;
        match found.as_slice() {
            [key] => Ok((session, *key)),
            [] => Err(TokenError::NoKey(label.clone())),
            many => Err(TokenError::ManyKeys(label.clone(), many.len())),
        }
    }

    /// Does something to the keys inside, with the session that keeps them and the store's key.
    pub(crate) fn keep<T>(
        &self,
        work: impl Fn(&Session, ObjectHandle) -> Result<T, Error>,
    ) -> Result<(T, u64), KeyFault> {
        let mut keeper = self.keeper();
        for _ in 0..2 {
            if keeper.open.is_none() {
                let opened = self.enter().map_err(|error| {
                    tracing::error!(error = %error, "the key store does not open");
                    KeyFault::Unavailable
                })?;
                keeper.open = Some(opened);
            }
            let Some((session, key)) = &keeper.open else { break };
            match work(session, *key) {
                Ok(done) => return Ok((done, keeper.generation)),
                Err(error) if is_lost(&error) => self.close(&mut keeper),
                Err(error) => return Err(fault(&error)),
            }
        }
        Err(KeyFault::Unavailable)
    }

    /// Works with an object in a session of its own. A lost connection says so with `None`.
    pub(crate) fn work(
        &self,
        object: Object,
        work: impl Fn(&Session, ObjectHandle) -> Result<Vec<u8>, Error>,
    ) -> Result<Option<Vec<u8>>, KeyFault> {
        let known = self.idle().pop();
        let session = match known {
            Some(session) => session,
            None => match self.pkcs11.open_ro_session(self.slot) {
                Ok(session) => session,
                Err(error) => return self.failed(&error, object.generation),
            },
        };
        match work(&session, object.handle) {
            Ok(done) => {
                let mut idle = self.idle();
                if idle.len() < IDLE_SESSIONS_MAX {
                    idle.push(session);
                }
                Ok(Some(done))
            }
            Err(error) => self.failed(&error, object.generation),
        }
    }

    fn failed(&self, error: &Error, generation: u64) -> Result<Option<Vec<u8>>, KeyFault> {
        if !is_lost(error) {
            return Err(fault(error));
        }
        let mut keeper = self.keeper();
        // Another call may have opened it again already.
        if keeper.generation == generation {
            self.close(&mut keeper);
        }
        Ok(None)
    }

    /// Leaves with all sessions: the next call gets in anew.
    fn close(&self, keeper: &mut Keeper) {
        tracing::warn!("the connection to the key store was lost");
        self.idle().clear();
        keeper.open = None;
        keeper.generation += 1;
    }

    pub(crate) fn generation(&self) -> u64 {
        self.keeper().generation
    }

    /// Forgets an object whose key is not needed any more.
    pub(crate) fn forget(&self, object: Object) {
        let keeper = self.keeper();
        if keeper.generation == object.generation
            && let Some((session, _)) = &keeper.open
        {
            // What cannot be forgotten ends with its session.
            session.destroy_object(object.handle).ok();
        }
    }

    fn keeper(&self) -> MutexGuard<'_, Keeper> {
        self.keeper.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Session>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn reach(settings: &TokenSettings) -> Result<(Pkcs11, Slot), TokenError> {
    let no_module = |_: Error| TokenError::Module(settings.module.clone());
    let pkcs11 = Pkcs11::new(&settings.module).map_err(no_module)?;
    match pkcs11.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
        // The library is one in a process, however many stores use it.
        Ok(()) | Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => {}
        Err(error) => return Err(no_module(error)),
    }
    for slot in pkcs11.get_slots_with_initialized_token().map_err(refused)? {
        let info = pkcs11.get_token_info(slot).map_err(refused)?;
        if info.label().trim() == settings.token {
            return Ok((pkcs11, slot));
        }
    }
    Err(TokenError::NoToken(settings.token.clone()))
}

fn log_in(pkcs11: &Pkcs11, slot: Slot, settings: &TokenSettings) -> Result<Session, TokenError> {
    let session = pkcs11.open_rw_session(slot).map_err(refused)?;
    let pin = AuthPin::from(settings.pin.expose().as_str());
    match session.login(UserType::User, Some(&pin)) {
        Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => Ok(session),
        Err(error) => {
            tracing::error!(error = %error, "the token does not let us in");
            Err(TokenError::Login)
        }
    }
}

fn store_keys(session: &Session, label: &str) -> Result<Vec<ObjectHandle>, TokenError> {
    let template = [
        Attribute::Class(ObjectClass::SECRET_KEY),
        Attribute::KeyType(KeyType::AES),
        Attribute::Token(true),
        Attribute::Label(label.as_bytes().to_vec()),
    ];
    session.find_objects(&template).map_err(refused)
}

/// The library's own words name functions and codes, no key.
fn refused(error: Error) -> TokenError {
    TokenError::Refused(error.to_string())
}

fn fault(error: &Error) -> KeyFault {
    tracing::error!(error = %error, "the key store refused");
    let Error::Pkcs11(code, _) = error else { return KeyFault::Unavailable };
    let is_any = |known: &[RvError]| known.contains(code);
    if is_any(&[RvError::MechanismInvalid, RvError::FunctionNotSupported]) {
        KeyFault::Unsupported
    } else if is_any(&[RvError::WrappedKeyInvalid, RvError::WrappedKeyLenRange]) {
        // Wrapped by another token.
        KeyFault::Foreign
    } else {
        KeyFault::Unavailable
    }
}

/// What a new connection may mend.
fn is_lost(error: &Error) -> bool {
    matches!(
        error,
        Error::Pkcs11(
            RvError::DeviceError
                | RvError::DeviceRemoved
                | RvError::TokenNotPresent
                | RvError::SessionClosed
                | RvError::SessionHandleInvalid
                | RvError::UserNotLoggedIn
                | RvError::KeyHandleInvalid
                | RvError::ObjectHandleInvalid
                | RvError::CryptokiNotInitialized,
            _
        )
    )
}
