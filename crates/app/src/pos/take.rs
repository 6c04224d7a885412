//! 消费, 预授权, 预授权完成, 离线消费: charge the card that a terminal read, or hold money on it; or charge
//! the payer whose code it scanned.

use std::sync::Arc;

use ids::TradeId;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use orders::channel::{CardApproval, CardSubject, PayWay};
use orders::{Aggregate, CardHold, Trade, TradeKey, TradeKind, TradeState};
use store::{Command, Decision, Reads, View};

use super::{AskTrade, PosAccess, Presented, Told, code_of, number_of, told_again};
use crate::App;
use crate::bookings::CHINA;
use crate::create_payment::{
    CardMeans, Create, CreatePayment, Created, Means, PaidBy, Through, draft,
};
use crate::error::{Failure, UseCaseError};
use crate::holds;
use crate::routing::Plan;

/// What the merchant reads of a terminal's payment.
const DESCRIPTION: &str = "POS";
/// 64: more than the hold allows.
const ABOVE_HOLD: &str = "64";
/// 22: the hold's time is over.
const HOLD_OVER: &str = "22";
/// 94: it is completed already, or given back.
const HOLD_GONE: &str = "94";
/// 25: there is no such hold.
const NO_HOLD: &str = "25";
/// 92: the way on which the hold was made is closed.
const NO_WAY: &str = "92";
/// 14: a card is wanted.
const NO_CARD: &str = "14";
/// A completion may take so much of the hold, in percent: tips and what was used besides.
const COMPLETION_PERCENT_MAX: u64 = 115;

/// What a terminal asks to be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taking {
    /// 消费
    Sale,
    /// 预授权
    Authorization,
    /// 预授权完成: asked for, or as an advice said.
    Completion { of: AuthorizationRef, advice: bool },
    /// 离线消费: the chip approved it.
    Offline,
}

/// A hold as a terminal names it; the card is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthorizationRef {
    /// Field 38.
    pub auth_code: String,
    /// 61.3, month and day.
    pub date: Option<(u8, u8)>,
}

impl Taking {
    pub(super) const fn kind(&self) -> TradeKind {
        match self {
            Self::Sale => TradeKind::Sale,
            Self::Authorization => TradeKind::Authorization,
            Self::Completion { .. } => TradeKind::Completion,
            Self::Offline => TradeKind::Offline,
        }
    }

    const fn way(&self) -> PayWay {
        match self {
            Self::Sale | Self::Completion { advice: false, .. } => PayWay::Card,
            Self::Authorization => PayWay::CardHold,
            Self::Completion { advice: true, .. } | Self::Offline => PayWay::CardAdvice,
        }
    }
}

/// What a completion goes on with.
struct Held {
    trade: Trade,
    order: Aggregate,
}

impl App {
    /// Takes a terminal's payment. A repeat of a message gets the outcome of the first.
    ///
    /// # Errors
    /// A failure of the store: the terminal is told nothing then, and reverses.
    pub async fn pos_take(&self, ask: AskTrade, taking: Taking) -> Result<Told, UseCaseError> {
        let held = match &taking {
            Taking::Completion { of, .. } => {
                // What became of the first says more than what became of the hold.
                if let Some(known) = self.store.trade(ask.key()).await? {
                    return Ok(told_again(&known, ask.content_hash));
                }
                match self.held(&ask, of).await? {
                    Ok(held) => Some(held),
                    // The first may have been written since we looked.
                    Err(code) => return Ok(self.known_or(&ask, code).await?),
                }
            }
            Taking::Sale | Taking::Authorization | Taking::Offline => None,
        };
        match self.take_new(&ask, &taking, held).await {
            Ok(told) => Ok(told),
            Err(error) => self.refused(&ask, error).await,
        }
    }

    /// What became of a payment whose payer is being waited for.
    ///
    /// # Errors
    /// [`Failure`]
    pub async fn pos_taken(&self, ask: &AskTrade) -> Result<Told, Failure> {
        let terminal = (&*ask.access, ask.batch, ask.trace);
        let known = self.pos_known(terminal, ask.content_hash).await?;
        Ok(known.unwrap_or(Told::InProgress))
    }

    /// What a new transaction is refused for says nothing of one that is there.
    pub(super) async fn refused(
        &self,
        ask: &AskTrade,
        error: UseCaseError,
    ) -> Result<Told, UseCaseError> {
        let code = code_of(error)?;
        Ok(self.known_or(ask, code).await?)
    }

