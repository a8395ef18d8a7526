//! What only Redis can suffer. The end state is always the same: every event took effect once, in order.
use crate::carriers::{Carrier, RedisAt, relay, streams};
use crate::log::{Log, PARTITIONS};
use crate::unreliable::{GatedSource, arrives};
use crate::world::World;
use queue::{Envelope, Partition, Position};
use redis::aio::MultiplexedConnection;
use redis::streams::{StreamRangeReply, StreamReadReply};
use redis::{AsyncConnectionConfig, AsyncTypedCommands, Client};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use testkit::{Line, RedisServer};
use tokio::sync::{Semaphore, watch};

/// A connection of the test's own that may block as long as it likes.
async fn connect(redis: &RedisServer) -> MultiplexedConnection {
    let config = AsyncConnectionConfig::new().set_response_timeout(None);
    let client = Client::open(redis.url()).unwrap();
    client.get_multiplexed_async_connection_with_config(&config).await.unwrap()
}

/// Waits until the streams have reached the heads of the log.
async fn streams_reach_the_heads(redis: &RedisServer, log: &Log) {
    let mut connection = connect(redis).await;
    for (partition, head) in (0..).zip(log.heads()).filter(|(_, head)| *head > 0) {
        let reply: Option<StreamReadReply> = redis::cmd("XREAD")
            .arg(&["BLOCK", "60000", "COUNT", "1", "STREAMS"])
            .arg(streams(log).stream(partition))
            .arg(format!("{}-0", head - 1))
            .query_async(&mut connection)
            .await
            .unwrap();
        assert!(reply.is_some(), "partition {partition} was not published up to {head}");
    }
}

async fn entries(redis: &RedisServer, log: &Log, partition: Partition) -> Vec<Position> {
    let mut connection = connect(redis).await;
    let reply: StreamRangeReply = connection.xrange_all(streams(log).stream(partition)).await.unwrap();
    reply.ids.iter().map(|entry| entry.id.strip_suffix("-0").unwrap().parse().unwrap()).collect()
}

async fn flush(redis: &RedisServer) {
    redis::cmd("FLUSHALL").exec_async(&mut connect(redis).await).await.unwrap();
}

#[tokio::test]
async fn flushed_at_any_moment() {
    let Some(redis) = RedisServer::start("flushed_at_any_moment") else { return };
    let mut world = World::new(&redis);
    world.start_relay();
    world.start_consumer();
    for _ in 0..20 {
        world.commit_in_bursts(5).await;
        flush(&redis).await;
        world.commit_in_bursts(1).await;
    }
    world.all_is_consumed().await;
    // Afterwards events come through the streams again.
    world.log.commit(&world.seed, 200);
    streams_reach_the_heads(&redis, &world.log).await;
    world.finish().await;
}

#[tokio::test]
async fn restarted_and_killed_while_events_flow() {
    let Some(mut redis) = RedisServer::start("restarted_and_killed_while_events_flow") else { return };
    let carrier = RedisAt(redis.url());
    let mut world = World::new(&carrier);
    world.log.commit(&world.seed, 200);
    seed_streams(&redis, &world.log).await;
    world.start_relay();
    world.start_consumer();
    for round in 0..4 {
        world.commit_in_bursts(10).await;
        if round % 2 == 0 {
            redis.restart()
        } else {
            redis.kill_9()
        }
        world.commit_in_bursts(10).await;
        world.all_is_consumed().await;
        redis.restart();
        world.log.commit(&world.seed, 200);
        streams_reach_the_heads(&redis, &world.log).await;
    }
    world.finish().await;
}

