//! The folder of advisories, made anew from a checkout of RustSec's database: facts of the crates in Cargo.lock, nobody's sentences.

use super::{ASKED, FOLDER, theirs};
use anyhow::Context;
use rustsec::{
    Advisory, Database, Lockfile,
    advisory::{Date, Id, Informational, License, Versions},
};
use serde::Serialize;
use std::{collections::BTreeSet, fs, path::Path, process::Command};

/// What is carried of an advisory, by RustSec's names.
#[derive(Serialize)]
struct Facts<'a> {
    advisory: Head<'a>,
    versions: &'a Versions,
}

#[derive(Serialize)]
struct Head<'a> {
    id: &'a Id,
    package: &'a str,
    date: &'a Date,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<&'a str>,
    #[serde(skip_serializing_if = "<[Id]>::is_empty")]
    aliases: &'a [Id],
    #[serde(skip_serializing_if = "Option::is_none")]
    informational: Option<&'a Informational>,
    /// RustSec asks for it, and for the address, where the facts came from another database.
    license: &'a License,
}

/// Every advisory of a crate in Cargo.lock, whatever its versions: an older version taken later is found, too.
pub(crate) fn renew(root: &Path, checkout: &Path) -> anyhow::Result<()> {
    let lock = Lockfile::load(root.join("Cargo.lock")).context("failed to read Cargo.lock")?;
    let names: BTreeSet<&str> = theirs(&lock).map(|package| package.name.as_str()).collect();
    let known = Database::open(checkout).context("failed to read the checkout")?;
    let folder = root.join(FOLDER);
    let crates = folder.join("crates");
    if crates.exists() {
        fs::remove_dir_all(&crates)?;
    }
    for advisory in known.iter().filter(|advisory| is_wanted(advisory, &names)) {
        let of_crate = crates.join(advisory.metadata.package.as_str());
        fs::create_dir_all(&of_crate)?;
        fs::write(of_crate.join(format!("{}.md", advisory.id())), written(advisory)?)?;
    }
    fs::write(folder.join(ASKED), names.into_iter().map(|name| format!("{name}\n")).collect::<String>())?;
    Ok(fs::write(folder.join("as-of.txt"), as_of(checkout)?)?)
}

fn is_wanted(advisory: &Advisory, names: &BTreeSet<&str>) -> bool {
    !advisory.withdrawn() && names.contains(advisory.metadata.package.as_str())
}

pub(super) fn written(advisory: &Advisory) -> anyhow::Result<String> {
    let known = &advisory.metadata;
    let head = Head {
        id: &known.id,
        package: known.package.as_str(),
        date: &known.date,
        url: known.url.as_ref().map(AsRef::as_ref),
        aliases: &known.aliases,
        informational: known.informational.as_ref(),
        license: &known.license,
    };
    let facts = toml::to_string(&Facts { advisory: head, versions: &advisory.versions })?;
    Ok(format!("```toml\n{facts}```\n\n# see https://rustsec.org/advisories/{}.html\n", known.id))
}

/// Day and commit of the data.
fn as_of(checkout: &Path) -> anyhow::Result<String> {
    let output = Command::new("git").arg("-C").arg(checkout).args(["log", "-1", "--format=%cs %H"]).output()?;
    anyhow::ensure!(output.status.success(), "{} is no checkout of git", checkout.display());
    Ok(String::from_utf8(output.stdout)?)
}
