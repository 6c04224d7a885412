//! Terminals at the POS host, their trades and batches.

use ids::{MerchantId, OrderId, RefundId, TerminalId, TradeId};
use merchants::{PosLoaded, PosModel, PosState, PosTerminal};
use money::Amount;
use orders::channel::CardApproval;
use orders::{
    Batch, Difference, DifferenceDecision, DifferenceKey, DifferenceKind, DifferenceOutcome, Trade,
    TradeCard, TradeKey, TradeKind, TradeState, Upload, Verdict,
};

use super::{
    Record, Word, currency, id, minor, opt_time, read_amount, read_count, read_hash, read_opt_time,
    read_time, table, time,
};
use crate::changes::{PosDownloadsRow, PosSlipRow};
use crate::sql::{Cells, Corrupt, RowReader, Table, Value};

impl Word for PosState {
    const WORDS: &'static [(Self, &'static str)] = &[
        (Self::Registered, "registered"),
        (Self::SignedOn, "signed_on"),
        (Self::SignedOff, "signed_off"),
        (Self::Locked, "locked"),
    ];
}

impl Word for TradeKind {
    const WORDS: &'static [(Self, &'static str)] = &[
        (Self::Sale, "sale"),
        (Self::SaleVoid, "sale_void"),
        (Self::Refund, "refund"),
        (Self::Authorization, "authorization"),
        (Self::AuthorizationVoid, "authorization_void"),
        (Self::Completion, "completion"),
        (Self::CompletionVoid, "completion_void"),
        (Self::Offline, "offline"),
        (Self::Unknown, "unknown"),
    ];
}

impl Word for TradeState {
    const WORDS: &'static [(Self, &'static str)] = &[
        (Self::Open, "open"),
        (Self::Approved, "approved"),
        (Self::Declined, "declined"),
        (Self::Unsure, "unsure"),
        (Self::Reversed, "reversed"),
        (Self::Tombstone, "tombstone"),
    ];
}

impl Record for PosTerminal {
    const TABLE: &'static Table = table!("pos_terminals", key ["terminal_id"],
        "terminal_id" Int, "merchant_id" Int, "terminal_no" Text, "merchant_code" Text,
        "model" Text, "sealed_keys" Blob, "master_check" Text, "state" Text, "batch" Int,
        "settled" Int, "signed_on_at" Int, "created_at" Int, "updated_at" Int,
        "loaded_parameters" Int, "loaded_ca_keys" Int, "loaded_aids" Int, "most" Int);

    fn cells(&self) -> Cells {
        vec![
            self.terminal.to_i64().into(),
            self.merchant.to_i64().into(),
            self.terminal_no.as_str().into(),
            self.merchant_code.as_str().into(),
            self.model.code().into(),
            self.sealed_keys.clone().into(),
            self.master_check.as_str().into(),
            self.state.word(),
            i64::from(self.batch).into(),
            i64::from(self.settled).into(),
            opt_time(self.signed_on_at),
            time(self.created_at),
            time(self.updated_at),
            i64::from(self.loaded.parameters).into(),
            i64::from(self.loaded.ca_keys).into(),
            i64::from(self.loaded.aids).into(),
            self.most.map(|fen| i64::try_from(fen).unwrap_or(i64::MAX)).into(),
        ]
    }

    fn read(row: &mut RowReader) -> Result<Self, Corrupt> {
        Ok(Self {
            terminal: id!(row, TerminalId),
            merchant: id!(row, MerchantId),
            terminal_no: row.text()?,
            merchant_code: row.text()?,
            model: PosModel::parse(&row.text()?).ok_or(Corrupt)?,
            sealed_keys: row.blob()?,
            master_check: row.text()?,
            state: Word::parse(&row.text()?)?,
            batch: read_count(row)?,
            settled: row.int()? == 1,
            signed_on_at: read_opt_time(row)?,
            created_at: read_time(row)?,
            updated_at: read_time(row)?,
            loaded: PosLoaded {
                parameters: read_count(row)?,
                ca_keys: read_count(row)?,
                aids: read_count(row)?,
            },
            most: row.opt_int()?.map(u64::try_from).transpose().or(Err(Corrupt))?,
        })
    }
}

