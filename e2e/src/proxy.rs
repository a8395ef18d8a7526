//! Between a service and its PostgreSQL: cuts the line after the server has committed and before the client hears of it.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

/// What the server says when a transaction is committed: the tag of CommandComplete.
const COMMITTED: &[u8] = b"COMMIT\0";

/// Forwards both ways until a cut is due. Dropping it closes every connection.
pub struct Proxy {
    address: SocketAddr,
    due: Arc<AtomicUsize>,
    done: Arc<AtomicUsize>,
    _running: JoinSet<()>,
}

impl Proxy {
    /// In front of a server on loopback.
    ///
    /// # Panics
    /// When loopback has no free port.
    pub async fn before(port: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("loopback has a free port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let (due, done) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let mut running = JoinSet::new();
        running.spawn(accept(listener, port, due.clone(), done.clone()));
        Self { address, due, done, _running: running }
    }

    #[must_use]
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// The next `times` commits are cut.
    pub fn cut(&self, times: usize) {
        self.due.fetch_add(times, Ordering::SeqCst);
    }

    /// Commits that were cut so far.
    #[must_use]
    pub fn cuts(&self) -> usize {
        self.done.load(Ordering::SeqCst)
    }
}

async fn accept(listener: TcpListener, port: u16, due: Arc<AtomicUsize>, done: Arc<AtomicUsize>) {
    let mut lines = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                if let Ok((client, _)) = accepted {
                    lines.spawn(line(client, port, due.clone(), done.clone()));
                }
            }
            Some(_ended) = lines.join_next() => {}
        }
    }
}

/// One connection. It ends with either side, or with a cut.
async fn line(client: TcpStream, port: u16, due: Arc<AtomicUsize>, done: Arc<AtomicUsize>) {
    let Ok(server) = TcpStream::connect(("127.0.0.1", port)).await else { return };
    let ((mut from_client, mut to_client), (mut from_server, mut to_server)) =
        (client.into_split(), server.into_split());
    let asking = async {
        // Fails when either side has gone, and that is its end.
        drop(tokio::io::copy(&mut from_client, &mut to_server).await);
    };
    let answering = async {
        let mut bytes = vec![0; 64 * 1024];
        while let Ok(read @ 1..) = from_server.read(&mut bytes).await {
            if says_committed(&bytes[..read]) && take(&due) {
                done.fetch_add(1, Ordering::SeqCst);
                return;
            }
            if to_client.write_all(&bytes[..read]).await.is_err() {
                return;
            }
        }
    };
    tokio::select! { () = asking => {}, () = answering => {} }
}

fn says_committed(bytes: &[u8]) -> bool {
    bytes.windows(COMMITTED.len()).any(|window| window == COMMITTED)
}

fn take(due: &AtomicUsize) -> bool {
    due.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
}
