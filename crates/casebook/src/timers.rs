//! What must happen later. Timers are rows; whoever finds one due hands it to the service, whose command takes effect once by
//! the generation in the row, whichever replica fires it. Nothing scans open cases.

use crate::{book::Casebook, case::DueTimer, error::StoreError};
use async_trait::async_trait;
use civic::Micros;
use std::{future::Future, sync::Arc, time::Duration};

/// Due timers handed out at once.
const BATCH: usize = 512;
/// Looks at the clock at least so often: a clock that was set forward is noticed.
const LONGEST_SLEEP: Duration = Duration::from_secs(1);

/// A service's answer to a timer that came due.
#[async_trait]
pub trait Fire: Send + Sync + 'static {
    /// Must leave the timer fired or cancelled; an error is tried again.
    async fn fire(&self, timer: DueTimer) -> Result<(), StoreError>;
}

/// Fires due timers until `stop` completes.
pub async fn run_timers(book: Casebook, fire: Arc<dyn Fire>, stop: impl Future<Output = ()> + Send) {
    tokio::pin!(stop);
    loop {
        let pause = tokio::select! {
            () = &mut stop => return,
            pause = round(&book, &*fire) => pause,
        };
        let mut committed = book.0.committed.clone();
        tokio::select! {
            () = &mut stop => return,
            () = tokio::time::sleep(pause) => {}
            // A commit may have armed an earlier one.
            changed = committed.changed() => if changed.is_err() { return },
        }
    }
}

/// Fires what is due; says how long nothing will be.
async fn round(book: &Casebook, fire: &dyn Fire) -> Duration {
    let now = book.0.clock.now();
    let due = match book.0.store.due_timers(now, BATCH).await {
        Ok(due) => due,
        Err(error) => {
            tracing::warn!(%error, "casebook.timers.read_failed");
            return LONGEST_SLEEP;
        }
    };
    let full = due.len() == BATCH;
    let failed = fire_all(fire, due, now).await;
    if full && !failed {
        return Duration::ZERO;
    }
    let next = book.0.store.next_due().await.ok().flatten();
    let until = next.map_or(LONGEST_SLEEP, |at| Duration::from_micros(u64::try_from(at.0 - now.0).unwrap_or(0)));
    if failed { LONGEST_SLEEP } else { until.clamp(Duration::from_millis(1), LONGEST_SLEEP) }
}

/// All at once: they share a transaction.
async fn fire_all(fire: &dyn Fire, due: Vec<DueTimer>, now: Micros) -> bool {
    let one = |timer: DueTimer| async move {
        metrics::histogram!("casebook_timer_lateness_seconds").record((now.0 - timer.due.0) as f64 / 1e6);
        let (case, name) = (timer.case, timer.name.clone());
        let fired = fire.fire(timer).await;
        if let Err(error) = &fired {
            tracing::warn!(%error, %case, name, "casebook.timers.fire_failed");
        }
        fired.is_err()
    };
    futures_util::future::join_all(due.into_iter().map(one)).await.contains(&true)
}
