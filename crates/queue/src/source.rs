//! A service's committed event log, as its consumers read it.
use crate::{BoxError, Envelope, Partition, Position};
use async_trait::async_trait;

/// Read access to the event log of one service: a casebook in the same process, or a client of the producer's `EventLog`.
#[async_trait]
pub trait EventSource: Send + Sync + 'static {
    /// Name of the producing service, such as "intake".
    fn service(&self) -> &str;

    /// How many partitions the log has. Fixed for the life of the log.
    fn partitions(&self) -> u16;

    /// The last position of every partition, the index being the partition; 0 where there is none.
    async fn head(&self) -> Result<Vec<Position>, SourceError>;

    /// Events after `after`, in order and without holes, at most `limit` (1..=1000).
    async fn read(&self, partition: Partition, after: Position, limit: usize) -> Result<Vec<Envelope>, SourceError>;

    /// The same of several partitions, at most `each` of every one; a partition's events are together and in order.
    async fn read_several(&self, wants: &[(Partition, Position)], each: usize) -> Result<Vec<Envelope>, SourceError> {
        let mut events = Vec::new();
        for (partition, after) in wants {
            events.extend(self.read(*partition, *after, each).await?);
        }
        Ok(events)
    }

    /// Counts up on every commit of this process. `None` when the log belongs to another one.
    fn changed(&self) -> Option<tokio::sync::watch::Receiver<u64>>;
}

/// Why a log, or a consumer's table of positions, did not answer.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The database or the network is away. Trying again is right.
    #[error("the event log is unavailable")]
    Unavailable(#[source] BoxError),
    /// The caller's idea of the log is wrong, usually a different number of partitions.
    #[error("{service} has no partition {partition}")]
    UnknownPartition {
        /// Service that was asked.
        service: String,
        /// Partition that it does not have.
        partition: Partition,
    },
    /// The log broke its own promise. Nothing may be applied past this point.
    #[error("partition {partition} of {service}: expected position {expected}, the log has {found:?}")]
    NotDense {
        /// Service whose log it is.
        service: String,
        /// Partition in which the hole is.
        partition: Partition,
        /// The position that must come next.
        expected: Position,
        /// What the log gave instead; `None` when it gave nothing although something had been announced.
        found: Option<Position>,
    },
}
