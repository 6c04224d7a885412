//! 签到, 签退, 回响测试.

use app::pos::{KeySet, PosAccess};
use bytes::Bytes;
use crypto::pos::CheckValue;
use iso8583::cup::{KeyEntry, Transaction, WorkingKeys, WorkingKeysLayout};
use merchants::PosState;

use super::download::wish;
use crate::asked::Asked;
use crate::host::{Failed, PosHost};
use crate::reply::Reply;

const DONE: &str = "00";

/// Gives fresh working keys under the terminal's master key, and the batch that it is to work in.
pub(super) async fn sign_on(
    host: &PosHost,
    access: &PosAccess,
    asked: &Asked<'_>,
    wanted: KeySet,
) -> Result<Option<Bytes>, Failed> {
    let given = host.app.pos_sign_on(access, wanted).await?;
    let entry = |(key, check): &'_ (Vec<u8>, CheckValue)| (key.clone(), check.0);
    let track = given.track.as_ref().map(entry);
    let keys = WorkingKeys {
        pin: KeyEntry { key: &given.pin.0, check: given.pin.1.0 },
        mac: KeyEntry { key: &given.mac.0, check: given.mac.1.0 },
        track: track.as_ref().map(|(key, check)| KeyEntry { key, check: *check }),
    };
    let layout = match wanted {
        KeySet::Single => WorkingKeysLayout::Single,
        KeySet::Double => WorkingKeysLayout::Double,
        KeySet::DoubleWithTrack => WorkingKeysLayout::DoubleWithTrack,
    };
    let network = asked.transaction.network.unwrap_or_default();
    let transaction = Transaction::new(0, given.batch, network).to_string();
    let reply = Reply::begin(asked, DONE, host.now())?
        .wishing(wish(host, access).await?)
        .set(32, &host.settings.acquirer)?
        .set(37, &host.reference())?
        .set(60, &transaction)?
        .put(62, &keys.write(layout))?;
    Ok(Some(reply.plain()?))
}

/// The terminal has to sign on again before it trades. Who asks cannot be proven, so a terminal that
/// was signed off by a stranger signs on again and loses nothing.
pub(super) async fn sign_off(
    host: &PosHost,
    access: &PosAccess,
    asked: &Asked<'_>,
) -> Result<Option<Bytes>, Failed> {
    if access.terminal.state == PosState::SignedOn {
        host.app.pos_sign_off(access).await?;
    }
    let reply = Reply::begin(asked, DONE, host.now())?.set(37, &host.reference())?;
    Ok(Some(reply.plain()?))
}

/// Also of 状态上送: a terminal that says how it is hears what it is to load.
pub(super) async fn echo(
    host: &PosHost,
    access: &PosAccess,
    asked: &Asked<'_>,
) -> Result<Option<Bytes>, Failed> {
    let reply = Reply::begin(asked, DONE, host.now())?.set(37, &host.reference())?;
    let reply = reply.wishing(wish(host, access).await?);
    Ok(Some(reply.plain()?))
}
