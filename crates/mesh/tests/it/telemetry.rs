//! A sampled call arrives at the collector, in its caller's trace; an unsampled one costs nothing and does not.

use crate::probe::{Served, ask_with, soon, to_read};
use http::{Request, Response};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use mesh::telemetry::{self, Telemetry};
use mesh::{Chassis, TRACEPARENT, TokenKey, TraceContext};
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tonic::body::Body;
use tonic::codegen::BoxFuture;

/// A collector that keeps the bytes it gets.
#[derive(Clone, Default)]
struct Collector {
    received: Arc<Mutex<Vec<u8>>>,
}

impl tonic::server::NamedService for Collector {
    const NAME: &'static str = "opentelemetry.proto.collector.trace.v1.TraceService";
}

impl tower::Service<Request<Incoming>> for Collector {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<Response<Body>, Infallible>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Incoming>) -> Self::Future {
        let received = Arc::clone(&self.received);
        Box::pin(async move {
            let body = request.into_body().collect().await.unwrap().to_bytes();
            received.lock().unwrap().extend_from_slice(&body);
            let empty = http_body_util::Full::new(bytes::Bytes::from_static(&[0; 5]));
            let trailers = http::HeaderMap::from_iter([("grpc-status".parse().unwrap(), "0".parse().unwrap())]);
            let body = empty.with_trailers(async move { Some(Ok(trailers)) });
            Ok(Response::builder().header("content-type", "application/grpc").body(Body::new(body)).unwrap())
        })
    }
}

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sampled_call_is_exported_in_its_callers_trace_and_others_are_not() {
    let collector = Collector::default();
    let received = Arc::clone(&collector.received);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let mut chassis = Chassis::builder(TokenKey::from_bytes([1; 32])).build();
    chassis.add_service(collector);
    let mut serving = JoinSet::new();
    serving.spawn(chassis.serve(listener));
    let guard = telemetry::init(&Telemetry { service: "probe".into(), otlp: Some(endpoint), ..Telemetry::default() });
    let guard = guard.unwrap();

    let served = Served::start().await;
    let given = [
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-11112f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00",
    ];
    let mut seen = Vec::new();
    for traceparent in given {
        let mut request = to_read("hop");
        request.metadata_mut().insert(TRACEPARENT, traceparent.parse().unwrap());
        let events = ask_with(&served.tcp(), request).await.unwrap();
        seen.push(TraceContext::parse(&events[1].actor).unwrap());
    }
    // The sampled one names a span of ours as parent, in the same trace; the other is passed on untouched.
    assert_eq!(seen[0].trace_id(), "4bf92f3577b34da6a3ce929d0e0e4736");
    assert_ne!(seen[0].to_string(), given[0]);
    assert_eq!(seen[1].to_string(), given[1]);

    soon(tokio::task::spawn_blocking(move || drop(guard))).await.unwrap();
    let received = received.lock().unwrap();
    assert!(holds(&received, &0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736_u128.to_be_bytes()));
    assert!(holds(&received, &0x00f0_67aa_0ba9_02b7_u64.to_be_bytes()));
    for said in ["jiewang.events.v1.EventLog/Read", "rpc.method", "rpc.response.status_code", "server.address"] {
        assert!(holds(&received, said.as_bytes()), "{said}");
    }
    assert!(!holds(&received, &0x1111_2f35_77b3_4da6_a3ce_929d_0e0e_4736_u128.to_be_bytes()));
}
