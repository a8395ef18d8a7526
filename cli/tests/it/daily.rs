//! A grid worker's day through the gateway of a whole cluster: its own timers make the lists, also after it was stopped hard.

use crate::running::{MONDAY, Running, assert_clean, until};
use civic::{Micros, Role, SettableClock};
use jiewang::client::Client;
use serde_json::{Value, json};

async fn post(client: &Client, path: &str, body: Value) -> Value {
    client.post(path, body.to_string().into()).await.unwrap()
}

/// The tasks of the day that runs, once there are any of it.
async fn day(me: &Client, date: &str) -> Vec<Value> {
    until("the list of the day", async || {
        let listed: Value = me.get("/v1/tasks").await.ok()?;
        let tasks = listed["tasks"].as_array()?.clone();
        (listed["date"] == date && !tasks.is_empty()).then_some(tasks)
    })
    .await
}

#[tokio::test]
async fn a_visit_is_found_made_and_recorded_and_the_next_day_begins_after_a_hard_stop() {
    let folder = tempfile::tempdir().unwrap();
    let clock = SettableClock::new(MONDAY);
    let cluster = Running::start(folder.path(), &clock).await;
    let (town, desk) = (cluster.member(Role::TownDispatcher), cluster.somebody(Role::VillageDesk, "v", "500151001001"));
    let entry = json!({
        "requestId": "care", "purpose": "living-alone", "basis": "本人申请", "consent": true, "divisionCode": "500151001001",
        "person": {"name": "李淑珍", "phone": "13900004321"}, "endDate": "2027-03-31",
    });
    let entry = post(&desk, "/v1/careEntries", entry).await;
    let roster = json!({
        "requestId": "roster", "divisionCode": "500151001", "posts": "post,unit,worker\np1,500151001001-wangge,w1\n",
    });
    post(&town, "/v1/rosters:load", roster).await;
    let me = cluster.somebody(Role::GridWorker, "w1", "500151001001-wangge");
    let tasks = day(&me, "2026-12-28").await;
    let visit = tasks.iter().find(|task| task["careEntry"] == entry["name"]).unwrap();
    let look = format!("/v1/{}?reason=visit", entry["name"].as_str().unwrap());
    let seen: Value = me.get(&look).await.unwrap();
    assert_eq!(seen["person"]["name"], "李淑珍");
    let tick = json!({"requestId": "tick", "note": "一切都好"});
    let done = post(&me, &format!("/v1/{}:tick", visit["name"].as_str().unwrap()), tick).await;
    assert_eq!((&done["state"], &done["note"]), (&json!("DONE"), &json!("一切都好")));
    cluster.stop_hard().await;

    clock.set(MONDAY + Micros::DAY);
    let cluster = Running::start(folder.path(), &clock).await;
    let me = cluster.somebody(Role::GridWorker, "w1", "500151001001-wangge");
    let tasks = day(&me, "2026-12-29").await;
    assert!(tasks.iter().all(|task| task["careEntry"].is_null()), "visited yesterday: {tasks:?}");
    assert_eq!(tasks.iter().filter(|task| task["carriedDays"] == 1).count(), 5, "nothing else was done: {tasks:?}");
    cluster.stop().await;
    assert_clean(folder.path()).await;
}
