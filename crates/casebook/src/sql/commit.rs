//! One transaction for many submissions.

use super::{
    SqlStore,
    conn::{RERUN, Tx},
};
use crate::{
    batch::{Outcome, Submission, Workspace},
    error::StoreError,
    store::{Committed, Placed},
};
use civic::Micros;
use queue::Position;
use std::sync::PoisonError;

/// How often a batch runs again when PostgreSQL found it in another's way. Each time somebody else has committed.
const RERUNS: usize = 20;
/// How often a broken constraint may have been another replica's insert.
const RACES: usize = 3;

impl SqlStore {
    pub(super) async fn commit_batch(&self, batch: &mut [Submission]) -> Result<Committed, StoreError> {
        for run in 1..=RERUNS {
            match self.try_commit(batch).await {
                Err(StoreError::Unavailable(reason)) if reason == RERUN => {}
                // Two replicas created the same case: the second now finds it. A row that is wrong by itself fails again.
                Err(StoreError::Constraint(_)) if !self.db.is_sqlite() && run <= RACES => {}
                other => return other,
            }
            reset(batch);
            metrics::counter!("casebook_commit_reruns_total").increment(1);
        }
        Err(StoreError::Unavailable("too much contention".to_owned()))
    }

    async fn try_commit(&self, batch: &mut [Submission]) -> Result<Committed, StoreError> {
        self.rotate_requests(self.clock.now()).await?;
        let mut tx = self.db.begin().await?;
        let done = self.run(&mut tx, batch).await;
        let written = match done {
            Ok(Some(written)) => written,
            Ok(None) => {
                tx.rollback().await;
                return Ok(Committed::default());
            }
            Err(error) => {
                tx.rollback().await;
                return Err(error);
            }
        };
        // SQLite: positions become true only with the commit, so the lock on them is held until then.
        tx.commit().await?;
        let Written { earliest, placing } = written;
        let Some(Placing { mut held, heads, placed }) = placing else {
            return Ok(Committed { placed: Placed::new(), earliest });
        };
        self.published.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&heads);
        *held = Some(heads);
        Ok(Committed { placed, earliest })
    }

    async fn run(&self, tx: &mut Tx, batch: &mut [Submission]) -> Result<Option<Written<'_>>, StoreError> {
        let mut workspace = self.load_workspace(tx, batch).await?;
        for submission in batch.iter_mut() {
            workspace.run(submission);
        }
        let Workspace { writes, .. } = workspace;
        if writes.is_empty() {
            return Ok(None);
        }
        let earliest = writes.earliest();
        let placing = self.write(tx, writes).await?;
        Ok(Some(Written { earliest, placing }))
    }
}

/// What a transaction wrote, before it is committed.
struct Written<'a> {
    earliest: Option<Micros>,
    placing: Option<Placing<'a>>,
}

/// SQLite's positions while a transaction is open.
pub(super) struct Placing<'a> {
    /// `None` inside, so that a commit that never ends leaves nothing wrong behind.
    pub(super) held: tokio::sync::MutexGuard<'a, Option<Vec<Position>>>,
    /// What they will be.
    pub(super) heads: Vec<Position>,
    pub(super) placed: Placed,
}

fn reset(batch: &mut [Submission]) {
    for work in batch.iter_mut().flat_map(|s| &mut s.works) {
        work.outcome = Outcome::Pending;
    }
}
