//! Submissions, works and steps.

use crate::{
    case::{DueTimer, Timer},
    seal::Sealer,
    store::{CaseRow, EventRow, ParkedEvent},
};
use civic::CaseId;
use queue::{Partition, Position};
use std::{any::Any, sync::Arc};

/// Identity of a request: keyed hashes, so that nothing a client sent stands in the clear.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RequestKey {
    /// Of (caller, rpc, request id).
    pub key: [u8; 16],
    /// Of the decoded request without its id.
    pub body: [u8; 16],
}

/// What happens when a unique key is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnTaken {
    /// Same content: answer with the first case. Other content: refuse.
    FirstCase,
    Refuse,
}

/// A key that belongs to one case for ever, such as a channel's own number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unique {
    pub key: String,
    pub content: [u8; 16],
    pub on_taken: OnTaken,
}

/// The right to consume a partition, and how far it is consumed when the submission commits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeaseClaim {
    pub producer: String,
    pub partition: Partition,
    pub epoch: i64,
    pub from: Position,
    pub to: Position,
}

/// What a step wants written.
#[derive(Debug, Clone)]
pub struct Change {
    pub case: CaseRow,
    pub events: Vec<EventRow>,
    /// Timers of the state before and after: the store writes the difference.
    pub timers_before: Vec<Timer>,
    pub timers: Vec<Timer>,
}

/// A step's decision. Why it refused stays inside the step, typed.
#[derive(Debug)]
pub enum StepVerdict {
    Change(Box<Change>),
    /// Nothing to do; the case stands at this version and wants these timers.
    Unchanged(i64, Vec<Timer>),
    /// With the reason in words, for parking.
    Refused(String),
    /// Not the rules: a corrupt row, another owner, a rule that panicked. Never passed over; an event that meets it is parked.
    Failed(String),
}

/// One command on one case, its types erased. Deciding may run again when the database asks for it.
pub trait Step: Send + Sync {
    fn case(&self) -> CaseId;
    /// Who seals the texts of cases: said before anything is decided.
    fn seal_with(&mut self, sealer: &Arc<dyn Sealer>) {
        let _ = sealer;
    }
    /// The store has brought the state to the present schema before.
    fn decide(&mut self, current: Option<&CaseRow>, cluster: &str) -> StepVerdict;
    fn into_any(self: Box<Self>) -> Box<dyn Any + Send>;
}

/// How a work ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    Pending,
    /// Version of every step's case after it.
    Committed {
        versions: Vec<i64>,
    },
    /// The request was committed before.
    Repeated {
        case: CaseId,
        version: i64,
        same_body: bool,
    },
    Taken {
        key: String,
        case: CaseId,
        version: i64,
        same_content: bool,
    },
    TimerGone,
    Refused,
    /// Waits behind a parked event of its case.
    Parked,
    LeaseLost(Vec<Partition>),
}

/// Steps that commit together or not at all.
pub struct Work {
    pub steps: Vec<Box<dyn Step>>,
    pub request: Option<RequestKey>,
    pub uniques: Vec<Unique>,
    pub timer: Option<DueTimer>,
    /// The event that asks for it: parked when the rules refuse or an earlier one of its case is parked.
    pub parked: Option<ParkedEvent>,
    /// A parked event that this work settles.
    pub unpark: Option<ParkedEvent>,
    /// A refusal is an answer, not a fault: nothing is parked.
    pub refusal_is_fine: bool,
    pub outcome: Outcome,
}

impl Work {
    pub fn new(steps: Vec<Box<dyn Step>>) -> Self {
        Self {
            steps,
            request: None,
            uniques: Vec::new(),
            timer: None,
            parked: None,
            unpark: None,
            refusal_is_fine: false,
            outcome: Outcome::Pending,
        }
    }
}

/// What one caller hands to the committer.
#[derive(Default)]
pub struct Submission {
    pub works: Vec<Work>,
    pub leases: Vec<LeaseClaim>,
}

impl Submission {
    pub fn of(work: Work) -> Self {
        Self { works: vec![work], leases: Vec::new() }
    }
}
