//! The cluster of a replay: all services in this process, nobody listening outside, on a clock that only the replay moves.

use crate::cluster::simulated::SimulatedClock;
use crate::cluster::{Cluster, Hands, Rooms, Settings};
use crate::exit::Failure;
use crate::room::Room;
use civic::{DivisionCode, Micros};
use mesh::Drain;
use std::path::Path;
use std::sync::Arc;
use tokio::task::JoinSet;

/// A cluster at work.
pub(super) struct Stage {
    pub(super) place: DivisionCode,
    pub(super) clock: SimulatedClock,
    pub(super) hands: Hands,
    drain: Drain,
    serving: JoinSet<Result<(), Failure>>,
}

impl Stage {
    pub(super) async fn start(folder: &Path, place: DivisionCode, begin: Micros) -> Result<Self, Failure> {
        let clock = SimulatedClock::new(begin);
        let mut settings = Settings::local(folder.to_owned(), Rooms::ALL.without(Room::Gateway));
        settings.place = place.clone();
        settings.clock = Arc::new(clock.clone());
        settings.simulated = true;
        let failed = |error: anyhow::Error| Failure::Cluster(format!("{error:#}"));
        let cluster = Cluster::start(settings).await.map_err(failed)?;
        let (drain, ready) = (cluster.drain.clone(), cluster.ready());
        let hands = cluster.hands().expect("both services were asked for");
        let mut serving = JoinSet::new();
        serving.spawn(async move { cluster.serve().await.map(drop).map_err(failed) });
        ready.await;
        Ok(Self { place, clock, hands, drain, serving })
    }

    /// Ends in order, so that the folder says until when it was at work.
    pub(super) async fn stop(mut self) -> Result<(), Failure> {
        // They hold the data open.
        drop(self.hands);
        self.drain.begin();
        match self.serving.join_next().await {
            Some(Ok(ended)) => ended,
            Some(Err(error)) => Err(Failure::Cluster(error.to_string())),
            None => Ok(()),
        }
    }
}
