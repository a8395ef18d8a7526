//! The event log as its readers see it, and the casebook as a consumer's table of positions.

use crate::{
    book::Casebook,
    error::StoreError,
    store::{EventRow, Placed},
};
use async_trait::async_trait;
use civic::CaseId;
use queue::{Envelope, EventSource, Lease, Partition, Position, Positions, SourceError};
use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
    time::Duration,
};
use tokio::sync::watch;

/// Events of a partition kept in memory: enough for readers that keep up, small beside everything else (64 partitions × 128
/// events of about one kilobyte).
const TAIL: usize = 128;

/// The newest events of every partition, so that a reader that keeps up never asks the database.
pub(crate) struct Tail(Vec<Mutex<VecDeque<(Position, EventRow)>>>);

impl Tail {
    pub(crate) fn new(partitions: u16) -> Self {
        Self((0..partitions).map(|_| Mutex::default()).collect())
    }

    pub(crate) fn push(&self, placed: Placed) {
        for (partition, position, event) in placed {
            let Some(tail) = self.0.get(usize::from(partition)) else {
                continue;
            };
            let mut tail = tail.lock().unwrap_or_else(PoisonError::into_inner);
            // Something was committed that we did not see, by us or by another replica: what we keep must stay dense.
            if tail.back().is_some_and(|(last, _)| last + 1 != position) {
                tail.clear();
            }
            tail.push_back((position, event));
            if tail.len() > TAIL {
                tail.pop_front();
            }
        }
    }

    /// Position of an event that is among the newest.
    pub(crate) fn find(&self, partition: Partition, case: CaseId, version: i64) -> Option<Position> {
        let tail = self.0.get(usize::from(partition))?.lock().unwrap_or_else(PoisonError::into_inner);
        tail.iter().rev().find(|(_, e)| e.case == case && e.version == version).map(|(position, _)| *position)
    }

    /// Forgets everything: readers ask the database until new events come.
    pub(crate) fn clear(&self) {
        for tail in &self.0 {
            tail.lock().unwrap_or_else(PoisonError::into_inner).clear();
        }
    }

    /// `None` when the tail does not reach back so far, or ends there: another replica may have added more.
    fn after(&self, partition: Partition, after: Position, limit: usize) -> Option<Vec<(Position, EventRow)>> {
        self.look(partition, after, limit, |position, event| (position, event.clone()))
    }

    /// The same, of what somebody makes of the events.
    fn look<T>(
        &self,
        partition: Partition,
        after: Position,
        limit: usize,
        make: impl Fn(Position, &EventRow) -> T,
    ) -> Option<Vec<T>> {
        let tail = self.0.get(usize::from(partition))?.lock().unwrap_or_else(PoisonError::into_inner);
        let (first, _) = tail.front()?;
        let skip = usize::try_from(after + 1 - first).ok().filter(|skip| *skip < tail.len())?;
        Some(tail.iter().skip(skip).take(limit).map(|(position, event)| make(*position, event)).collect())
    }
}

impl Casebook {
    /// What `make` makes of the records that follow a position, as this process has committed them: the log is not read. Nothing when
    /// the next record is not remembered any more, or is another replica's.
    pub fn newest<T>(&self, partition: Partition, after: Position, make: impl Fn(Position, &EventRow) -> T) -> Vec<T> {
        self.0.tail.look(partition, after, TAIL, make).unwrap_or_default()
    }

    fn envelope(&self, partition: Partition, position: Position, event: EventRow) -> Envelope {
        let (r#type, data) = self.0.kinds.publish(&event).unwrap_or_default();
        let EventRow { case, kind, version, time, actor, place, traceparent, .. } = event;
        Envelope {
            id: event_id(case, version),
            source: format!("{}/{}", self.0.cluster, self.0.service),
            r#type,
            subject: format!("{}/{case}", collection(&kind)),
            case_version: version,
            partition: partition.into(),
            position,
            time_us: time.0,
            traceparent,
            actor,
            place,
            data: data.into(),
        }
    }

    fn unknown(&self, partition: Partition) -> SourceError {
        SourceError::UnknownPartition { service: self.0.service.to_owned(), partition }
    }
}

/// The collection that a kind's names begin with: `workOrder` gives `workOrders`, `emergency` gives `emergencies`.
fn collection(kind: &str) -> String {
    kind.strip_suffix('y').map_or_else(|| format!("{kind}s"), |stem| format!("{stem}ies"))
}

/// Unique within the source: a case's version happens once.
fn event_id(case: CaseId, version: i64) -> String {
    format!("{case}-{version}")
}

fn unavailable(error: StoreError) -> SourceError {
    SourceError::Unavailable(Box::new(error))
}

#[async_trait]
impl EventSource for Casebook {
    fn service(&self) -> &str {
        self.0.service
    }

    fn partitions(&self) -> u16 {
        self.0.partitions
    }

    async fn head(&self) -> Result<Vec<Position>, SourceError> {
        self.0.store.heads().await.map_err(unavailable)
    }

    async fn read(&self, partition: Partition, after: Position, limit: usize) -> Result<Vec<Envelope>, SourceError> {
        if partition >= self.0.partitions {
            return Err(self.unknown(partition));
        }
        let rows = match self.0.tail.after(partition, after, limit) {
            Some(rows) => rows,
            None => self.0.store.log(partition, after, limit).await.map_err(unavailable)?,
        };
        Ok(rows.into_iter().map(|(position, event)| self.envelope(partition, position, event)).collect())
    }

    async fn read_several(&self, wants: &[(Partition, Position)], each: usize) -> Result<Vec<Envelope>, SourceError> {
        let (mut events, mut asked) = (Vec::new(), Vec::new());
        for (partition, after) in wants.iter().copied() {
            if partition >= self.0.partitions {
                return Err(self.unknown(partition));
            }
            match self.0.tail.after(partition, after, each) {
                Some(rows) => events.extend(rows.into_iter().map(|(at, event)| self.envelope(partition, at, event))),
                None => asked.push((partition, after)),
            }
        }
        if !asked.is_empty() {
            let rows = self.0.store.logs(&asked, each).await.map_err(unavailable)?;
            events.extend(rows.into_iter().map(|(partition, at, event)| self.envelope(partition, at, event)));
        }
        Ok(events)
    }

    fn changed(&self) -> Option<watch::Receiver<u64>> {
        Some(self.0.placed.subscribe())
    }
}

#[async_trait]
impl Positions for Casebook {
    async fn acquire(
        &self,
        producer: &str,
        holder: &str,
        partitions: &[Partition],
        ttl: Duration,
    ) -> Result<Vec<Lease>, SourceError> {
        self.0.store.acquire(producer, holder, partitions, ttl).await.map_err(unavailable)
    }

    async fn release(&self, producer: &str, holder: &str) -> Result<(), SourceError> {
        self.0.store.release(producer, holder).await.map_err(unavailable)
    }

    async fn consumed(&self, producer: &str) -> Result<Vec<Position>, SourceError> {
        self.0.store.consumed(producer).await.map_err(unavailable)
    }
}
