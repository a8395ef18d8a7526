//! Sockets: accepting within a bound, HTTP/1.1 per connection, a bounded drain.
use crate::config::{Config, ConfigError};
use crate::descriptors::BuildError;
use crate::edge::Edge;
use crate::reply::Served;
use crate::upstream::Upstreams;
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use mesh::{Drain, Guests};
use socket2::SockRef;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// The gateway cannot start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A limit that cannot be.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Routes cannot be built.
    #[error(transparent)]
    Build(#[from] BuildError),
}

/// Serves HTTP on `listener` until `drain` has begun and requests at work are done, or the drain's bound has passed.
pub async fn serve(config: Config, upstreams: Upstreams, listener: TcpListener, drain: Drain) -> Result<(), Error> {
    config.validate()?;
    let bound = Duration::from_millis(config.drain_ms);
    let edge = Arc::new(Edge::build(config, &upstreams, drain)?);
    let mut connections = accept(&edge, &listener).await;
    // Nobody is taken in any more; the kernel refuses from here on.
    drop(listener);
    edge.pumps.close();
    let finished = async {
        while connections.join_next().await.is_some() {}
        edge.pumps.wait().await;
    };
    let hard = edge.drain.clone();
    let cut = tokio::select! {
        finished = tokio::time::timeout(bound, finished) => finished.is_err(),
        () = hard.hard() => true,
    };
    if cut {
        tracing::warn!(left = connections.len(), "connections cut at the end of the drain's bound");
        connections.abort_all();
    }
    Ok(())
}

/// Takes connections in until the drain begins.
async fn accept(edge: &Arc<Edge>, listener: &TcpListener) -> JoinSet<()> {
    let places = Arc::new(Semaphore::new(edge.config.connections));
    let guests = Guests::new(edge.config.connections_per_address);
    let mut connections = JoinSet::new();
    loop {
        let next = async {
            // Further connections wait in the kernel's backlog rather than being taken in and starved.
            let place = Arc::clone(&places).acquire_owned().await;
            (place, listener.accept().await)
        };
        tokio::select! {
            () = edge.drain.begun() => return connections,
            (place, accepted) = next => match accepted {
                Ok((stream, peer)) => {
                    let Ok(seat) = guests.admit(peer.ip().to_canonical()) else {
                        tracing::warn!(address = %peer.ip(), "a connection is refused: its address has too many");
                        continue;
                    };
                    let edge = Arc::clone(edge);
                    connections.spawn(async move {
                        let _held = (place, seat);
                        connection(edge, stream, peer).await;
                    });
                }
                Err(error) => {
                    // Out of descriptors: the listener stays readable, so without a pause this would spin.
                    tracing::warn!(%error, "failed to accept");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            },
        }
        while let Some(ended) = connections.try_join_next() {
            if let Err(error) = ended {
                tracing::error!(%error, "connection task failed");
            }
        }
    }
}

async fn connection(edge: Arc<Edge>, stream: TcpStream, peer: SocketAddr) {
    // Answers are small and whole: waiting to fill a segment only delays them.
    let _ = stream.set_nodelay(true);
    // Also of a client that is there and lets nothing be sent to it (RFC 5482).
    let _ = SockRef::from(&stream).set_tcp_user_timeout(Some(Duration::from_millis(edge.config.unread_ms.into())));
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(Duration::from_millis(edge.config.header_ms))
        .max_headers(edge.config.header_lines * 2)
        // Above our own limit, so that the refusal is a problem document; far above, hyper refuses by itself.
        .max_buf_size((edge.config.header_bytes * 4).max(64 << 10));
    let drain = edge.drain.clone();
    let service = service_fn(move |request: Request<Incoming>| {
        let edge = Arc::clone(&edge);
        let answer: Pin<Box<dyn Future<Output = Served> + Send>> =
            Box::pin(async move { Ok(edge.answer(request, peer.ip()).await) });
        answer
    });
    let mut connection = http.serve_connection(TokioIo::new(stream), service);
    let mut draining = false;
    let mut drained = pin!(drain.begun());
    loop {
        tokio::select! {
            ended = poll_fn(|context| connection.poll_without_shutdown(context)) => {
                if let Err(error) = ended {
                    tracing::debug!(%error, "connection ended");
                }
                break;
            }
            () = &mut drained, if !draining => {
                draining = true;
                Pin::new(&mut connection).graceful_shutdown();
            }
        }
    }
    linger(connection.into_parts().io.into_inner()).await;
}

/// Closes so that the last answer arrives: closing a socket with unread bytes resets it, and a client that is still sending a
/// refused body would lose the refusal. Bounded in time and bytes.
async fn linger(mut stream: TcpStream) {
    const BOUND: Duration = Duration::from_secs(2);
    const MOST_BYTES: usize = 4 << 20;
    if stream.shutdown().await.is_err() {
        return;
    }
    let discard = async {
        let mut buffer = [0; 8 << 10];
        let mut total = 0;
        while let Ok(read @ 1..) = stream.read(&mut buffer).await {
            total += read;
            if total > MOST_BYTES {
                return;
            }
        }
    };
    let _ = tokio::time::timeout(BOUND, discard).await;
}
