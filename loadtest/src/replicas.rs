//! Two replicas of a service over real connections, one of which ends hard or is ten times slower than the other: how many attempts a
//! call costs, and who is asked.

use crate::{
    figures::{Asked, Sheet},
    flight::fly,
};
use mesh::{Channel, Chassis, TokenKey};
use proto::events::v1::{
    HeadRequest, HeadResponse, PositionRequest, PositionResponse, ReadRequest, ReadResponse,
    event_log_client::EventLogClient,
    event_log_server::{EventLog, EventLogServer},
};
use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{net::TcpListener, time::sleep};
use tonic::{Request, Response, Status};

const IN_FLIGHT: usize = 64;
/// What a call takes; the slow one takes ten times as long.
const QUICK: Duration = Duration::from_millis(2);
/// Until then a slow replica may still be asked as others are.
const LEARNT_WITHIN: Duration = Duration::from_secs(5);

/// Each for `within`.
pub async fn run(sheet: &mut Sheet, within: Duration) -> anyhow::Result<()> {
    killed(sheet, within).await?;
    slow(sheet, within).await
}

async fn killed(sheet: &mut Sheet, within: Duration) -> anyhow::Result<()> {
    let (one, other) = (Replica::start(QUICK).await?, Replica::start(QUICK).await?);
    let channel = over(&one, &other);
    let drain = one.drain.clone();
    let (flown, ()) = tokio::join!(call(&channel, within), async {
        sleep(within / 2).await;
        drain.stop_hard();
    });
    let attempts = (one.asked() + other.asked()) as f64;
    // Those that were cut off before they were counted are attempts, too: they are what failed and was repeated, so none is missing
    // from what follows as long as no call has failed.
    let beyond = (attempts - 10.0 * flown.seconds) / flown.done as f64;
    sheet.row("one of two ended hard: calls", flown.done as f64, "", Asked::Nothing);
    sheet.row("one of two ended hard: calls failed", flown.failed as f64, "", Asked::AtMost(0.0));
    sheet.row("attempts, without ten a second / calls", beyond, "", Asked::AtMost(1.2));
    Ok(())
}

async fn slow(sheet: &mut Sheet, within: Duration) -> anyhow::Result<()> {
    let (quick, slow) = (Replica::start(QUICK).await?, Replica::start(10 * QUICK).await?);
    let channel = over(&quick, &slow);
    call(&channel, LEARNT_WITHIN).await;
    let share = |quick: usize, slow: usize| 100.0 * slow as f64 / (quick + slow) as f64;
    sheet.row("ten times slower: asked in the first 5 s", share(quick.asked(), slow.asked()), "%", Asked::Nothing);
    let before = (quick.asked(), slow.asked());
    call(&channel, within).await;
    let after = share(quick.asked() - before.0, slow.asked() - before.1);
    sheet.row("ten times slower: asked after these", after, "%", Asked::Below(5.0));
    Ok(())
}

async fn call(channel: &Channel, within: Duration) -> crate::flight::Flown {
    let channel = channel.clone();
    fly(IN_FLIGHT, within, usize::MAX, move |_| {
        let mut client = EventLogClient::new(channel.clone());
        async move { client.read(ReadRequest::default()).await.is_ok() }
    })
    .await
}

fn over(one: &Replica, other: &Replica) -> Channel {
    let addresses = [one, other].map(|replica| replica.address.to_string());
    Channel::to_replicas("replicas", mesh::discovery::fixed(addresses.to_vec()), None)
}

struct Replica {
    address: SocketAddr,
    asked: Arc<AtomicUsize>,
    drain: mesh::Drain,
}

impl Replica {
    async fn start(takes: Duration) -> anyhow::Result<Self> {
        let mut chassis = Chassis::builder(TokenKey::from_bytes([7; 32])).build();
        let asked = Arc::new(AtomicUsize::new(0));
        chassis.add_service(EventLogServer::new(Slow { takes, asked: Arc::clone(&asked) }));
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let (address, drain) = (listener.local_addr()?, chassis.drain());
        #[expect(clippy::disallowed_methods, reason = "it lasts as long as the bench, or until it is ended hard")]
        tokio::spawn(chassis.serve(listener));
        Ok(Self { address, asked, drain })
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

struct Slow {
    takes: Duration,
    asked: Arc<AtomicUsize>,
}

#[tonic::async_trait]
impl EventLog for Slow {
    async fn read(&self, _: Request<ReadRequest>) -> Result<Response<ReadResponse>, Status> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        sleep(self.takes).await;
        Ok(Response::new(ReadResponse::default()))
    }

    async fn head(&self, _: Request<HeadRequest>) -> Result<Response<HeadResponse>, Status> {
        Ok(Response::new(HeadResponse::default()))
    }

    async fn position(&self, _: Request<PositionRequest>) -> Result<Response<PositionResponse>, Status> {
        Ok(Response::new(PositionResponse::default()))
    }
}
