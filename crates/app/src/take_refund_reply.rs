//! Send a refund to the channel, and write what the channel said of it.

use ids::{OrderId, RefundId};
use jiff::Timestamp;
use orders::channel::{Call, RefundCall, RefundReply, Subject, Unknown};
use orders::{Aggregate, RefundState, Trade, TradeState};
use store::{Command, Decision, Reads, View};

use crate::App;
use crate::consequences::{Ground, follow};
use crate::create_payment::subject;
use crate::directory::Account;
use crate::error::{Failure, UseCaseError};
use crate::pos::{follow_refund, is_of_terminal, refused_advice};

impl App {
    /// Calls the channel with the refund's own number. The refund was committed before.
    pub(crate) async fn send_refund(
        &self,
        account: &Account,
        order: Aggregate,
        id: RefundId,
        looks: u32,
    ) -> Result<Aggregate, UseCaseError> {
        let call = self.refund_call(account, &order, id).await?;
        let reply = self.ask_about_refund(account, &Call::Refund(call)).await;
        self.take_refund_reply(account, &order, (id, reply), looks).await
    }

    pub(crate) async fn refund_call(
        &self,
        account: &Account,
        order: &Aggregate,
        id: RefundId,
    ) -> Result<RefundCall, Failure> {
        let refund = order.refund(id).ok_or(Failure::unusable("a refund of an order"))?;
        let attempt = refund.attempt.and_then(|id| order.attempt(id));
        let attempt = attempt.ok_or(Failure::unusable("the attempt of a refund"))?;
        Ok(RefundCall {
            refund: id,
            subject: Subject { card: self.card_of(order).await?, ..subject(attempt) },
            amount: refund.amount,
            reason: refund.reason.clone(),
            notify_url: self.notice_url(account),
            kind: refund.kind,
            tries: refund.tries,
        })
    }

    pub(crate) async fn take_refund_reply(
        &self,
        account: &Account,
        order: &Aggregate,
        (refund, reply): (RefundId, RefundReply),
        looks: u32,
    ) -> Result<Aggregate, UseCaseError> {
        let ground = self.ground(order, account, looks);
        let by_terminal = is_of_terminal(order);
        let command = TakeRefundReply { ground, order: order.id(), refund, reply, by_terminal };
        let taken = self.store.write(command).await?;
        taken.ok_or_else(|| Failure::unusable("a refund of an order").into())
    }
}

struct TakeRefundReply {
    ground: Ground,
    order: OrderId,
    refund: RefundId,
    reply: RefundReply,
    /// A terminal's trade may follow it.
    by_terminal: bool,
}

impl TakeRefundReply {
    /// A void that its terminal gave up is no more believed to be done: it is undone at the network.
    fn believed(&self, trade: Option<&Trade>) -> RefundReply {
        let given_up = trade.is_some_and(|trade| trade.state == TradeState::Reversed);
        if given_up && matches!(self.reply, RefundReply::Succeeded { .. }) {
            return RefundReply::Unknown(Unknown::NoAnswer);
        }
        self.reply.clone()
    }
}

impl Command for TakeRefundReply {
    type Answer = Option<Aggregate>;

    fn now(&self) -> Timestamp {
        self.ground.at
    }

    fn reads(&self, reads: &mut Reads) {
        reads.orders.insert(self.order);
        self.ground.reads(reads);
        reads.trades_of.extend(self.by_terminal.then_some(self.order));
        reads.accounts.insert(self.ground.parties.refund_transit(self.refund));
        reads.accounts.insert(self.ground.parties.top_up_transit(self.refund));
    }

    fn decide(&self, view: &View<'_>) -> Decision<Self::Answer> {
        let (order, at) = (view.order(self.order), self.ground.at);
        let trade = view.trades_of(self.order).find(|trade| trade.refund == Some(self.refund));
        let reply = self.believed(trade);
        let decided = order.and_then(|o| o.on_refund_reply(self.refund, &reply, at));
        let Some((aggregate, facts)) = decided else {
            return Decision::answer(None);
        };
        let (aggregate, mut changes) = follow(view, &self.ground, aggregate, facts);
        let told = trade.zip(aggregate.refund(self.refund));
        let next = told.map(|(t, refund)| follow_refund(t, refund, &reply, at));
        let failed = |order: &Aggregate| {
            order.refund(self.refund).is_some_and(|r| r.state == RefundState::Failed)
        };
        let refused = (order.is_some_and(failed), failed(&aggregate));
        changes.differences.extend(refused_advice(trade, refused, at));
        changes.trades.extend(next);
        Decision { changes, answer: Some(aggregate) }
    }
}
