//! A cluster of separate processes, two of each service and of the gateway, over PostgreSQL, Redis and Consul, encrypted: what
//! `make cluster` starts, with the binary that lies beside this one.

use crate::{
    corpus::{Corpus, random_id},
    local::{HttpClient, http, post_json},
};
use civic::{Actor, Clock as _, Role, SystemClock};
use e2e::{chaos::Chaos, standing::Standing};
use rand::{SeedableRng as _, rngs::SmallRng};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use tempfile::TempDir;
use tokio::task::JoinSet;

const DAY: Duration = Duration::from_secs(24 * 3600);

/// See the module. Dropping it ends the cluster.
pub struct Fleet {
    pub chaos: Chaos,
    pub gateways: Vec<String>,
    key: mesh::TokenKey,
    // In this order: the cluster is ended before its folder is removed.
    _standing: Standing,
    folder: TempDir,
}

impl Fleet {
    pub fn start() -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("jiewang-bench-fleet-").tempdir()?;
        let standing = Standing::start(folder.path())?;
        let chaos = Chaos::of(folder.path())?;
        let gateways = chaos.gateways().iter().map(|gateway| format!("http://{gateway}")).collect();
        let key = jiewang::folder::read_key(&folder.path().join("gateway-1"))?;
        Ok(Self { chaos, gateways, key, _standing: standing, folder })
    }

    /// A token of the cluster.
    pub fn mint(&self, role: Role) -> anyhow::Result<String> {
        let actor = Actor { role, subject: "bench".into(), unit: Some("50".parse()?), head: false };
        Ok(mesh::mint(&self.key, &actor, SystemClock.now(), DAY))
    }

    /// Where the data folders of its processes lie, and its authority.
    pub fn path(&self, of: &str) -> PathBuf {
        self.folder.path().join(of)
    }

    /// Clients who file reports as the hotline does, so many a second, until they are told to stop.
    pub fn filing(&self, rate: f64, seed: u64) -> anyhow::Result<Filing> {
        let client = Client {
            http: http(),
            gateways: self.gateways.clone().into(),
            token: self.mint(Role::Integrator)?.into(),
            filed: Arc::default(),
        };
        let (filed, stop) = (Arc::clone(&client.filed), Arc::new(AtomicBool::new(false)));
        let mut calls = JoinSet::new();
        calls.spawn(file(client, rate, seed, Arc::clone(&stop)));
        Ok(Filing { filed, stop, calls })
    }
}

/// What became of requests that were sent at their instants.
#[derive(Debug, Default)]
pub struct Filed {
    pub sent: AtomicUsize,
    pub accepted: AtomicUsize,
    /// Sent once more, to the other gateway, by why: the first was gone, or said that it could not.
    pub repeated: Mutex<BTreeMap<String, usize>>,
}

/// See [`Fleet::filing`].
pub struct Filing {
    filed: Arc<Filed>,
    stop: Arc<AtomicBool>,
    calls: JoinSet<()>,
}

impl Filing {
    /// Waits for the answers that are still out.
    pub async fn stop(mut self) -> Arc<Filed> {
        self.stop.store(true, Ordering::SeqCst);
        while self.calls.join_next().await.is_some() {}
        self.filed
    }
}

#[derive(Clone)]
struct Client {
    http: HttpClient,
    gateways: Arc<[String]>,
    token: Arc<str>,
    filed: Arc<Filed>,
}

async fn file(client: Client, rate: f64, seed: u64, stop: Arc<AtomicBool>) {
    let corpus = Corpus::load().expect("the corpus is in the binary");
    let mut rng = SmallRng::seed_from_u64(seed);
    let (began, mut calls) = (Instant::now(), JoinSet::new());
    for n in 0.. {
        tokio::time::sleep_until((began + Duration::from_secs_f64(n as f64 / rate)).into()).await;
        if stop.load(Ordering::SeqCst) {
            break;
        }
        calls.spawn(client.clone().call(n, corpus.body(n, &random_id(&mut rng))));
        while calls.try_join_next().is_some() {}
    }
    calls.join_all().await;
}

impl Client {
    /// At one gateway and, as any client does whose request may be repeated, once more at the other when the first is not there.
    async fn call(self, n: usize, body: Value) {
        self.filed.sent.fetch_add(1, Ordering::SeqCst);
        for attempt in 0..2 {
            let url = format!("{}/v1/reports", self.gateways[(n + attempt) % self.gateways.len()]);
            let why = match post_json(&self.http, &url, &self.token, "", &body).await {
                Ok(answer) if answer.status == 200 => {
                    self.filed.accepted.fetch_add(1, Ordering::SeqCst);
                    return;
                }
                Ok(answer) => answer.reason(),
                Err(_) => "no answer".to_owned(),
            };
            *self.filed.repeated.lock().unwrap_or_else(PoisonError::into_inner).entry(why).or_default() += 1;
        }
    }
}
