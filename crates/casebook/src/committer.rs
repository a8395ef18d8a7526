//! Group commit: whatever is waiting when the store becomes free shares one transaction and one fsync. No delay is added: under
//! light load a batch is one submission, under heavy load it grows by itself. Whose caller has left by then, because its deadline has
//! passed, is not committed: nobody would hear of it, and others wait.

use crate::{
    batch::Submission,
    blocking::blocking,
    error::StoreError,
    log::Tail,
    store::{Committed, Store},
    timers::Alarm,
};
use std::sync::Arc;
use tokio::{
    runtime::Handle,
    sync::{mpsc, oneshot, watch},
};

/// Works in one transaction at most: keeps the transaction short enough for readers and for the write-ahead log.
const MAX_WORKS: usize = 1024;
/// Submissions waiting before callers wait for room.
pub(crate) const QUEUE: usize = 4096;

pub(crate) struct Waiting {
    pub(crate) submission: Submission,
    pub(crate) reply: oneshot::Sender<Result<Submission, StoreError>>,
}

/// The writer of one casebook. Run it as a task of its own: when it ends, no command is accepted any more.
pub struct Committer {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) queue: mpsc::Receiver<Waiting>,
    /// Where readers of this process find what was just committed.
    pub(crate) tail: Arc<Tail>,
    /// Counts up after every commit that added to the log.
    pub(crate) placed: Arc<watch::Sender<u64>>,
    /// Wakes the timers when an earlier one was armed.
    pub(crate) alarm: Arc<Alarm>,
}

impl Committer {
    /// Commits until every handle of the casebook is gone. Ends early only when the disk failed: then the process must end, too,
    /// because what the operating system has not written after a failed fsync cannot be known.
    ///
    /// Over a store that holds its thread the work is done on a thread of the committer's own, for its whole life: no statement is
    /// handed from thread to thread. A future dropped before its end lets a commit that is under way finish, and nothing follows it.
    pub async fn run(self) -> Result<(), StoreError> {
        let (running, stop) = oneshot::channel();
        if !self.store.blocks() {
            return self.work(stop).await;
        }
        let runtime = Handle::current();
        let ended = blocking(move || runtime.block_on(self.work(stop))).await;
        drop(running);
        ended?
    }

    /// Until every handle is gone, or whoever runs us.
    async fn work(mut self, mut stop: oneshot::Receiver<()>) -> Result<(), StoreError> {
        loop {
            let first = tokio::select! {
                biased;
                _ = &mut stop => return Ok(()),
                first = self.queue.recv() => first,
            };
            let Some(first) = first else {
                return Ok(());
            };
            let (mut batch, mut works, mut next) = (Vec::new(), 0, Some(first));
            while let Some(waiting) = next {
                if waiting.reply.is_closed() {
                    metrics::counter!("casebook_commit_left_total").increment(1);
                } else {
                    works += waiting.submission.works.len();
                    batch.push(waiting);
                }
                next = if works < MAX_WORKS { self.queue.try_recv().ok() } else { None };
            }
            if batch.is_empty() {
                continue;
            }
            metrics::histogram!("casebook_commit_batch_works").record(works as f64);
            self.commit(batch).await?;
        }
    }

    async fn commit(&self, batch: Vec<Waiting>) -> Result<(), StoreError> {
        let (mut submissions, replies): (Vec<_>, Vec<_>) = batch.into_iter().map(|w| (w.submission, w.reply)).unzip();
        match self.store.commit(&mut submissions).await {
            Ok(done) => {
                self.note(done);
                answer(submissions.into_iter().map(Ok), replies);
                Ok(())
            }
            Err(StoreError::Constraint(_) | StoreError::Corrupt { .. }) if submissions.len() > 1 => {
                self.one_by_one(submissions, replies).await
            }
            Err(error) => {
                let fatal = matches!(error, StoreError::Disk(_));
                // Whether it was committed is not known: what we keep of the log may have a hole at its end.
                self.tail.clear();
                tracing::error!(%error, submissions = submissions.len(), "casebook.commit.failed");
                answer(submissions.iter().map(|_| Err(error.clone())), replies);
                if fatal { Err(error) } else { Ok(()) }
            }
        }
    }

    /// A bad row fails a multi-row insert: its neighbours must not suffer for it.
    async fn one_by_one(
        &self,
        submissions: Vec<Submission>,
        replies: Vec<oneshot::Sender<Result<Submission, StoreError>>>,
    ) -> Result<(), StoreError> {
        for (mut submission, reply) in submissions.into_iter().zip(replies) {
            let done = self.store.commit(std::slice::from_mut(&mut submission)).await;
            let done = done.map(|done| self.note(done)).inspect_err(|_| self.tail.clear());
            let fatal = matches!(done, Err(StoreError::Disk(_)));
            let again = done.as_ref().err().cloned();
            answer(std::iter::once(done.map(|()| submission)), vec![reply]);
            if let (true, Some(error)) = (fatal, again) {
                return Err(error);
            }
        }
        Ok(())
    }

    fn note(&self, done: Committed) {
        if !done.placed.is_empty() {
            self.tail.push(done.placed);
            self.placed.send_modify(|n| *n += 1);
        }
        if let Some(due) = done.earliest {
            self.alarm.armed(due);
        }
    }
}

fn answer(
    results: impl Iterator<Item = Result<Submission, StoreError>>,
    replies: Vec<oneshot::Sender<Result<Submission, StoreError>>>,
) {
    for (result, reply) in results.zip(replies) {
        // A caller that left meanwhile is no fault: its request is remembered and its retry is answered.
        drop(reply.send(result));
    }
}
