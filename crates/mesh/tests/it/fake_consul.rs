//! A Consul that answers as each test tells it to: what a real one does not do on demand.

use crate::probe::soon;
use civic::SeededRng;
use mesh::discovery::{
    Addresses,
    consul::{Consul, Pace, Service},
};
use mesh::{Chassis, TokenKey};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

struct Fake {
    listener: TcpListener,
}

/// A question that waits for its answer.
struct Asked {
    head: String,
    stream: TcpStream,
}

impl Fake {
    async fn start() -> (Self, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        (Self { listener }, url)
    }

    async fn asked(&self) -> Asked {
        let (mut stream, _) = soon(self.listener.accept()).await.unwrap();
        let mut head = Vec::new();
        while !head.windows(4).any(|end| end == b"\r\n\r\n") {
            let mut more = [0; 4096];
            let read = soon(stream.read(&mut more)).await.unwrap();
            assert!(read > 0, "the question broke off");
            head.extend_from_slice(&more[..read]);
        }
        Asked { head: String::from_utf8(head).unwrap().to_lowercase(), stream }
    }
}

impl Asked {
    async fn answer(mut self, status: &str, headers: &str, body: &str) {
        let length = body.len();
        let text = format!("HTTP/1.1 {status}\r\nconnection: close\r\n{headers}content-length: {length}\r\n\r\n{body}");
        self.stream.write_all(text.as_bytes()).await.unwrap();
    }

