//! Find out what became of an attempt, or end it when its time is over.

use ids::AttemptId;
use jiff::Timestamp;
use orders::channel::{Call, Subject};
use orders::schedule::{self, Ask};
use orders::{Aggregate, Attempt, AttemptState, Source};
use store::{Changes, Command, Decision, Job, JobChange, Reads, View};

use crate::App;
use crate::consequences::{Ground, watch};
use crate::create_payment::subject;
use crate::error::{Failure, UseCaseError};
use crate::give_up::GiveUp;

impl App {
    pub(crate) async fn look_at_attempt(&self, job: &Job) -> Result<Aggregate, UseCaseError> {
        let id = AttemptId::from_i64(job.subject).or(Err(Failure::unusable("a job's subject")))?;
        let order = self.store.order(super::order_of(job)?).await?;
        let order = order.ok_or(Failure::unusable("the order of a job"))?;
        let attempt = order.attempt(id).ok_or(Failure::unusable("the attempt of a job"))?;
        let account = self.account(attempt.channel_account).await?;
        let account = account.ok_or(Failure::unusable("an attempt's channel account"))?;
        if self.is_over(&order, attempt) {
            let ground = self.ground(&order, &account, 0);
            let command = GiveUp { ground, order: order.id(), attempt: id };
            self.store.write(command).await?;
            let job = Job { looks: 0, ..job.clone() };
            return Box::pin(self.look_at_attempt(&job)).await;
        }
        let subject = Subject { card: self.card_of(&order).await?, ..subject(attempt) };
        let next = next_call((attempt, subject), job.looks, self.now());
        let Some((source, call)) = next else {
            let ground = self.ground(&order, &account, job.looks);
            self.store.write(Rest { ground, job: job.clone() }).await?;
            return Ok(order);
        };
        if job.looks == schedule::LOOKS_BEFORE_ALARM {
            tracing::error!(order.id = %order.id(), attempt.id = %id, "an attempt stays undecided");
        }
        let ended = !attempt.state.is_open();
        let reply = self.ask_about_payment(&account, &call).await;
        let order = self.take_reply(&account, (&order, id), (source, reply), job.looks).await?;
        if ended {
            let ground = self.ground(&order, &account, job.looks);
            self.store.write(Rest { ground, job: job.clone() }).await?;
        }
        Ok(order)
    }

    fn is_over(&self, order: &Aggregate, attempt: &Attempt) -> bool {
        let waiting = match attempt.state {
            AttemptState::Sending | AttemptState::Waiting | AttemptState::Unknown => true,
            AttemptState::Closing
            | AttemptState::Cancelling
            | AttemptState::Paid
            | AttemptState::Refused
            | AttemptState::Closed
            | AttemptState::Returned
            | AttemptState::PaidLate => false,
        };
        let limit = schedule::give_up_at(attempt.way, attempt.created_at, order.order.expires_at);
        waiting && self.now() >= limit
    }
}

/// What to ask next. An attempt that ended without money is asked about too: a notice said that money
/// came in after all, or the watch for such money is due.
fn next_call(
    (attempt, subject): (&Attempt, Subject),
    looks: u32,
    now: Timestamp,
) -> Option<(Source, Call)> {
    match (schedule::ask(attempt.state, looks), attempt.state) {
        (Some(Ask::Query), _) | (None, AttemptState::Closed | AttemptState::Refused) => {
            Some((Source::Query { asked_at: now }, Call::Query(subject)))
        }
        (Some(Ask::Undo), AttemptState::Closing) => Some((Source::Undo, Call::Close(subject))),
        (Some(Ask::Undo), _) => Some((Source::Undo, Call::Cancel(subject))),
        (None, _) => None,
    }
}

/// An ended attempt was looked at: one that ended without money is watched for a while, else the job
/// is done.
struct Rest {
    ground: Ground,
    job: Job,
}

impl Command for Rest {
    type Answer = ();

    fn now(&self) -> Timestamp {
        self.ground.at
    }

    fn reads(&self, reads: &mut Reads) {
        reads.orders.extend(self.job.order);
    }

    fn decide(&self, view: &View<'_>) -> Decision<()> {
        let id = AttemptId::from_i64(self.job.subject).ok();
        let found = self.job.order.and_then(|order| view.order(order)).zip(id);
        let watched = found.filter(|(order, id)| {
            let state = order.attempt(*id).map(|a| a.state);
            matches!(state, Some(AttemptState::Closed | AttemptState::Refused))
        });
        let next = match watched {
            Some((order, id)) => watch(&self.ground, order, id, self.job.looks),
            None => JobChange::Done(self.job.kind, self.job.subject),
        };
        Decision { changes: Changes { jobs: vec![next], ..Changes::default() }, answer: () }
    }
}
