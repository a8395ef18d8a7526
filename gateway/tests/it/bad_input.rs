//! What the edge refuses, each a problem with a stable reason and the field's path, and nothing reaches a service.
use crate::city::{City, Reply, json};
use bytes::Bytes;
use gateway::Config;
use http::{Method, Request};
use serde_json::json as value;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[track_caller]
fn assert_problem(reply: &Reply, status: u16, reason: &str, path: &str) {
    let problem = reply.json();
    assert_eq!(reply.header("content-type"), "application/problem+json", "{}", reply.text);
    assert_eq!((reply.status, problem["reason"].as_str().unwrap()), (status, reason), "{}", reply.text);
    assert_eq!(problem["fields"][0]["path"].as_str().unwrap_or_default(), path, "{}", reply.text);
    for member in ["type", "title", "detail", "traceId"] {
        assert!(problem[member].as_str().is_some_and(|text| !text.is_empty()), "{member}: {}", reply.text);
    }
    assert_eq!(problem["status"], status);
}

#[tokio::test]
async fn bodies_that_are_wrong_are_refused_with_reason_and_path() {
    let city = City::start().await;
    for (body, reason, path) in [
        ("", "JSON_MALFORMED", ""),
        ("{", "JSON_MALFORMED", ""),
        ("{} {}", "JSON_MALFORMED", ""),
        ("{'a':1}", "JSON_MALFORMED", ""),
        (r#"{"text":"\ud800"}"#, "JSON_MALFORMED", ""),
        (r#"{"location":{"latitude":1e999}}"#, "JSON_MALFORMED", ""),
        ("[]", "TYPE_MISMATCH", ""),
        (r#"{"texts":"a"}"#, "UNKNOWN_FIELD", "texts"),
        (r#"{"location":{"town":"a"}}"#, "UNKNOWN_FIELD", "location.town"),
        (r#"{"attachments":[{},{"url":"a"}]}"#, "UNKNOWN_FIELD", "attachments[1].url"),
        (r#"{"kind":"PLEA"}"#, "ENUM_UNKNOWN", "kind"),
        (r#"{"kind":77}"#, "ENUM_UNKNOWN", "kind"),
        (r#"{"text":5}"#, "TYPE_MISMATCH", "text"),
        (r#"{"reporter":{"secret":"true"}}"#, "TYPE_MISMATCH", "reporter.secret"),
        (r#"{"location":{"latitude":"north"}}"#, "TYPE_MISMATCH", "location.latitude"),
        (r#"{"location":{"confidence":2147483648}}"#, "TYPE_MISMATCH", "location.confidence"),
        (r#"{"occurTime":"yesterday"}"#, "TYPE_MISMATCH", "occurTime"),
        (r#"{"attachments":{}}"#, "TYPE_MISMATCH", "attachments"),
        (r#"{"attachments":[null]}"#, "TYPE_MISMATCH", "attachments[0]"),
        (r#"{"text":"a","text":"a"}"#, "DUPLICATE_KEY", "text"),
        (r#"{"requestId":"a","request_id":"a"}"#, "DUPLICATE_KEY", "requestId"),
        (r#"{"reporter":{"name":"a","name":null}}"#, "DUPLICATE_KEY", "reporter.name"),
    ] {
        let reply = city.post("/v1/reports", body).await;
        assert_problem(&reply, 400, reason, path);
    }
    let reply = city.post("/v1/workOrders/1:accept", r#"{"name":"workOrders/2"}"#).await;
    assert_problem(&reply, 400, "FIELD_IN_PATH", "name");
    let reply = city.post("/v1/reports", "[".repeat(100_000)).await;
    assert_problem(&reply, 400, "JSON_MALFORMED", "");
    assert_eq!(city.calls(), 0);
}

#[tokio::test]
async fn all_faults_of_a_body_are_told_at_once() {
    let city = City::start().await;
    let problem = city.post("/v1/reports", r#"{"a":1,"kind":"X","text":[]}"#).await.json();
    let reasons: Vec<&str> =
        problem["fields"].as_array().unwrap().iter().map(|f| f["reason"].as_str().unwrap()).collect();
    assert_eq!(reasons, ["UNKNOWN_FIELD", "ENUM_UNKNOWN", "TYPE_MISMATCH"]);
}

#[tokio::test]
async fn bytes_that_are_not_utf8_are_refused_wherever_they_stand() {
    let city = City::start().await;
    let reply = city.post("/v1/reports", Bytes::from_static(b"{\"text\":\"\xff\"}")).await;
    assert_problem(&reply, 400, "UTF8_INVALID", "");
    assert_problem(&city.get("/v1/workOrders?unit=%ff").await, 400, "UTF8_INVALID", "unit");
    assert_problem(&city.get("/v1/reports/%ff").await, 400, "UTF8_INVALID", "name");
    assert_eq!(city.calls(), 0);
}

#[tokio::test]
async fn query_parameters_that_are_wrong_are_refused() {
    let city = City::start().await;
    for (query, reason, path) in [
        ("nothing=1", "UNKNOWN_FIELD", "nothing"),
        ("pageSize=ten", "TYPE_MISMATCH", "pageSize"),
        ("pageSize=1&pageSize=1", "DUPLICATE_KEY", "pageSize"),
        ("pageSize=1&page_size=2", "DUPLICATE_KEY", "page_size"),
        ("state=OPEN", "ENUM_UNKNOWN", "state"),
        ("state.x=1", "UNKNOWN_FIELD", "state.x"),
    ] {
        assert_problem(&city.get(&format!("/v1/workOrders?{query}")).await, 400, reason, path);
    }
    assert_problem(&city.get("/v1/reports/1?name=reports/2").await, 400, "UNKNOWN_FIELD", "name");
    assert_problem(&city.post("/v1/reports?text=a", "{}").await, 400, "UNKNOWN_FIELD", "text");
    assert_eq!(city.calls(), 0);
}

#[tokio::test]
async fn addresses_methods_and_types_that_are_not_served_are_problems_too() {
    let city = City::start().await;
    assert_problem(&city.get("/v2/reports").await, 404, "ROUTE_UNKNOWN", "");
    assert_problem(&city.get("/").await, 404, "ROUTE_UNKNOWN", "");
    let reply = city.send(json(Method::DELETE), "/v1/reports", "").await;
    assert_problem(&reply, 405, "METHOD_NOT_ALLOWED", "");
    assert_eq!(reply.header("allow"), "GET, HEAD, POST");
    assert_eq!(city.send(json(Method::POST), "/healthz", "{}").await.header("allow"), "GET, HEAD");
    for kind in ["text/plain", "application/json; charset=gbk", "application/jsonp", ""] {
        let reply =
            city.send(Request::builder().method("POST").header("content-type", kind), "/v1/reports", "{}").await;
        assert_problem(&reply, 415, "CONTENT_TYPE_UNSUPPORTED", "");
    }
    let reply = city.send(json(Method::POST).header("content-encoding", "gzip"), "/v1/reports", "{}").await;
    assert_problem(&reply, 415, "CONTENT_TYPE_UNSUPPORTED", "");
    let reply = city.send(json(Method::GET), "/v1/reports", "{}").await;
    assert_problem(&reply, 400, "BODY_UNEXPECTED", "");
    let padded = Request::builder().header("x-padding", "x".repeat(20_000));
    assert_problem(&city.send(padded, "/v1/reports", "").await, 400, "HEADERS_TOO_LARGE", "");
    assert_eq!(city.calls(), 0);
}

#[tokio::test]
async fn json_with_a_charset_of_utf8_is_taken() {
    let city = City::start().await;
    let request = Request::builder().method("POST").header("content-type", "Application/JSON; charset=\"UTF-8\"");
    assert_eq!(city.send(request, "/v1/reports", "{}").await.status, 200);
}

/// Reads until the end of the first response's body, as far as its length says.
async fn read_response(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    let mut chunk = [0; 4_096];
    loop {
        let read = tokio::time::timeout(Duration::from_secs(20), stream.read(&mut chunk)).await.unwrap().unwrap();
        text.extend_from_slice(&chunk[..read]);
        if read == 0 || text.ends_with(b"}") {
            return String::from_utf8(text).unwrap();
        }
    }
}

#[tokio::test]
async fn a_body_of_100_mb_is_refused_by_its_length_before_it_is_sent() {
    let city = City::start().await;
    let mut stream = TcpStream::connect(city.address).await.unwrap();
    let head =
        "POST /v1/reports HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 104857600\r\n\r\n{";
    stream.write_all(head.as_bytes()).await.unwrap();
    let answer = read_response(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 413") && answer.contains("BODY_TOO_LARGE"), "{answer}");
    assert_eq!(city.calls(), 0);
}

#[tokio::test]
async fn a_body_of_100_mb_in_chunks_is_cut_at_the_limit_and_the_client_still_reads_why() {
    let city = City::start().await;
    let (mut reader, mut writer) = TcpStream::connect(city.address).await.unwrap().into_split();
    let head =
        "POST /v1/reports HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n";
    writer.write_all(head.as_bytes()).await.unwrap();
    let sending = async {
        let chunk = format!("10000\r\n{}\r\n", "x".repeat(65_536));
        let mut sent = 0_usize;
        while sent < 100 << 20 && writer.write_all(chunk.as_bytes()).await.is_ok() {
            sent += 65_536;
        }
        sent
    };
    let reading = async {
        let mut text = String::new();
        let _ = reader.read_to_string(&mut text).await;
        text
    };
    let (sent, answer) = tokio::join!(sending, reading);
    assert!(answer.starts_with("HTTP/1.1 413") && answer.contains("BODY_TOO_LARGE"), "{answer}");
    assert!(sent < 90 << 20, "the gateway took {sent} bytes");
    assert_eq!(city.calls(), 0);
}

#[tokio::test]
async fn a_field_of_a_million_characters_passes_to_the_service_which_has_the_limit() {
    let city = City::start().await;
    let text = "x".repeat(1_000_000);
    let reply = city.post("/v1/reports", value!({"text": text}).to_string()).await;
    assert_eq!(reply.status, 200);
    assert_eq!(city.seen.created.lock().unwrap()[0].text.len(), 1_000_000);
    let reply = city.post("/v1/reports", value!({"text": "城".repeat(1_000_000)}).to_string()).await;
    assert_problem(&reply, 413, "BODY_TOO_LARGE", "");
}

#[tokio::test]
async fn a_body_that_never_arrives_ends_in_time() {
    let city = City::with(Config { request_ms: 50, ..Config::default() }).await;
    let mut stream = TcpStream::connect(city.address).await.unwrap();
    let head = "POST /v1/reports HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 10\r\n\r\n{";
    stream.write_all(head.as_bytes()).await.unwrap();
    let answer = read_response(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 400") && answer.contains("BODY_SLOW"), "{answer}");
}
