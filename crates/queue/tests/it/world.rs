//! A producer, a carrier, a consumer's database, and the tasks between them.
use crate::carriers::Carrier;
use crate::desk::{BOUND, Desk};
use crate::log::Log;
use queue::{Apply, Consumer, Feed, Positions, Timing};
use std::sync::Arc;
use std::time::Duration;
use testkit::Seed;
use tokio::task::{AbortHandle, JoinSet};
use tokio_util::sync::CancellationToken;

/// Short, so that tests on a real clock need not wait; the proportions are those of the defaults.
pub(crate) const TIMING: Timing = Timing {
    batch: 64,
    // None: the smaller the batches, the more a wrong one shows.
    round: Duration::ZERO,
    poll: Duration::from_millis(100),
    lease: Duration::from_millis(600),
    least_pause: Duration::from_millis(5),
    most_pause: Duration::from_millis(200),
};

pub(crate) struct World<'a> {
    pub(crate) seed: Seed,
    pub(crate) carrier: &'a dyn Carrier,
    pub(crate) log: Arc<Log>,
    pub(crate) desk: Arc<Desk>,
    pub(crate) timing: Timing,
    tasks: JoinSet<()>,
    drain: CancellationToken,
}

impl<'a> World<'a> {
    pub(crate) fn new(carrier: &'a dyn Carrier) -> Self {
        Self {
            seed: Seed::from_env(),
            carrier,
            log: Log::new(),
            desk: carrier.desk(),
            timing: TIMING,
            tasks: JoinSet::new(),
            drain: CancellationToken::new(),
        }
    }

    pub(crate) fn start_relay(&mut self) {
        if let Some(relay) = self.carrier.relay(&self.log) {
            self.run_relay(relay);
        }
    }

    pub(crate) fn run_relay(&mut self, relay: queue::Relay) -> CancellationToken {
        let drain = self.drain.child_token();
        self.tasks.spawn(relay.run(drain.clone()));
        drain
    }

    /// A consumer over the desk itself and the carrier's own feed.
    pub(crate) fn start_consumer(&mut self) -> Started {
        let desk = self.desk.clone();
        self.start_consumer_with(desk.clone(), desk, self.feed())
    }

    pub(crate) fn feed(&self) -> Arc<dyn Feed> {
        self.carrier.feed(&self.log, "dispatch")
    }

    pub(crate) fn start_consumer_with(
        &mut self,
        positions: Arc<dyn Positions>,
        apply: Arc<dyn Apply>,
        feed: Arc<dyn Feed>,
    ) -> Started {
        let consumer = Consumer::builder("dispatch", self.log.clone(), positions, apply)
            .feed(feed)
            .rng(Arc::new(civic::SeededRng::new(self.seed.next())))
            .timing(self.timing)
            .build();
        let drain = self.drain.child_token();
        let task = self.tasks.spawn(consumer.run(drain.clone()));
        Started { drain, task }
    }

    /// Commits in bursts of chance size, giving the others a turn after each.
    pub(crate) async fn commit_in_bursts(&self, bursts: usize) {
        for _ in 0..bursts {
            let events = self.seed.below(20) + 1;
            self.log.commit(&self.seed, usize::try_from(events).unwrap());
            tokio::task::yield_now().await;
        }
    }

    pub(crate) async fn all_is_consumed(&self) {
        self.desk.has_consumed(&self.log).await;
    }

    /// Waits for the end state, ends all tasks in good order and reports their panics.
    pub(crate) async fn finish(mut self) {
        self.all_is_consumed().await;
        self.drain.cancel();
        let ended = async {
            while let Some(task) = self.tasks.join_next().await {
                match task {
                    Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
                    Ok(()) | Err(_) => {}
                }
            }
        };
        assert!(tokio::time::timeout(BOUND, ended).await.is_ok(), "tasks do not drain");
    }
}

pub(crate) struct Started {
    /// Ends it in good order.
    pub(crate) drain: CancellationToken,
    /// Ends it as a crash would, leases and all.
    pub(crate) task: AbortHandle,
}
