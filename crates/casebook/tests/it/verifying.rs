//! The verifier finds nothing in what the casebook writes, and everything that is planted behind its back.

use crate::{
    kinds::{Command, Depot},
    postgres::database,
    world::{Backend, PARTITIONS, START, World, kinds, sqlite},
};
use casebook::{Ask, Bounds, Invariant, Report, verify};
use civic::{CaseId, Micros};
use sqlx::{AssertSqlSafe, Connection as _, SqliteConnection};
use std::collections::BTreeMap;
use testkit::PostgresServer;

pub(crate) fn bounds(now: Micros) -> Bounds {
    Bounds {
        since: START,
        until: Some(now),
        late: Micros::MINUTE,
        partitions: PARTITIONS,
        heads: BTreeMap::from([("elsewhere".to_owned(), vec![5; usize::from(PARTITIONS)])]),
    }
}

pub(crate) async fn check(w: &World) -> Report {
    verify(&*w.store, &kinds(), &bounds(w.now())).await.expect("everything can be read")
}

async fn busy(w: &World) -> CaseId {
    let mut last = None;
    for i in 0..700 {
        let id = w.parcel().await;
        if i % 3 == 0 {
            w.run(id, Command::Weigh(4)).await.unwrap();
            w.run(id, Command::Arm("a", START + Micros::HOUR)).await.unwrap();
            w.run(id, Command::Arm("b", START + 2 * Micros::HOUR)).await.unwrap();
            w.run(id, Command::Disarm("b")).await.unwrap();
            last = Some(id);
        }
        if i % 7 == 0 {
            w.book.execute(Ask::<Depot>::new(w.id(), 1, ())).await.unwrap();
        }
    }
    w.sure(async || w.store.acquire("elsewhere", "me", &[0], std::time::Duration::ZERO).await).await;
    last.expect("700 divides")
}

#[tokio::test]
async fn what_the_casebook_writes_is_clean() {
    let server = PostgresServer::start("what_the_casebook_writes_is_clean");
    let mut backends = vec![Backend::Memory, Backend::Sqlite];
    if let Some(server) = &server {
        backends.push(Backend::Postgres(database(server, "clean").await));
    }
    for backend in backends {
        let w = World::new(&backend).await;
        busy(&w).await;
        let report = check(&w).await;
        assert!(report.is_clean(), "{:#?}", report.violations);
        assert_eq!((report.cases, report.timers, report.stale), (800, 234, 0));
        w.clock.advance(2 * Micros::HOUR);
        let late = check(&w).await;
        assert_eq!(late.violations.len(), 234);
        assert!(late.violations.iter().all(|v| v.invariant == Invariant::I16));
    }
}

