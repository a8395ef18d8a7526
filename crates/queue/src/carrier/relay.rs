//! The producer's end: copies the log into the streams.
//!
//! ```text
//! resume ── last id of each stream; a stream that is gone: from the head on (consumers read the rest from the log)
//!    │
//!    ▼
//! round: heads → read what is new → XADD <position>-0 → wait for the next commit       on any failure: pause, resume
//! ```
//! Several relays of one producer may run at once: what one has published the others are refused, and they go on behind it.
use super::streams::Streams;
use super::writer::{Last, Writer};
use crate::backoff::Backoff;
use crate::feed::fair_share;
use crate::{Envelope, EventSource, FeedError, Partition, Position, SourceError};
use civic::Rng;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// The relay's numbers.
#[derive(Clone, Copy, Debug)]
pub struct RelayTiming {
    /// Events of one pipeline, all partitions together.
    pub batch: usize,
    /// Pause between rounds when nothing announces a commit (another process committed).
    pub poll: Duration,
    /// Pause between two trims.
    pub trim: Duration,
    /// Entries kept in a stream whatever consumers say, roughly: 64 streams of 20,000 entries of half a kilobyte are 640 MB at worst.
    pub keep: u64,
    /// First pause after a failure.
    pub least_pause: Duration,
    /// Longest pause while failures go on.
    pub most_pause: Duration,
}

impl Default for RelayTiming {
    fn default() -> Self {
        Self {
            batch: 1024,
            poll: Duration::from_secs(1),
            trim: Duration::from_secs(5),
            keep: 20_000,
            least_pause: Duration::from_millis(50),
            most_pause: Duration::from_secs(10),
        }
    }
}

/// Publishes one producer's log to Redis.
pub struct Relay {
    source: Arc<dyn EventSource>,
    writer: Writer,
    rng: Arc<dyn Rng>,
    timing: RelayTiming,
    /// Last position in each stream as far as known; `None` before [`Relay::resume`].
    published: Option<Vec<Position>>,
    lag: Lag,
    trim_at: Instant,
}

/// How far the streams are behind the log, as an alarm sees it.
struct Lag {
    /// What is in the streams for certain; `None` while no round has succeeded.
    published: Option<Vec<Position>>,
    /// When nothing was left to publish for the last time.
    even: Instant,
}

impl Lag {
    fn tell(&mut self, producer: &str, heads: &[Position]) {
        let behind = |(head, done): (&Position, &Position)| (head - done).max(0);
        let lag: Option<i64> = self.published.as_ref().map(|done| heads.iter().zip(done).map(behind).sum());
        if lag == Some(0) {
            self.even = Instant::now();
        }
        #[expect(clippy::cast_precision_loss, reason = "a gauge")]
        if let Some(lag) = lag {
            metrics::gauge!("queue_relay_lag_events", "producer" => producer.to_owned()).set(lag as f64);
        }
        let delay = self.even.elapsed().as_secs_f64();
        metrics::gauge!("queue_relay_delay_seconds", "producer" => producer.to_owned()).set(delay);
    }
}

