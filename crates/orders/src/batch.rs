//! 批结算: what a terminal says that it took, against what we know of it.

use std::fmt;
use std::str::FromStr;

use ids::{MerchantId, TerminalId, TradeId};
use jiff::Timestamp;

use crate::trade::{Trade, TradeKey, TradeKind, TradeSide, TradeState};

/// Debits and credits of one group of cards, in fen. A void does not take its sale away: both count.
/// What was reversed counts nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct GroupTotals {
    /// Sales, completions of holds, offline sales.
    pub debit_amount: u64,
    pub debit_count: u32,
    /// Voids and refunds.
    pub credit_amount: u64,
    pub credit_count: u32,
}

/// Of domestic cards, and of foreign ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BatchTotals {
    pub domestic: GroupTotals,
    pub foreign: GroupTotals,
}

/// A batch that its terminal wants settled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    pub terminal: TerminalId,
    pub batch: u32,
    pub merchant: MerchantId,
    /// As the terminal says.
    pub asked: BatchTotals,
    /// As we know.
    pub ours: BatchTotals,
    /// How many rows the terminal says it uploaded, at the end of it.
    pub uploaded: Option<u32>,
    pub settled_at: Timestamp,
    pub ended_at: Option<Timestamp>,
}

/// One row of a terminal's journal, with the trade that it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    pub key: TradeKey,
    pub verdict: Verdict,
    /// The card's first six and last four digits.
    pub masked: Option<String>,
    pub amount: u64,
    pub trade: Option<TradeId>,
    pub created_at: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    Matched,
    /// Card or amount are other ones.
    Differs,
    /// We have no such approved trade. Money does not move for it: people look at the slip.
    TerminalOnly,
    /// The terminal did not say it.
    HostOnly,
}

impl BatchTotals {
    /// Whether the terminal's totals are ours, per group. One that does not keep foreign cards apart says
    /// all in the first group.
    #[must_use]
    pub fn agree(&self, ours: &Self) -> (bool, bool) {
        let apart = self.foreign != GroupTotals::default() || ours.foreign == self.foreign;
        if apart {
            return (self.domestic == ours.domestic, self.foreign == ours.foreign);
        }
        let same = self.domestic == ours.domestic.and(ours.foreign);
        (same, same)
    }
}

impl GroupTotals {
    const fn and(self, other: Self) -> Self {
        Self {
            debit_amount: self.debit_amount.saturating_add(other.debit_amount),
            debit_count: self.debit_count.saturating_add(other.debit_count),
            credit_amount: self.credit_amount.saturating_add(other.credit_amount),
            credit_count: self.credit_count.saturating_add(other.credit_count),
        }
    }

    const fn take(&mut self, kind: TradeKind, amount: u64) {
        let one = match kind.side() {
            TradeSide::Debit => {
                Self { debit_amount: amount, debit_count: 1, credit_amount: 0, credit_count: 0 }
            }
            TradeSide::Credit => {
                Self { debit_amount: 0, debit_count: 0, credit_amount: amount, credit_count: 1 }
            }
            TradeSide::Neither => return,
        };
        *self = self.and(one);
    }
}

/// What a batch's trades sum up to.
#[must_use]
pub fn totals<'a>(trades: impl IntoIterator<Item = &'a Trade>) -> BatchTotals {
    let mut sums = BatchTotals::default();
    for trade in trades.into_iter().filter(|trade| counts(trade)) {
        let group = if is_foreign(trade) { &mut sums.foreign } else { &mut sums.domestic };
        group.take(trade.kind, trade.moved().minor());
    }
    sums
}

/// Whether a trade stands in a settlement: approved, of a card, and something moved. What was paid by a code
/// is settled without the terminal.
fn counts(trade: &Trade) -> bool {
    let moved = trade.kind.side() != TradeSide::Neither;
    trade.state == TradeState::Approved && trade.card.is_some() && moved
}

/// Numbers of the domestic scheme begin with 62.
fn is_foreign(trade: &Trade) -> bool {
    trade.card.as_ref().is_some_and(|card| !card.masked.starts_with("62"))
}

