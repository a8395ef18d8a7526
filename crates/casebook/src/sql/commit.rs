//! One transaction for many submissions.

use super::{
    SqlStore,
    conn::{RERUN, Tx},
};
use crate::{
    batch::{Outcome, Submission, Workspace},
    error::StoreError,
    store::Placed,
};
use queue::Position;

/// How often a batch runs again when PostgreSQL found it in another's way. Each time somebody else has committed.
const RERUNS: usize = 20;

impl SqlStore {
    pub(super) async fn commit_batch(&self, batch: &mut [Submission]) -> Result<Placed, StoreError> {
        for _ in 0..RERUNS {
            match self.try_commit(batch).await {
                Err(StoreError::Unavailable(reason)) if reason == RERUN => reset(batch),
                other => return other,
            }
        }
        Err(StoreError::Unavailable("too much contention".to_owned()))
    }

    async fn try_commit(&self, batch: &mut [Submission]) -> Result<Placed, StoreError> {
        self.rotate_requests(self.clock.now()).await?;
        let mut tx = self.db.begin().await?;
        let done = self.run(&mut tx, batch).await;
        let (writes_anything, placed) = match done {
            Ok(done) => done,
            Err(error) => {
                tx.rollback().await;
                return Err(error);
            }
        };
        if !writes_anything {
            tx.rollback().await;
            return Ok(Placed::new());
        }
        // SQLite: positions become true only with the commit, so the lock on them is held until then.
        tx.commit().await?;
        let Some(Placing { mut held, heads, placed }) = placed else {
            return Ok(Placed::new());
        };
        *held = heads;
        Ok(placed)
    }

    async fn run(&self, tx: &mut Tx, batch: &mut [Submission]) -> Result<(bool, Option<Placing<'_>>), StoreError> {
        let mut lost = Vec::with_capacity(batch.len());
        for submission in batch.iter() {
            lost.push(self.lost_leases(tx, &submission.leases).await?);
        }
        let mut workspace = self.load_workspace(tx, batch).await?;
        for (submission, lost) in batch.iter_mut().zip(lost) {
            workspace.run(submission, &lost);
        }
        let Workspace { writes, .. } = workspace;
        if writes.is_empty() {
            return Ok((false, None));
        }
        let placed = self.write(tx, writes).await?;
        Ok((true, placed))
    }
}

/// SQLite's positions while a transaction is open.
pub(super) struct Placing<'a> {
    pub(super) held: tokio::sync::MutexGuard<'a, Vec<Position>>,
    /// What they will be.
    pub(super) heads: Vec<Position>,
    pub(super) placed: Placed,
}

fn reset(batch: &mut [Submission]) {
    for work in batch.iter_mut().flat_map(|s| &mut s.works) {
        work.outcome = Outcome::Pending;
    }
}
