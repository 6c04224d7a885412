//! A price for one trade, with everything that made it.

use ids::ChannelCode;
use jiff::Timestamp;
use money::Amount;

use crate::refund::{FeeOnRefund, RefundFeeRefusal, fee_returned};
use crate::schedule::{CardType, Rule};
use crate::terms::Terms;

/// What is priced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trade {
    pub amount: Amount,
    pub at: Timestamp,
    pub product: Option<String>,
    pub channel: Option<ChannelCode>,
    pub card: Option<CardType>,
    /// Minor units of the same period before this trade, for tiers by volume.
    pub volume: u64,
}

/// The price, and the terms as they were: it stays with the trade, whatever becomes of the schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quote {
    pub schedule: String,
    pub rule: String,
    pub terms: Terms,
    pub amount: Amount,
    pub volume: u64,
    pub fee: Amount,
}

/// Why there is no price, by precedence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum QuoteRefusal {
    #[error("the trade is in another currency than the schedule")]
    CurrencyMismatch,
    #[error("no rule fits the trade")]
    NoRule,
    #[error("the fee is beyond what an amount can be")]
    Overflow,
}

impl QuoteRefusal {
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::CurrencyMismatch => "currency_mismatch",
            Self::NoRule => "no_rule",
            Self::Overflow => "overflow",
        }
    }
}

impl Trade {
    /// A trade of which nothing but amount and time is known.
    #[must_use]
    pub const fn of(amount: Amount, at: Timestamp) -> Self {
        Self { amount, at, product: None, channel: None, card: None, volume: 0 }
    }
}

impl Quote {
    pub(crate) fn of(schedule: &str, rule: &Rule, trade: &Trade) -> Result<Self, QuoteRefusal> {
        let mut quote = Self {
            schedule: schedule.to_owned(),
            rule: rule.id.clone(),
            terms: rule.terms.clone(),
            amount: trade.amount,
            volume: trade.volume,
            fee: Amount::zero(trade.amount.currency()),
        };
        quote.fee = quote.recompute().ok_or(QuoteRefusal::Overflow)?;
        Ok(quote)
    }

    /// The fee from the kept terms: equal to [`Quote::fee`], or the quote was changed.
    #[must_use]
    pub fn recompute(&self) -> Option<Amount> {
        let fee = self.terms.fee(self.amount.minor(), self.volume)?;
        Amount::new(fee, self.amount.currency()).ok()
    }

    /// The part of the fee that goes back with a refund, `before` having been refunded already.
    ///
    /// # Errors
    /// [`RefundFeeRefusal`]
    pub fn fee_of_refund(
        &self,
        refund: Amount,
        before: Amount,
        setting: FeeOnRefund,
    ) -> Result<Amount, RefundFeeRefusal> {
        fee_returned((self.fee, self.amount), refund, before, setting)
    }
}
