//! Write what a channel said of an attempt.

use ids::{AttemptId, OrderId};
use jiff::Timestamp;
use ledger::AccountKey;
use orders::channel::PaymentReply;
use orders::{Aggregate, OrderShape, Source};
use store::{Command, Decision, Reads, View};

use crate::App;
use crate::bookings::Parties;
use crate::consequences::{Ground, SpareIds, follow};
use crate::directory::Account;
use crate::error::{Failure, UseCaseError};
use crate::fees::Prices;

impl App {
    /// Takes in a reply; `looks` is how often the attempt was looked at in its present state.
    pub(crate) async fn take_reply(
        &self,
        account: &Account,
        (known, attempt): (&Aggregate, AttemptId),
        (source, reply): (Source, PaymentReply),
        looks: u32,
    ) -> Result<Aggregate, UseCaseError> {
        let mut ground = self.ground(known, account, looks);
        if matches!(reply, PaymentReply::Paid(_)) {
            ground.prices = self.prices(known.order.merchant, account).await?;
        }
        let command = TakeReply { ground, order: known.id(), attempt, source, reply };
        let taken = self.store.write(command).await?;
        taken.ok_or_else(|| Failure::unusable("an attempt of an order").into())
    }

    /// What a decision about one attempt or refund of an order needs.
    pub(crate) fn ground(&self, order: &Aggregate, account: &Account, looks: u32) -> Ground {
        let mut ground = self.ground_of(order);
        ground.parties.channel_owner = Some(account.ledger_owner.clone());
        Ground { looks, ..ground }
    }

    /// The same for what no channel is asked about.
    pub(crate) fn ground_of(&self, order: &Aggregate) -> Ground {
        let (at, currency) = (self.now(), order.order.amount.currency());
        let combined = order.order.shape == OrderShape::Combined;
        Ground {
            at,
            spare: SpareIds::make(&self.ids, at),
            parties: Parties { merchant: order.order.merchant, currency, channel_owner: None },
            order_transit: combined.then(|| AccountKey::order_transit(order.id(), currency)),
            terminal: order.order.terminal,
            prices: Prices::default(),
            looks: 0,
        }
    }
}

struct TakeReply {
    ground: Ground,
    order: OrderId,
    attempt: AttemptId,
    source: Source,
    reply: PaymentReply,
}

impl Command for TakeReply {
    type Answer = Option<Aggregate>;

    fn now(&self) -> Timestamp {
        self.ground.at
    }

    fn reads(&self, reads: &mut Reads) {
        reads.orders.insert(self.order);
        reads.accounts.extend(self.ground.order_transit.clone());
        self.ground.prices.reads(reads);
    }

    fn decide(&self, view: &View<'_>) -> Decision<Self::Answer> {
        let order = view.order(self.order);
        let decided =
            order.and_then(|o| o.on_reply(self.attempt, self.source, &self.reply, self.ground.at));
        let Some((aggregate, facts)) = decided else {
            return Decision::answer(None);
        };
        let (aggregate, changes) = follow(view, &self.ground, aggregate, facts);
        Decision { changes, answer: Some(aggregate) }
    }
}
