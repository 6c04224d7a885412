//! One function per posting rule: which accounts, which sides.
//!
//! Each makes a checked [`Journal`]. A leg of zero (no fee, nothing from the balance) is left out.
//! What they cannot say wrong: sides and books. What the caller answers for: whose accounts.

use money::{Amount, Currency};

use crate::{
    AccountCode, AccountKey, Entry, Header, Journal, JournalDraft, JournalRefusal, Rule, Side,
};

/// Where the money of a refund was taken from, and goes back to if the refund fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundSource {
    /// `C.MER_PENDING` or `C.MER_AVAIL`.
    pub account: AccountKey,
    pub amount: Amount,
}

/// E01 支付成功, gross.
///
/// # Errors
/// [`JournalRefusal`], as for all rules.
pub fn payment_succeeded(
    head: Header,
    receivable: AccountKey,
    pending: AccountKey,
    amount: Amount,
) -> Result<Journal, JournalRefusal> {
    post(head, Rule::PaymentSucceeded, transfer(receivable, pending, amount))
}

/// E21 当日撤销: the payment is undone before it was cleared.
///
/// # Errors
/// [`JournalRefusal`].
pub fn same_day_void(
    head: Header,
    pending: AccountKey,
    receivable: AccountKey,
    amount: Amount,
) -> Result<Journal, JournalRefusal> {
    post(head, Rule::SameDayVoid, transfer(pending, receivable, amount))
}

/// E42, E50 or both 退款受理, the merchant's fee kept: money is set aside from unsettled money, from
/// the balance, or from both.
///
/// # Errors
/// [`JournalRefusal`].
pub fn refund_accepted(
    head: Header,
    sources: &[RefundSource],
    transit: AccountKey,
) -> Result<Journal, JournalRefusal> {
    let takes_from = |code| sources.iter().any(|s| s.account.code() == code && !s.amount.is_zero());
    let rule = match (
        takes_from(AccountCode::MerchantPending),
        takes_from(AccountCode::MerchantAvailable),
    ) {
        (true, true) => Rule::RefundFromBoth,
        (false, true) => Rule::RefundFromAvailable,
        (true | false, false) => Rule::RefundFromPending,
    };
    post(head, rule, against(sources, Side::Debit, transit)?)
}

/// Where a leg's money comes from and goes back to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Means {
    /// `C.CH_RECV` of a channel when it comes in, `C.REFUND_TRANSIT` when it goes back.
    Ours(AccountKey),
    /// `M.CASH` or `M.COUPON`, with the merchant's `M.SALES`: money that never passes us. `M.CARD_HOLD`
    /// with `M.HOLD_DUE`: money that has not moved.
    Memo { account: AccountKey, sales: AccountKey },
    /// `C.PREPAID` or `C.USER_BAL`, and `O.BONUS_LIAB` for the gift's part of it.
    Wallet { account: AccountKey, bonus: AccountKey, gift: Amount },
    /// The platform's own money: `O.MKT_COST`.
    Platform,
}

impl Means {
    /// The entries but for those of where the money goes.
    fn incoming(self, amount: Amount) -> Result<Vec<Entry>, JournalRefusal> {
        Ok(match self {
            Self::Ours(account) => vec![Entry::debit(account, amount)],
            Self::Memo { account, sales } => transfer(account, sales, amount),
            Self::Wallet { account, bonus, gift } => {
                let principal = amount.try_sub(gift).or(Err(JournalRefusal::Unbalanced))?;
                let mut entries = vec![Entry::debit(account, principal)];
                entries.extend(own_money_in(bonus, gift));
                entries
            }
            Self::Platform => {
                own_money_in(single(AccountCode::MarketingCost, amount.currency()), amount)
            }
        })
    }

    /// The same the other way round. Own money that goes back is ours to take out again.
    fn outgoing(self, amount: Amount) -> Result<Vec<Entry>, JournalRefusal> {
        Ok(match self {
            Self::Ours(account) => vec![Entry::credit(account, amount)],
            Self::Memo { account, sales } => transfer(sales, account, amount),
            Self::Wallet { account, bonus, gift } => {
                let principal = amount.try_sub(gift).or(Err(JournalRefusal::Unbalanced))?;
                let mut entries = vec![Entry::credit(account, principal)];
                entries.extend(own_money_back(bonus, gift));
                entries
            }
            Self::Platform => {
                own_money_back(single(AccountCode::MarketingCost, amount.currency()), amount)
            }
        })
    }

    const fn is_memo(&self) -> bool {
        matches!(self, Self::Memo { .. })
    }
}

