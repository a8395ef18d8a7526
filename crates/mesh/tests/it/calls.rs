//! Plain calls, panics, overload, and clients and bytes that are not ours.

use crate::probe::{NOW, Served, ask, ask_with, soon, to_read};
use bytes::Bytes;
use civic::{Actor, Rng, Role, SeededRng};
use http::Request;
use http::header::CONTENT_TYPE;
use http_body_util::Full;
use mesh::{Code, Config, Problem, TRACEPARENT};
use proto::events::v1::HeadRequest;
use proto::events::v1::event_log_client::EventLogClient;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tonic::body::Body;
use tower::Service;

const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";

#[tokio::test]
async fn hundred_calls_at_once_are_answered_over_tcp_and_over_memory() {
    let served = Served::start().await;
    for channel in [served.tcp(), served.memory.clone()] {
        let mut calls = JoinSet::new();
        for _ in 0..100 {
            let mut client = EventLogClient::new(channel.clone());
            calls.spawn(async move { client.head(HeadRequest::default()).await.unwrap().into_inner().positions });
        }
        while let Some(positions) = soon(calls.join_next()).await {
            assert_eq!(positions.unwrap(), [1, 2, 3]);
        }
    }
}

#[tokio::test]
async fn a_replica_that_takes_no_connection_costs_no_call_while_another_answers() {
    let served = Served::start().await;
    // Bound and let go: nobody listens there.
    let dead = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let addresses = mesh::discovery::fixed(vec![dead.to_string(), served.address.to_string()]);
    let channel = mesh::Channel::to_replicas("probe", addresses, None);
    for _ in 0..50 {
        let answer = soon(EventLogClient::new(channel.clone()).head(HeadRequest::default())).await;
        assert_eq!(answer.unwrap().into_inner().positions, [1, 2, 3]);
    }
    let alone = mesh::Channel::to_replicas("probe", mesh::discovery::fixed(vec![dead.to_string()]), None);
    let problem = Problem::from_status(&ask(&alone, "who").await.unwrap_err());
    assert_eq!((problem.code, problem.reason.as_str()), (Code::Unavailable, "UPSTREAM_UNREACHABLE"));
}

#[tokio::test]
async fn stock_tonic_client_is_served() {
    let served = Served::start().await;
    let endpoint = tonic::transport::Endpoint::from_shared(format!("http://{}", served.address)).unwrap();
    let mut client = EventLogClient::new(soon(endpoint.connect()).await.unwrap());
    assert_eq!(soon(client.head(HeadRequest::default())).await.unwrap().into_inner().positions, [1, 2, 3]);
}

#[tokio::test]
async fn panicking_handler_answers_internal_without_its_text_and_the_server_lives_on() {
    let served = Served::start().await;
    let mut request = to_read("panic");
    request.metadata_mut().insert(TRACEPARENT, TRACE.parse().unwrap());
    let status = ask_with(&served.tcp(), request).await.unwrap_err();
    assert_eq!(status.code(), tonic::Code::Internal);
    assert!(!format!("{status:?}").contains("secret"), "{status:?}");
    assert!(status.message().contains("4bf92f3577b34da6a3ce929d0e0e4736"), "{status:?}");
    assert_eq!(ask(&served.tcp(), "who").await.unwrap()[0].actor, "citizen ");
}

#[tokio::test]
async fn trace_and_token_are_passed_on_over_a_hop() {
    let served = Served::start().await;
    let mut request = to_read("hop");
    request.metadata_mut().insert(TRACEPARENT, TRACE.parse().unwrap());
    let events = ask_with(&served.tcp(), request).await.unwrap();
    assert_eq!(events[1].actor, TRACE);

    let actor = Actor { role: Role::Mediator, subject: "s-17".into(), unit: None, head: false };
    let token = mesh::mint(&served.key, &actor, NOW, Duration::from_secs(60));
    let events = ask(&served.tcp().speaking_as(&token), "hop who").await.unwrap();
    assert_eq!(events[0].actor, "mediator s-17");
}

