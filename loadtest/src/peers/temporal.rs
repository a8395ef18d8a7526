//! Temporal's development server on SQLite with a write-ahead log that is synced at every commit: the report is the input of a workflow
//! that begins in fifteen days.

use super::server::{Door, Server};
use crate::process::{Process, free_address};
use serde_json::{Value, json};
use std::{path::Path, process::Command};
use tempfile::TempDir;

pub(super) const DATABASE: &str = "temporal.db";
const WORKFLOWS: &str = "api/v1/namespaces/default";

pub(super) async fn start(program: &Path, folder: TempDir) -> anyhow::Result<Server> {
    let (grpc, http, metrics) = (free_address()?, free_address()?, free_address()?);
    let pragmas = ["journal_mode=wal", "synchronous=2"];
    let mut command = Command::new(program);
    command
        .args(["server", "start-dev", "--headless", "--log-level", "error", "--ip", "127.0.0.1"])
        .args(["--port", &grpc.port().to_string(), "--http-port", &http.port().to_string()])
        .args(["--metrics-port", &metrics.port().to_string(), "--db-filename"])
        .arg(folder.path().join(DATABASE))
        .args(pragmas.map(|pragma| format!("--sqlite-pragma={pragma}")));
    let version = Command::new(program).arg("--version").output()?;
    let told = format!("{}, SQLite, {}", String::from_utf8_lossy(&version.stdout).trim(), pragmas.join(", "));
    let mut process = Process::start(&mut command)?;
    process.answers(&format!("http://{http}/{WORKFLOWS}")).await?;
    let door = Door { base: format!("http://{http}").into(), token: "".into(), said };
    Ok(Server { door, process, timers: None, told, folder })
}

fn said(base: &str, id: &str, report: Value) -> (String, Value) {
    let body = json!({
        "workflowType": {"name": "Report"},
        "taskQueue": {"name": "reports"},
        "workflowStartDelay": "1296000s",
        "requestId": id,
        "input": [report],
    });
    (format!("{base}/{WORKFLOWS}/workflows/{id}"), body)
}
