//! A clock that somebody moves, and that shows each piece of work the instant it is done at.
//!
//! The clock as a whole stands at one instant and goes forward from window to window. Work inside [`at`] sees its own instant instead, also
//! while other work with another instant waits beside it for the same commit. So a hundred thousand reports need not wait for each
//! other, and each is filed to the microsecond.

use casebook::{Bundle, Effects, GiveUp};
use civic::{Clock, Micros, SettableClock};
use queue::Envelope;
use std::sync::Arc;

tokio::task_local! {
    static INSTANT: Micros;
}

/// Shows the instant of the work that asks; to everything else, where the simulation stands. Clones show the same.
#[derive(Clone, Debug)]
pub struct SimulatedClock(SettableClock);

impl SimulatedClock {
    /// Stands at `now`.
    #[must_use]
    pub fn new(now: Micros) -> Self {
        Self(SettableClock::new(now))
    }

    /// Stands at `now` from here on.
    pub fn set(&self, now: Micros) {
        self.0.set(now);
    }
}

impl Clock for SimulatedClock {
    fn now(&self) -> Micros {
        INSTANT.try_with(|instant| *instant).unwrap_or_else(|_| self.0.now())
    }
}

/// Does the work at that instant, from its first step to its last.
pub async fn at<F: Future>(instant: Micros, work: F) -> F::Output {
    INSTANT.scope(instant, work).await
}

/// Effects at the instants of their events.
pub(super) struct AtItsInstant {
    effects: Arc<dyn Effects>,
}

impl AtItsInstant {
    pub(super) fn new(effects: Arc<dyn Effects>) -> Self {
        Self { effects }
    }
}

impl Effects for AtItsInstant {
    fn effect(&self, event: &Envelope) -> Result<Option<Bundle>, GiveUp> {
        INSTANT.sync_scope(Micros(event.time_us), || self.effects.effect(event))
    }

    fn acts_on(&self) -> &'static [&'static str] {
        self.effects.acts_on()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_that_waits_side_by_side_sees_its_own_instant_each_time() {
        let clock = SimulatedClock::new(Micros(7));
        let look = async || {
            let first = clock.now();
            tokio::task::yield_now().await;
            (first, clock.now())
        };
        let (one, two) = tokio::join!(at(Micros(1), look()), at(Micros(2), look()));
        assert_eq!((one, two), ((Micros(1), Micros(1)), (Micros(2), Micros(2))));
        assert_eq!(clock.now(), Micros(7));
    }
}
