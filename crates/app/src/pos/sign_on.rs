//! 签到 and 签退: fresh working keys for a day's work.

use crypto::pos::{BlockKey, CheckValue, wrap_key};
use merchants::{PosModel, PosState, PosTerminal};

use super::PosAccess;
use crate::App;
use crate::error::UseCaseError;

/// What a sign-on gives a terminal: keys under its master key, each with its check value.
#[derive(Debug)]
pub struct SignedOn {
    pub batch: u32,
    pub pin: (Vec<u8>, CheckValue),
    pub mac: (Vec<u8>, CheckValue),
}

impl App {
    /// Makes new working keys; what was signed with the old ones is refused from now on. `double` asks
    /// for a PIN key of double length; the length of the MAC key is the model's.
    ///
    /// # Errors
    /// A failure of the store.
    pub async fn pos_sign_on(
        &self,
        access: &PosAccess,
        double: bool,
    ) -> Result<SignedOn, UseCaseError> {
        let long = |wanted: bool| {
            if wanted { BlockKey::generate_tdes() } else { BlockKey::generate_des() }
        };
        let (pin, mac) = (long(double), long(double && access.terminal.model == PosModel::X919));
        let wrapped = |key: &BlockKey| (wrap_key(&access.master, key), key.check_value());
        let given = (wrapped(&pin), wrapped(&mac));
        let now = self.now();
        let terminal = PosTerminal {
            state: PosState::SignedOn,
            signed_on_at: Some(now),
            updated_at: now,
            ..access.terminal.clone()
        };
        let mut next = PosAccess { terminal, pin: Some(pin), mac: Some(mac), ..access.clone() };
        next.terminal.sealed_keys = next.sealed(self)?;
        let batch = next.terminal.batch;
        self.put_pos(next.terminal).await?;
        Ok(SignedOn { batch, pin: given.0, mac: given.1 })
    }

    /// # Errors
    /// A failure of the store.
    pub async fn pos_sign_off(&self, access: &PosAccess) -> Result<(), UseCaseError> {
        let (state, updated_at) = (PosState::SignedOff, self.now());
        self.put_pos(PosTerminal { state, updated_at, ..access.terminal.clone() }).await
    }
}
