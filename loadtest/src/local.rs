//! A cluster of the bench's own, and how it is called.

use anyhow::Context;
use bytes::Bytes;
use civic::{Actor, Clock as _, Role, SystemClock};
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper_util::{client::legacy::{Client, connect::HttpConnector}, rt::TokioExecutor};
use jiewang::cluster::{Cluster, Rooms, Settings, folder};
use std::{net::SocketAddr, path::Path, time::Duration};
use tonic::transport::{Channel, Endpoint};

/// Connections that carry the calls of a bench over gRPC.
const CONNECTIONS: usize = 4;

/// A cluster that serves in the background.
pub struct Local {
    pub http: SocketAddr,
    pub grpc: SocketAddr,
    pub token: String,
    drain: mesh::Drain,
    served: tokio::task::JoinHandle<anyhow::Result<mesh::Drained>>,
}

impl Local {
    pub async fn start(folder_path: &Path, rooms: Rooms) -> anyhow::Result<Self> {
        let cluster = Cluster::start(Settings::local(folder_path.to_owned(), rooms)).await?;
        let key = folder::token_key(&folder::read_secret(folder_path)?);
        let actor = Actor { role: Role::Integrator, subject: "bench".into(), unit: Some("50".parse()?), head: false };
        let token = mesh::mint(&key, &actor, SystemClock.now(), Duration::from_secs(24 * 3600));
        let (http, grpc, drain) = (cluster.http, cluster.grpc_address, cluster.drain.clone());
        let ready = cluster.ready();
        #[expect(clippy::disallowed_methods, reason = "the bench waits for it itself")]
        let served = tokio::spawn(cluster.serve());
        ready.await;
        Ok(Self { http: http.unwrap_or(grpc), grpc, token, drain, served })
    }

    pub async fn stop(self) -> anyhow::Result<()> {
        self.drain.begin();
        self.served.await??;
        Ok(())
    }
}

/// Bare tonic channels, as a client of any kind would open them.
pub fn channels(address: SocketAddr) -> anyhow::Result<Vec<Channel>> {
    let endpoint = Endpoint::from_shared(format!("http://{address}")).context("an address")?.tcp_nodelay(true);
    Ok((0..CONNECTIONS).map(|_| endpoint.connect_lazy()).collect())
}

/// HTTP/1.1 with connections kept alive.
pub fn http() -> Client<HttpConnector, Full<Bytes>> {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    Client::builder(TokioExecutor::new()).pool_max_idle_per_host(1024).build(connector)
}

/// Posts JSON; whether it was answered with 200.
pub async fn post(client: &Client<HttpConnector, Full<Bytes>>, url: &str, token: &str, body: Bytes) -> bool {
    let request = Request::post(url)
        .header("content-type", "application/json")
        .header("authorization", format!("Bearer {token}"))
        .body(Full::new(body));
    let Ok(request) = request else { return false };
    match client.request(request).await {
        Ok(response) => response.status().is_success() && response.into_body().collect().await.is_ok(),
        Err(_) => false,
    }
}
