//! How busy a replica is, as a caller sees it: calls in flight, weighted with how long its answers take.
//!
//! The average follows what is seen within a second. It does not jump to the longest answer, as peak-sensitive averages do: a quick
//! replica answers more often, so on a busy machine it has more answers that stood still for a moment, and would look as slow as one
//! that is. A replica that has just become slow is told by its calls in flight before its answers tell. While nothing is heard of a
//! replica its average fades, so that it is tried again. Two threads that observe at once may lose one observation; the next one mends
//! that, and no lock is taken.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;
use tokio::time::Instant;

/// In which time, in seconds, what was seen before counts for a third.
const SETTLES: f64 = 1.0;

/// In which time, in seconds, the average of a replica of which nothing is heard falls to a third. One ten times slower is tried again after twice that.
const FADES: f64 = 5.0;

/// Seconds an answer is taken for before one was seen: little, so that a newcomer is tried; more than nothing, so that its calls in
/// flight count and it is not flooded.
const NEWCOMER: f64 = 0.001;

/// A call that could not be delivered counts as an answer of this many seconds: failing fast must not look like being fast.
const FAILED: f64 = 0.1;

/// The load of one replica.
pub(super) struct Load {
    in_flight: AtomicU32,
    born: Instant,
    /// Seconds, the bits of an `f64`.
    average: AtomicU64,
    /// When the average was last changed, seconds after `born`, the bits of an `f64`.
    observed: AtomicU64,
}

impl Load {
    pub(super) fn new() -> Self {
        let average = AtomicU64::new(NEWCOMER.to_bits());
        Self { in_flight: AtomicU32::new(0), born: Instant::now(), average, observed: AtomicU64::new(0) }
    }

    /// What one more call would meet. Only the order of two loads means something.
    pub(super) fn weight(&self, now: Instant) -> f64 {
        let waiting = f64::from(self.in_flight.load(Ordering::Relaxed)) + 1.0;
        waiting * self.average() * self.kept(now)
    }

    pub(super) fn begin(&self) {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
    }

    /// A call that began ended, or its caller stopped waiting for it: that it took at least so long is known then, too.
    pub(super) fn end(&self, took: Duration, failed: bool, now: Instant) {
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
        let (took, average, kept) = (took.as_secs_f64(), self.average(), (-self.silent(now) / SETTLES).exp());
        let next = if failed { took.max(average).max(FAILED) } else { average * kept + took * (1.0 - kept) };
        self.average.store(next.to_bits(), Ordering::Relaxed);
        self.observed.store(self.age(now).to_bits(), Ordering::Relaxed);
    }

    fn average(&self) -> f64 {
        f64::from_bits(self.average.load(Ordering::Relaxed))
    }

    /// The share of the average that time has left.
    fn kept(&self, now: Instant) -> f64 {
        (-self.silent(now) / FADES).exp()
    }

    /// Seconds since something was seen.
    fn silent(&self, now: Instant) -> f64 {
        let observed = f64::from_bits(self.observed.load(Ordering::Relaxed));
        (self.age(now) - observed).max(0.0)
    }

    fn age(&self, now: Instant) -> f64 {
        now.saturating_duration_since(self.born).as_secs_f64()
    }
}
