//! Loading holds, and what is known of ids that may have been used before.

use std::collections::{BTreeMap, BTreeSet};

use ids::{HoldId, JournalId};
use ledger::{AccountKey, Hold, Seen};

use crate::rows::{Burnt, BurntKind, HoldRow, JournalRow, Record, ResolutionRow, Word};
use crate::sql::{Cells, Lock, Session, SqlError};
use crate::working::WorkingSet;

/// Locks and loads holds, and adds their accounts to those that are to be locked.
pub(crate) async fn load(
    session: &mut Session,
    ids: &BTreeSet<HoldId>,
    accounts: &mut BTreeSet<AccountKey>,
    set: &mut WorkingSet,
) -> Result<(), SqlError> {
    for row in read(session, ids, Lock::ForUpdate).await? {
        let seen = Seen { content_hash: row.content_hash, burnt: None };
        accounts.insert(row.hold.account.clone());
        set.seen_holds.insert(row.hold.id, seen);
        set.holds.insert(row.hold.id, row.hold);
    }
    Ok(())
}

/// Holds with the state that their resolutions made of them.
pub(crate) async fn read(
    session: &mut Session,
    ids: &BTreeSet<HoldId>,
    lock: Lock,
) -> Result<Vec<HoldRow>, SqlError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let keys: Vec<Cells> = ids.iter().map(|id| vec![id.to_i64().into()]).collect();
    let rows = session.select_by(HoldRow::TABLE, &["id"], &keys, lock).await?;
    let rows: Vec<HoldRow> = rows.into_iter().map(Record::from_cells).collect::<Result<_, _>>()?;
    with_ends(session, rows, &keys).await
}

async fn with_ends(
    session: &mut Session,
    mut rows: Vec<HoldRow>,
    keys: &[Cells],
) -> Result<Vec<HoldRow>, SqlError> {
    let mut ends = BTreeMap::new();
    let found = session.select_by(ResolutionRow::TABLE, &["hold_id"], keys, Lock::None).await?;
    for row in found {
        let row = ResolutionRow::from_cells(row)?;
        ends.insert(row.hold, row);
    }
    for row in &mut rows {
        let hold: &mut Hold = &mut row.hold;
        if let Some(end) = ends.get(&hold.id) {
            hold.state = end.state(hold.amount)?;
        }
    }
    Ok(rows)
}

/// Ids of journals that were posted, and ids of both kinds that were burnt.
pub(crate) async fn load_seen(
    session: &mut Session,
    journals: &BTreeSet<JournalId>,
    holds: &BTreeSet<HoldId>,
    set: &mut WorkingSet,
) -> Result<(), SqlError> {
    if !journals.is_empty() {
        let keys: Vec<Cells> = journals.iter().map(|id| vec![id.to_i64().into()]).collect();
        for row in session.select_by(JournalRow::TABLE, &["id"], &keys, Lock::None).await? {
            let row = JournalRow::from_cells(row)?;
            let seen = Seen { content_hash: row.content_hash, burnt: None };
            set.seen_journals.insert(row.id, seen);
        }
    }
    let journals = journals.iter().map(|id| vec![BurntKind::Journal.word(), id.to_i64().into()]);
    let holds = holds.iter().map(|id| vec![BurntKind::Hold.word(), id.to_i64().into()]);
    let keys: Vec<Cells> = journals.chain(holds).collect();
    if keys.is_empty() {
        return Ok(());
    }
    for row in session.select_by(Burnt::TABLE, &["kind", "id"], &keys, Lock::None).await? {
        set.learn_burnt(&Burnt::from_cells(row)?);
    }
    Ok(())
}