/// How a memo trade is booked, and how it is booked back.
fn memo_rule(account: &AccountKey) -> (Rule, Rule) {
    if account.code() == AccountCode::MemoCardHold {
        (Rule::CardHeld, Rule::CardHoldReleased)
    } else {
        (Rule::MemoTrade, Rule::MemoTradeReversed)
    }
}

/// Own money owed to customers' money, until E112 moves it.
fn own_money_in(by: AccountKey, amount: Amount) -> Vec<Entry> {
    let currency = amount.currency();
    let mut entries = vec![Entry::debit(single(AccountCode::DueFromOwn, currency), amount)];
    entries.extend(transfer(by, single(AccountCode::PayToC, currency), amount));
    entries
}

/// Customers' money that is ours again.
fn own_money_back(to: AccountKey, amount: Amount) -> Vec<Entry> {
    let currency = amount.currency();
    let mut entries = vec![Entry::credit(single(AccountCode::DueToOwn, currency), amount)];
    entries.extend(transfer(single(AccountCode::FeeReceivableFromC, currency), to, amount));
    entries
}

/// E01, E113, E121, E131, E170 or E172, by what pays: the whole of an order.
///
/// # Errors
/// [`JournalRefusal`].
pub fn sale_paid(
    head: Header,
    means: Means,
    pending: AccountKey,
    amount: Amount,
) -> Result<Journal, JournalRefusal> {
    let rule = match &means {
        Means::Ours(_) => Rule::PaymentSucceeded,
        Means::Memo { account, .. } => memo_rule(account).0,
        Means::Wallet { account, .. } if account.code() == AccountCode::Prepaid => {
            Rule::PaidFromCard
        }
        Means::Wallet { .. } => Rule::PaidFromBalance,
        Means::Platform => Rule::PlatformDiscount,
    };
    let memo = means.is_memo();
    let mut entries = means.incoming(amount)?;
    if !memo {
        entries.push(Entry::credit(pending, amount));
    }
    post(head, rule, entries)
}

/// E123, E131b, E171 or E173, by what paid: a return that no channel makes.
///
/// # Errors
/// [`JournalRefusal`].
pub fn sale_returned(
    head: Header,
    sources: &[RefundSource],
    means: Means,
    amount: Amount,
) -> Result<Journal, JournalRefusal> {
    let rule = match &means {
        Means::Memo { account, .. } => memo_rule(account).1,
        Means::Platform => Rule::PlatformDiscountReturned,
        Means::Wallet { .. } | Means::Ours(_) => Rule::RefundedToCard,
    };
    let debit = |s: &RefundSource| Entry::debit(s.account.clone(), s.amount);
    let mut entries: Vec<Entry> = sources.iter().map(debit).collect();
    entries.extend(means.outgoing(amount)?);
    post(head, rule, entries)
}

/// E132 组合支付分笔到账: a leg was paid, and the order is not covered yet.
///
/// # Errors
/// [`JournalRefusal`].
pub fn leg_paid(
    head: Header,
    means: Means,
    order: AccountKey,
    amount: Amount,
) -> Result<Journal, JournalRefusal> {
    let memo = means.is_memo();
    let mut entries = means.incoming(amount)?;
    if !memo {
        entries.push(Entry::credit(order, amount));
    }
    post(head, Rule::CombinedLegPaid, entries)
}

/// E133 组合支付分笔退回: the order was given up. `to` is `C.REFUND_TRANSIT` for a channel, or where
/// the money came from.
///
/// # Errors
/// [`JournalRefusal`].
pub fn leg_returned(
    head: Header,
    to: Means,
    order: AccountKey,
    amount: Amount,
) -> Result<Journal, JournalRefusal> {
    let memo = to.is_memo();
    let mut entries = to.outgoing(amount)?;
    if !memo {
        entries.push(Entry::debit(order, amount));
    }
    post(head, Rule::CombinedLegReturned, entries)
}

/// What a combined order's last leg completes, for [`combined_paid`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completed {
    pub last: (Means, Amount),
    /// `C.ORDER_TRANSIT` and what the earlier legs put there.
    pub transit: (AccountKey, Amount),
    /// `C.MER_PENDING` per tender, with what came by it.
    pub pending: Vec<(AccountKey, Amount)>,
}

/// E130 组合支付: the last leg covers the order, and all of it is the merchant's.
///
/// # Errors
/// [`JournalRefusal`]; [`JournalRefusal::Unbalanced`] where the parts are not the whole.
pub fn combined_paid(head: Header, completed: Completed) -> Result<Journal, JournalRefusal> {
    let (means, amount) = completed.last;
    let mut entries = means.incoming(amount)?;
    entries.push(Entry::debit(completed.transit.0, completed.transit.1));
    entries.extend(completed.pending.into_iter().map(|(key, part)| Entry::credit(key, part)));
    post(head, Rule::CombinedPaymentSucceeded, merged(entries))
}

