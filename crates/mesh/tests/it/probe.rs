//! A service that does what the request's `service` field says, and a process that serves it.

use civic::{Micros, SeededRng, SettableClock};
use mesh::tls::Tls;
use mesh::{Channel, Chassis, Code, Config, Drain, Drained, Fault, Readiness, ServeError, TokenKey};
use proto::events::v1::event_log_client::EventLogClient;
use proto::events::v1::event_log_server::{EventLog, EventLogServer};
use proto::events::v1::events_server::{Events, EventsServer};
use proto::events::v1::{
    Envelope, HeadRequest, HeadResponse, PositionRequest, PositionResponse, ReadRequest, ReadResponse,
    StreamEventsRequest, StreamedEvent,
};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_stream::{Stream, StreamExt};
use tonic::{Request, Response, Status};

/// 2025-11-22, about noon.
pub(crate) const NOW: Micros = Micros(1_763_784_000_000_000);

/// Nothing here takes long; what takes longer hangs.
pub(crate) async fn soon<F: Future>(work: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(30), work).await.expect("this hangs")
}

pub(crate) struct Probe {
    pub(crate) onward: Channel,
    /// A permit for each gated call that has arrived.
    pub(crate) arrived: Arc<Semaphore>,
    /// A permit for each gated call that may go on.
    pub(crate) gate: Arc<Semaphore>,
    pub(crate) state: Arc<State>,
}

/// What a test says of a process, and what that says of itself.
#[derive(Default)]
pub(crate) struct State {
    /// It cannot do its work.
    pub(crate) sick: AtomicBool,
    /// Calls of `read` so far.
    pub(crate) asked: AtomicUsize,
}

pub(crate) fn fault_of(code: Code) -> Fault {
    Fault::new(code, "FIRST_REASON", "what anyone may read")
        .field("location.address", "TEXT_MISSING", "the address is missing")
        .field("attachments[2].sha256", "HASH_MALFORMED", "64 hexadecimal digits")
        .with_retry_after(Duration::from_secs(7))
        .with_law("Administrative Penalty Law art. 36")
        .with_source("a cause that nobody outside may see")
}

fn told(actor: String, position: i64) -> Result<Response<ReadResponse>, Status> {
    let events = vec![Envelope { actor, position, ..Envelope::default() }];
    Ok(Response::new(ReadResponse { events }))
}

fn left() -> i64 {
    mesh::deadline::remaining().map_or(-1, |left| i64::try_from(left.as_micros()).unwrap())
}

#[tonic::async_trait]
impl EventLog for Probe {
    async fn read(&self, request: Request<ReadRequest>) -> Result<Response<ReadResponse>, Status> {
        let caller = mesh::caller(&request).clone();
        let asked = request.get_ref().service.as_str();
        self.state.asked.fetch_add(1, Ordering::SeqCst);
        if self.state.sick.load(Ordering::SeqCst) {
            return Err(fault_of(Code::Unavailable).into());
        }
        match asked {
            "who" => told(format!("{} {}", caller.role(), caller.subject()), 0),
            "must be known" => told(caller.require()?.subject.clone(), 0),
            "where" => {
                let client = mesh::call(&request).unwrap().client;
                told(client.map_or_else(String::new, |client| client.to_string()), 0)
            }
            "left" => told(mesh::current().unwrap().trace.to_string(), left()),
            "panic" => panic!("a secret that was in the state"),
            "hang" => std::future::pending().await,
            "gate" => {
                self.arrived.add_permits(1);
                self.gate.acquire().await.unwrap().forget();
                told(String::new(), 1)
            }
            "hop" => {
                let mine = left();
                let next = ReadRequest { service: "left".into(), ..ReadRequest::default() };
                let answer = EventLogClient::new(self.onward.clone()).read(next).await?.into_inner();
                let inner = answer.events[0].clone();
                Ok(Response::new(ReadResponse {
                    events: vec![Envelope { position: mine, ..Envelope::default() }, inner],
                }))
            }
            "hop who" | "hop hang" => {
                let next = ReadRequest { service: asked[4..].into(), ..ReadRequest::default() };
                EventLogClient::new(self.onward.clone()).read(next).await
            }
            _ => {
                let code = Code::ALL.into_iter().find(|code| code.as_str() == asked).unwrap();
                Err(fault_of(code).into())
            }
        }
    }

    async fn head(&self, _: Request<HeadRequest>) -> Result<Response<HeadResponse>, Status> {
        Ok(Response::new(HeadResponse { positions: vec![1, 2, 3] }))
    }

    async fn position(&self, _: Request<PositionRequest>) -> Result<Response<PositionResponse>, Status> {
        Err(Fault::new(Code::NotFound, "NOT_YET_VISIBLE", "no position yet").into())
    }
}

