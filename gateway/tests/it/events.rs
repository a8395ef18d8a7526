//! Server streams as server-sent events.
use crate::city::{City, NOW};
use civic::Micros;
use gateway::Config;
use http::{Request, Response};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use serde_json::{Value, json as value};
use std::time::Duration;

/// Reads until `until` stands in the text or the stream ends.
async fn read(response: &mut Response<Incoming>, until: &str) -> String {
    let mut text = String::new();
    let reading = async {
        while let Some(frame) = response.body_mut().frame().await {
            text.push_str(std::str::from_utf8(&frame.unwrap().into_data().unwrap()).unwrap());
            if text.contains(until) {
                return;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), reading).await.expect("the stream to go on within the bound");
    text
}

fn data(text: &str) -> Vec<Value> {
    text.lines()
        .filter_map(|line| line.strip_prefix("data: "))
        .map(|json| serde_json::from_str(json).unwrap())
        .collect()
}

#[tokio::test]
async fn each_message_is_one_event_with_its_id() {
    let city = City::start().await;
    let mut stream = city.open(Request::builder(), "/v1/events:stream?divisionCode=500151", "").await;
    assert_eq!(stream.headers()["content-type"], "text/event-stream");
    let text = read(&mut stream, "id: e3").await;
    assert!(text.contains("id: e1\ndata: {\"id\":\"e1\",\"type\":\"workOrder.assigned.v1\"}\n\n"), "{text}");
    assert_eq!(data(&text)[0]["id"], "e1");
    assert_eq!(city.seen.streams.lock().unwrap()[0].division_code, "500151");
}

#[tokio::test]
async fn last_event_id_of_the_header_is_newer_than_the_querys() {
    let city = City::start().await;
    let request = Request::builder().header("last-event-id", "e41");
    let mut stream = city.open(request, "/v1/events:stream?lastEventId=e7", "").await;
    let text = read(&mut stream, "id: e44").await;
    drop(text);
    assert_eq!(city.seen.streams.lock().unwrap()[0].last_event_id, "e41");
}

#[tokio::test]
async fn an_error_in_mid_stream_is_an_event_of_its_own_and_the_last() {
    let city = City::start().await;
    let mut stream = city
        .open(Request::builder().header("accept-language", "en"), "/v1/events:stream?divisionCode=broken", "")
        .await;
    let text = read(&mut stream, "never").await;
    let (events, error) = text.split_once("event: error\n").expect("an error event");
    assert_eq!(data(events).len(), 3);
    let problem = &data(error)[0];
    assert_eq!((&problem["reason"], &problem["status"]), (&value!("DRAINING"), &value!(503)));
}

#[tokio::test]
async fn a_stream_ends_with_the_token_that_opened_it_and_says_so() {
    let city = City::start().await;
    let token = format!("Bearer {}", city.token(2));
    // Twenty milliseconds before its end: only so long does the service wait before it looks at the clock, which stands.
    city.clock.set(Micros(NOW.0 + 1_980_000));
    let request = Request::builder().header("authorization", token).header("accept-language", "en");
    let mut stream = city.open(request, "/v1/events:stream", "").await;
    read(&mut stream, "id: e3").await;
    city.clock.set(Micros(NOW.0 + 2_000_000));
    let text = read(&mut stream, "never").await;
    let problem = &data(text.split_once("event: error\n").expect("an error event").1)[0];
    assert_eq!((&problem["reason"], &problem["status"]), (&value!("TOKEN_EXPIRED"), &value!(401)));
}

#[tokio::test]
async fn an_error_before_the_stream_is_an_ordinary_problem() {
    let city = City::start().await;
    let reply = city.get("/v1/events:stream?divisionCode=bad").await;
    assert_eq!((reply.status, &reply.json()["reason"]), (400, &value!("INVALID_RESUME_TOKEN")));
    let reply = city.get("/v1/events:stream?division=x").await;
    assert_eq!(reply.json()["fields"][0]["path"], "division");
}

#[tokio::test]
async fn silence_is_filled_with_comments() {
    let city = City::with(Config { heartbeat_ms: 20, ..Config::default() }).await;
    let mut stream = city.open(Request::builder(), "/v1/events:stream", "").await;
    read(&mut stream, "\n\n: \n\n: \n\n").await;
}

#[tokio::test]
async fn who_reads_too_slowly_is_closed_and_told_why() {
    let city = City::with(Config { stream_buffer: 8, ..Config::default() }).await;
    let mut stream = city.open(Request::builder(), "/v1/events:stream?divisionCode=flood", "").await;
    // Nothing was read until the service's endless stream had been let go.
    let text = read(&mut stream, "event: error").await;
    assert!(text.contains("STREAM_TOO_SLOW"), "{}", &text[text.len().saturating_sub(400)..]);
}

#[tokio::test]
async fn one_caller_has_only_so_many_streams_and_gets_them_back() {
    let city = City::with(Config { streams_per_caller: 2, ..Config::default() }).await;
    let first = city.open(Request::builder(), "/v1/events:stream", "").await;
    let _second = city.open(Request::builder(), "/v1/events:stream", "").await;
    let reply = city.get("/v1/events:stream").await;
    assert_eq!((reply.status, &reply.json()["reason"]), (429, &value!("TOO_MANY_STREAMS")));
    assert_eq!(reply.header("retry-after"), "1");
    drop(first);
    let again = async {
        while city.open(Request::builder(), "/v1/events:stream", "").await.status() != 200 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), again).await.expect("the place to be given back");
}