/// E134 组合支付退款受理: what each leg takes from the merchant, and where each goes.
///
/// # Errors
/// [`JournalRefusal`].
pub fn combined_refund_accepted(
    head: Header,
    sources: &[RefundSource],
    targets: Vec<(Means, Amount)>,
) -> Result<Journal, JournalRefusal> {
    let debit = |s: &RefundSource| Entry::debit(s.account.clone(), s.amount);
    let mut entries: Vec<Entry> = sources.iter().map(debit).collect();
    for (means, amount) in targets {
        entries.extend(means.outgoing(amount)?);
    }
    post(head, Rule::CombinedRefundAccepted, merged(entries))
}

/// E170 表外交易: a sale by cash or the merchant's own coupon alone; E172 预授权 for a hold.
///
/// # Errors
/// [`JournalRefusal`].
pub fn memo_sale(
    head: Header,
    account: AccountKey,
    sales: AccountKey,
    amount: Amount,
) -> Result<Journal, JournalRefusal> {
    let rule = memo_rule(&account).0;
    post(head, rule, transfer(account, sales, amount))
}

/// A wallet's accounts, for [`topped_up`] and [`top_up_taken_back`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filled {
    /// `C.PREPAID` or `C.USER_BAL`.
    pub account: AccountKey,
    pub amount: Amount,
    /// `O.BONUS_LIAB`
    pub bonus: AccountKey,
    /// What the platform gave, or what of it lapses or revives.
    pub gift: Amount,
}

/// E110 充值成功 or E120 售卡.
///
/// # Errors
/// [`JournalRefusal`].
pub fn topped_up(
    head: Header,
    receivable: AccountKey,
    filled: Filled,
) -> Result<Journal, JournalRefusal> {
    let card = filled.account.code() == AccountCode::Prepaid;
    let rule = if card { Rule::CardSold } else { Rule::ToppedUp };
    let cost = single(AccountCode::MarketingCost, filled.amount.currency());
    let mut entries = transfer(receivable, filled.account, filled.amount);
    entries.extend(transfer(cost, filled.bonus, filled.gift));
    post(head, rule, entries)
}

/// E114 充退受理: what is not spent of a top-up is on its way back, and its gift lapses.
///
/// # Errors
/// [`JournalRefusal`].
pub fn top_up_taken_back(
    head: Header,
    filled: Filled,
    transit: AccountKey,
) -> Result<Journal, JournalRefusal> {
    post(head, Rule::TopUpRefundAccepted, taken_back(filled, transit))
}

/// E115 充退失败: the mirror image of [`top_up_taken_back`].
///
/// # Errors
/// [`JournalRefusal`].
pub fn top_up_return_failed(
    head: Header,
    filled: Filled,
    transit: AccountKey,
) -> Result<Journal, JournalRefusal> {
    post(head, Rule::TopUpRefundFailed, mirrored(&taken_back(filled, transit)))
}

fn taken_back(filled: Filled, transit: AccountKey) -> Vec<Entry> {
    let cost = single(AccountCode::MarketingCost, filled.amount.currency());
    let mut entries = transfer(filled.account, transit, filled.amount);
    entries.extend(transfer(filled.bonus, cost, filled.gift));
    entries
}

/// E124 退卡: the gift is void. The principal goes back by [`top_up_taken_back`].
///
/// # Errors
/// [`JournalRefusal`].
pub fn gift_lapsed(
    head: Header,
    bonus: AccountKey,
    amount: Amount,
) -> Result<Journal, JournalRefusal> {
    let cost = single(AccountCode::MarketingCost, amount.currency());
    post(head, Rule::CardReturned, transfer(bonus, cost, amount))
}

/// E117 充退成功.
///
/// # Errors
/// [`JournalRefusal`].
pub fn top_up_return_confirmed(
    head: Header,
    transit: AccountKey,
    receivable: AccountKey,
    amount: Amount,
) -> Result<Journal, JournalRefusal> {
    post(head, Rule::TopUpRefundConfirmed, transfer(transit, receivable, amount))
}

/// E119 柜面: the original route is impossible, and the holder gets a transfer from the reserve.
///
/// # Errors
/// [`JournalRefusal`].
pub fn top_up_return_by_bank(
    head: Header,
    transit: AccountKey,
    bank: AccountKey,
    amount: Amount,
) -> Result<Journal, JournalRefusal> {
    post(head, Rule::TopUpRefundByBank, transfer(transit, bank, amount))
}

