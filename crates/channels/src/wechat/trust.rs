//! Whom we believe: the platform's public key, and its certificates, which change.
//!
//! A certificate is entered once; those that follow it come from `GET /v3/certificates`, sealed with
//! the APIv3 key. A message that names a serial number which we do not know is not believed, and says
//! that it is time to ask again.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{PoisonError, RwLock};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use crypto::{Certificate, RsaPublicKey};
use jiff::Timestamp;
use serde::Deserialize;

use super::{Wechat, v3};
use crate::{ConfigError, KeysRefusal, Response};

/// Keys of one account, at most; beyond it the oldest learnt one goes.
const KEYS_MAX: usize = 16;
/// Certificates in one answer, at most.
const LISTED_MAX: usize = 16;

/// By serial number or public-key id: whichever signed, named in `Wechatpay-Serial`.
#[derive(Debug)]
pub(super) struct Trust {
    keys: RwLock<Vec<(String, RsaPublicKey)>>,
    /// The public key that answers are to be signed with. Certificates are not named: the platform
    /// signs with the one that is in force, which may be newer than ours.
    named: Option<String>,
    /// So many of them, the first, an operator entered: they stay.
    entered: usize,
    /// Whether there are certificates, which change.
    changes: bool,
    wanted: AtomicBool,
}

impl Trust {
    pub(super) fn new(
        public_key: Option<(&String, &String)>,
        certificates: &[String],
    ) -> Result<Self, ConfigError> {
        let mut keys = Vec::new();
        if let Some((id, key)) = public_key {
            keys.push((id.clone(), RsaPublicKey::from_pem(key).or(Err(ConfigError::Key))?));
        }
        for pem in certificates {
            let certificate = Certificate::from_pem(pem).or(Err(ConfigError::Key))?;
            let key = certificate.public_key().or(Err(ConfigError::Key))?;
            keys.push((certificate.serial_hex_upper(), key));
        }
        if keys.is_empty() {
            return Err(ConfigError::Key);
        }
        let named = public_key.map(|(id, _)| id.clone());
        let (entered, changes) = (keys.len(), !certificates.is_empty());
        let (keys, wanted) = (RwLock::new(keys), AtomicBool::new(changes));
        Ok(Self { keys, named, entered, changes, wanted })
    }

    pub(super) fn named(&self) -> Option<&str> {
        self.named.as_deref()
    }

    pub(super) const fn changes(&self) -> bool {
        self.changes
    }

    /// The key of that serial number; an unknown one makes us ask for keys.
    pub(super) fn key(&self, serial: &str) -> Option<RsaPublicKey> {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        let known = keys.iter().find(|(known, _)| known == serial).map(|(_, key)| key.clone());
        if known.is_none() && self.changes {
            self.wanted.store(true, Ordering::Relaxed);
        }
        known
    }

    pub(super) fn are_wanted(&self) -> bool {
        self.wanted.load(Ordering::Relaxed)
    }

    /// How many of them are new.
    fn learn(&self, found: Vec<(String, RsaPublicKey)>) -> usize {
        let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        let before = keys.len();
        for (serial, key) in found {
            if !keys.iter().any(|(known, _)| *known == serial) {
                keys.push((serial, key));
            }
        }
        let learnt = keys.len() - before;
        let excess = keys.len().saturating_sub(KEYS_MAX.max(self.entered));
        drop(keys.drain(self.entered..self.entered.saturating_add(excess)));
        self.wanted.store(false, Ordering::Relaxed);
        learnt
    }
}

#[derive(Deserialize)]
struct Listed {
    data: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    serial_no: String,
    expire_time: String,
    encrypt_certificate: Sealed,
}

#[derive(Deserialize)]
struct Sealed {
    algorithm: String,
    nonce: String,
    #[serde(default)]
    associated_data: String,
    ciphertext: String,
}

impl Sealed {
    fn open(&self, account: &Wechat) -> Option<Certificate> {
        if self.algorithm != "AEAD_AES_256_GCM" {
            return None;
        }
        let nonce = self.nonce.as_bytes().try_into().ok()?;
        let sealed = BASE64.decode(&self.ciphertext).ok()?;
        let aad = self.associated_data.as_bytes();
        let plain = crypto::aead::open(&account.apiv3_key, nonce, aad, &sealed).ok()?;
        Certificate::from_pem(std::str::from_utf8(&plain).ok()?).ok()
    }
}

/// Takes the certificates of an answer that one of them, or one that we know, has signed.
pub(super) fn learn(
    account: &Wechat,
    now: Timestamp,
    response: &Response,
) -> Result<usize, KeysRefusal> {
    if !response.status().is_success() {
        return Err(KeysRefusal::Refused);
    }
    let malformed = KeysRefusal::Malformed;
    let listed: Listed = serde_json::from_slice(response.body()).or(Err(malformed))?;
    let mut found = Vec::new();
    for item in listed.data.iter().take(LISTED_MAX) {
        let expires: Timestamp = item.expire_time.parse().or(Err(malformed))?;
        if expires <= now {
            continue;
        }
        // Sealed with our own APIv3 key: nobody but the platform can have made it.
        let certificate = item.encrypt_certificate.open(account).ok_or(malformed)?;
        if certificate.serial_hex_upper() != item.serial_no.to_uppercase() {
            return Err(malformed);
        }
        let key = certificate.public_key().or(Err(malformed))?;
        found.push((certificate.serial_hex_upper(), key));
    }
    let find = |serial: &str| {
        let new = found.iter().find(|(known, _)| known == serial).map(|(_, key)| key.clone());
        new.or_else(|| account.trust.key(serial))
    };
    if !v3::is_signed_by(find, response.headers(), response.body(), now) {
        return Err(KeysRefusal::BadSignature);
    }
    Ok(account.trust.learn(found))
}
