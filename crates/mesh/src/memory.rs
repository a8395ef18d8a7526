//! Connections inside one process: the full HTTP/2 stack over pipes of memory.
//!
//! `jiewang up` calls this way, so nothing works there that would not work apart. A channel opens several connections,
//! because on one of them every call shares one flow-control window and one lock.

use crate::channel::Channel;
use tokio::io::DuplexStream;
use tokio::sync::mpsc;

/// Bytes in a pipe before the writer waits: a few full HTTP/2 frames (16 KiB each).
const PIPE: usize = 128 * 1024;

/// Connections waiting to be taken.
const BACKLOG: usize = 64;

/// The server's end: connections as they are opened.
#[derive(Debug)]
pub struct Incoming {
    waiting: mpsc::Receiver<DuplexStream>,
}

impl Incoming {
    /// The next connection; pending when there is none, `None` when no dialer is left.
    pub async fn next(&mut self) -> Option<DuplexStream> {
        self.waiting.recv().await
    }
}

/// The client's end.
#[derive(Clone, Debug)]
pub(crate) struct Dialer {
    waiting: mpsc::Sender<DuplexStream>,
}

impl Dialer {
    pub(crate) async fn dial(&self) -> std::io::Result<DuplexStream> {
        let (ours, theirs) = tokio::io::duplex(PIPE);
        let gone = |_| std::io::Error::new(std::io::ErrorKind::ConnectionRefused, "the server is gone");
        self.waiting.send(theirs).await.map_err(gone)?;
        Ok(ours)
    }
}

/// A channel and the server's end of its connections.
#[must_use]
pub fn in_memory() -> (Channel, Incoming) {
    let (sender, waiting) = mpsc::channel(BACKLOG);
    (Channel::over_memory(Dialer { waiting: sender }), Incoming { waiting })
}
