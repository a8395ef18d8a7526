//! How many calls one service may have at work, learnt from how long they take; who comes beyond that waits for a turn here.
//!
//! A service that has more to do than it can do answers no more of it for that, and whatever it has taken in waits for everything else:
//! an alarm stands behind a hundred street lamps. So the number of its calls at work grows while they take about as long as when nobody
//! waits, and shrinks when they take [`PATIENCE`] times that. The others wait before it, where what cannot wait goes first; a tenth of
//! the seats is kept for that. Only a service that is full is judged: a slow call alone says nothing.
use metrics::{Gauge, gauge};
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// So many times as long as when nobody waits is too long: a call may wait for a whole commit of others and then share the next, and
/// both are some times larger than its own would be. With five, SQLite did an eighth less than it can (`make bench ARGS=overload`).
const PATIENCE: f64 = 8.0;
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
    gauges: Gauges,
    state: Mutex<State>,
}

/// What an operator sees of it: who waits here does not stand before the service.
struct Gauges {
    allowed: Gauge,
    taken: Gauge,
    waiting: Gauge,
}

impl Gauges {
    fn of(service: &str) -> Self {
        let [allowed, taken, waiting] = ["allowed", "taken", "waiting"]
            .map(|state| gauge!("jiewang_gateway_seats", "service" => service.to_owned(), "state" => state));
        Self { allowed, taken, waiting }
    }

    fn set(&self, state: &State) {
        self.allowed.set(state.limit.floor());
        self.taken.set(state.taken as f64);
        self.waiting.set((state.pressing.len() + state.usual.len()) as f64);
    }
}

struct State {
    limit: f64,
    taken: usize,
    /// Seconds that a call of a route takes when nobody waits.
    calm: HashMap<usize, f64>,
    window: Window,
    pressing: VecDeque<Waiting>,
    usual: VecDeque<Waiting>,
}

struct Waiting {
    route: usize,
    turn: oneshot::Sender<Seat>,
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
    /// Others would have had it first, had it not been for what cannot wait.
    pub(crate) kept_back: bool,
}

impl Seat {
    /// The service has done what was asked. What fails at once says nothing of how busy it is.
    pub(crate) fn answered(mut self) {
        self.answered = true;
    }
}

impl Seats {
    /// Seats of this service, at most so many, whatever is learnt.
    pub(crate) fn new(service: &str, most: usize) -> Arc<Self> {
        let most = most as f64;
        let window = Window::new(Instant::now());
        let (pressing, usual) = (VecDeque::new(), VecDeque::new());
        let state = State { limit: FIRST.min(most), taken: 0, calm: HashMap::new(), window, pressing, usual };
        Arc::new(Self { most, gauges: Gauges::of(service), state: Mutex::new(state) })
    }

    /// A seat for a call of this route, at its turn.
    pub(crate) async fn take(self: &Arc<Self>, route: usize, pressing: bool) -> Seat {
        loop {
            let turn = match self.ask(route, pressing) {
                Ok(seat) => return seat,
                Err(turn) => turn,
            };
            // An asker is told, or it is gone itself.
            if let Ok(seat) = turn.await {
                return seat;
            }
        }
    }

    /// A seat at once, or a turn.
    fn ask(self: &Arc<Self>, route: usize, pressing: bool) -> Result<Seat, oneshot::Receiver<Seat>> {
        let mut state = self.hold();
        let first = state.has_room(pressing) && (pressing || state.usual.is_empty());
        if first {
            let kept_back = !state.has_room(false) || !state.usual.is_empty();
            let seat = state.seat(self, route, kept_back);
            self.gauges.set(&state);
            return Ok(seat);
        }
        let (turn, told) = oneshot::channel();
        let line = if pressing { &mut state.pressing } else { &mut state.usual };
        line.push_back(Waiting { route, turn });
        self.gauges.set(&state);
        Err(told)
    }

    fn hold(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn give_back(self: &Arc<Self>, seat: &Seat, took: Duration, now: Instant) {
        let turns = {
            let mut state = self.hold();
            state.end(seat, took.as_secs_f64());
            if state.window.ended >= ENDED && now.saturating_duration_since(state.window.since) >= WINDOW {
                state.judge(self.most, now);
            }
            let turns = state.turns(self);
            self.gauges.set(&state);
            turns
        };
        // Not while the state is held: a seat whose asker has just left comes back at once.
        for (turn, seat) in turns {
            drop(turn.send(seat));
        }
    }
}

impl State {
    fn has_room(&self, pressing: bool) -> bool {
        let kept = if pressing { 0.0 } else { self.limit / 10.0 };
        (self.taken as f64) < (self.limit - kept).max(1.0)
    }

    fn seat(&mut self, seats: &Arc<Seats>, route: usize, kept_back: bool) -> Seat {
        self.taken += 1;
        self.window.fullest = self.window.fullest.max(self.taken);
        let calm = self.taken <= CALM;
        Seat { seats: Arc::clone(seats), route, since: Instant::now(), calm, answered: false, kept_back }
    }

    /// Whose turn it is now.
    fn turns(&mut self, seats: &Arc<Seats>) -> Vec<(oneshot::Sender<Seat>, Seat)> {
        let mut turns = Vec::new();
        while self.has_room(true) {
            let pressing = self.pressing.pop_front();
            let kept_back = pressing.is_some();
            let Some(next) = pressing.or_else(|| if self.has_room(false) { self.usual.pop_front() } else { None })
            else {
                break;
            };
            if !next.turn.is_closed() {
                let seat = self.seat(seats, next.route, kept_back);
                turns.push((next.turn, seat));
            }
        }
        turns
    }

