//! Orders, legs and attempts.

use ids::{
    AttemptId, ChannelAccountId, ChannelTradeNo, LegId, MerchantId, MerchantNo, OrderId, TerminalId,
};
use jiff::civil::Date;
use money::Currency;
use orders::channel::{ChannelCodeText, PayWay};
use orders::{Attempt, AttemptState, Charge, Leg, LegState, Order, OrderShape, OrderState, Tender};

use super::{
    Record, Word, currency, id, minor, opt_time, parsed, read_amount, read_currency, read_hash,
    read_opt_time, read_small, read_time, table, time, to_amount,
};
use crate::sql::{Cells, Corrupt, RowReader, Table, Value};

impl Word for OrderState {
    const WORDS: &'static [(Self, &'static str)] = &[
        (Self::Paying, "paying"),
        (Self::Paid, "paid"),
        (Self::Failed, "failed"),
        (Self::Closing, "closing"),
        (Self::Closed, "closed"),
    ];
}

impl Word for OrderShape {
    const WORDS: &'static [(Self, &'static str)] =
        &[(Self::Single, "single"), (Self::Combined, "combined")];
}

impl Word for LegState {
    const WORDS: &'static [(Self, &'static str)] = &[
        (Self::Paying, "paying"),
        (Self::Paid, "paid"),
        (Self::Failed, "failed"),
        (Self::Closed, "closed"),
    ];
}

impl Word for AttemptState {
    const WORDS: &'static [(Self, &'static str)] = &[
        (Self::Sending, "sending"),
        (Self::Waiting, "waiting"),
        (Self::Unknown, "unknown"),
        (Self::Closing, "closing"),
        (Self::Cancelling, "cancelling"),
        (Self::Paid, "paid"),
        (Self::Refused, "refused"),
        (Self::Closed, "closed"),
        (Self::Returned, "returned"),
        (Self::PaidLate, "paid_late"),
    ];
}

impl Word for PayWay {
    const WORDS: &'static [(Self, &'static str)] = &[
        (Self::PayerCode, "payer_code"),
        (Self::DynamicQr, "dynamic_qr"),
        (Self::Jsapi, "jsapi"),
        (Self::H5, "h5"),
    ];
}

impl Record for Order {
    const TABLE: &'static Table = table!("orders", key ["id"],
        "id" Int, "merchant_id" Int, "merchant_no" Text, "content_hash" Blob, "amount" Int,
        "currency" Text, "description" Text, "attach" Text, "notify_url" Text, "terminal_id" Int,
        "shape" Text, "state" Text, "created_at" Int, "expires_at" Int, "paid_at" Int, "updated_at" Int);

    fn cells(&self) -> Cells {
        vec![
            self.id.to_i64().into(),
            self.merchant.to_i64().into(),
            self.merchant_no.as_str().into(),
            self.content_hash.to_vec().into(),
            minor(self.amount),
            currency(self.amount),
            self.description.as_str().into(),
            self.attach.as_deref().into(),
            self.notify_url.as_deref().into(),
            self.terminal.map(TerminalId::to_i64).into(),
            self.shape.word(),
            self.state.word(),
            time(self.created_at),
            time(self.expires_at),
            opt_time(self.paid_at),
            time(self.updated_at),
        ]
    }

    fn read(row: &mut RowReader) -> Result<Self, Corrupt> {
        Ok(Self {
            id: id!(row, OrderId),
            merchant: id!(row, MerchantId),
            merchant_no: parsed(&row.text()?, MerchantNo::parse)?,
            content_hash: read_hash(row)?,
            amount: read_amount(row)?,
            description: row.text()?,
            attach: row.opt_text()?,
            notify_url: row.opt_text()?,
            terminal: row
                .opt_int()?
                .map(|raw| TerminalId::from_i64(raw).or(Err(Corrupt)))
                .transpose()?,
            shape: Word::parse(&row.text()?)?,
            state: Word::parse(&row.text()?)?,
            created_at: read_time(row)?,
            expires_at: read_time(row)?,
            paid_at: read_opt_time(row)?,
            updated_at: read_time(row)?,
        })
    }
}

