//! Whether a second account may be tried: only when the first surely did not take the money.

use crate::health::Outcome;

/// How a try ended, or stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Attempted {
    /// The message surely never left.
    NotSent,
    /// The channel refused for reasons of its own or of our account there.
    RefusedByChannel,
    /// The payer was refused: no money, a wrong or used code, risk control.
    PayerRefused,
    /// The payer is still deciding.
    Pending,
    /// The money was taken.
    Paid,
    /// No answer, or none that says.
    Unknown,
}

/// What may follow a try.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Failover {
    Allowed,
    Forbidden(Hindrance),
}

/// Why no second account may be tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Hindrance {
    /// There is nothing left to pay.
    Paid,
    /// The payer could be charged twice.
    MayBePaid,
    /// He could still confirm the first one.
    PayerDeciding,
    /// The next account would be told the same, or a scanned code is used up.
    PayerRefused,
}

impl Attempted {
    pub const ALL: [Self; 6] = [
        Self::NotSent,
        Self::RefusedByChannel,
        Self::PayerRefused,
        Self::Pending,
        Self::Paid,
        Self::Unknown,
    ];

    /// What a try says of the channel's health, `ms` after it was sent. What the payer did or has
    /// not is no failure of the channel.
    #[must_use]
    pub const fn outcome(self, ms: u32) -> Outcome {
        match self {
            Self::Paid | Self::Pending | Self::PayerRefused => Outcome::Answered { ms },
            Self::NotSent | Self::RefusedByChannel | Self::Unknown => Outcome::Failed { ms },
        }
    }
}

impl Failover {
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Forbidden(Hindrance::Paid) => "paid",
            Self::Forbidden(Hindrance::MayBePaid) => "may_be_paid",
            Self::Forbidden(Hindrance::PayerDeciding) => "payer_deciding",
            Self::Forbidden(Hindrance::PayerRefused) => "payer_refused",
        }
    }

    /// For operators.
    #[must_use]
    pub const fn text(self) -> (&'static str, &'static str) {
        match self {
            Self::Allowed => ("the next account may be tried", "可切换下一账户"),
            Self::Forbidden(Hindrance::Paid) => ("it is paid", "已支付"),
            Self::Forbidden(Hindrance::MayBePaid) => {
                ("the money may have been taken", "结果未知，可能已扣款")
            }
            Self::Forbidden(Hindrance::PayerDeciding) => {
                ("the payer is still deciding", "付款人确认中")
            }
            Self::Forbidden(Hindrance::PayerRefused) => {
                ("the payer was refused, not the account", "付款人原因被拒，换渠道无益")
            }
        }
    }
}

/// Whether the next account may be tried.
#[must_use]
pub const fn failover(attempted: Attempted) -> Failover {
    match attempted {
        Attempted::NotSent | Attempted::RefusedByChannel => Failover::Allowed,
        Attempted::PayerRefused => Failover::Forbidden(Hindrance::PayerRefused),
        Attempted::Pending => Failover::Forbidden(Hindrance::PayerDeciding),
        Attempted::Paid => Failover::Forbidden(Hindrance::Paid),
        Attempted::Unknown => Failover::Forbidden(Hindrance::MayBePaid),
    }
}
