//! Cargo.lock against the advisories that are carried in xtask/advisories: no network and no other tool is needed (docs/adr/0052).
//! Facts only, in RustSec's own layout; `cargo xtask advisories` makes the folder anew from a checkout of RustSec's database.

mod renew;

pub(crate) use renew::renew;

use anyhow::Context;
use rustsec::{Advisory, Database, Lockfile, advisory::Informational, package::Package};
use serde::Deserialize;
use std::{collections::BTreeSet, fs, path::Path};

const FOLDER: &str = "xtask/advisories";
/// Every crate that was looked for when the folder was made: one that is not here was never asked about.
const ASKED: &str = "asked.txt";

/// What deny.toml says of advisories. A key that is not listed is refused, as in all of deny.toml.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rules {
    /// The only exceptions there are.
    ignore: Vec<Exception>,
    /// "workspace": only of a crate that we name ourselves.
    unmaintained: Scope,
    /// Only the registry knows which versions were yanked: cargo-deny's alone.
    #[serde(rename = "yanked")]
    _yanked: toml::Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Exception {
    id: String,
    /// Read by people; without one an exception is refused.
    #[serde(rename = "reason")]
    _reason: String,
}

#[derive(Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Scope {
    All,
    Workspace,
}

pub(crate) fn check() -> anyhow::Result<Vec<String>> {
    let lock = Lockfile::load("Cargo.lock").context("failed to read Cargo.lock")?;
    let Some(advisories) = carried(Path::new(FOLDER))? else {
        eprintln!("note: {FOLDER} holds no advisories, so Cargo.lock was compared with none: see its README");
        return Ok(Vec::new());
    };
    let asked =
        fs::read_to_string(Path::new(FOLDER).join(ASKED)).context("failed to read which crates were asked for")?;
    for name in never_asked(&lock, &asked) {
        eprintln!("note: {name} is newer in Cargo.lock than {FOLDER}: nobody asked what is known of it");
    }
    Ok(refused(&advisories, &lock, &rules(&fs::read_to_string("deny.toml")?)?))
}

fn rules(deny: &str) -> anyhow::Result<Rules> {
    let whole: toml::Table = deny.parse().context("failed to read deny.toml")?;
    let rules = whole.get("advisories").cloned().context("deny.toml says nothing of advisories")?;
    rules.try_into().context("deny.toml has something about advisories that xtask/src/advisories.rs does not hold")
}

/// `None`: there are none yet.
fn carried(folder: &Path) -> anyhow::Result<Option<Vec<Advisory>>> {
    if !folder.join("crates").exists() {
        return Ok(None);
    }
    let database = Database::open(folder).context("failed to read the advisories")?;
    Ok(Some(database.into_iter().filter(|advisory| !advisory.withdrawn()).collect()))
}

fn refused(advisories: &[Advisory], lock: &Lockfile, rules: &Rules) -> Vec<String> {
    let named = named_by_us(lock);
    let counts = |advisory: &&Advisory| {
        rules.unmaintained == Scope::All
            || !is_unmaintained(advisory)
            || named.contains(advisory.metadata.package.as_str())
    };
    let excepted = |advisory: &&Advisory| rules.ignore.iter().any(|known| known.id == advisory.id().as_str());
    let strict: Vec<&Advisory> = advisories.iter().filter(counts).filter(|advisory| !excepted(advisory)).collect();
    let hits =
        |package| strict.iter().filter(move |advisory| is_about(advisory, package)).map(move |a| line(a, package));
    theirs(lock).flat_map(hits).chain(unused(advisories, lock, rules)).collect()
}

/// An exception that excepts nothing is taken out, or it would hide the next fault of that crate's.
fn unused(advisories: &[Advisory], lock: &Lockfile, rules: &Rules) -> Vec<String> {
    let hits = |id: &str| {
        let of_id = |advisory: &&Advisory| advisory.id().as_str() == id;
        advisories.iter().filter(of_id).any(|advisory| theirs(lock).any(|package| is_about(advisory, package)))
    };
    let idle = rules.ignore.iter().filter(|known| !hits(&known.id));
    idle.map(|known| format!("deny.toml: {} is about nothing in Cargo.lock: take it out", known.id)).collect()
}

fn is_about(advisory: &Advisory, package: &Package) -> bool {
    advisory.metadata.package == package.name && advisory.versions.is_vulnerable(&package.version)
}

fn is_unmaintained(advisory: &Advisory) -> bool {
    advisory.metadata.informational == Some(Informational::Unmaintained)
}

fn line(advisory: &Advisory, package: &Package) -> String {
    let patched: Vec<String> = advisory.versions.patched().iter().map(ToString::to_string).collect();
    let patched = if patched.is_empty() {
        "no version is patched".to_owned()
    } else {
        format!("patched: {}", patched.join(" or "))
    };
    let kind = advisory.metadata.informational.as_ref().map_or("a fault", Informational::as_str);
    format!("{}: {kind} of {} {}; {patched}; {}", advisory.id(), package.name, package.version, advisory.title())
}

/// Of others, from a registry.
fn theirs(lock: &Lockfile) -> impl Iterator<Item = &Package> {
    lock.packages.iter().filter(|package| package.source.is_some())
}

fn named_by_us(lock: &Lockfile) -> BTreeSet<&str> {
    let ours = lock.packages.iter().filter(|package| package.source.is_none());
    ours.flat_map(|package| &package.dependencies).map(|dependency| dependency.name.as_str()).collect()
}

fn never_asked<'a>(lock: &'a Lockfile, asked: &str) -> BTreeSet<&'a str> {
    let asked: BTreeSet<&str> = asked.lines().collect();
    theirs(lock).map(|package| package.name.as_str()).filter(|name| !asked.contains(name)).collect()
}

#[cfg(test)]
mod tests;
