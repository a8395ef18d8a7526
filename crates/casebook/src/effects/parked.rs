//! What a person does about parked events: try them again, or give the first one up. Both stand in the journal before they happen, so
//! that an effect that came late, or never, can be explained.

use super::{Bundle, Consume, GiveUp, understood};
use crate::{
    batch::{Outcome, Submission, Work},
    book::{Casebook, Journal},
    error::StoreError,
    store::{JournalEntry, ParkedEvent},
};
use prost::Message as _;
use queue::{Envelope, Position};

/// Request ids of replays belong to nobody: whoever replays an event, it takes effect once.
const REPLAY: &str = "casebook.replay";

/// Who does something about a parked case, and why.
#[derive(Debug, Clone, Copy)]
pub struct Parking<'a> {
    pub actor: &'a str,
    pub reason: &'a str,
}

impl Consume {
    /// Tries the parked events of one case again, in order; stops at the first that still cannot be. Number settled.
    pub async fn replay(&self, producer: &str, subject: &str, by: Parking<'_>) -> Result<usize, StoreError> {
        let mut settled = 0;
        // Looked up each time: new events of the case may have come to wait behind those that we settle.
        while let Some(event) = first_parked(&self.book, producer, subject).await? {
            if settled == 0 {
                note(&self.book, "queue.replay", &event, by).await?;
            }
            if !self.replay_one(event).await? {
                break;
            }
            settled += 1;
        }
        Ok(settled)
    }

    /// See [`give_up`].
    pub async fn give_up(
        &self,
        producer: &str,
        subject: &str,
        by: Parking<'_>,
    ) -> Result<Option<ParkedEvent>, StoreError> {
        give_up(&self.book, producer, subject, None, by).await
    }

    async fn replay_one(&self, event: ParkedEvent) -> Result<bool, StoreError> {
        let corrupt = |_| StoreError::Corrupt { table: "parked", row: event.subject.clone() };
        let envelope = Envelope::decode(event.envelope.as_slice()).map_err(corrupt)?;
        match understood(&*self.effects, &envelope) {
            Ok(None) => self.book.store().unpark(&event.producer, &event.subject, event.position).await.map(|()| true),
            Err(GiveUp(_)) => Ok(false),
            Ok(Some(Bundle(mut work))) => {
                // Two who replay at once, perhaps at two replicas, both find the event parked. The second one's request is
                // known by then, and only the row goes.
                let name = noted_as(&event.producer, &event.subject, event.position);
                work.request = Some(self.book.request_key(REPLAY, REPLAY, &name, &[]));
                work.unpark = Some(event);
                let done = self.book.submit(Submission::of(work)).await?;
                Ok(done.works.iter().all(settled))
            }
        }
    }
}

/// The event of a case that the others wait behind.
pub async fn first_parked(book: &Casebook, producer: &str, subject: &str) -> Result<Option<ParkedEvent>, StoreError> {
    let parked = book.store().parked().await?;
    Ok(parked.into_iter().filter(|p| p.producer == producer && p.subject == subject).min_by_key(|p| p.position))
}

/// Forgets the first parked event of a case, for ever; with `at`, only if that is its position. The journal is written first: an event
/// must not vanish without a trace. `None`: nothing to give up.
pub async fn give_up(
    book: &Casebook,
    producer: &str,
    subject: &str,
    at: Option<Position>,
    by: Parking<'_>,
) -> Result<Option<ParkedEvent>, StoreError> {
    let first = first_parked(book, producer, subject).await?;
    let Some(event) = first.filter(|event| at.is_none_or(|at| at == event.position)) else {
        return Ok(None);
    };
    note(book, GIVEN_UP, &event, by).await?;
    book.store().unpark(producer, subject, event.position).await?;
    Ok(Some(event))
}

/// The journal's word for an event that was given up.
pub(crate) const GIVEN_UP: &str = "queue.giveUp";

/// Which event the journal means.
pub(crate) fn noted_as(producer: &str, subject: &str, position: Position) -> String {
    format!("{producer}/{subject}@{position}")
}

async fn note(book: &Casebook, action: &str, event: &ParkedEvent, by: Parking<'_>) -> Result<(), StoreError> {
    let entry = JournalEntry {
        at: book.0.clock.now(),
        actor: by.actor.to_owned(),
        action: action.to_owned(),
        subject: noted_as(&event.producer, &event.subject, event.position),
        reason: by.reason.to_owned(),
    };
    book.record(&[entry]).await
}

/// Whether a parked event need not be tried again.
fn settled(work: &Work) -> bool {
    match work.outcome {
        Outcome::Committed { .. } | Outcome::Repeated { .. } | Outcome::Taken { .. } => true,
        Outcome::Refused => work.refusal_is_fine,
        Outcome::Pending | Outcome::TimerGone | Outcome::Parked | Outcome::LeaseLost(_) => false,
    }
}
