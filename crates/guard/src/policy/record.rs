//! What is refused, and that policies were changed, on record before anybody hears of it: in the journal of the service that was asked.

use casebook::{Casebook, Journal, JournalEntry};
use civic::{Actor, Clock};
use queue::EventSource as _;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::oneshot;

/// The journals of the services of this process.
pub(super) struct Record {
    journals: Vec<Written>,
    clock: Arc<dyn Clock>,
}

/// One of them. Who comes while somebody writes is written with all who came: a flood of refusals is a few commits.
struct Written {
    book: Casebook,
    waiting: Mutex<Vec<(JournalEntry, oneshot::Sender<bool>)>>,
    writing: tokio::sync::Mutex<()>,
}

impl Record {
    pub(super) fn new(books: &[Casebook], clock: Arc<dyn Clock>) -> Self {
        let written =
            |book: &Casebook| Written { book: book.clone(), waiting: Mutex::default(), writing: Default::default() };
        Self { journals: books.iter().map(written).collect(), clock }
    }

    /// Somebody was refused an rpc.
    pub(super) async fn refused(&self, actor: &Actor, act: &str) {
        self.told(actor, act, "policy.refused", "ROLE_DENIED").await;
    }

    /// Somebody uses an rpc on what two people opened; `false` when that is not on record.
    pub(super) async fn looked(&self, actor: &Actor, act: &str) -> bool {
        self.told(actor, act, "glass.looked", "").await
    }

    async fn told(&self, actor: &Actor, act: &str, action: &str, reason: &str) -> bool {
        let own = |written: &&Written| act.split('.').nth(1) == Some(written.book.service());
        let Some(journal) = self.journals.iter().find(own).or(self.journals.first()) else { return false };
        let entry = JournalEntry {
            at: self.clock.now(),
            actor: format!("{}/{}", actor.role, actor.subject),
            action: action.to_owned(),
            subject: act.to_owned(),
            reason: reason.to_owned(),
        };
        journal.put(entry).await
    }

    /// Other policies are in force, or were refused; `digest` is that of the files.
    pub(super) async fn changed(&self, action: &str, digest: String, reason: String) {
        let at = self.clock.now();
        let actor = "service/guard".to_owned();
        let entry = JournalEntry { at, actor, action: action.to_owned(), subject: digest, reason };
        for journal in &self.journals {
            journal.put(entry.clone()).await;
        }
    }
}

impl Written {
    /// Whether it is on record.
    async fn put(&self, entry: JournalEntry) -> bool {
        loop {
            let (tell, told) = oneshot::channel();
            self.lock().push((entry.clone(), tell));
            self.write().await;
            // Dropped when whoever wrote for us went away in the middle.
            if let Ok(recorded) = told.await {
                return recorded;
            }
        }
    }

    async fn write(&self) {
        let _writing = self.writing.lock().await;
        let (entries, tells): (Vec<_>, Vec<_>) = std::mem::take(&mut *self.lock()).into_iter().unzip();
        if entries.is_empty() {
            return;
        }
        let recorded = self.book.record(&entries).await;
        if let Err(error) = &recorded {
            metrics::counter!("guard_refusals_unrecorded_total").increment(entries.len() as u64);
            tracing::error!(error = error as &dyn std::error::Error, entries = entries.len(), "guard.record.failed");
        }
        for tell in tells {
            let _ = tell.send(recorded.is_ok());
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<(JournalEntry, oneshot::Sender<bool>)>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
