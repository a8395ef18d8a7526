//! The single checks.

use super::Check;
use crate::client::{CallError, Client};
use crate::folder::{KEY_FILE, parse_key};
use civic::{Clock, Micros, SystemClock};
use std::fs;
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};
use tokio::net::{TcpListener, TcpStream};

pub(super) const NOT_RUNNING: &str = "no gateway runs there";

const GIB: u64 = 1 << 30;

/// SQLite's log and a checkpoint beside it; below this the next burst of reports may fill the disk.
const LITTLE: u64 = 5 * GIB;
/// Below this writes are refused soon.
const TOO_LITTLE: u64 = GIB / 2;

/// A server whose clock is off by more than five seconds does not belong in a cluster: due times and tokens go wrong.
const SKEW: i64 = 5_000_000;

/// 2026-01-01: before this release existed.
const RELEASE: i64 = 1_767_225_600_000_000;

pub(super) fn folder(data: &Path) -> Check {
    const NAME: &str = "data folder";
    let shown = data.display();
    match fs::metadata(data) {
        Ok(metadata) if !metadata.is_dir() => {
            Check::fail(NAME, format!("{shown} is no folder"), "name another with --data-dir")
        }
        // A file that is gone again at once: permissions alone do not tell of a disk mounted read-only.
        Ok(_) => match tempfile_in(data) {
            Ok(()) => Check::ok(NAME, format!("{shown} can be written")),
            Err(error) => Check::fail(
                NAME,
                format!("{shown} cannot be written: {error}"),
                "give it to the user that runs the cluster, or mount it for writing",
            ),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Check::warn(NAME, format!("there is no {shown}"), "`jiewang up` makes it")
        }
        Err(error) => Check::fail(NAME, format!("{shown} cannot be reached: {error}"), "look at the folders above it"),
    }
}

fn tempfile_in(data: &Path) -> io::Result<()> {
    let path = data.join(format!(".doctor-{}", std::process::id()));
    fs::OpenOptions::new().write(true).create_new(true).open(&path)?;
    fs::remove_file(&path)
}

pub(super) fn key(data: &Path) -> Check {
    const NAME: &str = "cluster key";
    let path = data.join(KEY_FILE);
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Check::warn(
                NAME,
                "there is none",
                "`jiewang up` makes it; if the folder has data, put it back from the backup",
            );
        }
        Err(error) => {
            return Check::fail(NAME, format!("cannot be read: {error}"), "run this as the user of the cluster");
        }
    };
    if parse_key(&bytes).is_none() {
        return Check::fail(NAME, "the file does not hold 64 hexadecimal digits", "put it back from the backup");
    }
    let mode = fs::metadata(&path).map(|metadata| metadata.permissions().mode() & 0o777);
    match mode {
        Ok(mode) if mode & 0o077 != 0 => {
            Check::fail(NAME, format!("others may open it (mode {mode:03o})"), format!("chmod 600 {}", path.display()))
        }
        Ok(_) => Check::ok(NAME, "for its owner only"),
        Err(error) => Check::fail(NAME, format!("cannot be looked at: {error}"), "run this as the user of the cluster"),
    }
}

pub(super) fn space(data: &Path) -> Check {
    const NAME: &str = "disk space";
    // The folder may not be there yet: the disk it will be on is that of the nearest one that is.
    let there = data.ancestors().map(|path| if path.as_os_str().is_empty() { Path::new(".") } else { path });
    let Some(disk) = there.into_iter().find_map(|path| rustix::fs::statvfs(path).ok()) else {
        return Check::warn(NAME, "cannot be asked for", "");
    };
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    let found = format!("{:.1} GiB free", free as f64 / GIB as f64);
    match free {
        ..TOO_LITTLE => Check::fail(NAME, found, "make room: writes are refused when the disk is full"),
        TOO_LITTLE..LITTLE => Check::warn(NAME, found, "make room: a million reports take about 12 GiB"),
        _ => Check::ok(NAME, found),
    }
}

pub(super) fn clock(data: &Path) -> Check {
    const NAME: &str = "clock";
    let now = SystemClock.now();
    if now.0 < RELEASE {
        return Check::fail(
            NAME,
            "shows a time before this release",
            "set it, and keep it set (chrony, systemd-timesyncd)",
        );
    }
    let ahead = newest(data).map_or(0, |newest| newest.0.saturating_sub(now.0));
    if ahead > SKEW {
        let found = format!("files of the folder are from {} s in the future", ahead / 1_000_000);
        return Check::fail(NAME, found, "it was ahead once or is behind now: set it before the cluster starts");
    }
    Check::ok(NAME, "not behind the files of the folder")
}

/// The latest time at which a file directly in the folder was written.
fn newest(data: &Path) -> Option<Micros> {
    let written = |entry: io::Result<fs::DirEntry>| {
        let modified = entry.ok()?.metadata().ok()?.modified().ok()?;
        let since = modified.duration_since(UNIX_EPOCH).ok()?;
        i64::try_from(since.as_micros()).ok().map(Micros)
    };
    fs::read_dir(data).ok()?.filter_map(written).max()
}

/// `ours`: a gateway of ours answers, so a taken port is likely the same cluster's.
pub(super) async fn port(name: &'static str, address: SocketAddr, variable: &str, ours: bool) -> Check {
    if address.port() == 0 {
        return Check::warn(name, "0: any free one", format!("set {variable}, so that others find it"));
    }
    let taken = match TcpListener::bind(address).await {
        Ok(_) => return Check::ok(name, format!("{address} is free")),
        Err(error) => error,
    };
    let answers = tokio::time::timeout(Duration::from_secs(2), TcpStream::connect(address)).await;
    match (answers.is_ok_and(|connected| connected.is_ok()), ours) {
        (true, true) => Check::ok(name, format!("{address} is served")),
        (true, false) => Check::fail(
            name,
            format!("{address} is taken by another program"),
            format!("choose another with {variable}, or stop that program"),
        ),
        (false, _) => {
            Check::fail(name, format!("{address} cannot be bound: {taken}"), format!("choose another with {variable}"))
        }
    }
}

pub(super) async fn gateway(client: &Client) -> Check {
    const NAME: &str = "gateway";
    match client.probe("/readyz").await {
        Ok((status, _)) if status.is_success() => Check::ok(NAME, "ready"),
        Ok((status, body)) if status.as_u16() == 503 => {
            let why: String = body.chars().filter(|c| !c.is_control()).take(200).collect();
            Check::fail(
                NAME,
                format!("runs but is not ready: {why}"),
                "look at its log; it becomes ready by itself when the cause ends",
            )
        }
        Ok((status, _)) => Check::fail(
            NAME,
            format!("{} answers with {status} where a gateway has /readyz", client.base()),
            "another program listens there: choose another address with JIEWANG_HTTP",
        ),
        Err(CallError::Unreachable { .. }) => Check::warn(NAME, NOT_RUNNING, "`jiewang up`"),
        Err(error) => Check::fail(
            NAME,
            error.to_string(),
            "another program may listen there: choose another address with JIEWANG_HTTP",
        ),
    }
}
