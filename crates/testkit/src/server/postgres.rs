//! A PostgreSQL of one test.
use super::process::{Log, Process};
use super::{PORTS_TRIED, find, free_port, skip};
use anyhow::{Context, Result, ensure};
use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

const READY: &str = "database system is ready to accept connections";

/// A PostgreSQL with fsync on and trust on loopback, as Debian's defaults leave it otherwise. It refuses to run as root, so a test that does hands it
/// to the user postgres (or nobody). Dropping it ends the process and removes its folder.
pub struct PostgresServer {
    program: PathBuf,
    user: Option<(u32, u32)>,
    port: u16,
    process: Option<Process>,
    // After the process: fields are dropped in order.
    folder: TempDir,
}

impl PostgresServer {
    /// Starts one with an empty database `postgres`. `None`, and a line saying so, where there is no PostgreSQL; in CI that is a panic.
    pub fn start(test: &str) -> Option<Self> {
        let (Some(initdb), Some(program)) = (find("initdb"), find("postgres")) else {
            skip(test, "postgresql");
            return None;
        };
        Some(Self::start_program(&initdb, program).expect("a postgresql that is installed starts"))
    }

    fn start_program(initdb: &Path, program: PathBuf) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("jiewang-postgres-").tempdir()?;
        let user = if fs::metadata("/proc/self")?.uid() == 0 { Some(unprivileged()?) } else { None };
        if let Some((uid, gid)) = user {
            chown(folder.path(), Some(uid), Some(gid))?;
        }
        let mut server = Self { program, user, port: 0, process: None, folder };
        server.create(initdb)?;
        let mut tried = Ok(());
        for _ in 0..PORTS_TRIED {
            server.port = free_port();
            tried = server.launch();
            if tried.is_ok() {
                break;
            }
        }
        tried.map(|()| server)
    }

    fn create(&self, initdb: &Path) -> Result<()> {
        // The new files need no fsync, only what is written from the start of the server on.
        let made = self
            .command(initdb)
            .args(["-U", "postgres", "--auth", "trust", "--encoding", "UTF8", "--no-locale", "--no-sync"])
            .output()
            .context("initdb")?;
        ensure!(made.status.success(), "initdb failed: {}", String::from_utf8_lossy(&made.stderr));
        Ok(())
    }

    fn launch(&mut self) -> Result<()> {
        let mut command = self.command(&self.program);
        command.args(["-h", "127.0.0.1", "-p", &self.port.to_string()]).arg("-k").arg(self.folder.path()).args([
            "-c",
            "fsync=on",
            "-c",
            "logging_collector=off",
            "-c",
            "lc_messages=C",
        ]);
        self.process = Some(Process::start(command, &Log::Stderr, READY).context("postgres")?);
        Ok(())
    }

    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.arg("-D").arg(self.folder.path().join("data")).current_dir(self.folder.path());
        if let Some((uid, gid)) = self.user {
            command.uid(uid).gid(gid);
        }
        command
    }

    /// Address of the database `postgres` for its superuser; the same after a restart.
    pub fn url(&self) -> String {
        self.database_url("postgres")
    }

    /// Address of another database of this server, which must have been created.
    pub fn database_url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }

    /// Process id while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.process.as_ref().map(Process::pid)
    }

    /// Ends it in good order ("fast": open transactions are rolled back), if it runs.
    pub fn stop(&mut self) {
        if let Some(process) = self.process.take() {
            process.stop("INT");
        }
    }

    /// Ends the postmaster at once; its children notice and go. What was committed must come back by recovery.
    pub fn kill_9(&mut self) {
        if let Some(process) = self.process.take() {
            process.kill();
        }
    }

    /// Starts it again on the same port with what its folder holds, after stopping it if it runs.
    pub fn restart(&mut self) {
        self.stop();
        self.launch().expect("a postgresql that ran before runs again");
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        // "Immediate": nothing of it is wanted any more, but its children should go with it.
        if let Some(process) = self.process.take() {
            process.stop("QUIT");
        }
    }
}

/// User and group id of postgres, else of nobody.
fn unprivileged() -> Result<(u32, u32)> {
    let passwd = fs::read_to_string("/etc/passwd")?;
    let ids = |name: &str| {
        let line = passwd.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut fields = line.split(':').skip(2);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    };
    ids("postgres").or_else(|| ids("nobody")).context("neither a user postgres nor nobody")
}
