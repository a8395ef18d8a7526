//! Chance, handed in like the time, so that ids and numbers can be drawn again in a replay.

use std::sync::{Arc, Mutex, PoisonError};

use rand::{RngCore, SeedableRng, TryRngCore, rngs::OsRng, rngs::StdRng};

/// Where random bytes come from.
pub trait Rng: Send + Sync + 'static {
    /// Fills the whole slice.
    fn fill(&self, bytes: &mut [u8]);

    /// Sixty-four random bits.
    fn u64(&self) -> u64 {
        let mut bytes = [0; 8];
        self.fill(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    /// A number below `bound`, each equally likely; 0 when `bound` is 0.
    fn below(&self, bound: u64) -> u64 {
        if bound == 0 {
            return 0;
        }
        // Numbers past the last whole multiple of `bound` would favour the small remainders: drawn again.
        let fair = u64::MAX - u64::MAX % bound;
        loop {
            let drawn = self.u64();
            if drawn < fair {
                return drawn % bound;
            }
        }
    }
}

/// The operating system's generator: fit for PINs and keys.
#[derive(Copy, Clone, Debug, Default)]
pub struct SystemRng;

impl Rng for SystemRng {
    fn fill(&self, bytes: &mut [u8]) {
        OsRng.try_fill_bytes(bytes).expect("the operating system gives random bytes once it is up");
    }
}

/// The same bytes for the same seed: tests and replays only.
#[derive(Debug)]
pub struct SeededRng(Mutex<StdRng>);

impl SeededRng {
    /// A generator that starts at `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new(StdRng::seed_from_u64(seed)))
    }
}

impl Rng for SeededRng {
    fn fill(&self, bytes: &mut [u8]) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(bytes);
    }
}

impl<R: Rng + ?Sized> Rng for Arc<R> {
    fn fill(&self, bytes: &mut [u8]) {
        (**self).fill(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_draws_the_same_numbers_and_another_seed_others() {
        let (a, b, c) = (SeededRng::new(7), SeededRng::new(7), SeededRng::new(8));
        let draw = |rng: &SeededRng| (0..4).map(|_| rng.u64()).collect::<Vec<_>>();
        let first = draw(&a);
        assert_eq!(first, draw(&b));
        assert_ne!(first, draw(&c));
    }

    #[test]
    fn below_stays_below_and_reaches_both_ends() {
        let rng = SeededRng::new(1);
        let drawn: Vec<u64> = (0..1_000).map(|_| rng.below(10)).collect();
        assert!(drawn.iter().all(|d| *d < 10) && drawn.contains(&0) && drawn.contains(&9));
        assert_eq!(rng.below(0), 0);
        assert_eq!(rng.below(1), 0);
    }

    #[test]
    fn the_system_does_not_repeat_itself() {
        assert_ne!((SystemRng.u64(), SystemRng.u64()), (SystemRng.u64(), SystemRng.u64()));
    }
}
