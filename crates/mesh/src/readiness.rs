//! Whether this process should be sent work: named checks, all of which have to hold.
//!
//! A check belongs to the process or to one gRPC service. It starts as not ready and its owner turns it; nothing polls.
//! `/readyz` names those that fail; gRPC health answers per service.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// All checks of a process. Clones share one set.
#[derive(Clone, Debug, Default)]
pub struct Readiness {
    shared: Arc<Shared>,
}

type Name = Cow<'static, str>;

#[derive(Debug)]
struct Shared {
    board: Mutex<Board>,
    changed: watch::Sender<u64>,
}

impl Default for Shared {
    fn default() -> Self {
        Self { board: Mutex::default(), changed: watch::Sender::new(0) }
    }
}

#[derive(Debug, Default)]
struct Board {
    draining: bool,
    checks: BTreeMap<Name, State>,
}

#[derive(Debug)]
struct State {
    service: Option<&'static str>,
    /// `None` when it holds.
    failing: Option<String>,
}

/// A check that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failing {
    /// The check.
    pub check: Cow<'static, str>,
    /// Why, for operators: never personal data.
    pub why: String,
}

impl Readiness {
    /// A check of the whole process, not ready until its owner says so.
    #[must_use]
    pub fn check(&self, name: impl Into<Cow<'static, str>>) -> Check {
        self.register(name.into(), None)
    }

    /// A check of one gRPC service, by its full name such as `jiewang.intake.v1.Intake`.
    #[must_use]
    pub fn check_of(&self, service: &'static str, name: impl Into<Cow<'static, str>>) -> Check {
        self.register(name.into(), Some(service))
    }

    fn register(&self, name: Name, service: Option<&'static str>) -> Check {
        self.change(|board| {
            board.checks.insert(name.clone(), State { service, failing: Some("starting".to_owned()) });
        });
        Check { name, readiness: self.clone() }
    }

    /// Checks that do not hold, by name; `draining` first.
    #[must_use]
    pub fn failing(&self) -> Vec<Failing> {
        let board = self.board();
        let draining =
            board.draining.then(|| Failing { check: "draining".into(), why: "the process is stopping".to_owned() });
        let failed = |(check, state): (&Name, &State)| {
            let failing = |why| Failing { check: check.clone(), why };
            state.failing.clone().map(failing)
        };
        draining.into_iter().chain(board.checks.iter().filter_map(failed)).collect()
    }

    /// Whether everything holds.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.failing().is_empty()
    }

    /// Whether one service can work: its own checks and those of the process hold.
    #[must_use]
    pub fn serves(&self, service: &str) -> bool {
        let board = self.board();
        let concerns = |state: &&State| state.service.is_none_or(|of| of == service);
        !board.draining && board.checks.values().filter(concerns).all(|state| state.failing.is_none())
    }

    /// Ends when everything holds.
    pub async fn ready(&self) {
        let mut changes = self.changes();
        while !self.is_ready() {
            if changes.changed().await.is_err() {
                return;
            }
        }
    }

    /// Counts up with every change.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.shared.changed.subscribe()
    }

    /// Not ready from now on.
    pub(crate) fn drain(&self) {
        self.change(|board| board.draining = true);
    }

    fn board(&self) -> MutexGuard<'_, Board> {
        self.shared.board.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, how: impl FnOnce(&mut Board)) {
        how(&mut self.board());
        self.shared.changed.send_modify(|count| *count += 1);
    }
}

/// One check, in its owner's hands.
#[derive(Clone, Debug)]
pub struct Check {
    name: Name,
    readiness: Readiness,
}

impl Check {
    /// Its name, for logs and metrics.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// It holds.
    pub fn pass(&self) {
        self.set(None);
    }

    /// It does not hold, for a reason that operators may read.
    pub fn fail(&self, why: impl Into<String>) {
        self.set(Some(why.into()));
    }

    fn set(&self, failing: Option<String>) {
        self.readiness.change(|board| {
            if let Some(state) = board.checks.get_mut(&self.name) {
                state.failing = failing;
            }
        });
    }
}
