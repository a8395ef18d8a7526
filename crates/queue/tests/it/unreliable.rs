//! Decorators that make a seam unreliable.
use async_trait::async_trait;
use queue::{
    Apply, ApplyError, Batch, Envelope, EventSource, Feed, FeedError, Lease, Partition, Position, Positions,
    SourceError,
};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use testkit::{Faults, Seed};
use tokio::sync::{Semaphore, watch};
use tokio::time::Instant;

/// Fails calls of the consumer's database before or after their effect.
pub(crate) struct FaultyDesk<D> {
    pub(crate) inner: Arc<D>,
    pub(crate) faults: Arc<Faults>,
}

fn line_cut() -> SourceError {
    SourceError::Unavailable("line cut".into())
}

#[async_trait]
impl<D: Apply> Apply for FaultyDesk<D> {
    async fn apply(&self, batch: Batch) -> Result<(), ApplyError> {
        let cut = || ApplyError::Retry("line cut".into());
        self.faults.call(cut, self.inner.apply(batch)).await
    }
}

#[async_trait]
impl<D: Positions> Positions for FaultyDesk<D> {
    async fn acquire(
        &self,
        producer: &str,
        holder: &str,
        partitions: &[Partition],
        ttl: Duration,
    ) -> Result<Vec<Lease>, SourceError> {
        self.faults.call(line_cut, self.inner.acquire(producer, holder, partitions, ttl)).await
    }

    async fn release(&self, producer: &str, holder: &str) -> Result<(), SourceError> {
        self.faults.call(line_cut, self.inner.release(producer, holder)).await
    }

    async fn consumed(&self, producer: &str) -> Result<Vec<Position>, SourceError> {
        self.faults.call(line_cut, self.inner.consumed(producer)).await
    }
}

/// Notes when each transaction begins.
pub(crate) struct NotingDesk<D> {
    pub(crate) inner: Arc<D>,
    pub(crate) begun: Mutex<Vec<Instant>>,
}

#[async_trait]
impl<D: Apply> Apply for NotingDesk<D> {
    async fn apply(&self, batch: Batch) -> Result<(), ApplyError> {
        self.begun.lock().unwrap().push(Instant::now());
        self.inner.apply(batch).await
    }
}

/// Cannot apply events of one partition until healed.
pub(crate) struct PickyDesk<D> {
    pub(crate) inner: Arc<D>,
    pub(crate) refuses: Partition,
    pub(crate) faults: Arc<Faults>,
}

#[async_trait]
impl<D: Apply> Apply for PickyDesk<D> {
    async fn apply(&self, batch: Batch) -> Result<(), ApplyError> {
        let concerned = batch.slices.iter().any(|slice| slice.partition == self.refuses);
        if concerned && self.faults.next().is_some() {
            return Err(ApplyError::Retry("a service this needs is away".into()));
        }
        self.inner.apply(batch).await
    }
}

/// Stops in front of each transaction until a permit is given: a process that was suspended at the worst moment.
pub(crate) struct StoppedDesk<D> {
    pub(crate) inner: Arc<D>,
    pub(crate) arrived: watch::Sender<bool>,
    pub(crate) go_on: Semaphore,
}

impl<D> StoppedDesk<D> {
    pub(crate) fn new(inner: Arc<D>) -> Arc<Self> {
        Arc::new(Self { inner, arrived: watch::Sender::new(false), go_on: Semaphore::new(0) })
    }
}

#[async_trait]
impl<D: Apply> Apply for StoppedDesk<D> {
    async fn apply(&self, batch: Batch) -> Result<(), ApplyError> {
        self.arrived.send_replace(true);
        let _permit = self.go_on.acquire().await.unwrap();
        self.inner.apply(batch).await
    }
}

/// Loses, repeats, and is away, by chance.
pub(crate) struct LossyFeed {
    pub(crate) inner: Arc<dyn Feed>,
    pub(crate) seed: Seed,
}

#[async_trait]
impl Feed for LossyFeed {
    async fn next(
        &self,
        wants: &[(Partition, Position)],
        max: usize,
        wait: Duration,
    ) -> Result<Vec<Envelope>, FeedError> {
        if self.seed.per_mille(100) {
            return Err(FeedError::Unavailable("away for a moment".into()));
        }
        // Asks from further back now and then, so that old events come again.
        let back = i64::try_from(self.seed.below(4)).unwrap();
        let wants: Vec<_> = wants.iter().map(|(partition, after)| (*partition, (after - back).max(0))).collect();
        let mut events = self.inner.next(&wants, max, wait).await?;
        events.retain(|_| !self.seed.per_mille(150));
        Ok(events)
    }
}

/// Says at once that there is nothing, as a stream does whose next entry nobody can read.
pub(crate) struct HastyFeed(pub(crate) std::sync::atomic::AtomicU64);

#[async_trait]
impl Feed for HastyFeed {
    async fn next(
        &self,
        _wants: &[(Partition, Position)],
        _max: usize,
        _wait: Duration,
    ) -> Result<Vec<Envelope>, FeedError> {
        let before = self.0.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        assert!(before < 10_000, "asked again and again without a pause");
        Ok(Vec::new())
    }
}

/// A log whose reads wait for a permit: its relay has already decided what to publish next.
pub(crate) struct GatedSource {
    pub(crate) inner: Arc<dyn EventSource>,
    pub(crate) arrived: watch::Sender<bool>,
    pub(crate) go_on: Semaphore,
}

#[async_trait]
impl EventSource for GatedSource {
    fn service(&self) -> &str {
        self.inner.service()
    }

    fn partitions(&self) -> u16 {
        self.inner.partitions()
    }

    async fn head(&self) -> Result<Vec<Position>, SourceError> {
        self.inner.head().await
    }

    async fn read(&self, partition: Partition, after: Position, limit: usize) -> Result<Vec<Envelope>, SourceError> {
        let events = self.inner.read(partition, after, limit).await;
        self.arrived.send_replace(true);
        let _permit = self.go_on.acquire().await.unwrap();
        events
    }

    fn changed(&self) -> Option<watch::Receiver<u64>> {
        self.inner.changed()
    }
}

/// Waits until something stands in front of its gate.
pub(crate) async fn arrives(arrived: &watch::Sender<bool>) {
    let mut arrived = arrived.subscribe();
    let waiting = tokio::time::timeout(crate::desk::BOUND, arrived.wait_for(|arrived| *arrived)).await;
    assert!(waiting.is_ok_and(|arrived| arrived.is_ok()), "nothing arrived");
}
