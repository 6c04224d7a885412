//! Trades as the gateway keeps them: payments, voids and refunds, each with its own number.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{TimeZone, offset};
use money::Amount;

use super::refusal::Refusal;
use super::wire::Fields;

/// "Same merId + orderId + txnTime identifies a trade."
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct TradeKey {
    pub(super) mer_id: String,
    pub(super) order_id: String,
    pub(super) txn_time: String,
}

/// What moved money, or would.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum What {
    Payment,
    /// Of the payment.
    Void(TradeKey),
    Refund(TradeKey),
}

/// Where a trade stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// Asked for; the payer has not paid.
    Waiting,
    Done,
    Failed(Refusal),
}

#[derive(Debug, Clone)]
pub(super) struct Trade {
    pub(super) key: TradeKey,
    pub(super) what: What,
    pub(super) state: State,
    pub(super) amount: Amount,
    /// Fields of the request that its notice repeats.
    pub(super) repeated: Fields,
    pub(super) back_url: Option<String>,
    /// The code or page by which the payer's app finds it.
    pub(super) link: Option<String>,
    /// The gateway's number; empty until money moves.
    pub(super) query_id: String,
    pub(super) trace_no: String,
    pub(super) done_at: Option<Timestamp>,
    pub(super) expires_at: Timestamp,
    pub(super) confirms_at: Option<Timestamp>,
}

/// What happens to an open payment by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Due {
    PayerConfirms,
    Expires,
}

/// All trades of the gateway.
#[derive(Debug, Default)]
pub(super) struct Trades {
    all: BTreeMap<TradeKey, Trade>,
    by_query_id: BTreeMap<String, TradeKey>,
    /// The timers of open payments; whatever settles a payment removes its own.
    agenda: BTreeSet<(Timestamp, Due, TradeKey)>,
    made: u64,
}

impl Trades {
    pub(super) fn iter(&self) -> impl Iterator<Item = &Trade> {
        self.all.values()
    }

    pub(super) fn get(&self, key: &TradeKey) -> Option<&Trade> {
        self.all.get(key)
    }

    /// The open platform names a trade by the merchant's number alone.
    pub(super) fn by_order(&self, mer_id: &str, order_id: &str) -> Option<&Trade> {
        let own = |t: &&Trade| t.key.mer_id == mer_id && t.key.order_id == order_id;
        self.iter().find(own)
    }

    /// The payer knows the merchant's number only: the latest payment under it.
    pub(super) fn payment_by_order_id(&self, order_id: &str) -> Option<&Trade> {
        let own = |t: &&Trade| t.key.order_id == order_id && t.what == What::Payment;
        self.iter().filter(own).max_by_key(|trade| trade.key.txn_time.clone())
    }

    /// A payment of this merchant that was made.
    pub(super) fn paid(&self, mer_id: &str, query_id: &str) -> Result<&Trade, Refusal> {
        let key = self.by_query_id.get(query_id).filter(|key| key.mer_id == mer_id);
        let trade = key.and_then(|key| self.all.get(key)).ok_or(Refusal::NotFound)?;
        match (&trade.what, trade.state) {
            (What::Payment, State::Done) => Ok(trade),
            (What::Payment | What::Void(_) | What::Refund(_), _) => Err(Refusal::OriginalNotPaid),
        }
    }

    /// What went back of a payment.
    pub(super) fn returned_fen(&self, payment: &TradeKey) -> u64 {
        let of_it = |t: &&Trade| match &t.what {
            What::Payment => false,
            What::Void(key) | What::Refund(key) => key == payment && t.state == State::Done,
        };
        self.iter().filter(of_it).map(|trade| trade.amount.minor()).sum()
    }

    /// A number for a code, or for a trade.
    pub(super) fn next_number(&mut self) -> u64 {
        self.made += 1;
        self.made
    }

    pub(super) fn insert(&mut self, trade: Trade) {
        if trade.state == State::Waiting {
            self.agenda.insert((trade.expires_at, Due::Expires, trade.key.clone()));
        }
        if let Some(at) = trade.confirms_at {
            self.agenda.insert((at, Due::PayerConfirms, trade.key.clone()));
        }
        self.all.insert(trade.key.clone(), trade);
    }

    /// Money moves; whether that is allowed was asked before.
    pub(super) fn finish(&mut self, key: &TradeKey, now: Timestamp) -> Option<&Trade> {
        self.drop_timers(key);
        let number = self.next_number();
        let trade = self.all.get_mut(key)?;
        // 21 digits: the trade's own day and second, and a running number.
        trade.query_id = format!("{}{number:07}", trade.key.txn_time);
        trade.trace_no = format!("{:06}", number % 1_000_000);
        trade.state = State::Done;
        trade.done_at = Some(now);
        self.by_query_id.insert(trade.query_id.clone(), key.clone());
        Some(trade)
    }

    /// Nothing was taken and nothing will be.
    pub(super) fn fail(&mut self, key: &TradeKey, why: Refusal) {
        self.drop_timers(key);
        if let Some(trade) = self.all.get_mut(key) {
            trade.state = State::Failed(why);
        }
    }

    pub(super) fn next_due_at(&self) -> Option<Timestamp> {
        self.agenda.first().map(|(at, _, _)| *at)
    }

    pub(super) fn take_due(&mut self, now: Timestamp) -> Option<(Due, TradeKey)> {
        let (at, _, _) = self.agenda.first()?;
        if *at > now {
            return None;
        }
        self.agenda.pop_first().map(|(_, due, key)| (due, key))
    }

    fn drop_timers(&mut self, key: &TradeKey) {
        let Some(trade) = self.all.get_mut(key) else {
            return;
        };
        self.agenda.remove(&(trade.expires_at, Due::Expires, key.clone()));
        if let Some(at) = trade.confirms_at.take() {
            self.agenda.remove(&(at, Due::PayerConfirms, key.clone()));
        }
    }
}

/// All of the gateway's times are Beijing's.
pub(super) fn beijing(at: Timestamp, format: &str) -> String {
    at.to_zoned(TimeZone::fixed(offset(8))).strftime(format).to_string()
}

/// `yyyyMMddHHmmss`.
pub(super) fn read_beijing(text: &str) -> Option<Timestamp> {
    if text.len() != 14 {
        return None;
    }
    let local = DateTime::strptime("%Y%m%d%H%M%S", text).ok()?;
    Some(local.to_zoned(TimeZone::fixed(offset(8))).ok()?.timestamp())
}
