//! Redis only carries: whatever becomes of it, the end state is that of a cluster without one (I6).

use e2e::{
    matters::{Crew, LIGHTS, TOWN},
    process::{Jiewang, Start},
    script::{WAYS, deal_with, end_state},
    until,
};
use serde_json::Value;
use std::{collections::BTreeMap, time::Duration};
use testkit::RedisServer;
use tokio::time::Instant;

const MATTERS: usize = 14;
/// What a cluster says while its Redis is away.
const AWAY: [&str; 2] = [
    "queue::consumer: the feed is away, events come from the log",
    "queue::carrier::relay: the relay pauses, consumers read the log",
];
/// The pause between two attempts at Redis doubles from 50 ms to its longest, ten seconds, which the ninth attempt has reached.
const MINUTE: Duration = Duration::from_secs(60);
const LONGEST_PAUSE: usize = 9;

/// What remains of all matters where nothing fails.
async fn undisturbed() -> BTreeMap<String, (Value, Value)> {
    let folder = tempfile::tempdir().unwrap();
    let jiewang = Start::new(folder.path()).start().await;
    let crew = Crew::of(&jiewang);
    for number in 0..MATTERS {
        deal_with(&crew, number).await;
    }
    settled(&jiewang, &BTreeMap::new()).await
}

/// The end state, once it is `expected` or, when nothing is, once two looks in a row are alike.
async fn settled(jiewang: &Jiewang, expected: &BTreeMap<String, (Value, Value)>) -> BTreeMap<String, (Value, Value)> {
    let city = jiewang.member("town-dispatcher", TOWN);
    let states = ["FILED"];
    // Reports lag behind their orders by one event.
    until("every report has heard of its order", || async {
        let reports = city.all_reports().await;
        let all = reports.len() == MATTERS
            && reports.iter().all(|report| !states.contains(&report["state"].as_str().unwrap()));
        all.then_some(())
    })
    .await;
    let mut state = end_state(&city).await;
    for _look in 0..200 {
        if state == *expected || agrees(&state) {
            break;
        }
        state = end_state(&city).await;
    }
    state
}

/// Every report tells the state that its order has.
fn agrees(state: &BTreeMap<String, (Value, Value)>) -> bool {
    state.values().all(|(report, order)| report["workOrderState"] == order["state"])
}

#[tokio::test]
async fn whatever_becomes_of_redis_the_end_state_is_the_same() {
    let Some(mut redis) = RedisServer::start("whatever_becomes_of_redis_the_end_state_is_the_same") else { return };
    let expected = undisturbed().await;
    assert!(agrees(&expected));
    let folder = tempfile::tempdir().unwrap();
    let start = Start::new(folder.path()).with(["--redis".to_owned(), redis.url()]).allowing(&AWAY);
    let mut jiewang = start.start().await;
    let crew = Crew::of(&jiewang);
    for number in 0..MATTERS {
        match number {
            2 | 3 => flush(&redis).await,
            5 => redis.restart(),
            7 => redis.kill_9(),
            9 => redis.restart(),
            // For good.
            11 => redis.stop(),
            _ => {}
        }
        deal_with(&crew, number).await;
    }
    assert_eq!(settled(&jiewang, &expected).await, expected);
    jiewang.kill();
    jiewang.verify();
}

/// A whole minute of the product's own time: every pause has long been at its longest, and the heads were asked for a hundred times.
#[tokio::test]
async fn while_redis_is_gone_for_a_minute_events_arrive_and_afterwards_it_carries_them_again() {
    let Some(mut redis) = RedisServer::start("while_redis_is_gone_for_a_minute") else { return };
    let folder = tempfile::tempdir().unwrap();
    let start = Start::new(folder.path()).with(["--redis".to_owned(), redis.url()]).allowing(&AWAY);
    let mut jiewang = start.start().await;
    let crew = Crew::of(&jiewang);
    deal_with(&crew, 4).await;
    redis.kill_9();
    let (gone, mut number) = (Instant::now(), WAYS);
    while gone.elapsed() < MINUTE {
        deal_with(&crew, number).await;
        number += 1;
        // Not a wait for anything: a busy minute would take the cores from the other tests.
        tokio::time::sleep(MINUTE / 30).await;
    }
    for message in AWAY {
        let words = message.split_once(": ").unwrap().1;
        let attempts = jiewang.said().matches(words).count();
        // Two consumers, two relays.
        assert!(attempts >= 2 * LONGEST_PAUSE, "{words}: {attempts} attempts in a minute");
    }
    redis.restart();
    let first = crew.file("afterwards", LIGHTS).await;
    until("Redis carries events again", || async { (size(&redis).await > 0).then_some(()) }).await;
    crew.begin(first["workOrder"].as_str().unwrap()).await;
    let city = jiewang.member("town-dispatcher", TOWN).after(&crew.citizen);
    until("reports and orders agree", || async { agrees(&end_state(&city).await).then_some(()) }).await;
    jiewang.kill();
    jiewang.verify();
}

/// How many keys it has.
async fn size(redis: &RedisServer) -> usize {
    let client = redis::Client::open(redis.url()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    redis::cmd("DBSIZE").query_async(&mut connection).await.unwrap()
}

async fn flush(redis: &RedisServer) {
    let client = redis::Client::open(redis.url()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    redis::cmd("FLUSHALL").query_async::<()>(&mut connection).await.unwrap();
}
