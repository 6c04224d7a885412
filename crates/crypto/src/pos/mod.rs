//! What terminals and card networks need: block keys and their check values, PIN blocks and their
//! translation, message authentication codes, keys under keys.
//!
//! DES in any form is used because terminals speak it; nothing new is designed on it. A clear PIN
//! exists inside [`Pin`] only, a clear key inside [`BlockKey`] only. The host works with [`HostKey`]s, which
//! a [`KeyStore`] gives it: they may be held by a module that never shows them.

mod block;
mod cipher;
mod hierarchy;
mod host_key;
mod mac;
mod pin;
mod track;

pub use block::{BlockKey, BlockKeyError, CheckValue};
pub use hierarchy::{COMPONENTS, combine, components, unwrap_key, wrap_key};
pub use host_key::{HeldKey, HostKey, KeyCipher, KeyFault, KeyStore, SoftKeys, in_the_clear};
pub use mac::{MacAlgorithm, MacForm, PosMac, pos_mac, verify_pos_mac};
pub use pin::{Pin, PinError, PinFormat, open_pin, seal_pin};
pub use track::{open_track, seal_track};
