//! Account rows: their numbers, their balances, and folding.
//!
//! An entry never updates its account's row. It adds to the batch's delta row for that account, so
//! payments of one merchant, or of one channel, do not wait for each other. The balance is the row
//! plus its deltas. Whoever takes money from a guarded account locks its row first, so two debits
//! see each other; credits only raise what a debit may take. Folding moves deltas into the row.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use ids::IdSource;
use ledger::{Account, AccountKey, Sums};

use crate::rows::{AccountRow, DeltaRow, RawSums, Record};
use crate::sql::{Cells, Corrupt, Lock, Mode, Session, SqlError, Value};
use crate::working::WorkingSet;

/// Numbers of accounts kept in memory; beyond it the cache starts anew.
const REMEMBERED_MAX: usize = 200_000;
/// Deltas folded in one transaction.
pub(crate) const FOLD_ACCOUNTS_MAX: i64 = 200;

/// The numbers of accounts, which never change once committed.
#[derive(Default)]
pub(crate) struct AccountIds(Mutex<BTreeMap<AccountKey, i64>>);

impl AccountIds {
    pub(crate) fn remember(&self, made: Vec<(AccountKey, i64)>) {
        if made.is_empty() {
            return;
        }
        if let Ok(mut known) = self.0.lock() {
            if known.len() + made.len() > REMEMBERED_MAX {
                known.clear();
            }
            known.extend(made);
        }
    }

    fn known(&self, keys: &BTreeSet<&AccountKey>) -> BTreeMap<AccountKey, i64> {
        let Ok(known) = self.0.lock() else {
            return BTreeMap::new();
        };
        keys.iter().filter_map(|k| known.get(*k).map(|id| ((*k).clone(), *id))).collect()
    }

    /// The numbers of all `keys`; accounts that do not exist yet are made. Second, what is to be
    /// remembered after the commit.
    pub(crate) async fn resolve(
        &self,
        session: &mut Session,
        ids: &IdSource,
        keys: BTreeSet<&AccountKey>,
        now_ms: i64,
    ) -> Result<(BTreeMap<AccountKey, i64>, Vec<(AccountKey, i64)>), SqlError> {
        let mut found = self.known(&keys);
        let missing: Vec<&AccountKey> =
            keys.into_iter().filter(|k| !found.contains_key(*k)).collect();
        if missing.is_empty() {
            return Ok((found, Vec::new()));
        }
        let texts: Vec<Cells> = missing.iter().map(|k| vec![Value::from(k.to_string())]).collect();
        let mut learnt = Vec::new();
        for row in session.select_by(AccountRow::TABLE, &["key"], &texts, Lock::None).await? {
            let row = AccountRow::from_cells(row)?;
            learnt.push((parse_key(&row.key)?, row.id));
        }
        found.extend(learnt.iter().cloned());
        let made: Vec<(AccountKey, i64)> = missing
            .into_iter()
            .filter(|k| !found.contains_key(*k))
            .map(|k| (k.clone(), ids::JournalId::generate(ids, now_ms).to_i64()))
            .collect();
        let rows: Vec<Cells> = made.iter().map(fresh_row).collect();
        if !rows.is_empty() {
            session.insert(AccountRow::TABLE, rows).await?;
        }
        found.extend(made.iter().cloned());
        learnt.extend(made);
        Ok((found, learnt))
    }

    /// Locks the accounts' rows and loads their balances into the working set's books.
    pub(crate) async fn load_locked(
        &self,
        session: &mut Session,
        keys: BTreeSet<AccountKey>,
        set: &mut WorkingSet,
    ) -> Result<(), SqlError> {
        if keys.is_empty() {
            return Ok(());
        }
        let texts: Vec<Cells> = keys.iter().map(|k| vec![Value::from(k.to_string())]).collect();
        let rows = session.select_by(AccountRow::TABLE, &["key"], &texts, Lock::ForUpdate).await?;
        let mut accounts = BTreeMap::new();
        for row in rows {
            let row = AccountRow::from_cells(row)?;
            accounts.insert(row.id, row);
        }
        add_deltas(session, &mut accounts).await?;
        for row in accounts.values() {
            set.books.insert(to_account(row)?);
        }
        set.locked.extend(keys);
        Ok(())
    }
}

/// Adds what came since the rows were folded. Read after the rows are locked.
pub(crate) async fn add_deltas(
    session: &mut Session,
    accounts: &mut BTreeMap<i64, AccountRow>,
) -> Result<Vec<DeltaRow>, SqlError> {
    let ids: Vec<Cells> = accounts.keys().map(|id| vec![(*id).into()]).collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut deltas = Vec::new();
    for row in session.select_by(DeltaRow::TABLE, &["account_id"], &ids, Lock::None).await? {
        let delta = DeltaRow::from_cells(row)?;
        if let Some(account) = accounts.get_mut(&delta.account) {
            account.sums = account.sums.try_add(delta.sums)?;
        }
        deltas.push(delta);
    }
    Ok(deltas)
}

/// Folds the deltas of some accounts into their rows; returns how many deltas went.
pub(crate) async fn fold(session: &mut Session) -> Result<usize, SqlError> {
    session.begin(Mode::Write).await?;
    match fold_in_transaction(session).await {
        Ok(folded) => session.commit().await.map(|()| folded),
        Err(error) => {
            session.rollback().await?;
            Err(error)
        }
    }
}

async fn fold_in_transaction(session: &mut Session) -> Result<usize, SqlError> {
    let sql = "SELECT account_id FROM account_deltas GROUP BY account_id \
               HAVING COUNT(*) > 1 ORDER BY account_id LIMIT ?1";
    let ids = session.query(sql, &[FOLD_ACCOUNTS_MAX.into()]).await?;
    if ids.is_empty() {
        return Ok(0);
    }
    let mut accounts = BTreeMap::new();
    for row in session.select_by(AccountRow::TABLE, &["id"], &ids, Lock::ForUpdate).await? {
        let row = AccountRow::from_cells(row)?;
        accounts.insert(row.id, row);
    }
    let deltas = add_deltas(session, &mut accounts).await?;
    session.update(AccountRow::TABLE, accounts.values().map(Record::cells).collect()).await?;
    let keys = deltas.iter().map(|d| vec![d.account.into(), d.batch.into()]).collect();
    session.delete(DeltaRow::TABLE, keys).await?;
    Ok(deltas.len())
}

pub(crate) fn to_account(row: &AccountRow) -> Result<Account, Corrupt> {
    Ok(Account {
        key: parse_key(&row.key)?,
        sums: to_sums(row.sums)?,
        closed: row.closed,
        credit_limit: u64::try_from(row.credit_limit).or(Err(Corrupt))?,
    })
}

fn to_sums(raw: RawSums) -> Result<Sums, Corrupt> {
    let sum = |n: i64| u64::try_from(n).or(Err(Corrupt));
    Ok(Sums {
        debits_posted: sum(raw.debits_posted)?,
        credits_posted: sum(raw.credits_posted)?,
        debits_pending: sum(raw.debits_pending)?,
        credits_pending: sum(raw.credits_pending)?,
    })
}

pub(crate) fn parse_key(text: &str) -> Result<AccountKey, Corrupt> {
    text.parse().or(Err(Corrupt))
}

fn fresh_row((key, id): &(AccountKey, i64)) -> Cells {
    AccountRow {
        id: *id,
        key: key.to_string(),
        sums: RawSums::default(),
        closed: false,
        credit_limit: 0,
    }
    .cells()
}
