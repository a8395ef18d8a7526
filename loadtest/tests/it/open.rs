//! An open-loop run from the schedule to the page.

use http_body_util::{BodyExt as _, Full};
use hyper::{Request, Response, body::Bytes, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use jiewang::cluster::Rooms;
use loadtest::{
    local::Local,
    machine::Machine,
    open::{
        city::{City, Doors},
        curve::{Base, Bulk, Curve},
        drive::{Bounds, drive},
        mix::{Kind, Mix},
        schedule,
        tally::Tally,
        told::{Mark, Told},
    },
};
use serde_json::{Value, json};
use std::{
    convert::Infallible,
    future::pending,
    net::SocketAddr,
    path::Path,
    process::{Command, Output, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{net::TcpListener, task::JoinSet};

const STALL: Duration = Duration::from_millis(500);
/// The request at which it begins.
const STALLED: usize = 100;

/// A gateway of a few lines that stands still once: nothing is answered meanwhile.
#[derive(Default)]
struct Stalling {
    answered: tokio::sync::Mutex<usize>,
    still: AtomicBool,
    came_meanwhile: AtomicUsize,
}

impl Stalling {
    async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
        if request.uri().path() != "/readyz" {
            if self.still.load(Ordering::SeqCst) {
                self.came_meanwhile.fetch_add(1, Ordering::SeqCst);
            }
            let mut answered = self.answered.lock().await;
            *answered += 1;
            if *answered == STALLED {
                self.still.store(true, Ordering::SeqCst);
                tokio::time::sleep(STALL).await;
                self.still.store(false, Ordering::SeqCst);
            }
        }
        let body = json!({"trackingNumber": "1", "workOrder": "workOrders/1"}).to_string();
        // What was sent is read, or the connection could not be used again.
        request.into_body().collect().await.ok();
        Ok(Response::new(Full::from(body)))
    }

    async fn serve(self: Arc<Self>, listener: TcpListener) {
        let mut connections = JoinSet::new();
        while let Ok((socket, _)) = listener.accept().await {
            let gateway = self.clone();
            let service = service_fn(move |request| gateway.clone().answer(request));
            connections
                .spawn(async move { http1::Builder::new().serve_connection(TokioIo::new(socket), service).await });
        }
    }
}

fn curve(rate: f64, seconds: f64, bulk: Option<Bulk>) -> Curve {
    Curve { rate, seconds, base: Base::Constant, storm: None, bulk }
}

async fn run(address: SocketAddr, folder: &Path, curve: &Curve, mix: &Mix, in_flight: usize) -> Told {
    let doors = Doors::new(vec![format!("http://{address}")]).unwrap();
    doors.are_ready().await.unwrap();
    let city = Arc::new(City::new(doors, folder, Duration::from_secs(600)).unwrap());
    city.warm(5).await.unwrap();
    let seed = 7;
    let arrivals = schedule::draw(curve, mix, seed);
    let tally = Arc::new(Mutex::new(Tally::new(&arrivals, curve.storm)));
    let counted = tally.clone();
    let bounds = Bounds { in_flight, patience: Duration::from_secs(20) };
    let seen = move |record| counted.lock().unwrap().add(&record);
    let whole = drive(&arrivals, bounds, pending(), seen, move |n, kind| {
        let city = city.clone();
        async move { city.act(5 + n, kind).await }
    })
    .await;
    let mut tally = Arc::into_inner(tally).unwrap().into_inner().unwrap();
    tally.finish();
    let marks = vec![Mark { name: "<still>".to_owned(), from: 0.5, until: 1.0 }];
    Told { machine: Machine::of_this_run(), asked: vec![("seed", seed.to_string())], marks, tally, whole }
}

fn with_key() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("cluster.key"), "0".repeat(64)).unwrap();
    folder
}

