//! How a consumer is put together, and its numbers.
use super::Consumer;
use super::progress::Progress;
use crate::backoff::Backoff;
use crate::{Apply, EventSource, Feed, Positions};
use civic::{Clock, Rng, SystemClock, SystemRng};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// The consumer's numbers. Tests shorten them; operators rarely should.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// Events of one transaction, all partitions together: the batch that the raw write rates of the bench are measured with.
    pub batch: usize,
    /// From the beginning of a transaction to the beginning of the next: what comes meanwhile shares the next one. A commit writes the last
    /// page of every table whole, so ten small ones write what one large one would write once.
    pub round: Duration,
    /// Pause between two questions for the heads: the delay of a mesh whose feed is dead, and what an idle producer costs.
    pub poll: Duration,
    /// Time to live of a lease, renewed after a third of it: how long a killed replica's partitions stand still.
    pub lease: Duration,
    /// First pause after something failed.
    pub least_pause: Duration,
    /// Longest pause while something keeps failing.
    pub most_pause: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            batch: 1024,
            round: Duration::from_millis(10),
            poll: Duration::from_secs(2),
            lease: Duration::from_secs(15),
            least_pause: Duration::from_millis(50),
            most_pause: Duration::from_secs(10),
        }
    }
}

/// Puts a [`Consumer`] together.
pub struct ConsumerBuilder {
    consumer: String,
    source: Arc<dyn EventSource>,
    positions: Arc<dyn Positions>,
    apply: Arc<dyn Apply>,
    feed: Option<Arc<dyn Feed>>,
    holder: String,
    clock: Arc<dyn Clock>,
    rng: Arc<dyn Rng>,
    timing: Timing,
}

impl Consumer {
    /// A consumer of `source` for the service `consumer`. Without a feed it only polls.
    pub fn builder(
        consumer: &str,
        source: Arc<dyn EventSource>,
        positions: Arc<dyn Positions>,
        apply: Arc<dyn Apply>,
    ) -> ConsumerBuilder {
        ConsumerBuilder {
            consumer: consumer.to_owned(),
            source,
            positions,
            apply,
            feed: None,
            holder: consumer.to_owned(),
            clock: Arc::new(SystemClock),
            rng: Arc::new(SystemRng),
            timing: Timing::default(),
        }
    }
}

impl ConsumerBuilder {
    /// Where events come from sooner than from polling.
    #[must_use]
    pub fn feed(mut self, feed: Arc<dyn Feed>) -> Self {
        self.feed = Some(feed);
        self
    }

    /// Name of this replica in lease rows, for people. A random part is added: a holder's name belongs to one run only.
    #[must_use]
    pub fn holder(mut self, holder: &str) -> Self {
        holder.clone_into(&mut self.holder);
        self
    }

    /// Used for the measured delay only; leases are timed by the consumer's database.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Chance for jitter and the holder's name.
    #[must_use]
    pub fn rng(mut self, rng: Arc<dyn Rng>) -> Self {
        self.rng = rng;
        self
    }

    /// Other numbers than the default ones.
    #[must_use]
    pub fn timing(mut self, timing: Timing) -> Self {
        self.timing = timing;
        self
    }

    /// The consumer, idle until it is run.
    pub fn build(self) -> Consumer {
        let now = Instant::now();
        let backoff = Backoff::new(self.timing.least_pause, self.timing.most_pause);
        Consumer {
            holder: format!("{}/{:016x}", self.holder, self.rng.u64()),
            producer: self.source.service().to_owned(),
            consumer: self.consumer,
            source: self.source,
            feed: self.feed,
            positions: self.positions,
            apply: self.apply,
            clock: self.clock,
            rng: self.rng,
            timing: self.timing,
            progress: Progress::default(),
            round_at: now,
            renew_at: now,
            poll_at: now,
            feed_at: now,
            source_at: now,
            renew_backoff: backoff.clone(),
            feed_backoff: backoff.clone(),
            source_backoff: backoff,
        }
    }
}
