//! One key: how it is written down, and its work inside the token.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use crypto::pos::{BlockKey, CheckValue, HeldKey, HostKey, KeyFault};
use cryptoki::error::Error;
use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::Session;

use crate::token::{Object, Token};

/// Before a key of a token, where others stand in the clear.
const PREFIX: &str = "p11:";
/// Between a key and its left half.
const LEFT: char = '/';
/// DES in any length.
const BLOCK: usize = 8;
/// Two keys of eight bytes, wrapped by RFC 3394.
const WRAPPED_BYTES: usize = 24;

/// Brought into the token when it is first used, and again when the connection was lost.
#[derive(Clone)]
pub(crate) struct TokenKey(Arc<Inner>);

struct Inner {
    token: Arc<Token>,
    /// `p11:<check value>:<wrapped>`, and behind `/` the same of the left half where the key has double
    /// length.
    written: String,
    wrapped: Vec<u8>,
    /// The single-length key in front of a key of double length.
    left: Option<TokenKey>,
    check: CheckValue,
    object: Mutex<Option<Object>>,
}

impl fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenKey({})", self.0.check)
    }
}

impl TokenKey {
    pub(crate) fn take_in(token: &Arc<Token>, key: &BlockKey) -> Result<Self, KeyFault> {
        if key.is_sm4() {
            // PKCS#11 knows no SM4; modules that have it have it under numbers of their own.
            return Err(KeyFault::Unsupported);
        }
        let bytes = key.expose();
        let first = bytes.get(..BLOCK).ok_or(KeyFault::Foreign)?;
        // Triple DES with two equal halves is DES.
        let single = wrapped(token, &first.repeat(2))?;
        if bytes.len() == BLOCK {
            return Ok(Self::new(token, single, key.check_value(), None));
        }
        let front = BlockKey::des(first).or(Err(KeyFault::Foreign))?;
        let left = Self::new(token, single, front.check_value(), None);
        Ok(Self::new(token, wrapped(token, bytes)?, key.check_value(), Some(left)))
    }

    /// None where it is nothing that a token wrote.
    pub(crate) fn read(token: &Arc<Token>, written: &str) -> Option<Self> {
        let part = |part: &str, left: Option<Self>| {
            let (check, wrapped) = part.strip_prefix(PREFIX)?.split_once(':')?;
            let check = <[u8; 4]>::try_from(hex::decode(check).ok()?).ok()?;
            let wrapped = hex::decode(wrapped).ok()?;
            (wrapped.len() == WRAPPED_BYTES)
                .then(|| Self::new(token, wrapped, CheckValue(check), left))
        };
        match written.split_once(LEFT) {
            Some((whole, left)) => part(whole, Some(part(left, None)?)),
            None => part(written, None),
        }
    }

    fn new(token: &Arc<Token>, wrapped: Vec<u8>, check: CheckValue, left: Option<Self>) -> Self {
        let behind = left.as_ref().map(|left| format!("{LEFT}{}", left.0.written));
        let written =
            format!("{PREFIX}{check}:{}{}", hex::encode(&wrapped), behind.unwrap_or_default());
        let token = Arc::clone(token);
        Self(Arc::new(Inner { token, written, wrapped, left, check, object: Mutex::new(None) }))
    }
}

impl Inner {
    /// The key inside, brought in where it is not there (any more).
    fn object(&self) -> Result<Object, KeyFault> {
        let mut known = self.object.lock().unwrap_or_else(PoisonError::into_inner);
        let generation = self.token.generation();
        if let Some(object) = known.filter(|object| object.generation == generation) {
            return Ok(object);
        }
        let template = template(false, [Attribute::Encrypt(true), Attribute::Decrypt(true)]);
        let unwrap = |session: &Session, store_key| {
            session.unwrap_key(&Mechanism::AesKeyWrap, store_key, &self.wrapped, &template)
        };
        let (handle, generation) = self.token.keep(unwrap)?;
        let object = Object { handle, generation };
        *known = Some(object);
        Ok(object)
    }

