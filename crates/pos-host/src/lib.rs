//! The POS host: terminals that speak ISO 8583 over TCP, or over HTTPS.
//!
//! A [`line`] carries frames of one terminal or of a network controller with many. Each frame goes
//! through the steps of [`PosHost::answer`]: open the frame, read the message, know the terminal, verify
//! its code, do the transaction, answer. Before the code is verified nothing is written and a stranger
//! hears no more than 97, 77 or A0. The work of a message goes on when its line breaks: the terminal
//! comes back with a reversal.

mod asked;
mod brake;
mod host;
mod https;
mod line;
mod reply;
mod transactions;

pub use host::{Answer, PosHost, PosSettings};
pub use https::serve_https;
pub use line::{LineLimits, serve};
