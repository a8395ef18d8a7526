//! Resident memory of a real `jiewang up`, a process of its own: idle, and at its highest while cases are loaded over the wire.

use crate::{
    accept::file_at,
    corpus::Corpus,
    figures::{Asked, Sheet},
    process::{Jiewang, token},
};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

const IDLE_BELOW: f64 = 150.0;
const AT_MOST: f64 = 1024.0;
/// What a process has after it has been left alone for so long is what it has when idle.
const IDLE: Duration = Duration::from_secs(5);

/// Files `reports` into an empty cluster.
pub async fn run(sheet: &mut Sheet, reports: usize) -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    let Jiewang { process: mut up, http, .. } = Jiewang::start(dir.path(), &["up"], None)?;
    up.answers(&format!("http://{http}/readyz")).await?;
    tokio::time::sleep(IDLE).await;
    sheet.row("resident when idle", up.memory("VmRSS")?, "MiB", Asked::Below(IDLE_BELOW));
    let corpus = Arc::new(Corpus::load()?);
    let (began, token) = (Instant::now(), token(dir.path())?);
    let flown = file_at(&corpus, &http.to_string(), &token, reports).await;
    let seconds = began.elapsed().as_secs_f64();
    sheet.row("reports loaded over HTTP, 256 in flight", flown.done as f64, "", Asked::AtLeast(reports as f64));
    sheet.row("at a rate of", flown.done as f64 / seconds, "/s", Asked::Nothing);
    sheet.row("resident when the last was accepted", up.memory("VmRSS")?, "MiB", Asked::Nothing);
    tokio::time::sleep(IDLE).await;
    sheet.row("resident when idle again", up.memory("VmRSS")?, "MiB", Asked::Nothing);
    sheet.row("at its highest (VmHWM)", up.memory("VmHWM")?, "MiB", Asked::AtMost(AT_MOST));
    up.end().await
}
