//! Shifts of a till's cash drawer 收银班次: opened with a float, counted when closed.

use ids::{MerchantId, ShiftId, TerminalId};
use jiff::Timestamp;
use money::{Amount, Currency};

/// The time between two counts of one drawer. A terminal has one open shift at most.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shift {
    pub id: ShiftId,
    pub merchant: MerchantId,
    pub terminal: TerminalId,
    pub opened_by: String,
    pub opened_at: Timestamp,
    /// 备用金: what lay in the drawer at first.
    pub float: Amount,
    /// Cash of payments at this terminal.
    pub taken: Amount,
    /// Cash given back for payments at this terminal.
    pub returned: Amount,
    pub closed: Option<Counted>,
}

/// The end of a shift.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    pub by: String,
    pub at: Timestamp,
    pub amount: Amount,
}

/// Why a shift is not opened or closed, by precedence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum ShiftRefusal {
    #[error("the terminal is not one of this merchant's, or was revoked")]
    TerminalNotFound,
    #[error("there is no such shift")]
    ShiftNotFound,
    #[error("the terminal has an open shift")]
    ShiftOpen,
    #[error("the shift was closed with another count")]
    ShiftClosed,
}

impl ShiftRefusal {
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::TerminalNotFound => "terminal_not_found",
            Self::ShiftNotFound => "shift_not_found",
            Self::ShiftOpen => "shift_open",
            Self::ShiftClosed => "shift_closed",
        }
    }
}

impl Shift {
    /// What should lie in the drawer, in minor units; below zero when more was given back than lay
    /// there.
    #[must_use]
    pub fn expected(&self) -> i64 {
        let minor = |amount: Amount| i64::try_from(amount.minor()).unwrap_or(i64::MAX);
        minor(self.float).saturating_add(minor(self.taken)).saturating_sub(minor(self.returned))
    }

    /// 长短款: what was counted less what should lie there; none while it is open.
    #[must_use]
    pub fn difference(&self) -> Option<i64> {
        let counted = self.closed.as_ref()?.amount.minor();
        Some(i64::try_from(counted).unwrap_or(i64::MAX).saturating_sub(self.expected()))
    }

    /// Closes it. The same count again changes nothing.
    ///
    /// # Errors
    /// [`ShiftRefusal::ShiftClosed`] where it was closed with another count.
    pub fn close(&self, counted: Counted) -> Result<Self, ShiftRefusal> {
        match &self.closed {
            Some(known) if known.amount == counted.amount && known.by == counted.by => {
                Ok(self.clone())
            }
            Some(_) => Err(ShiftRefusal::ShiftClosed),
            None => Ok(Self { closed: Some(counted), ..self.clone() }),
        }
    }

    #[must_use]
    pub fn currency(&self) -> Currency {
        self.float.currency()
    }
}
