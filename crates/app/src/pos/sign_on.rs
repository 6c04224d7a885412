//! 签到 and 签退: fresh working keys for a day's work.

use crypto::pos::{BlockKey, CheckValue, HostKey, KeyFault};
use merchants::PosModel;

use super::PosAccess;
use super::access::PosChange;
use crate::App;
use crate::error::UseCaseError;

/// What a sign-on gives a terminal: keys under its master key, each with its check value.
#[derive(Debug)]
pub struct SignedOn {
    pub batch: u32,
    pub pin: (Vec<u8>, CheckValue),
    pub mac: (Vec<u8>, CheckValue),
    pub track: Option<(Vec<u8>, CheckValue)>,
}

struct Given {
    held: HostKey,
    delivered: (Vec<u8>, CheckValue),
}

/// The keys that a sign-on asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeySet {
    /// PIN key and MAC key of single length.
    Single,
    /// Of double length; the length of the MAC key is the model's.
    Double,
    /// The same, and a key for tracks.
    DoubleWithTrack,
}

impl App {
    /// Makes new working keys; what was signed with the old ones is refused from now on.
    ///
    /// # Errors
    /// A failure of the store, or of the key store.
    pub async fn pos_sign_on(
        &self,
        access: &PosAccess,
        wanted: KeySet,
    ) -> Result<SignedOn, UseCaseError> {
        let model = access.terminal.model;
        let make = |long: bool| match (model, long) {
            (PosModel::Sm4, _) => BlockKey::generate_sm4(),
            (_, true) => BlockKey::generate_tdes(),
            (_, false) => BlockKey::generate_des(),
        };
        let double = wanted != KeySet::Single;
        let (pin, mac) = (make(double), make(double && model.has_long_mac_key()));
        let track = (wanted == KeySet::DoubleWithTrack).then(|| make(true));
        let given = |key: BlockKey| self.given(&access.master, key);
        let (pin, mac, track) = (given(pin)?, given(mac)?, track.map(given).transpose()?);
        let next = PosAccess {
            pin: Some(pin.held),
            mac: Some(mac.held),
            track: track.as_ref().map(|track| track.held.clone()),
            ..access.clone()
        };
        let sealed_keys = next.sealed(self)?;
        let terminal = &access.terminal;
        self.change_pos(terminal.terminal, PosChange::SignOn { sealed_keys }).await?;
        // The batch may be another one since we looked.
        let (no, code) = (&terminal.terminal_no, &terminal.merchant_code);
        let fresh = self.pos_access(no, code, true).await?;
        let batch = fresh.map_or(terminal.batch, |fresh| fresh.terminal.batch);
        Ok(SignedOn {
            batch,
            pin: pin.delivered,
            mac: mac.delivered,
            track: track.map(|track| track.delivered),
        })
    }

    /// A fresh working key, put away here and delivered under the terminal's master key.
    fn given(&self, master: &HostKey, key: BlockKey) -> Result<Given, KeyFault> {
        let delivered = (master.wrap(&key)?, key.check_value());
        Ok(Given { delivered, held: self.keys.take_in(key)? })
    }

    /// # Errors
    /// A failure of the store.
    pub async fn pos_sign_off(&self, access: &PosAccess) -> Result<(), UseCaseError> {
        self.change_pos(access.terminal.terminal, PosChange::SignOff).await
    }
}
