//! A line that can be cut: a TCP proxy that hangs up after the server has done what it was asked and before the client hears of it.
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

#[derive(Debug, Default)]
struct Shared {
    armed: AtomicBool,
    cuts: AtomicU64,
    stopped: AtomicBool,
}

/// Passes everything on until it is armed. Dropping it stops new connections; those that stand end with their peers.
#[derive(Debug)]
pub struct CutProxy {
    address: SocketAddr,
    shared: Arc<Shared>,
}

impl CutProxy {
    /// Listens on loopback, in front of `server`. The next request that contains `word` after each [`CutProxy::arm`] is passed on,
    /// and its answer is not.
    pub fn start(server: SocketAddr, word: &'static [u8]) -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared::default());
        let ours = shared.clone();
        std::thread::spawn(move || {
            for client in listener.incoming() {
                if ours.stopped.load(Ordering::SeqCst) {
                    return;
                }
                let (Ok(client), Ok(upstream)) = (client, TcpStream::connect(server)) else { continue };
                // A connection that cannot be passed on is one more that was cut.
                let _ = pass(&client, &upstream, &ours, word);
            }
        });
        Ok(Self { address, shared })
    }

    /// Where clients connect.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Cuts the line at the next request with the word.
    pub fn arm(&self) {
        self.shared.armed.store(true, Ordering::SeqCst);
    }

    /// Lines cut so far: a test that cut none proved nothing.
    pub fn cuts(&self) -> u64 {
        self.shared.cuts.load(Ordering::SeqCst)
    }
}

impl Drop for CutProxy {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
        // Wakes the listener so that it sees the end.
        let _ = TcpStream::connect(self.address);
    }
}

fn pass(client: &TcpStream, server: &TcpStream, shared: &Arc<Shared>, word: &'static [u8]) -> std::io::Result<()> {
    let doomed = Arc::new(AtomicBool::new(false));
    let (mut from_client, mut to_server) = (client.try_clone()?, server.try_clone()?);
    let (mut from_server, mut to_client) = (server.try_clone()?, client.try_clone()?);
    let (asked, state) = (doomed.clone(), shared.clone());
    std::thread::spawn(move || {
        pump(&mut from_client, &mut to_server, |bytes| {
            if bytes.windows(word.len()).any(|w| w == word) && state.armed.swap(false, Ordering::SeqCst) {
                asked.store(true, Ordering::SeqCst);
            }
            true
        });
    });
    let state = shared.clone();
    std::thread::spawn(move || {
        pump(&mut from_server, &mut to_client, |_| {
            let cut = doomed.load(Ordering::SeqCst);
            if cut {
                state.cuts.fetch_add(1, Ordering::SeqCst);
            }
            !cut
        });
    });
    Ok(())
}

/// Copies until an end, or until `go_on` says that these bytes are not to be passed on; then both sides hang up.
fn pump(from: &mut TcpStream, to: &mut TcpStream, go_on: impl Fn(&[u8]) -> bool) {
    let mut buffer = [0; 16 * 1024];
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        if !go_on(&buffer[..read]) || to.write_all(&buffer[..read]).is_err() {
            break;
        }
    }
    // Both may be gone already.
    let _ = to.shutdown(Shutdown::Both);
    let _ = from.shutdown(Shutdown::Both);
}
