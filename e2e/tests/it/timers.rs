//! Timers that come due while the process is killed: each fires once, and none early (I13, I14).

use civic::Actor;
use civic::{Micros, Role};
use e2e::{
    client::Client,
    matters::{LIGHTS, TOWN, report},
    process::{Jiewang, Start},
    rounds, until,
};
use serde_json::{Value, json};
use std::time::Duration;
use testkit::Seed;

const ORDERS: usize = 12;
/// From one order to the next, so that their timers come due one after the other and a kill falls between them.
const APART: Duration = Duration::from_millis(250);
/// Before the first of them is due, so that the process is up when it is.
const BEFORE: i64 = 2 * Micros::SECOND;
/// How long an order of level one may be without acceptance (services/dispatch/catalog/limits.csv).
const TO_ACCEPT: i64 = 10 * Micros::MINUTE;
/// Acceptance, then yellow and red of both clocks.
const TURNS: usize = 5;
const TOKEN_HOLDS: Duration = Duration::from_secs(24 * 3600);

/// An order and the instants of its timers, in order.
struct Watched {
    name: String,
    due: Vec<Micros>,
}

/// Somebody whose token is made by the process's own clock.
pub(crate) fn member(jiewang: &Jiewang, role: Role, unit: &str) -> Client {
    let key = jiewang::folder::read_key(jiewang.data_dir()).unwrap();
    let actor = Actor::member(role, format!("test-{role}"), unit.parse().unwrap());
    Client::new(jiewang.http(), Some(mesh::mint(&key, &actor, jiewang.now(), TOKEN_HOLDS)))
}

fn instant(time: &Value) -> Micros {
    let time: jiff::Timestamp = time.as_str().unwrap().parse().unwrap();
    Micros(time.as_microsecond())
}

async fn file(jiewang: &Jiewang) -> Vec<Watched> {
    let hotline = member(jiewang, Role::Integrator, "50");
    let town = member(jiewang, Role::TownDispatcher, TOWN).after(&hotline);
    let mut watched = Vec::new();
    for number in 0..ORDERS {
        let mut body = report(&format!("urgent-{number}"), LIGHTS);
        (body["channel"], body["urgency"]) = (json!("HOTLINE_12345"), json!("LEVEL_ONE"));
        let name = hotline.write("v1/reports", &body).await["workOrder"].as_str().unwrap().to_owned();
        let clock = town.read(&format!("v1/{name}/clock")).await;
        let marks = ["total", "unit"].map(|which| [&clock[which]["yellowTime"], &clock[which]["dueTime"]].map(instant));
        let mut due = marks.concat();
        due.push(fired(&town, &name, "assigned").await[0] + TO_ACCEPT);
        due.sort();
        watched.push(Watched { name, due });
        tokio::time::sleep(APART).await;
    }
    watched
}

/// When the entries of this kind were made, in order.
async fn fired(reader: &Client, order: &str, kind: &str) -> Vec<Micros> {
    let timeline = reader.read(&format!("v1/{order}/timeline")).await;
    let of_kind = |entry: &&Value| entry["type"] == format!("workOrder.{kind}");
    timeline["entries"].as_array().unwrap().iter().filter(of_kind).map(|entry| instant(&entry["time"])).collect()
}

/// When each timer of an order has fired so far: acceptance comes before the lamps.
async fn turns(reader: &Client, order: &Watched) -> Vec<Micros> {
    let mut turns = fired(reader, &order.name, "acceptOverdue").await;
    turns.extend(fired(reader, &order.name, "lampTurned").await);
    turns
}

#[tokio::test]
async fn timers_that_come_due_while_the_process_is_killed_fire_once_and_never_early() {
    let seed = Seed::from_env();
    let folder = tempfile::tempdir().unwrap();
    let start = Start::new(folder.path()).by_its_own_clock(env!("CARGO_BIN_EXE_jiewang-ahead"));
    let mut jiewang = start.start().await;
    let watched = file(&jiewang).await;
    let mut kills = Vec::new();
    for turn in 0..TURNS {
        let due: Vec<Micros> = watched.iter().map(|order| order.due[turn]).collect();
        let (first, last) = (*due.iter().min().unwrap(), *due.iter().max().unwrap());
        jiewang.kill();
        jiewang.start_again_at(first - BEFORE).await;
        for _kill in 0..rounds(2, 20) {
            let moment =
                jiewang.now().max(first) + i64::try_from(seed.below((last - first).unsigned_abs() / 2)).unwrap();
            until("its clock shows the moment", || async { (jiewang.now() >= moment).then_some(()) }).await;
            jiewang.kill();
            kills.push(jiewang.now());
            jiewang.verify();
            jiewang.start_again().await;
        }
        let reader = member(&jiewang, Role::TownDispatcher, TOWN);
        for order in &watched {
            let fires = || async { (turns(&reader, order).await.len() > turn).then_some(()) };
            until("the timer fires", fires).await;
        }
    }
    let reader = member(&jiewang, Role::TownDispatcher, TOWN);
    let mut interrupted = 0;
    let mut all = Vec::new();
    for order in &watched {
        let at = turns(&reader, order).await;
        assert_eq!(at.len(), TURNS, "{} fired at {at:?}, due at {:?}", order.name, order.due);
        for (at, due) in at.iter().zip(&order.due) {
            assert!(at >= due, "{}: {at} is before {due}", order.name);
        }
        all.push(at);
    }
    for (turn, kill) in kills.iter().enumerate().map(|(number, kill)| (number * TURNS / kills.len(), kill)) {
        let before = all.iter().filter(|at| at[turn] <= *kill).count();
        interrupted += usize::from(before > 0 && before < ORDERS);
    }
    eprintln!("{} kills, {interrupted} of them between two timers", kills.len());
    assert!(interrupted > 0, "no kill fell among the timers");
    jiewang.kill();
    jiewang.verify();
}
