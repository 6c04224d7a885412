//! An order with everything that hangs on it, and the pure decisions over it.
//!
//! Each function takes the order as it was loaded and gives back the order as it is to be written,
//! with the [`Fact`]s that the application turns into ledger entries, messages and jobs.

use ids::{AttemptId, LegId, MerchantNo, OrderId, RefundId};
use jiff::Timestamp;
use money::Amount;

use crate::attempt::{Attempt, AttemptState, Effect, Event};
use crate::channel::{ChannelCodeText, Paid, PaymentReply, RefundReply};
use crate::order::{Leg, LegState, Order, OrderShape, OrderState};
use crate::refund::{Refund, RefundEffect, RefundEvent, RefundKind, RefundOrigin, RefundState};
use crate::refusal::{CloseRefusal, RefundRefusal};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Aggregate {
    pub order: Order,
    pub legs: Vec<Leg>,
    pub attempts: Vec<Attempt>,
    pub refunds: Vec<Refund>,
}

/// Something that became true.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    LegPaid {
        leg: LegId,
    },
    /// A combined order was given up: what is paid of it is to go back.
    OrderClosing,
    /// The order reached a state from which only refunds lead on.
    OrderDecided(OrderState),
    /// Money came in that is not the merchant's.
    LateMoney {
        attempt: AttemptId,
    },
    /// A notice speaks of a payment on an ended attempt: ask the channel.
    Verify {
        attempt: AttemptId,
    },
    /// The attempt's next look is due at another time, or not at all.
    AttemptMoved {
        attempt: AttemptId,
        from: AttemptState,
        to: AttemptState,
    },
    RefundSucceeded {
        refund: RefundId,
    },
    /// A case was decided: the payer got the money by a transfer.
    RefundPaidOut {
        refund: RefundId,
    },
    /// It waited for money too long; none was taken.
    RefundDropped {
        refund: RefundId,
    },
    RefundFailed {
        refund: RefundId,
    },
    RefundStuck {
        refund: RefundId,
    },
    /// The channel does not have it: send it again.
    RefundUnsent {
        refund: RefundId,
    },
    RefundWaits {
        refund: RefundId,
    },
    /// The channel took it back as if it had never been.
    RefundUndone {
        refund: RefundId,
    },
    /// The channel contradicts itself.
    Contradiction {
        what: &'static str,
    },
}

/// A decision: the order as it is to be written, and what became true.
pub type Decided = (Aggregate, Vec<Fact>);

/// Which kind of call an answer belongs to; a notice belongs to none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    Charge,
    /// A query, with the time when it was asked: an answer that was on its way while the attempt
    /// ended is older than the end.
    Query {
        asked_at: Timestamp,
    },
    /// Close or cancel.
    Undo,
    Notice,
}

/// What a reply means for an attempt, given the call that it answers.
#[must_use]
pub fn event_of(source: Source, reply: &PaymentReply) -> Event {
    match reply {
        PaymentReply::Paid(_) if source == Source::Notice => Event::NoticedPaid,
        PaymentReply::Paid(_) => Event::SawPaid,
        PaymentReply::Ready { .. } | PaymentReply::Pending => Event::SawWaiting,
        PaymentReply::NotFound => Event::SawNotFound,
        PaymentReply::Closed => Event::SawClosed,
        PaymentReply::Returned { .. } => Event::SawReturned,
        PaymentReply::Refused(_) if source == Source::Undo => Event::SawCancelRefused,
        PaymentReply::Refused(_) => Event::SawRefused,
        PaymentReply::Again | PaymentReply::Unknown(_) => Event::SawNothing,
    }
}

#[must_use]
pub fn refund_event_of(reply: &RefundReply) -> RefundEvent {
    match reply {
        RefundReply::Succeeded { .. } => RefundEvent::SawSucceeded,
        RefundReply::Processing => RefundEvent::SawProcessing,
        RefundReply::NotFound => RefundEvent::SawNotFound,
        RefundReply::Refused(_) => RefundEvent::SawRefused,
        RefundReply::Impossible(_) => RefundEvent::SawImpossible,
        RefundReply::Unknown(_) => RefundEvent::SawNothing,
    }
}

