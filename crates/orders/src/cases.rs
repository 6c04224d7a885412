//! Refunds whose original route is impossible: one person proposes an end, another approves it. The
//! money is never sent elsewhere by itself: that would be cashing out.

use ids::RefundId;
use jiff::Timestamp;

use crate::aggregate::{Aggregate, Decided, Fact};
use crate::order::Leg;
use crate::refund::{Case, CaseOutcome, Refund, RefundEvent, RefundState};
use crate::refusal::CaseRefusal;

impl Aggregate {
    /// Notes a proposal; one that was not approved is replaced.
    ///
    /// # Errors
    /// [`CaseRefusal`], in its order.
    pub fn propose_case(
        &self,
        id: RefundId,
        proposal: Case,
        now: Timestamp,
    ) -> Result<Self, CaseRefusal> {
        let mut next = self.clone();
        let ours = self.refund(id).and_then(|r| self.leg(r.leg)).is_some_and(Leg::is_ours);
        let row = next.open_case(id)?;
        if proposal.outcome == CaseOutcome::PaidOut && !ours {
            return Err(CaseRefusal::NotOurs);
        }
        if proposal.outcome == CaseOutcome::GivenBack && row.origin.is_automatic() {
            return Err(CaseRefusal::NotAMerchants);
        }
        row.case = Some(Case { approved_by: None, ..proposal });
        row.updated_at = now;
        Ok(next)
    }

    /// Approves what another person proposed, and does it.
    ///
    /// # Errors
    /// [`CaseRefusal`], in its order.
    pub fn approve_case(
        &self,
        id: RefundId,
        by: &str,
        now: Timestamp,
    ) -> Result<Decided, CaseRefusal> {
        let mut next = self.clone();
        let row = next.open_case(id)?;
        let case = row.case.as_mut().ok_or(CaseRefusal::NothingProposed)?;
        if case.proposed_by == by {
            return Err(CaseRefusal::SamePerson);
        }
        case.approved_by = Some(by.to_owned());
        let outcome = case.outcome;
        let event = match outcome {
            CaseOutcome::PaidOut => RefundEvent::DecidedPaidOut,
            CaseOutcome::GivenBack => RefundEvent::DecidedGivenBack,
        };
        row.state = row.state.apply(event).0;
        row.updated_at = now;
        row.refunded_at = (outcome == CaseOutcome::PaidOut).then_some(now);
        let refund = row.clone();
        let mut facts = Vec::new();
        match outcome {
            CaseOutcome::PaidOut => {
                next.settle_refund(&refund);
                facts.push(Fact::RefundPaidOut { refund: id });
                facts.extend(next.decide_order(None, now));
            }
            CaseOutcome::GivenBack => {
                next.release(&refund);
                facts.push(Fact::RefundFailed { refund: id });
            }
        }
        Ok((next, facts))
    }

    fn open_case(&mut self, id: RefundId) -> Result<&mut Refund, CaseRefusal> {
        let row = self.refunds.iter_mut().find(|r| r.id == id);
        row.filter(|r| r.state == RefundState::Manual).ok_or(CaseRefusal::CaseNotFound)
    }
}
