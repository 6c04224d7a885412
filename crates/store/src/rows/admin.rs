//! Merchants, stores, terminals, keys and channel accounts.

use ids::{ApiKeyName, ChannelAccountId, ChannelCode, MerchantId, StoreId, TerminalId};
use merchants::{
    ApiKey, ChannelAccount, KeyAlgorithm, Merchant, MerchantChannel, MerchantState, Store,
    Terminal, TerminalKind,
};

use super::{
    Record, Word, id, opt_time, parsed, read_count, read_opt_time, read_time, table, time,
};
use crate::changes::{PlatformKeyRow, TradeRulesRow};
use crate::sql::{Cells, Corrupt, RowReader, Table, Value};

impl Word for MerchantState {
    const WORDS: &'static [(Self, &'static str)] =
        &[(Self::Active, "active"), (Self::Suspended, "suspended")];
}

impl Word for KeyAlgorithm {
    const WORDS: &'static [(Self, &'static str)] = &[
        (Self::HmacSha256, "hmac_sha256"),
        (Self::RsaSha256, "rsa_sha256"),
        (Self::Sm2Sm3, "sm2_sm3"),
    ];
}

impl Record for Merchant {
    const TABLE: &'static Table = table!("merchants", key ["id"],
        "id" Int, "name" Text, "state" Text, "created_at" Int);

    fn cells(&self) -> Cells {
        vec![
            self.id.to_i64().into(),
            self.name.as_str().into(),
            self.state.word(),
            time(self.created_at),
        ]
    }

    fn read(row: &mut RowReader) -> Result<Self, Corrupt> {
        Ok(Self {
            id: id!(row, MerchantId),
            name: row.text()?,
            state: Word::parse(&row.text()?)?,
            created_at: read_time(row)?,
        })
    }
}

impl Record for Store {
    const TABLE: &'static Table = table!("stores", key ["id"],
        "id" Int, "merchant_id" Int, "name" Text, "created_at" Int);

    fn cells(&self) -> Cells {
        vec![
            self.id.to_i64().into(),
            self.merchant.to_i64().into(),
            self.name.as_str().into(),
            time(self.created_at),
        ]
    }

    fn read(row: &mut RowReader) -> Result<Self, Corrupt> {
        Ok(Self {
            id: id!(row, StoreId),
            merchant: id!(row, MerchantId),
            name: row.text()?,
            created_at: read_time(row)?,
        })
    }
}

impl Record for Terminal {
    const TABLE: &'static Table = table!("terminals", key ["id"],
        "id" Int, "merchant_id" Int, "store_id" Int, "kind" Text, "name" Text, "created_at" Int,
        "revoked_at" Int);

    fn cells(&self) -> Cells {
        vec![
            self.id.to_i64().into(),
            self.merchant.to_i64().into(),
            self.store.to_i64().into(),
            self.kind.code().into(),
            self.name.as_str().into(),
            time(self.created_at),
            opt_time(self.revoked_at),
        ]
    }

    fn read(row: &mut RowReader) -> Result<Self, Corrupt> {
        Ok(Self {
            id: id!(row, TerminalId),
            merchant: id!(row, MerchantId),
            store: id!(row, StoreId),
            kind: TerminalKind::parse(&row.text()?).ok_or(Corrupt)?,
            name: row.text()?,
            created_at: read_time(row)?,
            revoked_at: read_opt_time(row)?,
        })
    }
}

impl Record for ApiKey {
    const TABLE: &'static Table = table!("api_keys", key ["name"],
        "name" Text, "merchant_id" Int, "terminal_id" Int, "algorithm" Text, "public_key" Text,
        "sealed" Blob, "created_at" Int, "revoked_at" Int, "attended" Int);

    fn cells(&self) -> Cells {
        vec![
            self.name.as_str().into(),
            self.merchant.to_i64().into(),
            self.terminal.map(TerminalId::to_i64).into(),
            self.algorithm.word(),
            self.public_key.as_deref().into(),
            self.sealed.clone().into(),
            time(self.created_at),
            opt_time(self.revoked_at),
            i64::from(self.attended).into(),
        ]
    }

    fn read(row: &mut RowReader) -> Result<Self, Corrupt> {
        Ok(Self {
            name: parsed(&row.text()?, ApiKeyName::parse)?,
            merchant: id!(row, MerchantId),
            terminal: row
                .opt_int()?
                .map(|raw| TerminalId::from_i64(raw).or(Err(Corrupt)))
                .transpose()?,
            algorithm: Word::parse(&row.text()?)?,
            public_key: row.opt_text()?,
            sealed: row.opt_blob()?,
            created_at: read_time(row)?,
            revoked_at: read_opt_time(row)?,
            attended: row.int()? != 0,
        })
    }
}

