//! Redis Streams as carrier: one stream for every partition of a producer, entry ids are positions.
//!
//! The explicit id `<position>-0` makes Redis itself the judge of order: an id at or below the stream's last one is refused, so of two
//! relays that both believe to be in charge neither can repeat or reorder anything. Streams are trimmed by what consumers say they have
//! consumed, and by length in any case, since a consumer that never comes back must not fill the memory.
//!
//! The keys of a partition share one hash tag, so each lies in one slot of a Redis Cluster; but one blocking read spans all wanted
//! streams, which a Redis Cluster refuses: until that is split by slot, the carrier is a single Redis (or its failover pair).
mod feed;
pub(crate) mod fuzzing;
mod link;
mod relay;
mod streams;
mod writer;

pub use feed::RedisFeed;
pub use relay::{Relay, RelayTiming};
pub use streams::Streams;
