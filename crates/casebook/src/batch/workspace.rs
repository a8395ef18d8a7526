//! The deciding phase of a commit: works run one after the other over what was loaded; later ones see what earlier ones did.

use super::work::{Change, LeaseClaim, Outcome, Step, StepVerdict, Submission, Work};
use crate::{
    case::{DueTimer, Row, Timer},
    store::{CaseRow, EventRow, ParkedEvent},
};
use civic::{CaseId, Micros};
use queue::{Partition, Position};
use std::{
    collections::{BTreeMap, HashMap, HashSet, hash_map::Entry},
    panic::AssertUnwindSafe,
};

/// A remembered request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestRow {
    pub body: [u8; 16],
    pub case: CaseId,
    pub version: i64,
}

/// A taken unique key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UniqueRow {
    pub content: [u8; 16],
    pub case: CaseId,
    pub version: i64,
}

/// (case, name, generation)
pub type TimerKey = (CaseId, String, i64);
/// (producer, subject)
pub type ParkedKey = (String, String);
/// (producer, partition)
pub type LeaseKey = (String, Partition);

/// An armed timer as it is to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Armed {
    pub kind: String,
    pub due: Micros,
    pub generation: i64,
}

/// A case to be written, and its row as it lay in the table, so that a store can touch only the indexes that changed.
#[derive(Debug, Clone)]
pub struct CaseWrite {
    pub case: CaseRow,
    pub stored: Option<Row>,
}

/// A case whose stored row was of another schema: what its table still says.
#[derive(Debug, Clone)]
pub struct Rebuilding {
    pub row: Row,
    pub timers: Vec<Timer>,
}

/// Everything that one transaction writes.
#[derive(Debug, Default)]
pub struct Writes {
    pub cases: HashMap<CaseId, CaseWrite>,
    pub events: Vec<EventRow>,
    /// `None`: cancelled or fired.
    pub timers: BTreeMap<(CaseId, String), Option<Armed>>,
    pub requests: Vec<([u8; 16], RequestRow)>,
    pub uniques: Vec<(String, UniqueRow)>,
    pub consumed: BTreeMap<LeaseKey, Position>,
    pub parked: Vec<ParkedEvent>,
    pub unparked: Vec<ParkedEvent>,
}

/// What a batch needs to know and what it has done so far.
#[derive(Default)]
pub struct Workspace {
    cluster: String,
    cases: HashMap<CaseId, CaseRow>,
    rebuilding: HashMap<CaseId, Rebuilding>,
    requests: HashMap<[u8; 16], RequestRow>,
    uniques: HashMap<String, UniqueRow>,
    /// Generation of what is armed.
    timers: HashMap<(CaseId, String), i64>,
    parked: HashSet<ParkedKey>,
    /// Epoch and consumed position.
    leases: HashMap<LeaseKey, (i64, Position)>,
    pub writes: Writes,
}

impl Workspace {
    /// `cases` and all the others: those that exist of all that the batch names.
    pub fn new(cluster: &str, cases: Vec<CaseRow>) -> Self {
        let cases = cases.into_iter().map(|c| (c.id, c)).collect();
        Self { cluster: cluster.to_owned(), cases, ..Self::default() }
    }

    pub fn with_rebuilding(mut self, rows: impl IntoIterator<Item = (CaseId, Rebuilding)>) -> Self {
        self.rebuilding.extend(rows);
        self
    }

    pub fn with_requests(mut self, rows: impl IntoIterator<Item = ([u8; 16], RequestRow)>) -> Self {
        self.requests.extend(rows);
        self
    }

    pub fn with_uniques(mut self, rows: impl IntoIterator<Item = (String, UniqueRow)>) -> Self {
        self.uniques.extend(rows);
        self
    }

    pub fn with_timers(mut self, rows: impl IntoIterator<Item = TimerKey>) -> Self {
        self.timers.extend(rows.into_iter().map(|(case, name, generation)| ((case, name), generation)));
        self
    }

    pub fn with_parked(mut self, rows: impl IntoIterator<Item = ParkedKey>) -> Self {
        self.parked.extend(rows);
        self
    }

