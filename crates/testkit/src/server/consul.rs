//! A Consul of one test.
use super::process::{Log, Process};
use super::{PORTS_TRIED, find, free_port, skip};
use anyhow::{Context, Result};
use std::path::PathBuf;
use std::process::Command;
use tempfile::TempDir;

const READY: &str = "cluster leadership acquired";

/// A Consul agent that is its own server and joins nobody. Dropping it ends the process and removes its folder.
pub struct ConsulServer {
    program: PathBuf,
    port: u16,
    process: Option<Process>,
    // After the process: fields are dropped in order.
    folder: TempDir,
}

impl ConsulServer {
    /// Starts one. `None`, and a line saying so, where there is no `consul` (JIEWANG_CONSUL_BIN or PATH); in CI that is a panic.
    pub fn start(test: &str) -> Option<Self> {
        let named = std::env::var_os("JIEWANG_CONSUL_BIN").map(PathBuf::from).filter(|file| file.is_file());
        let Some(program) = named.or_else(|| find("consul")) else {
            skip(test, "consul");
            return None;
        };
        Some(Self::start_program(program).expect("a consul that is installed starts"))
    }

    fn start_program(program: PathBuf) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("jiewang-consul-").tempdir()?;
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
        // Only the HTTP port has to stay: nobody else knows the others.
        let (http, server, serf) = (self.port, free_port(), free_port());
        let ports = format!(
            "ports {{ http = {http} server = {server} serf_lan = {serf} serf_wan = -1 dns = -1 grpc = -1 grpc_tls = -1 }}"
        );
        let mut command = Command::new(&self.program);
        command
            .args(["agent", "-server", "-bootstrap-expect=1", "-node=test", "-bind=127.0.0.1", "-client=127.0.0.1"])
            .args(["-hcl", &ports, "-hcl", "performance { raft_multiplier = 1 } disable_update_check = true"])
            .arg("-data-dir")
            .arg(self.folder.path());
        self.process = Some(Process::start(command, &Log::Stdout, READY).context("consul")?);
        Ok(())
    }

    /// Address for clients; the same after a restart.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Ends it in good order, if it runs; what was registered stays in its folder.
    pub fn stop(&mut self) {
        if let Some(process) = self.process.take() {
            process.stop("TERM");
        }
    }

    /// Starts it again on the same port with what its folder holds, after stopping it if it runs.
    pub fn restart(&mut self) {
        self.stop();
        self.launch().expect("a consul that ran before runs again");
    }
}
