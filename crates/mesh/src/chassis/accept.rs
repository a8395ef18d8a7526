//! Connections: taken, served as HTTP/2, drained with a bound.
//!
//! Not tonic's own server, because that waits for ever for a silent client (hyper issue 4170), times calls out with a status
//! of its own, and puts four more layers around every request. Here a connection is a task in a set that can be aborted.

use super::answer::{Desk, Peer};
use super::guests::{Conduct, Guests};
use crate::drain::Drain;
use crate::memory;
use crate::millis;
use crate::network::Listener;
use crate::tls::{self, Tls};
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use serde::{Deserialize, Serialize};
use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream};
use tokio::task::JoinSet;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;

/// A peer that has connected and says nothing for so long is let go.
const FIRST_WORD: Duration = Duration::from_secs(10);

/// After a failed accept, usually for want of file descriptors: others close meanwhile.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Limits of a connection and of how many there are.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Transport {
    /// Connections at once over TCP; one more is closed at once.
    pub max_connections: usize,
    /// The same of one address.
    pub max_connections_per_address: usize,
    /// Calls at once on one connection, as told to the peer.
    pub max_streams_per_connection: u32,
    /// Bytes of headers of one request.
    pub max_header_bytes: u32,
    /// Bytes that a peer may send ahead of its reader, on one call and on one connection.
    pub stream_window: u32,
    /// See `stream_window`.
    pub connection_window: u32,
    /// Pings on a quiet connection: without them one that a cut left behind is never noticed, also after the cut has healed.
    #[serde(rename = "keep-alive-every-ms", with = "millis")]
    pub keep_alive_every: Duration,
    /// A ping unanswered for so long closes the connection.
    #[serde(rename = "keep-alive-within-ms", with = "millis")]
    pub keep_alive_within: Duration,
    /// An answer that is no stream must be taken within so long, or at most twice so long; else the connection is closed.
    #[serde(rename = "read-within-ms", with = "millis")]
    pub read_within: Duration,
}

impl Default for Transport {
    fn default() -> Self {
        Self {
            max_connections: 4096,
            max_connections_per_address: 512,
            max_streams_per_connection: 1024,
            max_header_bytes: 16 * 1024,
            stream_window: 1024 * 1024,
            connection_window: 4 * 1024 * 1024,
            keep_alive_every: Duration::from_secs(20),
            keep_alive_within: Duration::from_secs(10),
            read_within: Duration::from_secs(30),
        }
    }
}

impl Transport {
    fn builder(&self) -> http2::Builder<TokioExecutor> {
        let mut builder = http2::Builder::new(TokioExecutor::new());
        builder
            .timer(TokioTimer::new())
            .max_concurrent_streams(self.max_streams_per_connection)
            .max_header_list_size(self.max_header_bytes)
            .initial_stream_window_size(self.stream_window)
            .initial_connection_window_size(self.connection_window)
            .keep_alive_interval(self.keep_alive_every)
            .keep_alive_timeout(self.keep_alive_within);
        builder
    }
}

/// The open connections of one door.
pub(super) struct Door {
    desk: Arc<Desk>,
    transport: Transport,
    /// Connections over TCP are encrypted.
    tls: Option<Tls>,
    guests: Arc<Guests>,
    open: JoinSet<()>,
    leave: CancellationToken,
}

impl Door {
    pub(super) fn new(desk: Arc<Desk>, transport: Transport, tls: Option<Tls>) -> Self {
        let guests = Guests::new(transport.max_connections_per_address);
        Self { desk, transport, tls, guests, open: JoinSet::new(), leave: CancellationToken::new() }
    }

    /// Takes connections until `end` has ended, then closes the socket.
    pub(super) async fn take_tcp<L: Listener>(&mut self, mut listener: L, end: impl Future<Output = ()>) {
        let mut end = pin!(end);
        loop {
            tokio::select! {
                () = &mut end => return,
                Some(_) = self.open.join_next(), if !self.open.is_empty() => {}
                accepted = listener.accept() => match accepted {
                    Ok((stream, peer)) => self.admit::<L>(stream, peer),
                    Err(error) => {
                        tracing::warn!(%error, "failed to accept a connection");
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                    }
                },
            }
        }
    }

    fn admit<L: Listener>(&mut self, stream: L::Stream, peer: SocketAddr) {
        if self.open.len() >= self.transport.max_connections {
            tracing::warn!(limit = self.transport.max_connections, "a connection is refused: too many are open");
            return;
        }
        let address = peer.ip().to_canonical();
        let seat = match self.guests.admit(address) {
            Ok(seat) => seat,
            Err(refusal) => {
                tracing::warn!(%address, ?refusal, "a connection is refused");
                return;
            }
        };
        let (desk, transport, leave) = (Arc::clone(&self.desk), self.transport.clone(), self.leave.clone());
        let tls = self.tls.clone();
        self.open.spawn(async move {
            let changed = changed(tls.as_ref());
            let spoken = tokio::select! {
                spoken = tokio::time::timeout(FIRST_WORD, begin::<L>(stream, tls.as_ref())) => spoken,
                () = leave.cancelled() => return,
            };
            let peer = |certified| Peer { address: Some(address), certified };
            let ended = match spoken {
                Ok(Ok(Begun::Plain(stream))) => serve(desk, &transport, leave.cancelled(), stream, peer(true)).await,
                Ok(Ok(Begun::Encrypted(stream, named))) => {
                    let leave = async {
                        tokio::select! {
                            () = leave.cancelled() => {}
                            () = changed => {}
                        }
                    };
                    serve(desk, &transport, leave, *stream, peer(named)).await
                }
                Ok(Err(error)) => return tell_refusal(&error, address),
                Err(_silent) => return,
            };
            if ended == Ended::Misused {
                tracing::warn!(%address, "a connection is ended: its calls are taken back, or its frames are a flood");
                seat.offend();
            }
        });
    }

