//! Every process of a cluster ended in good order and started again, one after the other, while reports are filed; and every
//! certificate changed, down to the root.

use crate::{
    figures::{Asked, Sheet},
    fleet::{Filed, Fleet},
    silent::Silent,
};
use e2e::process::verb;
use std::{
    path::Path,
    sync::{PoisonError, atomic::Ordering},
    time::Duration,
};

/// Reports a second.
const RATE: f64 = 200.0;
const SEED: u64 = 20_261_123;
/// As a deployment waits before the next: others must have heard that the last is back.
const BETWEEN: Duration = Duration::from_secs(4);
/// What a process gives those that are still connected (`drain_within` of the chassis), and a little to close the data.
const EXIT_WITHIN: f64 = 21.0;

/// One process after the other, each with a client that says nothing any more.
pub async fn restarts(sheet: &mut Sheet) -> anyhow::Result<()> {
    let mut fleet = Fleet::start()?;
    let filing = fleet.filing(RATE, SEED)?;
    let mut exits = Vec::new();
    tokio::time::sleep(BETWEEN).await;
    for process in fleet.chaos.processes() {
        let silent = Silent::before(&process, fleet.chaos.door(&process), &fleet.path(&process).join("tls")).await?;
        exits.push(fleet.chaos.restart(&process).await.as_secs_f64());
        drop(silent);
        tokio::time::sleep(BETWEEN).await;
    }
    tell(sheet, "restarts", &*filing.stop().await);
    sheet.row("processes restarted, each with a silent client", exits.len() as f64, "", Asked::Nothing);
    let longest = exits.iter().copied().fold(0.0, f64::max);
    sheet.row("the longest end of a process", longest, "s", Asked::AtMost(EXIT_WITHIN));
    Ok(())
}

/// Leaf, intermediate and root, as docs/runbooks/certificates.md has it.
pub async fn rotations(sheet: &mut Sheet) -> anyhow::Result<()> {
    let mut fleet = Fleet::start()?;
    let filing = fleet.filing(RATE, SEED + 1)?;
    let authority = Authority(&fleet);
    authority.for_each("issue")?;
    tokio::time::sleep(BETWEEN).await;
    authority.does("new-intermediate")?;
    authority.for_each("issue")?;
    tokio::time::sleep(BETWEEN).await;
    authority.does("new-root")?;
    for step in ["trust", "issue"] {
        authority.for_each(step)?;
        tokio::time::sleep(BETWEEN).await;
    }
    authority.does("forget-roots")?;
    authority.for_each("trust")?;
    tokio::time::sleep(BETWEEN).await;
    tell(sheet, "leaf, intermediate and root changed", &*filing.stop().await);
    // Connections outlive the certificate that they were opened with, so all are opened again.
    let filing = fleet.filing(RATE, SEED + 2)?;
    for process in fleet.chaos.processes() {
        fleet.chaos.restart(&process).await;
        tokio::time::sleep(BETWEEN).await;
    }
    tell(sheet, "all connections opened again under the new root", &*filing.stop().await);
    Ok(())
}

struct Authority<'a>(&'a Fleet);

impl Authority<'_> {
    fn does(&self, step: &str) -> anyhow::Result<()> {
        run(&[step, "--authority", &text(&self.0.path("authority"))])
    }

    fn for_each(&self, step: &str) -> anyhow::Result<()> {
        for process in self.0.chaos.processes() {
            let (authority, folder) = (text(&self.0.path("authority")), self.0.path(&process));
            let (data, tls) = (text(&folder), text(&folder.join("tls")));
            let service = process.trim_end_matches(|c: char| c == '-' || c.is_ascii_digit());
            match step {
                "issue" => run(&[step, service, "--authority", &authority, "--data-dir", &data, "--into", &tls])?,
                _ => run(&[step, "--authority", &authority, "--into", &tls])?,
            }
        }
        Ok(())
    }
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

fn run(args: &[&str]) -> anyhow::Result<()> {
    let done = verb(["certs"].iter().chain(args));
    anyhow::ensure!(done.status.success(), "certs {args:?}: {}", String::from_utf8_lossy(&done.stderr));
    Ok(())
}

fn tell(sheet: &mut Sheet, what: &str, filed: &Filed) {
    let [sent, accepted] = [&filed.sent, &filed.accepted].map(|count| count.load(Ordering::SeqCst));
    sheet.row(format!("{what}: reports filed meanwhile"), sent as f64, "", Asked::Nothing);
    sheet.row(format!("{what}: failed"), (sent - accepted) as f64, "", Asked::AtMost(0.0));
    let repeated = filed.repeated.lock().unwrap_or_else(PoisonError::into_inner);
    sheet.note(format!("{what}: sent once more to the other gateway, by why: {repeated:?}"));
}
