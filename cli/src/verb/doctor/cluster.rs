//! What an operator wants to know of the cluster itself: when it was at work, how large it has become, what waits for a person.

use super::Check;
use crate::args::Reach;
use crate::client::Client;
use crate::cluster::folder::{Run, is_in_use, read_run};
use crate::folder;
use civic::{Calendar, Clock, Micros, SystemClock};
use serde_json::Value;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;

const MIB: u64 = 1 << 20;
/// Limits of ordinary matters end within this many days: the year they end in should be arranged.
const AHEAD: i64 = 60;

/// When a cluster was at work here last, and whether it ended in order. `None`: never.
pub(super) fn last_run(data: &Path) -> Option<Check> {
    const NAME: &str = "last run";
    let Run { since, until, .. } = read_run(data)?;
    Some(match (is_in_use(data), until) {
        (true, _) => Check::ok(NAME, format!("at work since {since}")),
        (false, Some(until)) => Check::ok(NAME, format!("ended in order at {until}")),
        (false, None) => Check::warn(
            NAME,
            format!("began at {since} and did not end in order"),
            "nothing that was answered is lost; look at its log for the cause, and let `jiewang verify` look at the data",
        ),
    })
}

/// Bytes of every database with its log. `None`: there are none.
pub(super) fn databases(data: &Path) -> Option<Check> {
    let mut found: Vec<String> = Vec::new();
    for entry in fs::read_dir(data).ok()?.filter_map(Result::ok) {
        let name = entry.file_name().to_string_lossy().into_owned();
        let Some(service) = name.strip_suffix(".sqlite3") else { continue };
        let size = |path: &Path| fs::metadata(path).map_or(0, |metadata| metadata.len()) / MIB;
        let log = size(&data.join(format!("{name}-wal")));
        found.push(format!("{service} {} MiB and {log} MiB of log", size(&entry.path())));
    }
    found.sort();
    (!found.is_empty()).then(|| Check::ok("databases", found.join(", ")))
}

/// A client with an operator's token, where a cluster is at work and its key can be read.
pub(super) fn client(data: &Path, http: SocketAddr) -> Option<Client> {
    let reach = Reach { gateway: Some(format!("http://{http}")), token: None };
    if is_in_use(data) { reach.client(data).ok().flatten() } else { None }
}

/// Whether the year that limits reach into is arranged.
pub(super) async fn working_days(data: &Path, running: Option<&Client>) -> Check {
    const NAME: &str = "working days";
    let reached = (SystemClock.now() + AHEAD * Micros::DAY).local_date().year();
    let mut years: Vec<i64> = Calendar::china().years().map(i64::from).collect();
    for (version, text) in folder::read_calendars(data).unwrap_or_default() {
        years.extend(Calendar::load_csv(&version, &text).iter().flat_map(Calendar::years).map(i64::from));
    }
    if let Some(client) = running
        && let Ok(listed) = client.get::<Value>("/v1/calendars").await
    {
        let calendars = listed["calendars"].as_array().into_iter().flatten();
        years.extend(calendars.filter_map(|c| c["years"].as_array()).flatten().filter_map(Value::as_i64));
    }
    if years.contains(&i64::from(reached)) {
        return Check::ok(NAME, format!("{reached} is arranged"));
    }
    let found = format!("{reached} is not arranged: clocks that reach into it are provisional");
    Check::warn(NAME, found, "`jiewang calendar load FILE` as soon as the arrangement is published")
}

/// How many cases wait for a person. `None`: nobody can be asked.
pub(super) async fn parked(client: &Client) -> Option<Check> {
    const NAME: &str = "parked cases";
    let listed = client.get::<Value>("/v1/parkedCases?pageSize=1").await.ok()?;
    let count = listed["totalSize"].as_i64().unwrap_or_default();
    Some(match count {
        0 => Check::ok(NAME, "none"),
        _ => Check::warn(NAME, count.to_string(), "`jiewang queue parked list`, and docs/runbooks/parked-case.md"),
    })
}
