//! Wallets, their lots, and campaigns.

use ids::{CampaignId, MerchantId, MerchantNo, OrderId, WalletId};
use money::Currency;
use orders::{Campaign, Lot, Wallet, WalletKind, WalletState};

use super::{
    Record, Word, id, minor, opt_time, parsed, read_currency, read_hash, read_opt_time, read_time,
    table, time, to_amount,
};
use crate::sql::{Cells, Corrupt, RowReader, Table};

impl Word for WalletKind {
    const WORDS: &'static [(Self, &'static str)] =
        &[(Self::Card, "card"), (Self::Balance, "balance")];
}

impl Word for WalletState {
    const WORDS: &'static [(Self, &'static str)] = &[
        (Self::Inactive, "inactive"),
        (Self::Active, "active"),
        (Self::Frozen, "frozen"),
        (Self::Closed, "closed"),
    ];
}

/// The lots are rows of their own: read without them.
impl Record for Wallet {
    const TABLE: &'static Table = table!("wallets", key ["id"],
        "id" Int, "merchant_id" Int, "wallet_no" Text, "content_hash" Blob, "kind" Text,
        "state" Text, "holder" Text, "currency" Text, "expires_at" Int, "created_at" Int,
        "updated_at" Int);

    fn cells(&self) -> Cells {
        vec![
            self.id.to_i64().into(),
            self.merchant.to_i64().into(),
            self.no.as_str().into(),
            self.content_hash.to_vec().into(),
            self.kind.word(),
            self.state.word(),
            self.holder.as_deref().into(),
            self.currency.code().into(),
            opt_time(self.expires_at),
            time(self.created_at),
            time(self.updated_at),
        ]
    }

    fn read(row: &mut RowReader) -> Result<Self, Corrupt> {
        Ok(Self {
            id: id!(row, WalletId),
            merchant: id!(row, MerchantId),
            no: parsed(&row.text()?, MerchantNo::parse)?,
            content_hash: read_hash(row)?,
            kind: Word::parse(&row.text()?)?,
            state: Word::parse(&row.text()?)?,
            holder: row.opt_text()?,
            currency: read_currency(row)?,
            expires_at: read_opt_time(row)?,
            created_at: read_time(row)?,
            updated_at: read_time(row)?,
            lots: Vec::new(),
        })
    }
}

/// A lot with the wallet that it lies in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LotRow {
    pub(crate) wallet: WalletId,
    pub(crate) currency: Currency,
    pub(crate) lot: Lot,
}

impl Record for LotRow {
    const TABLE: &'static Table = table!("lots", key ["order_id"],
        "order_id" Int, "wallet_id" Int, "currency" Text, "amount" Int, "gift" Int, "spent" Int,
        "gift_spent" Int, "returned" Int, "lapsed" Int);

    fn cells(&self) -> Cells {
        let Lot { order, amount, gift, spent, gift_spent, returned, lapsed } = &self.lot;
        let mut cells =
            vec![order.to_i64().into(), self.wallet.to_i64().into(), self.currency.code().into()];
        cells.extend([amount, gift, spent, gift_spent, returned, lapsed].map(|part| minor(*part)));
        cells
    }

    fn read(row: &mut RowReader) -> Result<Self, Corrupt> {
        let (order, wallet) = (id!(row, OrderId), id!(row, WalletId));
        let currency = read_currency(row)?;
        let mut part = || to_amount(row.int()?, currency);
        let lot = Lot {
            order,
            amount: part()?,
            gift: part()?,
            spent: part()?,
            gift_spent: part()?,
            returned: part()?,
            lapsed: part()?,
        };
        Ok(Self { wallet, currency, lot })
    }
}

impl Record for Campaign {
    const TABLE: &'static Table = table!("campaigns", key ["id"],
        "id" Int, "name" Text, "merchant_id" Int, "currency" Text, "budget" Int, "per_order" Int,
        "used" Int, "from_at" Int, "until_at" Int, "closed" Int, "created_at" Int);

    fn cells(&self) -> Cells {
        vec![
            self.id.to_i64().into(),
            self.name.as_str().into(),
            self.merchant.map(MerchantId::to_i64).into(),
            self.budget.currency().code().into(),
            minor(self.budget),
            minor(self.per_order),
            minor(self.used),
            time(self.from),
            time(self.until),
            i64::from(self.closed).into(),
            time(self.created_at),
        ]
    }

    fn read(row: &mut RowReader) -> Result<Self, Corrupt> {
        let (id, name) = (id!(row, CampaignId), row.text()?);
        let merchant = row.opt_int()?.map(|raw| MerchantId::from_i64(raw).or(Err(Corrupt)));
        let merchant = merchant.transpose()?;
        let currency = read_currency(row)?;
        Ok(Self {
            id,
            name,
            merchant,
            budget: to_amount(row.int()?, currency)?,
            per_order: to_amount(row.int()?, currency)?,
            used: to_amount(row.int()?, currency)?,
            from: read_time(row)?,
            until: read_time(row)?,
            closed: row.int()? != 0,
            created_at: read_time(row)?,
        })
    }
}
