//! Which accounts a payment and a refund touch, and on which accounting date.

use ids::{JournalId, MerchantId, OrderId, RefundId};
use jiff::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::{Offset, TimeZone};
use ledger::rules::{self, Completed, Means, RefundSource};
use ledger::{AccountCode, AccountKey, Header, Journal, JournalRefusal};
use money::{Amount, Currency};
use orders::{Aggregate, Leg, LegState, OrderShape, OrderState, Tender};

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

    /// Where a leg's money comes from.
    fn source(&self, leg: &Leg) -> Means {
        if leg.is_ours() { Means::Ours(self.receivable()) } else { self.memo(&leg.tender) }
    }

    /// Where a leg's money goes when it is returned.
    fn target(&self, leg: &Leg, refund: RefundId) -> Means {
        if leg.is_ours() {
            Means::Ours(self.refund_transit(refund))
        } else {
            self.memo(&leg.tender)
        }
    }

    fn memo(&self, tender: &Tender) -> Means {
        let code = match tender {
            Tender::MerchantCoupon => AccountCode::MemoCoupon,
            Tender::Cash => AccountCode::MemoCash,
            Tender::Channel(_) => AccountCode::MemoSelfCollected,
        };
        let of = |code| key(code, &self.merchant.to_string(), self.currency);
        Means::Memo { account: of(code), sales: of(AccountCode::MemoSales) }
    }
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
        (OrderShape::Single, Means::Ours(account)) => {
            rules::payment_succeeded(head, account, parties.pending(&leg.tender), leg.amount)
        }
        (OrderShape::Single, Means::Memo { account, sales }) => {
            rules::memo_sale(head, account, sales, leg.amount)
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
    let to = parties.target(leg, refund);
    checked(rules::leg_returned(stamp.head(refund.to_string()), to, transit, leg.amount))
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
    let target = |t: &Taken| parties.target(&t.leg, t.refund);
    Some(checked(match (taken, target(first)) {
        ([_], Means::Ours(transit)) => rules::refund_accepted(head, &sources, transit),
        ([_], Means::Memo { account, sales }) => {
            rules::memo_return(head, sales, account, first.amount)
        }
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

/// E35: two people decided that the payer gets a transfer.
pub(crate) fn refund_by_bank(
    stamp: Stamp,
    parties: &Parties,
    refund: RefundId,
    amount: Amount,
) -> Journal {
    let (transit, bank) = (parties.refund_transit(refund), bank_reserve(parties.currency));
    checked(rules::refund_by_bank(stamp.head(refund.to_string()), transit, bank, amount))
}

/// 备付金: our one account at the central depository.
pub(crate) fn bank_reserve(currency: Currency) -> AccountKey {
    key(AccountCode::BankReserve, "main", currency)
}

/// E51: the refund failed; the money goes back to exactly where it was taken from.
pub(crate) fn refund_failed(stamp: Stamp, parties: &Parties, taken: &Taken) -> Journal {
    let head = stamp.head(taken.refund.to_string());
    checked(match parties.target(&taken.leg, taken.refund) {
        Means::Ours(transit) => rules::refund_failed(head, transit, &sources(parties, taken)),
        Means::Memo { account, sales } => rules::memo_sale(head, account, sales, taken.amount),
    })
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
