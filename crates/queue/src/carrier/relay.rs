//! The producer's end: copies the log into the streams.
//!
//! ```text
//! resume ── last id of each stream; a stream that is gone: from the head on (consumers read the rest from the log)
//!    │
//!    ▼
//! round: heads → read what is new → XADD <position>-0 → wait for the next commit       on any failure: pause, resume
//! ```
//! Several relays of one producer may run at once: what one has published the others are refused, and they go on behind it.
use super::link::Link;
use super::streams::{FIELD, Streams, entry_id, position_of};
use crate::backoff::Backoff;
use crate::feed::fair_share;
use crate::{Envelope, EventSource, FeedError, Partition, Position, SourceError};
use civic::Rng;
use futures_util::{StreamExt, TryStreamExt, stream};
use prost::Message;
use redis::RedisResult;
use redis::streams::StreamRangeReply;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Reads of the log that run at once.
const READS_AT_ONCE: usize = 4;

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
    link: Link,
    streams: Streams,
    rng: Arc<dyn Rng>,
    timing: RelayTiming,
    /// Last position in each stream as far as known; `None` before [`Relay::resume`].
    published: Option<Vec<Position>>,
    trim_at: Instant,
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
            link: Link::new(url)?,
            streams: Streams::new(cluster, source.service()),
            source,
            rng,
            timing,
            published: None,
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
        self.publish(&mut published, events).await?;
        if Instant::now() >= self.trim_at {
            self.trim_at = Instant::now() + self.timing.trim;
            self.trim().await?;
        }
        let lag: i64 = heads.iter().zip(&published).map(|(head, done)| (head - done).max(0)).sum();
        #[expect(clippy::cast_precision_loss, reason = "a gauge")]
        metrics::gauge!("queue_relay_lag_events", "producer" => self.source.service().to_owned()).set(lag as f64);
        self.published = Some(published);
        Ok(any)
    }

    /// Where each stream goes on.
    async fn resume(&self) -> Result<Vec<Position>, RelayError> {
        let partitions: Vec<Partition> = (0..self.source.partitions()).collect();
        // The order matters: what a stream holds was committed before, so a head asked for later cannot be smaller.
        let lasts = self.last_positions(&partitions).await?;
        let heads = self.source.head().await?;
        let keep = i64::try_from(self.timing.keep).unwrap_or(i64::MAX);
        let mut published = Vec::with_capacity(partitions.len());
        for ((partition, last), head) in partitions.into_iter().zip(lasts).zip(heads) {
            published.push(match last {
                Some(last) if last > head => {
                    self.drop_foreign(partition, last, head).await?;
                    head
                }
                // Far behind, consumers have long read the log; carrying what would be trimmed at once helps nobody.
                Some(last) => last.max(head - keep),
                None => head,
            });
        }
        Ok(published)
    }

    async fn last_positions(&self, partitions: &[Partition]) -> Result<Vec<Option<Position>>, FeedError> {
        let mut pipe = redis::pipe();
        for partition in partitions {
            pipe.xrevrange_count(self.streams.stream(*partition), "+", "-", 1);
        }
        let mut connection = self.link.connection().await?;
        let replies: Vec<StreamRangeReply> =
            self.link.bounded(Duration::ZERO, pipe.query_async(&mut connection)).await?;
        let last = |reply: &StreamRangeReply| reply.ids.first().and_then(|entry| position_of(&entry.id));
        Ok(replies.iter().map(last).collect())
    }

    /// A stream ahead of its log tells of commits that do not exist (any more).
    async fn drop_foreign(&self, partition: Partition, last: Position, head: Position) -> Result<(), FeedError> {
        tracing::error!(
            producer = self.source.service(),
            partition,
            last,
            head,
            "the stream is ahead of the log: was the log put back? the stream is dropped"
        );
        let mut connection = self.link.connection().await?;
        let drop = redis::Cmd::del(self.streams.stream(partition));
        self.link.bounded(Duration::ZERO, drop.exec_async(&mut connection)).await
    }

    async fn read_new(&self, published: &[Position], heads: &[Position]) -> Result<Vec<Envelope>, SourceError> {
        let behind: Vec<(Partition, Position)> = (0..)
            .zip(published.iter().zip(heads))
            .filter(|(_, (done, head))| head > done)
            .map(|(partition, (done, _))| (partition, *done))
            .collect();
        let each = fair_share(self.timing.batch, behind.len()).min(1000);
        let reads = behind.into_iter().map(|(partition, after)| self.source.read(partition, after, each));
        stream::iter(reads).buffered(READS_AT_ONCE).try_concat().await
    }

    /// Adds the events in one pipeline and moves `published` on. A refused entry is looked into by comparing ids, not by reading the
    /// text of the error: if the stream is already past it, another relay was faster, and that is success.
    async fn publish(&self, published: &mut [Position], events: Vec<Envelope>) -> Result<(), FeedError> {
        if events.is_empty() {
            return Ok(());
        }
        let mut pipe = redis::pipe();
        pipe.ignore_errors();
        for event in &events {
            pipe.add_command(self.add_command(event));
        }
        let mut connection = self.link.connection().await?;
        let replies: Vec<RedisResult<redis::Value>> =
            self.link.bounded(Duration::ZERO, pipe.query_async(&mut connection)).await?;
        let mut refused: Vec<(Partition, redis::RedisError)> = Vec::new();
        for (event, reply) in events.iter().zip(replies) {
            let partition = crate::event::partition_of(event).expect("a source gives its own partitions");
            match reply {
                Ok(_) => published[usize::from(partition)] = event.position,
                Err(error) if refused.iter().all(|(other, _)| *other != partition) => refused.push((partition, error)),
                Err(_) => {}
            }
        }
        self.look_into(published, refused).await
    }

    fn add_command(&self, event: &Envelope) -> redis::Cmd {
        let partition = crate::event::partition_of(event).expect("a source gives its own partitions");
        let mut command = redis::cmd("XADD");
        command
            .arg(self.streams.stream(partition))
            .arg("MAXLEN")
            .arg("~")
            .arg(self.timing.keep)
            .arg(entry_id(event.position))
            .arg(FIELD)
            .arg(event.encode_to_vec());
        command
    }

    async fn look_into(
        &self,
        published: &mut [Position],
        refused: Vec<(Partition, redis::RedisError)>,
    ) -> Result<(), FeedError> {
        let partitions: Vec<Partition> = refused.iter().map(|(partition, _)| *partition).collect();
        if partitions.is_empty() {
            return Ok(());
        }
        let lasts = self.last_positions(&partitions).await?;
        for ((partition, error), last) in refused.into_iter().zip(lasts) {
            let done = &mut published[usize::from(partition)];
            match last {
                Some(last) if last > *done => *done = last,
                // Refused for another reason: memory, read-only replica, wrong type of key.
                Some(_) | None => return Err(FeedError::Unavailable(Box::new(error))),
            }
        }
        Ok(())
    }

    /// Removes what every consumer that ever told has consumed, except the last entry: it says where the stream stands.
    async fn trim(&self) -> Result<(), FeedError> {
        let partitions: Vec<Partition> = (0..self.source.partitions()).collect();
        let mut ask = redis::pipe();
        for partition in &partitions {
            ask.hvals(self.streams.consumed(*partition));
        }
        let mut connection = self.link.connection().await?;
        let told: Vec<Vec<Position>> = self.link.bounded(Duration::ZERO, ask.query_async(&mut connection)).await?;
        let mut trim = redis::pipe();
        for (partition, told) in partitions.into_iter().zip(told) {
            if let Some(lowest) = told.into_iter().min().filter(|lowest| *lowest > 0) {
                // MINID keeps the entry it names, so the stream never becomes empty while its consumers are not ahead of it.
                trim.cmd("XTRIM").arg(self.streams.stream(partition)).arg("MINID").arg(entry_id(lowest)).ignore();
            }
        }
        if trim.is_empty() {
            return Ok(());
        }
        self.link.bounded(Duration::ZERO, trim.exec_async(&mut connection)).await
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
