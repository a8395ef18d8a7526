//! Accepting while dispatch consumes, in turn with storing alone. A window ends when every event of both services has been consumed.

use crate::{
    accept::{over_http, warm},
    corpus::Corpus,
    disk,
    figures::{Asked, Sheet, median},
    flight::{Flown, Usage},
    local::Local,
    raw::{self, Raw},
};
use jiewang::cluster::{Rooms, folder};
use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

/// Rounds of storing alone and the whole cluster in turn. Answers with the sustained rate.
pub async fn run(sheet: &mut Sheet, rounds: usize, within: Duration) -> anyhow::Result<f64> {
    let dir = tempfile::tempdir()?;
    let corpus = Arc::new(Corpus::load()?);
    let local = Local::start(dir.path(), Rooms::ALL).await?;
    warm(&corpus, &local).await?;
    local.drained().await?;
    let intake = folder::database(dir.path(), intake::NAME);
    let mut raw = Raw::open(raw::templates(&intake).await?, &dir.path().join("raw.sqlite3")).await?;
    let before = rows(dir.path()).await?;
    let (mut raws, mut wholes) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        raws.push(raw.run(within).await?);
        wholes.push(window(&corpus, &local, within, round).await?);
    }
    let after = rows(dir.path()).await?;
    local.stop().await?;
    let reports = wholes.iter().map(|f| f.done).sum();
    report(sheet, &raws, &wholes);
    rows_of_both(sheet, &before, &after, reports);
    Ok(median(&wholes.iter().map(Flown::rate).collect::<Vec<_>>()))
}

/// Files for so long, then waits for the last event.
async fn window(corpus: &Arc<Corpus>, local: &Local, within: Duration, round: usize) -> anyhow::Result<Flown> {
    let (before, began) = (Usage::now(), Instant::now());
    // Rounds of the accept bench count from zero; these must not send the same request ids.
    let filed = over_http(corpus, local, within, round + 100).await?;
    local.drained().await?;
    Ok(Flown { failed: filed.failed, ..Flown::since(&before, began, filed.done) })
}

fn report(sheet: &mut Sheet, raws: &[Flown], wholes: &[Flown]) {
    let of = |runs: &[Flown], figure: fn(&Flown) -> f64| median(&runs.iter().map(figure).collect::<Vec<_>>());
    let (raw, whole) = (of(raws, Flown::rate), of(wholes, Flown::rate));
    sheet.row("raw, in turn with it", raw, "/s", Asked::Nothing);
    sheet.row("sustained: accepted with dispatch consuming, drained", whole, "/s", Asked::Nothing);
    sheet.row("sustained / raw", whole / raw, "", Asked::AtLeast(0.15));
    for (name, runs) in [("raw", raws), ("sustained", wholes)] {
        sheet.row(format!("{name}: processor time per report"), of(runs, Flown::cpu_micros), "µs", Asked::Nothing);
        sheet.row(
            format!("{name}: written per report, checkpoints as they fell"),
            of(runs, Flown::bytes),
            "bytes",
            Asked::Nothing,
        );
    }
    let failed: usize = wholes.iter().map(|f| f.failed).sum();
    sheet.row("calls failed", failed as f64, "", Asked::AtMost(0.0));
}

type Counted = Vec<(&'static str, Vec<(String, i64)>)>;

async fn rows(folder: &Path) -> anyhow::Result<Counted> {
    let mut counted = Vec::new();
    for (service, file) in disk::databases(folder) {
        counted.push((service, disk::rows(&file).await?));
    }
    Ok(counted)
}

fn rows_of_both(sheet: &mut Sheet, before: &Counted, after: &Counted, reports: usize) {
    sheet.row("raw: rows per report", raw::ROWS, "", Asked::Nothing);
    for ((service, before), (_, after)) in before.iter().zip(after) {
        let (rows, tables) = disk::gained(before, after, reports);
        sheet.row(format!("{service}: rows per report"), rows, "", Asked::Nothing);
        sheet.note(format!("{service}: {tables}"));
    }
}
