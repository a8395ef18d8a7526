//! What must happen later. Timers are rows; whoever finds one due hands it to the service, whose command takes effect once by
//! the generation in the row, whichever replica fires it. Nothing scans open cases.

use crate::{book::Casebook, case::DueTimer, error::StoreError};
use async_trait::async_trait;
use civic::{CaseId, Micros};
use std::{
    collections::HashMap,
    future::Future,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{sync::Notify, time::Instant};

/// Due timers handed out at once.
const BATCH: usize = 512;
/// Looks at the clock at least so often: a clock that was set forward, or a timer armed by another replica, is noticed.
const LONGEST_SLEEP: Duration = Duration::from_secs(1);
/// A timer that failed waits so long before the next attempt, and twice as long after each further one.
const FIRST_BACKOFF: Duration = Duration::from_millis(500);
const LAST_BACKOFF: Duration = Duration::from_secs(60);

/// A service's answer to a timer that came due.
#[async_trait]
pub trait Fire: Send + Sync + 'static {
    /// Must leave the timer fired or cancelled; an error is tried again.
    async fn fire(&self, timer: DueTimer) -> Result<(), StoreError>;
}

/// Earliest instant among the timers armed since somebody last looked.
pub(crate) struct Alarm {
    next: Mutex<Micros>,
    earlier: Notify,
}

impl Default for Alarm {
    fn default() -> Self {
        Self { next: Mutex::new(Micros::MAX), earlier: Notify::new() }
    }
}

impl Alarm {
    pub(crate) fn armed(&self, due: Micros) {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        if due < *next {
            *next = due;
            self.earlier.notify_one();
        }
    }

    fn set(&self, due: Micros) {
        *self.next.lock().unwrap_or_else(PoisonError::into_inner) = due;
    }

    /// What is armed from here on wakes the loop if it is earlier than `due`, and so does what was armed since [`Alarm::set`].
    fn lower(&self, due: Micros) -> Micros {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        *next = due.min(*next);
        *next
    }
}

/// Fires due timers until `stop` completes.
pub async fn run_timers(book: Casebook, fire: Arc<dyn Fire>, stop: impl Future<Output = ()> + Send) {
    tokio::pin!(stop);
    let mut rounds = Rounds { book, fire, failed: HashMap::new() };
    loop {
        let pause = tokio::select! {
            () = &mut stop => return,
            pause = rounds.round() => pause,
        };
        tokio::select! {
            () = &mut stop => return,
            () = tokio::time::sleep(pause) => {}
            () = rounds.book.0.alarm.earlier.notified() => {}
        }
    }
}

type Arming = (CaseId, String, i64);

struct Failed {
    again: Instant,
    backoff: Duration,
}

struct Rounds {
    book: Casebook,
    fire: Arc<dyn Fire>,
    /// Timers that could not be fired: they wait, and those behind them do not.
    failed: HashMap<Arming, Failed>,
}

impl Rounds {
    /// Fires what is due; says how long nothing will be.
    async fn round(&mut self) -> Duration {
        self.book.0.alarm.set(Micros::MAX);
        let pause = self.fire_due().await.unwrap_or_else(|error| {
            tracing::warn!(%error, "casebook.timers.read_failed");
            LONGEST_SLEEP
        });
        let started = Instant::now();
        let retry = self.failed.values().map(|f| f.again.saturating_duration_since(started)).min();
        pause.min(retry.unwrap_or(LONGEST_SLEEP)).clamp(Duration::from_millis(1), LONGEST_SLEEP)
    }

    async fn fire_due(&mut self) -> Result<Duration, StoreError> {
        let book = self.book.clone();
        let now = book.now().await?;
        let mut last: Option<DueTimer> = None;
        let mut seen = Vec::new();
        loop {
            let page = book.0.store.due_timers(now, last.as_ref(), BATCH).await?;
            let full = page.len() == BATCH;
            last = page.last().cloned();
            seen.extend(page.iter().map(arming).filter(|a| self.failed.contains_key(a)));
            self.fire_all(page, now).await;
            if !full {
                break;
            }
        }
        // What is not due any more was fired or cancelled by somebody else.
        let started = Instant::now();
        self.failed.retain(|arming, failed| {
            failed.again > started || seen.contains(arming) || failed.backoff == FIRST_BACKOFF
        });
        let next = self.next_due_after(now).await?;
        Ok(Duration::from_micros(u64::try_from(next.0.saturating_sub(now.0)).unwrap_or(0)))
    }

    /// Earliest timer that is not due yet. While failed ones lie in front, the next look is at the latest after the longest sleep.
    async fn next_due_after(&self, now: Micros) -> Result<Micros, StoreError> {
        let next = self.book.0.store.next_due().await?.unwrap_or(Micros::MAX);
        let next = if next <= now { now + i64::try_from(LONGEST_SLEEP.as_micros()).unwrap_or(i64::MAX) } else { next };
        Ok(self.book.0.alarm.lower(next))
    }

    /// All at once: they share a transaction.
    async fn fire_all(&mut self, due: Vec<DueTimer>, now: Micros) {
        let started = Instant::now();
        let ready = |t: &DueTimer| self.failed.get(&arming(t)).is_none_or(|f| f.again <= started);
        let firing = due.into_iter().filter(ready).map(|timer| fire_one(&*self.fire, timer, now));
        for (arming, fired) in futures_util::future::join_all(firing).await {
            let backoff = self.failed.get(&arming).map_or(FIRST_BACKOFF, |f| (f.backoff * 2).min(LAST_BACKOFF));
            if fired {
                self.failed.remove(&arming);
            } else {
                self.failed.insert(arming, Failed { again: started + backoff, backoff });
            }
        }
    }
}

fn arming(timer: &DueTimer) -> Arming {
    (timer.case, timer.name.clone(), timer.generation)
}

async fn fire_one(fire: &dyn Fire, timer: DueTimer, now: Micros) -> (Arming, bool) {
    metrics::histogram!("casebook_timer_lateness_seconds").record((now.0 - timer.due.0) as f64 / 1e6);
    let arming = arming(&timer);
    let fired = fire.fire(timer).await;
    if let Err(error) = &fired {
        tracing::warn!(%error, case = %arming.0, name = arming.1, "casebook.timers.fire_failed");
    }
    (arming, fired.is_ok())
}
