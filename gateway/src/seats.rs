//! How many calls one service may have at work, learnt from how long they take.
//!
//! A service that has more to do than it can do makes everybody wait and answers no more of them for it. So the number of its calls at
//! work grows while they take about as long as when nobody waits, and shrinks when they take [`PATIENCE`] times that; whoever comes
//! beyond it is told at once. Only a service that is full is judged: a slow call alone says nothing. A tenth of the seats is kept for
//! what cannot wait.
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// So many times as long as when nobody waits is too long: a call may wait for a whole commit of others and then share the next, and
/// both are some times larger than its own would be.
const PATIENCE: f64 = 5.0;
/// Never fewer, however slow the service has become: otherwise nobody would notice that it is quick again.
const LEAST: f64 = 32.0;
/// What a service begins with.
const FIRST: f64 = 64.0;
/// With so many at work when a call begins and when it ends, nobody waits.
const CALM: usize = 4;
/// Part of a calm call in what is known of its route.
const LESSON: f64 = 0.05;
/// Judged when so many calls have ended and so much time has passed.
const ENDED: u32 = 16;
const WINDOW: Duration = Duration::from_millis(50);
/// By so much of itself the number grows and shrinks.
const GROWTH: f64 = 0.05;
const RETREAT: f64 = 0.2;
/// Of the seats, taken at once, that make them full.
const FULL: f64 = 0.8;

/// Seats of one service, shared by all requests for it.
pub(crate) struct Seats {
    most: f64,
    learnt: Mutex<Learnt>,
}

struct Learnt {
    limit: f64,
    taken: usize,
    /// Seconds that a call of a route takes when nobody waits.
    calm: HashMap<usize, f64>,
    window: Window,
}

/// What has happened since the last judgement.
struct Window {
    since: Instant,
    ended: u32,
    /// Sum over its calls: how many times as long as a calm one each took.
    times: f64,
    fullest: usize,
}

impl Window {
    const fn new(since: Instant) -> Self {
        Self { since, ended: 0, times: 0.0, fullest: 0 }
    }
}

/// A seat that was taken; given back when dropped.
pub(crate) struct Seat {
    seats: Arc<Seats>,
    route: usize,
    since: Instant,
    /// Few were at work when it was taken.
    calm: bool,
    answered: bool,
    /// Only what cannot wait may have it.
    pub(crate) kept_back: bool,
}

impl Seat {
    /// The service has done what was asked. What fails at once says nothing of how busy it is.
    pub(crate) fn answered(mut self) {
        self.answered = true;
    }
}

impl Seats {
    /// At most so many, whatever is learnt.
    pub(crate) fn new(most: usize) -> Arc<Self> {
        let most = most as f64;
        let window = Window::new(Instant::now());
        let learnt = Learnt { limit: FIRST.min(most), taken: 0, calm: HashMap::new(), window };
        Arc::new(Self { most, learnt: Mutex::new(learnt) })
    }

    /// Whether there is none for such a request. Asked before its body is read: a refusal is cheapest then.
    pub(crate) fn are_full(&self, pressing: bool) -> bool {
        self.hold().is_full(pressing)
    }

    /// For a call of this route. `None`: there is none for such a request.
    pub(crate) fn take(self: &Arc<Self>, route: usize, pressing: bool) -> Option<Seat> {
        let mut learnt = self.hold();
        if learnt.is_full(pressing) {
            return None;
        }
        let kept_back = learnt.is_full(false);
        learnt.taken += 1;
        learnt.window.fullest = learnt.window.fullest.max(learnt.taken);
        let calm = learnt.taken <= CALM;
        drop(learnt);
        Some(Seat { seats: Arc::clone(self), route, since: Instant::now(), calm, answered: false, kept_back })
    }

    fn hold(&self) -> MutexGuard<'_, Learnt> {
        self.learnt.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn give_back(&self, seat: &Seat, took: Duration, now: Instant) {
        let mut learnt = self.hold();
        let calm = seat.calm && learnt.taken <= CALM;
        learnt.taken -= 1;
        let took = took.as_secs_f64();
        let usual = *learnt.calm.entry(seat.route).or_insert(took);
        if calm && seat.answered {
            learnt.calm.insert(seat.route, usual + LESSON * (took - usual));
        }
        if seat.answered || took > usual {
            learnt.window.ended += 1;
            learnt.window.times += took / usual;
        }
        if learnt.window.ended >= ENDED && now.saturating_duration_since(learnt.window.since) >= WINDOW {
            learnt.judge(self.most, now);
        }
    }
}

