//! Take a channel's notice: verify it with the keys of the version that it came to, then write.

use channels::{NoticeRefusal, Request, Response};
use ids::ChannelAccountId;
use orders::Source;
use orders::channel::Notice;

use crate::App;
use crate::directory::Account;
use crate::error::UseCaseError;

/// What became of a notice. The channel is told either way, in its own words.
#[derive(Debug)]
pub enum NoticeOutcome {
    /// Verified and written, or verified and of no news.
    Taken(Response),
    /// Not from the channel, or not about anything of ours: nothing was written.
    Refused { answer: Response, code: &'static str },
    /// No such channel account.
    NoAccount,
}

impl App {
    /// Takes a notice that came for one version of a channel account.
    ///
    /// # Errors
    /// A failure of ours: the channel is to send it again.
    pub async fn take_notice(
        &self,
        id: ChannelAccountId,
        request: &Request,
    ) -> Result<NoticeOutcome, UseCaseError> {
        let Some(account) = self.account(id).await? else {
            return Ok(NoticeOutcome::NoAccount);
        };
        let notice = match account.connector.read_notice(self.now(), request) {
            Ok(notice) => notice,
            Err(refusal) => return Ok(refuse(&account, &refusal)),
        };
        let known = match notice {
            Notice::Payment { attempt, reply } => {
                let order = self.store.order_of_attempt(attempt).await?;
                let order = order.filter(|o| of_account(o, attempt, id));
                if let Some(order) = &order {
                    let said = (Source::Notice, reply);
                    self.take_reply(&account, (order, attempt), said, 0).await?;
                }
                order.is_some()
            }
            Notice::Refund { refund, reply } => {
                let order = self.store.order_of_refund(refund).await?;
                if let Some(order) = &order {
                    self.take_refund_reply(&account, order, (refund, reply), 0).await?;
                }
                order.is_some()
            }
        };
        if !known {
            // Money of an order that we do not know stays where it is until people look at it.
            tracing::error!(channel = %account.channel, "a notice speaks of an order that is not ours");
            let answer = account.connector.notice_answer(false);
            return Ok(NoticeOutcome::Refused { answer, code: "notice_unknown_order" });
        }
        Ok(NoticeOutcome::Taken(account.connector.notice_answer(true)))
    }
}

/// A notice counts only for an attempt that was started under the same account number.
fn of_account(
    order: &orders::Aggregate,
    attempt: ids::AttemptId,
    account: ChannelAccountId,
) -> bool {
    order.attempt(attempt).is_some_and(|a| a.channel_account == account)
}

fn refuse(account: &Account, refusal: &NoticeRefusal) -> NoticeOutcome {
    tracing::warn!(channel = %account.channel, error = %refusal, "a notice was refused");
    let answer = account.connector.notice_answer(false);
    NoticeOutcome::Refused { answer, code: refusal.code() }
}
