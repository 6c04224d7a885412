//! Keys as the host uses them: in its own memory, or held by a module that never shows them.

use std::fmt;
use std::sync::Arc;

use secret::{Pan, Secret};

use super::cipher::Cipher;
use super::pin::{check_block, moved_block};
use super::{BlockKey, CheckValue, MacAlgorithm, MacForm, PinError, PinFormat, PosMac};
use super::{mac, track};
use crate::constant_time_eq;

/// Why a key could not do its work. It says nothing of the key or of what it was to work on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyFault {
    /// The module does not answer, or refused what it does at other times.
    #[error("the key store does not answer")]
    Unavailable,
    #[error("the key store has no such cipher")]
    Unsupported,
    /// What was written down is no key of this store, or of another kind.
    #[error("no key of this key store")]
    Foreign,
}

impl KeyFault {
    /// For answers and logs; never changes.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Unavailable => "key_store_unavailable",
            Self::Unsupported => "key_cipher_unsupported",
            Self::Foreign => "key_foreign",
        }
    }
}

/// The ciphers of terminals' and zones' keys. The length of a key tells DES from triple DES.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyCipher {
    Des,
    Sm4,
}

/// Where keys are kept, and the only place where a key is made usable.
pub trait KeyStore: fmt::Debug + Send + Sync {
    /// Takes a key in: what comes back works where the store keeps its keys.
    ///
    /// # Errors
    /// [`KeyFault`]
    fn take_in(&self, key: BlockKey) -> Result<HostKey, KeyFault>;

    /// The key that [`HostKey::written`] wrote down; a key that another store wrote in the clear is
    /// taken in.
    ///
    /// # Errors
    /// [`KeyFault`]
    fn read(&self, cipher: KeyCipher, written: &str) -> Result<HostKey, KeyFault>;
}

/// A key that stays inside a module.
pub trait HeldKey: fmt::Debug + Send + Sync {
    fn block_bytes(&self) -> usize;

    fn check_value(&self) -> CheckValue;

    /// ECB over whole blocks, in place.
    ///
    /// # Errors
    /// [`KeyFault`]: then nothing in `bytes` has changed.
    fn encrypt(&self, bytes: &mut [u8]) -> Result<(), KeyFault>;

    /// # Errors
    /// [`KeyFault`]: then nothing in `bytes` has changed.
    fn decrypt(&self, bytes: &mut [u8]) -> Result<(), KeyFault>;

    /// CBC from zeros over a message that is filled with zeros: its last block.
    ///
    /// # Errors
    /// [`KeyFault`]
    fn chain(&self, message: &[u8]) -> Result<Vec<u8>, KeyFault>;

    /// The single-length key in front; the key itself where it is single.
    ///
    /// # Errors
    /// [`KeyFault`]
    fn left(&self) -> Result<HostKey, KeyFault>;

    /// The key under a key of the module: nothing without it.
    fn written(&self) -> &str;
}

/// A key of the host. `Debug` says where it is and nothing else.
#[derive(Clone)]
pub struct HostKey(Place);

#[derive(Clone)]
enum Place {
    Here(BlockKey),
    Held(Arc<dyn HeldKey>),
}

/// Keys in this process's memory; what is written down is the key itself, for its writer to seal.
#[derive(Debug, Clone, Copy, Default)]
pub struct SoftKeys;

impl KeyStore for SoftKeys {
    fn take_in(&self, key: BlockKey) -> Result<HostKey, KeyFault> {
        Ok(HostKey(Place::Here(key)))
    }

    fn read(&self, cipher: KeyCipher, written: &str) -> Result<HostKey, KeyFault> {
        Ok(HostKey(Place::Here(in_the_clear(cipher, written)?)))
    }
}

/// A key that stands there in hexadecimal digits.
///
/// # Errors
/// [`KeyFault::Foreign`]
pub fn in_the_clear(cipher: KeyCipher, written: &str) -> Result<BlockKey, KeyFault> {
    let bytes = hex::decode(written).or(Err(KeyFault::Foreign))?;
    let key = match cipher {
        KeyCipher::Des => BlockKey::des(&bytes),
        KeyCipher::Sm4 => BlockKey::sm4(&bytes),
    };
    key.or(Err(KeyFault::Foreign))
}

impl fmt::Debug for HostKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Place::Here(key) => write!(f, "HostKey({key:?})"),
            Place::Held(_) => f.write_str("HostKey(held)"),
        }
    }
}

impl From<BlockKey> for HostKey {
    fn from(key: BlockKey) -> Self {
        Self(Place::Here(key))
    }
}

