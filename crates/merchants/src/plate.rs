//! 码牌: codes that payers scan, and the log of scans.

use ids::{MerchantId, OrderId, PlateId, ScanId, StoreId, TerminalId};
use jiff::Timestamp;

/// A code on a counter or a table. Whoever scans it pays the merchant, and says how much.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plate {
    pub id: PlateId,
    pub merchant: MerchantId,
    pub store: StoreId,
    /// Payments by it are this terminal's.
    pub terminal: TerminalId,
    pub scheme: PlateScheme,
    /// What the code says: an address.
    pub address: String,
    pub created_at: Timestamp,
    pub revoked_at: Option<Timestamp>,
}

/// 三码合一: whose address stands in the code, so that one code serves all apps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PlateScheme {
    /// 标准码: UnionPay's address. UnionPay sends WeChat's and Alipay's scans on to us.
    Standard,
    /// 非标码: our own address, registered with UnionPay, which asks us for the order.
    NonStandard,
}

/// The app in which a code was opened, by its user agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PayerApp {
    Alipay,
    Wechat,
    /// 云闪付, and banks' apps that pay by UnionPay.
    UnionPay,
    /// A browser on a phone.
    Phone,
    Desktop,
}

/// What came of opening a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ScanOutcome {
    /// The page was shown.
    Shown,
    /// The payer was sent to his app, to be told who he is.
    Identified,
    /// The code is revoked, its merchant suspended, or its order over.
    Refused,
}

/// One opening of a code of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scan {
    /// Its time is in the id.
    pub id: ScanId,
    pub plate: Option<PlateId>,
    pub order: Option<OrderId>,
    pub app: PayerApp,
    pub outcome: ScanOutcome,
}

impl Scan {
    /// When it was.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        Timestamp::from_millisecond(self.id.made_at_ms()).unwrap_or(Timestamp::UNIX_EPOCH)
    }
}

impl ScanOutcome {
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Shown => "shown",
            Self::Identified => "identified",
            Self::Refused => "refused",
        }
    }
}

impl PlateScheme {
    pub const ALL: [Self; 2] = [Self::Standard, Self::NonStandard];

    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::NonStandard => "non_standard",
        }
    }

    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scheme| scheme.code() == code)
    }
}

impl PayerApp {
    pub const ALL: [Self; 5] =
        [Self::Alipay, Self::Wechat, Self::UnionPay, Self::Phone, Self::Desktop];

    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Alipay => "alipay",
            Self::Wechat => "wechat",
            Self::UnionPay => "unionpay",
            Self::Phone => "phone",
            Self::Desktop => "desktop",
        }
    }

    /// By the header `User-Agent`: `MicroMessenger` is WeChat's (and WeCom's), `AlipayClient/` Alipay's,
    /// `UnionPay/<version> <app>` that of any app that pays by UnionPay.
    #[must_use]
    pub fn of_user_agent(text: &str) -> Self {
        const APPS: [(&str, PayerApp); 3] = [
            ("MicroMessenger", PayerApp::Wechat),
            ("AlipayClient/", PayerApp::Alipay),
            ("UnionPay/", PayerApp::UnionPay),
        ];
        const PHONES: [&str; 4] = ["Mobile", "Android", "iPhone", "HarmonyOS"];
        let named = APPS.into_iter().find(|(mark, _)| text.contains(mark));
        match named {
            Some((_, app)) => app,
            None if PHONES.iter().any(|mark| text.contains(mark)) => Self::Phone,
            None => Self::Desktop,
        }
    }
}

/// Which app of UnionPay's circle speaks, by `UnionPay/1.0 CloudPay`: UnionPay wants to hear it
/// (`appUpIdentifier`).
#[must_use]
pub fn unionpay_app(user_agent: &str) -> Option<&str> {
    let (_, rest) = user_agent.split_once("UnionPay/")?;
    let (_, name) = rest.split_once(' ')?;
    let end = name.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(name.len());
    name.get(..end).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_user_agent_names_the_app() {
        for (text, expect) in [
            ("Mozilla/5.0 (Linux; Android 14) MicroMessenger/8.0.50.2701", PayerApp::Wechat),
            ("Mozilla/5.0 (iPhone) wxwork/4.1 MicroMessenger/7.0.1", PayerApp::Wechat),
            ("Mozilla/5.0 (Linux; Android 14) AlipayClient/10.5.88.8000", PayerApp::Alipay),
            ("Mozilla/5.0 (iPhone) (UnionPay/1.0 CloudPay)", PayerApp::UnionPay),
            ("Mozilla/5.0 (Linux; Android 14) Chrome/120 Mobile Safari/537.36", PayerApp::Phone),
            ("Mozilla/5.0 (X11; Linux x86_64) Chrome/120 Safari/537.36", PayerApp::Desktop),
            ("", PayerApp::Desktop),
        ] {
            assert_eq!(PayerApp::of_user_agent(text), expect, "{text}");
        }
    }

    #[test]
    fn unionpay_s_apps_say_their_name() {
        for (text, expect) in [
            ("Mozilla/5.0 (iPhone) (UnionPay/1.0 CloudPay)", Some("CloudPay")),
            ("x UnionPay/1.0 ICBC123 more", Some("ICBC123")),
            ("x UnionPay/1.0", None),
            ("x UnionPay/1.0 )", None),
            ("Chrome", None),
        ] {
            assert_eq!(unionpay_app(text), expect, "{text}");
        }
    }
}
