//! What the chassis costs: calls a second of an empty rpc, stock tonic beside ours, client and server in one process.
//!
//! Numbers mean something only against each other and in an optimised build:
//! `cargo run -p mesh --example echo --profile quick`.

use civic::{Actor, Clock, Role, SystemClock};
use mesh::{Channel, Chassis, TokenKey};
use proto::events::v1::event_log_client::EventLogClient;
use proto::events::v1::event_log_server::{EventLog, EventLogServer};
use proto::events::v1::{HeadRequest, HeadResponse, PositionRequest, PositionResponse, ReadRequest, ReadResponse};
use std::error::Error;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tonic::body::Body;
use tonic::client::GrpcService;
use tonic::{Request, Response, Status};

const IN_FLIGHT: usize = 64;
const WINDOW: Duration = Duration::from_secs(3);

#[derive(Clone)]
struct Empty;

#[tonic::async_trait]
impl EventLog for Empty {
    async fn read(&self, _: Request<ReadRequest>) -> Result<Response<ReadResponse>, Status> {
        Ok(Response::new(Default::default()))
    }

    async fn head(&self, _: Request<HeadRequest>) -> Result<Response<HeadResponse>, Status> {
        Ok(Response::new(Default::default()))
    }

    async fn position(&self, _: Request<PositionRequest>) -> Result<Response<PositionResponse>, Status> {
        Ok(Response::new(Default::default()))
    }
}

async fn rate<C>(channel: C) -> Result<f64, Box<dyn Error>>
where
    C: GrpcService<Body> + Clone + Send + 'static,
    C::Future: Send,
    C::Error: Into<tonic::codegen::StdError>,
    C::ResponseBody: Send + 'static,
    <C::ResponseBody as tonic::codegen::Body>::Error: Into<tonic::codegen::StdError> + Send,
    C::ResponseBody: tonic::codegen::Body<Data = bytes::Bytes>,
{
    let began = Instant::now();
    let mut callers = JoinSet::new();
    for _ in 0..IN_FLIGHT {
        let mut client = EventLogClient::new(channel.clone());
        callers.spawn(async move {
            let mut calls = 0_u32;
            while began.elapsed() < WINDOW {
                client.head(HeadRequest::default()).await?;
                calls += 1;
            }
            Ok::<_, Status>(calls)
        });
    }
    let mut calls = 0;
    while let Some(done) = callers.join_next().await {
        calls += done??;
    }
    Ok(f64::from(calls) / began.elapsed().as_secs_f64())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut servers = JoinSet::new();
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let stock = tonic::transport::Endpoint::from_shared(format!("http://{}", listener.local_addr()?))?;
    let incoming = tonic::transport::server::TcpIncoming::from(listener).with_nodelay(Some(true));
    servers.spawn(async move {
        let served =
            tonic::transport::Server::builder().add_service(EventLogServer::new(Empty)).serve_with_incoming(incoming);
        served.await.map_err(|error| error.to_string())
    });
    let stock = stock.tcp_nodelay(true).connect().await?;

    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?.to_string();
    let key = TokenKey::from_bytes([1; 32]);
    let mut chassis = Chassis::builder(key.clone()).build();
    chassis.add_service(EventLogServer::new(Empty));
    let memory = chassis.channel();
    servers.spawn(async move { chassis.serve(listener).await.map(drop).map_err(|error| error.to_string()) });
    let actor = Actor { role: Role::Operator, subject: "echo".into(), unit: None, head: false };
    let token = mesh::mint(&key, &actor, SystemClock.now(), Duration::from_secs(3600));
    let tcp = Channel::to(&address)?;
    let stock_to_ours =
        tonic::transport::Endpoint::from_shared(format!("http://{address}"))?.tcp_nodelay(true).connect().await?;

    for round in 1..=3 {
        println!("round {round}");
        println!("  tonic to tonic, TCP     {:9.0}/s", rate(stock.clone()).await?);
        println!("  tonic to chassis, TCP   {:9.0}/s", rate(stock_to_ours.clone()).await?);
        println!("  channel to chassis, TCP {:9.0}/s", rate(tcp.clone()).await?);
        println!("  the same with a token   {:9.0}/s", rate(tcp.speaking_as(&token)).await?);
        println!("  in memory with a token  {:9.0}/s", rate(memory.speaking_as(&token)).await?);
    }
    Ok(())
}