impl Record for PosDownloadsRow {
    const TABLE: &'static Table = table!("pos_downloads", key ["version"],
        "version" Int, "downloads" Text, "created_at" Int);

    fn cells(&self) -> Cells {
        let version = i64::from(self.version).into();
        vec![version, self.downloads.as_str().into(), time(self.created_at)]
    }

    fn read(row: &mut RowReader) -> Result<Self, Corrupt> {
        Ok(Self { version: read_count(row)?, downloads: row.text()?, created_at: read_time(row)? })
    }
}

impl Record for Trade {
    const TABLE: &'static Table = table!("pos_trades", key ["id"],
        "id" Int, "terminal_id" Int, "batch" Int, "trace" Int, "merchant_id" Int, "kind" Text,
        "amount" Int, "currency" Text, "content_hash" Blob, "masked" Text, "token" Blob,
        "sealed_card" Blob, "reference" Text, "order_id" Int, "refund_id" Int, "state" Text,
        "code" Text, "auth_code" Text, "settled_on" Text, "institutions" Text, "balance" Text,
        "chip" Blob, "created_at" Int, "updated_at" Int, "hold_token" Blob, "part" Int);

    fn cells(&self) -> Cells {
        let hold = (self.kind == TradeKind::Authorization).then_some(self.card.as_ref()).flatten();
        let (card, approval) = (self.card.as_ref(), &self.approval);
        vec![
            self.id.to_i64().into(),
            self.key.terminal.to_i64().into(),
            i64::from(self.key.batch).into(),
            i64::from(self.key.trace).into(),
            self.merchant.to_i64().into(),
            self.kind.word(),
            minor(self.amount),
            currency(self.amount),
            self.content_hash.to_vec().into(),
            card.map(|card| card.masked.as_str()).into(),
            card.map_or(Value::Null, |card| card.token.to_vec().into()),
            card.map_or(Value::Null, |card| card.sealed.clone().into()),
            self.reference.as_str().into(),
            self.order.map(OrderId::to_i64).into(),
            self.refund.map(RefundId::to_i64).into(),
            self.state.word(),
            self.code.as_deref().into(),
            approval.auth_code.as_deref().into(),
            approval.settled_on.as_deref().into(),
            approval.institutions.as_deref().into(),
            approval.balance.as_deref().into(),
            approval.chip.clone().map_or(Value::Null, Value::from),
            time(self.created_at),
            time(self.updated_at),
            hold.map_or(Value::Null, |card| card.token.to_vec().into()),
            approval.part.map_or(Value::Null, minor),
        ]
    }

    fn read(row: &mut RowReader) -> Result<Self, Corrupt> {
        let id = id!(row, TradeId);
        let terminal = id!(row, TerminalId);
        let key = TradeKey { terminal, batch: read_count(row)?, trace: read_count(row)? };
        let merchant = id!(row, MerchantId);
        let kind = Word::parse(&row.text()?)?;
        let amount = read_amount(row)?;
        let content_hash = read_hash(row)?;
        let (masked, token, sealed) = (row.opt_text()?, row.opt_blob()?, row.opt_blob()?);
        let card = masked.zip(token).zip(sealed).map(|((masked, token), sealed)| {
            Ok::<_, Corrupt>(TradeCard {
                masked,
                token: token.try_into().or(Err(Corrupt))?,
                sealed,
            })
        });
        let reference = row.text()?;
        let order = row.opt_int()?.map(OrderId::from_i64).transpose().or(Err(Corrupt))?;
        let refund = row.opt_int()?.map(RefundId::from_i64).transpose().or(Err(Corrupt))?;
        let mut trade = Self {
            id,
            key,
            merchant,
            kind,
            amount,
            content_hash,
            card: card.transpose()?,
            reference,
            order,
            refund,
            state: Word::parse(&row.text()?)?,
            code: row.opt_text()?,
            approval: CardApproval {
                auth_code: row.opt_text()?,
                settled_on: row.opt_text()?,
                institutions: row.opt_text()?,
                balance: row.opt_text()?,
                chip: row.opt_blob()?,
                part: None,
            },
            created_at: read_time(row)?,
            updated_at: read_time(row)?,
        };
        // For an index: it follows from the rest.
        row.opt_blob()?;
        let part = row.opt_int()?.map(|fen| u64::try_from(fen).or(Err(Corrupt))).transpose()?;
        let part = part.map(|fen| Amount::new(fen, trade.amount.currency()).or(Err(Corrupt)));
        trade.approval.part = part.transpose()?;
        Ok(trade)
    }
}

