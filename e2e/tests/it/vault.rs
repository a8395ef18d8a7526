//! The vault of a cluster: its keys change while it works, and without them it does not start.

use e2e::matters::{Crew, LIGHTS, PHONE};
use e2e::process::{Start, verb};
use e2e::until;
use serde_json::json;
use std::cell::Cell;
use std::path::Path;

fn keys(more: &[&str]) {
    let done = verb([&["vault"], more].concat());
    assert!(done.status.success(), "{done:?}");
}

/// Numbers of the keys under which something lies in a service's file.
async fn wrapped_under(folder: &Path, service: &str) -> Vec<i64> {
    use sqlx::{Connection as _, SqliteConnection, sqlite::SqliteConnectOptions};
    let file = folder.join(format!("{service}.sqlite3"));
    let options = SqliteConnectOptions::new().filename(file).read_only(true);
    let mut database = SqliteConnection::connect_with(&options).await.unwrap();
    let sql = "SELECT number FROM wrapping_keys ORDER BY number";
    sqlx::query_scalar(sql).fetch_all(&mut database).await.unwrap()
}

#[tokio::test]
async fn a_new_key_is_taken_while_the_cluster_works_and_the_old_one_may_be_thrown_away() {
    let folders = tempfile::tempdir().unwrap();
    let (data, file) = (folders.path().join("data"), folders.path().join("keys"));
    let (data_dir, source) = (data.to_str().unwrap(), format!("file:{}", file.display()));
    let add = || keys(&["add-key", "--data-dir", data_dir, "--vault-keys", &source]);
    add();
    let mut jiewang = Start::new(&data).with(["--vault-keys", &source]).start().await;
    let crew = Crew::of(&jiewang);
    let mut filed = Vec::new();
    for n in 0..20 {
        filed.push(crew.file(&format!("lamp-{n}"), LIGHTS).await);
    }
    add();
    let more = Cell::new(20);
    until("everything is wrapped under the new key", || async {
        crew.file(&format!("lamp-{}", more.replace(more.get() + 1)), LIGHTS).await;
        let under = [wrapped_under(&data, "intake").await, wrapped_under(&data, "dispatch").await];
        under.iter().all(|keys| *keys == [2]).then_some(())
    })
    .await;
    jiewang.kill();
    let ring = std::fs::read_to_string(&file).unwrap();
    let newest = ring.lines().last().unwrap();
    std::fs::write(&file, newest).unwrap();
    jiewang.start_again().await;
    let name = filed[0]["name"].as_str().unwrap();
    assert_eq!(crew.town.read(&format!("v1/{name}")).await["text"], filed[0]["text"]);
    let look = json!({"purpose": "CALL_BACK", "reason": "回访", "requestId": "look"});
    assert_eq!(crew.town.write(&format!("v1/{name}:unmask"), &look).await["phone"], PHONE);
    assert!(jiewang.stop().await.success());
}

#[tokio::test]
async fn without_a_key_that_something_lies_under_a_cluster_does_not_start_and_says_what_to_do() {
    let folders = tempfile::tempdir().unwrap();
    let (data, file) = (folders.path().join("data"), folders.path().join("keys"));
    let source = format!("file:{}", file.display());
    let start = Start::new(&data).with(["--vault-keys", &source]);
    let add = || keys(&["add-key", "--data-dir", data.to_str().unwrap(), "--vault-keys", &source]);
    add();
    let mut jiewang = start.start().await;
    Crew::of(&jiewang).file("lamp", LIGHTS).await;
    assert!(jiewang.stop().await.success());
    let ring = std::fs::read_to_string(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    assert!(start.refused().said.contains("cannot be read"));
    add();
    let refused = start.refused();
    assert!(refused.said.contains("key 1 of the vault") && refused.said.contains("backup"), "{}", refused.said);
    std::fs::write(&file, "1 canary").unwrap();
    let refused = start.refused();
    assert!(refused.said.contains("line 1") && !refused.said.contains("canary"), "{}", refused.said);
    std::fs::write(&file, ring).unwrap();
    assert!(start.start().await.stop().await.success());
}

#[tokio::test]
async fn a_cluster_of_the_other_suite_works_and_its_data_is_opened_by_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let mut jiewang = Start::new(folder.path()).with(["--suite", "sm"]).start().await;
    let crew = Crew::of(&jiewang);
    let filed = crew.file("lamp", LIGHTS).await;
    let order = filed["workOrder"].as_str().unwrap();
    crew.begin(order).await;
    crew.resolve(order).await;
    assert_eq!(crew.rate(&filed, true).await["state"], "DONE");
    assert!(jiewang.stop().await.success());
    assert!(Start::new(folder.path()).refused().said.contains("key"), "AES finds another cluster's data");
}