/// E33 退款成功. Also ends the return of a late payment.
///
/// # Errors
/// [`JournalRefusal`].
pub fn refund_confirmed(
    head: Header,
    transit: AccountKey,
    receivable: AccountKey,
    amount: Amount,
) -> Result<Journal, JournalRefusal> {
    post(head, Rule::RefundConfirmed, transfer(transit, receivable, amount))
}

/// E35 退款转账: the original route is impossible, and the payer gets a transfer from the reserve.
///
/// # Errors
/// [`JournalRefusal`].
pub fn refund_by_bank(
    head: Header,
    transit: AccountKey,
    bank: AccountKey,
    amount: Amount,
) -> Result<Journal, JournalRefusal> {
    post(head, Rule::RefundByBank, transfer(transit, bank, amount))
}

/// E51 退款失败: back to exactly the accounts that [`refund_accepted`] took from.
///
/// # Errors
/// [`JournalRefusal`].
pub fn refund_failed(
    head: Header,
    transit: AccountKey,
    sources: &[RefundSource],
) -> Result<Journal, JournalRefusal> {
    post(head, Rule::RefundFailed, against(sources, Side::Credit, transit)?)
}

/// E36 撤销冲正: the channel took a refund back as if it had never been; the money is the merchant's again,
/// in exactly the accounts that [`refund_accepted`] took from.
///
/// # Errors
/// [`JournalRefusal`].
pub fn refund_undone(
    head: Header,
    receivable: AccountKey,
    sources: &[RefundSource],
) -> Result<Journal, JournalRefusal> {
    post(head, Rule::RefundUndone, against(sources, Side::Credit, receivable)?)
}

/// E160 迟到付款: money came in on a closed order, or a second time. It was never the merchant's; it
/// waits to go back, by [`refund_confirmed`].
///
/// # Errors
/// [`JournalRefusal`].
pub fn late_payment_received(
    head: Header,
    receivable: AccountKey,
    transit: AccountKey,
    amount: Amount,
) -> Result<Journal, JournalRefusal> {
    post(head, Rule::LatePaymentReceived, transfer(receivable, transit, amount))
}

/// One matched line of a bill, for [`channel_cleared`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClearedLine {
    pub receivable: AccountKey,
    pub cleared: AccountKey,
    pub pending: AccountKey,
    pub gross: Amount,
    /// What the channel kept.
    pub channel_fee: Amount,
    /// What the merchant pays us.
    pub merchant_fee: Amount,
}

/// E02 and E03 渠道清算并计提手续费, in one journal.
///
/// # Errors
/// [`JournalRefusal`]; [`JournalRefusal::Unbalanced`] where the channel kept more than the whole.
pub fn channel_cleared(head: Header, line: ClearedLine) -> Result<Journal, JournalRefusal> {
    let currency = line.gross.currency();
    let net = line.gross.try_sub(line.channel_fee).or(Err(JournalRefusal::Unbalanced))?;
    let [due, receivable_from_c] =
        [AccountCode::DueToOwn, AccountCode::FeeReceivableFromC].map(|c| single(c, currency));
    let entries = vec![
        Entry::debit(line.cleared, net),
        Entry::debit(due.clone(), line.channel_fee),
        Entry::credit(line.receivable, line.gross),
        Entry::debit(single(AccountCode::ChannelCost, currency), line.channel_fee),
        Entry::credit(receivable_from_c.clone(), line.channel_fee),
        Entry::debit(line.pending, line.merchant_fee),
        Entry::credit(due, line.merchant_fee),
        Entry::debit(receivable_from_c, line.merchant_fee),
        Entry::credit(single(AccountCode::FeeIncome, currency), line.merchant_fee),
    ];
    post(head, Rule::ChannelClearedWithFee, entries)
}

/// E05 渠道资金到账.
///
/// # Errors
/// [`JournalRefusal`].
pub fn channel_funds_arrived(
    head: Header,
    bank: AccountKey,
    cleared: AccountKey,
    amount: Amount,
) -> Result<Journal, JournalRefusal> {
    post(head, Rule::ChannelFundsArrived, transfer(bank, cleared, amount))
}

/// E06 结算批次: unsettled money becomes the merchant's to take out.
///
/// # Errors
/// [`JournalRefusal`].
pub fn settled(
    head: Header,
    pending: AccountKey,
    available: AccountKey,
    amount: Amount,
) -> Result<Journal, JournalRefusal> {
    post(head, Rule::Settled, transfer(pending, available, amount))
}

