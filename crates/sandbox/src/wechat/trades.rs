//! Orders and refunds at WeChat Pay: what may happen to them, when, and what is refused.
//!
//! Pure state: both interfaces (JSON and XML) call the same methods, so that an order made by one is
//! seen by the other, as at the channel.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use money::{Amount, Currency};

use super::numbers::{Numbers, openid};
use super::refusal::Refusal;
use crate::core::{BookKind, BookLine, Insistence, PayRefusal, Payer, later};

/// The channel revokes a code payment that is still unpaid after so long.
pub(crate) const REVOKE_UNPAID_MS: u64 = 45_000;
/// A reverse is answered "still paying" so soon after the charge: the payer may be typing.
const REVERSE_WAIT_S: i64 = 15;
const REVERSE_DAYS_MAX: i64 = 7;
const REFUND_DAYS_MAX: i64 = 365;
const REFUND_PARTS_MAX: usize = 50;
const DAY_S: i64 = 86_400;

/// Waits of the channel that a test may want shorter or longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// From the acceptance of a refund to its success.
    pub refund_ms: u64,
    /// Between two partial refunds of one order; the channel asks for a minute.
    pub refund_gap_s: u32,
}

impl Default for Pace {
    fn default() -> Self {
        Self { refund_ms: 1_000, refund_gap_s: 0 }
    }
}

/// Whose order it is: the merchant that signs, and its sub-merchant if it is a service provider.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Party {
    pub(crate) mchid: String,
    pub(crate) sub_mchid: Option<String>,
}

impl Party {
    /// Whose money it is: the sub-merchant's, or the merchant's own.
    pub(crate) fn account(&self) -> &str {
        self.sub_mchid.as_ref().unwrap_or(&self.mchid)
    }
}

pub(crate) type OrderKey = (Party, String);
pub(crate) type RefundKey = (Party, String);

/// How the payer comes to pay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Jsapi,
    Native,
    App,
    H5,
    CodePay,
}

impl Kind {
    /// `trade_type` in answers.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Jsapi => "JSAPI",
            Self::Native => "NATIVE",
            Self::App => "APP",
            Self::H5 => "MWEB",
            Self::CodePay => "MICROPAY",
        }
    }
}

/// Which of the channel's keys the merchant trusts, as its last request for the order said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trust {
    Certificate,
    PublicKey,
}

/// Through which interface a merchant asked, and so is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Interface {
    V2,
    V3(Trust),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    NotPay,
    UserPaying,
    Success,
    Closed,
    Revoked,
    PayError,
}

/// What the merchant asked for; the same number with other terms is another order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Terms {
    pub(crate) kind: Kind,
    pub(crate) appid: String,
    pub(crate) sub_appid: Option<String>,
    pub(crate) description: String,
    pub(crate) attach: Option<String>,
    pub(crate) total: Amount,
    pub(crate) openid: Option<String>,
    pub(crate) notify_url: Option<String>,
    pub(crate) expires: Option<Timestamp>,
}

#[derive(Debug, Clone)]
pub(crate) struct Order {
    pub(crate) party: Party,
    pub(crate) out_trade_no: String,
    pub(crate) terms: Terms,
    pub(crate) trust: Trust,
    pub(crate) created: Timestamp,
    pub(crate) transaction_id: Option<String>,
    pub(crate) paid_at: Option<Timestamp>,
    pub(crate) payer: Option<String>,
    pub(crate) refunds: Vec<String>,
    /// The payer's account is gone: refunds end as ABNORMAL.
    payer_left: bool,
    state: State,
    reversed: Option<(String, Timestamp)>,
}

