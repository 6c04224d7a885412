//! Refunds whose original route is impossible: one operator proposes an end, another approves it.

use ids::{OrderId, RefundId};
use jiff::Timestamp;
use ledger::AccountKey;
use orders::{Aggregate, Case, CaseRefusal, Refund};
use store::{Changes, Command, Decision, Reads, View};

use crate::App;
use crate::bookings;
use crate::consequences::{Ground, follow};
use crate::error::{Failure, Refused, UseCaseError};

/// Cases shown at once.
pub const CASES_MAX: u32 = 100;

impl App {
    /// What waits for people, the oldest first.
    ///
    /// # Errors
    /// [`Failure`]
    pub async fn cases(&self) -> Result<Vec<Refund>, Failure> {
        Ok(self.store.cases(CASES_MAX).await?)
    }

    /// Proposes an end. One that nobody approved is replaced.
    ///
    /// # Errors
    /// [`CaseRefusal`]; a failure of the store.
    pub async fn propose_case(&self, id: RefundId, proposal: Case) -> Result<(), UseCaseError> {
        tracing::info!(refund.id = %id, operator = proposal.proposed_by, outcome = ?proposal.outcome,
            "an operator proposes an end of a refund");
        let order = self.order_of_case(id).await?;
        let ground = self.ground_of(&order);
        let act = Act::Propose(proposal);
        let decide = Decide { ground, order: order.id(), refund: id, pending: Vec::new(), act };
        Ok(self.store.write(decide).await?.map(|_| ()).map_err(Refused::Case)?)
    }

    /// Approves what another operator proposed, and does it.
    ///
    /// # Errors
    /// [`CaseRefusal`]; a failure of the store.
    pub async fn approve_case(&self, id: RefundId, by: &str) -> Result<Aggregate, UseCaseError> {
        tracing::info!(refund.id = %id, operator = by, "an operator approves an end of a refund");
        let order = self.order_of_case(id).await?;
        let ground = self.ground_of(&order);
        let pending = order.legs.iter().map(|l| ground.parties.pending(&l.tender)).collect();
        let act = Act::Approve { by: by.to_owned() };
        let decide = Decide { ground, order: order.id(), refund: id, pending, act };
        Ok(self.store.write(decide).await?.map_err(Refused::Case)?)
    }

    async fn order_of_case(&self, id: RefundId) -> Result<Aggregate, UseCaseError> {
        let order = self.store.order_of_refund(id).await?;
        Ok(order.ok_or(Refused::Case(CaseRefusal::CaseNotFound))?)
    }
}

enum Act {
    Propose(Case),
    Approve { by: String },
}

struct Decide {
    ground: Ground,
    order: OrderId,
    refund: RefundId,
    pending: Vec<AccountKey>,
    act: Act,
}

impl Command for Decide {
    type Answer = Result<Aggregate, CaseRefusal>;

    fn now(&self) -> Timestamp {
        self.ground.at
    }

    fn reads(&self, reads: &mut Reads) {
        let parties = &self.ground.parties;
        reads.orders.insert(self.order);
        reads.accounts.extend(self.pending.iter().cloned());
        reads.accounts.insert(parties.available());
        self.ground.reads(reads);
        reads.accounts.insert(parties.refund_transit(self.refund));
        reads.accounts.insert(parties.top_up_transit(self.refund));
        reads.accounts.insert(bookings::bank_reserve(parties.currency));
    }

    fn decide(&self, view: &View<'_>) -> Decision<Self::Answer> {
        let Some(order) = view.order(self.order) else {
            return Decision::answer(Err(CaseRefusal::CaseNotFound));
        };
        let now = self.ground.at;
        let decided = match &self.act {
            Act::Propose(case) => {
                order.propose_case(self.refund, case.clone(), now).map(|next| (next, Vec::new()))
            }
            Act::Approve { by } => order.approve_case(self.refund, by, now),
        };
        let (aggregate, facts) = match decided {
            Ok(decided) => decided,
            Err(refusal) => return Decision::answer(Err(refusal)),
        };
        let paid_out = facts.iter().any(|f| matches!(f, orders::Fact::RefundPaidOut { .. }));
        let posting = match aggregate.refund(self.refund).filter(|_| paid_out) {
            Some(refund) => {
                let (stamp, parties) = (self.ground.stamp(), &self.ground.parties);
                let journal = bookings::refund_by_bank(stamp, parties, refund);
                match view.post(journal) {
                    Ok(posting) => Some(posting),
                    Err(_) => return Decision::answer(Err(CaseRefusal::ReserveShort)),
                }
            }
            None => None,
        };
        let (aggregate, changes) = follow(view, &self.ground, aggregate, facts);
        let postings = changes.postings.into_iter().chain(posting).collect();
        Decision { changes: Changes { postings, ..changes }, answer: Ok(aggregate) }
    }
}
