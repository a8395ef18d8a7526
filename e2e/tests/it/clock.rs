//! Lamps turn once and never early, also when the clock jumps and the process dies in between (I13 to I15).

use civic::{Clock as _, Micros, Role, SettableClock};
use e2e::{
    client::Client,
    cluster::Inside,
    matters::{LIGHTS, TOWN, report, steps},
    until,
};
use serde_json::Value;
use std::path::Path;
use testkit::Seed;

/// Monday, 2026-11-23 at ten in the morning, in Chongqing.
const MONDAY: Micros = Micros(1_795_399_200_000_000);
const SECOND: i64 = 1_000_000;
const HOUR: i64 = 3_600 * SECOND;
/// Orders of each urgency.
const EACH: usize = 3;

/// One order and the instants at which its lamps turn: yellow and red of both clocks.
struct Watched {
    order: String,
    turns: Vec<Micros>,
}

#[tokio::test]
async fn lamps_turn_once_and_never_early_while_the_clock_jumps_and_the_process_dies() {
    let seed = Seed::from_env();
    let folder = tempfile::tempdir().unwrap();
    let clock = SettableClock::new(MONDAY);
    let mut cluster = Inside::start(folder.path(), clock.clone()).await;
    let watched = file(&cluster).await;
    let mut instants: Vec<Micros> = watched.iter().flat_map(|order| order.turns.clone()).collect();
    instants.sort();
    instants.dedup();
    for instant in instants {
        // Just before, then an hour back, then past it by up to an hour: the timers see every one of these.
        clock.set(Micros(instant.0 - 1));
        look(&cluster).await;
        clock.advance(-HOUR);
        if seed.per_mille(400) {
            cluster = restart(cluster, folder.path()).await;
        }
        let past = Micros(instant.0 + i64::try_from(seed.below(3_600)).unwrap() * SECOND);
        clock.set(past);
        if seed.per_mille(400) {
            cluster = restart(cluster, folder.path()).await;
        }
        let reader = reader(&cluster);
        for order in &watched {
            let due = order.turns.iter().filter(|turn| **turn <= past).count();
            until("the lamp turns", || async { (turned(&reader, order).await.len() >= due).then_some(()) }).await;
        }
        // Back again: what has turned stays turned, and does not turn again.
        clock.advance(-HOUR);
        look(&cluster).await;
        clock.advance(HOUR);
    }
    for order in &watched {
        let times = turned(&reader(&cluster), order).await;
        assert_eq!(times.len(), order.turns.len(), "{} turned at {times:?}", order.order);
        for (at, mark) in times.iter().zip(&order.turns) {
            assert!(at >= mark, "{} turned at {at}, before {mark}", order.order);
        }
    }
    cluster.stop_hard().await;
}

#[tokio::test]
async fn a_case_that_is_closed_in_time_never_turns_a_lamp() {
    let folder = tempfile::tempdir().unwrap();
    let clock = SettableClock::new(MONDAY);
    let cluster = Inside::start(folder.path(), clock.clone()).await;
    let hotline = cluster.member(Role::Integrator, "50");
    let filed = hotline.write("v1/reports", &urgent("done", "LEVEL_TWO")).await;
    let open = hotline.write("v1/reports", &urgent("open", "LEVEL_TWO")).await;
    let town = cluster.member(Role::TownDispatcher, TOWN).after(&hotline);
    let order = filed["workOrder"].as_str().unwrap();
    town.step(order, "cancel", serde_json::json!({"reason": "重复"})).await;
    clock.advance(48 * HOUR);
    // The other one's timers were due at the same instants: when they have fired, so would the cancelled ones have.
    let other = Watched { order: open["workOrder"].as_str().unwrap().to_owned(), turns: Vec::new() };
    until("the other's lamp is red", || async { (turned(&town, &other).await.len() >= 2).then_some(()) }).await;
    let timeline = town.read(&format!("v1/{order}/timeline")).await;
    assert_eq!(steps(&timeline), ["created", "assigned", "cancelled"]);
    cluster.stop_hard().await;
}

fn urgent(key: &str, urgency: &str) -> Value {
    let mut body = report(key, LIGHTS);
    // By the hotline: nobody without a token says how pressing a matter is.
    (body["channel"], body["urgency"]) = ("HOTLINE_12345".into(), urgency.into());
    body
}

async fn file(cluster: &Inside) -> Vec<Watched> {
    let hotline = cluster.member(Role::Integrator, "50");
    let town = cluster.member(Role::TownDispatcher, TOWN).after(&hotline);
    let mut watched = Vec::new();
    for urgency in ["LEVEL_ONE", "LEVEL_TWO", "LEVEL_THREE"] {
        for number in 0..EACH {
            let filed = hotline.write("v1/reports", &urgent(&format!("{urgency}-{number}"), urgency)).await;
            let order = filed["workOrder"].as_str().unwrap().to_owned();
            let clock = town.read(&format!("v1/{order}/clock")).await;
            let mut turns: Vec<Micros> = ["total", "unit"]
                .iter()
                .flat_map(|which| [&clock[which]["yellowTime"], &clock[which]["dueTime"]].map(instant))
                .collect();
            turns.sort();
            watched.push(Watched { order, turns });
            cluster.clock.advance(7 * SECOND);
        }
    }
    watched
}

fn instant(time: &Value) -> Micros {
    let time: jiff::Timestamp = time.as_str().unwrap().parse().unwrap();
    Micros(time.as_microsecond())
}

fn reader(cluster: &Inside) -> Client {
    cluster.member(Role::TownDispatcher, TOWN)
}

/// When the lamps of an order turned, in order.
async fn turned(reader: &Client, watched: &Watched) -> Vec<Micros> {
    let timeline = reader.read(&format!("v1/{}/timeline", watched.order)).await;
    let entries = timeline["entries"].as_array().unwrap();
    let turns = entries.iter().filter(|entry| entry["type"] == "workOrder.lampTurned");
    turns.map(|entry| instant(&entry["time"])).collect()
}

/// A case filed at this instant of the clock goes through both services, so the timers had their turn as well.
async fn look(cluster: &Inside) {
    let citizen = cluster.citizen();
    let key = format!("look-{}", cluster.clock.now().0);
    let filed = citizen.write("v1/reports", &report(&key, LIGHTS)).await;
    let town = reader(cluster).after(&citizen);
    town.read(&format!("v1/{}", filed["workOrder"].as_str().unwrap())).await;
}

async fn restart(cluster: Inside, folder: &Path) -> Inside {
    let clock = cluster.clock.clone();
    cluster.stop_hard().await;
    Inside::start(folder, clock).await
}
