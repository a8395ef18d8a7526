//! Reading your writes across services: how far this service has consumed another's log.

use crate::{
    book::{Casebook, LogPosition},
    error::StoreError,
};
use queue::{Partition, Position};
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};
use tokio::sync::watch;

/// How often another replica's progress is looked up in the database while this one waits.
const LOOK: Duration = Duration::from_millis(50);

/// Positions that this process has consumed: a lower bound of what the service has, because other replicas consume as well.
#[derive(Default)]
pub(crate) struct Seen {
    positions: Mutex<HashMap<(String, Partition), Position>>,
    /// Told after every note, so that a waiter looks when there is something new to see.
    noted: watch::Sender<()>,
}

impl Seen {
    pub(crate) fn note(&self, producer: &str, partition: Partition, position: Position) {
        let mut seen = self.positions.lock().unwrap_or_else(PoisonError::into_inner);
        let at = seen.entry((producer.to_owned(), partition)).or_default();
        *at = position.max(*at);
        drop(seen);
        self.noted.send_replace(());
    }

    fn at(&self, producer: &str, partition: Partition) -> Position {
        let seen = self.positions.lock().unwrap_or_else(PoisonError::into_inner);
        seen.get(&(producer.to_owned(), partition)).copied().unwrap_or(0)
    }
}

impl Casebook {
    /// A position at or after the event of an answer, once it has one: exact while the event is among the newest, else the head
    /// of its partition, which is not before it.
    pub async fn position_of(&self, position: LogPosition) -> Result<Option<Position>, StoreError> {
        match self.0.tail.find(position.partition, position.case, position.version) {
            Some(exact) => Ok(Some(exact)),
            None => self.0.store.position(position.case, position.version).await,
        }
    }

    /// The same without asking the database: 0 when it is not known here.
    pub fn known_position(&self, position: LogPosition) -> Position {
        self.0.tail.find(position.partition, position.case, position.version).unwrap_or(0)
    }

    /// Waits until this service has consumed `producer`'s partition up to `position`. `false`: not within the time.
    pub async fn wait_consumed(
        &self,
        producer: &str,
        partition: Partition,
        position: Position,
        within: Duration,
    ) -> Result<bool, StoreError> {
        let mut noted = self.0.seen.noted.subscribe();
        let reached = async {
            loop {
                noted.mark_unchanged();
                if self.0.seen.at(producer, partition) >= position {
                    return Ok(());
                }
                if tokio::time::timeout(LOOK, noted.changed()).await.is_err() {
                    let consumed = self.0.store.consumed(producer).await?;
                    let at = consumed.get(usize::from(partition)).copied().unwrap_or(0);
                    self.0.seen.note(producer, partition, at);
                }
            }
        };
        match tokio::time::timeout(within, reached).await {
            Ok(done) => done.map(|()| true),
            Err(_) => Ok(false),
        }
    }
}
