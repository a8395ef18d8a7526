//! A consumer's database in memory: leases, positions and effects, changed together or not at all.
use crate::log::{Log, PARTITIONS, fold};
use async_trait::async_trait;
use queue::{Apply, ApplyError, Batch, Lease, Partition, Position, Positions, Slice, SourceError};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// Longest wait for a predicate. Virtual where time is paused.
pub(crate) const BOUND: Duration = Duration::from_secs(60);

#[derive(Clone, Debug, Default)]
pub(crate) struct Row {
    pub(crate) holder: Option<String>,
    pub(crate) epoch: i64,
    until: Option<Instant>,
    pub(crate) consumed: Position,
    /// All effects so far, folded in the order in which they were written.
    pub(crate) hash: u64,
}

/// A database that is wrong on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wrong {
    /// The position moves on without an effect, now and then.
    LosesEffects,
    /// An effect is written twice, now and then.
    DoublesEffects,
    /// The effects of a slice are written from its end.
    TurnsOrder,
    /// Neither epoch nor position is compared.
    Unfenced,
    /// A lease that somebody holds is given to another under the same epoch.
    SharesLeases,
}

pub(crate) struct Desk {
    rows: Mutex<Vec<Row>>,
    moved: watch::Sender<u64>,
    wrong: Option<Wrong>,
}

impl Desk {
    pub(crate) fn new() -> Arc<Self> {
        Self::planted(None)
    }

    pub(crate) fn planted(wrong: Option<Wrong>) -> Arc<Self> {
        let rows = Mutex::new(vec![Row::default(); usize::from(PARTITIONS)]);
        Arc::new(Self { rows, moved: watch::Sender::new(0), wrong })
    }

    pub(crate) fn rows(&self) -> Vec<Row> {
        self.rows.lock().unwrap().clone()
    }

    /// Waits until the rows are as wanted.
    pub(crate) async fn until(&self, what: &str, wanted: impl Fn(&[Row]) -> bool) {
        let mut moved = self.moved.subscribe();
        let waiting = async {
            loop {
                moved.borrow_and_update();
                if wanted(&self.rows()) {
                    return;
                }
                moved.changed().await.unwrap();
            }
        };
        let done = tokio::time::timeout(BOUND, waiting).await;
        assert!(done.is_ok(), "waited in vain until {what}: {:?}", self.rows());
    }

    /// Waits until everything in the log has been consumed, and checks that each event took effect once and in order.
    pub(crate) async fn has_consumed(&self, log: &Log) {
        let heads = log.heads();
        self.until("all is consumed", |rows| rows.iter().zip(&heads).all(|(row, head)| row.consumed >= *head)).await;
        let rows = self.rows();
        assert_eq!(rows.iter().map(|row| row.consumed).collect::<Vec<_>>(), heads);
        assert_eq!(rows.iter().map(|row| row.hash).collect::<Vec<_>>(), log.hashes());
    }

    fn change<T>(&self, change: impl FnOnce(&mut Vec<Row>) -> T) -> T {
        let answer = change(&mut self.rows.lock().unwrap());
        self.moved.send_modify(|count| *count += 1);
        answer
    }
}

#[async_trait]
impl Positions for Desk {
    async fn acquire(
        &self,
        _producer: &str,
        holder: &str,
        partitions: &[Partition],
        ttl: Duration,
    ) -> Result<Vec<Lease>, SourceError> {
        let now = Instant::now();
        Ok(self.change(|rows| {
            let mut leases = Vec::new();
            for partition in partitions {
                let row = &mut rows[usize::from(*partition)];
                let shared = self.wrong == Some(Wrong::SharesLeases) && row.holder.is_some();
                let own = row.holder.as_deref() == Some(holder) || shared;
                let free = row.until.is_none_or(|until| until <= now);
                if !own && !free {
                    continue;
                }
                if !own {
                    row.epoch += 1;
                    row.holder = Some(holder.to_owned());
                }
                row.until = Some(now + ttl);
                leases.push(Lease { partition: *partition, epoch: row.epoch, consumed: row.consumed });
            }
            leases
        }))
    }

    async fn release(&self, _producer: &str, holder: &str) -> Result<(), SourceError> {
        self.change(|rows| {
            for row in rows.iter_mut().filter(|row| row.holder.as_deref() == Some(holder)) {
                row.holder = None;
                row.until = None;
            }
        });
        Ok(())
    }

    async fn consumed(&self, _producer: &str) -> Result<Vec<Position>, SourceError> {
        Ok(self.rows().iter().map(|row| row.consumed).collect())
    }
}

#[async_trait]
impl Apply for Desk {
    async fn apply(&self, batch: Batch) -> Result<(), ApplyError> {
        assert_eq!(batch.producer, "intake");
        self.change(|rows| {
            let lost: Vec<Partition> = batch
                .slices
                .iter()
                .filter(|slice| {
                    let row = &rows[usize::from(slice.partition)];
                    row.epoch != slice.epoch || row.consumed != slice.from
                })
                .map(|slice| slice.partition)
                .collect();
            if !lost.is_empty() && self.wrong != Some(Wrong::Unfenced) {
                return Err(ApplyError::LeaseLost(lost));
            }
            for slice in &batch.slices {
                assert!(!slice.events.is_empty(), "an empty slice");
                self.write(&mut rows[usize::from(slice.partition)], slice);
            }
            Ok(())
        })
    }
}

impl Desk {
    fn write(&self, row: &mut Row, slice: &Slice) {
        for (event, position) in slice.events.iter().zip(slice.from + 1..) {
            assert_eq!(event.position, position, "partition {}", slice.partition);
            let rarely = event.position % 5 == 0;
            let times = match self.wrong {
                Some(Wrong::LosesEffects) if rarely => 0,
                Some(Wrong::DoublesEffects) if rarely => 2,
                Some(Wrong::TurnsOrder) => 0,
                Some(_) | None => 1,
            };
            row.hash = (0..times).fold(row.hash, |hash, _| fold(hash, event));
        }
        if self.wrong == Some(Wrong::TurnsOrder) {
            row.hash = slice.events.iter().rev().fold(row.hash, fold);
        }
        row.consumed = slice.to();
    }
}