impl Order {
    /// `trade_state`. Any refund turns a paid order into `REFUND`, a partial one too.
    pub(crate) const fn trade_state(&self) -> &'static str {
        match self.state {
            State::NotPay => "NOTPAY",
            State::UserPaying => "USERPAYING",
            State::Success if self.refunds.is_empty() => "SUCCESS",
            State::Success => "REFUND",
            State::Closed => "CLOSED",
            State::Revoked => "REVOKED",
            State::PayError => "PAYERROR",
        }
    }

    pub(crate) const fn is_paid(&self) -> bool {
        matches!(self.state, State::Success)
    }

    pub(crate) fn key(&self) -> OrderKey {
        (self.party.clone(), self.out_trade_no.clone())
    }

    fn is_expired(&self, now: Timestamp) -> bool {
        self.terms.expires.is_some_and(|expires| now >= expires)
    }

    /// What a second order under this number is told.
    const fn occupied(&self) -> Refusal {
        match self.state {
            State::Success => Refusal::OrderPaid,
            State::Closed => Refusal::OrderClosed,
            State::Revoked => Refusal::OrderReversed,
            State::NotPay | State::UserPaying | State::PayError => Refusal::NumberUsed,
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Refund {
    pub(crate) party: Party,
    pub(crate) refund_id: String,
    pub(crate) out_trade_no: String,
    pub(crate) transaction_id: String,
    pub(crate) ask: RefundAsk,
    pub(crate) interface: Interface,
    pub(crate) created: Timestamp,
    pub(crate) succeeded_at: Option<Timestamp>,
    /// The original route is impossible.
    pub(crate) abnormal: bool,
}

impl Refund {
    pub(crate) const fn status(&self) -> &'static str {
        match (self.abnormal, self.succeeded_at) {
            (true, _) => "ABNORMAL",
            (false, Some(_)) => "SUCCESS",
            (false, None) => "PROCESSING",
        }
    }
}

/// What a refund's repeat must repeat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RefundAsk {
    pub(crate) out_refund_no: String,
    pub(crate) refund: Amount,
    pub(crate) total: Amount,
    pub(crate) reason: Option<String>,
    pub(crate) notify_url: Option<String>,
}

/// How a call names an order.
#[derive(Debug, Clone, Copy)]
pub(crate) enum OrderRef<'a> {
    OutTradeNo(&'a str),
    TransactionId(&'a str),
}

/// Something that happened without a call, and may be told by a notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Happening {
    Paid(OrderKey),
    Refunded(RefundKey),
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    Confirm(OrderKey),
    Revoke(OrderKey),
    Settle(RefundKey),
}

/// Everything the channel knows about orders and refunds.
#[derive(Debug, Default)]
pub(crate) struct Trades {
    orders: BTreeMap<OrderKey, Order>,
    by_transaction: BTreeMap<String, OrderKey>,
    by_out_trade_no: BTreeMap<String, OrderKey>,
    refunds: BTreeMap<RefundKey, Refund>,
    /// What each prepaid number stands for, and since when.
    prepaid: BTreeMap<String, (OrderKey, Timestamp)>,
    due: BTreeSet<(Timestamp, Due)>,
    numbers: Numbers,
    pace: Pace,
}

impl Trades {
    pub(crate) fn new(pace: Pace) -> Self {
        Self { pace, ..Self::default() }
    }

    pub(crate) fn order(&self, party: &Party, which: OrderRef<'_>) -> Result<&Order, Refusal> {
        let key = self.key(party, which)?;
        self.orders.get(&key).ok_or(Refusal::OrderUnknown)
    }

    pub(crate) fn order_at(&self, key: &OrderKey) -> Option<&Order> {
        self.orders.get(key)
    }

    pub(crate) fn refund_at(&self, key: &RefundKey) -> Option<&Refund> {
        self.refunds.get(key)
    }

    pub(crate) fn refund(&self, party: &Party, out_refund_no: &str) -> Result<&Refund, Refusal> {
        let key = (party.clone(), out_refund_no.to_owned());
        self.refunds.get(&key).ok_or(Refusal::RefundUnknown)
    }

    /// The refunds of one order, oldest first.
    pub(crate) fn refunds_of(&self, order: &Order) -> Vec<&Refund> {
        let key = |no: &String| (order.party.clone(), no.clone());
        order.refunds.iter().filter_map(|no| self.refunds.get(&key(no))).collect()
    }

    /// A number under which the payer's app finds the order.
    pub(crate) fn prepay_id(&mut self, now: Timestamp, key: &OrderKey) -> String {
        let id = self.numbers.prepay_id(now);
        self.prepaid.insert(id.clone(), (key.clone(), now));
        id
    }

