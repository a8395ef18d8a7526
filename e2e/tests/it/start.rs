//! What is not started, and what the operator is told to do.

use e2e::matters::{Crew, LIGHTS};
use e2e::process::{Refused, Start};
use sqlx::{Connection as _, SqliteConnection};
use std::{fs, path::Path};

/// A folder with one report in it, and nobody using it.
async fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut jiewang = Start::new(folder.path()).start().await;
    Crew::of(&jiewang).file("lamp-1", LIGHTS).await;
    jiewang.kill();
    folder
}

#[track_caller]
fn assert_refused(refused: &Refused, words: &[&str]) {
    assert_eq!(refused.code, Some(64), "{}", refused.said);
    for word in words {
        assert!(refused.said.contains(word), "{word:?} is not in: {}", refused.said);
    }
}

#[tokio::test]
async fn a_folder_with_another_key_or_without_its_key_is_refused() {
    let folder = folder().await;
    let key = folder.path().join("cluster.key");
    let right = fs::read(&key).unwrap();
    fs::write(&key, format!("{}\n", "5".repeat(64))).unwrap();
    assert_refused(&Start::new(folder.path()).refused(), &["key", "put back the key file"]);
    fs::write(&key, "not a key").unwrap();
    assert_refused(&Start::new(folder.path()).refused(), &["64 hexadecimal digits"]);
    fs::remove_file(&key).unwrap();
    assert_refused(&Start::new(folder.path()).refused(), &["put the key file back from your backup"]);
    // With its own key everything is there again.
    fs::write(&key, right).unwrap();
    let jiewang = Start::new(folder.path()).start().await;
    assert_eq!(jiewang.member("city-dispatcher", "50").list("reports", "").await.len(), 1);
}

#[tokio::test]
async fn the_data_of_another_cluster_is_refused() {
    let (ours, theirs) = (folder().await, folder().await);
    assert_refused(&Start::new(ours.path()).with(["--place", "500151"]).refused(), &["--place 50", "--data-dir"]);
    for file in fs::read_dir(theirs.path()).unwrap().map(|entry| entry.unwrap().path()) {
        let name = file.file_name().unwrap().to_str().unwrap().to_owned();
        if name.starts_with("intake.sqlite3") {
            fs::copy(&file, ours.path().join(name)).unwrap();
        }
    }
    assert_refused(&Start::new(ours.path()).refused(), &["cluster", "own folder"]);
}

#[tokio::test]
async fn data_of_a_newer_release_is_refused() {
    let folder = folder().await;
    execute(&folder.path().join("dispatch.sqlite3"), "UPDATE meta SET value = '99' WHERE name = 'schema'").await;
    assert_refused(&Start::new(folder.path()).refused(), &["schema 99", "start the newer program"]);
}

async fn execute(file: &Path, sql: &'static str) {
    let mut connection = SqliteConnection::connect(&format!("sqlite://{}", file.display())).await.unwrap();
    sqlx::query(sql).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

#[tokio::test]
async fn a_folder_in_use_and_a_port_that_is_taken_are_refused() {
    let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let jiewang = Start::new(folder.path()).start().await;
    assert_refused(&Start::new(folder.path()).refused(), &["another process uses the data folder", "--data-dir"]);
    let taken = jiewang.http().to_string();
    assert_refused(&Start::new(other.path()).on(jiewang.http()).refused(), &[taken.as_str(), "JIEWANG_HTTP"]);
    // Refused before anything was made.
    assert_eq!(fs::read_dir(other.path()).unwrap().count(), 0);
    Crew::of(&jiewang).file("lamp-1", LIGHTS).await;
}
