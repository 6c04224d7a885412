//! 消费.

use std::sync::Arc;

use app::pos::{AskTrade, PosAccess};
use bytes::Bytes;

use super::{sealed_refusal, tell};
use crate::asked::{Asked, Code};
use crate::host::{Failed, PosHost};

pub(super) async fn sale(
    host: &PosHost,
    access: &Arc<PosAccess>,
    asked: &Asked<'_>,
) -> Result<Option<Bytes>, Failed> {
    let ask = match ask(host, access, asked) {
        Ok(ask) => ask,
        Err(code) => return sealed_refusal(host, access, asked, code),
    };
    let told = host.app.pos_sale(ask).await?;
    tell(host, access, asked, &told)
}

/// The transaction as the use cases take it.
pub(super) fn ask(
    host: &PosHost,
    access: &Arc<PosAccess>,
    asked: &Asked<'_>,
) -> Result<AskTrade, Code> {
    let (card, read) = asked.card(access)?;
    Ok(AskTrade {
        access: Arc::clone(access),
        batch: asked.transaction.batch,
        trace: asked.trace()?,
        amount: asked.amount()?,
        // Under a key: it covers the card number.
        content_hash: host.app.vault.token("trade", &asked.canonical()),
        card,
        read,
    })
}
