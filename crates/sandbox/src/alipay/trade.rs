//! Trades as the channel keeps them: their states, their refunds, their timers.

use std::collections::{BTreeMap, BTreeSet};

use encoding_rs::Encoding;
use jiff::{SignedDuration, Timestamp};
use money::{Amount, AmountError};

use super::refusal::Refusal;

/// No refund is made any more this long after payment; the trade is then finished.
const REFUND_WINDOW: SignedDuration = SignedDuration::from_hours(365 * 24);

/// A seller's order; the merchant's number is unique per seller.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct TradeKey {
    pub(super) seller_id: String,
    pub(super) out_trade_no: String,
}

/// Where a trade stands. The first two are no trades yet: the payer has not scanned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    /// A dynamic code was made.
    Code,
    /// The dynamic code ran out or was cancelled.
    DeadCode,
    WaitBuyerPay,
    Success,
    Finished,
    Closed,
}

impl Status {
    /// The channel's word. A code that was never scanned has none.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Code | Self::DeadCode => "",
            Self::WaitBuyerPay => "WAIT_BUYER_PAY",
            Self::Success => "TRADE_SUCCESS",
            Self::Finished => "TRADE_FINISHED",
            Self::Closed => "TRADE_CLOSED",
        }
    }
}

/// What the merchant asked for. A repeat under the same number must ask for the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Terms {
    pub(super) total: Amount,
    pub(super) subject: String,
    pub(super) body: String,
}

/// How the merchant wants to hear of it.
#[derive(Debug, Clone)]
pub(super) struct Correspondence {
    pub(super) app_id: String,
    pub(super) notify_url: Option<String>,
    pub(super) passback_params: Option<String>,
    pub(super) charset: &'static Encoding,
}

/// One order at the channel, from its first sight.
#[derive(Debug, Clone)]
pub(super) struct Trade {
    pub(super) key: TradeKey,
    /// Empty until the payer scans a dynamic code.
    pub(super) trade_no: String,
    pub(super) terms: Terms,
    pub(super) correspondence: Correspondence,
    pub(super) status: Status,
    pub(super) qr_code: Option<String>,
    /// For whom it was made: a user id or an open id.
    pub(super) buyer: Option<String>,
    /// Who paid in the app, by name.
    pub(super) payer: Option<String>,
    pub(super) created_at: Timestamp,
    pub(super) expires_at: Timestamp,
    pub(super) confirms_at: Option<Timestamp>,
    pub(super) paid_at: Option<Timestamp>,
    pub(super) closed_at: Option<Timestamp>,
    pub(super) refunds: Vec<Refund>,
    /// What `trade.cancel` did, for its repeats.
    pub(super) cancelled: Option<CancelAction>,
}

/// One effective refund.
#[derive(Debug, Clone)]
pub(super) struct Refund {
    pub(super) request_no: String,
    pub(super) amount: Amount,
    pub(super) at: Timestamp,
}

/// What a cancel did to a trade.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CancelAction {
    Close,
    Refund,
}

/// What a refund request came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RefundStep {
    Done,
    /// The same request was carried out before; no money moves.
    Repeated,
}

impl Trade {
    /// The status at this time: a paid trade finishes by itself.
    pub(super) fn status_at(&self, now: Timestamp) -> Status {
        let over = self.paid_at.is_some_and(|paid_at| now.duration_since(paid_at) > REFUND_WINDOW);
        if self.status == Status::Success && over { Status::Finished } else { self.status }
    }

    /// Whether merchants can see it.
    pub(super) fn is_trade(&self) -> bool {
        !matches!(self.status, Status::Code | Status::DeadCode)
    }

    /// What was given back so far.
    pub(super) fn refunded(&self) -> Result<Amount, AmountError> {
        let nothing = Amount::zero(self.terms.total.currency());
        self.refunds.iter().try_fold(nothing, |sum, refund| sum.try_add(refund.amount))
    }

    /// `alipay.trade.refund`: at most what is left; one request number is one refund.
    pub(super) fn refund(&mut self, refund: Refund) -> Result<RefundStep, Refusal> {
        if let Some(earlier) = self.refunds.iter().find(|r| r.request_no == refund.request_no) {
            return if earlier.amount == refund.amount {
                Ok(RefundStep::Repeated)
            } else {
                Err(Refusal::DiscordantRepeatRequest)
            };
        }
        match self.status_at(refund.at) {
            Status::Code | Status::DeadCode => return Err(Refusal::TradeNotExist),
            Status::WaitBuyerPay => return Err(Refusal::TradeStatusError),
            Status::Finished => return Err(Refusal::TradeHasFinished),
            Status::Closed if self.refunds.is_empty() => return Err(Refusal::TradeStatusError),
            Status::Closed | Status::Success => {}
        }
        let left = self
            .refunded()
            .and_then(|refunded| self.terms.total.try_sub(refunded))
            .or(Err(Refusal::SystemError))?;
        let left_after = left.try_sub(refund.amount).or(Err(Refusal::RefundAmtNotEqualTotal))?;
        if left_after.is_zero() {
            self.status = Status::Closed;
            self.closed_at = Some(refund.at);
        }
        self.refunds.push(refund);
        Ok(RefundStep::Done)
    }
}

/// What happens to an open trade by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Due {
    PayerConfirms,
    Expires,
}

