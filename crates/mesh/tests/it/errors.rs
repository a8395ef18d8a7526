//! Every code, there and back.

use crate::probe::{Served, ask, fault_of, soon};
use mesh::{Code, Fault, Problem};
use proto::events::v1::HeadRequest;
use proto::events::v1::event_log_client::EventLogClient;
use std::time::Duration;
use tonic::Status;

fn assert_same(problem: &Problem, fault: &Fault) {
    assert_eq!(problem.code, fault.code);
    assert_eq!(problem.reason, fault.reason);
    assert_eq!(problem.retry_after, fault.retry_after());
    assert_eq!(problem.law.as_deref(), fault.law());
    let fields: Vec<_> = problem.fields.iter().map(|field| (&*field.path, &*field.reason, &*field.detail)).collect();
    let expected: Vec<_> = fault.fields().iter().map(|field| (&*field.path, field.reason, &*field.detail)).collect();
    assert_eq!(fields, expected);
}

#[test]
fn every_code_survives_the_status_with_reason_and_fields() {
    for code in Code::ALL {
        let problem = Problem::from_status(&fault_of(code).into_status());
        assert_same(&problem, &fault_of(code));
        assert_eq!(Code::of(code.grpc()), code);
        // Passed on by a service in between, it is still the same.
        assert_eq!(Problem::from_status(&Status::from(problem.clone())), problem);
    }
}

#[tokio::test]
async fn every_code_survives_the_wire_and_hides_its_cause() {
    let served = Served::start().await;
    for channel in [&served.memory, &served.tcp()] {
        for code in Code::ALL {
            let status = ask(channel, code.as_str()).await.unwrap_err();
            let problem = Problem::from_status(&status);
            assert_same(&problem, &fault_of(code));
            assert_eq!(status.code(), code.grpc());
            assert!(!format!("{status:?}").contains("nobody outside"), "{status:?}");
            let text = if code == Code::Internal { "internal error, trace id" } else { "what anyone may read" };
            assert!(problem.detail.starts_with(text), "{problem:?}");
        }
    }
}

#[test]
fn passed_deadline_is_deadline_exceeded_on_the_wire_and_unavailable_to_us() {
    let status = Fault::deadline_exceeded().into_status();
    assert_eq!(status.code(), tonic::Code::DeadlineExceeded);
    let problem = Problem::from_status(&status);
    assert_eq!((problem.code, problem.is_deadline()), (Code::Unavailable, true));
}

#[test]
fn text_of_a_stranger_is_not_passed_on() {
    let stranger = tonic::Status::with_details(tonic::Code::Internal, "SELECT name FROM citizens", bytes::Bytes::new());
    let problem = Problem::from_status(&stranger);
    assert_eq!((problem.code, problem.reason.as_str()), (Code::Internal, "INTERNAL"));
    assert!(!problem.detail.contains("SELECT"));
}

#[tokio::test]
async fn nobody_listening_is_unavailable() {
    // Bound and dropped, so that the port is known to be free.
    let listener = tokio::net::TcpListener::bind("127.0.0.3:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);
    let status = ask(&mesh::Channel::to(&address).unwrap(), "who").await.unwrap_err();
    assert_eq!(Problem::from_status(&status).reason, "UPSTREAM_UNREACHABLE");
    assert_eq!(status.code(), tonic::Code::Unavailable);
}

#[tokio::test]
async fn service_and_method_that_are_not_there_are_not_found() {
    let served = Served::start().await;
    for path in ["/jiewang.events.v1.EventLog/Nothing", "/nobody.v1.Nothing/Read"] {
        let mut grpc = tonic::client::Grpc::new(served.tcp());
        soon(grpc.ready()).await.unwrap();
        let codec = tonic_prost::ProstCodec::<HeadRequest, HeadRequest>::default();
        let request = tonic::Request::new(HeadRequest::default());
        let status = soon(grpc.unary(request, path.parse().unwrap(), codec)).await.unwrap_err();
        let problem = Problem::from_status(&status);
        assert_eq!((problem.code, problem.reason.as_str()), (Code::NotFound, "RPC_UNKNOWN"), "{path}");
    }
}

#[tokio::test]
async fn message_over_the_limit_is_invalid() {
    let served = Served::start().await;
    let request = HeadRequest { service: "x".repeat(5 * 1024 * 1024) };
    let mut client = EventLogClient::new(served.tcp().with_default_deadline(Duration::from_secs(30)));
    let status = soon(client.head(request)).await.unwrap_err();
    let problem = Problem::from_status(&status);
    assert_eq!((problem.code, problem.reason.as_str()), (Code::Invalid, "MESSAGE_TOO_LARGE"));
}
