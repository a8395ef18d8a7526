//! What a consumer does with events, in one transaction.
use crate::{BoxError, Envelope, Partition, Position};
use async_trait::async_trait;

/// Turns events into effects.
///
/// One call is one transaction: effects, parked cases and new positions together, or nothing. Inside it, for each slice, the lease row must still have the
/// slice's `epoch` **and** its consumed position must equal `from`; otherwise nothing is written and the answer is
/// [`ApplyError::LeaseLost`]. The second half of the condition is what makes a commit whose answer was lost harmless: the
/// repeated call finds the position moved on.
///
/// A message that can never be handled is not an error here: it parks its case in the same transaction and the position moves on.
#[async_trait]
pub trait Apply: Send + Sync + 'static {
    /// Applies all slices or none.
    async fn apply(&self, batch: Batch) -> Result<(), ApplyError>;
}

/// Events of one producer that are applied together.
#[derive(Clone, Debug)]
pub struct Batch {
    /// Service whose events these are.
    pub producer: String,
    /// At most one slice for a partition.
    pub slices: Vec<Slice>,
}

/// Consecutive events of one partition.
#[derive(Clone, Debug)]
pub struct Slice {
    /// Partition of the producer's log.
    pub partition: Partition,
    /// Epoch of the lease under which the events were fetched.
    pub epoch: i64,
    /// Consumed before: the first event is `from + 1`.
    pub from: Position,
    /// Dense and in order, never empty.
    pub events: Vec<Envelope>,
}

impl Slice {
    /// Consumed afterwards.
    pub fn to(&self) -> Position {
        self.from + Position::try_from(self.events.len()).expect("a slice fits in memory")
    }
}

/// Why a batch had no effect, or may have had one.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// These partitions have another epoch or another consumed position than the batch assumed. Nothing was applied.
    #[error("lost the leases of partitions {0:?}")]
    LeaseLost(Vec<Partition>),
    /// The database or something else that is needed is away for now. It may be unknown whether the batch was applied: the consumer reads its positions again first.
    #[error("could not apply for now")]
    Retry(#[source] BoxError),
}
