//! Wallets 钱包: prepaid cards and users' balances, filled by top-ups and spent like money.
//!
//! Every top-up is a lot that remembers what is left of it, because what is not spent goes back by the
//! way it came (充退). Spending takes the oldest principal first, and gifts when no principal is left;
//! what comes back goes to the lots that it came from, the last drawn first.

use ids::{CampaignId, MerchantId, MerchantNo, OrderId, WalletId};
use jiff::Timestamp;
use money::{Amount, Currency};

/// Top-ups of one wallet: all are looked at when it pays.
pub const LOTS_MAX: usize = 2_000;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wallet {
    pub id: WalletId,
    /// Who issued it, and whose customers pay with it.
    pub merchant: MerchantId,
    /// The merchant's own number: its idempotency key for ever.
    pub no: MerchantNo,
    /// SHA-256 of the canonical request.
    pub content_hash: [u8; 32],
    pub kind: WalletKind,
    pub state: WalletState,
    /// Who holds it, as the merchant names him.
    pub holder: Option<String>,
    pub currency: Currency,
    /// From then on it pays nothing; what is left goes back to its holder.
    pub expires_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// The oldest first.
    pub lots: Vec<Lot>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WalletKind {
    /// 预付卡: issued, and active when it is handed out.
    Card,
    /// 用户余额: active at once.
    Balance,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WalletState {
    /// Issued and not handed out: it takes no money and pays none.
    Inactive,
    Active,
    /// 冻结: by risk control. Nothing is spent; money goes back by force.
    Frozen,
    Closed,
}

/// What is left of one top-up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lot {
    /// The top-up's order.
    pub order: OrderId,
    pub amount: Amount,
    /// 赠送额, given by the platform.
    pub gift: Amount,
    pub spent: Amount,
    pub gift_spent: Amount,
    /// 充退: back by the original route, or on its way there.
    pub returned: Amount,
    /// Of the gift: gone, because of the top-up something went back.
    pub lapsed: Amount,
}

/// What a payment took from one lot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draw {
    pub lot: OrderId,
    pub principal: Amount,
    pub gift: Amount,
}

/// A leg's wallet and what it took from it: nothing until it has paid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WalletUse {
    pub wallet: WalletId,
    pub kind: WalletKind,
    pub draws: Vec<Draw>,
}

/// What an order fills, where it is a top-up and not a sale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TopUp {
    pub wallet: WalletId,
    pub kind: WalletKind,
    pub gift: Amount,
    /// Out of whose budget the gift comes.
    pub campaign: Option<CampaignId>,
}

/// Why a wallet does not do what is asked, by precedence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum WalletRefusal {
    #[error("this wallet number was used before with other content")]
    WalletNoUsed,
    #[error("there is no such wallet")]
    WalletNotFound,
    #[error("the wallet is not active yet")]
    WalletNotActive,
    #[error("the wallet is frozen")]
    WalletFrozen,
    #[error("the wallet is closed")]
    WalletClosed,
    #[error("the wallet's time is over")]
    WalletExpired,
    #[error("the amount is in another currency than the wallet")]
    CurrencyMismatch,
    #[error("the wallet has been topped up too often")]
    TooManyTopUps,
    #[error("the wallet does not hold that much")]
    WalletShort,
    #[error("the wallet has no such top-up")]
    TopUpNotFound,
    #[error("the amount is zero, or above what is left of the top-up")]
    AmountAboveLot,
}

impl WalletRefusal {
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::WalletNoUsed => "wallet_no_used",
            Self::WalletNotFound => "wallet_not_found",
            Self::WalletNotActive => "wallet_not_active",
            Self::WalletFrozen => "wallet_frozen",
            Self::WalletClosed => "wallet_closed",
            Self::WalletExpired => "wallet_expired",
            Self::CurrencyMismatch => "currency_mismatch",
            Self::TooManyTopUps => "too_many_top_ups",
            Self::WalletShort => "wallet_short",
            Self::TopUpNotFound => "top_up_not_found",
            Self::AmountAboveLot => "amount_above_lot",
        }
    }
}

impl WalletKind {
    pub const ALL: [Self; 2] = [Self::Card, Self::Balance];
}

impl Lot {
    /// The principal that is neither spent nor returned.
    #[must_use]
    pub fn left(&self) -> Amount {
        less(less(self.amount, self.spent), self.returned)
    }

