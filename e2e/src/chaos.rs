//! Faults on purpose against a cluster that `make cluster` has started: one process or server after the other is killed, frozen, ended,
//! cut off or slowed, and started again as it was.
//!
//! What runs is read from `state.json`, how it was started from the `.command` beside its log. A process that is started again has another
//! pid, which is written back, so that `make cluster-down` still ends exactly that cluster.

mod fault;
mod target;
mod wire;

use crate::{process::verb, until};
use fault::Fault;
use jiewang::room::Room;
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Output, Stdio},
    time::Duration,
};
use target::{Target, address, alive};
use testkit::Seed;
use tokio::time::Instant;
use wire::Wire;

/// Between two looks.
const LOOK: Duration = Duration::from_millis(50);

/// A server that was told to end and has not by then is killed, as a supervisor does: Consul hangs when it is told so while it becomes the
/// leader. Of what is ours that would be a fault to be seen.
const SUPERVISED: Duration = Duration::from_secs(20);

/// See the module.
#[derive(Debug)]
pub struct Chaos {
    folder: PathBuf,
    state: Value,
    /// What it has started itself.
    children: BTreeMap<String, Child>,
    /// Whose turn is still to come.
    waiting: Vec<String>,
    /// Where lines may be cut.
    wire: Option<Wire>,
}

/// What was done to whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Strike {
    pub target: String,
    /// One word.
    pub fault: &'static str,
    /// With how long it took.
    pub told: String,
}

impl Chaos {
    /// Of the cluster in a folder.
    ///
    /// # Errors
    /// When there is none.
    pub fn of(folder: &Path) -> io::Result<Self> {
        let state = serde_json::from_slice(&fs::read(folder.join("state.json"))?)?;
        Ok(Self {
            folder: folder.to_owned(),
            state,
            children: BTreeMap::new(),
            waiting: Vec::new(),
            wire: Wire::here(),
        })
    }

    /// Where its gateways listen.
    ///
    /// # Panics
    /// When `state.json` is none.
    #[must_use]
    pub fn gateways(&self) -> Vec<SocketAddr> {
        self.state["gateways"].as_array().into_iter().flatten().map(address).collect()
    }

    /// Where one of its servers listens.
    ///
    /// # Panics
    /// When it has none of that name.
    #[must_use]
    pub fn server(&self, name: &str) -> SocketAddr {
        address(&self.state["servers"][name]["address"])
    }

    /// What `jiewang verify` says of the cluster's databases when nothing is left to do: every event has reached its consumers, every
    /// timer that was due has fired, no case is parked, and every log is what each replica has witnessed. `None` for as long as something lies for more than a second.
    ///
    /// # Panics
    /// When the cluster's folder cannot be written to.
    #[must_use]
    pub fn at_rest(&self) -> Option<String> {
        let out = self.verify();
        let told = String::from_utf8_lossy(&out.stdout).into_owned();
        let mut looked = told.lines().filter(|line| line.contains("looked at"));
        let at_rest = out.status.success() && looked.all(|line| line.trim_end().ends_with(", 0 parked"));
        (at_rest && self.audited()).then_some(told)
    }

    /// Whether what each of its processes has witnessed is what the databases hold.
    fn audited(&self) -> bool {
        let services: Vec<&str> = Room::services().map(|(_, service)| service.name).collect();
        self.processes().iter().all(|process| {
            let Some(service) = services.iter().find(|service| process.starts_with(*service)) else { return true };
            let folder = self.folder.join(process).join("audit");
            let audit = ["audit", "verify", "--service", service, "--audit-dir"].map(str::to_owned).into_iter();
            verb(audit.chain([folder.display().to_string()]).chain(self.stores())).status.success()
        })
    }

    fn verify(&self) -> Output {
        verb(["verify", "--late", "1"].map(str::to_owned).into_iter().chain(self.stores()))
    }

    /// Where its databases are, for a verb that opens them.
    fn stores(&self) -> Vec<String> {
        let folder = self.folder.join("verify");
        fs::create_dir_all(&folder).expect("a folder for verify");
        for file in ["cluster.id", "cluster.key"] {
            fs::copy(self.folder.join("gateway-1").join(file), folder.join(file)).expect("a member of the cluster");
        }
        let port = self.server("postgres").port();
        let database = |name| format!("{name}=postgres://postgres@127.0.0.1:{port}/{name}");
        let databases = Room::services().flat_map(|(_, service)| ["--postgres".to_owned(), database(service.name)]);
        ["--data-dir".to_owned(), folder.display().to_string()].into_iter().chain(databases).collect()
    }

    /// Whether lines are cut and slowed, too.
    #[must_use]
    pub fn cuts_lines(&self) -> bool {
        self.wire.is_some()
    }

    /// Strikes the next of them and sees it back. Each has its turn, in an order by chance, before one is struck again. Says what it did.
    ///
    /// # Panics
    /// When it does not come back.
    pub async fn strike(&mut self, seed: &Seed) -> Strike {
        let target = &self.next(seed);
        let fault = Fault::by_chance(seed, self.wire.is_some());
        match (fault, self.wire) {
            (Fault::Kill, _) => drop(self.again(target, "KILL").await),
            // TERM would have PostgreSQL wait for its clients.
            (Fault::End, _) if target.name == "postgres" => drop(self.again(target, "INT").await),
            (Fault::End, _) => drop(self.again(target, "TERM").await),
            (Fault::Freeze { long }, _) => {
                target.signal("STOP");
                tokio::time::sleep(long).await;
                target.signal("CONT");
            }
            (Fault::Cut { long }, Some(wire)) => {
                let _rules = wire.cut(&target.ports()).expect("rules are taken");
                tokio::time::sleep(long).await;
            }
            (Fault::Slow { long, delay }, Some(wire)) => {
                let _line = wire.slow(target.busiest_door(), delay).expect("rules are taken");
                tokio::time::sleep(long).await;
            }
            (Fault::Cut { .. } | Fault::Slow { .. }, None) => unreachable!("not by chance where there is no wire"),
        }
        target.becomes_ready().await;
        Strike { target: target.name.clone(), fault: fault.name(), told: format!("{}: {fault:?}", target.name) }
    }

