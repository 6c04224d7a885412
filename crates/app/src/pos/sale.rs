//! 消费: charge the card that a terminal read.

use std::sync::Arc;

use ids::TradeId;
use jiff::Timestamp;
use orders::channel::CardApproval;
use orders::{Trade, TradeKind, TradeState};
use store::{Command, Decision, Reads, View};

use super::{AskTrade, Told, code_of, number_of, told_again};
use crate::App;
use crate::create_payment::{
    CardMeans, Create, CreatePayment, Created, Means, PaidBy, Through, draft,
};
use crate::error::{Failure, UseCaseError};

/// What the merchant reads of a card sale.
const DESCRIPTION: &str = "POS";

impl App {
    /// Takes a card payment. A repeat of a message gets the outcome of the first.
    ///
    /// # Errors
    /// A failure of the store: the terminal is told nothing then, and reverses.
    pub async fn pos_sale(&self, ask: AskTrade) -> Result<Told, UseCaseError> {
        match self.sell(&ask).await {
            Ok(told) => Ok(told),
            Err(error) => self.refused(&ask, error).await,
        }
    }

    /// What a new transaction is refused for says nothing of one that is there.
    pub(super) async fn refused(
        &self,
        ask: &AskTrade,
        error: UseCaseError,
    ) -> Result<Told, UseCaseError> {
        let code = code_of(error)?;
        let known = self.store.trade(ask.key()).await?;
        let told = known.map(|known| told_again(&known, ask.content_hash));
        Ok(told.unwrap_or(Told::Refused(code)))
    }

    async fn sell(&self, ask: &AskTrade) -> Result<Told, UseCaseError> {
        let (merchant, terminal) = (ask.access.terminal.merchant, ask.access.terminal.terminal);
        self.admit(merchant, Some(terminal)).await?;
        let card = CardMeans { card: Arc::clone(&ask.card), read: ask.read.clone() };
        let means = Means::Card(Box::new(card));
        let plan = self.plan(merchant, Some(terminal), &means).await?;
        let plan = plan.ok_or(Failure::unusable("the way of a card"))?;
        let id = TradeId::generate(&self.ids, self.now().as_millisecond());
        let input = CreatePayment {
            merchant,
            merchant_no: number_of(id)?,
            content_hash: ask.content_hash,
            amount: ask.amount,
            description: DESCRIPTION.to_owned(),
            attach: None,
            notify_url: None,
            terminal: Some(terminal),
            terminal_ip: String::new(),
            paid_by: PaidBy::One(means.clone()),
            expires_at: None,
            top_up: None,
        };
        let through = Through::of(Some(&plan));
        let aggregate = draft(&self.ids, &input, (&means, through), self.now());
        let attempt = aggregate.attempts.first().ok_or(Failure::unusable("a new attempt"))?.id;
        let trade = Trade {
            order: Some(aggregate.id()),
            reference: attempt.card_reference(),
            ..self.new_trade(id, ask, TradeKind::Sale)?
        };
        let create =
            Create { ground: self.ground_of(&aggregate), aggregate, plan: Some(Arc::clone(&plan)) };
        let created = match self.store.write(Sell { create, trade }).await? {
            Sold::New(aggregate) => aggregate,
            Sold::Known(trade) => return Ok(told_again(&trade, ask.content_hash)),
            Sold::Refused(refusal) => return Err(refusal.into()),
        };
        let expires_at = created.order.expires_at;
        self.start(plan, (created, attempt), (&means, "", expires_at)).await?;
        let told = self.store.trade(ask.key()).await?;
        Ok(Told::Outcome(Box::new(told.ok_or(Failure::unusable("a new trade"))?)))
    }

    pub(super) fn new_trade(
        &self,
        id: TradeId,
        ask: &AskTrade,
        kind: TradeKind,
    ) -> Result<Trade, Failure> {
        let now = self.now();
        Ok(Trade {
            id,
            key: ask.key(),
            merchant: ask.access.terminal.merchant,
            kind,
            amount: ask.amount,
            content_hash: ask.content_hash,
            card: Some(self.keep_card(id, &ask.card)?),
            reference: String::new(),
            order: None,
            refund: None,
            state: TradeState::Open,
            code: None,
            approval: CardApproval::default(),
            created_at: now,
            updated_at: now,
        })
    }
}

/// Writes the trade with its order, unless the terminal's number is used: by a repeat of this message,
/// by another one, or by a reversal that came first.
struct Sell {
    create: Create,
    trade: Trade,
}

enum Sold {
    New(orders::Aggregate),
    Known(Trade),
    Refused(orders::CreateRefusal),
}

impl Command for Sell {
    type Answer = Sold;

    fn now(&self) -> Timestamp {
        self.create.now()
    }

    fn reads(&self, reads: &mut Reads) {
        self.create.reads(reads);
        reads.trades.insert(self.trade.key);
    }

    fn decide(&self, view: &View<'_>) -> Decision<Sold> {
        if let Some(known) = view.trade(self.trade.key) {
            return Decision::answer(Sold::Known(known.clone()));
        }
        let Decision { mut changes, answer } = self.create.decide(view);
        let answer = match answer {
            Created::New(aggregate) => {
                changes.trades.push(self.trade.clone());
                Sold::New(aggregate)
            }
            // The number is the trade's own: nobody else has it.
            Created::Known(_) => Sold::Refused(orders::CreateRefusal::OrderNoUsed),
            Created::Refused(refusal) => Sold::Refused(refusal),
        };
        Decision { changes, answer }
    }
}