#[tokio::test]
async fn a_gateway_that_stands_still_shows_in_the_99th_percentile_though_few_requests_were_sent_meanwhile() {
    let (gateway, folder, in_flight) = (Arc::new(Stalling::default()), with_key(), 4);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut serving = JoinSet::new();
    serving.spawn(gateway.clone().serve(listener));
    let mix = "list=3,citizen=1".parse().unwrap();
    let told = run(address, folder.path(), &curve(200.0, 2.0, None), &mix, in_flight).await;
    assert!(gateway.came_meanwhile.load(Ordering::SeqCst) < in_flight, "the one that began it holds a place, too");
    let all = &told.tally.all;
    assert_eq!(all.ok(), all.total());
    let waited = |quantile| Duration::from_micros(all.from_due.value_at_quantile(quantile));
    assert!(waited(0.99) >= STALL * 4 / 5, "{:?}", waited(0.99));
    assert!(told.tally.held.len() >= 50, "of about a hundred that were due meanwhile: {}", told.tally.held.len());
    assert!(all.from_sent.value_at_quantile(0.9) < all.from_due.value_at_quantile(0.9));

    let results = tempfile::tempdir().unwrap();
    let stem = told.record(results.path(), "still").unwrap();
    let read = |extension: &str| std::fs::read_to_string(format!("{}.{extension}", stem.display())).unwrap();
    let json: Value = serde_json::from_str(&read("json")).unwrap();
    let p99 = json["all"]["fromDueMs"]["p99"].as_f64().unwrap();
    assert_eq!(p99, all.from_due.value_at_quantile(0.99) as f64 / 1000.0);
    let sum = |field: &str| json["seconds"].as_array().unwrap().iter().map(|s| s[field].as_u64().unwrap()).sum::<u64>();
    assert_eq!((sum("offered"), sum("ok")), (all.total(), all.total()));
    assert_eq!(json["kinds"]["list"]["outcomes"]["OK"], told.tally.kinds[&Kind::List].ok());
    let page = read("html");
    for part in [format!("<td>{p99:.1}</td>"), told.machine.commit.clone(), "&lt;still&gt;".to_owned()] {
        assert!(page.contains(&part), "{part} is not on the page");
    }
    assert_eq!(page.matches("<svg").count(), 3);
    for foreign in ["<script", "src=", "href=", "url(", "@import"] {
        assert!(!page.contains(foreign), "the page asks for {foreign}");
    }
}

/// The program, with nothing of the surroundings' settings.
async fn program(args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_jiewang-load"));
    command.args(args).stdin(Stdio::null());
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("JIEWANG_")) {
        command.env_remove(name);
    }
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

#[tokio::test]
async fn the_program_finds_a_cluster_by_its_folder_and_writes_what_it_saw() {
    let (dir, results) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let local = Local::start(dir.path(), Rooms::ALL).await.unwrap();
    let [cluster, record] = [&dir, &results].map(|folder| folder.path().to_str().unwrap());
    let asked = ["--rate", "40", "--seconds", "1", "--storm", "2:0.5:0.2", "--warm", "5", "--name", "short"];
    let output = program(&[&["--cluster", cluster, "--record", record][..], &asked[..]].concat()).await;
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{told}{}", String::from_utf8_lossy(&output.stderr));
    assert!(told.contains("goodput:") && told.contains("recorded as "), "{told}");
    let files = std::fs::read_dir(results.path()).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>();
    let json = files.iter().find(|file| file.to_string_lossy().ends_with("-short.json")).unwrap();
    let json: Value = serde_json::from_slice(&std::fs::read(json).unwrap()).unwrap();
    assert_eq!((&json["whole"], &json["phases"][1]["name"]), (&json!(true), &json!("in the storm")));
    assert!(files.iter().any(|file| file.to_string_lossy().ends_with("-short.html")), "{files:?}");
    local.stop().await.unwrap();
}

#[tokio::test]
async fn what_cannot_be_run_is_refused_with_a_word_of_help() {
    let folder = with_key();
    let cluster = folder.path().to_str().unwrap();
    for (args, says) in [
        (&["--storm", "10"][..], "TIMES:AT:SECONDS"),
        (&["--mix", "lists=1"], "the kinds are citizen"),
        (&["--rate=-1"], "from 0 on"),
        (&["--speed", "60"], "--week"),
        (&["--cluster", cluster], "no cluster was at work"),
        (&["--cluster", cluster, "--gateway", "127.0.0.1:1"], "http://"),
        (&["--cluster", cluster, "--gateway", "http://127.0.0.1:1"], "nothing answers at http://127.0.0.1:1"),
    ] {
        let output = program(args).await;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains(says), "{args:?}: {said}");
    }
}

#[tokio::test]
async fn the_product_takes_every_kind_of_request() {
    let dir = tempfile::tempdir().unwrap();
    let local = Local::start(dir.path(), Rooms::ALL).await.unwrap();
    let curve = curve(60.0, 2.0, Some(Bulk { rows: 40, at: 0.5 }));
    let mix = "citizen=4,hotline=2,grid=2,device=2,emergency=2,track=2,list=2,step=4".parse().unwrap();
    let told = run(local.http, dir.path(), &curve, &mix, 32).await;
    for kind in Kind::ALL {
        let counts = &told.tally.kinds[&kind];
        assert!(counts.ok() > 0, "{kind}: {:?}", counts.outcomes);
    }
    assert_eq!(told.tally.all.ok(), told.tally.all.total(), "{:?}", told.tally.all.outcomes);
    local.drained().await.unwrap();
    let actor = civic::Actor::member(civic::Role::CityDispatcher, "test", "50".parse().unwrap());
    let url = format!("http://{}/v1/emergencies", local.http);
    let answer = loadtest::local::get_json(&loadtest::local::http(), &url, &local.mint(&actor)).await.unwrap();
    let emergencies = answer.body["emergencies"].as_array().map_or(0, Vec::len) as u64;
    assert_eq!(emergencies, told.tally.kinds[&Kind::Emergency].ok().min(50), "{}", answer.body);
    local.stop().await.unwrap();
}
