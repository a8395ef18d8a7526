//! How events get from one service to the other: a consumer for each pair, a relay for each producer when Redis carries.

use super::settings::Settings;
use anyhow::Context;
use casebook::{Casebook, Consume, Effects};
use mesh::{Chassis, Log, Traced};
use queue::{Consumer, EmbeddedFeed, EventSource as _, Feed, RedisFeed, Relay, RelayTiming, Streams, Timing};
use std::{sync::Arc, time::Duration};

/// How often a consumer asks the producer for its heads. The log is in this process or near, and when Redis is gone this is the
/// delay of every event: well below the two seconds that a caller waits for its own writes.
const POLL: Duration = Duration::from_millis(500);

/// `consumer` consumes what `producer` has committed.
pub(super) fn consume(
    chassis: &Chassis,
    settings: &Settings,
    consumer: &Casebook,
    producer: &Log,
    effects: Arc<dyn Effects>,
) -> anyhow::Result<()> {
    let source = producer.source();
    let feed: Option<Arc<dyn Feed>> = match (&settings.redis, producer) {
        (Some(url), _) => {
            // Of the same cluster, hence under the same name.
            let streams = Streams::new(consumer.cluster(), producer.service());
            Some(Arc::new(RedisFeed::new(url, streams, consumer.service()).context("failed to use Redis")?))
        }
        (None, Log::Here(book)) => Some(Arc::new(EmbeddedFeed::new(Arc::new(book.clone())))),
        // Asked for its heads every [`POLL`].
        (None, Log::There(_)) => None,
    };
    let apply = Arc::new(Consume::new(consumer.clone(), Arc::new(Traced::new(effects))));
    let mut worker = Consumer::builder(consumer.service(), source, Arc::new(consumer.clone()), apply)
        .timing(Timing { poll: POLL, ..Timing::default() })
        .clock(chassis.clock())
        .rng(chassis.rng());
    if let Some(feed) = feed {
        worker = worker.feed(feed);
    }
    let worker = worker.build();
    let name = format!("{}.consume.{}", consumer.service(), producer.service());
    let drain = chassis.drain();
    chassis.tasks().spawn_worker(name, async move { worker.run(drain.token()).await });
    Ok(())
}

/// Publishes a producer's events to Redis, when there is one.
pub(super) fn relay(chassis: &Chassis, settings: &Settings, producer: &Casebook) -> anyhow::Result<()> {
    let Some(url) = &settings.redis else { return Ok(()) };
    let source = Arc::new(producer.clone());
    let relay = Relay::new(url, producer.cluster(), source, chassis.rng(), RelayTiming::default());
    let relay = relay.context("failed to use Redis")?;
    let drain = chassis.drain();
    let name = format!("{}.relay", producer.service());
    chassis.tasks().spawn_worker(name, async move { relay.run(drain.token()).await });
    Ok(())
}