impl Word for Verdict {
    const WORDS: &'static [(Self, &'static str)] = &[
        (Self::Matched, "matched"),
        (Self::Differs, "differs"),
        (Self::TerminalOnly, "terminal_only"),
        (Self::HostOnly, "host_only"),
    ];
}

impl Record for Batch {
    const TABLE: &'static Table = table!("pos_batches", key ["terminal_id", "batch"],
        "terminal_id" Int, "batch" Int, "merchant_id" Int, "asked" Text, "ours" Text,
        "uploaded" Int, "settled_at" Int, "ended_at" Int);

    fn cells(&self) -> Cells {
        vec![
            self.terminal.to_i64().into(),
            i64::from(self.batch).into(),
            self.merchant.to_i64().into(),
            self.asked.to_string().into(),
            self.ours.to_string().into(),
            self.uploaded.map(i64::from).into(),
            time(self.settled_at),
            opt_time(self.ended_at),
        ]
    }

    fn read(row: &mut RowReader) -> Result<Self, Corrupt> {
        Ok(Self {
            terminal: id!(row, TerminalId),
            batch: read_count(row)?,
            merchant: id!(row, MerchantId),
            asked: row.text()?.parse().or(Err(Corrupt))?,
            ours: row.text()?.parse().or(Err(Corrupt))?,
            uploaded: row.opt_int()?.map(u32::try_from).transpose().or(Err(Corrupt))?,
            settled_at: read_time(row)?,
            ended_at: read_opt_time(row)?,
        })
    }
}

impl Record for Upload {
    const TABLE: &'static Table = table!("pos_uploads", key ["terminal_id", "batch", "trace"],
        "terminal_id" Int, "batch" Int, "trace" Int, "verdict" Text, "masked" Text,
        "amount" Int, "trade_id" Int, "created_at" Int);

    fn cells(&self) -> Cells {
        vec![
            self.key.terminal.to_i64().into(),
            i64::from(self.key.batch).into(),
            i64::from(self.key.trace).into(),
            self.verdict.word(),
            self.masked.as_deref().into(),
            i64::try_from(self.amount).unwrap_or(i64::MAX).into(),
            self.trade.map(TradeId::to_i64).into(),
            time(self.created_at),
        ]
    }

    fn read(row: &mut RowReader) -> Result<Self, Corrupt> {
        let terminal = id!(row, TerminalId);
        Ok(Self {
            key: TradeKey { terminal, batch: read_count(row)?, trace: read_count(row)? },
            verdict: Word::parse(&row.text()?)?,
            masked: row.opt_text()?,
            amount: u64::try_from(row.int()?).or(Err(Corrupt))?,
            trade: row.opt_int()?.map(TradeId::from_i64).transpose().or(Err(Corrupt))?,
            created_at: read_time(row)?,
        })
    }
}

impl Word for DifferenceKind {
    const WORDS: &'static [(Self, &'static str)] = &[
        (Self::Differs, Self::Differs.code()),
        (Self::TerminalOnly, Self::TerminalOnly.code()),
        (Self::HostOnly, Self::HostOnly.code()),
        (Self::AdviceRefused, Self::AdviceRefused.code()),
    ];
}

pub(crate) const DIFFERENCE_KEY: &[&str] = &["terminal_id", "batch", "trace", "kind"];

pub(crate) fn difference_key(key: &DifferenceKey) -> Cells {
    let TradeKey { terminal, batch, trace } = key.trade;
    let (batch, trace) = (i64::from(batch), i64::from(trace));
    vec![terminal.to_i64().into(), batch.into(), trace.into(), key.kind.word()]
}

const OURS_STANDS: &str = "ours_stands";
const CORRECTED: &str = "corrected";

