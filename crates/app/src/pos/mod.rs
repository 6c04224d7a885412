//! What a POS host asks of the platform: keys for terminals, and their card transactions as orders.
//!
//! A transaction is committed as a trade beside its order before the network is asked; what was said is
//! written to both in one transaction, so a repeat hears the same answer whatever broke in between.

mod access;
mod balance;
mod differences;
mod downloads;
mod give_back;
mod reverse;
mod settle;
mod sign_on;
mod take;

use std::sync::Arc;

use ids::{AttemptId, MerchantNo, TradeId};
use money::Amount;
use orders::channel::{CardRead, CardSubject, RefundReply};
use orders::{
    Aggregate, Attempt, AttemptState, CreateRefusal, Difference, Refund, RefundKind, RefundRefusal,
    RefundState, Trade, TradeCard, TradeKey, TradeState,
};
use secret::{Pan, PayerCode, Secret};
use serde::{Deserialize, Serialize};

use crate::App;
use crate::error::{Failure, Refused, UseCaseError};

pub use access::{MasterKey, NewPosTerminal, PosAccess, RegisteredPos, new_master_key};
pub use balance::Balance;
pub use differences::{DIFFERENCES_MAX, SLIP_BYTES_MAX, Slip};
pub use downloads::{Aid, BadDownloads, CaKey, Download, Downloads, Parameters};
pub use settle::SaidRow;
pub use sign_on::{KeySet, SignedOn};
pub use take::{AuthorizationRef, Taking};

/// A card transaction as a terminal asks for it. The edge has verified its code and its form.
#[derive(Debug, Clone)]
pub struct AskTrade {
    pub access: Arc<PosAccess>,
    pub batch: u32,
    pub trace: u32,
    pub amount: Amount,
    /// SHA-256 of what was asked, without what differs between repeats.
    pub content_hash: [u8; 32],
    pub presented: Presented,
}

/// What the payer showed to the terminal.
#[derive(Debug, Clone)]
pub enum Presented {
    Card(Arc<CardSubject>, CardRead),
    /// A code on a phone.
    Code(PayerCode),
    /// Nothing: what is given back is named by its number.
    Nothing,
}

impl Presented {
    fn card(&self) -> Option<&CardSubject> {
        match self {
            Self::Card(card, _) => Some(card),
            Self::Code(_) | Self::Nothing => None,
        }
    }
}

/// The transaction that a void or a refund is about, as the terminal names it.
#[derive(Debug, Clone)]
pub enum OriginalTrade {
    /// Field 61: in a batch of its own.
    Key { batch: u32, trace: u32 },
    /// Field 37.
    Reference(String),
    /// The number of a QR payment on its slip: field 59, tag A4.
    Voucher(TradeId),
    /// Fields 38 and 61.3: a hold.
    Authorization(AuthorizationRef),
}

/// What a terminal is to be told.
#[derive(Debug)]
pub enum Told {
    /// The outcome; the same for every repeat.
    Outcome(Box<Trade>),
    /// The first message is still being worked on: say nothing.
    InProgress,
    /// Field 39 of a refusal that leaves no trace of the transaction.
    Refused(&'static str),
}

impl Told {
    fn of(trade: Trade) -> Self {
        match trade.state {
            TradeState::Open => Self::InProgress,
            TradeState::Approved
            | TradeState::Declined
            | TradeState::Unsure
            | TradeState::Reversed
            | TradeState::Tombstone => Self::Outcome(Box::new(trade)),
        }
    }
}

/// 94: another transaction has this number.
const DUPLICATE: &str = "94";

impl AskTrade {
    fn key(&self) -> TradeKey {
        let terminal = self.access.terminal.terminal;
        TradeKey { terminal, batch: self.batch, trace: self.trace }
    }
}

/// The card of a trade as it is kept: what later messages about it say.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptCard {
    pan: String,
    expiry: Option<String>,
    sequence: Option<String>,
    entry: String,
    condition: String,
    terminal_no: String,
    merchant_code: String,
    /// Of a completion: the hold's code and the attempt that made it.
    #[serde(default)]
    auth_code: Option<String>,
    #[serde(default)]
    authorization: Option<i64>,
}