    /// Once more with the key brought in again, where the connection was lost on the way.
    fn work(
        &self,
        work: impl Fn(&Session, ObjectHandle) -> Result<Vec<u8>, Error>,
    ) -> Result<Vec<u8>, KeyFault> {
        for _ in 0..2 {
            if let Some(done) = self.token.work(self.object()?, &work)? {
                return Ok(done);
            }
        }
        Err(KeyFault::Unavailable)
    }

    /// In place over whole blocks; untouched on a fault.
    fn over_blocks(
        &self,
        bytes: &mut [u8],
        work: impl Fn(&Session, ObjectHandle, &[u8]) -> Result<Vec<u8>, Error>,
    ) -> Result<(), KeyFault> {
        let whole = bytes.len() / BLOCK * BLOCK;
        let Some(blocks) = bytes.get_mut(..whole).filter(|blocks| !blocks.is_empty()) else {
            return Ok(());
        };
        let done = self.work(|session, key| work(session, key, blocks))?;
        if done.len() != blocks.len() {
            return Err(KeyFault::Unavailable);
        }
        blocks.copy_from_slice(&done);
        Ok(())
    }
}

impl HeldKey for TokenKey {
    fn block_bytes(&self) -> usize {
        BLOCK
    }

    fn check_value(&self) -> CheckValue {
        self.0.check
    }

    fn encrypt(&self, bytes: &mut [u8]) -> Result<(), KeyFault> {
        self.0.over_blocks(bytes, |session, key, blocks| {
            session.encrypt(&Mechanism::Des3Ecb, key, blocks)
        })
    }

    fn decrypt(&self, bytes: &mut [u8]) -> Result<(), KeyFault> {
        self.0.over_blocks(bytes, |session, key, blocks| {
            session.decrypt(&Mechanism::Des3Ecb, key, blocks)
        })
    }

    fn chain(&self, message: &[u8]) -> Result<Vec<u8>, KeyFault> {
        if message.is_empty() {
            return Ok(vec![0; BLOCK]);
        }
        let mut filled = message.to_vec();
        filled.resize(message.len().next_multiple_of(BLOCK), 0);
        let chained = self
            .0
            .work(|session, key| session.encrypt(&Mechanism::Des3Cbc([0; BLOCK]), key, &filled))?;
        chained.last_chunk::<BLOCK>().map(|last| last.to_vec()).ok_or(KeyFault::Unavailable)
    }

    fn left(&self) -> Result<HostKey, KeyFault> {
        let left = self.0.left.as_ref().unwrap_or(self).clone();
        Ok(HostKey::held(Arc::new(left)))
    }

    fn written(&self) -> &str {
        &self.0.written
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Some(object) = *self.object.lock().unwrap_or_else(PoisonError::into_inner) {
            self.token.forget(object);
        }
    }
}

/// Brings a key of sixteen bytes in, wraps it, and destroys it again.
fn wrapped(token: &Token, bytes: &[u8]) -> Result<Vec<u8>, KeyFault> {
    let template = template(true, [Attribute::Value(bytes.to_vec())]);
    let (wrapped, _) = token.keep(|session, store_key| {
        let object = session.create_object(&template)?;
        let wrapped = session.wrap_key(&Mechanism::AesKeyWrap, store_key, object);
        session.destroy_object(object)?;
        wrapped
    })?;
    Ok(wrapped)
}

/// A key of sixteen bytes that lives as long as its session.
fn template<const N: usize>(extractable: bool, more: [Attribute; N]) -> Vec<Attribute> {
    let own = [
        Attribute::Class(ObjectClass::SECRET_KEY),
        Attribute::KeyType(KeyType::DES2),
        Attribute::Token(false),
        Attribute::Private(true),
        Attribute::Sensitive(true),
        Attribute::Extractable(extractable),
    ];
    own.into_iter().chain(more).collect()
}
