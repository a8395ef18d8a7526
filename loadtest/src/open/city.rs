//! Those who send: citizens, the hotline, grid workers, devices, dispatchers and units of eight towns, each with a token of the role.

mod body;
mod known;

use super::{drive::Outcome, mix::Kind};
use crate::{
    corpus::{Corpus, random_id},
    lifecycle::TOWNS,
    local::{Answer, HttpClient, get_json, http, post_json, post_pressing},
};
use anyhow::{Context, ensure};
use civic::{Actor, Clock as _, Role, SystemClock};
use futures_util::{StreamExt as _, stream};
use jiewang::{cluster::folder as cluster, folder};
use known::{Known, Next, Order};
use rand::{SeedableRng as _, rngs::SmallRng};
use serde_json::Value;
use std::{
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// Connections that are opened before the run.
const WARM_AT_ONCE: usize = 16;

/// Where a cluster is spoken to: its gateways, in turn.
#[derive(Debug, Clone)]
pub struct Doors(Vec<String>);

impl Doors {
    /// # Errors
    /// When one is no address of a gateway.
    pub fn new(gateways: Vec<String>) -> anyhow::Result<Self> {
        ensure!(!gateways.is_empty(), "no gateway is named");
        for gateway in &gateways {
            ensure!(gateway.starts_with("http://"), "{gateway} is no address of a gateway: it must begin with http://");
        }
        Ok(Self(gateways.iter().map(|gateway| gateway.trim_end_matches('/').to_owned()).collect()))
    }

    /// The gateways of the cluster at work in a folder: `state.json` of `make cluster`, `run.json` of `jiewang up`.
    ///
    /// # Errors
    /// When there is neither.
    pub fn of_folder(folder: &Path) -> anyhow::Result<Self> {
        if let Ok(text) = std::fs::read(folder.join("state.json")) {
            let state: Value = serde_json::from_slice(&text).context("state.json cannot be read")?;
            let gateways = state["gateways"].as_array().into_iter().flatten().filter_map(Value::as_str);
            return Self::new(gateways.map(|address| format!("http://{address}")).collect());
        }
        let run = cluster::read_run(folder).and_then(|run| run.http);
        let address = run.with_context(|| {
            format!(
                "no cluster was at work in {}: start one (make run, make cluster) or name its folder and gateway",
                folder.display()
            )
        })?;
        Self::new(vec![format!("http://{address}")])
    }

    fn of(&self, n: usize) -> &str {
        &self.0[n % self.0.len()]
    }

    /// # Errors
    /// When one does not answer, or is not ready.
    pub async fn are_ready(&self) -> anyhow::Result<()> {
        for door in &self.0 {
            let answer = get_json(&http(), &format!("{door}/readyz"), "").await;
            let answer = answer.with_context(|| format!("nothing answers at {door}"))?;
            ensure!(answer.status == 200, "{door} is not ready: {}", answer.reason());
        }
        Ok(())
    }

    #[must_use]
    pub fn words(&self) -> String {
        self.0.join(", ")
    }
}

/// Development tokens.
struct Tokens {
    integrator: String,
    city: String,
    dispatchers: Vec<String>,
    grids: Vec<String>,
    units: Vec<String>,
}

impl Tokens {
    fn mint(key: &mesh::TokenKey, lasting: Duration) -> anyhow::Result<Self> {
        let mint = |role, unit: &str| -> anyhow::Result<String> {
            let actor = Actor::member(role, format!("load-{role}"), unit.parse()?);
            Ok(mesh::mint(key, &actor, SystemClock.now(), lasting))
        };
        let each = |role, suffix: &str| -> anyhow::Result<Vec<String>> {
            TOWNS.iter().map(|town| mint(role, &format!("{town}{suffix}"))).collect()
        };
        Ok(Self {
            integrator: mint(Role::Integrator, "50")?,
            city: mint(Role::CityDispatcher, "50")?,
            dispatchers: each(Role::TownDispatcher, "")?,
            // The first village of each town.
            grids: each(Role::GridWorker, "001-wangge")?,
            units: each(Role::DepartmentHandler, "-minsheng")?,
        })
    }
}

/// See the module.
pub struct City {
    client: HttpClient,
    doors: Doors,
    tokens: Tokens,
    corpus: Corpus,
    /// Request ids must not be those of another run, which the cluster would answer with its first answer.
    salt: u64,
    /// What the rows of a bulk upload say of when it was, all the same.
    bulk_time: String,
    known: Mutex<Known>,
}

impl City {
    /// Tokens are signed with the key in the cluster's folder and last for so long.
    ///
    /// # Errors
    /// When there is no key.
    pub fn new(doors: Doors, folder_path: &Path, lasting: Duration) -> anyhow::Result<Self> {
        let tokens = Tokens::mint(&folder::read_key(folder_path)?, lasting)?;
        let now = SystemClock.now();
        Ok(Self {
            client: http(),
            doors,
            tokens,
            corpus: Corpus::load()?,
            salt: now.0.unsigned_abs(),
            bulk_time: now.to_string(),
            known: Mutex::default(),
        })
    }

    /// The `n`th request of the run.
    pub async fn act(&self, n: usize, kind: Kind) -> Outcome {
        match kind {
            Kind::Citizen => self.file_as_citizen(n).await,
            Kind::Hotline => self.file(n, &self.tokens.integrator, self.corpus.body(n, &self.id(n))).await,
            Kind::Grid => self.file(n, &self.tokens.grids[n % TOWNS.len()], body::grid(n, &self.id(n))).await,
            Kind::Device => self.file(n, &self.tokens.integrator, body::device(n, &self.id(n))).await,
            Kind::Emergency => self.file_emergency(n).await,
            Kind::Bulk => {
                self.file(n, &self.tokens.integrator, body::bulk(n, &self.id(n), self.salt, &self.bulk_time)).await
            }
            Kind::Track => self.track(n).await,
            Kind::List => self.list(n).await,
            Kind::Step => self.step(n).await,
        }
    }

    /// Files so many reports of citizens, not counted, so that there is something to look for from the first instant on, connections
    /// are open, and pages were read. They are the first requests of the run by their numbers.
    ///
    /// # Errors
    /// When one is refused: nothing that was measured then would mean anything.
    pub async fn warm(&self, count: usize) -> anyhow::Result<()> {
        let mut filed = stream::iter(0..count).map(|n| self.file_as_citizen(n)).buffer_unordered(WARM_AT_ONCE);
        while let Some(outcome) = filed.next().await {
            ensure!(outcome == Outcome::Ok, "a citizen's report is not taken: {}", outcome.word());
        }
        Ok(())
    }

    /// Random, as clients choose them, and another one for each request of each run.
    fn id(&self, n: usize) -> String {
        random_id(&mut SmallRng::seed_from_u64(self.salt ^ (n as u64).rotate_left(32)))
    }

    async fn post(&self, n: usize, path: &str, token: &str, position: &str, body: &Value) -> Result<Answer, Outcome> {
        let url = format!("{}{path}", self.doors.of(n));
        judged(post_json(&self.client, &url, token, position, body).await)
    }

    async fn file(&self, n: usize, token: &str, body: Value) -> Outcome {
        match self.post(n, "/v1/reports", token, "", &body).await {
            Ok(_) => Outcome::Ok,
            Err(outcome) => outcome,
        }
    }

    async fn file_emergency(&self, n: usize) -> Outcome {
        let (url, body) = (format!("{}/v1/reports", self.doors.of(n)), body::emergency(n, &self.id(n)));
        let answer = post_pressing(&self.client, &url, &self.tokens.integrator, &body).await;
        judged(answer).map_or_else(|outcome| outcome, |_| Outcome::Ok)
    }

    async fn file_as_citizen(&self, n: usize) -> Outcome {
        let filed = match self.post(n, "/v1/reports", "", "", &body::citizen(n, &self.id(n))).await {
            Ok(filed) => filed,
            Err(outcome) => return outcome,
        };
        if let (Some(number), Some(name)) = (filed.body["trackingNumber"].as_str(), filed.body["workOrder"].as_str()) {
            self.known().file(Order {
                name: name.to_owned(),
                number: number.to_owned(),
                town: n % TOWNS.len(),
                position: filed.position,
                next: Next::Accept,
            });
        }
        Outcome::Ok
    }

    async fn track(&self, n: usize) -> Outcome {
        let Some(number) = self.known().look(n) else { return Outcome::NothingThere };
        match self.post(n, "/v1/reports:track", "", "", &body::track(&number)).await {
            Ok(_) => Outcome::Ok,
            Err(outcome) => outcome,
        }
    }

    /// A town's dispatcher looks at what is assigned there; one look in five is of the whole city's red lamps.
    async fn list(&self, n: usize) -> Outcome {
        let town = n % TOWNS.len();
        let (token, query) = match n % 5 {
            0 => (&self.tokens.city, "lamp=RED".to_owned()),
            _ => (&self.tokens.dispatchers[town], format!("state=ASSIGNED&divisionCode={}", TOWNS[town])),
        };
        let url = format!("{}/v1/workOrders?pageSize=50&{query}", self.doors.of(n));
        match judged(get_json(&self.client, &url, token).await) {
            Ok(_) => Outcome::Ok,
            Err(outcome) => outcome,
        }
    }

    async fn step(&self, n: usize) -> Outcome {
        let Some(order) = self.known().take() else { return Outcome::NothingThere };
        let (path, body) = body::step(&order, &self.id(n));
        let token = if order.next == Next::Rate { "" } else { &self.tokens.units[order.town] };
        match self.post(n, &path, token, &order.position, &body).await {
            Ok(answer) => {
                self.known().done(order, answer.position);
                Outcome::Ok
            }
            // The order is left as it is: what the cluster has made of the step is not known here.
            Err(outcome) => outcome,
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn judged(answer: anyhow::Result<Answer>) -> Result<Answer, Outcome> {
    match answer {
        Ok(answer) if answer.status == 200 => Ok(answer),
        Ok(answer) => Err(Outcome::Refused(answer.reason())),
        Err(_) => Err(Outcome::NoAnswer),
    }
}
