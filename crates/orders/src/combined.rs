//! Combined orders 组合支付: legs are added until they cover the amount.

use ids::LegId;
use jiff::Timestamp;
use money::Amount;

use crate::aggregate::{Aggregate, Decided, Fact};
use crate::attempt::Attempt;
use crate::order::{Leg, LegState, OrderShape, OrderState};
use crate::refund::{Refund, RefundOrigin, RefundState};
use crate::refusal::LegRefusal;

/// Legs of one order, failed ones counted: a till that tries more than this has another problem.
pub const LEGS_MAX: usize = 20;

impl Aggregate {
    #[must_use]
    pub fn leg_by_no(&self, no: u16) -> Option<&Leg> {
        self.legs.iter().find(|l| l.no == no)
    }

    /// What no leg has paid or is paying yet.
    #[must_use]
    pub fn rest(&self) -> Amount {
        let zero = Amount::zero(self.order.amount.currency());
        let live = self.legs.iter().filter(|l| match l.state {
            LegState::Paying | LegState::Paid => true,
            LegState::Failed | LegState::Closed => false,
        });
        let taken = live.fold(zero, |sum, leg| sum.try_add(leg.amount).unwrap_or(sum));
        self.order.amount.try_sub(taken).unwrap_or(zero)
    }

    /// Adds a leg. One with an attempt is being paid; one without is paid by being booked.
    ///
    /// # Errors
    /// [`LegRefusal`], in its order. That the number was not used is the caller's to know.
    pub fn add_leg(
        &self,
        leg: Leg,
        attempt: Option<Attempt>,
        now: Timestamp,
    ) -> Result<Decided, LegRefusal> {
        if self.order.shape != OrderShape::Combined {
            return Err(LegRefusal::OrderNotCombined);
        }
        if self.order.state != OrderState::Paying || now >= self.order.expires_at {
            return Err(LegRefusal::OrderNotOpen);
        }
        if leg.amount.currency() != self.order.amount.currency() {
            return Err(LegRefusal::CurrencyMismatch);
        }
        if leg.amount.is_zero() || leg.amount.minor() > self.rest().minor() {
            return Err(LegRefusal::AmountAboveRest);
        }
        if self.legs.len() >= LEGS_MAX {
            return Err(LegRefusal::TooManyLegs);
        }
        let mut next = self.clone();
        let id = leg.id;
        next.legs.push(leg);
        match attempt {
            Some(attempt) => {
                next.attempts.push(attempt);
                Ok((next, Vec::new()))
            }
            None => Ok(next.take_leg(id, now)),
        }
    }

    /// Books a leg that needs nobody's answer.
    #[must_use]
    pub fn take_leg(&self, id: LegId, now: Timestamp) -> Decided {
        let mut next = self.clone();
        for leg in next.legs.iter_mut().filter(|l| l.id == id) {
            assert!(leg.state == LegState::Paying, "a leg ends once");
            leg.state = LegState::Paid;
        }
        next.book_leg(id, now);
        let mut facts = vec![Fact::LegPaid { leg: id }];
        facts.extend(next.decide_order(Some(now), now));
        (next, facts)
    }

    /// Gives a combined order up: its open legs are ended, and its paid legs are to be returned.
    #[must_use]
    pub fn give_up_order(&self, now: Timestamp) -> Decided {
        let mut next = self.clone();
        next.order.state = OrderState::Closing;
        next.order.updated_at = now;
        let (mut next, mut facts) = next.end_open_attempts(now);
        facts.push(Fact::OrderClosing);
        facts.extend(next.decide_order(None, now));
        (next, facts)
    }

    /// The paid legs of a given-up order that nobody has begun to return.
    pub fn legs_to_return(&self) -> impl Iterator<Item = &Leg> {
        let closing = self.order.state == OrderState::Closing;
        self.legs.iter().filter(move |l| closing && l.refundable() == l.amount)
    }

    /// Begins to return a paid leg of a given-up order; a leg that no channel took is back at once.
    #[must_use]
    pub fn return_leg(&self, refund: Refund, now: Timestamp) -> Decided {
        assert!(refund.origin == RefundOrigin::Abandoned, "only given-up orders return legs");
        let mut next = self.clone();
        next.set_aside(&refund);
        let mut facts = Vec::new();
        next.refunds.push(refund.clone());
        if refund.state == RefundState::Succeeded {
            next.settle_refund(&refund);
        }
        facts.extend(next.decide_order(None, now));
        (next, facts)
    }

    /// Adds the parts of a return that the merchant asked for.
    ///
    /// # Errors
    /// [`crate::RefundRefusal`], in its order.
    pub fn accept_refunds(&self, parts: &[Refund]) -> Result<Self, crate::RefundRefusal> {
        let mut next = self.clone();
        for part in parts {
            next = next.accept_refund(part.clone())?;
            if part.state == RefundState::Succeeded {
                next.settle_refund(part);
            }
        }
        Ok(next)
    }

    pub(crate) fn combined_state(&self) -> OrderState {
        let covered = || {
            let paid = self.legs.iter().filter(|l| l.state == LegState::Paid);
            let sum: u64 = paid.map(|l| l.amount.minor()).sum();
            sum == self.order.amount.minor()
        };
        match self.order.state {
            OrderState::Paying if covered() => OrderState::Paid,
            OrderState::Closing if self.legs.iter().all(Leg::is_back) => OrderState::Closed,
            state @ (OrderState::Paying
            | OrderState::Paid
            | OrderState::Failed
            | OrderState::Closing
            | OrderState::Closed) => state,
        }
    }
}
