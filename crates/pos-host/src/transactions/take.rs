//! 消费, 预授权, 预授权完成, 离线消费, 余额查询.

use std::sync::Arc;
use std::time::Duration;

use app::pos::{AskTrade, AuthorizationRef, PosAccess, Presented, Taking, Told};
use bytes::Bytes;
use iso8583::cup::Original;
use money::{Amount, Currency};
use tokio::time::sleep;

use super::{TakeKind, sealed, sealed_refusal, tell};
use crate::asked::{Asked, Code, FORMAT};
use crate::host::{Failed, PosHost};
use crate::reply::Reply;

/// 61: more than the terminal may take at once.
const LIMIT: Code = "61";
/// How often it is looked whether a payer has decided.
const LOOK: Duration = Duration::from_millis(500);
/// Looks until the terminal's own clock is near its end: the platform gives a payer 45 seconds.
const LOOKS_MAX: u32 = 104;

pub(super) async fn take(
    host: &PosHost,
    access: &Arc<PosAccess>,
    asked: &Asked<'_>,
    kind: TakeKind,
) -> Result<Option<Bytes>, Failed> {
    let asked_for = ask(host, access, asked, asked.amount());
    let asked_for = asked_for.and_then(|ask| {
        within_limit(access, ask.amount, kind)?;
        Ok((ask, taking(asked, kind)?))
    });
    let (ask, taking) = match asked_for {
        Ok(asked_for) => asked_for,
        Err(code) => return known_or_refused(host, access, asked, code).await,
    };
    let by_code = matches!(ask.presented, Presented::Code(_));
    let mut told = host.app.pos_take(ask.clone(), taking).await?;
    let mut looks = 0;
    while by_code && matches!(told, Told::InProgress) && looks < LOOKS_MAX {
        sleep(LOOK).await;
        told = host.app.pos_taken(&ask).await?;
        looks += 1;
    }
    tell(host, access, asked, &told)
}

/// 单笔限额. What was done without us, and what completes a hold, is not held back by it.
fn within_limit(access: &PosAccess, amount: Amount, kind: TakeKind) -> Result<(), Code> {
    let most = access.terminal.most.filter(|most| amount.minor() > *most);
    match kind {
        TakeKind::Sale | TakeKind::Authorization if most.is_some() => Err(LIMIT),
        TakeKind::Sale
        | TakeKind::Authorization
        | TakeKind::Offline
        | TakeKind::Completion { .. } => Ok(()),
    }
}

fn taking(asked: &Asked<'_>, kind: TakeKind) -> Result<Taking, Code> {
    Ok(match kind {
        TakeKind::Sale => Taking::Sale,
        TakeKind::Authorization => Taking::Authorization,
        TakeKind::Offline => Taking::Offline,
        TakeKind::Completion { advice } => Taking::Completion { of: authorization(asked)?, advice },
    })
}

/// A hold by its code and its day.
pub(super) fn authorization(asked: &Asked<'_>) -> Result<AuthorizationRef, Code> {
    let auth_code = asked.text(38).filter(|code| !code.trim().is_empty()).ok_or(FORMAT)?;
    let original = original(asked)?;
    Ok(AuthorizationRef { auth_code, date: original.and_then(|original| original.date) })
}

/// Field 61.
pub(super) fn original(asked: &Asked<'_>) -> Result<Option<Original>, Code> {
    let digits = asked.message.get(61).map(|value| value.characters().into_owned());
    digits.map(|digits| Original::parse(&digits)).transpose().or(Err(FORMAT))
}

/// What is left on a card. Nothing of it is kept.
pub(super) async fn balance(
    host: &PosHost,
    access: &Arc<PosAccess>,
    asked: &Asked<'_>,
) -> Result<Option<Bytes>, Failed> {
    let ask = match ask(host, access, asked, Ok(Amount::zero(Currency::Cny))) {
        Ok(ask) => ask,
        Err(code) => return sealed_refusal(host, access, asked, code),
    };
    let told = host.app.pos_balance(ask).await?;
    let reply = Reply::begin(asked, &told.code, host.now())?
        .set_some(15, told.approval.settled_on.as_deref())?
        .set(32, &host.settings.acquirer)?
        .set(37, &told.reference)?
        .set_some(44, told.approval.institutions.as_deref())?
        .set_some(54, told.approval.balance.as_deref())?;
    sealed(access, reply)
}

/// The transaction as the use cases take it.
pub(super) fn ask(
    host: &PosHost,
    access: &Arc<PosAccess>,
    asked: &Asked<'_>,
    amount: Result<Amount, Code>,
) -> Result<AskTrade, Code> {
    Ok(AskTrade {
        presented: asked.presented(access)?,
        access: Arc::clone(access),
        batch: asked.transaction.batch,
        trace: asked.trace()?,
        amount: amount?,
        // Under a key: it covers the card number.
        content_hash: content_hash(host, asked),
    })
}

fn content_hash(host: &PosHost, asked: &Asked<'_>) -> [u8; 32] {
    host.app.vault.token("trade", &asked.canonical())
}

/// A message that cannot be read under the keys of now (its PIN or its track is under older ones) may be the
/// repeat of one that was: then that is what counts.
pub(super) async fn known_or_refused(
    host: &PosHost,
    access: &Arc<PosAccess>,
    asked: &Asked<'_>,
    code: Code,
) -> Result<Option<Bytes>, Failed> {
    let Ok(trace) = asked.trace() else { return sealed_refusal(host, access, asked, code) };
    let terminal = (&**access, asked.transaction.batch, trace);
    match host.app.pos_known(terminal, content_hash(host, asked)).await? {
        Some(known) => tell(host, access, asked, &known),
        None => sealed_refusal(host, access, asked, code),
    }
}
