//! The same job done by others: a report is accepted, which is answered when it is durable, and a timer that fires later is durable with it.
//! A server is a process of its own with an empty folder, asked while no other is there, over HTTP/1.1 by the same client with the same texts.
//!
//! Ours needs both services for it: intake accepts, the order that dispatch makes of its event has the timers. So a window of ours ends when
//! the timer of every report accepted in it is on dispatch's disk. Of the others the answer is taken at its word.

mod ours;
mod restate;
mod server;
mod synced;
mod temporal;

use crate::{
    corpus::Corpus,
    figures::{Asked, Sheet, median},
};
use anyhow::Context;
use server::{Server, Window};
use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    time::Duration,
};
use synced::Synced;

const IN_FLIGHT: usize = 64;
const MANY_IN_FLIGHT: usize = 256;
/// In a closed loop one sync can answer as many as are in flight and no more: who syncs less often has answered what was not durable.
const SYNCS_PER_HUNDRED: f64 = 100.0 / IN_FLIGHT as f64;
const TIMES_RESTATE: f64 = 3.0;
const TIMES_TEMPORAL: f64 = 50.0;
const PATIENCE: Duration = Duration::from_secs(60);

/// Rounds of all three in turn, each window for `within`.
pub async fn run(sheet: &mut Sheet, rounds: usize, within: Duration) -> anyhow::Result<()> {
    let corpus = Arc::new(Corpus::load()?);
    let mut all = [Runs::of(Doer::Jiewang), Runs::of(Doer::Restate), Runs::of(Doer::Temporal)];
    for runs in &mut all {
        match runs.doer.program() {
            Ok(program) => runs.program = program,
            Err(error) => runs.lost(sheet, &error),
        }
    }
    for round in 1..=rounds {
        for runs in all.iter_mut().filter(|runs| !runs.is_lost) {
            if let Err(error) = runs.round(&corpus, within, round == rounds).await {
                runs.lost(sheet, &error);
            }
        }
    }
    for runs in &all {
        runs.report(sheet);
    }
    let [ours, restate, temporal] = &all;
    let times = |others: &Runs, of: fn(&Runs) -> f64| of(ours) / of(others);
    sheet.row("jiewang / restate, 64 in flight", times(restate, Runs::narrow), "", Asked::AtLeast(TIMES_RESTATE));
    sheet.row("jiewang / restate, 256 in flight", times(restate, Runs::wide), "", Asked::Nothing);
    sheet.row("jiewang / temporal, 64 in flight", times(temporal, Runs::narrow), "", Asked::AtLeast(TIMES_TEMPORAL));
    sheet.row("jiewang / temporal, 256 in flight", times(temporal, Runs::wide), "", Asked::Nothing);
    Ok(())
}

/// Who does the job.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Doer {
    Jiewang,
    Restate,
    Temporal,
}

impl Doer {
    const fn name(self) -> &'static str {
        match self {
            Self::Jiewang => "jiewang",
            Self::Restate => "restate",
            Self::Temporal => "temporal",
        }
    }

    /// A script of the repository, in whose root the bench is started, finds it or brings it. Ours lies beside this program.
    fn program(self) -> anyhow::Result<PathBuf> {
        if self == Self::Jiewang {
            return Ok(PathBuf::new());
        }
        let script = format!("scripts/{}.sh", self.name());
        let output = Command::new(&script).output().with_context(|| format!("failed to run {script}"))?;
        anyhow::ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr).trim());
        Ok(String::from_utf8(output.stdout)?.trim().into())
    }

    async fn start(self, program: &Path) -> anyhow::Result<Server> {
        let folder = tempfile::Builder::new().prefix("jiewang-bench-peer-").tempdir()?;
        let server = match self {
            Self::Jiewang => ours::start(folder).await?,
            Self::Restate => restate::start(program, folder).await?,
            Self::Temporal => temporal::start(program, folder).await?,
        };
        server.takes().await?;
        Ok(server)
    }

    /// Where acceptance is made durable, when other files are synced for other reasons.
    const fn accepts_in(self) -> &'static str {
        match self {
            Self::Jiewang => intake::NAME,
            Self::Restate => restate::LOG,
            Self::Temporal => temporal::DATABASE,
        }
    }
}

