//! Which accounts a payment and a refund touch, and on which accounting date.

use ids::{JournalId, MerchantId, OrderId, RefundId, WalletId};
use jiff::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::{Offset, TimeZone};
use ledger::rules::{self, Completed, Filled, Means, RefundSource};
use ledger::{AccountCode, AccountKey, Header, Journal, JournalRefusal};
use money::{Amount, Currency};
use orders::{
    Aggregate, Leg, LegState, Order, OrderShape, OrderState, Refund, RefundKind, Tender, TopUp,
    WalletKind, WalletUse,
};

/// China keeps one time zone without daylight saving.
pub const CHINA: Offset = Offset::constant(8);

/// The accounting date of a moment: the calendar day in China.
#[must_use]
pub fn accounting_date(at: Timestamp) -> Date {
    at.to_zoned(TimeZone::fixed(CHINA)).date()
}

/// The hour of a moment, in China.
#[must_use]
pub fn china_time(at: Timestamp) -> Time {
    at.to_zoned(TimeZone::fixed(CHINA)).time()
}

/// What every journal of a decision is dated and numbered with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stamp {
    pub(crate) journal: JournalId,
    pub(crate) at: Timestamp,
}

impl Stamp {
    fn head(self, subject: String) -> Header {
        Header {
            id: self.journal,
            subject,
            accounting_date: accounting_date(self.at),
            booked_at: self.at,
        }
    }
}

/// Whose money, and through which account at a channel.
#[derive(Debug, Clone)]
pub(crate) struct Parties {
    pub(crate) merchant: MerchantId,
    pub(crate) currency: Currency,
    /// The owner text of our account at the channel; none for what no channel is asked about.
    pub(crate) channel_owner: Option<String>,
}

impl Parties {
    /// 商户待结算: what is taken and not yet settled, per merchant and tender.
    pub(crate) fn pending(&self, tender: &Tender) -> AccountKey {
        let owner = format!("{}:{tender}", self.merchant);
        key(AccountCode::MerchantPending, &owner, self.currency)
    }

    /// 商户可用余额
    pub(crate) fn available(&self) -> AccountKey {
        AccountKey::merchant_available(self.merchant, self.currency)
    }

