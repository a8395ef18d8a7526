//! What the one writer of a SQLite file remembers is what the file says: after an older schema, a failed COMMIT, a second start.

use crate::{
    kinds::{Command, Labels, Parcel},
    verifying::check,
    world::{Backend, PARTITIONS, START, World, sqlite},
};
use casebook::{Error, Filter, Page, PlaceColumn, Scope, StoreError};
use civic::{CaseId, Micros};
use queue::Position;
use sqlx::{AssertSqlSafe, Connection as _, SqliteConnection};
use std::{path::Path, sync::Arc};

async fn edit(file: &Path, sql: &str) {
    let mut connection = SqliteConnection::connect(&format!("sqlite:{}", file.display())).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

async fn reopened(w: World) -> World {
    let file = w.file();
    let (folder, clock) = w.close().await;
    let store = Arc::new(sqlite(&file, &clock).await.unwrap());
    World::over(store, clock, folder, None).await
}

fn in_town(town: &str) -> Labels {
    Labels { town: Some(town.to_owned()), unit: Some("u".to_owned()), ..Labels::default() }
}

async fn town(w: &World, town: &str, state: Option<i64>) -> Vec<CaseId> {
    let filter = Filter { place: Some((PlaceColumn::Town, town.to_owned())), state, ..Filter::default() };
    let page = Page { size: 1000, after: None };
    w.book.list::<Parcel>(&Scope::All, &filter, &page).await.unwrap().iter().map(|found| found.id).collect()
}

/// As a program of schema 2 left it: every timer armed, a log in the order of partitions, indexes over open cases.
const SCHEMA_TWO: &str = "
    INSERT INTO timers SELECT case_id, 'z', kind, due + 1, generation FROM timers;
    CREATE TABLE old (part BIGINT NOT NULL, position BIGINT NOT NULL, case_id BLOB NOT NULL, version BIGINT NOT NULL,
      PRIMARY KEY (part, position)) WITHOUT ROWID;
    INSERT INTO old SELECT part, position, case_id, version FROM event_log;
    DROP TABLE event_log; DROP TABLE log_marks; ALTER TABLE old RENAME TO event_log;
    DROP INDEX cases_closed; DROP INDEX cases_closed_town; DROP INDEX cases_closed_unit;
    CREATE INDEX cases_unit ON cases (unit, id); CREATE INDEX cases_town ON cases (town, id);
    CREATE INDEX cases_village ON cases (village, id); CREATE INDEX cases_grid ON cases (grid, id);
    CREATE INDEX cases_district ON cases (district, id); CREATE INDEX cases_category ON cases (category, id);
    CREATE INDEX cases_lamp ON cases (lamp, id); CREATE INDEX cases_urgency ON cases (urgency, id);
    CREATE INDEX cases_flagged ON cases (id) WHERE flagged = 1; CREATE INDEX cases_state ON cases (st, id);
    CREATE TABLE unplaced (part BIGINT NOT NULL, case_id BLOB NOT NULL, version BIGINT NOT NULL, PRIMARY KEY (part, case_id, version))
      WITHOUT ROWID;
    ALTER TABLE cases DROP COLUMN tags; DROP TABLE tagged; ALTER TABLE cases DROP COLUMN sealed_by; DROP TABLE wrapping_keys; DROP TABLE journal;
    CREATE TABLE journal (at BIGINT NOT NULL, actor TEXT NOT NULL, action TEXT NOT NULL, subject TEXT NOT NULL, reason TEXT NOT NULL);
    UPDATE meta SET value = '2' WHERE name = 'schema';";

#[tokio::test]
async fn a_file_of_schema_two_keeps_its_log_its_lists_and_one_timer_for_each_case() {
    let w = World::new(&Backend::Sqlite).await;
    let mut open = Vec::new();
    for n in 0..300 {
        let id = w.id();
        w.clock.advance(1);
        w.run(id, Command::Open(in_town("t"))).await.unwrap();
        w.run(id, Command::Arm("a", START + Micros::HOUR)).await.unwrap();
        if n % 3 == 0 { drop(w.run(id, Command::Close).await.unwrap()) } else { open.push(id) }
    }
    let (before, heads) = (log(&w).await, w.store.heads().await.unwrap());
    let (file, timers) = (w.file(), check(&w).await.timers);
    let (folder, clock) = w.close().await;
    edit(&file, SCHEMA_TWO).await;
    let w = World::over(Arc::new(sqlite(&file, &clock).await.unwrap()), clock, folder, None).await;
    assert_eq!(log(&w).await, before);
    assert_eq!(w.store.heads().await.unwrap(), heads);
    assert_eq!(town(&w, "t", None).await, open);
    assert_eq!(town(&w, "t", Some(0)).await.len(), 300, "open and closed ones have this state");
    w.run(open[0], Command::Weigh(1)).await.unwrap();
    let report = check(&w).await;
    assert!(report.is_clean() && report.timers == timers, "{:#?}", report.violations);
}

/// As a program of schema 5 left it: tags of open and closed cases together, trace contexts as letters.
const SCHEMA_FIVE: &str = "
    CREATE TABLE old (tag TEXT NOT NULL, case_id BLOB NOT NULL, PRIMARY KEY (tag, case_id)) WITHOUT ROWID;
    INSERT INTO old SELECT tags, id FROM cases WHERE tags IS NOT NULL;
    DROP TABLE tagged; ALTER TABLE old RENAME TO tagged;
    CREATE TABLE unplaced (part BIGINT NOT NULL, case_id BLOB NOT NULL, version BIGINT NOT NULL, PRIMARY KEY (part, case_id, version))
      WITHOUT ROWID;
    UPDATE events SET traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    ALTER TABLE cases DROP COLUMN sealed_by; DROP TABLE wrapping_keys; DROP TABLE journal;
    CREATE TABLE journal (at BIGINT NOT NULL, actor TEXT NOT NULL, action TEXT NOT NULL, subject TEXT NOT NULL, reason TEXT NOT NULL);
    UPDATE meta SET value = '5' WHERE name = 'schema';";

#[tokio::test]
async fn a_file_of_schema_five_keeps_its_tags_and_its_traces() {
    let w = World::new(&Backend::Sqlite).await;
    let parent = w.parcel().await;
    let (mut open, mut all) = (Vec::new(), Vec::new());
    for n in 0..20 {
        let id = w.id();
        w.clock.advance(1);
        let labels = Labels { parent: Some(parent.to_string()), ..in_town("t") };
        w.run(id, Command::Open(labels)).await.unwrap();
        if n % 3 == 0 {
            drop(w.run(id, Command::Close).await.unwrap())
        } else {
            open.push(id)
        }
        all.push(id);
    }
    let file = w.file();
    let (folder, clock) = w.close().await;
    edit(&file, SCHEMA_FIVE).await;
    let w = World::over(Arc::new(sqlite(&file, &clock).await.unwrap()), clock, folder, None).await;
    let members = Filter { parent: Some(parent), ..Filter::default() };
    let page = Page { size: 7, after: None };
    let found = w.book.list::<Parcel>(&Scope::All, &members, &page).await.unwrap();
    assert_eq!(found.iter().map(|found| found.id).collect::<Vec<_>>(), all[..8]);
    let still = Filter { state: Some(0), ..members };
    assert_eq!(w.book.list::<Parcel>(&Scope::All, &still, &Page { size: 50, after: None }).await.unwrap().len(), 20);
    w.run(open[0], Command::Close).await.unwrap();
    assert_eq!(rows(&w.file(), "SELECT count(*) FROM tagged").await, 8, "open cases have no row");
    let events = w.store.events(all[0], 1).await.unwrap();
    assert_eq!(events[0].traceparent, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    assert!(check(&w).await.is_clean());
}

async fn rows(file: &Path, sql: &'static str) -> i64 {
    let mut connection = SqliteConnection::connect(&format!("sqlite:{}", file.display())).await.unwrap();
    sqlx::query_scalar(sql).fetch_one(&mut connection).await.unwrap()
}

async fn log(w: &World) -> Vec<Vec<(Position, CaseId, i64)>> {
    let mut all = Vec::new();
    for partition in 0..PARTITIONS {
        all.push(w.store.log_keys(partition, 0, 100_000).await.unwrap());
    }
    all
}

#[tokio::test]
async fn the_log_is_read_from_any_position_whoever_read_before() {
    let w = World::new(&Backend::Sqlite).await;
    for _ in 0..250 {
        let id = w.parcel().await;
        w.run(id, Command::Weigh(1)).await.unwrap();
    }
    let all = log(&w).await;
    assert_eq!(all.iter().map(Vec::len).sum::<usize>(), 500);
    for _ in 0..400 {
        let partition = u16::try_from(w.seed.below(u64::from(PARTITIONS))).unwrap();
        let keys = &all[usize::from(partition)];
        let after = usize::try_from(w.seed.below(u64::try_from(keys.len()).unwrap() + 3)).unwrap();
        let limit = usize::try_from(w.seed.below(90)).unwrap() + 1;
        let expected: Vec<_> = keys.iter().skip(after).take(limit).copied().collect();
        let position = Position::try_from(after).unwrap();
        assert_eq!(w.store.log_keys(partition, position, limit).await.unwrap(), expected);
        let read = w.store.log(partition, position, limit).await.unwrap();
        let read: Vec<_> = read.into_iter().map(|(position, event)| (position, event.case, event.version)).collect();
        assert_eq!(read, expected, "partition {partition} after {after}, at most {limit}");
    }
    let heads = w.store.heads().await.unwrap();
    let w = reopened(w).await;
    assert_eq!((w.store.heads().await.unwrap(), log(&w).await), (heads, all));
}

/// A reference that is checked at the end of the transaction makes COMMIT itself fail.
const COMMIT_FAILS_FOR_TOWN_X: &str = "
    CREATE TABLE somebody (id PRIMARY KEY);
    CREATE TABLE dangling (id REFERENCES somebody (id) DEFERRABLE INITIALLY DEFERRED);
    CREATE TRIGGER at_the_end AFTER INSERT ON cases WHEN NEW.town = 'x' BEGIN INSERT INTO dangling VALUES (1); END;";

#[tokio::test]
async fn after_a_commit_that_failed_nothing_of_it_is_remembered() {
    let w = World::new(&Backend::Sqlite).await;
    let file = w.file();
    let (folder, clock) = w.close().await;
    edit(&file, COMMIT_FAILS_FOR_TOWN_X).await;
    let w = World::over(Arc::new(sqlite(&file, &clock).await.unwrap()), clock, folder, None).await;
    let mut kept = Vec::new();
    for _ in 0..3 {
        let id = w.id();
        w.clock.advance(1);
        w.run(id, Command::Open(in_town("t"))).await.unwrap();
        kept.push(id);
        let lost = w.id();
        let failed = w.run(lost, Command::Open(in_town("x"))).await;
        assert!(matches!(failed, Err(Error::Store(StoreError::Constraint(_)))), "{failed:?}");
        assert_eq!((town(&w, "t", None).await, town(&w, "x", None).await), (kept.clone(), Vec::new()));
        let unknown = w.book.get::<Parcel>(&Scope::All, lost).await;
        assert!(unknown.is_err(), "{unknown:?}");
        assert_eq!(w.run(id, Command::Weigh(1)).await.unwrap().version, 2);
    }
    assert!(check(&w).await.is_clean());
}
