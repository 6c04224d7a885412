//! How a use case fails: refused with a stable code, or failed for a reason of ours.

use crate::cashier::CashierRefusal;
use crypto::pos::KeyFault;
use merchants::{ActivationRefusal, CeremonyRefusal, ShiftRefusal, StaffRefusal};
use orders::{
    CaseRefusal, CloseRefusal, CreateRefusal, DifferenceRefusal, LegRefusal, RefundRefusal,
    WalletRefusal,
};
use store::StoreError;

/// A refusal that the asker can act on. The request changed nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("{0}")]
    Create(CreateRefusal),
    #[error("{0}")]
    Shift(ShiftRefusal),
    #[error("{0}")]
    Case(CaseRefusal),
    #[error("{0}")]
    Activation(ActivationRefusal),
    #[error("{0}")]
    Staff(StaffRefusal),
    #[error("{0}")]
    Cashier(CashierRefusal),
    #[error("{0}")]
    Ceremony(CeremonyRefusal),
    #[error("{0}")]
    Difference(DifferenceRefusal),
    #[error("{0}")]
    Leg(LegRefusal),
    #[error("{0}")]
    Close(CloseRefusal),
    #[error("{0}")]
    Refund(RefundRefusal),
    #[error("{0}")]
    Wallet(WalletRefusal),
    #[error("there is no such payment")]
    PaymentNotFound,
    #[error("the payment has no such leg")]
    LegNotFound,
    #[error("there is no such notification")]
    NotificationNotFound,
    #[error("the merchant is suspended")]
    MerchantSuspended,
}

/// A failure on our side. What the asker wanted may be tried again with the same number.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error("the store failed")]
    Store(#[from] StoreError),
    #[error("what is stored cannot be used: {what}")]
    Unusable { what: &'static str },
    #[error(transparent)]
    Keys(#[from] KeyFault),
}

#[derive(Debug, thiserror::Error)]
pub enum UseCaseError {
    #[error(transparent)]
    Refused(#[from] Refused),
    #[error(transparent)]
    Failed(#[from] Failure),
}

impl From<StoreError> for UseCaseError {
    fn from(error: StoreError) -> Self {
        Self::Failed(Failure::Store(error))
    }
}

impl From<KeyFault> for UseCaseError {
    fn from(fault: KeyFault) -> Self {
        Self::Failed(Failure::Keys(fault))
    }
}

impl From<CreateRefusal> for UseCaseError {
    fn from(refusal: CreateRefusal) -> Self {
        Self::Refused(Refused::Create(refusal))
    }
}

impl From<RefundRefusal> for UseCaseError {
    fn from(refusal: RefundRefusal) -> Self {
        Self::Refused(Refused::Refund(refusal))
    }
}

impl Refused {
    /// The stable code of the API.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Create(refusal) => refusal.code(),
            Self::Shift(refusal) => refusal.code(),
            Self::Case(refusal) => refusal.code(),
            Self::Activation(refusal) => refusal.code(),
            Self::Staff(refusal) => refusal.code(),
            Self::Cashier(refusal) => refusal.code(),
            Self::Ceremony(refusal) => refusal.code(),
            Self::Difference(refusal) => refusal.code(),
            Self::Leg(refusal) => refusal.code(),
            Self::Close(refusal) => refusal.code(),
            Self::Refund(refusal) => refusal.code(),
            Self::Wallet(refusal) => refusal.code(),
            Self::PaymentNotFound => "payment_not_found",
            Self::LegNotFound => "leg_not_found",
            Self::NotificationNotFound => "notification_not_found",
            Self::MerchantSuspended => "merchant_suspended",
        }
    }
}

impl Failure {
    /// Whether nothing was done because too much waits: the asker may come back soon.
    #[must_use]
    pub const fn is_overload(&self) -> bool {
        matches!(self, Self::Store(StoreError::Overloaded | StoreError::Stopped))
    }

    pub(crate) const fn unusable(what: &'static str) -> Self {
        Self::Unusable { what }
    }
}
