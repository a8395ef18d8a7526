//! The end of a process: what is in hand is finished, nothing new begins, nobody can hold it.

use crate::probe::{Served, ask, soon};
use mesh::{Channel, Code, Config, Drained, Problem, ServeError};
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_stream::StreamExt;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

async fn until_refused(served: &Served) {
    while TcpStream::connect(served.address).await.is_ok() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn call_in_flight_finishes_and_a_new_one_is_refused() {
    let mut served = Served::start().await;
    let channel = served.tcp();
    let gated = ask(&channel, "gate");
    let meanwhile = async {
        soon(served.arrived.acquire()).await.unwrap().forget();
        served.drain.begin();
        soon(until_refused(&served)).await;
        assert!(!served.readiness.is_ready());
        // The old client's other connections and a new client's: both find nobody.
        for channel in [channel.clone(), Channel::to(&served.address.to_string()).unwrap()] {
            let problem = Problem::from_status(&ask(&channel, "who").await.unwrap_err());
            assert_eq!(problem.code, Code::Unavailable);
        }
        served.gate.add_permits(1);
    };
    let (answer, ()) = tokio::join!(gated, meanwhile);
    assert_eq!(answer.unwrap()[0].position, 1);
    assert_eq!(served.ended().await.unwrap(), Drained::default());
}

#[tokio::test]
async fn call_in_flight_can_still_reach_other_services_of_the_process() {
    let mut served = Served::start().await;
    let channel = served.memory.clone();
    let tcp = served.tcp();
    let gated = ask(&tcp, "gate");
    let meanwhile = async {
        soon(served.arrived.acquire()).await.unwrap().forget();
        served.drain.begin();
        soon(until_refused(&served)).await;
        assert!(ask(&channel, "who").await.is_ok());
        served.gate.add_permits(1);
    };
    let (answer, ()) = tokio::join!(gated, meanwhile);
    assert!(answer.is_ok());
    assert!(served.ended().await.unwrap().is_clean());
    assert!(ask(&channel, "who").await.is_err());
}

#[tokio::test]
async fn silent_client_cannot_hold_the_drain_beyond_its_bound() {
    let drain_within = Duration::from_millis(100);
    let mut served = Served::start_with(Config { drain_within, ..Config::default() }).await;
    // One says nothing after the preface, one nothing at all.
    let mut silent = TcpStream::connect(served.address).await.unwrap();
    silent.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
    let mute = TcpStream::connect(served.address).await.unwrap();
    // And one waits for an answer that does not come.
    let channel = served.tcp();
    let hanging = ask(&channel, "gate");
    let end = async {
        soon(served.arrived.acquire()).await.unwrap().forget();
        served.drain.begin();
        served.ended().await.unwrap()
    };
    let (answer, drained) = tokio::join!(hanging, end);
    assert!(answer.is_err());
    assert!(drained.cut >= 1, "{drained:?}");
    drop((silent, mute));
}

#[tokio::test]
async fn hard_stop_waits_for_nobody() {
    let drain_within = Duration::from_secs(3600);
    let mut served = Served::start_with(Config { drain_within, ..Config::default() }).await;
    let channel = served.tcp();
    let hanging = ask(&channel, "gate");
    let end = async {
        soon(served.arrived.acquire()).await.unwrap().forget();
        served.drain.begin();
        served.drain.stop_hard();
        served.ended().await.unwrap()
    };
    let (answer, drained) = tokio::join!(hanging, end);
    assert!(answer.is_err());
    assert_eq!(drained.cut, 1);
}

#[tokio::test]
async fn worker_that_ends_early_stops_the_process_as_fatal() {
    let mut served = Served::start().await;
    served.tasks.spawn_worker("relay 3", async {});
    let error = served.ended().await.unwrap_err();
    let ServeError::Fatal(fatal) = error else { panic!("{error}") };
    assert_eq!(fatal.to_string(), "worker relay 3 ended early");
}

#[tokio::test]
async fn worker_that_ends_with_the_drain_is_fine_and_one_that_does_not_is_named() {
    let drain_within = Duration::from_millis(50);
    let mut served = Served::start_with(Config { drain_within, ..Config::default() }).await;
    let token = served.drain.token();
    served.tasks.spawn_worker("consumer", async move { token.cancelled().await });
    served.tasks.spawn_worker("deaf", std::future::pending());
    served.drain.begin();
    assert_eq!(served.ended().await.unwrap().stopped, ["deaf"]);
}

#[tokio::test]
async fn health_follows_the_checks_of_each_service_and_the_drain() {
    const SERVICE: &str = "jiewang.events.v1.EventLog";
    let served = Served::start().await;
    let check = served.readiness.check_of(SERVICE, "store");
    let mut client = HealthClient::new(served.memory.clone());
    let mut watch = soon(client.watch(HealthCheckRequest { service: SERVICE.into() })).await.unwrap().into_inner();
    let mut status = async || soon(watch.next()).await.unwrap().unwrap().status();
    let mut expect = async |wanted: &str| while status().await.as_str_name() != wanted {};
    soon(expect("NOT_SERVING")).await;
    check.pass();
    soon(expect("SERVING")).await;
    check.fail("disk full");
    soon(expect("NOT_SERVING")).await;
    assert!(served.readiness.serves("jiewang.events.v1.Events"));
    assert_eq!(served.readiness.failing()[0].why, "disk full");
    check.pass();
    soon(expect("SERVING")).await;
    served.drain.begin();
    soon(expect("NOT_SERVING")).await;
}

#[tokio::test]
async fn first_signal_drains_and_second_stops_hard() {
    let drain = mesh::Drain::new();
    drain.on_signals(&mesh::Tasks::new(drain.clone())).unwrap();
    let terminate = || {
        let sent = std::process::Command::new("kill").args(["-TERM", &std::process::id().to_string()]).status();
        assert!(sent.unwrap().success());
    };
    // Registered before the signal, which then does not end this process.
    terminate();
    soon(drain.begun()).await;
    assert!(!drain.is_hard());
    terminate();
    soon(drain.hard()).await;
}