    /// Takes in-memory connections until it is told to stop.
    pub(super) async fn take_memory(&mut self, mut incoming: memory::Incoming, stop: &CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                Some(_) = self.open.join_next(), if !self.open.is_empty() => {}
                Some(stream) = incoming.next() => self.admit_memory(stream),
            }
        }
    }

    fn admit_memory(&mut self, stream: DuplexStream) {
        let (desk, transport, leave) = (Arc::clone(&self.desk), self.transport.clone(), self.leave.clone());
        self.open.spawn(async move {
            // Nobody inside the process is a guest.
            let _ended = serve(desk, &transport, leave.cancelled(), stream, Peer::INSIDE).await;
        });
    }

    /// Tells every peer to leave, waits for calls in flight, and after `bound` cuts what is left. Says how many that were.
    pub(super) async fn close(mut self, bound: Duration, drain: &Drain) -> usize {
        self.leave.cancel();
        let all_gone = async { while self.open.join_next().await.is_some() {} };
        tokio::select! {
            () = all_gone => return 0,
            () = tokio::time::sleep(bound) => {}
            () = drain.hard() => {}
        }
        let left = self.open.len();
        self.open.shutdown().await;
        left
    }
}

/// A connection on which something was said.
enum Begun<S> {
    Plain(S),
    /// And whether the other end showed a certificate that we trust.
    Encrypted(Box<TlsStream<S>>, bool),
}

async fn begin<L: Listener>(mut stream: L::Stream, tls: Option<&Tls>) -> io::Result<Begun<L::Stream>> {
    let Some(tls) = tls else {
        L::first_word(&mut stream).await?;
        return Ok(Begun::Plain(stream));
    };
    let (stream, name) = tls.accept(stream).await?;
    Ok(Begun::Encrypted(Box::new(stream), name.is_some()))
}

fn tell_refusal(error: &io::Error, address: IpAddr) {
    match tls::refusal(error) {
        Some(why) => tracing::warn!(%address, why, "a connection is refused: its certificate"),
        None => tracing::debug!(%address, %error, "connection failed before its first word"),
    }
}

async fn changed(tls: Option<&Tls>) {
    match tls {
        Some(tls) => tls.changed().await,
        None => std::future::pending().await,
    }
}

/// How a connection ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ended {
    InOrder,
    /// The peer had to be sent away, and had done nothing else.
    Misused,
}

impl Ended {
    /// A gateway whose clients leave in crowds must not be taken for them: it is cut off, and not kept out.
    fn by(conduct: &Conduct) -> Self {
        if conduct.did_nothing_else() { Self::Misused } else { Self::InOrder }
    }
}

/// Until `leave` has ended, and then to the end of the calls in flight.
async fn serve<S>(
    desk: Arc<Desk>,
    transport: &Transport,
    leave: impl Future<Output = ()>,
    stream: S,
    peer: Peer,
) -> Ended
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let conduct = Arc::new(Conduct::default());
    let calls = Arc::clone(&conduct);
    let service = service_fn(move |request| {
        let (desk, begun) = (Arc::clone(&desk), calls.begin());
        async move {
            let response = desk.answer(request, peer, begun.conduct()).await;
            begun.end();
            Ok::<_, Infallible>(response)
        }
    });
    let mut connection = pin!(transport.builder().serve_connection(TokioIo::new(stream), service));
    let ended = tokio::select! {
        ended = &mut connection => ended,
        () = conduct.over() => return Ended::by(&conduct),
        () = conduct.unread(transport.read_within) => {
            tracing::warn!(address = ?peer.address, "a connection is ended: an answer on it is not read");
            return Ended::by(&conduct);
        }
        () = leave => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    match ended {
        Err(error) => {
            tracing::debug!(%error, "connection failed");
            if is_a_flood(&error) { Ended::by(&conduct) } else { Ended::InOrder }
        }
        Ok(()) => Ended::InOrder,
    }
}

/// HTTP/2 itself has told the peer to calm down.
fn is_a_flood(error: &hyper::Error) -> bool {
    let source = std::error::Error::source(error).and_then(|source| source.downcast_ref::<h2::Error>());
    source.is_some_and(|error| error.reason() == Some(h2::Reason::ENHANCE_YOUR_CALM))
}
