//! Redis only carries: whatever becomes of it, the end state is that of a cluster without one (I6).

use e2e::{
    matters::Crew,
    process::{Jiewang, Start},
    script::{deal_with, end_state},
    until,
};
use serde_json::Value;
use std::collections::BTreeMap;
use testkit::RedisServer;

const MATTERS: usize = 14;
/// What a cluster says while its Redis is away.
const AWAY: [&str; 2] = ["queue::", "edis"];

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
    let city = jiewang.member("city-dispatcher", "50");
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

async fn flush(redis: &RedisServer) {
    let client = redis::Client::open(redis.url()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    redis::cmd("FLUSHALL").query_async::<()>(&mut connection).await.unwrap();
}
