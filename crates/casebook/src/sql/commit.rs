//! One transaction for many submissions.

use super::{
    SqlStore,
    conn::{RERUN, Tx},
    hot::{Fresh, Hot},
    newest::Newest,
    open_cases::Move,
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
        let mut tx = self.db.begin_here().await?;
        let mut newest = match self.newest(&mut tx).await {
            Ok(newest) => newest,
            Err(error) => {
                tx.rollback().await;
                return Err(error);
            }
        };
        // Before anything of this transaction is written: readers see what the last one left.
        if let Err(error) = self.remember_open().await {
            tx.rollback().await;
            return Err(error);
        }
        let done = self.run(&mut tx, batch, newest.as_ref().and_then(|held| held.as_ref())).await;
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
        // Taken out until the end of the COMMIT is known; the lock is held, so that nobody looks meanwhile.
        let known = newest.as_mut().and_then(|held| held.take());
        let Written { earliest, placed, gained, fresh } = written;
        self.finish(tx, fresh).await?;
        if let (Some(mut held), Some(mut known), Some(gained)) = (newest, known, gained) {
            self.published.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&gained.heads);
            known.heads = gained.heads;
            known.log = gained.log;
            known.note_requests(self.request_slot(), &gained.requests);
            *held = Some(known);
        }
        Ok(Committed { placed, earliest })
    }

    async fn run(
        &self,
        tx: &mut Tx,
        batch: &mut [Submission],
        newest: Option<&Newest>,
    ) -> Result<Option<Written>, StoreError> {
        let mut workspace = self.load_workspace(tx, batch, newest).await?;
        for submission in batch.iter_mut() {
            workspace.run(submission);
        }
        let Workspace { writes, .. } = workspace;
        if writes.is_empty() {
            return Ok(None);
        }
        let earliest = writes.earliest();
        let fresh = newest.map(|_| (Fresh::of(&writes), Move::of(&writes)));
        let (placed, gained) = self.write(tx, writes, newest).await?;
        Ok(Some(Written { earliest, placed, gained, fresh }))
    }

    /// Commits, and remembers what was written. After a COMMIT whose end is not known nothing is remembered: the table is asked.
    async fn finish(&self, tx: Tx, fresh: Option<(Fresh, Vec<Move>)>) -> Result<(), StoreError> {
        let done = tx.commit().await;
        if let Some((fresh, moves)) = fresh {
            let mut hot = self.hot.lock().unwrap_or_else(PoisonError::into_inner);
            let mut open = self.open_cases.write().unwrap_or_else(PoisonError::into_inner);
            match (&done, open.as_mut()) {
                (Ok(()), Some(open)) => {
                    hot.note(fresh);
                    open.apply(moves);
                }
                (Ok(()) | Err(_), _) => (*hot, *open) = (Hot::default(), None),
            }
        }
        done
    }
}

/// What a transaction wrote, before it is committed.
struct Written {
    earliest: Option<Micros>,
    placed: Placed,
    /// Where one writer remembers.
    gained: Option<Gained>,
    /// Where one writer remembers.
    fresh: Option<(Fresh, Vec<Move>)>,
}

/// What SQLite's writer will know once the transaction is committed.
pub(super) struct Gained {
    pub(super) heads: Vec<Position>,
    /// Number of the log's last row.
    pub(super) log: i64,
    /// In the order of their rows.
    pub(super) requests: Vec<[u8; 16]>,
}

fn reset(batch: &mut [Submission]) {
    for work in batch.iter_mut().flat_map(|s| &mut s.works) {
        work.outcome = Outcome::Pending;
    }
}
