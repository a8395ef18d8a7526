//! `jiewang verify` over the folder of a cluster that worked: clean, also on a copy, and not after something was done behind its back.

use crate::fake::json_of;
use crate::running::{MONDAY, Running, assert_clean, until, verb};
use casebook::{Bundle, Consume, Effects, GiveUp};
use civic::{Micros, Role, SettableClock};
use jiewang::args::Room;
use jiewang::cluster::{Cluster, PARTITIONS, Rooms, Settings};
use proto::events::v1::Envelope;
use queue::{Apply as _, Batch, EventSource as _, Slice};
use serde_json::Value;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// A folder whose cluster has ended in order, with orders that went some way; answers with the last one's id.
///
/// The clock moves before an order, never just before the end: what the last step told may still be on its way then, and twenty minutes would make it late.
async fn worked(folder: &Path) -> String {
    let clock = SettableClock::new(MONDAY);
    let cluster = Running::start(folder, &clock).await;
    let mut last = String::new();
    for _ in 0..5 {
        clock.advance(20 * Micros::MINUTE);
        let order = cluster.file().await;
        cancel_and_hear(&cluster, &order).await;
        last = order.trim_start_matches("workOrders/").to_owned();
    }
    cluster.stop().await;
    last
}

/// Cancels an order and waits until intake has heard of it.
async fn cancel_and_hear(cluster: &Running, order: &str) {
    cluster.cancel(order).await;
    let (town, report) = (cluster.member(Role::TownDispatcher), order.replace("workOrders", "reports"));
    until("the report follows", async || {
        let report: Value = town.get(&format!("/v1/{report}")).await.unwrap();
        (report["state"] == "ENDED" || report["state"] == "CANCELLED").then_some(())
    })
    .await;
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to)
        } else {
            drop(std::fs::copy(entry.path(), to))
        }
    }
}

/// A consumer that takes note of events and does nothing about them: the bug that must be found.
struct Careless;

impl Effects for Careless {
    fn effect(&self, _: &Envelope) -> Result<Option<Bundle>, GiveUp> {
        Ok(None)
    }
}

/// Lets `consumer` take what `producer` has told since, carelessly.
async fn consume_carelessly(folder: &Path, clock: &SettableClock, consumer: &str, producer: &str) {
    let mut settings = Settings::local(folder.to_owned(), Rooms::ALL.without(Room::Gateway));
    settings.clock = Arc::new(clock.clone());
    let cluster = Cluster::open(settings).await.unwrap();
    let book = |name: &str| cluster.books.iter().find(|book| book.service() == name).unwrap();
    let (consumer, producer) = (book(consumer), book(producer));
    let partitions: Vec<u16> = (0..PARTITIONS).collect();
    let name = producer.service();
    let leases = consumer.store().acquire(name, "careless", &partitions, Duration::from_secs(60)).await.unwrap();
    assert_eq!(leases.len(), partitions.len(), "the cluster gave them back when it ended");
    let mut slices = Vec::new();
    for lease in leases {
        let events = producer.read(lease.partition, lease.consumed, 1000).await.unwrap();
        slices.push(Slice { partition: lease.partition, epoch: lease.epoch, from: lease.consumed, events });
    }
    let consume = Consume::new(consumer.clone(), Arc::new(Careless));
    consume.apply(Batch { producer: name.to_owned(), slices }).await.unwrap();
}

/// What `verify` finds, as (invariant, text).
async fn found(folder: &Path) -> Vec<(String, String)> {
    let told = json_of(&verb(folder, &["verify", "-o", "json"]).await);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let violations = told["violations"].as_array().unwrap();
    violations.iter().map(|v| (text(&v["invariant"]), text(&v["found"]))).collect()
}

fn has(found: &[(String, String)], invariant: &str, text: &str) -> bool {
    found.iter().any(|(of, what)| of == invariant && what.contains(text))
}

/// Intake works on alone for hours: its reports wait, and dispatch's timers do not fire. Then they are consumed without an order.
#[tokio::test(flavor = "multi_thread")]
async fn a_report_that_was_consumed_without_its_order_is_found_and_so_is_what_waits() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), SettableClock::new(MONDAY));
    let cluster = Running::start(folder.path(), &clock).await;
    cluster.file().await;
    cluster.stop().await;
    assert_eq!(found(folder.path()).await, []);
    let cluster = Running::start_with(folder.path(), &clock, Rooms::ALL.without(Room::Dispatch)).await;
    cluster.report().await;
    clock.advance(5 * Micros::MINUTE);
    cluster.stop().await;
    assert_eq!(found(folder.path()).await, [], "it may still come");
    let cluster = Running::start_with(folder.path(), &clock, Rooms::ALL.without(Room::Dispatch)).await;
    clock.advance(5 * Micros::HOUR);
    cluster.stop().await;
    let late = found(folder.path()).await;
    assert!(has(&late, "I7", "of intake are not consumed"), "{late:?}");
    assert!(has(&late, "I16", "was due"), "{late:?}");
    assert!(!has(&late, "I5", ""), "{late:?}");
    consume_carelessly(folder.path(), &clock, "dispatch", "intake").await;
    let lost = found(folder.path()).await;
    assert!(has(&lost, "I5", "report.filed.v1"), "{lost:?}");
    assert!(!has(&lost, "I7", ""), "{lost:?}");
}

/// Dispatch works on alone, and the report never hears that its order was cancelled.
#[tokio::test(flavor = "multi_thread")]
async fn a_step_of_an_order_that_its_report_does_not_show_is_found() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), SettableClock::new(MONDAY));
    let cluster = Running::start(folder.path(), &clock).await;
    let (quiet, order) = (cluster.file().await, cluster.file().await);
    cancel_and_hear(&cluster, &quiet).await;
    cluster.stop().await;
    let cluster = Running::start_with(folder.path(), &clock, Rooms::ALL.without(Room::Intake)).await;
    cluster.cancel(&order).await;
    cluster.stop().await;
    assert_eq!(found(folder.path()).await, []);
    consume_carelessly(folder.path(), &clock, "intake", "dispatch").await;
    let lost = found(folder.path()).await;
    assert!(has(&lost, "I5", "shows no effect"), "{lost:?}");
    assert!(lost.iter().all(|(_, what)| what.contains(order.trim_start_matches("workOrders/"))), "{lost:?}");
}

/// What docs/runbooks/backup.md tells people to do.
#[tokio::test(flavor = "multi_thread")]
async fn a_copy_of_a_stopped_folder_is_a_backup() {
    let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let id = worked(folder.path()).await;
    let restored = elsewhere.path().join("restored");
    copy(folder.path(), &restored);
    assert_clean(&restored).await;
    let clock = SettableClock::new(MONDAY + 3 * Micros::HOUR);
    let cluster = Running::start(&restored, &clock).await;
    let order: Value = cluster.member(Role::TownDispatcher).get(&format!("/v1/workOrders/{id}")).await.unwrap();
    assert_eq!(order["state"], "CANCELLED");
    cluster.file().await;
    cluster.stop().await;
    assert_clean(&restored).await;
}
