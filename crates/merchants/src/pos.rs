//! What a terminal needs to speak ISO 8583: its numbers, its keys, where it stands in its batches.

use ids::{MerchantId, TerminalId};
use jiff::Timestamp;

/// A terminal at the POS host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PosTerminal {
    pub terminal: TerminalId,
    pub merchant: MerchantId,
    /// 终端号, field 41: eight letters and digits.
    pub terminal_no: String,
    /// 商户号, field 42: fifteen letters and digits.
    pub merchant_code: String,
    pub model: PosModel,
    /// The keys, sealed: a master key always, working keys after the first sign-on.
    pub sealed_keys: Vec<u8>,
    /// Check value of the master key, eight hexadecimal digits.
    pub master_check: String,
    pub state: PosState,
    /// The batch that it works in, from 1.
    pub batch: u32,
    /// 批结算 of this batch was asked for: nothing more is taken in it.
    pub settled: bool,
    pub loaded: PosLoaded,
    /// 单笔限额: the most that one sale or pre-authorization may be, in fen; none without one.
    pub most: Option<u64>,
    pub signed_on_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// Which version of what it loads from the host a terminal has; 0 none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PosLoaded {
    pub parameters: u32,
    pub ca_keys: u32,
    pub aids: u32,
}

/// Where terminals of different makers differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PosModel {
    /// `UnionPay`'s rules as they are: triple DES, MAC "ECB" as eight characters.
    CupTdes,
    /// The same with a MAC key of double length.
    CupTdesLong,
    /// The same with a MAC by X9.9 as eight bytes.
    X99,
    /// By X9.19 as eight bytes.
    X919,
    /// By triple DES in CBC as eight bytes.
    TdesCbc,
    /// Folded, then one triple DES, as eight bytes.
    FoldOnce,
    /// 国密: all keys and the MAC by SM4, the PIN block in field 59.
    Sm4,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PosState {
    /// Has its master key and never signed on.
    Registered,
    SignedOn,
    SignedOff,
    /// Not to be served.
    Locked,
}

impl PosModel {
    pub const ALL: [Self; 7] = [
        Self::CupTdes,
        Self::CupTdesLong,
        Self::X99,
        Self::X919,
        Self::TdesCbc,
        Self::FoldOnce,
        Self::Sm4,
    ];

    /// For commands and stored rows; never changes.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::CupTdes => "cup_tdes",
            Self::CupTdesLong => "cup_tdes_long",
            Self::X99 => "x9_9",
            Self::X919 => "x9_19",
            Self::TdesCbc => "tdes_cbc",
            Self::FoldOnce => "fold_once",
            Self::Sm4 => "sm4",
        }
    }

    /// Whether its MAC key has sixteen bytes where it signs on with keys of double length.
    #[must_use]
    pub const fn has_long_mac_key(self) -> bool {
        match self {
            Self::CupTdes | Self::X99 => false,
            Self::CupTdesLong | Self::X919 | Self::TdesCbc | Self::FoldOnce | Self::Sm4 => true,
        }
    }

    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|model| model.code() == code)
    }
}

impl PosTerminal {
    /// Batches count to 999999 and begin anew.
    #[must_use]
    pub const fn next_batch(&self) -> u32 {
        if self.batch >= 999_999 { 1 } else { self.batch + 1 }
    }

    /// Whether both numbers are ones that fields 41 and 42 can carry.
    #[must_use]
    pub fn numbers_fit(terminal_no: &str, merchant_code: &str) -> bool {
        let plain = |text: &str, length| {
            text.len() == length && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        };
        plain(terminal_no, 8) && plain(merchant_code, 15)
    }
}
