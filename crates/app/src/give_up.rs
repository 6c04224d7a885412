//! Stop waiting for an attempt whose time is over.

use ids::{AttemptId, OrderId};
use jiff::Timestamp;
use orders::Aggregate;
use store::{Command, Decision, Reads, View};

use crate::consequences::{Ground, follow};

/// Moves an open attempt to its end state's asking: closing or cancelling.
pub(crate) struct GiveUp {
    pub(crate) ground: Ground,
    pub(crate) order: OrderId,
    pub(crate) attempt: AttemptId,
}

impl Command for GiveUp {
    type Answer = Option<Aggregate>;

    fn now(&self) -> Timestamp {
        self.ground.at
    }

    fn reads(&self, reads: &mut Reads) {
        reads.orders.insert(self.order);
        self.ground.reads(reads);
    }

    fn decide(&self, view: &View<'_>) -> Decision<Self::Answer> {
        let order = view.order(self.order);
        let decided = order.and_then(|o| o.on_give_up(self.attempt, self.ground.at));
        let Some((aggregate, facts)) = decided else {
            return Decision::answer(None);
        };
        let (aggregate, changes) = follow(view, &self.ground, aggregate, facts);
        Decision { changes, answer: Some(aggregate) }
    }
}