    async fn known_or(&self, ask: &AskTrade, code: &'static str) -> Result<Told, Failure> {
        let terminal = (&*ask.access, ask.batch, ask.trace);
        let known = self.pos_known(terminal, ask.content_hash).await?;
        Ok(known.unwrap_or(Told::Refused(code)))
    }

    /// What the transaction under this number was told, where there is one.
    ///
    /// # Errors
    /// [`Failure`]
    pub async fn pos_known(
        &self,
        (access, batch, trace): (&PosAccess, u32, u32),
        content_hash: [u8; 32],
    ) -> Result<Option<Told>, Failure> {
        let key = TradeKey { terminal: access.terminal.terminal, batch, trace };
        let known = self.store.trade(key).await?;
        Ok(known.map(|known| told_again(&known, content_hash)))
    }

    /// The hold that is to be completed, or why it cannot be.
    async fn held(
        &self,
        ask: &AskTrade,
        of: &AuthorizationRef,
    ) -> Result<Result<Held, &'static str>, Failure> {
        let Some(trade) = self.authorization(ask, of).await? else { return Ok(Err(NO_HOLD)) };
        let order = trade.order.ok_or(Failure::unusable("the order of a hold"))?;
        let order = self.store.order(order).await?;
        let order = order.ok_or(Failure::unusable("the order of a hold"))?;
        if order.order.expires_at <= self.now() || order.order.hold == Some(CardHold::Lapsed) {
            return Ok(Err(HOLD_OVER));
        }
        if !holds::stands(&order) {
            return Ok(Err(HOLD_GONE));
        }
        let most = order.order.amount.minor().saturating_mul(COMPLETION_PERCENT_MAX) / 100;
        if ask.amount.minor() > most {
            return Ok(Err(ABOVE_HOLD));
        }
        Ok(Ok(Held { trade, order }))
    }

    /// The approved hold on this card with this code, whichever terminal of the merchant made it.
    pub(super) async fn authorization(
        &self,
        ask: &AskTrade,
        of: &AuthorizationRef,
    ) -> Result<Option<Trade>, Failure> {
        let Presented::Card(card, _) = &ask.presented else { return Ok(None) };
        let token = self.vault.token(super::PAN_TOKEN, card.pan.expose());
        let holds = self.store.card_holds(ask.access.terminal.merchant, token).await?;
        let fits = |trade: &Trade| {
            let code = trade.approval.auth_code.as_deref();
            let same_day = of.date.is_none_or(|date| is_of(trade, date));
            trade.state == TradeState::Approved && code == Some(&*of.auth_code) && same_day
        };
        Ok(holds.into_iter().find(fits))
    }

    async fn take_new(
        &self,
        ask: &AskTrade,
        taking: &Taking,
        held: Option<Held>,
    ) -> Result<Told, UseCaseError> {
        let (merchant, terminal) = (ask.access.terminal.merchant, ask.access.terminal.terminal);
        self.admit(merchant, Some(terminal)).await?;
        let Some(means) = means(ask, taking, held.as_ref()) else {
            return Ok(Told::Refused(NO_CARD));
        };
        let plan = self.plan(merchant, Some(terminal), &means).await?;
        let plan = plan.ok_or(Failure::unusable("the way of a terminal's payment"))?;
        let plan = match &held {
            Some(held) => match self.way_of(&plan, &held.order).await? {
                Some(plan) => plan,
                None => return Ok(self.known_or(ask, NO_WAY).await?),
            },
            None => plan,
        };
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
            checkout: None,
        };
        let through = Through::of(Some(&plan));
        let aggregate = draft(&self.ids, &input, (&means, through), self.now());
        let attempt = aggregate.attempts.first().ok_or(Failure::unusable("a new attempt"))?.id;
        let trade = Trade {
            order: Some(aggregate.id()),
            reference: attempt.card_reference(),
            ..self.new_trade(id, ask, (taking.kind(), means.card()))?
        };
        let create = Create {
            ground: self.ground_of(&aggregate),
            aggregate,
            plan: Some(Arc::clone(&plan)),
            checkout: None,
        };
        let created = match self.store.write(Take { create, trade }).await? {
            Taken::New(aggregate) => aggregate,
            Taken::Known(trade) => return Ok(told_again(&trade, ask.content_hash)),
            Taken::Refused(refusal) => return Err(refusal.into()),
            Taken::HoldGone => return Ok(Told::Refused(HOLD_GONE)),
        };
        let expires_at = created.order.expires_at;
        let (_, told) = self.start(plan, (created, attempt), (&means, "", expires_at)).await?;
        let told = told.ok_or(Failure::unusable("the trade of a new order"))?;
        Ok(Told::of(told))
    }

    /// The plan by which a hold was made: its issuer knows it there only.
    async fn way_of(&self, plan: &Plan, hold: &Aggregate) -> Result<Option<Arc<Plan>>, Failure> {
        let attempt = hold.legs.first().and_then(|leg| hold.paid_attempt(leg.id));
        let attempt = attempt.ok_or(Failure::unusable("the attempt of a hold"))?;
        let account = self.account(attempt.channel_account).await?;
        let account = account.ok_or(Failure::unusable("an attempt's channel account"))?;
        Ok(plan.through(&account.ledger_owner).ok())
    }

    pub(super) fn new_trade(
        &self,
        id: TradeId,
        ask: &AskTrade,
        (kind, card): (TradeKind, Option<&CardSubject>),
    ) -> Result<Trade, Failure> {
        let now = self.now();
        let card = card.map(|card| self.keep_card(id, card)).transpose()?;
        Ok(Trade {
            id,
            key: ask.key(),
            merchant: ask.access.terminal.merchant,
            kind,
            amount: ask.amount,
            content_hash: ask.content_hash,
            card,
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

/// How the payer pays; none where nothing was shown that this can be paid by.
fn means(ask: &AskTrade, taking: &Taking, held: Option<&Held>) -> Option<Means> {
    match (&ask.presented, taking) {
        (Presented::Card(card, read), _) => {
            let attempt = held.and_then(|held| held.order.attempts.last());
            let card = match held.zip(attempt) {
                Some((held, attempt)) => Arc::new(CardSubject {
                    auth_code: held.trade.approval.auth_code.clone(),
                    authorization: Some(attempt.id),
                    ..card.as_ref().clone()
                }),
                None => Arc::clone(card),
            };
            let hold = match (taking, held) {
                (Taking::Authorization, _) => Some(CardHold::Standing),
                (_, Some(held)) => Some(CardHold::Completion(held.order.id())),
                (_, None) => None,
            };
            let (way, read) = (taking.way(), read.clone());
            Some(Means::Card(Box::new(CardMeans { way, hold, card, read })))
        }
        (Presented::Code(code), Taking::Sale) => Some(Means::PayerCode(code.clone())),
        (Presented::Code(_) | Presented::Nothing, _) => None,
    }
}

/// Whether a hold is of this month and day, by the books' day or the network's, in the last year.
fn is_of(trade: &Trade, (month, day): (u8, u8)) -> bool {
    let local = trade.created_at.to_zoned(TimeZone::fixed(CHINA)).strftime("%m%d").to_string();
    let named = format!("{month:02}{day:02}");
    local == named || trade.approval.settled_on.as_deref() == Some(&*named)
}

/// Writes the trade with its order, unless the terminal's number is used: by a repeat of this message,
/// by another one, or by a reversal that came first. A hold that it completes is its own from then on.
struct Take {
    create: Create,
    trade: Trade,
}

enum Taken {
    New(Aggregate),
    Known(Trade),
    Refused(orders::CreateRefusal),
    /// Another completion, or a void, was faster.
    HoldGone,
}

impl Command for Take {
    type Answer = Taken;

    fn now(&self) -> Timestamp {
        self.create.now()
    }

    fn reads(&self, reads: &mut Reads) {
        self.create.reads(reads);
        reads.trades.insert(self.trade.key);
    }

    fn decide(&self, view: &View<'_>) -> Decision<Taken> {
        if let Some(known) = view.trade(self.trade.key) {
            return Decision::answer(Taken::Known(known.clone()));
        }
        let completed = self.create.ground.hold;
        let hold = completed.and_then(|id| view.order(id)).filter(|hold| holds::stands(hold));
        if completed.is_some() && hold.is_none() {
            return Decision::answer(Taken::HoldGone);
        }
        let Decision { mut changes, answer } = self.create.decide(view);
        let answer = match answer {
            Created::New(aggregate) => {
                let to = CardHold::Completed(aggregate.id());
                changes.orders.extend(hold.map(|hold| holds::moved(hold, to, self.now())));
                changes.trades.push(self.trade.clone());
                Taken::New(aggregate)
            }
            // The number is the trade's own: nobody else has it.
            Created::Known(_) => Taken::Refused(orders::CreateRefusal::OrderNoUsed),
            Created::Refused(refusal) => Taken::Refused(refusal),
        };
        Decision { changes, answer }
    }
}