impl Record for Difference {
    const TABLE: &'static Table = table!("pos_differences",
        key ["terminal_id", "batch", "trace", "kind"],
        "terminal_id" Int, "batch" Int, "trace" Int, "kind" Text, "merchant_id" Int, "said" Int,
        "ours" Int, "trade_id" Int, "slip" Blob, "outcome" Text, "reference" Text, "note" Text,
        "proposed_by" Text, "approved_by" Text, "opened_at" Int, "updated_at" Int);

    fn cells(&self) -> Cells {
        let fen = |fen: Option<u64>| fen.map(|fen| i64::try_from(fen).unwrap_or(i64::MAX));
        let decision = self.decision.as_ref();
        let outcome = decision.map(|decision| match &decision.outcome {
            DifferenceOutcome::OursStands => (OURS_STANDS, None),
            DifferenceOutcome::Corrected { reference } => (CORRECTED, Some(reference.as_str())),
        });
        let mut cells = difference_key(&self.key);
        cells.extend([
            self.merchant.to_i64().into(),
            fen(self.said).into(),
            fen(self.ours).into(),
            self.trade.map(TradeId::to_i64).into(),
            self.slip.map(|hash| hash.to_vec()).into(),
            outcome.map(|(word, _)| word).into(),
            outcome.and_then(|(_, reference)| reference).into(),
            decision.map(|decision| decision.note.as_str()).into(),
            decision.map(|decision| decision.proposed_by.as_str()).into(),
            decision.and_then(|decision| decision.approved_by.as_deref()).into(),
            time(self.opened_at),
            time(self.updated_at),
        ]);
        cells
    }

    fn read(row: &mut RowReader) -> Result<Self, Corrupt> {
        let terminal = id!(row, TerminalId);
        let trade = TradeKey { terminal, batch: read_count(row)?, trace: read_count(row)? };
        let key = DifferenceKey { trade, kind: Word::parse(&row.text()?)? };
        let merchant = id!(row, MerchantId);
        let fen = |fen: Option<i64>| fen.map(u64::try_from).transpose().or(Err(Corrupt));
        let (said, ours) = (fen(row.opt_int()?)?, fen(row.opt_int()?)?);
        let trade = row.opt_int()?.map(TradeId::from_i64).transpose().or(Err(Corrupt))?;
        let slip = row.opt_blob()?.map(<[u8; 32]>::try_from).transpose().or(Err(Corrupt))?;
        let (outcome, reference, note) = (row.opt_text()?, row.opt_text()?, row.opt_text()?);
        let (proposed_by, approved_by) = (row.opt_text()?, row.opt_text()?);
        let outcome = match (outcome.as_deref(), reference) {
            (None, None) => None,
            (Some(OURS_STANDS), None) => Some(DifferenceOutcome::OursStands),
            (Some(CORRECTED), Some(reference)) => Some(DifferenceOutcome::Corrected { reference }),
            (Some(_) | None, _) => return Err(Corrupt),
        };
        let decision = match (outcome, note, proposed_by) {
            (Some(outcome), Some(note), Some(proposed_by)) => {
                Some(DifferenceDecision { outcome, note, proposed_by, approved_by })
            }
            (None, None, None) => None,
            (_, _, _) => return Err(Corrupt),
        };
        let (opened_at, updated_at) = (read_time(row)?, read_time(row)?);
        Ok(Self { key, merchant, said, ours, trade, slip, decision, opened_at, updated_at })
    }
}

impl Record for PosSlipRow {
    const TABLE: &'static Table = table!("pos_slips", key ["hash"],
        "hash" Blob, "media_type" Text, "sealed" Blob, "created_at" Int);

    fn cells(&self) -> Cells {
        vec![
            self.hash.to_vec().into(),
            self.media_type.as_str().into(),
            self.sealed.clone().into(),
            time(self.created_at),
        ]
    }

    fn read(row: &mut RowReader) -> Result<Self, Corrupt> {
        Ok(Self {
            hash: read_hash(row)?,
            media_type: row.text()?,
            sealed: row.blob()?,
            created_at: read_time(row)?,
        })
    }
}
