//! Events of another service become commands on our cases: effect, parked cases and consumed positions in one transaction.

use crate::{
    batch::{LeaseClaim, Outcome, Submission, Work},
    book::{Ask, Casebook},
    case::Case,
    error::StoreError,
    store::{JournalEntry, ParkedEvent},
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
        let reason = match self.effects.effect(event) {
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

    /// Tries the parked events of one case again, in order; stops at the first that still cannot be. Number settled.
    pub async fn replay(&self, producer: &str, subject: &str) -> Result<usize, StoreError> {
        let mut settled = 0;
        // Looked up each time: new events of the case may have come to wait behind those that we settle.
        while let Some(event) = self.first_parked(producer, subject).await? {
            if !self.replay_one(event).await? {
                break;
            }
            settled += 1;
        }
        Ok(settled)
    }

    /// Forgets the first parked event of a case, for ever. The journal says who did so and why, and is written first: an event
    /// must not vanish without a trace.
    pub async fn give_up(
        &self,
        producer: &str,
        subject: &str,
        actor: &str,
        reason: &str,
    ) -> Result<Option<ParkedEvent>, StoreError> {
        let Some(event) = self.first_parked(producer, subject).await? else {
            return Ok(None);
        };
        let entry = JournalEntry {
            at: self.book.0.clock.now(),
            actor: actor.to_owned(),
            action: "queue.giveUp".to_owned(),
            subject: format!("{producer}/{subject}@{}", event.position),
            reason: reason.to_owned(),
        };
        self.book.store().journal(&[entry]).await?;
        self.book.store().unpark(producer, subject, event.position).await?;
        Ok(Some(event))
    }

    async fn first_parked(&self, producer: &str, subject: &str) -> Result<Option<ParkedEvent>, StoreError> {
        let parked = self.book.store().parked().await?;
        Ok(parked.into_iter().filter(|p| p.producer == producer && p.subject == subject).min_by_key(|p| p.position))
    }

    async fn replay_one(&self, event: ParkedEvent) -> Result<bool, StoreError> {
        let corrupt = |_| StoreError::Corrupt { table: "parked", row: event.subject.clone() };
        let envelope = Envelope::decode(event.envelope.as_slice()).map_err(corrupt)?;
        match self.effects.effect(&envelope) {
            Ok(None) => self.book.store().unpark(&event.producer, &event.subject, event.position).await.map(|()| true),
            Err(GiveUp(_)) => Ok(false),
            Ok(Some(Bundle(mut work))) => {
                work.unpark = Some(event);
                let done = self.book.submit(Submission::of(work)).await?;
                Ok(done.works.iter().all(settled))
            }
        }
    }
}

/// Whether a parked event need not be tried again.
fn settled(work: &Work) -> bool {
    match work.outcome {
        Outcome::Committed { .. } | Outcome::Repeated { .. } | Outcome::Taken { .. } => true,
        Outcome::Refused => work.refusal_is_fine,
        Outcome::Pending | Outcome::TimerGone | Outcome::Parked | Outcome::LeaseLost(_) => false,
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
