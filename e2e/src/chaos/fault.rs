//! What becomes of a process, by chance.

use std::time::Duration;
use testkit::Seed;

/// The longest that a process is frozen or cut off: longer than a lease, so that another one takes its work over and it comes back as a
/// zombie.
const LONGEST_ABSENCE_MS: u64 = 20_000;
/// The longest that each answer of a slow line takes.
const LONGEST_DELAY_MS: u64 = 400;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// SIGKILL, and started again.
    Kill,
    /// SIGSTOP, and SIGCONT later.
    Freeze { long: Duration },
    /// Told to end, and started again.
    End,
    /// Nothing sent to it arrives, and nobody is told.
    Cut { long: Duration },
    /// Every connection to it is broken, and what it answers on new ones comes late.
    Slow { long: Duration, delay: Duration },
}

impl Fault {
    /// Lines are cut and slowed only where that may be done.
    pub(super) fn by_chance(seed: &Seed, lines: bool) -> Self {
        let long = |seed: &Seed| Duration::from_millis(seed.below(LONGEST_ABSENCE_MS));
        match seed.below(if lines { 5 } else { 3 }) {
            0 => Self::Kill,
            1 => Self::Freeze { long: long(seed) },
            2 => Self::End,
            3 => Self::Cut { long: long(seed) },
            _ => Self::Slow { long: long(seed), delay: Duration::from_millis(seed.below(LONGEST_DELAY_MS)) },
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Kill => "kill",
            Self::Freeze { .. } => "freeze",
            Self::End => "end",
            Self::Cut { .. } => "cut",
            Self::Slow { .. } => "slow",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_comes_and_lines_are_left_alone_where_they_must_be() {
        let seed = Seed::new(7);
        let names = |lines| {
            let struck = (0..200).map(|_| Fault::by_chance(&seed, lines).name());
            struck.collect::<std::collections::BTreeSet<_>>()
        };
        assert_eq!(names(true).len(), 5);
        assert_eq!(names(false), ["end", "freeze", "kill"].into());
    }
}
