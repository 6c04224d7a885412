//! Typed ids from one alphabetical registry, and numbers that outsiders gave.
//!
//! An id is 63 bits: 41 of milliseconds since 2025, 10 of the node that made it, 12 of a sequence.
//! So ids sort by time, index well, fit a signed 64-bit column of both stores, and several processes
//! never make the same one. Outside the platform an id is written with the prefix of its type:
//! `pay_0v3k8q2m4x1zc`.

mod outside;
mod source;
mod text;

pub use outside::{ApiKeyName, ChannelCode, ChannelTradeNo, MerchantNo, OutsideNumberError};
pub use source::{IdSource, NODE_MAX, NodeTooHigh};
pub use text::IdError;

/// One line per id type: its name, its prefix in text, what it names. Keep it alphabetical.
macro_rules! registry {
    ($($(#[doc = $doc:literal])* $name:ident = $prefix:literal;)*) => {
        $(
            $(#[doc = $doc])*
            #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
            pub struct $name(i64);

            impl $name {
                pub const PREFIX: &'static str = $prefix;

                /// # Errors
                /// [`IdError`] for a negative number: no id is below zero.
                pub const fn from_i64(raw: i64) -> Result<Self, IdError> {
                    if raw < 0 { Err(IdError) } else { Ok(Self(raw)) }
                }

                /// The number for a store's column, and for nothing else.
                #[must_use]
                pub const fn to_i64(self) -> i64 {
                    self.0
                }

                #[must_use]
                pub fn generate(source: &IdSource, now_ms: i64) -> Self {
                    Self(source.next(now_ms))
                }
            }

            impl std::fmt::Display for $name {
                fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    write!(f, "{}_{}", $prefix, text::encode(self.0))
                }
            }

            impl std::str::FromStr for $name {
                type Err = IdError;
                fn from_str(text: &str) -> Result<Self, IdError> {
                    let digits = text
                        .strip_prefix($prefix)
                        .and_then(|rest| rest.strip_prefix('_'))
                        .ok_or(IdError)?;
                    text::decode(digits).map(Self)
                }
            }
        )*

        #[cfg(test)]
        const REGISTRY: &[(&str, &str)] = &[$((stringify!($name), $prefix)),*];
    };
}

registry! {
    /// One call to a channel for one leg; our number at the channel is made from it.
    AttemptId = "att";
    /// 营销活动: a budget of the platform for discounts.
    CampaignId = "cmp";
    /// 密钥仪式: a key that comes or goes in components.
    CeremonyId = "cer";
    /// One version of the parameters and keys of our account at a channel.
    ChannelAccountId = "cha";
    /// Money set aside in an account until it is posted, voided or expires.
    HoldId = "hld";
    /// A piece of work that waits for its time.
    JobId = "job";
    /// A balanced set of entries, posted at once.
    JournalId = "jnl";
    /// The part of an order paid by one means.
    LegId = "leg";
    MerchantId = "mch";
    /// A message to a merchant about something that happened.
    NotificationId = "ntf";
    /// What the merchant asked to be paid: the parent of the legs. The API calls it a payment.
    OrderId = "pay";
    /// 码牌: a code on a counter that every app can scan.
    PlateId = "plt";
    /// Money going back to the payer of one leg.
    RefundId = "ref";
    /// Somebody opened a code of ours.
    ScanId = "scn";
    /// The time between two counts of a till's drawer.
    ShiftId = "shf";
    StoreId = "sto";
    TerminalId = "ter";
    /// 交易流水: one transaction of a card terminal.
    TradeId = "trd";
    /// 钱包: a prepaid card or a user's balance.
    WalletId = "wal";
}

impl OrderId {
    /// A number that no order of this millisecond (Unix) or of a later one lies below: orders of a day
    /// are found by their ids.
    #[must_use]
    pub const fn lowest_at_ms(ms: i64) -> i64 {
        source::first_of_ms(ms)
    }
}

impl ScanId {
    /// When it was made, in Unix milliseconds.
    #[must_use]
    pub const fn made_at_ms(self) -> i64 {
        source::made_at_ms(self.0)
    }
}

impl AttemptId {
    /// 检索参考号: our reference at a card network.
    #[must_use]
    pub fn card_reference(self) -> String {
        card_reference(self.0)
    }

    /// When it was made, in Unix milliseconds. Where a channel knows a trade by number and time
    /// together (UnionPay `txnTime`), every message about it can say the same time.
    #[must_use]
    pub const fn made_at_ms(self) -> i64 {
        source::made_at_ms(self.0)
    }

    /// Our order number at the channel (`out_trade_no`, `orderId`): letters and digits, 15 long,
    /// within the limits of every channel (the narrowest: WeChat Pay 6-32, UnionPay 8-32 without
    /// `-` and `_`).
    #[must_use]
    pub fn channel_no(self) -> String {
        format!("sp{}", text::encode(self.0))
    }

    /// The attempt behind a number that came back from a channel; `None` if we never made it.
    #[must_use]
    pub fn from_channel_no(no: &str) -> Option<Self> {
        no.strip_prefix("sp").and_then(|digits| text::decode(digits).ok()).map(Self)
    }
}

/// Digits of a card network's reference (field 37).
const REFERENCE_DIGITS: usize = 12;

/// Twelve digits and capitals, to the base of 36: ids stay below what they hold until 2060.
fn card_reference(raw: i64) -> String {
    let mut rest = raw.unsigned_abs();
    let mut digits = [b'0'; REFERENCE_DIGITS];
    for place in digits.iter_mut().rev() {
        let digit = u8::try_from(rest % 36).unwrap_or_default();
        *place = if digit < 10 { b'0' + digit } else { b'A' + digit - 10 };
        rest /= 36;
    }
    digits.iter().copied().map(char::from).collect()
}

impl RefundId {
    /// 检索参考号: our reference at a card network.
    #[must_use]
    pub fn card_reference(self) -> String {
        card_reference(self.0)
    }

    /// When it was made, in Unix milliseconds. Where a channel knows a trade by number and time
    /// together (UnionPay `txnTime`), every message about it can say the same time.
    #[must_use]
    pub const fn made_at_ms(self) -> i64 {
        source::made_at_ms(self.0)
    }

    /// Our refund number at the channel (`out_request_no`, `out_refund_no`): the same on every retry.
    #[must_use]
    pub fn channel_no(self) -> String {
        format!("sr{}", text::encode(self.0))
    }

    /// The refund behind a number that came back from a channel; `None` if we never made it.
    #[must_use]
    pub fn from_channel_no(no: &str) -> Option<Self> {
        no.strip_prefix("sr").and_then(|digits| text::decode(digits).ok()).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn registry_is_alphabetical_and_prefixes_are_unique() {
        assert!(REGISTRY.is_sorted(), "keep the registry alphabetical");
        let mut prefixes: Vec<_> = REGISTRY.iter().map(|(_, prefix)| prefix).collect();
        prefixes.sort_unstable();
        prefixes.dedup();
        assert_eq!(prefixes.len(), REGISTRY.len());
    }

    #[test]
    fn other_text_is_refused() {
        let id = OrderId::from_i64(1).unwrap().to_string();
        assert_eq!(id, "pay_0000000000001");
        for text in [
            "",
            "pay_",
            "pay_1",
            "ref_0000000000001",
            "pay_000000000000I",
            "pay_zzzzzzzzzzzzz",
            "pay_00000000000001",
        ] {
            assert!(text.parse::<OrderId>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn text_round_trips(raw in 0..=i64::MAX) {
            let id = OrderId::from_i64(raw).unwrap();
            prop_assert_eq!(id.to_string().parse::<OrderId>(), Ok(id));
            let attempt = AttemptId::from_i64(raw).unwrap();
            prop_assert_eq!(AttemptId::from_channel_no(&attempt.channel_no()), Some(attempt));
        }
    }
}
