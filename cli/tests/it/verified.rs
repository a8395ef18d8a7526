//! `jiewang verify` over the folder of a cluster that worked: clean, also on a copy, and not after something was done behind its back.

use crate::fake::{json_of, stderr};
use crate::running::{MONDAY, Running, until, verb};
use civic::{Micros, Role, SettableClock};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection as _, SqliteConnection};
use std::path::Path;

/// A folder whose cluster has ended in order, with orders that went some way; answers with the last one's id.
async fn worked(folder: &Path) -> String {
    let clock = SettableClock::new(MONDAY);
    let cluster = Running::start(folder, &clock).await;
    let mut last = String::new();
    for _ in 0..5 {
        let order = cluster.file().await;
        let town = cluster.member(Role::TownDispatcher);
        let cancel = json!({"requestId": order, "reason": "重复"}).to_string();
        town.post::<Value>(&format!("/v1/{order}:cancel"), cancel.into()).await.unwrap();
        let report = order.replace("workOrders", "reports");
        until("the report follows", async || {
            let report: Value = town.get(&format!("/v1/{report}")).await.unwrap();
            (report["state"] == "ENDED" || report["state"] == "CANCELLED").then_some(())
        })
        .await;
        clock.advance(20 * Micros::MINUTE);
        last = order.trim_start_matches("workOrders/").to_owned();
    }
    cluster.stop().await;
    last
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

async fn plant(folder: &Path, service: &str, sql: &str) {
    let file = format!("sqlite:{}", folder.join(format!("{service}.sqlite3")).display());
    let mut file = SqliteConnection::connect(&file).await.unwrap();
    let mut changed = 0;
    for sql in sql.split(';') {
        changed += sqlx::query(AssertSqlSafe(sql.to_owned())).execute(&mut file).await.unwrap().rows_affected();
    }
    assert!(changed > 0, "{sql}");
    file.close().await.unwrap();
}

/// Service, what is done to its file, and what must be found. ID is the last order's.
const PLANTED: &[(&str, &str, &str, &str)] = &[
    (
        "dispatch",
        "DELETE FROM cases WHERE id = ID; DELETE FROM events WHERE case_id = ID; DELETE FROM timers WHERE case_id = ID",
        "I5",
        "report.filed.v1",
    ),
    ("intake", "DELETE FROM events WHERE case_id = ID AND type = 'report.orderStepped'", "I5", "workOrder.changed.v1"),
    // The events that were consumed since are those of the first three orders: the newest is later than all bounds.
    ("dispatch", "UPDATE leases SET consumed = 0 WHERE producer = 'intake'", "I7", "are not consumed"),
    ("intake", "UPDATE leases SET consumed = 0 WHERE producer = 'dispatch'", "I7", "are not consumed"),
    ("dispatch", "INSERT INTO timers VALUES (ID, 'total.red', 'workOrder', 1798423200000001, 1)", "I16", "was due"),
];

#[tokio::test(flavor = "multi_thread")]
async fn what_is_done_behind_the_services_backs_is_found_by_verify() {
    let folder = tempfile::tempdir().unwrap();
    let id = worked(folder.path()).await;
    let clean = verb(folder.path(), &["verify"]).await;
    assert_eq!(clean.status.code(), Some(0), "{}{}", crate::fake::stdout(&clean), stderr(&clean));
    let id: civic::CaseId = id.parse().unwrap();
    let hex: String = id.as_bytes().iter().map(|b| format!("{b:02x}")).collect();
    for (number, (service, sql, invariant, found)) in PLANTED.iter().enumerate() {
        let wrong = folder.path().with_extension(number.to_string());
        copy(folder.path(), &wrong);
        plant(&wrong, service, &sql.replace("ID", &format!("X'{hex}'"))).await;
        let output = verb(&wrong, &["verify", "-o", "json"]).await;
        assert_eq!(output.status.code(), Some(1), "{sql}: {}", stderr(&output));
        let told = json_of(&output);
        let hit =
            |v: &Value| v["invariant"] == *invariant && v["found"].as_str().is_some_and(|text| text.contains(found));
        assert!(told["violations"].as_array().unwrap().iter().any(hit), "{sql}: {told:#}");
        std::fs::remove_dir_all(wrong).unwrap();
    }
}

/// What docs/runbooks/backup.md tells people to do.
#[tokio::test(flavor = "multi_thread")]
async fn a_copy_of_a_stopped_folder_is_a_backup() {
    let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let id = worked(folder.path()).await;
    let restored = elsewhere.path().join("restored");
    copy(folder.path(), &restored);
    let verified = verb(&restored, &["verify"]).await;
    assert_eq!(verified.status.code(), Some(0), "{}", stderr(&verified));
    let clock = SettableClock::new(MONDAY + 3 * Micros::HOUR);
    let cluster = Running::start(&restored, &clock).await;
    let order: Value = cluster.member(Role::TownDispatcher).get(&format!("/v1/workOrders/{id}")).await.unwrap();
    assert_eq!(order["state"], "CANCELLED");
    cluster.file().await;
    cluster.stop().await;
    assert_eq!(verb(&restored, &["verify"]).await.status.code(), Some(0));
}
