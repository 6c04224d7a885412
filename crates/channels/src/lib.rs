//! Channel connectors: build, sign, parse, verify and map, without IO; and the HTTP sender.
//!
//! One folder per channel. A [`Connector`] turns a [`Call`](orders::channel::Call) into bytes and bytes
//! into a [`Reply`](orders::channel::Reply); a [`Sender`] carries them. What cannot be trusted, an
//! answer whose signature does not verify above all, is an unknown result and never a final one.

mod alipay;
mod config;
mod connector;
#[cfg(test)]
mod golden;
pub mod notifications;
mod platform_key;
mod sender;
pub mod shown;
mod wechat;

pub use connector::{
    BuildError, ChannelConfig, ConfigError, Connector, KeysRefusal, NoticeRefusal, connector,
    silence,
};
pub use platform_key::{PlatformKey, PlatformKeys};
pub use sender::{ClientCertificate, HttpSender, SendError, Sender};

use ids::ChannelCode;
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
}

impl Channel {
    pub const ALL: [Self; 2] = [Self::Alipay, Self::Wechat];

    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Alipay => "alipay",
            Self::Wechat => "wechat",
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

    /// The wallet that made a payer's code, by its first digits: WeChat Pay 10-15 with 18 digits,
    /// Alipay 25-30 with 16 to 24. UnionPay's 62 is known and not connected.
    #[must_use]
    pub fn of_payer_code(code: &PayerCode) -> Option<Self> {
        let digits = code.expose();
        match (digits.get(..2), digits.len()) {
            (Some("10" | "11" | "12" | "13" | "14" | "15"), 18) => Some(Self::Wechat),
            (Some("25" | "26" | "27" | "28" | "29" | "30"), 16..=24) => Some(Self::Alipay),
            _ => None,
        }
    }
}
