//! 批结算 (0500), 批上送 (0320). The samples of these messages carry no code; one that is there must be right.

use app::pos::{PosAccess, SaidRow};
use bytes::Bytes;
use iso8583::cup::{Flag, GroupTotals, Totals, read_upload};
use orders::BatchTotals;
use secret::Pan;

use crate::asked::{Asked, Code, FORMAT};
use crate::host::{Failed, PosHost};
use crate::reply::Reply;

const DONE: &str = "00";
/// What the end of an upload hears in field 48, as terminals are used to.
const END: &str = "0000";

pub(super) async fn settle(
    host: &PosHost,
    access: &PosAccess,
    asked: &Asked<'_>,
) -> Result<Option<Bytes>, Failed> {
    let digits = asked.message.get(48).map(|value| value.characters().into_owned());
    let Some(Ok(said)) = digits.map(|digits| Totals::parse(&digits)) else {
        return host.refuse(asked, FORMAT);
    };
    let totals = BatchTotals { domestic: ours(said.domestic), foreign: ours(said.foreign) };
    let batch = host.app.pos_settle(access, asked.transaction.batch, totals).await?;
    let (domestic, foreign) = batch.asked.agree(&batch.ours);
    let flag = |agreed| if agreed { Flag::Agreed } else { Flag::Differs };
    // Where they differ the terminal hears ours.
    let heard = Totals {
        domestic: if domestic { said.domestic } else { theirs(batch.ours.domestic) },
        foreign: if foreign { said.foreign } else { theirs(batch.ours.foreign) },
        ..said
    };
    let heard = heard.flagged(flag(domestic), flag(foreign));
    let now = host.now();
    let reply = Reply::begin(asked, DONE, now)?
        .set(15, &today(now))?
        .set(32, &host.settings.acquirer)?
        .set(37, &host.reference())?
        .set(48, &heard.to_string())?;
    Ok(Some(reply.plain()?))
}

/// Rows of magnetic cards (field 48), or one of a chip card (fields 2, 4, 11).
pub(super) async fn upload(
    host: &PosHost,
    access: &PosAccess,
    asked: &Asked<'_>,
    chip: bool,
) -> Result<Option<Bytes>, Failed> {
    let rows = match if chip { chip_row(asked) } else { rows(asked) } {
        Ok(rows) => rows,
        Err(code) => return host.refuse(asked, code),
    };
    host.app.pos_upload(access, asked.transaction.batch, rows).await?;
    let reply = Reply::begin(asked, DONE, host.now())?.set(37, &host.reference())?;
    let reply = match asked.text(48) {
        Some(said) if !chip => reply.set(48, &said)?,
        Some(_) | None => reply,
    };
    Ok(Some(reply.without(&[2, 4, 23]).plain()?))
}

pub(super) async fn end(
    host: &PosHost,
    access: &PosAccess,
    asked: &Asked<'_>,
) -> Result<Option<Bytes>, Failed> {
    let rows = asked.number(48).and_then(|rows| u32::try_from(rows).ok());
    let Some(rows) = rows else { return host.refuse(asked, FORMAT) };
    host.app.pos_end_batch(access, asked.transaction.batch, rows).await?;
    let reply = Reply::begin(asked, DONE, host.now())?;
    let reply = reply.set(37, &host.reference())?.set(48, END)?;
    Ok(Some(reply.plain()?))
}

fn rows(asked: &Asked<'_>) -> Result<Vec<SaidRow>, Code> {
    let digits = asked.message.get(48).ok_or(FORMAT)?.characters().into_owned();
    let rows = read_upload(&digits).or(Err(FORMAT))?;
    let said = |row: iso8583::cup::UploadRow| SaidRow {
        trace: row.trace,
        pan: row.pan.as_ref().and_then(|pan| Pan::parse(pan.expose())),
        amount: row.amount,
    };
    Ok(rows.into_iter().map(said).collect())
}

fn chip_row(asked: &Asked<'_>) -> Result<Vec<SaidRow>, Code> {
    let pan = asked.text(2).as_deref().and_then(Pan::parse);
    let amount = asked.number(4).ok_or(FORMAT)?;
    Ok(vec![SaidRow { trace: asked.trace()?, pan, amount }])
}

fn ours(said: GroupTotals) -> orders::GroupTotals {
    orders::GroupTotals {
        debit_amount: said.debit_amount,
        debit_count: u32::from(said.debit_count),
        credit_amount: said.credit_amount,
        credit_count: u32::from(said.credit_count),
    }
}

/// Three digits of count and twelve of amount are what the field has.
fn theirs(known: orders::GroupTotals) -> GroupTotals {
    let count = |n: u32| u16::try_from(n % 1_000).unwrap_or_default();
    let amount = |fen: u64| fen % 1_000_000_000_000;
    GroupTotals {
        debit_amount: amount(known.debit_amount),
        debit_count: count(known.debit_count),
        credit_amount: amount(known.credit_amount),
        credit_count: count(known.credit_count),
    }
}

fn today(now: jiff::Timestamp) -> String {
    now.to_zoned(jiff::tz::TimeZone::fixed(jiff::tz::offset(8))).strftime("%m%d").to_string()
}
