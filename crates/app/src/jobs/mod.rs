//! Jobs: each looks at one thing that waits, and writes its own next time or its end.

mod look_at_attempt;
mod look_at_refund;
mod run_due;
mod send_notification;

pub use run_due::{LEASE, RUN_AT_ONCE};
