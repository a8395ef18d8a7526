//! What only PostgreSQL can show: replicas, a killed server, one that takes over, a line that is cut or slow.

use crate::{
    kinds::{Command, Labels, Parcel},
    verifying::check,
    world::{BOUND, Backend, World},
};
use casebook::{Ask, Error, Scope, StoreError, follow_replicas};
use civic::CaseId;
use futures_util::future::join_all;
use queue::{EventSource as _, Position};
use sqlx::{Connection as _, PgConnection};
use std::net::SocketAddr;
use std::time::Duration;
use testkit::{CutProxy, Line, PostgresServer};
use tokio::task::JoinHandle;

/// Address of a new database on the server.
pub(crate) async fn database(server: &PostgresServer, name: &str) -> String {
    let mut admin = PgConnection::connect(&server.url()).await.expect("the server runs");
    let sql = sqlx::AssertSqlSafe(format!("CREATE DATABASE \"{name}\""));
    sqlx::query(sql).execute(&mut admin).await.expect("a new name");
    server.database_url(name)
}

/// Under one request, until the server answers again.
async fn insist(w: &World, case: CaseId, command: Command) -> casebook::Done<Parcel> {
    let request = w.request("body");
    let tries = async {
        loop {
            let ask = Ask::new(case, command.clone(), w.now()).with_request(request.clone());
            match w.book.execute(ask).await {
                Err(Error::Store(StoreError::Unavailable(_))) => tokio::task::yield_now().await,
                other => return other.unwrap(),
            }
        }
    };
    tokio::time::timeout(BOUND, tries).await.expect("the server comes back")
}

#[tokio::test]
async fn what_one_replica_adds_to_the_log_the_other_hears_of() {
    let Some(server) = PostgresServer::start("what_one_replica_adds") else { return };
    let backend = Backend::Postgres(database(&server, "heard").await);
    let (a, b) = (World::new(&backend).await, World::new(&backend).await);
    let mut heard = b.book.heard();
    let following = [&a, &b].map(|w| tokio::spawn(follow_replicas(w.book.clone(), std::future::pending())));
    tokio::time::timeout(BOUND, heard.changed()).await.expect("it listens").unwrap();
    for _ in 0..3 {
        heard.mark_unchanged();
        let before = b.book.head().await.unwrap();
        a.run(a.id(), Command::Open(Labels::default())).await.unwrap();
        tokio::time::timeout(BOUND, heard.changed()).await.expect("it is told").unwrap();
        assert_ne!(b.book.head().await.unwrap(), before, "not before it can be read");
    }
    following.iter().for_each(JoinHandle::abort);
}

#[tokio::test]
async fn replicas_on_one_database_keep_versions_and_positions_dense() {
    let Some(server) = PostgresServer::start("replicas_on_one_database") else { return };
    let backend = Backend::Postgres(database(&server, "replicas").await);
    let (a, b) = (World::new(&backend).await, World::new(&backend).await);
    let ids: Vec<CaseId> = (0..20).map(|_| a.id()).collect();
    // Both create the same cases at the same time: one of them does, for each.
    let open = |w: &'static str, id| (w, id);
    let opened = join_all(ids.iter().flat_map(|id| [open("a", *id), open("b", *id)]).map(|(which, id)| {
        let w = if which == "a" { &a } else { &b };
        w.run(id, Command::Open(Labels::default()))
    }))
    .await;
    assert_eq!(opened.iter().filter(|done| done.is_ok()).count(), ids.len(), "{opened:?}");
    let one_request = a.request("shared");
    for _ in 0..5 {
        let weigh = ids.iter().flat_map(|id| [a.run(*id, Command::Weigh(1)), b.run(*id, Command::Weigh(2))]);
        assert!(join_all(weigh).await.iter().all(Result::is_ok));
    }
    let same = |w: &World| {
        let ask = Ask::<Parcel>::new(ids[0], Command::Weigh(100), w.now()).with_request(one_request.clone());
        let book = w.book.clone();
        async move { book.execute(ask).await.unwrap().version }
    };
    let (first, second) = futures_util::join!(same(&a), same(&b));
    assert_eq!(first, second, "one request, whichever replica it reaches");
    for (i, id) in ids.iter().enumerate() {
        let weight = b.book.get::<Parcel>(&Scope::All, *id).await.unwrap().state.weight;
        assert_eq!(weight, if i == 0 { 115 } else { 15 });
    }
    let total = Position::try_from(ids.len() * 11 + 1).unwrap();
    assert_eq!(b.book.head().await.unwrap().iter().sum::<Position>(), total);
    let report = check(&b).await;
    assert!(report.is_clean(), "{:#?}", report.violations);
}

