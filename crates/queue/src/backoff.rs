//! Growing, jittered pauses between attempts.
use civic::Rng;
use std::time::Duration;

/// Doubles from `least` to `most`. Half of each pause is chance, so that replicas that failed together do not come back together.
#[derive(Clone, Debug)]
pub(crate) struct Backoff {
    least: Duration,
    most: Duration,
    failures: u32,
}

impl Backoff {
    pub(crate) fn new(least: Duration, most: Duration) -> Self {
        Self { least, most, failures: 0 }
    }

    pub(crate) fn succeeded(&mut self) {
        self.failures = 0;
    }

    /// Counts a failure and says how long to pause.
    pub(crate) fn failed(&mut self, rng: &dyn Rng) -> Duration {
        let pause = pause_after(self.failures, self.least, self.most, rng);
        self.failures = self.failures.saturating_add(1);
        pause
    }
}

/// The pause after `failures` earlier ones.
pub(crate) fn pause_after(failures: u32, least: Duration, most: Duration, rng: &dyn Rng) -> Duration {
    // 2^20 times any sensible `least` is beyond any sensible `most`.
    let full = least.saturating_mul(1 << failures.min(20)).min(most);
    let half = full / 2;
    let span = u64::try_from(half.as_micros()).unwrap_or(u64::MAX).max(1);
    half + Duration::from_micros(rng.u64() % span)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_stay_within_their_bounds_and_start_again_after_success() {
        let rng = civic::SeededRng::new(7);
        let (least, most) = (Duration::from_millis(50), Duration::from_secs(10));
        let mut backoff = Backoff::new(least, most);
        for failures in 0..40 {
            let full = least.saturating_mul(1 << failures.min(20)).min(most);
            let pause = backoff.failed(&rng);
            assert!(pause >= full / 2 && pause <= full, "{pause:?} of {full:?}");
        }
        backoff.succeeded();
        assert!(backoff.failed(&rng) <= least);
    }
}
