//! Whether a second account may be tried: only when the first surely did not take the money.

/// How a try ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Attempted {
    /// The message surely never left.
    NotSent,
    /// The channel refused for reasons of its own or of our account there.
    RefusedByChannel,
    /// The payer was refused: no money, a wrong or used code, risk control.
    PayerRefused,
    /// The money was taken.
    Paid,
    /// No answer, or none that says.
    Unknown,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Failover {
    Allowed,
    /// The next account would be told the same, or a scanned code is used up.
    Pointless,
    /// The payer could be charged twice.
    Forbidden,
}

impl Failover {
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Pointless => "pointless",
            Self::Forbidden => "forbidden",
        }
    }
}

/// What may follow.
#[must_use]
pub const fn failover(attempted: Attempted) -> Failover {
    match attempted {
        Attempted::NotSent | Attempted::RefusedByChannel => Failover::Allowed,
        Attempted::PayerRefused => Failover::Pointless,
        Attempted::Paid | Attempted::Unknown => Failover::Forbidden,
    }
}
