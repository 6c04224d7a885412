//! Channel connectors: build, sign, parse, verify and map, without IO; and the HTTP sender.
//!
//! One folder per channel. A [`Connector`] turns a [`Call`](orders::channel::Call) into bytes and bytes
//! into a [`Reply`](orders::channel::Reply); a [`Sender`] carries them. What cannot be trusted, an
//! answer whose signature does not verify above all, is an unknown result and never a final one.

mod alipay;
mod card;
mod config;
mod connector;
#[cfg(test)]
mod golden;
pub mod notifications;
mod order_query;
mod payer;
mod platform_key;
mod sender;
pub mod shown;
mod unionpay;
mod wechat;

pub use card::{
    CardLinks, Cleared, ClearedLine, ClearingError, Malformed, WireSender, read_clearing_file,
};
pub use connector::{
    BuildError, ChannelConfig, ClearsTo, ConfigError, Connector, KeysRefusal,
    MESSAGES_PER_CALL_MAX, NoticeRefusal, connector, silence, with_keys_kept,
};
pub use order_query::{OrderAnswer, OrderQuery, scanned_code};
pub use payer::{PayerAsk, PayerUnknown};
pub use platform_key::{PlatformKey, PlatformKeys};
pub use sender::{ClientCertificate, HttpSender, SendError, Sender};
pub use unionpay::emv;

pub(crate) use connector::payer_code;

use ids::ChannelCode;
use orders::channel::PayWay;
use secret::PayerCode;

/// A message to a channel or from it, with its whole body.
pub type Request = http::Request<bytes::Bytes>;
pub type Response = http::Response<bytes::Bytes>;

/// The channels that are connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Channel {
    /// 支付宝
    Alipay,
    /// 微信支付
    Wechat,
    /// 云闪付: UnionPay's QR payments
    UnionPay,
    /// 银行卡: the card network, by messages of its own
    Card,
}

impl Channel {
    pub const ALL: [Self; 4] = [Self::Alipay, Self::Wechat, Self::UnionPay, Self::Card];

    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Alipay => "alipay",
            Self::Wechat => "wechat",
            Self::UnionPay => "unionpay",
            Self::Card => "card",
        }
    }

    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|channel| channel.code() == code)
    }

    /// The code as the rest of the platform carries it.
    #[must_use]
    pub fn channel_code(self) -> ChannelCode {
        #[expect(clippy::expect_used, reason = "every code of the list is short and plain")]
        ChannelCode::parse(self.code()).expect("a channel's code")
    }

    /// Whether a refusal under this code speaks of us (our account, its rights, its keys) and not of
    /// the payer or the trade: another account may well take the payment.
    #[must_use]
    pub fn blames_us(self, code: &str) -> bool {
        let codes = match self {
            Self::Alipay => alipay::OUR_FAULTS,
            Self::Wechat => wechat::OUR_FAULTS,
            Self::UnionPay => unionpay::OUR_FAULTS,
            Self::Card => card::OUR_FAULTS,
        };
        let plain = |text: &str| text.replace('_', "");
        codes.iter().any(|ours| plain(ours) == plain(code.trim_start_matches("ACQ.")))
    }

    /// Whether its interface, as we speak it, has this way of paying.
    #[must_use]
    pub const fn offers(self, way: PayWay) -> bool {
        match (self, way) {
            (Self::Card, way) if way.is_card() => true,
            (Self::Card, _)
            | (_, PayWay::Card | PayWay::CardHold | PayWay::CardAdvice | PayWay::CardInquiry) => {
                false
            }
            (_, PayWay::PayerCode | PayWay::DynamicQr | PayWay::Jsapi)
            | (Self::Alipay | Self::Wechat, PayWay::H5)
            | (Self::Alipay, PayWay::Page) => true,
            (Self::UnionPay, PayWay::OwnCode) => true,
            (Self::Alipay | Self::Wechat, PayWay::OwnCode) | (Self::UnionPay, PayWay::H5) => false,
            (Self::Wechat | Self::UnionPay, PayWay::Page) => false,
        }
    }

    /// The wallet that made a payer's code, by its first digits: WeChat Pay 10-15 with 18 digits,
    /// Alipay 25-30 with 16 to 24, UnionPay 62 with 19.
    #[must_use]
    pub fn of_payer_code(code: &PayerCode) -> Option<Self> {
        let digits = code.expose();
        match (digits.get(..2), digits.len()) {
            (Some("10" | "11" | "12" | "13" | "14" | "15"), 18) => Some(Self::Wechat),
            (Some("25" | "26" | "27" | "28" | "29" | "30"), 16..=24) => Some(Self::Alipay),
            (Some("62"), 19) => Some(Self::UnionPay),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_digits_of_a_payer_s_code_choose_the_channel() {
        for (code, expect) in [
            ("101234567890123456", Some(Channel::Wechat)),
            ("151234567890123456", Some(Channel::Wechat)),
            ("1012345678901234567", None),
            ("2512345678901234", Some(Channel::Alipay)),
            ("301234567890123456789012", Some(Channel::Alipay)),
            ("6212345678901234567", Some(Channel::UnionPay)),
            ("621234567890123456", None),
            ("62123456789012345678", None),
            ("6312345678901234567", None),
        ] {
            let code = PayerCode::parse(code).unwrap();
            assert_eq!(Channel::of_payer_code(&code), expect, "{}", code.expose());
        }
    }

    #[test]
    fn a_code_names_one_channel() {
        for channel in Channel::ALL {
            assert_eq!(Channel::parse(channel.code()), Some(channel));
            assert_eq!(channel.channel_code().as_str(), channel.code());
        }
    }
}