impl Record for ChannelAccount {
    const TABLE: &'static Table = table!("channel_accounts", key ["id"],
        "id" Int, "channel" Text, "account_no" Text, "version" Int, "live" Int, "sealed" Blob,
        "created_at" Int);

    fn cells(&self) -> Cells {
        vec![
            self.id.to_i64().into(),
            self.channel.as_str().into(),
            self.account_no.as_str().into(),
            i64::from(self.version).into(),
            i64::from(self.live).into(),
            Value::Blob(self.sealed.clone()),
            time(self.created_at),
        ]
    }

    fn read(row: &mut RowReader) -> Result<Self, Corrupt> {
        Ok(Self {
            id: id!(row, ChannelAccountId),
            channel: parsed(&row.text()?, ChannelCode::parse)?,
            account_no: row.text()?,
            version: read_count(row)?,
            live: row.int()? != 0,
            sealed: row.blob()?,
            created_at: read_time(row)?,
        })
    }
}

impl Record for MerchantChannel {
    const TABLE: &'static Table = table!("merchant_channels",
        key ["merchant_id", "channel", "account_no"],
        "merchant_id" Int, "channel" Text, "account_no" Text, "channel_account_id" Int,
        "self_collected" Int, "priority" Int, "closed" Int);

    fn cells(&self) -> Cells {
        vec![
            self.merchant.to_i64().into(),
            self.channel.as_str().into(),
            self.account_no.as_str().into(),
            self.account.to_i64().into(),
            i64::from(self.self_collected).into(),
            i64::from(self.priority).into(),
            i64::from(self.closed).into(),
        ]
    }

    fn read(row: &mut RowReader) -> Result<Self, Corrupt> {
        Ok(Self {
            merchant: id!(row, MerchantId),
            channel: parsed(&row.text()?, ChannelCode::parse)?,
            account_no: row.text()?,
            account: id!(row, ChannelAccountId),
            self_collected: row.int()? != 0,
            priority: read_count(row)?,
            closed: row.int()? != 0,
        })
    }
}

impl Record for PlatformKeyRow {
    const TABLE: &'static Table = table!("platform_keys", key ["name"],
        "name" Text, "algorithm" Text, "public_key" Text, "sealed" Blob, "created_at" Int);

    fn cells(&self) -> Cells {
        vec![
            self.name.as_str().into(),
            self.algorithm.word(),
            self.public_key.as_str().into(),
            Value::Blob(self.sealed.clone()),
            time(self.created_at),
        ]
    }

    fn read(row: &mut RowReader) -> Result<Self, Corrupt> {
        Ok(Self {
            name: row.text()?,
            algorithm: Word::parse(&row.text()?)?,
            public_key: row.text()?,
            sealed: row.blob()?,
            created_at: read_time(row)?,
        })
    }
}

impl TradeRulesRow {
    /// The institution's own row: no merchant has this number.
    const INSTITUTION: i64 = 0;

    pub(crate) fn key(merchant: Option<MerchantId>) -> Value {
        merchant.map_or(Self::INSTITUTION, MerchantId::to_i64).into()
    }
}

impl Record for TradeRulesRow {
    const TABLE: &'static Table = table!("trade_rules", key ["merchant_id"],
        "merchant_id" Int, "rules" Text, "updated_at" Int);

    fn cells(&self) -> Cells {
        vec![Self::key(self.merchant), self.rules.as_str().into(), time(self.updated_at)]
    }

    fn read(row: &mut RowReader) -> Result<Self, Corrupt> {
        let merchant = match row.int()? {
            Self::INSTITUTION => None,
            raw => Some(MerchantId::from_i64(raw).or(Err(Corrupt))?),
        };
        Ok(Self { merchant, rules: row.text()?, updated_at: read_time(row)? })
    }
}
