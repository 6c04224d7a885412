//! The whole system under one seed: the use cases, the jobs and the in-memory store, with a virtual
//! clock, seeded ids and order of work, the sandbox with its faults, and crashes with a restart.
//!
//! A seed is one short business day. First everything may go wrong; then the faults end and the
//! system must come to rest; then an auditor that knows nothing of our rules compares our books with
//! the channels'. The same seed gives the same day: its digest is part of the report.

mod audit;
mod day;
mod desk;
mod executor;
mod fate;
mod matrix;
mod plan;
mod random;
#[cfg(test)]
mod returns;
mod steps;
mod world;

pub use audit::Finding;
pub use day::{Counts, Report, run};
pub use desk::DeskCounts;
pub use fate::Wrong;
pub use matrix::{CardStory, CardTold, Mishap, card_row, tell_card};
pub use steps::{Story, Told, tell, trio};

#[cfg(test)]
mod holds;
#[cfg(test)]
mod revival;
#[cfg(test)]
mod versions;
pub use world::Stage;
