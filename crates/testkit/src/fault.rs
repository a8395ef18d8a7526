//! Failures on purpose: a call fails before its effect (nothing happened) or after it (it happened, the answer was lost).
//!
//! A decorator over any trait keeps a [`Faults`] and sends each call through [`Faults::call`]:
//!
//! ```
//! # use testkit::{Fault, Faults};
//! # async fn store(_: u8) -> Result<(), &'static str> { Ok(()) }
//! # async fn decorated(faults: &Faults) -> Result<(), &'static str> {
//! faults.call(|| "line cut", store(1)).await
//! # }
//! ```
use crate::Seed;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Where in a call it fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The inner call is not made.
    Before,
    /// The inner call is made and its success is hidden.
    After,
}

#[derive(Debug)]
enum Plan {
    Never,
    /// The nth call, counted from 1, and only that one.
    Once(u64, Fault),
    Always(Fault),
    /// So many of 1,000 calls, half of them before, half after.
    Chance(Seed, u32),
}

/// Decides about each call. Shared by reference, so a test can heal what it broke.
#[derive(Debug)]
pub struct Faults {
    plan: Plan,
    healed: AtomicBool,
    calls: AtomicU64,
    injected: AtomicU64,
}

impl Faults {
    /// No faults, only counted calls.
    pub fn never() -> Self {
        Self::planned(Plan::Never)
    }

    /// The `nth` call fails, counted from 1.
    pub fn once(nth: u64, fault: Fault) -> Self {
        Self::planned(Plan::Once(nth, fault))
    }

    /// Every call fails until [`Faults::heal`].
    pub fn always(fault: Fault) -> Self {
        Self::planned(Plan::Always(fault))
    }

    /// About `per_mille` of 1,000 calls fail, before or after by chance.
    pub fn chance(seed: u64, per_mille: u32) -> Self {
        Self::planned(Plan::Chance(Seed::new(seed), per_mille))
    }

    fn planned(plan: Plan) -> Self {
        Self { plan, healed: AtomicBool::new(false), calls: AtomicU64::new(0), injected: AtomicU64::new(0) }
    }

    /// From now on nothing fails.
    pub fn heal(&self) {
        self.healed.store(true, Ordering::SeqCst);
    }

    /// Calls seen so far: a test that walks "fail at the nth call" over all n learns its end here.
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::SeqCst)
    }

    /// Faults so far: a test that injected none proved nothing.
    pub fn injected(&self) -> u64 {
        self.injected.load(Ordering::SeqCst)
    }

    /// Counts a call and says whether and where it fails.
    pub fn next(&self) -> Option<Fault> {
        let call = self.calls.fetch_add(1, Ordering::SeqCst) + 1;
        if self.healed.load(Ordering::SeqCst) {
            return None;
        }
        let fault = match &self.plan {
            Plan::Never => None,
            Plan::Once(nth, fault) => (call == *nth).then_some(*fault),
            Plan::Always(fault) => Some(*fault),
            Plan::Chance(seed, per_mille) => {
                seed.per_mille(*per_mille).then(|| if seed.below(2) == 0 { Fault::Before } else { Fault::After })
            }
        };
        if fault.is_some() {
            self.injected.fetch_add(1, Ordering::SeqCst);
        }
        fault
    }

    /// Makes `call`, or fails it with `error`. What fails by itself keeps its own error.
    pub async fn call<T, E>(
        &self,
        error: impl FnOnce() -> E,
        call: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        match self.next() {
            None => call.await,
            Some(Fault::Before) => Err(error()),
            Some(Fault::After) => {
                call.await?;
                Err(error())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    /// Runs a future that never waits.
    fn now<T>(future: impl Future<Output = T>) -> T {
        match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(value) => value,
            Poll::Pending => panic!("the future waits"),
        }
    }

    fn outcomes(faults: &Faults, calls: usize) -> (Vec<bool>, u32) {
        let effects = Cell::new(0);
        let answers = (0..calls).map(|_| {
            let call = async {
                effects.set(effects.get() + 1);
                Ok::<_, &str>(())
            };
            now(faults.call(|| "cut", call)).is_ok()
        });
        (answers.collect(), effects.get())
    }

    #[test]
    fn a_fault_before_hides_the_call_and_one_after_hides_its_success() {
        assert_eq!(outcomes(&Faults::once(2, Fault::Before), 3), (vec![true, false, true], 2));
        assert_eq!(outcomes(&Faults::once(2, Fault::After), 3), (vec![true, false, true], 3));
    }

    #[test]
    fn a_healed_plan_fails_no_more() {
        let faults = Faults::always(Fault::Before);
        assert_eq!(outcomes(&faults, 2).1, 0);
        faults.heal();
        assert_eq!(outcomes(&faults, 2).1, 2);
        assert_eq!((faults.calls(), faults.injected()), (4, 2));
    }

    #[test]
    fn chance_is_the_same_for_the_same_seed_and_has_both_kinds() {
        let draw = |seed| {
            let faults = Faults::chance(seed, 500);
            (0..100).map(|_| faults.next()).collect::<Vec<_>>()
        };
        assert_eq!(draw(1), draw(1));
        assert!([None, Some(Fault::Before), Some(Fault::After)].iter().all(|kind| draw(1).contains(kind)));
    }
}
