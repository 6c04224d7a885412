//! Send a notification to the merchant, and write how it went.

use channels::{SendError, notifications as text};
use ids::NotificationId;
use jiff::Timestamp;
use merchants::{KeyAlgorithm, Notification, NotificationState, NotificationTry};
use store::{Changes, Command, Decision, Job, JobChange, JobKind, Reads, View};

use crate::App;
use crate::error::{Failure, UseCaseError};

impl App {
    pub(crate) async fn send_notification(&self, job: &Job) -> Result<(), UseCaseError> {
        let unusable = Failure::unusable("a job's subject");
        let id = NotificationId::from_i64(job.subject).or(Err(unusable))?;
        let found = self.store.notification(id).await?;
        let found = found.filter(|n| n.state == NotificationState::Waiting);
        let Some(notification) = found else {
            self.store.write(Sent::nothing(self.now(), job)).await?;
            return Ok(());
        };
        let sent_at = self.now();
        let nonce = ids::JobId::generate(&self.ids, sent_at.as_millisecond()).to_string();
        let algorithm = self.store.key_algorithm_of(notification.merchant).await?;
        let key = self.platform_keys.for_algorithm(algorithm.unwrap_or(KeyAlgorithm::RsaSha256));
        let signed = text::request(&notification, key, sent_at, &nonce);
        let outcome = match signed {
            Ok(request) => match self.sender.send(request).await {
                Ok(answer) => answer.status().as_u16().to_string(),
                Err(SendError::NotSent) => "not_sent".to_owned(),
                Err(SendError::NoAnswer) => "no_answer".to_owned(),
            },
            Err(_) => "bad_url".to_owned(),
        };
        let now = self.now();
        let row = NotificationTry {
            notification: id,
            number: notification.tries.saturating_add(1),
            sent_at,
            duration_ms: now.as_millisecond() - sent_at.as_millisecond(),
            outcome,
        };
        self.store.write(Sent { at: now, job: job.clone(), row: Some(row) }).await?;
        Ok(())
    }
}

/// Writes a try and when the next one is due. Any 2xx is an acceptance.
struct Sent {
    at: Timestamp,
    job: Job,
    row: Option<NotificationTry>,
}

impl Sent {
    fn nothing(at: Timestamp, job: &Job) -> Self {
        Self { at, job: job.clone(), row: None }
    }
}

impl Command for Sent {
    type Answer = ();

    fn now(&self) -> Timestamp {
        self.at
    }

    fn reads(&self, reads: &mut Reads) {
        reads.notifications.extend(NotificationId::from_i64(self.job.subject));
    }

    fn decide(&self, view: &View<'_>) -> Decision<()> {
        let done = JobChange::Done(JobKind::Notify, self.job.subject);
        let id = NotificationId::from_i64(self.job.subject).ok();
        let found: Option<&Notification> = id.and_then(|id| view.notification(id));
        let (Some(row), Some(found)) = (&self.row, found) else {
            let changes = Changes { jobs: vec![done], ..Changes::default() };
            return Decision { changes, answer: () };
        };
        let accepted = row.outcome.len() == 3 && row.outcome.starts_with('2');
        let (notification, due) = found.after_try(accepted, self.job.looks, self.at);
        let next = due.map(|due_at| {
            let looks = self.job.looks.saturating_add(1);
            JobChange::Put(Job { due_at, looks, ..self.job.clone() })
        });
        let changes = Changes {
            notifications: vec![notification],
            notification_tries: vec![row.clone()],
            jobs: vec![next.unwrap_or(done)],
            ..Changes::default()
        };
        Decision { changes, answer: () }
    }
}