/// What is done to the file, and what must be found.
const PLANTED: &[(&str, Invariant, &str)] = &[
    ("DELETE FROM events WHERE case_id = ID AND version = 3", Invariant::I4, "not dense"),
    ("UPDATE cases SET version = 4 WHERE id = ID", Invariant::I4, "newest event 5"),
    ("UPDATE cases SET state = X'00' WHERE id = ID", Invariant::I4, "not what its events give"),
    ("UPDATE cases SET unit = 'x' WHERE id = ID", Invariant::I4, "the row is"),
    ("UPDATE cases SET kind = 'ghost' WHERE id = ID", Invariant::I4, "ghost"),
    ("DELETE FROM cases WHERE id = ID", Invariant::I4, "belongs to no case"),
    (
        "UPDATE events SET payload = X'ffff' WHERE case_id = ID AND version = 2",
        Invariant::I8,
        "event 2 does not lead on",
    ),
    (
        "UPDATE events SET payload = (SELECT payload FROM events WHERE case_id = ID AND version = 2) WHERE case_id = ID AND version = 1",
        Invariant::I8,
        "event 1",
    ),
    ("DELETE FROM timers WHERE case_id = ID", Invariant::I13, "not armed"),
    ("UPDATE timers SET due = due + 1 WHERE case_id = ID", Invariant::I13, "is armed for"),
    ("UPDATE timers SET generation = 9 WHERE case_id = ID", Invariant::I13, "version 9"),
    ("INSERT INTO timers VALUES (ID, 'z', 'parcel', 9e15, 1)", Invariant::I13, "does not name it"),
    ("INSERT INTO timers VALUES (X'ff', 'z', 'parcel', 1, 1)", Invariant::I4, ""),
    ("UPDATE timers SET due = 1 WHERE case_id = ID", Invariant::I16, "was due"),
    ("DELETE FROM event_log WHERE case_id = ID AND version = 2", Invariant::I4, "after"),
    (
        "DELETE FROM event_log WHERE part = 0 AND position = (SELECT MAX(position) FROM event_log WHERE part = 0)",
        Invariant::I4,
        "stand at no position",
    ),
    (
        "UPDATE event_log SET version = CASE version WHEN 2 THEN 3 ELSE 2 END WHERE case_id = ID AND version IN (2, 3)",
        Invariant::I11,
        "version 3 after 1",
    ),
    (
        "UPDATE event_log SET case_id = X'00000000000000000000000000000000' WHERE case_id = ID AND version = 1",
        Invariant::I11,
        "version 2 after 0",
    ),
    ("UPDATE leases SET consumed = 6", Invariant::I5, "consumed up to 6"),
    ("INSERT INTO parked VALUES ('elsewhere', 's', 3, 0, X'', '', 0)", Invariant::I5, "which is not consumed"),
];

#[tokio::test]
async fn every_planted_corruption_is_found_and_named() {
    let w = World::new(&Backend::Sqlite).await;
    let id = busy(&w).await;
    assert!(check(&w).await.is_clean());
    let hex: String = id.as_bytes().iter().map(|b| format!("{b:02x}")).collect();
    let (folder, clock) = w.close().await;
    for (number, (sql, invariant, found)) in PLANTED.iter().enumerate() {
        let wrong = folder.path().join(format!("{number}.db"));
        let mut clean =
            SqliteConnection::connect(&format!("sqlite:{}", folder.path().join("case.db").display())).await.unwrap();
        sqlx::query(AssertSqlSafe(format!("VACUUM INTO '{}'", wrong.display()))).execute(&mut clean).await.unwrap();
        let mut file = SqliteConnection::connect(&format!("sqlite:{}", wrong.display())).await.unwrap();
        let done =
            sqlx::query(AssertSqlSafe(sql.replace("ID", &format!("X'{hex}'")))).execute(&mut file).await.unwrap();
        assert!(done.rows_affected() > 0, "{sql}");
        file.close().await.unwrap();
        let store = sqlite(&wrong, &clock).await.unwrap();
        match verify(&store, &kinds(), &bounds(START + 2 * Micros::MINUTE)).await {
            Ok(report) => assert!(
                report.violations.iter().any(|v| v.invariant == *invariant && v.found.contains(found)),
                "{sql}: {:#?}",
                report.violations
            ),
            Err(error) => assert!(found.is_empty(), "{sql}: {error}"),
        }
    }
}

/// A cluster that crashed is judged by its newest event, and one that had just started by its start.
#[tokio::test]
async fn lateness_is_judged_by_what_the_data_says() {
    let w = World::new(&Backend::Memory).await;
    let id = w.parcel().await;
    w.run(id, Command::Arm("a", START + Micros::HOUR)).await.unwrap();
    let late = async |since: Micros| {
        let bounds = Bounds { since, until: None, ..bounds(START) };
        let report = verify(&*w.store, &kinds(), &bounds).await.unwrap();
        report.violations.iter().filter(|v| v.invariant == Invariant::I16).count()
    };
    w.clock.advance(2 * Micros::HOUR);
    assert_eq!(late(START).await, 0, "nothing says that it was at work when the timer was due");
    w.parcel().await;
    assert_eq!(late(START).await, 1);
    assert_eq!(late(w.now() - Micros::MINUTE).await, 0, "it had just started");
}
