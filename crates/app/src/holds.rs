//! 预授权: what becomes of a hold on a card as its completion comes and goes, and when its time is over.
//!
//! A hold is an order whose leg stands in the memo book: nothing moves before another order, its
//! completion, takes the money. The hold is the completion's from the moment in which that is asked for,
//! so that no second one can be; in the books it is released when the completion is paid.

use ids::OrderId;
use jiff::Timestamp;
use orders::{Aggregate, CardHold, OrderState};
use store::{Changes, Command, Decision, Job, JobChange, JobKind, Reads, View};

use crate::App;
use crate::bookings::{self, Stamp};
use crate::consequences::{Ground, post};
use crate::error::UseCaseError;

/// Whether the issuer still holds the money for nobody but a completion or a void to come.
pub(crate) fn stands(hold: &Aggregate) -> bool {
    let whole = hold.legs.iter().all(|leg| leg.refundable() == leg.amount);
    hold.order.state == OrderState::Paid && hold.order.hold == Some(CardHold::Standing) && whole
}

/// The hold as it is from now on.
pub(crate) fn moved(hold: &Aggregate, to: CardHold, now: Timestamp) -> Aggregate {
    let mut next = hold.clone();
    next.order.hold = Some(to);
    next.order.updated_at = now;
    next
}

/// The job that lets a hold lapse.
pub(crate) fn lapse_job(hold: &Aggregate, now: Timestamp) -> JobChange {
    let (kind, subject) = (JobKind::Order, hold.id().to_i64());
    let due_at = hold.order.expires_at.max(now);
    JobChange::Put(Job { kind, subject, order: Some(hold.id()), due_at, looks: 0 })
}

/// A completion was paid: the issuer holds nothing any more, also where less was taken.
pub(crate) fn completed(view: &View<'_>, ground: &Ground, changes: &mut Changes) {
    let Some(hold) = ground.hold.and_then(|id| view.order(id)) else { return };
    let journal = bookings::hold_released(second(ground), &ground.parties, &hold.order);
    post(view, journal, changes);
}

/// A completion ended without money: the hold stands as if it had never been asked for.
pub(crate) fn not_completed(
    view: &View<'_>,
    ground: &Ground,
    completion: OrderId,
    changes: &mut Changes,
) {
    if let Some(hold) = taken_by(view, ground, completion) {
        stand_again(ground, hold, changes);
    }
}

/// 预授权完成撤销: what was taken is back, and the hold stands again.
pub(crate) fn revived(
    view: &View<'_>,
    ground: &Ground,
    completion: OrderId,
    changes: &mut Changes,
) {
    let Some(hold) = taken_by(view, ground, completion) else { return };
    let journal = bookings::hold_revived(second(ground), &ground.parties, &hold.order);
    post(view, journal, changes);
    stand_again(ground, hold, changes);
}

/// Its time may be over meanwhile: the job sees to that.
fn stand_again(ground: &Ground, hold: &Aggregate, changes: &mut Changes) {
    changes.jobs.push(lapse_job(hold, ground.at));
    changes.orders.push(moved(hold, CardHold::Standing, ground.at));
}

/// The void of a completion was undone: it has taken the hold's money after all.
pub(crate) fn completed_again(
    view: &View<'_>,
    ground: &Ground,
    completion: OrderId,
    changes: &mut Changes,
) {
    let Some(hold) = ground.hold.and_then(|id| view.order(id)) else { return };
    if !stands(hold) {
        tracing::error!(order.id = %hold.id(), "a completion is back, and its hold is gone");
        return;
    }
    completed(view, ground, changes);
    changes.orders.push(moved(hold, CardHold::Completed(completion), ground.at));
}

fn taken_by<'a>(view: &View<'a>, ground: &Ground, completion: OrderId) -> Option<&'a Aggregate> {
    let hold = ground.hold.and_then(|id| view.order(id))?;
    (hold.order.hold == Some(CardHold::Completed(completion))).then_some(hold)
}

/// Beside the journal of the order that the decision is about.
const fn second(ground: &Ground) -> Stamp {
    Stamp { journal: ground.spare.second_journal, at: ground.at }
}

impl App {
    /// Lets a hold lapse whose time is over.
    pub(crate) async fn look_at_hold(&self, hold: &Aggregate) -> Result<(), UseCaseError> {
        let lapse = Lapse { ground: self.ground_of(hold), hold: hold.id() };
        self.store.write(lapse).await?;
        Ok(())
    }
}

struct Lapse {
    ground: Ground,
    hold: OrderId,
}

impl Command for Lapse {
    type Answer = ();

    fn now(&self) -> Timestamp {
        self.ground.at
    }

    fn reads(&self, reads: &mut Reads) {
        reads.orders.insert(self.hold);
        self.ground.reads(reads);
    }

    fn decide(&self, view: &View<'_>) -> Decision<()> {
        let mut changes = Changes::default();
        let hold = view.order(self.hold).filter(|hold| stands(hold));
        match hold {
            Some(hold) if hold.order.expires_at > self.ground.at => {
                changes.jobs.push(lapse_job(hold, self.ground.at));
            }
            Some(hold) => {
                let (stamp, parties) = (self.ground.stamp(), &self.ground.parties);
                post(view, bookings::hold_released(stamp, parties, &hold.order), &mut changes);
                changes.orders.push(moved(hold, CardHold::Lapsed, self.ground.at));
                changes.jobs.push(JobChange::Done(JobKind::Order, self.hold.to_i64()));
            }
            None => changes.jobs.push(JobChange::Done(JobKind::Order, self.hold.to_i64())),
        }
        Decision { changes, answer: () }
    }
}
