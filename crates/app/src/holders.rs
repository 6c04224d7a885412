//! What pays without anybody's answer, besides the journal: the till's drawer, wallets and campaigns.

use std::collections::BTreeMap;

use ids::{CampaignId, MerchantId, WalletId};
use jiff::Timestamp;
use merchants::Shift;
use money::Amount;
use orders::{Aggregate, Campaign, CampaignRefusal, CreateRefusal, Leg, Wallet, WalletRefusal};
use store::{Changes, View};

use crate::shifts;

/// As the parts of one decision leave them, one after the other.
#[derive(Debug, Default)]
pub(crate) struct Holders {
    shift: Option<Shift>,
    wallets: BTreeMap<WalletId, Wallet>,
    campaigns: BTreeMap<CampaignId, Campaign>,
}

impl Holders {
    /// Takes what a leg is paid with from its wallet or its campaign, and notes it in the leg.
    ///
    /// # Errors
    /// [`CreateRefusal::Wallet`], [`CreateRefusal::Campaign`]
    pub(crate) fn take(
        &mut self,
        view: &View<'_>,
        (merchant, leg): (MerchantId, &mut Leg),
        now: Timestamp,
    ) -> Result<(), CreateRefusal> {
        if let Some(used) = &leg.wallet {
            let refuse = CreateRefusal::Wallet;
            let wallet = self.wallet(view, used.wallet).filter(|w| w.merchant == merchant);
            let wallet = wallet.ok_or(refuse(WalletRefusal::WalletNotFound))?;
            let (wallet, used) = wallet.pay(leg.amount, now).map_err(refuse)?;
            self.wallets.insert(wallet.id, wallet);
            leg.wallet = Some(used);
        }
        if let Some(id) = leg.campaign {
            self.spend(view, (merchant, id), leg.amount, now)?;
        }
        Ok(())
    }

    /// Takes an amount out of a campaign's budget.
    ///
    /// # Errors
    /// [`CreateRefusal::Campaign`]
    pub(crate) fn spend(
        &mut self,
        view: &View<'_>,
        (merchant, id): (MerchantId, CampaignId),
        amount: Amount,
        now: Timestamp,
    ) -> Result<(), CreateRefusal> {
        let refuse = CreateRefusal::Campaign;
        let campaign = self.campaign(view, id);
        let campaign = campaign.ok_or(refuse(CampaignRefusal::CampaignNotFound))?;
        let campaign = campaign.pay(merchant, amount, now).map_err(refuse)?;
        self.campaigns.insert(id, campaign);
        Ok(())
    }

    /// Gives a part of a leg back to where it came from.
    pub(crate) fn give_back(
        &mut self,
        view: &View<'_>,
        order: &Aggregate,
        (leg, amount): (&Leg, Amount),
        now: Timestamp,
    ) {
        if let Some(shift) = shifts::returned(view, order, (leg, amount), self.shift.take()) {
            self.shift = Some(shift);
        }
        if let Some(used) = &leg.wallet
            && let Some(wallet) = self.wallet(view, used.wallet)
        {
            let back = used.returned(leg.refunded, amount);
            self.wallets.insert(used.wallet, wallet.put_back(&back, now));
        }
        if let Some(id) = leg.campaign {
            self.refill(view, id, amount);
        }
    }

    /// Puts an amount back into a campaign's budget.
    pub(crate) fn refill(&mut self, view: &View<'_>, id: CampaignId, amount: Amount) {
        if let Some(campaign) = self.campaign(view, id) {
            self.campaigns.insert(id, campaign.get_back(amount));
        }
    }

    fn wallet(&self, view: &View<'_>, id: WalletId) -> Option<Wallet> {
        self.wallets.get(&id).or_else(|| view.wallet(id)).cloned()
    }

    fn campaign(&self, view: &View<'_>, id: CampaignId) -> Option<Campaign> {
        self.campaigns.get(&id).or_else(|| view.campaign(id)).cloned()
    }

    pub(crate) fn write(self, changes: &mut Changes) {
        changes.shifts.extend(self.shift);
        changes.wallets.extend(self.wallets.into_values());
        changes.campaigns.extend(self.campaigns.into_values());
    }
}
