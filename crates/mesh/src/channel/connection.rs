//! One HTTP/2 connection that comes back when it is lost.

use crate::error::{Code, Fault};
use crate::memory::Dialer;
use crate::network::Network;
use crate::tasks;
use crate::tls::{self, Tls};
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use std::io;
use std::sync::{PoisonError, RwLock};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tonic::body::Body;

/// A handshake inside a city takes milliseconds; a dead address should not eat the caller's deadline.
const DIAL_WITHIN: Duration = Duration::from_secs(2);

const KEEP_ALIVE_EVERY: Duration = Duration::from_secs(10);
const KEEP_ALIVE_WITHIN: Duration = Duration::from_secs(5);

/// The same as the server's, see `Transport`.
const STREAM_WINDOW: u32 = 1024 * 1024;
const CONNECTION_WINDOW: u32 = 4 * 1024 * 1024;

/// How to speak with whoever is there.
#[derive(Clone)]
pub(super) enum Way {
    Plain,
    Encrypted { tls: Tls, service: &'static str },
    Over(Network),
}

/// Where to.
#[derive(Clone)]
pub(super) enum Target {
    Tcp(String, Way),
    Memory(Dialer),
}

/// What became of a call.
pub(super) enum Sent {
    Answered(Response<Incoming>),
    /// It never left: the connection was closed. Boxed, because this is rare and a request is large.
    Closed(Box<Request<Body>>),
    /// It never left: nobody took the connection.
    Unreached(Box<(Request<Body>, Fault)>),
}

type Live = http2::SendRequest<Body>;

pub(super) struct Connection {
    target: Target,
    live: RwLock<Option<Live>>,
    /// Held while dialling, so that a lost connection is dialled once and not by every waiting call.
    dialling: tokio::sync::Mutex<()>,
}

impl Connection {
    pub(super) fn new(target: Target) -> Self {
        Self { target, live: RwLock::new(None), dialling: tokio::sync::Mutex::new(()) }
    }

    pub(super) async fn send(&self, request: Request<Body>) -> Result<Sent, Fault> {
        let mut live = match self.live() {
            Some(live) => live,
            // Apart from the call: a handshake is large, and every call would carry the room for one.
            None => match Box::pin(self.dial()).await {
                Ok(live) => live,
                Err(fault) => return Ok(Sent::Unreached(Box::new((request, fault)))),
            },
        };
        match live.try_send_request(request).await {
            Ok(response) => Ok(Sent::Answered(response)),
            Err(mut failed) => match failed.take_message() {
                Some(request) => Ok(Sent::Closed(Box::new(request))),
                // It left, and nobody knows what the server did with it.
                None => Err(unreachable("the connection was lost during the call").with_source(failed.into_error())),
            },
        }
    }

    fn live(&self) -> Option<Live> {
        let live = self.live.read().unwrap_or_else(PoisonError::into_inner);
        live.as_ref().filter(|live| !live.is_closed()).cloned()
    }

    async fn dial(&self) -> Result<Live, Fault> {
        let _one = self.dialling.lock().await;
        if let Some(live) = self.live() {
            return Ok(live);
        }
        let dialled = tokio::time::timeout(DIAL_WITHIN, self.connect()).await;
        let live = dialled.unwrap_or_else(|_elapsed| Err(io::Error::from(io::ErrorKind::TimedOut))).map_err(refused)?;
        *self.live.write().unwrap_or_else(PoisonError::into_inner) = Some(live.clone());
        Ok(live)
    }

    async fn connect(&self) -> io::Result<Live> {
        match &self.target {
            Target::Tcp(address, Way::Plain) => shake(reach(address).await?).await,
            Target::Tcp(address, Way::Encrypted { tls, service }) => {
                shake(tls.connect(service, reach(address).await?).await?).await
            }
            Target::Tcp(address, Way::Over(network)) => shake(network.dial(address).await?).await,
            Target::Memory(dialer) => shake(dialer.dial().await?).await,
        }
    }
}

async fn reach(address: &str) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

async fn shake<S>(stream: S) -> io::Result<Live>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (live, connection) = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .keep_alive_interval(KEEP_ALIVE_EVERY)
        .keep_alive_timeout(KEEP_ALIVE_WITHIN)
        .keep_alive_while_idle(true)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(io::Error::other)?;
    // Ends when the last clone of `live` is gone or the peer leaves.
    tasks::drive(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "client connection failed");
        }
    });
    Ok(live)
}

fn refused(error: io::Error) -> Fault {
    let Some(why) = tls::refusal(&error) else {
        return unreachable("the service cannot be reached").with_source(error);
    };
    tracing::warn!(why, "a service is not called: its certificate");
    Fault::new(Code::Unavailable, "CERTIFICATE_REFUSED", format!("the certificate of the service is refused: {why}"))
        .with_source(error)
}

pub(super) fn unreachable(detail: &str) -> Fault {
    Fault::new(Code::Unavailable, "UPSTREAM_UNREACHABLE", detail)
}
