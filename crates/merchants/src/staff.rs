//! 店员: who stands at a till, and what he may do there.

use std::collections::BTreeSet;

use ids::MerchantId;
use jiff::{SignedDuration, Timestamp};

/// Wrong PINs in a row before the number is locked.
pub const PIN_FAILURES_MAX: u32 = 5;
/// How long it stays locked.
pub const LOCK: SignedDuration = SignedDuration::from_mins(15);

/// A person of a merchant's, known at the till by a number and a PIN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Staff {
    pub merchant: MerchantId,
    /// 工号
    pub number: String,
    pub name: String,
    /// What proves the PIN; the PIN is not kept.
    pub verifier: [u8; 32],
    pub rights: BTreeSet<StaffRight>,
    /// Wrong PINs since the last right one.
    pub failures: u32,
    pub locked_until: Option<Timestamp>,
    /// Tokens made before are void: he signed out.
    pub tokens_from: Timestamp,
    pub created_at: Timestamp,
    pub revoked_at: Option<Timestamp>,
}

/// What not everybody at a till may do. Taking payments needs none of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StaffRight {
    /// 退款
    Refund,
    /// 开班、交班
    Shift,
    /// 撤销
    Void,
}

/// Why a person is not let in, by precedence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum StaffRefusal {
    #[error("the number is locked after too many wrong PINs")]
    Locked,
    #[error("the number or the PIN is wrong")]
    Unknown,
    #[error("nobody is signed in, or not any more")]
    SignedOut,
    #[error("whoever is signed in may not do this")]
    RightMissing,
}

impl StaffRight {
    pub const ALL: [Self; 3] = [Self::Refund, Self::Shift, Self::Void];

    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Refund => "refund",
            Self::Shift => "shift",
            Self::Void => "void",
        }
    }

    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|right| right.code() == code)
    }
}

impl StaffRefusal {
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Locked => "staff_locked",
            Self::Unknown => "staff_unknown",
            Self::SignedOut => "staff_signed_out",
            Self::RightMissing => "staff_right_missing",
        }
    }
}

impl Staff {
    /// A PIN was entered. The row changes even where it was wrong.
    ///
    /// # Errors
    /// [`StaffRefusal::Locked`], [`StaffRefusal::Unknown`]
    pub fn tried(&self, right: bool, now: Timestamp) -> (Self, Result<(), StaffRefusal>) {
        if self.locked_until.is_some_and(|until| now < until) {
            return (self.clone(), Err(StaffRefusal::Locked));
        }
        if right && self.revoked_at.is_none() {
            return (Self { failures: 0, locked_until: None, ..self.clone() }, Ok(()));
        }
        let failures = self.failures.saturating_add(1);
        let locked = failures >= PIN_FAILURES_MAX;
        let next = Self {
            failures: if locked { 0 } else { failures },
            locked_until: locked.then(|| now.saturating_add(LOCK).unwrap_or(now)),
            ..self.clone()
        };
        (next, Err(StaffRefusal::Unknown))
    }

    /// Whether a token that was made then still stands for him.
    ///
    /// # Errors
    /// [`StaffRefusal::SignedOut`]
    pub fn signed_in(&self, made_at: Timestamp) -> Result<(), StaffRefusal> {
        let stands = self.revoked_at.is_none() && made_at >= self.tokens_from;
        if stands { Ok(()) } else { Err(StaffRefusal::SignedOut) }
    }

    /// # Errors
    /// [`StaffRefusal::RightMissing`]
    pub fn may(&self, right: StaffRight) -> Result<(), StaffRefusal> {
        if self.rights.contains(&right) { Ok(()) } else { Err(StaffRefusal::RightMissing) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn wang() -> Staff {
        Staff {
            merchant: MerchantId::from_i64(1).unwrap(),
            number: "01".to_owned(),
            name: "王芳".to_owned(),
            verifier: [7; 32],
            rights: BTreeSet::from([StaffRight::Void]),
            failures: 0,
            locked_until: None,
            tokens_from: at(10),
            created_at: at(0),
            revoked_at: None,
        }
    }

    #[test]
    fn five_wrong_pins_lock_the_number_for_a_while() {
        let mut staff = wang();
        for _ in 0..PIN_FAILURES_MAX {
            let (next, said) = staff.tried(false, at(100));
            assert_eq!(said, Err(StaffRefusal::Unknown));
            staff = next;
        }
        assert_eq!(staff.tried(true, at(101)).1, Err(StaffRefusal::Locked), "the right one, too");
        assert_eq!(staff.tried(true, at(100 + 15 * 60)).1, Ok(()));
        let (once, _) = wang().tried(false, at(1));
        let (again, _) = once.tried(true, at(2));
        assert_eq!(again.failures, 0, "a right PIN forgives");
        let gone = Staff { revoked_at: Some(at(1)), ..wang() };
        assert_eq!(gone.tried(true, at(2)).1, Err(StaffRefusal::Unknown));
    }

    #[test]
    fn a_token_ends_with_signing_out() {
        assert_eq!(wang().signed_in(at(10)), Ok(()));
        assert_eq!(wang().signed_in(at(9)), Err(StaffRefusal::SignedOut));
        assert_eq!(wang().may(StaffRight::Void), Ok(()));
        assert_eq!(wang().may(StaffRight::Refund), Err(StaffRefusal::RightMissing));
    }
}
