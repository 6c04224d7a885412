//! The methods that the gateway emulates.

/// One method of the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    Pay,
    Precreate,
    Create,
    WapPay,
    PagePay,
    Query,
    Cancel,
    Close,
    Refund,
    RefundQuery,
    OauthToken,
}

impl Method {
    pub(super) const ALL: [Self; 11] = [
        Self::Pay,
        Self::Precreate,
        Self::Create,
        Self::WapPay,
        Self::PagePay,
        Self::Query,
        Self::Cancel,
        Self::Close,
        Self::Refund,
        Self::RefundQuery,
        Self::OauthToken,
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Pay => "alipay.trade.pay",
            Self::Precreate => "alipay.trade.precreate",
            Self::Create => "alipay.trade.create",
            Self::WapPay => "alipay.trade.wap.pay",
            Self::PagePay => "alipay.trade.page.pay",
            Self::Query => "alipay.trade.query",
            Self::Cancel => "alipay.trade.cancel",
            Self::Close => "alipay.trade.close",
            Self::Refund => "alipay.trade.refund",
            Self::RefundQuery => "alipay.trade.fastpay.refund.query",
            Self::OauthToken => "alipay.system.oauth.token",
        }
    }

    /// Whether a browser asks, and is shown a page.
    pub(super) const fn is_page(self) -> bool {
        matches!(self, Self::WapPay | Self::PagePay)
    }

    pub(super) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.name() == name)
    }

    /// The answer's node: `alipay_trade_pay_response`.
    pub(super) fn response_key(self) -> String {
        format!("{}_response", self.name().replace('.', "_"))
    }
}
