//! `jiewang catalog`: an operator's own duty list, limits and keyword rules. Checked by the very code that the services load
//! them with, then given to the running cluster, or copied into the data folder, where the services look when they start.
//!
//! ```text
//! PATH/intake/     limits.toml keywords.csv emergencies.csv urgencies.csv channels.csv transfers.csv consultations.toml
//!                  classifier.model    what is missing is this release's
//! PATH/dispatch/   VERSION duties.csv limits.csv units.csv tasks.csv care.csv, and categories.csv where the taxonomy is another;
//!                  PLANS_VERSION plans.csv plan_steps.csv, whole, where the emergency plans are others
//! ```
//! One of the two folders may be missing; that service then keeps the catalog it has.

mod install;

use crate::args::Reach;
use crate::client::{Client, request_id};
use crate::exit::{Exit, Failure};
use crate::folder;
use crate::output::{Finding, Printer};
use bytes::Bytes;
use civic::{Clock as _, SystemClock, Taxonomy, Tree};
use clap::{Args, Subcommand};
use dispatch::catalog::Plans;
use dispatch::catalog::plans::{PLANS, STEPS};
use serde_json::json;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

const DISPATCH_FILES: [&str; 10] = [
    "VERSION",
    "duties.csv",
    "limits.csv",
    "units.csv",
    "categories.csv",
    "tasks.csv",
    "care.csv",
    folder::PLANS_VERSION,
    PLANS,
    STEPS,
];

/// `jiewang catalog`
#[derive(Args, Debug)]
pub struct CatalogArgs {
    #[command(subcommand)]
    pub verb: CatalogVerb,
}

/// What to do with one.
#[derive(Subcommand, Debug)]
pub enum CatalogVerb {
    /// Say whether the services would take it
    Check {
        /// Folder with intake/ or dispatch/ in it, or both
        path: PathBuf,
    },
    /// Check it and put it in force: the duty list at once when the cluster runs, everything else from the next start on
    Load {
        /// Folder with intake/ or dispatch/ in it, or both
        path: PathBuf,
        /// Folder of the cluster
        #[arg(long, env = "JIEWANG_DATA_DIR", default_value = "./data")]
        data_dir: PathBuf,
        /// Why; goes into the journal
        #[arg(long, default_value = "")]
        note: String,
        #[command(flatten)]
        reach: Reach,
    },
}

/// The part of a catalog that one service reads.
struct Part {
    service: &'static str,
    files: &'static [&'static str],
    version: String,
}

/// Checks, and hands over where that was asked for.
///
/// # Errors
/// The first thing that is wrong with it, named by file and line.
pub async fn run(args: CatalogArgs, printer: &Printer) -> Result<Exit, Failure> {
    match args.verb {
        CatalogVerb::Check { path } => printer.print(&finding(&check(&path)?))?,
        CatalogVerb::Load { path, data_dir, note, reach } => {
            let parts = check(&path)?;
            let client = reach.client(&data_dir)?;
            for part in &parts {
                let from = path.join(part.service);
                let effect = match &client {
                    Some(client) if part.service == dispatch::NAME => {
                        hand_over(client, &from, &note).await?;
                        "in force, from the next report on"
                    }
                    Some(_) | None => {
                        let to = folder::catalog(&data_dir).join(part.service);
                        let installed = install::replace(&from, part.files, &to);
                        installed.map_err(|source| Failure::Io { doing: format!("write {}", to.display()), source })?;
                        "takes effect at the next start"
                    }
                };
                eprintln!("{}: {effect}", part.service);
            }
            printer.print(&finding(&parts))?;
        }
    }
    Ok(Exit::Ok)
}

async fn hand_over(client: &Client, from: &Path, note: &str) -> Result<(), Failure> {
    let read = folder::read_catalog(from);
    let read = read.map_err(|source| Failure::Io { doing: format!("read {}", from.display()), source })?;
    let (version, files) = read.ok_or_else(|| Failure::Usage(format!("{} has no VERSION", from.display())))?;
    let mut body = json!({"requestId": request_id(), "version": version, "note": note});
    for (name, text) in files {
        body[name.trim_end_matches(".csv")] = text.into();
    }
    let _loaded: serde_json::Value = client.post("/v1/dutyLists:load", Bytes::from(body.to_string())).await?;
    hand_over_plans(client, from, note).await
}