/// What asking for an end means for an attempt: a scanned code must be undone, since its charge may
/// still be on the way; a QR is closed.
#[must_use]
pub const fn end_event(way: crate::channel::PayWay) -> Event {
    match way {
        crate::channel::PayWay::PayerCode
        | crate::channel::PayWay::Card
        | crate::channel::PayWay::CardHold => Event::CancelAsked,
        // What was agreed with the cardholder is not taken back.
        crate::channel::PayWay::CardAdvice | crate::channel::PayWay::CardInquiry => {
            Event::SawNothing
        }
        crate::channel::PayWay::DynamicQr
        | crate::channel::PayWay::OwnCode
        | crate::channel::PayWay::Jsapi
        | crate::channel::PayWay::H5
        | crate::channel::PayWay::Page => Event::CloseAsked,
    }
}

impl Aggregate {
    #[must_use]
    pub const fn id(&self) -> OrderId {
        self.order.id
    }

    #[must_use]
    pub fn attempt(&self, id: AttemptId) -> Option<&Attempt> {
        self.attempts.iter().find(|a| a.id == id)
    }

    #[must_use]
    pub fn leg(&self, id: LegId) -> Option<&Leg> {
        self.legs.iter().find(|l| l.id == id)
    }

    #[must_use]
    pub fn refund(&self, id: RefundId) -> Option<&Refund> {
        self.refunds.iter().find(|r| r.id == id)
    }

    /// The parts of one return, in order: one, or one per leg of a combined order.
    #[must_use]
    pub fn refund_parts(&self, no: &MerchantNo) -> Vec<&Refund> {
        let mut parts: Vec<_> = self.refunds.iter().filter(|r| r.merchant_no == *no).collect();
        parts.sort_by_key(|r| r.part);
        parts
    }

    /// The attempt that took a leg's money.
    #[must_use]
    pub fn paid_attempt(&self, leg: LegId) -> Option<&Attempt> {
        self.attempts.iter().find(|a| a.leg == leg && a.state == AttemptState::Paid)
    }

    /// Takes in what a channel said of an attempt. `None` when the order has no such attempt.
    #[must_use]
    pub fn on_reply(
        &self,
        attempt: AttemptId,
        source: Source,
        reply: &PaymentReply,
        now: Timestamp,
    ) -> Option<Decided> {
        let mut next = self.clone();
        let row = next.attempts.iter_mut().find(|a| a.id == attempt)?;
        if let PaymentReply::Paid(paid) = reply
            && paid.amount != row.amount
            && !(row.state.is_open() && self.takes_part(row, paid))
        {
            return Some((next, vec![Fact::Contradiction { what: "other_amount_paid" }]));
        }
        let from = row.state;
        let event = match (event_of(source, reply), source) {
            // The money may have gone back since, by the very cancel that ended the attempt: ask anew.
            (Event::SawPaid, Source::Query { asked_at }) if asked_at <= row.updated_at => {
                if from.is_open() { Event::SawPaid } else { Event::NoticedPaid }
            }
            (Event::SawPaid, Source::Charge) if !from.is_open() => Event::NoticedPaid,
            (event, _) => event,
        };
        let (to, effect) = from.apply(event);
        if effect == Effect::Alarm {
            return Some((next, vec![Fact::Contradiction { what: "reply_after_paid" }]));
        }
        if effect == Effect::Verify {
            return Some((next, vec![Fact::Verify { attempt }]));
        }
        row.note(reply, from, to, now);
        if let PaymentReply::Paid(paid) = reply {
            next.become_part(attempt, paid.amount);
        }
        let facts = next.move_attempt(attempt, (from, to), effect, now);
        Some((next, facts))
    }