    /// The order behind a prepaid number that is younger than this.
    pub(crate) fn prepaid(&self, now: Timestamp, id: &str, life: SignedDuration) -> Option<&Order> {
        let (key, made) = self.prepaid.get(id)?;
        if now.duration_since(*made) > life { None } else { self.orders.get(key) }
    }

    /// The prepaid number behind a code to scan.
    pub(crate) fn prepay_id_of_code(&self, code_url: &str) -> Option<&str> {
        let ids = self.prepaid.keys();
        ids.map(String::as_str).find(|id| super::v3::code_url(id) == code_url)
    }

    /// Whether the payer can still pay an order.
    pub(crate) fn check_payable(&self, now: Timestamp, order: &Order) -> Result<(), PayRefusal> {
        match order.state {
            State::Success => Err(PayRefusal::AlreadyPaid),
            State::NotPay if order.is_expired(now) => Err(PayRefusal::Closed),
            State::NotPay => Ok(()),
            State::UserPaying | State::Closed | State::Revoked | State::PayError => {
                Err(PayRefusal::Closed)
            }
        }
    }

    /// A payer pays in the app; that he may was asked before.
    pub(crate) fn pay_in_app(&mut self, now: Timestamp, key: &OrderKey, openid: String) {
        if let Some(order) = self.orders.get_mut(key) {
            order.payer = Some(openid);
        }
        self.pay(now, key);
    }

    /// Every order that payers see, oldest first.
    pub(crate) fn orders(&self) -> impl Iterator<Item = &Order> {
        self.orders.values()
    }

    /// Places an order that the payer pays later. Asking again with the same terms is allowed while
    /// it is unpaid.
    ///
    /// Refusals: `OrderPaid`, `OrderClosed`, `OrderReversed`, `NumberUsed`.
    pub(crate) fn prepay(
        &mut self,
        now: Timestamp,
        key: OrderKey,
        terms: Terms,
        trust: Trust,
    ) -> Result<(), Refusal> {
        if let Some(order) = self.orders.get_mut(&key) {
            if order.state != State::NotPay || order.terms != terms {
                return Err(order.occupied());
            }
            order.trust = trust;
            return Ok(());
        }
        self.insert(new_order(now, key, terms, trust));
        Ok(())
    }

    /// Whether the number is free for a code payment: unlike a prepaid order it is never repeated.
    ///
    /// Refusals: as [`Self::prepay`].
    pub(crate) fn check_free(&self, key: &OrderKey) -> Result<(), Refusal> {
        self.orders.get(key).map_or(Ok(()), |order| Err(order.occupied()))
    }

    /// Charges the payer behind a code, under a number that [`Self::check_free`] found free.
    ///
    /// Refusals: `CodeExpired`, `BalanceNotEnough`, `RiskRefused`, `SystemError`.
    pub(crate) fn charge(
        &mut self,
        now: Timestamp,
        order: NewCharge,
        payer: Payer,
    ) -> Result<(), Refusal> {
        let NewCharge { key, terms, trust, openid } = order;
        let mut order = new_order(now, key.clone(), terms, trust);
        order.payer = Some(openid);
        match payer {
            Payer::CodeInvalid => Err(Refusal::CodeExpired),
            Payer::SystemError { money_taken: false } => Err(Refusal::SystemError),
            Payer::SystemError { money_taken: true } => {
                self.insert(order);
                self.pay(now, &key);
                Err(Refusal::SystemError)
            }
            Payer::BalanceNotEnough => {
                order.state = State::PayError;
                self.insert(order);
                Err(Refusal::BalanceNotEnough)
            }
            Payer::RiskRefused => {
                order.state = State::PayError;
                self.insert(order);
                Err(Refusal::RiskRefused)
            }
            Payer::PaysAtOnce | Payer::PaysAndLeaves => {
                order.payer_left = payer == Payer::PaysAndLeaves;
                self.insert(order);
                self.pay(now, &key);
                Ok(())
            }
            Payer::AsksPassword { confirms_after_ms } => {
                order.state = State::UserPaying;
                self.insert(order);
                if let Some(ms) = confirms_after_ms {
                    self.due.insert((later(now, ms), Due::Confirm(key.clone())));
                }
                self.due.insert((later(now, REVOKE_UNPAID_MS), Due::Revoke(key)));
                Ok(())
            }
        }
    }

