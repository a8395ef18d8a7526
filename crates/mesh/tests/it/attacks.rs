//! Peers that mean harm, frame by frame. They come from loopback addresses of their own; whoever behaves is served meanwhile.

use crate::probe::{Served, ask, soon};
use mesh::{Config, Transport};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
const CANCEL: [u8; 4] = [0, 0, 0, 8];

/// POST / of http://a/, as HPACK's static table has it, with the content type of gRPC.
const REQUEST: &[u8] = b"\x83\x86\x84\x41\x01a\x5f\x10application/grpc";

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut frame = vec![length[1], length[2], length[3], kind, flags];
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

async fn connect(served: &Served, from: u8) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::new(IpAddr::V4(Ipv4Addr::new(127, 0, 0, from)), 0)).unwrap();
    socket.connect(served.address).await.unwrap()
}

/// Says hello and then this; answers with all that the server says until it hangs up.
async fn attack(served: &Served, from: u8, frames: Vec<u8>) -> Vec<u8> {
    let mut stream = connect(served, from).await;
    let mut said = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    said.extend(frame(SETTINGS, 0, 0, &[]));
    said.extend(frames);
    // The server may hang up before it has read everything.
    let _ = stream.write_all(&said).await;
    let mut heard = Vec::new();
    let _ = soon(stream.read_to_end(&mut heard)).await;
    heard
}

/// Kind, flags and payload of each whole frame.
fn frames(mut heard: &[u8]) -> Vec<(u8, u8, &[u8])> {
    let mut frames = Vec::new();
    while let [a, b, c, kind, flags, _, _, _, _, rest @ ..] = heard {
        let length = u32::from_be_bytes([0, *a, *b, *c]) as usize;
        let Some((payload, behind)) = rest.split_at_checked(length) else { break };
        frames.push((*kind, *flags, payload));
        heard = behind;
    }
    frames
}

/// The code of the last GOAWAY, if there is one.
fn goaway(heard: &[u8]) -> Option<u32> {
    let frames = frames(heard);
    let (.., payload) = frames.iter().rfind(|(kind, ..)| *kind == GOAWAY)?;
    Some(u32::from_be_bytes(payload[4..8].try_into().unwrap()))
}

fn rapid_resets(calls: u32) -> Vec<u8> {
    let call =
        |call: u32| [frame(HEADERS, END_HEADERS, 2 * call + 1, REQUEST), frame(RST_STREAM, 0, 2 * call + 1, &CANCEL)];
    (0..calls).flat_map(call).flatten().collect()
}

#[tokio::test]
async fn who_takes_its_calls_back_at_once_is_sent_away_and_then_kept_out() {
    let served = Served::start().await;
    for _ in 0..3 {
        let heard = attack(&served, 2, rapid_resets(2000)).await;
        assert!(!heard.is_empty());
    }
    let heard = attack(&served, 2, rapid_resets(1)).await;
    assert_eq!(heard, b"", "the fourth connection is not even greeted");
    assert_eq!(ask(&served.tcp(), "who").await.unwrap()[0].actor, "citizen ");
}

#[tokio::test]
async fn headers_without_an_end_are_cut_off() {
    let served = Served::start().await;
    let mut flood = frame(HEADERS, 0, 1, REQUEST);
    for _ in 0..2000 {
        flood.extend(frame(CONTINUATION, 0, 1, &[0x40, 1, b'a', 1, b'b']));
    }
    let heard = attack(&served, 3, flood).await;
    assert_eq!(goaway(&heard), Some(11), "ENHANCE_YOUR_CALM: {heard:?}");
    assert!(ask(&served.tcp(), "who").await.is_ok());
}

#[tokio::test]
async fn one_address_cannot_take_all_connections() {
    let transport = Transport { max_connections_per_address: 4, ..Transport::default() };
    let served = Served::start_with(Config { transport, ..Config::default() }).await;
    let mut held = Vec::new();
    for _ in 0..4 {
        held.push(connect(&served, 4).await);
    }
    let mut one_more = connect(&served, 4).await;
    assert_eq!(soon(one_more.read(&mut [0; 1])).await.unwrap_or_default(), 0, "closed at once");
    assert!(ask(&served.tcp(), "who").await.is_ok());
}

/// A call of `Head`, whose answer has a body, by a caller that lets nothing be sent to it.
fn unread_call() -> Vec<u8> {
    const NO_WINDOW: [u8; 6] = [0, 4, 0, 0, 0, 0];
    let path = b"/jiewang.events.v1.EventLog/Head";
    let mut request = b"\x83\x86\x04".to_vec();
    request.push(u8::try_from(path.len()).unwrap());
    request.extend(path);
    request.extend(b"\x41\x01a\x5f\x10application/grpc\x40\x02te\x08trailers");
    let mut frames = frame(SETTINGS, 0, 0, &NO_WINDOW);
    frames.extend(frame(HEADERS, END_HEADERS, 1, &request));
    frames.extend(frame(DATA, END_STREAM, 1, &[0; 5]));
    frames
}

#[tokio::test]
async fn who_does_not_read_its_answer_is_sent_away() {
    let transport = Transport { read_within: Duration::from_millis(50), ..Transport::default() };
    let served = Served::start_with(Config { transport, ..Config::default() }).await;
    let heard = attack(&served, 5, unread_call()).await;
    let answer: Vec<(u8, u8)> = frames(&heard).into_iter().map(|(kind, flags, _)| (kind, flags)).collect();
    assert!(answer.contains(&(HEADERS, END_HEADERS)), "it has an answer with a body: {answer:?}");
    assert!(answer.iter().all(|(kind, _)| *kind != DATA), "of which nothing could be sent: {answer:?}");
    assert!(ask(&served.tcp(), "who").await.is_ok());
}
