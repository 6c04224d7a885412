//! The channels as their clients see them, on loopback: true wire protocols, signatures and error
//! codes, with fault switches and the channels' own books.
//!
//! [`Sandbox`] is a plain value without clock or sockets; [`server`] puts it behind a listener. It
//! shares no business code with the platform, so it cannot agree with the platform's mistakes.

mod alipay;
mod card;
mod config;
mod core;
mod decode;
mod parameters;
pub mod phones;
pub mod server;
#[cfg(test)]
mod tests;
mod unionpay;
mod wechat;

pub use crate::alipay::{AlipayApp, AlipayCertificates, AlipayConfig, AlipayTrust};
pub use crate::card::CardNetworkConfig;
pub use crate::config::{ConfigError, SandboxConfig};
pub use crate::core::{
    BookKind, BookLine, Delivery, Fault, FaultRule, Faults, Insistence, Luck, Notice, OrderLine,
    PayRefusal, Question, Request, Response, Sandbox,
};
pub use crate::parameters::{Parameters, Trust, card_parameters, parameters};
pub use crate::unionpay::{UnionpayConfig, UnionpayGateway, UnionpayMerchant};
pub use crate::wechat::{Pace, SubMerchant, WechatConfig, WechatMerchant, WechatPlatform};
