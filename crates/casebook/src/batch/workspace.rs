//! The deciding phase of a commit: works run one after the other over what was loaded; later ones see what earlier ones did.

use super::work::{Change, Outcome, StepVerdict, Submission, Work};
use crate::{
    case::{Row, Timer},
    store::{CaseRow, EventRow, ParkedEvent},
};
use civic::{CaseId, Micros};
use queue::{Partition, Position};
use std::collections::{BTreeMap, HashMap, HashSet};

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

/// A case to be written, and its row as it lay in the table, so that a store can touch only the indexes that changed.
#[derive(Debug, Clone)]
pub struct CaseWrite {
    pub case: CaseRow,
    pub stored: Option<Row>,
}

/// Everything that one transaction writes.
#[derive(Debug, Default)]
pub struct Writes {
    pub cases: BTreeMap<CaseId, CaseWrite>,
    pub events: Vec<EventRow>,
    /// Armed: due instant and generation. `None`: cancelled or fired.
    pub timers: BTreeMap<(CaseId, String), Option<(Micros, i64)>>,
    pub requests: BTreeMap<[u8; 16], RequestRow>,
    pub uniques: BTreeMap<String, UniqueRow>,
    pub consumed: Vec<(String, Partition, Position)>,
    pub parked: Vec<ParkedEvent>,
    pub unparked: Vec<ParkedEvent>,
}

/// What a batch needs to know and what it has done so far.
pub struct Workspace {
    cluster: String,
    cases: HashMap<CaseId, CaseRow>,
    stored: HashMap<CaseId, Row>,
    requests: HashMap<[u8; 16], RequestRow>,
    uniques: HashMap<String, UniqueRow>,
    timers: HashSet<TimerKey>,
    parked: HashSet<ParkedKey>,
    pub writes: Writes,
}

impl Workspace {
    /// `cases`, `requests`, `uniques`, `timers`: those that exist of all that the batch names.
    pub fn new(cluster: &str, cases: Vec<CaseRow>) -> Self {
        Self {
            cluster: cluster.to_owned(),
            stored: cases.iter().map(|c| (c.id, c.row.clone())).collect(),
            cases: cases.into_iter().map(|c| (c.id, c)).collect(),
            requests: HashMap::new(),
            uniques: HashMap::new(),
            timers: HashSet::new(),
            parked: HashSet::new(),
            writes: Writes::default(),
        }
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
        self.timers.extend(rows);
        self
    }

    pub fn with_parked(mut self, rows: impl IntoIterator<Item = ParkedKey>) -> Self {
        self.parked.extend(rows);
        self
    }

    /// Decides every work of a submission. The leases have been checked by the store: `lost` names those that no longer hold,
    /// and then nothing of the submission is done.
    pub fn run(&mut self, submission: &mut Submission, lost: &[Partition]) {
        if !lost.is_empty() {
            for work in &mut submission.works {
                work.outcome = Outcome::LeaseLost(lost.to_vec());
            }
            return;
        }
        for work in &mut submission.works {
            work.outcome = self.decide(work);
        }
        for lease in &submission.leases {
            self.writes.consumed.push((lease.producer.clone(), lease.partition, lease.to));
        }
    }

    fn decide(&mut self, work: &mut Work) -> Outcome {
        if let Some(outcome) = self.settled_before(work) {
            return outcome;
        }
        let mut changes: Vec<Change> = Vec::with_capacity(work.steps.len());
        let mut versions = Vec::with_capacity(work.steps.len());
        for step in &mut work.steps {
            let id = step.case();
            let current = changes.iter().rev().map(|c| &c.case).find(|c| c.id == id).or_else(|| self.cases.get(&id));
            match step.decide(current, &self.cluster) {
                StepVerdict::Change(change) => {
                    versions.push(change.case.version);
                    changes.push(*change);
                }
                StepVerdict::Unchanged(version) => versions.push(version),
                StepVerdict::Refused(reason) => return self.refuse(work, reason),
            }
        }
        self.keep(work, changes, &versions);
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
        if let Some(request) = &work.request
            && let Some(row) = self.requests.get(&request.key)
        {
            return Some(Outcome::Repeated {
                case: row.case,
                version: row.version,
                same_body: row.body == request.body,
            });
        }
        for unique in &work.uniques {
            if let Some(row) = self.uniques.get(&unique.key) {
                return Some(Outcome::Taken {
                    key: unique.key.clone(),
                    case: row.case,
                    version: row.version,
                    same_content: row.content == unique.content,
                });
            }
        }
        let timer = work.timer.as_ref()?;
        let key = (timer.case, timer.name.clone(), timer.generation);
        (!self.timers.remove(&key)).then_some(Outcome::TimerGone)
    }

    fn refuse(&mut self, work: &Work, reason: String) -> Outcome {
        if work.refusal_is_fine {
            self.settle_parked(work);
            return Outcome::Refused;
        }
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

    fn keep(&mut self, work: &Work, changes: Vec<Change>, versions: &[i64]) {
        if let (Some(step), Some(&version)) = (work.steps.first(), versions.first()) {
            let case = step.case();
            if let Some(request) = &work.request {
                let row = RequestRow { body: request.body, case, version };
                self.requests.insert(request.key, row.clone());
                self.writes.requests.insert(request.key, row);
            }
            for unique in &work.uniques {
                let row = UniqueRow { content: unique.content, case, version };
                self.uniques.insert(unique.key.clone(), row.clone());
                self.writes.uniques.insert(unique.key.clone(), row);
            }
        }
        if let Some(timer) = &work.timer {
            self.writes.timers.insert((timer.case, timer.name.clone()), None);
        }
        self.settle_parked(work);
        for change in changes {
            self.keep_change(change);
        }
    }

    fn keep_change(&mut self, change: Change) {
        let Change { case, events, timers_before, timers } = change;
        let id = case.id;
        for gone in timers_before.iter().filter(|t| !timers.contains(t)) {
            self.writes.timers.insert((id, gone.name.clone()), None);
        }
        for Timer { name, due } in timers.into_iter().filter(|t| !timers_before.contains(t)) {
            self.timers.insert((id, name.clone(), case.version));
            self.writes.timers.insert((id, name), Some((due, case.version)));
        }
        self.writes.events.extend(events);
        self.writes.cases.insert(id, CaseWrite { stored: self.stored.get(&id).cloned(), case: case.clone() });
        self.cases.insert(id, case);
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
}
