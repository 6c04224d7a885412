//! What a channel account may take: per trade, per day, per month, in all. What is reserved counts
//! at once, so that a limit is never exceeded by payments that are still under way.

use jiff::civil::Date;
use money::{Amount, Currency};

/// An amount and a number of trades; what is left out is not limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cap {
    pub amount: Option<Amount>,
    pub count: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Limits {
    pub trade_min: Option<Amount>,
    pub trade_max: Option<Amount>,
    pub day: Cap,
    pub month: Cap,
    pub total: Cap,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sum {
    pub amount: Amount,
    pub count: u64,
}

/// What an account has taken and reserved in one currency. The days are accounting days (China's, by
/// [`crate::china`], unless the caller cuts them otherwise); they only go forward.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage(UsageParts);

/// A usage as a store keeps it: read back through [`Usage::from_parts`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UsageParts {
    /// The day that is open; `None` before the first trade.
    pub day: Option<Date>,
    /// Of the open day, reserved or taken.
    pub today: Sum,
    /// Of its month.
    pub this_month: Sum,
    pub total: Sum,
    /// The part of the total that is reserved and not settled.
    pub pending: Sum,
}

/// One trade's amount, set aside: to be settled or released, once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reservation {
    pub amount: Amount,
    /// The accounting day that it counts on.
    pub day: Date,
}

/// Which limit a trade would break, by precedence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
pub enum LimitHit {
    #[error("the account is limited or counted in another currency")]
    Currency,
    #[error("the trade is too small")]
    TradeMin,
    #[error("the trade is too large")]
    TradeMax,
    #[error("the day's limit")]
    Day,
    #[error("the month's limit")]
    Month,
    #[error("the account's capacity")]
    Total,
}

/// Nothing like it is set aside: it was settled or released before, or never reserved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no such amount is reserved")]
pub struct NotReserved;

/// Sums that contradict each other, or are of different currencies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the sums of the usage contradict each other")]
pub struct UsageContradicts;

impl LimitHit {
    pub const ALL: [Self; 6] =
        [Self::Currency, Self::TradeMin, Self::TradeMax, Self::Day, Self::Month, Self::Total];

    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Currency => "limit_currency",
            Self::TradeMin => "trade_min",
            Self::TradeMax => "trade_max",
            Self::Day => "day_limit",
            Self::Month => "month_limit",
            Self::Total => "capacity",
        }
    }
}

impl Cap {
    fn check(self, sum: Sum, hit: LimitHit) -> Result<(), LimitHit> {
        let within = match self.amount {
            Some(most) => sum.amount.try_cmp(most).or(Err(LimitHit::Currency))?.is_le(),
            None => true,
        };
        let few = self.count.is_none_or(|most| sum.count <= most);
        if within && few { Ok(()) } else { Err(hit) }
    }
}

impl Limits {
    fn check_trade(&self, amount: Amount) -> Result<(), LimitHit> {
        let compared = |bound: Amount| amount.try_cmp(bound).or(Err(LimitHit::Currency));
        let (min, max) = (self.trade_min.map(compared), self.trade_max.map(compared));
        if min.transpose()?.is_some_and(|order| order.is_lt()) {
            return Err(LimitHit::TradeMin);
        }
        if max.transpose()?.is_some_and(|order| order.is_gt()) {
            return Err(LimitHit::TradeMax);
        }
        Ok(())
    }

    /// All are asked for their currency first: a limit in another one holds nothing back otherwise.
    fn check_currency(&self, currency: Currency) -> Result<(), LimitHit> {
        let caps = [self.day.amount, self.month.amount, self.total.amount];
        let mut bounds = [self.trade_min, self.trade_max].into_iter().chain(caps).flatten();
        if bounds.all(|bound| bound.currency() == currency) {
            Ok(())
        } else {
            Err(LimitHit::Currency)
        }
    }
}

impl Sum {
    const fn zero(currency: Currency) -> Self {
        Self { amount: Amount::zero(currency), count: 0 }
    }

    /// `None` beyond the largest amount: no limit would hold there.
    fn plus(self, amount: Amount) -> Option<Self> {
        Some(Self { amount: self.amount.try_add(amount).ok()?, count: self.count.checked_add(1)? })
    }

    fn minus(self, amount: Amount) -> Result<Self, NotReserved> {
        let amount = self.amount.try_sub(amount).or(Err(NotReserved))?;
        Ok(Self { amount, count: self.count.checked_sub(1).ok_or(NotReserved)? })
    }

    fn is_part_of(self, whole: Self) -> bool {
        self.count <= whole.count && self.amount.try_cmp(whole.amount).is_ok_and(|o| o.is_le())
    }
}

impl Usage {
    /// An account that has taken nothing.
    #[must_use]
    pub const fn empty(currency: Currency) -> Self {
        let zero = Sum::zero(currency);
        Self(UsageParts { day: None, today: zero, this_month: zero, total: zero, pending: zero })
    }

