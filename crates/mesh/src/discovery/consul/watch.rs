//! The replicas of a service whose checks pass, by blocking queries.
//!
//! A question carries the index of the last answer, and Consul answers when something has changed or the wait is over. Kept is what was
//! known last while Consul is away, has no leader, or answers what makes no sense. An empty list of a Consul with a leader becomes
//! true when it has stood for a while: an agent that has just begun again has checked nobody yet, and calls to addresses of the
//! dead fail no worse than calls to none.

use super::super::{Addresses, tell};
use super::{Consul, ConsulError, Reply};
use crate::error::Chain;
use bytes::Bytes;
use civic::Rng;
use http::Method;
use serde::Deserialize;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// Numbers of a watch.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// How long Consul may hold a question back when nothing changes.
    pub wait: Duration,
    /// At least so long between two questions: a catalogue that flaps costs no more.
    pub pause: Duration,
    /// After a failure, doubled with each up to `longest_retry`.
    pub retry: Duration,
    /// See `retry`.
    pub longest_retry: Duration,
    /// So long an empty list has to stand before it takes the place of a known one. Longer than a health check's interval.
    pub empty_for: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            wait: Duration::from_secs(30),
            pause: Duration::from_millis(200),
            retry: Duration::from_millis(250),
            longest_retry: Duration::from_secs(10),
            empty_for: Duration::from_secs(10),
        }
    }
}

/// What Consul adds to the wait at random (a sixteenth), and the way there and back.
const BEYOND: Duration = Duration::from_secs(5);

/// An entry of `health/service`, as far as it is read.
#[derive(Deserialize)]
struct Entry {
    #[serde(rename = "Node")]
    node: Node,
    #[serde(rename = "Service")]
    service: Replica,
}

#[derive(Deserialize)]
struct Node {
    #[serde(rename = "Address")]
    address: String,
}

#[derive(Deserialize)]
struct Replica {
    #[serde(rename = "Address")]
    address: String,
    #[serde(rename = "Port")]
    port: u16,
}

impl Entry {
    /// A service without an address of its own has its node's.
    fn address(self) -> String {
        let host = if self.service.address.is_empty() { self.node.address } else { self.service.address };
        let port = self.service.port;
        if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
    }
}

/// What to ask with after an answer: an index that went backwards is forgotten (the servers began anew), and zero would not wait.
const fn next_index(asked: u64, told: u64) -> u64 {
    if told == 0 {
        1
    } else if told < asked {
        0
    } else {
        told
    }
}

/// One answer: its index and the replicas, no list while nobody leads.
pub(super) fn read(reply: &Reply) -> Result<(u64, Vec<String>), ConsulError> {
    let header = |name: &str| reply.headers.get(name).and_then(|value| value.to_str().ok());
    if header("x-consul-knownleader") == Some("false") {
        return Err(ConsulError::Leaderless);
    }
    let index = header("x-consul-index").and_then(|index| index.parse().ok()).ok_or(ConsulError::Index)?;
    let entries: Vec<Entry> = serde_json::from_slice(&reply.body)?;
    Ok((index, entries.into_iter().map(Entry::address).collect()))
}

impl Consul {
    /// The addresses of `service`, and the work that keeps them: it never ends by itself.
    pub fn watch(
        &self,
        service: &'static str,
        pace: Pace,
        rng: Arc<dyn Rng>,
    ) -> (Addresses, impl Future<Output = ()> + Send + 'static) {
        let known = watch::Sender::new([].into());
        let addresses = known.subscribe();
        let watch = Watch { consul: self.clone(), service, pace, rng, known, index: 0, empty_since: None };
        (addresses, watch.keep())
    }
}

struct Watch {
    consul: Consul,
    service: &'static str,
    pace: Pace,
    rng: Arc<dyn Rng>,
    known: watch::Sender<Arc<[String]>>,
    index: u64,
    empty_since: Option<Instant>,
}

impl Watch {
    async fn keep(mut self) {
        let mut retry = self.pace.retry;
        loop {
            let pause = match self.ask().await {
                Ok((index, found)) => {
                    retry = self.pace.retry;
                    self.index = next_index(self.index, index);
                    self.take(found);
                    self.pace.pause
                }
                Err(error) => {
                    tracing::warn!(service = self.service, error = %Chain(&error), "discovery.consul.failed");
                    // Who was away may have forgotten the index.
                    self.index = 0;
                    let pause = retry;
                    retry = (retry * 2).min(self.pace.longest_retry);
                    pause
                }
            };
            tokio::time::sleep(self.spread(pause)).await;
        }
    }

    /// Up to a quarter longer, so that all processes do not ask at once.
    fn spread(&self, pause: Duration) -> Duration {
        let quarter = u64::try_from(pause.as_micros() / 4).unwrap_or(u64::MAX);
        pause + Duration::from_micros(self.rng.below(quarter))
    }

    /// How long the next question may be held back: an empty list that does not count yet is looked at again when it would.
    fn wait(&self) -> Duration {
        let left = self.empty_since.map(|since| self.pace.empty_for.saturating_sub(since.elapsed()));
        left.map_or(self.pace.wait, |left| left.clamp(Duration::from_millis(100), self.pace.wait))
    }

    async fn ask(&self) -> Result<(u64, Vec<String>), ConsulError> {
        let wait = self.wait();
        // Asked by distance, Consul answers from its servers and not from the agent's stream, which always says that nobody leads.
        let path = format!(
            "/v1/health/service/{}?passing&index={}&wait={}ms&near=_agent",
            self.service,
            self.index,
            wait.as_millis()
        );
        read(&self.consul.ask(Method::GET, &path, Bytes::new(), wait + wait / 16 + BEYOND).await?)
    }

    fn take(&mut self, found: Vec<String>) {
        let sudden = found.is_empty() && !self.known.borrow().is_empty();
        if !sudden {
            self.empty_since = None;
        } else if self.empty_since.get_or_insert_with(Instant::now).elapsed() < self.pace.empty_for {
            return;
        } else {
            self.empty_since = None;
        }
        if tell(&self.known, found) {
            tracing::info!(service = self.service, replicas = self.known.borrow().len(), "discovery.consul.changed");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::next_index;

    #[test]
    fn an_index_that_goes_backwards_is_forgotten_and_zero_is_asked_as_one() {
        assert_eq!(
            [(0, 0), (7, 0), (7, 3), (7, 7), (7, 9)].map(|(asked, told)| next_index(asked, told)),
            [1, 1, 0, 7, 9]
        );
    }
}
