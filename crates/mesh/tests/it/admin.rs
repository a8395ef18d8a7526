//! The operators' door.

use crate::probe::{Served, ask, soon};
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

async fn get(address: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    soon(stream.read_to_string(&mut answer)).await.unwrap();
    answer
}

#[tokio::test]
async fn operator_sees_life_readiness_and_metrics() {
    let served = Served::start().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    served.tasks.spawn_aside("admin", mesh::admin::serve(listener, served.readiness.clone()));

    assert!(get(address, "/healthz").await.starts_with("HTTP/1.1 200"));
    assert!(get(address, "/nothing").await.starts_with("HTTP/1.1 404"));
    assert!(get(address, "/readyz").await.starts_with("HTTP/1.1 200"));
    let check = served.readiness.check("intake store");
    let answer = get(address, "/readyz").await;
    assert!(answer.starts_with("HTTP/1.1 503") && answer.contains("intake store: starting"), "{answer}");
    check.pass();
    soon(served.readiness.ready()).await;
    assert!(get(address, "/readyz").await.starts_with("HTTP/1.1 200"));

    ask(&served.tcp(), "who").await.unwrap();
    ask(&served.tcp(), "conflict").await.unwrap_err();
    let metrics = get(address, "/metrics").await;
    for (side, more) in [("server", "OK\""), ("server", "ABORTED\",error_type=\"ABORTED\""), ("client", "OK\"")] {
        let wanted = format!(
            "rpc_{side}_call_duration_seconds_bucket{{rpc_system_name=\"grpc\",rpc_method=\"jiewang.events.v1.EventLog/Read\",rpc_response_status_code=\"{more},le="
        );
        assert!(metrics.contains(&wanted), "{wanted} in {metrics}");
    }
    served.drain.begin();
    soon(async { while !get(address, "/readyz").await.contains("draining") {} }).await;
}
