//! A Consul of one test.
use super::listening::{Listening, Program};
use super::process::Log;
use super::{find, free_port, named, skip};
use std::path::Path;
use std::process::Command;

/// A Consul agent that is its own server and joins nobody. Dropping it ends the process and removes its folder.
pub struct ConsulServer(Listening);

impl ConsulServer {
    /// Starts one. `None`, and a line saying so, where there is no `consul` (JIEWANG_CONSUL_BIN or PATH); in CI that is a panic.
    pub fn start(test: &str) -> Option<Self> {
        Self::start_with(test, "")
    }

    /// The same; nobody may do anything without `token`, which has to be a UUID.
    pub fn start_guarded(test: &str, token: &str) -> Option<Self> {
        Self::start_with(
            test,
            &format!(
                "acl {{ enabled = true default_policy = \"deny\" tokens {{ initial_management = \"{token}\" agent = \"{token}\" }} }}"
            ),
        )
    }

    fn start_with(test: &str, more: &str) -> Option<Self> {
        let Some(program) = named("JIEWANG_CONSUL_BIN").or_else(|| find("consul")) else {
            skip(test, "consul");
            return None;
        };
        let more = more.to_owned();
        let command = move |http: u16, folder: &Path| {
            // Only the HTTP port has to stay: nobody else knows the others.
            let (server, serf) = (free_port(), free_port());
            let ports = format!(
                "ports {{ http = {http} server = {server} serf_lan = {serf} serf_wan = -1 dns = -1 grpc = -1 grpc_tls = -1 }}"
            );
            let mut command = Command::new(&program);
            command
                .args(["agent", "-server", "-bootstrap-expect=1", "-node=test", "-bind=127.0.0.1", "-client=127.0.0.1"])
                .args(["-hcl", &ports, "-hcl", "performance { raft_multiplier = 1 } disable_update_check = true"])
                .args(["-hcl", &more])
                .arg("-data-dir")
                .arg(folder);
            command
        };
        let ready = "cluster leadership acquired";
        let program = Program { name: "consul", command: Box::new(command), log: Log::Stdout, ready, end: "TERM" };
        Some(Self(Listening::start(program, |_| Ok(())).expect("a consul that is installed starts")))
    }

    /// Address for clients; the same after a restart.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.0.port())
    }

    /// Ends it in good order, if it runs; what was registered stays in its folder.
    pub fn stop(&mut self) {
        self.0.stop();
    }

    /// Starts it again on the same port with what its folder holds, after stopping it if it runs.
    pub fn restart(&mut self) {
        self.0.restart();
    }
}
