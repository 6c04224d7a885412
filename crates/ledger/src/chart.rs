//! The chart of accounts: a closed list, as one table.
//!
//! GL heads follow the usual numbers of 企业会计准则: 1002 银行存款, 1122 应收账款, 1221 其他应收款,
//! 2202 应付账款, 2221 应交税费, 2241 其他应付款, 6001 收入, 6401 成本, 6601 销售费用.

use std::fmt;

use crate::Side;

/// A partition of the accounts that balances alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Book {
    /// 客户资金 (备付金): what we hold for others and what we owe them for it.
    Customer,
    /// 自有资金: our own money, income and cost.
    Own,
    /// 表外: trades whose money never passes us.
    Memo,
}

impl Book {
    pub const ALL: [Self; 3] = [Self::Customer, Self::Own, Self::Memo];

    #[must_use]
    pub const fn letter(self) -> char {
        match self {
            Self::Customer => 'C',
            Self::Own => 'O',
            Self::Memo => 'M',
        }
    }
}

/// Whether an account has a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AccountKind {
    /// Never below its limit on its normal side, with what is pending counted. Whoever lowers it
    /// must know its balance; whoever raises it need not.
    Guarded,
    /// Without a limit: money on its way, income, cost. A channel's receivable may be negative
    /// between the confirmation of a refund and its line in the bill; a limit there would refuse
    /// valid refunds.
    Transit,
}

/// The text is not a code of the chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a code of the chart of accounts")]
pub struct UnknownAccountCode;

/// One row per account code; its doc comment says what an account's owner is made of.
macro_rules! chart {
    ($($(#[doc = $doc:literal])* $name:ident = $code:literal $book:ident $root:ident
        $side:ident $kind:ident $head:literal $chinese:literal;)*) => {
        /// A head of the chart. What the owner part of an account's key is made of stands at each.
        ///
        /// ```
        /// use ledger::{AccountCode, AccountKind, Book, Side};
        /// let code = AccountCode::parse("C.MER_AVAIL")?;
        /// assert_eq!(code, AccountCode::MerchantAvailable);
        /// assert_eq!((code.book(), code.normal_side()), (Book::Customer, Side::Credit));
        /// assert_eq!(code.kind(), AccountKind::Guarded);
        /// assert_eq!(code.export_name(), "Liabilities:C:MER-AVAIL");
        /// # Ok::<(), ledger::UnknownAccountCode>(())
        /// ```
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum AccountCode {
            $($(#[doc = $doc])* $name,)*
        }

        impl AccountCode {
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The book's letter, a dot, and the name: `C.CH_RECV`.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            #[must_use]
            pub const fn book(self) -> Book {
                match self { $(Self::$name => Book::$book,)* }
            }

            /// The side on which its balance is positive.
            #[must_use]
            pub const fn normal_side(self) -> Side {
                match self { $(Self::$name => Side::$side,)* }
            }

            #[must_use]
            pub const fn kind(self) -> AccountKind {
                match self { $(Self::$name => AccountKind::$kind,)* }
            }

            /// The number in the general ledger; empty for the memo book, which is not in it.
            #[must_use]
            pub const fn gl_head(self) -> &'static str {
                match self { $(Self::$name => $head,)* }
            }

            #[must_use]
            pub const fn chinese(self) -> &'static str {
                match self { $(Self::$name => $chinese,)* }
            }

            const fn root(self) -> &'static str {
                match self { $(Self::$name => stringify!($root),)* }
            }

            /// # Errors
            /// [`UnknownAccountCode`] unless the text is exactly a code of the chart.
            pub fn parse(code: &str) -> Result<Self, UnknownAccountCode> {
                match code {
                    $($code => Ok(Self::$name),)*
                    _ => Err(UnknownAccountCode),
                }
            }
        }
    };
}

