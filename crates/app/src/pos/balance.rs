//! 余额查询: what is left on a card. Nothing is charged, and nothing is kept of it.

use std::sync::Arc;

use ids::AttemptId;
use money::{Amount, Currency};
use orders::channel::{
    Call, CardApproval, Charge, Details, Instrument, PayWay, PaymentReply, Subject,
};

use super::{AskTrade, Presented, code_of};
use crate::App;
use crate::create_payment::{CardMeans, Means};
use crate::error::{Failure, UseCaseError};

/// 14: a card is wanted.
const NO_CARD: &str = "14";
const DONE: &str = "00";

/// What a terminal is told of a card.
#[derive(Debug)]
pub struct Balance {
    /// Field 39.
    pub code: String,
    /// Field 37.
    pub reference: String,
    pub approval: CardApproval,
}

impl App {
    /// Asks the issuer. The same message again asks again.
    ///
    /// # Errors
    /// A failure of the store.
    pub async fn pos_balance(&self, ask: AskTrade) -> Result<Balance, UseCaseError> {
        let attempt = AttemptId::generate(&self.ids, self.now().as_millisecond());
        let told = |code: &str, approval| Balance {
            code: code.to_owned(),
            reference: attempt.card_reference(),
            approval,
        };
        let reply = match self.inquire(&ask, attempt).await {
            Ok(Some(reply)) => reply,
            Ok(None) => return Ok(told(NO_CARD, CardApproval::default())),
            Err(error) => return Ok(told(code_of(error)?, CardApproval::default())),
        };
        Ok(match reply {
            PaymentReply::Paid(paid) => told(DONE, *paid.card.unwrap_or_default()),
            PaymentReply::Refused(refusal) => told(&refusal.code, CardApproval::default()),
            PaymentReply::Ready { .. }
            | PaymentReply::Pending
            | PaymentReply::NotFound
            | PaymentReply::Closed
            | PaymentReply::Returned { .. }
            | PaymentReply::Again
            | PaymentReply::Unknown(_) => told(orders::NO_ANSWER, CardApproval::default()),
        })
    }

    async fn inquire(
        &self,
        ask: &AskTrade,
        attempt: AttemptId,
    ) -> Result<Option<PaymentReply>, UseCaseError> {
        let Presented::Card(card, read) = &ask.presented else { return Ok(None) };
        let (merchant, terminal) = (ask.access.terminal.merchant, ask.access.terminal.terminal);
        self.admit(merchant, Some(terminal)).await?;
        let (way, nothing) = (PayWay::CardInquiry, Amount::zero(Currency::Cny));
        let means = CardMeans { way, hold: None, card: Arc::clone(card), read: read.clone() };
        let plan = self.plan(merchant, Some(terminal), &Means::Card(Box::new(means))).await?;
        let account = plan.as_ref().and_then(|plan| plan.first()).map(|way| &way.account);
        let account = account.ok_or(Failure::unusable("the way of a card"))?;
        let call = Call::Charge(Charge {
            subject: Subject { attempt, amount: nothing, way, card: Some(Arc::clone(card)) },
            instrument: Instrument::Card(Box::new(read.clone())),
            details: Details {
                description: String::new(),
                expires_at: self.now(),
                notify_url: String::new(),
                terminal_ip: String::new(),
                terminal: None,
            },
        });
        Ok(Some(self.ask_about_payment(account, &call).await))
    }
}