    #[must_use]
    pub fn gift_left(&self) -> Amount {
        less(less(self.gift, self.gift_spent), self.lapsed)
    }
}

impl WalletUse {
    /// Of a leg that has not paid yet.
    #[must_use]
    pub const fn unpaid(wallet: WalletId) -> Self {
        Self { wallet, kind: WalletKind::Balance, draws: Vec::new() }
    }

    /// What of the payment was the gift's.
    #[must_use]
    pub fn gift(&self, zero: Amount) -> Amount {
        sum(zero, self.draws.iter().map(|draw| draw.gift))
    }

    /// What goes back to each lot when `amount` is returned after `before` went back already: the last
    /// drawn first, gifts before principal.
    #[must_use]
    pub fn returned(&self, before: Amount, amount: Amount) -> Self {
        let zero = Amount::zero(amount.currency());
        let mut skip = before;
        let mut left = amount;
        let mut take = |drawn: Amount| {
            let skipped = least(drawn, skip);
            skip = less(skip, skipped);
            let taken = least(less(drawn, skipped), left);
            left = less(left, taken);
            taken
        };
        let gifts: Vec<Amount> = self.draws.iter().rev().map(|draw| take(draw.gift)).collect();
        let back = self.draws.iter().rev().zip(gifts).map(|(draw, gift)| Draw {
            lot: draw.lot,
            principal: take(draw.principal),
            gift,
        });
        let back = back.filter(|draw| draw.principal != zero || draw.gift != zero);
        Self { wallet: self.wallet, kind: self.kind, draws: back.collect() }
    }
}

impl Wallet {
    /// Whether it can be filled now.
    ///
    /// # Errors
    /// [`WalletRefusal`], in its order.
    pub fn takes_money(&self, amount: Amount, now: Timestamp) -> Result<(), WalletRefusal> {
        self.is_usable(amount, now)?;
        if self.lots.len() >= LOTS_MAX { Err(WalletRefusal::TooManyTopUps) } else { Ok(()) }
    }

    fn is_usable(&self, amount: Amount, now: Timestamp) -> Result<(), WalletRefusal> {
        match self.state {
            WalletState::Inactive => Err(WalletRefusal::WalletNotActive),
            WalletState::Frozen => Err(WalletRefusal::WalletFrozen),
            WalletState::Closed => Err(WalletRefusal::WalletClosed),
            WalletState::Active if self.expires_at.is_some_and(|end| end <= now) => {
                Err(WalletRefusal::WalletExpired)
            }
            WalletState::Active if amount.currency() != self.currency => {
                Err(WalletRefusal::CurrencyMismatch)
            }
            WalletState::Active => Ok(()),
        }
    }

    /// What it holds of its holder's own money.
    #[must_use]
    pub fn principal(&self) -> Amount {
        sum(Amount::zero(self.currency), self.lots.iter().map(Lot::left))
    }

    /// What it holds of gifts.
    #[must_use]
    pub fn gift(&self) -> Amount {
        sum(Amount::zero(self.currency), self.lots.iter().map(Lot::gift_left))
    }

    /// A top-up was paid. It counts whatever the wallet's state is by now: the money came in.
    #[must_use]
    pub fn filled(&self, order: OrderId, amount: Amount, gift: Amount, now: Timestamp) -> Self {
        let zero = Amount::zero(self.currency);
        let mut next = self.clone();
        next.lots.push(Lot {
            order,
            amount,
            gift,
            spent: zero,
            gift_spent: zero,
            returned: zero,
            lapsed: zero,
        });
        next.lots.sort_by_key(|lot| lot.order);
        next.updated_at = now;
        next
    }

