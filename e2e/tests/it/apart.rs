//! Every room a process of its own: the same main job, and the same end whichever of them dies.

use crate::postgres::{databases, flags, port, services};
use e2e::{
    audit::{Load, check},
    chaos::Chaos,
    collector::Collector,
    door::Door,
    matters::{Crew, LIGHTS, TOWN, UNIT, report},
    process::{Jiewang, Start, verb},
    rounds,
    standing::Standing,
    until,
};
use std::{collections::BTreeSet, net::SocketAddr, path::Path, time::Duration};
use tempfile::TempDir;
use testkit::{ConsulServer, PostgresServer, RedisServer, RotelServer, Seed, free_port};

/// What a process says while another one that it calls is away.
const AWAY: [&str; 8] = [
    "mesh::channel::standing: a replica is left out: it fails",
    "intake::peers: intake.peers.look_failed",
    "queue::consumer: failed to apply, will try again",
    "queue::consumer: failed to ask for the heads",
    "queue::consumer: failed to give leases back, they run out by themselves",
    "queue::consumer: failed to read the producer's log",
    "queue::consumer: failed to renew leases",
    "queue::consumer: the feed is away, events come from the log",
];

/// Processes with one key and one name of the cluster, each in a folder of its own.
struct Apart {
    gateway: Jiewang,
    /// Replicas, those of one service beside each other.
    services: Vec<Jiewang>,
    folders: TempDir,
}

impl Apart {
    async fn start(replicas: usize, more: impl Fn(&str) -> Vec<String>) -> Self {
        Self::started(replicas, |start| start, more).await
    }

    async fn started(replicas: usize, how: impl Fn(Start) -> Start, more: impl Fn(&str) -> Vec<String>) -> Self {
        let folders = tempfile::tempdir().unwrap();
        std::fs::write(folders.path().join("cluster.id"), "50-apart").unwrap();
        std::fs::write(folders.path().join("cluster.key"), "07".repeat(32)).unwrap();
        let doors: Vec<(&str, SocketAddr)> = services()
            .flat_map(|service| (0..replicas).map(move |_| (service, SocketAddr::from(([127, 0, 0, 1], free_port())))))
            .collect();
        let peers: Vec<String> =
            doors.iter().flat_map(|(service, door)| ["--peer".to_owned(), format!("{service}={door}")]).collect();
        let mut services: Vec<Jiewang> = Vec::new();
        for (service, door) in doors {
            let folder = folders.path().join(format!("{service}-{}", door.port()));
            let tls = join_certified(folders.path(), &folder, service);
            let start = Start::room(&folder, service).grpc_on(door).with(peers.clone()).with(tls).with(more(service));
            services.push(how(start).allowing(&AWAY).start().await);
        }
        let folder = folders.path().join("gateway");
        let tls = join_certified(folders.path(), &folder, "gateway");
        let gateway = how(Start::room(&folder, "gateway").with(peers).with(tls)).allowing(&AWAY).start().await;
        Self { gateway, services, folders }
    }
}

/// A new process of the same cluster knows its name and its key.
fn join(member: &Path, folder: &Path) {
    std::fs::create_dir(folder).unwrap();
    for file in ["cluster.id", "cluster.key"] {
        std::fs::copy(member.join(file), folder.join(file)).unwrap();
    }
}

/// The same with a certificate; answers with the flag for it.
fn join_certified(cluster: &Path, folder: &Path, service: &str) -> Vec<String> {
    join(cluster, folder);
    let (authority, tls) = (cluster.join("authority"), folder.join("tls"));
    let paths = [&authority, folder, &tls].map(|path| path.to_str().unwrap());
    let issued = verb(["certs", "issue", service, "--authority", paths[0], "--data-dir", paths[1], "--into", paths[2]]);
    assert!(issued.status.success(), "{issued:?}");
    vec!["--tls".to_owned(), paths[2].to_owned()]
}

