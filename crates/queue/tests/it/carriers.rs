//! What stands between producer and consumer.
use crate::desk::Desk;
use crate::log::Log;
use queue::{EmbeddedFeed, Feed, RedisFeed, Relay, RelayTiming, Streams};
use std::sync::Arc;
use std::time::Duration;
use testkit::RedisServer;

/// Carries one log to any number of consumers.
pub(crate) trait Carrier {
    fn feed(&self, log: &Arc<Log>, consumer: &str) -> Arc<dyn Feed>;
    /// What must run at the producer, if anything.
    fn relay(&self, log: &Arc<Log>) -> Option<Relay>;
    /// The consumer's database: a sound one.
    fn desk(&self) -> Arc<Desk> {
        Desk::new()
    }
}

pub(crate) struct Embedded;

impl Carrier for Embedded {
    fn feed(&self, log: &Arc<Log>, _consumer: &str) -> Arc<dyn Feed> {
        Arc::new(EmbeddedFeed::new(log.clone()))
    }

    fn relay(&self, _log: &Arc<Log>) -> Option<Relay> {
        None
    }
}

/// A Redis at a fixed address, whether it is there or not.
pub(crate) struct RedisAt(pub(crate) String);

impl Carrier for RedisAt {
    fn feed(&self, log: &Arc<Log>, consumer: &str) -> Arc<dyn Feed> {
        Arc::new(RedisFeed::new(&self.0, streams(log), consumer).unwrap())
    }

    fn relay(&self, log: &Arc<Log>) -> Option<Relay> {
        Some(relay(&self.0, &log.cluster, log.clone()))
    }
}

impl Carrier for RedisServer {
    fn feed(&self, log: &Arc<Log>, consumer: &str) -> Arc<dyn Feed> {
        RedisAt(self.url()).feed(log, consumer)
    }

    fn relay(&self, log: &Arc<Log>) -> Option<Relay> {
        RedisAt(self.url()).relay(log)
    }
}

pub(crate) fn streams(log: &Log) -> Streams {
    Streams::new(&log.cluster, "intake")
}

pub(crate) fn relay(url: &str, cluster: &str, log: Arc<dyn queue::EventSource>) -> Relay {
    let timing = RelayTiming {
        batch: 256,
        poll: Duration::from_millis(50),
        trim: Duration::from_millis(50),
        least_pause: Duration::from_millis(5),
        most_pause: Duration::from_millis(100),
        ..RelayTiming::default()
    };
    Relay::new(url, cluster, log, Arc::new(civic::SeededRng::new(1)), timing).unwrap()
}