impl Record for Leg {
    const TABLE: &'static Table = table!("legs", key ["order_id", "id"],
        "order_id" Int, "id" Int, "no" Int, "content_hash" Blob, "tender" Text,
        "self_collected" Int, "reference" Text,
        "amount" Int, "currency" Text, "state" Text, "booked_at" Int, "fee" Int,
        "fee_rule" Text, "cost" Int, "cost_rule" Text, "refunding" Int, "refunded" Int);

    fn cells(&self) -> Cells {
        vec![
            self.order.to_i64().into(),
            self.id.to_i64().into(),
            i64::from(self.no).into(),
            self.content_hash.map(|hash| hash.to_vec()).into(),
            self.tender.code().into(),
            i64::from(self.self_collected).into(),
            self.reference.as_deref().into(),
            minor(self.amount),
            currency(self.amount),
            self.state.word(),
            opt_time(self.booked_at),
            charge_amount(self.fee.as_ref()),
            charge_rule(self.fee.as_ref()),
            charge_amount(self.cost.as_ref()),
            charge_rule(self.cost.as_ref()),
            minor(self.refunding),
            minor(self.refunded),
        ]
    }

    fn read(row: &mut RowReader) -> Result<Self, Corrupt> {
        let (order, id) = (id!(row, OrderId), id!(row, LegId));
        let no = read_small(row)?;
        let content_hash = row.opt_blob()?.map(|b| b.try_into().or(Err(Corrupt))).transpose()?;
        let tender = parsed(&row.text()?, Tender::parse)?;
        let self_collected = row.int()? != 0;
        let reference = row.opt_text()?;
        let raw = row.int()?;
        let currency = read_currency(row)?;
        Ok(Self {
            id,
            order,
            no,
            content_hash,
            tender,
            self_collected,
            reference,
            amount: to_amount(raw, currency)?,
            state: Word::parse(&row.text()?)?,
            booked_at: read_opt_time(row)?,
            fee: read_charge(row, currency)?,
            cost: read_charge(row, currency)?,
            refunding: to_amount(row.int()?, currency)?,
            refunded: to_amount(row.int()?, currency)?,
        })
    }
}

impl Record for Attempt {
    const TABLE: &'static Table = table!("attempts", key ["order_id", "id"],
        "order_id" Int, "id" Int, "leg_id" Int, "channel_account_id" Int, "way" Text,
        "amount" Int, "currency" Text, "state" Text, "invoke" Text, "trade_no" Text,
        "paid_at" Int, "payer" Text, "refusal_code" Text, "refusal_message" Text,
        "created_at" Int, "updated_at" Int, "reserved_on" Int, "route" Text);

    fn cells(&self) -> Cells {
        vec![
            self.order.to_i64().into(),
            self.id.to_i64().into(),
            self.leg.to_i64().into(),
            self.channel_account.to_i64().into(),
            self.way.word(),
            minor(self.amount),
            currency(self.amount),
            self.state.word(),
            self.invoke.as_deref().into(),
            self.trade_no.as_ref().map(ChannelTradeNo::as_str).into(),
            opt_time(self.paid_at),
            self.payer.as_deref().into(),
            self.refusal.as_ref().map(|r| r.code.as_str()).into(),
            self.refusal.as_ref().map(|r| r.message.as_str()).into(),
            time(self.created_at),
            time(self.updated_at),
            self.reserved_on.map_or(Value::Null, day),
            self.route.as_deref().into(),
        ]
    }

    fn read(row: &mut RowReader) -> Result<Self, Corrupt> {
        Ok(Self {
            order: id!(row, OrderId),
            id: id!(row, AttemptId),
            leg: id!(row, LegId),
            channel_account: id!(row, ChannelAccountId),
            way: Word::parse(&row.text()?)?,
            amount: read_amount(row)?,
            state: Word::parse(&row.text()?)?,
            invoke: row.opt_text()?,
            trade_no: row.opt_text()?.map(|t| parsed(&t, ChannelTradeNo::parse)).transpose()?,
            paid_at: read_opt_time(row)?,
            payer: row.opt_text()?,
            refusal: read_refusal(row)?,
            created_at: read_time(row)?,
            updated_at: read_time(row)?,
            reserved_on: row.opt_int()?.map(read_day).transpose()?,
            route: row.opt_text()?,
        })
    }
}

fn day(date: Date) -> Value {
    (i64::from(date.year()) * 10_000 + i64::from(date.month()) * 100 + i64::from(date.day())).into()
}

fn read_day(raw: i64) -> Result<Date, Corrupt> {
    let part = |n: i64| i8::try_from(n % 100).or(Err(Corrupt));
    let year = i16::try_from(raw / 10_000).or(Err(Corrupt))?;
    Date::new(year, part(raw / 100)?, part(raw)?).or(Err(Corrupt))
}

fn charge_amount(charge: Option<&Charge>) -> Value {
    charge.map_or(Value::Null, |charge| minor(charge.amount))
}

fn charge_rule(charge: Option<&Charge>) -> Value {
    charge.map(|charge| charge.rule.as_str()).into()
}

fn read_charge(row: &mut RowReader, currency: Currency) -> Result<Option<Charge>, Corrupt> {
    let (raw, rule) = (row.opt_int()?, row.opt_text()?);
    let charge = raw
        .zip(rule)
        .map(|(raw, rule)| Ok::<_, Corrupt>(Charge { amount: to_amount(raw, currency)?, rule }));
    charge.transpose()
}

pub(super) fn read_refusal(row: &mut RowReader) -> Result<Option<ChannelCodeText>, Corrupt> {
    let (code, message) = (row.opt_text()?, row.opt_text()?);
    Ok(code.map(|code| ChannelCodeText { code, message: message.unwrap_or_default() }))
}