/// All trades of the channel.
#[derive(Debug, Default)]
pub(super) struct Trades {
    all: BTreeMap<TradeKey, Trade>,
    by_trade_no: BTreeMap<String, TradeKey>,
    /// The timers of open trades; whatever settles a trade removes its own.
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

    pub(super) fn get_mut(&mut self, key: &TradeKey) -> Option<&mut Trade> {
        self.all.get_mut(key)
    }

    /// By the channel's number, which counts first, or by the merchant's; of this seller only.
    pub(super) fn key_of(
        &self,
        seller_id: &str,
        trade_no: Option<&str>,
        out_trade_no: Option<&str>,
    ) -> Option<TradeKey> {
        if let Some(trade_no) = trade_no {
            let key = self.by_trade_no.get(trade_no)?;
            return (key.seller_id == seller_id).then(|| key.clone());
        }
        let key =
            TradeKey { seller_id: seller_id.to_owned(), out_trade_no: out_trade_no?.to_owned() };
        self.all.contains_key(&key).then_some(key)
    }

    /// A new order, which expires by itself.
    pub(super) fn insert(&mut self, mut trade: Trade) {
        self.made += 1;
        match trade.status {
            Status::Code | Status::DeadCode => {
                trade.qr_code = Some(format!("https://qr.alipay.com/bax{:013}", self.made));
            }
            Status::WaitBuyerPay | Status::Success | Status::Finished | Status::Closed => {
                trade.trade_no = trade_no(trade.created_at, self.made);
                self.by_trade_no.insert(trade.trade_no.clone(), trade.key.clone());
            }
        }
        self.agenda.insert((trade.expires_at, Due::Expires, trade.key.clone()));
        self.all.insert(trade.key.clone(), trade);
    }

    /// The payer will confirm his password then.
    pub(super) fn confirm_later(&mut self, key: &TradeKey, at: Timestamp) {
        if let Some(trade) = self.all.get_mut(key) {
            trade.confirms_at = Some(at);
            self.agenda.insert((at, Due::PayerConfirms, key.clone()));
        }
    }

    /// The money is taken; whether that is allowed was asked before.
    pub(super) fn pay(&mut self, key: &TradeKey, now: Timestamp) {
        self.drop_timers(key);
        let Some(trade) = self.all.get_mut(key) else {
            return;
        };
        if trade.trade_no.is_empty() {
            self.made += 1;
            trade.trade_no = trade_no(now, self.made);
            trade.created_at = now;
            self.by_trade_no.insert(trade.trade_no.clone(), key.clone());
        }
        trade.status = Status::Success;
        trade.paid_at = Some(now);
        trade.closed_at = None;
    }

    /// Nothing was taken and nothing will be.
    pub(super) fn close(&mut self, key: &TradeKey, now: Timestamp) {
        self.drop_timers(key);
        let Some(trade) = self.all.get_mut(key) else {
            return;
        };
        trade.status = if trade.is_trade() { Status::Closed } else { Status::DeadCode };
        trade.closed_at = Some(now);
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

/// 28 digits as the channel's: the day in Beijing, a fixed part, a running number.
fn trade_no(now: Timestamp, running: u64) -> String {
    format!("{}220014{running:014}", beijing(now, "%Y%m%d"))
}

/// All of the channel's times are Beijing's.
pub(super) fn beijing(at: Timestamp, format: &str) -> String {
    let zone = jiff::tz::TimeZone::fixed(jiff::tz::offset(8));
    at.to_zoned(zone).strftime(format).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use money::Currency;
    use proptest::prelude::*;

    fn fen(minor: u64) -> Amount {
        Amount::new(minor, Currency::Cny).unwrap()
    }

    fn paid(total: u64) -> Trade {
        Trade {
            key: TradeKey { seller_id: "S".to_owned(), out_trade_no: "A".to_owned() },
            trade_no: String::new(),
            terms: Terms { total: fen(total), subject: String::new(), body: String::new() },
            correspondence: Correspondence {
                app_id: String::new(),
                notify_url: None,
                passback_params: None,
                charset: encoding_rs::UTF_8,
            },
            status: Status::Success,
            qr_code: None,
            buyer: None,
            payer: None,
            created_at: Timestamp::UNIX_EPOCH,
            expires_at: Timestamp::UNIX_EPOCH,
            confirms_at: None,
            paid_at: Some(Timestamp::UNIX_EPOCH),
            closed_at: None,
            refunds: Vec::new(),
            cancelled: None,
        }
    }

    proptest! {
        #[test]
        fn whatever_is_asked_at_most_the_payment_comes_back(
            total in 1_u64..1_000,
            asked in proptest::collection::vec((0_u8..6, 1_u64..500), 0..20),
        ) {
            let mut trade = paid(total);
            let mut back = 0;
            for (number, amount) in asked {
                let request_no = number.to_string();
                let at = Timestamp::UNIX_EPOCH;
                let known = trade.refunds.iter().any(|refund| refund.request_no == request_no);
                let step = trade.refund(Refund { request_no, amount: fen(amount), at });
                if step == Ok(RefundStep::Done) {
                    prop_assert!(!known);
                    back += amount;
                }
                prop_assert!(back <= total);
                prop_assert_eq!(trade.refunded(), Ok(fen(back)));
                prop_assert_eq!(trade.status == Status::Closed, back == total);
            }
        }
    }
}
