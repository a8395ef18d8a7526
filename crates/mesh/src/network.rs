//! The seam to the network: TCP in a process, a simulated one where the wiring of services runs under a seed (docs/adr/0044).
//!
//! A listener is known when the program is built, so nothing is paid for it at work. What a caller dials by is asked once a
//! connection, and only where a channel was given one.

use civic::Rng;
use futures_util::future::BoxFuture;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};

/// Where connections come from.
pub trait Listener: Send + 'static {
    /// One of them.
    type Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    /// The next one, and whose it is.
    fn accept(&mut self) -> impl Future<Output = io::Result<(Self::Stream, SocketAddr)>> + Send;

    /// Ends when the peer has said something, which stays to be read.
    fn first_word(stream: &mut Self::Stream) -> impl Future<Output = io::Result<()>> + Send;
}

impl Listener for TcpListener {
    type Stream = TcpStream;

    async fn accept(&mut self) -> io::Result<(TcpStream, SocketAddr)> {
        let (stream, peer) = Self::accept(self).await?;
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "failed to set nodelay");
        }
        Ok((stream, peer))
    }

    async fn first_word(stream: &mut TcpStream) -> io::Result<()> {
        stream.readable().await
    }
}

/// A connection that was dialled.
pub trait Wire: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Wire for S {}

type Dial = dyn Fn(String) -> BoxFuture<'static, io::Result<Box<dyn Wire>>> + Send + Sync;

/// A network that is not this machine's, as callers see it.
#[derive(Clone)]
pub struct Network {
    dial: Arc<Dial>,
    pub(crate) rng: Arc<dyn Rng>,
}

impl Network {
    /// Dials `host:port` so; which of several replicas is taken is drawn from `rng`.
    pub fn new<D, F, S>(dial: D, rng: Arc<dyn Rng>) -> Self
    where
        D: Fn(String) -> F + Send + Sync + 'static,
        F: Future<Output = io::Result<S>> + Send + 'static,
        S: Wire + 'static,
    {
        let dial = Arc::new(move |address| -> BoxFuture<'static, io::Result<Box<dyn Wire>>> {
            let dialled = dial(address);
            Box::pin(async move { Ok(Box::new(dialled.await?) as Box<dyn Wire>) })
        });
        Self { dial, rng }
    }

    pub(crate) async fn dial(&self, address: &str) -> io::Result<Box<dyn Wire>> {
        (self.dial)(address.to_owned()).await
    }
}