    /// Pays: the oldest principal first, then the oldest gift.
    ///
    /// # Errors
    /// [`WalletRefusal`], in its order.
    pub fn pay(&self, amount: Amount, now: Timestamp) -> Result<(Self, WalletUse), WalletRefusal> {
        self.is_usable(amount, now)?;
        let mut next = self.clone();
        let mut rest = amount;
        let principals: Vec<Amount> = next
            .lots
            .iter_mut()
            .map(|lot| {
                let taken = least(lot.left(), rest);
                lot.spent = more(lot.spent, taken);
                rest = less(rest, taken);
                taken
            })
            .collect();
        let gifts: Vec<Amount> = next
            .lots
            .iter_mut()
            .map(|lot| {
                let taken = least(lot.gift_left(), rest);
                lot.gift_spent = more(lot.gift_spent, taken);
                rest = less(rest, taken);
                taken
            })
            .collect();
        if !rest.is_zero() {
            return Err(WalletRefusal::WalletShort);
        }
        let drawn = next.lots.iter().zip(principals).zip(gifts);
        let drawn = drawn.map(|((lot, principal), gift)| Draw { lot: lot.order, principal, gift });
        let draws = drawn.filter(|draw| !draw.principal.is_zero() || !draw.gift.is_zero());
        let used = WalletUse { wallet: self.id, kind: self.kind, draws: draws.collect() };
        next.updated_at = now;
        Ok((next, used))
    }

    /// A part of a payment comes back to where it was drawn.
    #[must_use]
    pub fn put_back(&self, back: &WalletUse, now: Timestamp) -> Self {
        let mut next = self.clone();
        for draw in &back.draws {
            for lot in next.lots.iter_mut().filter(|lot| lot.order == draw.lot) {
                lot.spent = less(lot.spent, draw.principal);
                lot.gift_spent = less(lot.gift_spent, draw.gift);
            }
        }
        next.updated_at = now;
        next
    }

    /// 充退: an unspent part of a top-up goes back, and what is left of its gift lapses. Answers what
    /// lapsed.
    ///
    /// # Errors
    /// [`WalletRefusal::TopUpNotFound`], [`WalletRefusal::AmountAboveLot`].
    pub fn take_back(
        &self,
        order: OrderId,
        amount: Amount,
        now: Timestamp,
    ) -> Result<(Self, Amount), WalletRefusal> {
        let mut next = self.clone();
        let lot = next.lots.iter_mut().find(|lot| lot.order == order);
        let lot = lot.ok_or(WalletRefusal::TopUpNotFound)?;
        let fits = amount.try_cmp(lot.left()).is_ok_and(std::cmp::Ordering::is_le);
        if amount.is_zero() || !fits {
            return Err(WalletRefusal::AmountAboveLot);
        }
        let lapsed = lot.gift_left();
        lot.returned = more(lot.returned, amount);
        lot.lapsed = more(lot.lapsed, lapsed);
        next.updated_at = now;
        Ok((next, lapsed))
    }

    /// It pays nothing any more, and its gifts lapse. Answers what lapsed.
    #[must_use]
    pub fn close(&self, now: Timestamp) -> (Self, Amount) {
        let mut next = self.clone();
        let lapsed = next.gift();
        for lot in &mut next.lots {
            lot.lapsed = more(lot.lapsed, lot.gift_left());
        }
        next.state = WalletState::Closed;
        next.updated_at = now;
        (next, lapsed)
    }

    /// The return of a top-up failed: the money is spendable again, and the gift too when nothing else
    /// of the lot went back. Answers what of the gift came back.
    #[must_use]
    pub fn restore(&self, order: OrderId, amount: Amount, now: Timestamp) -> (Self, Amount) {
        let zero = Amount::zero(self.currency);
        let mut next = self.clone();
        let mut revived = zero;
        for lot in next.lots.iter_mut().filter(|lot| lot.order == order) {
            lot.returned = less(lot.returned, amount);
            if lot.returned.is_zero() && next.state != WalletState::Closed {
                revived = lot.lapsed;
                lot.lapsed = zero;
            }
        }
        next.updated_at = now;
        (next, revived)
    }
}

fn sum(zero: Amount, parts: impl Iterator<Item = Amount>) -> Amount {
    parts.fold(zero, more)
}

fn more(amount: Amount, part: Amount) -> Amount {
    let sum = amount.try_add(part);
    assert!(sum.is_ok(), "a wallet's sums are within what an amount can be, in one currency");
    sum.unwrap_or(amount)
}

fn less(amount: Amount, part: Amount) -> Amount {
    let rest = amount.try_sub(part);
    assert!(rest.is_ok(), "a lot never gives more than it has");
    rest.unwrap_or(amount)
}

fn least(a: Amount, b: Amount) -> Amount {
    if a.try_cmp(b).is_ok_and(std::cmp::Ordering::is_le) { a } else { b }
}

#[cfg(test)]
mod tests;
