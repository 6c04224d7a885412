//! What the gateway and the trade service refuse, in the channel's own codes and words.

/// Why the trade service refuses a call: `40004` with a sub code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The channel's "I do not know": the effect may have taken place.
    SystemError,
    InvalidParameter,
    TotalFeeExceed,
    TradeHasClose,
    ContextInconsistent,
    TradeHasSuccess,
    PaymentAuthCodeInvalid,
    PaymentRequestHasRisk,
    BuyerBalanceNotEnough,
    TradeNotExist,
    TradeStatusError,
    TradeHasFinished,
    DiscordantRepeatRequest,
    RefundAmtNotEqualTotal,
    ReasonTradeRefundFeeErr,
}

impl Refusal {
    pub(super) const fn sub_code(self) -> &'static str {
        self.words().0
    }

    pub(super) const fn sub_msg(self) -> &'static str {
        self.words().1
    }

    const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::SystemError => ("ACQ.SYSTEM_ERROR", "系统错误，请查询后再处理"),
            Self::InvalidParameter => ("ACQ.INVALID_PARAMETER", "参数无效"),
            Self::TotalFeeExceed => ("ACQ.TOTAL_FEE_EXCEED", "订单总金额不在允许范围内"),
            Self::TradeHasClose => ("ACQ.TRADE_HAS_CLOSE", "交易已经关闭"),
            Self::ContextInconsistent => ("ACQ.CONTEXT_INCONSISTENT", "交易信息与原请求不一致"),
            Self::TradeHasSuccess => ("ACQ.TRADE_HAS_SUCCESS", "交易已被支付"),
            Self::PaymentAuthCodeInvalid => ("ACQ.PAYMENT_AUTH_CODE_INVALID", "付款码无效"),
            Self::PaymentRequestHasRisk => ("ACQ.PAYMENT_REQUEST_HAS_RISK", "支付有风险"),
            Self::BuyerBalanceNotEnough => ("ACQ.BUYER_BALANCE_NOT_ENOUGH", "买家余额不足"),
            Self::TradeNotExist => ("ACQ.TRADE_NOT_EXIST", "交易不存在"),
            Self::TradeStatusError => ("ACQ.TRADE_STATUS_ERROR", "交易状态不允许此操作"),
            Self::TradeHasFinished => ("ACQ.TRADE_HAS_FINISHED", "交易已完结"),
            Self::DiscordantRepeatRequest => {
                ("ACQ.DISCORDANT_REPEAT_REQUEST", "同一请求号的内容不一致")
            }
            Self::RefundAmtNotEqualTotal => {
                ("ACQ.REFUND_AMT_NOT_EQUAL_TOTAL", "退款金额超过可退金额")
            }
            Self::ReasonTradeRefundFeeErr => {
                ("ACQ.REASON_TRADE_REFUND_FEE_ERR", "交易已有退款，金额不符")
            }
        }
    }
}

/// Why the gateway refuses a call before any service sees it, in the order of its checks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum GatewayFault {
    /// `40001`: a common parameter is missing, by its name.
    Missing(&'static str),
    /// `40002`: a common parameter is not one the gateway takes, by its name.
    Invalid(&'static str),
    /// `40002`: the code for a payer's identity is unknown, used or too old.
    CodeInvalid,
    /// `40002` with the string the gateway built, so that integrators can compare.
    InvalidSignature { built: String },
}

impl GatewayFault {
    pub(super) const fn code(&self) -> &'static str {
        match self {
            Self::Missing(_) => "40001",
            Self::Invalid(_) | Self::CodeInvalid | Self::InvalidSignature { .. } => "40002",
        }
    }

    pub(super) const fn msg(&self) -> &'static str {
        match self {
            Self::Missing(_) => "Missing Required Arguments",
            Self::Invalid(_) | Self::CodeInvalid | Self::InvalidSignature { .. } => {
                "Invalid Arguments"
            }
        }
    }

    pub(super) fn sub_code(&self) -> String {
        match self {
            Self::Missing(name) => format!("isv.missing-{}", kebab(name)),
            Self::Invalid(name) => format!("isv.invalid-{}", kebab(name)),
            Self::CodeInvalid => "isv.code-invalid".to_owned(),
            Self::InvalidSignature { .. } => "isv.invalid-signature".to_owned(),
        }
    }

    pub(super) fn sub_msg(&self) -> String {
        match self {
            Self::Missing(name) => format!("缺少参数 {name}"),
            Self::Invalid(name) => format!("参数 {name} 无效"),
            Self::CodeInvalid => "授权码code无效".to_owned(),
            Self::InvalidSignature { built } => {
                format!("验签出错，请核对签名字符串与密钥，网关生成的验签字符串为：{built}")
            }
        }
    }
}

/// The sub codes' spelling of a parameter; two of them are not the parameter's own name.
fn kebab(name: &str) -> String {
    match name {
        "sign" => "signature".to_owned(),
        "sign_type" => "signature-type".to_owned(),
        other => other.replace('_', "-"),
    }
}
