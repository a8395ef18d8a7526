//! A cluster of the bench's own, and how it is called.

use anyhow::Context;
use bytes::Bytes;
use casebook::Casebook;
use civic::{Actor, Clock as _, Micros, Role, SystemClock};
use http_body_util::{BodyExt, Full};
use hyper::{Request, http::request};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use jiewang::cluster::{Cluster, Rooms, Settings, folder};
use queue::EventSource as _;
use serde_json::Value;
use std::{
    net::SocketAddr,
    path::Path,
    time::{Duration, Instant},
};
use tonic::transport::{Channel, Endpoint};

/// The HTTP client of the benches.
pub type HttpClient = Client<HttpConnector, Full<Bytes>>;

/// Connections that carry the calls of a bench over gRPC.
const CONNECTIONS: usize = 4;

const DAY: Duration = Duration::from_secs(24 * 3600);

/// A cluster that serves in the background.
pub struct Local {
    pub http: SocketAddr,
    pub grpc: SocketAddr,
    pub token: String,
    key: mesh::TokenKey,
    books: Vec<Casebook>,
    drain: mesh::Drain,
    served: tokio::task::JoinHandle<anyhow::Result<mesh::Drained>>,
}

impl Local {
    pub async fn start(folder_path: &Path, rooms: Rooms) -> anyhow::Result<Self> {
        Self::start_with(Settings::local(folder_path.to_owned(), rooms)).await
    }

    pub async fn start_with(settings: Settings) -> anyhow::Result<Self> {
        let folder_path = settings.data_dir.clone();
        let cluster = Cluster::start(settings).await?;
        let key = folder::token_key(&folder::read_secret(&folder_path)?);
        let actor = Actor { role: Role::Integrator, subject: "bench".into(), unit: Some("50".parse()?), head: false };
        let token = mesh::mint(&key, &actor, SystemClock.now(), DAY);
        let (http, grpc, drain) = (cluster.http, cluster.grpc_address, cluster.drain.clone());
        let books = cluster.books.clone();
        let ready = cluster.ready();
        #[expect(clippy::disallowed_methods, reason = "the bench waits for it itself")]
        let served = tokio::spawn(cluster.serve());
        ready.await;
        Ok(Self { http: http.unwrap_or(grpc), grpc, token, key, books, drain, served })
    }

    /// A token of the cluster.
    pub fn mint(&self, actor: &Actor) -> String {
        self.mint_at(actor, SystemClock.now())
    }

    /// The same for a cluster whose clock is another.
    pub fn mint_at(&self, actor: &Actor, now: Micros) -> String {
        mesh::mint(&self.key, actor, now, DAY)
    }

    /// Waits until every service has consumed every event of the others; two minutes at most.
    pub async fn drained(&self) -> anyhow::Result<()> {
        let until = Instant::now() + Duration::from_secs(120);
        while !drained(&self.books).await? {
            anyhow::ensure!(Instant::now() < until, "events are not consumed");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    }

    /// The cases of a service.
    pub fn book(&self, service: &str) -> anyhow::Result<&Casebook> {
        self.books.iter().find(|book| book.service() == service).with_context(|| format!("no cases of {service}"))
    }

    /// Begins to end: open streams are ended, too.
    pub fn drain(&self) {
        self.drain.begin();
    }

    /// Waits until nothing is left to do: timers that came due while the folder lay there have fired.
    pub async fn settled(&self) -> anyhow::Result<()> {
        crate::seed::settle(&self.books, SystemClock.now()).await
    }

    pub async fn stop(self) -> anyhow::Result<()> {
        drop(self.books);
        self.drain.begin();
        self.served.await??;
        Ok(())
    }
}

/// Whether every service has consumed every event of the others. Consuming makes events, which the first heads do not show yet:
/// only heads that stand still say so.
pub async fn drained(books: &[Casebook]) -> anyhow::Result<bool> {
    let heads = heads(books).await?;
    for (producer, heads) in books.iter().zip(&heads) {
        for consumer in books.iter().filter(|b| b.service() != producer.service()) {
            if consumer.store().consumed(producer.service()).await? != *heads {
                return Ok(false);
            }
        }
    }
    Ok(self::heads(books).await? == heads)
}

async fn heads(books: &[Casebook]) -> anyhow::Result<Vec<Vec<queue::Position>>> {
    let mut heads = Vec::with_capacity(books.len());
    for book in books {
        heads.push(book.store().heads().await?);
    }
    Ok(heads)
}

/// A copy of a data folder that nobody serves. Write-ahead logs are moved into their files first and left behind: connections that
/// are still closing may remove them at any moment.
pub async fn copy_folder(from: &Path, to: &Path) -> anyhow::Result<()> {
    crate::disk::checkpoint(from).await?;
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let name = entry?.file_name();
        let beside = name.to_str().is_some_and(|name| name.ends_with("-wal") || name.ends_with("-shm"));
        if !beside {
            std::fs::copy(from.join(&name), to.join(&name)).with_context(|| format!("failed to copy {name:?}"))?;
        }
    }
    Ok(())
}

