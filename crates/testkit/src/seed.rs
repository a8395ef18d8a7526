//! Chance that a failing test can repeat.
use std::env;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// Names the seed of a run; set it to repeat one.
const VARIABLE: &str = "JIEWANG_SEED";

/// A small generator (SplitMix64: Steele, Lea and Flood 2014), shared by reference. It says its seed when a test panics.
#[derive(Debug)]
pub struct Seed {
    first: u64,
    state: AtomicU64,
}

impl Seed {
    /// The seed of `JIEWANG_SEED` if it is set, else a new one.
    pub fn from_env() -> Self {
        let given = env::var(VARIABLE).ok().and_then(|text| text.parse().ok());
        Self::new(given.unwrap_or_else(fresh))
    }

    /// Exactly this seed.
    pub fn new(seed: u64) -> Self {
        Self { first: seed, state: AtomicU64::new(seed) }
    }

    /// The seed itself, to hand on to other generators.
    pub fn value(&self) -> u64 {
        self.first
    }

    /// For a generator that takes so many bytes.
    pub fn bytes(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&self.first.to_le_bytes());
        bytes
    }

    /// Sixty-four bits.
    pub fn next(&self) -> u64 {
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut z = self.state.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`, 0 when `bound` is 0. The bias of the remainder is of no account in tests.
    pub fn below(&self, bound: u64) -> u64 {
        self.next().checked_rem(bound).unwrap_or(0)
    }

    /// True in `n` of 1,000 cases.
    pub fn per_mille(&self, n: u32) -> bool {
        self.below(1000) < u64::from(n)
    }
}

impl Drop for Seed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("repeat with {VARIABLE}={}", self.first);
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a seed must differ between runs; it is printed, so the run stays repeatable"
)]
fn fresh() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos() & u128::from(u64::MAX)).expect("masked to 64 bits") ^ u64::from(std::process::id())
}

#[cfg(test)]
mod tests {
    use super::Seed;

    #[test]
    fn the_same_seed_gives_the_same_numbers() {
        let (a, b) = (Seed::new(5), Seed::new(5));
        let draw = |seed: &Seed| (0..8).map(|_| seed.next()).collect::<Vec<_>>();
        assert_eq!(draw(&a), draw(&b));
        assert_ne!(draw(&a), draw(&Seed::new(6)));
        assert_eq!(a.below(0), 0);
    }
}