    /// Closes an unpaid order.
    ///
    /// Refusals: `OrderUnknown`, `OrderPaid`, `OrderClosed`, `OrderReversed`, `IsACodePayment`.
    pub(crate) fn close(&mut self, key: &OrderKey) -> Result<(), Refusal> {
        let order = self.orders.get_mut(key).ok_or(Refusal::OrderUnknown)?;
        match order.state {
            State::Success => Err(Refusal::OrderPaid),
            State::Closed => Err(Refusal::OrderClosed),
            State::Revoked => Err(Refusal::OrderReversed),
            State::UserPaying | State::PayError => Err(Refusal::IsACodePayment),
            State::NotPay => {
                order.state = State::Closed;
                Ok(())
            }
        }
    }

    /// Undoes a code payment: money taken goes back in full, an unpaid order can no longer be paid.
    /// Reversing twice, or an order that never arrived, is a success, as at the channel: the late
    /// original may still be paid afterwards.
    ///
    /// Refusals: `NotACodePayment`, `UserPaying`, `OrderRefunded`, `TooLate`.
    pub(crate) fn reverse(
        &mut self,
        now: Timestamp,
        party: &Party,
        which: OrderRef<'_>,
    ) -> Result<(), Refusal> {
        let Ok(key) = self.key(party, which) else {
            return Ok(());
        };
        let Some(order) = self.orders.get_mut(&key) else {
            return Ok(());
        };
        if order.terms.kind != Kind::CodePay {
            return Err(Refusal::NotACodePayment);
        }
        let age = now.duration_since(order.created);
        match order.state {
            State::UserPaying if age < SignedDuration::from_secs(REVERSE_WAIT_S) => {
                return Err(Refusal::UserPaying);
            }
            State::Success if !order.refunds.is_empty() => return Err(Refusal::OrderRefunded),
            State::Success if age > SignedDuration::from_secs(REVERSE_DAYS_MAX * DAY_S) => {
                return Err(Refusal::TooLate);
            }
            State::Success => order.reversed = Some((self.numbers.refund_id(now), now)),
            State::NotPay
            | State::UserPaying
            | State::Closed
            | State::Revoked
            | State::PayError => {}
        }
        order.state = State::Revoked;
        Ok(())
    }

    /// Accepts a refund; it succeeds [`Pace::refund_ms`] later. The same number with the same
    /// content is the same refund.
    ///
    /// Refusals: `OrderUnknown`, `RefundDiffers`, `OrderReversed`, `OrderNotPaid`, `TotalDiffers`,
    /// `TooLate`, `TooManyRefunds`, `TooSoon`, `MoreThanLeft`.
    pub(crate) fn take_refund(
        &mut self,
        now: Timestamp,
        order: &OrderKey,
        ask: RefundAsk,
        interface: Interface,
    ) -> Result<RefundKey, Refusal> {
        let key = (order.0.clone(), ask.out_refund_no.clone());
        let found = self.orders.get(order).ok_or(Refusal::OrderUnknown)?;
        if let Some(earlier) = self.refunds.get(&key) {
            let same = earlier.ask == ask && earlier.out_trade_no == order.1;
            return if same { Ok(key) } else { Err(Refusal::RefundDiffers) };
        }
        self.check_refund(now, found, &ask)?;
        let refund = Refund {
            party: order.0.clone(),
            refund_id: self.numbers.refund_id(now),
            out_trade_no: order.1.clone(),
            transaction_id: found.transaction_id.clone().unwrap_or_default(),
            ask,
            interface,
            created: now,
            succeeded_at: None,
            abnormal: false,
        };
        self.due.insert((later(now, self.pace.refund_ms), Due::Settle(key.clone())));
        if let Some(found) = self.orders.get_mut(order) {
            found.refunds.push(key.1.clone());
        }
        self.refunds.insert(key.clone(), refund);
        Ok(key)
    }