#[tokio::test]
async fn a_report_lives_its_life_through_three_processes_and_the_death_of_each() {
    let mut apart = Apart::start(1, |_| Vec::new()).await;
    let crew = Crew::of(&apart.gateway);
    let filed = crew.file("lamp-1", LIGHTS).await;
    let order = filed["workOrder"].as_str().unwrap();
    // The position of the filing makes dispatch wait until it has heard of it from the other process.
    let read = crew.unit.read(&format!("v1/{order}")).await;
    assert_eq!((read["state"].as_str(), read["unit"].as_str()), (Some("ASSIGNED"), Some(UNIT)));
    for service in &mut apart.services {
        service.kill();
        service.start_again().await;
    }
    apart.gateway.kill();
    apart.gateway.start_again().await;
    crew.begin(order).await;
    crew.resolve(order).await;
    // Intake asks dispatch.
    assert_eq!(crew.rate(&filed, true).await["state"], "DONE");
    assert_eq!(crew.town.read(&format!("v1/{order}")).await["state"], "CLOSED");
    let parked = apart.gateway.member("operator", "50").read("v1/parkedCases").await;
    assert_eq!(parked["totalSize"], serde_json::Value::Null, "{parked}");

    for service in &mut apart.services {
        assert!(service.stop().await.success());
    }
    // All databases in one folder: what one service told must have taken effect in the other.
    let (first, others) = apart.services.split_first().unwrap();
    for (service, other) in services().skip(1).zip(others) {
        let file = format!("{service}.sqlite3");
        std::fs::copy(other.data_dir().join(&file), first.data_dir().join(&file)).unwrap();
    }
    first.verify();
}

#[tokio::test]
async fn one_trace_shows_the_way_of_a_report_through_all_processes_and_a_real_collector() {
    let name = "one_trace_shows_the_way_of_a_report_through_all_processes_and_a_real_collector";
    let collector = Collector::start().await;
    let (Some(server), Some(redis)) = (PostgresServer::start(name), RedisServer::start(name)) else { return };
    let Some(rotel) = RotelServer::start(name, collector.address) else { return };
    databases(&server).await;
    let apart = Apart::started(1, |start| start.tracing_to(rotel.address()), over(&server, &redis)).await;
    let crew = Crew::of(&apart.gateway);
    let (trace, caller) = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7");
    let headers = [("traceparent", &*format!("00-{trace}-{caller}-01")), ("content-type", "application/json")];
    let body = report("lamp-1", LIGHTS).to_string().into();
    let filed = crew.citizen.send(http::Method::POST, "v1/reports", &headers, body).await.unwrap();
    assert_eq!(filed.status, 200);
    let way = [
        ("gateway", "POST /v1/reports"),
        ("gateway", "jiewang.intake.v1.Reports/CreateReport"),
        ("intake", "jiewang.intake.v1.Reports/CreateReport"),
        ("dispatch", "consume report.filed.v1"),
        ("intake", "consume workOrder.changed.v1"),
    ];
    let spans = until("the whole way is told", || async {
        let spans = collector.trace(trace);
        let told = |(service, name): &(&str, &str)| {
            spans.iter().any(|span| (&*span.service, &*span.name) == (*service, *name))
        };
        way.iter().all(told).then_some(spans)
    })
    .await;
    // Each is the child of the one before it.
    let mut parent = caller.to_owned();
    for (service, name) in way {
        let span = spans.iter().find(|span| (&*span.service, &*span.name) == (service, name)).unwrap();
        assert_eq!(span.parent, parent, "{name}: {spans:#?}");
        parent = span.span.clone();
    }
}

/// Flags that put a service over these servers.
fn over(server: &PostgresServer, redis: &RedisServer) -> impl Fn(&str) -> Vec<String> {
    let (port, redis) = (port(server), redis.url());
    move |service| {
        let own = flags("--database", port).into_iter().filter(|flag| flag.starts_with(&format!("{service}=")));
        own.flat_map(|flag| ["--database".to_owned(), flag]).chain(["--redis".to_owned(), redis.clone()]).collect()
    }
}