/// Bare tonic channels, as a client of any kind would open them.
pub fn channels(address: SocketAddr) -> anyhow::Result<Vec<Channel>> {
    let endpoint = Endpoint::from_shared(format!("http://{address}")).context("an address")?.tcp_nodelay(true);
    Ok((0..CONNECTIONS).map(|_| endpoint.connect_lazy()).collect())
}

/// HTTP/1.1 with connections kept alive.
pub fn http() -> HttpClient {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    Client::builder(TokioExecutor::new()).pool_max_idle_per_host(1024).build(connector)
}

/// Posts JSON; whether it was answered with 200.
pub async fn post(client: &HttpClient, url: &str, token: &str, body: Bytes) -> bool {
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

/// What a call was answered with.
pub struct Answer {
    pub status: u16,
    /// `Jiewang-Position`, to be echoed.
    pub position: String,
    pub body: Value,
}

impl Answer {
    /// Of a problem; `HTTP_<status>` where it was no problem document.
    pub fn reason(&self) -> String {
        self.body["reason"].as_str().map_or_else(|| format!("HTTP_{}", self.status), str::to_owned)
    }
}

/// Asks for JSON. The token is empty for somebody without one.
pub async fn get_json(client: &HttpClient, url: &str, token: &str) -> anyhow::Result<Answer> {
    let request = by(token, Request::get(url));
    answer(client.request(request.body(Full::default())?).await?).await
}

/// Posts JSON, with the position of an earlier answer; empty for none, as the token is for somebody without one.
pub async fn post_json(
    client: &HttpClient,
    url: &str,
    token: &str,
    position: &str,
    body: &Value,
) -> anyhow::Result<Answer> {
    let mut request = by(token, Request::post(url)).header("content-type", "application/json");
    if !position.is_empty() {
        request = request.header(mesh::position::HEADER, position);
    }
    send(client, request, body).await
}

/// As a client does who says that somebody is in danger (RFC 9218).
pub async fn post_pressing(client: &HttpClient, url: &str, token: &str, body: &Value) -> anyhow::Result<Answer> {
    let request = by(token, Request::post(url)).header("content-type", "application/json").header("priority", "u=0");
    send(client, request, body).await
}

async fn send(client: &HttpClient, request: request::Builder, body: &Value) -> anyhow::Result<Answer> {
    answer(client.request(request.body(Full::new(body.to_string().into()))?).await?).await
}

fn by(token: &str, request: request::Builder) -> request::Builder {
    if token.is_empty() { request } else { request.header("authorization", format!("Bearer {token}")) }
}

async fn answer(response: hyper::Response<hyper::body::Incoming>) -> anyhow::Result<Answer> {
    let status = response.status().as_u16();
    let position =
        response.headers().get(mesh::position::HEADER).and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
    let bytes = response.into_body().collect().await?.to_bytes();
    Ok(Answer { status, position, body: serde_json::from_slice(&bytes).unwrap_or_default() })
}
