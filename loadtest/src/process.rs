//! Processes beside the bench: started, waited for, their processor time read, ended in order. What such a process uses up is told of it
//! alone, whatever the generator does on the same cores.

use crate::local::{get_json, http};
use anyhow::Context;
use civic::{Actor, Clock as _, Role, SystemClock};
use jiewang::cluster::folder;
use std::{
    fs,
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

const PATIENCE: Duration = Duration::from_secs(120);
const DAY: Duration = Duration::from_secs(24 * 3600);
/// In which the kernel counts processor time, whatever its own clock is.
const TICKS_A_SECOND: f64 = 100.0;

/// Seconds of processor time, user's and system's of all threads, in a line of `/proc/PID/stat`.
pub(crate) fn processor_seconds(stat: &str) -> Option<f64> {
    // The command stands in parentheses and may hold anything. Behind it: state is field 3, utime 14, stime 15.
    let (_, behind) = stat.rsplit_once(')')?;
    let mut fields = behind.split_whitespace().skip(11).map(str::parse::<f64>);
    Some((fields.next()?.ok()? + fields.next()?.ok()?) / TICKS_A_SECOND)
}

/// An address of loopback that nobody listens on.
pub(crate) fn free_address() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?)
}

/// The program from PATH, or from where Debian keeps servers.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin".into()]);
    folders.map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// One process. Dropping it kills it.
pub(crate) struct Process {
    child: Child,
    name: String,
}

impl Process {
    /// What it writes is thrown away.
    pub(crate) fn start(command: &mut Command) -> anyhow::Result<Self> {
        Self::start_heard(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()))
    }

    /// What it writes goes where the command says.
    pub(crate) fn start_heard(command: &mut Command) -> anyhow::Result<Self> {
        let program = Path::new(command.get_program()).to_owned();
        let child = command.spawn().with_context(|| format!("failed to start {}", program.display()))?;
        Ok(Self { child, name: program.file_name().unwrap_or_default().to_string_lossy().into_owned() })
    }

    pub(crate) fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Has it run on one core only.
    pub(crate) fn pin(&self, core: usize) -> anyhow::Result<()> {
        pin(self.child.id(), &core.to_string())
    }

    /// Seconds of processor time until now.
    pub(crate) fn cpu(&self) -> anyhow::Result<f64> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        processor_seconds(&stat).context("the kernel tells no processor time")
    }

    /// A line of the kernel's status of the process, in MiB.
    pub(crate) fn memory(&self, line: &str) -> anyhow::Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let value = status.lines().find_map(|l| l.strip_prefix(line)?.strip_prefix(':'));
        let kibibytes = value.and_then(|v| v.trim().trim_end_matches(" kB").parse::<f64>().ok());
        Ok(kibibytes.context("the kernel tells no memory")? / 1024.0)
    }

    /// Waits until it answers there with 200.
    pub(crate) async fn answers(&mut self, url: &str) -> anyhow::Result<()> {
        let (client, until) = (http(), Instant::now() + PATIENCE);
        while !get_json(&client, url, "").await.is_ok_and(|answer| answer.status == 200) {
            self.goes_on(until, "does not answer").await?;
        }
        Ok(())
    }

    /// Waits until it takes connections there.
    pub(crate) async fn listens(&mut self, address: SocketAddr) -> anyhow::Result<()> {
        let until = Instant::now() + PATIENCE;
        while tokio::net::TcpStream::connect(address).await.is_err() {
            self.goes_on(until, "does not listen").await?;
        }
        Ok(())
    }

    async fn goes_on(&mut self, until: Instant, what: &str) -> anyhow::Result<()> {
        anyhow::ensure!(self.child.try_wait()?.is_none(), "{} has ended", self.name);
        anyhow::ensure!(Instant::now() < until, "{} {what}", self.name);
        tokio::time::sleep(Duration::from_millis(50)).await;
        Ok(())
    }

    /// In good order, as an operator would.
    pub(crate) async fn end(&mut self) -> anyhow::Result<()> {
        self.end_by("-TERM").await
    }

    /// Some programs end in good order by another signal.
    pub(crate) async fn end_by(&mut self, signal: &str) -> anyhow::Result<()> {
        Command::new("kill").args([signal, &self.child.id().to_string()]).status()?;
        self.ended().await
    }

    /// Waits until it has ended by itself.
    pub(crate) async fn ended(&mut self) -> anyhow::Result<()> {
        let until = Instant::now() + PATIENCE;
        while self.child.try_wait()?.is_none() {
            anyhow::ensure!(Instant::now() < until, "{} does not end", self.name);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Only where something failed before the end.
        let _gone_already = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// A `jiewang` that serves, on loopback: the binary that lies beside this one.
pub(crate) struct Jiewang {
    pub(crate) process: Process,
    pub(crate) http: SocketAddr,
    pub(crate) grpc: SocketAddr,
    pub(crate) admin: SocketAddr,
}

impl Jiewang {
    /// `verb` is `up` or `serve` with what stands behind it. Nothing is inherited that would change what it costs.
    pub(crate) fn start(folder: &Path, verb: &[&str], otlp: Option<&str>) -> anyhow::Result<Self> {
        let program = std::env::current_exe()?.with_file_name("jiewang");
        anyhow::ensure!(program.is_file(), "{} is not there: build it first", program.display());
        let (http, grpc, admin) = (free_address()?, free_address()?, free_address()?);
        let mut command = Command::new(&program);
        command.args(verb).arg("--data-dir").arg(folder);
        command.args(["--http", &http.to_string(), "--grpc", &grpc.to_string(), "--admin", &admin.to_string()]);
        command.env_remove("JIEWANG_LOG").env_remove("JIEWANG_OTLP").envs(otlp.map(|url| ("JIEWANG_OTLP", url)));
        Ok(Self { process: Process::start(&mut command)?, http, grpc, admin })
    }
}

/// All threads of a process on these cores, as `taskset` names them.
pub(crate) fn pin(process: u32, cores: &str) -> anyhow::Result<()> {
    let done = Command::new("taskset").args(["-a", "-c", "-p", cores, &process.to_string()]).output()?;
    anyhow::ensure!(done.status.success(), "taskset: {}", String::from_utf8_lossy(&done.stderr));
    Ok(())
}

/// A token of an integrator for a whole city, signed with the key of the folder.
pub(crate) fn token(folder_path: &Path) -> anyhow::Result<String> {
    let key = folder::token_key(&folder::read_secret(folder_path)?);
    let actor = Actor { role: Role::Integrator, subject: "bench".into(), unit: Some("50".parse()?), head: false };
    Ok(mesh::mint(&key, &actor, SystemClock.now(), DAY))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processor_time_is_read_behind_a_command_with_spaces_and_parentheses() {
        let stat = "12 (a) b (c) S 1 12 12 0 -1 4194304 100 0 0 0 250 50 7 8 20 0 4 0 1000 1 1";
        assert_eq!(processor_seconds(stat), Some(3.0));
    }

    #[test]
    fn a_line_that_is_none_tells_no_processor_time() {
        for stat in ["", "12 (a", "12 (a) S 1 12 12 0 -1 4194304 100 0 0 0 250", "12 (a) S 1 1 1 0 -1 4 1 0 0 0 x 5"] {
            assert_eq!(processor_seconds(stat), None, "{stat}");
        }
    }

    #[test]
    fn this_process_has_used_some() {
        assert!(processor_seconds(&fs::read_to_string("/proc/self/stat").unwrap()).is_some());
    }
}