#[tokio::test]
async fn replicas_that_are_killed_under_load_lose_and_double_nothing() {
    let name = "replicas_that_are_killed_under_load_lose_and_double_nothing";
    let (Some(server), Some(redis)) = (PostgresServer::start(name), RedisServer::start(name)) else { return };
    databases(&server).await;
    let seed = Seed::from_env();
    let mut apart = Apart::start(2, over(&server, &redis)).await;
    let load = Load::start(&Crew::of(&apart.gateway), 4, &seed);
    for _round in 0..rounds(4, 40) {
        load.more(5 + usize::try_from(seed.below(20)).unwrap()).await;
        let chosen = usize::try_from(seed.below(apart.services.len() as u64)).unwrap();
        apart.services[chosen].kill();
        load.more(5).await;
        apart.services[chosen].start_again().await;
    }
    load.more(5).await;
    let seen = load.finish().await;
    eprintln!("{} attempts at reports, {} of them in doubt", seen.history.len(), seen.doubtful);
    check(&seen, &apart.gateway.member("town-dispatcher", TOWN)).await;
    let folder = apart.folders.path().join("verify");
    join(apart.services[0].data_dir(), &folder);
    let mut args = vec!["verify".to_owned(), "--data-dir".to_owned(), folder.to_string_lossy().into_owned()];
    args.extend(flags("--postgres", port(&server)));
    // While the processes run: what was not consumed yet is no violation for long.
    until("everything has taken effect", || async { verb(&args).status.success().then_some(()) }).await;
}

/// Metrics that only something out of the ordinary makes, or a timer that is due in days.
const RARE: [&str; 20] = [
    "casebook_commit_left_total",
    "casebook_commit_reruns_total",
    "casebook_timer_lateness_seconds",
    "guard_audit_failed_total",
    "guard_issuer_reached",
    "guard_policies_refused",
    "guard_refusals_unrecorded_total",
    "jiewang_channel_ejections_total",
    "jiewang_channel_kept_back_total",
    "jiewang_channel_repeated_total",
    "jiewang_channel_replicas_out",
    "jiewang_tls_refused_total",
    "queue_apply_retries_total",
    "queue_events_filled_total",
    "queue_feed_corrupt_total",
    "queue_feed_errors_total",
    "queue_gaps_total",
    "queue_log_behind_total",
    "queue_relay_errors_total",
    "trace_spans_dropped_total",
];

/// Of docs/metrics.md, those that a cluster with every server should have and has not.
fn missing_metrics(served: &BTreeSet<String>) -> Vec<&'static str> {
    const DOCUMENT: &str = include_str!("../../../docs/metrics.md");
    let cells = DOCUMENT.lines().filter(|line| line.starts_with("| `")).filter_map(|line| line.split('|').nth(1));
    let names = cells.flat_map(|cell| cell.split('`').skip(1).step_by(2));
    let is_served = |name: &str| served.iter().any(|one| one == name || one.strip_suffix("_count") == Some(name));
    names.filter(|name| !RARE.contains(name) && !is_served(name)).collect()
}

/// `make cluster`, `make chaos` and `make cluster-down` as an operator has them.
#[tokio::test]
async fn a_cluster_that_is_struck_while_it_works_loses_and_doubles_nothing() {
    let name = "a_cluster_that_is_struck_while_it_works_loses_and_doubles_nothing";
    // The cluster has its own; these say whether there can be one.
    let servers = (PostgresServer::start(name), RedisServer::start(name), ConsulServer::start(name));
    let (Some(_), Some(_), Some(_)) = servers else { return };
    let seed = Seed::from_env();
    let folder = tempfile::tempdir().unwrap();
    let standing = Standing::start(folder.path()).unwrap();
    let mut chaos = Chaos::of(folder.path()).unwrap();
    let door = Door::new(chaos.gateways()[0], &folder.path().join("gateway-1"));
    let load = Load::start(&Crew::at(&door, UNIT), 4, &seed);
    for _round in 0..rounds(4, 200) {
        load.more(5 + usize::try_from(seed.below(20)).unwrap()).await;
        eprintln!("{}", chaos.strike(&seed).await.told);
    }
    load.more(5).await;
    let seen = load.finish().await;
    eprintln!("{} attempts at reports, {} of them in doubt", seen.history.len(), seen.doubtful);
    check(&seen, &door.member("town-dispatcher", TOWN)).await;
    until("everything has taken effect", || async { chaos.at_rest() }).await;
    assert_eq!(missing_metrics(&chaos.metrics().await), Vec::<&str>::new());
    // What is stuck is found.
    let dispatch: Vec<String> = chaos.processes().into_iter().filter(|name| name.starts_with("dispatch")).collect();
    dispatch.iter().for_each(|name| chaos.freeze(name));
    Crew::at(&door, UNIT).file("stuck", LIGHTS).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let stuck = chaos.at_rest();
    dispatch.iter().for_each(|name| chaos.thaw(name));
    assert_eq!(stuck, None);
    until("what was stuck has taken effect", || async { chaos.at_rest() }).await;
    drop(standing);
}
