//! Positions on PostgreSQL. Several replicas commit at once there, so an event gets its position after its commit, by whichever
//! replica's relay comes first; the rows of `heads` are the lock, held for one transaction, so nothing outlives a crash.

use crate::{book::Casebook, error::StoreError};
use std::{future::Future, time::Duration};

/// Events placed in one transaction.
const BATCH: usize = 1024;
/// Commits of other replicas wake nobody here, and a replica that died may have left events behind.
const POLL: Duration = Duration::from_millis(200);
/// While another replica places the same partitions.
const RETRY: Duration = Duration::from_secs(1);

/// Gives positions and hears of those that other replicas gave, until `stop` completes. Where the commit gives them, there is nothing to
/// do and this only waits.
pub async fn run_relay(book: Casebook, stop: impl Future<Output = ()> + Send) {
    tokio::select! {
        () = stop => {}
        () = place_for_ever(&book) => {}
        () = hear_for_ever(&book) => {}
    }
}

/// Ends with the committer.
async fn place_for_ever(book: &Casebook) {
    let mut committed = book.0.committed.clone();
    loop {
        committed.mark_unchanged();
        let pause = place_all(book).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "casebook.relay.failed");
            RETRY
        });
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            changed = committed.changed() => if changed.is_err() { return },
        }
    }
}

async fn hear_for_ever(book: &Casebook) {
    loop {
        match book.0.store.heard().await {
            Ok(()) => book.0.heard.send_modify(|n| *n += 1),
            Err(error) => {
                tracing::warn!(%error, "casebook.relay.deaf");
                tokio::time::sleep(RETRY).await;
            }
        }
    }
}

/// Places whatever waits, and tells the readers of this process.
async fn place_all(book: &Casebook) -> Result<Duration, StoreError> {
    let mut placed = 0;
    loop {
        let some = book.0.store.place(BATCH).await?;
        placed += some;
        if some == 0 {
            break;
        }
        book.0.placed.send_modify(|n| *n += 1);
    }
    metrics::counter!("casebook_relay_placed_total").increment(u64::try_from(placed).unwrap_or(u64::MAX));
    Ok(POLL)
}