impl HostKey {
    /// One that a module holds.
    #[must_use]
    pub fn held(key: Arc<dyn HeldKey>) -> Self {
        Self(Place::Held(key))
    }

    /// For [`KeyStore::read`]. A secret where the store is a soft one.
    #[must_use]
    pub fn written(&self) -> Secret<String> {
        Secret::new(match &self.0 {
            Place::Here(key) => hex::encode(key.expose()),
            Place::Held(key) => key.written().to_owned(),
        })
    }

    #[must_use]
    pub fn check_value(&self) -> CheckValue {
        match &self.0 {
            Place::Here(key) => key.check_value(),
            Place::Held(key) => key.check_value(),
        }
    }

    #[must_use]
    pub fn is_sm4(&self) -> bool {
        self.block_bytes() == 16
    }

    /// Another key enciphered (ECB) under this one, as a sign-on delivers it.
    ///
    /// # Errors
    /// [`KeyFault`]
    pub fn wrap(&self, key: &BlockKey) -> Result<Vec<u8>, KeyFault> {
        let mut bytes = key.expose().to_vec();
        self.encrypt(&mut bytes)?;
        Ok(bytes)
    }

    /// The way back; check the key by its check value before using it.
    ///
    /// # Errors
    /// [`KeyFault`]; [`KeyFault::Foreign`] where the length is none of a key's.
    pub fn unwrap(&self, wrapped: &[u8]) -> Result<BlockKey, KeyFault> {
        let mut bytes = wrapped.to_vec();
        self.decrypt(&mut bytes)?;
        let key = if self.is_sm4() { BlockKey::sm4(&bytes) } else { BlockKey::des(&bytes) };
        key.or(Err(KeyFault::Foreign))
    }

    /// As [`pos_mac`](super::pos_mac).
    ///
    /// # Errors
    /// [`KeyFault`]
    pub fn mac(&self, algorithm: MacAlgorithm, message: &[u8]) -> Result<PosMac, KeyFault> {
        mac::made(algorithm, self, message)
    }

    /// Whether `field` is the code of `message`; compared in constant time.
    ///
    /// # Errors
    /// [`KeyFault`]
    pub fn is_mac(
        &self,
        (algorithm, form): (MacAlgorithm, MacForm),
        message: &[u8],
        field: &[u8],
    ) -> Result<bool, KeyFault> {
        Ok(constant_time_eq(&self.mac(algorithm, message)?.field(form), field))
    }

    /// Whether there is a PIN in a block, which one being nobody's business here.
    ///
    /// # Errors
    /// [`PinError`]
    pub fn check_pin(&self, format: PinFormat, block: &[u8], pan: &Pan) -> Result<(), PinError> {
        check_block(format, self, block, pan)
    }

    /// Takes a PIN out of this key's zone and puts it into another's, with the card number in it. The
    /// clear PIN lives inside this call.
    ///
    /// # Errors
    /// [`PinError`]
    pub fn move_pin(
        &self,
        to: &Self,
        (format, block): (PinFormat, &[u8]),
        pan: &Pan,
    ) -> Result<Vec<u8>, PinError> {
        moved_block(format, (self, to), block, pan)
    }

    /// As [`open_track`](super::open_track).
    ///
    /// # Errors
    /// [`KeyFault`]
    pub fn open_track(&self, packed: &mut [u8]) -> Result<(), KeyFault> {
        track::opened(self, packed)
    }
}

impl Cipher for HostKey {
    type Fault = KeyFault;

    fn block_bytes(&self) -> usize {
        match &self.0 {
            Place::Here(key) => key.block_bytes(),
            Place::Held(key) => key.block_bytes(),
        }
    }

    fn encrypt(&self, bytes: &mut [u8]) -> Result<(), KeyFault> {
        match &self.0 {
            Place::Here(key) => key.encrypt(bytes),
            Place::Held(key) => return key.encrypt(bytes),
        }
        Ok(())
    }

    fn decrypt(&self, bytes: &mut [u8]) -> Result<(), KeyFault> {
        match &self.0 {
            Place::Here(key) => key.decrypt(bytes),
            Place::Held(key) => return key.decrypt(bytes),
        }
        Ok(())
    }

    fn chain(&self, message: &[u8]) -> Result<Vec<u8>, KeyFault> {
        match &self.0 {
            Place::Here(key) => {
                let Ok(block) = Cipher::chain(key, message);
                Ok(block)
            }
            Place::Held(key) => key.chain(message),
        }
    }

