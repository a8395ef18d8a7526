//! What only a file can show: opening it again, opening somebody else's, an older row, a full disk.

use crate::{
    kinds::{Command, Labels, Parcel},
    verifying::check,
    world::{BOUND, Backend, START, World, opening, sqlite},
};
use casebook::{Casebook, ClusterKey, Error, Opening, Scope, StoreError, Suite};
use civic::{CaseId, SettableClock};
use sqlx::{AssertSqlSafe, Connection as _, SqliteConnection};
use std::{path::Path, sync::Arc};

async fn edit(file: &Path, sql: &str) {
    let mut connection = SqliteConnection::connect(&format!("sqlite:{}", file.display())).await.unwrap();
    sqlx::query(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

#[tokio::test]
async fn a_file_opened_again_goes_on_where_it_stood() {
    let w = World::new(&Backend::Sqlite).await;
    let id = w.parcel().await;
    let request = w.request("five");
    let ask = || casebook::Ask::<Parcel>::new(id, Command::Weigh(5), START).with_request(request.clone());
    w.retry(ask).await.unwrap();
    let heads = w.store.heads().await.unwrap();
    let (folder, clock) = w.close().await;
    let store = Arc::new(sqlite(&folder.path().join("case.db"), &clock).await.unwrap());
    let w = World::over(store, clock, folder, None).await;
    assert_eq!(w.store.heads().await.unwrap(), heads);
    assert!(w.retry(ask).await.unwrap().replayed);
    w.run(id, Command::Weigh(1)).await.unwrap();
    assert!(check(&w).await.is_clean());
}

#[tokio::test]
async fn data_of_another_cluster_service_key_or_partitioning_is_refused_with_what_to_do() {
    let w = World::new(&Backend::Sqlite).await;
    let (folder, clock) = w.close().await;
    let file = folder.path().join("case.db");
    type Change = fn(&mut Opening);
    let cases: [(Change, &str); 4] = [
        (|o| o.cluster = "other".to_owned(), "--data-dir"),
        (|o| o.service = "dispatch", "its own database"),
        (|o| o.key = ClusterKey::new(Suite::Aes, &[8; 32]), "key file"),
        (|o| o.partitions = 8, "fixed when the data is created"),
    ];
    for (change, advice) in cases {
        let mut wrong = opening(Arc::new(sqlite(&file, &clock).await.unwrap()), &clock);
        change(&mut wrong);
        let refused = Casebook::open(wrong).await.map(drop).unwrap_err();
        assert!(matches!(&refused, StoreError::Mismatch(said) if said.contains(advice)), "{refused:?}");
    }
    edit(&file, "UPDATE meta SET value = '99' WHERE name = 'schema'").await;
    let newer = sqlite(&file, &clock).await.map(drop).unwrap_err();
    assert!(matches!(&newer, StoreError::Mismatch(said) if said.contains("newer program")), "{newer:?}");
}

/// Edited while nobody has it open: a running process knows what it wrote.
async fn reopened_after(w: World, sql: &str) -> World {
    let file = w.file();
    let (folder, clock) = w.close().await;
    edit(&file, sql).await;
    let store = Arc::new(sqlite(&file, &clock).await.unwrap());
    World::over(store, clock, folder, None).await
}

#[tokio::test]
async fn a_row_of_an_older_schema_is_rebuilt_from_its_events_with_columns_and_timers() {
    let w = World::new(&Backend::Sqlite).await;
    let id = w.id();
    w.run(id, Command::Open(Labels { unit: Some("u".to_owned()), ..Labels::default() })).await.unwrap();
    w.run(id, Command::Arm("a", START + 100)).await.unwrap();
    // As an older program left it: another encoding, a column and a timer that it did not know.
    let older = "UPDATE cases SET schema = 1, state = X'0102', unit = NULL; UPDATE timers SET name = 'old'";
    let w = reopened_after(w, older).await;
    let found = w.book.get::<Parcel>(&Scope::All, id).await.unwrap();
    assert_eq!((found.version, found.state.labels.unit.as_deref()), (2, Some("u")));
    assert_eq!(check(&w).await.stale, 1);
    let done = w.run(id, Command::Weigh(3)).await.unwrap();
    assert_eq!((done.version, done.state.weight), (3, 3));
    let report = check(&w).await;
    assert!(report.is_clean() && report.stale == 0, "{:#?}", report.violations);
    let w = reopened_after(w, "UPDATE cases SET schema = 1; UPDATE events SET payload = X'ff' WHERE version = 1").await;
    let neighbour = w.parcel().await;
    let (corrupt, fine) = futures_util::join!(w.run(id, Command::Look), w.run(neighbour, Command::Weigh(1)));
    assert!(matches!(corrupt, Err(Error::Store(StoreError::Corrupt { .. }))), "{corrupt:?}");
    assert_eq!(fine.unwrap().version, 2);
}

/// A limit on the file stands for a full disk: SQLite answers with the same code, and nothing has to be mounted.
#[tokio::test]
async fn a_full_disk_refuses_writes_serves_reads_and_heals_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let clock = SettableClock::new(START);
    let store = Arc::new(sqlite(&folder.path().join("case.db"), &clock).await.unwrap());
    store.limit_pages(400).await.unwrap();
    let w = World::over(store.clone(), clock, folder, None).await;
    let heavy = || Command::Open(Labels { text: "x".repeat(20_000), ..Labels::default() });
    let mut stored: Vec<CaseId> = Vec::new();
    let refused = loop {
        let id = w.id();
        match w.run(id, heavy()).await {
            Ok(_) => stored.push(id),
            Err(error) => break error,
        }
        assert!(stored.len() < 10_000);
    };
    assert!(matches!(refused, Error::Store(StoreError::Full)), "{refused:?}");
    for _ in 0..20 {
        let refused = w.run(w.id(), heavy()).await;
        assert!(matches!(refused, Err(Error::Store(StoreError::Full))), "{refused:?}");
    }
    for id in &stored {
        assert_eq!(w.book.get::<Parcel>(&Scope::All, *id).await.unwrap().version, 1);
    }
    store.limit_pages(100_000).await.unwrap();
    let healed = async { while w.run(w.id(), heavy()).await.is_err() {} };
    tokio::time::timeout(BOUND, healed).await.expect("writes are taken again");
    assert!(check(&w).await.is_clean());
}

#[tokio::test]
async fn a_committer_that_is_dropped_takes_nothing_more_while_reads_go_on() {
    let w = World::new(&Backend::Sqlite).await;
    let id = w.parcel().await;
    w.committer.abort();
    let refused = async {
        loop {
            match w.run(id, Command::Weigh(1)).await {
                Ok(_) => tokio::task::yield_now().await,
                Err(error) => break error,
            }
        }
    };
    let refused = tokio::time::timeout(BOUND, refused).await.expect("nothing more is taken");
    assert!(matches!(refused, Error::Store(StoreError::Unavailable(_))), "{refused:?}");
    assert!(w.book.get::<Parcel>(&Scope::All, id).await.is_ok(), "reads go on");
}