/// What a card number's token is made for.
const PAN_TOKEN: &str = "pan";

impl App {
    fn keep_card(&self, trade: TradeId, card: &CardSubject) -> Result<TradeCard, Failure> {
        let kept = KeptCard {
            pan: card.pan.expose().to_owned(),
            expiry: card.expiry.clone(),
            sequence: card.sequence.clone(),
            entry: card.entry.clone(),
            condition: card.condition.clone(),
            terminal_no: card.terminal_no.clone(),
            merchant_code: card.merchant_code.clone(),
            auth_code: card.auth_code.clone(),
            authorization: card.authorization.map(AttemptId::to_i64),
        };
        let text = serde_json::to_string(&kept).or(Err(Failure::unusable("a card")))?;
        Ok(TradeCard {
            masked: card.pan.masked(),
            token: self.vault.token(PAN_TOKEN, card.pan.expose()),
            sealed: self.vault.seal(&trade.to_string(), &Secret::new(text)),
        })
    }

    fn kept_card(&self, trade: &Trade) -> Result<CardSubject, Failure> {
        let unusable = || Failure::unusable("the card of a trade");
        let sealed = trade.card.as_ref().ok_or_else(unusable)?;
        let text = self.vault.open(&trade.id.to_string(), &sealed.sealed)?;
        let kept: KeptCard = serde_json::from_str(text.expose()).or(Err(unusable()))?;
        Ok(CardSubject {
            pan: Pan::parse(&kept.pan).ok_or_else(unusable)?,
            expiry: kept.expiry,
            sequence: kept.sequence,
            entry: kept.entry,
            condition: kept.condition,
            terminal_no: kept.terminal_no,
            merchant_code: kept.merchant_code,
            auth_code: trade.approval.auth_code.clone().or(kept.auth_code),
            authorization: kept
                .authorization
                .map(AttemptId::from_i64)
                .transpose()
                .or(Err(unusable()))?,
        })
    }

    /// The card of an order that a terminal took.
    pub(crate) async fn card_of(
        &self,
        order: &Aggregate,
    ) -> Result<Option<Arc<CardSubject>>, Failure> {
        if !order.attempts.iter().any(|attempt| attempt.way.is_card()) {
            return Ok(None);
        }
        let trades = self.store.trades_of(order.id()).await?;
        let taken = trades.iter().find(|trade| trade.kind.takes());
        let taken = taken.ok_or(Failure::unusable("the trade of a card payment"))?;
        Ok(Some(Arc::new(self.kept_card(taken)?)))
    }
}

/// The platform's number of a terminal's order or refund: the trade's own.
fn number_of(trade: TradeId) -> Result<MerchantNo, Failure> {
    MerchantNo::parse(&trade.to_string()).or(Err(Failure::unusable("a trade's number")))
}

/// What a repeat is told: the same, unless it is another transaction under the number of the first.
fn told_again(known: &Trade, content_hash: [u8; 32]) -> Told {
    if known.content_hash != content_hash {
        return Told::Refused(DUPLICATE);
    }
    Told::of(known.clone())
}

/// Whether a terminal asked for this order: its number is the trade's own.
pub(crate) fn is_of_terminal(order: &Aggregate) -> bool {
    order.order.merchant_no.as_str().parse::<TradeId>().is_ok()
}

