//! Notifications and their tries.

use ids::{MerchantId, NotificationId, OrderId};
use merchants::{Notification, NotificationState, NotificationTry};

use super::{Record, Word, id, opt_time, read_count, read_opt_time, read_time, table, time};
use crate::sql::{Cells, Corrupt, RowReader, Table};

impl Word for NotificationState {
    const WORDS: &'static [(Self, &'static str)] =
        &[(Self::Waiting, "waiting"), (Self::Delivered, "delivered"), (Self::GivenUp, "given_up")];
}

impl Record for Notification {
    const TABLE: &'static Table = table!("notifications", key ["id"],
        "id" Int, "merchant_id" Int, "order_id" Int, "event" Text, "url" Text, "body" Text,
        "state" Text, "tries" Int, "created_at" Int, "delivered_at" Int);

    fn cells(&self) -> Cells {
        vec![
            self.id.to_i64().into(),
            self.merchant.to_i64().into(),
            self.order.to_i64().into(),
            self.event.as_str().into(),
            self.url.as_str().into(),
            self.body.as_str().into(),
            self.state.word(),
            i64::from(self.tries).into(),
            time(self.created_at),
            opt_time(self.delivered_at),
        ]
    }

    fn read(row: &mut RowReader) -> Result<Self, Corrupt> {
        Ok(Self {
            id: id!(row, NotificationId),
            merchant: id!(row, MerchantId),
            order: id!(row, OrderId),
            event: row.text()?,
            url: row.text()?,
            body: row.text()?,
            state: Word::parse(&row.text()?)?,
            tries: read_count(row)?,
            created_at: read_time(row)?,
            delivered_at: read_opt_time(row)?,
        })
    }
}

impl Record for NotificationTry {
    const TABLE: &'static Table = table!("notification_tries", key ["notification_id", "number"],
        "notification_id" Int, "number" Int, "sent_at" Int, "duration_ms" Int, "outcome" Text);

    fn cells(&self) -> Cells {
        vec![
            self.notification.to_i64().into(),
            i64::from(self.number).into(),
            time(self.sent_at),
            self.duration_ms.into(),
            self.outcome.as_str().into(),
        ]
    }

    fn read(row: &mut RowReader) -> Result<Self, Corrupt> {
        Ok(Self {
            notification: id!(row, NotificationId),
            number: read_count(row)?,
            sent_at: read_time(row)?,
            duration_ms: row.int()?,
            outcome: row.text()?,
        })
    }
}