    fn left(&self) -> Result<Self, KeyFault> {
        match &self.0 {
            Place::Here(key) => Ok(Self(Place::Here(key.left()))),
            Place::Held(key) => key.left(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pos::{Pin, open_pin, pos_mac, seal_pin};

    /// A module that is away.
    #[derive(Debug)]
    struct Away;

    impl HeldKey for Away {
        fn block_bytes(&self) -> usize {
            8
        }
        fn check_value(&self) -> CheckValue {
            CheckValue([1, 2, 3, 4])
        }
        fn encrypt(&self, _bytes: &mut [u8]) -> Result<(), KeyFault> {
            Err(KeyFault::Unavailable)
        }
        fn decrypt(&self, _bytes: &mut [u8]) -> Result<(), KeyFault> {
            Err(KeyFault::Unavailable)
        }
        fn chain(&self, _message: &[u8]) -> Result<Vec<u8>, KeyFault> {
            Err(KeyFault::Unavailable)
        }
        fn left(&self) -> Result<HostKey, KeyFault> {
            Err(KeyFault::Unavailable)
        }
        fn written(&self) -> &'static str {
            "away:1"
        }
    }

    /// A module that fails between two steps lets nothing out: no PIN block in the clear, no code of
    /// half a message, no key that was not enciphered.
    #[test]
    fn a_module_that_is_away_ends_in_a_fault_and_nothing_else() {
        let away = HostKey::held(Arc::new(Away));
        let soft = BlockKey::generate_tdes();
        let here = HostKey::from(soft.clone());
        let (pin, pan) =
            (Pin::parse("123456").unwrap(), Pan::parse("6222020000000000000").unwrap());
        let block = seal_pin(PinFormat::WithPan, &soft, &pin, &pan);
        let said = (PinFormat::WithPan, block.as_slice());
        let fault = PinError::Key(KeyFault::Unavailable);
        assert_eq!(here.move_pin(&away, said, &pan), Err(fault));
        assert_eq!(away.move_pin(&here, said, &pan), Err(fault));
        assert_eq!(away.check_pin(PinFormat::WithPan, &block, &pan), Err(fault));
        assert_eq!(away.wrap(&soft), Err(KeyFault::Unavailable));
        assert_eq!(away.unwrap(&block).unwrap_err(), KeyFault::Unavailable);
        assert_eq!(away.open_track(&mut [0; 20]), Err(KeyFault::Unavailable));
        for algorithm in [
            MacAlgorithm::CupEcb,
            MacAlgorithm::X99,
            MacAlgorithm::X919,
            MacAlgorithm::TdesCbc,
            MacAlgorithm::FoldOnce,
        ] {
            assert_eq!(away.mac(algorithm, b"message"), Err(KeyFault::Unavailable));
        }
        assert_eq!(format!("{away:?} {here:?}"), "HostKey(held) HostKey(BlockKey(TDES))");
    }

    #[test]
    fn a_key_in_memory_works_as_the_key_that_it_is() {
        let soft = BlockKey::generate_tdes();
        let here = SoftKeys.take_in(soft.clone()).unwrap();
        let again = SoftKeys.read(KeyCipher::Des, here.written().expose()).unwrap();
        assert_eq!(again.check_value(), soft.check_value());
        let mac = pos_mac(MacAlgorithm::X919, &soft, b"any message");
        assert_eq!(here.mac(MacAlgorithm::X919, b"any message"), Ok(mac));
        let (pin, pan) =
            (Pin::parse("123456").unwrap(), Pan::parse("6222020000000000000").unwrap());
        let zone = BlockKey::generate_tdes();
        let block = seal_pin(PinFormat::WithoutPan, &soft, &pin, &pan);
        let moved = here.move_pin(&zone.clone().into(), (PinFormat::WithoutPan, &block), &pan);
        let opened = open_pin(PinFormat::WithPan, &zone, &moved.unwrap(), &pan).unwrap();
        assert!(opened.is(&pin));
        let wrapped = here.wrap(&zone).unwrap();
        assert_eq!(here.unwrap(&wrapped).unwrap().check_value(), zone.check_value());
        for no_key in ["", "zz", "0011", "p11:00", &"00".repeat(17)] {
            assert_eq!(SoftKeys.read(KeyCipher::Des, no_key).unwrap_err(), KeyFault::Foreign);
        }
        assert_eq!(
            SoftKeys.read(KeyCipher::Sm4, "0011223344556677").unwrap_err().code(),
            "key_foreign"
        );
    }
}
