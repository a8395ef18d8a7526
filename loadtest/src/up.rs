//! A real `jiewang up`, a process of its own.

use crate::local::{get_json, http};
use anyhow::Context;
use civic::{Actor, Clock as _, Role, SystemClock};
use jiewang::cluster::folder;
use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

const PATIENCE: Duration = Duration::from_secs(120);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// The process.
pub struct Up {
    child: Child,
    folder: PathBuf,
    pub http: String,
}

impl Up {
    /// The binary that lies beside this one.
    pub async fn start(folder_path: &Path) -> anyhow::Result<Self> {
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
        let mut up = Self { child, folder: folder_path.to_owned(), http };
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

    /// A token of the hotline.
    pub fn token(&self) -> anyhow::Result<String> {
        let key = folder::token_key(&folder::read_secret(&self.folder)?);
        let actor = Actor { role: Role::Integrator, subject: "bench".into(), unit: Some("50".parse()?), head: false };
        Ok(mesh::mint(&key, &actor, SystemClock.now(), DAY))
    }

    /// Has it run on one core only.
    pub fn pin(&self, core: usize) -> anyhow::Result<()> {
        pin(self.child.id(), &core.to_string())
    }

    /// A line of the kernel's status of the process, in MiB.
    pub fn memory(&self, line: &str) -> anyhow::Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let value = status.lines().find_map(|l| l.strip_prefix(line)?.strip_prefix(':'));
        let kibibytes = value.and_then(|v| v.trim().trim_end_matches(" kB").parse::<f64>().ok());
        Ok(kibibytes.context("the kernel tells no memory")? / 1024.0)
    }

    /// In good order, as an operator would.
    pub async fn end(mut self) -> anyhow::Result<()> {
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

/// All threads of a process on these cores, as `taskset` names them.
pub fn pin(process: u32, cores: &str) -> anyhow::Result<()> {
    let done = Command::new("taskset").args(["-a", "-c", "-p", cores, &process.to_string()]).output()?;
    anyhow::ensure!(done.status.success(), "taskset: {}", String::from_utf8_lossy(&done.stderr));
    Ok(())
}