    pub fn with_leases(mut self, rows: impl IntoIterator<Item = (LeaseKey, (i64, Position))>) -> Self {
        self.leases.extend(rows);
        self
    }

    /// Decides every work of a submission; nothing of it is done when a lease that it needs does not hold.
    pub fn run(&mut self, submission: &mut Submission) {
        let lost = self.lost(&submission.leases);
        if !lost.is_empty() {
            for work in &mut submission.works {
                work.outcome = Outcome::LeaseLost(lost.clone());
            }
            return;
        }
        for work in &mut submission.works {
            work.outcome = self.decide(work);
        }
        for lease in &submission.leases {
            let key = (lease.producer.clone(), lease.partition);
            // A second submission of the same slice in this transaction must find that it has been consumed.
            self.leases.insert(key.clone(), (lease.epoch, lease.to));
            self.writes.consumed.insert(key, lease.to);
        }
    }

    /// Partitions whose lease has another epoch or another consumed position than claimed.
    fn lost(&self, claims: &[LeaseClaim]) -> Vec<Partition> {
        let holds = |c: &&LeaseClaim| self.leases.get(&(c.producer.clone(), c.partition)) != Some(&(c.epoch, c.from));
        claims.iter().filter(holds).map(|c| c.partition).collect()
    }

    fn decide(&mut self, work: &mut Work) -> Outcome {
        if let Some(outcome) = self.settled_before(work) {
            return outcome;
        }
        let mut changes: Vec<Change> = Vec::with_capacity(work.steps.len());
        let mut versions = Vec::with_capacity(work.steps.len());
        let mut stays = false;
        for step in &mut work.steps {
            let id = step.case();
            let decided = changes.iter().rev().map(|c| &c.case).find(|c| c.id == id);
            let written = || self.writes.cases.get(&id).map(|w| &w.case);
            let current = decided.or_else(written).or_else(|| self.cases.get(&id));
            match decide(step.as_mut(), current, &self.cluster) {
                StepVerdict::Change(change) => {
                    stays = stays_armed(work.timer.as_ref(), id, &change.timers, stays);
                    versions.push(change.case.version);
                    changes.push(*change);
                }
                StepVerdict::Unchanged(version, timers) => {
                    stays = stays_armed(work.timer.as_ref(), id, &timers, stays);
                    versions.push(version);
                }
                StepVerdict::Refused(_) if work.refusal_is_fine => {
                    self.settle_parked(work);
                    return Outcome::Refused;
                }
                StepVerdict::Refused(reason) | StepVerdict::Failed(reason) => return self.refuse(work, reason),
            }
        }
        self.keep(work, changes, &versions, stays);
        Outcome::Committed { versions }
    }

    /// What was decided by an earlier transaction, an earlier work of this one, or a parked event in front.
    fn settled_before(&mut self, work: &Work) -> Option<Outcome> {
        if let Some(event) = &work.parked
            && self.parked.contains(&(event.producer.clone(), event.subject.clone()))
        {
            let waiting = ParkedEvent { reason: "waits behind an earlier parked event".to_owned(), ..event.clone() };
            self.writes.parked.push(waiting);
            return Some(Outcome::Parked);
        }
        let known = self.known(work);
        if known.is_some() {
            self.settle_parked(work);
            return known;
        }
        let timer = work.timer.as_ref()?;
        let armed = self.timers.get(&(timer.case, timer.name.clone()));
        (armed != Some(&timer.generation)).then_some(Outcome::TimerGone)
    }

    fn known(&self, work: &Work) -> Option<Outcome> {
        if let Some(request) = &work.request
            && let Some(row) = self.requests.get(&request.key)
        {
            let same_body = row.body == request.body;
            return Some(Outcome::Repeated { case: row.case, version: row.version, same_body });
        }
        work.uniques.iter().find_map(|unique| {
            let row = self.uniques.get(&unique.key)?;
            Some(Outcome::Taken {
                key: unique.key.clone(),
                case: row.case,
                version: row.version,
                same_content: row.content == unique.content,
            })
        })
    }

