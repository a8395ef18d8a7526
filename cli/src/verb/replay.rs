//! `jiewang replay`: a city's history of service requests, lived through by a cluster of its own on a simulated clock.
//!
//! Every request is filed at the instant of the file, with the limit that the city gave it; every closing goes through the rules in the
//! roles that the rules ask for; every lamp turns when it would have turned. At the end the cluster is asked how it went. What is
//! counted, and what this does not show, is in docs/replay.md.

mod acts;
mod drive;
mod progress;
pub mod script;
mod stage;
pub mod summary;

use super::load::source::Rows;
use crate::exit::{Exit, Failure};
use crate::output::Printer;
use civic::{DivisionCode, Rng as _, SystemRng};
use clap::Args;
use progress::Progress;
use script::Script;
use stage::Stage;
use std::path::{Path, PathBuf};
use summary::Summary;

const TABLE: &str = "\
The table is the open 311 one (UTF-8, commas): city, request_id, created_at, precision, due_at, closed_at, type, detail, queue, district;
others may stand among them (docs/replay.md). Ends with 6 when rows were skipped or closings refused, each named on standard error.";

/// `jiewang replay`
#[derive(Args, Debug)]
#[command(after_help = TABLE)]
pub struct ReplayArgs {
    /// CSV, plain or gzip
    pub file: PathBuf,
    /// Keep the cluster's data in this folder, which must be empty or new; without it they are thrown away
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// The territory, by its division code
    #[arg(long, env = "JIEWANG_PLACE", default_value = "50", value_name = "CODE")]
    pub place: DivisionCode,
    /// Only the first so many rows of the file
    #[arg(long, value_name = "COUNT")]
    pub rows: Option<usize>,
}

/// Replays the file and prints the summary.
///
/// # Errors
/// When the file is no history, the folder is in use, or the cluster fails.
pub async fn run(args: &ReplayArgs, printer: &Printer) -> Result<Exit, Failure> {
    let invalid = |error| Failure::Invalid { path: args.file.clone(), source: Box::new(error) };
    let rows = Rows::open(&args.file)?.histories().map_err(invalid)?;
    let script = Script::read(rows.take(args.rows.unwrap_or(usize::MAX)), &mut |line| eprintln!("{line}"));
    let folder = Folder::of(args.data_dir.as_deref())?;
    let work = perform(&script, folder.path(), &args.place);
    let summary = tokio::select! {
        summary = work => summary?,
        _ = tokio::signal::ctrl_c() => return Err(Failure::Interrupted),
    };
    printer.print(&summary.finding())?;
    Ok(summary.exit())
}

async fn perform(script: &Script, folder: &Path, place: &DivisionCode) -> Result<Summary, Failure> {
    let stage = Stage::start(folder, place.clone(), script.begin).await?;
    let progress = Progress::of(script);
    let played = drive::drive(script, &stage, &progress).await;
    progress.finish();
    let summary = match played {
        Ok(played) => summary::read(script, &played, &stage.hands.orders).await,
        Err(failure) => Err(failure),
    };
    let stopped = stage.stop().await;
    let summary = summary?;
    stopped.map(|()| summary)
}

/// Where the cluster lives: a folder that stays, or one that goes with this value.
enum Folder {
    Kept(PathBuf),
    Passing(PathBuf),
}

impl Folder {
    fn of(asked: Option<&Path>) -> Result<Self, Failure> {
        let Some(path) = asked else {
            return Ok(Self::Passing(std::env::temp_dir().join(format!("jiewang-replay-{:016x}", SystemRng.u64()))));
        };
        let taken = match std::fs::read_dir(path) {
            Ok(mut entries) => entries.next().is_some(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => false,
            Err(source) => return Err(Failure::Io { doing: format!("look into {}", path.display()), source }),
        };
        if taken {
            let words =
                format!("{} is not empty: a replay begins with nothing, so give it another folder", path.display());
            return Err(Failure::Usage(words));
        }
        Ok(Self::Kept(path.to_owned()))
    }

    fn path(&self) -> &Path {
        match self {
            Self::Kept(path) | Self::Passing(path) => path,
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Self::Passing(path) = self {
            // Best done, but nobody waits for it: the system clears such folders, too.
            drop(std::fs::remove_dir_all(path));
        }
    }
}