    /// 应收渠道款
    fn receivable(&self) -> AccountKey {
        #[expect(
            clippy::expect_used,
            reason = "a decision about a channel's money is made with the channel's account"
        )]
        let owner = self.channel_owner.as_deref().expect("a channel's account");
        key(AccountCode::ChannelReceivable, owner, self.currency)
    }

    /// 退款在途
    pub(crate) fn refund_transit(&self, refund: RefundId) -> AccountKey {
        AccountKey::refund_transit(refund, self.currency)
    }

    /// 充退在途
    pub(crate) fn top_up_transit(&self, refund: RefundId) -> AccountKey {
        key(AccountCode::TopUpRefundTransit, &refund.to_string(), self.currency)
    }

    /// Where a leg's money comes from.
    fn source(&self, leg: &Leg) -> Means {
        match &leg.tender {
            Tender::Channel(_) if leg.is_ours() => Means::Ours(self.receivable()),
            Tender::Channel(_) | Tender::BankCard => self.memo(AccountCode::MemoSelfCollected),
            Tender::Cash => self.memo(AccountCode::MemoCash),
            Tender::MerchantCoupon => self.memo(AccountCode::MemoCoupon),
            Tender::PlatformCoupon => Means::Platform,
            Tender::Wallet => self.wallet(leg.wallet.as_ref()),
            Tender::CardHold(_) => self.hold(),
        }
    }

    /// Where a part of a leg's money goes when it is returned.
    fn target(&self, (leg, amount): (&Leg, Amount), refund: RefundId) -> Means {
        match &leg.tender {
            Tender::Channel(_) if leg.is_ours() => Means::Ours(self.refund_transit(refund)),
            Tender::Channel(_) | Tender::BankCard => self.memo(AccountCode::MemoSelfCollected),
            Tender::Cash => self.memo(AccountCode::MemoCash),
            Tender::MerchantCoupon => self.memo(AccountCode::MemoCoupon),
            Tender::PlatformCoupon => Means::Platform,
            Tender::Wallet => {
                let back = leg.wallet.as_ref().map(|used| used.returned(leg.refunded, amount));
                self.wallet(back.as_ref())
            }
            Tender::CardHold(_) => self.hold(),
        }
    }

    fn memo(&self, code: AccountCode) -> Means {
        let sales = self.of_merchant(AccountCode::MemoSales);
        Means::Memo { account: self.of_merchant(code), sales }
    }

    /// 预授权
    fn hold(&self) -> Means {
        let sales = self.of_merchant(AccountCode::MemoHoldDue);
        Means::Memo { account: self.of_merchant(AccountCode::MemoCardHold), sales }
    }

    fn of_merchant(&self, code: AccountCode) -> AccountKey {
        key(code, &self.merchant.to_string(), self.currency)
    }

    fn wallet(&self, used: Option<&WalletUse>) -> Means {
        #[expect(clippy::expect_used, reason = "a leg paid by a wallet names it")]
        let used = used.expect("a wallet");
        Means::Wallet {
            account: self.wallet_account(used.wallet, used.kind),
            bonus: self.bonus(used.wallet),
            gift: used.gift(Amount::zero(self.currency)),
        }
    }

    /// 预付卡备付金 or 用户余额
    pub(crate) fn wallet_account(&self, wallet: WalletId, kind: WalletKind) -> AccountKey {
        let code = match kind {
            WalletKind::Card => AccountCode::Prepaid,
            WalletKind::Balance => AccountCode::UserBalance,
        };
        key(code, &wallet.to_string(), self.currency)
    }

    /// 预付卡赠送额
    pub(crate) fn bonus(&self, wallet: WalletId) -> AccountKey {
        key(AccountCode::BonusLiability, &wallet.to_string(), self.currency)
    }

    fn filled(&self, top_up: TopUp, amount: Amount, gift: Amount) -> Filled {
        let account = self.wallet_account(top_up.wallet, top_up.kind);
        Filled { account, amount, bonus: self.bonus(top_up.wallet), gift }
    }
}

/// E110 or E120: a top-up was paid.
pub(crate) fn topped_up(
    stamp: Stamp,
    parties: &Parties,
    (order, top_up): (OrderId, TopUp),
    amount: Amount,
) -> Journal {
    let filled = parties.filled(top_up, amount, top_up.gift);
    checked(rules::topped_up(stamp.head(order.to_string()), parties.receivable(), filled))
}

/// E114: a part of a top-up is on its way back, and `lapsed` of its gift is gone.
pub(crate) fn top_up_taken_back(
    stamp: Stamp,
    parties: &Parties,
    (refund, top_up): (&Refund, TopUp),
    lapsed: Amount,
) -> Journal {
    let filled = parties.filled(top_up, refund.amount, lapsed);
    let head = stamp.head(refund.id.to_string());
    checked(rules::top_up_taken_back(head, filled, parties.top_up_transit(refund.id)))
}

/// E124: the wallet was closed, and its gifts are gone.
pub(crate) fn gift_lapsed(
    stamp: Stamp,
    parties: &Parties,
    wallet: WalletId,
    amount: Amount,
) -> Journal {
    checked(rules::gift_lapsed(stamp.head(wallet.to_string()), parties.bonus(wallet), amount))
}

/// E115: it failed; the money is spendable again, and so is `revived` of the gift.
pub(crate) fn top_up_return_failed(
    stamp: Stamp,
    parties: &Parties,
    (refund, top_up): (&Refund, TopUp),
    revived: Amount,
) -> Journal {
    let filled = parties.filled(top_up, refund.amount, revived);
    let head = stamp.head(refund.id.to_string());
    checked(rules::top_up_return_failed(head, filled, parties.top_up_transit(refund.id)))
}

