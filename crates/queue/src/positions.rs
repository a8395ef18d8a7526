//! Who consumes which partition, and how far.
use crate::{Partition, Position, SourceError};
use async_trait::async_trait;
use std::time::Duration;

/// A replica's right to consume one partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    /// What is leased.
    pub partition: Partition,
    /// Grows by one whenever the partition changes hands, never when its holder renews. The effect's transaction compares it.
    pub epoch: i64,
    /// Position up to which effects are committed.
    pub consumed: Position,
}

/// The consumer's table of leases and positions. The casebook keeps it in the same database as the effects.
#[async_trait]
pub trait Positions: Send + Sync + 'static {
    /// Takes those of `partitions` that are free or whose lease ran out, renews those that `holder` has, and answers with all that `holder` has now.
    /// A name of a holder belongs to one run of one process: two processes under one name would share an epoch.
    async fn acquire(
        &self,
        producer: &str,
        holder: &str,
        partitions: &[Partition],
        ttl: Duration,
    ) -> Result<Vec<Lease>, SourceError>;

    /// Gives up whatever `holder` has, so that another replica need not wait for the time to run out.
    async fn release(&self, producer: &str, holder: &str) -> Result<(), SourceError>;

    /// Consumed positions of every partition, whoever holds it; the index is the partition.
    async fn consumed(&self, producer: &str) -> Result<Vec<Position>, SourceError>;
}