impl Learnt {
    fn is_full(&self, pressing: bool) -> bool {
        let kept = if pressing { 0.0 } else { self.limit / 10.0 };
        self.taken as f64 >= (self.limit - kept).max(1.0)
    }

    fn judge(&mut self, most: f64, now: Instant) {
        let window = std::mem::replace(&mut self.window, Window::new(now));
        if (window.fullest as f64) < FULL * self.limit {
            return;
        }
        let late = window.times / f64::from(window.ended) > PATIENCE;
        let limit = self.limit * if late { 1.0 - RETREAT } else { 1.0 + GROWTH };
        self.limit = limit.clamp(LEAST.min(most), most);
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.seats.give_back(self, self.since.elapsed(), Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ends calls at instants of the test's own.
    fn end(seats: &Arc<Seats>, mut calls: Vec<Seat>, took: f64, now: Instant) {
        for seat in &mut calls {
            seat.answered = true;
            seats.give_back(seat, Duration::from_secs_f64(took), now);
        }
        calls.into_iter().for_each(std::mem::forget);
    }

    /// What a service is left with that does so many calls a second, while more than it can take always wait; one alone takes `alone`
    /// seconds.
    fn settled(rate: f64, alone: f64) -> f64 {
        let (seats, mut now) = (Seats::new(512), Instant::now());
        for _ in 0..100 {
            end(&seats, vec![seats.take(0, false).unwrap()], alone, now);
        }
        for _ in 0..1000 {
            let calls: Vec<Seat> = std::iter::from_fn(|| seats.take(0, true)).collect();
            let took = alone.max(calls.len() as f64 / rate);
            now += WINDOW.max(Duration::from_secs_f64(took));
            end(&seats, calls, took, now);
        }
        seats.hold().limit
    }

    #[test]
    fn a_service_is_given_what_it_does_in_five_times_the_time_of_one_call() {
        for (rate, alone) in [(4000.0, 0.0025), (800.0, 0.015), (20_000.0, 0.002)] {
            let (limit, fits) = (settled(rate, alone), rate * alone * PATIENCE);
            assert!((0.75 * fits..1.1 * fits).contains(&limit), "{limit} of {fits}");
        }
    }

    #[test]
    fn a_slow_one_keeps_a_few_and_a_quick_one_is_given_all() {
        assert!((settled(10.0, 0.001) - LEAST).abs() < f64::EPSILON);
        assert!((settled(1e9, 0.001) - 512.0).abs() < f64::EPSILON);
    }

    #[test]
    fn a_route_is_held_against_itself_alone_and_quick_refusals_against_nobody() {
        let (seats, mut now) = (Seats::new(512), Instant::now());
        let alone = [0.0002, 0.05];
        for _ in 0..200 {
            (0..2).for_each(|route| end(&seats, vec![seats.take(route, false).unwrap()], alone[route], now));
        }
        for _ in 0..30 {
            let calls: Vec<Seat> = std::iter::from_fn(|| seats.take(1, true)).collect();
            now += Duration::from_millis(60);
            end(&seats, calls, alone[1], now);
            // Dropped without an answer, at once.
            drop(seats.take(1, false));
        }
        assert!(seats.hold().limit > 200.0, "fifty milliseconds are usual for it");
        assert!((seats.hold().calm[&1] - alone[1]).abs() < 1e-9);
    }

    #[test]
    fn the_last_tenth_is_for_what_cannot_wait() {
        let seats = Seats::new(512);
        let mut usual: Vec<Seat> = std::iter::from_fn(|| seats.take(0, false)).collect();
        assert_eq!(usual.len(), 58, "of 64");
        assert!(seats.are_full(false) && !seats.are_full(true) && usual.iter().all(|seat| !seat.kept_back));
        let pressing: Vec<Seat> = std::iter::from_fn(|| seats.take(0, true)).collect();
        assert!(pressing.len() == 6 && pressing.iter().all(|seat| seat.kept_back));
        usual.truncate(50);
        drop(pressing);
        assert!(seats.take(0, false).is_some_and(|seat| !seat.kept_back), "what was given back is there again");
    }
}
