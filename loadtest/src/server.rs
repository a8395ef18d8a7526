//! A PostgreSQL of the bench's own: a free loopback port, a temporary folder, fsync on, ended by its own process id.

use anyhow::Context;
use std::{
    fs,
    net::TcpListener,
    os::unix::{
        fs::{MetadataExt as _, chown},
        process::CommandExt as _,
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(60);

/// Dropping it ends the server and removes its folder.
pub struct PostgresServer {
    port: u16,
    child: Child,
    // After the process: fields are dropped in order.
    folder: TempDir,
}

impl PostgresServer {
    /// `None` where no PostgreSQL is installed.
    pub async fn start() -> anyhow::Result<Option<Self>> {
        let (Some(initdb), Some(postgres)) = (find("initdb"), find("postgres")) else { return Ok(None) };
        let folder = tempfile::Builder::new().prefix("jiewang-bench-postgres-").tempdir()?;
        // The server refuses to be root.
        let user = if fs::metadata("/proc/self")?.uid() == 0 { Some(unprivileged()?) } else { None };
        if let Some((uid, gid)) = user {
            chown(folder.path(), Some(uid), Some(gid))?;
        }
        let made = command(&initdb, folder.path(), user)
            .args(["-U", "postgres", "--auth", "trust", "--encoding", "UTF8", "--no-locale", "--no-sync"])
            .output()?;
        anyhow::ensure!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
        let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let child = command(&postgres, folder.path(), user)
            .args(["-h", "127.0.0.1", "-p", &port.to_string(), "-c", "fsync=on", "-c", "synchronous_commit=on", "-k"])
            .arg(folder.path())
            .spawn()
            .context("failed to start postgres")?;
        let server = Self { port, child, folder };
        server.answers().await?;
        Ok(Some(server))
    }

    async fn answers(&self) -> anyhow::Result<()> {
        use sqlx::Connection as _;
        let until = Instant::now() + PATIENCE;
        while sqlx::PgConnection::connect(&self.url("postgres")).await.is_err() {
            anyhow::ensure!(Instant::now() < until, "postgres in {} does not answer", self.folder.path().display());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    }

    pub fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        // "Fast": its children go with it. Where even that fails, the postmaster is ended hard and its children notice.
        let asked = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status();
        if !asked.is_ok_and(|status| status.success()) {
            let _gone_already = self.child.kill();
        }
        let _reaped = self.child.wait();
    }
}

fn command(program: &Path, folder: &Path, user: Option<(u32, u32)>) -> Command {
    let mut command = Command::new(program);
    command.arg("-D").arg(folder.join("data")).current_dir(folder);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    if let Some((uid, gid)) = user {
        command.uid(uid).gid(gid);
    }
    command
}

/// From PATH, or the newest of where Debian keeps it.
fn find(program: &str) -> Option<PathBuf> {
    let mut debian: Vec<PathBuf> =
        fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().map(|e| e.path().join("bin")).collect();
    debian.sort();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).collect::<Vec<_>>().into_iter().chain(debian.into_iter().rev());
    folders.map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// User and group of postgres, else of nobody.
fn unprivileged() -> anyhow::Result<(u32, u32)> {
    let passwd = fs::read_to_string("/etc/passwd")?;
    let ids = |name: &str| {
        let line = passwd.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut fields = line.split(':').skip(2);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    };
    ids("postgres").or_else(|| ids("nobody")).context("neither a user postgres nor nobody")
}
