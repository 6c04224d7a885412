//! Orders, legs, attempts and refunds as state machines.
//!
//! An [`Order`] is what a merchant asked to be paid. Its [`Leg`]s are the parts paid by one means
//! each; a leg is tried by [`Attempt`]s at channels, and a [`Refund`] returns money of one leg.
//! Everything here is pure: what was loaded goes in, what is to be written comes out.

mod aggregate;
mod attempt;
mod batch;
mod campaign;
mod cases;
pub mod channel;
mod combined;
mod difference;
mod order;
mod refund;
mod refusal;
mod rules;
pub mod schedule;
mod tender;
mod trade;
mod wallet;

pub use aggregate::{Aggregate, Decided, Fact, Source, end_event, event_of, refund_event_of};
pub use attempt::{Attempt, AttemptState, Effect, Event};
pub use batch::{Batch, BatchTotals, GroupTotals, Upload, Verdict, judge, missing, totals};
pub use campaign::Campaign;
pub use combined::LEGS_MAX;
pub use difference::{
    Difference, DifferenceDecision, DifferenceKey, DifferenceKind, DifferenceOutcome,
    NOTE_CHARS_MAX,
};
pub use order::{CardHold, Charge, Leg, LegState, Order, OrderShape, OrderState};
pub use refund::{
    BACK_PREFIX, CLOSE_PREFIX, Case, CaseOutcome, LATE_PREFIX, Refund, RefundEffect, RefundEvent,
    RefundKind, RefundOrigin, RefundState, RefundTry,
};
pub use refusal::{
    CampaignRefusal, CaseRefusal, CloseRefusal, CreateRefusal, DifferenceRefusal, LegRefusal,
    RefundRefusal,
};
pub use rules::{Blackout, Days, QUEUED_DAYS_MAX, ShortOfMoney, TradeRules};
pub use tender::{Tender, UnknownTender};
pub use trade::{
    NO_ANSWER, Trade, TradeCard, TradeEvent, TradeKey, TradeKind, TradeSide, TradeState,
};
pub use wallet::{
    Draw, LOTS_MAX, Lot, TopUp, Wallet, WalletKind, WalletRefusal, WalletState, WalletUse,
};

#[cfg(test)]
mod tests;