    /// # Errors
    /// [`UsageContradicts`] when a part is larger than its whole, or of another currency.
    pub fn from_parts(parts: UsageParts) -> Result<Self, UsageContradicts> {
        let before_the_first = parts.day.is_none() && parts.total.count > 0;
        let holds = parts.today.is_part_of(parts.this_month)
            && parts.this_month.is_part_of(parts.total)
            && parts.pending.is_part_of(parts.total)
            && !before_the_first;
        if holds { Ok(Self(parts)) } else { Err(UsageContradicts) }
    }

    #[must_use]
    pub const fn parts(self) -> UsageParts {
        self.0
    }

    /// Whether a trade would fit.
    ///
    /// # Errors
    /// The first of [`LimitHit`] that it would break.
    pub fn room(&self, limits: &Limits, amount: Amount, day: Date) -> Result<(), LimitHit> {
        self.with(limits, amount, day).map(|_| ())
    }

    /// Sets a trade's amount aside.
    ///
    /// # Errors
    /// The first of [`LimitHit`] that it would break; nothing is set aside then.
    pub fn reserve(
        self,
        limits: &Limits,
        amount: Amount,
        day: Date,
    ) -> Result<(Self, Reservation), LimitHit> {
        let parts = self.with(limits, amount, day)?;
        Ok((Self(parts), Reservation { amount, day: parts.day.unwrap_or(day) }))
    }

    fn with(&self, limits: &Limits, amount: Amount, day: Date) -> Result<UsageParts, LimitHit> {
        if amount.currency() != self.0.total.amount.currency() {
            return Err(LimitHit::Currency);
        }
        limits.check_currency(amount.currency())?;
        limits.check_trade(amount)?;
        let now = self.on(day);
        let grown = |sum: Sum, cap: Cap, hit: LimitHit| {
            let sum = sum.plus(amount).ok_or(hit)?;
            cap.check(sum, hit).map(|()| sum)
        };
        Ok(UsageParts {
            day: now.day,
            today: grown(now.today, limits.day, LimitHit::Day)?,
            this_month: grown(now.this_month, limits.month, LimitHit::Month)?,
            total: grown(now.total, limits.total, LimitHit::Total)?,
            pending: now.pending.plus(amount).ok_or(LimitHit::Total)?,
        })
    }

    /// The trade took the money: its amount stays counted and waits no more.
    ///
    /// # Errors
    /// [`NotReserved`]
    pub fn settle(self, reservation: Reservation) -> Result<Self, NotReserved> {
        let pending = self.0.pending.minus(reservation.amount)?;
        Self::from_parts(UsageParts { pending, ..self.0 }).or(Err(NotReserved))
    }

    /// The trade took a part of what was set aside: the rest is given back, and the trade stays counted.
    ///
    /// # Errors
    /// [`NotReserved`]
    pub fn settle_part(self, reservation: Reservation, part: Amount) -> Result<Self, NotReserved> {
        let settled = self.settle(reservation)?;
        let rest = reservation.amount.try_sub(part).or(Err(NotReserved))?;
        let less = |sum: Sum| {
            let amount = sum.amount.try_sub(rest).or(Err(NotReserved))?;
            Ok::<_, NotReserved>(Sum { amount, ..sum })
        };
        let (now, open) = (settled.0, settled.0.day.ok_or(NotReserved)?);
        let (same_day, same_month) =
            (open == reservation.day, month(open) == month(reservation.day));
        let parts = UsageParts {
            today: if same_day { less(now.today)? } else { now.today },
            this_month: if same_month { less(now.this_month)? } else { now.this_month },
            total: less(now.total)?,
            ..now
        };
        Self::from_parts(parts).or(Err(NotReserved))
    }

    /// The trade took no money: its amount is given back. A day or month that is over is not opened
    /// again.
    ///
    /// # Errors
    /// [`NotReserved`]
    pub fn release(self, reservation: Reservation) -> Result<Self, NotReserved> {
        let (amount, open) = (reservation.amount, self.0.day.ok_or(NotReserved)?);
        let (now, same_day) = (self.0, open == reservation.day);
        let same_month = month(open) == month(reservation.day);
        let parts = UsageParts {
            day: now.day,
            today: if same_day { now.today.minus(amount)? } else { now.today },
            this_month: if same_month { now.this_month.minus(amount)? } else { now.this_month },
            total: now.total.minus(amount)?,
            pending: now.pending.minus(amount)?,
        };
        Self::from_parts(parts).or(Err(NotReserved))
    }

    /// As it stands on a day: a later day begins at nothing. A trade of an earlier day, which comes
    /// over the cut, counts on the day that is open.
    fn on(&self, day: Date) -> UsageParts {
        let now = self.0;
        let zero = Sum::zero(now.total.amount.currency());
        match now.day {
            Some(open) if open >= day => now,
            Some(open) if month(open) == month(day) => {
                UsageParts { day: Some(day), today: zero, ..now }
            }
            Some(_) | None => UsageParts { day: Some(day), today: zero, this_month: zero, ..now },
        }
    }
}

fn month(day: Date) -> (i16, i8) {
    (day.year(), day.month())
}
