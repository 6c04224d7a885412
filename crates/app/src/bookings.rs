//! Which accounts a payment and a refund touch, and on which accounting date.

use ids::{ChannelCode, JournalId, MerchantId, OrderId, RefundId};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::{Offset, TimeZone};
use ledger::rules::{self, RefundSource};
use ledger::{AccountCode, AccountKey, Header, Journal, JournalRefusal};
use money::{Amount, Currency};

/// China keeps one time zone without daylight saving.
pub const CHINA: Offset = Offset::constant(8);

/// The accounting date of a moment: the calendar day in China.
#[must_use]
pub fn accounting_date(at: Timestamp) -> Date {
    at.to_zoned(TimeZone::fixed(CHINA)).date()
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

/// Whose money, through which account at a channel.
#[derive(Debug, Clone)]
pub(crate) struct Parties {
    pub(crate) merchant: MerchantId,
    pub(crate) channel: ChannelCode,
    /// The owner text of our account at the channel.
    pub(crate) channel_owner: String,
    pub(crate) currency: Currency,
}

impl Parties {
    /// 商户待结算: what is taken and not yet settled, per merchant and channel.
    pub(crate) fn pending(&self) -> AccountKey {
        let owner = format!("{}:{}", self.merchant, self.channel);
        key(AccountCode::MerchantPending, &owner, self.currency)
    }

    /// 商户可用余额
    pub(crate) fn available(&self) -> AccountKey {
        AccountKey::merchant_available(self.merchant, self.currency)
    }

    /// 应收渠道款
    fn receivable(&self) -> AccountKey {
        key(AccountCode::ChannelReceivable, &self.channel_owner, self.currency)
    }

    /// 退款在途
    pub(crate) fn refund_transit(&self, refund: RefundId) -> AccountKey {
        AccountKey::refund_transit(refund, self.currency)
    }
}

/// Where a refund's money is taken from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Taken {
    pub(crate) refund: RefundId,
    pub(crate) from_pending: Amount,
    pub(crate) from_available: Amount,
}

/// E01: the payment succeeded.
pub(crate) fn paid(stamp: Stamp, order: OrderId, parties: &Parties, amount: Amount) -> Journal {
    let (channel, merchant) = (parties.receivable(), parties.pending());
    checked(rules::payment_succeeded(stamp.head(order.to_string()), channel, merchant, amount))
}

/// Money that came in when nobody waited for it any more: it is on its way back at once.
pub(crate) fn late(stamp: Stamp, refund: RefundId, parties: &Parties, amount: Amount) -> Journal {
    let (channel, transit) = (parties.receivable(), parties.refund_transit(refund));
    checked(rules::late_payment_received(stamp.head(refund.to_string()), channel, transit, amount))
}

/// E42 and E50: the refund is accepted; unsettled money first, then the balance.
pub(crate) fn refund_accepted(stamp: Stamp, parties: &Parties, taken: Taken) -> Journal {
    let sources = sources(parties, taken);
    let transit = parties.refund_transit(taken.refund);
    checked(rules::refund_accepted(stamp.head(taken.refund.to_string()), &sources, transit))
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

/// E51: the refund failed; the money goes back to exactly where it was taken from.
pub(crate) fn refund_failed(stamp: Stamp, parties: &Parties, taken: Taken) -> Journal {
    let sources = sources(parties, taken);
    let transit = parties.refund_transit(taken.refund);
    checked(rules::refund_failed(stamp.head(taken.refund.to_string()), transit, &sources))
}

fn sources(parties: &Parties, taken: Taken) -> Vec<RefundSource> {
    let both = [
        RefundSource { account: parties.pending(), amount: taken.from_pending },
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
