//! A card terminal in software, as a till has one: it signs on, sells, voids, refunds, holds and completes,
//! loses answers and reverses, settles with an upload, and prints slips.
//!
//! It knows of the host what a device knows: the wire, its numbers and its master key. Keys and card
//! numbers are in its memory only.

mod act;
mod device;
mod error;
mod journal;
mod script;
mod slip;

pub use act::Done;
pub use device::{Device, Line, Settings, TcpLine};
pub use error::Failed;
pub use journal::{Entry, Journal};
pub use script::{Act, BadLine, Card};
pub use slip::Slip;
