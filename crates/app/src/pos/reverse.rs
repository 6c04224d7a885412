//! 冲正: a terminal gives up a transaction whose answer it did not get, or could not use.

use std::sync::Arc;

use ids::TradeId;
use jiff::Timestamp;
use money::Amount;
use orders::{Aggregate, RefundOrigin, Trade, TradeKey, TradeKind, TradeState};
use store::{Changes, Command, Decision, Job, JobKind, Reads, View};

use super::{PosAccess, number_of};
use crate::App;
use crate::bookings::accounting_date;
use crate::consequences::{Ground, follow};
use crate::create_refund::{Accept, Accepted, CreateRefund, PaymentRef, Return};
use crate::error::{Failure, UseCaseError};

/// 00: a terminal keeps its reversal until it hears this.
const DONE: &str = "00";
/// 64: another amount than the original's: not reversed, and an alarm.
const OTHER_AMOUNT: &str = "64";
/// 25: too late, or given back already: people look at it.
const TOO_LATE: &str = "25";

/// How often a trade that moves meanwhile is looked at again.
const LOOKS_MAX: u32 = 4;

impl App {
    /// Reverses what the terminal knows under this number. Always the same answer; one that never came
    /// is kept out from now on.
    ///
    /// # Errors
    /// A failure of the store: the terminal hears nothing and says it again.
    pub async fn pos_reverse(
        &self,
        access: &Arc<PosAccess>,
        named: (u32, u32),
        amount: Amount,
    ) -> Result<&'static str, UseCaseError> {
        for _ in 0..LOOKS_MAX {
            if let Some(code) = self.try_reverse(access, named, amount).await? {
                return Ok(code);
            }
        }
        // Unsaid is undone: the terminal comes back.
        Err(Failure::unusable("a trade that moves whenever it is looked at").into())
    }

    /// None where the trade moved between the look and the decision.
    async fn try_reverse(
        &self,
        access: &Arc<PosAccess>,
        (batch, trace): (u32, u32),
        amount: Amount,
    ) -> Result<Option<&'static str>, UseCaseError> {
        let key = TradeKey { terminal: access.terminal.terminal, batch, trace };
        let id = TradeId::generate(&self.ids, self.now().as_millisecond());
        let whose = (access.terminal.merchant, amount);
        let tombstone = Trade::tombstone(id, key, whose, self.now());
        let Some(known) = self.store.trade(key).await? else {
            return self.reverse(tombstone, None).await;
        };
        // A terminal may name what it asked, or what it heard.
        let is_its = amount == known.amount || amount == known.moved();
        if !is_its && known.state != TradeState::Tombstone {
            tracing::error!(trade.id = %known.id, "a reversal names another amount than its original");
            return Ok(Some(OTHER_AMOUNT));
        }
        match (known.kind, known.state) {
            (_, TradeState::Declined | TradeState::Reversed | TradeState::Tombstone) => {
                Ok(Some(DONE))
            }
            (
                TradeKind::Sale | TradeKind::Authorization | TradeKind::Completion,
                TradeState::Approved,
            ) => self.reverse_paid(&known).await.map(Some),
            (
                TradeKind::SaleVoid | TradeKind::AuthorizationVoid | TradeKind::CompletionVoid,
                TradeState::Approved,
            ) => self.reverse_void(&known).await.map(Some),
            (TradeKind::Refund | TradeKind::Offline, TradeState::Approved) => {
                tracing::error!(trade.id = %known.id, "what is only said, and never reversed, is to be reversed");
                Ok(Some(TOO_LATE))
            }
            (_, _) => {
                let order = match known.order {
                    Some(order) => self.store.order(order).await?,
                    None => None,
                };
                self.reverse(tombstone, order).await
            }
        }
    }

    /// Undoes what is still open; its own calls end it at the network.
    async fn reverse(
        &self,
        tombstone: Trade,
        order: Option<Aggregate>,
    ) -> Result<Option<&'static str>, UseCaseError> {
        let ground = order.as_ref().map(|order| self.ground_of(order));
        let order = order.map(|order| order.id());
        let reverse = Reverse { at: self.now(), ground, order, tombstone };
        match self.store.write(reverse).await? {
            Reversed::Done(attempt) => {
                // Asked for at once; where that fails the job does it.
                if let Some((order, attempt)) = attempt {
                    let looked = self.look_now(order, attempt).await;
                    if let Err(error) = looked {
                        tracing::warn!(error = %error, "a reversal at the network is left to its job");
                    }
                }
                Ok(Some(DONE))
            }
            Reversed::Moved => Ok(None),
        }
    }

    /// Undoes an approved void: the sale stands again. Asked for at once; where that fails the job does it.
    async fn reverse_void(&self, void: &Trade) -> Result<&'static str, UseCaseError> {
        let unusable = || Failure::unusable("the refund of a void");
        let (order, refund) = void.order.zip(void.refund).ok_or_else(unusable)?;
        let known = self.store.order(order).await?.ok_or_else(unusable)?;
        let row = known.refund(refund).ok_or_else(unusable)?;
        if accounting_date(row.created_at) != accounting_date(self.now()) {
            tracing::error!(trade.id = %void.id, "a void of another day is to be reversed");
            return Ok(TOO_LATE);
        }
        let ground = self.ground_of(&known);
        let command = UndoVoid { ground, order, refund, key: void.key };
        if self.store.write(command).await? {
            let job = Job {
                kind: JobKind::Refund,
                subject: refund.to_i64(),
                order: Some(order),
                due_at: self.now(),
                looks: 0,
            };
            if let Err(error) = self.look_at_refund(&job).await {
                tracing::warn!(error = %error, "a reversal at the network is left to its job");
            }
        }
        Ok(DONE)
    }

    /// Undoes an approved sale: its money goes back as if it had never been taken.
    async fn reverse_paid(&self, sale: &Trade) -> Result<&'static str, UseCaseError> {
        let order = sale.order.ok_or(Failure::unusable("the order of a sale"))?;
        // The sale's own number, so that a repeat is known.
        let input = CreateRefund {
            merchant: sale.merchant,
            merchant_no: number_of(sale.id)?,
            payment: PaymentRef::Id(order),
            content_hash: sale.content_hash,
            what: if sale.card.is_some() { Return::Reversal } else { Return::Void },
            reason: "POS".to_owned(),
            notify_url: None,
            origin: RefundOrigin::Terminal,
        };
        let known = self.store.order(order).await?;
        let known = known.ok_or(Failure::unusable("the order of a sale"))?;
        let accept = self.accept_refund(&known, input).await?;
        match self.store.write(Undo { accept, key: sale.key }).await? {
            Accepted::Known(_) => Ok(DONE),
            Accepted::New(aggregate, sent) => {
                // Committed: what fails now is the refund's own job to do.
                if let Err(error) = self.send_refunds(aggregate, sent).await {
                    tracing::warn!(error = %error, "a reversal at the network is left to its job");
                }
                Ok(DONE)
            }
            Accepted::Refused(refusal) => {
                tracing::error!(trade.id = %sale.id, refusal = refusal.code(),
                    "an approved sale cannot be reversed");
                Ok(TOO_LATE)
            }
        }
    }
}

