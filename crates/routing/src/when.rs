//! Conditions of a rule: what a payment must be, and which conditions make no sense.

use std::collections::BTreeSet;

use ids::{ChannelCode, MerchantId, StoreId};
use jiff::civil::{Date, Time, Weekday};
use money::Amount;

use crate::Request;

/// Merchants, stores or kinds of terminals that one condition lists.
pub const LISTED_MAX: usize = 1_000;
/// Days after which every weekday has come.
const WEEK_DAYS: usize = 7;

/// What is left out fits every payment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct When {
    pub merchants: Option<BTreeSet<MerchantId>>,
    pub stores: Option<BTreeSet<StoreId>>,
    /// Kinds of terminals, by their codes.
    pub terminals: Option<BTreeSet<String>>,
    /// 付款方式: the payer's wallet, or `card`.
    pub tender: Option<ChannelCode>,
    pub direction: Option<Direction>,
    /// From and up to these amounts, both included; a payment in another currency does not fit.
    pub amount: Option<(Amount, Amount)>,
    /// From this time of the day and before that one; over midnight where the second is earlier.
    pub time: Option<(Time, Time)>,
    /// Weekdays of the payment itself: after midnight it is the next day, whenever a window began.
    pub weekdays: Option<Vec<Weekday>>,
    /// From and up to these days, both included.
    pub dates: Option<(Date, Date)>,
    pub payer_bank: Option<String>,
    pub card: Option<CardType>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// B 扫 C
    MerchantScans,
    /// C 扫 B
    PayerScans,
    /// JSAPI, mini programs, apps
    InApp,
    /// H5
    Web,
    /// A card at a POS.
    Card,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CardType {
    Debit,
    Credit,
}

/// The time of a payment, taken apart once for all rules.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    date: Date,
    time: Time,
    weekday: Weekday,
}

impl Moment {
    pub(crate) fn of(request: &Request) -> Self {
        let date = request.at.date();
        Self { date, time: request.at.time(), weekday: date.weekday() }
    }
}

impl When {
    /// Whether a payment meets all of it; the cheap conditions are asked first.
    pub(crate) fn fits(&self, request: &Request, moment: &Moment) -> bool {
        let Moment { date, time, weekday } = *moment;
        equals(self.direction.as_ref(), Some(&request.direction))
            && equals(self.card.as_ref(), request.card.as_ref())
            && self.amount.is_none_or(|range| is_within(range, request.amount))
            && self.time.is_none_or(|window| is_inside(window, time))
            && self.dates.is_none_or(|(from, to)| from <= date && date <= to)
            && self.weekdays.as_ref().is_none_or(|days| days.contains(&weekday))
            && equals(self.tender.as_ref(), Some(&request.tender))
            && is_in(self.merchants.as_ref(), Some(&request.merchant))
            && is_in(self.stores.as_ref(), request.store.as_ref())
            && is_in(self.terminals.as_ref(), request.terminal.as_ref())
            && equals(self.payer_bank.as_ref(), request.payer_bank.as_ref())
    }

    pub(crate) fn is_too_long(&self) -> bool {
        self.merchants.as_ref().is_some_and(|set| set.len() > LISTED_MAX)
            || self.stores.as_ref().is_some_and(|set| set.len() > LISTED_MAX)
            || self.terminals.as_ref().is_some_and(|set| set.len() > LISTED_MAX)
            || self.weekdays.as_ref().is_some_and(|days| days.len() > WEEK_DAYS)
    }

    /// Whether no payment can ever meet it.
    pub(crate) fn is_impossible(&self) -> bool {
        self.merchants.as_ref().is_some_and(BTreeSet::is_empty)
            || self.stores.as_ref().is_some_and(BTreeSet::is_empty)
            || self.terminals.as_ref().is_some_and(BTreeSet::is_empty)
            || self.weekdays.as_ref().is_some_and(Vec::is_empty)
            || self.amount.is_some_and(|(from, to)| !from.try_cmp(to).is_ok_and(|o| o.is_le()))
            || self.time.is_some_and(|(from, until)| from == until)
            || self.dates.is_some_and(|(from, to)| from > to)
            || self.days_never_meet()
    }

    /// A few dates, none of which is one of the weekdays.
    fn days_never_meet(&self) -> bool {
        let (Some(weekdays), Some((from, to))) = (&self.weekdays, self.dates) else {
            return false;
        };
        let days = std::iter::successors(Some(from), |day| day.tomorrow().ok());
        let mut days = days.take(WEEK_DAYS).take_while(|day| *day <= to);
        !days.any(|day| weekdays.contains(&day.weekday()))
    }

    /// Whether every payment that meets `other` meets this one too. It may miss a case (windows over
    /// midnight are only compared as equal), but what it says is so.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        let subset = |ours: &BTreeSet<String>, theirs: &BTreeSet<String>| theirs.is_subset(ours);
        let amounts = |ours: &(Amount, Amount), theirs: &(Amount, Amount)| {
            is_within(*ours, theirs.0) && is_within(*ours, theirs.1)
        };
        let times = |ours: &(Time, Time), theirs: &(Time, Time)| {
            let plain = ours.0 < ours.1 && theirs.0 < theirs.1;
            ours == theirs || (plain && ours.0 <= theirs.0 && theirs.1 <= ours.1)
        };
        is_wider(self.merchants.as_ref(), other.merchants.as_ref(), |a, b| b.is_subset(a))
            && is_wider(self.stores.as_ref(), other.stores.as_ref(), |a, b| b.is_subset(a))
            && is_wider(self.terminals.as_ref(), other.terminals.as_ref(), subset)
            && is_wider(self.tender.as_ref(), other.tender.as_ref(), PartialEq::eq)
            && is_wider(self.direction.as_ref(), other.direction.as_ref(), PartialEq::eq)
            && is_wider(self.amount.as_ref(), other.amount.as_ref(), amounts)
            && is_wider(self.time.as_ref(), other.time.as_ref(), times)
            && is_wider(self.weekdays.as_ref(), other.weekdays.as_ref(), |a, b| {
                b.iter().all(|day| a.contains(day))
            })
            && is_wider(self.dates.as_ref(), other.dates.as_ref(), |a, b| a.0 <= b.0 && b.1 <= a.1)
            && is_wider(self.payer_bank.as_ref(), other.payer_bank.as_ref(), PartialEq::eq)
            && is_wider(self.card.as_ref(), other.card.as_ref(), PartialEq::eq)
    }
}

fn is_wider<T>(
    ours: Option<&T>,
    theirs: Option<&T>,
    contains: impl FnOnce(&T, &T) -> bool,
) -> bool {
    match (ours, theirs) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(ours), Some(theirs)) => contains(ours, theirs),
    }
}

fn is_within((from, to): (Amount, Amount), amount: Amount) -> bool {
    from.try_cmp(amount).is_ok_and(|order| order.is_le())
        && to.try_cmp(amount).is_ok_and(|order| order.is_ge())
}

fn is_inside((from, until): (Time, Time), now: Time) -> bool {
    if from <= until { from <= now && now < until } else { from <= now || now < until }
}

fn equals<T: PartialEq>(asked: Option<&T>, given: Option<&T>) -> bool {
    asked.is_none() || asked == given
}

fn is_in<T: Ord>(asked: Option<&BTreeSet<T>>, given: Option<&T>) -> bool {
    asked.is_none_or(|set| given.is_some_and(|given| set.contains(given)))
}