    /// Every process that is a gateway or a service, those of one service beside each other.
    #[must_use]
    pub fn processes(&self) -> Vec<String> {
        self.targets().into_iter().filter(|target| !target.is_server).map(|target| target.name).collect()
    }

    /// Where a process is called: a gateway's HTTP, a service's gRPC.
    ///
    /// # Panics
    /// When there is none of that name.
    #[must_use]
    pub fn door(&self, process: &str) -> SocketAddr {
        self.target(process).busiest_door()
    }

    /// Names of the metrics that its processes serve.
    ///
    /// # Panics
    /// When one does not answer.
    pub async fn metrics(&self) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        for target in self.targets().into_iter().filter(|target| !target.is_server) {
            let text = target.metrics().await.expect("every process serves metrics");
            let lines = text.lines().filter(|line| !line.starts_with('#'));
            names.extend(lines.filter_map(|line| Some(line.split(['{', ' ']).next()?.to_owned())));
        }
        names
    }

    /// Ends a process in good order and starts it again; how long the end took.
    ///
    /// # Panics
    /// When there is none of that name, and when it does not come back.
    pub async fn restart(&mut self, process: &str) -> Duration {
        let target = self.target(process);
        let took = self.again(&target, "TERM").await;
        target.becomes_ready().await;
        took
    }

    fn next(&mut self, seed: &Seed) -> Target {
        if self.waiting.is_empty() {
            self.waiting = self.targets().into_iter().map(|target| target.name).collect();
        }
        let chosen = seed.below(self.waiting.len() as u64);
        let name = self.waiting.swap_remove(usize::try_from(chosen).expect("few"));
        self.targets().into_iter().find(|target| target.name == name).expect("what there was")
    }

    /// Freezes a process until it is thawed.
    ///
    /// # Panics
    /// When there is none of that name.
    pub fn freeze(&self, process: &str) {
        self.target(process).signal("STOP");
    }

    /// See [`Self::freeze`].
    ///
    /// # Panics
    /// When there is none of that name.
    pub fn thaw(&self, process: &str) {
        self.target(process).signal("CONT");
    }

    fn target(&self, name: &str) -> Target {
        self.targets().into_iter().find(|target| target.name == name).expect("a process of the cluster")
    }

    fn targets(&self) -> Vec<Target> {
        // What has no pid is not of this cluster: a collector that somebody named.
        let servers =
            self.state["servers"].as_object().into_iter().flatten().filter(|(_, server)| server["pid"].is_u64());
        let processes = self.state["processes"].as_array().into_iter().flatten();
        servers.map(|(name, value)| Target::server(name, value)).chain(processes.map(Target::process)).collect()
    }

    /// How long it took to end.
    async fn again(&mut self, target: &Target, how: &str) -> Duration {
        let mut command = target.command(&self.folder).expect("every process has a command");
        let log = fs::OpenOptions::new().append(true).open(self.folder.join(format!("{}.log", target.name)));
        let log = log.expect("every process has a log");
        command.stdin(Stdio::null()).stdout(log.try_clone().expect("a file")).stderr(log);
        let began = Instant::now();
        if how == "KILL" {
            target.kill()
        } else {
            target.signal(how)
        }
        if target.is_server && tokio::time::timeout(SUPERVISED, self.gone(target)).await.is_err() {
            target.kill();
        }
        self.gone(target).await;
        let took = began.elapsed();
        // PostgreSQL refuses to start while children of the one that was killed are still there.
        until(&format!("{} starts again", target.name), || {
            let child = command.spawn().expect("it could be started before");
            let slot = self.children.entry(target.name.clone()).insert_entry(child).into_mut();
            let pid = u64::from(slot.id());
            note(&mut self.state, target, pid);
            let lives = alive(pid);
            async move {
                while lives() {
                    if target.is_ready().await {
                        return Some(());
                    }
                    tokio::time::sleep(LOOK).await;
                }
                None
            }
        })
        .await;
        let state = serde_json::to_vec(&self.state).expect("JSON");
        // Renamed into place: a full disk leaves the old one, and who reads meanwhile a whole one.
        let (file, beside) = (self.folder.join("state.json"), self.folder.join("state.json.new"));
        fs::write(&beside, state).and_then(|()| fs::rename(beside, file)).expect("the state can be written");
        took
    }

    /// Waits until a process that was told to end has.
    async fn gone(&mut self, target: &Target) {
        let what = format!("{} ends", target.name);
        if let Some(child) = self.children.get_mut(&target.name) {
            until(&what, || {
                let ended = child.try_wait().expect("its own child");
                async move { ended }
            })
            .await;
            self.children.remove(&target.name);
            return;
        }
        let lives = alive(target.pid);
        until(&what, || {
            let ended = !lives();
            async move { ended.then_some(()) }
        })
        .await;
    }
}

/// Writes another pid into the state.
fn note(state: &mut Value, target: &Target, pid: u64) {
    if let Some(server) = state["servers"].get_mut(&target.name) {
        server["pid"] = json!(pid);
    }
    for process in state["processes"].as_array_mut().into_iter().flatten() {
        if process["name"] == target.name.as_str() {
            process["pid"] = json!(pid);
        }
    }
}
