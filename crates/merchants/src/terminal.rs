//! Terminals: where a payment starts.

use ids::{MerchantId, StoreId, TerminalId};
use jiff::Timestamp;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terminal {
    pub id: TerminalId,
    pub merchant: MerchantId,
    pub store: StoreId,
    pub kind: TerminalKind,
    pub name: String,
    pub created_at: Timestamp,
    pub revoked_at: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TerminalKind {
    /// 收银机
    CounterRegister,
    /// 伴侣机: stands beside a register that cannot be changed.
    CompanionDevice,
    /// 智能POS
    SmartPos,
    /// 微店: H5 page or official account.
    MicroStore,
    /// 扫码点餐桌码
    TableCode,
    /// 聚合收款码牌
    QrPlate,
}

impl TerminalKind {
    pub const ALL: [Self; 6] = [
        Self::CounterRegister,
        Self::CompanionDevice,
        Self::SmartPos,
        Self::MicroStore,
        Self::TableCode,
        Self::QrPlate,
    ];

    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::CounterRegister => "counter_register",
            Self::CompanionDevice => "companion_device",
            Self::SmartPos => "smart_pos",
            Self::MicroStore => "micro_store",
            Self::TableCode => "table_code",
            Self::QrPlate => "qr_plate",
        }
    }

    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }
}
