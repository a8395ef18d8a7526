//! Faults on purpose against a cluster that `make cluster` has started: one process or server after the other is killed, frozen or ended,
//! and started again as it was.
//!
//! What runs is read from `state.json`, how it was started from the `.command` beside its log. A process that is started again has another
//! pid, which is written back, so that `make cluster-down` still ends exactly that cluster.

use crate::{client::Client, until};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    ffi::OsStr,
    fs, io,
    net::SocketAddr,
    os::unix::{ffi::OsStrExt as _, process::CommandExt as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};
use testkit::Seed;
use tokio::net::TcpStream;

/// The longest that a process is frozen: longer than a lease, so that another one takes its work over and it comes back as a zombie.
const LONGEST_FREEZE_MS: u64 = 20_000;

/// Between two looks.
const LOOK: Duration = Duration::from_millis(50);

/// What becomes of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    Kill,
    Freeze(Duration),
    End,
}

impl Fault {
    fn of(seed: &Seed) -> Self {
        match seed.below(3) {
            0 => Self::Kill,
            1 => Self::Freeze(Duration::from_millis(seed.below(LONGEST_FREEZE_MS))),
            _ => Self::End,
        }
    }
}

/// See the module.
#[derive(Debug)]
pub struct Chaos {
    folder: PathBuf,
    state: Value,
    /// What it has started itself.
    children: BTreeMap<String, Child>,
}

/// A process of the cluster.
#[derive(Debug, Clone)]
struct Target {
    name: String,
    pid: u64,
    /// Where it says whether it is ready; a server just listens.
    door: SocketAddr,
    is_server: bool,
}

impl Target {
    async fn is_ready(&self) -> bool {
        match self.is_server {
            true => TcpStream::connect(self.door).await.is_ok(),
            false => Client::new(self.door, None).get("readyz").await.is_ok_and(|answer| answer.status == 200),
        }
    }
}

impl Chaos {
    /// Of the cluster in a folder.
    ///
    /// # Errors
    /// When there is none.
    pub fn of(folder: &Path) -> io::Result<Self> {
        let state = serde_json::from_slice(&fs::read(folder.join("state.json"))?)?;
        Ok(Self { folder: folder.to_owned(), state, children: BTreeMap::new() })
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

    /// Strikes one of them, chosen by chance, and sees it back. Says what it did.
    ///
    /// # Panics
    /// When it does not come back.
    pub async fn strike(&mut self, seed: &Seed) -> String {
        let targets = self.targets();
        let target = &targets[usize::try_from(seed.below(targets.len() as u64)).expect("few")];
        let fault = Fault::of(seed);
        match fault {
            Fault::Freeze(long) => {
                signal(target.pid, "STOP");
                tokio::time::sleep(long).await;
                signal(target.pid, "CONT");
            }
            Fault::Kill => self.again(target, "KILL").await,
            // TERM would have PostgreSQL wait for its clients.
            Fault::End if target.name == "postgres" => self.again(target, "INT").await,
            Fault::End => self.again(target, "TERM").await,
        }
        answers(target).await;
        format!("{}: {fault:?}", target.name)
    }

    fn targets(&self) -> Vec<Target> {
        let servers = self.state["servers"].as_object().into_iter().flatten();
        let server = |(name, value): (&String, &Value)| target(name, value, "address", true);
        let processes = self.state["processes"].as_array().into_iter().flatten();
        let process = |value: &Value| target(value["name"].as_str().unwrap_or_default(), value, "admin", false);
        servers.map(server).chain(processes.map(process)).collect()
    }

    async fn again(&mut self, target: &Target, how: &str) {
        let mut command = started_with(&self.folder, &target.name).expect("every process has a command");
        let log = fs::OpenOptions::new().append(true).open(self.folder.join(format!("{}.log", target.name)));
        let log = log.expect("every process has a log");
        command.stdin(Stdio::null()).stdout(log.try_clone().expect("a file")).stderr(log);
        signal(target.pid, how);
        self.gone(target).await;
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
    }

    /// Waits until a process that was told to end has.
    async fn gone(&mut self, target: &Target) {
        if let Some(mut child) = self.children.remove(&target.name) {
            until("it ends", || {
                let ended = child.try_wait().expect("its own child");
                async move { ended }
            })
            .await;
            return;
        }
        let lives = alive(target.pid);
        until("it ends", || {
            let ended = !lives();
            async move { ended.then_some(()) }
        })
        .await;
    }
}

fn address(value: &Value) -> SocketAddr {
    value.as_str().and_then(|text| text.parse().ok()).expect("an address in state.json")
}

fn target(name: &str, value: &Value, door: &str, is_server: bool) -> Target {
    let pid = value["pid"].as_u64().expect("a pid in state.json");
    Target { name: name.to_owned(), pid, door: address(&value[door]), is_server }
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

/// Whether a process is there, one that has ended and was not yet waited for not counted.
fn alive(pid: u64) -> impl Fn() -> bool {
    move || {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        stat.rsplit_once(')').is_some_and(|(_, rest)| !rest.trim_start().starts_with(['Z', 'X']))
    }
}

/// The command that a process was started with, as the script has noted it.
fn started_with(folder: &Path, name: &str) -> io::Result<Command> {
    let noted = fs::read(folder.join(format!("{name}.command")))?;
    let mut words = noted.split(|byte| *byte == 0).filter(|word| !word.is_empty()).map(OsStr::from_bytes);
    let mut command = Command::new(words.next().unwrap_or_default());
    // A signal to us, such as Ctrl-C, is none to what we have started.
    command.args(words).process_group(0);
    Ok(command)
}

/// To exactly this process.
fn signal(pid: u64, name: &str) {
    let sent = Command::new("sh").arg("-c").arg(format!("kill -{name} {pid}")).status();
    assert!(sent.expect("there is a shell").success(), "signal {name}");
}

async fn answers(target: &Target) {
    until(&format!("{} is ready", target.name), || async { target.is_ready().await.then_some(()) }).await;
}
