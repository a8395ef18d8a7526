//! Stopping: the first signal drains, the second stops hard.

use crate::tasks::Tasks;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Whether this process is to stop, and how. Clones share one state.
#[derive(Clone, Debug, Default)]
pub struct Drain {
    begun: CancellationToken,
    hard: CancellationToken,
}

impl Drain {
    /// Not stopping.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Take nothing new, finish what is in hand.
    pub fn begin(&self) {
        self.begun.cancel();
    }

    /// Finish nothing.
    pub fn stop_hard(&self) {
        self.begun.cancel();
        self.hard.cancel();
    }

    /// Whether it has begun.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        self.begun.is_cancelled()
    }

    /// Whether nothing is waited for any more.
    #[must_use]
    pub fn is_hard(&self) -> bool {
        self.hard.is_cancelled()
    }

    /// Ends when draining begins.
    pub async fn begun(&self) {
        self.begun.cancelled().await;
    }

    /// Ends when nothing is waited for any more.
    pub async fn hard(&self) {
        self.hard.cancelled().await;
    }

    /// The token that workers and open streams watch.
    #[must_use]
    pub fn token(&self) -> CancellationToken {
        self.begun.clone()
    }

    /// Listens for SIGTERM and SIGINT from now on: the first begins the drain, the second stops hard.
    pub fn on_signals(&self, tasks: &Tasks) -> std::io::Result<()> {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let drain = self.clone();
        tasks.spawn_aside("signals", async move {
            either(&mut terminate, &mut interrupt).await;
            tracing::info!("draining: a second signal stops at once");
            drain.begin();
            tokio::select! {
                () = either(&mut terminate, &mut interrupt) => drain.stop_hard(),
                () = drain.hard() => {}
            }
        });
        Ok(())
    }
}

async fn either(terminate: &mut Signal, interrupt: &mut Signal) {
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}
