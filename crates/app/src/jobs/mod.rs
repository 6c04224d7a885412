//! Jobs: each looks at one thing that waits, and writes its own next time or its end.

mod expire_hold;
mod keep_keys;
mod look_at_attempt;
mod look_at_order;
mod look_at_refund;
mod run_due;
mod send_notification;

pub use keep_keys::KeysAsked;
pub use run_due::{LEASE, RUN_AT_ONCE};

use ids::OrderId;
use store::Job;

use crate::error::Failure;

fn order_of(job: &Job) -> Result<OrderId, Failure> {
    job.order.ok_or(Failure::unusable("a job's order"))
}
