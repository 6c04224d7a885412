//! 消费撤销, 退货, 预授权撤销, 预授权完成撤销.

use std::sync::Arc;

use app::pos::{OriginalTrade, PosAccess};
use bytes::Bytes;
use iso8583::cup::Original;
use orders::TradeKind;

use super::take::{ask, authorization, known_or_refused, original};
use super::tell;
use crate::asked::{Asked, Code, FORMAT};
use crate::host::{Failed, PosHost};

pub(super) async fn give_back(
    host: &PosHost,
    access: &Arc<PosAccess>,
    asked: &Asked<'_>,
    kind: TradeKind,
) -> Result<Option<Bytes>, Failed> {
    let asked_for = ask(host, access, asked, asked.amount());
    let asked_for = asked_for.and_then(|ask| Ok((ask, original_of(asked, kind)?)));
    let (ask, original) = match asked_for {
        Ok(asked_for) => asked_for,
        Err(code) => return known_or_refused(host, access, asked, code).await,
    };
    let told = host.app.pos_give_back(ask, original, kind).await?;
    tell(host, access, asked, &told)
}

/// A hold by its code; else by the number of a QR payment, by field 61 where it names batch and trace, or
/// by field 37.
fn original_of(asked: &Asked<'_>, kind: TradeKind) -> Result<OriginalTrade, Code> {
    if kind == TradeKind::AuthorizationVoid {
        return Ok(OriginalTrade::Authorization(authorization(asked)?));
    }
    if let Some(voucher) = asked.voucher()? {
        return Ok(OriginalTrade::Voucher(voucher));
    }
    match original(asked)? {
        Some(Original { batch, trace, .. }) if batch != 0 && trace != 0 => {
            Ok(OriginalTrade::Key { batch, trace })
        }
        Some(_) | None => Ok(OriginalTrade::Reference(asked.text(37).ok_or(FORMAT)?)),
    }
}
