//! `jiewang load` against a gateway that misbehaves.

use crate::fake::{Asked, Fake, Reply, accepted, jiewang, json_of, problem, stderr};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;
use tempfile::TempDir;

const HEADER: &str = "requestId,channelNumber,kind,channel,text,divisionCode\n";

/// A table of ours with the given lines below its header.
fn table(lines: &str) -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("reports.csv");
    std::fs::write(&path, format!("{HEADER}{lines}")).unwrap();
    (dir, path)
}

fn rows(count: usize) -> String {
    (1..=count).map(|n| format!(",N-{n},HELP,HOTLINE_12345,路灯不亮 {n},500151001\n")).collect()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn number(asked: &Asked) -> &str {
    asked.body["channelNumber"].as_str().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_is_filed_as_it_stands_and_its_ids_come_from_itself() {
    let fake = Fake::start(|_| accepted()).await;
    let (_dir, path) = table(&rows(3));
    let output = fake.run(&["load", text(&path), "-o", "json"]).await;
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let summary = json_of(&output);
    assert_eq!((&summary["rows"], &summary["accepted"], &summary["replayed"]), (&json!(3), &json!(3), &json!(0)));
    let asked = fake.asked();
    assert_eq!((asked[0].method.as_str(), asked[0].path.as_str()), ("POST", "/v1/reports"));
    assert_eq!(asked[0].token, "Bearer T");
    let first = asked.iter().find(|asked| number(asked) == "N-1").unwrap();
    assert_eq!(
        first.body,
        json!({"requestId": "HOTLINE_12345/N-1", "channelNumber": "N-1", "kind": "HELP", "channel": "HOTLINE_12345",
            "text": "路灯不亮 1", "location": {"divisionCode": "500151001"}})
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_load_asks_the_same_and_counts_what_was_there() {
    let fake = Fake::start(|_| Reply::Json(200, json!({"createTime": "2020-01-01T00:00:00Z"}))).await;
    let (_dir, path) = table(&rows(2));
    fake.run(&["load", text(&path)]).await;
    let output = fake.run(&["load", text(&path), "-o", "json"]).await;
    assert_eq!((output.status.code(), json_of(&output)["replayed"].clone()), (Some(0), json!(2)));
    let (mut asked, mut bodies) = (fake.asked(), Vec::new());
    asked.sort_by_key(|asked| (number(asked).to_owned(), asked.time));
    for pair in asked.chunks_exact(2) {
        assert_eq!(pair[0].body, pair[1].body);
        bodies.push(&pair[0].body);
    }
    assert_eq!(bodies.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_pass_is_tried_again_under_the_same_request_id() {
    let fake = Fake::start(|asked| match (number(asked), asked.time) {
        ("N-1", 1) => problem(503, "NOT_YET_VISIBLE"),
        ("N-2", 1 | 2) => problem(429, "TOO_MANY_REQUESTS"),
        ("N-3", 1) => Reply::Nothing,
        _ => accepted(),
    })
    .await;
    let (_dir, path) = table(&rows(4));
    let output = fake.run(&["load", text(&path), "-o", "json", "--in-flight", "1"]).await;
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let tries = fake.tries();
    assert_eq!([1, 2, 3, 4].map(|n| tries[&format!("HOTLINE_12345/N-{n}")]), [2, 3, 2, 1]);
    let summary = json_of(&output);
    assert_eq!((&summary["accepted"], &summary["retries"]), (&json!(4), &json!(4)));
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_are_named_by_line_and_counted_by_reason() {
    let fake = Fake::start(|asked| match number(asked) {
        "N-2" => problem(409, "CHANNEL_NUMBER_REUSED"),
        "N-3" | "N-4" => problem(400, "DIVISION_UNKNOWN"),
        _ => accepted(),
    })
    .await;
    let (_dir, path) = table(&rows(5));
    let output = fake.run(&["load", text(&path), "-o", "json"]).await;
    assert_eq!(output.status.code(), Some(6));
    let summary = json_of(&output);
    assert_eq!(summary["refused"], json!({"CHANNEL_NUMBER_REUSED": 1, "DIVISION_UNKNOWN": 2}));
    assert_eq!(summary["accepted"], 2);
    assert_eq!(fake.asked().len(), 5, "a refusal is not tried again");
    let said = stderr(&output);
    assert!(said.contains("line 3 (HOTLINE_12345/N-2): refused: CHANNEL_NUMBER_REUSED: told to"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_cannot_be_read_is_named_and_skipped() {
    let fake = Fake::start(|_| accepted()).await;
    let mut lines = rows(1).into_bytes();
    lines.extend(",N-2,HELP\n".as_bytes());
    lines.extend(b",N-3,HELP,KIOSK,\xff\xfe,50\n");
    lines.extend(",,HELP,KIOSK,no number,50\n".as_bytes());
    lines.extend(",N-6,HELP,KIOSK,\"two\nlines\",50\n,N-8,,KIOSK,x,50\n".as_bytes());
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("reports.csv");
    std::fs::write(&path, [HEADER.as_bytes(), &lines].concat()).unwrap();
    let output = fake.run(&["load", text(&path), "-o", "json"]).await;
    assert_eq!((output.status.code(), json_of(&output)["unreadable"].clone()), (Some(6), json!(4)));
    let said = stderr(&output);
    for line in [
        "line 3: skipped: 3 columns where the header has 6",
        "line 4: skipped: not UTF-8",
        "line 5: skipped: neither requestId nor channelNumber",
        "line 8: skipped: column kind is empty",
    ] {
        assert!(said.contains(line), "{line} is not in {said}");
    }
    assert_eq!(fake.asked().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gzip_that_breaks_off_loses_only_its_end() {
    let fake = Fake::start(|_| accepted()).await;
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    // More than one read's worth, so that rows come out before the end is missed.
    gzip.write_all(format!("{HEADER}{}", rows(1_000)).as_bytes()).unwrap();
    let mut bytes = gzip.finish().unwrap();
    bytes.truncate(bytes.len() / 2);
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("reports");
    std::fs::write(&path, bytes).unwrap();
    let output = fake.run(&["load", text(&path), "-o", "json"]).await;
    assert_eq!(output.status.code(), Some(6));
    let summary = json_of(&output);
    assert!(summary["accepted"].as_u64().unwrap() > 100, "{summary}");
    assert_eq!(summary["unreadable"], 1);
    assert!(stderr(&output).contains("the file breaks off here"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_token_ends_the_load_at_once() {
    let fake = Fake::start(|_| problem(401, "TOKEN_EXPIRED")).await;
    let (_dir, path) = table(&rows(500));
    let output = fake.run(&["load", text(&path), "-o", "json", "--in-flight", "4"]).await;
    assert_eq!(output.status.code(), Some(4));
    assert!(stderr(&output).contains("TOKEN_EXPIRED"));
    assert!(fake.asked().len() < 20, "{} rows were tried", fake.asked().len());
}

#[tokio::test(flavor = "multi_thread")]
async fn patience_ends_and_the_rest_stays_unsent() {
    let fake = Fake::start(|asked| if number(asked) == "N-1" { accepted() } else { problem(503, "DRAINING") }).await;
    let (_dir, path) = table(&rows(50));
    let output = fake.run(&["load", text(&path), "-o", "json", "--in-flight", "2", "--patience", "0"]).await;
    assert_eq!(output.status.code(), Some(1));
    let summary = json_of(&output);
    assert_eq!(summary["accepted"], 1);
    assert!(summary["notSent"].as_u64().unwrap() >= 1 && summary["rows"].as_u64().unwrap() < 50, "{summary}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_lets_rows_in_flight_finish_and_the_summary_follow() {
    let gate = Arc::new((Mutex::new(false), Condvar::new()));
    let held = gate.clone();
    let fake = Fake::start(move |_| {
        let bound = Duration::from_secs(30);
        // Said to the runtime, so that it keeps its timers and sockets going meanwhile.
        let opened = tokio::task::block_in_place(|| {
            !held.1.wait_timeout_while(held.0.lock().unwrap(), bound, |open| !*open).unwrap().1.timed_out()
        });
        assert!(opened, "the test never opened the gate");
        accepted()
    })
    .await;
    let (_dir, path) = table(&rows(100));
    let mut command = jiewang(&["load", text(&path), "-o", "json", "--in-flight", "1"]);
    let gateway = format!("http://{}", fake.address);
    let mut child = command.env("JIEWANG_GATEWAY", gateway).env("JIEWANG_TOKEN", "T").spawn().unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap());
    until(|| !fake.asked().is_empty()).await;
    let sent = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
    let note = tokio::task::spawn_blocking(move || {
        let mut note = String::new();
        said.read_line(&mut note).map(|_| note)
    });
    assert!(note.await.unwrap().unwrap().starts_with("stopping"), "the signal was taken while a row was in flight");
    *gate.0.lock().unwrap() = true;
    gate.1.notify_all();
    let output = tokio::task::spawn_blocking(|| child.wait_with_output().unwrap()).await.unwrap();
    let summary = json_of(&output);
    assert_eq!((output.status.code(), &summary["interrupted"]), (Some(6), &json!(true)));
    assert_eq!(summary["accepted"].as_u64().unwrap(), fake.asked().len() as u64, "what was sent was finished");
    assert!(summary["rows"].as_u64().unwrap() < 100);
}

async fn until(holds: impl Fn() -> bool) {
    let waiting = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), waiting).await.expect("it comes about within the bound");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_nobody_knows_is_refused_as_a_whole() {
    let fake = Fake::start(|_| accepted()).await;
    let dir = tempfile::tempdir().unwrap();
    for (header, says) in [
        ("a,b,c\n", "neither that of the open 311 table"),
        ("kind,channel,text,adress\n", "no column of ours is called \"adress\""),
        ("kind,channel,text,text\n", "stands in the header twice"),
        ("", "neither that of the open 311 table"),
    ] {
        let path = dir.path().join("x.csv");
        std::fs::write(&path, header).unwrap();
        let output = fake.run(&["load", text(&path)]).await;
        assert_eq!(output.status.code(), Some(1), "{header}");
        assert!(stderr(&output).contains(says), "{}", stderr(&output));
    }
    let output = fake.run(&["load", "no/such/file.csv"]).await;
    assert_eq!(output.status.code(), Some(1));
    assert!(fake.asked().is_empty());
}