/// A payment's trade after its order moved: it is told what the order became, not what a message said.
pub(crate) fn follow_payment(
    trade: &Trade,
    order: &Aggregate,
    reply: &orders::channel::PaymentReply,
    now: jiff::Timestamp,
) -> Trade {
    use orders::channel::{PayWay, PaymentReply, Unknown};
    let attempts = || order.attempts.iter();
    let paid = attempts().any(|a| a.state == AttemptState::Paid);
    let refused = is_refused(order);
    if paid || refused {
        return trade.on_payment(reply, now);
    }
    let waits = |a: &Attempt| match (a.way, a.state) {
        // The payer decides: who waits hears of it when he has.
        (PayWay::PayerCode, AttemptState::Sending | AttemptState::Waiting) => true,
        (PayWay::PayerCode, AttemptState::Unknown) => true,
        (_, _) => false,
    };
    if attempts().any(waits) {
        return trade.clone();
    }
    // An advice is the host's to bring home from now on.
    if attempts().any(|a| a.way == PayWay::CardAdvice && a.state.is_open()) {
        return trade.accepted(now);
    }
    trade.on_payment(&PaymentReply::Unknown(Unknown::NoAnswer), now)
}

/// Whether the network refused every charge of an order.
pub(crate) fn is_refused(order: &Aggregate) -> bool {
    order.attempts.iter().all(|attempt| attempt.state == AttemptState::Refused)
}

/// The case of a trade that its terminal was told is done, where the network now refuses it.
pub(crate) fn refused_advice(
    trade: Option<&Trade>,
    (was_refused, is_refused): (bool, bool),
    now: jiff::Timestamp,
) -> Option<Difference> {
    let trade = trade.filter(|trade| trade.state == TradeState::Approved)?;
    if was_refused || !is_refused {
        return None;
    }
    tracing::error!(trade.id = %trade.id, "the network refuses what a terminal was told is done");
    Some(Difference::of_refused_advice(trade, now))
}

/// The same of a void or a refund.
pub(crate) fn follow_refund(
    trade: &Trade,
    refund: &Refund,
    reply: &RefundReply,
    now: jiff::Timestamp,
) -> Trade {
    match refund.state {
        RefundState::Succeeded => trade.on_refund(reply, now),
        RefundState::Failed => match &refund.refusal {
            Some(refusal) => trade.on_refund(&RefundReply::Refused(refusal.clone()), now),
            None => trade.on_refund(&RefundReply::NotFound, now),
        },
        RefundState::Queued
        | RefundState::Sending
        | RefundState::Processing
        | RefundState::Unknown
        | RefundState::Manual
        | RefundState::Undoing
        | RefundState::Undone => match refund.kind {
            // An advice too: it is said until the network has it.
            RefundKind::Refund => trade.accepted(now),
            RefundKind::Void | RefundKind::Reversal | RefundKind::TopUpReturn => {
                trade.on_refund(&RefundReply::Processing, now)
            }
        },
    }
}

/// Field 39 for what the platform itself refuses.
fn code_of(error: UseCaseError) -> Result<&'static str, UseCaseError> {
    let UseCaseError::Refused(refused) = error else { return Err(error) };
    Ok(match refused {
        Refused::MerchantSuspended => "03",
        Refused::Create(CreateRefusal::TerminalNotFound) => "97",
        Refused::Create(CreateRefusal::OrderNoUsed) => DUPLICATE,
        Refused::Create(
            CreateRefusal::ChannelNotOpen
            | CreateRefusal::WayNotOffered
            | CreateRefusal::TenderNotEnabled,
        ) => "58",
        Refused::Create(CreateRefusal::NoRoute) => "92",
        Refused::Refund(
            RefundRefusal::AmountAboveRefundable | RefundRefusal::InsufficientFunds,
        ) => "61",
        Refused::Refund(
            RefundRefusal::VoidDayOver
            | RefundRefusal::OrderNotPaid
            | RefundRefusal::OrderIsHold
            | RefundRefusal::VoidNotWhole,
        ) => "25",
        Refused::Refund(RefundRefusal::RefundWindowOver) => "22",
        Refused::Create(_)
        | Refused::Refund(_)
        | Refused::Shift(_)
        | Refused::Case(_)
        | Refused::Ceremony(_)
        | Refused::Difference(_)
        | Refused::Leg(_)
        | Refused::Close(_)
        | Refused::Wallet(_)
        | Refused::PaymentNotFound
        | Refused::LegNotFound
        | Refused::NotificationNotFound
        | Refused::Activation(_)
        | Refused::Staff(_)
        | Refused::Cashier(_) => "12",
    })
}
