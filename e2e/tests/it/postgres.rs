//! On PostgreSQL: killed under load, and cut off after a commit that the client did not hear of.

use e2e::{
    audit::{Load, check},
    matters::{Crew, TOWN},
    process::{Jiewang, Start, verb},
    proxy::Proxy,
    rounds, until,
};
use jiewang::room::Room;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use testkit::{PostgresServer, Seed};

/// What a cluster says while its database is away.
const AWAY: [&str; 13] = [
    "casebook::committer: casebook.commit.failed",
    "casebook::replicas: casebook.replicas.failed",
    "casebook::timers: casebook.timers.fire_failed",
    "casebook::timers: casebook.timers.read_failed",
    "dispatch::app::arranging: dispatch.arrangements.unread",
    "guard::audit::witness: guard.audit.not_kept",
    "intake::app::duplicates: intake.likeness.not_read_back",
    "mesh::reform: mesh.places.not_followed",
    "queue::consumer: failed to apply, will try again",
    "queue::consumer: failed to ask for the heads",
    "queue::consumer: failed to read the producer's log",
    "queue::consumer: failed to renew leases",
    "queue::consumer: the feed is away, events come from the log",
];

/// All that keep cases.
pub(crate) fn services() -> impl Iterator<Item = &'static str> {
    Room::services().map(|(_, service)| service.name)
}

pub(crate) async fn databases(server: &PostgresServer) {
    let mut connection = PgConnection::connect(&server.url()).await.unwrap();
    for service in services() {
        sqlx::query(AssertSqlSafe(format!("CREATE DATABASE {service}"))).execute(&mut connection).await.unwrap();
    }
    connection.close().await.unwrap();
}

/// The flags that name the databases, on this port.
pub(crate) fn flags(flag: &str, port: u16) -> Vec<String> {
    let database = |service| [flag.to_owned(), format!("{service}=postgres://postgres@127.0.0.1:{port}/{service}")];
    services().flat_map(database).collect()
}

pub(crate) fn port(server: &PostgresServer) -> u16 {
    let url = server.url();
    let (_, port) = url.rsplit_once('/').unwrap().0.rsplit_once(':').unwrap();
    port.parse().unwrap()
}

fn verify(jiewang: &Jiewang, server: &PostgresServer) {
    let folder = jiewang.data_dir().to_string_lossy().into_owned();
    let mut args = vec!["verify".to_owned(), "--data-dir".to_owned(), folder];
    args.extend(flags("--postgres", port(server)));
    let out = verb(args);
    assert!(out.status.success(), "{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
}

#[tokio::test]
async fn what_was_acknowledged_before_the_database_was_killed_is_there_exactly_once() {
    let Some(mut server) =
        PostgresServer::start("what_was_acknowledged_before_the_database_was_killed_is_there_exactly_once")
    else {
        return;
    };
    databases(&server).await;
    let seed = Seed::from_env();
    let folder = tempfile::tempdir().unwrap();
    let mut jiewang = Start::new(folder.path()).with(flags("--database", port(&server))).allowing(&AWAY).start().await;
    let load = Load::start(&Crew::of(&jiewang), 4, &seed);
    for _round in 0..rounds(2, 20) {
        load.more(5 + usize::try_from(seed.below(20)).unwrap()).await;
        server.kill_9();
        server.restart();
    }
    load.more(5).await;
    let seen = load.finish().await;
    check(&seen, &jiewang.member("town-dispatcher", TOWN)).await;
    jiewang.kill();
    verify(&jiewang, &server);
}

#[tokio::test]
async fn a_commit_whose_answer_was_cut_off_takes_effect_once() {
    let Some(server) = PostgresServer::start("a_commit_whose_answer_was_cut_off_takes_effect_once") else { return };
    databases(&server).await;
    let seed = Seed::from_env();
    let proxy = Proxy::before(port(&server)).await;
    let folder = tempfile::tempdir().unwrap();
    let mut jiewang = Start::new(folder.path()).with(flags("--database", proxy.port())).allowing(&AWAY).start().await;
    let load = Load::start(&Crew::of(&jiewang), 4, &seed);
    for round in 0..rounds(8, 100) {
        load.more(1 + usize::try_from(seed.below(5)).unwrap()).await;
        proxy.cut(1);
        until("a commit is cut off", || async { (proxy.cuts() > round).then_some(()) }).await;
    }
    load.more(5).await;
    let seen = load.finish().await;
    eprintln!("{} attempts at reports, {} of them in doubt", seen.history.len(), seen.doubtful);
    check(&seen, &jiewang.member("town-dispatcher", TOWN)).await;
    jiewang.kill();
    verify(&jiewang, &server);
}
