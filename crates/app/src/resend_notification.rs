//! Send a notification again because somebody asked for it.

use ids::{MerchantId, NotificationId};
use jiff::Timestamp;
use merchants::Notification;
use store::{Changes, Command, Decision, Job, JobChange, JobKind, Reads, View};

use crate::App;
use crate::error::{Refused, UseCaseError};

impl App {
    /// Puts a notification back at the start of its schedule, due at once.
    ///
    /// # Errors
    /// [`Refused::NotificationNotFound`]; a failure of the store.
    pub async fn resend_notification(
        &self,
        merchant: MerchantId,
        id: NotificationId,
    ) -> Result<Notification, UseCaseError> {
        let command = Resend { at: self.now(), merchant, id };
        let found = self.store.write(command).await?;
        found.ok_or_else(|| Refused::NotificationNotFound.into())
    }
}

struct Resend {
    at: Timestamp,
    merchant: MerchantId,
    id: NotificationId,
}

impl Command for Resend {
    type Answer = Option<Notification>;

    fn now(&self) -> Timestamp {
        self.at
    }

    fn reads(&self, reads: &mut Reads) {
        reads.notifications.insert(self.id);
    }

    fn decide(&self, view: &View<'_>) -> Decision<Self::Answer> {
        let found = view.notification(self.id).filter(|n| n.merchant == self.merchant);
        let Some(found) = found else {
            return Decision::answer(None);
        };
        let notification = found.resent();
        let job = Job {
            kind: JobKind::Notify,
            subject: self.id.to_i64(),
            order: Some(notification.order),
            due_at: self.at,
            looks: 0,
        };
        let changes = Changes {
            notifications: vec![notification.clone()],
            jobs: vec![JobChange::Put(job)],
            ..Changes::default()
        };
        Decision { changes, answer: Some(notification) }
    }
}