chart! {
    /// Owner: our bank account at the central depository.
    BankReserve = "C.BANK_RESERVE" Customer Assets Debit Guarded "1002.01" "银行存款-备付金";
    /// Owner: channel `:` our merchant number at the channel.
    ChannelReceivable = "C.CH_RECV" Customer Assets Debit Transit "1122.01" "应收渠道款(在途)";
    /// Owner: channel `:` clearing batch. Below zero on a day of more refunds than payments.
    ChannelCleared = "C.CH_CLEARED" Customer Assets Debit Transit "1122.02" "渠道已清算待到账";
    /// Owner: difference case. A hole that own money must fill.
    ShortSuspense = "C.SHORT_SUSP" Customer Assets Debit Guarded "1221.02" "待处理差错-短款";
    /// Owner: dispute case. A hole that own money must fill.
    DisputeReceivable = "C.DISPUTE_RECV" Customer Assets Debit Guarded "1221.03" "应收争议款";
    /// Owner: none. A hole that own money must fill: zero when the day ends.
    DueFromOwn = "C.DUE_FROM_OWN" Customer Assets Debit Guarded "1221.04" "应收自有资金(补足)";
    /// Owner: merchant `:` channel `:` clearing date as `yyyymmdd`.
    MerchantPending = "C.MER_PENDING" Customer Liabilities Credit Guarded "2241.01" "商户待结算(中间户)";
    /// Owner: merchant. What he owes us stands in `O.MER_RECV`, never here as a negative balance.
    MerchantAvailable = "C.MER_AVAIL" Customer Liabilities Credit Guarded "2241.02" "商户可用余额(结算户)";
    /// Owner: merchant `:` reason.
    MerchantFrozen = "C.MER_FROZEN" Customer Liabilities Credit Guarded "2241.03" "商户冻结/保证金";
    /// Owner: payout.
    PayoutTransit = "C.PAYOUT_TRANSIT" Customer Liabilities Credit Guarded "2241.04" "出款在途";
    /// Owner: order. What is paid of a combined order that is not paid in full: nobody's yet.
    OrderTransit = "C.ORDER_TRANSIT" Customer Liabilities Credit Guarded "2241.13" "组合支付在途";
    /// Owner: refund.
    RefundTransit = "C.REFUND_TRANSIT" Customer Liabilities Credit Guarded "2241.05" "退款在途";
    /// Owner: top-up refund.
    TopUpRefundTransit = "C.TOPUP_REFUND_TRANSIT" Customer Liabilities Credit Guarded "2241.05" "充退在途";
    /// Owner: user, and `:` top-up where lots are kept.
    UserBalance = "C.USER_BAL" Customer Liabilities Credit Guarded "2241.06" "用户余额";
    /// Owner: card token.
    Prepaid = "C.PREPAID" Customer Liabilities Credit Guarded "2241.07" "预付卡备付金(本金)";
    /// Owner: difference case.
    LongSuspense = "C.LONG_SUSP" Customer Liabilities Credit Guarded "2241.08" "待处理差错-长款";
    /// Owner: case of the returned payout.
    ReturnSuspense = "C.RETURN_SUSP" Customer Liabilities Credit Guarded "2241.08" "退汇待认领";
    /// Owner: none. Our income that still lies among customers' money; below zero would mean that
    /// customers' money paid our costs.
    DueToOwn = "C.DUE_TO_OWN" Customer Liabilities Credit Guarded "2241.09" "待划转自有收入";
    /// Owner: payout that own money advanced.
    DueToOwnAdvance = "C.DUE_TO_OWN_ADV" Customer Liabilities Credit Guarded "2241.10" "应还垫资款";

    /// Owner: our bank account.
    BankOwn = "O.BANK_OWN" Own Assets Debit Guarded "1002.02" "银行存款-自有";
    /// Owner: none. Mirrors `C.DUE_TO_OWN`.
    FeeReceivableFromC = "O.FEE_RECV_FROM_C" Own Assets Debit Guarded "1221.11" "应收备付金户收入";
    /// Owner: payout that own money advanced. Mirrors `C.DUE_TO_OWN_ADV`.
    AdvanceReceivableFromC = "O.ADV_RECV_FROM_C" Own Assets Debit Guarded "1221.12" "应收垫资";
    /// Owner: merchant.
    MerchantReceivable = "O.MER_RECV" Own Assets Debit Guarded "1122.03" "应收商户垫付款";
    /// Owner: difference case. Either sign.
    FeeDifferenceSuspense = "O.FEE_DIFF_SUSP" Own Assets Debit Transit "1901.01" "手续费差异待查";
    /// Owner: channel. Either sign.
    RebateReceivable = "O.REBATE_RECV" Own Assets Debit Transit "1122.04" "应收渠道返佣";
    /// Owner: none. Mirrors `C.DUE_FROM_OWN`.
    PayToC = "O.PAY_TO_C" Own Liabilities Credit Guarded "2241.11" "应补足客户资金";
    /// Owner: channel.
    ChannelFeePayable = "O.CH_FEE_PAY" Own Liabilities Credit Guarded "2202.01" "应付渠道手续费";
    /// Owner: agent. Below zero when commission is clawed back.
    AgentPayable = "O.AGENT_PAY" Own Liabilities Credit Transit "2202.02" "应付代理分润";
    /// Owner: card token.
    BonusLiability = "O.BONUS_LIAB" Own Liabilities Credit Guarded "2241.12" "预付卡赠送额";
    /// Owner: none.
    VatOutput = "O.VAT_OUT" Own Liabilities Credit Transit "2221.01" "应交税费-销项";
    /// Owner: none, or the channel where income is split by it. The same for all income and cost.
    FeeIncome = "O.FEE_INCOME" Own Income Credit Transit "6001.01" "手续费收入";
    /// Owner: as [`AccountCode::FeeIncome`].
    PayoutFeeIncome = "O.PAYOUT_FEE_INCOME" Own Income Credit Transit "6001.02" "提现费收入";
    /// Owner: as [`AccountCode::FeeIncome`].
    AdvanceFeeIncome = "O.ADV_FEE_INCOME" Own Income Credit Transit "6001.03" "垫资费收入";
    /// Owner: as [`AccountCode::FeeIncome`].
    RebateIncome = "O.REBATE_INCOME" Own Income Credit Transit "6001.04" "返佣收入";
    /// Owner: as [`AccountCode::FeeIncome`].
    NonOperatingIncome = "O.NONOP_INCOME" Own Income Credit Transit "6301.01" "营业外收入";
    /// Owner: as [`AccountCode::FeeIncome`].
    ChannelCost = "O.CHANNEL_COST" Own Expenses Debit Transit "6401.01" "渠道成本";
    /// Owner: as [`AccountCode::FeeIncome`].
    AgentCost = "O.AGENT_COST" Own Expenses Debit Transit "6401.02" "分润成本";
    /// Owner: as [`AccountCode::FeeIncome`].
    MarketingCost = "O.MKT_COST" Own Expenses Debit Transit "6601.01" "营销费用";
    /// Owner: as [`AccountCode::FeeIncome`].
    ErrorLoss = "O.ERROR_LOSS" Own Expenses Debit Transit "6711.01" "差错损失";

    /// Owner: merchant. Cash that he took at his till.
    MemoCash = "M.CASH" Memo Assets Debit Transit "" "表外-现金收款";
    /// Owner: merchant. Coupons that he pays for himself.
    MemoCoupon = "M.COUPON" Memo Assets Debit Transit "" "表外-商户出资优惠";
    /// Owner: merchant. Cards that only he accepts and only he owes for.
    MemoOwnCard = "M.OWN_CARD" Memo Assets Debit Transit "" "表外-单用途卡";
    /// Owner: merchant. Trades that the channel pays to him directly.
    MemoSelfCollected = "M.SELF_COLLECTED" Memo Assets Debit Transit "" "表外-商户自收";
    /// Owner: merchant. The other side of all memo accounts but holds.
    MemoSales = "M.SALES" Memo Liabilities Credit Transit "" "表外-商户销售";
    /// Owner: merchant. What issuers hold on cards for him.
    MemoCardHold = "M.CARD_HOLD" Memo Assets Debit Transit "" "表外-预授权冻结";
    /// Owner: merchant. The other side of holds: no sale yet.
    MemoHoldDue = "M.HOLD_DUE" Memo Liabilities Credit Transit "" "表外-预授权待完成";
}

impl AccountCode {
    /// The name that hledger, ledger and beancount all accept: ASCII, no `_`.
    #[must_use]
    pub fn export_name(self) -> String {
        let tail = self.code().replace('.', ":").replace('_', "-");
        format!("{}:{tail}", self.root())
    }

    /// The accounts by which one fund book owes the other. A journal that both gives a fee and takes
    /// a cost has them on both sides.
    #[must_use]
    pub const fn is_between_books(self) -> bool {
        matches!(
            self,
            Self::DueToOwn
                | Self::DueFromOwn
                | Self::DueToOwnAdvance
                | Self::FeeReceivableFromC
                | Self::PayToC
                | Self::AdvanceReceivableFromC
        )
    }
}

impl fmt::Display for AccountCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}
