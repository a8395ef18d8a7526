//! How services hear of each other's commits: the log is the source, the feed only carries it.
//!
//! **Log.** Every service keeps the events of its cases in its own database, split by hash of the case id into a number
//! of partitions that is fixed at creation. Inside a partition every committed event has a *position*: 1, 2, 3 … without
//! holes, in commit order. All events of one case lie in one partition, so the order of a partition is the order of each of its
//! cases. [`EventSource`] reads this log, in the same process or over the network. It is the only holder that counts.
//!
//! **Feed.** A [`Feed`] brings events sooner than polling the log would: [`EmbeddedFeed`] inside one process, [`RedisFeed`]
//! between processes, filled by the producer's [`Relay`]. A feed may lose, repeat, trim or forget everything, and may be away
//! for ever. Nothing is acknowledged to it, and nothing is lost with it.
//!
//! **Positions.** For every (consumer, producer, partition) the consumer stores the position up to which it has consumed, in the
//! *same transaction* as the effects of the events ([`Apply`]). After any crash it goes on exactly behind its last effect.
//!
//! **Leases.** One replica at a time consumes a partition. It holds a lease, a row with an *epoch* that grows whenever the holder changes
//! ([`Positions`]). Time decides when a lease may be taken over, but only the epoch decides whether an effect may be
//! written: it is compared inside the effect's transaction (a fencing token), so a replica that slept through its lease
//! changes nothing, whatever the clocks say.
//!
//! **Gaps.** A consumer knows that the next position is `consumed + 1`. When the feed brings a later one (entries trimmed, flushed, lost
//! in a failover) or brings nothing although the log's head is further on, the [`Consumer`] reads the missing events from the log and then
//! returns to the feed. It asks for the head every few seconds, so a dead feed makes the mesh slower and nothing else.
//!
//! Guaranteed, as long as the producer's log and the consumer's database keep what they committed:
//! - every event takes effect once in each consumer, or its case is parked by the same transaction (then also once);
//! - the events of a partition, hence of a case, take effect in order; none is skipped;
//! - losing the carrier at any moment, wholly or partly, changes only when this happens.
//!
//! Not guaranteed: an order between partitions; a bound on delay while producer or consumer database is away; that the work of [`Apply`]
//! *outside* its transaction happens once (it may be repeated); anything after a producer's log was put back to an older state, except that the
//! consumer notices a head behind its own position and holds the partition, and that the relay drops a stream that is ahead of its log.
mod apply;
mod backoff;
mod carrier;
mod consumer;
mod embedded;
mod event;
mod feed;
#[doc(hidden)]
pub mod fuzzing;
mod positions;
mod source;

pub use apply::{Apply, ApplyError, Batch, Slice};
pub use carrier::{RedisFeed, Relay, RelayTiming, Streams};
pub use consumer::{Consumer, ConsumerBuilder, Timing};
pub use embedded::EmbeddedFeed;
pub use event::{Envelope, Partition, Position};
pub use feed::{Feed, FeedError};
pub use positions::{Lease, Positions};
pub use source::{EventSource, SourceError};

/// A cause from a layer that this crate does not know.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;