/// Accepts the return of an approved sale, and marks its trade.
struct Undo {
    accept: Accept,
    key: TradeKey,
}

impl Command for Undo {
    type Answer = Accepted;

    fn now(&self) -> Timestamp {
        self.accept.now()
    }

    fn reads(&self, reads: &mut Reads) {
        self.accept.reads(reads);
        reads.trades.insert(self.key);
    }

    fn decide(&self, view: &View<'_>) -> Decision<Accepted> {
        let Decision { mut changes, answer } = self.accept.decide(view);
        if matches!(answer, Accepted::New(..)) {
            let sale = view.trade(self.key);
            changes.trades.extend(sale.map(|sale| sale.reversed(self.accept.now())));
        }
        Decision { changes, answer }
    }
}

/// Asks for a void back, and marks its trade. Answers whether it was there to be asked for.
struct UndoVoid {
    ground: Ground,
    order: ids::OrderId,
    refund: ids::RefundId,
    key: TradeKey,
}

impl Command for UndoVoid {
    type Answer = bool;

    fn now(&self) -> Timestamp {
        self.ground.at
    }

    fn reads(&self, reads: &mut Reads) {
        self.ground.reads(reads);
        reads.orders.insert(self.order);
        reads.trades.insert(self.key);
    }

    fn decide(&self, view: &View<'_>) -> Decision<bool> {
        let order = view.order(self.order);
        let undone = order.and_then(|order| order.undo_refund(self.refund, self.ground.at));
        let Some((aggregate, facts)) = undone else { return Decision::answer(false) };
        let (_, mut changes) = follow(view, &self.ground, aggregate, facts);
        let void = view.trade(self.key);
        changes.trades.extend(void.map(|void| void.reversed(self.ground.at)));
        Decision { changes, answer: true }
    }
}

/// Marks the trade as given up and asks for the end of what it began; writes a tombstone where there is
/// none.
struct Reverse {
    at: Timestamp,
    ground: Option<Ground>,
    order: Option<ids::OrderId>,
    tombstone: Trade,
}

enum Reversed {
    /// With the attempt that is to be undone at the network.
    Done(Option<(ids::OrderId, ids::AttemptId)>),
    /// It is no more as it was looked at: it came, or was decided, in between.
    Moved,
}

impl Command for Reverse {
    type Answer = Reversed;

    fn now(&self) -> Timestamp {
        self.at
    }

    fn reads(&self, reads: &mut Reads) {
        reads.trades.insert(self.tombstone.key);
        reads.orders.extend(self.order);
        if let Some(ground) = &self.ground {
            ground.reads(reads);
        }
    }

    fn decide(&self, view: &View<'_>) -> Decision<Reversed> {
        let Some(known) = view.trade(self.tombstone.key) else {
            let trades = vec![self.tombstone.clone()];
            let changes = Changes { trades, ..Changes::default() };
            return Decision { changes, answer: Reversed::Done(None) };
        };
        if !matches!(known.state, TradeState::Open | TradeState::Unsure) {
            return Decision::answer(Reversed::Moved);
        }
        let order = self.order.and_then(|order| view.order(order));
        let (Some(order), Some(ground)) = (order, &self.ground) else {
            return Decision::answer(Reversed::Moved);
        };
        let open = order.attempts.iter().find(|a| a.state.is_open()).map(|a| a.id);
        let ended = open.and_then(|attempt| order.on_give_up(attempt, self.at));
        let mut changes = match ended {
            Some((aggregate, facts)) => follow(view, ground, aggregate, facts).1,
            // A void's refund is undone by its own look.
            None => Changes::default(),
        };
        changes.trades.push(known.reversed(self.at));
        Decision { changes, answer: Reversed::Done(open.map(|attempt| (order.id(), attempt))) }
    }
}
