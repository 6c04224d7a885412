//! What a channel account may take: per trade, per day, per month, in all. What is reserved counts
//! at once, so that a limit is never exceeded by payments that are still under way.

use jiff::civil::Date;

/// Minor units and trades; what is left out is not limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cap {
    pub amount: Option<u64>,
    pub count: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Limits {
    pub trade_min: Option<u64>,
    pub trade_max: Option<u64>,
    pub day: Cap,
    pub month: Cap,
    pub total: Cap,
}

/// What an account has taken and reserved, in the day and month of its last trade and in all. The
/// days are accounting days, given by the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    day: Option<Date>,
    today: Sum,
    this_month: Sum,
    total: Sum,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Sum {
    amount: u64,
    count: u64,
}

/// Which limit a trade would break, by precedence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
pub enum LimitHit {
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

impl LimitHit {
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::TradeMin => "trade_min",
            Self::TradeMax => "trade_max",
            Self::Day => "day_limit",
            Self::Month => "month_limit",
            Self::Total => "capacity",
        }
    }
}

impl Cap {
    fn holds(self, sum: Sum) -> bool {
        self.amount.is_none_or(|most| sum.amount <= most)
            && self.count.is_none_or(|most| sum.count <= most)
    }
}

impl Sum {
    /// Beyond 64 bits there is no limit that would hold.
    fn plus(self, amount: u64) -> Option<Self> {
        Some(Self { amount: self.amount.checked_add(amount)?, count: self.count.checked_add(1)? })
    }

    const fn minus(self, amount: u64) -> Self {
        Self { amount: self.amount.saturating_sub(amount), count: self.count.saturating_sub(1) }
    }
}

impl Usage {
    /// Sets a trade's amount aside.
    ///
    /// # Errors
    /// The first of [`LimitHit`] that it would break; nothing is set aside then.
    pub fn reserve(self, limits: &Limits, amount: u64, day: Date) -> Result<Self, LimitHit> {
        if limits.trade_min.is_some_and(|least| amount < least) {
            return Err(LimitHit::TradeMin);
        }
        if limits.trade_max.is_some_and(|most| amount > most) {
            return Err(LimitHit::TradeMax);
        }
        let now = self.on(day);
        let today = now.today.plus(amount).filter(|sum| limits.day.holds(*sum));
        let this_month = now.this_month.plus(amount).filter(|sum| limits.month.holds(*sum));
        let total = now.total.plus(amount).filter(|sum| limits.total.holds(*sum));
        Ok(Self {
            day: now.day,
            today: today.ok_or(LimitHit::Day)?,
            this_month: this_month.ok_or(LimitHit::Month)?,
            total: total.ok_or(LimitHit::Total)?,
        })
    }

    /// Gives back what a trade that took no money had set aside on that day. A day or month that is
    /// over is not opened again.
    #[must_use]
    pub fn release(self, amount: u64, day: Date) -> Self {
        let same_day = self.day == Some(day);
        let same_month = self.day.is_some_and(|now| month(now) == month(day));
        Self {
            day: self.day,
            today: if same_day { self.today.minus(amount) } else { self.today },
            this_month: if same_month { self.this_month.minus(amount) } else { self.this_month },
            total: self.total.minus(amount),
        }
    }

    /// Minor units and trades of the day, reserved ones included.
    #[must_use]
    pub fn of_day(self, day: Date) -> (u64, u64) {
        let sum = self.on(day).today;
        (sum.amount, sum.count)
    }

    /// The same of all time.
    #[must_use]
    pub const fn in_all(self) -> (u64, u64) {
        (self.total.amount, self.total.count)
    }

    /// As it stands on a day: a later day begins at nothing. A trade of an earlier day, which comes
    /// over the cut, counts on the day that is open.
    fn on(self, day: Date) -> Self {
        match self.day {
            Some(known) if known >= day => self,
            Some(known) if month(known) == month(day) => {
                Self { day: Some(day), today: Sum::default(), ..self }
            }
            Some(_) | None => Self {
                day: Some(day),
                today: Sum::default(),
                this_month: Sum::default(),
                total: self.total,
            },
        }
    }
}

fn month(day: Date) -> (i16, i8) {
    (day.year(), day.month())
}
