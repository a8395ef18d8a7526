//! Whether a database keeps the invariants (docs/invariants.md), as an operator or a test may ask at any moment between two commits.
//!
//! | checked | how |
//! |---|---|
//! | I4 | versions dense, state version = newest event, replay gives the stored state byte for byte and the same row, positions dense |
//! | I5 | consumed no further than produced; what was consumed shows its effect, or its case is parked or was given up ([`verify_effects`]) |
//! | I7 | nothing unconsumed for longer than a bound |
//! | I8 | every event leads on from the state before it, and the kind's own table allows it ([`crate::Case::legal`], also for I12) |
//! | I11 | the log holds the events of each case in order, none skipped |
//! | I13 to I16 | the armed timer is the earliest that the state names, armed by an event of the case, none long past |
//!
//! How late something is, is judged by the data: against the instant at which the cluster ended or, after a crash, the newest event. Until
//! then it was surely at work, and it was not before it had started.
//!
//! It reads by pages in the order of keys and keeps one page of cases, and the cases of one partition, in memory.

mod cases;
mod effects;
mod log;

pub use effects::{Expects, verify_effects};

use crate::{
    case::DueTimer,
    error::StoreError,
    kinds::Kinds,
    store::{ParkedEvent, Store},
};
use civic::{CaseId, Micros};
use queue::Position;
use std::{collections::BTreeMap, fmt};

/// Violations kept; beyond that they are only counted.
const KEPT: usize = 1000;
/// Due timers looked at together.
const DUE: usize = 1024;

/// What [`verify`] compares with.
#[derive(Debug, Clone)]
pub struct Bounds {
    /// The cluster was at work from here...
    pub since: Micros,
    /// ...to here; `None`: to the newest event that is found.
    pub until: Option<Micros>,
    /// How long, in microseconds, an event may be without a position or a consumer and a due timer unfired while it was.
    pub late: i64,
    pub partitions: u16,
    /// Heads of the logs that are consumed here, by producer, as far as they are known.
    pub heads: BTreeMap<String, Vec<Position>>,
}

impl Bounds {
    /// Something that could have been done from `due` on and was not, by the end of what is known.
    fn is_late(&self, due: Micros, newest: Micros) -> bool {
        self.until.unwrap_or(newest).0.saturating_sub(due.max(self.since).0) > self.late
    }
}

/// An invariant, by its number in docs/invariants.md.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Invariant {
    /// Dense versions and positions; the state is what its events give.
    I4,
    /// One effect an event.
    I5,
    /// Nothing is stuck.
    I7,
    /// Only what the table allows.
    I8,
    /// The events of a case in order.
    I11,
    /// A timer is armed exactly while the state names it.
    I13,
    /// Bounded lateness.
    I16,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    pub invariant: Invariant,
    pub case: Option<CaseId>,
    /// What was found, and what should have been.
    pub found: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.invariant)?;
        if let Some(case) = self.case {
            write!(f, " {case}")?;
        }
        write!(f, ": {}", self.found)
    }
}

/// What was looked at and what was wrong.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    pub cases: u64,
    pub events: u64,
    pub timers: u64,
    /// Cases whose row is of an older schema and will be rebuilt when next written.
    pub stale: u64,
    /// Not violations, but somebody must decide about them.
    pub parked: Vec<ParkedEvent>,
    /// The first thousand.
    pub violations: Vec<Violation>,
    /// Violations beyond those.
    pub more: u64,
    /// When the newest event happened.
    pub newest: Micros,
}

impl Default for Report {
    fn default() -> Self {
        Self {
            cases: 0,
            events: 0,
            timers: 0,
            stale: 0,
            parked: Vec::new(),
            violations: Vec::new(),
            more: 0,
            newest: Micros(i64::MIN),
        }
    }
}

impl Report {
    pub fn is_clean(&self) -> bool {
        self.violations.is_empty()
    }

    fn add(&mut self, invariant: Invariant, case: Option<CaseId>, found: impl Into<String>) {
        if self.violations.len() < KEPT {
            self.violations.push(Violation { invariant, case, found: found.into() });
        } else {
            self.more += 1;
        }
    }
}

/// Looks at everything. An error means that the database could not be read to its end, which is a finding by itself.
pub async fn verify(store: &dyn Store, kinds: &Kinds, bounds: &Bounds) -> Result<Report, StoreError> {
    let mut report = Report::default();
    let by_partition = cases::check(store, kinds, bounds, &mut report).await?;
    unfired(store, bounds, &mut report).await?;
    log::check(store, bounds, &by_partition, &mut report).await?;
    consumers(store, bounds, &mut report).await?;
    Ok(report)
}

/// Timers long past. Behind the look at all cases, because only then the newest event is known.
async fn unfired(store: &dyn Store, bounds: &Bounds, report: &mut Report) -> Result<(), StoreError> {
    let newest = report.newest;
    let reached = bounds.until.unwrap_or(newest);
    let mut last: Option<DueTimer> = None;
    loop {
        let page = store.due_timers(reached, last.as_ref(), DUE).await?;
        for timer in page.iter().filter(|timer| bounds.is_late(timer.due, newest)) {
            let found =
                format!("timer {} was due at {}, and the cluster was at work until {reached}", timer.name, timer.due);
            report.add(Invariant::I16, Some(timer.case), found);
        }
        last = page.last().cloned();
        if page.len() < DUE {
            return Ok(());
        }
    }
}

async fn consumers(store: &dyn Store, bounds: &Bounds, report: &mut Report) -> Result<(), StoreError> {
    report.parked = store.parked().await?;
    for producer in store.producers().await? {
        let consumed = store.consumed(&producer).await?;
        for (part, (at, head)) in consumed.iter().zip(bounds.heads.get(&producer).into_iter().flatten()).enumerate() {
            if at > head {
                report.add(
                    Invariant::I5,
                    None,
                    format!("partition {part} of {producer} is consumed up to {at}, its head is {head}"),
                );
            }
        }
        let ahead = report.parked.iter().filter(|p| p.producer == producer);
        let ahead: Vec<String> = ahead
            .filter(|p| consumed.get(usize::from(p.partition)).is_some_and(|at| p.position > *at))
            .map(|p| format!("{} of {producer} is parked at {}, which is not consumed", p.subject, p.position))
            .collect();
        for found in ahead {
            report.add(Invariant::I5, None, found);
        }
    }
    Ok(())
}
