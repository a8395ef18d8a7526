//! Restate's server with all its roles in one process, as it comes: the report is the argument of a call that is due in fifteen days. Its
//! ingress answers that the call is accepted, and when it is due.

use super::server::{Door, Server};
use crate::{
    local::{http, post_json},
    process::{Process, free_address},
};
use anyhow::Context;
use bytes::Bytes;
use http_body_util::Full;
use hyper::{Request, Response, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use std::{convert::Infallible, net::SocketAddr, path::Path, process::Command};
use tempfile::TempDir;
use tokio::net::TcpListener;

/// Folder of its log.
pub(super) const LOG: &str = "log-store";

pub(super) async fn start(program: &Path, folder: TempDir) -> anyhow::Result<Server> {
    let (ingress, admin, node) = (free_address()?, free_address()?, free_address()?);
    let mut command = Command::new(program);
    command
        .args(["--no-logo", "--listen-mode", "tcp", "--node-name", "bench", "--base-dir"])
        .arg(folder.path())
        .env("RESTATE_BIND_ADDRESS", node.to_string())
        .env("RESTATE_ADMIN__BIND_ADDRESS", admin.to_string())
        .env("RESTATE_INGRESS__BIND_ADDRESS", ingress.to_string())
        .env("RESTATE_DISABLE_TELEMETRY", "true");
    let told = settings(&mut command)?;
    let mut process = Process::start(&mut command)?;
    process.answers(&format!("http://{admin}/health")).await?;
    process.answers(&format!("http://{ingress}/restate/health")).await?;
    let deployment = json!({"uri": format!("http://{}", deployment().await?), "use_http_11": true});
    let registered = post_json(&http(), &format!("http://{admin}/deployments"), "", "", &deployment).await?;
    anyhow::ensure!(registered.status == 201, "registering was answered with {}", registered.status);
    let door = Door { base: format!("http://{ingress}").into(), token: "".into(), said };
    Ok(Server { door, process, timers: None, told, folder })
}

fn said(base: &str, _id: &str, report: Value) -> (String, Value) {
    (format!("{base}/Reports/due/send?delay=15d"), report)
}

/// What it says of itself and of its durability when it is asked to print its settings.
fn settings(command: &mut Command) -> anyhow::Result<String> {
    let dumped = Command::new(command.get_program())
        .args(command.get_args())
        .envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))))
        .arg("--dump-config")
        .output()?;
    let version = Command::new(command.get_program()).arg("--version").output()?;
    let dump = String::from_utf8(dumped.stdout)?;
    let of_log = |key| setting(&dump, "log-server", key).with_context(|| format!("it tells no {key}"));
    let (unsynced, partitions) =
        (of_log("rocksdb-disable-wal-fsync")?, setting(&dump, "", "default-num-partitions").unwrap_or("?"));
    anyhow::ensure!(unsynced == "false", "its log is not synced");
    let version = String::from_utf8_lossy(&version.stdout);
    Ok(format!("{}, {partitions} partitions, log-server.rocksdb-disable-wal-fsync = {unsynced}", version.trim()))
}

/// A value in a dump of settings; the section is empty for what stands above all.
fn setting<'a>(dump: &'a str, section: &str, key: &str) -> Option<&'a str> {
    let mut within = "";
    for line in dump.lines() {
        if let Some(name) = line.strip_prefix('[') {
            within = name.trim_end().trim_end_matches(']');
        } else if let Some((name, value)) = line.split_once('=')
            && within == section
            && name.trim() == key
        {
            return Some(value.trim());
        }
    }
    None
}

/// The service that would be called: it says what it is when it is registered, and the bench is over long before the first call is due.
async fn deployment() -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    #[expect(clippy::disallowed_methods, reason = "it lasts as long as the bench")]
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let _gone = http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(discovered)).await;
        }
    });
    Ok(address)
}

async fn discovered(_: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let manifest = json!({
        "protocolMode": "REQUEST_RESPONSE", "minProtocolVersion": 5, "maxProtocolVersion": 5,
        "services": [{"name": "Reports", "ty": "SERVICE", "handlers": [{"name": "due"}]}],
    });
    let mut response = Response::new(Full::new(manifest.to_string().into()));
    let kind = hyper::header::HeaderValue::from_static("application/vnd.restate.endpointmanifest.v1+json");
    response.headers_mut().insert(hyper::header::CONTENT_TYPE, kind);
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_is_read_in_its_own_section_only() {
        let dump = "a = 24\n\n[bifrost.local]\nsynced = true\n\n[log-server]\nsynced = false\nat = \"x=y\"\n";
        assert_eq!(setting(dump, "", "a"), Some("24"));
        assert_eq!(setting(dump, "log-server", "synced"), Some("false"));
        assert_eq!(setting(dump, "log-server", "at"), Some("\"x=y\""));
        assert_eq!((setting(dump, "", "synced"), setting(dump, "log-server", "a")), (None, None));
    }
}
