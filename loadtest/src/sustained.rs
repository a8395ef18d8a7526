//! Accepting while dispatch consumes: the window ends when every event of both services has been consumed.

use crate::{
    accept::{SEED, over_http},
    corpus::Corpus,
    figures::row,
    local::Local,
};
use jiewang::cluster::Rooms;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// `raw`: the rate that storing alone reached, from the accept bench of the same run. Answers with the sustained rate.
pub async fn run(within: Duration, raw: f64) -> anyhow::Result<f64> {
    let dir = tempfile::tempdir()?;
    let corpus = Arc::new(Corpus::load()?);
    let local = Local::start(dir.path(), Rooms::ALL).await?;
    let before = crate::flight::Usage::now();
    let began = Instant::now();
    let flown = over_http(&corpus, &local, within, usize::try_from(SEED)?).await?;
    local.drained().await?;
    let rate = flown.done as f64 / began.elapsed().as_secs_f64();
    local.stop().await?;
    let written = crate::flight::Usage::now().written - before.written;
    row("sustained: accepted with dispatch consuming, drained", rate, "/s", "");
    row("sustained / raw", rate / raw, "", "at least 0.15");
    row(
        "written per report, both services, after the last checkpoint",
        written as f64 / flown.done as f64,
        "bytes",
        "at most 12,288",
    );
    row("resident memory at the end", crate::flight::Usage::now().resident as f64 / 1_048_576.0, "MiB", "");
    row("calls failed", flown.failed as f64, "", "0");
    Ok(rate)
}
