//! What one service has consumed of another: every event shows its effect, and none waits for ever.

use super::{Bounds, Invariant, Report};
use crate::{
    book::Casebook,
    effects::{GIVEN_UP, noted_as},
    error::StoreError,
    store::EventRow,
};
use civic::{CaseId, Micros};
use queue::{Envelope, EventSource as _, Partition, Position, SourceError};
use std::collections::{BTreeMap, HashMap, HashSet};

/// Events looked at together.
const PAGE: usize = 1024;
/// Records of the journal looked at: what people gave up, one by one.
const RECORDS: usize = 1_000_000;

/// What a consumer must have done about an event.
pub trait Expects: Send + Sync {
    /// Its case that must show the effect; `None`: the event obliges it to nothing.
    fn case(&self, event: &Envelope) -> Option<CaseId>;
    /// Whether that case, by its events in order, shows it. An empty history is a case that does not exist.
    fn shown(&self, event: &Envelope, history: &[EventRow]) -> bool;
}

/// Looks at everything that `consumer` has consumed of `producer`, and at what it has not.
pub async fn verify_effects(
    consumer: &Casebook,
    producer: &Casebook,
    expects: &dyn Expects,
    bounds: &Bounds,
    report: &mut Report,
) -> Result<(), StoreError> {
    let name = producer.service();
    let consumed = consumer.store().consumed(name).await?;
    let heads = producer.store().heads().await?;
    let excused = Excused::read(consumer, name).await?;
    let looks = Looks { consumer, producer, expects, excused };
    for (partition, (at, head)) in (0..).zip(consumed.into_iter().zip(heads)) {
        looks.effects(partition, at.min(head), report).await?;
        if at < head {
            looks.waiting(partition, at, head, bounds, report).await?;
        }
    }
    Ok(())
}

struct Looks<'a> {
    consumer: &'a Casebook,
    producer: &'a Casebook,
    expects: &'a dyn Expects,
    excused: Excused,
}

impl Looks<'_> {
    async fn effects(&self, partition: Partition, upto: Position, report: &mut Report) -> Result<(), StoreError> {
        let mut after = 0;
        while after < upto {
            let mut events = self.read(partition, after, PAGE).await?;
            events.retain(|event| event.position <= upto);
            let Some(last) = events.last() else { return Ok(()) };
            after = last.position;
            let mut owing: BTreeMap<CaseId, Vec<&Envelope>> = BTreeMap::new();
            for event in events.iter().filter(|event| !self.excused.admits(event)) {
                if let Some(case) = self.expects.case(event) {
                    owing.entry(case).or_default().push(event);
                }
            }
            for (case, events) in owing {
                let history = self.consumer.store().events(case, i64::MAX).await?;
                for event in events.into_iter().filter(|event| !self.expects.shown(event, &history)) {
                    let Envelope { subject, r#type, position, .. } = event;
                    let from = self.producer.service();
                    let found = format!(
                        "{type} of {subject} at {position} of partition {partition} of {from} is consumed and shows no effect"
                    );
                    report.add(Invariant::I5, Some(case), found);
                }
            }
        }
        Ok(())
    }

    async fn waiting(
        &self,
        partition: Partition,
        at: Position,
        head: Position,
        bounds: &Bounds,
        report: &mut Report,
    ) -> Result<(), StoreError> {
        let Some(oldest) = self.read(partition, at, 1).await?.pop() else { return Ok(()) };
        let since = Micros(oldest.time_us);
        if bounds.is_late(since, report.newest) {
            let from = self.producer.service();
            let waiting = head - at;
            let found = format!(
                "{waiting} events of partition {partition} of {from} are not consumed, the oldest since {since}"
            );
            report.add(Invariant::I7, None, found);
        }
        Ok(())
    }

    async fn read(&self, partition: Partition, after: Position, limit: usize) -> Result<Vec<Envelope>, StoreError> {
        let unread = |error: SourceError| StoreError::Unavailable(error.to_string());
        self.producer.read(partition, after, limit).await.map_err(unread)
    }
}

/// Events without effect by a person's will, or not yet.
struct Excused {
    producer: String,
    /// Position of the first event that waits, by case.
    parked: HashMap<String, Position>,
    given_up: HashSet<String>,
}

impl Excused {
    async fn read(consumer: &Casebook, producer: &str) -> Result<Self, StoreError> {
        let mut parked = HashMap::new();
        for event in consumer.store().parked().await?.into_iter().filter(|event| event.producer == producer) {
            let first = parked.entry(event.subject).or_insert(event.position);
            *first = event.position.min(*first);
        }
        let journal = consumer.store().journalled(RECORDS).await?;
        let given_up =
            journal.into_iter().filter(|entry| entry.action == GIVEN_UP).map(|entry| entry.subject).collect();
        Ok(Self { producer: producer.to_owned(), parked, given_up })
    }

    fn admits(&self, event: &Envelope) -> bool {
        let waits = self.parked.get(&event.subject).is_some_and(|first| event.position >= *first);
        waits || self.given_up.contains(&noted_as(&self.producer, &event.subject, event.position))
    }
}
