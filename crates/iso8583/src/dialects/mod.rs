//! The dialects that come with the crate.

mod cup_network;
mod cup_pos;
mod iso87;

pub use cup_network::CUP_NETWORK;
pub use cup_pos::CUP_POS;
pub use iso87::{ISO87_ASCII, ISO87_BINARY};

use crate::dialect::Dialect;

pub(crate) const ALL: [&Dialect; 4] = [&CUP_POS, &ISO87_ASCII, &ISO87_BINARY, &CUP_NETWORK];
