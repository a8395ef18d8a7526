//! `jiewang vault`: the keys that wrap the keys of personal data.

use crate::args::KeysOf;
use crate::cluster::folder::{VAULT_FILE, read_secret};
use crate::exit::{Exit, Failure};
use crate::folder::or_default;
use crate::output::{Finding, Printer};
use casebook::Suite;
use civic::SystemRng;
use clap::{Args, Subcommand};
use guard::vault::{KeyRing, KeySource, fresh_line};
use serde_json::json;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// `jiewang vault`
#[derive(Args, Debug)]
pub struct VaultVerbArgs {
    #[command(subcommand)]
    pub verb: VaultVerb,
}

/// What to do.
#[derive(Subcommand, Debug)]
pub enum VaultVerb {
    /// Add a key to the file that holds them. A cluster that runs takes it within seconds and wraps everything under it; the keys before
    /// it may be taken out when guard_vault_old_keys is 0 in every process
    AddKey(KeysOf),
    /// Numbers and fingerprints of the keys, as a cluster that starts now would have them; the last one is in use
    Keys(KeysOf),
}

/// Carries it out.
pub fn run(args: &VaultVerbArgs, printer: &Printer) -> Result<Exit, Failure> {
    match &args.verb {
        VaultVerb::AddKey(of) => {
            let file = file_of(of)?;
            // A file that is not there yet begins behind the key that is derived from the cluster's secret.
            let ring = if file.exists() || of.vault.vault_keys.is_none() { Some(ring_of(of)?) } else { None };
            add(&file, ring.as_ref())?;
            print(&ring_of(of)?, printer)
        }
        VaultVerb::Keys(of) => print(&ring_of(of)?, printer),
    }
}

fn source_of(of: &KeysOf) -> Result<KeySource, Failure> {
    if let Some(given) = &of.vault.vault_keys {
        return Ok(given.clone());
    }
    let data = or_default(of.data_dir.as_deref());
    let secret = read_secret(&data).map_err(|error| Failure::Configuration(format!("{error:#}")))?;
    Ok(KeySource::Folder { file: data.join(VAULT_FILE), secret })
}

fn ring_of(of: &KeysOf) -> Result<KeyRing, Failure> {
    source_of(of)?.ring(Suite::from(of.vault.suite)).map_err(|error| Failure::Configuration(error.to_string()))
}

fn file_of(of: &KeysOf) -> Result<PathBuf, Failure> {
    match source_of(of)? {
        KeySource::Folder { file, .. } | KeySource::File(file) => Ok(file),
        source @ (KeySource::Environment(_) | KeySource::Program(_)) => {
            Err(Failure::Configuration(format!("a key can be added to a file only, not to {source}")))
        }
    }
}

/// Written beside and renamed: whoever reads meanwhile finds the one or the other.
fn add(file: &Path, ring: Option<&KeyRing>) -> Result<(), Failure> {
    let io = |source| Failure::Io { doing: format!("write {}", file.display()), source };
    let before = if file.exists() { fs::read_to_string(file).map_err(io)? } else { String::new() };
    let line = fresh_line(ring, &SystemRng).map_err(|error| Failure::Configuration(error.to_string()))?;
    let beside = file.with_extension("new");
    let mut new = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&beside).map_err(io)?;
    let gap = if before.is_empty() || before.ends_with('\n') { "" } else { "\n" };
    writeln!(new, "{before}{gap}{line}").map_err(io)?;
    new.sync_all().map_err(io)?;
    fs::rename(&beside, file).map_err(io)
}

fn print(ring: &KeyRing, printer: &Printer) -> Result<Exit, Failure> {
    let keys = ring.wrapping_keys();
    let rows = keys.iter().map(|key| vec![key.number.to_string(), key.check.clone()]).collect();
    let value = keys.iter().map(|key| json!({"number": key.number, "fingerprint": key.check})).collect::<Vec<_>>();
    let names = keys.iter().map(|key| key.number.to_string()).collect();
    printer.print(&Finding { head: vec!["KEY", "FINGERPRINT"], rows, names, value: value.into() })?;
    Ok(Exit::Ok)
}
