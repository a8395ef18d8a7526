//! A Redis of one test.
use super::listening::{Listening, Program};
use super::process::Log;
use super::{find, skip};
use std::process::Command;

/// `redis-server` with an append-only file. Dropping it ends the process and removes its folder.
pub struct RedisServer(Listening);

impl RedisServer {
    /// Starts one. `None`, and a line saying so, where there is no `redis-server`; in CI that is a panic.
    pub fn start(test: &str) -> Option<Self> {
        Self::start_with(test, Vec::new(), "Ready to accept connections")
    }

    /// One that follows another, ready when it has all of it.
    pub fn replica_of(test: &str, primary: &Self) -> Option<Self> {
        let follows = vec!["--replicaof".to_owned(), "127.0.0.1".to_owned(), primary.0.port().to_string()];
        Self::start_with(test, follows, "Finished with success")
    }

    fn start_with(test: &str, more: Vec<String>, ready: &'static str) -> Option<Self> {
        let Some(program) = find("redis-server") else {
            skip(test, "redis-server");
            return None;
        };
        let command = move |port: u16, folder: &std::path::Path| {
            let mut command = Command::new(&program);
            command
                .args(["--bind", "127.0.0.1", "--port", &port.to_string()])
                .args(["--appendonly", "yes", "--save", "", "--daemonize", "no", "--dir"])
                .arg(folder)
                .args(["--repl-diskless-sync-delay", "0"])
                .args(&more);
            command
        };
        let program = Program { name: "redis", command: Box::new(command), log: Log::Stdout, ready, end: "TERM" };
        Some(Self(Listening::start(program, |_| Ok(())).expect("a redis-server that is installed starts")))
    }

    /// Address for clients; the same after a restart.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.0.port())
    }

    /// The port of `url`.
    pub fn port(&self) -> u16 {
        self.0.port()
    }

    /// Process id while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.0.pid()
    }

    /// Ends it in good order, if it runs.
    pub fn stop(&mut self) {
        self.0.stop();
    }

    /// Ends it at once, without a chance to write anything more.
    pub fn kill_9(&mut self) {
        self.0.kill_9();
    }

    /// Starts it again on the same port with what its folder holds, after stopping it if it runs.
    pub fn restart(&mut self) {
        self.0.restart();
    }
}