    fn end(&mut self, seat: &Seat, took: f64) {
        let calm = seat.calm && self.taken <= CALM;
        self.taken -= 1;
        let usual = *self.calm.entry(seat.route).or_insert(took);
        if calm && seat.answered {
            self.calm.insert(seat.route, usual + LESSON * (took - usual));
        }
        if seat.answered || took > usual {
            self.window.ended += 1;
            self.window.times += took / usual;
        }
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
        let seats = Arc::clone(&self.seats);
        seats.give_back(self, self.since.elapsed(), Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Seats that are free for such calls now.
    fn all(seats: &Arc<Seats>, route: usize, pressing: bool) -> Vec<Seat> {
        let has_room = || seats.hold().has_room(pressing);
        std::iter::from_fn(|| if has_room() { seats.ask(route, pressing).ok() } else { None }).collect()
    }

    fn one(seats: &Arc<Seats>, route: usize) -> Vec<Seat> {
        vec![seats.ask(route, false).ok().expect("a seat is free")]
    }

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
        let (seats, mut now) = (Seats::new("intake", 512), Instant::now());
        for _ in 0..100 {
            end(&seats, one(&seats, 0), alone, now);
        }
        for _ in 0..1000 {
            let calls = all(&seats, 0, true);
            let took = alone.max(calls.len() as f64 / rate);
            now += WINDOW.max(Duration::from_secs_f64(took));
            end(&seats, calls, took, now);
        }
        seats.hold().limit
    }

    #[test]
    fn a_service_is_given_what_it_does_in_a_few_times_the_time_of_one_call() {
        for (rate, alone) in [(4000.0, 0.0025), (800.0, 0.015), (20_000.0, 0.002)] {
            let (limit, fits) = (settled(rate, alone), rate * alone * PATIENCE);
            assert!((0.6 * fits..1.1 * fits).contains(&limit), "{limit} of {fits}");
        }
    }

    #[test]
    fn a_slow_one_keeps_a_few_and_a_quick_one_is_given_all() {
        assert!((settled(10.0, 0.001) - LEAST).abs() < f64::EPSILON);
        assert!((settled(1e9, 0.001) - 512.0).abs() < f64::EPSILON);
    }

    #[test]
    fn a_route_is_held_against_itself_alone_and_quick_refusals_against_nobody() {
        let (seats, mut now) = (Seats::new("intake", 512), Instant::now());
        let alone = [0.0002, 0.05];
        for _ in 0..200 {
            (0..2).for_each(|route| end(&seats, one(&seats, route), alone[route], now));
        }
        for _ in 0..30 {
            let calls = all(&seats, 1, true);
            now += Duration::from_millis(60);
            end(&seats, calls, alone[1], now);
            // Dropped without an answer, at once.
            drop(one(&seats, 1));
        }
        assert!(seats.hold().limit > 200.0, "fifty milliseconds are usual for it");
        assert!((seats.hold().calm[&1] - alone[1]).abs() < 1e-9);
    }

    #[test]
    fn the_last_tenth_is_for_what_cannot_wait() {
        let seats = Seats::new("intake", 512);
        let mut usual = all(&seats, 0, false);
        assert_eq!(usual.len(), 58, "of 64");
        assert!(usual.iter().all(|seat| !seat.kept_back));
        let pressing = all(&seats, 0, true);
        assert!(pressing.len() == 6 && pressing.iter().all(|seat| seat.kept_back));
        usual.truncate(50);
        drop(pressing);
        assert!(seats.ask(0, false).is_ok_and(|seat| !seat.kept_back), "what was given back is there again");
    }

    #[test]
    fn an_operator_sees_how_many_are_at_work_and_wait() {
        let metrics = mesh::metrics::recorder();
        let seats = Seats::new("watched", 512);
        let taken = all(&seats, 0, false);
        let told = seats.ask(0, false).err().expect("nothing is free");
        let seen = |state| {
            let line = format!("jiewang_gateway_seats{{service=\"watched\",state=\"{state}\"}} ");
            metrics.render().lines().find_map(|found| found.strip_prefix(&line)?.parse().ok())
        };
        assert_eq!(["allowed", "taken", "waiting"].map(seen), [Some(64), Some(58), Some(1)]);
        drop((told, taken));
        assert_eq!(["taken", "waiting"].map(seen), [Some(0), Some(0)]);
    }

    #[tokio::test]
    async fn turns_come_in_order_but_for_what_cannot_wait_and_who_has_left_has_none() {
        let seats = Seats::new("intake", 1);
        let first = seats.take(0, false).await;
        let ask = |pressing| seats.ask(0, pressing).err().expect("nothing is free");
        let (second, left, third, pressing) = (ask(false), ask(false), ask(false), ask(true));
        drop((left, first));
        let pressing = pressing.await.unwrap();
        assert!(pressing.kept_back, "its word is to be checked");
        drop(pressing);
        let second = second.await.unwrap();
        assert!(!second.kept_back);
        drop(third);
        drop(second);
        assert!(seats.ask(0, false).is_ok(), "a turn that nobody waits for any more is not lost");
        assert_eq!(seats.hold().taken, 0);
    }

    #[tokio::test]
    async fn a_seat_that_was_given_to_one_who_has_just_left_comes_back() {
        let seats = Seats::new("intake", 1);
        let first = seats.take(0, false).await;
        let told = seats.ask(0, false).err().expect("nothing is free");
        drop(first);
        assert_eq!(seats.hold().taken, 1, "it is its turn");
        drop(told);
        assert_eq!(seats.hold().taken, 0);
    }
}