#[tokio::test]
async fn a_promoted_replica_carries_on() {
    let test = "a_promoted_replica_carries_on";
    let Some(mut primary) = RedisServer::start(test) else { return };
    let line = Line::start(SocketAddr::from(([127, 0, 0, 1], primary.port()))).unwrap();
    let carrier = RedisAt(format!("redis://{}/", line.address()));
    let mut world = World::new(&carrier);
    world.start_relay();
    world.start_consumer();
    world.commit_in_bursts(10).await;
    let Some(replica) = RedisServer::replica_of(test, &primary) else { return };
    world.commit_in_bursts(10).await;
    // What the replica has not heard of yet is gone with the primary: consumers bring it from the log.
    primary.kill_9();
    world.commit_in_bursts(5).await;
    redis::cmd("REPLICAOF").arg("NO").arg("ONE").exec_async(&mut connect(&replica).await).await.unwrap();
    line.lead_to(Some(SocketAddr::from(([127, 0, 0, 1], replica.port()))));
    world.commit_in_bursts(10).await;
    world.all_is_consumed().await;
    world.log.commit(&world.seed, 200);
    streams_reach_the_heads(&replica, &world.log).await;
    world.finish().await;
}

#[tokio::test]
async fn slow_and_cut_off() {
    let Some(redis) = RedisServer::start("slow_and_cut_off") else { return };
    let server = SocketAddr::from(([127, 0, 0, 1], redis.port()));
    let line = Line::start(server).unwrap();
    let carrier = RedisAt(format!("redis://{}/", line.address()));
    let mut world = World::new(&carrier);
    // A stream that was never there is begun at the head, also after a cut.
    world.log.commit(&world.seed, 200);
    seed_streams(&redis, &world.log).await;
    world.start_relay();
    world.start_consumer();
    for round in 0..3 {
        line.slow_down(Duration::from_millis(50));
        world.commit_in_bursts(5).await;
        line.lead_to((round == 1).then_some(server));
        world.commit_in_bursts(5).await;
        world.all_is_consumed().await;
        line.slow_down(Duration::ZERO);
        line.lead_to(Some(server));
        world.log.commit(&world.seed, 100);
        streams_reach_the_heads(&redis, &world.log).await;
    }
    world.finish().await;
}

#[tokio::test]
async fn gone_for_good() {
    let Some(mut redis) = RedisServer::start("gone_for_good") else { return };
    let carrier = RedisAt(redis.url());
    let mut world = World::new(&carrier);
    world.start_relay();
    world.start_consumer();
    world.commit_in_bursts(10).await;
    world.all_is_consumed().await;
    redis.kill_9();
    for _ in 0..5 {
        world.commit_in_bursts(10).await;
        world.all_is_consumed().await;
    }
    world.finish().await;
}

#[tokio::test]
async fn never_there() {
    let carrier = RedisAt("redis://127.0.0.1:1/".to_owned());
    let mut world = World::new(&carrier);
    world.start_relay();
    world.start_consumer();
    world.commit_in_bursts(30).await;
    world.finish().await;
}

#[tokio::test]
async fn trimmed_by_what_is_consumed_and_read_from_the_log_by_a_newcomer() {
    let Some(redis) = RedisServer::start("trimmed_by_what_is_consumed") else { return };
    let mut world = World::new(&redis);
    world.log.commit(&world.seed, 200);
    seed_streams(&redis, &world.log).await;
    world.start_relay();
    world.commit_in_bursts(100).await;
    streams_reach_the_heads(&redis, &world.log).await;
    world.start_consumer();
    world.all_is_consumed().await;
    for (partition, head) in (0..PARTITIONS).zip(world.log.heads()) {
        // The consumer tells with its next poll, the relay trims after that: wait for the effect.
        let trimmed = async { while entries(&redis, &world.log, partition).await != [head] {} };
        assert!(tokio::time::timeout(crate::desk::BOUND, trimmed).await.is_ok(), "partition {partition}");
    }
    let newcomer = crate::desk::Desk::new();
    world.start_consumer_with(newcomer.clone(), newcomer.clone(), redis.feed(&world.log, "insight"));
    newcomer.has_consumed(&world.log).await;
    world.finish().await;
}

