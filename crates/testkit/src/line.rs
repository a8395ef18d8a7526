//! A line that can be led elsewhere, slowed down and cut: a TCP proxy between a client and servers, for what a failover looks like from
//! the client's side. There is no netem where the tests run.
use socket2::{Domain, Socket, Type};
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

#[derive(Debug)]
struct State {
    /// `None`: nobody answers.
    server: Option<SocketAddr>,
    delay: Duration,
    open: Vec<TcpStream>,
    stopped: bool,
}

/// Passes everything on. Dropping it cuts what is open.
#[derive(Debug)]
pub struct Line {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

impl Line {
    /// Listens on loopback, in front of `server`.
    pub fn start(server: SocketAddr) -> std::io::Result<Self> {
        Self::start_from(IpAddr::V4(Ipv4Addr::LOCALHOST), server)
    }

    /// The same; what it passes on comes from another address of loopback.
    pub fn start_from(source: IpAddr, server: SocketAddr) -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let address = listener.local_addr()?;
        let state = State { server: Some(server), delay: Duration::ZERO, open: Vec::new(), stopped: false };
        let state = Arc::new(Mutex::new(state));
        let ours = Arc::clone(&state);
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let server = {
                    let state = lock(&ours);
                    if state.stopped {
                        return;
                    }
                    state.server
                };
                let upstream = server.and_then(|server| connect(source, server).ok());
                // Who is not passed on finds the line dead.
                if let (Ok(client), Some(upstream)) = (client, upstream) {
                    let _ = pass(&client, &upstream, &ours);
                }
            }
        });
        Ok(Self { address, state })
    }

    /// Where clients connect.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Cuts every connection, and leads new ones to `server`, or nowhere.
    pub fn lead_to(&self, server: Option<SocketAddr>) {
        let mut state = lock(&self.state);
        state.server = server;
        cut(&mut state);
    }

    /// Every answer comes so much later, piece by piece.
    pub fn slow_down(&self, delay: Duration) {
        lock(&self.state).delay = delay;
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        {
            let mut state = lock(&self.state);
            state.stopped = true;
            cut(&mut state);
        }
        // Wakes the listener so that it sees the end.
        let _ = TcpStream::connect(self.address);
    }
}

fn connect(source: IpAddr, server: SocketAddr) -> std::io::Result<TcpStream> {
    let socket = Socket::new(Domain::for_address(server), Type::STREAM, None)?;
    socket.bind(&SocketAddr::new(source, 0).into())?;
    socket.connect(&server.into())?;
    Ok(socket.into())
}

fn lock(state: &Mutex<State>) -> std::sync::MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn cut(state: &mut State) {
    for stream in state.open.drain(..) {
        // It may be gone already.
        let _ = stream.shutdown(Shutdown::Both);
    }
}

fn pass(client: &TcpStream, server: &TcpStream, state: &Arc<Mutex<State>>) -> std::io::Result<()> {
    lock(state).open.extend([client.try_clone()?, server.try_clone()?]);
    let (from_client, to_server) = (client.try_clone()?, server.try_clone()?);
    let (from_server, to_client) = (server.try_clone()?, client.try_clone()?);
    std::thread::spawn(move || pump(from_client, to_server, || Duration::ZERO));
    let state = Arc::clone(state);
    std::thread::spawn(move || pump(from_server, to_client, || lock(&state).delay));
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "slowness is what is asked for")]
fn pump(mut from: TcpStream, mut to: TcpStream, delay: impl Fn() -> Duration) {
    let mut buffer = [0; 16 * 1024];
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        std::thread::sleep(delay());
        if to.write_all(&buffer[..read]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
    let _ = from.shutdown(Shutdown::Both);
}