/// Why a round ended early.
#[derive(Debug, thiserror::Error)]
enum RelayError {
    #[error(transparent)]
    Carrier(#[from] FeedError),
    #[error(transparent)]
    Source(#[from] SourceError),
}

impl Relay {
    /// A relay of `source` into the streams of `cluster`. Connects when run.
    pub fn new(
        url: &str,
        cluster: &str,
        source: Arc<dyn EventSource>,
        rng: Arc<dyn Rng>,
        timing: RelayTiming,
    ) -> Result<Self, FeedError> {
        Ok(Self {
            writer: Writer::new(url, Streams::new(cluster, source.service()), timing.keep)?,
            source,
            rng,
            timing,
            published: None,
            lag: Lag { published: None, even: Instant::now() },
            trim_at: Instant::now(),
        })
    }

    /// Publishes until `drain` is cancelled. Never gives up: without Redis consumers read the log.
    pub async fn run(mut self, drain: CancellationToken) {
        drain.run_until_cancelled(self.publish_for_ever()).await;
    }

    async fn publish_for_ever(&mut self) {
        let mut changed = self.source.changed();
        let mut backoff = Backoff::new(self.timing.least_pause, self.timing.most_pause);
        loop {
            // Marked as seen before the log is read, so that a commit in between wakes the wait at once.
            if let Some(changed) = &mut changed {
                changed.borrow_and_update();
            }
            match self.round().await {
                Ok(true) => backoff.succeeded(),
                Ok(false) => {
                    backoff.succeeded();
                    wait_for_commit(&mut changed, self.timing.poll).await;
                }
                Err(error) => {
                    self.published = None;
                    metrics::counter!("queue_relay_errors_total", "producer" => self.source.service().to_owned())
                        .increment(1);
                    tracing::warn!(
                        producer = self.source.service(),
                        error = &error as &dyn std::error::Error,
                        "the relay pauses, consumers read the log"
                    );
                    if let Ok(heads) = self.source.head().await {
                        self.lag.tell(self.source.service(), &heads);
                    }
                    tokio::time::sleep(backoff.failed(&*self.rng)).await;
                }
            }
        }
    }

    /// One pass over all partitions; true when something was published.
    async fn round(&mut self) -> Result<bool, RelayError> {
        let mut published = match self.published.take() {
            Some(published) => published,
            None => self.resume().await?,
        };
        let heads = self.source.head().await?;
        let events = self.read_new(&published, &heads).await?;
        let any = !events.is_empty();
        self.writer.add(&mut published, &events).await?;
        if Instant::now() >= self.trim_at {
            self.trim_at = Instant::now() + self.timing.trim;
            self.writer.trim(self.source.partitions()).await?;
        }
        self.lag.published = Some(published.clone());
        self.lag.tell(self.source.service(), &heads);
        self.published = Some(published);
        Ok(any)
    }

    /// Where each stream goes on.
    async fn resume(&self) -> Result<Vec<Position>, RelayError> {
        let partitions: Vec<Partition> = (0..self.source.partitions()).collect();
        // The order matters: what a stream holds was committed before, so a head asked for later cannot be smaller.
        let lasts = self.writer.lasts(&partitions).await?;
        let heads = self.source.head().await?;
        let keep = i64::try_from(self.timing.keep).unwrap_or(i64::MAX);
        let mut published = Vec::with_capacity(partitions.len());
        for ((partition, last), head) in partitions.into_iter().zip(lasts).zip(heads) {
            published.push(match last {
                Last::Gone => head,
                // Far behind, consumers have long read the log; carrying what would be trimmed at once helps nobody.
                Last::At(last) if last <= head => last.max(head - keep),
                // It tells of commits that do not exist (any more), or somebody else writes to it.
                Last::At(_) | Last::Foreign => {
                    tracing::error!(
                        producer = self.source.service(),
                        partition,
                        ?last,
                        head,
                        "the stream is not of this log: was the log put back? the stream is dropped"
                    );
                    self.writer.forget(partition).await?;
                    head
                }
            });
        }
        Ok(published)
    }

    async fn read_new(&self, published: &[Position], heads: &[Position]) -> Result<Vec<Envelope>, SourceError> {
        let behind: Vec<(Partition, Position)> = (0..)
            .zip(published.iter().zip(heads))
            .filter(|(_, (done, head))| head > done)
            .map(|(partition, (done, _))| (partition, *done))
            .collect();
        let each = fair_share(self.timing.batch, behind.len()).min(1000);
        self.source.read_several(&behind, each).await
    }
}

/// Waits for a commit of this process, at most `poll`.
async fn wait_for_commit(changed: &mut Option<watch::Receiver<u64>>, poll: Duration) {
    let Some(receiver) = changed else {
        return tokio::time::sleep(poll).await;
    };
    if let Ok(Err(_closed)) = tokio::time::timeout(poll, receiver.changed()).await {
        *changed = None;
    }
}
