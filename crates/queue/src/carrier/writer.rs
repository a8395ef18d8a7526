//! The commands a relay gives to Redis.
use super::link::Link;
use super::streams::{FIELD, Streams, entry_id, position_of};
use crate::event::partition_of;
use crate::{Envelope, FeedError, Partition, Position};
use prost::Message;
use redis::streams::StreamRangeReply;
use redis::{RedisError, RedisResult};
use std::time::Duration;

/// Where a stream ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Last {
    /// No stream, or an empty one.
    Gone,
    /// At this position.
    At(Position),
    /// With an entry that no relay made.
    Foreign,
}

/// Writes the streams of one producer.
pub(super) struct Writer {
    link: Link,
    streams: Streams,
    keep: u64,
}

/// The first entry of a partition that Redis refused.
struct Refused {
    partition: Partition,
    position: Position,
    error: RedisError,
}

impl Writer {
    pub(super) fn new(url: &str, streams: Streams, keep: u64) -> Result<Self, FeedError> {
        Ok(Self { link: Link::new(url)?, streams, keep })
    }

    pub(super) async fn lasts(&self, partitions: &[Partition]) -> Result<Vec<Last>, FeedError> {
        let mut pipe = redis::pipe();
        for partition in partitions {
            pipe.xrevrange_count(self.streams.stream(*partition), "+", "-", 1);
        }
        let mut connection = self.link.connection().await?;
        let replies: Vec<StreamRangeReply> =
            self.link.bounded(Duration::ZERO, pipe.query_async(&mut connection)).await?;
        let last = |reply: StreamRangeReply| match reply.ids.first() {
            None => Last::Gone,
            Some(entry) => position_of(&entry.id).map_or(Last::Foreign, Last::At),
        };
        Ok(replies.into_iter().map(last).collect())
    }

    /// Removes a stream. Consumers read the log meanwhile.
    pub(super) async fn forget(&self, partition: Partition) -> Result<(), FeedError> {
        let mut connection = self.link.connection().await?;
        let forget = redis::Cmd::del(self.streams.stream(partition));
        self.link.bounded(Duration::ZERO, forget.exec_async(&mut connection)).await
    }

    /// Adds the events in one pipeline and moves `published` on. A refused entry is looked into by comparing ids, not by reading the
    /// text of the error: if the stream is already there or past it, another relay was faster, and that is success.
    pub(super) async fn add(&self, published: &mut [Position], events: &[Envelope]) -> Result<(), FeedError> {
        if events.is_empty() {
            return Ok(());
        }
        let mut pipe = redis::pipe();
        pipe.ignore_errors();
        for event in events {
            pipe.add_command(self.add_command(event));
        }
        let mut connection = self.link.connection().await?;
        let replies: Vec<RedisResult<redis::Value>> =
            self.link.bounded(Duration::ZERO, pipe.query_async(&mut connection)).await?;
        let mut refused: Vec<Refused> = Vec::new();
        for (event, reply) in events.iter().zip(replies) {
            let (partition, position) = (own_partition(event), event.position);
            match reply {
                Ok(_) => published[usize::from(partition)] = position,
                Err(error) if refused.iter().all(|other| other.partition != partition) => {
                    refused.push(Refused { partition, position, error });
                }
                Err(_) => {}
            }
        }
        self.look_into(published, refused).await
    }

    fn add_command(&self, event: &Envelope) -> redis::Cmd {
        let mut command = redis::cmd("XADD");
        command
            .arg(self.streams.stream(own_partition(event)))
            .arg(&["MAXLEN", "~"])
            .arg(self.keep)
            .arg(entry_id(event.position))
            .arg(FIELD)
            .arg(event.encode_to_vec());
        command
    }

    async fn look_into(&self, published: &mut [Position], refused: Vec<Refused>) -> Result<(), FeedError> {
        if refused.is_empty() {
            return Ok(());
        }
        let partitions: Vec<Partition> = refused.iter().map(|refused| refused.partition).collect();
        for (refused, last) in refused.into_iter().zip(self.lasts(&partitions).await?) {
            match last {
                Last::At(last) if last >= refused.position => published[usize::from(refused.partition)] = last,
                // Refused for another reason: no memory, a read-only replica, a key of another type.
                Last::At(_) | Last::Gone | Last::Foreign => {
                    return Err(FeedError::Unavailable(Box::new(refused.error)));
                }
            }
        }
        Ok(())
    }

    /// Removes what every consumer that ever told has consumed, except the last entry: it says where the stream stands.
    pub(super) async fn trim(&self, partitions: u16) -> Result<(), FeedError> {
        let mut ask = redis::pipe();
        for partition in 0..partitions {
            ask.hvals(self.streams.consumed(partition));
        }
        let mut connection = self.link.connection().await?;
        let told: Vec<Vec<Position>> = self.link.bounded(Duration::ZERO, ask.query_async(&mut connection)).await?;
        let mut trim = redis::pipe();
        for (partition, told) in (0..partitions).zip(told) {
            if let Some(lowest) = told.into_iter().min().filter(|lowest| *lowest > 0) {
                // MINID keeps the entry it names, so the stream never becomes empty while its consumers are not ahead of it.
                trim.cmd("XTRIM").arg(self.streams.stream(partition)).arg("MINID").arg(entry_id(lowest)).ignore();
            }
        }
        if trim.is_empty() {
            return Ok(());
        }
        self.link.bounded(Duration::ZERO, trim.exec_async(&mut connection)).await
    }
}

fn own_partition(event: &Envelope) -> Partition {
    partition_of(event).expect("a relay's source is the log of its own process, whose partitions are 16 bits wide")
}