#[tonic::async_trait]
impl Events for Probe {
    type StreamEventsStream = Pin<Box<dyn Stream<Item = Result<StreamedEvent, Status>> + Send>>;

    async fn stream_events(
        &self,
        request: Request<StreamEventsRequest>,
    ) -> Result<Response<Self::StreamEventsStream>, Status> {
        let first = tokio_stream::once(Ok(StreamedEvent { id: "1".into(), ..StreamedEvent::default() }));
        let rest: Self::StreamEventsStream = match request.get_ref().division_code.as_str() {
            "refused" => return Err(fault_of(Code::Denied).into()),
            "fault" => Box::pin(tokio_stream::once(Err(fault_of(Code::Unavailable).into()))),
            // Pending once: the encoder gathers what is ready, and a panic takes what was gathered with it.
            "panic" => {
                Box::pin(futures_util::stream::once(tokio::task::yield_now()).map(|()| panic!("a secret in a stream")))
            }
            "internal" => Box::pin(tokio_stream::once(()).map(|()| Err(fault_of(Code::Internal).into()))),
            "hang" => Box::pin(tokio_stream::pending()),
            "flood" => Box::pin(tokio_stream::iter(std::iter::repeat_with(|| Ok(StreamedEvent::default())))),
            _ => Box::pin(tokio_stream::empty()),
        };
        Ok(Response::new(Box::pin(first.chain(rest))))
    }
}

/// A served process.
pub(crate) struct Served {
    pub(crate) address: SocketAddr,
    pub(crate) memory: Channel,
    pub(crate) edge: Channel,
    pub(crate) key: TokenKey,
    pub(crate) clock: SettableClock,
    pub(crate) drain: Drain,
    pub(crate) tasks: mesh::Tasks,
    pub(crate) readiness: Readiness,
    pub(crate) arrived: Arc<Semaphore>,
    pub(crate) gate: Arc<Semaphore>,
    pub(crate) state: Arc<State>,
    serving: JoinSet<Result<Drained, ServeError>>,
}

impl Served {
    pub(crate) async fn start() -> Self {
        Self::start_with(Config::default()).await
    }

    pub(crate) async fn start_with(config: Config) -> Self {
        Self::start_on(TcpListener::bind("127.0.0.1:0").await.unwrap(), config)
    }

    pub(crate) async fn start_encrypted(tls: Tls) -> Self {
        Self::start_certified(TcpListener::bind("127.0.0.1:0").await.unwrap(), Config::default(), Some(tls))
    }

    pub(crate) fn start_on(listener: TcpListener, config: Config) -> Self {
        Self::start_certified(listener, config, None)
    }

    fn start_certified(listener: TcpListener, config: Config, tls: Option<Tls>) -> Self {
        let address = listener.local_addr().unwrap();
        let (key, clock) = (TokenKey::from_bytes([7; 32]), SettableClock::new(NOW));
        let mut chassis = Chassis::builder(key.clone())
            .config(config)
            .tls(tls)
            .clock(Arc::new(clock.clone()))
            .rng(Arc::new(SeededRng::new(1)))
            .build();
        let (arrived, gate) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
        let state = Arc::new(State::default());
        let probe = Probe {
            onward: chassis.channel(),
            arrived: Arc::clone(&arrived),
            gate: Arc::clone(&gate),
            state: Arc::clone(&state),
        };
        let probe = Arc::new(probe);
        chassis.add_service(EventLogServer::from_arc(Arc::clone(&probe)));
        chassis.add_service(EventsServer::from_arc(probe));
        let edge = chassis.at_edge(&chassis.channel());
        let (memory, drain, readiness) = (chassis.channel(), chassis.drain(), chassis.readiness());
        let tasks = chassis.tasks();
        let mut serving = JoinSet::new();
        serving.spawn(chassis.serve(listener));
        Self { address, memory, edge, key, clock, drain, tasks, readiness, arrived, gate, state, serving }
    }

    pub(crate) fn tcp(&self) -> Channel {
        Channel::to(&self.address.to_string()).unwrap()
    }

    /// Waits for the end of the process.
    pub(crate) async fn ended(&mut self) -> Result<Drained, ServeError> {
        soon(self.serving.join_next()).await.unwrap().unwrap()
    }
}

/// Asks the probe over a channel.
pub(crate) async fn ask(channel: &Channel, what: &str) -> Result<Vec<Envelope>, Status> {
    ask_with(channel, Request::new(ReadRequest { service: what.into(), ..ReadRequest::default() })).await
}

pub(crate) async fn ask_with(channel: &Channel, request: Request<ReadRequest>) -> Result<Vec<Envelope>, Status> {
    let answer = soon(EventLogClient::new(channel.clone()).read(request)).await?;
    Ok(answer.into_inner().events)
}

pub(crate) fn to_read(what: &str) -> Request<ReadRequest> {
    Request::new(ReadRequest { service: what.into(), ..ReadRequest::default() })
}
