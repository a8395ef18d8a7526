//! `jiewang certs`: an authority for development, and the certificates that it issues to services. A city brings its own.

use crate::cluster::folder::read_cluster;
use crate::exit::{Exit, Failure};
use crate::output::{Finding, Printer};
use civic::{Clock, Micros, SystemClock};
use clap::{Args, Subcommand};
use mesh::tls::{Authority, ServiceName, Tls};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

const DAY: u64 = 24 * 3600;

/// `jiewang certs`
#[derive(Args, Debug)]
pub struct CertsArgs {
    #[command(subcommand)]
    pub verb: CertsVerb,
}

/// What to do.
#[derive(Subcommand, Debug)]
pub enum CertsVerb {
    /// Issue a certificate to a service: tls.crt, tls.key and ca.crt into its folder; makes the authority when there is none
    Issue(Issue),
    /// Put only the trusted roots into a service's folder
    Trust {
        #[command(flatten)]
        authority: At,
        /// Folder of the service's certificate
        #[arg(long, value_name = "DIR")]
        into: PathBuf,
    },
    /// Make a new intermediate; what the old one issued holds on
    NewIntermediate {
        #[command(flatten)]
        authority: At,
    },
    /// Make a new root beside the old one: `trust` everywhere, `issue` everywhere, then `forget-roots` and `trust` everywhere
    NewRoot {
        #[command(flatten)]
        authority: At,
    },
    /// Trust no root but the newest
    ForgetRoots {
        #[command(flatten)]
        authority: At,
    },
    /// Whose certificate lies in a folder, and until when
    Show {
        /// Folder of a service's certificate
        folder: PathBuf,
    },
}

/// Where the authority's keys lie.
#[derive(Args, Debug)]
pub struct At {
    /// Folder of the authority's keys
    #[arg(long, value_name = "DIR")]
    pub authority: PathBuf,
}

/// `jiewang certs issue`
#[derive(Args, Debug)]
pub struct Issue {
    /// Its name, such as intake
    pub service: String,
    #[command(flatten)]
    pub authority: At,
    /// Folder of the service's certificate
    #[arg(long, value_name = "DIR")]
    pub into: PathBuf,
    /// Data folder whose cluster the service belongs to
    #[arg(long, env = "JIEWANG_DATA_DIR", default_value = "./data")]
    pub data_dir: PathBuf,
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=397))]
    pub days: u32,
}

/// Does it, and says what lies where.
///
/// # Errors
/// When a folder cannot be read or written, or what lies there is no certificate.
pub fn run(args: CertsArgs, printer: &Printer) -> Result<Exit, Failure> {
    let now = SystemClock.now();
    match args.verb {
        CertsVerb::Issue(issue) => {
            issued(&issue, now)?;
            show(&issue.into, printer)
        }
        CertsVerb::Trust { authority, into } => {
            open(&authority, now)?.trust(&into).map_err(unusable)?;
            Ok(Exit::Ok)
        }
        CertsVerb::NewIntermediate { authority } => {
            open(&authority, now)?.change_intermediate(now).map_err(unusable)?;
            Ok(Exit::Ok)
        }
        CertsVerb::NewRoot { authority } => {
            open(&authority, now)?.change_root(now).map_err(unusable)?;
            Ok(Exit::Ok)
        }
        CertsVerb::ForgetRoots { authority } => {
            open(&authority, now)?.forget_earlier_roots().map_err(unusable)?;
            Ok(Exit::Ok)
        }
        CertsVerb::Show { folder } => show(&folder, printer),
    }
}

fn issued(issue: &Issue, now: Micros) -> Result<(), Failure> {
    let cluster = read_cluster(&issue.data_dir).map_err(|error| Failure::Configuration(format!("{error:#}")))?;
    let name = ServiceName::new(&cluster, &issue.service).map_err(|error| Failure::Usage(error.to_string()))?;
    let lasts = Duration::from_secs(u64::from(issue.days) * DAY);
    let issued = open(&issue.authority, now)?.issue(&name, now, lasts).map_err(unusable)?;
    let doing = format!("write to {}", issue.into.display());
    issued.write(&issue.into).map_err(|source| Failure::Io { doing, source })
}

fn open(at: &At, now: Micros) -> Result<Authority, Failure> {
    Authority::open(&at.authority, now).map_err(unusable)
}

fn show(folder: &Path, printer: &Printer) -> Result<Exit, Failure> {
    let (tls, _follow) = Tls::open(folder, Arc::new(SystemClock)).map_err(unusable)?;
    let (name, until) = (tls.name().to_string(), tls.until().to_string());
    printer.print(&Finding {
        value: json!({"name": name, "until": until, "folder": folder.display().to_string()}),
        head: vec!["NAME", "UNTIL"],
        rows: vec![vec![name.clone(), until]],
        names: vec![name],
    })?;
    Ok(Exit::Ok)
}

fn unusable(error: impl std::error::Error + 'static) -> Failure {
    Failure::Configuration(mesh::Chain(&error).to_string())
}
