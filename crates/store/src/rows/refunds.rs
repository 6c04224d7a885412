//! Refunds and their tries.

use clearing::FeeOnRefund;
use ids::{AttemptId, LegId, MerchantId, MerchantNo, OrderId, RefundId};
use orders::{Case, CaseOutcome, Refund, RefundKind, RefundOrigin, RefundState, RefundTry};

use super::orders::read_refusal;
use super::{
    Record, Word, currency, id, minor, opt_time, parsed, read_count, read_currency, read_hash,
    read_opt_time, read_small, read_time, table, time, to_amount,
};
use crate::sql::{Cells, Corrupt, RowReader, Table, Value};

impl Word for RefundState {
    const WORDS: &'static [(Self, &'static str)] = &[
        (Self::Queued, "queued"),
        (Self::Sending, "sending"),
        (Self::Processing, "processing"),
        (Self::Unknown, "unknown"),
        (Self::Succeeded, "succeeded"),
        (Self::Failed, "failed"),
        (Self::Manual, "manual"),
        (Self::Undoing, "undoing"),
        (Self::Undone, "undone"),
    ];
}

impl Word for RefundOrigin {
    const WORDS: &'static [(Self, &'static str)] = &[
        (Self::Merchant, "merchant"),
        (Self::Terminal, "terminal"),
        (Self::LatePayment, "late_payment"),
        (Self::Abandoned, "abandoned"),
    ];
}

impl Word for RefundKind {
    const WORDS: &'static [(Self, &'static str)] = &[
        (Self::Refund, "refund"),
        (Self::Void, "void"),
        (Self::TopUpReturn, "top_up_return"),
        (Self::Reversal, "reversal"),
    ];
}

impl Word for CaseOutcome {
    const WORDS: &'static [(Self, &'static str)] =
        &[(Self::PaidOut, "paid_out"), (Self::GivenBack, "given_back")];
}

impl Record for Refund {
    const TABLE: &'static Table = table!("refunds", key ["order_id", "id"],
        "order_id" Int, "id" Int, "leg_id" Int, "attempt_id" Int, "merchant_id" Int,
        "merchant_no" Text, "part" Int, "parts" Int, "content_hash" Blob, "origin" Text, "kind" Text, "amount" Int, "currency" Text,
        "from_pending" Int, "reason" Text, "notify_url" Text, "keeps_fee" Int, "fee_back" Int,
        "state" Text, "tries" Int,
        "refusal_code" Text, "refusal_message" Text, "case_outcome" Text, "case_note" Text,
        "proposed_by" Text, "approved_by" Text, "created_at" Int, "refunded_at" Int,
        "updated_at" Int);

    fn cells(&self) -> Cells {
        vec![
            self.order.to_i64().into(),
            self.id.to_i64().into(),
            self.leg.to_i64().into(),
            self.attempt.map(AttemptId::to_i64).into(),
            self.merchant.to_i64().into(),
            self.merchant_no.as_str().into(),
            i64::from(self.part).into(),
            i64::from(self.parts).into(),
            self.content_hash.to_vec().into(),
            self.origin.word(),
            self.kind.word(),
            minor(self.amount),
            currency(self.amount),
            minor(self.from_pending),
            self.reason.as_str().into(),
            self.notify_url.as_deref().into(),
            i64::from(self.fee == FeeOnRefund::Kept).into(),
            self.fee_back.map_or(Value::Null, minor),
            self.state.word(),
            i64::from(self.tries).into(),
            self.refusal.as_ref().map(|r| r.code.as_str()).into(),
            self.refusal.as_ref().map(|r| r.message.as_str()).into(),
            self.case.as_ref().map_or(Value::Null, |c| c.outcome.word()),
            self.case.as_ref().map(|c| c.note.as_str()).into(),
            self.case.as_ref().map(|c| c.proposed_by.as_str()).into(),
            self.case.as_ref().and_then(|c| c.approved_by.as_deref()).into(),
            time(self.created_at),
            opt_time(self.refunded_at),
            time(self.updated_at),
        ]
    }

    fn read(row: &mut RowReader) -> Result<Self, Corrupt> {
        let (order, id) = (id!(row, OrderId), id!(row, RefundId));
        let leg = id!(row, LegId);
        let attempt = row.opt_int()?.map(AttemptId::from_i64).transpose().or(Err(Corrupt))?;
        let merchant = id!(row, MerchantId);
        let merchant_no = parsed(&row.text()?, MerchantNo::parse)?;
        let (part, parts) = (read_small(row)?, read_small(row)?);
        let content_hash = read_hash(row)?;
        let (origin, kind) = (Word::parse(&row.text()?)?, Word::parse(&row.text()?)?);
        let raw = row.int()?;
        let currency = read_currency(row)?;
        Ok(Self {
            id,
            order,
            leg,
            attempt,
            merchant,
            merchant_no,
            part,
            parts,
            content_hash,
            origin,
            kind,
            amount: to_amount(raw, currency)?,
            from_pending: to_amount(row.int()?, currency)?,
            reason: row.text()?,
            notify_url: row.opt_text()?,
            fee: if row.int()? == 0 { FeeOnRefund::Returned } else { FeeOnRefund::Kept },
            fee_back: row.opt_int()?.map(|raw| to_amount(raw, currency)).transpose()?,
            state: Word::parse(&row.text()?)?,
            tries: read_count(row)?,
            refusal: read_refusal(row)?,
            case: read_case(row)?,
            created_at: read_time(row)?,
            refunded_at: read_opt_time(row)?,
            updated_at: read_time(row)?,
        })
    }
}

fn read_case(row: &mut RowReader) -> Result<Option<Case>, Corrupt> {
    let (outcome, note) = (row.opt_text()?, row.opt_text()?);
    let (proposed_by, approved_by) = (row.opt_text()?, row.opt_text()?);
    let Some(((outcome, note), proposed_by)) = outcome.zip(note).zip(proposed_by) else {
        return Ok(None);
    };
    Ok(Some(Case { outcome: Word::parse(&outcome)?, note, proposed_by, approved_by }))
}

impl Record for RefundTry {
    const TABLE: &'static Table = table!("refund_tries", key ["refund_id", "number"],
        "refund_id" Int, "number" Int, "order_id" Int, "sent_at" Int, "outcome" Text);

    fn cells(&self) -> Cells {
        vec![
            self.refund.to_i64().into(),
            i64::from(self.number).into(),
            self.order.to_i64().into(),
            time(self.sent_at),
            self.outcome.as_deref().into(),
        ]
    }

    fn read(row: &mut RowReader) -> Result<Self, Corrupt> {
        Ok(Self {
            refund: id!(row, RefundId),
            number: read_count(row)?,
            order: id!(row, OrderId),
            sent_at: read_time(row)?,
            outcome: row.opt_text()?,
        })
    }
}
