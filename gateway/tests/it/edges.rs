//! Limits to the byte and to the line: what lies on the limit passes, one more does not. A limit that is off by one fails here.
use crate::city::City;
use gateway::Config;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const LIMIT: usize = 2_048;

/// `{}` in so many bytes.
fn body(bytes: usize) -> String {
    format!("{{{}}}", " ".repeat(bytes - 2))
}

/// The status of a request written by hand.
async fn status(city: &City, request: &str) -> u16 {
    let mut stream = TcpStream::connect(city.address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut head = [0; 12];
    tokio::time::timeout(Duration::from_secs(20), stream.read_exact(&mut head)).await.unwrap().unwrap();
    std::str::from_utf8(&head[9..]).unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_body_on_the_limit_is_taken_and_one_byte_more_is_not() {
    let city = City::with(Config { body_bytes: LIMIT, ..Config::default() }).await;
    assert_eq!(city.post("/v1/reports", body(LIMIT)).await.status, 200);
    let reply = city.post("/v1/reports", body(LIMIT + 1)).await;
    assert_eq!((reply.status, reply.json()["reason"].as_str()), (413, Some("BODY_TOO_LARGE")));
    for (bytes, expected) in [(LIMIT, 200), (LIMIT + 1, 413)] {
        let chunked = format!(
            "POST /v1/reports HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n\
             {bytes:x}\r\n{}\r\n0\r\n\r\n",
            body(bytes)
        );
        assert_eq!(status(&city, &chunked).await, expected, "{bytes} bytes in a chunk");
    }
    assert_eq!(city.calls(), 2);
}

#[tokio::test]
async fn headers_on_their_limits_are_taken_and_one_more_is_not() {
    let city = City::with(Config { header_bytes: LIMIT, header_lines: 10, ..Config::default() }).await;
    let target = "/v1/workOrders";
    let lines = |count: usize| {
        let more: String = (1..count).map(|number| format!("x-{number}: a\r\n")).collect();
        format!("GET {target} HTTP/1.1\r\nhost: x\r\n{more}\r\n")
    };
    assert_eq!((status(&city, &lines(10)).await, status(&city, &lines(11)).await), (200, 400), "lines");
    // Name, value and four bytes for each line, and the target.
    let bytes = |total: usize| {
        let padding = total - target.len() - "host: x\r\n".len() - "x: \r\n".len();
        format!("GET {target} HTTP/1.1\r\nhost: x\r\nx: {}\r\n\r\n", "a".repeat(padding))
    };
    assert_eq!((status(&city, &bytes(LIMIT)).await, status(&city, &bytes(LIMIT + 1)).await), (200, 400), "bytes");
}

#[tokio::test]
async fn one_address_has_so_many_connections_and_one_more_is_closed() {
    let city = City::with(Config { connections_per_address: 2, ..Config::default() }).await;
    let connect = || async {
        let mut stream = TcpStream::connect(city.address).await.unwrap();
        let asked = stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await;
        let mut answer = [0; 12];
        let read = tokio::time::timeout(Duration::from_secs(20), stream.read(&mut answer)).await.unwrap();
        (stream, asked.is_ok() && read.is_ok_and(|bytes| bytes > 0))
    };
    let (first, second) = (connect().await, connect().await);
    assert!(first.1 && second.1);
    assert!(!connect().await.1);
    drop(first);
    // The place is free once the gateway has seen it.
    let mut served = false;
    for _ in 0..1_000 {
        served = connect().await.1;
        if served {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(served);
}

/// Whether the kernel still has the gateway's end of this connection.
fn is_connected(stream: &TcpStream) -> bool {
    let (gateway, client) = (stream.peer_addr().unwrap().port(), stream.local_addr().unwrap().port());
    let ends = (format!(":{gateway:04X}"), format!(":{client:04X}"));
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
    table.lines().any(|line| {
        let mut words = line.split_whitespace().skip(1);
        words.next().is_some_and(|local| local.ends_with(&ends.0))
            && words.next().is_some_and(|far| far.ends_with(&ends.1))
    })
}

#[tokio::test]
async fn a_client_that_reads_nothing_is_given_up() {
    let city = City::with(Config { unread_ms: 100, ..Config::default() }).await;
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    let mut stream = socket.connect(city.address).await.unwrap();
    stream.write_all(b"GET /openapi.json HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    assert!(is_connected(&stream));
    let gone = async {
        while is_connected(&stream) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), gone).await.unwrap();
    assert_eq!(status(&city, "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await, 200);
}
