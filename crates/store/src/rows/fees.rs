//! Price lists in all their versions, and the volumes that prices depend on.

use super::{Record, read_count, read_time, table, time};
use crate::changes::FeeScheduleRow;
use crate::sql::{Cells, Corrupt, RowReader, Table};
use crate::working::VolumeKey;

impl Record for FeeScheduleRow {
    const TABLE: &'static Table = table!("fee_schedules", key ["owner", "version"],
        "owner" Text, "version" Int, "schedule" Text, "created_at" Int);

    fn cells(&self) -> Cells {
        vec![
            self.owner.as_str().into(),
            i64::from(self.version).into(),
            self.schedule.as_str().into(),
            time(self.created_at),
        ]
    }

    fn read(row: &mut RowReader) -> Result<Self, Corrupt> {
        Ok(Self {
            owner: row.text()?,
            version: read_count(row)?,
            schedule: row.text()?,
            created_at: read_time(row)?,
        })
    }
}

/// What was paid in a month.
#[derive(Debug, Clone)]
pub(crate) struct VolumeRow {
    pub(crate) key: VolumeKey,
    pub(crate) amount: u64,
}

impl Record for VolumeRow {
    const TABLE: &'static Table = table!("fee_volumes", key ["owner", "month"],
        "owner" Text, "month" Int, "amount" Int);

    fn cells(&self) -> Cells {
        vec![
            self.key.owner.as_str().into(),
            i64::from(self.key.month).into(),
            i64::try_from(self.amount).unwrap_or(i64::MAX).into(),
        ]
    }

    fn read(row: &mut RowReader) -> Result<Self, Corrupt> {
        let key = VolumeKey { owner: row.text()?, month: read_count(row)? };
        Ok(Self { key, amount: u64::try_from(row.int()?).or(Err(Corrupt))? })
    }
}
