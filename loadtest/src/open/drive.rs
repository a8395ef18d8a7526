//! The open loop: each request begins at its instant, whatever became of those before it.
//!
//! So many may be in flight at once, since a client has only so many sockets. A request that is due while all of them wait for
//! answers is *held*: it goes, in order, when one is back, and what it waited is told apart from what the cluster took. Apart from
//! both stands how late the generator itself was: its timers tick in milliseconds, and it shares its cores.

use super::{mix::Kind, schedule::Arrival};
use std::{future::Future, sync::Arc, time::Duration};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task::{JoinError, JoinSet},
    time::{Instant, sleep_until, timeout},
};

/// How a run is driven.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    pub in_flight: usize,
    /// How long an answer is waited for; so long after the last instant nothing is sent any more.
    pub patience: Duration,
}

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    Ok,
    /// The reason of the problem.
    Refused(String),
    /// The connection broke, or nothing came in time.
    NoAnswer,
    /// Held until the run was over.
    Unsent,
    /// A step or a look for which this run has filed nothing yet: not sent.
    NothingThere,
}

impl Outcome {
    #[must_use]
    pub fn word(&self) -> &str {
        match self {
            Self::Ok => "OK",
            Self::Refused(reason) => reason,
            Self::NoAnswer => "NO_ANSWER",
            Self::Unsent => "UNSENT",
            Self::NothingThere => "NOTHING_THERE",
        }
    }
}

/// A request and what became of it. Times are microseconds after the beginning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    pub kind: Kind,
    pub due: u64,
    pub sent: u64,
    pub done: u64,
    /// Of the time between `due` and `sent`, what the bound on requests in flight has cost.
    pub held: u64,
    pub outcome: Outcome,
}

impl Record {
    /// What somebody has waited who came when it was due.
    #[must_use]
    pub const fn from_due(&self) -> u64 {
        self.done.saturating_sub(self.due)
    }

    #[must_use]
    pub const fn from_sent(&self) -> u64 {
        self.done.saturating_sub(self.sent)
    }

    /// How late the generator itself was.
    #[must_use]
    pub const fn late(&self) -> u64 {
        self.sent.saturating_sub(self.due).saturating_sub(self.held)
    }
}

/// Sends everything, and answers when all is answered. `stop` ends it early: what is not yet due is left out then. True when
/// everything was sent or given up, false when it was stopped.
pub async fn drive<F, Fut>(
    arrivals: &[Arrival],
    bounds: Bounds,
    stop: impl Future<Output = ()>,
    seen: impl Fn(Record) + Clone + Send + 'static,
    call: F,
) -> bool
where
    F: Fn(usize, Kind) -> Fut,
    Fut: Future<Output = Outcome> + Send + 'static,
{
    let mut flight = Flight::new(arrivals, bounds);
    let mut stop = std::pin::pin!(stop);
    let mut whole = true;
    for (n, arrival) in arrivals.iter().enumerate() {
        tokio::select! {
            biased;
            () = &mut stop => {
                whole = false;
                // Those that were held until now have waited; to leave them out would make the run look better than it was.
                let now = flight.now();
                arrivals[n..].iter().take_while(|held| held.due < now).for_each(|held| seen(flight.unsent(held)));
                break;
            }
            place = flight.place(arrival) => match place {
                Some(place) => flight.send(arrival, place, call(n, arrival.kind), seen.clone()),
                None => seen(flight.unsent(arrival)),
            },
        }
    }
    while let Some(call) = flight.calls.join_next().await {
        panicked(call);
    }
    whole
}

struct Flight {
    began: Instant,
    /// Nothing is sent any more.
    until: Instant,
    patience: Duration,
    places: Arc<Semaphore>,
    /// When the last request that was held found a place.
    freed: u64,
    calls: JoinSet<()>,
}

impl Flight {
    fn new(arrivals: &[Arrival], bounds: Bounds) -> Self {
        let began = Instant::now();
        let last = arrivals.last().map_or(0, |arrival| arrival.due);
        Self {
            began,
            until: began + Duration::from_micros(last) + bounds.patience,
            patience: bounds.patience,
            places: Arc::new(Semaphore::new(bounds.in_flight)),
            freed: 0,
            calls: JoinSet::new(),
        }
    }

    fn now(&self) -> u64 {
        micros_since(self.began)
    }

    /// A place at the instant at which the request is due or, where all are taken, later; none when the run is over.
    async fn place(&mut self, arrival: &Arrival) -> Option<OwnedSemaphorePermit> {
        sleep_until(self.began + Duration::from_micros(arrival.due)).await;
        if let Ok(place) = self.places.clone().try_acquire_owned() {
            return Some(place);
        }
        let place = tokio::select! {
            biased;
            place = self.places.clone().acquire_owned() => place.ok(),
            () = sleep_until(self.until) => None,
        };
        self.freed = self.now();
        place
    }

    fn send(
        &mut self,
        arrival: &Arrival,
        place: OwnedSemaphorePermit,
        call: impl Future<Output = Outcome> + Send + 'static,
        seen: impl Fn(Record) + Send + 'static,
    ) {
        let (Arrival { due, kind }, began, patience) = (*arrival, self.began, self.patience);
        let sent = self.now().max(due);
        let held = held(due, self.freed);
        self.calls.spawn(async move {
            let outcome = timeout(patience, call).await.unwrap_or(Outcome::NoAnswer);
            drop(place);
            seen(Record { kind, due, sent, done: micros_since(began).max(sent), held, outcome });
        });
        while let Some(call) = self.calls.try_join_next() {
            panicked(call);
        }
    }

