//! 消费撤销, 退货, 预授权撤销, 预授权完成撤销: a terminal gives back what it took, or releases what it held.

use ids::TradeId;
use jiff::Timestamp;
use orders::{Aggregate, CreateRefusal, RefundOrigin, RefundRefusal, Trade, TradeKind, TradeState};
use store::{Command, Decision, Reads, View};

use super::{AskTrade, OriginalTrade, Told, number_of, told_again};
use crate::App;
use crate::create_refund::{Accept, Accepted, CreateRefund, PaymentRef, Return};
use crate::error::{Failure, UseCaseError};

/// 25: there is no such sale, or it is not one that can be given back.
const NOT_FOUND: &str = "25";
/// 14: another card.
const OTHER_CARD: &str = "14";
/// 64: another amount.
const OTHER_AMOUNT: &str = "64";

impl App {
    /// Voids a payment of today, whole; refunds a part or all of one; or releases a hold.
    ///
    /// # Errors
    /// A failure of the store.
    pub async fn pos_give_back(
        &self,
        ask: AskTrade,
        original: OriginalTrade,
        kind: TradeKind,
    ) -> Result<Told, UseCaseError> {
        if let Some(known) = self.store.trade(ask.key()).await? {
            return Ok(told_again(&known, ask.content_hash));
        }
        let sale = match self.original(&ask, original).await? {
            Some(sale) => sale,
            None => return Ok(Told::Refused(NOT_FOUND)),
        };
        if let Some(code) = misfit(self, &ask, &sale, kind) {
            return Ok(Told::Refused(code));
        }
        match self.give(&ask, &sale, kind).await {
            Ok(told) => Ok(told),
            Err(error) => self.refused(&ask, error).await,
        }
    }

    async fn original(
        &self,
        ask: &AskTrade,
        original: OriginalTrade,
    ) -> Result<Option<Trade>, Failure> {
        let sale = match original {
            OriginalTrade::Key { batch, trace } => {
                let key = orders::TradeKey { batch, trace, ..ask.key() };
                self.store.trade(key).await?
            }
            OriginalTrade::Reference(reference) => {
                let terminal = ask.access.terminal.terminal;
                self.store.trade_by_reference(terminal, &reference).await?
            }
            OriginalTrade::Voucher(id) => self.store.trade_by_id(id).await?,
            OriginalTrade::Authorization(of) => self.authorization(ask, &of).await?,
        };
        let of_merchant = |sale: &Trade| sale.merchant == ask.access.terminal.merchant;
        Ok(sale.filter(of_merchant))
    }

    async fn give(
        &self,
        ask: &AskTrade,
        sale: &Trade,
        kind: TradeKind,
    ) -> Result<Told, UseCaseError> {
        let order = sale.order.ok_or(Failure::unusable("the order of a sale"))?;
        let id = TradeId::generate(&self.ids, self.now().as_millisecond());
        let what = match kind {
            TradeKind::Refund => Return::Refund { amount: ask.amount, leg: None },
            TradeKind::SaleVoid
            | TradeKind::AuthorizationVoid
            | TradeKind::CompletionVoid
            | TradeKind::Sale
            | TradeKind::Authorization
            | TradeKind::Completion
            | TradeKind::Offline
            | TradeKind::Unknown => Return::Void,
        };
        let input = CreateRefund {
            merchant: sale.merchant,
            merchant_no: number_of(id)?,
            payment: PaymentRef::Id(order),
            content_hash: ask.content_hash,
            what,
            reason: "POS".to_owned(),
            notify_url: None,
            origin: RefundOrigin::Terminal,
        };
        let known = self.store.order(order).await?;
        let known = known.ok_or(Failure::unusable("the order of a sale"))?;
        let accept = self.accept_refund(&known, input).await?;
        let trade =
            Trade { order: Some(order), ..self.new_trade(id, ask, (kind, ask.presented.card()))? };
        let (aggregate, sent) = match self.store.write(Give { accept, trade }).await? {
            Given::New(aggregate, sent) => (aggregate, sent),
            Given::Known(trade) => return Ok(told_again(&trade, ask.content_hash)),
            Given::Refused(refusal) => return Err(refusal.into()),
        };
        self.send_refunds(aggregate, sent).await?;
        let told = self.store.trade(ask.key()).await?;
        Ok(Told::Outcome(Box::new(told.ok_or(Failure::unusable("a new trade"))?)))
    }
}

/// Why this sale cannot be given back by this message.
fn misfit(app: &App, ask: &AskTrade, sale: &Trade, kind: TradeKind) -> Option<&'static str> {
    if !kind.gives_back().contains(&sale.kind) || sale.state != TradeState::Approved {
        return Some(NOT_FOUND);
    }
    let shown = ask.presented.card();
    let shown = shown.map(|card| app.vault.token(super::PAN_TOKEN, card.pan.expose()));
    // What was paid by a code has no card to show.
    if sale.card.as_ref().is_some_and(|card| Some(card.token) != shown) {
        return Some(OTHER_CARD);
    }
    (kind != TradeKind::Refund && ask.amount != sale.moved()).then_some(OTHER_AMOUNT)
}

/// Writes the trade with its refund, unless the terminal's number is used.
struct Give {
    accept: Accept,
    trade: Trade,
}

enum Given {
    New(Aggregate, Vec<ids::RefundId>),
    Known(Trade),
    Refused(Refusal),
}

enum Refusal {
    Refund(RefundRefusal),
    /// Decided by somebody else under our number, which nobody has.
    NoUsed,
}

impl From<Refusal> for UseCaseError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Refund(refusal) => refusal.into(),
            Refusal::NoUsed => CreateRefusal::OrderNoUsed.into(),
        }
    }
}

impl Command for Give {
    type Answer = Given;

    fn now(&self) -> Timestamp {
        self.accept.now()
    }

    fn reads(&self, reads: &mut Reads) {
        self.accept.reads(reads);
        reads.trades.insert(self.trade.key);
    }

    fn decide(&self, view: &View<'_>) -> Decision<Given> {
        if let Some(known) = view.trade(self.trade.key) {
            return Decision::answer(Given::Known(known.clone()));
        }
        let Decision { mut changes, answer } = self.accept.decide(view);
        let answer = match answer {
            Accepted::New(aggregate, sent) => {
                let refund = aggregate.refund_parts(self.accept.number()).first().map(|r| r.id);
                let reference = refund.map(|id| id.card_reference()).unwrap_or_default();
                let trade = Trade { refund, reference, ..self.trade.clone() };
                // One that waits for the merchant's money is ours to make from now on.
                let waits = sent.is_empty();
                changes.trades.push(if waits { trade.accepted(self.now()) } else { trade });
                Given::New(aggregate, sent)
            }
            Accepted::Known(_) => Given::Refused(Refusal::NoUsed),
            Accepted::Refused(refusal) => Given::Refused(Refusal::Refund(refusal)),
        };
        Decision { changes, answer }
    }
}
