//! `jiewang calendar load`: a new year's arrangement of working days, given to the running cluster, or taken into the data folder of one
//! that is stopped.

use crate::args::Reach;
use crate::client::request_id;
use crate::exit::{Exit, Failure};
use crate::folder;
use crate::output::{Finding, Printer};
use bytes::Bytes;
use civic::Calendar;
use clap::{Args, Subcommand};
use serde_json::json;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// `jiewang calendar`
#[derive(Args, Debug)]
pub struct CalendarArgs {
    #[command(subcommand)]
    pub verb: CalendarVerb,
}

/// What to do with one.
#[derive(Subcommand, Debug)]
pub enum CalendarVerb {
    /// Check a calendar and lay it over the built-in one: at once when the cluster runs, else from its next start on
    Load(CalendarLoad),
}

/// `jiewang calendar load`
#[derive(Args, Debug)]
pub struct CalendarLoad {
    /// CSV with lines like 2027-10-01,holiday,国庆节 or 2027-10-09,workday,国庆节. Its name without the ending is its version
    pub file: PathBuf,
    /// Folder of the cluster
    #[arg(long, env = "JIEWANG_DATA_DIR", default_value = "./data")]
    pub data_dir: PathBuf,
    /// Why; goes into the journal
    #[arg(long, default_value = "")]
    pub note: String,
    #[command(flatten)]
    pub reach: Reach,
}

/// Checks, hands over, and says what now holds.
///
/// # Errors
/// When the file is no calendar, or nobody takes it.
pub async fn run(args: CalendarArgs, printer: &Printer) -> Result<Exit, Failure> {
    let CalendarVerb::Load(args) = args.verb;
    let failed = |doing: String| move |source| Failure::Io { doing, source };
    let text = fs::read_to_string(&args.file).map_err(failed(format!("read {}", args.file.display())))?;
    let version = version(&args.file)?;
    let calendar = Calendar::load_csv(&version, &text)
        .map_err(|error| Failure::Invalid { path: args.file.clone(), source: error.into() })?;
    let effect = match args.reach.client(&args.data_dir)? {
        Some(client) => {
            let body = json!({"requestId": request_id(), "version": version, "days": text, "note": args.note});
            let _loaded: serde_json::Value = client.post("/v1/calendars:load", Bytes::from(body.to_string())).await?;
            "in force; open clocks are computed anew in the background"
        }
        None => {
            let folder = folder::calendars(&args.data_dir);
            let stored = store(&folder, &format!("{version}.csv"), &text);
            stored.map_err(failed(format!("write to {}", folder.display())))?;
            "takes effect at the next start"
        }
    };
    let years: Vec<i16> = calendar.years().collect();
    let shown = years.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    printer.print(&Finding {
        value: json!({"version": version, "years": years}),
        head: vec!["VERSION", "YEARS"],
        rows: vec![vec![version.clone(), shown]],
        names: vec![version],
    })?;
    eprintln!("{effect}");
    Ok(Exit::Ok)
}

/// It becomes a file name and stands in every clock that is counted by it.
fn version(file: &Path) -> Result<String, Failure> {
    let stem = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let plain = stem.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    if stem.is_empty() || !plain || stem.len() > 64 || stem.starts_with('.') {
        let sentence = "the file's name is the calendar's version: up to 64 letters, digits, dashes and dots, such as state-council-2027.csv";
        return Err(Failure::Usage(sentence.to_owned()));
    }
    Ok(stem.to_owned())
}

/// Whole or not at all: written beside and renamed.
fn store(folder: &Path, name: &str, text: &str) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let beside = folder.join(format!(".{name}.new"));
    let mut file = File::create(&beside)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&beside, folder.join(name))?;
    File::open(folder)?.sync_all()
}
