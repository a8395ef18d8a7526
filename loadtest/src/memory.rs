//! Resident memory of a real `jiewang up`, a process of its own: idle, and at its highest while cases are loaded over the wire.

use crate::{
    accept::file_at,
    corpus::Corpus,
    figures::{Asked, Sheet},
    local::{get_json, http},
};
use anyhow::Context;
use civic::{Actor, Clock as _, Role, SystemClock};
use jiewang::cluster::folder;
use std::{
    fs,
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

const IDLE_BELOW: f64 = 150.0;
const AT_MOST: f64 = 1024.0;
const PATIENCE: Duration = Duration::from_secs(120);
/// What a process has after it has been left alone for so long is what it has when idle.
const IDLE: Duration = Duration::from_secs(5);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// Files `reports` into an empty cluster.
pub async fn run(sheet: &mut Sheet, reports: usize) -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    let up = Up::start(dir.path()).await?;
    tokio::time::sleep(IDLE).await;
    sheet.row("resident when idle", up.memory("VmRSS")?, "MiB", Asked::Below(IDLE_BELOW));
    let corpus = Arc::new(Corpus::load()?);
    let (began, token) = (Instant::now(), token(dir.path())?);
    let flown = file_at(&corpus, &up.http, &token, reports).await;
    let seconds = began.elapsed().as_secs_f64();
    sheet.row("reports loaded over HTTP, 256 in flight", flown.done as f64, "", Asked::AtLeast(reports as f64));
    sheet.row("at a rate of", flown.done as f64 / seconds, "/s", Asked::Nothing);
    sheet.row("resident when the last was accepted", up.memory("VmRSS")?, "MiB", Asked::Nothing);
    tokio::time::sleep(IDLE).await;
    sheet.row("resident when idle again", up.memory("VmRSS")?, "MiB", Asked::Nothing);
    sheet.row("at its highest (VmHWM)", up.memory("VmHWM")?, "MiB", Asked::AtMost(AT_MOST));
    up.end().await
}

fn token(folder_path: &Path) -> anyhow::Result<String> {
    let key = folder::token_key(&folder::read_secret(folder_path)?);
    let actor = Actor { role: Role::Integrator, subject: "bench".into(), unit: Some("50".parse()?), head: false };
    Ok(mesh::mint(&key, &actor, SystemClock.now(), DAY))
}

/// The process.
struct Up {
    child: Child,
    http: String,
}

impl Up {
    /// The binary that lies beside this one.
    async fn start(folder_path: &Path) -> anyhow::Result<Self> {
        let program = std::env::current_exe()?.with_file_name("jiewang");
        let free = || anyhow::Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.to_string());
        let (http, grpc, admin) = (free()?, free()?, free()?);
        let child = Command::new(&program)
            .arg("up")
            .arg("--data-dir")
            .arg(folder_path)
            .args(["--http", &http, "--grpc", &grpc, "--admin", &admin])
            .env_remove("JIEWANG_LOG")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("failed to start {}: build it first", program.display()))?;
        let mut up = Self { child, http };
        up.is_ready().await?;
        Ok(up)
    }

    async fn is_ready(&mut self) -> anyhow::Result<()> {
        let (client, url, until) = (http(), format!("http://{}/readyz", self.http), Instant::now() + PATIENCE);
        while !get_json(&client, &url, "").await.is_ok_and(|answer| answer.status == 200) {
            anyhow::ensure!(self.child.try_wait()?.is_none(), "jiewang up has ended");
            anyhow::ensure!(Instant::now() < until, "jiewang up is not ready");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    }

    /// A line of the kernel's status of the process, in MiB.
    fn memory(&self, line: &str) -> anyhow::Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let value = status.lines().find_map(|l| l.strip_prefix(line)?.strip_prefix(':'));
        let kibibytes = value.and_then(|v| v.trim().trim_end_matches(" kB").parse::<f64>().ok());
        Ok(kibibytes.context("the kernel tells no memory")? / 1024.0)
    }

    /// In good order, as an operator would.
    async fn end(mut self) -> anyhow::Result<()> {
        Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status()?;
        let until = Instant::now() + PATIENCE;
        while self.child.try_wait()?.is_none() {
            anyhow::ensure!(Instant::now() < until, "jiewang up does not end");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        // Only where something failed before the end.
        let _gone_already = self.child.kill();
        let _reaped = self.child.wait();
    }
}
