//! The consumer: leases, then the feed, then the log where the feed has holes, then one transaction; round after round.
//!
//! ```text
//!         ┌─► renew leases (when due, and after every doubt about a commit)
//!         │   ask for the heads (every few seconds)
//!         │   read what is known to be missing ── from the log
//!         │   or wait for news ────────────────── from the feed
//!         └── apply: effects + positions, under the leases' epochs
//! ```
//! Everything happens in one task, so positions in memory never race with those in the database. What is remembered between
//! rounds, and every decision about it, is in [`progress`], without I/O.
mod builder;
mod progress;

pub use builder::{ConsumerBuilder, Timing};

use crate::apply::{Apply, ApplyError, Batch, Slice};
use crate::backoff::{Backoff, pause_after};
use crate::feed::fair_share;
use crate::{Envelope, EventSource, Feed, Partition, Position, Positions, SourceError};
use civic::{Clock, Rng};
use futures_util::{StreamExt, stream};
use progress::Progress;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Reads of the producer's log that run at once while holes are filled.
const FILLS_AT_ONCE: usize = 8;
/// The most that `EventLog.Read` gives at once.
const READ_LIMIT: usize = 1000;

/// Consumes the events of one producer for one consuming service. Any number of replicas may run one.
pub struct Consumer {
    consumer: String,
    producer: String,
    holder: String,
    source: Arc<dyn EventSource>,
    feed: Option<Arc<dyn Feed>>,
    positions: Arc<dyn Positions>,
    apply: Arc<dyn Apply>,
    clock: Arc<dyn Clock>,
    rng: Arc<dyn Rng>,
    timing: Timing,
    progress: Progress,
    round_at: Instant,
    renew_at: Instant,
    poll_at: Instant,
    feed_at: Instant,
    source_at: Instant,
    renew_backoff: Backoff,
    feed_backoff: Backoff,
    source_backoff: Backoff,
}

impl Consumer {
    /// Consumes until `drain` is cancelled, then gives the leases back. A transaction that has begun is waited for.
    pub async fn run(mut self, drain: CancellationToken) {
        tracing::info!(consumer = self.consumer, producer = self.producer, holder = self.holder, "consuming");
        while let Some(slices) = drain.run_until_cancelled(self.gather()).await {
            self.apply(slices).await;
        }
        if let Err(error) = self.positions.release(&self.producer, &self.holder).await {
            tracing::warn!(
                consumer = self.consumer,
                producer = self.producer,
                error = &error as &dyn std::error::Error,
                "failed to give leases back, they run out by themselves"
            );
        }
    }

    /// One round without its transaction. May be dropped anywhere: what it changes is either idempotent or only remembered here.
    async fn gather(&mut self) -> Vec<Slice> {
        if Instant::now() >= self.renew_at {
            self.renew().await;
        }
        if Instant::now() >= self.poll_at {
            self.poll().await;
        }
        let fed = self.feed.is_some() && Instant::now() >= self.feed_at;
        if !fed {
            self.progress.fill_to_heads();
        }
        tokio::time::sleep_until(self.round_at).await;
        let wants = self.progress.wants(Instant::now());
        let mut slices = self.fill(&wants.from_source).await;
        let wait = if slices.is_empty() { self.time_to_wait() } else { Duration::ZERO };
        if fed && !wants.from_feed.is_empty() {
            slices.extend(self.take_from_feed(&wants.from_feed, wait).await);
        } else {
            tokio::time::sleep(wait).await;
        }
        slices
    }

    async fn renew(&mut self) {
        let all: Vec<Partition> = (0..self.source.partitions()).collect();
        let ttl = self.timing.lease;
        match self.positions.acquire(&self.producer, &self.holder, &all, ttl).await {
            Ok(leases) => {
                if self.progress.renewed(&leases) {
                    // Something is new here: how far behind it is, is worth knowing at once.
                    self.poll_at = Instant::now();
                }
                // A third of the time to live: two renewals may fail before another replica takes over.
                self.renew_at = Instant::now() + ttl / 3;
            }
            Err(error) => {
                self.report("failed to renew leases", &error);
                self.renew_at = Instant::now() + self.renew_backoff.failed(&*self.rng);
            }
        }
        metrics::gauge!("queue_leases_held", self.labels()).set(f64::from(self.progress.count()));
    }

    /// Learns the heads, so that silence of the feed is told from silence of the producer.
    async fn poll(&mut self) {
        self.poll_at = Instant::now() + self.timing.poll;
        if self.progress.count() == 0 {
            return;
        }
        let consumed = self.progress.consumed();
        match self.source.head().await {
            Ok(heads) => {
                for partition in self.progress.learn_heads(&heads, &consumed) {
                    metrics::counter!("queue_log_behind_total", self.labels()).increment(1);
                    tracing::error!(
                        consumer = self.consumer,
                        producer = self.producer,
                        partition,
                        "the producer's log ends before what was consumed from it: was it put back? the partition is held"
                    );
                }
                #[expect(clippy::cast_precision_loss, reason = "a gauge")]
                metrics::gauge!("queue_consumer_lag_events", self.labels()).set(self.progress.lag() as f64);
            }
            Err(error) => self.report("failed to ask for the heads", &error),
        }
        if let Some(feed) = &self.feed
            && Instant::now() >= self.feed_at
            && let Err(error) = feed.consumed(&consumed).await
        {
            tracing::debug!(error = &error as &dyn std::error::Error, "the carrier did not hear what was consumed");
        }
    }

