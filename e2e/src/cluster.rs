//! A cluster inside the test: for what needs a clock that can be set.

use crate::{PATIENCE, client::Client, until};
use civic::{Actor, Clock as _, Role, SettableClock};
use jiewang::cluster::{Cluster, Rooms, Settings};
use std::{net::SocketAddr, path::Path, sync::Arc, time::Duration};
use tokio::task::JoinSet;

/// Longer than any test's clock runs.
const TOKEN_HOLDS: Duration = Duration::from_secs(400 * 24 * 3600);

/// A running cluster whose present is the test's.
pub struct Inside {
    pub clock: SettableClock,
    key: mesh::TokenKey,
    address: SocketAddr,
    drain: mesh::Drain,
    serving: JoinSet<()>,
}

impl Inside {
    /// Starts it over a folder and waits until it is ready.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn start(data_dir: &Path, clock: SettableClock) -> Self {
        let mut settings = Settings::local(data_dir.to_owned(), Rooms::ALL);
        settings.clock = Arc::new(clock.clone());
        let cluster = Cluster::start(settings).await.expect("a cluster starts");
        let (address, drain) = (cluster.http.expect("it has a gateway"), cluster.drain.clone());
        let ready = cluster.ready();
        let mut serving = JoinSet::new();
        serving.spawn(async move { drop(cluster.serve().await.expect("it serves until it is stopped")) });
        tokio::time::timeout(PATIENCE, ready).await.expect("it becomes ready");
        let key = jiewang::folder::read_key(data_dir).expect("a started cluster has a key");
        let inside = Self { clock, key, address, drain, serving };
        let probe = inside.citizen();
        until("/readyz", || async { probe.get("readyz").await.ok().filter(|answer| answer.status == 200) }).await;
        inside
    }

    /// Somebody without a token.
    #[must_use]
    pub fn citizen(&self) -> Client {
        Client::new(self.address, None)
    }

    /// A member of a unit, with a token issued two hours before the test's present: its clock may be set back.
    ///
    /// # Panics
    /// When the unit's code is none.
    #[must_use]
    pub fn member(&self, role: Role, unit: &str) -> Client {
        const TWO_HOURS: i64 = 2 * 3600 * 1_000_000;
        let actor = Actor::member(role, format!("test-{role}-{unit}"), unit.parse().expect("a unit's code"));
        let token = mesh::mint(&self.key, &actor, self.clock.now() - TWO_HOURS, TOKEN_HOLDS);
        Client::new(self.address, Some(token))
    }

    /// Stops without finishing anything: what was not committed is gone.
    pub async fn stop_hard(mut self) {
        self.drain.stop_hard();
        while self.serving.join_next().await.is_some() {}
    }
}
