//! One of them while it runs: how reports are said to it, and windows of them.

use super::{
    IN_FLIGHT, PATIENCE,
    ours::Timers,
    synced::{Strace, Synced},
};
use crate::{
    corpus::{Corpus, random_id},
    flight::{Flown, fly},
    local::{http, post_json},
    process::Process,
};
use rand::{SeedableRng as _, rngs::SmallRng};
use serde_json::Value;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// Of the request ids.
const SEED: u64 = 20_261_123;

/// Where a server takes reports: address and token, and how a report with a fresh id is said there.
#[derive(Clone)]
pub(super) struct Door {
    pub(super) base: Arc<str>,
    pub(super) token: Arc<str>,
    pub(super) said: fn(&str, &str, Value) -> (String, Value),
}

pub(super) struct Server {
    pub(super) door: Door,
    pub(super) process: Process,
    pub(super) timers: Option<Timers>,
    /// What is worth telling of how it runs.
    pub(super) told: String,
    // After the process: fields are dropped in order.
    pub(super) folder: TempDir,
}

/// What was done in a window.
pub(super) struct Window {
    pub(super) accepted: usize,
    pub(super) failed: usize,
    /// Until the last answer.
    pub(super) answered: f64,
    /// Until the last timer is durable.
    pub(super) seconds: f64,
}

impl Server {
    /// Waits until it accepts a report: a service that was registered may not be known everywhere at once.
    pub(super) async fn takes(&self) -> anyhow::Result<()> {
        let (corpus, until) = (Arc::new(Corpus::load()?), Instant::now() + PATIENCE);
        let mut tried = 0;
        while self.fly(&corpus, (1, Duration::MAX, 1), tried).await.done == 0 {
            anyhow::ensure!(Instant::now() < until, "no report is accepted");
            tokio::time::sleep(Duration::from_millis(50)).await;
            tried += 1;
        }
        Ok(())
    }

    /// So many in flight for so long, at most so many. `window` makes the request ids others than those of the windows before.
    async fn fly(
        &self,
        corpus: &Arc<Corpus>,
        (in_flight, within, most): (usize, Duration, usize),
        window: u64,
    ) -> Flown {
        let (client, corpus, door) = (http(), corpus.clone(), self.door.clone());
        fly(in_flight, within, most, move |n| {
            let id = random_id(&mut SmallRng::seed_from_u64(SEED ^ ((window + 1) << 40) ^ n as u64));
            let (url, body) = (door.said)(&door.base, &id, corpus.body(n, &id));
            let (client, token) = (client.clone(), door.token.clone());
            async move {
                let answer = post_json(&client, &url, &token, "", &body).await;
                answer.is_ok_and(|answer| (200..300).contains(&answer.status))
            }
        })
        .await
    }

    pub(super) async fn window(
        &self,
        corpus: &Arc<Corpus>,
        in_flight: usize,
        within: Duration,
        window: u64,
    ) -> anyhow::Result<Window> {
        let before = match &self.timers {
            Some(timers) => timers.armed().await?,
            None => 0,
        };
        let began = Instant::now();
        let flown = self.fly(corpus, (in_flight, within, usize::MAX), window).await;
        if let Some(timers) = &self.timers {
            timers.reach(before + flown.done, PATIENCE).await?;
        }
        let seconds = began.elapsed().as_secs_f64();
        Ok(Window { accepted: flown.done, failed: flown.failed, answered: flown.seconds, seconds })
    }

    /// A window under strace.
    pub(super) async fn watched(&self, corpus: &Arc<Corpus>, within: Duration, window: u64) -> anyhow::Result<Synced> {
        let strace = Strace::attach(self.process.id()).await?;
        let done = self.window(corpus, IN_FLIGHT, within, window).await;
        let files = strace.end(self.folder.path()).await?;
        let done = done?;
        Ok(Synced { accepted: done.accepted, seconds: done.seconds, files })
    }

    pub(super) async fn end(mut self) -> anyhow::Result<()> {
        self.process.end().await
    }
}
