//! From the first signal to the end: not ready, others told, no new connections, calls finished, workers ended.

use super::accept::Door;
use super::{Drained, Farewell, LAST_GRACE};
use crate::drain::Drain;
use crate::error::Chain;
use crate::network::Listener;
use crate::readiness::Readiness;
use crate::tasks::Tasks;
use std::time::Duration;
use tokio::time::Instant;

/// Longest wait for those who send others here. The time of the drain itself begins after it.
const FAREWELL: Duration = Duration::from_secs(3);

/// The end of a process, from the first signal on.
pub(super) struct Ending {
    pub(super) tasks: Tasks,
    pub(super) drain: Drain,
    pub(super) readiness: Readiness,
    pub(super) within: Duration,
}

impl Ending {
    /// Takes connections until the drain has begun, by itself when a task failed, and the farewell is said.
    pub(super) async fn wait(&self, tcp: &mut Door, listener: impl Listener, farewell: Farewell) {
        let asked_to_end = async {
            tokio::select! {
                () = self.drain.begun() => {}
                fatal = self.tasks.fatal() => {
                    tracing::error!(%fatal, "stopping");
                    self.drain.begin();
                }
            }
            self.readiness.drain();
            tokio::select! {
                said = tokio::time::timeout(FAREWELL, farewell) => if said.is_err() {
                    tracing::warn!("closing although others may still be sent here");
                },
                () = self.drain.hard() => {}
            }
        };
        tcp.take_tcp(listener, asked_to_end).await;
    }

    /// Calls in flight, then workers, within one bound.
    pub(super) async fn finish(&self, tcp: Door) -> Drained {
        let until = Instant::now() + self.within;
        let cut = tcp.close(self.within, &self.drain).await;
        let left = until.saturating_duration_since(Instant::now()).max(LAST_GRACE);
        let stopped = match self.tasks.shutdown(left).await {
            Ok(()) => Vec::new(),
            Err(error) => {
                tracing::warn!(error = %Chain(&error), "workers did not end in time");
                error.names
            }
        };
        Drained { cut, stopped }
    }
}
