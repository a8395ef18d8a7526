//! The only place that spawns: every task has a name, is waited for at the end, and does not die unseen.
//!
//! Three kinds. A *task* may end when it likes. A *worker* has to run until the drain; one that ends before is a fatal
//! error of its own kind, because a consumer or relay that stopped quietly looks like a healthy process that does nothing.
//! A task *aside* is not waited for (signals, upkeep). A panic in any of them is fatal.

use crate::drain::Drain;
use futures_util::FutureExt;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::task::TaskTracker;

/// Why the process cannot go on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fatal {
    /// A task panicked; the panic itself went to stderr through the panic hook.
    #[error("task {task} panicked")]
    Panicked {
        /// Its name.
        task: String,
    },
    /// A worker ended although nobody asked it to.
    #[error("worker {task} ended early")]
    EndedEarly {
        /// Its name.
        task: String,
    },
}

/// Tasks that had not ended when the bound passed; they have been stopped at their next await.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("tasks still running: {}", .names.join(", "))]
pub struct StillRunning {
    /// Their names, oldest first.
    pub names: Vec<String>,
}

type Name = Cow<'static, str>;

/// Spawns and waits. Clones share one set.
#[derive(Clone, Debug)]
pub struct Tasks {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    tracker: TaskTracker,
    drain: Drain,
    running: Mutex<Running>,
    fatal: watch::Sender<Option<Fatal>>,
}

#[derive(Debug, Default)]
struct Running {
    next: u64,
    names: BTreeMap<u64, Name>,
}

impl Tasks {
    /// An empty set, whose workers may end once `drain` has begun.
    #[must_use]
    pub fn new(drain: Drain) -> Self {
        let shared =
            Shared { tracker: TaskTracker::new(), drain, running: Mutex::default(), fatal: watch::Sender::new(None) };
        Self { shared: Arc::new(shared) }
    }

    /// A task that may end when it likes.
    pub fn spawn<F>(&self, name: impl Into<Name>, work: F) -> JoinHandle<()>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.start(name.into(), work, false)
    }

    /// A worker that has to run until the drain begins.
    pub fn spawn_worker<F>(&self, name: impl Into<Name>, work: F) -> JoinHandle<()>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.start(name.into(), work, true)
    }

    /// A task that nobody waits for.
    pub fn spawn_aside<F>(&self, name: impl Into<Name>, work: F) -> JoinHandle<()>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (shared, name) = (Arc::clone(&self.shared), name.into());
        drive(async move {
            if AssertUnwindSafe(work).catch_unwind().await.is_err() {
                shared.report(Fatal::Panicked { task: name.into_owned() });
            }
        })
    }

    fn start<F>(&self, name: Name, work: F, worker: bool) -> JoinHandle<()>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let shared = Arc::clone(&self.shared);
        let place = shared.enter(name.clone());
        let watched = async move {
            let ended = tokio::select! {
                ended = AssertUnwindSafe(work).catch_unwind() => ended,
                () = shared.drain.hard() => Ok(()),
            };
            shared.leave(place);
            let task = name.into_owned();
            if ended.is_err() {
                shared.report(Fatal::Panicked { task });
            } else if worker && !shared.drain.has_begun() {
                shared.report(Fatal::EndedEarly { task });
            }
        };
        drive(self.shared.tracker.track_future(watched))
    }

    /// Ends with the first fatal error; never while all is well.
    pub async fn fatal(&self) -> Fatal {
        let mut watch = self.shared.fatal.subscribe();
        loop {
            if let Some(fatal) = watch.borrow_and_update().clone() {
                return fatal;
            }
            // The sender lives in `self.shared`, so this waits for a report.
            if watch.changed().await.is_err() {
                return std::future::pending().await;
            }
        }
    }

    /// The first fatal error so far.
    #[must_use]
    pub fn fatal_so_far(&self) -> Option<Fatal> {
        self.shared.fatal.borrow().clone()
    }

    /// Waits for tasks and workers to end, at most `bound`, then stops those that are left.
    pub async fn shutdown(&self, bound: Duration) -> Result<(), StillRunning> {
        self.shared.drain.begin();
        self.shared.tracker.close();
        if tokio::time::timeout(bound, self.shared.tracker.wait()).await.is_ok() {
            return Ok(());
        }
        let names = self.shared.running().names.values().map(|name| name.clone().into_owned()).collect();
        self.shared.drain.stop_hard();
        Err(StillRunning { names })
    }
}

impl Shared {
    fn running(&self) -> std::sync::MutexGuard<'_, Running> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enter(&self, name: Name) -> u64 {
        let mut running = self.running();
        running.next += 1;
        let place = running.next;
        running.names.insert(place, name);
        place
    }

    fn leave(&self, place: u64) {
        self.running().names.remove(&place);
    }

    fn report(&self, fatal: Fatal) {
        tracing::error!(%fatal, "a task failed");
        self.fatal.send_if_modified(|first| {
            let new = first.is_none();
            if new {
                *first = Some(fatal);
            }
            new
        });
    }
}

/// Drives a future that ends by itself with what it serves, such as a connection.
#[expect(clippy::disallowed_methods, reason = "this is the one place that spawns")]
pub(crate) fn drive<F>(work: F) -> JoinHandle<()>
where
    F: Future<Output = ()> + Send + 'static,
{
    tokio::spawn(work)
}
