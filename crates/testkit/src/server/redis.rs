//! A Redis of one test.
use super::process::{Log, Process};
use super::{PORTS_TRIED, find, free_port, skip};
use anyhow::{Context, Result};
use std::path::PathBuf;
use std::process::Command;
use tempfile::TempDir;

const READY: &str = "Ready to accept connections";

/// `redis-server` with an append-only file. Dropping it ends the process and removes its folder.
pub struct RedisServer {
    program: PathBuf,
    port: u16,
    process: Option<Process>,
    // After the process: fields are dropped in order.
    folder: TempDir,
}

impl RedisServer {
    /// Starts one. `None`, and a line saying so, where there is no `redis-server`; in CI that is a panic.
    pub fn start(test: &str) -> Option<Self> {
        let Some(program) = find("redis-server") else {
            skip(test, "redis-server");
            return None;
        };
        Some(Self::start_program(program).expect("a redis-server that is installed starts"))
    }

    fn start_program(program: PathBuf) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("jiewang-redis-").tempdir()?;
        let mut server = Self { program, port: 0, process: None, folder };
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

    fn launch(&mut self) -> Result<()> {
        let mut command = Command::new(&self.program);
        command
            .args(["--bind", "127.0.0.1", "--port", &self.port.to_string()])
            .args(["--appendonly", "yes", "--save", "", "--daemonize", "no"])
            .arg("--dir")
            .arg(self.folder.path());
        self.process = Some(Process::start(command, &Log::Stdout, READY).context("redis-server")?);
        Ok(())
    }

    /// Address for clients; the same after a restart.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    /// Process id while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.process.as_ref().map(Process::pid)
    }

    /// Ends it in good order, if it runs.
    pub fn stop(&mut self) {
        if let Some(process) = self.process.take() {
            process.stop("TERM");
        }
    }

    /// Ends it at once, without a chance to write anything more.
    pub fn kill_9(&mut self) {
        if let Some(process) = self.process.take() {
            process.kill();
        }
    }

    /// Starts it again on the same port with what its folder holds, after stopping it if it runs.
    pub fn restart(&mut self) {
        self.stop();
        self.launch().expect("a redis-server that ran before runs again");
    }
}
