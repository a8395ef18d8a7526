//! Replicas over one database tell each other when they have added to the log.

use crate::{book::Casebook, error::StoreError};
use std::{future::Future, time::Duration};

/// After the database could not be asked.
const RETRY: Duration = Duration::from_secs(1);

/// Tells the others of what this process commits and hears of what they do, until `stop` completes. Where nobody else writes, this only
/// waits.
pub async fn follow_replicas(book: Casebook, stop: impl Future<Output = ()> + Send) {
    tokio::select! {
        () = stop => {}
        () = tell_for_ever(&book) => {}
        () = hear_for_ever(&book) => {}
    }
}

/// Commits that follow each other closely are told together. Ends with the committer.
async fn tell_for_ever(book: &Casebook) {
    let mut placed = book.0.placed.subscribe();
    while placed.changed().await.is_ok() {
        pause_after(book.0.store.tell().await).await;
    }
}

async fn hear_for_ever(book: &Casebook) {
    loop {
        let heard = book.0.store.heard().await;
        // What was said while nobody listened is not heard later: a failure counts, too.
        book.0.heard.send_modify(|n| *n += 1);
        pause_after(heard).await;
    }
}

async fn pause_after(done: Result<(), StoreError>) {
    if let Err(error) = done {
        tracing::warn!(%error, "casebook.replicas.failed");
        tokio::time::sleep(RETRY).await;
    }
}
