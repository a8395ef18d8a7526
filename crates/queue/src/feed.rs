//! The carrier's side of the bargain: sooner, but never surely.
use crate::{BoxError, Envelope, Partition, Position};
use async_trait::async_trait;
use std::time::Duration;

/// Brings events sooner than polling the log. May lose, repeat, be away; never the only holder.
#[async_trait]
pub trait Feed: Send + Sync + 'static {
    /// Events after each wanted position, in order inside a partition; waits up to `wait` for the first one. There may be gaps, the consumer
    /// checks. At most `max` events, but room for one of every wanted partition, so that none starves behind a busy one.
    async fn next(
        &self,
        wants: &[(Partition, Position)],
        max: usize,
        wait: Duration,
    ) -> Result<Vec<Envelope>, FeedError>;

    /// Tells the carrier what this consumer has consumed, so that it may trim. Only a hint: losing it costs memory, not events.
    async fn consumed(&self, _positions: &[(Partition, Position)]) -> Result<(), FeedError> {
        Ok(())
    }
}

/// Why a carrier brought nothing.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    /// The carrier is away or refuses to serve.
    #[error("the carrier is unavailable")]
    Unavailable(#[source] BoxError),
    /// The carrier took longer than a live one would; its connection was given up.
    #[error("the carrier did not answer within {0:?}")]
    Silent(Duration),
    /// The address of the carrier cannot be used.
    #[error("the carrier's address is not usable")]
    Address(#[source] BoxError),
}

/// How many events each of `partitions` may bring so that together they stay within `max`, and at least one.
pub(crate) fn fair_share(max: usize, partitions: usize) -> usize {
    (max / partitions.max(1)).max(1)
}

#[cfg(test)]
mod tests {
    use super::fair_share;

    #[test]
    fn every_partition_gets_room_for_at_least_one_event() {
        assert_eq!(fair_share(1024, 64), 16);
        assert_eq!(fair_share(10, 64), 1);
        assert_eq!(fair_share(10, 0), 10);
    }
}
