//! Routing: rules in all their versions, what accounts may take, and what they have taken.

use money::Currency;

use super::{Record, day_number, read_count, read_currency, read_day, read_time, table, time};
use crate::changes::{AccountLimitsRow, RoutingRulesRow};
use crate::sql::{Cells, Corrupt, RowReader, Table, Value};
use crate::working::{Usage, UsageKey, UsageSum};

impl Record for RoutingRulesRow {
    const TABLE: &'static Table = table!("routing_rules", key ["version"],
        "version" Int, "rules" Text, "created_at" Int);

    fn cells(&self) -> Cells {
        vec![i64::from(self.version).into(), self.rules.as_str().into(), time(self.created_at)]
    }

    fn read(row: &mut RowReader) -> Result<Self, Corrupt> {
        Ok(Self { version: read_count(row)?, rules: row.text()?, created_at: read_time(row)? })
    }
}

impl Record for AccountLimitsRow {
    const TABLE: &'static Table = table!("account_limits", key ["owner"],
        "owner" Text, "limits" Text, "updated_at" Int);

    fn cells(&self) -> Cells {
        vec![self.owner.as_str().into(), self.limits.as_str().into(), time(self.updated_at)]
    }

    fn read(row: &mut RowReader) -> Result<Self, Corrupt> {
        Ok(Self { owner: row.text()?, limits: row.text()?, updated_at: read_time(row)? })
    }
}

/// What an account has taken in one currency.
#[derive(Debug, Clone)]
pub(crate) struct UsageRow {
    pub(crate) key: UsageKey,
    pub(crate) usage: Usage,
}

impl UsageKey {
    pub(crate) fn cells(&self) -> Cells {
        vec![self.owner.as_str().into(), self.currency.code().into()]
    }
}

impl Record for UsageRow {
    const TABLE: &'static Table = table!("account_usage", key ["owner", "currency"],
        "owner" Text, "currency" Text, "day" Int, "day_amount" Int, "day_count" Int,
        "month_amount" Int, "month_count" Int, "total_amount" Int, "total_count" Int,
        "pending_amount" Int, "pending_count" Int);

    fn cells(&self) -> Cells {
        let mut cells = self.key.cells();
        // 0 before the first trade.
        cells.push(self.usage.day.map_or(0, day_number).into());
        let Usage { today, month, total, pending, .. } = self.usage;
        for sum in [today, month, total, pending] {
            cells.extend([whole(sum.amount), whole(sum.count)]);
        }
        cells
    }

    fn read(row: &mut RowReader) -> Result<Self, Corrupt> {
        let (owner, currency): (String, Currency) = (row.text()?, read_currency(row)?);
        let day = match row.int()? {
            0 => None,
            day => Some(read_day(day)?),
        };
        let mut sum = || -> Result<UsageSum, Corrupt> {
            Ok(UsageSum { amount: read_whole(row)?, count: read_whole(row)? })
        };
        let usage = Usage { day, today: sum()?, month: sum()?, total: sum()?, pending: sum()? };
        Ok(Self { key: UsageKey { owner, currency }, usage })
    }
}

fn whole(number: u64) -> Value {
    i64::try_from(number).unwrap_or(i64::MAX).into()
}

fn read_whole(row: &mut RowReader) -> Result<u64, Corrupt> {
    u64::try_from(row.int()?).or(Err(Corrupt))
}