/// E117: the channel confirmed it.
pub(crate) fn top_up_return_confirmed(stamp: Stamp, parties: &Parties, refund: &Refund) -> Journal {
    let (transit, channel) = (parties.top_up_transit(refund.id), parties.receivable());
    let head = stamp.head(refund.id.to_string());
    checked(rules::top_up_return_confirmed(head, transit, channel, refund.amount))
}

/// Where a refund's money is taken from.
#[derive(Debug, Clone)]
pub(crate) struct Taken {
    pub(crate) refund: RefundId,
    pub(crate) leg: Leg,
    pub(crate) amount: Amount,
    pub(crate) from_pending: Amount,
    pub(crate) from_available: Amount,
}

/// A leg was paid: E01 for the whole of a single order, E132 for a part of a combined one, and E130
/// for the part that completes it.
pub(crate) fn paid(stamp: Stamp, aggregate: &Aggregate, parties: &Parties, leg: &Leg) -> Journal {
    let order = &aggregate.order;
    let head = stamp.head(order.id.to_string());
    let source = parties.source(leg);
    checked(match (order.shape, source) {
        (OrderShape::Single, source) => {
            rules::sale_paid(head, source, parties.pending(&leg.tender), leg.amount)
        }
        (OrderShape::Combined, source) if order.state == OrderState::Paid => {
            rules::combined_paid(head, completed(aggregate, parties, (leg, source)))
        }
        (OrderShape::Combined, source) => {
            let transit = AccountKey::order_transit(order.id, parties.currency);
            rules::leg_paid(head, source, transit, leg.amount)
        }
    })
}

fn completed(aggregate: &Aggregate, parties: &Parties, last: (&Leg, Means)) -> Completed {
    let (leg, source) = last;
    let ours = |l: &&Leg| l.state == LegState::Paid && l.is_ours();
    let paid: Vec<&Leg> = aggregate.legs.iter().filter(ours).collect();
    let earlier = paid.iter().filter(|l| l.id != leg.id).map(|l| l.amount);
    let zero = Amount::zero(parties.currency);
    let transit = earlier.fold(zero, |sum, part| sum.try_add(part).unwrap_or(sum));
    Completed {
        last: (source, leg.amount),
        transit: (AccountKey::order_transit(aggregate.id(), parties.currency), transit),
        pending: paid.iter().map(|l| (parties.pending(&l.tender), l.amount)).collect(),
    }
}

/// E133: the order was given up, and a paid leg goes back.
pub(crate) fn leg_returned(
    stamp: Stamp,
    parties: &Parties,
    (order, leg): (OrderId, &Leg),
    refund: RefundId,
) -> Journal {
    let transit = AccountKey::order_transit(order, parties.currency);
    let to = parties.target((leg, leg.amount), refund);
    checked(rules::leg_returned(stamp.head(refund.to_string()), to, transit, leg.amount))
}

/// E173: a hold was completed, or its time is over.
pub(crate) fn hold_released(stamp: Stamp, parties: &Parties, hold: &Order) -> Journal {
    let head = stamp.head(hold.id.to_string());
    checked(rules::sale_returned(head, &[], parties.hold(), hold.amount))
}

/// E172: its completion was undone, and it stands again.
pub(crate) fn hold_revived(stamp: Stamp, parties: &Parties, hold: &Order) -> Journal {
    let head = stamp.head(hold.id.to_string());
    let pending = parties.available();
    checked(rules::sale_paid(head, parties.hold(), pending, hold.amount))
}

/// Money that came in when nobody waited for it any more: it is on its way back at once.
pub(crate) fn late(stamp: Stamp, refund: RefundId, parties: &Parties, amount: Amount) -> Journal {
    let (channel, transit) = (parties.receivable(), parties.refund_transit(refund));
    checked(rules::late_payment_received(stamp.head(refund.to_string()), channel, transit, amount))
}

