//! `jiewang up` for tests of what happens later: a real process whose clock is ahead of the machine's. It takes the flags of
//! `up` and says the same when it is ready.

use civic::{Clock, Micros, SystemClock};
use e2e::process::AHEAD;
use jiewang::args::Verb;
use jiewang::cluster::{Cluster, Rooms, Settings};
use mesh::telemetry::{self, Format, Telemetry};
use std::sync::Arc;

/// Microseconds ahead.
struct Ahead(i64);

impl Clock for Ahead {
    fn now(&self) -> Micros {
        SystemClock.now() + self.0
    }
}

#[tokio::main]
async fn main() {
    let log = Telemetry { service: "jiewang".to_owned(), format: Format::Json, filter: String::new(), otlp: None };
    let _telemetry = telemetry::init(&log).expect("nothing else logs here");
    let cluster = Cluster::start(settings()).await.expect("a cluster starts");
    cluster.stop_on_signals().expect("signals can be listened for");
    let (ready, grpc, http) = (cluster.ready(), cluster.grpc_address, cluster.http.expect("it has a gateway"));
    cluster.tasks().spawn_aside("announce", async move {
        ready.await;
        eprintln!("jiewang: ready, gRPC on {grpc}");
        eprintln!("jiewang: http://{http}/docs");
    });
    cluster.serve().await.expect("it serves until it is ended");
}

fn settings() -> Settings {
    let ahead = std::env::var(AHEAD).ok().and_then(|text| text.parse().ok()).expect("the harness sets the clock");
    let args = jiewang::args::parse(std::env::args_os()).expect("the harness gives the flags of `up`");
    let Verb::Up(up) = args.verb else { panic!("the harness says `up`") };
    Settings { clock: Arc::new(Ahead(ahead)), ..Settings::new(&up.cluster, Rooms::ALL) }
}