/// After the duty list: its units are what plans name.
async fn hand_over_plans(client: &Client, from: &Path, note: &str) -> Result<(), Failure> {
    let read = folder::read_plans(from);
    let read = read.map_err(|source| Failure::Io { doing: format!("read {}", from.display()), source })?;
    let Some((version, files)) = read else { return Ok(()) };
    let text = |name: &str| files.iter().find(|(known, _)| known == name).map(|(_, text)| text.as_str());
    let body = json!({
        "requestId": request_id(), "version": version, "note": note, "plans": text(PLANS), "steps": text(STEPS),
    });
    let _loaded: serde_json::Value = client.post("/v1/emergencyPlans:load", Bytes::from(body.to_string())).await?;
    Ok(())
}

fn check(path: &Path) -> Result<Vec<Part>, Failure> {
    let mut parts = Vec::new();
    let intake_folder = path.join(intake::NAME);
    if intake_folder.is_dir() {
        only_known(&intake_folder, &intake::catalog::FILES)?;
        let catalog = intake::catalog::Catalog::load(&intake_folder, Taxonomy::builtin());
        let catalog = catalog.map_err(|error| invalid(&intake_folder, error))?;
        parts.push(Part {
            service: intake::NAME,
            files: &intake::catalog::FILES,
            version: catalog.version().to_owned(),
        });
    }
    let dispatch_folder = path.join(dispatch::NAME);
    if dispatch_folder.is_dir() {
        only_known(&dispatch_folder, &DISPATCH_FILES)?;
        let catalog = dispatch::catalog::Catalog::load(&dispatch_folder);
        let catalog = catalog.map_err(|error| invalid(&dispatch_folder, error))?;
        check_plans(&dispatch_folder, &catalog)?;
        parts.push(Part { service: dispatch::NAME, files: &DISPATCH_FILES, version: catalog.version().to_owned() });
    }
    if parts.is_empty() {
        let sentence = format!("{} has neither a folder intake nor a folder dispatch", path.display());
        return Err(Failure::Usage(sentence));
    }
    Ok(parts)
}

/// The plans of a folder against the catalog that lies beside them.
fn check_plans(from: &Path, catalog: &dispatch::catalog::Catalog) -> Result<(), Failure> {
    let read = folder::read_plans(from);
    let read = read.map_err(|source| Failure::Io { doing: format!("read {}", from.display()), source })?;
    let Some((version, files)) = read else { return Ok(()) };
    let text = |name: &str| dispatch::app::arranging::file(&files, name);
    let view = Tree::chongqing().today(SystemClock.now());
    let plans = Plans::parse(&version, text(PLANS), text(STEPS));
    plans.and_then(|plans| plans.check(catalog, &view)).map_err(|error| invalid(from, error))
}

/// A file of another name would be read by nobody: likely it is misspelt.
fn only_known(folder: &Path, files: &[&str]) -> Result<(), Failure> {
    let failed = |source| Failure::Io { doing: format!("read {}", folder.display()), source };
    for entry in fs::read_dir(folder).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name();
        if !files.iter().any(|file| name == *file) {
            let sentence = format!(
                "{} has {}, which nobody reads; the files are {}",
                folder.display(),
                name.display(),
                files.join(", ")
            );
            return Err(Failure::Usage(sentence));
        }
    }
    Ok(())
}

fn invalid(folder: &Path, error: impl Error + Send + Sync + 'static) -> Failure {
    Failure::Invalid { path: folder.to_path_buf(), source: Box::new(error) }
}

fn finding(parts: &[Part]) -> Finding {
    let value = parts.iter().map(|part| json!({"service": part.service, "version": part.version}));
    Finding {
        value: value.collect(),
        head: vec!["SERVICE", "VERSION"],
        rows: parts.iter().map(|part| vec![part.service.to_owned(), part.version.clone()]).collect(),
        names: parts.iter().map(|part| part.version.clone()).collect(),
    }
}
