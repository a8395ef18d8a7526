//! The simulated network as the chassis listens on it and the channel dials over it.

use civic::{Clock, Micros, Rng};
use mesh::{Listener, Network};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use turmoil::net::{TcpListener, TcpStream};

pub(super) const PORT: u16 = 9000;

pub(super) struct Listening(TcpListener);

impl Listening {
    /// Where the simulated machine that asks can be called.
    pub(super) async fn begin() -> io::Result<(Self, SocketAddr)> {
        let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, PORT)).await?;
        let address = listener.local_addr()?;
        Ok((Self(listener), address))
    }
}

impl Listener for Listening {
    type Stream = TcpStream;

    async fn accept(&mut self) -> io::Result<(TcpStream, SocketAddr)> {
        self.0.accept().await
    }

    async fn first_word(stream: &mut TcpStream) -> io::Result<()> {
        stream.peek(&mut [0]).await.map(drop)
    }
}

pub(super) fn network(rng: Arc<dyn Rng>) -> Network {
    let dial = |address: String| async move {
        let (host, port) = address.split_once(':').ok_or(io::ErrorKind::InvalidInput)?;
        let port: u16 = port.parse().map_err(|_| io::ErrorKind::InvalidInput)?;
        TcpStream::connect((host.to_owned(), port)).await
    };
    Network::new(dial, rng)
}

/// The simulation's time; when it is over, its last.
#[derive(Clone)]
pub(super) struct SimulatedTime(Arc<AtomicI64>);

impl SimulatedTime {
    /// Monday, 2026-12-28 at ten in the morning.
    const BEGIN: i64 = crate::running::MONDAY.0;

    pub(super) fn new() -> Self {
        Self(Arc::new(AtomicI64::new(Self::BEGIN)))
    }
}

impl Clock for SimulatedTime {
    fn now(&self) -> Micros {
        let elapsed = turmoil::sim_elapsed().and_then(|elapsed| i64::try_from(elapsed.as_micros()).ok());
        if let Some(elapsed) = elapsed {
            self.0.store(Self::BEGIN + elapsed, Ordering::SeqCst);
        }
        Micros(self.0.load(Ordering::SeqCst))
    }
}