/// E42 and E50: the refund is accepted; unsettled money first, then the balance. E134 where several
/// legs or other tenders take part, E171 for cash alone.
pub(crate) fn refund_accepted(stamp: Stamp, parties: &Parties, taken: &[Taken]) -> Option<Journal> {
    let first = taken.first()?;
    let head = stamp.head(first.refund.to_string());
    let sources: Vec<RefundSource> = taken.iter().flat_map(|t| sources(parties, t)).collect();
    let target = |t: &Taken| parties.target((&t.leg, t.amount), t.refund);
    Some(checked(match (taken, target(first)) {
        ([_], Means::Ours(transit)) => rules::refund_accepted(head, &sources, transit),
        ([_], means) => rules::sale_returned(head, &sources, means, first.amount),
        (_, _) => {
            let targets = taken.iter().map(|t| (target(t), t.amount)).collect();
            rules::combined_refund_accepted(head, &sources, targets)
        }
    }))
}

/// E33: the channel confirmed the refund.
pub(crate) fn refund_confirmed(
    stamp: Stamp,
    refund: RefundId,
    parties: &Parties,
    amount: Amount,
) -> Journal {
    let (transit, channel) = (parties.refund_transit(refund), parties.receivable());
    checked(rules::refund_confirmed(stamp.head(refund.to_string()), transit, channel, amount))
}

/// E35, or E119 for a top-up: two people decided that the payer gets a transfer.
pub(crate) fn refund_by_bank(stamp: Stamp, parties: &Parties, refund: &Refund) -> Journal {
    let (head, bank) = (stamp.head(refund.id.to_string()), bank_reserve(parties.currency));
    checked(match refund.kind {
        RefundKind::TopUpReturn => {
            let transit = parties.top_up_transit(refund.id);
            rules::top_up_return_by_bank(head, transit, bank, refund.amount)
        }
        RefundKind::Refund | RefundKind::Void | RefundKind::Reversal => {
            rules::refund_by_bank(head, parties.refund_transit(refund.id), bank, refund.amount)
        }
    })
}

/// 备付金: our one account at the central depository.
pub(crate) fn bank_reserve(currency: Currency) -> AccountKey {
    key(AccountCode::BankReserve, "main", currency)
}

/// E51: the refund failed; the money goes back to exactly where it was taken from.
pub(crate) fn refund_failed(stamp: Stamp, parties: &Parties, taken: &Taken) -> Journal {
    let head = stamp.head(taken.refund.to_string());
    checked(match parties.target((&taken.leg, taken.amount), taken.refund) {
        Means::Ours(transit) => rules::refund_failed(head, transit, &sources(parties, taken)),
        Means::Memo { account, sales } => rules::memo_sale(head, account, sales, taken.amount),
        // Nobody can refuse these: they are done as they are booked.
        means @ (Means::Wallet { .. } | Means::Platform) => {
            rules::sale_paid(head, means, parties.pending(&taken.leg.tender), taken.amount)
        }
    })
}

/// E36: the channel took the refund back. What of it was the merchant's own business is his again.
pub(crate) fn refund_undone(
    stamp: Stamp,
    parties: &Parties,
    taken: &Taken,
    is_ours: bool,
) -> Journal {
    if is_ours {
        let head = stamp.head(taken.refund.to_string());
        return checked(rules::refund_undone(head, parties.receivable(), &sources(parties, taken)));
    }
    refund_failed(stamp, parties, taken)
}

fn sources(parties: &Parties, taken: &Taken) -> Vec<RefundSource> {
    let both = [
        RefundSource { account: parties.pending(&taken.leg.tender), amount: taken.from_pending },
        RefundSource { account: parties.available(), amount: taken.from_available },
    ];
    both.into_iter().filter(|source| !source.amount.is_zero()).collect()
}

fn key(code: AccountCode, owner: &str, currency: Currency) -> AccountKey {
    let key = AccountKey::new(code, owner, currency);
    #[expect(
        clippy::expect_used,
        reason = "ids and channel codes are within an owner's characters"
    )]
    key.expect("an owner made of ids")
}

fn checked(journal: Result<Journal, JournalRefusal>) -> Journal {
    #[expect(
        clippy::expect_used,
        reason = "a rule that does not balance is a bug: nothing is written"
    )]
    journal.expect("a posting rule makes a balanced journal")
}
