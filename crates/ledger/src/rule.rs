//! The posting rules: which business events exist, and which legs each may post.

use std::fmt;

use crate::AccountCode::{self, *};
use crate::Side::{self, Credit as Cr, Debit as Dr};

/// One leg that a rule allows. It may be absent (a fee of zero) or stand there more than once (a
/// refund from two days' pending money).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leg {
    pub side: Side,
    pub code: AccountCode,
}

/// The text is not the code of a posting rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the code of a posting rule")]
pub struct UnknownRule;

macro_rules! rules {
    ($($(#[doc = $doc:literal])* $name:ident = $code:literal $chinese:literal:
        [$($side:ident $account:ident),*];)*) => {
        /// The event behind a journal. Codes are labels that auditors and bills of case refer to; they
        /// are never reused.
        ///
        /// ```
        /// use ledger::{AccountCode, Rule, Side};
        /// let rule = Rule::parse("E01")?;
        /// assert_eq!(rule, Rule::PaymentSucceeded);
        /// assert!(rule.allows(Side::Debit, AccountCode::ChannelReceivable));
        /// assert!(!rule.allows(Side::Credit, AccountCode::BankOwn));
        /// # Ok::<(), ledger::UnknownRule>(())
        /// ```
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Rule {
            $($(#[doc = $doc])* $name,)*
        }

        impl Rule {
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            #[must_use]
            pub const fn chinese(self) -> &'static str {
                match self { $(Self::$name => $chinese,)* }
            }

            /// The legs it may post. Empty for the two rules that may post any.
            #[must_use]
            pub const fn legs(self) -> &'static [Leg] {
                match self { $(Self::$name => &[$(Leg { side: $side, code: $account }),*],)* }
            }

            /// # Errors
            /// [`UnknownRule`] unless the text is exactly the code of a rule.
            pub fn parse(code: &str) -> Result<Self, UnknownRule> {
                match code {
                    $($code => Ok(Self::$name),)*
                    _ => Err(UnknownRule),
                }
            }
        }
    };
}

rules! {
    /// On the day, gross: the fee is taken when the bill has come.
    PaymentSucceeded = "E01" "支付成功": [Dr ChannelReceivable, Cr MerchantPending];
    /// Alone only where the merchant pays no fee: it lowers what is due to us.
    ChannelCleared = "E02" "渠道清算": [Dr ChannelCleared, Dr DueToOwn, Cr ChannelReceivable, Dr ChannelCost, Cr FeeReceivableFromC];
    MerchantFeeTaken = "E03" "商户手续费计提": [Dr MerchantPending, Cr DueToOwn, Dr FeeReceivableFromC, Cr FeeIncome];
    /// One journal, because the cost alone could put `C.DUE_TO_OWN` below zero.
    ChannelClearedWithFee = "E02+E03" "渠道清算并计提手续费": [Dr ChannelCleared, Dr DueToOwn, Cr ChannelReceivable, Dr ChannelCost, Cr FeeReceivableFromC, Dr MerchantPending, Cr DueToOwn, Dr FeeReceivableFromC, Cr FeeIncome];
    CommissionAccrued = "E04" "代理分润计提": [Dr AgentCost, Cr AgentPayable];
    ChannelFundsArrived = "E05" "渠道资金到账": [Dr BankReserve, Cr ChannelCleared];
    Settled = "E06" "结算批次": [Dr MerchantPending, Cr MerchantAvailable];
    PayoutSubmitted = "E07" "出款提交": [Dr MerchantAvailable, Cr PayoutTransit, Cr DueToOwn, Dr FeeReceivableFromC, Cr PayoutFeeIncome];
    PayoutFailed = "E08" "出款失败": [Dr PayoutTransit, Dr DueToOwn, Cr MerchantAvailable, Dr PayoutFeeIncome, Cr FeeReceivableFromC];
    PayoutSucceeded = "E09" "出款成功": [Dr PayoutTransit, Cr BankReserve];
    PayoutReturned = "E10" "退汇": [Dr BankReserve, Cr ReturnSuspense];
    ReturnClaimed = "E11" "退汇认领": [Dr ReturnSuspense, Cr MerchantAvailable];
    OwnIncomeSwept = "E12" "自有收入划出": [Dr DueToOwn, Cr BankReserve, Dr BankOwn, Cr FeeReceivableFromC];
    CommissionPaid = "E13" "代理分润支付": [Dr AgentPayable, Cr BankOwn];
    SameDayVoid = "E21" "当日撤销": [Dr MerchantPending, Cr ChannelReceivable];
    RefundAcceptedFeeReturned = "E32" "退款受理(退手续费)": [Dr MerchantPending, Dr DueToOwn, Cr RefundTransit, Dr FeeIncome, Cr FeeReceivableFromC];
    RefundConfirmed = "E33" "退款成功": [Dr RefundTransit, Cr ChannelReceivable];
    RefundClearedFeeReturned = "E34" "退款清算(渠道退费)": [Dr ChannelReceivable, Cr ChannelCleared, Cr DueToOwn, Dr FeeReceivableFromC, Cr ChannelCost];
    RefundFromPending = "E42" "退款受理(待结算)": [Dr MerchantPending, Cr RefundTransit];
    /// The pending money did not cover it; the rest comes from the balance.
    RefundFromBoth = "E42+E50" "退款受理(待结算及可用)": [Dr MerchantPending, Dr MerchantAvailable, Cr RefundTransit];
    /// The original route is impossible, and two people decided: the payer gets a transfer.
    RefundByBank = "E35" "退款转账": [Dr RefundTransit, Cr BankReserve];
    /// A card terminal gave up a void that the network had approved: the sale stands again.
    RefundUndone = "E36" "撤销冲正": [Dr ChannelReceivable, Cr MerchantPending, Cr MerchantAvailable];
    RefundCleared = "E44" "退款清算(渠道不退费)": [Dr ChannelReceivable, Cr ChannelCleared];
    RefundFromAvailable = "E50" "退款受理(可用余额)": [Dr MerchantAvailable, Cr RefundTransit];
    /// Back to exactly where it was taken from.
    RefundFailed = "E51" "退款失败": [Dr RefundTransit, Cr MerchantPending, Cr MerchantAvailable, Cr DueToOwn, Dr FeeReceivableFromC, Cr FeeIncome];
    InstantPaymentSucceeded = "E60" "D0支付成功": [Dr ChannelReceivable, Cr MerchantAvailable];
    InstantFeeTaken = "E61" "D0手续费及垫资费": [Dr MerchantAvailable, Cr DueToOwn, Dr FeeReceivableFromC, Cr FeeIncome, Cr AdvanceFeeIncome];
    InstantPayoutAdvanced = "E62" "D0垫资出款": [Dr MerchantAvailable, Cr DueToOwnAdvance, Dr AdvanceReceivableFromC, Cr BankOwn];
    InstantChannelCleared = "E63" "D0渠道清算": [Dr ChannelCleared, Dr DueToOwn, Cr ChannelReceivable, Dr ChannelCost, Cr FeeReceivableFromC];
    AdvanceRecovered = "E65" "垫资收回": [Dr DueToOwnAdvance, Cr BankReserve, Dr BankOwn, Cr AdvanceReceivableFromC];
    LongOpened = "E70" "长款挂账": [Dr ChannelCleared, Dr DueToOwn, Cr LongSuspense, Dr ChannelCost, Cr FeeReceivableFromC];
    LongToMerchant = "E71" "长款补单": [Dr LongSuspense, Cr MerchantPending];
    LongToPayer = "E72" "长款退付款人": [Dr LongSuspense, Cr ChannelReceivable];
    LongToIncome = "E73" "长款转营业外收入": [Dr LongSuspense, Cr DueToOwn, Dr FeeReceivableFromC, Cr NonOperatingIncome];
    ShortOpened = "E81" "短款挂账": [Dr ShortSuspense, Cr ChannelReceivable];
    ShortPaidLater = "E82" "短款渠道后补": [Dr ChannelCleared, Dr DueToOwn, Cr ShortSuspense, Dr ChannelCost, Cr FeeReceivableFromC];
    ShortFromMerchant = "E83" "短款冲商户": [Dr MerchantPending, Cr ShortSuspense];
    ShortFilledByClaim = "E84" "短款自有补足并追偿": [Dr BankReserve, Cr ShortSuspense, Dr MerchantReceivable, Cr BankOwn];
    ShortFilledByLoss = "E85" "短款核销": [Dr BankReserve, Cr ShortSuspense, Dr ErrorLoss, Cr BankOwn];
    ClaimRecovered = "E86" "向商户追回": [Dr MerchantAvailable, Cr DueToOwn, Dr FeeReceivableFromC, Cr MerchantReceivable];
    AmountBelowOurs = "E91" "金额不符(渠道少)": [Dr ChannelCleared, Dr DueToOwn, Dr ShortSuspense, Cr ChannelReceivable, Dr ChannelCost, Cr FeeReceivableFromC];
    AmountBelowResolved = "E91b" "金额不符调减商户": [Dr MerchantPending, Cr ShortSuspense];
    AmountAboveOurs = "E93" "金额不符(渠道多)": [Dr ChannelCleared, Cr ChannelReceivable, Cr LongSuspense];
    AmountAboveResolved = "E93b" "金额不符调增商户": [Dr LongSuspense, Cr MerchantPending];
    FeeDiffers = "E94" "手续费不符": [Dr ChannelCleared, Dr DueToOwn, Cr ChannelReceivable, Dr ChannelCost, Dr FeeDifferenceSuspense, Cr FeeReceivableFromC];
    FeeDifferenceAccepted = "E95" "手续费差异计入成本": [Dr ChannelCost, Cr FeeDifferenceSuspense];
    DisputeOpened = "E100" "争议冻结": [Dr MerchantAvailable, Cr MerchantFrozen];
    DisputeCharged = "E101" "争议渠道扣款": [Dr DisputeReceivable, Cr ChannelCleared];
    DisputeLost = "E102" "争议败诉": [Dr MerchantFrozen, Cr DisputeReceivable];
    DisputeWon = "E104" "争议胜诉": [Dr ChannelCleared, Cr DisputeReceivable];
    DisputeReleased = "E104b" "争议解冻": [Dr MerchantFrozen, Cr MerchantAvailable];
    DisputeFilledByClaim = "E106" "争议自有补足并追偿": [Dr BankReserve, Cr DisputeReceivable, Dr MerchantReceivable, Cr BankOwn];
    /// With what the platform gives to it.
    ToppedUp = "E110" "用户充值成功": [Dr ChannelReceivable, Cr UserBalance, Dr MarketingCost, Cr BonusLiability];
    TopUpCleared = "E111" "充值清算": [Dr ChannelCleared, Dr DueFromOwn, Cr ChannelReceivable, Dr ChannelCost, Cr PayToC];
    ReserveMadeWhole = "E112" "自有补足备付金": [Dr BankReserve, Cr DueFromOwn, Dr PayToC, Cr BankOwn];
    /// The gift's part is own money, which is moved in by E112.
    PaidFromBalance = "E113" "余额支付": [Dr UserBalance, Cr MerchantPending, Dr DueFromOwn, Dr BonusLiability, Cr PayToC];
    TopUpRefundAccepted = "E114" "充退受理": [Dr UserBalance, Dr Prepaid, Cr TopUpRefundTransit, Dr BonusLiability, Cr MarketingCost];
    TopUpRefundFailed = "E115" "充退失败": [Dr TopUpRefundTransit, Cr UserBalance, Cr Prepaid, Dr MarketingCost, Cr BonusLiability];
    TopUpRefundConfirmed = "E117" "充退成功": [Dr TopUpRefundTransit, Cr ChannelReceivable];
    TopUpRefundCleared = "E118" "充退清算": [Dr ChannelReceivable, Cr ChannelCleared];
    TopUpRefundByBank = "E119" "充退转账": [Dr TopUpRefundTransit, Cr BankReserve];
    CardSold = "E120" "预付卡售卡": [Dr ChannelReceivable, Cr Prepaid, Dr MarketingCost, Cr BonusLiability];
    /// As E113. Its gift's part takes the place of E122, which needs the bank at once.
    PaidFromCard = "E121" "预付卡消费": [Dr Prepaid, Cr MerchantPending, Dr DueFromOwn, Dr BonusLiability, Cr PayToC];
    PaidFromCardBonus = "E122" "预付卡消费(赠送)": [Dr BankReserve, Cr MerchantPending, Dr BonusLiability, Cr BankOwn];
    /// To a card or a balance. The gift's part is own money again.
    RefundedToCard = "E123" "预付卡消费退货": [Dr MerchantPending, Dr MerchantAvailable, Cr Prepaid, Cr UserBalance, Cr DueToOwn, Dr FeeReceivableFromC, Cr BonusLiability];
    CardReturned = "E124" "退卡": [Dr Prepaid, Cr BankReserve, Dr BonusLiability, Cr MarketingCost];
    /// The last leg of a combined order, and what its other legs had brought together. Cash and the
    /// merchant's own coupons stand in the memo book.
    CombinedPaymentSucceeded = "E130" "组合支付": [Dr ChannelReceivable, Dr Prepaid, Dr UserBalance, Dr DueFromOwn, Dr BonusLiability, Cr PayToC, Dr MarketingCost, Dr OrderTransit, Cr MerchantPending, Dr MemoCash, Dr MemoCoupon, Dr MemoSelfCollected, Cr MemoSales];
    /// A leg of a combined order that is not covered yet.
    CombinedLegPaid = "E132" "组合支付分笔到账": [Dr ChannelReceivable, Dr Prepaid, Dr UserBalance, Dr DueFromOwn, Dr BonusLiability, Cr PayToC, Dr MarketingCost, Cr OrderTransit, Dr MemoCash, Dr MemoCoupon, Dr MemoSelfCollected, Cr MemoSales];
    /// The order was given up: a paid leg goes back.
    CombinedLegReturned = "E133" "组合支付分笔退回": [Dr OrderTransit, Cr RefundTransit, Cr Prepaid, Cr UserBalance, Cr DueToOwn, Dr FeeReceivableFromC, Cr BonusLiability, Cr MarketingCost, Dr MemoSales, Cr MemoCash, Cr MemoCoupon, Cr MemoSelfCollected];
    /// E42, E50, E123 and E171 in one, leg by leg.
    CombinedRefundAccepted = "E134" "组合支付退款受理": [Dr MerchantPending, Dr MerchantAvailable, Cr RefundTransit, Cr Prepaid, Cr UserBalance, Cr DueToOwn, Dr FeeReceivableFromC, Cr BonusLiability, Cr MarketingCost, Dr MemoSales, Cr MemoCash, Cr MemoCoupon, Cr MemoSelfCollected];
    /// Own money is owed to customers' money at once, and moved by E112.
    PlatformDiscount = "E131" "平台出资优惠": [Dr DueFromOwn, Cr MerchantPending, Dr MarketingCost, Cr PayToC];
    /// The merchant gives it back.
    PlatformDiscountReturned = "E131b" "平台出资优惠退回": [Dr MerchantPending, Dr MerchantAvailable, Cr DueToOwn, Dr FeeReceivableFromC, Cr MarketingCost];
    ChannelCostAccrued = "E140" "渠道成本计提": [Dr ChannelCost, Cr ChannelFeePayable];
    ChannelCostPaid = "E141" "渠道成本支付": [Dr ChannelFeePayable, Cr BankOwn];
    RebateAccrued = "E150" "渠道返佣计提": [Dr RebateReceivable, Cr RebateIncome];
    RebateReceived = "E151" "渠道返佣到账": [Dr BankOwn, Cr RebateReceivable];
    CommissionClawedBack = "E152" "追回代理分润": [Dr AgentPayable, Cr AgentCost];
    /// Money that came in on a closed order, or a second success: never the merchant's.
    LatePaymentReceived = "E160" "迟到付款": [Dr ChannelReceivable, Cr RefundTransit];
    MemoTrade = "E170" "表外交易": [Dr MemoCash, Dr MemoCoupon, Dr MemoOwnCard, Dr MemoSelfCollected, Cr MemoSales];
    MemoTradeReversed = "E171" "表外交易冲回": [Dr MemoSales, Cr MemoCash, Cr MemoCoupon, Cr MemoOwnCard, Cr MemoSelfCollected];
    /// An issuer holds money on a card for the merchant; none moves.
    CardHeld = "E172" "预授权": [Dr MemoCardHold, Cr MemoHoldDue];
    /// Voided, completed, or its time is over.
    CardHoldReleased = "E173" "预授权解除": [Dr MemoHoldDue, Cr MemoCardHold];
    /// Made by people, under two pairs of eyes. Any legs; the books and their mirrors still hold.
    Manual = "E900" "手工凭证": [];
    /// The mirror image of another journal, which it names.
    Correction = "E901" "红冲": [];
}

impl Rule {
    #[must_use]
    pub fn allows(self, side: Side, code: AccountCode) -> bool {
        self.legs().is_empty() || self.legs().contains(&Leg { side, code })
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}
