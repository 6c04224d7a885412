//! Why WeChat Pay refuses a call, in the words of both its interfaces.

use http::StatusCode;

/// A refusal of the business rules, in the order in which they are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Refusal {
    Malformed,
    AppNotBound,
    MerchantUnknown,
    NotAuthorised,
    OrderUnknown,
    RefundUnknown,
    OrderPaid,
    OrderClosed,
    OrderReversed,
    NumberUsed,
    CodeForeign,
    CodeUsed,
    CodeExpired,
    BalanceNotEnough,
    RiskRefused,
    /// The channel does not know itself; the money may have been taken.
    SystemError,
    UserPaying,
    NotACodePayment,
    IsACodePayment,
    OrderNotPaid,
    OrderRefunded,
    RefundDiffers,
    TotalDiffers,
    TooLate,
    TooManyRefunds,
    TooSoon,
    MoreThanLeft,
    MerchantShort,
}

impl Refusal {
    /// `err_code` of the v2 interface.
    pub(crate) const fn v2(self) -> &'static str {
        match self {
            Self::Malformed => "PARAM_ERROR",
            Self::AppNotBound => "APPID_MCHID_NOT_MATCH",
            Self::MerchantUnknown => "MCHID_NOT_EXIST",
            Self::NotAuthorised => "NOAUTH",
            Self::OrderUnknown => "ORDERNOTEXIST",
            Self::RefundUnknown => "REFUNDNOTEXIST",
            Self::OrderPaid => "ORDERPAID",
            Self::OrderClosed => "ORDERCLOSED",
            Self::OrderReversed => "ORDERREVERSED",
            Self::NumberUsed => "OUT_TRADE_NO_USED",
            Self::CodeForeign => "AUTH_CODE_INVALID",
            Self::CodeUsed => "AUTH_CODE_ERROR",
            Self::CodeExpired => "AUTHCODEEXPIRE",
            Self::BalanceNotEnough | Self::MerchantShort => "NOTENOUGH",
            Self::RiskRefused => "TRADE_ERROR",
            Self::SystemError => "SYSTEMERROR",
            Self::UserPaying => "USERPAYING",
            Self::NotACodePayment | Self::IsACodePayment | Self::MoreThanLeft => "INVALID_REQUEST",
            Self::OrderNotPaid | Self::OrderRefunded => "TRADE_STATE_ERROR",
            Self::RefundDiffers | Self::TotalDiffers => "REFUND_FEE_MISMATCH",
            Self::TooLate => "TRADE_OVERDUE",
            Self::TooManyRefunds => "INVALID_REQ_TOO_MUCH",
            Self::TooSoon => "FREQUENCY_LIMITED",
        }
    }

    /// Status and `code` of the v3 interface.
    pub(crate) const fn v3(self) -> (StatusCode, &'static str) {
        const BAD: StatusCode = StatusCode::BAD_REQUEST;
        match self {
            Self::Malformed => (BAD, "PARAM_ERROR"),
            Self::AppNotBound => (BAD, "APPID_MCHID_NOT_MATCH"),
            Self::MerchantUnknown => (StatusCode::NOT_FOUND, "MCH_NOT_EXISTS"),
            Self::NotAuthorised => (StatusCode::FORBIDDEN, "NO_AUTH"),
            Self::OrderUnknown => (StatusCode::NOT_FOUND, "ORDER_NOT_EXIST"),
            Self::RefundUnknown => (StatusCode::NOT_FOUND, "RESOURCE_NOT_EXISTS"),
            Self::OrderPaid => (BAD, "ORDERPAID"),
            Self::OrderClosed => (BAD, "ORDER_CLOSED"),
            Self::OrderReversed => (BAD, "ORDERREVERSED"),
            Self::NumberUsed => (StatusCode::FORBIDDEN, "OUT_TRADE_NO_USED"),
            Self::CodeForeign => (BAD, "AUTH_CODE_INVALID"),
            Self::CodeUsed => (BAD, "AUTH_CODE_ERROR"),
            Self::CodeExpired => (BAD, "AUTHCODEEXPIRE"),
            Self::BalanceNotEnough | Self::MerchantShort => (StatusCode::FORBIDDEN, "NOT_ENOUGH"),
            Self::RiskRefused => (StatusCode::FORBIDDEN, "TRADE_ERROR"),
            Self::SystemError => (StatusCode::INTERNAL_SERVER_ERROR, "SYSTEM_ERROR"),
            // 202 with a code is what code pay answers while the payer is typing.
            Self::UserPaying => (StatusCode::ACCEPTED, "USERPAYING"),
            Self::TooSoon => (StatusCode::TOO_MANY_REQUESTS, "FREQUENCY_LIMITED"),
            Self::NotACodePayment
            | Self::IsACodePayment
            | Self::OrderNotPaid
            | Self::OrderRefunded
            | Self::RefundDiffers
            | Self::TotalDiffers
            | Self::TooLate
            | Self::TooManyRefunds
            | Self::MoreThanLeft => (BAD, "INVALID_REQUEST"),
        }
    }

    /// The text for people.
    pub(crate) const fn text(self) -> &'static str {
        match self {
            Self::Malformed => "参数错误",
            Self::AppNotBound => "appid与商户号不匹配",
            Self::MerchantUnknown => "商户号不存在",
            Self::NotAuthorised => "商户无权限",
            Self::OrderUnknown => "订单不存在",
            Self::RefundUnknown => "退款单不存在",
            Self::OrderPaid => "该订单已支付",
            Self::OrderClosed => "该订单已关闭",
            Self::OrderReversed => "该订单已撤销",
            Self::NumberUsed => "商户订单号重复",
            Self::CodeForeign => "不是微信支付的付款码",
            Self::CodeUsed => "付款码已使用",
            Self::CodeExpired => "付款码已过期",
            Self::BalanceNotEnough => "用户余额不足",
            Self::RiskRefused => "交易存在风险",
            Self::SystemError => "系统超时",
            Self::UserPaying => "需要用户输入支付密码",
            Self::NotACodePayment => "该订单不是付款码支付",
            Self::IsACodePayment => "付款码支付请用撤销",
            Self::OrderNotPaid => "订单未支付",
            Self::OrderRefunded => "订单已有退款",
            Self::RefundDiffers => "与此退款单号之前的请求不一致",
            Self::TotalDiffers => "订单金额不一致",
            Self::TooLate => "订单已超过期限",
            Self::TooManyRefunds => "退款次数过多",
            Self::TooSoon => "请求过于频繁",
            Self::MoreThanLeft => "退款金额大于可退金额",
            Self::MerchantShort => "基本账户余额不足",
        }
    }
}