    fn unsent(&self, arrival: &Arrival) -> Record {
        let (Arrival { due, kind }, now) = (*arrival, self.now().max(arrival.due));
        Record { kind, due, sent: now, done: now, held: now - due, outcome: Outcome::Unsent }
    }
}

/// Requests go in order: until one that was held before it had its place, it waited for the bound, too.
const fn held(due: u64, freed: u64) -> u64 {
    freed.saturating_sub(due)
}

fn micros_since(began: Instant) -> u64 {
    u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX)
}

/// A fault of ours must not pass for one of the cluster's.
fn panicked(call: Result<(), JoinError>) {
    if let Err(error) = call {
        std::panic::resume_unwind(error.into_panic());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{future::pending, sync::Mutex};

    const BOUNDS: Bounds = Bounds { in_flight: 2, patience: Duration::from_secs(20) };

    /// One request every `gap` milliseconds.
    fn every(gap: u64, count: u64) -> Vec<Arrival> {
        (0..count).map(|n| Arrival { due: n * gap * 1000, kind: Kind::List }).collect()
    }

    /// The records in the order in which they were due, of calls that take so many milliseconds.
    async fn driven(arrivals: &[Arrival], bounds: Bounds, takes: fn(usize) -> u64) -> Vec<Record> {
        let records = Arc::new(Mutex::new(Vec::new()));
        let kept = records.clone();
        let seen = move |record| kept.lock().unwrap().push(record);
        let whole = drive(arrivals, bounds, pending(), seen, |n, _| async move {
            tokio::time::sleep(Duration::from_millis(takes(n))).await;
            Outcome::Ok
        });
        assert!(whole.await);
        let mut records = records.lock().unwrap().clone();
        records.sort_by_key(|record| record.due);
        records
    }

    #[tokio::test(start_paused = true)]
    async fn who_comes_while_the_cluster_stands_still_has_waited_since_then() {
        // The third call stands still for half a second, and with it the other place: both are taken.
        let records = driven(&every(10, 100), BOUNDS, |n| if n == 2 || n == 3 { 500 } else { 1 }).await;
        let fourth = &records[4];
        assert_eq!((fourth.due, fourth.sent, fourth.held), (40_000, 520_000, 480_000));
        assert_eq!((fourth.from_due(), fourth.from_sent(), fourth.late()), (481_000, 1_000, 0));
        let slow = |of: fn(&Record) -> u64| records.iter().filter(|record| of(record) > 50_000).count();
        assert_eq!(slow(Record::from_sent), 2, "a closed loop would have seen two slow calls");
        assert!(slow(Record::from_due) > 40, "of those that were due meanwhile: {}", slow(Record::from_due));
    }

    #[tokio::test(start_paused = true)]
    async fn below_the_bound_nothing_is_held() {
        let records = driven(&every(10, 50), BOUNDS, |_| 15).await;
        assert!(records.iter().all(|record| record.held == 0 && record.from_due() == 15_000), "{records:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_held_until_the_run_is_over_is_unsent_and_counts_with_what_it_waited() {
        let bounds = Bounds { in_flight: 1, patience: Duration::from_secs(1) };
        let records = driven(&every(10, 10), bounds, |_| 100_000).await;
        assert_eq!(records[0].outcome, Outcome::NoAnswer);
        // The first is given up after a second, the second takes its place, and a second after the last instant it is over.
        assert_eq!((records[1].outcome.clone(), records[1].sent), (Outcome::NoAnswer, 1_000_000));
        let unsent = &records[2];
        assert_eq!((unsent.outcome.clone(), unsent.due, unsent.from_due()), (Outcome::Unsent, 20_000, 1_070_000));
    }

    #[tokio::test(start_paused = true)]
    async fn a_stop_leaves_out_what_is_not_yet_due() {
        let records = Arc::new(Mutex::new(Vec::new()));
        let kept = records.clone();
        let seen = move |record| kept.lock().unwrap().push(record);
        let stop = tokio::time::sleep(Duration::from_millis(55));
        let whole = drive(&every(10, 100), BOUNDS, stop, seen, |_, _| async { Outcome::Ok }).await;
        assert_eq!((whole, records.lock().unwrap().len()), (false, 6));
    }

    #[tokio::test(start_paused = true)]
    async fn a_stop_does_not_leave_out_what_was_held_until_then() {
        let records = Arc::new(Mutex::new(Vec::new()));
        let kept = records.clone();
        let seen = move |record: Record| kept.lock().unwrap().push(record.outcome);
        let stop = tokio::time::sleep(Duration::from_millis(55));
        drive(&every(10, 100), BOUNDS, stop, seen, |_, _| async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            Outcome::Ok
        })
        .await;
        let count = |of: &Outcome| records.lock().unwrap().iter().filter(|outcome| *outcome == of).count();
        assert_eq!((count(&Outcome::Ok), count(&Outcome::Unsent)), (2, 4));
    }
}