/// What one of them did in all rounds.
struct Runs {
    doer: Doer,
    program: PathBuf,
    /// It could not be had, or did not do the job: its figures count as missed.
    is_lost: bool,
    told: String,
    narrow: Vec<Window>,
    wide: Vec<Window>,
    synced: Option<anyhow::Result<Synced>>,
}

impl Runs {
    fn of(doer: Doer) -> Self {
        let (narrow, wide) = (Vec::new(), Vec::new());
        Self { doer, program: PathBuf::new(), is_lost: false, told: String::new(), narrow, wide, synced: None }
    }

    fn lost(&mut self, sheet: &mut Sheet, error: &anyhow::Error) {
        sheet.note(format!("{} is not measured: {error:#}", self.doer.name()));
        self.is_lost = true;
        self.narrow.clear();
        self.wide.clear();
        self.synced = None;
    }

    /// A fresh server, a window that is not counted, then those that are.
    async fn round(&mut self, corpus: &Arc<Corpus>, within: Duration, is_last: bool) -> anyhow::Result<()> {
        // Above those with which it was tried whether it takes any.
        let window = |n: u64| (1 << 20) + n;
        let server = self.doer.start(&self.program).await?;
        server.window(corpus, IN_FLIGHT, within / 2, window(0)).await?;
        self.narrow.push(server.window(corpus, IN_FLIGHT, within, window(1)).await?);
        self.wide.push(server.window(corpus, MANY_IN_FLIGHT, within, window(2)).await?);
        if is_last {
            self.synced = Some(server.watched(corpus, within, window(3)).await);
            self.told.clone_from(&server.told);
        }
        server.end().await
    }

    fn rate(windows: &[Window], seconds: fn(&Window) -> f64) -> f64 {
        median(&windows.iter().map(|window| window.accepted as f64 / seconds(window)).collect::<Vec<_>>())
    }

    fn narrow(&self) -> f64 {
        Self::rate(&self.narrow, |window| window.seconds)
    }

    fn wide(&self) -> f64 {
        Self::rate(&self.wide, |window| window.seconds)
    }

    fn report(&self, sheet: &mut Sheet) {
        let name = self.doer.name();
        sheet.note(format!("{name}: {}", self.told));
        for (windows, in_flight) in [(&self.narrow, IN_FLIGHT), (&self.wide, MANY_IN_FLIGHT)] {
            let rate = Self::rate(windows, |window| window.seconds);
            sheet.row(format!("{name}: accepted with a timer, {in_flight} in flight"), rate, "/s", Asked::Nothing);
            if self.doer == Doer::Jiewang {
                let rate = Self::rate(windows, |window| window.answered);
                sheet.row(format!("{name}: answered, {in_flight} in flight"), rate, "/s", Asked::Nothing);
            }
        }
        let failed: usize = self.narrow.iter().chain(&self.wide).map(|window| window.failed).sum();
        sheet.row(format!("{name}: calls failed"), failed as f64, "", Asked::AtMost(0.0));
        self.report_synced(sheet);
    }

    fn report_synced(&self, sheet: &mut Sheet) {
        let (name, place) = (self.doer.name(), self.doer.accepts_in());
        let (mut a_second, mut per_hundred) = (f64::NAN, f64::NAN);
        match &self.synced {
            Some(Ok(synced)) => {
                sheet.note(format!("{name}, syncs of files while {} were accepted: {synced}", synced.accepted));
                (a_second, per_hundred) = (synced.a_second(), synced.per_hundred(place));
            }
            Some(Err(error)) => sheet.note(format!("{name}: no syncs were counted: {error:#}")),
            None => {}
        }
        sheet.row(format!("{name}: syncs a second, under strace"), a_second, "/s", Asked::Nothing);
        let row = format!("{name}: syncs of {place} for 100 accepted");
        sheet.row(row, per_hundred, "", Asked::AtLeast(SYNCS_PER_HUNDRED));
    }
}
