//! What a merchant may read: its own payments, refunds and notifications, and nobody else's.

use ids::{MerchantId, MerchantNo, NotificationId, OrderId, RefundId, TerminalId};
use merchants::{KeyAlgorithm, Notification, NotificationTry};
use orders::{Aggregate, Refund};
use store::PlatformKeyRow;

use crate::App;
use crate::error::Failure;

/// Which part of a list, the newest first.
#[derive(Debug, Clone, Copy)]
pub struct Page<Id> {
    /// Older than this one.
    pub before: Option<Id>,
    /// At most so many; the store has a bound of its own.
    pub limit: u32,
}

/// A refund in a list: few have several parts, and only these need their payment.
#[derive(Debug, Clone)]
pub enum Listed {
    One(Refund),
    Several(Aggregate, MerchantNo),
}

/// The public half of one of the platform's keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedKey {
    pub name: String,
    pub algorithm: KeyAlgorithm,
    /// PEM.
    pub public_key: String,
}

impl App {
    /// # Errors
    /// A failure of the store, as all of these.
    pub async fn payment(
        &self,
        merchant: MerchantId,
        id: OrderId,
    ) -> Result<Option<Aggregate>, Failure> {
        let found = self.store.order(id).await?;
        Ok(found.filter(|order| order.order.merchant == merchant))
    }

    /// # Errors
    /// [`Failure`]
    pub async fn payment_by_no(
        &self,
        merchant: MerchantId,
        no: MerchantNo,
    ) -> Result<Option<Aggregate>, Failure> {
        Ok(self.store.order_by_no(merchant, no).await?)
    }

    /// # Errors
    /// [`Failure`]
    pub async fn payments(
        &self,
        merchant: MerchantId,
        page: Page<OrderId>,
    ) -> Result<Vec<Aggregate>, Failure> {
        Ok(self.store.orders_page(merchant, page.before, page.limit).await?)
    }

    /// Payments at one terminal.
    ///
    /// # Errors
    /// [`Failure`]
    pub async fn payments_at(
        &self,
        terminal: TerminalId,
        page: Page<OrderId>,
    ) -> Result<Vec<Aggregate>, Failure> {
        Ok(self.store.orders_of_terminal(terminal, page.before, page.limit).await?)
    }

    /// The payment of a refund, with all the refund's parts, and the refund's number.
    ///
    /// # Errors
    /// [`Failure`]
    pub async fn refund(
        &self,
        merchant: MerchantId,
        id: RefundId,
    ) -> Result<Option<(Aggregate, MerchantNo)>, Failure> {
        let found = self.store.refund(id).await?.filter(|refund| refund.merchant == merchant);
        let Some(refund) = found else { return Ok(None) };
        let order = self.store.order(refund.order).await?;
        Ok(order.map(|order| (order, refund.merchant_no)))
    }

    /// # Errors
    /// [`Failure`]
    pub async fn refund_by_no(
        &self,
        merchant: MerchantId,
        no: &MerchantNo,
    ) -> Result<Vec<Listed>, Failure> {
        self.listed(self.store.refund_by_no(merchant, no).await?.into_iter().collect()).await
    }

    /// # Errors
    /// [`Failure`]
    pub async fn refunds(
        &self,
        merchant: MerchantId,
        page: Page<RefundId>,
    ) -> Result<Vec<Listed>, Failure> {
        self.listed(self.store.refunds_page(merchant, page.before, page.limit).await?).await
    }

    async fn listed(&self, refunds: Vec<Refund>) -> Result<Vec<Listed>, Failure> {
        let mut listed = Vec::new();
        for refund in refunds {
            listed.push(match refund.parts {
                1 => Listed::One(refund),
                _ => match self.store.order(refund.order).await? {
                    Some(order) => Listed::Several(order, refund.merchant_no),
                    None => Listed::One(refund),
                },
            });
        }
        Ok(listed)
    }

    /// A notification with its tries.
    ///
    /// # Errors
    /// [`Failure`]
    pub async fn notification(
        &self,
        merchant: MerchantId,
        id: NotificationId,
    ) -> Result<Option<(Notification, Vec<NotificationTry>)>, Failure> {
        let found = self.store.notification(id).await?.filter(|n| n.merchant == merchant);
        match found {
            Some(found) => Ok(Some((found, self.store.notification_tries(id).await?))),
            None => Ok(None),
        }
    }

    /// # Errors
    /// [`Failure`]
    pub async fn notifications(
        &self,
        merchant: MerchantId,
        page: Page<NotificationId>,
    ) -> Result<Vec<Notification>, Failure> {
        Ok(self.store.notifications_page(merchant, page.before, page.limit).await?)
    }

    /// The platform's own keys, the oldest first.
    ///
    /// # Errors
    /// [`Failure`]
    pub async fn published_keys(&self) -> Result<Vec<PublishedKey>, Failure> {
        let rows = self.store.platform_keys().await?.into_iter();
        let public = |row: PlatformKeyRow| PublishedKey {
            name: row.name,
            algorithm: row.algorithm,
            public_key: row.public_key,
        };
        Ok(rows.map(public).collect())
    }

    /// Whether the store answers.
    ///
    /// # Errors
    /// [`Failure`]
    pub async fn ready(&self) -> Result<(), Failure> {
        Ok(self.store.ping().await?)
    }

    /// What waits: commands at the writer, and jobs.
    ///
    /// # Errors
    /// [`Failure`]
    pub async fn waiting(&self) -> Result<(usize, u64), Failure> {
        Ok((self.store.waiting(), self.store.jobs_waiting().await?.0))
    }
}
