//! 消费撤销 and 退货.

use std::sync::Arc;

use app::pos::{OriginalTrade, PosAccess};
use bytes::Bytes;
use iso8583::cup::Original;
use orders::TradeKind;

use super::sale::ask;
use super::{Kind, sealed_refusal, tell};
use crate::asked::{Asked, Code, FORMAT};
use crate::host::{Failed, PosHost};

pub(super) async fn give_back(
    host: &PosHost,
    access: &Arc<PosAccess>,
    asked: &Asked<'_>,
    kind: Kind,
) -> Result<Option<Bytes>, Failed> {
    let asked_for = ask(host, access, asked).and_then(|ask| Ok((ask, original(asked)?)));
    let (ask, original) = match asked_for {
        Ok(asked_for) => asked_for,
        Err(code) => return sealed_refusal(host, access, asked, code),
    };
    let kind = if kind == Kind::Refund { TradeKind::Refund } else { TradeKind::SaleVoid };
    let told = host.app.pos_give_back(ask, original, kind).await?;
    tell(host, access, asked, &told)
}

/// By field 61 where it names batch and trace, else by field 37.
fn original(asked: &Asked<'_>) -> Result<OriginalTrade, Code> {
    let digits = asked.message.get(61).map(|value| value.characters().into_owned());
    let original = digits.map(|digits| Original::parse(&digits)).transpose().or(Err(FORMAT))?;
    match original {
        Some(Original { batch, trace, .. }) if batch != 0 && trace != 0 => {
            Ok(OriginalTrade::Key { batch, trace })
        }
        Some(_) | None => Ok(OriginalTrade::Reference(asked.text(37).ok_or(FORMAT)?)),
    }
}
