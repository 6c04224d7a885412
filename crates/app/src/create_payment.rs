//! Take a payment: commit the attempt, ask the channel, write what it said.

use std::sync::Arc;

use ids::{
    AttemptId, ChannelAccountId, ChannelCode, IdSource, LegId, MerchantId, MerchantNo, OrderId,
    TerminalId,
};
use jiff::{SignedDuration, Timestamp};
use merchants::MerchantState;
use money::Amount;
use orders::channel::{Call, Charge, CreateQr, Details, PayWay, Subject};
use orders::{
    Aggregate, Attempt, AttemptState, CreateRefusal, Leg, LegState, Order, OrderState, Source,
    schedule,
};
use secret::PayerCode;
use store::{Changes, Command, Decision, Job, JobChange, JobKind, Reads, View};

use crate::directory::Account;
use crate::error::{Refused, UseCaseError};
use crate::{App, CALL_LEFT};

/// What a merchant asks for. The edge has checked the form of each part.
#[derive(Debug, Clone)]
pub struct CreatePayment {
    pub merchant: MerchantId,
    pub merchant_no: MerchantNo,
    /// SHA-256 of the canonical request.
    pub content_hash: [u8; 32],
    pub amount: Amount,
    pub description: String,
    pub attach: Option<String>,
    pub notify_url: Option<String>,
    pub terminal: Option<TerminalId>,
    pub terminal_ip: String,
    pub means: Means,
    /// When a dynamic QR stops being payable.
    pub expires_at: Option<Timestamp>,
}

/// How the payer pays.
#[derive(Debug, Clone)]
pub enum Means {
    /// The payer's code was scanned; its first digits name the channel.
    PayerCode(PayerCode),
    /// A code is to be shown for the payers of one channel.
    DynamicQr(ChannelCode),
}

impl App {
    /// Takes a payment. The same number with the same content gives the same payment, as it is now.
    ///
    /// # Errors
    /// [`CreateRefusal`] and [`Refused::MerchantSuspended`] as refusals; a failure of the store. An
    /// answer that the channel did not give is no error: the payment is then still being paid.
    pub async fn create_payment(&self, input: CreatePayment) -> Result<Aggregate, UseCaseError> {
        let account = self.admit(&input).await?;
        let by = (account.id, &account.channel);
        let aggregate = draft(&self.ids, &input, by, self.now());
        let attempt = aggregate.attempts.first().map(|a| a.id);
        let command = Create { at: self.now(), content_hash: input.content_hash, aggregate };
        let created = match self.store.write(command).await? {
            Created::New(aggregate) => aggregate,
            Created::Known(aggregate) => return Ok(aggregate),
            Created::Refused(refusal) => return Err(refusal.into()),
        };
        let (Some(attempt), Some(call)) = (attempt, self.first_call(&created, &input, &account))
        else {
            return Ok(created);
        };
        let reply = self.ask_about_payment(&account, &call).await;
        self.take_reply(&account, (&created, attempt), (Source::Charge, reply), 0).await
    }

    async fn admit(&self, input: &CreatePayment) -> Result<Arc<Account>, UseCaseError> {
        let merchant = self.merchant(input.merchant).await?;
        if merchant.is_none_or(|m| m.state == MerchantState::Suspended) {
            return Err(Refused::MerchantSuspended.into());
        }
        if let Some(id) = input.terminal {
            let terminal = self.terminal(id).await?;
            let own =
                |t: &merchants::Terminal| t.merchant == input.merchant && t.revoked_at.is_none();
            if !terminal.as_ref().is_some_and(own) {
                return Err(CreateRefusal::TerminalNotFound.into());
            }
        }
        let channel = match &input.means {
            Means::PayerCode(code) => channels::Channel::of_payer_code(code)
                .ok_or(CreateRefusal::PayerCodeUnknown)?
                .channel_code(),
            Means::DynamicQr(channel) => channel.clone(),
        };
        let account = self.open_account(input.merchant, &channel).await?;
        Ok(account.ok_or(CreateRefusal::ChannelNotOpen)?)
    }

