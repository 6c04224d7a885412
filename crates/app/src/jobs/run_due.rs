//! Runs what is due. A job that fails keeps its lease until it runs out, and is then tried again.

use futures_util::StreamExt as _;
use futures_util::stream;
use jiff::SignedDuration;
use store::{Job, JobKind, StoreError};

use crate::App;
use crate::error::UseCaseError;

/// How long a leased job belongs to the process that took it: longer than any call it makes.
pub const LEASE: SignedDuration = SignedDuration::from_secs(60);
/// Jobs of one process running at once.
pub const RUN_AT_ONCE: usize = 32;
/// Jobs taken in one go.
const CLAIM: i64 = 128;

impl App {
    /// Takes due jobs and runs them; returns how many it took.
    ///
    /// # Errors
    /// [`StoreError`] when no job could be taken. What a job itself runs into is logged.
    pub async fn run_due_jobs(&self) -> Result<usize, StoreError> {
        let now = self.now();
        let until = self.after(LEASE);
        let jobs = self.store.claim_jobs(now, until, CLAIM).await?;
        let count = jobs.len();
        let runs = stream::iter(jobs).map(|job| self.run_job(job));
        runs.buffer_unordered(RUN_AT_ONCE).collect::<Vec<()>>().await;
        Ok(count)
    }

    async fn run_job(&self, job: Job) {
        let done: Result<(), UseCaseError> = match job.kind {
            JobKind::Attempt => self.look_at_attempt(&job).await.map(|_| ()),
            JobKind::Refund => self.look_at_refund(&job).await,
            JobKind::Order => match job.order {
                Some(order) => self.look_at_order(order).await.map(|_| ()),
                None => Ok(()),
            },
            JobKind::Hold => self.expire_hold(&job).await,
            JobKind::Notify => self.send_notification(&job).await,
        };
        if let Err(error) = done {
            tracing::warn!(job.kind = ?job.kind, error = %error, "a job failed and will be tried again");
        }
    }
}
