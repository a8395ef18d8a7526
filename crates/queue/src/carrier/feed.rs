//! The consumer's end of the streams.
use super::link::Link;
use super::streams::{Streams, entry_id, envelope};
use crate::feed::fair_share;
use crate::{Envelope, Feed, FeedError, Partition, Position};
use async_trait::async_trait;
use redis::streams::{StreamId, StreamReadReply};
use std::collections::HashMap;
use std::time::Duration;

/// Reads the streams of one producer for one consumer, over a connection of its own.
pub struct RedisFeed {
    link: Link,
    streams: Streams,
    consumer: String,
}

impl RedisFeed {
    /// A feed for `consumer`. Connects when first asked: a Redis that is away at the start is no error.
    pub fn new(url: &str, streams: Streams, consumer: &str) -> Result<Self, FeedError> {
        Ok(Self { link: Link::new(url)?, streams, consumer: consumer.to_owned() })
    }
}

#[async_trait]
impl Feed for RedisFeed {
    async fn next(
        &self,
        wants: &[(Partition, Position)],
        max: usize,
        wait: Duration,
    ) -> Result<Vec<Envelope>, FeedError> {
        if wants.is_empty() {
            tokio::time::sleep(wait).await;
            return Ok(Vec::new());
        }
        let keys: HashMap<String, Partition> =
            wants.iter().map(|(partition, _)| (self.streams.stream(*partition), *partition)).collect();
        let command = self.read_command(wants, max, wait);
        let mut connection = self.link.connection().await?;
        let reply: Option<StreamReadReply> = self.link.bounded(wait, command.query_async(&mut connection)).await?;
        let mut events = Vec::new();
        for stream in reply.into_iter().flat_map(|reply| reply.keys) {
            if let Some(partition) = keys.get(&stream.key) {
                let read = |entry| envelope(*partition, entry).or_else(|| self.tell_corrupt(&stream.key, entry));
                events.extend(stream.ids.iter().filter_map(read));
            }
        }
        Ok(events)
    }

    async fn consumed(&self, positions: &[(Partition, Position)]) -> Result<(), FeedError> {
        if positions.is_empty() {
            return Ok(());
        }
        let mut pipe = redis::pipe();
        for (partition, position) in positions {
            pipe.hset(self.streams.consumed(*partition), &self.consumer, *position).ignore();
        }
        let mut connection = self.link.connection().await?;
        self.link.bounded(Duration::ZERO, pipe.exec_async(&mut connection)).await
    }
}

impl RedisFeed {
    /// An entry that nobody of ours wrote leaves a hole, which the consumer fills from the log.
    fn tell_corrupt(&self, stream: &str, entry: &StreamId) -> Option<Envelope> {
        metrics::counter!("queue_feed_corrupt_total", "consumer" => self.consumer.clone()).increment(1);
        tracing::warn!(consumer = self.consumer, stream, entry = entry.id, "a corrupt entry is passed over");
        None
    }

    fn read_command(&self, wants: &[(Partition, Position)], max: usize, wait: Duration) -> redis::Cmd {
        let mut command = redis::cmd("XREAD");
        // COUNT is per stream.
        command.arg("COUNT").arg(fair_share(max, wants.len()));
        // BLOCK 0 would mean for ever.
        if !wait.is_zero() {
            let millis = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX).max(1);
            command.arg("BLOCK").arg(millis);
        }
        command.arg("STREAMS");
        for (partition, _) in wants {
            command.arg(self.streams.stream(*partition));
        }
        for (_, after) in wants {
            command.arg(entry_id(*after));
        }
        command
    }
}