    /// A list of replicas under an index.
    async fn list(self, index: u64, ports: &[u16]) {
        let entry = |port| {
            format!(r#"{{"Node":{{"Address":"10.0.0.1"}},"Service":{{"Address":"","Port":{port}}},"Checks":[]}}"#)
        };
        let body = format!("[{}]", ports.iter().map(entry).collect::<Vec<_>>().join(","));
        self.answer("200 OK", &format!("x-consul-index: {index}\r\nx-consul-knownleader: true\r\n"), &body).await;
    }
}

fn watch(url: &str, empty_for: Duration) -> (Addresses, JoinSet<()>) {
    let short = Duration::from_millis(1);
    let pace = Pace { pause: short, retry: short, longest_retry: short, empty_for, ..Pace::default() };
    let consul = Consul::new(url, Some("a-secret")).unwrap();
    let (addresses, keep) = consul.watch("dispatch", pace, Arc::new(SeededRng::new(1)));
    let mut running = JoinSet::new();
    running.spawn(keep);
    (addresses, running)
}

/// What is known, by ports.
fn ports(known: &Addresses) -> Vec<String> {
    known.borrow().iter().map(|address| address.trim_start_matches("10.0.0.1:").to_owned()).collect()
}

#[tokio::test]
async fn what_was_known_last_stays_while_consul_answers_nothing_that_can_be_used() {
    let (fake, url) = Fake::start().await;
    let (known, _running) = watch(&url, Duration::ZERO);
    let first = fake.asked().await;
    assert!(first.head.contains("get /v1/health/service/dispatch?passing&index=0&wait="), "{}", first.head);
    assert!(first.head.contains("x-consul-token: a-secret"), "{}", first.head);
    first.list(5, &[2, 1, 2]).await;
    let asked = fake.asked().await;
    assert!(asked.head.contains("index=5"), "{}", asked.head);
    assert_eq!(ports(&known), ["1", "2"]);
    asked.answer("500 Internal Server Error", "", "No cluster leader").await;
    let answers = [
        ("200 OK", "x-consul-index: 6\r\nx-consul-knownleader: false\r\n", "[]"),
        ("200 OK", "x-consul-index: 6\r\n", "{\"what\":"),
        ("200 OK", "x-consul-index: six\r\n", "[]"),
        ("200 OK", "", "[]"),
        ("403 Forbidden", "", "Permission denied"),
        ("404 Not Found", "", ""),
    ];
    for (status, headers, body) in answers {
        let asked = fake.asked().await;
        assert!(asked.head.contains("index=0"), "after a failure it asks anew: {}", asked.head);
        assert_eq!(ports(&known), ["1", "2"]);
        asked.answer(status, headers, body).await;
    }
    // And one that breaks off without a word.
    drop(fake.asked().await);
    fake.asked().await.list(7, &[3]).await;
    let _next = fake.asked().await;
    assert_eq!(ports(&known), ["3"]);
}

#[tokio::test]
async fn an_index_that_goes_backwards_is_forgotten_and_none_is_never_asked_for_without_waiting() {
    let (fake, url) = Fake::start().await;
    let (known, _running) = watch(&url, Duration::ZERO);
    for (told, asks_then) in [(9, "index=9&"), (4, "index=0&"), (4, "index=4&"), (0, "index=1&")] {
        fake.asked().await.list(told, &[1]).await;
        let asked = fake.asked().await;
        assert!(asked.head.contains(asks_then), "after {told}: {}", asked.head);
        asked.list(asks_then[6..asks_then.len() - 1].parse().unwrap(), &[1]).await;
    }
    assert_eq!(ports(&known), ["1"]);
}

#[tokio::test]
async fn a_list_that_is_suddenly_empty_is_believed_when_it_has_stood() {
    for (empty_for, then) in [(Duration::from_secs(3600), vec!["1"]), (Duration::ZERO, vec![])] {
        let (fake, url) = Fake::start().await;
        let (known, _running) = watch(&url, empty_for);
        fake.asked().await.list(1, &[1]).await;
        fake.asked().await.list(2, &[]).await;
        let asked = fake.asked().await;
        assert_eq!(ports(&known), then);
        asked.list(3, &[2]).await;
        let _next = fake.asked().await;
        assert_eq!(ports(&known), ["2"]);
    }
}

#[tokio::test]
async fn readers_are_not_woken_by_a_list_in_another_order() {
    let (fake, url) = Fake::start().await;
    let (mut known, _running) = watch(&url, Duration::ZERO);
    fake.asked().await.list(1, &[1, 2]).await;
    fake.asked().await.list(2, &[2, 1]).await;
    let asked = fake.asked().await;
    assert!(known.has_changed().unwrap());
    known.mark_unchanged();
    asked.list(3, &[2, 1]).await;
    let _next = fake.asked().await;
    assert!(!known.has_changed().unwrap());
}

#[tokio::test]
async fn a_process_is_taken_back_before_it_stops_taking_calls_and_never_registered_after() {
    let (fake, url) = Fake::start().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address: SocketAddr = listener.local_addr().unwrap();
    let mut chassis = Chassis::builder(TokenKey::from_bytes([7; 32])).build();
    let service = Service { name: "intake", host: address.ip().to_string(), port: address.port(), tls: false };
    let (registered, farewell) = Consul::new(&url, None).unwrap().register(service);
    let drain = chassis.drain();
    chassis.tasks().spawn_worker("registration", registered.keep(drain.clone()));
    chassis.before_closing(farewell);
    let mut serving = JoinSet::new();
    serving.spawn(async move { chassis.serve(listener).await.unwrap() });

    let asked = fake.asked().await;
    assert!(
        asked.head.contains(&format!("get /v1/agent/service/intake-127.0.0.1-{}", address.port())),
        "{}",
        asked.head
    );
    asked.answer("404 Not Found", "", "unknown service").await;
    let asked = fake.asked().await;
    assert!(asked.head.contains("put /v1/agent/service/register"), "{}", asked.head);
    // The drain begins while the registration is under way: it is waited for.
    drain.begin();
    asked.answer("200 OK", "", "").await;
    let asked = fake.asked().await;
    assert!(asked.head.contains("put /v1/agent/service/deregister/intake-127.0.0.1-"), "{}", asked.head);
    assert!(TcpStream::connect(address).await.is_ok(), "who was sent here before is still taken");
    asked.answer("200 OK", "", "").await;
    assert!(soon(serving.join_next()).await.unwrap().unwrap().is_clean());
    assert!(TcpStream::connect(address).await.is_err());
}
