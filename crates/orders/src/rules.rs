//! When money may be taken and given back: refund 退款 and void 撤销 are two interfaces with rules of
//! their own, which an institution and a merchant settle.

use clearing::FeeOnRefund;
use jiff::civil::{Date, Time};

use crate::order::Leg;
use crate::refund::RefundKind;
use crate::refusal::RefundRefusal;

/// What an institution, or one merchant of it, settled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TradeRules {
    /// Whether a refund is taken on the day of the payment, or only a void.
    pub refund_same_day: bool,
    /// The hours in which neither payments nor refunds nor voids are taken.
    pub blackout: Option<Blackout>,
    /// Days after the payment's in which it can be refunded. Alipay and WeChat Pay take refunds for a
    /// year.
    pub refund_window_days: u16,
    pub fee_on_refund: FeeOnRefund,
    pub short_of_money: ShortOfMoney,
}

/// What becomes of a refund that the merchant's money does not cover.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShortOfMoney {
    Refuse,
    /// It waits until the money has come in, for [`QUEUED_DAYS_MAX`] days at most.
    Queue,
}

/// A refund that waits for money longer fails.
pub const QUEUED_DAYS_MAX: i64 = 30;

/// From `from`, up to but without `to`, in China's time. Midnight as `to` is the end of the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Blackout {
    pub from: Time,
    pub to: Time,
}

/// The days that decide what is the same day: the books' and the channel's, never a clock's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Days {
    /// The accounting day on which the return is asked for.
    pub today: Date,
    /// The accounting day on which the last of the payment was booked.
    pub booked: Date,
    /// The first day on which a channel took money of it, in the channel's own time.
    pub channel: Date,
}

impl Default for TradeRules {
    /// The practice of the bank that the rules were learnt from: voids on the day, refunds from the
    /// next, nothing after ten in the evening.
    fn default() -> Self {
        Self {
            refund_same_day: false,
            blackout: Some(Blackout { from: Time::constant(22, 0, 0, 0), to: Time::midnight() }),
            refund_window_days: 365,
            fee_on_refund: FeeOnRefund::Returned,
            short_of_money: ShortOfMoney::Refuse,
        }
    }
}

impl TradeRules {
    /// The practice of the wallets: all hours, and refunds from the moment of the payment.
    #[must_use]
    pub fn of_wallets() -> Self {
        Self { refund_same_day: true, blackout: None, ..Self::default() }
    }

    /// Whether the hour is one in which nothing is taken.
    #[must_use]
    pub fn is_blackout(&self, time: Time) -> bool {
        self.blackout.is_some_and(|b| b.covers(time))
    }

    /// Whether a return is taken now; `legs` are those that it touches.
    ///
    /// # Errors
    /// [`RefundRefusal`], in its order.
    pub fn permit(
        &self,
        kind: RefundKind,
        time: Time,
        days: Days,
        legs: &[&Leg],
    ) -> Result<(), RefundRefusal> {
        // A terminal that gave a payment up cannot wait for the morning.
        if kind != RefundKind::Reversal && self.is_blackout(time) {
            return Err(RefundRefusal::Blackout);
        }
        let same_day = days.is_same();
        let touched = legs.iter().any(|l| l.refundable() != l.amount);
        match kind {
            RefundKind::Void | RefundKind::Reversal if !same_day => Err(RefundRefusal::VoidDayOver),
            RefundKind::Void | RefundKind::Reversal if touched => Err(RefundRefusal::VoidNotWhole),
            RefundKind::Refund if same_day && !self.refund_same_day => {
                Err(RefundRefusal::RefundSameDay)
            }
            RefundKind::Refund if days.since_booked() > i32::from(self.refund_window_days) => {
                Err(RefundRefusal::RefundWindowOver)
            }
            RefundKind::Void
            | RefundKind::Refund
            | RefundKind::Reversal
            | RefundKind::TopUpReturn => Ok(()),
        }
    }
}

impl Blackout {
    fn covers(self, time: Time) -> bool {
        match (self.from <= self.to, self.to == Time::midnight()) {
            (_, true) => time >= self.from,
            (true, false) => time >= self.from && time < self.to,
            // Over midnight.
            (false, false) => time >= self.from || time < self.to,
        }
    }
}

impl Days {
    /// A payment that one of the two has carried into another day is no longer to be undone there.
    #[must_use]
    pub fn is_same(self) -> bool {
        self.today == self.booked && self.today == self.channel
    }

    fn since_booked(self) -> i32 {
        self.today.since(self.booked).map_or(i32::MAX, |span| span.get_days())
    }
}
