//! An event on its way, and where it stands in its log.

pub use proto::events::v1::Envelope;

/// Index of a partition in its service's log, from 0.
pub type Partition = u16;

/// Place of an event in its partition, dense from 1. As "consumed up to", 0 means nothing yet.
pub type Position = i64;

/// The partition an envelope claims, if it can be one.
pub(crate) fn partition_of(event: &Envelope) -> Option<Partition> {
    Partition::try_from(event.partition).ok()
}
