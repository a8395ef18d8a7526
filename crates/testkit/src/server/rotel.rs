//! An OpenTelemetry collector of one test.
use super::listening::{Listening, Program};
use super::process::Log;
use super::{find, free_port, named, skip};
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

/// A rotel that takes OTLP over gRPC and passes it on to another collector. Dropping it ends the process.
pub struct RotelServer(Listening);

impl RotelServer {
    /// Starts one. `None`, and a line saying so, where there is no `rotel-agent` (JIEWANG_ROTEL_BIN or PATH); in CI that is a panic.
    pub fn start(test: &str, passes_on_to: SocketAddr) -> Option<Self> {
        let Some(program) = named("JIEWANG_ROTEL_BIN").or_else(|| find("rotel-agent")) else {
            skip(test, "rotel-agent");
            return None;
        };
        let command = move |port: u16, folder: &Path| {
            let mut command = Command::new(&program);
            command
                .current_dir(folder)
                .args(["start", "--otlp-grpc-endpoint", &format!("127.0.0.1:{port}")])
                .args(["--otlp-http-endpoint", &format!("127.0.0.1:{}", free_port())])
                .args(["--exporter", "otlp", "--otlp-exporter-endpoint", &format!("http://{passes_on_to}")])
                .args(["--batch-timeout", "100ms"]);
            command
        };
        let ready = "Starting Rotel";
        let program = Program { name: "rotel", command: Box::new(command), log: Log::Stdout, ready, end: "TERM" };
        Some(Self(Listening::start(program, |_| Ok(())).expect("a rotel that is installed starts")))
    }

    /// Where it takes OTLP over gRPC.
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.0.port()))
    }
}