#[tokio::test]
async fn a_killed_server_loses_nothing_that_was_answered() {
    let Some(mut server) = PostgresServer::start("a_killed_server_loses_nothing") else { return };
    let w = World::new(&Backend::Postgres(database(&server, "killed").await)).await;
    let id = w.parcel().await;
    let book = w.book.clone();
    let stream = async {
        for _ in 0..60 {
            insist(&w, id, Command::Weigh(1)).await;
        }
    };
    let kill = async {
        while book.get::<Parcel>(&Scope::All, id).await.is_ok_and(|f| f.version < 10) {}
        server.kill_9();
        server.restart();
    };
    futures_util::join!(stream, kill);
    assert_eq!(w.book.get::<Parcel>(&Scope::All, id).await.unwrap().state.weight, 60, "each request once");
    assert!(check(&w).await.is_clean());
}

#[tokio::test]
async fn a_server_that_has_started_anew_is_used_as_if_nothing_had_been() {
    let Some(mut server) = PostgresServer::start("a_server_that_has_started_anew") else { return };
    let w = World::new(&Backend::Postgres(database(&server, "anew").await)).await;
    let id = w.parcel().await;
    for weight in 1..=3 {
        // Connections for reads and for the committer, all of them used just now.
        assert!(join_all((0..5).map(|_| w.book.get::<Parcel>(&Scope::All, id))).await.iter().all(Result::is_ok));
        server.kill_9();
        server.restart();
        assert_eq!(w.run(id, Command::Weigh(1)).await.unwrap().state.weight, weight);
        let read = join_all((0..5).map(|_| w.book.get::<Parcel>(&Scope::All, id))).await;
        assert!(read.iter().all(Result::is_ok), "{read:?}");
    }
}

#[tokio::test]
async fn a_line_cut_after_commit_is_answered_by_the_retry() {
    let Some(server) = PostgresServer::start("a_line_cut_after_commit") else { return };
    let direct = database(&server, "cut").await;
    let address = direct.trim_start_matches("postgres://postgres@").trim_end_matches("/cut").parse().unwrap();
    let proxy = CutProxy::start(address, b"COMMIT").unwrap();
    let through = format!("postgres://postgres@{}/cut?sslmode=disable", proxy.address());
    let w = World::new(&Backend::Postgres(through)).await;
    let id = w.parcel().await;
    for i in 1..=5 {
        let request = w.request("cut");
        let ask = || Ask::<Parcel>::new(id, Command::Weigh(1), w.now()).with_request(request.clone());
        proxy.arm();
        let lost = w.book.execute(ask()).await;
        assert!(matches!(lost, Err(Error::Store(StoreError::Unavailable(_)))), "{lost:?}");
        assert_eq!(proxy.cuts(), i);
        let found = w.book.execute(ask()).await.unwrap();
        assert!(found.replayed, "it had been committed");
        assert_eq!(found.state.weight, i64::try_from(i).unwrap());
    }
    assert!(check(&w).await.is_clean());
}

/// A line to the database `name` of the server, and a casebook over it.
async fn over_a_line(server: &PostgresServer, name: &str) -> (Line, World) {
    database(server, name).await;
    let line = Line::start(at(server.port())).unwrap();
    let through = format!("postgres://postgres@{}/{name}?sslmode=disable", line.address());
    let w = World::new(&Backend::Postgres(through)).await;
    (line, w)
}