    /// Reads from the log what the feed will not bring.
    async fn fill(&mut self, missing: &[(Partition, Position)]) -> Vec<Slice> {
        if missing.is_empty() || Instant::now() < self.source_at {
            return Vec::new();
        }
        let limit = fair_share(self.timing.batch, missing.len()).min(READ_LIMIT);
        let source = &self.source;
        let reads: Vec<(Partition, Result<Vec<Envelope>, SourceError>)> = stream::iter(missing.iter().copied())
            .map(|(partition, after)| async move { (partition, source.read(partition, after, limit).await) })
            .buffered(FILLS_AT_ONCE)
            .collect()
            .await;
        let mut slices = Vec::new();
        let mut failed = None;
        for (partition, read) in reads {
            match read.and_then(|events| self.progress.filled(partition, events, &self.producer)) {
                Ok(slice) => slices.push(slice),
                Err(error) => failed = Some(error),
            }
        }
        let filled: usize = slices.iter().map(|slice| slice.events.len()).sum();
        metrics::counter!("queue_events_filled_total", self.labels()).increment(filled as u64);
        match failed {
            None => self.source_backoff.succeeded(),
            Some(error) => {
                self.report("failed to read the producer's log", &error);
                self.source_at = Instant::now() + self.source_backoff.failed(&*self.rng);
            }
        }
        slices
    }

    async fn take_from_feed(&mut self, wants: &[(Partition, Position)], wait: Duration) -> Vec<Slice> {
        let Some(feed) = self.feed.clone() else {
            return Vec::new();
        };
        let asked = Instant::now();
        match feed.next(wants, self.timing.batch, wait).await {
            Ok(events) => {
                // Half: a carrier may measure time a little differently.
                let at_once = !events.is_empty() || asked.elapsed() < wait / 2;
                let brought = self.progress.brought(wants, events);
                metrics::counter!("queue_gaps_total", self.labels()).increment(brought.gaps);
                if brought.slices.is_empty() && brought.gaps == 0 && at_once {
                    // Only events that were consumed long ago, or entries that are none: asking again at once would spin.
                    self.feed_at = Instant::now() + self.feed_backoff.failed(&*self.rng);
                } else {
                    self.feed_backoff.succeeded();
                }
                brought.slices
            }
            Err(error) => {
                metrics::counter!("queue_feed_errors_total", self.labels()).increment(1);
                tracing::warn!(
                    consumer = self.consumer,
                    producer = self.producer,
                    error = &error as &dyn std::error::Error,
                    "the feed is away, events come from the log"
                );
                self.feed_at = Instant::now() + self.feed_backoff.failed(&*self.rng);
                Vec::new()
            }
        }
    }

    /// Until something is due that no event announces.
    fn time_to_wait(&self) -> Duration {
        let now = Instant::now();
        let mut until = self.renew_at.min(self.poll_at);
        if self.feed.is_some() && self.feed_at > now {
            until = until.min(self.feed_at);
        }
        if self.source_at > now {
            until = until.min(self.source_at);
        }
        if let Some(ready) = self.progress.next_ready(now) {
            until = until.min(ready);
        }
        until.saturating_duration_since(now)
    }

    /// Applies together what never failed, and alone what did: one partition's trouble must not hold the others.
    async fn apply(&mut self, slices: Vec<Slice>) {
        if slices.is_empty() {
            return;
        }
        self.round_at = Instant::now() + self.timing.round;
        let (alone, together): (Vec<_>, Vec<_>) =
            slices.into_iter().partition(|slice| self.progress.failures(slice.partition) > 0);
        if !together.is_empty() {
            self.apply_batch(together).await;
        }
        for slice in alone {
            self.apply_batch(vec![slice]).await;
        }
    }

    async fn apply_batch(&mut self, slices: Vec<Slice>) {
        let reach: Vec<(Partition, Position)> = slices.iter().map(|slice| (slice.partition, slice.to())).collect();
        let newest = slices.iter().filter_map(|slice| slice.events.last()).map(|event| event.time_us).max();
        let events: usize = slices.iter().map(|slice| slice.events.len()).sum();
        let batch = Batch { producer: self.producer.clone(), slices };
        match self.apply.apply(batch).await {
            Ok(()) => {
                self.progress.applied(&reach);
                self.renew_backoff.succeeded();
                self.count_applied(events, newest);
            }
            Err(ApplyError::LeaseLost(partitions)) => {
                tracing::info!(consumer = self.consumer, producer = self.producer, ?partitions, "lost leases");
                self.progress.lost(&partitions, &reach);
                self.renew_at = Instant::now() + self.renew_backoff.failed(&*self.rng);
            }
            Err(ApplyError::Retry(error)) => {
                metrics::counter!("queue_apply_retries_total", self.labels()).increment(1);
                self.report("failed to apply, will try again", &*error);
                let failures = reach.iter().map(|(p, _)| self.progress.failures(*p)).max().unwrap_or(0);
                let pause = pause_after(failures, self.timing.least_pause, self.timing.most_pause, &*self.rng);
                self.progress.failed(&reach, Instant::now() + pause);
                self.renew_at = Instant::now();
            }
        }
    }

    fn count_applied(&self, events: usize, newest: Option<i64>) {
        metrics::counter!("queue_events_applied_total", self.labels()).increment(events as u64);
        if let Some(time) = newest {
            #[expect(clippy::cast_precision_loss, reason = "a gauge")]
            let delay = (self.clock.now() - civic::Micros(time)) as f64 / 1e6;
            metrics::gauge!("queue_consumer_delay_seconds", self.labels()).set(delay);
        }
    }

    fn report(&self, what: &'static str, error: &(dyn std::error::Error + 'static)) {
        tracing::warn!(consumer = self.consumer, producer = self.producer, error, "{what}");
    }

    fn labels(&self) -> Vec<metrics::Label> {
        vec![
            metrics::Label::new("consumer", self.consumer.clone()),
            metrics::Label::new("producer", self.producer.clone()),
        ]
    }
}