    /// 部分承兑: whether a payment of less than was asked is one that the terminal said it takes.
    fn takes_part(&self, attempt: &Attempt, paid: &Paid) -> bool {
        let part = paid.card.as_ref().and_then(|card| card.part);
        let less = paid.amount.try_cmp(attempt.amount).is_ok_and(|order| order.is_lt());
        let alone = self.order.shape == OrderShape::Single && self.legs.len() == 1;
        part == Some(paid.amount) && less && !paid.amount.is_zero() && alone
    }

    /// The order is for what was approved: the rest is another payment.
    fn become_part(&mut self, attempt: AttemptId, amount: Amount) {
        let Some(row) = self.attempts.iter_mut().find(|a| a.id == attempt) else { return };
        if row.amount == amount {
            return;
        }
        row.amount = amount;
        self.order.amount = amount;
        self.legs.iter_mut().for_each(|leg| leg.amount = amount);
    }

    /// Ends an attempt whose first call surely took nothing, and begins another in its place; the leg
    /// goes on being paid. `None` where the attempt was decided meanwhile, or its end is wanted.
    #[must_use]
    pub fn fail_over(
        &self,
        failed: AttemptId,
        refusal: ChannelCodeText,
        (leg, next_attempt): (Leg, Attempt),
        now: Timestamp,
    ) -> Option<Decided> {
        if self.order.state != OrderState::Paying {
            return None;
        }
        let mut next = self.clone();
        let row = next.attempts.iter_mut().find(|a| a.id == failed)?;
        let from = row.state;
        if from != AttemptState::Sending {
            return None;
        }
        let to = AttemptState::Refused;
        row.state = to;
        row.refusal = Some(refusal);
        row.updated_at = now;
        for known in next.legs.iter_mut().filter(|l| l.id == leg.id) {
            *known = leg.clone();
        }
        next.attempts.push(next_attempt);
        Some((next, vec![Fact::AttemptMoved { attempt: failed, from, to }]))
    }

    /// Asks for the end of an attempt whose time is over.
    #[must_use]
    pub fn on_give_up(&self, attempt: AttemptId, now: Timestamp) -> Option<Decided> {
        let mut next = self.clone();
        let row = next.attempts.iter_mut().find(|a| a.id == attempt)?;
        let from = row.state;
        let (to, effect) = from.apply(end_event(row.way));
        if from != to {
            row.state = to;
            row.updated_at = now;
        }
        let facts = next.move_attempt(attempt, (from, to), effect, now);
        Some((next, facts))
    }

    /// The merchant closes the order. The answer is final only when the channel has confirmed.
    ///
    /// # Errors
    /// [`CloseRefusal`], in its order.
    pub fn close(&self, now: Timestamp) -> Result<Decided, CloseRefusal> {
        match (self.order.state, self.order.shape) {
            (OrderState::Paid, _) => return Err(CloseRefusal::OrderPaid),
            (OrderState::Failed | OrderState::Closing | OrderState::Closed, _) => {
                return Ok((self.clone(), Vec::new()));
            }
            (OrderState::Paying, OrderShape::Combined) => return Ok(self.give_up_order(now)),
            (OrderState::Paying, OrderShape::Single) => {}
        }
        Ok(self.end_open_attempts(now))
    }

    /// Asks for the end of every attempt that is open.
    pub(crate) fn end_open_attempts(&self, now: Timestamp) -> Decided {
        let open: Vec<AttemptId> =
            self.attempts.iter().filter(|a| a.state.is_open()).map(|a| a.id).collect();
        let mut decided = (self.clone(), Vec::new());
        for attempt in open {
            if let Some((next, facts)) = decided.0.on_give_up(attempt, now) {
                decided.0 = next;
                decided.1.extend(facts);
            }
        }
        decided
    }

