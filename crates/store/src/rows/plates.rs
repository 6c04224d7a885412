//! Plates, scans, and what payers chose.

use ids::{MerchantId, OrderId, PlateId, ScanId, StoreId, TerminalId};
use merchants::{PayerApp, Plate, PlateScheme, Scan, ScanOutcome};

use super::{Record, Word, id, opt_time, read_opt_time, read_time, table, time};
use crate::changes::CheckoutRow;
use crate::sql::{Cells, Corrupt, RowReader, Table};

impl Word for ScanOutcome {
    const WORDS: &'static [(Self, &'static str)] =
        &[(Self::Shown, "shown"), (Self::Identified, "identified"), (Self::Refused, "refused")];
}

impl Record for Plate {
    const TABLE: &'static Table = table!("plates", key ["id"],
        "id" Int, "merchant_id" Int, "store_id" Int, "terminal_id" Int, "scheme" Text,
        "address" Text, "created_at" Int, "revoked_at" Int);

    fn cells(&self) -> Cells {
        vec![
            self.id.to_i64().into(),
            self.merchant.to_i64().into(),
            self.store.to_i64().into(),
            self.terminal.to_i64().into(),
            self.scheme.code().into(),
            self.address.as_str().into(),
            time(self.created_at),
            opt_time(self.revoked_at),
        ]
    }

    fn read(row: &mut RowReader) -> Result<Self, Corrupt> {
        Ok(Self {
            id: id!(row, PlateId),
            merchant: id!(row, MerchantId),
            store: id!(row, StoreId),
            terminal: id!(row, TerminalId),
            scheme: PlateScheme::parse(&row.text()?).ok_or(Corrupt)?,
            address: row.text()?,
            created_at: read_time(row)?,
            revoked_at: read_opt_time(row)?,
        })
    }
}

impl Record for Scan {
    const TABLE: &'static Table = table!("scans", key ["id"],
        "id" Int, "plate_id" Int, "order_id" Int, "app" Text, "outcome" Text);

    fn cells(&self) -> Cells {
        vec![
            self.id.to_i64().into(),
            self.plate.map(PlateId::to_i64).into(),
            self.order.map(OrderId::to_i64).into(),
            self.app.code().into(),
            self.outcome.word(),
        ]
    }

    fn read(row: &mut RowReader) -> Result<Self, Corrupt> {
        let id = id!(row, ScanId);
        let (plate, order) = (opt_plate(row)?, row.opt_int()?);
        let app = row.text()?;
        Ok(Self {
            id,
            plate,
            order: order.map(|raw| OrderId::from_i64(raw).or(Err(Corrupt))).transpose()?,
            app: PayerApp::ALL.into_iter().find(|known| known.code() == app).ok_or(Corrupt)?,
            outcome: Word::parse(&row.text()?)?,
        })
    }
}

impl Record for CheckoutRow {
    const TABLE: &'static Table = table!("checkouts", key ["order_id"],
        "order_id" Int, "plate_id" Int, "tip" Int, "return_url" Text);

    fn cells(&self) -> Cells {
        vec![
            self.order.to_i64().into(),
            self.plate.map(PlateId::to_i64).into(),
            i64::try_from(self.tip_minor).unwrap_or(i64::MAX).into(),
            self.return_url.as_deref().into(),
        ]
    }

    fn read(row: &mut RowReader) -> Result<Self, Corrupt> {
        Ok(Self {
            order: id!(row, OrderId),
            plate: opt_plate(row)?,
            tip_minor: u64::try_from(row.int()?).or(Err(Corrupt))?,
            return_url: row.opt_text()?,
        })
    }
}

fn opt_plate(row: &mut RowReader) -> Result<Option<PlateId>, Corrupt> {
    row.opt_int()?.map(|raw| PlateId::from_i64(raw).or(Err(Corrupt))).transpose()
}