/// A payout, for [`payout_submitted`] and [`payout_failed`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payout {
    pub available: AccountKey,
    pub transit: AccountKey,
    /// What the merchant gets.
    pub amount: Amount,
    /// What he pays for it.
    pub fee: Amount,
}

/// E07 出款提交.
///
/// # Errors
/// [`JournalRefusal`].
pub fn payout_submitted(head: Header, payout: Payout) -> Result<Journal, JournalRefusal> {
    post(head, Rule::PayoutSubmitted, payout_entries(payout)?)
}

/// E08 出款失败: amount and fee go back to the merchant.
///
/// # Errors
/// [`JournalRefusal`].
pub fn payout_failed(head: Header, payout: Payout) -> Result<Journal, JournalRefusal> {
    post(head, Rule::PayoutFailed, mirrored(&payout_entries(payout)?))
}

/// E09 出款成功.
///
/// # Errors
/// [`JournalRefusal`].
pub fn payout_succeeded(
    head: Header,
    transit: AccountKey,
    bank: AccountKey,
    amount: Amount,
) -> Result<Journal, JournalRefusal> {
    post(head, Rule::PayoutSucceeded, transfer(transit, bank, amount))
}

/// 红冲: the mirror image of a posted journal, which it names.
///
/// # Errors
/// [`JournalRefusal`].
pub fn correction(head: Header, old: &Journal) -> Result<Journal, JournalRefusal> {
    Journal::new(JournalDraft {
        corrects: Some(old.id()),
        ..draft(head, Rule::Correction, mirrored(old.entries()))
    })
}

fn post(head: Header, rule: Rule, mut entries: Vec<Entry>) -> Result<Journal, JournalRefusal> {
    entries.retain(|entry| !entry.amount.is_zero());
    Journal::new(draft(head, rule, entries))
}

fn draft(head: Header, rule: Rule, entries: Vec<Entry>) -> JournalDraft {
    let Header { id, subject, accounting_date, booked_at } = head;
    JournalDraft { id, rule, subject, accounting_date, booked_at, entries, corrects: None }
}

fn transfer(debit: AccountKey, credit: AccountKey, amount: Amount) -> Vec<Entry> {
    vec![Entry::debit(debit, amount), Entry::credit(credit, amount)]
}

/// The sources on `side`, and their sum on the other.
fn against(
    sources: &[RefundSource],
    side: Side,
    transit: AccountKey,
) -> Result<Vec<Entry>, JournalRefusal> {
    let zero = Amount::zero(transit.currency());
    let sum = sources.iter().try_fold(zero, |sum, source| sum.try_add(source.amount));
    let whole = sum.map_err(|error| match error {
        money::AmountError::CurrencyMismatch => JournalRefusal::CurrencyMismatch,
        money::AmountError::Malformed
        | money::AmountError::TooLarge
        | money::AmountError::BelowZero => JournalRefusal::AmountTooLarge,
    })?;
    let entry = |s: &RefundSource| Entry { account: s.account.clone(), side, amount: s.amount };
    let mut entries: Vec<Entry> = sources.iter().map(entry).collect();
    entries.push(Entry { account: transit, side: side.opposite(), amount: whole });
    Ok(entries)
}

fn payout_entries(payout: Payout) -> Result<Vec<Entry>, JournalRefusal> {
    let currency = payout.amount.currency();
    let whole = payout.amount.try_add(payout.fee).or(Err(JournalRefusal::AmountTooLarge))?;
    Ok(vec![
        Entry::debit(payout.available, whole),
        Entry::credit(payout.transit, payout.amount),
        Entry::credit(single(AccountCode::DueToOwn, currency), payout.fee),
        Entry::debit(single(AccountCode::FeeReceivableFromC, currency), payout.fee),
        Entry::credit(single(AccountCode::PayoutFeeIncome, currency), payout.fee),
    ])
}

fn mirrored(entries: &[Entry]) -> Vec<Entry> {
    let mirror = |e: &Entry| Entry { side: e.side.opposite(), ..e.clone() };
    entries.iter().map(mirror).collect()
}

/// One entry per account and side.
fn merged(entries: Vec<Entry>) -> Vec<Entry> {
    let mut merged: Vec<Entry> = Vec::new();
    for entry in entries {
        let same = |e: &&mut Entry| e.account == entry.account && e.side == entry.side;
        match merged.iter_mut().find(same).map(|e| (e.amount.try_add(entry.amount), e)) {
            Some((Ok(sum), known)) => known.amount = sum,
            Some((Err(_), _)) | None => merged.push(entry),
        }
    }
    merged
}

const fn single(code: AccountCode, currency: Currency) -> AccountKey {
    AccountKey::without_owner(code, currency)
}
