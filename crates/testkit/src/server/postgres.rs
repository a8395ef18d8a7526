//! A PostgreSQL of one test.
use super::listening::{Listening, Program};
use super::process::Log;
use super::{find, skip};
use anyhow::{Context, Result, ensure};
use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

const READY: &str = "database system is ready to accept connections";
const READY_TO_READ: &str = "database system is ready to accept read-only connections";

/// A PostgreSQL with fsync on and trust on loopback, as Debian's defaults leave it otherwise. It refuses to run as root, so a test that does hands it
/// to the user postgres (or nobody). Dropping it ends the process and removes its folder.
pub struct PostgresServer(Listening);

impl PostgresServer {
    /// Starts one with an empty database `postgres`. `None`, and a line saying so, where there is no PostgreSQL; in CI that is a panic.
    pub fn start(test: &str) -> Option<Self> {
        Self::start_over(test, READY, |folder| {
            // The new files need no fsync, only what is written from the start of the server on.
            let args = ["-U", "postgres", "--auth", "trust", "--encoding", "UTF8", "--no-locale", "--no-sync"];
            run("initdb", folder, &args)
        })
    }

    /// One that follows another and can be promoted when that is gone.
    pub fn replica_of(test: &str, primary: &Self) -> Option<Self> {
        let port = primary.0.port().to_string();
        Self::start_over(test, READY_TO_READ, |folder| {
            let args =
                ["-h", "127.0.0.1", "-p", &port, "-U", "postgres", "-R", "-X", "stream", "-c", "fast", "--no-sync"];
            run("pg_basebackup", folder, &args)
        })
    }

    fn start_over(test: &str, ready: &'static str, prepare: impl FnOnce(&Path) -> Result<()>) -> Option<Self> {
        let (Some(_), Some(program)) = (find("initdb"), find("postgres")) else {
            skip(test, "postgresql");
            return None;
        };
        let command = move |port: u16, folder: &Path| {
            let mut command = as_its_user(&program, folder);
            command.args(["-h", "127.0.0.1", "-p", &port.to_string()]).arg("-k").arg(folder);
            command.args(["-c", "fsync=on", "-c", "logging_collector=off", "-c", "lc_messages=C"]);
            command
        };
        let program = Program { name: "postgres", command: Box::new(command), log: Log::Stderr, ready, end: "INT" };
        let prepared = |folder: &Path| {
            if let Some((uid, gid)) = user() {
                chown(folder, Some(uid), Some(gid))?;
            }
            prepare(folder)
        };
        Some(Self(Listening::start(program, prepared).expect("a postgresql that is installed starts")))
    }

    /// Address of the database `postgres` for its superuser; the same after a restart.
    pub fn url(&self) -> String {
        self.database_url("postgres")
    }

    /// Address of another database of this server, which must have been created.
    pub fn database_url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.0.port())
    }

    /// The port of `url`.
    pub fn port(&self) -> u16 {
        self.0.port()
    }

    /// Process id while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.0.pid()
    }

    /// Makes a replica the one that is written to; returns when it is.
    ///
    /// # Panics
    /// When it is none, or does not become one.
    pub fn promote(&self) {
        let folder = self.0.folder();
        run("pg_ctl", folder, &["promote", "--wait", "--silent"]).expect("a replica can be promoted");
    }

    /// Ends it in good order ("fast": open transactions are rolled back), if it runs.
    pub fn stop(&mut self) {
        self.0.stop();
    }

    /// Ends the postmaster at once; its children notice and go. What was committed must come back by recovery.
    pub fn kill_9(&mut self) {
        self.0.kill_9();
    }

    /// Starts it again on the same port with what its folder holds, after stopping it if it runs.
    pub fn restart(&mut self) {
        self.0.restart();
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        // "Immediate": nothing of it is wanted any more, but its children should go with it.
        self.0.signal("QUIT");
    }
}

/// Runs one of its tools over the data in a folder.
fn run(tool: &'static str, folder: &Path, args: &[&str]) -> Result<()> {
    let program = find(tool).with_context(|| format!("{tool} is not where the others are"))?;
    let made = as_its_user(&program, folder).args(args).output().context(tool)?;
    ensure!(made.status.success(), "{tool} failed: {}", String::from_utf8_lossy(&made.stderr));
    Ok(())
}

fn as_its_user(program: &Path, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.arg("-D").arg(folder.join("data")).current_dir(folder);
    if let Some((uid, gid)) = user() {
        command.uid(uid).gid(gid);
    }
    command
}

/// Whose it runs as, when this is root's process: user and group id of postgres, else of nobody.
fn user() -> Option<(u32, u32)> {
    let is_root = fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0);
    let passwd = is_root.then(|| fs::read_to_string("/etc/passwd").expect("a machine has users"))?;
    let ids = |name: &str| {
        let line = passwd.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut fields = line.split(':').skip(2);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    };
    Some(ids("postgres").or_else(|| ids("nobody")).expect("a machine has a user postgres or nobody"))
}