    fn check_refund(&self, now: Timestamp, order: &Order, ask: &RefundAsk) -> Result<(), Refusal> {
        match order.state {
            State::Success => {}
            State::Revoked => return Err(Refusal::OrderReversed),
            State::NotPay | State::UserPaying | State::Closed | State::PayError => {
                return Err(Refusal::OrderNotPaid);
            }
        }
        if ask.total != order.terms.total {
            return Err(Refusal::TotalDiffers);
        }
        let longest = SignedDuration::from_secs(REFUND_DAYS_MAX * DAY_S);
        if order.paid_at.is_some_and(|paid_at| now.duration_since(paid_at) > longest) {
            return Err(Refusal::TooLate);
        }
        let earlier = self.refunds_of(order);
        if earlier.len() >= REFUND_PARTS_MAX {
            return Err(Refusal::TooManyRefunds);
        }
        let gap = SignedDuration::from_secs(i64::from(self.pace.refund_gap_s));
        if earlier.last().is_some_and(|last| now.duration_since(last.created) < gap) {
            return Err(Refusal::TooSoon);
        }
        let sum = earlier.iter().try_fold(ask.refund, |sum, one| sum.try_add(one.ask.refund));
        match sum {
            Ok(sum) if sum.minor() <= order.terms.total.minor() => Ok(()),
            Ok(_) | Err(_) => Err(Refusal::MoreThanLeft),
        }
    }

    /// The payer pays an order he found by its code, or confirms with his password.
    pub(crate) fn payer_pays(
        &mut self,
        now: Timestamp,
        out_trade_no: &str,
        how: Insistence,
    ) -> Result<OrderKey, PayRefusal> {
        let key = self.by_out_trade_no.get(out_trade_no).ok_or(PayRefusal::UnknownOrder)?.clone();
        let order = self.orders.get(&key).ok_or(PayRefusal::UnknownOrder)?;
        let expired = order.is_expired(now);
        match (order.state, how) {
            (State::Success, _) => return Err(PayRefusal::AlreadyPaid),
            (State::NotPay | State::UserPaying, Insistence::Polite) if expired => {
                return Err(PayRefusal::Closed);
            }
            (State::Closed | State::Revoked | State::PayError, Insistence::Polite) => {
                return Err(PayRefusal::Closed);
            }
            // A reversed order's money has gone back; it cannot be taken a second time.
            (State::Revoked, Insistence::EvenIfClosed) if order.paid_at.is_some() => {
                return Err(PayRefusal::AlreadyPaid);
            }
            (State::NotPay | State::UserPaying, _)
            | (State::Closed | State::Revoked | State::PayError, Insistence::EvenIfClosed) => {}
        }
        self.pay(now, &key);
        Ok(key)
    }

    pub(crate) fn next_event_at(&self) -> Option<Timestamp> {
        self.due.first().map(|(at, _)| *at)
    }

    /// Does what is due, in the order of time, and tells what the merchant may be told.
    pub(crate) fn advance(&mut self, now: Timestamp) -> Vec<Happening> {
        let mut happened = Vec::new();
        while self.due.first().is_some_and(|(at, _)| *at <= now) {
            let Some((at, due)) = self.due.pop_first() else {
                break;
            };
            match due {
                Due::Confirm(key) if self.is_paying(&key) => {
                    self.pay(at, &key);
                    happened.push(Happening::Paid(key));
                }
                Due::Revoke(key) if self.is_paying(&key) => {
                    if let Some(order) = self.orders.get_mut(&key) {
                        order.state = State::Revoked;
                    }
                }
                Due::Confirm(_) | Due::Revoke(_) => {}
                Due::Settle(key) => {
                    let Some(refund) = self.refunds.get_mut(&key) else { continue };
                    let order = (refund.party.clone(), refund.out_trade_no.clone());
                    if self.orders.get(&order).is_some_and(|order| order.payer_left) {
                        refund.abnormal = true;
                    } else {
                        refund.succeeded_at = Some(at);
                        happened.push(Happening::Refunded(key));
                    }
                }
            }
        }
        happened
    }

