//! Let go of money whose hold has expired.

use ids::HoldId;
use jiff::Timestamp;
use ledger::Refusal;
use store::{Changes, Command, Decision, Job, JobChange, JobKind, Reads, View};

use crate::App;
use crate::error::{Failure, UseCaseError};

impl App {
    pub(crate) async fn expire_hold(&self, job: &Job) -> Result<(), UseCaseError> {
        let hold = HoldId::from_i64(job.subject).or(Err(Failure::unusable("a job's subject")))?;
        self.store.write(Expire { hold, now: self.now() }).await?;
        Ok(())
    }
}

struct Expire {
    hold: HoldId,
    now: Timestamp,
}

impl Command for Expire {
    type Answer = ();

    fn now(&self) -> Timestamp {
        self.now
    }

    fn reads(&self, reads: &mut Reads) {
        reads.holds.insert(self.hold);
    }

    fn decide(&self, view: &View<'_>) -> Decision<()> {
        let mut changes = Changes::default();
        match view.expire_hold(self.hold, self.now) {
            Ok(resolved) => changes.resolutions.push(resolved),
            // Not yet due by this process's clock: the lease runs out and it is looked at again.
            Err(Refusal::NotYetExpired) => {}
            // It was posted or voided meanwhile.
            Err(_) => changes.jobs.push(JobChange::Done(JobKind::Hold, self.hold.to_i64())),
        }
        Decision { changes, answer: () }
    }
}