    fn move_attempt(
        &mut self,
        attempt: AttemptId,
        (from, to): (AttemptState, AttemptState),
        effect: Effect,
        now: Timestamp,
    ) -> Vec<Fact> {
        let mut facts = Vec::new();
        if from != to || to.is_open() {
            facts.push(Fact::AttemptMoved { attempt, from, to });
        }
        match effect {
            Effect::Paid => {
                if let Some(leg) = self.end_leg(attempt, LegState::Paid) {
                    self.book_leg(leg, now);
                    facts.push(Fact::LegPaid { leg });
                }
            }
            Effect::Ended => {
                let refused = to == AttemptState::Refused;
                let state = if refused { LegState::Failed } else { LegState::Closed };
                self.end_leg(attempt, state);
            }
            Effect::ReturnLate => facts.push(Fact::LateMoney { attempt }),
            Effect::None | Effect::Verify | Effect::Alarm => {}
        }
        let paid_at = self.attempt(attempt).and_then(|a| a.paid_at);
        facts.extend(self.decide_order(paid_at, now));
        facts
    }

    pub(crate) fn book_leg(&mut self, leg: LegId, now: Timestamp) {
        for row in self.legs.iter_mut().filter(|l| l.id == leg) {
            row.booked_at = Some(now);
        }
    }

    fn end_leg(&mut self, attempt: AttemptId, state: LegState) -> Option<LegId> {
        let leg = self.attempt(attempt)?.leg;
        let row = self.legs.iter_mut().find(|l| l.id == leg)?;
        assert!(row.state == LegState::Paying, "a leg ends once");
        row.state = state;
        Some(leg)
    }

