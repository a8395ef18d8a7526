//! HAProxy as a relay of HTTP/1.1: one process with one thread, connections kept on both sides, nothing logged, nothing read but the head.

use super::Relay;
use crate::process::{Process, find, free_address};
use std::{net::SocketAddr, path::Path, process::Command};

/// `None` where there is no HAProxy.
pub(super) async fn start(folder: &Path, upstream: SocketAddr) -> anyhow::Result<Option<Relay>> {
    let Some(program) = find("haproxy") else { return Ok(None) };
    let (address, file) = (free_address()?, folder.join("haproxy.cfg"));
    std::fs::write(&file, configuration(address, upstream))?;
    let mut process = Process::start(Command::new(program).arg("-db").arg("-f").arg(&file))?;
    process.listens(address).await?;
    Ok(Some(Relay::new("HAProxy", process, address)))
}

fn configuration(address: SocketAddr, upstream: SocketAddr) -> String {
    format!(
        "global
    nbthread 1
    maxconn 1024
defaults
    mode http
    timeout connect 5s
    timeout client 60s
    timeout server 60s
    http-reuse always
frontend edge
    bind {address}
    default_backend reports
backend reports
    server stub {upstream}
"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_listens_where_it_is_told_with_one_thread_and_keeps_connections() {
        let text = configuration("127.0.0.1:1".parse().unwrap(), "127.0.0.1:2".parse().unwrap());
        for line in ["    nbthread 1", "    bind 127.0.0.1:1", "    server stub 127.0.0.1:2", "    http-reuse always"] {
            assert!(text.lines().any(|l| l == line), "{line} in {text}");
        }
    }
}
