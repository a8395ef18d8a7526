//! Parked cases of the services of this process: looked at, tried again, given up. One place for the rpcs of a running cluster and for
//! the verbs over one that is stopped.

pub mod elsewhere;
mod server;

pub use server::server;
pub(super) use server::with_id;

use casebook::effects::{Parking, give_up};
use casebook::{Casebook, Consume, Effects, ParkedEvent, StoreError};
use prost::Message as _;
use proto::queue::v1 as pb;
use queue::{Envelope, EventSource as _, Position};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;

const COUNTED_EVERY: Duration = Duration::from_secs(15);

/// One service that consumes.
struct Desk {
    book: Casebook,
    consume: Consume,
    /// One person at a time: replaying and giving up the same event at once would leave the journal with both.
    turn: Mutex<()>,
}

/// See the module.
pub struct Parked(Vec<Desk>);

/// A case of one service whose events wait, in order; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    pub service: String,
    pub events: Vec<ParkedEvent>,
}

/// How a replay ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Replayed {
    pub settled: usize,
    pub waited: usize,
}

impl Parked {
    /// The services with what each does about events.
    pub fn new(services: impl IntoIterator<Item = (Casebook, Arc<dyn Effects>)>) -> Self {
        let desk = |(book, effects): (Casebook, Arc<dyn Effects>)| Desk {
            consume: Consume::new(book.clone(), effects),
            book,
            turn: Mutex::default(),
        };
        Self(services.into_iter().map(desk).collect())
    }

    /// All of them, the longest parked first.
    pub async fn cases(&self) -> Result<Vec<Waiting>, StoreError> {
        let mut cases: Vec<Waiting> = Vec::new();
        for desk in &self.0 {
            let mut events = desk.book.store().parked().await?;
            events.sort_by(|a, b| (&a.producer, &a.subject, a.position).cmp(&(&b.producer, &b.subject, b.position)));
            let of_one = events.chunk_by(|a, b| (&a.producer, &a.subject) == (&b.producer, &b.subject));
            let service = desk.book.service();
            cases.extend(of_one.map(|events| Waiting { service: service.to_owned(), events: events.to_vec() }));
        }
        cases.sort_by_key(|case| (case.first().at, case.first().position));
        Ok(cases)
    }

    /// Says how many there are of each service, every so often: `queue_parked_cases`.
    pub async fn tell(&self) {
        loop {
            match self.cases().await {
                Ok(cases) => {
                    for desk in &self.0 {
                        let service = desk.book.service();
                        let parked = cases.iter().filter(|case| case.service == service).count();
                        metrics::gauge!("queue_parked_cases", "consumer" => service.to_owned()).set(parked as f64);
                    }
                }
                Err(error) => tracing::debug!(%error, "parked cases cannot be counted now"),
            }
            tokio::time::sleep(COUNTED_EVERY).await;
        }
    }

    /// The one that is called `<service>/<id>`.
    pub async fn case(&self, name: &str) -> Result<Option<Waiting>, StoreError> {
        Ok(self.cases().await?.into_iter().find(|case| case.name() == name))
    }

    /// Lets its events take effect, up to the first that still cannot. `None`: there is no such case.
    pub async fn replay(&self, name: &str, by: Parking<'_>) -> Result<Option<Replayed>, StoreError> {
        let Some(desk) = self.desk(name) else { return Ok(None) };
        let _turn = desk.turn.lock().await;
        let Some(case) = self.case(name).await? else { return Ok(None) };
        let first = case.first();
        let settled = desk.consume.replay(&first.producer, &first.subject, by).await?;
        Ok(Some(Replayed { settled, waited: case.events.len() }))
    }

    /// Drops its first event; with `at`, only if that is its position. `None`: there is no such event.
    pub async fn give_up(
        &self,
        name: &str,
        at: Option<Position>,
        by: Parking<'_>,
    ) -> Result<Option<ParkedEvent>, StoreError> {
        let Some(desk) = self.desk(name) else { return Ok(None) };
        let _turn = desk.turn.lock().await;
        let Some(case) = self.case(name).await? else { return Ok(None) };
        let first = case.first();
        give_up(&desk.book, &first.producer, &first.subject, at, by).await
    }

    fn desk(&self, name: &str) -> Option<&Desk> {
        let service = name.split('/').next().unwrap_or_default();
        self.0.iter().find(|desk| desk.book.service() == service)
    }

    /// Where it is noted that somebody was refused: with the service that was meant, else with the first.
    fn journal_of(&self, name: &str) -> Option<&Casebook> {
        self.desk(name).or(self.0.first()).map(|desk| &desk.book)
    }
}

impl Waiting {
    /// The event that the others wait behind.
    #[must_use]
    pub fn first(&self) -> &ParkedEvent {
        self.events.first().expect("a case without events is none")
    }

    /// `<service>/<id>`: which service is stuck on which case.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}/{}", self.service, self.first().subject.rsplit('/').next().unwrap_or_default())
    }

    /// Metadata only: what the events say stays where it is.
    #[must_use]
    pub fn told(&self) -> pb::ParkedCase {
        let first = self.first();
        pb::ParkedCase {
            name: format!("parkedCases/{}", self.name()),
            service: self.service.clone(),
            producer: first.producer.clone(),
            subject: first.subject.clone(),
            reason: first.reason.clone(),
            park_time: Some(timestamp(first.at)),
            events: self.events.iter().map(event).collect(),
        }
    }
}

fn event(event: &ParkedEvent) -> pb::ParkedEvent {
    pb::ParkedEvent {
        partition: event.partition.into(),
        position: event.position,
        r#type: Envelope::decode(event.envelope.as_slice()).map(|e| e.r#type).unwrap_or_default(),
        reason: event.reason.clone(),
        park_time: Some(timestamp(event.at)),
    }
}

pub(super) fn timestamp(at: civic::Micros) -> prost_types::Timestamp {
    const MICROS: i64 = 1_000_000;
    let nanos = i32::try_from(at.0.rem_euclid(MICROS) * 1_000).expect("less than a second");
    prost_types::Timestamp { seconds: at.0.div_euclid(MICROS), nanos }
}