    fn refuse(&mut self, work: &Work, reason: String) -> Outcome {
        if let Some(event) = &work.parked {
            self.parked.insert((event.producer.clone(), event.subject.clone()));
            self.writes.parked.push(ParkedEvent { reason, ..event.clone() });
            return Outcome::Parked;
        }
        Outcome::Refused
    }

    fn settle_parked(&mut self, work: &Work) {
        self.writes.unparked.extend(work.unpark.clone());
    }

    fn keep(&mut self, work: &Work, changes: Vec<Change>, versions: &[i64], timer_stays: bool) {
        if let (Some(step), Some(&version)) = (work.steps.first(), versions.first()) {
            let case = step.case();
            if let Some(request) = &work.request {
                let row = RequestRow { body: request.body, case, version };
                self.requests.insert(request.key, row.clone());
                self.writes.requests.push((request.key, row));
            }
            for unique in &work.uniques {
                let row = UniqueRow { content: unique.content, case, version };
                self.uniques.insert(unique.key.clone(), row.clone());
                self.writes.uniques.push((unique.key.clone(), row));
            }
        }
        // A timer that the state still names has not fired: the rules found that it was too early.
        if let Some(timer) = work.timer.as_ref().filter(|_| !timer_stays) {
            self.disarm(timer.case, &timer.name);
        }
        self.settle_parked(work);
        for change in changes {
            self.keep_change(change);
        }
    }

    fn disarm(&mut self, case: CaseId, name: &str) {
        let key = (case, name.to_owned());
        self.timers.remove(&key);
        self.writes.timers.insert(key, None);
    }

    fn keep_change(&mut self, change: Change) {
        let Change { case, events, timers_before, timers } = change;
        let id = case.id;
        let rebuilding = self.rebuilding.remove(&id);
        let before = rebuilding.as_ref().map_or(&timers_before, |r| &r.timers);
        let gone: Vec<&Timer> = before.iter().filter(|t| !timers.contains(t)).collect();
        for timer in gone {
            self.disarm(id, &timer.name);
        }
        for Timer { name, due } in timers.into_iter().filter(|t| !before.contains(t)) {
            let generation = case.version;
            self.timers.insert((id, name.clone()), generation);
            self.writes.timers.insert((id, name), Some(Armed { kind: case.kind.clone(), due, generation }));
        }
        self.writes.events.extend(events);
        match self.writes.cases.entry(id) {
            Entry::Occupied(mut write) => write.get_mut().case = case,
            Entry::Vacant(write) => {
                let loaded = self.cases.remove(&id).map(|c| c.row);
                write.insert(CaseWrite { case, stored: rebuilding.map(|r| r.row).or(loaded) });
            }
        }
    }
}

/// Whether the timer that fires is still named by its case, whose timers these are; a step on another case says nothing about it.
fn stays_armed(firing: Option<&DueTimer>, case: CaseId, timers: &[Timer], before: bool) -> bool {
    match firing {
        Some(f) if f.case == case => timers.iter().any(|t| t.name == f.name && t.due == f.due),
        Some(_) | None => before,
    }
}

impl Writes {
    pub fn is_empty(&self) -> bool {
        self.cases.is_empty()
            && self.timers.is_empty()
            && self.requests.is_empty()
            && self.uniques.is_empty()
            && self.consumed.is_empty()
            && self.parked.is_empty()
            && self.unparked.is_empty()
    }

    /// Earliest instant among the timers that are armed.
    pub fn earliest(&self) -> Option<Micros> {
        self.timers.values().flatten().map(|t| t.due).min()
    }
}

/// A rule that panics must not take the committer with it: the same event would be read first after every restart.
fn decide(step: &mut dyn Step, current: Option<&CaseRow>, cluster: &str) -> StepVerdict {
    std::panic::catch_unwind(AssertUnwindSafe(|| step.decide(current, cluster))).unwrap_or_else(|_| {
        tracing::error!(case = %step.case(), "casebook.rule.panicked");
        StepVerdict::Failed("a rule panicked".to_owned())
    })
}