    /// Every payment and refund that moved money.
    pub(crate) fn books(&self) -> Vec<BookLine> {
        let paid = self.orders.values().filter_map(book_of_payment);
        let reversed = self.orders.values().filter_map(book_of_reversal);
        let refunded = self.refunds.values().filter_map(book_of_refund);
        let mut lines: Vec<_> = paid.chain(reversed).chain(refunded).collect();
        lines.sort_by(|a, b| (a.at, &a.request_no).cmp(&(b.at, &b.request_no)));
        lines
    }

    fn key(&self, party: &Party, which: OrderRef<'_>) -> Result<OrderKey, Refusal> {
        match which {
            OrderRef::OutTradeNo(no) => Ok((party.clone(), no.to_owned())),
            OrderRef::TransactionId(id) => {
                let key = self.by_transaction.get(id).ok_or(Refusal::OrderUnknown)?;
                if key.0 == *party { Ok(key.clone()) } else { Err(Refusal::OrderUnknown) }
            }
        }
    }

    fn insert(&mut self, order: Order) {
        let key = order.key();
        self.by_out_trade_no.insert(key.1.clone(), key.clone());
        self.orders.insert(key, order);
    }

    fn is_paying(&self, key: &OrderKey) -> bool {
        self.orders.get(key).is_some_and(|order| order.state == State::UserPaying)
    }

    fn pay(&mut self, now: Timestamp, key: &OrderKey) {
        let Some(order) = self.orders.get_mut(key) else {
            return;
        };
        let transaction_id = self.numbers.transaction_id(now);
        order.state = State::Success;
        order.paid_at = Some(now);
        order.transaction_id = Some(transaction_id.clone());
        let payer = order.payer.take().or_else(|| order.terms.openid.clone());
        order.payer = Some(payer.unwrap_or_else(|| openid(&key.1)));
        self.by_transaction.insert(transaction_id, key.clone());
    }
}

/// A code payment that is about to be made.
#[derive(Debug)]
pub(crate) struct NewCharge {
    pub(crate) key: OrderKey,
    pub(crate) terms: Terms,
    pub(crate) trust: Trust,
    pub(crate) openid: String,
}

fn new_order(now: Timestamp, key: OrderKey, terms: Terms, trust: Trust) -> Order {
    Order {
        party: key.0,
        out_trade_no: key.1,
        terms,
        trust,
        created: now,
        transaction_id: None,
        paid_at: None,
        payer: None,
        refunds: Vec::new(),
        payer_left: false,
        state: State::NotPay,
        reversed: None,
    }
}

fn book_of_payment(order: &Order) -> Option<BookLine> {
    Some(BookLine {
        channel: super::CODE,
        account: order.party.account().to_owned(),
        order_no: order.out_trade_no.clone(),
        request_no: order.out_trade_no.clone(),
        trade_no: order.transaction_id.clone()?,
        kind: BookKind::Pay,
        amount: order.terms.total,
        status: order.trade_state(),
        at: order.paid_at?,
    })
}

/// WeChat's bill shows a reversal as a refund row of state REVOKED under the same order.
fn book_of_reversal(order: &Order) -> Option<BookLine> {
    let (refund_id, at) = order.reversed.as_ref()?;
    Some(BookLine {
        request_no: refund_id.clone(),
        kind: BookKind::Refund,
        at: *at,
        ..book_of_payment(order)?
    })
}

fn book_of_refund(refund: &Refund) -> Option<BookLine> {
    Some(BookLine {
        channel: super::CODE,
        account: refund.party.account().to_owned(),
        order_no: refund.out_trade_no.clone(),
        request_no: refund.ask.out_refund_no.clone(),
        trade_no: refund.transaction_id.clone(),
        kind: BookKind::Refund,
        amount: refund.ask.refund,
        status: refund.status(),
        at: refund.succeeded_at?,
    })
}

/// Fen as the channel's messages carry them.
pub(crate) fn fen(minor: u64) -> Result<Amount, Refusal> {
    match Amount::new(minor, Currency::Cny) {
        Ok(amount) if !amount.is_zero() => Ok(amount),
        Ok(_) | Err(_) => Err(Refusal::Malformed),
    }
}