/// What a row of a terminal's journal is, given the trade under its number.
#[must_use]
pub fn judge(trade: Option<&Trade>, token: Option<[u8; 32]>, amount: u64) -> Verdict {
    let Some(trade) = trade.filter(|trade| trade.state == TradeState::Approved) else {
        return Verdict::TerminalOnly;
    };
    let same_card = trade.card.as_ref().map(|card| card.token) == token;
    if same_card && trade.moved().minor() == amount { Verdict::Matched } else { Verdict::Differs }
}

/// The trades that count and that the terminal did not say, as rows.
#[must_use]
pub fn missing(trades: &[Trade], said: &[Upload], now: Timestamp) -> Vec<Upload> {
    let unsaid = |trade: &&Trade| counts(trade) && !said.iter().any(|row| row.key == trade.key);
    let row = |trade: &Trade| Upload {
        key: trade.key,
        verdict: Verdict::HostOnly,
        masked: trade.card.as_ref().map(|card| card.masked.clone()),
        amount: trade.moved().minor(),
        trade: Some(trade.id),
        created_at: now,
    };
    trades.iter().filter(unsaid).map(row).collect()
}

/// The text is not one that `Display` writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not totals of a batch")]
pub struct NotTotals;

impl fmt::Display for BatchTotals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let GroupTotals { debit_amount, debit_count, credit_amount, credit_count } = self.domestic;
        write!(f, "{debit_amount}/{debit_count}/{credit_amount}/{credit_count}/")?;
        let GroupTotals { debit_amount, debit_count, credit_amount, credit_count } = self.foreign;
        write!(f, "{debit_amount}/{debit_count}/{credit_amount}/{credit_count}")
    }
}

impl FromStr for BatchTotals {
    type Err = NotTotals;

    fn from_str(text: &str) -> Result<Self, NotTotals> {
        let parts = text.split('/').map(str::parse).collect::<Result<Vec<u64>, _>>();
        let [a, b, c, d, e, f, g, h] = *parts.or(Err(NotTotals))? else { return Err(NotTotals) };
        let group = |debit_amount, debits: u64, credit_amount, credits: u64| {
            let count = |n: u64| u32::try_from(n).or(Err(NotTotals));
            let (debit_count, credit_count) = (count(debits)?, count(credits)?);
            Ok(GroupTotals { debit_amount, debit_count, credit_amount, credit_count })
        };
        Ok(Self { domestic: group(a, b, c, d)?, foreign: group(e, f, g, h)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(debit_amount: u64, credit_amount: u64) -> GroupTotals {
        let count = |amount| u32::from(amount != 0);
        GroupTotals {
            debit_amount,
            debit_count: count(debit_amount),
            credit_amount,
            credit_count: count(credit_amount),
        }
    }

    /// A row reads `the terminal's => ours`, domestic and foreign each.
    #[test]
    fn totals_agree_per_group() {
        let check = |asked: (u64, u64), ours: (u64, u64), expect: (bool, bool)| {
            let totals = |(a, b)| BatchTotals { domestic: group(a, 0), foreign: group(b, 0) };
            assert_eq!(totals(asked).agree(&totals(ours)), expect, "{asked:?} {ours:?}");
        };
        check((0, 0), (0, 0), (true, true));
        check((5, 7), (5, 7), (true, true));
        check((5, 7), (5, 8), (true, false));
        check((5, 7), (4, 7), (false, true));
        check((6, 0), (5, 0), (false, true));
        // Not kept apart: the count is two.
        let all = GroupTotals { debit_count: 2, ..group(12, 0) };
        let asked = BatchTotals { domestic: all, ..BatchTotals::default() };
        let ours = BatchTotals { domestic: group(5, 0), foreign: group(7, 0) };
        assert_eq!(asked.agree(&ours), (true, true));
    }

    #[test]
    fn totals_are_kept_as_text() {
        let totals = BatchTotals { domestic: group(5, 0), foreign: group(7, 9) };
        assert_eq!(totals.to_string().parse(), Ok(totals));
        for text in ["", "1/2/3", "1/2/3/4/5/6/7/x", "1/2/3/4/5/6/7/8/9"] {
            assert_eq!(text.parse::<BatchTotals>(), Err(NotTotals), "{text}");
        }
    }
}
