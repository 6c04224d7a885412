//! The job queue: due jobs are leased, so several processes share them, and a lease that runs out
//! (its process died) frees the job again.

use jiff::Timestamp;

use crate::rows::{Job, Record};
use crate::sql::{Backend, Cells, Mode, Session, SqlError};

/// Jobs leased at once.
const CLAIM_MAX: i64 = 200;

const CLAIM_SQLITE: &str = "UPDATE jobs SET lease_until = ?2 WHERE (kind, subject) IN \
    (SELECT kind, subject FROM jobs WHERE due_at <= ?1 AND lease_until <= ?1 \
     ORDER BY due_at LIMIT ?3) \
    RETURNING kind, subject, order_id, due_at, looks, lease_until";
const CLAIM_POSTGRES: &str = "UPDATE jobs SET lease_until = ?2 WHERE (kind, subject) IN \
    (SELECT kind, subject FROM jobs WHERE due_at <= ?1 AND lease_until <= ?1 \
     ORDER BY due_at LIMIT ?3 FOR UPDATE SKIP LOCKED) \
    RETURNING kind, subject, order_id, due_at, looks, lease_until";

/// Leases due jobs until `lease_until`.
pub(crate) async fn claim(
    session: &mut Session,
    now: Timestamp,
    lease_until: Timestamp,
    limit: i64,
) -> Result<Vec<Job>, SqlError> {
    let sql = match session.backend() {
        Backend::Sqlite => CLAIM_SQLITE,
        Backend::Postgres => CLAIM_POSTGRES,
    };
    let params = [
        now.as_millisecond().into(),
        lease_until.as_millisecond().into(),
        limit.min(CLAIM_MAX).into(),
    ];
    session.begin(Mode::Write).await?;
    let rows: Result<Vec<Cells>, SqlError> = session.query(sql, &params).await;
    match rows {
        Ok(rows) => {
            session.commit().await?;
            let jobs: Result<Vec<Job>, _> = rows.into_iter().map(Job::from_cells).collect();
            let mut jobs = jobs?;
            jobs.sort_by_key(|job| (job.due_at, job.kind, job.subject));
            Ok(jobs)
        }
        Err(error) => {
            session.rollback().await?;
            Err(error)
        }
    }
}
