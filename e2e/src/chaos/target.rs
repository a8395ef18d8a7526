//! A process of the cluster, as its state and its command tell of it.

use crate::{client::Client, until};
use serde_json::Value;
use std::{
    ffi::OsStr,
    fs, io,
    net::SocketAddr,
    os::unix::{ffi::OsStrExt as _, process::CommandExt as _},
    path::Path,
    process::Command,
};
use tokio::net::TcpStream;

#[derive(Debug, Clone)]
pub(super) struct Target {
    pub(super) name: String,
    pub(super) pid: u64,
    /// Where it says whether it is ready; a server just listens.
    door: SocketAddr,
    /// Where others call it.
    pub(super) served: Vec<SocketAddr>,
    pub(super) is_server: bool,
}

impl Target {
    pub(super) fn server(name: &str, value: &Value) -> Self {
        let door = address(&value["address"]);
        Self { name: name.to_owned(), pid: pid(value), door, served: vec![door], is_server: true }
    }

    pub(super) fn process(value: &Value) -> Self {
        let name = value["name"].as_str().unwrap_or_default().to_owned();
        let served = ["grpc", "http"].into_iter().filter(|door| value[door].is_string());
        let served = served.map(|door| address(&value[door])).collect();
        Self { name, pid: pid(value), door: address(&value["admin"]), served, is_server: false }
    }

    /// Where most of what it is for arrives: a gateway's HTTP, a service's gRPC.
    pub(super) fn busiest_door(&self) -> SocketAddr {
        *self.served.last().expect("every process serves")
    }

    pub(super) fn ports(&self) -> Vec<u16> {
        self.served.iter().map(SocketAddr::port).collect()
    }

    pub(super) async fn is_ready(&self) -> bool {
        match self.is_server {
            true => TcpStream::connect(self.door).await.is_ok(),
            false => Client::new(self.door, None).get("readyz").await.is_ok_and(|answer| answer.status == 200),
        }
    }

    pub(super) async fn metrics(&self) -> Option<String> {
        let answer = Client::new(self.door, None).get("metrics").await.ok()?;
        String::from_utf8(answer.body.to_vec()).ok()
    }

    pub(super) async fn becomes_ready(&self) {
        until(&format!("{} is ready", self.name), || async { self.is_ready().await.then_some(()) }).await;
    }

    /// To exactly this process.
    pub(super) fn signal(&self, name: &str) {
        let sent = Command::new("sh").arg("-c").arg(format!("kill -{name} {}", self.pid)).status();
        assert!(sent.expect("there is a shell").success(), "signal {name} to {}", self.name);
    }

    /// As its machine dies, with whatever it has started: a backend of PostgreSQL outlives its server otherwise, for as long as it waits
    /// for a client that was cut off, and nothing starts over the same data meanwhile.
    pub(super) fn kill(&self) {
        let children = fs::read_to_string(format!("/proc/{0}/task/{0}/children", self.pid)).unwrap_or_default();
        self.signal("KILL");
        // Most have ended by themselves.
        drop(Command::new("sh").arg("-c").arg(format!("kill -KILL {children} 2>/dev/null")).status());
    }

    /// The command that it was started with, as the script has noted it.
    pub(super) fn command(&self, folder: &Path) -> io::Result<Command> {
        let noted = fs::read(folder.join(format!("{}.command", self.name)))?;
        let mut words = noted.split(|byte| *byte == 0).filter(|word| !word.is_empty()).map(OsStr::from_bytes);
        let mut command = Command::new(words.next().unwrap_or_default());
        // A signal to us, such as Ctrl-C, is none to what we have started.
        command.args(words).process_group(0);
        Ok(command)
    }
}

pub(super) fn address(value: &Value) -> SocketAddr {
    value.as_str().and_then(|text| text.parse().ok()).expect("an address in state.json")
}

fn pid(value: &Value) -> u64 {
    value["pid"].as_u64().expect("a pid in state.json")
}

/// Whether a process is there, one that has ended and was not yet waited for not counted.
pub(super) fn alive(pid: u64) -> impl Fn() -> bool {
    move || {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        stat.rsplit_once(')').is_some_and(|(_, rest)| !rest.trim_start().starts_with(['Z', 'X']))
    }
}
