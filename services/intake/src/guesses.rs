//! Brakes on guessing: a bounded array of meters, one for what a guess is aimed at and one for where it comes from.
//!
//! Each meter is the generic cell rate algorithm in one integer: the instant at which its allowance would be whole again. A
//! guess pushes it on by one interval and is refused when that would lie more than the whole allowance ahead. A right guess
//! takes its push back. No lock, no eviction, memory fixed at the start.
//!
//! Known inaccuracies: two keys may share a meter (keyed hashes choose it, so nobody can aim at that) and then share the
//! allowance; guesses in flight together each count before any is given back; each replica has meters of its own; a restart
//! forgets.

use civic::Micros;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

/// Meters of one kind.
#[derive(Debug)]
pub struct Meters {
    whole_again: Box<[AtomicI64]>,
    /// Microseconds that one guess costs.
    interval: i64,
    /// Guesses allowed at once.
    burst: i64,
}

/// Too many guesses: none is looked at before this much time has passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Braked {
    pub retry_after: Duration,
}

impl Meters {
    pub fn new(meters: u32, burst: u32, interval_seconds: u32) -> Self {
        Self {
            whole_again: (0..meters.max(1)).map(|_| AtomicI64::new(0)).collect(),
            interval: i64::from(interval_seconds) * Micros::SECOND,
            burst: i64::from(burst),
        }
    }

    /// Counts a guess. `key` is a keyed hash.
    pub fn take(&self, key: [u8; 16], now: Micros) -> Result<(), Braked> {
        let allowance = self.burst * self.interval;
        let push = |whole_again: i64| {
            let pushed = whole_again.max(now.0) + self.interval;
            (pushed - now.0 <= allowance).then_some(pushed)
        };
        let braked = |whole_again: i64| {
            let wait = whole_again.max(now.0) + self.interval - allowance - now.0;
            Braked { retry_after: Duration::from_micros(u64::try_from(wait).unwrap_or(0)) }
        };
        self.meter(key).fetch_update(Ordering::Relaxed, Ordering::Relaxed, push).map(|_| ()).map_err(braked)
    }

    /// The guess was right and does not count.
    pub fn give_back(&self, key: [u8; 16]) {
        self.meter(key).fetch_sub(self.interval, Ordering::Relaxed);
    }

    fn meter(&self, key: [u8; 16]) -> &AtomicI64 {
        let (head, _) = key.split_first_chunk().expect("sixteen bytes hold eight");
        let slot = u64::from_le_bytes(*head) % self.whole_again.len() as u64;
        &self.whole_again[usize::try_from(slot).expect("below the length")]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [u8; 16] = [1; 16];
    const OTHER: [u8; 16] = [2; 16];

    fn at(seconds: i64) -> Micros {
        Micros(1_800_000_000_000_000 + seconds * Micros::SECOND)
    }

    #[test]
    fn the_allowance_is_spent_and_comes_back_one_by_one() {
        let meters = Meters::new(1_000, 3, 60);
        assert!((0..3).all(|_| meters.take(KEY, at(0)).is_ok()));
        assert_eq!(meters.take(KEY, at(0)), Err(Braked { retry_after: Duration::from_secs(60) }));
        assert_eq!(meters.take(KEY, at(59)), Err(Braked { retry_after: Duration::from_secs(1) }));
        assert_eq!(meters.take(KEY, at(60)), Ok(()));
        assert!(meters.take(KEY, at(61)).is_err());
        assert_eq!(meters.take(OTHER, at(61)), Ok(()));
    }

    #[test]
    fn a_right_guess_costs_nothing() {
        let meters = Meters::new(1_000, 1, 60);
        for second in 0..100 {
            assert_eq!(meters.take(KEY, at(second)), Ok(()));
            meters.give_back(KEY);
        }
    }

    #[test]
    fn a_refused_guess_does_not_lengthen_the_wait() {
        let meters = Meters::new(1_000, 1, 60);
        meters.take(KEY, at(0)).unwrap();
        assert!((0..50).all(|_| meters.take(KEY, at(30)).is_err()));
        assert_eq!(meters.take(KEY, at(60)), Ok(()));
    }
}