#[tokio::test]
async fn call_over_the_limit_is_shed_while_health_still_answers() {
    let served = Served::start_with(Config { max_calls: 1, ..Config::default() }).await;
    let channel = served.tcp();
    let gated = ask(&channel, "gate");
    let meanwhile = async {
        soon(served.arrived.acquire()).await.unwrap().forget();
        let problem = Problem::from_status(&ask(&channel, "who").await.unwrap_err());
        assert_eq!((problem.code, problem.reason.as_str()), (Code::Unavailable, "OVERLOADED"));
        assert_eq!(problem.retry_after, Some(Duration::from_secs(1)));
        let mut health = tonic_health::pb::health_client::HealthClient::new(channel.clone());
        let asked = tonic_health::pb::HealthCheckRequest { service: String::new() };
        assert_eq!(soon(health.check(asked)).await.unwrap().into_inner().status, 1);
        served.gate.add_permits(1);
    };
    let (answer, ()) = tokio::join!(gated, meanwhile);
    assert_eq!(answer.unwrap()[0].position, 1);
    // The seat is free again.
    assert!(ask(&channel, "who").await.is_ok());
}

/// A request by hand: a frame header that says five bytes, and five bytes that are no message.
#[tokio::test]
async fn bytes_that_are_no_message_are_invalid() {
    let served = Served::start().await;
    for body in [&b"\0\0\0\0\x05\xff\xff\xff\xff\xff"[..], b"\x01\0\0\0\x01x", b"\0\0\0\0\x09x", b""] {
        let request = Request::post("/jiewang.events.v1.EventLog/Head")
            .header(CONTENT_TYPE, "application/grpc")
            .body(Body::new(Full::new(Bytes::from_static(body))))
            .unwrap();
        let response = soon(served.tcp().call(request)).await.unwrap();
        let status = tonic::Status::from_header_map(response.headers()).unwrap();
        let problem = Problem::from_status(&status);
        assert_eq!((problem.code, problem.reason.as_str()), (Code::Invalid, "MESSAGE_MALFORMED"), "{body:?}");
    }
}

#[tokio::test]
async fn what_is_not_grpc_is_answered_415() {
    let served = Served::start().await;
    let request = Request::post("/").header(CONTENT_TYPE, "application/json").body(Body::empty()).unwrap();
    assert_eq!(soon(served.tcp().call(request)).await.unwrap().status(), 415);
    let request = Request::get("/jiewang.events.v1.EventLog/Head").body(Body::empty()).unwrap();
    assert_eq!(soon(served.tcp().call(request)).await.unwrap().status(), 415);
}

#[tokio::test]
async fn reflection_lists_the_services() {
    use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
    use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
    use tonic_reflection::pb::v1::{ServerReflectionRequest, server_reflection_response::MessageResponse};
    let served = Served::start().await;
    let asked = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let mut client = ServerReflectionClient::new(served.tcp());
    let mut answers = soon(client.server_reflection_info(tokio_stream::once(asked))).await.unwrap().into_inner();
    let answer = soon(answers.message()).await.unwrap().unwrap().message_response;
    let Some(MessageResponse::ListServicesResponse(list)) = answer else { panic!("{answer:?}") };
    assert!(list.service.iter().any(|service| service.name == "jiewang.events.v1.EventLog"));
}

#[tokio::test]
async fn channel_finds_a_server_that_came_back() {
    // An address of its own, so that no other test is given the port meanwhile.
    let mut served = Served::start_on(TcpListener::bind("127.0.0.2:0").await.unwrap(), Config::default());
    let (channel, address) = (served.tcp(), served.address);
    // Every connection of the channel has been used once.
    for _ in 0..8 {
        assert!(ask(&channel, "who").await.is_ok());
    }
    served.drain.begin();
    assert!(served.ended().await.unwrap().is_clean());
    assert_eq!(ask(&channel, "who").await.unwrap_err().code(), tonic::Code::Unavailable);
    let _again = Served::start_on(TcpListener::bind(address).await.unwrap(), Config::default());
    for _ in 0..8 {
        assert!(ask(&channel, "who").await.is_ok());
    }
}

#[tokio::test]
async fn noise_on_the_socket_harms_nobody() {
    let served = Served::start().await;
    let channel = served.tcp();
    let rng = SeededRng::new(20_251_122);
    for round in 0..64 {
        let mut noise = vec![0; 512];
        rng.fill(&mut noise);
        let mut stream = TcpStream::connect(served.address).await.unwrap();
        if round % 2 == 0 {
            stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
        }
        // The server may have closed already.
        drop(stream.write_all(&noise).await);
        assert!(ask(&channel, "who").await.is_ok(), "round {round}");
    }
}

#[tokio::test]
async fn headers_over_the_limit_are_refused_and_the_next_call_is_answered() {
    let served = Served::start().await;
    let channel = served.tcp();
    let mut request = to_read("who");
    request.metadata_mut().insert("x-long", "x".repeat(64 * 1024).parse().unwrap());
    assert!(ask_with(&channel, request).await.is_err());
    assert!(ask(&channel, "who").await.is_ok());
}