    fn first_call(
        &self,
        aggregate: &Aggregate,
        input: &CreatePayment,
        account: &Account,
    ) -> Option<Call> {
        let subject = subject(aggregate.attempts.first()?);
        let details = Details {
            description: input.description.clone(),
            expires_at: aggregate.order.expires_at,
            notify_url: self.notice_url(account),
            terminal_ip: input.terminal_ip.clone(),
            terminal: input.terminal.map(|id| id.to_string()),
        };
        Some(match &input.means {
            Means::PayerCode(code) => {
                Call::Charge(Charge { subject, payer_code: code.clone(), details })
            }
            Means::DynamicQr(_) => Call::CreateQr(CreateQr { subject, details }),
        })
    }
}

/// A new order with its leg and its attempt, as it is committed before the channel is called.
#[must_use]
pub fn draft(
    ids: &IdSource,
    input: &CreatePayment,
    (account, channel): (ChannelAccountId, &ChannelCode),
    now: Timestamp,
) -> Aggregate {
    let ms = now.as_millisecond();
    let order = OrderId::generate(ids, ms);
    let leg = LegId::generate(ids, ms);
    let way = match input.means {
        Means::PayerCode(_) => PayWay::PayerCode,
        Means::DynamicQr(_) => PayWay::DynamicQr,
    };
    let attempt = Attempt {
        id: AttemptId::generate(ids, ms),
        order,
        leg,
        channel_account: account,
        way,
        amount: input.amount,
        state: AttemptState::Sending,
        code_url: None,
        trade_no: None,
        paid_at: None,
        payer: None,
        refusal: None,
        created_at: now,
        updated_at: now,
    };
    let zero = Amount::zero(input.amount.currency());
    let leg = Leg {
        id: leg,
        order,
        channel: channel.clone(),
        amount: input.amount,
        state: LegState::Paying,
        refunding: zero,
        refunded: zero,
    };
    let order = draft_order(input, order, now);
    Aggregate { order, legs: vec![leg], attempts: vec![attempt], refunds: Vec::new() }
}

fn draft_order(input: &CreatePayment, id: OrderId, now: Timestamp) -> Order {
    let wait = match input.means {
        Means::PayerCode(_) => schedule::PAYER_CODE_WAIT,
        Means::DynamicQr(_) => schedule::QR_WAIT_DEFAULT,
    };
    let after = |wait: SignedDuration| now.saturating_add(wait).unwrap_or(now);
    Order {
        id,
        merchant: input.merchant,
        merchant_no: input.merchant_no.clone(),
        content_hash: input.content_hash,
        amount: input.amount,
        description: input.description.clone(),
        attach: input.attach.clone(),
        notify_url: input.notify_url.clone(),
        terminal: input.terminal,
        state: OrderState::Paying,
        created_at: now,
        expires_at: input.expires_at.unwrap_or_else(|| after(wait)),
        paid_at: None,
        updated_at: now,
    }
}

pub(crate) fn subject(attempt: &Attempt) -> Subject {
    Subject { attempt: attempt.id, amount: attempt.amount, way: attempt.way }
}

/// Writes the order with its attempt, and the job that finds out if nobody comes back to it.
struct Create {
    at: Timestamp,
    content_hash: [u8; 32],
    aggregate: Aggregate,
}

enum Created {
    New(Aggregate),
    Known(Aggregate),
    Refused(CreateRefusal),
}

impl Command for Create {
    type Answer = Created;

    fn now(&self) -> Timestamp {
        self.at
    }

    fn reads(&self, reads: &mut Reads) {
        let order = &self.aggregate.order;
        reads.order_nos.insert((order.merchant, order.merchant_no.clone()));
    }

    fn decide(&self, view: &View<'_>) -> Decision<Created> {
        let order = &self.aggregate.order;
        if let Some(known) = view.order_by_no(order.merchant, &order.merchant_no) {
            return Decision::answer(if known.order.content_hash == self.content_hash {
                Created::Known(known.clone())
            } else {
                Created::Refused(CreateRefusal::OrderNoUsed)
            });
        }
        let jobs = self.aggregate.attempts.iter().map(|attempt| {
            JobChange::Put(Job {
                kind: JobKind::Attempt,
                subject: attempt.id.to_i64(),
                order: Some(order.id),
                due_at: self.at.saturating_add(CALL_LEFT).unwrap_or(self.at),
                looks: 0,
            })
        });
        let changes = Changes {
            jobs: jobs.collect(),
            orders: vec![self.aggregate.clone()],
            ..Changes::default()
        };
        Decision { changes, answer: Created::New(self.aggregate.clone()) }
    }
}
