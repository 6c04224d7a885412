//! What a trade costs: the merchant's fee and the channel's, priced when the trade is paid and kept
//! with it. Nothing is booked here: the fee is taken when the channel's bill has come.

mod schedule_text;

pub use schedule_text::{ScheduleUnreadable, moment, parse_schedule};

use std::sync::Arc;

use clearing::{Schedule, Trade};
use ids::MerchantId;
use jiff::Timestamp;
use orders::{Charge, Leg};
use serde_json::json;
use store::{AdminRow, FeeScheduleRow, Reads, View, VolumeKey};

use crate::App;
use crate::bookings::accounting_date;
use crate::directory::Account;
use crate::error::{Failure, UseCaseError};

/// Whose price list it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum PriceOwner {
    /// What one merchant pays.
    Merchant(MerchantId),
    /// What merchants without a list of their own pay.
    Institution,
    /// What our account at a channel costs us: channel `:` account number.
    ChannelAccount(String),
}

/// A version of a price list, in force.
#[derive(Debug)]
pub(crate) struct PriceList {
    owner: String,
    version: u32,
    schedule: Schedule,
}

/// The lists that price a trade, where there are any.
#[derive(Debug, Clone, Default)]
pub(crate) struct Prices {
    fee: Option<Counted>,
    cost: Option<Counted>,
}

/// A list, and the month whose volume its price may depend on.
#[derive(Debug, Clone)]
pub(crate) struct Counted {
    list: Arc<PriceList>,
    pub(crate) volume: Option<VolumeKey>,
}

impl PriceOwner {
    fn key(&self) -> String {
        match self {
            Self::Merchant(id) => id.to_string(),
            Self::Institution => "institution".to_owned(),
            Self::ChannelAccount(account) => account.clone(),
        }
    }
}

impl Prices {
    pub(crate) fn reads(&self, reads: &mut Reads) {
        reads.volumes.extend(self.lists().filter_map(|c| c.volume.clone()));
    }

    /// What the leg costs. A trade that no rule fits has no price, which is logged: it stays payable.
    pub(crate) fn charge(
        &self,
        view: &View<'_>,
        leg: &Leg,
        at: Timestamp,
    ) -> (Option<Charge>, Option<Charge>) {
        let of = |counted: Option<&Counted>| counted.and_then(|c| c.charge(view, leg, at));
        (of(self.fee.as_ref()), of(self.cost.as_ref()))
    }

    /// What a paid leg adds to the volumes that are counted.
    pub(crate) fn volumes(&self, leg: &Leg) -> Vec<(VolumeKey, u64)> {
        let keys = self.lists().filter_map(|c| c.volume.clone());
        keys.map(|key| (key, leg.amount.minor())).collect()
    }

    fn lists(&self) -> impl Iterator<Item = &Counted> {
        self.fee.iter().chain(&self.cost)
    }
}

impl Counted {
    fn of(list: Arc<PriceList>, owner: String, month: u32) -> Self {
        let volume = list.schedule.is_by_volume().then_some(VolumeKey { owner, month });
        Self { list, volume }
    }

    pub(crate) fn charge(&self, view: &View<'_>, leg: &Leg, at: Timestamp) -> Option<Charge> {
        let volume = self.volume.as_ref().map_or(0, |key| view.volume(key));
        let trade =
            Trade { channel: leg.tender.channel().cloned(), volume, ..Trade::of(leg.amount, at) };
        let PriceList { owner, version, schedule } = self.list.as_ref();
        match schedule.quote(&trade) {
            Ok(quote) => {
                let rule = json!({
                    "owner": owner, "version": version, "rule": quote.rule, "volume": volume,
                });
                Some(Charge { amount: quote.fee, rule: rule.to_string() })
            }
            Err(refusal) => {
                tracing::warn!(leg.id = %leg.id, owner, version, error = %refusal, "a trade has no price");
                None
            }
        }
    }
}

impl App {
    /// The lists that price a merchant's trade through an account now.
    pub(crate) async fn prices(
        &self,
        merchant: MerchantId,
        account: &Account,
    ) -> Result<Prices, Failure> {
        let mut fee = self.price_list(&PriceOwner::Merchant(merchant)).await?;
        if fee.is_none() {
            fee = self.price_list(&PriceOwner::Institution).await?;
        }
        let costs = PriceOwner::ChannelAccount(account.ledger_owner.clone());
        let month = self.month()?;
        Ok(Prices {
            // A merchant's own volume counts, under the institution's list too.
            fee: fee.map(|list| Counted::of(list, merchant.to_string(), month)),
            cost: self.counted(&costs).await?,
        })
    }

    /// An owner's list with the volume that it depends on.
    pub(crate) async fn counted(&self, owner: &PriceOwner) -> Result<Option<Counted>, Failure> {
        let month = self.month()?;
        let list = self.price_list(owner).await?;
        Ok(list.map(|list| Counted::of(list, owner.key(), month)))
    }

    /// `yyyymm`, in China.
    fn month(&self) -> Result<u32, Failure> {
        let date = accounting_date(self.now());
        let month = u32::try_from(i32::from(date.year()) * 100 + i32::from(date.month()));
        month.or(Err(Failure::unusable("the clock's year")))
    }

    async fn price_list(&self, owner: &PriceOwner) -> Result<Option<Arc<PriceList>>, Failure> {
        let (now, key) = (self.now(), owner.key());
        if let Some(list) = self.directory.prices.get_fresh(&key, now) {
            return Ok(list);
        }
        let list = match self.store.fee_schedule(&key).await? {
            Some(row) => {
                let unusable = |_| Failure::unusable("a price list");
                let schedule = parse_schedule(&row.schedule).map_err(unusable)?;
                Some(Arc::new(PriceList { owner: row.owner, version: row.version, schedule }))
            }
            None => None,
        };
        self.directory.prices.put(key, now, list.clone());
        Ok(list)
    }

    /// Puts a new version of a price list in force. Trades that are paid keep the price that they have.
    ///
    /// # Errors
    /// [`Failure`]; a text that [`parse_schedule`] refuses is an unusable one.
    pub async fn set_price_list(
        &self,
        owner: &PriceOwner,
        json: &str,
    ) -> Result<u32, UseCaseError> {
        parse_schedule(json).or(Err(Failure::unusable("a price list")))?;
        let known = self.store.fee_schedule(&owner.key()).await?;
        let version = known.map_or(1, |row| row.version.saturating_add(1));
        let (owner, schedule, created_at) = (owner.key(), json.to_owned(), self.now());
        let row = FeeScheduleRow { owner, version, schedule, created_at };
        self.put(vec![AdminRow::FeeSchedule(row)]).await?;
        self.directory.prices.forget();
        Ok(version)
    }

    /// The text of the list in force and its version.
    ///
    /// # Errors
    /// [`Failure`]
    pub async fn shown_price_list(
        &self,
        owner: &PriceOwner,
    ) -> Result<Option<(u32, String)>, Failure> {
        let row = self.store.fee_schedule(&owner.key()).await?;
        Ok(row.map(|row| (row.version, row.schedule)))
    }
}
