//! Tills that people stand at: activations, staff, and what cashiers show.

use std::collections::BTreeSet;

use ids::{ApiKeyName, MerchantId, TerminalId};
use merchants::{Activation, Staff, StaffRight, Used};

use super::{
    Record, id, opt_time, parsed, read_count, read_hash, read_opt_time, read_time, table, time,
};
use crate::changes::{CashierLogoRow, CashierSettingsRow};
use crate::sql::{Cells, Corrupt, RowReader, Table, Value};

impl Record for Activation {
    const TABLE: &'static Table = table!("activations", key ["verifier"],
        "verifier" Blob, "terminal_id" Int, "created_at" Int, "expires_at" Int, "used_at" Int,
        "key_name" Text, "key_hash" Blob);

    fn cells(&self) -> Cells {
        let used = self.used.as_ref();
        vec![
            self.verifier.to_vec().into(),
            self.terminal.to_i64().into(),
            time(self.created_at),
            time(self.expires_at),
            opt_time(used.map(|used| used.at)),
            used.map(|used| used.key.as_str()).into(),
            used.map(|used| used.key_hash.to_vec()).into(),
        ]
    }

    fn read(row: &mut RowReader) -> Result<Self, Corrupt> {
        Ok(Self {
            verifier: read_hash(row)?,
            terminal: id!(row, TerminalId),
            created_at: read_time(row)?,
            expires_at: read_time(row)?,
            used: match (read_opt_time(row)?, row.opt_text()?, row.opt_blob()?) {
                (Some(at), Some(name), Some(hash)) => Some(Used {
                    at,
                    key: parsed(&name, ApiKeyName::parse)?,
                    key_hash: hash.try_into().or(Err(Corrupt))?,
                }),
                (None, None, None) => None,
                _ => return Err(Corrupt),
            },
        })
    }
}

impl Record for Staff {
    const TABLE: &'static Table = table!("staff", key ["merchant_id", "number"],
        "merchant_id" Int, "number" Text, "name" Text, "verifier" Blob, "rights" Text,
        "failures" Int, "locked_until" Int, "tokens_from" Int, "created_at" Int, "revoked_at" Int);

    fn cells(&self) -> Cells {
        let rights: Vec<&str> = self.rights.iter().map(|right| right.code()).collect();
        vec![
            self.merchant.to_i64().into(),
            self.number.as_str().into(),
            self.name.as_str().into(),
            self.verifier.to_vec().into(),
            rights.join(",").into(),
            i64::from(self.failures).into(),
            opt_time(self.locked_until),
            time(self.tokens_from),
            time(self.created_at),
            opt_time(self.revoked_at),
        ]
    }

    fn read(row: &mut RowReader) -> Result<Self, Corrupt> {
        Ok(Self {
            merchant: id!(row, MerchantId),
            number: row.text()?,
            name: row.text()?,
            verifier: read_hash(row)?,
            rights: rights(&row.text()?)?,
            failures: read_count(row)?,
            locked_until: read_opt_time(row)?,
            tokens_from: read_time(row)?,
            created_at: read_time(row)?,
            revoked_at: read_opt_time(row)?,
        })
    }
}

fn rights(text: &str) -> Result<BTreeSet<StaffRight>, Corrupt> {
    let words = text.split(',').filter(|word| !word.is_empty());
    words.map(|word| StaffRight::parse(word).ok_or(Corrupt)).collect()
}

impl Record for CashierSettingsRow {
    const TABLE: &'static Table = table!("cashier_settings", key ["owner"],
        "owner" Text, "settings" Text, "updated_at" Int);

    fn cells(&self) -> Cells {
        vec![self.owner.as_str().into(), self.settings.as_str().into(), time(self.updated_at)]
    }

    fn read(row: &mut RowReader) -> Result<Self, Corrupt> {
        Ok(Self { owner: row.text()?, settings: row.text()?, updated_at: read_time(row)? })
    }
}

impl Record for CashierLogoRow {
    const TABLE: &'static Table = table!("cashier_logos", key ["owner"],
        "owner" Text, "media_type" Text, "bytes" Blob, "hash" Blob, "updated_at" Int);

    fn cells(&self) -> Cells {
        vec![
            self.owner.as_str().into(),
            self.media_type.as_str().into(),
            Value::Blob(self.bytes.clone()),
            self.hash.to_vec().into(),
            time(self.updated_at),
        ]
    }

    fn read(row: &mut RowReader) -> Result<Self, Corrupt> {
        Ok(Self {
            owner: row.text()?,
            media_type: row.text()?,
            bytes: row.blob()?,
            hash: read_hash(row)?,
            updated_at: read_time(row)?,
        })
    }
}
