//! The cashier: what payers see when they scan a code of ours, and how they pay there.
//!
//! A code is an address with an id and a proof that we made it. A plate's code begins an order when the
//! payer says how much; an order's code pays it. Either way the order is a combined one, so that a payer
//! may change his app, and several may share: each payment on the page is a leg, and a leg is made once.

mod checkout;
mod codes;
mod order_query;
mod payer;
mod plates;
mod settings;

pub use checkout::{Begin, CashierRefusal, Offer, OrderPage, PayAs, PayBy, PlatePage};
pub use payer::{Payer, SignInPage};
pub use plates::NewPlate;
pub use settings::{CashierOwner, CashierSettings, LOGO_BYTES_MAX, SettingsRefusal};
