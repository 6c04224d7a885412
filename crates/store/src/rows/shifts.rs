//! Shifts of cash drawers.

use ids::{MerchantId, ShiftId, TerminalId};
use merchants::{Counted, Shift};

use super::{
    Record, Value, id, minor, opt_time, read_currency, read_opt_time, read_time, table, time,
    to_amount,
};
use crate::sql::{Cells, Corrupt, RowReader, Table};

impl Record for Shift {
    const TABLE: &'static Table = table!("shifts", key ["id"],
        "id" Int, "merchant_id" Int, "terminal_id" Int, "opened_by" Text, "opened_at" Int,
        "float" Int, "taken" Int, "returned" Int, "currency" Text, "closed_by" Text,
        "closed_at" Int, "counted" Int);

    fn cells(&self) -> Cells {
        let closed = self.closed.as_ref();
        vec![
            self.id.to_i64().into(),
            self.merchant.to_i64().into(),
            self.terminal.to_i64().into(),
            self.opened_by.as_str().into(),
            time(self.opened_at),
            minor(self.float),
            minor(self.taken),
            minor(self.returned),
            self.currency().code().into(),
            closed.map(|c| c.by.as_str()).into(),
            opt_time(closed.map(|c| c.at)),
            closed.map_or(Value::Null, |c| minor(c.amount)),
        ]
    }

    fn read(row: &mut RowReader) -> Result<Self, Corrupt> {
        let (id, merchant) = (id!(row, ShiftId), id!(row, MerchantId));
        let terminal = id!(row, TerminalId);
        let (opened_by, opened_at) = (row.text()?, read_time(row)?);
        let (float, taken, returned) = (row.int()?, row.int()?, row.int()?);
        let currency = read_currency(row)?;
        let (by, at, counted) = (row.opt_text()?, read_opt_time(row)?, row.opt_int()?);
        let closed = by.zip(at).zip(counted).map(|((by, at), counted)| {
            Ok::<_, Corrupt>(Counted { by, at, amount: to_amount(counted, currency)? })
        });
        Ok(Self {
            id,
            merchant,
            terminal,
            opened_by,
            opened_at,
            float: to_amount(float, currency)?,
            taken: to_amount(taken, currency)?,
            returned: to_amount(returned, currency)?,
            closed: closed.transpose()?,
        })
    }
}
