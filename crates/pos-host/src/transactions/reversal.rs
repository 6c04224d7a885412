//! 冲正: field 11 and 60.2 are those of the original.

use std::sync::Arc;

use app::pos::PosAccess;
use bytes::Bytes;

use super::{sealed, sealed_refusal};
use crate::asked::Asked;
use crate::host::{Failed, PosHost};
use crate::reply::Reply;

pub(super) async fn reversal(
    host: &PosHost,
    access: &Arc<PosAccess>,
    asked: &Asked<'_>,
) -> Result<Option<Bytes>, Failed> {
    let named = asked.trace().and_then(|trace| Ok((trace, asked.amount()?)));
    let (trace, amount) = match named {
        Ok(named) => named,
        Err(code) => return sealed_refusal(host, access, asked, code),
    };
    let key = (asked.transaction.batch, trace);
    let code = host.app.pos_reverse(access, key, amount).await?;
    let reply = Reply::begin(asked, code, host.now())?
        .set(32, &host.settings.acquirer)?
        .set(37, &host.reference())?
        .without(&[14]);
    sealed(access, reply)
}