    /// Moves the order on where its legs have. `paid_at` is when the last of them was paid.
    pub(crate) fn decide_order(
        &mut self,
        paid_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Option<Fact> {
        let state = match self.order.shape {
            OrderShape::Single if self.order.state == OrderState::Paying => {
                OrderState::of_legs(self.legs.iter())
            }
            OrderShape::Single => self.order.state,
            OrderShape::Combined => self.combined_state(),
        };
        if state == self.order.state {
            return None;
        }
        if state == OrderState::Paid {
            self.order.paid_at = paid_at;
        }
        self.order.state = state;
        self.order.updated_at = now;
        Some(Fact::OrderDecided(state))
    }

    /// Sets a refund's amount aside on its leg and adds the refund.
    ///
    /// # Errors
    /// [`RefundRefusal`], in its order. Whether the merchant has the money is the ledger's to say.
    pub fn accept_refund(&self, refund: Refund) -> Result<Self, RefundRefusal> {
        let leg = self.leg(refund.leg).ok_or(RefundRefusal::LegNotFound)?;
        if self.order.state != OrderState::Paid || leg.state != LegState::Paid {
            return Err(RefundRefusal::OrderNotPaid);
        }
        if refund.amount.currency() != leg.amount.currency() {
            return Err(RefundRefusal::CurrencyMismatch);
        }
        if refund.amount.is_zero() || refund.amount.minor() > leg.refundable().minor() {
            return Err(RefundRefusal::AmountAboveRefundable);
        }
        let mut next = self.clone();
        next.set_aside(&refund);
        next.refunds.push(refund);
        Ok(next)
    }

    /// Adds the automatic refund of money that came in late. It takes nothing from the leg, which
    /// never was paid.
    #[must_use]
    pub fn return_late(&self, refund: Refund) -> Self {
        assert!(refund.origin == RefundOrigin::LatePayment, "only late money returns by itself");
        let mut next = self.clone();
        next.refunds.push(refund);
        next
    }

    /// A refused refund is tried again, with its amount set aside anew.
    ///
    /// # Errors
    /// [`RefundRefusal`], in its order.
    pub fn retry_refund(&self, id: RefundId, now: Timestamp) -> Result<Self, RefundRefusal> {
        let refund = self.refund(id).ok_or(RefundRefusal::RefundNotFound)?.clone();
        if refund.state != RefundState::Failed {
            return Err(RefundRefusal::RefundNotFailed);
        }
        let leg = self.leg(refund.leg).ok_or(RefundRefusal::LegNotFound)?;
        if refund.amount.minor() > leg.refundable().minor() {
            return Err(RefundRefusal::AmountAboveRefundable);
        }
        let mut next = self.clone();
        next.set_aside(&refund);
        for row in next.refunds.iter_mut().filter(|r| r.id == id) {
            row.state = row.state.apply(RefundEvent::RetryAsked).0;
            row.refusal = None;
            row.updated_at = now;
        }
        Ok(next)
    }

    /// A refund that waited has its money now, and is to be sent.
    #[must_use]
    pub fn fund_refund(&self, id: RefundId, now: Timestamp) -> Option<Self> {
        let mut next = self.clone();
        let row = next.refunds.iter_mut().find(|r| r.id == id)?;
        if row.state != RefundState::Queued {
            return None;
        }
        row.state = RefundState::Sending;
        row.updated_at = now;
        Some(next)
    }

    /// A refund that waited too long is given up.
    #[must_use]
    pub fn drop_refund(&self, id: RefundId, now: Timestamp) -> Option<Decided> {
        let mut next = self.fund_refund(id, now)?;
        let row = next.refunds.iter_mut().find(|r| r.id == id)?;
        row.state = RefundState::Failed;
        row.refusal = Some(ChannelCodeText::new("insufficient_funds", "no money came in for it"));
        let refund = row.clone();
        next.release(&refund);
        Some((next, vec![Fact::RefundDropped { refund: id }]))
    }

    /// Takes in what a channel said of a refund. `None` when the order has no such refund.
    #[must_use]
    pub fn on_refund_reply(
        &self,
        id: RefundId,
        reply: &RefundReply,
        now: Timestamp,
    ) -> Option<Decided> {
        let mut next = self.clone();
        let row = next.refunds.iter_mut().find(|r| r.id == id)?;
        let event = match (row.origin, refund_event_of(reply)) {
            // Such money is not the merchant's to have back: the platform goes on trying. So it
            // does with a void, which is 待退货 then.
            (origin, RefundEvent::SawRefused)
                if origin.is_automatic()
                    || (row.kind == RefundKind::Void && origin != RefundOrigin::Terminal) =>
            {
                RefundEvent::SawNotFound
            }
            // The void was reversed at the network: its cashier heard no approval.
            (RefundOrigin::Terminal, RefundEvent::SawNotFound)
                if row.state != RefundState::Undoing =>
            {
                RefundEvent::SawRefused
            }
            (_, event) => event,
        };
        let was_open = row.state.is_open();
        let (to, effect) = row.state.apply(event);
        row.note(reply, to, now);
        let refund = row.clone();
        let facts = match effect {
            RefundEffect::Succeeded => {
                next.settle_refund(&refund);
                let mut facts = vec![Fact::RefundSucceeded { refund: id }];
                facts.extend(next.decide_order(None, now));
                facts
            }
            RefundEffect::PaidOut => vec![Fact::RefundPaidOut { refund: id }],
            RefundEffect::Released => {
                next.release(&refund);
                vec![Fact::RefundFailed { refund: id }]
            }
            RefundEffect::Undone => {
                next.release(&refund);
                vec![Fact::RefundUndone { refund: id }]
            }
            RefundEffect::OpenCase => vec![Fact::RefundStuck { refund: id }],
            RefundEffect::SendAgain => vec![Fact::RefundUnsent { refund: id }],
            RefundEffect::Alarm => vec![Fact::Contradiction { what: "refund_reply_after_end" }],
            RefundEffect::None if was_open => vec![Fact::RefundWaits { refund: id }],
            RefundEffect::None => Vec::new(),
        };
        Some((next, facts))
    }

    /// A void that had succeeded was given up by its terminal: the channel is to take it back. `None` when
    /// there is no such refund, or it did not succeed.
    #[must_use]
    pub fn undo_refund(&self, id: RefundId, now: Timestamp) -> Option<Decided> {
        let mut next = self.clone();
        let row = next.refunds.iter_mut().find(|r| r.id == id)?;
        let (to, _) = row.state.apply(RefundEvent::UndoAsked);
        if to != RefundState::Undoing || row.state == to {
            return None;
        }
        row.state = to;
        row.fee_back = None;
        row.updated_at = now;
        let refund = row.clone();
        for leg in next.legs.iter_mut().filter(|l| l.id == refund.leg) {
            let rest = leg.refunded.try_sub(refund.amount);
            assert!(rest.is_ok(), "what is undone was given back before");
            leg.refunded = rest.unwrap_or(leg.refunded);
        }
        next.set_aside(&refund);
        Some((next, vec![Fact::RefundWaits { refund: id }]))
    }

    pub(crate) fn set_aside(&mut self, refund: &Refund) {
        for leg in self.legs.iter_mut().filter(|l| l.id == refund.leg) {
            leg.refunding = leg.refunding.try_add(refund.amount).unwrap_or(leg.refunding);
        }
    }

    pub(crate) fn release(&mut self, refund: &Refund) {
        if refund.origin == RefundOrigin::LatePayment {
            return;
        }
        for leg in self.legs.iter_mut().filter(|l| l.id == refund.leg) {
            let rest = leg.refunding.try_sub(refund.amount);
            assert!(rest.is_ok(), "what is released was set aside before");
            leg.refunding = rest.unwrap_or(leg.refunding);
        }
    }

    pub(crate) fn settle_refund(&mut self, refund: &Refund) {
        if refund.origin == RefundOrigin::LatePayment {
            return;
        }
        self.release(refund);
        let back = self.leg(refund.leg).and_then(|leg| fee_back(leg, refund));
        for row in self.refunds.iter_mut().filter(|r| r.id == refund.id) {
            row.fee_back = back;
        }
        for leg in self.legs.iter_mut().filter(|l| l.id == refund.leg) {
            leg.refunded = leg.refunded.try_add(refund.amount).unwrap_or(leg.refunded);
            assert!(leg.refunded.minor() <= leg.amount.minor(), "never more back than was paid");
        }
    }
}

/// The part of the leg's fee that goes back with a refund, the leg as it was before it: by cumulative
/// difference, in the order in which refunds succeed.
fn fee_back(leg: &Leg, refund: &Refund) -> Option<Amount> {
    let fee = leg.fee.as_ref()?.amount;
    clearing::fee_returned((fee, leg.amount), refund.amount, leg.refunded, refund.fee).ok()
}

impl Attempt {
    fn note(&mut self, reply: &PaymentReply, from: AttemptState, to: AttemptState, now: Timestamp) {
        self.state = to;
        if from != to {
            self.updated_at = now;
        }
        match reply {
            PaymentReply::Paid(paid) => {
                if from.is_open() || from != to {
                    self.note_paid(paid);
                }
            }
            PaymentReply::Returned { trade_no } => self.trade_no = Some(trade_no.clone()),
            PaymentReply::Ready { invoke } => self.invoke = Some(invoke.clone()),
            PaymentReply::Refused(text) => {
                if to == AttemptState::Refused {
                    self.refusal = Some(text.clone());
                }
            }
            PaymentReply::Pending
            | PaymentReply::NotFound
            | PaymentReply::Closed
            | PaymentReply::Again
            | PaymentReply::Unknown(_) => {}
        }
    }

    fn note_paid(&mut self, paid: &Paid) {
        self.trade_no = Some(paid.trade_no.clone());
        self.paid_at = Some(paid.paid_at);
        self.payer.clone_from(&paid.payer);
    }
}

impl Refund {
    fn note(&mut self, reply: &RefundReply, to: RefundState, now: Timestamp) {
        if self.state == to {
            return;
        }
        self.state = to;
        self.updated_at = now;
        match reply {
            RefundReply::Succeeded { refunded_at, .. } => {
                self.refunded_at = Some(*refunded_at);
                self.refusal = None;
            }
            RefundReply::Refused(text) | RefundReply::Impossible(text) => {
                self.refusal = Some(text.clone());
            }
            RefundReply::Processing | RefundReply::NotFound | RefundReply::Unknown(_) => {}
        }
    }
}
