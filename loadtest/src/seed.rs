//! Cases that lie there before something is measured: the committed seed.
//!
//! They are lived through, not painted: every report is filed, opened, accepted, resolved and rated by the services' own use cases
//! over their casebooks, with real requests, events, positions, timers and consumers, under a clock that runs through the sixteen
//! days before now. Only HTTP and gRPC are left out. So the folder holds what traffic would have left there, and `jiewang verify`
//! is clean over it.
//!
//! What becomes of the `n`th report is a function of (seed, `n`, number of cases) alone ([`plan`]); ids and ciphertext are not.

mod people;
pub mod plan;
mod work;

use crate::{disk, local::copy_folder};
use anyhow::Context;
use casebook::{Bounds, Casebook, verify};
use civic::{Clock as _, Micros, SeededRng, SettableClock, SystemClock};
use jiewang::args::Room;
use jiewang::cluster::{Cluster, PARTITIONS, Rooms, Settings};
use people::People;
use plan::Plan;
use queue::EventSource as _;
use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

/// Seed of the plan, printed with the result.
pub const SEED: u64 = 7_420_251_106;
const MARK: &str = "seeded.json";
/// Raised when another program would seed otherwise: a kept folder of another layout is made anew.
const LAYOUT: u32 = 1;
/// Folders up to this many cases are copied before something writes into them.
const SMALL: usize = 50_000;

/// A folder with so many cases in it.
pub struct Seeded {
    pub cases: usize,
    pub folder: PathBuf,
    /// Removed with the value; kept folders have none.
    _dir: Option<tempfile::TempDir>,
    /// What seeding did, for the sheet.
    pub told: String,
}

impl Seeded {
    /// Seeds a temporary folder, or takes `keep/cases-<n>` when it was seeded before. A small kept one is copied first, so that it
    /// stays as it was; a large one grows by what the bench writes, which is little beside what it holds.
    pub async fn take(cases: usize, keep: Option<&Path>) -> anyhow::Result<Self> {
        let Some(keep) = keep else {
            let dir = tempfile::Builder::new().prefix("jiewang-bench-").tempdir()?;
            let folder = dir.path().join("data");
            let told = seed(&folder, cases, SEED).await?;
            return Ok(Self { cases, folder, _dir: Some(dir), told });
        };
        let kept = keep.join(format!("cases-{cases}"));
        let mut told = String::new();
        // An interrupted seeding left no mark and is done again.
        if !is_seeded(&kept, cases) {
            told = seed(&kept, cases, SEED).await?;
        } else if let Some((_, file)) = disk::databases(&kept).last() {
            let rows = disk::rows(file).await?;
            let now = rows.iter().find(|(table, _)| table == "cases").map_or(0, |(_, count)| *count);
            told = format!("{cases} cases from a kept folder, {now} in it now");
        }
        if cases > SMALL {
            return Ok(Self { cases, folder: kept, _dir: None, told });
        }
        let dir = tempfile::tempdir()?;
        copy_folder(&kept, &dir.path().join("data")).await?;
        Ok(Self { cases, folder: dir.path().join("data"), _dir: Some(dir), told })
    }

    /// The folder to write into: a copy of a small one, so that it does not grow under the bench; a large one as it is.
    pub async fn fresh(&self) -> anyhow::Result<(PathBuf, Option<tempfile::TempDir>)> {
        if self.cases > SMALL {
            return Ok((self.folder.clone(), None));
        }
        let dir = tempfile::tempdir()?;
        let folder = dir.path().join("data");
        copy_folder(&self.folder, &folder).await?;
        Ok((folder, Some(dir)))
    }
}

fn mark(cases: usize) -> String {
    serde_json::json!({"layout": LAYOUT, "cases": cases, "seed": SEED}).to_string()
}

fn is_seeded(folder: &Path, cases: usize) -> bool {
    fs::read_to_string(folder.join(MARK)).is_ok_and(|text| text == mark(cases))
}

/// Seeds `folder`, which must be empty or not there.
pub async fn seed(folder: &Path, cases: usize, seed: u64) -> anyhow::Result<String> {
    if folder.exists() {
        // What an interrupted seeding left.
        fs::remove_dir_all(folder).context("failed to clear the folder to seed")?;
    }
    let began = Instant::now();
    let plan = Plan::new(seed, cases);
    let clock = SettableClock::new(plan.beginning());
    let mut settings = Settings::local(folder.to_owned(), Rooms::ALL.without(Room::Gateway));
    settings.http = None;
    settings.clock = Arc::new(clock.clone());
    settings.rng = Arc::new(SeededRng::new(seed));
    let cluster = Cluster::start(settings).await?;
    let (drain, books) = (cluster.drain.clone(), cluster.books.clone());
    #[expect(clippy::disallowed_methods, reason = "the bench waits for it itself")]
    let served = tokio::spawn(cluster.serve());
    let [intake, dispatch] = &books[..] else { anyhow::bail!("a cluster has intake and dispatch") };
    let people = People::new(intake, dispatch, &clock, seed)?;
    work::live(&plan, &people, &clock).await?;
    clock.set(SystemClock.now());
    settle(&books, clock.now()).await?;
    let violations = if cases <= SMALL { verified(&books, clock.now()).await? } else { Vec::new() };
    drop((people, books));
    drain.begin();
    served.await??;
    anyhow::ensure!(violations.is_empty(), "the seed breaks invariants: {}", violations.join("; "));
    disk::checkpoint(folder).await?;
    fs::write(folder.join(MARK), mark(cases))?;
    Ok(format!("{cases} cases in {:.0} s", began.elapsed().as_secs_f64()))
}

/// Waits until every event is consumed and no timer is due.
pub async fn settle(books: &[Casebook], now: Micros) -> anyhow::Result<()> {
    let until = Instant::now() + Duration::from_secs(600);
    loop {
        let mut quiet = crate::local::drained(books).await?;
        for book in books {
            quiet &= book.store().next_due().await?.is_none_or(|due| due > now);
        }
        // A timer that fired meanwhile has made events.
        if quiet && crate::local::drained(books).await? {
            return Ok(());
        }
        anyhow::ensure!(Instant::now() < until, "events or timers are left over after ten minutes");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// What `jiewang verify` would find.
pub async fn verified(books: &[Casebook], now: Micros) -> anyhow::Result<Vec<String>> {
    let (since, until) = (Micros(0), Some(now));
    let mut bounds = Bounds { since, until, late: 0, partitions: PARTITIONS, heads: Default::default() };
    for book in books {
        bounds.heads.insert(book.service().to_owned(), book.store().heads().await?);
    }
    let mut found = Vec::new();
    for book in books {
        let kinds = if book.service() == intake::NAME { intake::kinds() } else { dispatch::kinds() };
        let report = verify(book.store(), &kinds, &bounds).await?;
        found.extend(report.violations.iter().map(|v| format!("{}: {v:?}", book.service())));
        found.extend(report.parked.iter().map(|p| format!("{}: parked {p:?}", book.service())));
    }
    Ok(found)
}
