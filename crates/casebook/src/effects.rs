//! Events of another service become commands on our cases: effect, parked cases and consumed positions in one transaction.

mod parked;

pub(crate) use parked::{GIVEN_UP, noted_as};
pub use parked::{Parking, first_parked, give_up};

use crate::{
    batch::{LeaseClaim, Outcome, Submission, Work},
    book::{Ask, Casebook},
    case::Case,
    store::ParkedEvent,
};
use async_trait::async_trait;
use prost::Message as _;
use queue::{Apply, ApplyError, Batch, Envelope, Partition, Slice};
use std::sync::Arc;

/// The event can never be handled: its case is parked until an operator decides.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct GiveUp(pub String);

/// What a service does about an event: one function, no I/O. Trying again is the casebook's business.
pub trait Effects: Send + Sync + 'static {
    /// `None`: the event is of no interest.
    fn effect(&self, event: &Envelope) -> Result<Option<Bundle>, GiveUp>;
    /// Types of events, each with its major version, that always have an effect here. Another major version of one, or one whose body
    /// says nothing that is known here, is of a later release: it parks its case and is replayed after the upgrade.
    fn acts_on(&self) -> &'static [&'static str] {
        &[]
    }
}

/// The effect of an event, unless it is of a later release.
fn understood(effects: &dyn Effects, event: &Envelope) -> Result<Option<Bundle>, GiveUp> {
    let kind = event.r#type.as_str();
    let Some(known) = effects.acts_on().iter().find(|known| without_major(known) == without_major(kind)) else {
        return effects.effect(event);
    };
    if *known != kind {
        return Err(GiveUp(format!("{kind} is of a later release: this one knows {known}")));
    }
    let later = || GiveUp(format!("{kind} says nothing that this release knows"));
    effects.effect(event)?.map(Some).ok_or_else(later)
}

/// `report.filed.v1` and `report.filed.v2` are of the same name.
fn without_major(kind: &str) -> &str {
    kind.rsplit_once(".v").map_or(kind, |(name, _)| name)
}

/// Commands that commit together or not at all.
pub struct Bundle(Work);

impl Bundle {
    pub fn of<C: Case>(ask: Ask<C>) -> Self {
        Self(ask.into_work())
    }

    /// Joins another command: both or none.
    pub fn and<C: Case>(mut self, ask: Ask<C>) -> Self {
        self.0.steps.extend(ask.into_work().steps);
        self
    }

    /// The rules may say no without anybody having to look at it.
    pub fn ignore_refusal(mut self) -> Self {
        self.0.refusal_is_fine = true;
        self
    }
}

/// A consumer's hand on the casebook.
pub struct Consume {
    book: Casebook,
    effects: Arc<dyn Effects>,
}

impl Consume {
    pub fn new(book: Casebook, effects: Arc<dyn Effects>) -> Self {
        Self { book, effects }
    }

    fn work(&self, producer: &str, partition: Partition, event: &Envelope) -> Option<Work> {
        let reason = match understood(&*self.effects, event) {
            Ok(None) => return None,
            Ok(Some(Bundle(mut work))) => {
                work.parked = Some(self.park(producer, partition, event, String::new()));
                return Some(work);
            }
            Err(GiveUp(reason)) => reason,
        };
        // A work that always refuses: parks the case in order with its neighbours.
        let mut work = Work::new(vec![Box::new(Refusing(reason.clone()))]);
        work.parked = Some(self.park(producer, partition, event, reason));
        Some(work)
    }

    fn park(&self, producer: &str, partition: Partition, event: &Envelope, reason: String) -> ParkedEvent {
        ParkedEvent {
            producer: producer.to_owned(),
            subject: event.subject.clone(),
            partition,
            position: event.position,
            envelope: event.encode_to_vec(),
            reason,
            at: self.book.0.clock.now(),
        }
    }

    fn submission(&self, batch: &Batch) -> Submission {
        let mut submission = Submission::default();
        for slice in &batch.slices {
            let Slice { partition, epoch, from, events } = slice;
            let producer = batch.producer.clone();
            submission.leases.push(LeaseClaim {
                producer,
                partition: *partition,
                epoch: *epoch,
                from: *from,
                to: slice.to(),
            });
            submission.works.extend(events.iter().filter_map(|e| self.work(&batch.producer, *partition, e)));
        }
        submission
    }
}

#[async_trait]
impl Apply for Consume {
    async fn apply(&self, batch: Batch) -> Result<(), ApplyError> {
        let mut submission = self.submission(&batch);
        let claims = submission.leases.clone();
        if submission.works.is_empty() {
            // Nothing concerns us, but the positions move on.
            submission.works.push(Work::new(Vec::new()));
        }
        let done = self.book.submit(submission).await.map_err(|e| ApplyError::Retry(Box::new(e)))?;
        match done.works.into_iter().next().map(|w| w.outcome) {
            Some(Outcome::LeaseLost(partitions)) => Err(ApplyError::LeaseLost(partitions)),
            _ => {
                for claim in claims {
                    self.book.0.seen.note(&claim.producer, claim.partition, claim.to);
                }
                Ok(())
            }
        }
    }
}

/// Parks an event whose meaning is unknown.
struct Refusing(String);

impl crate::batch::Step for Refusing {
    fn case(&self) -> civic::CaseId {
        civic::CaseId::from_bytes([0; 16])
    }

    fn decide(&mut self, _: Option<&crate::store::CaseRow>, _: &str) -> crate::batch::StepVerdict {
        crate::batch::StepVerdict::Failed(self.0.clone())
    }

    fn into_any(self: Box<Self>) -> Box<dyn std::any::Any + Send> {
        self
    }
}