fn at(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

/// Replication is synchronous, as it must be where an answer means that it is kept.
async fn wait_for_replicas(server: &PostgresServer) {
    let mut admin = PgConnection::connect(&server.url()).await.unwrap();
    sqlx::query("ALTER SYSTEM SET synchronous_standby_names = '*'").execute(&mut admin).await.unwrap();
    sqlx::query("SELECT pg_reload_conf()").execute(&mut admin).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_promoted_replica_goes_on_with_everything_that_was_answered() {
    let test = "a_promoted_replica_goes_on";
    let Some(mut primary) = PostgresServer::start(test) else { return };
    let Some(replica) = PostgresServer::replica_of(test, &primary) else { return };
    wait_for_replicas(&primary).await;
    let (line, w) = over_a_line(&primary, "failover").await;
    let id = w.parcel().await;
    let book = w.book.clone();
    let stream = async {
        for _ in 0..60 {
            insist(&w, id, Command::Weigh(1)).await;
        }
    };
    let fail_over = async {
        while book.get::<Parcel>(&Scope::All, id).await.is_ok_and(|f| f.version < 10) {}
        primary.kill_9();
        replica.promote();
        line.lead_to(Some(at(replica.port())));
    };
    futures_util::join!(stream, fail_over);
    assert_eq!(w.book.get::<Parcel>(&Scope::All, id).await.unwrap().state.weight, 60, "each request once");
    assert!(check(&w).await.is_clean());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_breaks_is_told_and_a_slow_one_is_waited_for() {
    let Some(server) = PostgresServer::start("a_line_that_breaks") else { return };
    let (line, w) = over_a_line(&server, "breaks").await;
    let id = w.parcel().await;
    for _ in 0..3 {
        line.lead_to(None);
        let lost = w.run(id, Command::Weigh(1)).await;
        assert!(matches!(lost, Err(Error::Store(StoreError::Unavailable(_)))), "{lost:?}");
        line.lead_to(Some(at(server.port())));
        insist(&w, id, Command::Weigh(1)).await;
    }
    line.slow_down(Duration::from_millis(40));
    let slow = join_all((0..20).map(|_| w.run(id, Command::Weigh(1)))).await;
    assert!(slow.iter().all(Result::is_ok), "{slow:?}");
    line.slow_down(Duration::ZERO);
    assert_eq!(w.book.get::<Parcel>(&Scope::All, id).await.unwrap().state.weight, 23);
    assert!(check(&w).await.is_clean());
}

/// Another session's lock, until it is dropped or the server ends it.
async fn locked(url: &str, table: &str) -> PgConnection {
    let mut session = PgConnection::connect(url).await.unwrap();
    let sql = sqlx::AssertSqlSafe(format!("BEGIN; LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE"));
    sqlx::raw_sql(sql).execute(&mut session).await.unwrap();
    session
}

#[tokio::test]
async fn what_waits_longer_than_any_call_is_ended_in_the_database_too() {
    let Some(server) = PostgresServer::start("what_waits_longer") else { return };
    let url = database(&server, "waits").await;
    let w = World::new(&Backend::Postgres(url.clone())).await;
    let id = w.parcel().await;
    let lock = locked(&url, "cases").await;
    let read =
        tokio::time::timeout(BOUND, w.book.get::<Parcel>(&Scope::All, id)).await.expect("it does not wait for ever");
    assert!(matches!(&read, Err(StoreError::Unavailable(why)) if why.contains("statement timeout")), "{read:?}");
    let written = tokio::time::timeout(BOUND, w.run(id, Command::Weigh(1))).await.expect("it does not wait for ever");
    assert!(matches!(written, Err(Error::Store(StoreError::Unavailable(_)))), "{written:?}");
    drop(lock);
    assert_eq!(insist(&w, id, Command::Weigh(2)).await.state.weight, 2, "what was told to have failed has");
}

#[tokio::test]
async fn whose_caller_has_left_before_its_turn_is_not_committed() {
    let Some(server) = PostgresServer::start("whose_caller_has_left") else { return };
    let url = database(&server, "left").await;
    let w = World::new(&Backend::Postgres(url.clone())).await;
    let id = w.parcel().await;
    let lock = locked(&url, "cases").await;
    let first = w.run(id, Command::Weigh(1));
    tokio::pin!(first);
    // The first is in the database, the second waits for its turn, and its caller goes.
    let left = async {
        while !is_blocked(&url).await {}
        assert!(tokio::time::timeout(std::time::Duration::ZERO, w.run(id, Command::Weigh(10))).await.is_err());
        drop(lock);
    };
    let (first, ()) = futures_util::join!(first, left);
    assert_eq!(first.unwrap().state.weight, 1);
    assert_eq!(w.run(id, Command::Weigh(100)).await.unwrap().state.weight, 101);
}

/// Whether somebody waits for a lock.
async fn is_blocked(url: &str) -> bool {
    let mut session = PgConnection::connect(url).await.unwrap();
    let sql = "SELECT COUNT(*) FROM pg_locks WHERE NOT granted";
    sqlx::query_scalar::<_, i64>(sql).fetch_one(&mut session).await.unwrap() > 0
}

/// As a program of schema 6 left it: the newest events of every partition wait for the task that gave positions.
const SCHEMA_SIX: &str = "
    CREATE TABLE unplaced (part BIGINT NOT NULL, case_id BYTEA NOT NULL, version BIGINT NOT NULL, PRIMARY KEY (part, case_id, version));
    INSERT INTO unplaced SELECT part, case_id, version FROM event_log WHERE position > 5;
    DELETE FROM event_log WHERE position > 5;
    UPDATE heads SET position = 5 WHERE position > 5;
    ALTER TABLE cases DROP COLUMN sealed_by; DROP TABLE wrapping_keys; ALTER TABLE journal DROP COLUMN n;
    UPDATE meta SET value = '6' WHERE name = 'schema';";

#[tokio::test]
async fn a_database_of_schema_six_gives_a_position_to_what_waits_for_one() {
    let Some(server) = PostgresServer::start("a_database_of_schema_six") else { return };
    let url = database(&server, "six").await;
    let w = World::new(&Backend::Postgres(url.clone())).await;
    let ids: Vec<CaseId> = (0..40).map(|_| w.id()).collect();
    for id in &ids {
        w.run(*id, Command::Open(Labels::default())).await.unwrap();
        w.run(*id, Command::Weigh(1)).await.unwrap();
    }
    let heads = w.book.head().await.unwrap();
    let mut session = PgConnection::connect(&url).await.unwrap();
    sqlx::raw_sql(SCHEMA_SIX).execute(&mut session).await.unwrap();
    let waiting: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM unplaced").fetch_one(&mut session).await.unwrap();
    assert!(waiting > 0, "{heads:?}");
    let w = World::new(&Backend::Postgres(url)).await;
    assert_eq!(w.book.head().await.unwrap(), heads);
    w.run(ids[0], Command::Weigh(1)).await.unwrap();
    let report = check(&w).await;
    assert!(report.is_clean(), "{:#?}", report.violations);
}

/// A process that is frozen, or its machine, with the heads of its partitions in its hand.
#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_stops_in_the_middle_of_a_commit_holds_the_others_for_seconds() {
    let Some(server) = PostgresServer::start("a_replica_that_stops") else { return };
    let (line, frozen) = over_a_line(&server, "stops").await;
    let url = server.database_url("stops");
    let other = World::new(&Backend::Postgres(url.clone())).await;
    let id = frozen.parcel().await;
    // Its statement waits in the database when its answers stop: it holds the heads and will never know.
    let log = locked(&url, "event_log").await;
    let lost = frozen.run(id, Command::Weigh(1));
    let stop = async {
        while !is_blocked(&url).await {}
        line.slow_down(Duration::from_secs(24 * 3600));
        drop(log);
    };
    tokio::select! {
        lost = lost => panic!("it is answered: {lost:?}"),
        () = stop => {}
    }
    let done = tokio::time::timeout(BOUND, other.run(id, Command::Weigh(1000))).await.expect("the server ends it");
    assert!(done.unwrap().state.weight >= 1000);
    let report = check(&other).await;
    assert!(report.is_clean(), "{:#?}", report.violations);
}

/// A machine without power says nothing, and neither does a line whose state somebody in between has forgotten.
#[tokio::test]
async fn a_server_that_falls_silent_in_the_middle_of_an_answer_holds_nobody_for_ever() {
    let Some(server) = PostgresServer::start("a_server_that_falls_silent") else { return };
    let (line, w) = over_a_line(&server, "silent").await;
    let id = w.parcel().await;
    line.slow_down(Duration::from_secs(24 * 3600));
    let silent = join_all([w.run(id, Command::Weigh(1)), w.run(id, Command::Weigh(10))]);
    let read = w.book.get::<Parcel>(&Scope::All, id);
    let told = futures_util::future::join(silent, read);
    let (written, read) = tokio::time::timeout(BOUND, told).await.expect("it is told");
    let unavailable = |error: &StoreError| matches!(error, StoreError::Unavailable(_));
    assert!(read.as_ref().is_err_and(unavailable), "{read:?}");
    let left = |answer: &Result<_, _>| matches!(answer, Err(Error::Store(error)) if unavailable(error));
    assert!(written.iter().all(left), "{written:?}");
    line.slow_down(Duration::ZERO);
    assert!(insist(&w, id, Command::Weigh(100)).await.state.weight >= 100, "other connections are opened");
}
