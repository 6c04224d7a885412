//! 批结算 and 批上送: a terminal's batch against ours. Nothing moves by what a terminal says: differences
//! are kept with what it said, for people.

use jiff::Timestamp;
use orders::{Batch, BatchTotals, Difference, Trade, TradeKey, Upload, judge, missing, totals};
use secret::Pan;
use store::{Changes, Command, Decision, Reads, View};

use super::PosAccess;
use super::access::PosChange;
use crate::App;
use crate::error::{Failure, UseCaseError};

/// One row as the terminal says it.
#[derive(Debug)]
pub struct SaidRow {
    pub trace: u32,
    pub pan: Option<Pan>,
    /// In fen.
    pub amount: u64,
}

impl App {
    /// Takes a terminal's totals and gives ours. From now on nothing more is taken in the batch. The same
    /// totals again get the same answer.
    ///
    /// # Errors
    /// A failure of the store.
    pub async fn pos_settle(
        &self,
        access: &PosAccess,
        batch: u32,
        asked: BatchTotals,
    ) -> Result<Batch, UseCaseError> {
        let terminal = &access.terminal;
        if let Some(known) = self.store.pos_batch(terminal.terminal, batch).await?
            && known.asked == asked
        {
            return Ok(known);
        }
        let now = self.now();
        // First nothing more is taken, then what was taken is summed up.
        self.change_pos(terminal.terminal, PosChange::Settle { batch }).await?;
        let trades = self.store.trades_of_batch(terminal.terminal, batch).await?;
        let row = Batch {
            terminal: terminal.terminal,
            batch,
            merchant: terminal.merchant,
            asked,
            ours: totals(&trades),
            uploaded: None,
            settled_at: now,
            ended_at: None,
        };
        self.write_batch(Some(row.clone()), Vec::new(), Vec::new()).await?;
        Ok(row)
    }

    /// Takes rows of a terminal's journal. A row said again is the same row.
    ///
    /// # Errors
    /// A failure of the store.
    pub async fn pos_upload(
        &self,
        access: &PosAccess,
        batch: u32,
        rows: Vec<SaidRow>,
    ) -> Result<(), UseCaseError> {
        let (terminal, now) = (access.terminal.terminal, self.now());
        let mut uploads = Vec::with_capacity(rows.len());
        for row in rows {
            let key = TradeKey { terminal, batch, trace: row.trace };
            let trade = self.store.trade(key).await?;
            let token =
                row.pan.as_ref().map(|pan| self.vault.token(super::PAN_TOKEN, pan.expose()));
            uploads.push(Upload {
                key,
                verdict: judge(trade.as_ref(), token, row.amount),
                masked: row.pan.as_ref().map(Pan::masked),
                amount: row.amount,
                trade: trade.map(|trade| trade.id),
                created_at: now,
            });
        }
        self.write_batch(None, uploads, Vec::new()).await
    }

    /// Ends a batch: what the terminal did not say becomes a row, each row that is not ours too a difference for
    /// people, and the next batch begins.
    /// `rows` is how many it says it sent. The end said again changes nothing.
    ///
    /// # Errors
    /// A failure of the store.
    pub async fn pos_end_batch(
        &self,
        access: &PosAccess,
        batch: u32,
        rows: u32,
    ) -> Result<(), UseCaseError> {
        let (terminal, now) = (&access.terminal, self.now());
        let Some(known) = self.store.pos_batch(terminal.terminal, batch).await? else {
            return Ok(());
        };
        if known.ended_at.is_some() {
            return Ok(());
        }
        // Where the totals agreed only some rows are said: the others are not missing.
        let said = self.store.uploads(terminal.terminal, batch).await?;
        let differs = known.asked.agree(&known.ours) != (true, true);
        let trades = self.store.trades_of_batch(terminal.terminal, batch).await?;
        let absent = if differs { missing(&trades, &said, now) } else { Vec::new() };
        if differs {
            tracing::warn!(terminal.id = %terminal.terminal, batch, "a batch was not balanced");
        }
        let merchant = known.merchant;
        let case = |row: &Upload| {
            let trade = trades.iter().find(|trade| trade.key == row.key);
            Difference::of_upload(row, trade, merchant, now)
        };
        let differences = said.iter().chain(&absent).filter_map(case).collect();
        let ended = Batch { uploaded: Some(rows), ended_at: Some(now), ..known };
        self.write_batch(Some(ended), absent, differences).await?;
        self.pos_next_batch(access, batch).await
    }

    /// A terminal that settled this batch works in the next one.
    ///
    /// # Errors
    /// A failure of the store.
    pub async fn pos_next_batch(&self, access: &PosAccess, batch: u32) -> Result<(), UseCaseError> {
        self.change_pos(access.terminal.terminal, PosChange::EndBatch { batch }).await
    }

    /// A batch with the rows that were uploaded, and those that only we have.
    ///
    /// # Errors
    /// [`Failure`]
    pub async fn pos_batch(
        &self,
        access: &PosAccess,
        batch: u32,
    ) -> Result<Option<(Batch, Vec<Upload>)>, Failure> {
        let terminal = access.terminal.terminal;
        let Some(row) = self.store.pos_batch(terminal, batch).await? else { return Ok(None) };
        Ok(Some((row, self.store.uploads(terminal, batch).await?)))
    }

    /// All that a terminal did in a batch, by cards and by codes, in the order of its numbers.
    ///
    /// # Errors
    /// [`Failure`]
    pub async fn pos_statement(
        &self,
        access: &PosAccess,
        batch: u32,
    ) -> Result<Vec<Trade>, Failure> {
        Ok(self.store.trades_of_batch(access.terminal.terminal, batch).await?)
    }

    async fn write_batch(
        &self,
        batch: Option<Batch>,
        uploads: Vec<Upload>,
        differences: Vec<Difference>,
    ) -> Result<(), UseCaseError> {
        self.store.write(Write { at: self.now(), batch, uploads, differences }).await?;
        Ok(())
    }
}

struct Write {
    at: Timestamp,
    batch: Option<Batch>,
    uploads: Vec<Upload>,
    differences: Vec<Difference>,
}

impl Command for Write {
    type Answer = ();

    fn now(&self) -> Timestamp {
        self.at
    }

    fn reads(&self, _reads: &mut Reads) {}

    fn decide(&self, _view: &View<'_>) -> Decision<()> {
        let batches = self.batch.clone().into_iter().collect();
        let (uploads, differences) = (self.uploads.clone(), self.differences.clone());
        let changes = Changes { batches, uploads, differences, ..Changes::default() };
        Decision { changes, answer: () }
    }
}
