//! Who reported in secret, through a whole cluster: nothing of the person, and nothing of what was told, gets where it does not belong.

use e2e::client::Client;
use e2e::collector::Collector;
use e2e::matters::{LIGHTS, TOWN, UNIT};
use e2e::process::Start;
use e2e::stream::Screen;
use e2e::until;
use http::Method;
use serde_json::{Value, json};
use std::{net::SocketAddr, path::Path};
use testkit::free_port;

/// Canaries: words and numbers that stand nowhere else.
const NAME: &str = "欧阳金丝雀";
const PHONE: &str = "13955557788";
const CHANNEL_NUMBER: &str = "02368881199";
const TEXT: &str = "金丝雀看见有人夜里剪断电线";
const SUPPLEMENT: &str = "剪线的人开一辆金丝雀色的车";

fn report() -> Value {
    json!({
        "requestId": "canary", "kind": "ACCUSATION", "channel": "HOTLINE_12345", "channelNumber": CHANNEL_NUMBER, "text": TEXT,
        "categoryCode": LIGHTS, "location": {"divisionCode": TOWN}, "reporter": {"name": NAME, "phone": PHONE, "secret": true},
    })
}

fn contains(said: &[u8], words: &str) -> bool {
    said.windows(words.len()).any(|bytes| bytes == words.as_bytes())
}

#[track_caller]
fn without(place: &str, said: &[u8], canaries: &[&str]) {
    for canary in canaries {
        assert!(!contains(said, canary), "{canary} stands in {place}");
    }
}

/// Everything under a folder but its keys.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push((path.display().to_string(), std::fs::read(&path).unwrap_or_default()));
        }
    }
    found
}

#[tokio::test]
async fn a_secret_reporter_stands_in_no_log_list_event_stream_trace_or_metric() {
    let folder = tempfile::tempdir().unwrap();
    let (collector, metrics) = (Collector::start().await, SocketAddr::from(([127, 0, 0, 1], free_port())));
    let start = Start::new(folder.path()).logging("trace").tracing_to(collector.address).metrics_on(metrics);
    let mut jiewang = start.with(["--set", "gateway.trace-ratio=1"]).start().await;
    let hotline = jiewang.member("integrator", "50-rexian");
    let town = jiewang.member("town-dispatcher", TOWN).after(&hotline);
    let unit = jiewang.member("department-handler", UNIT).after(&hotline);
    let mut screen = Screen::open(&town, "", None).await;
    let filed = hotline.write("v1/reports", &report()).await;
    let (name, order) = (filed["name"].as_str().unwrap().to_owned(), filed["workOrder"].as_str().unwrap().to_owned());
    screen.take(1).await;
    let added = json!({"requestId": "more", "text": SUPPLEMENT, "phoneLast4": &PHONE[7..]});
    hotline.write(&format!("v1/{name}:supplement"), &added).await;
    // The wrong digits, too, and a request that is refused with its fields.
    let guess = json!({"trackingNumber": filed["trackingNumber"], "phoneLast4": "0000"});
    let track = hotline.insist(Method::POST, "v1/reports:track", &guess).await;
    assert_eq!(track.problem(404), "NOT_FOUND");
    let mut bad = report();
    (bad["requestId"], bad["categoryCode"]) = ("bad".into(), "9999".into());
    let filed_badly = hotline.insist(Method::POST, "v1/reports", &bad).await;
    assert_eq!(filed_badly.problem(400), "CATEGORY_UNKNOWN");
    unit.step(&order, "accept", json!({})).await;
    unit.step(&order, "resolve", json!({"result": "已换线", "reply": "已修好"})).await;

    let person = [NAME, PHONE, &PHONE[..7], CHANNEL_NUMBER, "欧阳"];
    let told = [TEXT, SUPPLEMENT];
    for (who, path) in [
        (&town, "v1/reports".to_owned()),
        (&town, format!("v1/{name}")),
        (&town, format!("v1/{name}/timeline")),
        (&unit, format!("v1/{order}")),
    ] {
        let seen =
            until("it is there", || async { who.get(&path).await.ok().filter(|answer| answer.status == 200) }).await;
        without(&path, &seen.body, &person[..3]);
    }
    let all: Vec<&str> = person.iter().chain(&told).copied().collect();
    for path in ["v1/workOrders".to_owned(), format!("v1/{order}/timeline"), format!("v1/{order}/clock")] {
        without(&path, &unit.get(&path).await.unwrap().body, &all);
    }
    for event in screen.take(3).await {
        without("the stream", event.data.to_string().as_bytes(), &all);
    }
    let counted = Client::new(metrics, None).get("metrics").await.unwrap().body;
    without("the metrics", &counted, &all);
    assert!(counted.len() > 10_000, "there are metrics to look at: {}", counted.len());
    let traced = |name: &str| contains(&collector.bytes(), name);
    let names = ["Reports/CreateReport", "Reports/TrackReport", "consume report.filed.v1", "ResolveWorkOrder"];
    until("the traces are told", || async { names.iter().all(|name| traced(name)).then_some(()) }).await;
    without("a trace", &collector.bytes(), &all);
    jiewang.kill();
    let said = jiewang.said();
    assert!(said.lines().count() > 20, "there is a log to look at");
    without("the log", said.as_bytes(), &all);
    for (path, bytes) in files(folder.path()) {
        without(&path, &bytes, &all);
    }
}

#[tokio::test]
async fn what_a_process_has_in_memory_is_dumped_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    let jiewang = Start::new(folder.path()).start().await;
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", jiewang.pid())).unwrap();
    let core: Vec<_> = limits.lines().filter(|line| line.starts_with("Max core file size")).collect();
    assert_eq!(core.len(), 1, "{limits}");
    assert_eq!(core[0].split_whitespace().skip(4).collect::<Vec<_>>(), ["0", "0", "bytes"]);
}
