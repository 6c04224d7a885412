//! By what a leg is paid.

use std::borrow::Cow;

use ids::ChannelCode;

/// A means of payment. Channels answer later and may not answer at all; the others are decided in
/// the moment they are booked.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tender {
    /// A wallet or a bank, through one of our accounts at its channel.
    Channel(ChannelCode),
    /// 现金: notes in the merchant's own drawer, none of our money.
    Cash,
    /// 银行卡 at a terminal that we are not the host of: the merchant's own acquirer takes and pays it.
    BankCard,
    /// 商户优惠: the merchant asks less. None of our money.
    MerchantCoupon,
    /// 平台优惠: the platform pays a part, out of a campaign's budget.
    PlatformCoupon,
    /// 预付卡 or 用户余额: money that we hold for the payer.
    Wallet,
    /// 预授权 through one of our accounts at a card network: the issuer holds the money, and none moves
    /// before another order completes it.
    CardHold(ChannelCode),
}

/// The text names no tender.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a tender")]
pub struct UnknownTender;

impl Tender {
    const CASH: &'static str = "cash";
    const BANK_CARD: &'static str = "bank_card";
    const MERCHANT_COUPON: &'static str = "merchant_coupon";
    const PLATFORM_COUPON: &'static str = "platform_coupon";
    const WALLET: &'static str = "wallet";
    /// Behind the channel whose calls make holds.
    const HOLD: &'static str = "_hold";

    /// The word in a store's column and in the API: a channel's code, with `_hold` behind it for a hold
    /// there, or the tender's own.
    #[must_use]
    pub fn code(&self) -> Cow<'_, str> {
        Cow::Borrowed(match self {
            Self::CardHold(channel) => return Cow::Owned(format!("{channel}{}", Self::HOLD)),
            Self::Channel(channel) => channel.as_str(),
            Self::Cash => Self::CASH,
            Self::BankCard => Self::BANK_CARD,
            Self::MerchantCoupon => Self::MERCHANT_COUPON,
            Self::PlatformCoupon => Self::PLATFORM_COUPON,
            Self::Wallet => Self::WALLET,
        })
    }

    /// # Errors
    /// [`UnknownTender`] where the text is neither a tender's word nor of a channel code's form.
    pub fn parse(code: &str) -> Result<Self, UnknownTender> {
        match code {
            Self::CASH => Ok(Self::Cash),
            Self::BANK_CARD => Ok(Self::BankCard),
            Self::MERCHANT_COUPON => Ok(Self::MerchantCoupon),
            Self::PLATFORM_COUPON => Ok(Self::PlatformCoupon),
            Self::WALLET => Ok(Self::Wallet),
            _ => match code.strip_suffix(Self::HOLD) {
                Some(channel) => ChannelCode::parse(channel).map(Self::CardHold),
                None => ChannelCode::parse(code).map(Self::Channel),
            }
            .or(Err(UnknownTender)),
        }
    }

    #[must_use]
    pub const fn channel(&self) -> Option<&ChannelCode> {
        match self {
            Self::Channel(channel) | Self::CardHold(channel) => Some(channel),
            Self::Cash
            | Self::BankCard
            | Self::MerchantCoupon
            | Self::PlatformCoupon
            | Self::Wallet => None,
        }
    }

    /// Whether its money may pass through our books: see [`crate::Leg::is_ours`].
    #[must_use]
    pub const fn is_ours(&self) -> bool {
        match self {
            Self::Channel(_) | Self::PlatformCoupon | Self::Wallet => true,
            Self::Cash | Self::BankCard | Self::MerchantCoupon | Self::CardHold(_) => false,
        }
    }
}

impl std::fmt::Display for Tender {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.code())
    }
}
