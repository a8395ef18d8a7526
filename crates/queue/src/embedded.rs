//! The feed inside one process: no carrier at all, only the news that something was committed.
use crate::feed::fair_share;
use crate::{Envelope, EventSource, Feed, FeedError, Partition, Position, SourceError};
use async_trait::async_trait;
use futures_util::{StreamExt, TryStreamExt, stream};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// Reads of one round that run at once: enough to hide a pool's hand-over, few enough to leave connections to requests.
const READS_AT_ONCE: usize = 4;

/// Wakes on every commit of the process and reads the log directly.
pub struct EmbeddedFeed {
    source: Arc<dyn EventSource>,
}

impl EmbeddedFeed {
    /// A feed over a log of this process. Over a remote log it would bring events only at the end of each wait.
    pub fn new(source: Arc<dyn EventSource>) -> Self {
        Self { source }
    }

    async fn read_behind(&self, wants: &[(Partition, Position)], max: usize) -> Result<Vec<Envelope>, SourceError> {
        let heads = self.source.head().await?;
        let behind: Vec<_> = wants
            .iter()
            .copied()
            .filter(|(partition, after)| heads.get(usize::from(*partition)).is_some_and(|head| head > after))
            .collect();
        let each = fair_share(max, behind.len()).min(1000);
        let reads = behind.into_iter().map(|(partition, after)| self.source.read(partition, after, each));
        stream::iter(reads).buffered(READS_AT_ONCE).try_concat().await
    }
}

#[async_trait]
impl Feed for EmbeddedFeed {
    async fn next(
        &self,
        wants: &[(Partition, Position)],
        max: usize,
        wait: Duration,
    ) -> Result<Vec<Envelope>, FeedError> {
        let until = Instant::now() + wait;
        let mut changed = self.source.changed();
        loop {
            // Marked as seen *before* the log is read: a commit in between wakes the next wait at once.
            if let Some(changed) = &mut changed {
                changed.borrow_and_update();
            }
            let events = self.read_behind(wants, max).await.map_err(|error| FeedError::Unavailable(Box::new(error)))?;
            if !events.is_empty() || !woken(&mut changed, until).await {
                return Ok(events);
            }
        }
    }
}

/// Waits for the next commit; false when `until` came first.
async fn woken(changed: &mut Option<watch::Receiver<u64>>, until: Instant) -> bool {
    let Some(receiver) = changed else {
        tokio::time::sleep_until(until).await;
        return false;
    };
    match tokio::time::timeout_at(until, receiver.changed()).await {
        Ok(Ok(())) => true,
        // The log is being closed: no news will come, only the end of the wait.
        Ok(Err(_)) => {
            tokio::time::sleep_until(until).await;
            false
        }
        Err(_) => false,
    }
}
