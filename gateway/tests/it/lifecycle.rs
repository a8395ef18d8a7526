//! Probes, drain, and services that are gone.
use crate::city::{City, json};
use futures_util::future::{join, join_all};
use gateway::Config;
use http::{Method, Request};
use http_body_util::BodyExt;
use serde_json::json as value;
use std::time::Duration;

async fn eventually(city: &City, path: &str, status: u16) {
    let reached = async {
        while city.get(path).await.status != status {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), reached)
        .await
        .unwrap_or_else(|_| panic!("{path} never became {status}"));
}

#[tokio::test]
async fn alive_says_nothing_of_the_services_and_ready_does() {
    let city = City::start().await;
    assert_eq!(city.get("/healthz").await.status, 200);
    eventually(&city, "/readyz", 200).await;
    city.services.stop_hard();
    eventually(&city, "/readyz", 503).await;
    assert_eq!(city.get("/healthz").await.status, 200);
}

#[tokio::test]
async fn a_service_that_is_gone_is_unavailable() {
    let mut city = City::start().await;
    eventually(&city, "/readyz", 200).await;
    city.services.stop_hard();
    tokio::time::timeout(Duration::from_secs(20), city.tasks.join_next()).await.expect("the services to end");
    let reply = city.get("/v1/reports").await;
    assert_eq!((reply.status, reply.header("retry-after")), (503, "1"));
    assert_eq!(reply.json()["type"], "/docs#unavailable");
}

#[tokio::test]
async fn drain_ends_streams_with_a_word_and_then_the_gateway() {
    let mut city = City::with(Config { drain_ms: 5_000, ..Config::default() }).await;
    let stream = city.open(Request::builder(), "/v1/events:stream", "").await;
    city.drain.begin();
    let text = stream.into_body().collect().await.unwrap().to_bytes();
    let text = std::str::from_utf8(&text).unwrap();
    assert!(text.contains("event: error") && text.contains("DRAINING"), "{text}");
    let ended = tokio::time::timeout(Duration::from_secs(20), city.tasks.join_next()).await;
    ended.expect("the gateway to end within the bound").unwrap().unwrap();
    assert!(tokio::net::TcpStream::connect(city.address).await.is_err());
}

#[tokio::test]
async fn requests_over_the_limit_are_told_to_come_back() {
    let city = City::with(Config { requests: 1, request_ms: 300, ..Config::default() }).await;
    // One request whose body does not come holds the only place.
    let mut holder = tokio::net::TcpStream::connect(city.address).await.unwrap();
    let head = "POST /v1/reports HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 10\r\n\r\n{";
    tokio::io::AsyncWriteExt::write_all(&mut holder, head.as_bytes()).await.unwrap();
    let refused = async {
        loop {
            let reply = city.get("/v1/reports").await;
            if reply.status == 429 {
                return reply;
            }
        }
    };
    let reply = tokio::time::timeout(Duration::from_secs(20), refused).await.expect("the limit to be met");
    assert_eq!((&reply.json()["reason"], reply.header("retry-after")), (&value!("TOO_MANY_REQUESTS"), "1"));
    eventually(&city, "/v1/reports", 200).await;
}

#[tokio::test]
async fn who_says_that_somebody_is_in_danger_has_a_seat_that_was_kept() {
    let city = City::with(Config { requests: 10, ..Config::default() }).await;
    let held = join_all((0..9).map(|_| city.post("/v1/reports", r#"{"requestId":"held"}"#)));
    let others = async {
        while city.post("/v1/reports", r#"{"requestId":"usual"}"#).await.status != 429 {}
        let usual = city.send(json(Method::POST).header("priority", "u=3, i"), "/v1/reports", "{}").await;
        assert_eq!(usual.status, 429, "{}", usual.text);
        let pressing = city.send(json(Method::POST).header("priority", "i, u=0"), "/v1/reports", "{}").await;
        assert_eq!(pressing.status, 200, "{}", pressing.text);
        assert!(city.seen.metadata.lock().unwrap().contains_key(mesh::KEPT_BACK), "the service checks its word");
        assert_ne!(city.get("/v1/emergencies/01k9").await.status, 429, "an emergency on record needs not say so");
        city.seen.gate.add_permits(9);
    };
    let (held, ()) = tokio::time::timeout(Duration::from_secs(20), join(held, others)).await.expect("a bound");
    assert!(held.iter().all(|reply| reply.status == 200));
    assert_eq!(city.post("/v1/reports", "{}").await.status, 200);
    assert!(!city.seen.metadata.lock().unwrap().contains_key(mesh::KEPT_BACK));
}

#[tokio::test]
async fn limits_that_cannot_be_are_refused_at_start() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let config = Config { connections: 0, ..Config::default() };
    let error = gateway::serve(config, gateway::Upstreams::default(), listener, mesh::Drain::new()).await.unwrap_err();
    assert!(error.to_string().contains("connections"), "{error}");
}
