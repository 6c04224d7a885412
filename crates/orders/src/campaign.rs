//! Campaigns 营销活动: budgets out of which the platform pays a part of orders.

use ids::{CampaignId, MerchantId};
use jiff::Timestamp;
use money::Amount;

use crate::refusal::CampaignRefusal;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Campaign {
    pub id: CampaignId,
    pub name: String,
    /// Whose orders it pays for; all merchants' where there is none.
    pub merchant: Option<MerchantId>,
    pub budget: Amount,
    /// What it pays for one order at most.
    pub per_order: Amount,
    /// What it has paid and did not get back.
    pub used: Amount,
    pub from: Timestamp,
    pub until: Timestamp,
    pub closed: bool,
    pub created_at: Timestamp,
}

impl Campaign {
    /// Pays a part.
    ///
    /// # Errors
    /// [`CampaignRefusal`], in its order.
    pub fn pay(
        &self,
        merchant: MerchantId,
        amount: Amount,
        now: Timestamp,
    ) -> Result<Self, CampaignRefusal> {
        if self.merchant.is_some_and(|own| own != merchant) {
            return Err(CampaignRefusal::CampaignNotFound);
        }
        if self.closed || now < self.from || now >= self.until {
            return Err(CampaignRefusal::CampaignOver);
        }
        if !amount.try_cmp(self.per_order).is_ok_and(std::cmp::Ordering::is_le) {
            return Err(CampaignRefusal::AbovePerOrder);
        }
        let used = self.used.try_add(amount).or(Err(CampaignRefusal::BudgetSpent))?;
        match used.try_cmp(self.budget) {
            Ok(order) if order.is_le() => Ok(Self { used, ..self.clone() }),
            Ok(_) | Err(_) => Err(CampaignRefusal::BudgetSpent),
        }
    }

    /// Gets a part back, even when it is over.
    #[must_use]
    pub fn get_back(&self, amount: Amount) -> Self {
        let used = self.used.try_sub(amount);
        assert!(used.is_ok(), "a campaign gets back what it has paid");
        Self { used: used.unwrap_or(self.used), ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use money::Currency;

    use super::*;

    #[test]
    fn a_campaign_pays_within_its_time_its_orders_and_its_budget() {
        let fen = |minor| Amount::new(minor, Currency::Cny).unwrap();
        let (from, hour) = (Timestamp::UNIX_EPOCH, SignedDuration::from_hours(1));
        let (own, other) = [1, 2].map(|id| MerchantId::from_i64(id).unwrap()).into();
        let campaign = Campaign {
            id: CampaignId::from_i64(1).unwrap(),
            name: "opening".to_owned(),
            merchant: Some(own),
            budget: fen(100),
            per_order: fen(60),
            used: fen(0),
            from,
            until: from + hour,
            closed: false,
            created_at: from,
        };
        let closed = Campaign { closed: true, ..campaign.clone() };
        let over = Err(CampaignRefusal::CampaignOver);
        assert_eq!(closed.pay(own, fen(1), from), over);
        assert_eq!(campaign.pay(own, fen(1), from - hour), over);
        assert_eq!(campaign.pay(own, fen(1), from + hour), over);
        let not_found = Err(CampaignRefusal::CampaignNotFound);
        assert_eq!(campaign.pay(other, fen(1), from), not_found);
        assert_eq!(campaign.pay(own, fen(61), from), Err(CampaignRefusal::AbovePerOrder));
        let used = campaign.pay(own, fen(60), from).unwrap();
        assert_eq!(used.pay(own, fen(41), from), Err(CampaignRefusal::BudgetSpent));
        assert_eq!(used.get_back(fen(20)).pay(own, fen(60), from).unwrap().used, fen(100));
    }
}
