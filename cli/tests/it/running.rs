//! A whole cluster inside the test, with a clock that the test sets, and the binary beside it.

use crate::fake::jiewang;
use casebook::Casebook;
use civic::{Actor, Clock, Micros, Role, SettableClock};
use jiewang::client::Client;
use jiewang::cluster::{Cluster, Rooms, Settings};
use queue::EventSource as _;
use serde_json::{Value, json};
use std::path::Path;
use std::process::Output;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::task::JoinSet;

/// Longer than any test runs.
const PATIENCE: Duration = Duration::from_secs(60);
/// Monday, 2026-12-28 at ten in the morning, in Chongqing: seven working days from here lie in a year that nobody has arranged.
pub(crate) const MONDAY: Micros = Micros(1_798_423_200_000_000);

pub(crate) struct Running {
    pub(crate) clock: SettableClock,
    books: Vec<Casebook>,
    key: mesh::TokenKey,
    base: String,
    drain: mesh::Drain,
    serving: JoinSet<()>,
    asked: AtomicU64,
}

impl Running {
    pub(crate) async fn start(folder: &Path, clock: &SettableClock) -> Self {
        Self::start_with(folder, clock, Rooms::ALL).await
    }

    /// With some of the rooms only: what one service does, the other does not hear of.
    pub(crate) async fn start_with(folder: &Path, clock: &SettableClock, rooms: Rooms) -> Self {
        let mut settings = Settings::local(folder.to_owned(), rooms);
        settings.clock = Arc::new(clock.clone());
        let cluster = Cluster::start(settings).await.unwrap();
        let base = format!("http://{}", cluster.http.unwrap());
        let (drain, books, ready) = (cluster.drain.clone(), cluster.books.clone(), cluster.ready());
        let mut serving = JoinSet::new();
        serving.spawn(async move { drop(cluster.serve().await.unwrap()) });
        tokio::time::timeout(PATIENCE, ready).await.unwrap();
        let key = jiewang::folder::read_key(folder).unwrap();
        Self { clock: clock.clone(), books, key, base, drain, serving, asked: AtomicU64::new(0) }
    }

    /// Where its gateway listens.
    pub(crate) fn address(&self) -> String {
        self.base.trim_start_matches("http://").to_owned()
    }

    pub(crate) fn book(&self, service: &str) -> &Casebook {
        self.books.iter().find(|book| book.service() == service).unwrap()
    }

    /// Somebody of the town of the walk-through.
    pub(crate) fn member(&self, role: Role) -> Client {
        Client::new(&self.base, Some(self.token(role))).unwrap()
    }

    /// Somebody of another unit.
    pub(crate) fn somebody(&self, role: Role, subject: &str, unit: &str) -> Client {
        let actor = Actor::member(role, subject, unit.parse().unwrap());
        let token = mesh::mint(&self.key, &actor, self.clock.now(), Duration::from_secs(40 * 24 * 3600));
        Client::new(&self.base, Some(token)).unwrap()
    }

    /// Somebody of another unit, by any name.
    pub(crate) fn of_unit(&self, role: Role, unit: &str) -> Client {
        Client::new(&self.base, Some(self.token_of(role, unit))).unwrap()
    }

    pub(crate) fn token(&self, role: Role) -> String {
        self.token_of(role, "500151001")
    }

    fn token_of(&self, role: Role, unit: &str) -> String {
        let actor = Actor::member(role, "test", unit.parse().unwrap());
        mesh::mint(&self.key, &actor, self.clock.now(), Duration::from_secs(40 * 24 * 3600))
    }

    /// A street light is out; answers with its order's name.
    pub(crate) async fn file(&self) -> String {
        let order = self.report().await;
        let town = self.member(Role::TownDispatcher);
        until("the order is there", async || town.get::<Value>(&format!("/v1/{order}")).await.ok()).await;
        order
    }

    /// The same without waiting for the order.
    pub(crate) async fn report(&self) -> String {
        let id = format!("{} {}", self.base, self.asked.fetch_add(1, Ordering::SeqCst));
        let report = json!({
            "requestId": id, "kind": "HELP", "channel": "GRID_WORKER", "text": "巴川街道中兴路的路灯不亮", "categoryCode": "0612",
            "location": {"divisionCode": "500151001"}, "reporter": {"anonymous": true},
        });
        let filed: Value = self.member(Role::GridWorker).post("/v1/reports", report.to_string().into()).await.unwrap();
        filed["workOrder"].as_str().unwrap().to_owned()
    }

    /// The order is none of anybody's business any more.
    pub(crate) async fn cancel(&self, order: &str) {
        let body = json!({"requestId": order, "reason": "重复"}).to_string();
        self.member(Role::TownDispatcher).post::<Value>(&format!("/v1/{order}:cancel"), body.into()).await.unwrap();
    }

    /// The unit's clock of an order: it counts working days.
    pub(crate) async fn unit(&self, order: &str) -> Value {
        let clock: Value = self.member(Role::TownDispatcher).get(&format!("/v1/{order}/clock")).await.unwrap();
        clock["unit"].clone()
    }

    /// As by SIGTERM.
    pub(crate) async fn stop(mut self) {
        // They hold the data open.
        self.books.clear();
        self.drain.begin();
        while self.serving.join_next().await.is_some() {}
    }

    /// Without finishing anything.
    pub(crate) async fn stop_hard(mut self) {
        self.books.clear();
        self.drain.stop_hard();
        while self.serving.join_next().await.is_some() {}
    }
}

/// Waits until there is something.
pub(crate) async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let found = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, found).await.unwrap_or_else(|_| panic!("not in time: {what}"))
}

/// The binary, while the cluster goes on. Its tokens are of this machine's present.
pub(crate) async fn verb(folder: &Path, args: &[&str]) -> Output {
    verb_with(folder, "", args).await
}

/// The same with a token, where the test's present is another.
pub(crate) async fn verb_with(folder: &Path, token: &str, args: &[&str]) -> Output {
    let mut command = jiewang(args);
    command.env("JIEWANG_DATA_DIR", folder);
    if !token.is_empty() {
        command.env("JIEWANG_TOKEN", token);
    }
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

/// Nothing stands in `folder` that `jiewang verify` would not have.
pub(crate) async fn assert_clean(folder: &Path) {
    let verified = verb(folder, &["verify"]).await;
    let told = [&verified.stdout[..], &verified.stderr[..]].map(String::from_utf8_lossy);
    assert_eq!(verified.status.code(), Some(0), "{}", told.concat());
}