#[tokio::test]
async fn entries_nobody_of_ours_wrote_are_not_believed() {
    let Some(redis) = RedisServer::start("entries_nobody_of_ours_wrote") else { return };
    let mut world = World::new(&redis);
    world.log.commit(&world.seed, 100);
    let heads = world.log.heads();
    let mut connection = connect(&redis).await;
    for (partition, _) in (0..PARTITIONS).zip(&heads) {
        let key = streams(&world.log).stream(partition);
        for id in ["1-0", "2-0", "2-7"] {
            connection.xadd(&key, id, &[("e", "not an envelope")]).await.unwrap();
        }
    }
    world.start_relay();
    world.start_consumer();
    world.commit_in_bursts(10).await;
    world.finish().await;
}

#[tokio::test]
async fn a_zombie_relay_with_old_positions_is_refused() {
    let Some(redis) = RedisServer::start("a_zombie_relay") else { return };
    let mut world = World::new(&redis);
    let gated = Arc::new(GatedSource {
        inner: world.log.clone(),
        arrived: watch::Sender::new(false),
        go_on: Semaphore::new(0),
    });
    world.log.commit(&world.seed, 200);
    seed_streams(&redis, &world.log).await;
    // The zombie holds the next events in its hands.
    world.run_relay(relay(&redis.url(), &world.log.cluster, gated.clone()));
    arrives(&gated.arrived).await;
    // Another one publishes them and more.
    let other = world.run_relay(relay(&redis.url(), &world.log.cluster, world.log.clone()));
    world.log.commit(&world.seed, 500);
    streams_reach_the_heads(&redis, &world.log).await;
    gated.go_on.add_permits(100_000);
    // The zombie is refused, finds out where the streams stand, and goes on there alone.
    other.cancel();
    world.log.commit(&world.seed, 500);
    streams_reach_the_heads(&redis, &world.log).await;
    for (partition, head) in (0..PARTITIONS).zip(world.log.heads()) {
        let all: Vec<Position> = (1..=head).collect();
        assert_eq!(entries(&redis, &world.log, partition).await, all, "partition {partition}");
    }
    world.start_consumer();
    world.finish().await;
}

#[tokio::test]
async fn two_relays_at_once_publish_every_event_once_and_in_order() {
    let Some(redis) = RedisServer::start("two_relays_at_once") else { return };
    let mut world = World::new(&redis);
    world.log.commit(&world.seed, 200);
    seed_streams(&redis, &world.log).await;
    world.start_relay();
    world.start_relay();
    world.commit_in_bursts(200).await;
    streams_reach_the_heads(&redis, &world.log).await;
    for (partition, head) in (0..PARTITIONS).zip(world.log.heads()) {
        let all: Vec<Position> = (1..=head).collect();
        assert_eq!(entries(&redis, &world.log, partition).await, all, "partition {partition}");
    }
    world.start_consumer();
    world.finish().await;
}

#[tokio::test]
async fn a_stream_ahead_of_its_log_is_dropped() {
    let Some(redis) = RedisServer::start("a_stream_ahead_of_its_log") else { return };
    let mut world = World::new(&redis);
    world.log.commit(&world.seed, 100);
    let mut connection = connect(&redis).await;
    for partition in 0..PARTITIONS {
        let key = streams(&world.log).stream(partition);
        connection.xadd(&key, "1000000-0", &[("e", "of a history that is no more")]).await.unwrap();
    }
    world.start_relay();
    world.start_consumer();
    world.all_is_consumed().await;
    world.log.commit(&world.seed, 200);
    streams_reach_the_heads(&redis, &world.log).await;
    for (partition, head) in (0..PARTITIONS).zip(world.log.heads()) {
        assert_eq!(entries(&redis, &world.log, partition).await.last(), Some(&head), "partition {partition}");
    }
    world.finish().await;
}

/// Publishes the first event of each partition as a relay would have: without streams a relay begins at the head, with them it
/// goes on from there and publishes everything.
async fn seed_streams(redis: &RedisServer, log: &Arc<Log>) {
    use queue::EventSource;
    let mut connection = connect(redis).await;
    for partition in 0..PARTITIONS {
        let first: Vec<Envelope> = log.read(partition, 0, 1).await.unwrap();
        let bytes = prost::Message::encode_to_vec(&first[0]);
        connection.xadd(streams(log).stream(partition), "1-0", &[("e", bytes)]).await.unwrap();
    }
}
